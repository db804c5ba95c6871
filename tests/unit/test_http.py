"""Promises of the HTTP edge: routes, error shape, and what each outcome means to who called."""

import base64
import json
from collections.abc import Callable

import flask
import pytest

from shared.domain import errors
from shared.domain.account import Caller, Tenant
from shared.domain.events import Message
from shared.messaging.envelope import encode_attributes, encode_data
from shared.runtime import problem, settings
from shared.runtime.http import Answer, Call, Push, http_function, push_function, tick_function

CALLER = Caller(
    tenant=Tenant("acct_abcdefghijklmnop", livemode=False),
    key_id="k",
    kind="sk",
    scopes=frozenset(),
    language="fr",
    charges_enabled=True,
    suspended=False,
)
CHARGES = ("create_charge", "cancel_charge", "update_charge")
Function = Callable[[flask.Request], flask.Response]
INVALID, IDEMPOTENCY, API = "invalid_request_error", "idempotency_error", "api_error"
RETRY, AFTER, WWW = "Stripe-Should-Retry", "Retry-After", "WWW-Authenticate"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENVIRONMENT", "local")
    monkeypatch.setenv("PUBLIC_BASE_URL", "https://pay.test")
    settings.settings.cache_clear()
    yield
    settings.settings.cache_clear()


def _call(function: Function, method: str, path: str, **how: object) -> flask.Response:
    with flask.Flask("test").test_request_context(path, method=method, **how):
        return function(flask.request._get_current_object())  # type: ignore[attr-defined]  # a proxy


def _charges(handler: Callable[[Call], Answer]) -> Function:
    return http_function(
        "create_charge",
        dict.fromkeys(CHARGES, handler),
        authenticate=lambda _call: CALLER,
        admit=lambda _call: None,
        note=lambda _call, _end: None,
    )


def test_a_function_keeps_its_name_and_serves_exactly_its_operations():
    """A handler too few or too many is a fault at start, not at the first request."""
    assert _charges(lambda _call: Answer()).__name__ == "create_charge"
    with pytest.raises(ValueError, match="must handle"):
        http_function("create_charge", {}, authenticate=lambda _call: CALLER)
    with pytest.raises(ValueError, match="need authenticate"):
        http_function("create_charge", dict.fromkeys(CHARGES, _never))


def _never(_call: Call) -> Answer:
    raise AssertionError("must not be called")


def test_a_call_arrives_with_its_parts():
    """Path parameters, body, key and caller reach the handler, in the caller's language."""
    seen: list[Call] = []

    def handler(call: Call) -> Answer:
        seen.append(call)
        return Answer(body={"id": call.path_params["id"]})

    response = _call(
        _charges(handler),
        "POST",
        "/v1/charges/ch_1/cancel",
        data=b'{"x": 1}',
        content_type="application/json",
        headers={"Idempotency-Key": "k1", "Authorization": "Bearer sk"},
    )
    (call,) = seen
    assert response.get_json() == {"id": "ch_1"}
    assert call.operation_id == "cancel_charge"
    assert call.body() == {"x": 1}
    assert (call.idempotency_key, call.authorization) == ("k1", "Bearer sk")
    assert call.authenticated() is CALLER
    assert call.language == response.headers["Content-Language"] == "fr"
    assert response.headers["Request-Id"] == call.request_id


def test_a_query_is_read_by_name():
    """Names and values come decoded, empty ones too."""
    query = Call("list_charges", "req_1", query_string="a=%C3%A9&b[c]=").query()
    assert query == {"a": "é", "b[c]": ""}


@pytest.mark.parametrize(
    "query", ["a=1&a=2", "a=%FF", "&".join(f"a{n}=" for n in range(101)), "a" * 9000]
)
def test_a_query_that_could_be_read_two_ways_is_refused(query: str):
    """Each name once, UTF-8, and within bounds."""
    with pytest.raises(errors.InvalidRequest):
        Call("list_charges", "req_1", query_string=query).query()


