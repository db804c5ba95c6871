"""openapi.yaml is valid, agrees with the domain and shows only examples that it would accept."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from knative.catalogue import ROOT, load_catalogue
from knative.render.contract import load_document, load_routes
from shared.contracts.operations import OPERATIONS
from shared.domain.charge import PUBLIC_EVENT, PUBLIC_STATUS
from shared.domain.events import API_VERSION
from shared.domain.phone import Operator

DOCUMENT = load_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
METHODS = ("get", "post", "put", "patch", "delete")
CALLS = [
    pytest.param(path, method, item[method], id=f"{method.upper()} {path}")
    for path, item in DOCUMENT["paths"].items()
    for method in METHODS
    if method in item
]


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


@cache
def _validator(pointer: str) -> Draft202012Validator:
    """Return a validator of one schema of the document, by its place in it."""
    resource = DRAFT202012.create_resource(DOCUMENT)
    registry: Registry[Any] = Registry().with_resource("urn:openapi", resource)
    return Draft202012Validator({"$ref": f"urn:openapi#{pointer}"}, registry=registry)


def _examples(node: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each example of a body with the place of its schema."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _examples(item, f"{pointer}/{index}")
    if not isinstance(node, dict):
        return
    if "schema" in node:
        for example in node.get("examples", {}).values():
            yield f"{pointer}/schema", example["value"]
        if "example" in node:
            yield f"{pointer}/schema", node["example"]
    for key, item in node.items():
        escaped = str(key).replace("~", "~0").replace("/", "~1")
        yield from _examples(item, f"{pointer}/{escaped}")


def test_the_document_is_valid_openapi() -> None:
    """Any OpenAPI 3.1 tool can read the contract."""
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_the_served_document_is_valid_and_carries_no_key_of_ours() -> None:
    """What `/openapi.json` answers is the contract without our own `x-` keys."""
    text = (ROOT / "shared/contracts/openapi.json").read_text("utf-8")
    served = json.loads(text)

    assert list(OpenAPIV31SpecValidator(served).iter_errors()) == []
    assert '"x-' not in text
    assert served["paths"].keys() == DOCUMENT["paths"].keys()


@pytest.mark.parametrize(("pointer", "value"), list(_examples(DOCUMENT)))
def test_an_example_is_one_that_the_schema_takes(pointer: str, value: Any) -> None:
    """Nobody copies an example that is refused."""
    assert [error.message for error in _validator(pointer).iter_errors(value)] == []


def test_error_examples_stand_in_both_languages() -> None:
    """A French reader sees a French message, and only texts differ between the two."""
    texts = {"title", "detail", "message"}
    for name in ("BadRequest", "NotFound"):
        body = DOCUMENT["components"]["responses"][name]["content"]["application/json"]
        english, french = (body["examples"][key]["value"] for key in ("english", "french"))
        for key in english.keys() - texts - {"error"}:
            assert english[key] == french[key]
        for key in english["error"].keys() - texts:
            assert english["error"][key] == french["error"][key]
        assert all(english[key] != french[key] for key in ("title", "detail"))


@pytest.mark.parametrize(("path", "method", "operation"), CALLS)
def test_an_operation_tells_every_way_it_can_fail(
    path: str, method: str, operation: Mapping[str, Any]
) -> None:
    """Each status that a caller must handle is written down where it can happen."""
    # What only leads on has no answer of its own.
    needed = {"302" if "200" not in operation["responses"] else "200", "500"}
    if operation["x-auth"] in {"merchant", "person"}:
        needed |= {"400", "401", "403", "429", "503"}
    if operation["x-auth"] == "customer":
        needed |= {"400", "401", "503"}
    # An account of which a person is no member is not there for her.
    if "{" in path or operation["x-auth"] == "merchant":
        needed |= {"404"}
    if "requestBody" in operation:
        needed |= {"413"}
    if method == "post" and operation["x-auth"] in {"merchant", "person"}:
        needed |= {"409", "415"}

    assert needed <= set(operation["responses"])


@pytest.mark.parametrize(("path", "method", "operation"), CALLS)
def test_every_answer_names_its_request(
    path: str, method: str, operation: Mapping[str, Any]
) -> None:
    """Request-Id is on every answer; every error has the one error shape."""
    del path, method
    for status, reference in operation["responses"].items():
        response = _resolved(reference)
        assert "Request-Id" in response["headers"]
        if status >= "400":
            schema = response["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}
    for status in {"409", "429", "503"} & operation["responses"].keys():
        assert "Retry-After" in _resolved(operation["responses"][status])["headers"]


@pytest.mark.parametrize(("path", "method", "operation"), CALLS)
def test_auth_class_and_security_say_the_same(
    path: str, method: str, operation: Mapping[str, Any]
) -> None:
    """Only what needs a key, a person or a payer asks for one in the published document."""
    del path, method
    needs_key = operation.get("security", DOCUMENT["security"]) != []

    assert needs_key == (operation["x-auth"] in {"merchant", "person", "customer"})


@pytest.mark.parametrize(("path", "method", "operation"), CALLS)
def test_every_part_of_a_path_is_a_parameter(
    path: str, method: str, operation: Mapping[str, Any]
) -> None:
    """A template's braces and its path parameters are the same names, each with a pattern."""
    parameters = [*DOCUMENT["paths"][path].get("parameters", []), *operation.get("parameters", [])]
    named = {p["name"]: p["schema"] for p in map(_resolved, parameters) if p["in"] == "path"}

    assert set(named) == set(re.findall(r"\{(\w+)\}", path))
    assert all("pattern" in schema or "enum" in schema for schema in named.values())
    assert method in METHODS


