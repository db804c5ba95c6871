"""Requests and pushes that meet: real threads behind a barrier, at the doors, on one database."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any, Final, Self, TypeVar

import pytest

from shared.domain.events import CHARGE_CHECK_DUE
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.till import AMOUNT, PAYER, Till
from tests.scripted_server import RESET, Play, Seen, answer
from tests.trials import Trial

PATH: Final = "/v1/charges"
T = TypeVar("T")


class Crowd:
    """Threads that begin at the same moment."""

    def __init__(self, size: int) -> None:
        self._threads = ThreadPoolExecutor(size)
        self._barrier = Barrier(size)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()

    def at_once(self, acts: Sequence[Callable[[], T]]) -> list[T]:
        """Do one act per thread; what each returned, in their order."""

        def after_all_are_here(act: Callable[[], T]) -> T:
            self._barrier.wait(10)
            return act()

        return list(self._threads.map(after_all_are_here, acts))


@pytest.fixture
def order(create_charge: Door, account: Account) -> Callable[..., Reply]:
    """POST a charge; who is told to wait asks again, as clients do."""

    def send(amount: int = AMOUNT, key: str | None = None, **changes: Any) -> Reply:
        method = {"type": "mobile_money", "phone": f"+{PAYER}"}
        body = {"amount": amount, "currency": "xaf", "payment_method": method} | changes
        headers = {} if key is None else {"Idempotency-Key": key}
        while True:
            reply = create_charge.post(PATH, body, key=account.secret_key, headers=headers)
            if reply.status != 409:
                return reply

    return send


def test_a_storm_of_equal_keys_makes_one_charge_each(
    order: Callable[..., Reply], till: Till, trial: Trial
) -> None:
    """E03: one charge per key, the same bytes for its body, a refusal for any other body."""
    keys, width = trial.size(8, 2_000), trial.size(25, 50)
    wrong = replayed = refused = 0
    with Crowd(width) as crowd:
        for number in range(keys):
            amounts = [AMOUNT] * width
            amounts[trial.chance.randrange(width)] = AMOUNT + 1
            replies = crowd.at_once([partial(order, amount, f"k{number}") for amount in amounts])
            firsts = [
                r for r in replies if r.status == 200 and "Idempotent-Replayed" not in r.headers
            ]
            won = firsts[0] if len(firsts) == 1 else None
            for amount, reply in zip(amounts, replies, strict=True):
                if won is not None and amount == won.json["amount"]:
                    is_right = (reply.status, reply.content) == (200, won.content)
                    replayed += reply is not won
                else:
                    is_right = reply.status == 400
                    is_right = is_right and reply.error["code"] == "idempotency_key_reused"
                    refused += 1
                wrong += not is_right
    stored = till.rows.run(f'SELECT count(*) FROM "{till.account.test.schema}".charges')
    kept = till.rows.of("idempotency_keys")

    assert (stored, len(kept)) == ([[keys]], keys)
    trial.record(
        "E03 idempotency storm",
        keys * width,
        wrong=wrong,
        keys=keys,
        replayed=replayed,
        refused_bodies=refused,
    )


def test_a_reference_is_given_to_one_of_many(
    order: Callable[..., Reply], till: Till, trial: Trial
) -> None:
    """E02: of orders with the same reference that come at once, one is taken."""
    references, width, wrong = trial.size(10, 500), 10, 0
    with Crowd(width) as crowd:
        for number in range(references):
            replies = crowd.at_once([partial(order, reference=f"order-{number}")] * width)
            codes = sorted("taken" if r.status == 200 else r.error["code"] for r in replies)
            wrong += codes != ["reference_in_use"] * (width - 1) + ["taken"]

    assert len(till.rows.of("charges")) == references
    trial.record("E02 one reference, ten orders", references * width, wrong=wrong)


def test_a_charge_is_taken_back_or_sent_and_never_both(
    till: Till, create_charge: Door, trial: Trial
) -> None:
    """E02: cancel and submit at the same moment have one winner, and the loser did nothing."""
    rounds, wrong, canceled = trial.size(20, 2_000), 0, 0
    with Crowd(2) as crowd:
        for _ in range(rounds):
            charge_id = till.create()
            cancel = partial(
                create_charge.post, f"{PATH}/{charge_id}/cancel", key=till.account.secret_key
            )
            before = len(till.sent)
            reply, pushed = crowd.at_once([cancel, partial(till.submit, charge_id)])
            sent = len(till.sent) - before
            status = till.charge(charge_id)["status"]
            seen = (reply.status, pushed.status, sent, status)
            wrong += seen not in {(200, 204, 0, "canceled"), (400, 204, 1, "awaiting_payer")}
            canceled += status == "canceled"
    trial.record("E02 cancel against submit", rounds, wrong=wrong, canceled=canceled)


def _is_settled_once(till: Till, charge_id: str) -> bool:
    """Whether charge, ledger, receipt, event, message and history tell of one success."""
    charge = till.charge(charge_id)
    booked = till.rows.of("ledger_transactions", "object_id = :id", id=charge_id)
    events = [row["type"] for row in till.rows.of("events", "object_id = :id", id=charge_id)]
    ends = till.rows.of(
        "state_changes", "object_id = :id AND to_status = 'succeeded'", id=charge_id
    )
    finals = till.rows.platform(
        "outbox", "topic = 'payment-final' AND object_id = :id", id=charge_id
    )
    receipts = till.rows.of("receipts", "charge_id = :id", id=charge_id)
    checks = "kind = 'payment_check' AND object_id = :id"
    (due,) = till.rows.platform("due_work", checks, id=charge_id)
    return (
        charge["status"] == "succeeded"
        and [row["id"] for row in booked] == [charge["balance_transaction"]]
        and sorted(events) == ["charge.pending", "charge.succeeded"]
        and len(ends) == len(finals) == len(receipts) == 1
        and due["done_at"] is not None
    )


def test_of_many_settlers_one_settles(till: Till, trial: Trial) -> None:
    """Repeats of one message and different ones at once: one posting, one event, one receipt."""
    rounds, width, wrong = trial.size(10, 1_000), 6, 0
    with Crowd(width) as crowd:
        for _ in range(rounds):
            charge_id = till.create()
            till.submit(charge_id)
            again = till.message(CHARGE_CHECK_DUE, charge_id)
            acts = [partial(till.push, "settle_charge", again)] * (width // 2)
            acts += [partial(till.settle, charge_id)] * (width - len(acts))
            replies = crowd.at_once(acts)
            is_right = {reply.status for reply in replies} <= {204, 503}
            wrong += not (is_right and _is_settled_once(till, charge_id))
    booked = sum(row["amount"] for row in till.rows.of("postings", "code = 'pending'"))

    assert booked == -AMOUNT * rounds
    trial.record("six settlers of one charge", rounds * width, wrong=wrong, charges=rounds)


@pytest.fixture
def while_sending(till: Till) -> Iterator[list[Callable[[Seen], object]]]:
    """What happens between the operator's taking a payment and our hearing of it."""
    acts: list[Callable[[Seen], object]] = []
    script = till.operator.script

    def play(seen: Seen) -> Play:
        if seen.method == "POST" and "token" not in seen.path:
            for act in acts:
                act(seen)
        return script(seen)

    till.operator.script = play
    yield acts
    till.operator.script = script


