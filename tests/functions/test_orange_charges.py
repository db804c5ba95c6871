"""A charge from an Orange wallet at the doors of all its functions."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pg8000.native import Connection

from shared.domain.events import CHARGE_CREATED
from shared.operations.submit_charge import callback_token
from shared.runtime import wiring
from tests.database import Account
from tests.functions.door import Door
from tests.functions.orange_till import OrangeTill
from tests.functions.pushes import Issuer
from tests.functions.rows import Rows
from tests.scripted_orange import HTML, NO_FUNDS, fault, said, text
from tests.scripted_server import RESET, Play, answer


@pytest.fixture
def till(
    superuser: Connection, door: Callable[[str], Door], issuer: Issuer, account: Account
) -> Iterator[OrangeTill]:
    """A shop of the test's own."""
    rows = Rows(superuser, (account.test,))
    with OrangeTill(account, rows=rows, door=door, issuer=issuer) as ready:
        yield ready


def attempt_of(till: OrangeTill) -> dict[str, Any]:
    """The one attempt that there is."""
    (attempt,) = till.rows.of("provider_attempts")
    return attempt


def let_try(till: OrangeTill) -> None:
    """Have it be time to try what is held back."""
    till.rows.run(
        "UPDATE platform.breakers SET next_trial_at = now() - interval '1 s'"
        " WHERE host = :host AND opened_at IS NOT NULL",
        host=till.host,
    )
    till.forget_breakers()


def test_a_charge_is_sent_once_under_a_stored_pay_token(till: OrangeTill) -> None:
    """The payToken stands in the database when money is asked for; a repeat sends nothing."""
    charge_id = till.create(description="Café")
    message = till.message(CHARGE_CREATED, charge_id)

    replies = [till.push("submit_charge", message) for _ in range(3)]

    assert [reply.status for reply in replies] == [204] * 3
    assert till.steps() == ["init", "pay"]
    assert till.stored == [["sending"]]
    attempt = attempt_of(till)
    asked = json.loads(till.sent[-1].body)
    token = callback_token(wiring.key_bytes("callback_token_key"), attempt["reference"])
    assert asked["payToken"] == attempt["operator_reference"]
    assert asked["orderId"] == charge_id[-20:]
    assert (asked["subscriberMsisdn"], asked["amount"]) == ("690000001", "1500")
    assert asked["notifUrl"].endswith(f"/callbacks/orange/{token}")
    assert till.charge(charge_id)["status"] == "awaiting_payer"
    assert attempt["status"] == "accepted"


def test_a_paid_charge_is_booked_on_oranges_float(till: OrangeTill, read_payments: Door) -> None:
    """Orange's word settles it once: state, ledger, receipt and what the merchant is shown."""
    charge_id = till.create()
    till.submit(charge_id)

    assert till.settle(charge_id).status == 204
    settled = till.rows.snapshot()
    assert till.settle(charge_id).status == 204

    assert till.rows.snapshot() == settled
    balances = {row["code"]: row["balance"] for row in till.rows.of("ledger_accounts")}
    assert (balances["pending"], balances[f"float:{till.operator_account}"]) == (-1500, 1500)
    shown = read_payments.get(f"/v1/charges/{charge_id}", key=till.account.secret_key).json
    assert shown["status"] == "succeeded"
    assert shown["payment_method_details"]["mobile_money"] == {
        "operator": "orange",
        "phone": "+2376****01",
        "operator_transaction_id": "MP221207.2051.B56929",
    }
    assert len(till.rows.of("receipts")) == 1


@pytest.mark.parametrize(
    ("asking", "ends", "code"),
    [
        (said(417, NO_FUNDS | {"payToken": None}), "failed", "insufficient_funds"),
        (text(417, "99033 :: Canal"), "failed", "operator_misconfigured"),
        (answer(200, HTML), "unknown", None),
        (answer(500), "unknown", None),
        (text(422, "A transaction was initiated already"), "unknown", None),
        (fault(503), "unknown", None),
        (RESET, "unknown", None),
    ],
    ids=["no funds", "channel", "html", "500", "422", "gateway", "reset"],
)
def test_only_a_definite_refusal_ends_a_charge(
    till: OrangeTill, asking: Play, ends: str, code: str | None
) -> None:
    """All else leaves it unknown, to be read; its payToken is neither replaced nor used again."""
    till.asking = asking
    charge_id = till.create()

    replies = [till.submit(charge_id).status for _ in range(2)]

    assert replies == [204, 204]
    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == (ends, code)
    assert till.steps() == ["init", "pay"]


