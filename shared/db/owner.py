"""Transactions as the owner of all schemas, for what nobody else may do.

They go by SQLAlchemy's connection, because Alembic needs it, and rarely enough for its round trips.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pg8000.exceptions import DatabaseError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as NoConnectionFreeError

from shared.db.notices import notice_message, notice_values
from shared.db.transaction import is_away
from shared.domain.errors import Unavailable
from shared.domain.events import Message
from shared.domain.notification import Notification

LOCK_TIMEOUT: Final = "2s"

_TELL: Final = text("""
INSERT INTO platform.notifications (id, account_id, livemode, kind, recipient, language, data,
  secret_sealed, created_at, send_before)
VALUES (:notice_id, :notice_account, :notice_livemode, :notice_kind, :notice_recipient,
  :notice_language, CAST(:notice_data AS jsonb), :notice_secret, :noticed_at, :notice_before)
""")
_SEND: Final = text("""
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
VALUES (:id, :topic, :account, :livemode, :object_id)
""")


@contextmanager
def owner_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction; waits for no lock longer than 2 s. Raises Unavailable."""
    with unavailable_when_away(), engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        yield connection


def tell(connection: Connection, notice: Notification) -> None:
    """Write a notification with its cause; the relay publishes its message."""
    connection.execute(_TELL, notice_values(notice))
    send(connection, notice_message(notice))


def send(connection: Connection, message: Message) -> None:
    """Put a message into the outbox; the relay publishes it."""
    connection.execute(
        _SEND,
        {
            "id": message.event_id,
            "topic": message.topic,
            "account": message.account,
            "livemode": message.livemode,
            "object_id": message.object_id,
        },
    )


@contextmanager
def unavailable_when_away() -> Iterator[None]:
    """Raise Unavailable where the server could not do it now, and did not."""
    try:
        yield
    except DBAPIError as error:
        origin = error.orig
        is_gone = isinstance(error, InterfaceError) or error.connection_invalidated
        if is_gone or (isinstance(origin, DatabaseError) and is_away(origin)):
            raise Unavailable("temporarily_unavailable", retry_after_seconds=1) from error
        raise
    except (NoConnectionFreeError, OSError) as error:
        raise Unavailable("temporarily_unavailable", retry_after_seconds=1) from error
