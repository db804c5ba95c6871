"""Promises of the comparison of contracts: what breaks a client is named, what does not passes."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from knative.render import released
from knative.render.breaking import breaking_changes
from knative.render.contract import load_document

NOW = released.bare(load_document())
Change = Callable[[Any], object]


def _post(document: Any) -> Any:
    return document["paths"]["/v1/charges"]["post"]


def _list(document: Any) -> Any:
    return document["paths"]["/v1/charges"]["get"]


def _schema(document: Any, name: str) -> Any:
    return document["components"]["schemas"][name]


def _fields(document: Any, name: str) -> Any:
    return _schema(document, name)["properties"]


def _status(document: Any) -> Any:
    return next(p for p in _list(document)["parameters"] if p.get("name") == "status")


def _changed(change: Change) -> dict[str, Any]:
    document = copy.deepcopy(NOW)
    change(document)
    return document


BREAKING: dict[str, tuple[Change, str]] = {
    "a path": (lambda d: d["paths"].pop("/v1/balance"), "GET /v1/balance: is gone"),
    "an operation": (lambda d: d["paths"]["/v1/charges"].pop("get"), "GET /v1/charges: is gone"),
    "a field of an answer": (
        lambda d: _fields(d, "Charge").pop("receipt_url"),
        "answer 200: field receipt_url is gone",
    ),
    "a field of an answer, sometimes": (
        lambda d: _schema(d, "Charge")["required"].remove("amount"),
        "answer 200: field amount may be missing now",
    ),
    "a field of a request": (
        lambda d: _fields(d, "ChargeCreate").pop("metadata"),
        "body: field metadata is gone",
    ),
    "one more field that must be sent": (
        lambda d: _schema(d, "ChargeCreate")["required"].append("reference"),
        "body: field reference is required now",
    ),
    "a word that is sent": (
        lambda d: _schema(d, "Operator")["enum"].remove("orange"),
        "'orange' is gone",
    ),
    "a word that is answered": (
        lambda d: _schema(d, "ChargeStatus")["enum"].remove("canceled"),
        "answer 200.status: 'canceled' is gone",
    ),
    "a number as text": (
        lambda d: _fields(d, "Charge").update(amount={"type": "string"}),
        "answer 200.amount: is string now",
    ),
    "nothing where something was": (
        lambda d: _fields(d, "Charge").update(amount={"type": ["integer", "null"]}),
        "answer 200.amount: is integer or null now",
    ),
    "a truth for a number": (
        lambda d: _fields(d, "ChargeCreate").update(amount={"type": "boolean"}),
        "body.amount: is boolean now",
    ),
    "a shorter text": (
        lambda d: _fields(d, "ChargeCreate").update(reference={"type": "string", "maxLength": 3}),
        "body.reference: maxLength is 3 now",
    ),
    "a stricter text": (
        lambda d: _fields(d, "ChargeCreate").update(
            return_url={"type": "string", "pattern": "^https://x"}
        ),
        "body.return_url: pattern is ^https://x now",
    ),
    "a larger least amount": (
        lambda d: _fields(d, "ChargeCreate")["amount"].update(minimum=500),
        "body.amount: minimum is 500 now",
    ),
    "a filter": (
        lambda d: _list(d)["parameters"].remove(_status(d)),
        "GET /v1/charges: query parameter status is gone",
    ),
    "a filter that must be given": (
        lambda d: _status(d).update(required=True),
        "GET /v1/charges: query parameter status is required now",
    ),
    "a new filter that must be given": (
        lambda d: _list(d)["parameters"].append(
            {"name": "new", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "GET /v1/charges: query parameter new is new and required",
    ),
    "a header": (
        lambda d: d["components"]["responses"]["IdempotentCharge"]["headers"].pop(
            "Idempotent-Replayed"
        ),
        "POST /v1/charges: answer 200: header Idempotent-Replayed is gone",
    ),
    "another type of body": (
        lambda d: _post(d)["requestBody"].update(content={"text/csv": {"schema": {}}}),
        "POST /v1/charges: body: is no longer application/json",
    ),
    "another success": (
        lambda d: _post(d)["responses"].update({"202": _post(d)["responses"].pop("200")}),
        "POST /v1/charges: never answers 200 any more",
    ),
    "a key that opened": (
        lambda d: d.update(security=[{"person": []}]),
        "POST /v1/charges: opens no longer by bearer",
    ),
    "a key that was not wanted": (
        lambda d: d["paths"]["/openapi.json"]["get"].update(security=[{"bearer": []}]),
        "GET /openapi.json: opens no longer by nothing",
    ),
    "a form of an answer": (
        lambda d: _fields(d, "Payout")["approval"]["oneOf"].append({"type": "string"}),
        "answer 200.approval: is string now",
    ),
    "a body where there was none": (
        lambda d: d["paths"]["/v1/charges/{id}/cancel"]["post"]["requestBody"].update(
            required=True
        ),
        "POST /v1/charges/{}/cancel: a body is required now",
    ),
}
HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a new path": lambda d: d["paths"].update({"/v1/new": d["paths"]["/v1/balance"]}),
    "a new field of an answer": lambda d: _fields(d, "Charge").update(new={"type": "string"}),
    "a new word of an answer": lambda d: _schema(d, "ChargeStatus")["enum"].append("new"),
    "a new field that may be sent": lambda d: _fields(d, "ChargeCreate").update(
        new={"type": "string"}
    ),
    "a longer text": lambda d: _fields(d, "ChargeCreate").update(
        reference={"type": ["string", "null"], "maxLength": 1000}
    ),
    "a new filter": lambda d: _list(d)["parameters"].append(
        {"name": "new", "in": "query", "schema": {"type": "string"}}
    ),
    "another name in a path": lambda d: d["paths"].update(
        {"/v1/charges/{charge}": d["paths"].pop("/v1/charges/{id}")}
    ),
    "one more way in": lambda d: d["security"].append({"other": []}),
    "one more beginning of an id in a path": lambda d: d["components"]["parameters"]["ChargeId"][
        "schema"
    ].update(pattern="^(ch|new)_[2-7a-z]{24}$"),
    "a word beside an id in a path": lambda d: d["components"]["parameters"]["ChargeId"][
        "schema"
    ].update(pattern="^(last|ch_[2-7a-z]{24})$"),
    "an error fewer": lambda d: _post(d)["responses"].pop("409"),
    "one more type of body": lambda d: _post(d)["requestBody"]["content"].update(
        {"application/cbor": {"schema": {}}}
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_a_client_is_named(name: str):
    """Whoever takes something away is told before anybody builds on it being there."""
    change, reason = BREAKING[name]

    found = breaking_changes(NOW, _changed(change))

    assert any(reason in each for each in found), found


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_nobody_passes(name: str):
    """The contract grows without asking."""
    assert breaking_changes(NOW, _changed(HARMLESS[name])) == []


def test_todays_contract_breaks_nobody():
    """What `make check` runs: the last released contract still holds."""
    before = json.loads(released.RELEASED_PATH.read_text("utf-8"))

    assert breaking_changes(before, NOW) == []


def test_a_break_is_released_only_with_a_decision(
    tmp_path: Any, capsys: pytest.CaptureFixture[str]
):
    """`make release-contract` moves on by itself only where no client breaks."""
    kept = tmp_path / "openapi.released.json"
    wider = _changed(lambda d: d["paths"].update({"/v1/old": d["paths"]["/v1/balance"]}))
    kept.write_text(json.dumps(wider), encoding="utf-8")

    assert released.main(["--check"], kept) == 1
    assert "GET /v1/old: is gone" in capsys.readouterr().err
    assert released.main(["--release"], kept) == 1
    assert released.main(["--release", "--decision", "9999-no-such"], kept) == 1
    assert json.loads(kept.read_text("utf-8")) == wider
    assert released.main(["--release", "--decision", "0017-dependencies"], kept) == 0
    assert json.loads(kept.read_text("utf-8")) == NOW
    assert released.main(["--check"], kept) == 0
