"""A merchant's customers over HTTP: kept, changed, found, named by charges, and forgotten."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from shared.db.merchant_customers import MerchantCustomers
from tests.database import Account
from tests.factories import an_id
from tests.functions.door import Door, Reply
from tests.functions.rows import Rows

PATH: Final = "/v1/customers"
AWA: Final = {"name": "Awa Njoya", "phone": "677000001", "email": "Awa@Shop.example"}
METHOD: Final = {"type": "mobile_money"}
ORDER: Final = {"amount": 1500, "currency": "xaf", "payment_method": METHOD}

Make = Callable[..., Reply]


@pytest.fixture
def make(manage_account: Door, shop: Account) -> Make:
    """Keep a customer of the shop's."""

    def post(key: str | None = None, **body: Any) -> Reply:
        headers = {} if key is None else {"Idempotency-Key": key}
        return manage_account.post(PATH, body, key=shop.secret_key, headers=headers)

    return post


@pytest.fixture
def change(manage_account: Door, shop: Account) -> Callable[..., Reply]:
    """Change one."""
    return lambda customer, **body: manage_account.post(
        f"{PATH}/{customer}", body, key=shop.secret_key
    )


@pytest.fixture
def look(manage_account: Door, shop: Account) -> Callable[..., Reply]:
    """Read one, or a page."""
    return lambda rest="": manage_account.get(f"{PATH}{rest}", key=shop.secret_key)


@pytest.fixture
def delete(manage_account: Door, shop: Account) -> Callable[..., Reply]:
    """Delete one."""
    return lambda customer: manage_account.call("DELETE", f"{PATH}/{customer}", key=shop.secret_key)


@pytest.fixture
def charge(create_charge: Door, shop: Account) -> Callable[..., Reply]:
    """Ask for money."""

    def post(key: str | None = None, **changes: Any) -> Reply:
        headers = {} if key is None else {"Idempotency-Key": key}
        return create_charge.post(
            "/v1/charges", ORDER | changes, key=shop.secret_key, headers=headers
        )

    return post


