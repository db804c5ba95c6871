"""Keeps at the platform under which reference an operator knows a payment that it opened itself.

Where a tenant comes back from a dump, this says what to ask its operator by. No two payments of an
operator account share one, whosesoever they are.
"""

from typing import Final

revision: Final = "p0021"
down_revision: Final = "p0020"
branch_labels: Final = None
depends_on: Final = None

REFERENCE: Final = """
ALTER TABLE platform.payment_index ADD COLUMN operator_reference text COLLATE "C";
CREATE UNIQUE INDEX IF NOT EXISTS payment_index_operator_reference
  ON platform.payment_index (operator_account_id, operator_reference)
  WHERE operator_reference IS NOT NULL;
GRANT UPDATE (operator_reference) ON platform.payment_index TO pay_tenant;
"""

# Add a column, an index and a right; what runs knows none of them.
STATEMENTS: Final = (REFERENCE,)
