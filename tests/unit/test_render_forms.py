"""What each field of a form is, as read from openapi.yaml."""

import json
from typing import Any

import pytest

from knative.catalogue import ROOT, CatalogueError
from knative.render.contract import load_document
from knative.render.forms import FORM, JSON, render_forms

FORMS: dict[str, Any] = json.loads((ROOT / "shared/contracts/forms.json").read_text("utf-8"))


def _document(schema: dict[str, Any], auth: str = "merchant") -> dict[str, Any]:
    body = {"content": {JSON: {"schema": {"$ref": "#/components/schemas/Body"}}}}
    operation = {"operationId": "do_it", "x-auth": auth, "requestBody": body}
    return {"paths": {"/x": {"post": operation}}, "components": {"schemas": {"Body": schema}}}


def test_every_json_body_that_a_key_sends_may_be_a_form() -> None:
    """Of a merchant's operations and no others: nobody else has a client that sends forms."""
    bodies = {
        operation["operationId"]: operation["x-auth"] == "merchant"
        for item in load_document()["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        and JSON in operation.get("requestBody", {}).get("content", {})
    }

    assert set(FORMS) == {name for name, takes_forms in bodies.items() if takes_forms}
    assert not all(bodies.values())


def test_fields_are_of_the_kinds_that_operations_want() -> None:
    """Numbers, objects inside, lists of either; a merchant's own words have no kind."""
    charge, line = FORMS["create_charge"], FORMS["create_payout_batch"]["payouts"][0]

    assert (charge["amount"], charge["currency"], charge["metadata"]) == ("integer", "text", {})
    assert charge["payment_method"]["operator"] == "text"
    assert (line["amount"], line["destination"]["phone"]) == ("integer", "text")
    assert FORMS["create_api_key"]["scopes"] == ["text"]
    assert FORMS["cancel_charge"] == {}


def test_the_served_document_names_forms_beside_json() -> None:
    """A generated client sees that it may send one, and how objects inside are written."""
    served = json.loads((ROOT / "shared/contracts/openapi.json").read_text("utf-8"))
    content = served["paths"]["/v1/charges"]["post"]["requestBody"]["content"]

    assert content[FORM]["schema"]["allOf"][0] == content[JSON]["schema"]
    assert set(content[FORM]["encoding"]) == {"payment_method", "metadata"}
    assert FORM not in served["paths"]["/v1/accounts"]["post"]["requestBody"]["content"]


@pytest.mark.parametrize(
    "field",
    [
        {"type": "number"},
        {"type": ["string", "integer"]},
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        {"type": "object", "additionalProperties": {"type": "integer"}},
    ],
)
def test_what_a_form_cannot_say_stops_the_rendering(field: dict[str, Any]) -> None:
    """Nobody finds out by a number that stayed text."""
    schema = {"type": "object", "properties": {"x": field}}

    with pytest.raises(CatalogueError):
        render_forms(_document(schema))
    assert render_forms(_document(schema, auth="person")) == "{\n\n}\n"
