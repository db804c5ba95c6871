"""Charges are searched by a query, to the end, in Stripe's shape."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.database import Account
from tests.functions.door import Door, Reply

METHOD: Final = {"type": "mobile_money", "phone": "+237670000055"}


@pytest.fixture
def search(read_payments: Door, shop: Account) -> Callable[..., Reply]:
    """Ask for what a query finds."""
    return lambda query, more="": read_payments.get(
        f"/v1/charges/search?query={quote(query)}{more}", key=shop.secret_key
    )


@pytest.fixture
def sold(create_charge: Door, manage_account: Door, shop: Account) -> list[dict[str, Any]]:
    """Five charges of a customer of their own, 100 to 500 francs, the oldest first."""
    key = shop.secret_key
    customer = manage_account.post("/v1/customers", {"name": "Awa"}, key=key).json["id"]
    body = {"currency": "xaf", "payment_method": METHOD, "customer": customer}
    return [
        create_charge.post(
            "/v1/charges",
            {**body, "amount": amount, "metadata": {"size": str(amount % 200), "of": "us"}},
            key=key,
        ).json
        for amount in (100, 200, 300, 400, 500)
    ]


def test_a_query_finds_what_is_so(search: Callable[..., Reply], sold: list[dict[str, Any]]) -> None:
    """Newest first; each clause narrows the others, and one that nothing meets finds nothing."""
    mine = f"customer:'{sold[0]['customer']}'"

    def found(query: str) -> list[int]:
        return [each["amount"] for each in search(f"{mine} AND {query}").json["data"]]

    assert found("amount>=100") == [500, 400, 300, 200, 100]
    assert found("amount>100 AND amount<=300") == [300, 200]
    assert found("metadata['size']:'100' AND metadata['of']:'us'") == [500, 300, 100]
    assert found("phone:'670000055' AND status:'pending' AND amount:400") == [400]
    assert found(f"created>={sold[0]['created']}") == [500, 400, 300, 200, 100]
    for nothing in ("status:'failed'", "currency:'usd'", "created<5", "metadata['size']:'10'"):
        assert found(nothing) == []


def test_pages_follow_each_other_to_the_end(
    search: Callable[..., Reply], sold: list[dict[str, Any]]
) -> None:
    """By a place that says nothing; objects are expanded as in a list."""
    query, seen = f"customer:'{sold[0]['customer']}'", []
    more: str | None = ""
    while more is not None:
        reply = search(query, f"&limit=2&expand[]=data.customer{more}").json
        seen += [each["amount"] for each in reply["data"]]
        place = reply["next_page"]
        more = None if place is None else f"&page={place}"
        assert reply["has_more"] == (place is not None)
        assert {each["customer"]["name"] for each in reply["data"]} == {"Awa"}
        assert (reply["object"], reply["url"]) == ("search_result", "/v1/charges/search")

    assert seen == [500, 400, 300, 200, 100]


@pytest.mark.parametrize(
    ("query", "more", "code", "param"),
    [
        ("amount>", "", "search_query_invalid", "query"),
        ("amount>1", "&page=x", "cursor_invalid", "page"),
        ("amount>1", "&page=%C3%A9", "cursor_invalid", "page"),
        ("amount>1", "&page=ch_2al4yqabjpxcnibzgz4o54qf", "cursor_invalid", "page"),
        ("amount>1", "&limit=0", "limit_invalid", "limit"),
        ("amount>1", "&starting_after=x", "parameter_unknown", "starting_after"),
    ],
)
def test_what_cannot_be_read_is_refused(
    search: Callable[..., Reply], *, query: str, more: str, code: str, param: str
) -> None:
    """By name; no charge is called `search`."""
    reply = search(query, more)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
