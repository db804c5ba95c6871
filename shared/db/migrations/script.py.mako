"""${message}."""

from typing import Final

revision: Final = ${repr(up_revision)}
down_revision: Final = ${repr(down_revision)}
branch_labels: Final = ${repr(branch_labels)}
depends_on: Final = ${repr(depends_on)}

# Expand only; what removes or narrows comes a release later.
SQL: Final = """
"""

STATEMENTS: Final = (SQL,)
