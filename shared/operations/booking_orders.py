"""What administrators ask for about bookings by hand, read from bodies and queries."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.account import Tenant
from shared.domain.adjustment import AdjustmentKind
from shared.domain.booking import NAMED
from shared.domain.errors import InvalidRequest
from shared.domain.ids import is_id
from shared.operations.create_charge import LARGEST
from shared.operations.lists import read_limit, refuse_unknown
from shared.operations.manage_cases import read_close_reason

FIELDS: Final = frozenset(
    {
        "account", "mode", "kind", "amount", "reason", "case", "about", "operator_account",
        "operator_transaction", "debit", "credit",
    }
)  # fmt: skip
_OF_MODE: Final = {"live": True, "test": False}
_WORD: Final = re.compile(r"[A-Za-z0-9:_.\-]{1,100}")
_ABOUT: Final[Mapping[AdjustmentKind, tuple[str, ...]]] = {
    AdjustmentKind.LATE_PAYMENT: ("ch",),
    AdjustmentKind.REVERSAL: ("ch",),
    AdjustmentKind.RETURN: ("po",),
    AdjustmentKind.CORRECTION: ("ch", "po", "lp"),
    AdjustmentKind.FEE_TRUE_UP: (),
}


@dataclass(frozen=True, slots=True)
class WantedBooking:
    """A well-formed wish to book."""

    tenant: Tenant
    kind: AdjustmentKind
    amount: int
    reason: str
    case: str | None
    about: str | None
    operator_account: str | None
    operator_transaction: str | None
    debit: str | None
    credit: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "WantedBooking":
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, FIELDS)
        kind = _one_of(body, "kind", [kind.value for kind in AdjustmentKind])
        debit, credit = _word(body, "debit"), _word(body, "credit")
        names_sides = kind == AdjustmentKind.CORRECTION
        for name, given in (("debit", debit), ("credit", credit)):
            if (given is not None) != names_sides or (names_sides and not _may_name(given)):
                raise InvalidRequest("parameter_invalid", name)
        if names_sides and debit == credit:
            raise InvalidRequest("parameter_invalid", "credit")
        return cls(
            tenant=Tenant(
                _id(body, "account", "acct", needed=True) or "",
                _OF_MODE[_one_of(body, "mode", list(_OF_MODE))],
            ),
            kind=AdjustmentKind(kind),
            amount=_amount(body.get("amount")),
            reason=read_close_reason({"reason": body.get("reason")}),
            case=_id(body, "case", "case"),
            about=_id(body, "about", *_ABOUT[AdjustmentKind(kind)]),
            operator_account=_id(body, "operator_account", "opa"),
            operator_transaction=_word(body, "operator_transaction"),
            debit=debit,
            credit=credit,
        )


@dataclass(frozen=True, slots=True)
class PageOfBookings:
    """Which proposals are wanted; None is any."""

    limit: int
    after: str | None
    account: str | None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "PageOfBookings":
        """Read a query. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(query, {"limit", "starting_after", "account"})
        after, account = query.get("starting_after"), query.get("account")
        if after is not None and not is_id(after, "bkg"):
            raise InvalidRequest("cursor_invalid", "starting_after")
        if account is not None and not is_id(account, "acct"):
            raise InvalidRequest("parameter_invalid", "account")
        return cls(read_limit(query), after, account)


def _may_name(account: str | None) -> bool:
    if account is None:
        return False
    head, _, tail = account.partition(":")
    return account in NAMED or (head == "float" and is_id(tail, "opa"))


def _one_of(body: Mapping[str, Any], name: str, words: Sequence[str]) -> str:
    given = body.get(name)
    if given is None:
        raise InvalidRequest("parameter_missing", name)
    if given not in words:
        raise InvalidRequest("parameter_invalid", name)
    return str(given)


def _id(body: Mapping[str, Any], name: str, *prefixes: str, needed: bool = False) -> str | None:
    given = body.get(name)
    if given is None:
        if needed:
            raise InvalidRequest("parameter_missing", name)
        return None
    if not isinstance(given, str) or not any(is_id(given, prefix) for prefix in prefixes):
        raise InvalidRequest("parameter_invalid", name)
    return given


def _word(body: Mapping[str, Any], name: str) -> str | None:
    given = body.get(name)
    if given is None:
        return None
    if not isinstance(given, str) or not _WORD.fullmatch(given):
        raise InvalidRequest("parameter_invalid", name)
    return given


def _amount(amount: object) -> int:
    if amount is None:
        raise InvalidRequest("amount_missing", "amount")
    if type(amount) is not int:
        raise InvalidRequest("amount_not_whole", "amount")
    if amount <= 0:
        raise InvalidRequest("amount_too_small", "amount", limit=1)
    if amount > LARGEST:
        raise InvalidRequest("amount_too_large", "amount", limit=LARGEST)
    return amount
