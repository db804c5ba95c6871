"""openapi.yaml is valid, agrees with the domain and shows only examples that it would accept."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from knative.catalogue import load_catalogue
from knative.render.contract import SAMPLES, load_document, load_routes
from knative.render.examples import load_examples
from knative.render.french import load_french, texts, unfolded, untranslated
from shared.contracts import OPENAPI_FILES
from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.charge import PUBLIC_EVENT, PUBLIC_STATUS
from shared.domain.events import API_VERSION, ENDPOINT_TEST, EVENT_TYPES
from shared.domain.language import text, title
from shared.domain.permissions import PEOPLE_ONLY, SCOPE_OF
from shared.domain.phone import Operator
from shared.runtime.routing import Routes

DOCUMENT = load_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
SERVED = {language: json.loads(path.read_text("utf-8")) for language, path in OPENAPI_FILES.items()}
METHODS = ("get", "post", "put", "patch", "delete")
CALLS = [
    pytest.param(path, method, item[method], id=f"{method.upper()} {path}")
    for path, item in DOCUMENT["paths"].items()
    for method in METHODS
    if method in item
]


def _resolved(node: Mapping[str, Any], document: Mapping[str, Any] = DOCUMENT) -> Mapping[str, Any]:
    while "$ref" in node:
        target: Any = document
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


@pytest.mark.parametrize("language", OPENAPI_FILES)
def test_the_served_document_is_valid_and_carries_no_key_of_ours(language: str) -> None:
    """What `/openapi.json` answers is the whole contract in either language, without our keys."""
    served = SERVED[language]

    assert list(OpenAPIV31SpecValidator(served).iter_errors()) == []
    whole = OPENAPI_FILES[language].read_text("utf-8")
    assert set(re.findall(r'"(x-[A-Za-z]+)"', whole)) == {"x-codeSamples"}
    assert served["paths"].keys() == DOCUMENT["paths"].keys()


def test_every_text_has_its_french() -> None:
    """Whoever adds or changes a word says it in openapi.fr.yaml; what is gone leaves it too."""
    french = load_french()
    spoken = {unfolded(node[key]) for _, key, node in texts(DOCUMENT)} | {DOCUMENT["info"]["title"]}

    assert untranslated(DOCUMENT, french) == []
    assert french.keys() - spoken == set()


def test_a_text_without_french_is_named() -> None:
    """The check can fail, and says where; line breaks alone change nothing."""
    document = {
        "paths": {"/a": {"get": {"summary": "New", "description": "Old\nwords"}}},
        "components": {"schemas": {"A": {"properties": {"summary": {"description": "Field"}}}}},
    }

    assert untranslated(document, {"Old words": "Anciens mots"}) == [
        "/components/schemas/A/properties/summary description: Field",
        "/paths//a/get summary: New",
    ]


def _operations_of(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield item[method].get("operationId", f"{method.upper()} {path}"), item[method]


@pytest.mark.parametrize("language", OPENAPI_FILES)
def test_every_operation_is_told_whole(language: str) -> None:
    """Each has a summary and more than it, an example of what is sent and of each answer.

    What is shown is listed by the operation's name. Pages, styles and papers need no example.
    """
    lacking = []
    for name, operation in _operations_of(SERVED[language]):
        told = (operation.get("summary", ""), operation.get("description", ""))
        if not all(told) or told[0] == told[1]:
            lacking.append(f"{name}: summary and description")
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for place, body in bodies.items():
            for kind, media in _resolved(body, SERVED[language]).get("content", {}).items():
                is_shown = "example" in media or media.get("examples")
                if kind in {"application/json", "text/csv", "application/cbor"} and not is_shown:
                    lacking.append(f"{name}: example of {place}")
    assert lacking == []


def test_an_example_is_one_that_the_schema_takes() -> None:
    """Nobody copies an example that is refused, or waits for an answer that never comes."""
    wrong = [
        f"{pointer}: {error.message}"
        for pointer, value in _examples(SERVED["en"])
        for error in _validator(pointer).iter_errors(value)
    ]

    assert wrong == []


def test_no_example_is_of_nothing() -> None:
    """What stands in openapi.examples.yaml is shown somewhere."""
    examples = load_examples()
    named = {name for name, _ in _operations_of(DOCUMENT)}
    whole = OPENAPI_FILES["en"].read_text("utf-8")

    assert examples["operations"].keys() <= named
    assert examples["errors"].keys() <= DOCUMENT["components"]["responses"].keys()
    for name, example in examples["schemas"].items():
        assert json.dumps(example, ensure_ascii=False, separators=(",", ":")) in whole, name


def test_a_sample_is_of_its_operation() -> None:
    """Each reaches the operation that it is shown at, with what opens it, and can be run."""
    routes = Routes(OPERATIONS)
    for item in SERVED["en"]["paths"].values():
        for method in METHODS:
            for sample in item.get(method, {}).get(SAMPLES, ()):
                name = item[method].get("operationId", "receive_callback")
                path = re.search(r'BASE_URL(?:"\] \+ ")?(/[^"]*)"', sample["source"])
                assert path is not None, name
                if sample["label"] == "RPC":
                    assert (path[1], f'"method": "{name}",' in sample["source"]) == ("/rpc", True)
                    operation = next(each for each in OPERATIONS if each.operation_id == name)
                else:
                    operation, _ = routes.find(method.upper(), path[1].partition("?")[0])
                assert operation.operation_id == name
                tokens = set(re.findall(r"\w+_TOKEN|SECRET_KEY", sample["source"]))
                assert tokens == OPENED_BY[_opens(operation, item[method])], name
                if sample["lang"] == "Python":
                    compile(sample["source"], name, "exec")
                else:
                    assert "curl" in shlex.split(sample["source"])


OPENED_BY = {
    "key": {"SECRET_KEY"},
    "person": {"ACCESS_TOKEN"},
    "customer": {"CUSTOMER_TOKEN"},
    "nothing": set(),
}


def _opens(operation: Operation, node: Mapping[str, Any]) -> str:
    if operation.auth == "method":
        return "key"
    if operation.auth == "merchant":
        return "person" if node.get("security") == [{"person": []}] else "key"
    return operation.auth if operation.auth in OPENED_BY else "nothing"


def test_every_operation_has_both_samples() -> None:
    """Nobody has to find out alone how a call is written."""
    for name, operation in _operations_of(SERVED["en"]):
        assert [each["lang"] for each in operation[SAMPLES]][:2] == ["Shell", "Python"], name


def test_what_no_key_can_do_asks_for_a_person() -> None:
    """The contract does not offer a key what only a member of the team may do."""
    for operation in OPERATIONS:
        if operation.auth == "merchant":
            node = DOCUMENT["paths"][operation.path][operation.method.lower()]
            is_of_people = node.get("security") == [{"person": []}]
            assert is_of_people == (SCOPE_OF[operation.operation_id] in PEOPLE_ONLY)


@pytest.mark.parametrize("language", ["english", "french"])
def test_an_error_is_shown_as_it_is_said(language: str) -> None:
    """An example's words are those of our answers, in both languages."""
    chosen = language[:2]
    for name, error in load_examples()["errors"].items():
        media = SERVED["en"]["components"]["responses"][name]["content"]["application/json"]
        shown = media["examples"][language]["value"]
        values = {"param": shown["error"].get("param"), **error.get("values", {})}
        assert (shown["error"]["code"], shown["status"]) == (error["code"], error["status"])
        assert shown["title"] == title(shown["error"]["code"], chosen)
        assert shown["detail"] == text(shown["error"]["code"], chosen, **values)
        assert shown["detail"] == shown["error"]["message"]


