"""All audit chains of the database, read as the owner of all schemas, for whoever verifies them."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Engine, text

from shared.db.audit import LINK, link_from_row
from shared.domain.account import Tenant
from shared.domain.audit import PLATFORM, Link

TENANTS: Final = text("""
SELECT account_id, livemode FROM platform.account_schemas ORDER BY account_id, livemode
""")


class AuditChains:
    """ChainStore in PostgreSQL; `engine` is the owner's. Raises SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def chains(self) -> Sequence[str]:
        """Return the platform's chain and that of each account and mode."""
        with self._engine.connect() as connection:
            rows = connection.execute(TENANTS).all()
        tenants = [Tenant(row.account_id, livemode=row.livemode) for row in rows]
        return [PLATFORM, *(tenant.schema for tenant in tenants)]

    def links(self, chain: str, *, after: int, limit: int) -> Iterator[Link]:
        """Yield up to so many links behind a position."""
        statement = text(
            f'SELECT {LINK} FROM "{chain}".audit_entries'
            " WHERE position > :after ORDER BY position LIMIT :limit"
        )
        with self._engine.connect() as connection:
            rows = connection.execute(statement, {"after": after, "limit": limit}).all()
        return (link_from_row(row, chain) for row in rows)
