"""Charges while their operator does not answer, at each function's own door."""

from tests.database import MakeAccount
from tests.functions.door import Door
from tests.functions.till import Till
from tests.scripted_server import answer

FAILURES = 5
ONCE = {"Idempotency-Key": "order-1"}
ORDER = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
}


def shut_off(till: Till) -> None:
    """Have the operator's gateway answer in its place, as often as it takes."""
    till.request = answer(502, "<html>Bad gateway</html>")
    for charge_id in [till.create() for _ in range(FAILURES)]:
        assert till.submit(charge_id).status == 204
    till.request = answer(202)


def moved(till: Till, column: str, seconds: int) -> None:
    """Move a time of this operator's breakers; the copy that a process keeps grows old."""
    till.rows.run(
        f"UPDATE platform.breakers SET {column} = {column} + make_interval(secs => :seconds)"
        " WHERE host = :host",
        seconds=seconds,
        host=till.host,
    )
    till.forget_breakers()


def test_a_new_charge_is_refused_and_its_key_stays_free(till: Till, create_charge: Door) -> None:
    """The merchant is told when to try; nothing is stored; the same key works later."""
    shut_off(till)
    before = till.rows.snapshot()
    key = till.account.secret_key

    refused = create_charge.post("/v1/charges", ORDER, key=key, headers=ONCE)
    after = till.rows.snapshot()
    moved(till, "next_trial_at", -60)
    taken = create_charge.post("/v1/charges", ORDER, key=key, headers=ONCE)

    assert (refused.status, refused.json["error"]["code"]) == (503, "operator_unavailable")
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert refused.headers["Stripe-Should-Retry"] == "false"
    assert after == before
    assert taken.status == 200


def test_an_answer_given_before_is_given_again(till: Till, create_charge: Door) -> None:
    """Whoever repeats a request is told of its charge, whatever the operator does now."""
    key = till.account.secret_key
    first = create_charge.post("/v1/charges", ORDER, key=key, headers=ONCE)
    shut_off(till)

    again = create_charge.post("/v1/charges", ORDER, key=key, headers=ONCE)

    assert (again.status, again.content) == (200, first.content)


def test_a_charge_that_was_taken_waits_unsent(till: Till) -> None:
    """It goes to the broker again, proven unsent, and is sent by the trial that closes it."""
    waiting = till.create()
    shut_off(till)
    asked = len(till.sent)

    assert till.submit(waiting).status == 503
    assert till.rows.of("provider_attempts", "charge_id = :id", id=waiting)[0]["status"] == (
        "not_sent"
    )
    assert len(till.sent) == asked
    moved(till, "next_trial_at", -60)
    assert till.submit(waiting).status == 204

    assert till.charge(waiting)["status"] == "awaiting_payer"
    assert till.create()


def test_what_was_sent_is_settled_meanwhile(till: Till) -> None:
    """Reads have a breaker of their own."""
    sent = till.create()
    till.submit(sent)
    shut_off(till)

    assert till.settle(sent).status == 204

    assert till.charge(sent)["status"] == "succeeded"


def test_reads_without_answer_leave_the_operator_alone(till: Till) -> None:
    """Five in a row shut reads off; the charge keeps its next check, and is settled by a trial."""
    sent = till.create()
    till.submit(sent)
    till.read = answer(503)
    for _ in range(FAILURES):
        till.settle(sent)
    seen = len(till.operator.seen)

    assert till.settle(sent).status == 204
    assert len(till.operator.seen) == seen
    (due,) = till.rows.platform("due_work", "object_id = :id", id=sent)
    assert due["done_at"] is None
    till.read = None
    moved(till, "next_trial_at", -60)
    till.settle(sent)

    assert till.charge(sent)["status"] == "succeeded"


def test_merchants_see_what_takes_payments(
    till: Till, read_payments: Door, make_account: MakeAccount
) -> None:
    """Each operator with its bounds; since when it does not answer; those not served are named."""
    key = till.account.secret_key
    well = read_payments.get("/v1/operators", key=key)
    shut_off(till)
    till.forget_breakers()

    ill = read_payments.get("/v1/operators", key=key)

    live = read_payments.get("/v1/operators", key=make_account(live=True).live_key)

    (mtn, orange), (mtn_then, orange_then) = well.json["data"], ill.json["data"]
    assert mtn["charges"] == {
        "status": "available", "unavailable_since": None, "minimum": 1, "maximum": 500_000,
    }  # fmt: skip
    assert orange == orange_then
    assert orange["charges"] == mtn["charges"]
    assert {each["charges"]["status"] for each in live.json["data"]} == {"not_served"}
    assert mtn_then["charges"]["status"] == "unavailable"
    assert mtn_then["charges"]["unavailable_since"] > 1_700_000_000
    assert mtn_then["confirmations"]["status"] == "available"
    assert read_payments.get("/v1/operators?limit=1", key=key).status == 400


def test_an_operator_that_is_not_there_counts(till: Till) -> None:
    """No connection is no answer, and the charge is proven unsent."""
    charge_id, host = till.create(), till.host
    till.operator.__exit__(None, None, None)

    assert till.submit(charge_id).status == 503

    [[failed]] = till.rows.run(
        "SELECT failed_in_row FROM platform.breakers WHERE host = :host", host=host
    )
    assert failed == 1
