"""Dead letters of all accounts, as the owner of all schemas: people list and replay them by it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from shared.db.audit import append
from shared.db.cases import PLATFORM_PATH, enter
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.audit import AuditEntry
from shared.domain.dead_letter import DeadLetter, DeadLetterStatus
from shared.domain.events import Message
from shared.operations.manage_dead_letters import PageOfDeadLetters

_COLUMNS: Final = """id, topic, subscription, event_id, account_id, livemode, object_id,
    delivery_count, received_at, replay_of, deaths, replayed_at, replayed_by, discarded_at,
    discarded_by, discard_reason"""

_FIND: Final = f"SELECT {_COLUMNS} FROM platform.dead_letters"
FIND: Final = Statement(f"{_FIND} WHERE id = :id::text")
HOLD: Final = Statement(f"{_FIND} WHERE id = ANY(:ids::text[]) ORDER BY id FOR UPDATE")

# Ids are in the order of time; `LAST` lies outside every id. A statement for each status, of which
# one has an index of its own.
LAST: Final = "~"
_OF_STATUS: Final = {
    None: "",
    DeadLetterStatus.WAITING: "AND replayed_at IS NULL AND discarded_at IS NULL",
    DeadLetterStatus.REPLAYED: "AND replayed_at IS NOT NULL",
    DeadLetterStatus.DISCARDED: "AND replayed_at IS NULL AND discarded_at IS NOT NULL",
}
PAGE: Final = {
    status: Statement(f"""
{_FIND} WHERE id < :before::text {narrowed}
  AND (:topic::text IS NULL OR topic = :topic::text)
  AND (:subscription::text IS NULL OR subscription = :subscription::text)
  AND (:function::text IS NULL
       OR split_part(regexp_replace(subscription, '^.*/', ''), '--', 1) = :function::text)
ORDER BY id DESC LIMIT :limit::int
""")
    for status, narrowed in _OF_STATUS.items()
}

# The message of a letter has one id: a replay by the hand of the runbook is the same one.
REPLAY: Final = Statement("""
WITH sent AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
    VALUES (:event_id::text, :topic::text, :account::text, :livemode::boolean, :object_id::text)
    ON CONFLICT (id) DO NOTHING
)
UPDATE platform.dead_letters
SET replayed_at = :replayed_at::timestamptz, replayed_by = :replayed_by::text
WHERE id = :id::text AND replayed_at IS NULL
""")

DISCARD: Final = Statement("""
UPDATE platform.dead_letters
SET discarded_at = :discarded_at::timestamptz, discarded_by = :discarded_by::text,
    discard_reason = :reason::text
WHERE id = :id::text AND replayed_at IS NULL AND discarded_at IS NULL
""")


class DeadLetters:
    """DeadLettersStore in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    def find(self, letter_id: str) -> DeadLetter | None:
        """Return a letter, or None."""
        rows = self._database.once(None, FIND, id=letter_id).rows
        return DeadLetter(*rows[0]) if rows else None

    def page(self, page: PageOfDeadLetters) -> Sequence[DeadLetter]:
        """Return one more than fits on the page, if there are as many, newest first."""
        rows = self._database.once(
            None,
            PAGE[page.status],
            before=page.after or LAST,
            topic=page.topic,
            subscription=page.subscription,
            function=page.function,
            limit=page.limit + 1,
        ).rows
        return [DeadLetter(*row) for row in rows]

    @contextmanager
    def hold(self, ids: Sequence[str]) -> Iterator["PostgresHeldDeadLetters"]:
        """Take hold of letters, in the order of their ids. Raises Unavailable."""
        with self._database.platform() as transaction:
            rows = transaction.run(HOLD, ids=list(ids))
            yield PostgresHeldDeadLetters(transaction, [DeadLetter(*row) for row in rows])


class PostgresHeldDeadLetters:
    """HeldDeadLetters in an open transaction."""

    def __init__(self, transaction: Transaction, letters: Sequence[DeadLetter]) -> None:
        """Keep the transaction, and the letters as read under the lock."""
        self._transaction = transaction
        self._letters = {letter.id: letter for letter in letters}

    @property
    def letters(self) -> Mapping[str, DeadLetter]:
        """Those of the wanted ones that are there, by id."""
        return self._letters

    def replay(self, letter: DeadLetter, message: Message, entry: AuditEntry) -> None:
        """Put the message of a letter into the outbox, and keep and tell who had it sent."""
        enter(self._transaction, PLATFORM_PATH)
        self._transaction.run(
            REPLAY,
            id=letter.id,
            event_id=message.event_id,
            topic=message.topic,
            account=message.account,
            livemode=message.livemode,
            object_id=message.object_id,
            replayed_at=letter.replayed_at,
            replayed_by=letter.replayed_by,
        )
        append(self._transaction, entry)

    def discard(self, letter: DeadLetter, entry: AuditEntry) -> None:
        """Keep that a letter was set aside, and tell who did."""
        enter(self._transaction, PLATFORM_PATH)
        self._transaction.run(
            DISCARD,
            id=letter.id,
            discarded_at=letter.discarded_at,
            discarded_by=letter.discarded_by,
            reason=letter.discard_reason,
        )
        append(self._transaction, entry)
