"""Lets an operator account say by which of its operator's services payouts go out."""

from typing import Final

revision: Final = "p0030"
down_revision: Final = "p0029"
branch_labels: Final = None
depends_on: Final = None

SERVICE: Final = """
ALTER TABLE platform.operator_accounts
  ADD COLUMN pays_by text NOT NULL DEFAULT 'transfer',
  ADD CONSTRAINT operator_accounts_pays_by CHECK (
    pays_by = 'transfer'
    OR pays_by = 'deposit' AND operator = 'mtn' AND product = 'disbursement') NOT VALID;
"""

# Add a column with its default; the release before sends transfers, as all accounts say at first.
STATEMENTS: Final = (SERVICE,)
