"""The vocabulary of refusals: one tree, each leaf a kind that has one HTTP answer.

    Refusal                    code, param, values for the message
    ├── InvalidRequest         the request is wrong as it stands; the same again will fail again
    │   ├── KeyReused          an idempotency key came back with another body
    │   └── InvalidLines       what is wrong with a file of payouts, line by line
    ├── NotAuthenticated       no key, a wrong key or a revoked one
    ├── NotPermitted           the key is right and may not do this
    ├── NotFound               no such object for this caller, whoever else may own it
    ├── MethodNotAllowed       the path exists, the method does not
    ├── InProgress             the same idempotency key is at work this moment
    ├── TooLarge               the body exceeds its limit
    ├── WrongContentType       the body is not of a type that we read
    ├── TooManyRequests        a quota is used up
    └── Unavailable            nothing was stored; the same request may work later

Messages lie in `language.py`, in French and English, under the code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A definite answer that is not the one hoped for; nothing changed."""

    def __init__(self, code: str, param: str | None = None, **values: str | int) -> None:
        """Keep the stable code, the field at fault in Stripe's bracket form, and message values."""
        super().__init__(code)
        self.code = code
        self.param = param
        self.values = values


class InvalidRequest(Refusal):
    """The request is wrong as it stands."""


class KeyReused(InvalidRequest):
    """An idempotency key came back with another body."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong in one line, from 1 on, and in which of its columns, None for all of it."""

    line: int
    column: str | None
    code: str
    values: Mapping[str, str | int] = field(default_factory=dict)


class InvalidLines(InvalidRequest):
    """Lines of a batch are wrong; nothing of it was taken. `faults` is all that was found."""

    def __init__(self, param: str, faults: Sequence[LineFault]) -> None:
        """Keep the faults in the order of their lines, and say how many."""
        super().__init__("batch_invalid", param, count=len(faults))
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))


class NotAuthenticated(Refusal):
    """No key, a wrong key or a revoked one."""


class NotPermitted(Refusal):
    """The caller is known and may not do this."""


class NotFound(Refusal):
    """No such object for this caller."""


class MethodNotAllowed(Refusal):
    """The path exists, the method does not."""


class InProgress(Refusal):
    """The same idempotency key is at work this moment; `retry_after_seconds` in values."""


class TooLarge(Refusal):
    """The body exceeds its limit."""


class WrongContentType(Refusal):
    """The body is not of a type that we read."""


class TooManyRequests(Refusal):
    """A quota is used up; `retry_after_seconds` in values."""


class Unavailable(Refusal):
    """Nothing was stored; the same request may work later; `retry_after_seconds` in values."""


class CutOff(Exception):  # noqa: N818 - a state of knowledge; who can ask again does
    """The way to the database broke in the middle: done or not, only another look can tell."""


class AskAgain(Exception):  # noqa: N818 - an order to the broker, not a fault
    """Only time can heal this; the message must come back."""


class LostRace(Exception):  # noqa: N818 - an event of normal life, never shown to a caller
    """A compare-and-set found another status than expected; the winner's word stands."""


class LedgerRefused(Exception):  # noqa: N818 - aborts the transaction, never shown to a caller
    """A posting would break a floor or names an account that is not there; nothing was posted."""
