"""The table that turns a subscriber's number into what Orange will do: MTN's, in Orange's words.

Orange publishes no test numbers. The digits are those of MTN's sandbox, so that a merchant learns
one table; each leads to the nearest ending that Orange has.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.simulator.outcomes import SUCCEEDS, FinalStatus, Outcome

EXPIRED: Final = "EXPIRED"
CANCELLED: Final = "CANCELLED"
# Codes of Orange's that clients and recordings know.
INSUFFICIENT_FUNDS: Final = "60019"
BAD_SUBSCRIBER: Final = "0066111"
NOT_ORANGE: Final = "00671"
NO_WALLET: Final = "99051"
BAD_CHANNEL: Final = "99033"
# Invented: a code that no list has, so that unknown ones are met in tests.
UNLISTED: Final = "99999"

# The word that a refused request bears from its first moment on.
REFUSED: Final = "FAILED"
INITIATED: Final = "INITIATED"
PENDING: Final = "PENDING"

_OK: Final = 200
_REFUSED_STATUS: Final = 417  # recorded for 60019
_DELAY: Final = timedelta(seconds=30)
# Longer than any payToken lives: the payment ends when its token does.
_NEVER_ANSWERED: Final = timedelta(days=1)

_NUMBER: Final = re.compile(r"6\d{5}(\d{3})")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a payment will end. `http_status` is that of the answer to `pay`."""

    outcome: Outcome
    http_status: int = _OK

    @property
    def is_refused(self) -> bool:
        """Did Orange refuse it in the answer to `pay`?"""
        return self.outcome.pending_word == REFUSED


def _fails(reason: str, after: timedelta = timedelta()) -> Ending:
    return Ending(Outcome(FinalStatus.FAILED, reason, after))


def _refused(code: str, http_status: int = _REFUSED_STATUS) -> Ending:
    outcome = Outcome(FinalStatus.FAILED, code, pending_word=REFUSED)
    return Ending(outcome, http_status)


# A wrong channel number or PIN; whether Orange has a code of its own for the PIN is not known.
REFUSED_CHANNEL: Final = _refused(BAD_CHANNEL)
_PAYS: Final = Ending(SUCCEEDS)
_PAYS_LATE: Final = Ending(Outcome(FinalStatus.SUCCESSFUL, None, _DELAY))

_COLLECTION: Final = {
    "450": _refused(INSUFFICIENT_FUNDS),
    "451": _fails(CANCELLED),
    "452": _fails(EXPIRED),
    "453": _fails(EXPIRED, _NEVER_ANSWERED),
    "454": _PAYS_LATE,
    "455": _refused(BAD_SUBSCRIBER, _OK),
    **dict.fromkeys(("456", "457", "458", "459", "460"), REFUSED_CHANNEL),
    "461": _fails(UNLISTED),
    "462": _fails(UNLISTED),
    "463": _fails(EXPIRED),
    "464": _fails(UNLISTED),
    "465": _refused(NOT_ORANGE),
    "466": _refused(NO_WALLET),
}

# MTN's digits for a transfer; a cash-in knows no payer who could refuse or be late.
_PAYOUT: Final = {
    **dict.fromkeys(("450", "451", "452", "456", "462", "463", "464"), _refused(UNLISTED, _OK)),
    "453": _fails(EXPIRED, _NEVER_ANSWERED),
    "454": _PAYS_LATE,
    "455": _refused(INSUFFICIENT_FUNDS),
    "457": _refused(NO_WALLET),
    **dict.fromkeys(("458", "459", "460", "461"), REFUSED_CHANNEL),
    "465": _refused(NOT_ORANGE),
}


def collection_ending(subscriber: str) -> Ending:
    """What happens when this subscriber is asked for money; every unlisted number pays at once."""
    return _COLLECTION.get(_suffix(subscriber), _PAYS)


def payout_ending(subscriber: str) -> Ending:
    """What happens when this subscriber is paid; every unlisted number is paid at once."""
    return _PAYOUT.get(_suffix(subscriber), _PAYS)


def has_holder(subscriber: str) -> bool:
    """Is there a wallet under this number? MTN's digits for a holder that is not found: 450."""
    return _suffix(subscriber) != "450"


def _suffix(subscriber: str) -> str:
    match = _NUMBER.fullmatch(subscriber)
    return match[1] if match else ""
