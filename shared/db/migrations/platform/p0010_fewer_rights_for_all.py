"""Takes from everybody what PostgreSQL gives to everybody: temporary objects, and new functions.

A temporary table is found before a tenant's own and would shadow it; a new function could be called
by every role until somebody remembers to forbid it.
"""

from typing import Final

revision: Final = "p0010"
down_revision: Final = "p0009"
branch_labels: Final = None
depends_on: Final = None

SQL: Final = """
DO $$
BEGIN
  EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
END
$$;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
"""

# Narrow what no release has used: each function so far was granted by name.
STATEMENTS: Final = (SQL,)
