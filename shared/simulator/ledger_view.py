"""Reads the simulator's books for the control: what was really paid, asked, answered and sent."""

from datetime import datetime
from typing import Any, Final

from shared.simulator.database import Database

_AS_JSON_TIME: Final = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _time(column: str) -> str:
    return _AS_JSON_TIME.format(column)


_PAYMENT: Final = {
    "reference": "reference",
    "environment": "environment",
    "amount": "amount",
    "currency": "currency",
    "payer": "party_id",
    "external_id": "external_id",
    # A payout, and Orange's cash-in, pay the number beside ours: money out of the operator account.
    "direction": (
        "CASE WHEN environment = 'cashin' OR payout IS NOT NULL THEN 'out' ELSE 'in' END"
    ),
    "payout": "payout",
    "refunds": "refunds",
}

# Every view: its columns, where they come from, which rows, in what order. `after` is a row number
# for views of what only grows (requests, callbacks) and rows to pass over for the others.
VIEWS: Final[dict[str, tuple[dict[str, str], str, str]]] = {
    "effects": (
        {
            **_PAYMENT,
            "financial_transaction_id": "financial_transaction_id",
            "booked_at": _time("final_at"),
        },
        "payments",
        "final_status = 'SUCCESSFUL' AND final_at <= :now",
    ),
    "payments": (
        {
            **_PAYMENT,
            "payer_message": "payer_message",
            "payee_note": "payee_note",
            "has_callback": "callback_url IS NOT NULL",
            "accepted_at": _time("accepted_at"),
            "status": "CASE WHEN final_at <= :now THEN final_status ELSE pending_word END",
            "final_status": "final_status",
            "final_reason": "final_reason",
            "final_at": _time("final_at"),
        },
        "payments",
        "true",
    ),
    "requests": (
        {
            "id": "id",
            "received_at": _time("received_at"),
            "method": "method",
            "route": "route",
            "reference": "reference",
            "environment": "environment",
            "status": "status",
            "code": "code",
            "detail": "detail",
            "body": "body",
        },
        "request_log",
        "id > :after",
    ),
    "callbacks": (
        {
            "id": "id",
            "reference": "reference",
            "kind": "kind",
            "method": "method",
            "due_at": _time("due_at"),
            "sent_at": _time("sent_at"),
            "response_status": "response_status",
            "failure": "failure",
        },
        "callbacks",
        "id > :after",
    ),
    "float_moves": (
        {
            "id": "id",
            "currency": "currency",
            "amount": "trim_scale(amount)::text",
            "reason": "reason",
            "moved_at": _time("moved_at"),
        },
        "(SELECT *, NULL AS reference FROM float_moves) AS moves",
        "id > :after",
    ),
    "floats": (
        {"currency": "currency", "balance": "trim_scale(balance)::text"},
        "(SELECT *, NULL AS reference FROM floats) AS floats",
        "true",
    ),
}
_ORDER: Final = {
    "effects": "final_at, reference",
    "payments": "accepted_at, reference",
    "floats": "currency",
}


def read(
    database: Database,
    view: str,
    *,
    api_user: str,
    reference: str | None,
    after: int,
    limit: int,
    now: datetime,
) -> dict[str, Any]:
    """`{view: [rows], "total": rows there are}` of one API user, oldest first.

    With `api_user` "nobody", `requests` shows those that named no API user.
    """
    columns, table, condition = VIEWS[view]
    where = (
        f"api_user = :api_user AND {condition}"
        " AND :now::timestamptz IS NOT NULL AND :after::bigint >= 0"
        " AND (:reference::text IS NULL OR reference = :reference)"
    )
    offset = " OFFSET :after" if view in _ORDER else ""
    rows = database.run(
        f"SELECT count(*) OVER (), {', '.join(columns.values())} FROM {table} WHERE {where}"  # noqa: S608 - every part is a constant of this module
        f" ORDER BY {_ORDER.get(view, 'id')} LIMIT :limit{offset}",
        api_user=api_user,
        reference=reference,
        after=after,
        limit=limit,
        now=now,
    )
    found = [dict(zip(columns, row[1:], strict=True)) for row in rows]
    return {view: found, "total": rows[0][0] if rows else 0}
