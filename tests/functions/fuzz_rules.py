"""What no schema can tell a fuzzer: how to make sense, and which refusals and checks to leave out.

Each exception has its reason beside it. A general refusal (`parameter_invalid` and its like) of
what the schema allows is a defect of the contract, unless it stands in BETWEEN_FIELDS.
"""

import itertools
import json
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import cbor2
from jsonschema import Draft202012Validator
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import (
    CoverageScenario,
    coverage_scenario,
    negated_parameters,
)
from schemathesis.openapi.checks import RejectedPositiveData

from shared.operations import expand
from tests.functions.door import CBOR
from tests.functions.fuzz_gateway import FORM
from tests.functions.matrix import ROWS

AnyCase = Case[Any]

GENERAL: Final = frozenset(
    {
        *("parameter_invalid", "parameter_missing", "parameter_unknown", "metadata_invalid"),
        *("json_invalid", "form_invalid", "form_duplicate_field", "cbor_invalid"),
        *("limit_invalid", "expand_invalid", "idempotency_key_invalid", "idempotency_key_missing"),
        *("content_type_unsupported", "version_unknown", "route_unknown", "body_too_large"),
    }
)
"""Refusals that say of a request no more than that it is not one. Any other has a page of its own
that tells the rule: a number that nobody has, a charge that is paid."""

ANYWHERE: Final[Mapping[str, str]] = {
    "Idempotency-Key": "quotes that do not close, or two keys joined by a comma, as a server joins",
    "reason": "is measured once numbers of people are hidden in it",
}
"""Fields of any operation whose text has a rule beyond its letters."""

_OF_PAGES: Final = {
    "amount_min": "without `amount` alone",
    "amount_max": "without `amount` alone",
    "expires_at": "a time to come, within bounds",
    "success_url": "https, and names no user",
    "cancel_url": "https, and names no user",
}
BETWEEN_FIELDS: Final[Mapping[tuple[str, str], str]] = {
    **{("create_checkout", name): reason for name, reason in _OF_PAGES.items()},
    **{("create_payment_link", name): reason for name, reason in _OF_PAGES.items()},
    ("read_balance", "at"): "a time that is over",
    ("create_charge", "return_url"): "wanted of a flow that redirects, and of no other",
    ("create_payout", "scheduled_at"): "a time to come, 90 days at most",
    ("create_api_key", "expires_at"): "a time to come",
    ("rotate_api_key", "expires_at"): "a time to come",
    ("rotate_api_key", "overlap_seconds"): "not beyond the end of the key",
    ("create_api_key", "allowed_from"): "addresses and networks, of either kind",
    ("create_api_key", "scopes"): "wanted of a restricted key, and of no other",
    ("set_settlement", "weekday"): "of `weekly` alone",
    ("propose_account_change", "charges_enabled"): "of `restrict` alone",
    ("propose_account_change", "payouts_enabled"): "of `restrict` alone",
    ("propose_booking", "debit"): "of a correction alone",
    ("propose_booking", "credit"): "of a correction alone",
    ("propose_booking", "object"): "of some kinds alone",
    ("propose_booking", "operator_account"): "of some kinds alone",
    ("propose_booking", "operator_transaction"): "of some kinds alone",
    ("propose_booking", "about"): "of some kinds alone",
    ("propose_float_move", "from"): "by kind",
    ("propose_float_move", "to"): "by kind",
    ("propose_float_move", "account"): "of a merchant's top-up alone",
    ("create_webhook_endpoint", "signing"): "Stripe's signature is an HMAC, never ed25519",
    ("resend_webhooks", "event"): "one event or a range",
    ("resend_webhooks", "created"): "one event or a range",
    ("resend_webhooks", "created[gte]"): "a range that has a length",
    ("resend_webhooks", "starting_after"): "of a range alone",
    ("advance_test_clock", "advance_seconds"): "one of two, and not too far in all",
    ("advance_test_clock", "to"): "one of two, later than it is, and not too far",
    ("stream_events", "ticket"): "in the place of a key, and never beside one",
    ("create_stream_ticket", "origin"): "scheme, host and port as a browser says them",
    ("create_customer_challenge", "receipt_code"): "read without its case, spaces and hyphens",
    ("create_customer_session", "code"): "six digits, however they are set apart",
}
"""What is refused for another field beside it, for the hour, or for what is in a text."""

