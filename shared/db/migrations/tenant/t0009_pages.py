"""Lets a payer pay on a page of the operator's: no number is known then, and the page has keys.

What the operator gives with a page is sealed; whoever copies the table can neither read nor show
it. The attempts of such a charge are its pages, of which one is shown.
"""

from typing import Final

revision: Final = "t0009"
down_revision: Final = "t0008"
branch_labels: Final = None
depends_on: Final = None

PAGES: Final = """
-- The release before never reads such a charge: those who read are rolled out before who writes.
-- squawk-ignore ban-drop-not-null
ALTER TABLE charges ALTER COLUMN phone DROP NOT NULL;
ALTER TABLE provider_attempts ADD COLUMN page_sealed text;
GRANT UPDATE (page_sealed) ON provider_attempts TO {schema};
"""

# Add a column and a right, and allow what nobody writes yet; the release before reads neither.
STATEMENTS: Final = (PAGES,)
