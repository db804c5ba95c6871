"""Promises of the gate before an operator: who gets in, what counts, and what it never costs."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.domain.breaker import CLOSED, Circuit, Guarded, Standing, Tally, is_failure
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain, Unavailable
from shared.domain.phone import Operator
from shared.domain.quota import SendLease
from shared.operations.gate import (
    BUSY,
    COPY_SECONDS,
    OPEN,
    PASS_SECONDS,
    Gate,
    GatedOpener,
    GatedReader,
    GatedRequester,
)
from shared.operations.ports import (
    Accepted,
    NotSent,
    Opened,
    PaymentRead,
    PaymentRequest,
    ReadState,
    Refused,
    Unknown,
)

REQUESTS = Circuit(Operator.MTN, "mtn.example", Guarded.REQUEST_PAYMENT)
READS = Circuit(Operator.MTN, "mtn.example", Guarded.READ_PAYMENT)
OPENINGS = Circuit(Operator.ORANGE, "orange.example", Guarded.OPEN_PAYMENT)
ORANGE_REQUESTS = replace(OPENINGS, operation=Guarded.REQUEST_PAYMENT)
OPENED = datetime(2026, 11, 29, tzinfo=UTC)


class Breaker:
    """The shared row in memory, which keeps what it was told."""

    def __init__(self) -> None:
        self.now = CLOSED
        self.then = CLOSED
        self.of: dict[Circuit, Standing] = {}
        self.has_trial = False
        self.is_away = False
        self.looked = 0
        self.noted: list[tuple[Tally, bool]] = []

    def standing(self, circuit: Circuit) -> Standing:
        self._reach()
        self.looked += 1
        return self.of.get(circuit, self.now)

    def note(self, _: Circuit, tally: Tally, *, is_trial: bool) -> Standing:
        self._reach()
        self.noted.append((tally, is_trial))
        return self.then

    def take_trial(self, _: Circuit) -> bool:
        self._reach()
        return self.has_trial

    def lease_sends(
        self, circuit: Circuit, operator_account: str, *, needed: int, wished: int
    ) -> tuple[Standing, SendLease]:
        raise AssertionError(operator_account)

    def _reach(self) -> None:
        if self.is_away:
            raise Unavailable("temporarily_unavailable")


class Post:
    """A gate with a clock, and an operator behind it that answers as told."""

    def __init__(self, threads: int = 8) -> None:
        self.breaker = Breaker()
        self.seconds = 100.0
        self.changes: list[bool] = []
        self.asked = 0
        self.answer: Accepted | Refused | Unknown | NotSent = Accepted()
        self.read = PaymentRead(ReadState.PENDING, "PENDING")
        self.opened: Opened | NotSent = Opened("MP1")
        self.gate = Gate(
            self.breaker,
            threads=threads,
            monotonic=lambda: self.seconds,
            on_change=lambda _, standing: self.changes.append(standing.is_open),
        )
        self.requester = GatedRequester(self, self.gate, REQUESTS)
        self.reader = GatedReader(self, self.gate, READS)
        self.opener = GatedOpener(self, self.gate, OPENINGS, requests=ORANGE_REQUESTS)
        self.on_call: Callable[[], None] = lambda: None

    def request_payment(
        self, request: PaymentRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        assert deadline is DEADLINE
        self.asked += request is REQUEST
        self.on_call()
        return self.answer

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        assert deadline is DEADLINE
        self.asked += reference == "reference"
        self.on_call()
        return self.read

    def open_payment(self, *, deadline: Deadline) -> Opened | NotSent:
        assert deadline is DEADLINE
        self.asked += 1
        return self.opened

    def ask(self) -> Accepted | Refused | Unknown | NotSent:
        return self.requester.request_payment(REQUEST, deadline=DEADLINE)

    def look(self) -> PaymentRead:
        return self.reader.read_payment("reference", deadline=DEADLINE)

    def open(self, trial_in: float = 10.0) -> None:
        self.breaker.now = Standing(OPENED, trial_in)
        self.seconds += COPY_SECONDS


DEADLINE = Deadline(1e9, lambda: 0.0)
REQUEST: PaymentRequest = PaymentRequest.__new__(PaymentRequest)


def test_while_closed_calls_go_and_are_counted_now_and_then() -> None:
    """Answered calls cost the database one look and one note a second, however many there are."""
    post = Post()

    assert {type(post.ask()) for _ in range(50)} == {Accepted}
    post.seconds += COPY_SECONDS
    post.ask()

    assert post.asked == 51
    assert post.breaker.looked == 2
    assert [tally for tally, _ in post.breaker.noted] == [Tally(1, 0, 0), Tally(50, 0, 0)]


@pytest.mark.parametrize("answer", [Unknown("timeout"), NotSent("connect_failed")])
def test_a_failure_is_told_at_once(answer: Unknown | NotSent) -> None:
    """Five processes that fail once each open it together, without waiting for a second to end."""
    post = Post()
    post.ask()
    post.ask()
    post.answer = answer

    assert post.ask() == answer

    assert post.breaker.noted[-1] == (Tally(1, 1, 1), False)


@pytest.mark.parametrize(
    "answer", [Accepted(), Refused("payer_not_found", "PAYER_NOT_FOUND"), Unknown("no_code_500")]
)
def test_what_the_operator_says_is_an_answer(answer: Accepted | Refused | Unknown) -> None:
    """Nobody shuts an operator off for all by asking for what it refuses or fails at."""
    post = Post()
    post.answer = answer

    post.ask()

    assert post.breaker.noted == [(Tally(1, 0, 0), False)]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("timeout", True),
        ("token_timeout", True),
        ("token_connect_failed", True),
        ("token_unavailable", True),
        ("not_json_200", True),
        ("SERVICE_UNAVAILABLE_503", True),
        ("no_code_429", True),
        ("INTERNAL_PROCESSING_ERROR_500", False),
        ("token_refused", None),
        ("not_authenticated", None),
        ("not_a_pay_token", None),
        ("deadline_over", None),
        ("token_deadline_over", None),
    ],
)
def test_what_counts_as_a_failure(reason: str, *, said: bool | None) -> None:
    """Our own mistakes say nothing of the operator, neither for it nor against it."""
    assert is_failure(reason) is said


def test_while_open_nothing_is_sent() -> None:
    """A request is proven unsent, a read knows nothing; the operator hears of neither."""
    post = Post()
    post.open()

    assert post.ask() == NotSent(OPEN)
    assert post.look() == PaymentRead(ReadState.UNKNOWN, OPEN)
    assert (post.asked, post.breaker.noted) == (0, [])


def test_an_opening_is_guarded_as_a_request_is() -> None:
    """It is counted by its answer; while open nothing is opened, which proves that nothing went."""
    post = Post()
    assert post.opener.open_payment(deadline=DEADLINE) == Opened("MP1")
    post.opened = NotSent("not_json_502")
    post.opener.open_payment(deadline=DEADLINE)
    post.open()

    assert post.opener.open_payment(deadline=DEADLINE) == NotSent(OPEN)

    assert post.asked == 2
    assert [tally for tally, _ in post.breaker.noted] == [Tally(1, 0, 0), Tally(0, 1, 1)]


def test_nothing_is_opened_while_nothing_can_be_asked_under_it() -> None:
    """What is opened ages. Once requests may be tried, one opening in a while goes for it."""
    post = Post()
    post.breaker.of[ORANGE_REQUESTS] = Standing(OPENED, 0.3)

    first = post.opener.open_payment(deadline=DEADLINE)
    post.seconds += 0.5
    later = [post.opener.open_payment(deadline=DEADLINE) for _ in range(2)]

    assert [first, *later] == [NotSent(OPEN), Opened("MP1"), NotSent(OPEN)]
    assert post.asked == 1


def test_a_trial_goes_and_closes_it() -> None:
    """Whoever took the trial asks; its answer is told as one, and the change is announced."""
    post = Post()
    post.open(trial_in=0.0)
    post.breaker.has_trial = True

    assert post.ask() == Accepted()

    assert post.breaker.noted == [(Tally(1, 0, 0), True)]
    assert post.changes == [False]


def test_a_trial_that_fails_is_told_of_alone() -> None:
    """An answer that came before it opened, and was not told yet, does not close it."""
    post = Post()
    post.ask()
    post.ask()
    post.open(trial_in=0.0)
    post.breaker.has_trial, post.breaker.then = True, post.breaker.now
    post.answer = Unknown("timeout")

    post.ask()

    assert post.breaker.noted == [(Tally(1, 0, 0), False), (Tally(0, 1, 1), True)]
    assert post.changes == []


def test_opening_is_announced_once() -> None:
    """The log and the metric tell of it where it happened."""
    post = Post()
    post.answer, post.breaker.then = Unknown("timeout"), Standing(OPENED, 10.0)

    post.ask()
    post.ask()

    assert post.changes == [True]
    assert post.asked == 1


def test_new_payments_wait_for_the_next_trial() -> None:
    """A merchant is told the whole seconds; once it is time, one payment in a while is let in."""
    post = Post()
    assert post.gate.seconds_until_open(REQUESTS) is None
    post.open(trial_in=0.3)
    assert post.gate.seconds_until_open(REQUESTS) == 1
    post.seconds += 0.5

    waits = [post.gate.seconds_until_open(REQUESTS) for _ in range(3)]
    post.seconds += PASS_SECONDS

    assert waits == [None, 2, 2]
    post.breaker.now = Standing(OPENED, -1.0)
    assert post.gate.seconds_until_open(REQUESTS) is None


def test_a_database_that_is_away_holds_nobody_back() -> None:
    """What an operator answered is never lost because it could not be counted."""
    post = Post()
    post.breaker.is_away = True

    assert post.ask() == Accepted()
    post.answer = Unknown("timeout")
    assert post.ask() == Unknown("timeout")
    assert post.gate.seconds_until_open(REQUESTS) is None


def test_a_slow_operator_takes_three_threads_in_four() -> None:
    """The rest is left to the other operators; who finds no place has sent nothing."""
    post = Post(threads=4)
    inside, go = threading.Semaphore(0), threading.Event()

    def slow() -> None:
        inside.release()
        assert go.wait(10)

    post.on_call = slow
    threads = [threading.Thread(target=post.ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=10)

    assert post.ask() == NotSent(BUSY)
    with pytest.raises(AskAgain, match=BUSY):
        post.look()
    go.set()
    for thread in threads:
        thread.join(10)
    assert post.look().state is ReadState.PENDING


@pytest.mark.parametrize("call", [Post.ask, Post.look])
def test_a_call_that_breaks_gives_its_place_back(call: Callable[[Post], object]) -> None:
    """A mistake of ours uses nothing up and counts for nothing."""
    post = Post(threads=1)

    def broken() -> None:
        raise ZeroDivisionError

    post.on_call = broken
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            call(post)

    assert post.breaker.noted == []
