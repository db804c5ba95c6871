"""Words of a charge change at any time, and nothing else of it."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.rows import Rows
from tests.functions.till import Till

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
WORDS: Final = ("description", "metadata")


@pytest.fixture
def charge(create_charge: Door, shop: Account) -> dict[str, Any]:
    """A charge with words."""
    method = {"type": "mobile_money", "phone": "+237670000001"}
    body = {"amount": 1500, "currency": "xaf", "payment_method": method, "description": "first"}
    reply = create_charge.post(
        "/v1/charges", body | {"metadata": {"a": "1", "b": "2"}}, key=shop.secret_key
    )
    made: dict[str, Any] = reply.json
    return made


@pytest.fixture
def update(create_charge: Door, shop: Account, charge: dict[str, Any]) -> Callable[..., Reply]:
    """Change that charge."""
    path = f"/v1/charges/{charge['id']}"
    return lambda body, **headers: create_charge.post(
        path, body, key=shop.secret_key, headers=headers
    )


@pytest.mark.parametrize(
    ("body", "description", "metadata"),
    [
        ({}, "first", {"a": "1", "b": "2"}),
        ({"description": "second"}, "second", {"a": "1", "b": "2"}),
        ({"description": None}, None, {"a": "1", "b": "2"}),
        ({"metadata": {}}, "first", {"a": "1", "b": "2"}),
        ({"metadata": {"b": "3", "c": "4"}}, "first", {"a": "1", "b": "3", "c": "4"}),
        ({"metadata": {"a": None, "b": ""}}, "first", {}),
        ({"metadata": None}, "first", {}),
        (b"description=&metadata[a]=&metadata[c]=4", None, {"b": "2", "c": "4"}),
        (b"metadata=", "first", {}),
    ],
)
def test_words_are_joined_to_what_there_is(
    charge: dict[str, Any],
    update: Callable[..., Reply],
    *,
    read_payments: Door,
    shop: Account,
    body: Any,
    description: str | None,
    metadata: dict[str, str],
) -> None:
    """As Stripe has it, in JSON and in a form; all else stays, and no event tells of it."""
    reply = update(body, **(FORM if isinstance(body, bytes) else {}))
    found = read_payments.get(f"/v1/charges/{charge['id']}", key=shop.secret_key).json
    events = read_payments.get(f"/v1/events?object={charge['id']}", key=shop.secret_key).json

    assert reply.json == found
    assert (found["description"], found["metadata"]) == (description, metadata)
    assert {n: v for n, v in found.items() if n not in WORDS} == {
        n: v for n, v in charge.items() if n not in WORDS
    }
    assert len(events["data"]) == 1


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"amount": 1}, "parameter_unknown", "amount"),
        ({"description": ""}, "parameter_invalid", "description"),
        ({"description": "x" * 501}, "parameter_invalid", "description"),
        ({"metadata": "x"}, "metadata_invalid", "metadata"),
        ({"metadata": {"a": 5}}, "metadata_invalid", "metadata[a]"),
        ({"metadata": {"a": "x" * 501}}, "metadata_invalid", "metadata[a]"),
        ({"metadata": {"k" * 41: "x"}}, "metadata_invalid", "metadata"),
        ({"metadata": {f"k{at}": "x" for at in range(49)}}, "metadata_invalid", "metadata"),
    ],
)
def test_the_limits_of_a_new_charge_hold(
    update: Callable[..., Reply], rows: Rows, *, body: Any, code: str, param: str
) -> None:
    """Fifty names with those there are; refused by name, and nothing changes."""
    before = rows.snapshot()
    reply = update(body)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert rows.snapshot() == before


def test_a_key_gives_its_first_answer(
    charge: dict[str, Any], update: Callable[..., Reply], create_charge: Door, shop: Account
) -> None:
    """Though the words have changed since; another body, or another charge, is refused."""
    key = {"Idempotency-Key": f"words of {charge['id']}"}
    first = update({"description": "second"}, **key)
    update({"description": "third"})
    again = update({"description": "second"}, **key)
    other = update({"description": "fourth"}, **key)
    method = {"type": "mobile_money", "phone": "+237670000001"}
    body = {"amount": 100, "currency": "xaf", "payment_method": method}
    another = create_charge.post("/v1/charges", body, key=shop.secret_key).json["id"]
    elsewhere = create_charge.post(
        f"/v1/charges/{another}", {"description": "second"}, key=shop.secret_key, headers=key
    )

    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert other.error["code"] == elsewhere.error["code"] == "idempotency_key_reused"
    assert update({}).json["description"] == "third"


def test_a_charge_that_was_paid_keeps_all_but_its_words(till: Till, create_charge: Door) -> None:
    """Neither its money nor its books nor what it goes through next."""
    charge = till.paid_charge()
    before, books = till.charge(charge), till.balances()
    reply = create_charge.post(
        f"/v1/charges/{charge}", {"metadata": {"a": "1"}}, key=till.account.secret_key
    )

    assert (reply.status, reply.json["status"]) == (200, "succeeded")
    assert till.charge(charge) == before | {"metadata": {"a": "1"}}
    assert till.balances() == books
