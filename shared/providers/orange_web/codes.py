"""Web Payment's words and what they mean to us, as data.

The five states are Orange's own; a word that is not here is kept verbatim and proves no end.
"""

from collections.abc import Mapping
from typing import Final

from shared.providers.failures import OPERATOR_ERROR, OPERATOR_MISCONFIGURED

# Two other spellings stand in Orange's core API, and may here.
SUCCEEDED: Final = frozenset({"SUCCESS", "SUCCESSFUL", "SUCCESSFULL"})
FAILED: Final = "FAILED"
LAPSED: Final = "EXPIRED"
UNDER_WAY: Final = frozenset({"INITIATED", "PENDING"})

# Orange gives no reason for a payer who failed.
NO_REASON: Final = OPERATOR_ERROR

# HTTP answers to `webpayment` that say for good that our own contract or request is wrong.
REFUSING: Final[Mapping[int, str]] = {400: OPERATOR_MISCONFIGURED, 422: OPERATOR_MISCONFIGURED}
