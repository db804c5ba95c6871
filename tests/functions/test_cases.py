"""Cases that people close: listed, shown with what we hold, closed for a reason and audited."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest

from shared.domain.ids import new_id
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.till import PAYER, Till
from tests.scripted_server import Seen, answer

PATH: Final = "/v1/platform/cases"
REASON: Final = "MTN ticket 88123: they will never answer"
NO_CASE: Final = "case_222222222222222222222222"
OPEN_CASE: Final = """
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, owner_role)
VALUES (:id, :kind, :account, false, :object, :reason, :owner)"""


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers the platform."""

    door: Callable[[str], Door]
    realm: Realm
    id: str

    def get(self, path: str) -> Reply:
        """Read, signed in this morning."""
        token = self.realm.token(self.id, "admin", signed_in_ago=4000)
        return self.door("manage_platform").get(path, key=token)

    def post(self, path: str, body: object = None, ago: int = 0) -> Reply:
        """Change something, signed in so many seconds ago."""
        token = self.realm.token(self.id, "admin", signed_in_ago=ago)
        return self.door("manage_platform").post(path, body, key=token)

    def close(self, case: str, reason: object = REASON, ago: int = 0) -> Reply:
        """Close a case, or try to."""
        return self.post(f"{PATH}/{case}/close", {"reason": reason}, ago)


@pytest.fixture
def administrator(door: Callable[[str], Door], realm: Realm) -> Administrator:
    """One who has closed nothing yet."""
    return Administrator(door, realm, str(uuid.uuid4()))


@pytest.fixture
def refund(till: Till, kept: list[Seen]) -> str:
    """A refund whose sending ended in silence, of which the operator says nothing."""
    assert kept == []
    refund_id = till.refund(till.paid_charge())
    till.payout = till.payout_read = answer(500, "{}")
    till.submit_refund(refund_id)
    return refund_id


def a_day_later(till: Till, refund_id: str) -> str:
    """Let a day pass and have it read: the case that is opened then."""
    schema = till.account.test.schema
    till.rows.run(
        f"UPDATE \"{schema}\".refunds SET claimed_at = claimed_at - interval '25 hours'"
        " WHERE id = :id",
        id=refund_id,
    )
    till.settle_refund(refund_id)
    (case,) = till.rows.platform("cases", "closed_at IS NULL")
    return str(case["id"])


def a_case(till: Till, object_id: str, reason: str, kind: str = "charge") -> str:
    """A case as a reader opens it."""
    case_id = new_id("case", 1_790_000_000_000)
    till.rows.run(
        OPEN_CASE,
        id=case_id,
        kind=kind,
        account=till.account.id,
        object=object_id,
        reason=reason,
        owner=till.account.test.schema,
    )
    return case_id


def test_a_case_shows_what_we_and_the_operator_said(
    administrator: Administrator, till: Till, refund: str
) -> None:
    """Reference, reads and words, the payment and its moves; no number of the payer's."""
    shown = administrator.get(f"{PATH}/{a_day_later(till, refund)}")
    (attempt,) = till.rows.of("provider_attempts", "charge_id = :id", id=refund)
    evidence = shown.json["evidence"]

    assert (shown.status, shown.json["status"], shown.json["about"]) == (200, "open", refund)
    assert (shown.json["kind"], shown.json["reason"]) == ("refund", "unresolved_for_a_day")
    assert (shown.json["account"], shown.json["mode"]) == (till.account.id, "test")
    assert (evidence["payment"]["id"], evidence["payment"]["status_detail"]) == (refund, "unknown")
    assert [one["reference"] for one in evidence["attempts"]] == [attempt["reference"]]
    assert evidence["attempts"][0]["operator_word"] == attempt["operator_word"] is not None
    assert [one["to"] for one in evidence["changes"]] == ["submitting", "unknown"]
    assert evidence["check"]["due_at"] is None
    assert evidence["check"]["done_at"] is not None
    assert PAYER[-8:] not in shown.content.decode()


