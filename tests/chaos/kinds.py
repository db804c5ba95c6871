"""What clients order in a storm, how often, and which fault befalls it: a seed draws from these."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of order: how the payer's number ends, which fault the operator is told before."""

    weight: int
    operator: str = "mtn"
    ending: str = "001"
    fault: str | None = None
    words: Mapping[str, Any] = field(default_factory=dict)
    is_broken: bool = False
    is_on_page: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "payer pays": Kind(8),
    "payer declines": Kind(2, ending="451"),
    "operator refuses": Kind(
        3, fault="error_before", words={"http_status": 500, "code": "PAYER_NOT_FOUND"}
    ),
    "callback lost": Kind(2, fault="callback_none"),
    "operator's answer lost": Kind(2, fault="drop_after"),
    "request lost": Kind(2, fault="drop_before"),
    "Orange's payer pays": Kind(7, "orange"),
    "Orange's payer declines": Kind(2, "orange", ending="451"),
    "Orange refuses": Kind(2, "orange", ending="455"),
    "Orange's answer lost": Kind(2, "orange", fault="drop_after"),
    "payer pays on Orange's page": Kind(5, "orange", is_on_page=True),
    "payer fails on Orange's page": Kind(1, "orange", ending="450", is_on_page=True),
    "page's answer lost": Kind(2, "orange", fault="drop_after", is_on_page=True),
    "page's callback lost": Kind(1, "orange", fault="callback_none", is_on_page=True),
    "page's callback early": Kind(1, "orange", fault="callback_early", is_on_page=True),
    "page's callback twice": Kind(1, "orange", fault="callback_double", is_on_page=True),
    "page's token too old": Kind(1, "orange", fault="token_expired", is_on_page=True),
    "broken order": Kind(2, is_broken=True),
}
REFUNDS: Final[Mapping[str, Kind]] = {
    "refund is paid": Kind(6),
    "operator refuses a refund": Kind(
        3, fault="error_before", words={"http_status": 400, "code": "PAYEE_NOT_FOUND"}
    ),
    "refund's callback lost": Kind(2, fault="callback_none"),
    "refund's answer lost": Kind(2, fault="drop_after"),
}
PAYOUTS: Final[Mapping[str, Kind]] = {
    "payout is paid": Kind(6),
    "payout is paid later": Kind(3),
    "payout is taken back": Kind(3),
    "operator refuses a payout": Kind(
        3, fault="error_before", words={"http_status": 400, "code": "PAYEE_NOT_FOUND"}
    ),
    "payout's callback lost": Kind(3, fault="callback_none"),
    "payout's answer lost": Kind(3, fault="drop_after"),
    "Orange's payout is paid": Kind(5, "orange"),
    "Orange's payout answer lost": Kind(3, "orange", fault="drop_after"),
}
