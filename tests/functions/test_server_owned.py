"""What the server decides is decided by nobody else (E44): each operation, each such property."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from shared.contracts.operations import OPERATIONS, Operation
from tests.database import Account
from tests.functions.door import Door, resolved
from tests.functions.matrix import operation_node
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team

SERVER_OWNED: Final = (
    "account", "account_id", "amount_refunded", "approved_by", "balance", "balance_transaction",
    "charges_enabled", "created", "created_at", "fee", "id", "last_used_at", "livemode", "made_by",
    "object", "operator_account", "owner_role", "paid", "payouts_enabled", "receipt_number",
    "refunded", "scope", "secret_hmac", "state", "status", "succeeded_at", "tenant", "__proto__",
)  # fmt: skip
UNKNOWN: Final = {
    "id": "ch_222222222222222222222222",
    "person": "nobody",
    "proposal": "apr_x",
    "ending": "end_x",
}

WITH_BODY: Final = tuple(
    operation
    for operation in OPERATIONS
    if operation.auth in {"merchant", "person", "public", "customer"}
    # A file has no properties.
    and "application/json" in operation_node(operation).get("requestBody", {}).get("content", {})
)


def _schema(operation: Operation) -> Mapping[str, Any]:
    content = operation_node(operation)["requestBody"]["content"]
    return resolved(content["application/json"]["schema"])


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.operation_id)
def test_the_contract_closes_every_body(operation: Operation) -> None:
    """An object takes the properties that stand there and no others, at every depth."""

    def closed(schema: Mapping[str, Any]) -> bool:
        schema = resolved(schema)
        is_open = schema.get("type") == "object" and schema.get("additionalProperties") is not False
        is_words = "maxProperties" in schema or "propertyNames" in schema
        return (not is_open or is_words) and all(
            closed(each) for each in schema.get("properties", {}).values()
        )

    assert closed(_schema(operation))


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.operation_id)
def test_what_the_server_owns_is_refused_and_changes_nothing(
    operation: Operation, door: Callable[[str], Door], realm: Realm, shop: Account, rows: Rows
) -> None:
    """Named like any unknown word, whoever asks and whatever else stands in the body."""
    owner = realm.token(Team(rows._connection).join(shop.id, "owner"))
    admin = realm.token("an-admin", "admin")
    token = {"merchant": owner, "person": admin, "public": None, "customer": None}[operation.auth]
    headers = {"Pay-Account": shop.id, "Pay-Mode": "test", "Idempotency-Key": "e44"}
    path = re.sub(r"\{(\w+)\}", lambda part: UNKNOWN[part[1]], operation.path)
    known = _schema(operation).get("properties", {})
    door(operation.function).call("POST", path, {}, key=token, headers=headers)
    before = rows.snapshot()
    for name in SERVER_OWNED:
        if name in known:
            continue
        reply = door(operation.function).call(
            operation.method, path, {name: "sh"}, key=token, headers=headers
        )

        assert (reply.status, reply.error["code"]) in {
            (400, "parameter_unknown"),
            (401, "token_invalid"),
        }, f"{operation.operation_id}: {name}"
        assert reply.status == 401 or reply.error["param"] == name
    assert rows.snapshot() == before