def test_cases_are_found_by_status_reason_and_account(
    administrator: Administrator, till: Till
) -> None:
    """Each filter alone and together; pages go on where the one before ended."""
    charge = till.paid_charge()
    first = a_case(till, charge, "paid_after_the_end")
    second = a_case(till, charge, "payer_differs")
    mine = f"account={till.account.id}"

    def found(query: str) -> set[str]:
        reply = administrator.get(f"{PATH}?{query}")
        assert reply.status == 200, reply.json
        return {one["id"] for one in reply.json["data"]}

    page = administrator.get(f"{PATH}?{mine}&limit=1").json
    rest = administrator.get(f"{PATH}?{mine}&limit=1&starting_after={page['data'][0]['id']}").json
    assert administrator.close(first).status == 200

    assert (page["has_more"], rest["has_more"]) == (True, False)
    assert {page["data"][0]["id"], rest["data"][0]["id"]} == {first, second}
    assert found(f"{mine}&status=open") == {second}
    assert found(f"{mine}&status=closed") == {first}
    assert found(f"{mine}&reason=payer_differs") == {second}
    assert found(f"{mine}&reason=payer_differs&status=closed") == set()
    assert second in found("status=open&limit=100&reason=payer_differs")


def test_a_case_is_closed_once_for_a_reason_and_told(
    administrator: Administrator, till: Till
) -> None:
    """The row says who and why, the platform's chain too; the first word stands."""
    charge = till.paid_charge()
    case = a_case(till, charge, "paid_after_the_end")
    closed = administrator.close(case, f"{REASON}; call +237670000001")
    again = administrator.close(case, "another reason than before")
    (row,) = till.rows.platform("cases")
    path = f"/v1/platform/audit_entries?object={case}"
    told = administrator.get(path).json["data"]

    assert (closed.status, closed.json["status"]) == (200, "closed")
    assert (closed.json["closed_by"], again.json) == (administrator.id, closed.json)
    assert row["close_reason"] == closed.json["close_reason"] == f"{REASON}; call […01]"
    assert [(one["action"], one["actor"]["id"]) for one in told] == [
        ("case.closed", administrator.id)
    ]
    assert (told[0]["reason"], told[0]["after"]["object"]) == (row["close_reason"], charge)


def test_the_last_that_looks_after_a_payment_stays_open(
    administrator: Administrator, till: Till, refund: str
) -> None:
    """I18: nothing unfinished is forgotten; with a check due, or when it has ended, it closes."""
    case = a_day_later(till, refund)
    refused = administrator.close(case)
    before = till.rows.platform("cases")
    till.rows.run(
        "UPDATE platform.due_work SET due_at = now(), done_at = NULL WHERE object_id = :id",
        id=refund,
    )
    watched = administrator.close(case)
    again = a_day_later(till, refund)
    till.payout_read = None
    assert till.settle_refund(refund).status == 204
    ended = administrator.close(again)

    assert (refused.status, refused.error["code"]) == (400, "case_needed")
    assert [row["closed_at"] for row in before] == [None]
    assert (watched.status, ended.status) == (200, 200)
    assert case != again
    assert till.stored_refund(refund)["status"] == "succeeded"


def test_a_payment_is_read_again_when_somebody_asks(
    administrator: Administrator, till: Till, refund: str
) -> None:
    """A check is due at once, as the tenant's own row; it is told, and closing is free then."""
    case = a_day_later(till, refund)
    till.rows.run("DELETE FROM platform.due_work WHERE object_id = :id", id=refund)
    asked = administrator.post(f"{PATH}/{case}/check")
    again = administrator.post(f"{PATH}/{case}/check", {})
    (due,) = till.rows.platform("due_work", "object_id = :id", id=refund)
    told = administrator.get(f"/v1/platform/audit_entries?object={case}").json["data"]
    stale = administrator.post(f"{PATH}/{case}/check", ago=4000)
    closed = administrator.close(case)

    assert (asked.status, again.status, closed.status) == (200, 200, 200)
    assert (due["kind"], due["done_at"]) == ("payout_check", None)
    assert due["owner_role"] == till.account.test.schema
    assert [one["action"] for one in told] == ["case.checked", "case.checked"]
    assert (stale.status, stale.error["code"]) == (403, "step_up_required")


