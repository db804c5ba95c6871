"""Lets a tenant see whether its due rows are done, so that closing one twice changes nothing."""

from typing import Final

from alembic import op

revision: Final = "p0003"
down_revision: Final = "p0002"
branch_labels: Final = None
depends_on: Final = None

SQL: Final = "GRANT SELECT (done_at) ON platform.due_work TO pay_tenant"


def upgrade() -> None:
    """Grant it; nothing that runs depends on its absence."""
    op.get_bind().exec_driver_sql(SQL)
