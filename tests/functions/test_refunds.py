"""A refund through the doors of create_refund, submit_payout and settle_payout, and its reads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pg8000.native import Connection

from shared.domain.events import REFUND_CREATED
from shared.domain.ids import is_id
from shared.operations.submit_charge import callback_token
from shared.runtime import wiring
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.functions.till import AMOUNT, Till
from tests.scripted_server import RESET, Play, ScriptedServer, Seen, answer

SEVERAL = 20


@pytest.fixture
def paid(till: Till) -> str:
    """A charge of 1 500 FCFA that was paid."""
    return till.paid_charge()


def test_a_refund_is_taken_and_held_at_once(till: Till, paid: str, read_payments: Door) -> None:
    """The answer is the pending refund; hold, count, event, check and message stand with it."""
    reply = till.ask_refund(paid, amount=600, reason="one came back", metadata={"line": "3"})

    refund = reply.json
    assert (reply.status, refund["status"], refund["amount"]) == (200, "pending", 600)
    assert is_id(refund["id"], "rf")
    assert (refund["charge"], refund["reason"]) == (paid, "one came back")
    assert refund["payment_method_details"]["mobile_money"]["phone"] == "+2376****01"
    assert till.charge(paid)["amount_refunded"] == 600
    assert till.balances() == {
        "pending": -900,
        "held": -600,
        f"float:{till.operator_account}": AMOUNT,
    }
    (due,) = till.rows.platform("due_work", "kind = 'payout_check'")
    (message,) = till.rows.platform("outbox", "topic = 'refund-created'")
    assert due["object_id"] == message["object_id"] == refund["id"]
    assert till.rows.of("events", "type = 'refund.pending'") != []
    balance = read_payments.get("/v1/balance", key=till.account.secret_key).json
    assert [balance[name][0]["amount"] for name in ("pending", "held")] == [900, 600]


def test_a_refund_goes_its_whole_way(
    till: Till, paid: str, kept: list[Seen], read_payments: Door
) -> None:
    """Kept, sent, read, booked and told: the charge shows it, nothing is held any more."""
    refund_id = till.refund(paid)

    assert till.submit_refund(refund_id).status == 204
    sent = till.stored_refund(refund_id)
    assert till.settle_refund(refund_id).status == 204

    (intent,), (asked,) = kept, till.paid_out
    assert intent.path.startswith(f"/receipts/intents/{till.account.id}/test/create_refund/{paid}/")
    assert (intent.method, intent.headers["if-none-match"]) == ("PUT", "*")
    assert intent.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert asked.headers["x-reference-id"].encode() in intent.body
    (attempt,) = till.rows.of("provider_attempts", "charge_id = :id", id=paid)
    assert attempt["reference"].encode() in asked.body
    assert sent["status"] == "in_transit"
    assert till.balances() == {
        f"float:{till.operator_account}": AMOUNT,
        f"float:{till.paying_account}": -AMOUNT,
    }
    shown = read_payments.get(f"/v1/refunds/{refund_id}", key=till.account.secret_key).json
    assert (shown["status"], shown["status_detail"]) == ("succeeded", "succeeded")
    charge = read_payments.get(f"/v1/charges/{paid}", key=till.account.secret_key).json
    assert (charge["refunded"], charge["amount_refunded"]) == (True, AMOUNT)
    told = {row["type"]: row["object_id"] for row in till.rows.of("events")}
    assert (told["refund.succeeded"], told["charge.refunded"]) == (refund_id, paid)
    (due,) = till.rows.platform("due_work", "kind = 'payout_check'")
    assert due["done_at"] is not None
    (index,) = till.rows.platform("payment_index", "kind = 'refund'")
    assert (index["state"], index["object_id"]) == ("succeeded", refund_id)


def test_repeats_change_nothing(till: Till, paid: str, kept: list[Seen]) -> None:
    """Messages that come again send nothing, book nothing and tell nothing."""
    refund_id = till.refund(paid)
    message = till.message(REFUND_CREATED, refund_id)

    replies = [till.push("submit_payout", message) for _ in range(3)]
    first = till.settle_refund(refund_id)
    settled = till.rows.snapshot()
    second = till.settle_refund(refund_id)

    assert {reply.status for reply in (*replies, first, second)} == {204}
    assert till.rows.snapshot() == settled
    assert (len(till.paid_out), len(kept)) == (1, 1)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("word", "code"),
    [
        ({"status": "FAILED", "reason": "PAYEE_NOT_FOUND"}, "payee_not_found"),
        ({"status": "FAILED", "reason": "NOT_ENOUGH_FUNDS"}, "float_insufficient"),
        ({"status": "FAILED", "reason": "EXPIRED"}, "operator_error"),
    ],
)
def test_what_fails_comes_back_in_full(
    till: Till, paid: str, word: dict[str, Any], code: str, read_payments: Door
) -> None:
    """The operator's own word of failure: nothing held, nothing refunded, told in words."""
    refund_id = till.refund(paid, amount=600)
    till.submit_refund(refund_id)
    till.payout_word = {"amount": "600", **word}

    assert till.settle_refund(refund_id).status == 204

    assert till.balances() == {"pending": -AMOUNT, f"float:{till.operator_account}": AMOUNT}
    assert till.charge(paid)["amount_refunded"] == 0
    shown = read_payments.get(f"/v1/refunds/{refund_id}", key=till.account.secret_key).json
    assert (shown["status"], shown["failure_code"]) == ("failed", code)
    assert shown["failure_message"]
    assert till.ask_refund(paid, amount=AMOUNT).status == 200


