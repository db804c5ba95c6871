"""Holds to it in the database that nothing is sent which somebody must approve and nobody has."""

from typing import Final

revision: Final = "t0010"
down_revision: Final = "t0009"
branch_labels: Final = None
depends_on: Final = None

CONSTRAINT: Final = """
ALTER TABLE payouts
  ADD CONSTRAINT payouts_approved_before_sent CHECK (
    content_sha256 IS NULL OR decided_by IS NOT NULL
    OR status IN ('awaiting_approval', 'scheduled', 'created', 'failed', 'canceled', 'rejected',
                  'expired')) NOT VALID;
"""

# Add a constraint that all rows of the release before keep to: it sends nothing undecided either.
STATEMENTS: Final = (CONSTRAINT,)
