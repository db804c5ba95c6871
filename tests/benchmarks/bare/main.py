"""The raw bound: functions that do one insert in a transaction of its own, and nothing else.

They stand on the same server, pool and driver as create_charge. `bare_insert` opens and commits its
transaction by queries of their own, as one does by the driver: three round trips. `bare_autocommit`
leaves both to the server: one, as create_charge takes, and less than which no insert can take.
"""

import secrets
from functools import cache
from typing import Any, Final

import flask
from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from shared.db.engine import make_engine
from shared.db.statement import Statement, prepare
from shared.runtime.settings import require, settings

INSERT: Final = Statement("INSERT INTO bench.bare (id, body) VALUES (:id::text, :body::text)")


@cache
def _engine() -> Engine:
    return make_engine(
        require(settings().database_url, "DATABASE_URL"),
        secret_file=settings().secrets_dir / "database_app",
        pool_size=settings().pool_size,
    )


def _insert(raw: PoolProxiedConnection, connection: Any, request: flask.Request) -> None:
    prepared = raw.info.get("bare")
    if prepared is None:
        prepared = raw.info["bare"] = prepare(connection, INSERT)
    values = {"id": secrets.token_hex(16), "body": request.get_data(as_text=True)}
    prepared.run(connection, values)


def bare_insert(request: flask.Request) -> flask.Response:
    """Begin, insert the body under a new id, commit, answer."""
    raw = _engine().raw_connection()
    connection: Any = raw.driver_connection
    connection.execute_simple("BEGIN")
    _insert(raw, connection, request)
    connection.execute_simple("COMMIT")
    raw.close()
    return flask.Response("{}", content_type="application/json")


def bare_autocommit(request: flask.Request) -> flask.Response:
    """Insert the body under a new id; the server wraps a transaction around it."""
    raw = _engine().raw_connection()
    _insert(raw, raw.driver_connection, request)
    raw.close()
    return flask.Response("{}", content_type="application/json")