LATE_WORDS: Final = {
    "accepted": answer(202),
    "unknown": answer(500, "<html></html>"),
    "refused": answer(500, '{"code": "PAYER_NOT_FOUND"}'),
    "cut off": RESET,
}


@pytest.mark.parametrize("word", LATE_WORDS)
def test_a_callback_may_come_before_the_answer_to_the_request(
    till: Till,
    door: Callable[[str], Door],
    while_sending: list[Callable[[Seen], object]],
    word: str,
) -> None:
    """Settled while its sender waits, a charge stays settled whatever the sender hears then."""
    till.request = LATE_WORDS[word]
    charge_id = till.create()
    inner: list[int] = []

    def call_back(seen: Seen) -> None:
        address = seen.headers["x-callback-url"]
        path = address[address.index("/callbacks/") :]
        inner.append(door("receive_callback").post(path, b"{}").status)
        inner.append(till.settle(charge_id).status)

    while_sending.append(call_back)

    assert till.submit(charge_id).status == 204

    assert inner == [200, 204]
    assert _is_settled_once(till, charge_id)
    assert till.submit(charge_id).status == till.settle(charge_id).status == 204
    assert len(till.sent) == 1
    assert _is_settled_once(till, charge_id)


def test_the_payer_may_be_seen_waiting_before_the_answer(
    till: Till, while_sending: list[Callable[[Seen], object]]
) -> None:
    """A read that finds the payment pending wins; the sender's own record then changes nothing."""
    till.word = {"status": "PENDING", "financialTransactionId": None}
    charge_id = till.create()
    while_sending.append(lambda _: till.settle(charge_id))

    assert till.submit(charge_id).status == 204

    assert till.charge(charge_id)["status"] == "awaiting_payer"
    till.word = {}
    assert till.settle(charge_id).status == 204
    assert _is_settled_once(till, charge_id)


def test_a_settler_and_the_senders_record_meet(
    till: Till, while_sending: list[Callable[[Seen], object]], trial: Trial
) -> None:
    """Whichever commits first, the charge is settled once and was sent once."""
    rounds, wrong, first = trial.size(20, 2_000), 0, 0
    arrived = Barrier(2)
    while_sending.append(lambda _: arrived.wait(10))

    def settle(charge_id: str) -> Reply:
        arrived.wait(10)
        return till.settle(charge_id)

    with Crowd(2) as crowd:
        for _ in range(rounds):
            charge_id = till.create()
            crowd.at_once([partial(till.submit, charge_id), partial(settle, charge_id)])
            till.settle(charge_id)
            wrong += not _is_settled_once(till, charge_id)
            moves = till.rows.of("state_changes", "object_id = :id", id=charge_id)
            first += "accepted" not in {row["cause"] for row in moves}

    assert len(till.sent) == rounds
    trial.record("settler against sender's record", rounds, wrong=wrong, settler_first=first)


def test_a_message_that_comes_again_beside_itself_sends_once(
    till: Till, door: Callable[[str], Door], issuer: Issuer, trial: Trial
) -> None:
    """The same push twice at the same moment: one attempt, one request to the operator."""
    rounds, wrong = trial.size(20, 2_000), 0
    with Crowd(2) as crowd:
        for _ in range(rounds):
            charge_id = till.create()
            push = partial(
                door("submit_charge").post,
                "/",
                push_body(till.message("charge-created", charge_id)),
                headers=issuer.headers("submit_charge"),
            )
            replies = crowd.at_once([push, push])
            attempts = till.rows.of("provider_attempts", "charge_id = :id", id=charge_id)
            wrong += [r.status for r in replies] != [204, 204] or len(attempts) != 1

    assert len(till.sent) == rounds
    trial.record("one push twice at once", rounds * 2, wrong=wrong)
