"""Orange's words and what they mean to us, as data: one row per recorded or reported code.

`60019` was recorded (https://github.com/NdoleStudio/orangemoney-go, `internal/stubs`); the others
are reported by clients: `0066111` by "EDEN VTC back end" and one after Orange's Swagger, `00671`,
`99051` and `99033` by "CorlaPay". A code that is not here is kept verbatim.
"""

from collections.abc import Mapping
from typing import Final

from shared.providers.failures import (
    EXPIRED,
    FLOAT_INSUFFICIENT,
    INSUFFICIENT_FUNDS,
    OPERATOR_ERROR,
    OPERATOR_MISCONFIGURED,
    PAYEE_NOT_FOUND,
    PAYER_DECLINED,
    PAYER_NOT_FOUND,
)

# Status words. Two Ls are recorded; clients report the other spellings.
SUCCEEDED: Final = frozenset({"SUCCESSFULL", "SUCCESSFUL", "SUCCESS"})
CANCELLED: Final = frozenset({"CANCELLED", "CANCELED"})
PENDING: Final = "PENDING"
FAILED: Final = "FAILED"
LAPSED: Final = "EXPIRED"

# The code beside a status that says: taken, or paid.
FINE: Final = "200"

COLLECTION: Final[Mapping[str, str]] = {
    "60019": INSUFFICIENT_FUNDS,
    "0066111": PAYER_NOT_FOUND,
    "00671": PAYER_NOT_FOUND,  # not an Orange number
    "99051": PAYER_NOT_FOUND,  # an Orange number without a wallet
    "99033": OPERATOR_MISCONFIGURED,  # our own channel user
    **dict.fromkeys(CANCELLED, PAYER_DECLINED),
    LAPSED: EXPIRED,
}

# In a cash-in the payer whose balance is short is our own channel.
PAYOUT: Final[Mapping[str, str]] = {
    "60019": FLOAT_INSUFFICIENT,
    "0066111": PAYEE_NOT_FOUND,
    "00671": PAYEE_NOT_FOUND,
    "99051": PAYEE_NOT_FOUND,
    "99033": OPERATOR_MISCONFIGURED,
    LAPSED: EXPIRED,
}


def failure_code(table: Mapping[str, str], word: str) -> str:
    """Return our code for Orange's, `operator_error` for a new one."""
    return table.get(word, OPERATOR_ERROR)
