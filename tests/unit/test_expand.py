"""Ids become objects where it is asked for, by one look for each kind, and never beyond a right."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from shared.domain.account import Caller, Tenant
from shared.domain.balance_transaction import BalanceTransaction
from shared.domain.charge import Charge
from shared.domain.errors import InvalidRequest, NotPermitted
from shared.operations import objects
from shared.operations.expand import MOST, expand, read_paths, take_paths
from shared.operations.reads import Read
from tests.factories import a_charge, a_refund, an_id, moment

TENANT: Final = Tenant("acct_abcdefghijklmnop", livemode=False)
CALLER: Final = Caller(
    tenant=TENANT,
    key_id="k",
    kind="sk",
    scopes=frozenset({"*"}),
    language="en",
    charges_enabled=True,
    suspended=False,
)
READ: Final = Read({}, {}, "https://pay.test", "en", livemode=False, now=moment())


class Books:
    """Charges and their lines, and how often somebody looked."""

    def __init__(self, charges: Sequence[Charge]) -> None:
        self.charges = {each.id: each for each in charges}
        self.looks: list[str] = []

    def charges_of(self, ids: Sequence[str]) -> Sequence[Charge]:
        self.looks.append("charges")
        return [self.charges[each] for each in ids if each in self.charges]

    def balance_transactions_of(self, ids: Sequence[str]) -> Sequence[BalanceTransaction]:
        self.looks.append("lines")
        return [_line(each) for each in self.charges.values() if each.balance_transaction in ids]

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def _line(charge: Charge) -> BalanceTransaction:
    return BalanceTransaction(
        id=str(charge.balance_transaction),
        kind="charge",
        source=charge.id,
        moved=charge.money.amount,
        fees=(),
        created_at=moment(),
        available_at=moment(),
        is_pending=False,
    )


@pytest.fixture
def books() -> Books:
    """Five charges that were booked."""
    charges = [replace(a_charge(TENANT), balance_transaction=an_id("txn")) for _ in range(5)]
    return Books(charges)


def _page(*shown: dict[str, Any]) -> dict[str, Any]:
    return objects.list_object("/v1/x", shown, has_more=False)


def test_a_page_costs_one_look_for_each_name(books: Books) -> None:
    """However many rows it has; the deepest object is whole, and no object holds itself."""
    refunds = [a_refund(charge) for charge in books.charges.values() for _ in range(3)]
    page = _page(*(objects.refund_object(each, language="en") for each in refunds))
    path = "data.charge.balance_transaction.source"

    expand(page, read_paths([path], "list_refunds", CALLER), READ, books)

    assert books.looks == ["charges", "lines", "charges"]
    for shown, refund in zip(page["data"], refunds, strict=True):
        line = shown["charge"]["balance_transaction"]
        assert shown["charge"]["id"] == line["source"]["id"] == refund.charge_id
        assert isinstance(line["source"]["balance_transaction"], str)


def test_what_is_not_there_stays_as_it_is(books: Books) -> None:
    """Null stays null, an id that leads nowhere an id, and nobody looks for nothing."""
    charge = objects.charge_object(a_charge(TENANT), base_url="", language="en")
    line = {"object": "balance_transaction", "source": an_id("pb")}
    gone = {"object": "refund", "charge": an_id("ch")}
    for answer, path, operation in (
        (charge, "balance_transaction", "read_charge"),
        (line, "source", "read_balance_transaction"),
        (gone, "charge.balance_transaction", "read_refund"),
    ):
        before = dict(answer)
        expand(answer, read_paths([path], operation, CALLER), READ, books)
        assert answer == before
    assert books.looks == ["charges"]


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("read_charge", ""),
        ("read_charge", "."),
        ("read_charge", "amount"),
        ("read_charge", "metadata"),
        ("read_charge", "refunds"),
        ("read_charge", "data.balance_transaction"),
        ("read_charge", "balance_transaction."),
        ("read_charge", "balance_transaction.id"),
        ("read_charge", ".".join(["balance_transaction", "source"] * 3)),
        ("list_charges", "balance_transaction"),
        ("list_charges", "data"),
        ("list_charges", "data.data.balance_transaction"),
        ("list_charges", "data." + ".".join(["balance_transaction", "source"] * 2)),
        ("read_payout", "x" * 9000),
    ],
)
def test_what_cannot_be_expanded_is_refused_by_name(operation: str, path: str) -> None:
    """Before anybody looks for anything."""
    with pytest.raises(InvalidRequest) as refused:
        read_paths([path], operation, CALLER)
    assert (refused.value.code, refused.value.param) == ("expand_invalid", "expand[]")


def test_four_names_and_ten_paths_are_taken_and_no_more() -> None:
    """The same path twice is one."""
    four = "data.balance_transaction.source.balance_transaction"
    tree: Any = {"balance_transaction": {"source": {"balance_transaction": {}}}}

    assert read_paths([four] * MOST, "list_charges", CALLER) == tree
    with pytest.raises(InvalidRequest):
        read_paths([four] * (MOST + 1), "list_charges", CALLER)


@pytest.mark.parametrize(
    ("scopes", "path", "is_let"),
    [
        ({"refunds:read"}, "charge", False),
        ({"refunds:read"}, "balance_transaction", False),
        ({"refunds:read", "charges:read"}, "charge", True),
        ({"refunds:read", "charges:read"}, "charge.balance_transaction", False),
        ({"refunds:read", "balance:read"}, "balance_transaction", True),
        ({"refunds:read", "balance:read"}, "balance_transaction.source", False),
    ],
)
def test_a_key_sees_nothing_more_by_expanding(scopes: set[str], path: str, *, is_let: bool) -> None:
    """Whoever may not read an object may not have it brought along."""
    narrow = replace(CALLER, kind="rk", scopes=frozenset(scopes))

    if is_let:
        assert read_paths([path], "read_refund", narrow)
    else:
        with pytest.raises(NotPermitted):
            read_paths([path], "read_refund", narrow)


def test_only_what_asks_to_expand_is_taken_from_a_query() -> None:
    """An operation that expands nothing knows no such name and refuses it as any other."""
    query = {"limit": "2", "expand[0]": "data.charge", "expand[]": "x", "expand": "y"}

    left = {"limit": "2", "expand": "y"}
    assert take_paths(query, "list_refunds") == (left, ["data.charge", "x"])
    assert take_paths(query, "list_events") == (query, [])
