"""A charge that is paid on Orange's page, at the doors of all its functions."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pg8000.native import Connection

from shared.operations.submit_charge import callback_token
from shared.runtime import wiring
from shared.runtime.sealing import Sealer
from tests.database import Account
from tests.functions.door import Door
from tests.functions.pushes import Issuer
from tests.functions.rows import Rows
from tests.functions.web_till import RETURN_URL, TXNID, WebTill, said
from tests.scripted_server import RESET, Play, answer


@pytest.fixture
def till(
    superuser: Connection, door: Callable[[str], Door], issuer: Issuer, account: Account
) -> Iterator[WebTill]:
    """A shop of the test's own."""
    rows = Rows(superuser, (account.test,))
    with WebTill(account, rows=rows, door=door, issuer=issuer) as ready:
        yield ready


def order_id(charge_id: str, number: int = 1) -> str:
    """Under what the page of an attempt is asked for."""
    return f"{charge_id.replace('_', '')}{number}"


def let_lease_end(till: WebTill) -> None:
    """Have whoever holds the charge be dead."""
    till.rows.run(
        f"UPDATE \"{till.account.test.schema}\".charges SET lease_until = now() - interval '1 s'"
    )


def test_a_payer_is_sent_to_the_page_that_was_made(till: WebTill, read_payments: Door) -> None:
    """The page is asked for once, shown by our address, and told of by an event."""
    charge_id = till.create(description="Café d'été")
    early = till.visit(charge_id)
    replies = [till.submit(charge_id).status for _ in range(3)]

    (asked,) = till.orders
    (attempt,) = till.attempts()
    token = callback_token(wiring.key_bytes("callback_token_key"), attempt["reference"])
    shown = read_payments.get(f"/v1/charges/{charge_id}", key=till.account.secret_key).json
    page = till.visit(charge_id)
    assert (early.status, replies) == (404, [204] * 3)
    assert asked["order_id"] == attempt["operator_reference"] == order_id(charge_id)
    assert len(asked["order_id"]) <= 30
    assert (asked["amount"], asked["currency"], asked["reference"]) == (1500, "XAF", "Cafe d ete")
    assert asked["return_url"] == asked["cancel_url"]
    assert asked["return_url"].endswith(f"/pay/{charge_id}/return")
    assert asked["notif_url"].endswith(f"/callbacks/orange/{token}")
    assert (shown["status"], shown["paid"]) == ("requires_action", False)
    assert shown["next_action"]["type"] == "redirect_to_url"
    assert shown["next_action"]["redirect_to_url"]["url"].endswith(f"/pay/{charge_id}")
    assert shown["next_action"]["redirect_to_url"]["return_url"] == RETURN_URL
    assert shown["payment_method_details"]["mobile_money"]["phone"] is None
    assert (page.status, page.headers["Location"]) == (
        302,
        f"{till.operator.url}/page/pay-{order_id(charge_id)}",
    )
    assert page.headers["Cache-Control"] == "no-store"
    events = [row["type"] for row in till.rows.of("events")]
    assert sorted(events) == ["charge.pending", "charge.requires_action"]


def test_a_payment_on_the_page_is_booked_once(till: WebTill, read_payments: Door) -> None:
    """Read with order, amount and payToken; booked on the page's own float, with a receipt."""
    charge_id = till.shown()
    till.pays(order_id(charge_id))

    assert till.settle(charge_id).status == 204
    settled = till.rows.snapshot()
    assert till.settle(charge_id).status == 204

    assert till.rows.snapshot() == settled
    first = order_id(charge_id)
    assert till.reads == [{"order_id": first, "amount": 1500, "pay_token": f"pay-{first}"}]
    assert till.balances() == {"pending": -1500, f"float:{till.operator_account}": 1500}
    shown = read_payments.get(f"/v1/charges/{charge_id}", key=till.account.secret_key).json
    assert (shown["status"], shown["next_action"]) == ("succeeded", None)
    assert shown["payment_method_details"]["mobile_money"]["operator_transaction_id"] == TXNID
    assert len(till.rows.of("receipts")) == 1


