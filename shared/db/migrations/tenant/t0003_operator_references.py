"""Gives an attempt a place for the reference that its operator makes: Orange's payToken.

It is written once, between the claim and the request for money, and no two attempts share one.
"""

from typing import Final

revision: Final = "t0003"
down_revision: Final = "t0002"
branch_labels: Final = None
depends_on: Final = None

REFERENCE: Final = """
ALTER TABLE provider_attempts ADD COLUMN operator_reference text COLLATE "C";
CREATE UNIQUE INDEX IF NOT EXISTS provider_attempts_operator_reference
  ON provider_attempts (operator_reference) WHERE operator_reference IS NOT NULL;
GRANT UPDATE (operator_reference) ON provider_attempts TO {schema};
"""

# Add the column; what runs does not know it yet.
STATEMENTS: Final = (REFERENCE,)