@pytest.mark.parametrize(
    ("word", "ends", "code"),
    [
        ({"status": "FAILED", "confirmtxnstatus": "60019"}, "failed", "insufficient_funds"),
        ({"status": "CANCELLED", "confirmtxnstatus": None}, "failed", "payer_declined"),
        ({"status": "EXPIRED", "confirmtxnstatus": None}, "expired", "expired"),
        ({"status": "FAILED", "confirmtxnstatus": "12345"}, "failed", "operator_error"),
        ({"status": "PENDING", "confirmtxnstatus": None}, "awaiting_payer", None),
        ({"status": "INITIATED", "confirmtxnstatus": None}, "awaiting_payer", None),
    ],
    ids=["no funds", "cancelled", "expired", "new code", "pending", "initiated"],
)
def test_the_operators_word_is_the_end(
    till: OrangeTill, word: dict[str, Any], ends: str, code: str | None
) -> None:
    """Its failure becomes one of our codes; no money moves."""
    charge_id = till.create()
    till.submit(charge_id)
    till.word = {"txnid": None, **word}

    assert till.settle(charge_id).status == 204

    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == (ends, code)
    assert till.rows.of("postings") == []


@pytest.mark.parametrize(
    "word",
    [
        {"amount": 1499},
        {"amount": "1500.5"},
        {"subscriberMsisdn": "690000002"},
        {"txnmode": "67abcdefghijklmnopqr"},
    ],
    ids=["amount", "fraction", "payer", "order"],
)
def test_a_success_that_differs_moves_no_money(till: OrangeTill, word: dict[str, Any]) -> None:
    """Another amount, payer or order than asked for is no success of this charge."""
    charge_id = till.create()
    till.submit(charge_id)
    till.word = word

    assert till.settle(charge_id).status == 204

    assert till.charge(charge_id)["status"] == "awaiting_payer"
    assert till.rows.of("postings") == []


@pytest.mark.parametrize("opening", [answer(500), answer(200, HTML), fault(503), RESET])
def test_what_could_not_be_opened_was_not_asked_for(till: OrangeTill, opening: Play) -> None:
    """Whatever `init` answers, no money was asked for: the broker asks again, and it is sent."""
    till.opening = opening
    charge_id = till.create()

    first = till.submit(charge_id)
    unopened = attempt_of(till)
    till.opening = None
    second = till.submit(charge_id)

    assert (first.status, second.status) == (503, 204)
    assert (unopened["status"], unopened["operator_reference"]) == ("not_sent", None)
    assert attempt_of(till)["reference"] == unopened["reference"]
    assert till.steps() == ["init", "init", "pay"]


def test_what_was_never_opened_is_given_up_in_time(till: OrangeTill) -> None:
    """Past its time the charge fails, and Orange is asked nothing about it."""
    till.opening = answer(500)
    charge_id = till.create()
    till.submit(charge_id)
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".charges'
        " SET submit_before = now() - interval '1 s' WHERE id = :id",
        id=charge_id,
    )

    assert till.settle(charge_id).status == 204

    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == ("failed", "operator_unavailable")
    assert till.steps() == ["init"]


def left_sending(till: OrangeTill, *, submit_before: str) -> str:
    """A charge as a sender leaves it that knows of no opening, and dies; its lease is over."""
    charge_id = till.create()
    till.opening = answer(500)
    till.submit(charge_id)
    till.opening = None
    schema = till.account.test.schema
    till.rows.run(f"UPDATE \"{schema}\".provider_attempts SET status = 'sending'")
    till.rows.run(
        f'UPDATE "{schema}".charges SET submit_before = {submit_before},'
        " lease_until = now() - interval '1 s'"
    )
    return charge_id


def test_what_was_left_without_a_pay_token_is_opened_anew(till: OrangeTill) -> None:
    """Nothing can have been asked without one: a check waits, the message that comes sends it."""
    charge_id = left_sending(till, submit_before="submit_before")

    replies = [till.settle(charge_id).status, till.submit(charge_id).status]

    assert replies == [204, 204]
    assert till.charge(charge_id)["status"] == "awaiting_payer"
    assert till.steps() == ["init", "init", "pay"]


@pytest.mark.parametrize("by", ["submit", "settle"])
def test_what_was_left_without_a_pay_token_is_given_up_in_time(till: OrangeTill, by: str) -> None:
    """Whoever comes first fails it; nobody reads it, not after its end either."""
    charge_id = left_sending(till, submit_before="now() - interval '1 s'")

    replies = [getattr(till, by)(charge_id).status, till.settle(charge_id).status]

    assert replies == [204, 204]
    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == ("failed", "operator_unavailable")
    assert till.steps() == ["init"]