def test_the_operations_are_those_of_the_table() -> None:
    """operations.py, which functions read, holds what the document says."""
    routes = load_routes(load_catalogue(), DOCUMENT)

    assert {(o.operation_id, o.method, o.path) for o in OPERATIONS} == {
        (route.operation_id, route.method, route.path) for route in routes
    }
    assert len(OPERATIONS) == len(CALLS)


def test_the_document_speaks_the_domains_words() -> None:
    """Public statuses, events, operators and the version are the domain's own."""
    assert set(SCHEMAS["ChargeStatus"]["enum"]) == set(PUBLIC_STATUS.values())
    assert set(PUBLIC_EVENT.values()) <= set(SCHEMAS["EventType"]["enum"])
    assert SCHEMAS["Operator"]["enum"] == [operator.value for operator in Operator]
    assert DOCUMENT["info"]["version"] == API_VERSION


def test_a_charge_has_exactly_the_published_fields() -> None:
    """No field is promised by half: all of them are always there."""
    charge = SCHEMAS["Charge"]

    assert sorted(charge["required"]) == sorted(charge["properties"])
    assert set(charge["properties"]) == {
        "id",
        "object",
        "amount",
        "amount_refunded",
        "amount_reversed",
        "currency",
        "status",
        "status_detail",
        "paid",
        "refunded",
        "reversed",
        "failure_code",
        "failure_message",
        "next_action",
        "payment_method_details",
        "balance_transaction",
        "receipt_url",
        "receipt_number",
        "reference",
        "description",
        "customer",
        "metadata",
        "created",
        "livemode",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": 10.5}, "is not of type 'integer'"),
        ({"amount": -1}, "less than the minimum"),
        ({"currency": "eur"}, "'xaf' was expected"),
        ({"colour": "red"}, "'colour' was unexpected"),
        ({"payment_method": {"type": "card", "phone": "677000000"}}, "'mobile_money' was expected"),
    ],
)
def test_a_wrong_charge_is_wrong_by_the_document_too(change: dict[str, Any], message: str) -> None:
    """A client that validates by the schema learns of a mistake before it calls."""
    right = {
        "amount": 100,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": "677000000"},
    }
    validator = _validator("/components/schemas/ChargeCreate")

    assert validator.is_valid(right)
    (error,) = validator.iter_errors({**right, **change})
    assert message in error.message