LEFT_OUT: Final[Mapping[str, Mapping[str, str]]] = {
    "*": {
        "object_level_authorization": "wants two who share a store; test_matrix.py holds it to E38",
    },
    "call_rpc": {"positive_data_acceptance": "what each method takes is told by rpc.cddl alone"},
    "call_rpc_batch": {"negative_data_rejection": "each call of a batch has an answer of its own"},
    "lookup_holder": {"not_a_server_error": "no operator listens, and the contract has that 503"},
    "stream_events": {
        "response_schema_conformance": "its events are no bodies; test_stream_events"
    },
}
"""Checks that say nothing of an operation, with the reason. They are left out by name alone."""

_EXAMPLE_KEY: Final = "8e03978e-40d5-43e8-bc93-6894a57f9324"
_BOUNDS: Final = ("amount_min", "amount_max")
_AN_HOUR: Final = 3600
_ROOMY: Final = 80
_LONG_LIST: Final = 100
_EIGHT_BYTES: Final = 2**63
_ID: Final = re.compile(r"([a-z]+)_[2-7a-z]{16,24}")
_BRACKETS: Final = str.maketrans("[]", "xx")
_PLACE: Final = re.compile(r"\[\d+\]$")
_count: Final = itertools.count()


def left_out(operation_id: str) -> set[str]:
    """Return the names of the checks that are not made of an operation."""
    return {*LEFT_OUT["*"], *LEFT_OUT.get(operation_id, ())}