@pytest.mark.usefixtures("kept")
def test_a_refusal_at_the_gate_comes_back_in_full(till: Till, paid: str) -> None:
    """A definite refusal ends it before anything is read."""
    till.payout = answer(400, '{"code": "PAYEE_NOT_FOUND"}')
    refund_id = till.refund(paid)

    assert till.submit_refund(refund_id).status == 204

    assert till.stored_refund(refund_id)["status"] == "failed"
    assert till.balances() == {"pending": -AMOUNT, f"float:{till.operator_account}": AMOUNT}


@pytest.mark.usefixtures("kept")
def test_silence_is_kept_until_the_operator_speaks(till: Till, paid: str) -> None:
    """Broken off after sending: unknown, held, sent to nobody again, settled by a read."""
    till.payout = RESET
    refund_id = till.refund(paid)

    first, again = till.submit_refund(refund_id), till.submit_refund(refund_id)

    assert (first.status, again.status) == (204, 204)
    assert till.stored_refund(refund_id)["status"] == "unknown"
    assert len(till.paid_out) == 1
    till.payout_read = answer(404, '{"code": "RESOURCE_NOT_FOUND"}')
    till.settle_refund(refund_id)
    assert till.balances()["held"] == -AMOUNT
    till.payout_read = None
    till.settle_refund(refund_id)
    assert till.stored_refund(refund_id)["status"] == "succeeded"


def test_without_the_store_nothing_goes_out(
    till: Till, paid: str, object_store: ScriptedServer
) -> None:
    """An object store that forbids: asked for again, nothing sent; once it takes, it is sent."""
    refund_id = till.refund(paid)
    forbidding = object_store.script

    assert till.submit_refund(refund_id).status == 503
    assert (till.stored_refund(refund_id)["status"], till.paid_out) == ("created", [])
    object_store.script = lambda _: answer(200, extra='x-amz-version-id: v1\r\nETag: "e"\r\n')
    try:
        assert till.submit_refund(refund_id).status == 204
    finally:
        object_store.script = forbidding

    assert len(till.paid_out) == 1


