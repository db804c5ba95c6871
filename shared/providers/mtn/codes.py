"""MTN's words and what they mean to us, as data: one row per documented or observed code.

Words: https://momodeveloper.mtn.com/api-documentation/common-error, the published enum of 17
reasons, and those seen in recordings only. A word that is not here is kept verbatim.
"""

from collections.abc import Mapping
from typing import Final

PAYER_NOT_FOUND: Final = "payer_not_found"
PAYER_BLOCKED: Final = "payer_blocked"
PAYER_DECLINED: Final = "payer_declined"
PAYER_LIMIT_REACHED: Final = "payer_limit_reached"
INSUFFICIENT_FUNDS: Final = "insufficient_funds"
EXPIRED: Final = "expired"
OPERATOR_MISCONFIGURED: Final = "operator_misconfigured"
OPERATOR_UNAVAILABLE: Final = "operator_unavailable"
OPERATOR_ERROR: Final = "operator_error"

# In a collection the payee is the merchant's own wallet, so what is wrong with the payee is never
# the payer's matter.
FAILURE_CODES: Final[Mapping[str, str]] = {
    "PAYER_NOT_FOUND": PAYER_NOT_FOUND,
    "PAYEE_NOT_FOUND": OPERATOR_MISCONFIGURED,
    "NOT_ENOUGH_FUNDS": INSUFFICIENT_FUNDS,
    "PAYER_LIMIT_REACHED": PAYER_LIMIT_REACHED,
    "PAYEE_NOT_ALLOWED_TO_RECEIVE": OPERATOR_MISCONFIGURED,
    "APPROVAL_REJECTED": PAYER_DECLINED,
    "PAYMENT_NOT_APPROVED": PAYER_DECLINED,
    "TRANSACTION_CANCELED": PAYER_DECLINED,
    "PAYER_REJECTION": PAYER_DECLINED,
    "EXPIRED": EXPIRED,
    # The portal's words for it: "not approved in time".
    "COULD_NOT_PERFORM_TRANSACTION": EXPIRED,
    "SENDER_ACCOUNT_NOT_ACTIVE": PAYER_BLOCKED,
    "NOT_ALLOWED": OPERATOR_MISCONFIGURED,
    "NOT_ALLOWED_TARGET_ENVIRONMENT": OPERATOR_MISCONFIGURED,
    "INVALID_CALLBACK_URL_HOST": OPERATOR_MISCONFIGURED,
    "INVALID_CURRENCY": OPERATOR_MISCONFIGURED,
    "SERVICE_UNAVAILABLE": OPERATOR_UNAVAILABLE,
    # A catch-all; mostly a short balance, which is not proof enough to say so to a merchant.
    "INTERNAL_PROCESSING_ERROR": OPERATOR_ERROR,
    "RESOURCE_NOT_FOUND": OPERATOR_ERROR,
    "RESOURCE_ALREADY_EXIST": OPERATOR_ERROR,
    "TRANSFER_TYPE_UNKNOWN": OPERATOR_ERROR,
    "PAYER_DELAYED": OPERATOR_ERROR,
    "PAYEE_DELAYED": OPERATOR_ERROR,
    "ONGOING": OPERATOR_ERROR,
}

# MTN answers a caller's mistakes with 500. Only these are documented as answers to a submission,
# which was therefore not taken; any other 500 proves nothing.
DEFINITE_ON_500: Final = frozenset(
    {
        "INVALID_CURRENCY",
        "NOT_ALLOWED",
        "NOT_ALLOWED_TARGET_ENVIRONMENT",
        "INVALID_CALLBACK_URL_HOST",
        "PAYER_NOT_FOUND",
        "PAYEE_NOT_ALLOWED_TO_RECEIVE",
    }
)

# Words that speak of the platform or of an earlier request: under whatever status, no refusal.
NEVER_A_REFUSAL: Final = frozenset(
    {"INTERNAL_PROCESSING_ERROR", "SERVICE_UNAVAILABLE", "RESOURCE_ALREADY_EXIST", "ONGOING"}
)

ALREADY_EXISTS: Final = "RESOURCE_ALREADY_EXIST"
NOT_FOUND: Final = "RESOURCE_NOT_FOUND"
SUCCESSFUL: Final = "SUCCESSFUL"
FAILED: Final = "FAILED"


def failure_code(word: str) -> str:
    """Return our code for the reason of a FAILED payment, `operator_error` for a new word."""
    return FAILURE_CODES.get(word, OPERATOR_ERROR)
