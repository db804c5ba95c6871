"""The gate before money out: what is held back was not sent, and says so."""

from datetime import UTC, datetime

import pytest

from shared.domain.breaker import CLOSED, Circuit, Guarded, Standing, Tally
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain
from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.quota import SendLease
from shared.operations.gate import BUSY, OPEN, Gate
from shared.operations.payout_gate import GatedPayoutReader, GatedPayoutSender
from shared.operations.ports import (
    Accepted,
    NotSent,
    PaymentRead,
    PayoutRequest,
    ReadState,
    Refused,
    Unknown,
)
from tests.unit.paying_out import PlayedPayer

DEADLINE = Deadline.after(10, lambda: 0)
REQUEST = PayoutRequest("reference", Money(500), PhoneNumber("+237670000001"), "rf_x", "m")
PAID = PaymentRead(ReadState.SUCCEEDED, "SUCCESSFUL")


class Breaker:
    """The shared row in memory, which keeps what was counted."""

    def __init__(self, now: Standing = CLOSED) -> None:
        self.now = now
        self.counted: list[Tally] = []

    def standing(self, _: Circuit) -> Standing:
        return self.now

    def note(self, _: Circuit, tally: Tally, *, is_trial: bool) -> Standing:
        self.counted.append(tally)
        return self.now

    def take_trial(self, _: Circuit) -> bool:
        return False

    def lease_sends(
        self, circuit: Circuit, operator_account: str, *, needed: int, wished: int
    ) -> tuple[Standing, SendLease]:
        raise AssertionError(operator_account)


class Post:
    """A gate, and an operator behind it."""

    def __init__(self, now: Standing = CLOSED) -> None:
        self.breaker, self.payer = Breaker(now), PlayedPayer()
        gate = Gate(self.breaker, threads=1, monotonic=lambda: 100.0, on_change=lambda *_: None)
        host = (Operator.MTN, "mtn.example")
        sends, reads = (Circuit(*host, g) for g in (Guarded.SEND_PAYOUT, Guarded.READ_PAYOUT))
        self.gate, self.sends, self.reads = gate, sends, reads
        self.sender = GatedPayoutSender(self.payer, gate, sends)
        self.reader = GatedPayoutReader(self.payer, gate, reads)


def test_an_open_breaker_sends_and_reads_nothing() -> None:
    """Nothing was sent, and nothing is known: what is due waits, what was sent is read later."""
    post = Post(Standing(datetime(2026, 11, 29, tzinfo=UTC), 10.0))

    assert post.sender.send_payout(REQUEST, deadline=DEADLINE) == NotSent(OPEN)
    assert post.reader.read_payout("r", deadline=DEADLINE).state is ReadState.UNKNOWN
    assert (post.payer.requests, post.payer.read_references) == ([], [])


def test_who_finds_no_place_has_sent_nothing() -> None:
    """All threads of a process are at the operator: proven unsent, and the read comes again."""
    post = Post()
    post.gate.enter(post.sends)

    assert post.sender.send_payout(REQUEST, deadline=DEADLINE) == NotSent(BUSY)
    with pytest.raises(AskAgain):
        post.reader.read_payout("r", deadline=DEADLINE)


@pytest.mark.parametrize(
    ("answer", "failures"),
    [
        (Accepted(), 0),
        (Refused("payee_not_found", "PAYEE_NOT_FOUND"), 0),
        (Unknown("timeout"), 1),
        (NotSent("connect_failed"), 1),
    ],
)
def test_only_what_got_no_answer_counts_against_an_operator(
    answer: Accepted | Refused | Unknown | NotSent, failures: int
) -> None:
    """A refusal is an answer; each call gives its place back."""
    post = Post()
    post.payer.answers = [answer, answer]

    for _ in range(2):
        assert post.sender.send_payout(REQUEST, deadline=DEADLINE) == answer

    assert sum(tally.failed for tally in post.breaker.counted) == 2 * failures


def test_a_read_passes_through() -> None:
    """What the operator says is what the reader hears."""
    post = Post()
    post.payer.reads = [PAID, PAID]

    assert [post.reader.read_payout("r", deadline=DEADLINE) for _ in range(2)] == [PAID, PAID]
