"""MTN's words and what they mean to us, as data: one row per documented or observed code.

Words: https://momodeveloper.mtn.com/api-documentation/common-error, the published enum of 17
reasons, and those seen in recordings only. A word that is not here is kept verbatim.
"""

from collections.abc import Mapping
from typing import Final

from shared.providers.failures import (
    EXPIRED,
    FLOAT_INSUFFICIENT,
    FLOAT_LIMIT_REACHED,
    INSUFFICIENT_FUNDS,
    OPERATOR_ERROR,
    OPERATOR_MISCONFIGURED,
    OPERATOR_UNAVAILABLE,
    PAYEE_BLOCKED,
    PAYEE_NOT_FOUND,
    PAYER_BLOCKED,
    PAYER_DECLINED,
    PAYER_LIMIT_REACHED,
    PAYER_NOT_FOUND,
)

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

# In a payout the payer is our own wallet, and nobody is prompted: what is wrong with the payer is
# ours to mend, and whoever runs this must hear of it. Neither a refusal by "the payer" nor a time
# that ran out is a customer's.
PAYOUT_FAILURE_CODES: Final[Mapping[str, str]] = {
    **FAILURE_CODES,
    "PAYEE_NOT_FOUND": PAYEE_NOT_FOUND,
    "PAYEE_NOT_ALLOWED_TO_RECEIVE": PAYEE_BLOCKED,
    "PAYER_NOT_FOUND": OPERATOR_MISCONFIGURED,
    "SENDER_ACCOUNT_NOT_ACTIVE": OPERATOR_MISCONFIGURED,
    "NOT_ENOUGH_FUNDS": FLOAT_INSUFFICIENT,
    "PAYER_LIMIT_REACHED": FLOAT_LIMIT_REACHED,
    "APPROVAL_REJECTED": OPERATOR_ERROR,
    "PAYMENT_NOT_APPROVED": OPERATOR_ERROR,
    "TRANSACTION_CANCELED": OPERATOR_ERROR,
    "PAYER_REJECTION": OPERATOR_ERROR,
    "COULD_NOT_PERFORM_TRANSACTION": OPERATOR_ERROR,
    "EXPIRED": OPERATOR_ERROR,
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


def failure_code(table: Mapping[str, str], word: str) -> str:
    """Return our code for the reason of a FAILED payment, `operator_error` for a new word."""
    return table.get(word, OPERATOR_ERROR)
