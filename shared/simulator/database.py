"""Talks to the simulator's own PostgreSQL in one round trip per statement.

pg8000's native interface is used bare: each connection keeps its prepared statements, and a single
statement commits itself, so accepting a payment costs one message each way.
"""

import contextlib
import hashlib
import struct
import threading
from collections.abc import Iterator
from typing import Any, Final, Protocol

import pg8000.native

from shared.simulator.settings import Settings

_WAIT_SECONDS: Final = 5.0
_STATEMENT_SECONDS: Final = 10
_TABLES_LOCK: Final = 7_203_114_605
_BROKEN: Final = (
    pg8000.native.InterfaceError,
    pg8000.native.DatabaseError,
    OSError,
    struct.error,
)

Row = list[Any]

TABLES: Final = """
CREATE TABLE IF NOT EXISTS api_users (
  api_user text PRIMARY KEY,
  subscription_digest text NOT NULL,
  callback_host text NOT NULL,
  api_key_digest text,
  created_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS subscriptions (
  subscription_digest text PRIMARY KEY,
  product text NOT NULL
);
CREATE TABLE IF NOT EXISTS partners (
  disbursement text PRIMARY KEY REFERENCES api_users,
  collection text NOT NULL REFERENCES api_users
);
CREATE TABLE IF NOT EXISTS floats (
  api_user text NOT NULL REFERENCES api_users,
  currency text NOT NULL,
  balance numeric NOT NULL CHECK (balance >= 0),
  PRIMARY KEY (api_user, currency)
);
CREATE TABLE IF NOT EXISTS float_moves (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  api_user text NOT NULL REFERENCES api_users,
  currency text NOT NULL,
  amount numeric NOT NULL,
  reason text NOT NULL,
  moved_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS float_moves_of_user ON float_moves (api_user, currency);
CREATE TABLE IF NOT EXISTS adjustments (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  api_user text NOT NULL,
  currency text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('fee', 'reversal')),
  amount numeric NOT NULL,
  reference text,
  financial_transaction_id text NOT NULL UNIQUE,
  booked_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS adjustments_reversed_once ON adjustments (api_user, reference)
  WHERE kind = 'reversal';
CREATE INDEX IF NOT EXISTS adjustments_of_user ON adjustments (api_user, currency);
CREATE SEQUENCE IF NOT EXISTS financial_transaction_ids
  MINVALUE 1000000000 MAXVALUE 9999999999 START 2400000000;
CREATE TABLE IF NOT EXISTS payments (
  api_user text NOT NULL,
  reference text NOT NULL,
  environment text NOT NULL,
  amount text NOT NULL,
  currency text NOT NULL,
  external_id text,
  party_type text NOT NULL,
  party_id text NOT NULL,
  payer_message text,
  payee_note text,
  callback_url text,
  accepted_at timestamptz NOT NULL,
  pending_word text NOT NULL,
  final_status text NOT NULL,
  final_reason text,
  final_at timestamptz,
  financial_transaction_id text UNIQUE,
  payout text,
  refunds text,
  PRIMARY KEY (api_user, reference)
);
-- For books that were begun before money could go out at MTN.
ALTER TABLE payments ADD COLUMN IF NOT EXISTS payout text, ADD COLUMN IF NOT EXISTS refunds text;
CREATE INDEX IF NOT EXISTS payments_refunds ON payments (refunds) WHERE refunds IS NOT NULL;
CREATE INDEX IF NOT EXISTS payments_effects ON payments (api_user, final_at)
  WHERE final_status = 'SUCCESSFUL';
CREATE TABLE IF NOT EXISTS faults (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  api_user text NOT NULL,
  operation text NOT NULL,
  msisdn text,
  reference text,
  remaining integer NOT NULL CHECK (remaining >= 0),
  every integer NOT NULL DEFAULT 1 CHECK (every >= 1),
  fault text NOT NULL,
  created_at timestamptz NOT NULL
);
-- For faults that were ordered before one could strike every second call.
ALTER TABLE faults ADD COLUMN IF NOT EXISTS every integer NOT NULL DEFAULT 1;
CREATE INDEX IF NOT EXISTS faults_open ON faults (api_user) WHERE remaining > 0;
CREATE TABLE IF NOT EXISTS callbacks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  api_user text NOT NULL,
  reference text NOT NULL,
  kind text NOT NULL,
  method text NOT NULL,
  due_at timestamptz NOT NULL,
  lease_until timestamptz,
  sent_at timestamptz,
  response_status integer,
  failure text,
  FOREIGN KEY (api_user, reference) REFERENCES payments
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (due_at) WHERE sent_at IS NULL;
CREATE INDEX IF NOT EXISTS callbacks_of_payment ON callbacks (api_user, reference);
CREATE TABLE IF NOT EXISTS channels (
  api_user text PRIMARY KEY,
  api_password_digest text NOT NULL,
  consumer_key text NOT NULL UNIQUE,
  consumer_secret_digest text NOT NULL,
  channel_msisdn text NOT NULL,
  pin_digest text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS bearer_tokens (
  token_digest text PRIMARY KEY,
  api_user text NOT NULL REFERENCES channels,
  seed text NOT NULL,
  expires_at timestamptz NOT NULL,
  said_until timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS bearer_tokens_of_channel ON bearer_tokens (api_user);
CREATE TABLE IF NOT EXISTS pay_tokens (
  api_user text NOT NULL REFERENCES channels,
  pay_token text NOT NULL,
  product text NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 48460000),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (api_user, pay_token)
);
CREATE TABLE IF NOT EXISTS web_contracts (
  api_user text PRIMARY KEY,
  client_id text NOT NULL UNIQUE,
  client_secret_digest text NOT NULL,
  merchant_key_digest text NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE TABLE IF NOT EXISTS web_tokens (
  token_digest text PRIMARY KEY,
  api_user text NOT NULL REFERENCES web_contracts,
  expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS web_tokens_of_contract ON web_tokens (api_user);
CREATE TABLE IF NOT EXISTS web_pages (
  api_user text NOT NULL REFERENCES web_contracts,
  order_id text NOT NULL,
  pay_token text NOT NULL UNIQUE,
  return_url text NOT NULL,
  cancel_url text NOT NULL,
  language text NOT NULL,
  label text NOT NULL,
  faults text NOT NULL,
  wrong_codes integer NOT NULL DEFAULT 0,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (api_user, order_id),
  FOREIGN KEY (api_user, order_id) REFERENCES payments (api_user, reference)
);
CREATE TABLE IF NOT EXISTS request_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at timestamptz NOT NULL,
  api_user text NOT NULL,
  method text NOT NULL,
  route text NOT NULL,
  reference text,
  environment text,
  status integer NOT NULL,
  code text,
  detail text,
  body text
);
CREATE INDEX IF NOT EXISTS request_log_of_user ON request_log (api_user, id);
CREATE INDEX IF NOT EXISTS request_log_age ON request_log (received_at);
CREATE TABLE IF NOT EXISTS books (digest text NOT NULL);
"""
# Which text the tables were made by. Where it is this one nothing is made again: that would lock
# tables in another order than payments do, and a process that starts under load would stop them.
_DIGEST: Final = hashlib.sha256(TABLES.encode()).hexdigest()
_MAKE: Final = f"""
BEGIN; SELECT pg_advisory_xact_lock({_TABLES_LOCK}); {TABLES}
DELETE FROM books; INSERT INTO books (digest) VALUES ('{_DIGEST}'); COMMIT
"""  # noqa: S608 - no outside text is in it


