"""Our own codes for why a payment failed, which every operator's words are turned into."""

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

# Of money that goes out: whom we pay has no wallet, or one that may not receive; our own float is
# short, or has reached a limit of the operator's.
PAYEE_NOT_FOUND: Final = "payee_not_found"
PAYEE_BLOCKED: Final = "payee_blocked"
FLOAT_INSUFFICIENT: Final = "float_insufficient"
FLOAT_LIMIT_REACHED: Final = "float_limit_reached"
