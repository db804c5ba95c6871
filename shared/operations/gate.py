"""The gate before each operator: its breaker, its rate, and how many threads may be at it at once.

The guarded call runs outside every lock. Counting never costs an answer: where the database does
not say how a breaker stands, or what is left of a second, calls go on.
"""

import math
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from shared.domain.breaker import CLOSED, NOTHING, Circuit, Standing, Tally, is_failure
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain, Unavailable
from shared.domain.quota import SendLease, SendShare
from shared.operations.page_ports import PageKeys, PageOpener, PageRequest
from shared.operations.ports import (
    Accepted,
    NotSent,
    Opened,
    PaymentOpener,
    PaymentRead,
    PaymentReader,
    PaymentRequest,
    PaymentRequester,
    ReadState,
    Refused,
    Unknown,
)

COPY_SECONDS: Final = 1.0
"""How old a process's copy of a breaker may be, and how long it keeps answers to itself."""
PASS_SECONDS: Final = 2.0
"""While a breaker is open and may be tried, a process takes one new payment in so many seconds."""
QUEUE_SECONDS: Final = 0.5
TOLD_SECONDS: Final = 60.0
"""How often a process tells, at most, that an operator account has no turn left."""
OPEN: Final = "breaker_open"
BUSY: Final = "operator_busy"
OVER_RATE: Final = "over_send_rate"


class BreakerStore(Protocol):
    """The breakers of all processes. Each raises Unavailable where the database is away."""

    def standing(self, circuit: Circuit) -> Standing:
        """Return how it stands."""

    def note(self, circuit: Circuit, tally: Tally, *, is_trial: bool) -> Standing:
        """Count calls, and open or close it where that follows; return how it stands then."""

    def take_trial(self, circuit: Circuit) -> bool:
        """Take the right to try for 10 s; False where it is closed, too early, or another's."""

    def lease_sends(
        self, circuit: Circuit, operator_account: str, *, needed: int, wished: int
    ) -> tuple[Standing, SendLease]:
        """Return how it stands, and what was leased of its operator account's present second.

        `needed` is given as far as any is left, `wished` where there is plenty.
        """


Changed = Callable[[Circuit, Standing], None]
"""Told when this process opened or closed a breaker."""
Bounded = Callable[[Circuit, str], None]
"""Told which operator account has no turn left, once in a while."""


@dataclass(slots=True)
class _Copy:
    standing: Standing = CLOSED
    read_at: float = -math.inf
    tally: Tally = NOTHING
    noted_at: float = -math.inf
    passed_at: float = -math.inf


