"""The seals of every ledger and what they hold, read as the owner, for whoever verifies them."""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Engine, text

from shared.domain.account import Tenant
from shared.domain.ledger_seal import Booked, Seal

TENANTS: Final = text("""
SELECT account_id, livemode FROM platform.account_schemas ORDER BY account_id, livemode
""")
_SEALS: Final = """
SELECT position, until_id, transactions, previous_hash, hash FROM "{chain}".ledger_seals
WHERE position > :after ORDER BY position LIMIT :limit"""
_BOOKED: Final = """
SELECT t.id, t.kind, t.object_id, t.created_at,
  ARRAY(SELECT p.position::text FROM "{chain}".postings p WHERE p.transaction_id = t.id
        ORDER BY p.position) AS positions,
  ARRAY(SELECT p.code FROM "{chain}".postings p WHERE p.transaction_id = t.id
        ORDER BY p.position) AS codes,
  ARRAY(SELECT p.amount FROM "{chain}".postings p WHERE p.transaction_id = t.id
        ORDER BY p.position) AS amounts
FROM "{chain}".ledger_transactions t WHERE t.id > :after AND t.id <= :until ORDER BY t.id"""
_UNSEALED: Final = 'SELECT count(*) FROM "{chain}".ledger_transactions WHERE id > :after'
SEALS_AT_ONCE: Final = 100


class LedgerSeals:
    """SealStore in PostgreSQL; `engine` is the owner's. Raises SQLAlchemyError."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def chains(self) -> Sequence[str]:
        """Return the name of each account's ledger in each mode."""
        with self._engine.connect() as connection:
            rows = connection.execute(TENANTS).all()
        return [Tenant(row.account_id, livemode=row.livemode).schema for row in rows]

    def seals(self, chain: str) -> Iterator[Seal]:
        """Yield the seals of a ledger in the order of their positions."""
        after, statement = 0, text(_SEALS.format(chain=chain))
        while True:
            with self._engine.connect() as connection:
                wanted = {"after": after, "limit": SEALS_AT_ONCE}
                rows = connection.execute(statement, wanted).all()
            for row in rows:
                yield Seal(row[0], row[1], row[2], bytes(row[3]), bytes(row[4]))
                after = row[0]
            if not rows:
                return

    def booked(self, chain: str, *, after: str, until: str) -> Sequence[Booked]:
        """Return the transactions behind one id up to another, in the order of ids."""
        statement = text(_BOOKED.format(chain=chain))
        with self._engine.connect() as connection:
            rows = connection.execute(statement, {"after": after, "until": until}).all()
        return [
            Booked(
                row.id,
                row.kind,
                row.object_id,
                row.created_at,
                tuple(zip(map(int, row.positions), row.codes, row.amounts, strict=True)),
            )
            for row in rows
        ]

    def unsealed(self, chain: str, *, after: str) -> int:
        """Return how many transactions stand behind an id."""
        statement = text(_UNSEALED.format(chain=chain))
        with self._engine.connect() as connection:
            return int(connection.execute(statement, {"after": after}).scalar_one())
