"""What the doors of reports take and refuse, and what is stored of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database import Account
from tests.factories import moment
from tests.functions.door import Door
from tests.functions.press import HOUR, hour


@pytest.fixture
def ask(manage_account: Door, account: Account) -> Callable[..., Any]:
    """Ask for a report by the door, each time of the same hour."""
    stretch = hour(moment() - HOUR)

    def post(idempotency: str | None = None, **body: Any) -> Any:
        headers = {} if idempotency is None else {"Idempotency-Key": idempotency}
        wanted = {"report_type": "balance", **stretch, **body}
        return manage_account.post("/v1/reports", wanted, key=account.secret_key, headers=headers)

    return post


def test_a_report_is_asked_for_once(
    ask: Callable[..., Any], account: Account, make_rows: Callable[[Account], Any]
) -> None:
    """A key makes one; its message and its due row stand with it."""
    first, again = (ask("a-key", language="fr") for _ in range(2))
    other = ask("a-key", language="en")

    rows = make_rows(account)
    assert first.status == again.status == 200
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.error["code"]) == (400, "idempotency_key_reused")
    assert (first.json["status"], first.json["result"]) == ("pending", None)
    assert [row["id"] for row in rows.of("reports")] == [first.json["id"]]
    (message,) = rows.platform("outbox", "topic = 'report-requested'")
    assert message["object_id"] == first.json["id"]
    (due,) = rows.platform("due_work", "kind = 'report'")
    assert due["object_id"] == first.json["id"]


def test_a_time_that_just_ended_is_begun_by_the_clock(
    ask: Callable[..., Any], account: Account, make_rows: Callable[[Account], Any]
) -> None:
    """Somebody may still be about to commit into it."""
    assert ask(**hour(moment())).status == 200

    rows = make_rows(account)
    (due,) = rows.platform("due_work", "kind = 'report'")
    assert due["due_at"] > moment()
    assert rows.platform("outbox", "topic = 'report-requested'") == []


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"report_type": "all"}, "parameter_invalid", "report_type"),
        ({"report_type": None}, "parameter_missing", "report_type"),
        ({"format": "exe"}, "parameter_invalid", "format"),
        ({"language": "de"}, "parameter_invalid", "language"),
        ({"interval_start": None}, "parameter_missing", "interval_start"),
        ({"interval_end": "1"}, "parameter_invalid", "interval_end"),
        ({"interval_start": 5, "interval_end": 5}, "report_interval_invalid", "interval_end"),
        ({"interval_start": 5}, "report_interval_invalid", "interval_end"),
        (hour(moment() + 2 * HOUR), "report_interval_invalid", "interval_end"),
        ({"columns": ["id"]}, "parameter_unknown", "columns"),
    ],
)
def test_a_wrong_wish_is_refused(
    ask: Callable[..., Any],
    account: Account,
    make_rows: Callable[[Account], Any],
    *,
    body: dict[str, Any],
    code: str,
    param: str,
) -> None:
    """By name, and nothing is stored."""
    reply = ask(**body)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert make_rows(account).of("reports") == []


def test_only_so_many_are_under_way(
    ask: Callable[..., Any], manage_account: Door, account: Account
) -> None:
    """One that is canceled makes room; what has ended cannot be canceled otherwise."""
    made = [ask().json["id"] for _ in range(20)]
    refused = ask()
    path, key = f"/v1/reports/{made[0]}/cancel", account.secret_key
    canceled, again = (manage_account.post(path, key=key) for _ in range(2))

    assert (refused.status, refused.error["code"]) == (400, "too_many_reports")
    assert canceled.json["status"] == "canceled"
    assert again.json == canceled.json
    assert ask().status == 200
    page = manage_account.get("/v1/reports?limit=2", key=key).json
    assert page["has_more"]
    assert len(page["data"]) == 2