@pytest.mark.parametrize(
    "path", ["/", "/v1/charges/", "/v1//charges", "/v1/charges/a/b/cancel", "/v2"]
)
def test_an_unknown_path_is_not_found(path: str):
    """Nothing else than the contract's paths is answered."""
    response = _call(_charges(_never), "POST", path)
    assert response.status_code == 404
    assert response.get_json()["error"]["code"] == "route_unknown"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "TRACE", "OPTIONS"])
def test_another_method_is_refused_with_those_allowed(method: str):
    """TRACE echoes nothing, and Allow tells what may be done."""
    response = _call(_charges(_never), method, "/v1/charges/ch_1/cancel")
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_a_refusal_has_the_exact_shape_in_the_asked_language():
    """RFC 9457 outside, Stripe's error inside, one request id everywhere."""

    def handler(_call: Call) -> Answer:
        raise errors.InvalidRequest("amount_too_large", "amount", limit=500)

    response = _call(_charges(handler), "POST", "/v1/charges", headers={"Accept-Language": "fr"})
    request_id = response.headers["Request-Id"]
    message = "Le montant ne peut dépasser 500 FCFA."
    url = "https://pay.test/docs/errors#amount_too_large"
    assert response.get_json() == {
        "type": url,
        "title": "Le montant est trop élevé",
        "status": 400,
        "detail": message,
        "instance": request_id,
        "error": {
            "type": "invalid_request_error",
            "code": "amount_too_large",
            "message": message,
            "param": "amount",
            "doc_url": url,
            "request_id": request_id,
        },
    }
    assert request_id.startswith("req_")
    assert response.content_type == "application/json"
    assert response.headers["Content-Language"] == "fr"
    assert response.headers["Stripe-Should-Retry"] == "false"


def test_each_kind_of_refusal_has_one_answer():
    """A kind without a status would be a crash; each leaf of the tree is in the table."""
    kinds = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.Refusal)
    }
    assert kinds - problem.KINDS.keys() == {errors.Refusal}
    statuses = {kind.__name__: entry.status for kind, entry in problem.KINDS.items()}
    assert statuses == {
        "InvalidRequest": 400, "KeyReused": 400, "InvalidLines": 400, "NotAuthenticated": 401,
        "NotPermitted": 403, "NotFound": 404, "MethodNotAllowed": 405, "InProgress": 409,
        "TooLarge": 413, "WrongContentType": 415, "TooManyRequests": 429, "Unavailable": 503,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("refusal", "status", "kind", "headers"),
    [
        (errors.KeyReused("idempotency_key_reused"), 400, IDEMPOTENCY, {RETRY: "false"}),
        (errors.NotAuthenticated("api_key_missing"), 401, INVALID, {WWW: problem.AUTHENTICATE}),
        (
            errors.InProgress("idempotency_in_progress", retry_after_seconds=1),
            409,
            IDEMPOTENCY,
            {AFTER: "1", RETRY: None},
        ),
        (errors.TooManyRequests("rate_limited", retry_after_seconds=7), 429, INVALID, {AFTER: "7"}),
        (
            errors.Unavailable("operator_unavailable", retry_after_seconds=60),
            503,
            API,
            {AFTER: "60", RETRY: "false"},
        ),
        (errors.Unavailable("temporarily_unavailable"), 503, API, {RETRY: None}),
    ],
)
def test_a_refusal_tells_whether_and_when_to_try_again(
    refusal: errors.Refusal, status: int, kind: str, headers: dict[str, str | None]
):
    """What an SDK acts on is right: status, type and headers."""

    def handler(_call: Call) -> Answer:
        raise refusal

    response = _call(_charges(handler), "POST", "/v1/charges")
    assert response.status_code == status
    assert response.get_json()["error"]["type"] == kind
    assert {name: response.headers.get(name) for name in headers} == headers


