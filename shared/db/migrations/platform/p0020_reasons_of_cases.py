"""Lets an object have an open case for each reason: a second riddle is not lost behind the first.

"Waiting for a day" and "paid to another payee" ask for different things of a person, and the second
may come while the first is open.
"""

from typing import Final

revision: Final = "p0020"
down_revision: Final = "p0019"
branch_labels: Final = None
depends_on: Final = None

REASONS: Final = """
CREATE UNIQUE INDEX IF NOT EXISTS cases_open_reason ON platform.cases (object_id, reason)
  WHERE closed_at IS NULL;
-- Open cases are few, and nobody reads them while a merchant waits.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX IF EXISTS platform.cases_one_open;
"""

# Cases are few. The release before writes them with ON CONFLICT DO NOTHING, under either index.
STATEMENTS: Final = (REASONS,)