@pytest.mark.parametrize(
    ("word", "ends", "code"),
    [
        ("INITIATED", "requires_action", None),
        ("PENDING", "requires_action", None),
        ("ONGOING", "requires_action", None),
        ("FAILED", "failed", "operator_error"),
        ("EXPIRED", "expired", "expired"),
    ],
)
def test_only_oranges_word_ends_it(till: WebTill, word: str, ends: str, code: str | None) -> None:
    """Not our clock: what is not known to be final waits."""
    charge_id = till.shown()
    till.states[order_id(charge_id)] = {"status": word}

    assert till.settle(charge_id).status == 204

    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == (ends, code)
    assert till.balances() == {}


@pytest.mark.parametrize(
    "play",
    [RESET, answer(200, "<html>"), said(403, code=50), said(500, code=1), said(201, pay_token="x")],
    ids=["reset", "html", "used order", "500", "no address"],
)
def test_a_page_that_did_not_come_is_asked_for_anew(till: WebTill, play: Play) -> None:
    """Nobody saw it: the next order id, once; and the first one is never shown."""
    charge_id = till.create()
    till.making = [play]

    replies = [till.submit(charge_id).status for _ in range(3)]

    assert replies == [503, 204, 204]
    assert [each["order_id"] for each in till.orders] == [
        order_id(charge_id, 1),
        order_id(charge_id, 2),
    ]
    assert [row["status"] for row in till.attempts()] == ["not_shown", "accepted"]
    assert till.visit(charge_id).headers["Location"].endswith(order_id(charge_id, 2))
    till.pays(order_id(charge_id, 2))
    assert till.settle(charge_id).status == 204
    assert till.charge(charge_id)["status"] == "succeeded"


def test_a_refusal_ends_the_charge(till: WebTill) -> None:
    """Orange's own 400 says for good that something of ours is wrong, in its own word."""
    charge_id = till.create()
    till.making = [said(400, code=24, message="Invalid body field")]

    assert till.submit(charge_id).status == 204

    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == ("failed", "operator_misconfigured")
    assert till.visit(charge_id).status == 404


def test_a_sender_who_died_leaves_the_charge_to_the_next(till: WebTill) -> None:
    """While the lease lasts others wait; after it another page is made."""
    charge_id = till.create()
    message = till.message("charge-created", charge_id)
    till.rows.run(
        f"UPDATE \"{till.account.test.schema}\".charges SET status = 'submitting',"
        " lease_until = now() + interval '1 minute'"
    )
    waits = till.push("submit_charge", message).status
    let_lease_end(till)

    assert (waits, till.push("submit_charge", message).status) == (503, 204)
    assert till.charge(charge_id)["status"] == "requires_action"


def test_a_page_that_came_too_late_is_read_and_not_shown(till: WebTill) -> None:
    """Its maker lost the lease meanwhile. What was paid on it all the same is not lost."""
    charge_id = till.create()
    replies: list[int] = []

    def overtake() -> None:
        let_lease_end(till)
        replies.append(till.submit(charge_id).status)

    till.meanwhile = overtake
    replies.append(till.submit(charge_id).status)

    assert replies == [204, 204]
    assert [row["status"] for row in till.attempts()] == ["not_shown", "accepted"]
    assert till.visit(charge_id).headers["Location"].endswith(order_id(charge_id, 2))
    till.states[order_id(charge_id, 2)] = {"status": "EXPIRED"}
    till.pays(order_id(charge_id, 1))
    assert till.settle(charge_id).status == 204
    assert till.charge(charge_id)["status"] == "succeeded"


def test_two_paid_pages_are_for_a_person(till: WebTill) -> None:
    """Twice the money is not what was asked for: a case, and nothing is booked."""
    charge_id = till.shown()
    first = order_id(charge_id)
    (attempt,) = till.attempts()
    till.rows.run(
        f'INSERT INTO "{till.account.test.schema}".provider_attempts (id, charge_id, number,'
        " reference, operator_account_id, status, operator_reference, page_sealed, created_at)"
        " VALUES (:id, :charge, 99, :id, :opa, 'not_shown', :order, :sealed, now())",
        id="att_" + "2" * 24,
        charge=charge_id,
        opa=till.operator_account,
        order=order_id(charge_id, 99),
        sealed=_sealed_as(attempt, "att_" + "2" * 24),
    )
    till.pays(first)
    till.pays(order_id(charge_id, 99))

    assert till.settle(charge_id).status == 204

    assert till.charge(charge_id)["status"] == "requires_action"
    assert till.balances() == {}
    (case,) = till.rows.run("SELECT reason FROM platform.cases WHERE object_id = :id", id=charge_id)
    assert case == ["amount_or_currency_differs"]