def test_a_crash_never_says_why(capsys: pytest.CaptureFixture[str]):
    """The caller learns an id; the log has the place, without the number."""

    def handler(_call: Call) -> Answer:
        raise RuntimeError("database at 10.0.0.7 refused +237670000001")

    response = _call(_charges(handler), "POST", "/v1/charges")
    assert response.status_code == 500
    assert response.get_json()["error"]["code"] == "internal"
    assert b"10.0.0.7" not in response.get_data()
    logged = capsys.readouterr().out
    assert response.headers["Request-Id"] in logged
    assert "10.0.0.7" in logged
    assert "670000001" not in logged


def test_a_field_that_cannot_be_encoded_is_refused_and_not_a_crash():
    """A lone surrogate in a name comes back replaced."""

    def handler(call: Call) -> Answer:
        (name,) = call.body()
        raise errors.InvalidRequest("parameter_unknown", name)

    how = {"data": b'{"\\ud800": 1}', "content_type": "application/json"}
    response = _call(_charges(handler), "POST", "/v1/charges", **how)
    assert response.status_code == 400
    assert response.get_json()["error"]["param"] == "?"


def test_a_body_above_a_mebibyte_is_refused_unread():
    """Nobody can fill our memory."""
    response = _call(_charges(_never), "POST", "/v1/charges", data=b"x" * (1024 * 1024 + 1))
    assert (response.status_code, response.get_json()["error"]["code"]) == (413, "body_too_large")


# --- pushes and ticks ---

MESSAGE = Message("evt_1", "charge-created", "acct_1", livemode=True, object_id="ch_1")


def _push(**changes: object) -> bytes:
    message = {
        "data": base64.b64encode(encode_data(MESSAGE)).decode(),
        "attributes": encode_attributes(MESSAGE),
        "messageId": "1",
    }
    return json.dumps(
        {"message": message | changes, "subscription": "s", "deliveryAttempt": 2}
    ).encode()


def test_a_push_is_acknowledged_when_its_handler_returns():
    """204 and nothing else: 202 would come again."""
    seen: list[Push] = []
    function = push_function("submit_charge", seen.append, verify=lambda _header: None)
    response = _call(function, "POST", "/", data=_push())
    assert (response.status_code, response.get_data()) == (204, b"")
    assert (seen[0].message, seen[0].delivery_attempt) == (MESSAGE, 2)


@pytest.mark.parametrize(
    "failure", [RuntimeError("no"), errors.Unavailable("operator_unavailable")]
)
def test_a_push_is_asked_for_again_when_its_handler_raises(failure: Exception):
    """Whatever it raises, nothing accepted is lost."""

    def handler(_push: Push) -> None:
        raise failure

    function = push_function("submit_charge", handler, verify=lambda _header: None)
    assert _call(function, "POST", "/", data=_push()).status_code == 503


@pytest.mark.parametrize("body", [b"", b"{}", _push(data="!"), _push(attributes={})])
def test_an_unreadable_push_wanders_to_its_dead_letter_topic(body: bytes):
    """It is neither acted on nor acknowledged, and is told apart from an outage."""
    function = push_function("submit_charge", _unreached, verify=lambda _header: None)
    response = _call(function, "POST", "/", data=body)
    assert response.status_code == 400
    assert response.get_json()["error"]["code"] == "message_undecodable"


def _unreached(_push: Push) -> None:
    raise AssertionError("must not be called")


def test_the_sender_is_proven_before_the_body_is_read():
    """A forged push gets 401, however garbled its body is."""

    def verify(_header: str | None) -> None:
        raise errors.NotAuthenticated("token_invalid")

    function = push_function("submit_charge", _unreached, verify=verify)
    assert _call(function, "POST", "/", data=b"{{{").status_code == 401


def test_a_tick_runs_on_post_whatever_its_body():
    """A clock calls it; no input of its reaches the work."""
    runs: list[int] = []
    function = tick_function("relay_outbox", lambda: runs.append(1))
    assert _call(function, "POST", "/", data=b"\xff" * 1000).status_code == 200
    assert _call(function, "GET", "/").status_code == 405
    assert _call(function, "POST", "/other").status_code == 404
    assert _call(function, "POST", "/", data=b"x" * (64 * 1024 + 1)).status_code == 413
    assert runs == [1]