def test_a_case_moves_no_money(administrator: Administrator, till: Till) -> None:
    """Closing changes the case and the platform's chain, and nothing else."""
    case = a_case(till, till.paid_charge(), "amount_or_currency_differs")
    before = till.rows.snapshot()
    assert administrator.close(case).status == 200
    after = till.rows.snapshot()

    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"platform.cases", "platform.audit_entries"}


def test_a_case_of_what_is_not_in_the_books_can_be_closed(
    administrator: Administrator, till: Till
) -> None:
    """Lost in a restore: there is no payment to show and none to wait for."""
    case = a_case(till, "rf_222222222222222222222222", "lost_in_restore", "refund")
    shown = administrator.get(f"{PATH}/{case}").json

    assert shown["evidence"] == {
        "payment": None,
        "attempts": [],
        "changes": [],
        "check": None,
        "lines": [],
        "drop": None,
    }
    unread = administrator.post(f"{PATH}/{case}/check")
    assert (unread.status, unread.error["code"]) == (400, "case_not_readable")
    assert administrator.close(case).status == 200


@pytest.mark.parametrize("reason", [None, "too short", "x" * 501, 7, "with a \x00 in it, and more"])
def test_a_case_is_closed_by_a_reason_alone(
    administrator: Administrator, till: Till, reason: object
) -> None:
    """What says too little, too much or nothing readable is refused, and the case stays open."""
    case = a_case(till, till.paid_charge(), "payer_differs")
    refused = administrator.close(case, reason)

    assert (refused.status, refused.error["param"]) == (400, "reason")
    assert [row["closed_at"] for row in till.rows.platform("cases")] == [None]


def test_nobody_else_sees_or_closes_a_case(
    administrator: Administrator, till: Till, account: Account, realm: Realm
) -> None:
    """Keys, merchants, nobody, and an administrator who signed in too long ago."""
    case = a_case(till, till.paid_charge(), "payer_differs")
    stale = administrator.close(case, ago=4000)
    callers: list[tuple[str | None, int]] = [
        (None, 401),
        (account.secret_key, 401),
        (realm.token("somebody"), 403),
    ]
    for key, status in callers:
        manage = administrator.door("manage_platform")
        replies: list[Any] = [
            manage.get(PATH, key=key),
            manage.get(f"{PATH}/{case}", key=key),
            manage.post(f"{PATH}/{case}/close", {"reason": REASON}, key=key),
        ]
        assert [reply.status for reply in replies] == [status] * 3

    assert (stale.status, stale.error["code"]) == (403, "step_up_required")
    assert [row["closed_at"] for row in till.rows.platform("cases")] == [None]


@pytest.mark.parametrize("case", [NO_CASE, "case_1", "ch_222222222222222222222222"])
def test_a_case_that_is_not_there(administrator: Administrator, case: str) -> None:
    """Neither shown nor closed."""
    assert administrator.get(f"{PATH}/{case}").status == 404
    assert administrator.close(case).status == 404


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("status=any", "status"),
        ("reason=What", "reason"),
        ("account=acct_1", "account"),
        ("starting_after=ch_1", "starting_after"),
        ("limit=101", "limit"),
        ("colour=red", "colour"),
    ],
)
def test_a_malformed_question_names_its_field(
    administrator: Administrator, query: str, param: str
) -> None:
    """As everywhere."""
    refused = administrator.get(f"{PATH}?{query}")

    assert (refused.status, refused.error["param"]) == (400, param)
