"""The request log: written by the application's login for all, read by each tenant alone."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from shared.db.reading import FIRST, LAST, cut
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.ids import first_id, milliseconds_of
from shared.domain.request_log import PREFIX, RequestLine
from shared.operations.lists import Page, PageOf
from shared.operations.read_request_logs import WantedLines

_FIELDS: Final = (
    *("id", "method", "path", "operation", "object_id", "status", "code", "param", "key_id"),
    *("person", "duration_ms", "source", "idempotency", "user_agent", "api_version"),
)
"""What a line is read from, in the order of its fields."""
_COLUMNS: Final = ", ".join(_FIELDS)
_ENCODER: Final = msgspec.json.Encoder()

KEEP: Final = Statement(f"""
INSERT INTO platform.request_logs (account_id, livemode, at, {_COLUMNS})
SELECT account_id, livemode, to_timestamp(ms / 1000.0), {_COLUMNS}
FROM jsonb_to_recordset(:lines::jsonb)
  AS k(account_id text, livemode boolean, ms bigint, line jsonb)
CROSS JOIN LATERAL jsonb_to_record(k.line) AS l(id text, method text, path text, operation text,
  object_id text, status smallint, code text, param text, key_id text, person text,
  duration_ms int, source text, idempotency text, user_agent text, api_version text)
""")

_OWN: Final = "account_id = :account::text AND livemode = :livemode::boolean"
FIND: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.request_logs WHERE {_OWN} AND id = :id::text
""")

# Both bounds are always values, so that the primary key serves; a plan holds for any values, so
# there is one for each of the filters that have an index.
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM platform.request_logs
WHERE {_OWN} AND id > :after::text AND id < :before::text
  AND (:least::int IS NULL OR status >= :least::int)
  AND (:below::int IS NULL OR status < :below::int)
  AND (:method::text IS NULL OR method = :method::text)
  AND (:operation::text IS NULL OR operation = :operation::text)
  AND (:code::text IS NULL OR code = :code::text)
  AND (:key_id::text IS NULL OR key_id = :key_id::text){{led}}
ORDER BY id {{order}} LIMIT :limit::int"""
_LED: Final[Mapping[str, str]] = {
    "all": "",
    "refused": "\n  AND status >= 400",
    "object": "\n  AND object_id = :object::text",
}
PAGES: Final = {
    (lead, order): Statement(_PAGE.format(led=led, order=order))
    for lead, led in _LED.items()
    for order in ("DESC", "ASC")
}
_REFUSED: Final = 400


def keep(database: Database, lines: Sequence[tuple[Tenant, RequestLine]]) -> None:
    """Keep lines of any tenants in one statement. Raises Unavailable, CutOff."""
    rows = [
        {
            "account_id": tenant.account,
            "livemode": tenant.livemode,
            "ms": milliseconds_of(line.id),
            "line": line,
        }
        for tenant, line in lines
    ]
    database.once(None, KEEP, lines=_ENCODER.encode(rows).decode())


class RequestLogs:
    """RequestLogStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def _rows(self, statement: Statement, **values: Any) -> list[RequestLine]:
        tenant = self._tenant
        own: dict[str, Any] = {"account": tenant.account, "livemode": tenant.livemode}
        rows = self._database.once(tenant, statement, **own, **values).rows
        return [RequestLine(*row) for row in rows]

    def find(self, request_id: str) -> RequestLine | None:
        """Return the line of a request, or None."""
        found = self._rows(FIND, id=request_id)
        return found[0] if found else None

    def page(self, page: Page, wanted: WantedLines) -> PageOf[RequestLine]:
        """Return a page of lines, newest first."""
        least, below = wanted.statuses or (None, None)
        is_refused = wanted.code is not None or (least or 0) >= _REFUSED
        lead = "object" if wanted.object else "refused" if is_refused else "all"
        order = "DESC" if page.ending_before is None else "ASC"
        values = {"object": wanted.object} if wanted.object else {}
        return cut(
            self._rows(
                PAGES[lead, order],
                **values,
                **_bounds(page),
                least=least,
                below=below,
                method=wanted.method,
                operation=wanted.operation,
                code=wanted.code,
                key_id=wanted.key,
                limit=page.limit + 1,
            ),
            page,
        )


def _bounds(page: Page) -> dict[str, str]:
    """Return the ids between which a page lies: cursors and seconds, for an id says its time."""
    after, before = page.ending_before or FIRST, page.starting_after or LAST
    if page.created_from is not None:
        # What is made in the very millisecond is greater than its least id.
        after = max(after, first_id(PREFIX, page.created_from * 1000))
    if page.created_until is not None:
        before = min(before, first_id(PREFIX, page.created_until * 1000))
    return {"after": after, "before": before}
