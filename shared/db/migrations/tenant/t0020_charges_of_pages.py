"""Finds the charges that payers began on one page, such as a payment link that is paid for years.

A charge names its page for good as it is made, and most name none: those are in no row of it.
"""

from typing import Final

revision: Final = "t0020"
down_revision: Final = "t0019"
branch_labels: Final = None
depends_on: Final = None

CHARGES: Final = """
CREATE INDEX IF NOT EXISTS charges_page ON charges (page_id, id) WHERE page_id IS NOT NULL;
"""

# Add an index; what runs does not know it.
STATEMENTS: Final = (CHARGES,)