def test_another_intent_in_its_place_stops_it(
    till: Till, paid: str, object_store: ScriptedServer
) -> None:
    """Something else lies where this intent belongs: nothing is sent, a person is told."""
    refund_id, forbidding = till.refund(paid), object_store.script
    object_store.script = lambda seen: (
        answer(412, "<Error><Code>PreconditionFailed</Code></Error>")
        if seen.method == "PUT"
        else answer(200, "another intent", extra='x-amz-version-id: v0\r\nETag: "e"\r\n')
    )
    try:
        assert till.submit_refund(refund_id).status == 204
    finally:
        object_store.script = forbidding

    (case,) = till.rows.platform("cases")
    assert (case["object_id"], case["reason"]) == (refund_id, "intent_differs")
    assert till.paid_out == []
    assert till.stored_refund(refund_id)["stopped_at"] is not None
    assert till.submit_refund(refund_id).status == 204
    assert till.paid_out == []


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


def _put_back(till: Till, refund_id: str) -> None:
    """The merchant's schema as it was before the refund was sent."""
    schema = till.account.test.schema
    till.rows.run(f'DELETE FROM "{schema}".provider_attempts WHERE charge_id = :id', id=refund_id)
    till.rows.run(
        f"UPDATE \"{schema}\".refunds SET status = 'created', journaled_at = NULL,"
        " lease_until = NULL, claimed_at = NULL"
    )


def test_a_restore_does_not_pay_twice(
    till: Till, paid: str, lasting: dict[str, bytes], read_payments: Door
) -> None:
    """Rows that forgot their sending: the intent is found, the operator is asked, it was paid."""
    refund_id = till.refund(paid)
    assert till.submit_refund(refund_id).status == 204
    _put_back(till, refund_id)

    again, settled = till.submit_refund(refund_id), till.settle_refund(refund_id)

    assert (again.status, settled.status) == (204, 204)
    assert (len(till.paid_out), len(lasting)) == (1, 1)
    shown = read_payments.get(f"/v1/refunds/{refund_id}", key=till.account.secret_key).json
    assert shown["status"] == "succeeded"
    assert till.balances() == {
        f"float:{till.operator_account}": AMOUNT,
        f"float:{till.paying_account}": -AMOUNT,
    }


@pytest.mark.usefixtures("lasting")
def test_a_restore_to_the_day_before_gives_back_nothing_that_was_paid(
    till: Till, paid: str
) -> None:
    """Unsent by its rows, out of time, and paid at the operator: it stays held, for a person."""
    refund_id = till.refund(paid)
    assert till.submit_refund(refund_id).status == 204
    _put_back(till, refund_id)
    till.rows.run(f'UPDATE "{till.account.test.schema}".refunds SET submit_before = now()')

    replies = [till.submit_refund(refund_id), till.settle_refund(refund_id)]

    assert [reply.status for reply in replies] == [204, 204]
    assert len(till.paid_out) == 1
    assert till.balances()["held"] == -AMOUNT
    assert till.charge(paid)["amount_refunded"] == AMOUNT
    (case,) = till.rows.platform("cases")
    assert (case["object_id"], case["reason"]) == (refund_id, "sent_and_forgotten")


def test_a_sender_that_died_after_keeping_is_made_good(
    till: Till, paid: str, lasting: dict[str, bytes]
) -> None:
    """Kept, never claimed, and unknown to the operator: it is sent, once."""
    refund_id = till.refund(paid)
    till.submit_refund(refund_id)
    (place,) = lasting
    till.operator.seen.clear()
    _put_back(till, refund_id)
    till.payout_read = answer(404, '{"code": "RESOURCE_NOT_FOUND"}')

    assert till.submit_refund(refund_id).status == 204

    assert (len(till.paid_out), [*lasting]) == (1, [place])
    assert till.stored_refund(refund_id)["status"] == "in_transit"


