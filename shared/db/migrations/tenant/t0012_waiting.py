"""Says of money that is to go out what it waits for, and lets a merchant top up by the bank."""

from typing import Final

revision: Final = "t0012"
down_revision: Final = "t0011"
branch_labels: Final = None
depends_on: Final = None

WAITING: Final = """
ALTER TABLE {table}
  ADD COLUMN waiting_reason text,
  ADD CONSTRAINT {table}_wait
    CHECK (waiting_reason IN ('float', 'store', 'operator')) NOT VALID;
GRANT UPDATE (waiting_reason) ON {table} TO {{schema}};
"""

BANK: Final = """
INSERT INTO ledger_accounts (code, account_id, normal, currency) VALUES
  ('bank', '{account}', 1, 'XAF')
ON CONFLICT (code) DO NOTHING;
"""

# Add columns that are null at first, and an account; what runs knows none of them.
STATEMENTS: Final = (*(WAITING.format(table=table) for table in ("refunds", "payouts")), BANK)
