"""What a merchant says of a checkout or a payment link, read from a body to a well-formed wish."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from shared.domain.errors import InvalidRequest
from shared.domain.ids import new_id
from shared.domain.payment_page import (
    CHECKOUT_LASTS,
    CHECKOUT_LONGEST,
    CHECKOUT_SHORTEST,
    LINK_LONGEST,
    Asked,
    PageKind,
    PaymentPage,
    prefix_of,
)
from shared.operations.create_charge import (
    DESCRIPTION_LENGTH,
    LARGEST,
    REFERENCE_LENGTH,
    fingerprint,
    read_currency,
    read_metadata,
    read_money,
    read_text,
    read_url,
)
from shared.operations.lists import refuse_unknown

_FIELDS: Final = frozenset(
    {
        "amount",
        "amount_min",
        "amount_max",
        "currency",
        "description",
        "reference",
        "metadata",
        "success_url",
        "cancel_url",
        "expires_at",
        "language",
    }
)
_CHANGEABLE: Final = frozenset({"active", "description", "metadata"})
_HTTPS: Final = frozenset({"https"})
_OWN: Final = "auto"
_LATEST: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most, in whole XAF, that any operator takes of this account at once."""

    least: int = 1
    most: int = LARGEST


@dataclass(frozen=True, slots=True)
class CreatePage:
    """A well-formed wish for a checkout or a payment link."""

    kind: PageKind
    asked: Asked
    description: str | None
    reference: str | None
    metadata: Mapping[str, str]
    success_url: str | None
    cancel_url: str | None
    language: str | None
    expires_at: datetime | None
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any], kind: PageKind) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        return cls(
            kind=kind,
            asked=_asked(body),
            description=read_text(body, "description", DESCRIPTION_LENGTH),
            reference=read_text(body, "reference", REFERENCE_LENGTH, code="reference_invalid"),
            metadata=read_metadata(body.get("metadata")),
            success_url=read_url(body, "success_url", _HTTPS),
            cancel_url=read_url(body, "cancel_url", _HTTPS),
            language=_language(body.get("language")),
            expires_at=_moment(body.get("expires_at")),
            fingerprint=fingerprint(body),
        )

    def page(self, account: str, *, livemode: bool, bounds: Bounds, now: datetime) -> PaymentPage:
        """Return the page as it is to be stored.

        Raises InvalidRequest `amount_too_small`, `amount_too_large`, and `parameter_invalid` for a
        time that is too near or too far.
        """
        _refuse_amounts(self.asked, bounds)
        prefix = prefix_of(self.kind, livemode=livemode)
        return PaymentPage(
            id=new_id(prefix, int(now.timestamp() * 1000)),
            account=account,
            livemode=livemode,
            kind=self.kind,
            asked=self.asked,
            created_at=now,
            description=self.description,
            reference=self.reference,
            metadata=self.metadata,
            success_url=self.success_url,
            cancel_url=self.cancel_url,
            language=self.language,
            expires_at=self._ends_at(now),
        )

    def _ends_at(self, now: datetime) -> datetime | None:
        is_checkout = self.kind is PageKind.CHECKOUT
        if self.expires_at is None:
            return now + CHECKOUT_LASTS if is_checkout else None
        longest = CHECKOUT_LONGEST if is_checkout else LINK_LONGEST
        # Given in whole seconds: up to one of them is rounded off.
        if not now + CHECKOUT_SHORTEST - timedelta(seconds=1) <= self.expires_at <= now + longest:
            raise InvalidRequest("parameter_invalid", "expires_at")
        return self.expires_at


@dataclass(frozen=True, slots=True)
class UpdateLink:
    """Well-formed changes of a payment link; metadata is joined to what there is."""

    changes: Mapping[str, Any]
    metadata: Mapping[str, str] | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _CHANGEABLE)
        changes: dict[str, Any] = {}
        active = body.get("active")
        if active is not None and type(active) is not bool:
            raise InvalidRequest("parameter_invalid", "active")
        if active is not None:
            changes["active"] = active
        if "description" in body:
            changes["description"] = read_text(body, "description", DESCRIPTION_LENGTH)
        if "metadata" in body and body["metadata"] is None:
            changes["metadata"] = {}
        return cls(changes, read_metadata(body.get("metadata")) or None)

    def applied(self, page: PaymentPage) -> PaymentPage:
        """Return a link as this makes it. Raises InvalidRequest `metadata_invalid`."""
        changes = dict(self.changes)
        if self.metadata is not None:
            merged = {**page.metadata, **self.metadata}
            changes["metadata"] = read_metadata({n: text for n, text in merged.items() if text})
        return replace(page, **changes)


def _asked(body: Mapping[str, Any]) -> Asked:
    least, most = (_bound(body, name) for name in ("amount_min", "amount_max"))
    if body.get("amount") is not None:
        if least is not None or most is not None:
            name = "amount_max" if least is None else "amount_min"
            raise InvalidRequest("parameter_invalid", name)
        return Asked(read_money(body).amount)
    if least is None and most is None:
        # A forgotten amount must not become one that the payer chooses.
        raise InvalidRequest("amount_missing", "amount")
    read_currency(body)
    if least is not None and most is not None and least > most:
        raise InvalidRequest("amount_too_small", "amount_max", limit=least)
    return Asked(None, least, most)


def _bound(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int:
        raise InvalidRequest("amount_not_whole", name)
    if value <= 0:
        raise InvalidRequest("amount_too_small", name, limit=1)
    if value > LARGEST:
        raise InvalidRequest("amount_too_large", name, limit=LARGEST)
    return value


def _refuse_amounts(asked: Asked, bounds: Bounds) -> None:
    """Refuse what no operator would take, whichever the payer's is."""
    given = {"amount": asked.amount, "amount_min": asked.least, "amount_max": asked.most}
    for name, amount in given.items():
        if amount is not None and amount < bounds.least:
            raise InvalidRequest("amount_too_small", name, limit=bounds.least)
        if amount is not None and amount > bounds.most:
            raise InvalidRequest("amount_too_large", name, limit=bounds.most)


def _language(value: object) -> str | None:
    if value in (None, _OWN):
        return None
    if not isinstance(value, str) or value not in {"fr", "en"}:
        raise InvalidRequest("parameter_invalid", "language")
    return value


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if type(value) is not int or not 0 < value <= _LATEST:
        raise InvalidRequest("parameter_invalid", "expires_at")
    return datetime.fromtimestamp(value, UTC)
