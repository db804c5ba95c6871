"""Keeps what a receipt was printed with, so that printing it once more gives the same bytes.

The merchant's name, language, footer and logo may change between a print and the record of it.
"""

from typing import Final

revision: Final = "t0019"
down_revision: Final = "t0018"
branch_labels: Final = None
depends_on: Final = None

PRINTED: Final = """
ALTER TABLE receipts ADD COLUMN printed jsonb;
GRANT UPDATE (printed) ON receipts TO {schema};
"""

# Add a column; what runs does not know it.
STATEMENTS: Final = (PRINTED,)
