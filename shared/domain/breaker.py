"""Circuit breakers: an operator that does not answer is left alone, and tried again every 10 s.

A breaker is open or closed for one host of an operator's and one operation, in all processes at
once. The host tells live from test as well. Reads have a breaker of their own, so that what was
sent can be settled while nothing new goes out, and so has the opening of payments: that it is
answered says nothing of whether money can be asked for. It opens by calls that got no answer of the
operator's: whoever is refused was answered.

| opens | in the last 30 s at least 20 calls, half of them without an answer |
| | or, with fewer calls, 5 in a row without one |
| tries | one call in 10 s, whichever process takes it |
| closes | when a trial is answered |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from shared.domain.account import OperatorAccount
from shared.domain.phone import Operator


class Guarded(StrEnum):
    """What is asked of an operator, as far as it fails apart."""

    OPEN_PAYMENT = "open_payment"
    REQUEST_PAYMENT = "request_payment"
    READ_PAYMENT = "read_payment"
    OPEN_PAGE = "open_page"
    READ_PAGE = "read_page"
    OPEN_PAYOUT = "open_payout"
    SEND_PAYOUT = "send_payout"
    READ_PAYOUT = "read_payout"
    READ_HOLDER = "read_holder"


ASKING: Final[Mapping[Operator, tuple[Guarded, ...]]] = {
    Operator.MTN: (Guarded.REQUEST_PAYMENT,),
    Operator.ORANGE: (Guarded.OPEN_PAYMENT, Guarded.REQUEST_PAYMENT),
}
"""What each operator must answer before a payer is asked for money."""

SENDING: Final[Mapping[Operator, tuple[Guarded, ...]]] = {
    Operator.MTN: (Guarded.SEND_PAYOUT,),
    Operator.ORANGE: (Guarded.OPEN_PAYOUT, Guarded.SEND_PAYOUT),
}
"""What each operator must answer before money is sent out."""


OF_PRODUCT: Final[Mapping[str, frozenset[Guarded]]] = {
    "collection": frozenset({Guarded.REQUEST_PAYMENT, Guarded.READ_PAYMENT}),
    "disbursement": frozenset({Guarded.SEND_PAYOUT, Guarded.READ_PAYOUT, Guarded.READ_HOLDER}),
    "core": frozenset(Guarded) - {Guarded.OPEN_PAGE, Guarded.READ_PAGE},
    "web": frozenset({Guarded.OPEN_PAGE, Guarded.READ_PAGE}),
}
"""What is asked of an operator by a wallet of each of its products."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """What one breaker guards; `host` is the operator's, with its port where it has one."""

    operator: Operator
    host: str
    operation: Guarded

    @classmethod
    def of(cls, account: OperatorAccount, operation: Guarded) -> "Circuit":
        """Return the circuit of an operator account's calls."""
        return cls(account.operator, urlsplit(account.base_url).netloc, operation)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a breaker stood when it was looked at; both are None where it is closed.

    `trial_in` is the seconds until somebody may try, 0 or less once it is time.
    """

    opened_at: datetime | None = None
    trial_in: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self.opened_at is not None


CLOSED: Final = Standing()


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls that were counted and are not stored yet; `failed_last` came after the last answer."""

    answered: int = 0
    failed: int = 0
    failed_last: int = 0

    def plus(self, *, failed: bool) -> "Tally":
        """Return the same with one more call."""
        if failed:
            return Tally(self.answered, self.failed + 1, self.failed_last + 1)
        return Tally(self.answered + 1, self.failed, 0)


NOTHING: Final = Tally()

# What our own side of the wire says of a call, whether for a token or for the thing itself.
_NO_ANSWER: Final = frozenset(
    {
        "answer_too_long",
        "connect_failed",
        "connect_timeout",
        "connection_broken",
        "connection_lost",
        "dns_failed",
        "dns_timeout",
        "no_address",
        "not_http",
        "timeout",
        "tls_failed",
        "unavailable",
    }
)
# The operator's gateway instead of the operator: too many calls, and nobody behind it.
_GATEWAY: Final = ("_429", "_502", "_503", "_504")
# Calls that say nothing of the operator: our time was over, our own credentials are wrong, or
# there was nothing to ask by.
_OURS: Final = frozenset(
    {"deadline_over", "header_malformed", "no_page", "not_a_pay_token", "not_authenticated"}
)


def is_failure(reason: str) -> bool | None:
    """Tell whether a call that proved nothing failed on the way; None where it was our own fault.

    `reason` is what an adapter says of it. A call that the operator itself answered is no failure,
    whatever it said: nobody shuts it off for all by asking for what it refuses.
    """
    word = reason.removeprefix("token_")
    if word in _OURS or reason == "token_refused":
        return None
    return word in _NO_ANSWER or word.startswith("not_json") or word.endswith(_GATEWAY)
