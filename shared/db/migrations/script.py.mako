"""${message}."""

from typing import Final

from alembic import op

revision: Final = ${repr(up_revision)}
down_revision: Final = ${repr(down_revision)}
branch_labels: Final = ${repr(branch_labels)}
depends_on: Final = ${repr(depends_on)}

SQL: Final = """
"""


def upgrade() -> None:
    """Expand only; what removes or narrows comes a release later."""
    op.get_bind().exec_driver_sql(SQL)