class DatabaseUnavailable(Exception):  # noqa: N818 - the state of the database is the message
    """The statement's outcome is not known to have happened; nothing was answered yet."""


class Runner(Protocol):
    """Runs one statement with named parameters."""

    def __call__(self, sql: str, **parameters: object) -> list[Row]:
        """The rows. Raises DatabaseUnavailable."""


class _Connection:
    """One session and its prepared statements; used by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        address = settings.database()
        self._session: Any = pg8000.native.Connection(
            address.user,
            host=address.host,
            port=address.port,
            database=address.name,
            password=address.password,
            timeout=_STATEMENT_SECONDS,
            application_name="simulate_provider",
        )
        self._prepared: dict[str, Any] = {}

    def run(self, sql: str, **parameters: object) -> list[Row]:
        statement = self._prepared.get(sql)
        if statement is None:
            statement = self._prepared[sql] = self._session.prepare(sql)
        rows: list[Row] | None = statement.run(**parameters)
        return rows or []

    def run_script(self, sql: str) -> None:
        self._session.run(sql)

    def has_tables(self) -> bool:
        ((is_begun,),) = self.run("SELECT to_regclass('books') IS NOT NULL")
        return bool(is_begun) and self.run("SELECT digest FROM books") == [[_DIGEST]]

    def close(self) -> None:
        with contextlib.suppress(*_BROKEN):
            self._session.close()


class Database:
    """A small pool that connects, and makes its tables, at first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places = threading.BoundedSemaphore(settings.pool_size)
        self._guard = threading.Lock()
        self._idle: list[_Connection] = []
        self._has_tables = False

    def run(self, sql: str, **parameters: object) -> list[Row]:
        """Run one statement, which commits itself. Raises DatabaseUnavailable."""
        with self._connection() as connection:
            return connection.run(sql, **parameters)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Runner]:
        """Several statements that commit together. Raises DatabaseUnavailable."""
        with self._connection() as connection:
            connection.run_script("BEGIN")
            # Any error closes the session below, which rolls back.
            yield connection.run
            connection.run_script("COMMIT")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[_Connection]:
        if not self._places.acquire(timeout=_WAIT_SECONDS):
            raise DatabaseUnavailable("no connection became free")
        connection: _Connection | None = None
        try:
            connection = self._take()
            yield connection
        except _BROKEN as error:
            self._drop_all(connection)
            connection = None
            raise DatabaseUnavailable(type(error).__name__) from error
        except BaseException:
            if connection is not None:
                connection.close()
                connection = None
            raise
        finally:
            if connection is not None:
                with self._guard:
                    self._idle.append(connection)
            self._places.release()

    def _take(self) -> _Connection:
        with self._guard:
            if self._idle:
                return self._idle.pop()
        connection = _Connection(self._settings)
        if not self._has_tables:
            if not connection.has_tables():
                # The lock keeps two replicas from creating the same table at the same moment.
                connection.run_script(_MAKE)
            self._has_tables = True
        return connection

    def _drop_all(self, connection: _Connection | None) -> None:
        """After a broken session the others are suspect too: a restarted server closed them all."""
        with self._guard:
            stale, self._idle = self._idle, []
        for each in [*stale, *([connection] if connection else [])]:
            each.close()
