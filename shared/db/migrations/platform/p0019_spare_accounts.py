"""Ids of accounts to come, whose role of the test mode is made already, many at once.

Each change of roles makes every connection of the server add up anew which ones it may become, the
longer the more accounts there are: so it happens once for many accounts and not for each.
"""

from typing import Final

revision: Final = "p0019"
down_revision: Final = "p0018"
branch_labels: Final = None
depends_on: Final = None

SPARES: Final = """
CREATE TABLE platform.spare_accounts (
  account_id text COLLATE "C" PRIMARY KEY CHECK (account_id LIKE 'acct\\_%'),
  taken_until timestamptz   -- somebody makes this account; if she dies of it, it is free again
);
"""

# Add a table that nobody but the owner reaches; what runs knows it not.
STATEMENTS: Final = (SPARES,)
