"""The tables that turn a number, or a refund's test key, into what will happen to the payment.

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
NOT_ENOUGH_FUNDS: Final = "NOT_ENOUGH_FUNDS"
LACKS_FUNDS: Final = _fails(NOT_ENOUGH_FUNDS)
# Of a refund: the payment is not the merchant's, or not known; it did not end in a success, or less
# of it is left than is asked for. Which codes MTN has for it is not known.
NOTHING_TO_REFUND: Final = _fails("RESOURCE_NOT_FOUND")
NOT_REFUNDABLE: Final = _fails("NOT_ALLOWED")

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


# As above without the last, which is the request to pay's own.
_DEPOSIT: Final = {
    suffix: outcome for suffix, outcome in _REQUEST_TO_PAY.items() if suffix != "464"
} | {"454": Outcome(FinalStatus.SUCCESSFUL, None, _DELAY)}

# From 455 on a transfer's digits are one row further down than a request to pay's.
_TRANSFER: Final = {
    "450": _fails("INTERNAL_PROCESSING_ERROR"),
    "451": _fails("APPROVAL_REJECTED"),
    "452": _fails("EXPIRED"),
    "453": _fails("EXPIRED", _APPROVAL_WINDOW),
    "454": Outcome(FinalStatus.SUCCESSFUL, None, _DELAY),
    "455": _fails(NOT_ENOUGH_FUNDS),
    "456": _fails("PAYER_LIMIT_REACHED"),
    "457": _fails("PAYEE_NOT_FOUND"),
    "458": _fails("NOT_ALLOWED"),
    "459": _fails("NOT_ALLOWED_TARGET_ENVIRONMENT"),
    "460": _fails("INVALID_CALLBACK_URL_HOST"),
    "461": _fails("INVALID_CURRENCY"),
    "462": _fails("INTERNAL_PROCESSING_ERROR"),
    "463": _fails("SERVICE_UNAVAILABLE"),
    "464": _fails("TRANSFER_TYPE_UNKNOWN"),
}

# A refund's test keys stand in `referenceIdToRefund`; what each is called in a read was never
# recorded.
_REFUND: Final = {
    "1": _fails("RESOURCE_NOT_FOUND"),
    "2": _fails("INTERNAL_PROCESSING_ERROR"),
    "3": _fails("APPROVAL_REJECTED"),
    "4": _fails("EXPIRED"),
    "5": _fails("EXPIRED", _APPROVAL_WINDOW),
    "6": Outcome(FinalStatus.SUCCESSFUL, None, _DELAY),
    "7": _fails("NOT_ALLOWED"),
    "8": _fails("NOT_ALLOWED_TARGET_ENVIRONMENT"),
    "9": _fails("INVALID_CALLBACK_URL_HOST"),
    "10": _fails("INVALID_CURRENCY"),
    "11": _fails("INTERNAL_PROCESSING_ERROR"),
    "12": _fails("SERVICE_UNAVAILABLE"),
    "13": _fails("COULD_NOT_PERFORM_TRANSACTION"),
}

# MTN has no test numbers for a refund. These are ours: whoever has one of them pays at once, and it
# is giving the money back that ends so.
_REFUND_TO: Final = {
    "470": _fails("INTERNAL_PROCESSING_ERROR"),
    "471": _fails("PAYEE_NOT_ALLOWED_TO_RECEIVE"),
    "473": _fails("EXPIRED", _APPROVAL_WINDOW),
    "474": Outcome(FinalStatus.SUCCESSFUL, None, _DELAY),
    "475": LACKS_FUNDS,
    "477": _fails("PAYEE_NOT_FOUND"),
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


def transfer_outcome(environment: str, party_id: str) -> Outcome:
    """What happens when this payee is paid; every unlisted number is paid at once."""
    return _TRANSFER.get(_suffix(environment, party_id), SUCCEEDS)


def deposit_outcome(environment: str, party_id: str) -> Outcome:
    """What happens to a deposit to this payee; every unlisted number is paid at once."""
    return _DEPOSIT.get(_suffix(environment, party_id), SUCCEEDS)


def refund_outcome(environment: str, party_id: str) -> Outcome:
    """What happens when this payer is given the money back; every unlisted number gets it."""
    return _REFUND_TO.get(_suffix(environment, party_id), SUCCEEDS)


def refund_key_outcome(test_key: str) -> Outcome:
    """What happens to a refund under one of MTN's test keys; an unlisted one names no payment."""
    return _REFUND.get(test_key, NOTHING_TO_REFUND)


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
