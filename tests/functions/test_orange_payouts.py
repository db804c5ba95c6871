"""Money out to an Orange wallet at the doors of all its functions: payouts, and refunds."""

import json
from collections.abc import Callable, Iterator

import pytest
from pg8000.native import Connection

from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.orange_till import PAYER, OrangeTill
from tests.functions.pushes import Issuer
from tests.functions.rows import Rows
from tests.functions.till import AMOUNT
from tests.scripted_orange import said
from tests.scripted_server import RESET, Play, ScriptedServer, Seen, answer

TO = {"type": "mobile_money", "phone": f"+{PAYER}"}


@pytest.fixture
def till(
    superuser: Connection, door: Callable[[str], Door], issuer: Issuer, account: Account
) -> Iterator[OrangeTill]:
    """A shop of the test's own, with something to pay out."""
    rows = Rows(superuser, (account.test,))
    with OrangeTill(account, rows=rows, door=door, issuer=issuer) as ready:
        ready.fund()
        yield ready


@pytest.fixture
def lasting(object_store: ScriptedServer) -> Iterator[dict[str, bytes]]:
    """Let the object store keep what it was given first, and give it back; what it keeps."""
    forbidding, objects = object_store.script, dict[str, bytes]()
    head = 'x-amz-version-id: v1\r\nETag: "e"\r\n'

    def keep(seen: Seen) -> Play:
        place = seen.path.partition("?")[0]
        if seen.method == "GET":
            there = objects.get(place)
            return answer(404) if there is None else answer(200, there.decode(), extra=head)
        if place in objects:
            return answer(412, "<Error><Code>PreconditionFailed</Code></Error>")
        objects[place] = seen.body
        return answer(200, extra=head)

    object_store.script = keep
    yield objects
    object_store.script = forbidding


def _put_back(till: OrangeTill, payout_id: str) -> None:
    """The merchant's schema as it was before the payout was sent."""
    schema = till.account.test.schema
    till.rows.run(f'DELETE FROM "{schema}".provider_attempts WHERE charge_id = :id', id=payout_id)
    till.rows.run(
        f"UPDATE \"{schema}\".payouts SET status = 'created', journaled_at = NULL,"
        " lease_until = NULL, claimed_at = NULL"
    )


def test_a_payout_goes_its_whole_way(till: OrangeTill, lasting: dict[str, bytes]) -> None:
    """The payToken is kept and committed, then money goes out under it, once; booked by a read."""
    payout_id = till.payout_made(destination=TO)

    replies = [till.submit_payout(payout_id) for _ in range(2)]
    settled = till.settle_payout(payout_id)

    assert [reply.status for reply in (*replies, settled)] == [204] * 3
    (asked,) = till.cashed_in
    assert till.stored == [["sending"]]
    body = json.loads(asked.body)
    assert (body["subscriberMsisdn"], body["amount"]) == (PAYER[3:], str(AMOUNT))
    kept = [json.loads(each) for place, each in lasting.items() if "opened" in place]
    assert kept == [
        {"format": "opened.v1", "intent": payout_id, "operator_reference": body["payToken"]}
    ]
    assert till.stored_payout(payout_id)["status"] == "succeeded"
    assert till.balances() == {
        "available": -8500, f"float:{till.operator_account}": -AMOUNT
    }  # fmt: skip
    (index,) = till.rows.platform("payment_index", "kind = 'payout'")
    assert index["operator_reference"] == body["payToken"]


def test_a_refund_goes_back_by_a_cash_in(till: OrangeTill, lasting: dict[str, bytes]) -> None:
    """To the number that paid, out of the wallet that collected."""
    charge_id = till.paid_charge()
    refund_id = till.refund(charge_id)

    assert till.submit_refund(refund_id).status == 204
    assert till.settle_refund(refund_id).status == 204

    (asked,) = till.cashed_in
    assert json.loads(asked.body)["subscriberMsisdn"] == PAYER[3:]
    assert till.stored_refund(refund_id)["status"] == "succeeded"
    assert till.charge(charge_id)["amount_refunded"] == AMOUNT
    assert till.balances() == {"available": -10_000}
    assert len(lasting) == 2


@pytest.mark.usefixtures("lasting")
def test_silence_is_read_until_the_pay_token_ends(till: OrangeTill) -> None:
    """Known and not paid under: nothing moves. Lapsed: all is available again."""
    till.paying = RESET
    payout_id = till.payout_made(destination=TO)
    till.submit_payout(payout_id)
    till.cash_in = {"status": "INITIATED", "txnstatus": None, "amount": None}
    till.settle_payout(payout_id)
    unknown = till.stored_payout(payout_id)["status"]
    till.cash_in = {"status": "EXPIRED", "txnstatus": None, "amount": None}

    assert till.settle_payout(payout_id).status == 204

    assert unknown == "unknown"
    assert till.stored_payout(payout_id)["status"] == "failed"
    assert till.balances() == {"available": -10_000}
    assert len(till.cashed_in) == 1


@pytest.mark.usefixtures("lasting")
def test_a_restore_does_not_pay_twice(till: OrangeTill) -> None:
    """Rows that forgot their sending: another payToken is opened, the first is found and read."""
    payout_id = till.payout_made(destination=TO)
    till.submit_payout(payout_id)
    (first,) = till.cashed_in
    _put_back(till, payout_id)

    again, settled = till.submit_payout(payout_id), till.settle_payout(payout_id)

    assert (again.status, settled.status) == (204, 204)
    assert len(till.cashed_in) == 1
    (attempt,) = till.rows.of("provider_attempts")
    assert attempt["operator_reference"] == json.loads(first.body)["payToken"]
    assert till.stored_payout(payout_id)["status"] == "succeeded"


@pytest.mark.usefixtures("lasting")
def test_what_cannot_be_opened_goes_back_in_its_time(till: OrangeTill) -> None:
    """Asked again and again; a day later nobody can open it any more, and all is available."""
    till.opening = said(500, {})
    payout_id = till.payout_made(destination=TO)

    def submit() -> Reply:
        return till.submit_payout(payout_id)

    assert submit().status == 503
    till.rows.run(f'UPDATE "{till.account.test.schema}".payouts SET submit_before = now()')
    assert till.settle_payout(payout_id).status == 204
    assert till.stored_payout(payout_id)["status"] == "submitting"
    (woken, *_) = till.rows.platform("outbox", "topic = 'payout-ready' AND id <> ''")
    assert woken["object_id"] == payout_id
    assert submit().status == 204

    stored = till.stored_payout(payout_id)
    assert (stored["status"], stored["failure_code"]) == ("failed", "operator_unavailable")
    assert till.balances() == {"available": -10_000}
    assert till.cashed_in == []
