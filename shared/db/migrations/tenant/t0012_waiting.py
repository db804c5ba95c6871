"""Says of money that is to go out what it waits for: the float, the store or the operator."""

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

# Add columns that are null at first; what runs knows none of them.
STATEMENTS: Final = tuple(WAITING.format(table=table) for table in ("refunds", "payouts"))