@dataclass(slots=True)
class _Turns:
    """One operator account's; whoever waits for its lease makes nobody else wait."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    share: SendShare = field(default_factory=SendShare)
    told_at: float = -math.inf


class Gate:
    """Thread-safe; one per process."""

    def __init__(
        self,
        store: BreakerStore,
        *,
        threads: int,
        monotonic: Callable[[], float],
        on_change: Changed,
        on_bound: Bounded = lambda *_: None,
    ) -> None:
        """`threads` are the process's; no host gets more than three in four."""
        self._store = store
        self._monotonic = monotonic
        self._on_change = on_change
        self._on_bound = on_bound
        self._lock = threading.Lock()
        self._copies: defaultdict[Circuit, _Copy] = defaultdict(_Copy)
        self._turns: defaultdict[str, _Turns] = defaultdict(_Turns)
        most = max(1, threads * 3 // 4)
        self._places: defaultdict[str, threading.Semaphore] = defaultdict(
            lambda: threading.Semaphore(most)
        )

    def standing(self, circuit: Circuit, *, sends_by: str | None = None) -> Standing:
        """Return how a breaker stood a second ago at most.

        Whoever may send by an operator account names it: where there is plenty, turns are leased on
        the same way.
        """
        with self._lock:
            copy = self._copies[circuit]
            standing, read_at = copy.standing, copy.read_at
        if self._monotonic() - read_at < COPY_SECONDS:
            return standing
        if sends_by is not None:
            turns = self._turns_of(sends_by)
            with turns.lock:
                if not turns.share.is_known(self._monotonic()):
                    return self._lease(circuit, sends_by, turns.share, needed=0)
        try:
            standing = self._store.standing(circuit)
        except Unavailable:
            standing = CLOSED
        self._keep(circuit, standing)
        return standing

    def takes_turn(self, circuit: Circuit, operator_account: str) -> bool:
        """Take one of what an operator account may be asked for in this second, by all processes.

        False where none is left; then nothing may be claimed.
        """
        turns = self._turns_of(operator_account)
        with turns.lock:
            now = self._monotonic()
            if not turns.share.is_known(now):
                self._lease(circuit, operator_account, turns.share, needed=1)
            if turns.share.take():
                return True
            is_news = now - turns.told_at >= TOLD_SECONDS
            if is_news:
                turns.told_at = now
        if is_news:
            self._on_bound(circuit, operator_account)
        return False

    def seconds_until_open(self, circuit: Circuit) -> int | None:
        """Return when a new payment may be tried, in whole seconds; None where it may now.

        While a breaker waits for its trial, one new payment is let in now and then: without any
        there would be nothing to try it with.
        """
        standing = self.standing(circuit)
        if standing.trial_in is None:
            return None
        now = self._monotonic()
        with self._lock:
            copy = self._copies[circuit]
            wait = standing.trial_in - (now - copy.read_at)
            if wait <= 0:
                wait = copy.passed_at + PASS_SECONDS - now
            if wait <= 0:
                copy.passed_at = now
                return None
        return math.ceil(wait)

    def enter(self, circuit: Circuit) -> str:
        """Return "" where a call may go, "trial" where it is one, else OPEN or BUSY.

        Whoever got in calls `leave`.
        """
        if not self._place(circuit).acquire(timeout=QUEUE_SECONDS):
            return BUSY
        if not self.standing(circuit).is_open:
            return ""
        if self._is_trial_ours(circuit):
            return "trial"
        self._place(circuit).release()
        return OPEN

    def leave(self, circuit: Circuit, entered: str, *, failed: bool | None) -> None:
        """Give the place back and count the call; `failed` None says nothing of the operator."""
        self._place(circuit).release()
        if failed is None:
            return
        now, is_trial = self._monotonic(), entered == "trial"
        with self._lock:
            copy = self._copies[circuit]
            if is_trial:
                # What was answered before it opened is no answer to the trial.
                copy.tally = NOTHING
            copy.tally = copy.tally.plus(failed=failed)
            if not failed and not is_trial and now - copy.noted_at < COPY_SECONDS:
                return
            tally, copy.tally, copy.noted_at = copy.tally, NOTHING, now
            before = copy.standing
        try:
            after = self._store.note(circuit, tally, is_trial=is_trial)
        except Unavailable:
            return
        self._keep(circuit, after)
        if after.is_open != before.is_open:
            self._on_change(circuit, after)

    def _turns_of(self, operator_account: str) -> _Turns:
        with self._lock:
            return self._turns[operator_account]

    def _lease(
        self, circuit: Circuit, operator_account: str, share: SendShare, *, needed: int
    ) -> Standing:
        """Ask for both in one round trip, with the share in hand."""
        asked_at = self._monotonic()
        wished = share.wish(asked_at)
        try:
            standing, lease = self._store.lease_sends(
                circuit, operator_account, needed=needed, wished=wished
            )
        except Unavailable:
            # Without it nothing is claimed either: it is left alone for a second.
            standing, lease = CLOSED, SendLease(wished, COPY_SECONDS)
        self._keep(circuit, standing)
        share.hear(lease, asked_at, needed=needed)
        return standing

    def _keep(self, circuit: Circuit, standing: Standing) -> None:
        with self._lock:
            copy = self._copies[circuit]
            copy.standing, copy.read_at = standing, self._monotonic()

    def _is_trial_ours(self, circuit: Circuit) -> bool:
        try:
            return self._store.take_trial(circuit)
        except Unavailable:
            return False

    def _place(self, circuit: Circuit) -> threading.Semaphore:
        with self._lock:
            return self._places[circuit.host]


class GatedRequester:
    """A PaymentRequester that keeps still while its operator does not answer."""

    def __init__(self, requester: PaymentRequester, gate: Gate, circuit: Circuit) -> None:
        """Guard a requester; all of one circuit share one breaker."""
        self._requester = requester
        self._gate = gate
        self._circuit = circuit

    def request_payment(
        self, request: PaymentRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        """Ask, or say that nothing was sent."""
        entered = self._gate.enter(self._circuit)
        if entered in {OPEN, BUSY}:
            return NotSent(entered)
        failed: bool | None = None
        try:
            answer = self._requester.request_payment(request, deadline=deadline)
            failed = isinstance(answer, Unknown | NotSent) and is_failure(answer.reason)
        finally:
            self._gate.leave(self._circuit, entered, failed=failed)
        return answer


class GatedOpener:
    """A PaymentOpener that keeps still while its operator opens nothing, or takes no requests."""

    def __init__(
        self, opener: PaymentOpener, gate: Gate, circuit: Circuit, *, requests: Circuit
    ) -> None:
        """Guard an opener; `requests` is the circuit of what it opens for."""
        self._opener = opener
        self._gate = gate
        self._circuit = circuit
        self._requests = requests

    def open_payment(self, *, deadline: Deadline) -> Opened | NotSent:
        """Open one, or say that nothing was sent: what is opened ages, and is asked for at once."""
        if self._gate.seconds_until_open(self._requests) is not None:
            return NotSent(OPEN)
        entered = self._gate.enter(self._circuit)
        if entered in {OPEN, BUSY}:
            return NotSent(entered)
        failed: bool | None = None
        try:
            opened = self._opener.open_payment(deadline=deadline)
            failed = isinstance(opened, NotSent) and is_failure(opened.reason)
        finally:
            self._gate.leave(self._circuit, entered, failed=failed)
        return opened


class GatedPageOpener:
    """A PageOpener that keeps still while its operator does not answer."""

    def __init__(self, opener: PageOpener, gate: Gate, circuit: Circuit) -> None:
        """Guard an opener; all of one circuit share one breaker."""
        self._opener = opener
        self._gate = gate
        self._circuit = circuit

    def open_page(
        self, request: PageRequest, *, deadline: Deadline
    ) -> PageKeys | Refused | Unknown | NotSent:
        """Ask, or say that nothing was sent."""
        entered = self._gate.enter(self._circuit)
        if entered in {OPEN, BUSY}:
            return NotSent(entered)
        failed: bool | None = None
        try:
            answer = self._opener.open_page(request, deadline=deadline)
            failed = isinstance(answer, Unknown | NotSent) and is_failure(answer.reason)
        finally:
            self._gate.leave(self._circuit, entered, failed=failed)
        return answer


class GatedReader:
    """A PaymentReader that keeps still while its operator answers no reads."""

    def __init__(self, reader: PaymentReader, gate: Gate, circuit: Circuit) -> None:
        """Guard a reader."""
        self._reader = reader
        self._gate = gate
        self._circuit = circuit

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read, or know nothing. Raises AskAgain where all places are taken."""
        entered = self._gate.enter(self._circuit)
        if entered == BUSY:
            raise AskAgain(BUSY)
        if entered == OPEN:
            return PaymentRead(ReadState.UNKNOWN, OPEN)
        failed: bool | None = None
        try:
            read = self._reader.read_payment(reference, deadline=deadline)
            failed = read.state is ReadState.UNKNOWN and is_failure(read.operator_word)
        finally:
            self._gate.leave(self._circuit, entered, failed=failed)
        return read
