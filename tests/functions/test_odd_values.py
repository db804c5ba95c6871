"""Whatever JSON or a query can say, in any field of any operation: never a fault of ours."""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest
from pg8000.native import Connection

from shared.contracts.operations import OPERATIONS, Operation
from tests.database import Account
from tests.factories import an_id
from tests.functions.door import DOCUMENT, Door, resolved
from tests.functions.matrix import ROWS, STOLEN, operation_node
from tests.functions.realm import Realm
from tests.functions.team import Team

JSON: Final = "application/json"
FAULT: Final = 500
Place = tuple[str | int, ...]
DIGEST: Final = "0" * 64
REASON: Final = {"reason": "because it must be so, as we said"}
GOOD: Final[Mapping[str, Mapping[str, Any]]] = {
    "create_account": {"name": "Chez Marie", "language": "fr", "country": "CM"},
    "record_account_document": {"kind": "tax_card", "file_name": "a.pdf", "sha256": DIGEST},
    "propose_account_change": {"action": "activate", **REASON},
    "open_access": {"mode": "test", **REASON},
    "invite_first_owner": {"email": "marie@shop.example"},
    "propose_booking": {
        "account": an_id("acct"),
        "mode": "test",
        "kind": "correction",
        "amount": 100,
        "debit": "available",
        "credit": "suspense",
        **REASON,
    },
    "propose_float_move": {
        "kind": "topup",
        "mode": "test",
        "amount": 100,
        "account": an_id("acct"),
        "to": an_id("opa"),
        "reference": "bank-1",
        **REASON,
    },
    "accept_invitation": {"token": f"{an_id('inv')}.x"},
    "create_customer_challenge": {"receipt_code": "ABCD-EFGH-JKLM", "phone": "+237670000001"},
    "create_customer_session": {"challenge": an_id("cc"), "code": "123456"},
}
"""What gets far where openapi.yaml asks for more than a reason or a hash."""

# Half a letter and a fraction cannot be stored or hashed; a list can be in no set.
ODD: Final[Mapping[str, str]] = {
    "fraction": "0.5",
    "exponent": "1e3",
    "large": "9" * 40,
    "beyond eight bytes": str(2**63),
    "negative": "-1",
    "true": "true",
    "null": "null",
    "list": "[]",
    "list of lists": "[[]]",
    "object": '{"\\ud800": 0.5}',
    "half a letter": '"\\ud800"',
    "NUL": '"\\u0000"',
    "nothing": '""',
    "long": '"' + "x" * 5000 + '"',
    "other digits": '"\\uff16\\u0667\\u00b2"',
    "from right to left": '"\\u202e\\u2066"',
}
ODD_TEXTS: Final = (
    *("", "%00", "%ED%A0%80", "%FF", "\xe9", "-1", "1e3", "0.5", "9" * 40, str(2**63), "x" * 5000),
    *("%EF%BC%91", "%D9%A7", "%E2%80%AE", "%0A", "253402300799", "%25", "_", "%5C", "'", "null"),
)
"""In a query; what is written with its bytes is no UTF-8, half a letter or no digit of ours."""
_MARK: Final = "the odd value"


def _asked() -> tuple[Operation, ...]:
    return tuple(
        each
        for each in OPERATIONS
        if each.method == "POST" and any(True for _ in _places(_schema(each)))
    )


def _queries(operation: Operation) -> list[str]:
    shared = DOCUMENT["paths"][operation.path].get("parameters", ())
    found = map(resolved, (*shared, *operation_node(operation).get("parameters", ())))
    return [each["name"] for each in found if each["in"] == "query"]


def _filtered() -> tuple[Operation, ...]:
    return tuple(each for each in OPERATIONS if each.method == "GET" and _queries(each))


def _schema(operation: Operation) -> Mapping[str, Any]:
    content = operation_node(operation).get("requestBody", {}).get("content", {})
    found: Mapping[str, Any] = resolved(content[JSON]["schema"]) if JSON in content else {}
    return found


