"""Puts objects in the place of their ids, as `expand[]` asks: one look a kind, not one a row."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from shared.domain.account import Caller
from shared.domain.balance_transaction import BalanceTransaction
from shared.domain.charge import Charge
from shared.domain.errors import InvalidRequest, NotPermitted
from shared.domain.merchant_customer import PREFIX as CUSTOMER
from shared.domain.merchant_customer import MerchantCustomer
from shared.domain.payout import Payout
from shared.domain.permissions import may
from shared.domain.refund import Refund
from shared.domain.topup import TopUp
from shared.operations import objects
from shared.operations.customer_objects import customer_object
from shared.operations.reads import Read

DEEPEST: Final = 4
"""Names in one path, `data` of a list among them."""
MOST: Final = 10
"""Paths in one request."""
DATA: Final = "data"
_NAME: Final = re.compile(r"expand\[[0-9]*\]")

Shown = dict[str, Any]
Tree = dict[str, "Tree"]
"""The fields to expand, each with those of the object that takes its place."""

# Kinds are told by the prefix of their ids. What is of another kind stays an id.
FIELDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "ch": {"balance_transaction": ("txn",), "customer": (CUSTOMER,)},
    "rf": {"balance_transaction": ("txn",), "charge": ("ch",)},
    "po": {"balance_transaction": ("txn",)},
    "tu": {"balance_transaction": ("txn",)},
    "txn": {"source": ("ch", "rf", "po", "tu")},
    CUSTOMER: {},
}
"""Which fields of a kind can be expanded, and to what."""
_READ_BY: Final = {
    "ch": "read_charge",
    "rf": "read_refund",
    "po": "read_payout",
    "tu": "read_topup",
    "txn": "read_balance_transaction",
    CUSTOMER: "read_customer",
}
_ONE: Final = {operation: kind for kind, operation in _READ_BY.items()}
_LISTS: Final = {
    "list_charges": "ch",
    "search_charges": "ch",
    "list_refunds": "rf",
    "list_payouts": "po",
    "list_topups": "tu",
    "list_balance_transactions": "txn",
}


class ExpandStore(Protocol):
    """What a tenant may read of its own, many by their ids in one statement each."""

    def charges_of(self, ids: Sequence[str]) -> Sequence[Charge]:
        """Return those that there are."""

    def refunds_of(self, ids: Sequence[str]) -> Sequence[Refund]:
        """Return those that there are."""

    def payouts_of(self, ids: Sequence[str]) -> Sequence[Payout]:
        """Return those that there are."""

    def customers_of(self, ids: Sequence[str]) -> Sequence[MerchantCustomer]:
        """Return those that there are, deleted ones too."""

    def topups_of(self, ids: Sequence[str]) -> Sequence[TopUp]:
        """Return those that there are."""

    def balance_transactions_of(self, ids: Sequence[str]) -> Sequence[BalanceTransaction]:
        """Return those that there are."""


def take_paths(query: Mapping[str, str], operation: str) -> tuple[Mapping[str, str], list[str]]:
    """Return a query without what it asks to expand, and that.

    Of operations that expand nothing the query stays whole, and what they do not know is refused.
    """
    if operation not in _ONE and operation not in _LISTS:
        return query, []
    paths = [value for name, value in query.items() if _NAME.fullmatch(name)]
    if not paths:
        return query, paths
    return {n: value for n, value in query.items() if not _NAME.fullmatch(n)}, paths


def read_paths(paths: Sequence[str], operation: str, caller: Caller) -> Tree:
    """Return what is to be expanded.

    Raises InvalidRequest `expand_invalid` for what cannot be, and NotPermitted where the caller may
    not read what would come in.
    """
    if len(paths) > MOST:
        raise InvalidRequest("expand_invalid", "expand[]", path=f"[{len(paths)}]", limit=MOST)
    whole: Tree = {}
    for path in paths:
        parts = path.split(".")
        names = parts[1:] if operation in _LISTS and parts[0] == DATA else parts
        is_placed = (names is parts) == (operation in _ONE)
        if not is_placed or not names or len(parts) > DEEPEST:
            raise _cannot(path)
        kinds: tuple[str, ...] = (_ONE.get(operation) or _LISTS[operation],)
        here = whole
        for name in names:
            kinds = tuple(
                dict.fromkeys(kind for each in kinds for kind in FIELDS[each].get(name, ()))
            )
            if not kinds:
                raise _cannot(path)
            if not all(may(caller, _READ_BY[kind]) for kind in kinds):
                raise NotPermitted("permission_denied")
            here = here.setdefault(name, {})
    return whole


def _cannot(path: str) -> InvalidRequest:
    return InvalidRequest("expand_invalid", "expand[]", path=path[:100], limit=MOST)


def expand(answer: Shown, tree: Tree, read: Read, store: ExpandStore) -> None:
    """Expand one object, or each of a list, in place; what is not there stays an id or null."""
    is_page = answer["object"] in {"list", "search_result"}
    _expand(answer[DATA] if is_page else [answer], tree, read, store)


def _expand(shown: Collection[Shown], tree: Tree, read: Read, store: ExpandStore) -> None:
    for field, deeper in tree.items():
        holders = [each for each in shown if isinstance(each.get(field), str)]
        found = _find({each[field] for each in holders}, read, store)
        for each in holders:
            each[field] = found.get(each[field], each[field])
        if deeper:
            _expand(found.values(), deeper, read, store)


def _find(ids: set[str], read: Read, store: ExpandStore) -> dict[str, Shown]:
    found: list[Shown] = []
    for kind, show in _SHOW.items():
        wanted = sorted(each for each in ids if each.startswith(f"{kind}_"))
        if wanted:
            found += show(wanted, read, store)
    return {each["id"]: each for each in found}


def _charges(ids: Sequence[str], read: Read, store: ExpandStore) -> list[Shown]:
    show = partial(objects.charge_object, language=read.language, base_url=read.base_url)
    return [show(each) for each in store.charges_of(ids)]


def _refunds(ids: Sequence[str], read: Read, store: ExpandStore) -> list[Shown]:
    show = partial(objects.refund_object, language=read.language, base_url=read.base_url)
    return [show(each) for each in store.refunds_of(ids)]


def _payouts(ids: Sequence[str], read: Read, store: ExpandStore) -> list[Shown]:
    show = partial(objects.payout_object, language=read.language, base_url=read.base_url)
    return [show(each) for each in store.payouts_of(ids)]


def _topups(ids: Sequence[str], _: Read, store: ExpandStore) -> list[Shown]:
    return [objects.topup_object(each) for each in store.topups_of(ids)]


def _booked(ids: Sequence[str], read: Read, store: ExpandStore) -> list[Shown]:
    show = partial(objects.balance_transaction_object, livemode=read.livemode)
    return [show(each) for each in store.balance_transactions_of(ids)]


def _customers(ids: Sequence[str], _: Read, store: ExpandStore) -> list[Shown]:
    return [customer_object(each) for each in store.customers_of(ids)]


_SHOW: Final[Mapping[str, Callable[[Sequence[str], Read, ExpandStore], list[Shown]]]] = {
    "ch": _charges,
    "rf": _refunds,
    "po": _payouts,
    "tu": _topups,
    "txn": _booked,
    CUSTOMER: _customers,
}
