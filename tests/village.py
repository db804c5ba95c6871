"""Many tenants, cheap to make: real roles and walls, one table, one due row, marked as theirs."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from shared.db.upgrade import make_schema
from shared.domain.account import Tenant
from shared.domain.ids import new_account_id

_TABLE = """
CREATE TABLE "{schema}".notes (
  id text PRIMARY KEY,
  account_id text NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  canary text NOT NULL);
GRANT SELECT, INSERT ON "{schema}".notes TO "{schema}";
INSERT INTO "{schema}".notes (id, canary) VALUES ('first', '{canary}');
INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, owner_role)
VALUES ('webhook', '{canary}', '{account}', true, 'infinity', '{schema}');
"""
_REMOVE = """
DROP SCHEMA "{schema}" CASCADE;
DELETE FROM platform.due_work WHERE owner_role = '{schema}';
DROP ROLE "{schema}";
"""


@dataclass(frozen=True, slots=True)
class Villager:
    """A tenant and the word that stands in all its rows and nobody else's."""

    tenant: Tenant
    canary: str

    @property
    def names(self) -> dict[str, str]:
        """For SQL."""
        account, schema = self.tenant.account, self.tenant.schema
        return {"account": account, "schema": schema, "canary": self.canary}


@contextmanager
def village(owner: Engine, size: int) -> Iterator[list[Villager]]:
    """Make them as provisioning does, but for the tables; they go with the block."""
    villagers = [
        Villager(Tenant(new_account_id(), livemode=True), f"canary-{number}-{secrets.token_hex(8)}")
        for number in range(size)
    ]
    with owner.begin() as connection:
        for each in villagers:
            make_schema(connection, each.tenant)
        connection.exec_driver_sql("".join(_TABLE.format(**each.names) for each in villagers))
    yield villagers
    with owner.begin() as connection:
        connection.exec_driver_sql("".join(_REMOVE.format(**each.names) for each in villagers))