def test_a_key_makes_one_refund_for_ever(till: Till, paid: str) -> None:
    """The same answer however old the key is, with another body none, and nothing new."""
    first = till.ask_refund(paid, idempotency="for-ever", amount=100)
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".idempotency_keys'
        " SET created_at = now() - interval '5 years' WHERE key = 'for-ever'"
    )

    again = till.ask_refund(paid, idempotency="for-ever", amount=100)
    other = till.ask_refund(paid, idempotency="for-ever", amount=200)

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.error["code"]) == (400, "idempotency_key_reused")
    assert len(till.rows.of("refunds")) == 1


def test_a_key_is_demanded(till: Till, paid: str, create_refund: Door) -> None:
    """Without one nothing is stored."""
    before = till.rows.snapshot()

    reply = create_refund.post("/v1/refunds", {"charge": paid}, key=till.account.secret_key)

    assert (reply.status, reply.error["code"]) == (400, "idempotency_key_missing")
    assert till.rows.snapshot() == before


def test_many_at_once_never_come_to_more_than_was_paid(till: Till, paid: str) -> None:
    """Twenty wishes for a fifth each: five are taken, the others are told what is left."""
    with ThreadPoolExecutor(SEVERAL) as crowd:
        replies = list(
            crowd.map(lambda _: till.ask_refund(paid, amount=AMOUNT // 5), range(SEVERAL))
        )
        while any(reply.status == 503 for reply in replies):
            missing = [reply for reply in replies if reply.status == 503]
            replies = [reply for reply in replies if reply.status != 503]
            replies += crowd.map(lambda _: till.ask_refund(paid, amount=AMOUNT // 5), missing)

    taken = [reply for reply in replies if reply.status == 200]
    codes = {reply.error["code"] for reply in replies if reply.status == 400}
    assert (len(taken), codes) == (5, {"charge_not_refundable"})
    assert till.charge(paid)["amount_refunded"] == AMOUNT
    assert till.balances() == {"held": -AMOUNT, f"float:{till.operator_account}": AMOUNT}


def test_one_key_many_times_at_once_makes_one(till: Till, paid: str) -> None:
    """Whoever comes second is told to come again, or gets the first one's answer."""
    with ThreadPoolExecutor(SEVERAL) as crowd:
        replies = list(
            crowd.map(
                lambda _: till.ask_refund(paid, idempotency="at-once", amount=100), range(SEVERAL)
            )
        )

    assert {reply.status for reply in replies} <= {200, 409, 503}
    assert len({reply.content for reply in replies if reply.status == 200}) == 1
    assert len(till.rows.of("refunds")) == 1


def test_what_was_not_paid_is_not_given_back(till: Till) -> None:
    """A charge that is pending has nothing to refund."""
    reply = till.ask_refund(till.create())

    assert (reply.status, reply.error["code"]) == (400, "charge_not_refundable")
    assert till.rows.of("refunds") == []


def test_more_than_is_left_is_refused_with_what_is(till: Till, paid: str) -> None:
    """The limit stands in the words."""
    till.refund(paid, amount=1000)

    reply = till.ask_refund(paid, amount=501)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (
        400,
        "amount_too_large",
        "amount",
    )
    assert "500" in reply.error["message"]


@pytest.mark.usefixtures("kept")
def test_a_callback_of_a_refund_wakes_its_reader(
    till: Till, paid: str, door: Callable[[str], Door]
) -> None:
    """The path that the operator was given asks for a check of the refund, of nothing else."""
    refund_id = till.refund(paid)
    till.submit_refund(refund_id)
    (attempt,) = till.rows.of("provider_attempts", "charge_id = :id", id=refund_id)
    token = callback_token(wiring.key_bytes("callback_token_key"), attempt["reference"])
    path = f"/callbacks/mtn/{token}"

    reply = door("receive_callback").post(path, {"status": "SUCCESSFUL"})

    assert reply.status == 200
    assert till.paid_out[0].headers["x-callback-url"].endswith(path)
    (woken,) = till.rows.platform("outbox", "topic = 'payout-check-due'")
    assert woken["object_id"] == refund_id
    assert till.rows.platform("outbox", "topic = 'charge-check-due'") == []
    assert till.stored_refund(refund_id)["status"] == "in_transit"


def test_refunds_are_listed_newest_first_and_by_charge(
    till: Till, paid: str, read_payments: Door
) -> None:
    """Filters by charge and by public word; what is no refund is missing."""
    key = till.account.secret_key
    other = till.paid_charge()
    ids = [till.refund(paid, amount=100), till.refund(other, amount=100)]
    ids.append(till.refund(paid, amount=200))

    def listed(query: str) -> list[str]:
        return [row["id"] for row in read_payments.get(f"/v1/refunds{query}", key=key).json["data"]]

    assert listed("") == ids[::-1]
    assert listed(f"?charge={paid}") == [ids[2], ids[0]]
    assert listed(f"?starting_after={ids[2]}&limit=1") == [ids[1]]
    assert (listed("?status=pending"), listed("?status=failed")) == (ids[::-1], [])
    assert read_payments.get("/v1/refunds?status=odd", key=key).status == 400
    assert read_payments.get(f"/v1/refunds/rf_{'2' * 24}", key=key).status == 404


@pytest.mark.usefixtures("kept")
def test_the_receipt_s_page_shows_what_has_gone_back(
    till: Till, paid: str, door: Callable[[str], Door]
) -> None:
    """Not what is on its way: whoever holds the receipt is told the operator's word."""
    (receipt,) = till.rows.of("receipts", "charge_id = :id", id=paid)
    refund_id = till.refund(paid, amount=600)

    def page() -> str:
        reply = door("verify_receipt").get(
            f"/verify/{receipt['code']}", headers={"Accept-Language": "en"}
        )
        return reply.content.decode()

    before = page()
    till.submit_refund(refund_id)
    till.payout_word = {"amount": "600"}
    till.settle_refund(refund_id)

    assert "Amount refunded" not in before
    assert "Amount refunded" in page()


def test_an_emptied_test_mode_forgets_refunds(
    till: Till,
    paid: str,
    kept: list[Seen],
    *,
    superuser: Connection,
    realm: Realm,
    door: Callable[[str], Door],
) -> None:
    """Nothing of them is left or sent; the same key serves again, in another place of the journal.

    What was kept before stays under its lock for a day.
    """
    old = till.ask_refund(paid, idempotency="again").json["id"]
    till.submit_refund(old)
    owner = realm.token(Team(superuser).join(till.account.id, "owner"))
    where = {"Pay-Account": till.account.id, "Pay-Mode": "test"}
    emptied = door("provision_account").post(
        "/v1/account/delete_test_data", key=owner, headers=where
    )
    before = till.rows.snapshot()
    replies = [till.submit_refund(old), till.settle_refund(old)]
    unchanged = till.rows.snapshot() == before
    new = till.ask_refund(till.paid_charge(), idempotency="again").json["id"]

    assert [emptied.status, *(reply.status for reply in replies)] == [200, 204, 204]
    assert unchanged
    assert till.submit_refund(new).status == 204
    assert len({seen.path.partition("?")[0] for seen in kept}) == 2
    assert till.stored_refund(new)["status"] == "in_transit"


def test_no_log_names_who_is_paid(till: Till, paid: str, kept: list[Seen], logged: Any) -> None:
    """Neither the number nor the idempotency key stands in a log line."""
    refund_id = till.ask_refund(paid, idempotency="to-237670000001").json["id"]
    till.submit_refund(refund_id)
    till.settle_refund(refund_id)

    assert kept
    assert "670000001" not in logged.getvalue()


def test_whose_wallet_collected_pays_it_back(till: Till, paid: str) -> None:
    """The platform's wallet gives nothing back that a merchant collected in her own."""
    till.rows.run("DELETE FROM platform.operator_accounts WHERE id = :id", id=till.paying_account)

    reply = till.ask_refund(paid)

    assert (reply.status, reply.json["error"]["code"]) == (503, "operator_unavailable")
    assert till.rows.of("refunds") == []