def words_of(operation_id: str, ids: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return what the parameters of an operation can name: its list's cursors, what it expands."""
    words: dict[str, list[str]] = {}
    row = ROWS.get(operation_id)
    if row is not None and row.lists:
        words |= dict.fromkeys(("starting_after", "ending_before"), ids[row.lists])
    if operation_id in {"open_checkout", "leave_checkout", "pay_checkout", "read_payment_qr"}:
        words["id"] = [known for kind in ("cs", "plink", "ch") for known in ids.get(kind, ())]
    one, several = expand._ONE.get(operation_id), expand._LISTS.get(operation_id)
    if one or several:
        start = "data." if several else ""
        words["expand[]"] = [f"{start}{name}" for name in expand.FIELDS[one or several or ""]]
    return words


def is_told_by_the_contract(case: AnyCase) -> bool:
    """Whether the case is one that the contract's schemas tell of.

    A header more than they name is none, since proxies add them. Nor is a form of thousands of
    fields: the text of the contract bounds them, and schemathesis judges one for minutes.
    """
    data = case._meta.phase.data if case._meta else None
    is_header_more = (
        coverage_scenario(case) is CoverageScenario.OBJECT_UNEXPECTED_PROPERTIES
        and data is not None
        and getattr(data, "parameter_location", None) is ParameterLocation.HEADER
    )
    lists = case.body.values() if isinstance(case.body, dict) else ()
    is_long = any(isinstance(each, list) and len(each) > _LONG_LIST for each in lists)
    return not is_header_more and not (is_long and _is_form(case))


def sensible(case: AnyCase, ids: Mapping[str, list[str]]) -> AnyCase:
    """Return a good case made better: what is there, a fresh key, one cursor, texts to print."""
    query, headers, meta = case.query, case.headers, case._meta
    negated = {name for name, _ in negated_parameters(meta)}
    if "after" in query and "Last-Event-ID" not in negated:
        headers.pop("Last-Event-ID", None)
    elif "Last-Event-ID" in negated:
        query.pop("after", None)
    if headers.get("Idempotency-Key") == _EXAMPLE_KEY:
        headers["Idempotency-Key"] = f"fresh-{next(_count)}"
    if meta is not None and meta.generation.mode.is_positive:
        query.pop("ticket", None)
        query.update({name: _printed(each, {}) for name, each in query.items()})
        if "starting_after" in query:
            query.pop("ending_before", None)
        if isinstance(case.body, dict):
            body = _sensible_body(case.body, ids, is_cbor=case.media_type == CBOR)
            case.body = _named_plainly(body) if _is_form(case) else body
            if "idempotency_key" in body:
                headers.pop("Idempotency-Key", None)
    # What was made better is no worse: its mode stays what it was made for.
    case._record_starting_state()
    return case


def _sensible_body(
    given: dict[str, Any], ids: Mapping[str, list[str]], *, is_cbor: bool
) -> dict[str, Any]:
    body: dict[str, Any] = _printed(_counted(given) if is_cbor else given, ids)
    if isinstance(body.get("reference"), str) and 1 < len(body["reference"]) < _ROOMY:
        body["reference"] += f"-{next(_count)}"
    if isinstance(body.get("expires_at"), int):
        body["expires_at"] = int(time.time()) + _AN_HOUR
    if body.get("amount") is not None:
        body = {name: each for name, each in body.items() if name not in _BOUNDS}
    _with_a_flow(body, body.get("payment_method"))
    return body


def _counted(value: Any) -> Any:
    """Have only numbers that CBOR takes here: whole ones of eight bytes."""
    if isinstance(value, dict):
        return {name: _counted(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_counted(each) for each in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and abs(value) < _EIGHT_BYTES else 7 if is_number else value


def _named_plainly(value: Any) -> Any:
    """Have names that a form can write: brackets set its fields apart."""
    if isinstance(value, dict):
        plain = {name.translate(_BRACKETS): each for name, each in value.items()}
        return {name: _named_plainly(each) for name, each in plain.items()}
    return [_named_plainly(each) for each in value] if isinstance(value, list) else value


def _with_a_flow(body: dict[str, Any], method: Any) -> None:
    """Have a charge ask either by a prompt to a number, or on a page that leads back."""
    if isinstance(method, dict) and method.get("flow") == "redirect":
        method.pop("phone", None)
        body.setdefault("return_url", "https://shop.example/orders/1042")
    elif isinstance(method, dict):
        method.setdefault("phone", "+237677000000")
        body.pop("return_url", None)


def _printed(value: Any, ids: Mapping[str, list[str]]) -> Any:
    """Name what is there, print what cannot be printed as an x, write whole numbers whole."""
    if isinstance(value, dict):
        return {_printed(name, {}): _printed(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [_printed(each, ids) for each in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    kind = _ID.fullmatch(value)
    if kind and kind[1] in ids:
        return ids[kind[1]][0]
    return "".join(letter if letter.isprintable() else "x" for letter in value)


def is_excused(failure: Failure, case: AnyCase, response: Response, operation_id: str) -> bool:
    """Whether a refusal follows a rule that no schema tells, or what was wrong was never sent."""
    if isinstance(failure, RejectedPositiveData):
        code, param = _refusal(response)
        param = _PLACE.sub("", param)
        is_known = (operation_id, param) in BETWEEN_FIELDS or param in ANYWHERE
        return code not in GENERAL or is_known or (_is_form(case) and _has_nothing(case.body))
    if isinstance(failure, AcceptedNegativeData):
        sent = [*case.query.values(), *([case.body] if _is_form(case) else [])]
        has_empty = any(each in ([], {}) for each in sent)
        return has_empty or (isinstance(case.body, dict) and _is_good_without_nulls(case))
    return False


def _is_form(case: AnyCase) -> bool:
    return case.media_type == FORM


def _refusal(response: Response) -> tuple[str, str]:
    if response.headers["content-type"][0].startswith("text/html"):
        return "told on a page", ""
    is_cbor = response.headers["content-type"][0] == CBOR
    whole = cbor2.loads(response.content)["error"] if is_cbor else json.loads(response.content)
    return whole["error"]["code"], str(whole["error"].get("param"))


def _has_nothing(value: Any) -> bool:
    """Whether a form says null somewhere, by an empty text: it then asks for something else."""
    if isinstance(value, dict):
        return any(map(_has_nothing, value.values()))
    if isinstance(value, list):
        return not value or any(map(_has_nothing, value))
    return value in ("", None)


def _is_good_without_nulls(case: AnyCase) -> bool:
    """Whether all that is wrong with a body are nulls, each of which says what its absence says.

    In a form that is an empty text, and what is empty itself is never sent.
    """
    body = case.operation.get_body_for_media_type(case.media_type)
    if body is None:
        return False
    nothing: tuple[object, ...] = (None, "", [], {}) if _is_form(case) else (None,)
    bare = _without(case.body, nothing)
    return bare != case.body and Draft202012Validator(body.optimized_schema).is_valid(bare)


def _without(value: Any, nothing: tuple[object, ...]) -> Any:
    if isinstance(value, dict):
        bare = {name: _without(each, nothing) for name, each in value.items()}
        return {name: each for name, each in bare.items() if each not in nothing}
    if isinstance(value, list):
        bare_list = [_without(each, nothing) for each in value]
        return [each for each in bare_list if each is None or each not in nothing]
    return value
