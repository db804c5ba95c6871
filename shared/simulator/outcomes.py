"""The table that turns a payer's number into what will happen to the payment.

Source: MTN's sandbox use cases (https://momodeveloper.mtn.com/api-documentation/testing) and
recordings of September 2026; where a row was never recorded, the published name is used.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

SANDBOX: Final = "sandbox"
CAMEROON: Final = "mtncameroon"
CURRENCIES: Final = {SANDBOX: "EUR", CAMEROON: "XAF"}

# The payer has five minutes to approve; then the request ends as FAILED with EXPIRED.
_APPROVAL_WINDOW: Final = timedelta(minutes=5)
_DELAY: Final = timedelta(seconds=30)
_AT_ONCE: Final = timedelta()

_SANDBOX_NUMBER: Final = re.compile(r"46733123(\d{3})")
_CAMEROON_NUMBER: Final = re.compile(r"2376\d{5}(\d{3})")


class FinalStatus(StrEnum):
    """The two words that end a payment."""

    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a payment will end, and what it is called until then."""

    final_status: FinalStatus
    reason: str | None = None
    after: timedelta = _AT_ONCE
    pending_word: str = "PENDING"


def _fails(reason: str, after: timedelta = _AT_ONCE) -> Outcome:
    return Outcome(FinalStatus.FAILED, reason, after)


SUCCEEDS: Final = Outcome(FinalStatus.SUCCESSFUL)

_REQUEST_TO_PAY: Final = {
    "450": _fails("INTERNAL_PROCESSING_ERROR"),
    "451": _fails("APPROVAL_REJECTED"),
    "452": _fails("EXPIRED"),
    "453": _fails("EXPIRED", _APPROVAL_WINDOW),
    "454": Outcome(FinalStatus.SUCCESSFUL, None, _DELAY, "CREATED"),
    "455": _fails("PAYER_NOT_FOUND"),
    "456": _fails("PAYEE_NOT_ALLOWED_TO_RECEIVE"),
    "457": _fails("NOT_ALLOWED"),
    "458": _fails("NOT_ALLOWED_TARGET_ENVIRONMENT"),
    "459": _fails("INVALID_CALLBACK_URL_HOST"),
    "460": _fails("INVALID_CURRENCY"),
    "461": _fails("INTERNAL_PROCESSING_ERROR"),
    "462": _fails("SERVICE_UNAVAILABLE"),
    "463": _fails("COULD_NOT_PERFORM_TRANSACTION"),
    "464": _fails("TRANSFER_TYPE_UNKNOWN"),
}


class HolderAnswer(StrEnum):
    """What the question whether a wallet is active can be answered with, beside yes."""

    NOT_FOUND = "450"
    NOT_ACTIVE = "451"
    NOT_ALLOWED = "452"
    TARGET_ENVIRONMENT = "453"
    INTERNAL_ERROR = "454"
    UNAVAILABLE = "455"


def request_to_pay_outcome(environment: str, party_id: str) -> Outcome:
    """What happens when this payer is asked; every unlisted number pays at once."""
    return _REQUEST_TO_PAY.get(_suffix(environment, party_id), SUCCEEDS)


def holder_answer(environment: str, party_id: str) -> HolderAnswer | None:
    """None for an active wallet."""
    try:
        return HolderAnswer(_suffix(environment, party_id))
    except ValueError:
        return None


def _suffix(environment: str, party_id: str) -> str:
    """The last three digits of a test number, "" for any other number.

    MTN's test numbers count in both environments; Cameroonian ones only in Cameroon's.
    """
    match = _SANDBOX_NUMBER.fullmatch(party_id)
    if match is None and environment == CAMEROON:
        match = _CAMEROON_NUMBER.fullmatch(party_id)
    return match[1] if match else ""
