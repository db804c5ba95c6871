"""Says what merchants may expect of each operator now: does it take payments, and of what size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.account import Limits
from shared.domain.breaker import CLOSED, Standing
from shared.domain.phone import Operator
from shared.operations import objects
from shared.operations.lists import refuse_unknown

NAMES: Final[Mapping[Operator, str]] = {
    Operator.MTN: "MTN Mobile Money",
    Operator.ORANGE: "Orange Money",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What holds for a tenant at an operator; without `limits` it is not served."""

    operator: Operator
    limits: Limits | None = None
    requests: Standing = CLOSED
    reads: Standing = CLOSED


def list_operators(
    query: Mapping[str, str], offer_of: Callable[[Operator], Offer], *, livemode: bool
) -> dict[str, Any]:
    """Return all operators in one page."""
    refuse_unknown(query)
    data = [_operator(offer_of(operator), livemode=livemode) for operator in Operator]
    return objects.list_object("/v1/operators", data, has_more=False)


def _operator(offer: Offer, *, livemode: bool) -> dict[str, Any]:
    limits = offer.limits
    return {
        "id": offer.operator.value,
        "object": "operator",
        "name": NAMES[offer.operator],
        "charges": {
            **_availability(offer.requests, is_served=limits is not None),
            "minimum": None if limits is None else limits.minimum,
            "maximum": None if limits is None else limits.maximum,
        },
        "confirmations": _availability(offer.reads, is_served=limits is not None),
        "livemode": livemode,
    }


def _availability(standing: Standing, *, is_served: bool) -> dict[str, Any]:
    if not is_served:
        return {"status": "not_served", "unavailable_since": None}
    since = standing.opened_at
    return {
        "status": "available" if since is None else "unavailable",
        "unavailable_since": objects.seconds_or_none(since),
    }