def _places(schema: Mapping[str, Any], within: Place = ()) -> Iterator[Place]:
    """Yield where a value can stand in a body."""
    schema = resolved(schema)
    for name, inner in schema.get("properties", {}).items():
        yield (*within, name)
        yield from _places(inner, (*within, name))
    if "items" in schema:
        yield (*within, 0)
        yield from _places(schema["items"], (*within, 0))
    if schema.get("additionalProperties"):
        yield (*within, "word")


def _with_odd(body: Mapping[str, Any], place: Place) -> Any:
    """Return a copy of a good body with the mark at a place."""
    whole: Any = copy.deepcopy(dict(body))
    here = whole
    for step, following in zip(place, (*place[1:], None), strict=True):
        if following is None:
            value: Any = _MARK
        else:
            value = [] if isinstance(following, int) else {}
        if isinstance(here, list):
            here[:] = here or [value]
            here[0] = value if following is None else here[0]
        elif following is None or not isinstance(here.get(step), dict | list):
            here[step] = value
        here = here[step]
    return whole


def _good(operation: Operation) -> Mapping[str, Any]:
    if operation.operation_id in GOOD:
        return GOOD[operation.operation_id]
    row = ROWS.get(operation.operation_id)
    if row is not None and row.body is not None:
        charge = an_id("ch")
        # No customer is there to be named: whoever names one gets no further.
        good = {n: v for n, v in row.body.items() if n != "customer"}
        return {n: charge if v == STOLEN else v for n, v in good.items()}
    return {"content_sha256": DIGEST} if "content_sha256" in str(_schema(operation)) else REASON


@pytest.mark.parametrize("operation", _asked(), ids=lambda each: each.operation_id)
def test_no_value_makes_a_fault(
    operation: Operation,
    shop: Account,
    door: Callable[[str], Door],
    realm: Realm,
    superuser: Connection,
) -> None:
    """A half letter, a fraction or a list where none may stand is refused as whatever else is."""
    headers = _headers(operation, shop, realm, superuser)
    path = re.sub(r"{(\w+)}", lambda part: _an_id_at(part[1], operation), operation.path)
    faults: list[tuple[object, ...]] = []
    for place in _places(_schema(operation)):
        for name, text in ODD.items():
            good = json.dumps(_with_odd(_good(operation), place))
            body = good.replace(f'"{_MARK}"', text)
            headers["Idempotency-Key"] = an_id("key")
            try:
                reply = door(operation.function).post(path, body.encode(), headers=headers)
            except AssertionError as error:
                faults.append((place, name, str(error).partition("\n")[0]))
            else:
                faults += [(place, name, reply.status)] if reply.status == FAULT else []
    assert faults == []


@pytest.mark.parametrize("operation", _filtered(), ids=lambda each: each.operation_id)
def test_no_query_makes_a_fault(
    operation: Operation,
    shop: Account,
    door: Callable[[str], Door],
    realm: Realm,
    superuser: Connection,
) -> None:
    """The same holds for what stands behind the question mark."""
    headers = _headers(operation, shop, realm, superuser)
    path = re.sub(r"{(\w+)}", lambda part: _an_id_at(part[1], operation), operation.path)
    faults: list[tuple[object, ...]] = []
    for name in _queries(operation):
        for text in ODD_TEXTS:
            try:
                reply = door(operation.function).get(f"{path}?{name}={text}", headers=headers)
            except AssertionError as error:
                faults.append((name, text, str(error).partition("\n")[0]))
            else:
                faults += [(name, text, reply.status)] if reply.status == FAULT else []
    assert faults == []


def _headers(
    operation: Operation, shop: Account, realm: Realm, superuser: Connection
) -> dict[str, str]:
    """An owner of the shop, or an administrator."""
    owner = Team(superuser).join(shop.id, "owner")
    role = "admin" if operation.auth == "person" else "merchant"
    return {
        "Authorization": f"Bearer {realm.token(owner, role)}",
        "Pay-Account": shop.id,
        "Pay-Mode": "test",
        "Content-Type": JSON,
    }


def _an_id_at(name: str, operation: Operation) -> str:
    for parameter in map(resolved, operation_node(operation).get("parameters", ())):
        if parameter["name"] == name:
            kind = re.search(r"\^([a-z]+)_", str(resolved(parameter["schema"]).get("pattern", "")))
            return an_id(kind[1]) if kind else "nobody"
    return "nobody"
