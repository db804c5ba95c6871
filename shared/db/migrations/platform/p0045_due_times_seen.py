"""Lets a tenant's role see when its own work is due, so that it moves no time that is nearer."""

from typing import Final

revision: Final = "p0045"
down_revision: Final = "p0044"
branch_labels: Final = None
depends_on: Final = None

SQL: Final = "GRANT SELECT (due_at) ON platform.due_work TO pay_tenant"

# Add a right; what runs does not use it.
STATEMENTS: Final = (SQL,)
