"""The gate before each operator: its breaker, and how many threads may be at it at once.

The guarded call runs outside every lock. Counting never costs an answer: where the database does
not say how a breaker stands, calls go on.
"""

import math
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from shared.domain.breaker import CLOSED, NOTHING, Circuit, Standing, Tally, is_failure
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain, Unavailable
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
OPEN: Final = "breaker_open"
BUSY: Final = "operator_busy"


class BreakerStore(Protocol):
    """The breakers of all processes. Each raises Unavailable where the database is away."""

    def standing(self, circuit: Circuit) -> Standing:
        """Return how it stands."""

    def note(self, circuit: Circuit, tally: Tally, *, is_trial: bool) -> Standing:
        """Count calls, and open or close it where that follows; return how it stands then."""

    def take_trial(self, circuit: Circuit) -> bool:
        """Take the right to try for 10 s; False where it is closed, too early, or another's."""


Changed = Callable[[Circuit, Standing], None]
"""Told when this process opened or closed a breaker."""


@dataclass(slots=True)
class _Copy:
    standing: Standing = CLOSED
    read_at: float = -math.inf
    tally: Tally = NOTHING
    noted_at: float = -math.inf
    passed_at: float = -math.inf


class Gate:
    """Thread-safe; one per process."""

    def __init__(
        self,
        store: BreakerStore,
        *,
        threads: int,
        monotonic: Callable[[], float],
        on_change: Changed,
    ) -> None:
        """`threads` are the process's; no host gets more than three in four."""
        self._store = store
        self._monotonic = monotonic
        self._on_change = on_change
        self._lock = threading.Lock()
        self._copies: defaultdict[Circuit, _Copy] = defaultdict(_Copy)
        most = max(1, threads * 3 // 4)
        self._places: defaultdict[str, threading.Semaphore] = defaultdict(
            lambda: threading.Semaphore(most)
        )

    def standing(self, circuit: Circuit) -> Standing:
        """Return how a breaker stood a second ago at most."""
        with self._lock:
            copy = self._copies[circuit]
            standing, read_at = copy.standing, copy.read_at
        if self._monotonic() - read_at < COPY_SECONDS:
            return standing
        try:
            standing = self._store.standing(circuit)
        except Unavailable:
            standing = CLOSED
        self._keep(circuit, standing)
        return standing

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
