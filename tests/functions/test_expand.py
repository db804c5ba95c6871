"""`expand[]` at the door: objects in the place of ids, of one's own, in one statement each."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from shared.db import expansions
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.till import Till

LINE: Final = "balance_transaction"


@pytest.fixture
def sold(till: Till) -> dict[str, str]:
    """A paid charge, its refund and a payout beside it."""
    charge = till.paid_charge()
    till.fund()
    refund = till.refund(charge, amount=100)
    return {"charge": charge, "refund": refund, "payout": till.payout_made()}


@pytest.fixture
def get(read_payments: Door, till: Till) -> Callable[..., Reply]:
    """GET as that shop."""
    return lambda path: read_payments.get(path, key=till.account.secret_key)


def test_one_object_shows_what_it_names(get: Callable[..., Reply], sold: dict[str, str]) -> None:
    """Of each kind, in each way of writing the parameter; without it ids stay ids."""
    bare = get(f"/v1/refunds/{sold['refund']}").json
    refund = get(f"/v1/refunds/{sold['refund']}?expand[]=charge.{LINE}&expand[]={LINE}").json
    payout = get(f"/v1/payouts/{sold['payout']}?expand[0]={LINE}.source").json
    charge = get(f"/v1/charges/{sold['charge']}?expand%5B%5D={LINE}").json

    assert (bare["charge"], bare[LINE]) == (sold["charge"], refund[LINE]["id"])
    assert refund["charge"]["id"] == refund["charge"][LINE]["source"] == sold["charge"]
    assert refund[LINE]["source"] == sold["refund"]
    assert payout[LINE]["source"]["id"] == sold["payout"]
    assert charge[LINE] == get(f"/v1/balance_transactions/{charge[LINE]['id']}").json


def test_a_list_shows_what_each_names_in_one_statement_a_kind(
    get: Callable[..., Reply], sold: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of the books with their charges, refunds and payouts."""
    asked: list[object] = []
    rows = expansions.Expansions._rows

    def counted(self: Any, statement: object, *rest: Any, **values: Any) -> Any:
        asked.append(statement)
        return rows(self, statement, *rest, **values)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(expansions.Expansions, "_rows", counted)
    lines = get("/v1/balance_transactions?limit=100&expand[]=data.source").json["data"]

    assert {each["source"]["id"] for each in lines} == set(sold.values())
    assert len(asked) == len(set(map(id, asked))) == 3


def test_what_cannot_be_expanded_is_refused(
    get: Callable[..., Reply], read_payments: Door, shop: Account
) -> None:
    """By name in both languages; elsewhere the parameter is unknown."""
    for path, code, param in (
        ("/v1/charges?expand[]=balance_transaction", "expand_invalid", "expand[]"),
        ("/v1/charges?expand[]=data.reference", "expand_invalid", "expand[]"),
        ("/v1/charges?expand[0]=data&expand[0]=data", "parameter_invalid", "expand[0]"),
        ("/v1/charges?expand=data", "parameter_unknown", "expand"),
        ("/v1/events?expand[]=data.object", "parameter_unknown", "expand[]"),
    ):
        reply = get(path)
        assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    french = read_payments.get(
        "/v1/payouts?expand[]=x", key=shop.secret_key, headers={"Accept-Language": "fr"}
    )
    assert "« x »" in french.error["message"]
