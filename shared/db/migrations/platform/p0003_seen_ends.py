"""Lets a tenant see whether its due rows are done, so that closing one twice changes nothing."""

from typing import Final

revision: Final = "p0003"
down_revision: Final = "p0002"
branch_labels: Final = None
depends_on: Final = None

SQL: Final = "GRANT SELECT (done_at) ON platform.due_work TO pay_tenant"

# Nothing that runs depends on the absence of the right.
STATEMENTS: Final = (SQL,)
