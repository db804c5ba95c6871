"""Shows answers as an older version of the API had them: one step back for each version since.

Operations know the newest shape alone. What a version changed stands here once, as the way back:
an object of a kind, made as it was before. A way back leaves alone what has that shape already, so
that an answer stored before the change may pass through it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from shared.domain.errors import InvalidRequest
from shared.domain.events import API_VERSION

PAY_VERSION: Final = "Pay-Version"
STRIPE_VERSION: Final = "Stripe-Version"
NEWEST: Final = API_VERSION
_STRIPE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:\.[a-z]{1,40})?(?:;.{0,200})?")

Shown = dict[str, Any]


class Change(NamedTuple):
    """What a version changed of a kind of objects, and the way back."""

    version: str
    kind: str
    undo: Callable[[Shown], Shown]


def _topup_with_source(topup: Shown) -> Shown:
    """Before 2026-11-30 `method` of a top-up was called `source`, which elsewhere is an id."""
    return {"source" if name == "method" else name: value for name, value in topup.items()}


CHANGES: Final = (Change("2026-11-30", "topup", _topup_with_source),)
"""From the newest back."""
KNOWN: Final = ("2026-11-30", "2026-11-01")
"""Every version, the newest first."""


def choose(pay_version: str | None, stripe_version: str | None) -> str:
    """Return the version in which a caller wants answers, the newest where nothing says which.

    `Pay-Version` is one of ours. `Stripe-Version` is a date of Stripe's, which its SDKs send by
    themselves: it means what was our newest on that day, or our first, so that an SDK that stays
    as it is sees our API stay as it was. Raises InvalidRequest `version_unknown`.
    """
    if pay_version is not None:
        if pay_version not in KNOWN:
            raise InvalidRequest("version_unknown", PAY_VERSION, newest=NEWEST)
        return pay_version
    if stripe_version is None:
        return NEWEST
    day = _day(stripe_version)
    return next((version for version in KNOWN if version <= day), KNOWN[-1])


def _day(stripe_version: str) -> str:
    matched = _STRIPE.fullmatch(stripe_version)
    try:
        return date.fromisoformat(matched[1] if matched else "").isoformat()
    except ValueError:
        raise InvalidRequest("version_unknown", STRIPE_VERSION, newest=NEWEST) from None


def shown_as(answer: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    """Return an answer as a version shows it.

    Events stay as they were written: each names the version of the object inside. So does metadata,
    whose words are the merchant's.
    """
    changes = [change for change in CHANGES if change.version > version]
    found: Mapping[str, Any] = _older(answer, changes)
    return found


def _older(value: Any, changes: list[Change]) -> Any:
    if isinstance(value, list):
        return [_older(each, changes) for each in value]
    if not isinstance(value, dict) or value.get("object") == "event":
        return value
    shown = {
        name: inner if name == "metadata" else _older(inner, changes)
        for name, inner in value.items()
    }
    for change in changes:
        if shown.get("object") == change.kind:
            shown = change.undo(shown)
    return shown