@pytest.mark.parametrize(("path", "method", "operation"), CALLS)
def test_an_operation_tells_every_way_it_can_fail(
    path: str, method: str, operation: Mapping[str, Any]
) -> None:
    """Each status that a caller must handle is written down where it can happen."""
    # What only leads on has no answer of its own.
    led = {"302", "303"} & operation["responses"].keys()
    needed = {"500", *(led if "200" not in operation["responses"] else {"200"})}
    assert led or "200" in needed
    if operation["x-auth"] in {"merchant", "person", "method"}:
        needed |= {"400", "401", "403", "429", "503"}
    if operation["x-auth"] == "customer":
        needed |= {"400", "401", "503"}
    # An account of which a person is no member is not there for her.
    if "{" in path or operation["x-auth"] in {"merchant", "method"}:
        needed |= {"404"}
    if "requestBody" in operation:
        needed |= {"413"}
    if method == "post" and operation["x-auth"] in {"merchant", "person", "method"}:
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

    assert needs_key == (operation["x-auth"] in {"merchant", "person", "customer", "method"})


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
    assert SCHEMAS["EventType"]["enum"] == [*EVENT_TYPES, ENDPOINT_TEST]
    assert set(PUBLIC_EVENT.values()) <= set(EVENT_TYPES)
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
        "page",
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