def test_a_callback_at_oranges_door_wakes_the_reader(
    till: OrangeTill, door: Callable[[str], Door]
) -> None:
    """A hint under its token and its operator alone, whatever the notice says."""
    charge_id = till.create()
    till.submit(charge_id)
    path = json.loads(till.sent[-1].body)["notifUrl"].partition("/callbacks/")[2]
    receive, before = door("receive_callback"), till.charge(charge_id)
    notice = {"payToken": attempt_of(till)["operator_reference"], "status": "FAILED"}

    replies = [
        receive.post(f"/callbacks/{path.replace('orange', 'mtn')}", notice),
        receive.post(f"/callbacks/{path}", {"data": notice}),
    ]

    assert [reply.status for reply in replies] == [404, 200]
    assert till.charge(charge_id) == before
    assert len(till.rows.platform("outbox", "topic = 'charge-check-due'")) == 1


@pytest.mark.parametrize(
    "wrong", ["livemode = true", "product = 'web'", "operator = 'mtn', product = 'collection'"]
)
def test_a_charge_never_goes_by_a_contract_that_is_not_its_own(
    till: OrangeTill, wrong: str
) -> None:
    """Another mode, product or operator: refused before anything is claimed, and nothing asked."""
    charge_id = till.create()
    before = till.charge(charge_id)
    # The contract changes under the charge before any process has read it.
    till.rows.run(
        f"UPDATE platform.operator_accounts SET {wrong} WHERE id = :id", id=till.operator_account
    )

    replies = [till.submit(charge_id).status, till.settle(charge_id).status]

    assert replies == [503, 204]
    assert till.charge(charge_id) == before
    assert till.rows.of("provider_attempts") == []
    assert till.operator.seen == []


def test_while_orange_opens_nothing_new_charges_are_refused(
    till: OrangeTill, create_charge: Door, read_payments: Door
) -> None:
    """Five openings in a row without an answer: nobody is asked, and merchants are told."""
    waiting = [till.create() for _ in range(6)]
    till.opening = answer(503)
    replies = [till.submit(each).status for each in waiting]
    till.opening = None

    key, payer = till.account.secret_key, {"type": "mobile_money", "phone": "690000001"}
    order = {"amount": 1500, "currency": "xaf", "payment_method": payer}
    refused = create_charge.post("/v1/charges", order, key=key)
    till.forget_breakers()
    mtn, orange = read_payments.get("/v1/operators", key=key).json["data"]

    assert replies == [503] * 6
    assert till.steps() == ["init"] * 5
    assert (refused.status, refused.error["code"]) == (503, "operator_unavailable")
    assert (mtn["charges"]["status"], orange["charges"]["status"]) == ("available", "unavailable")
    let_try(till)
    assert till.submit(waiting[0]).status == 204
    assert till.charge(waiting[0])["status"] == "awaiting_payer"


def test_while_orange_takes_no_requests_nothing_is_opened(till: OrangeTill) -> None:
    """Its openings are answered all the same: what is opened would only grow old."""
    till.asking = answer(503)
    silent = [till.create() for _ in range(5)]
    waiting = till.create()
    assert [till.submit(each).status for each in silent] == [204] * 5

    assert [till.submit(waiting).status for _ in range(2)] == [503, 503]

    assert till.steps() == ["init", "pay"] * 5
    (attempt,) = till.rows.of("provider_attempts", "charge_id = :id", id=waiting)
    assert (attempt["status"], attempt["operator_reference"]) == ("not_sent", None)
    till.asking = None
    let_try(till)
    assert till.submit(waiting).status == 204
    assert till.charge(waiting)["status"] == "awaiting_payer"


def test_what_the_gate_refused_is_read_and_not_sent_anew(till: OrangeTill) -> None:
    """Orange may have taken it all the same: under another payToken it would be taken twice."""
    till.asking = fault(401)
    charge_id = till.create()

    assert till.submit(charge_id).status == 204

    silent = attempt_of(till)
    till.asking = None
    assert [till.submit(charge_id).status, till.settle(charge_id).status] == [204, 204]
    assert silent["status"] == "silent"
    assert attempt_of(till)["operator_reference"] == silent["operator_reference"]
    assert till.steps() == ["init", "pay", "pay", "paymentstatus"]
    assert till.charge(charge_id)["status"] == "succeeded"


def test_wrong_credentials_open_and_close_no_breaker(till: OrangeTill) -> None:
    """Ours, or a merchant's own: the trial that meets them leaves it as it was."""
    till.opening = answer(503)
    waiting = [till.create() for _ in range(6)]
    for each in waiting[:5]:
        till.submit(each)
    let_try(till)
    till.opening = fault(401)

    assert till.submit(waiting[5]).status == 503

    (breaker,) = till.rows.run(
        "SELECT operation, opened_at IS NULL, failed_in_row FROM platform.breakers"
        " WHERE host = :host AND operation = 'open_payment'",
        host=till.host,
    )
    assert breaker == ["open_payment", False, 5]