def test_a_customer_is_kept_as_it_was_said(
    make: Make, look: Callable[..., Reply], read_payments: Door, shop: Account, rows: Rows
) -> None:
    """The number in its one form and shown masked; an event tells of it without the person."""
    made = make(**AWA, metadata={"tier": "gold"}, preferred_locale="fr", description="regular")
    customer = made.json["id"]
    events = read_payments.get(f"/v1/events?object={customer}", key=shop.secret_key).json["data"]
    (stored,) = rows.of("customers", "id = :id", id=customer)

    assert (made.status, made.json) == (200, look(f"/{customer}").json)
    assert (made.json["phone"], made.json["email"]) == ("+2376****01", "awa@shop.example")
    assert (made.json["metadata"], made.json["preferred_locale"]) == ({"tier": "gold"}, "fr")
    assert stored["phone"] == "+237677000001"
    assert [each["type"] for each in events] == ["customer.created"]
    assert not [word for word in ("Awa", "awa", "2376", "regular", "gold") if word in str(events)]
    assert make().json["name"] is None


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"name": ""}, "parameter_invalid", "name"),
        ({"name": "x" * 201}, "parameter_invalid", "name"),
        ({"phone": 677000001}, "phone_invalid", "phone"),
        ({"phone": "+33612345678"}, "phone_foreign", "phone"),
        ({"phone": "222000001"}, "phone_not_mobile", "phone"),
        ({"email": "awa"}, "email_invalid", "email"),
        ({"reference": "x" * 101}, "reference_invalid", "reference"),
        ({"preferred_locale": "de"}, "parameter_invalid", "preferred_locale"),
        ({"metadata": {f"k{at}": "x" for at in range(51)}}, "metadata_invalid", "metadata"),
        ({"balance": 5}, "parameter_unknown", "balance"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(
    make: Make, change: Callable[..., Reply], rows: Rows, *, body: Any, code: str, param: str
) -> None:
    """The same of a new one and of one that is there."""
    customer, before = make().json["id"], rows.snapshot()
    before = rows.snapshot()
    for reply in (make(**body), change(customer, **body)):
        assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert rows.snapshot() == before


def test_a_key_keeps_one_customer(make: Make, rows: Rows) -> None:
    """The second call gets the first one's answer; another body is refused, and so is a used
    reference."""
    reference, key = an_id("ref"), an_id("key")
    first, again = (make(key, reference=reference) for _ in range(2))
    other = make(key, reference=reference, name="Paul")
    taken = make(reference=reference)

    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert other.error["code"] == "idempotency_key_reused"
    assert (taken.error["code"], taken.error["param"]) == ("reference_in_use", "reference")
    assert len(rows.of("customers", "reference = :reference", reference=reference)) == 1


def test_what_is_not_named_stays(
    make: Make, change: Callable[..., Reply], read_payments: Door, shop: Account
) -> None:
    """Null takes away, metadata is joined; what changes nothing tells nothing."""
    made = make(**AWA, metadata={"a": "1", "b": "2"}).json
    changed = change(made["id"], email=None, name="Awa", metadata={"b": "", "c": "3"})
    same = change(made["id"], name="Awa", metadata={})
    events = read_payments.get(f"/v1/events?object={made['id']}", key=shop.secret_key).json

    assert changed.json == made | {"email": None, "name": "Awa", "metadata": {"a": "1", "c": "3"}}
    assert same.json == changed.json
    assert [each["type"] for each in events["data"]] == ["customer.updated", "customer.created"]
    assert change(made["id"], metadata=None).json["metadata"] == {}


def test_customers_are_found_by_what_is_known_of_them(
    make: Make, look: Callable[..., Reply], delete: Callable[..., Reply]
) -> None:
    """By number, address and reference, each narrowing the others; pages follow each other."""
    word = an_id("ref")
    phone, email = f"6{abs(hash(word)) % 10**8:08}", f"{word.replace('_', '.')}@shop.example"
    several = sorted(make(phone=phone, email=email).json["id"] for _ in range(3))
    one = make(phone=phone, reference=word).json["id"]
    gone = make(phone=phone).json["id"]
    delete(gone)

    def found(query: str) -> list[str]:
        return [each["id"] for each in look(f"?{query}").json["data"]]

    assert found(f"phone={phone}") == sorted([one, *several], reverse=True)
    assert found(f"phone=%2B237{phone}&email={email.upper()}") == several[::-1]
    assert found(f"email={email}&limit=2") == several[:0:-1]
    assert found(f"email={email}&starting_after={several[1]}") == several[:1]
    assert found(f"email={email}&ending_before={several[1]}") == several[2:]
    assert found(f"reference={word}&phone={phone}") == [one]
    assert found(f"reference={word}&email={email}") == []
    assert found(f"phone={phone}&created[lt]=5") == []
    for query, code in (("phone=12", "phone_invalid"), ("email=x", "email_invalid")):
        assert look(f"?{query}").error["code"] == code


def test_a_charge_asks_the_number_of_its_customer(
    make: Make, charge: Callable[..., Reply], read_payments: Door, shop: Account
) -> None:
    """Unless it gives one of its own; it shows, expands and is listed by whom it names."""
    customer, other = make(**AWA).json, make(name="without a number").json["id"]
    own = charge(customer=customer["id"], payment_method=METHOD | {"phone": "690000002"}).json
    known = charge(customer=customer["id"]).json
    silent = charge(customer=other)
    bare, key = f"/v1/charges?customer={customer['id']}", shop.secret_key
    listed = read_payments.get(f"{bare}&expand[]=data.customer", key=key).json["data"]

    assert (own["customer"], known["customer"]) == (customer["id"], customer["id"])
    shown = [c["payment_method_details"]["mobile_money"] for c in (own, known)]
    assert [(m["operator"], m["phone"]) for m in shown] == [
        ("orange", "+2376****02"),
        ("mtn", "+2376****01"),
    ]
    assert (silent.status, silent.error["code"]) == (400, "phone_missing")
    assert [each["id"] for each in listed] == [known["id"], own["id"]]
    assert listed[0]["customer"] == customer
    narrowed = read_payments.get(f"{bare}&status=failed", key=key).json["data"]
    assert narrowed == []


def test_what_a_deleted_customer_ordered_stays_and_the_person_is_forgotten(
    make: Make,
    charge: Callable[..., Reply],
    look: Callable[..., Reply],
    *,
    delete: Callable[..., Reply],
    change: Callable[..., Reply],
    read_payments: Door,
    shop: Account,
    rows: Rows,
) -> None:
    """No row of customers or answers has a word on it; it can be named and changed no more."""
    key = an_id("key")
    made = make(key, **AWA, metadata={"note": "likes tea"}, reference=an_id("ref")).json
    customer, order_key = made["id"], an_id("key")
    first = charge(order_key, customer=customer)
    deleted, again = delete(customer), delete(customer)
    left = {"id": customer, "object": "customer", "deleted": True}

    assert deleted.json == again.json == left == look(f"/{customer}").json
    assert change(customer, name="x").status == 404
    assert charge(customer=customer).error["code"] == "resource_missing"
    replayed = charge(order_key, customer=customer)
    assert (replayed.json, replayed.headers["Idempotent-Replayed"]) == (first.json, "true")
    path = f"/v1/charges/{first.json['id']}"
    shown = [
        read_payments.get(f"{path}{query}", key=shop.secret_key).json["customer"]
        for query in ("", "?expand[]=customer")
    ]
    assert shown == [customer, left]
    forgotten = make(key, **AWA, metadata={"note": "likes tea"}, reference=made["reference"])
    assert (forgotten.json["name"], forgotten.json["id"]) == (None, customer)
    kept = str([rows.of("customers", "id = :id", id=customer)])
    answers = str(rows.of("idempotency_keys", "object_id = :id", id=customer))
    assert not [
        word for word in ("Awa", "awa@", "tea", made["reference"]) if word in kept + answers
    ]
    told = read_payments.get(f"/v1/events?object={customer}", key=shop.secret_key).json["data"]
    assert [each["type"] for each in told] == ["customer.deleted", "customer.created"]


def test_a_batch_takes_charges_with_and_without_a_customer(
    make: Make, door: Callable[[str], Door], shop: Account, rows: Rows
) -> None:
    """Each as if it had come alone: a neighbour who names nobody, and one who names a stranger."""
    customer = make(**AWA).json["id"]
    orders = [
        ORDER | {"customer": customer},
        ORDER | {"payment_method": METHOD | {"phone": "677000003"}},
        ORDER | {"customer": an_id("cus")},
        ORDER | {"customer": customer, "amount": 700},
    ]
    calls = [{"method": "create_charge", "params": order} for order in orders]
    headers = {"Authorization": f"Bearer {shop.secret_key}"}
    results = door("call_rpc").rpc({"calls": calls}, "/rpc.batch", headers=headers).cbor["results"]

    assert [each.get("result", {}).get("customer") for each in results] == [
        customer,
        None,
        None,
        customer,
    ]
    assert results[2]["error"]["error"]["code"] == "resource_missing"
    stored = rows.of("charges", "customer_id = :id", id=customer)
    assert sorted(each["amount"] for each in stored) == [700, 1500]


def test_two_who_change_at_once_lose_nothing(
    make: Make, change: Callable[..., Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds that somebody was quicker looks again, and joins what both have said."""
    made, find, others = make(metadata={"a": "1"}).json, MerchantCustomers.find, [{"b": "2"}]

    def found(self: MerchantCustomers, customer_id: str) -> Any:
        seen = find(self, customer_id)
        if others:
            change(customer_id, metadata=others.pop())
        return seen

    monkeypatch.setattr(MerchantCustomers, "find", found)

    assert change(made["id"], metadata={"c": "3"}).json["metadata"] == {
        "a": "1",
        "b": "2",
        "c": "3",
    }


def test_a_customer_that_goes_meanwhile_is_not_named(
    make: Make, charge: Callable[..., Reply], rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was there at the look and is gone at the write: nothing is stored."""
    customer, find = make(**AWA).json["id"], MerchantCustomers.find

    def found(self: MerchantCustomers, customer_id: str) -> Any:
        seen = find(self, customer_id)
        rows.run(
            f'UPDATE "{rows._tenants[0].schema}".customers SET name = NULL, phone = NULL,'
            " email = NULL, deleted_at = now() WHERE id = :id",
            id=customer_id,
        )
        return seen

    monkeypatch.setattr(MerchantCustomers, "find", found)
    reply = charge(customer=customer)

    assert (reply.error["code"], reply.error["param"]) == ("resource_missing", "customer")
    assert rows.of("charges", "customer_id = :id", id=customer) == []