def _sealed_as(attempt: dict[str, Any], row_id: str) -> str:
    sealer = Sealer(wiring.key_bytes("page_sealing_key"))
    return sealer.seal(sealer.open(attempt["page_sealed"], attempt["id"]), row_id)


@pytest.mark.parametrize(
    "told", [{"amount": 1}, {"amount": "1500.5"}, {"order_id": "another"}], ids=str
)
def test_a_success_of_something_else_books_nothing(till: WebTill, told: dict[str, Any]) -> None:
    """Another amount or order proves no payment of this charge."""
    charge_id = till.shown()
    till.pays(order_id(charge_id), **told)

    assert till.settle(charge_id).status == 204

    assert till.charge(charge_id)["status"] == "requires_action"
    assert till.balances() == {}


def test_the_page_of_a_final_charge_says_how_it_ended(till: WebTill) -> None:
    """In the reader's language, with the way back, and no script or frame."""
    charge_id = till.shown()
    till.pays(order_id(charge_id))
    till.settle(charge_id)

    french, english = (
        till.visit(charge_id, **{"Accept-Language": language}) for language in ("fr", "en")
    )

    assert (french.status, english.status) == (200, 200)
    assert b"Pay\xc3\xa9" in french.content
    assert b"Paid" in english.content
    assert RETURN_URL.partition("?")[0].encode() in english.content
    assert "default-src 'none'" in english.headers["Content-Security-Policy"]
    assert TXNID.encode() not in english.content


def test_the_way_back_is_the_merchants_own(till: WebTill) -> None:
    """Whatever became of the payment; ids that no payer was sent by are unknown."""
    charge_id = till.shown()

    back = till.visit(f"{charge_id}/return")

    assert (back.status, back.headers["Location"]) == (302, RETURN_URL)
    assert till.visit("ch_" + "2" * 24).status == 404
    assert till.visit("ch_" + "2" * 24 + "/return").status == 404


def test_a_callback_wakes_the_reader_and_is_not_believed(till: WebTill, door: Any) -> None:
    """By the token of the attempt in its path; what it says counts for nothing."""
    charge_id = till.shown()
    (attempt,) = till.attempts()
    token = callback_token(wiring.key_bytes("callback_token_key"), attempt["reference"])
    lie = {"status": "SUCCESS", "notif_token": f"notif-{order_id(charge_id)}", "txnid": "MP1"}

    reply = door("receive_callback").post(f"/callbacks/orange/{token}", lie)

    assert reply.status == 200
    assert till.charge(charge_id)["status"] == "requires_action"
    due = till.rows.run(
        "SELECT count(*) FROM platform.outbox WHERE topic = 'charge-check-due' AND object_id = :id",
        id=charge_id,
    )
    assert due == [[1]]


def test_keys_of_a_page_are_sealed_and_told_to_nobody(
    till: WebTill, logged: Any, read_payments: Door
) -> None:
    """No token stands in a row, a log line, an event or an answer."""
    charge_id = till.shown()
    till.settle(charge_id)
    answered = read_payments.get("/v1/events", key=till.account.secret_key).content.decode()

    written = json.dumps(till.rows.snapshot(), default=str) + logged.getvalue() + answered

    assert charge_id in written
    for secret in ("pay-ch", "notif-ch", "merchant-key", "client-secret", "bearer-t"):
        assert secret not in written


def test_a_charge_on_a_page_is_not_refunded(till: WebTill) -> None:
    """Nobody knows whose number to give it back to."""
    charge_id = till.shown()
    till.pays(order_id(charge_id))
    till.settle(charge_id)

    reply = till.ask_refund(charge_id)

    assert (reply.status, reply.error["code"]) == (400, "charge_without_number")


def test_what_was_never_shown_fails_when_its_time_is_over(till: WebTill) -> None:
    """By the reader too, without a read: nobody can have paid."""
    charge_id = till.create()
    till.making = [RESET]
    assert till.submit(charge_id).status == 503
    till.rows.run(f'UPDATE "{till.account.test.schema}".charges SET submit_before = now()')

    assert till.settle(charge_id).status == 204

    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == ("failed", "operator_unavailable")
    assert till.reads == []
    assert till.submit(charge_id).status == 204
    assert len(till.orders) == 1
