"""The gate before an operator's calls for money out, as `gate` is before those for money in."""

from shared.domain.breaker import Circuit, is_failure
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain
from shared.operations.gate import BUSY, OPEN, Gate
from shared.operations.ports import (
    Accepted,
    NotSent,
    Opened,
    PaymentRead,
    PayoutReader,
    PayoutRequest,
    PayoutSender,
    ReadState,
    Refused,
    Unknown,
)


class GatedPayoutSender:
    """A PayoutSender that keeps still while its operator does not answer: what is due waits."""

    def __init__(
        self, sender: PayoutSender, gate: Gate, circuit: Circuit, *, opening: Circuit | None = None
    ) -> None:
        """Guard a sender; all of one circuit share one breaker.

        `opening` is the circuit of opening, where the operator is asked for it.
        """
        self._sender = sender
        self._gate = gate
        self._circuit = circuit
        self._opening = opening

    def open_payout(self, *, deadline: Deadline) -> Opened | NotSent:
        """Open one, or say that nothing was sent: what is opened ages, and is paid at once."""
        if self._opening is None:
            return self._sender.open_payout(deadline=deadline)
        if self._gate.seconds_until_open(self._circuit) is not None:
            return NotSent(OPEN)
        entered = self._gate.enter(self._opening)
        if entered in {OPEN, BUSY}:
            return NotSent(entered)
        failed: bool | None = None
        try:
            opened = self._sender.open_payout(deadline=deadline)
            failed = isinstance(opened, NotSent) and is_failure(opened.reason)
        finally:
            self._gate.leave(self._opening, entered, failed=failed)
        return opened

    def send_payout(
        self, request: PayoutRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        """Send, or say that nothing was sent."""
        entered = self._gate.enter(self._circuit)
        if entered in {OPEN, BUSY}:
            return NotSent(entered)
        failed: bool | None = None
        try:
            answer = self._sender.send_payout(request, deadline=deadline)
            failed = isinstance(answer, Unknown | NotSent) and is_failure(answer.reason)
        finally:
            self._gate.leave(self._circuit, entered, failed=failed)
        return answer


class GatedPayoutReader:
    """A PayoutReader that keeps still while its operator answers no reads."""

    def __init__(self, reader: PayoutReader, gate: Gate, circuit: Circuit) -> None:
        """Guard a reader."""
        self._reader = reader
        self._gate = gate
        self._circuit = circuit

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read, or know nothing. Raises AskAgain where all places are taken."""
        entered = self._gate.enter(self._circuit)
        if entered == BUSY:
            raise AskAgain(BUSY)
        if entered == OPEN:
            return PaymentRead(ReadState.UNKNOWN, OPEN)
        failed: bool | None = None
        try:
            read = self._reader.read_payout(reference, deadline=deadline)
            failed = read.state is ReadState.UNKNOWN and is_failure(read.operator_word)
        finally:
            self._gate.leave(self._circuit, entered, failed=failed)
        return read
