"""The thin HTTP edge of every function: hands operations, pushes and ticks to handlers."""

import ipaddress
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

import flask

from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.account import Caller
from shared.domain.customer import Customer
from shared.domain.errors import (
    AskAgain,
    InvalidRequest,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    Refusal,
    Unavailable,
)
from shared.domain.file import LARGEST_UPLOAD_BYTES
from shared.domain.operator_statement import LARGEST_BYTES as LARGEST_STATEMENT_BYTES
from shared.domain.payout_batch import LARGEST_BYTES as LARGEST_BATCH_BYTES
from shared.domain.people import Person
from shared.messaging.envelope import (
    Envelope,
    Push,
    UndecodableError,
    parse_envelope,
    read_push,
)
from shared.runtime import (
    answer_versions,
    json_body,
    language_choice,
    logs,
    metrics,
    reporting,
    tracing,
)
from shared.runtime.exchange import (
    LARGEST_BODY_BYTES,
    Answer,
    End,
    Exchange,
    Function,
    edge,
    read_content,
)
from shared.runtime.routing import Routes
from shared.runtime.settings import require, settings

LONGEST_QUERY: Final = 8192
MOST_QUERY_FIELDS: Final = 100

LARGEST_TICK_BYTES: Final = 64 * 1024
LARGER_BODIES: Final = {
    "upload_statement": LARGEST_STATEMENT_BYTES,
    "create_payout_batch": LARGEST_BATCH_BYTES,
    "create_file": LARGEST_UPLOAD_BYTES,
}
"""Operations whose body may be larger than others', in bytes."""
_KNOWN_CALLERS: Final = ("merchant", "person", "customer")

__all__ = [
    "Answer",
    "Call",
    "Envelope",
    "Push",
    "envelope_function",
    "http_function",
    "push_function",
    "tick_function",
]


@dataclass(slots=True)
class Call:
    """One request as handlers see it. `caller` is None where the operation is of no account.

    `account` and `mode` are what a person says of where she is at work; a key says it by itself.
    `client_address` is what our edge says, not looked at yet, and empty where it says nothing;
    `last_hop` is who speaks to us. Not frozen, so that the caller can be filled in once proven.
    `answer_headers` go with every answer to this call, refusals too. `met` is who was recognised,
    though she may not call this.
    """

    operation_id: str
    request_id: str
    path_params: Mapping[str, str] = field(default_factory=dict)
    query_string: str = ""
    content: bytes = b""
    content_type: str | None = None
    origin: str | None = None
    fetch_site: str | None = None
    authorization: str | None = None
    idempotency_key: str | None = None
    accept_language: str | None = None
    accept_encoding: str | None = None
    if_none_match: str | None = None
    language: str = language_choice.DEFAULT
    client_address: str = ""
    last_hop: str = ""
    traceparent: str | None = None
    account: str | None = None
    mode: str | None = None
    pay_version: str | None = None
    stripe_version: str | None = None
    user_agent: str | None = None
    source: str = "rest"
    met: Caller | None = None
    caller: Caller | None = None
    person: Person | None = None
    customer: Customer | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)

    def body(self, *, largest: int = json_body.LARGEST_BODY_BYTES) -> dict[str, Any]:
        """Parse the object, JSON or a form; only JSON may be larger than others.

        Raises TooLarge, WrongContentType, InvalidRequest.
        """
        is_json = self.content_type == json_body.JSON
        if not is_json and json_body.is_form(self.content_type, self.origin):
            from shared.runtime import form_body  # noqa: PLC0415 - what only forms need

            return form_body.read_object(self.content, self.operation_id)
        return json_body.read_object(self.content, self.content_type, largest=largest)

    def body_or_nothing(self) -> dict[str, Any]:
        """Parse the object, empty where no body came. Raises what `body` does."""
        return self.body() if self.content else {}

    def refuse_fields(self) -> None:
        """Take no body or an empty object. Raises what `body` does, and `parameter_unknown`."""
        for name in self.body_or_nothing():
            raise InvalidRequest("parameter_unknown", name[:100])

    def query(self) -> dict[str, str]:
        """Parse the query, each name at most once, but for `expand[]`, whose values are numbered.

        Raises InvalidRequest `parameter_invalid`.
        """
        if not self.query_string:
            return {}
        try:
            if len(self.query_string) > LONGEST_QUERY:
                raise InvalidRequest("parameter_invalid", "query")
            pairs = parse_qsl(
                self.query_string,
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MOST_QUERY_FIELDS,
            )
        except ValueError:
            raise InvalidRequest("parameter_invalid", "query") from None
        query: dict[str, str] = {}
        for name, value in pairs:
            if name == "expand[]" and name in query:
                name = f"expand[{len(query)}]"  # noqa: PLW2901 - the one name that comes often
            if name in query:
                raise InvalidRequest("parameter_invalid", name[:100])
            query[name] = value
        return query

    @property
    def remote_address(self) -> str:
        """The caller's address, or that of the last hop where our edge says none."""
        try:
            return str(ipaddress.ip_address(self.client_address))
        except ValueError:
            return self.last_hop

    def refuse_query(self) -> None:
        """Take no query. Raises InvalidRequest `parameter_unknown`, and what `query` does."""
        for name in self.query():
            raise InvalidRequest("parameter_unknown", name[:100])

    def authenticated(self) -> Caller:
        """Return the caller. Raises NotAuthenticated where there is none."""
        if self.caller is None:
            raise NotAuthenticated("api_key_missing")
        return self.caller

    def signed_in(self) -> Person:
        """Return the person. Raises NotAuthenticated where there is none."""
        if self.person is None:
            raise NotAuthenticated("token_invalid")
        return self.person

    def proven(self) -> Customer:
        """Return the payer. Raises NotAuthenticated where there is none."""
        if self.customer is None:
            raise NotAuthenticated("token_invalid")
        return self.customer


Handler = Callable[[Call], Answer]
Authenticate = Callable[[Call], Caller]
Identify = Callable[[Call], Person]
Recognise = Callable[[Call], Customer]
Admit = Callable[[Call], None]
Note = Callable[[Call, End], None]
Verify = Callable[[str | None], object]


def http_function(
    name: str,
    handlers: Mapping[str, Handler],
    *,
    authenticate: Authenticate | None = None,
    identify: Identify | None = None,
    recognise: Recognise | None = None,
    admit: Admit | None = None,
    note: Note | None = None,
) -> Function:
    """Return the function of this name that serves its operations, keyed by operationId.

    `admit` counts the requests of callers once they are known, refuses one too many, and tells an
    account of those that it must hear of. `note` keeps how they ended, and must return at once.

    An operation of class `method` asks who calls by itself, once it has read what is called.

    Raises ValueError where handlers and openapi.yaml differ, or a key, a person or a payer is asked
    for and nobody can tell who it is, or counts and notes the requests of an account.
    """
    operations = [operation for operation in OPERATIONS if operation.function == name]
    expected = {operation.operation_id for operation in operations}
    if set(handlers) != expected:
        raise ValueError(f"{name} must handle {sorted(expected)}, not {sorted(handlers)}")
    if None in (authenticate, admit, note) and any(op.auth == "merchant" for op in operations):
        raise ValueError(f"{name} has operations that need authenticate, admit and note")
    if identify is None and any(op.auth == "person" for op in operations):
        raise ValueError(f"{name} has operations that need identify")
    if recognise is None and any(op.auth == "customer" for op in operations):
        raise ValueError(f"{name} has operations that need recognise")
    routes = Routes(operations)

    def serve(request: flask.Request, exchange: Exchange) -> Answer:
        operation, path_params = routes.find(request.method, request.path)
        exchange.operation_id = operation.operation_id
        call = _read_call(request, operation, path_params, exchange)
        version = answer_versions.NEWEST
        if operation.auth == "merchant" and authenticate and admit and note:
            exchange.on_end = partial(note, call)
            call.caller = authenticate(call)
            exchange.language = language_choice.choose(call.accept_language, call.caller.language)
            call.language = exchange.language
            admit(call)
            version = answer_versions.choose(
                call.pay_version, call.stripe_version, exchange.headers
            )
        if operation.auth == "person" and identify is not None:
            call.person = identify(call)
        if operation.auth == "customer" and recognise is not None:
            call.customer = recognise(call)
        if operation.auth in _KNOWN_CALLERS and operation.method != "GET":
            call.refuse_query()
        answer = handlers[operation.operation_id](call)
        is_newest = version == answer_versions.NEWEST
        return answer if is_newest else answer_versions.shown_as(answer, version)

    return edge(name, serve)


def push_function(
    name: str, handler: Callable[[Push], None], *, verify: Verify | None = None
) -> Function:
    """Return the function of this name that takes our own messages from Pub/Sub.

    The sender is proven before a byte of the body is parsed (401). When the handler returns, the
    message is acknowledged (204); when it raises, it is asked for again (503), so raise only what
    time can heal. A message that cannot be read gets 400: nobody can act on it, and acknowledging
    would lose it, so it wanders into its dead-letter topic, where keep_dead_letter stores it.
    """
    return envelope_function(name, lambda envelope: handler(read_push(envelope)), verify=verify)


def envelope_function(
    name: str, handler: Callable[[Envelope], None], *, verify: Verify | None = None
) -> Function:
    """Return the function of this name that takes whatever Pub/Sub pushes, unread."""
    verify = verify or _Verification(name)

    def serve(request: flask.Request, _exchange: Exchange) -> Answer:
        _only_post_to_root(request)
        try:
            verify(request.headers.get("Authorization"))
        except NotAuthenticated:
            metrics.count_push(name, "not_authenticated")
            raise
        content = read_content(request)
        try:
            envelope = parse_envelope(content)
            tracing.adopt(envelope.attributes.get("traceparent"))
            _handle(handler, envelope)
        except UndecodableError as failure:
            metrics.count_push(name, "undecodable")
            logs.error("push_undecodable", reason=str(failure))
            raise InvalidRequest("message_undecodable") from failure
        except Unavailable:
            metrics.count_push(name, "failed")
            raise
        metrics.count_push(name, "done")
        return Answer(204)

    return edge(name, serve)


def tick_function(name: str, handler: Callable[[], None]) -> Function:
    """Return the function of this name that a clock calls: POST /, its body unread, 200.

    Anyone may call it; `handler` must be idempotent and end early once `lifecycle.is_stopping()`.
    """

    def serve(request: flask.Request, _exchange: Exchange) -> Answer:
        _only_post_to_root(request)
        read_content(request, LARGEST_TICK_BYTES)
        handler()
        return Answer(200, {"done": True})

    return edge(name, serve)


class _Verification:
    """Proves the sender by the settings of this process, read at the first push."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._verify: Verify | None = None

    def __call__(self, authorization: str | None) -> object:
        with self._lock:
            if self._verify is None:
                self._verify = self._make()
        return self._verify(authorization)

    def _make(self) -> Verify:
        from shared.runtime import tokens  # noqa: PLC0415 - 60 ms that only pushes need

        config = settings()
        trust = tokens.push_trust(
            require(config.push_issuer, "PUSH_ISSUER"),
            require(config.push_audience, "PUSH_AUDIENCE"),
            self._name,
            require(config.push_email, "PUSH_EMAIL"),
        )
        url = require(config.push_jwks_url, "PUSH_JWKS_URL")
        return tokens.Verifier(trust, tokens.KeySet(tokens.fetcher(url))).verify


def _handle(handler: Callable[[Envelope], None], envelope: Envelope) -> None:
    try:
        handler(envelope)
    except UndecodableError:
        raise
    except Exception as failure:
        _log_push_failure(failure, envelope)
        raise Unavailable("temporarily_unavailable") from failure


def _log_push_failure(failure: Exception, envelope: Envelope) -> None:
    fields = {
        "message_id": envelope.message_id,
        "delivery_attempt": envelope.delivery_attempt,
        "subscription": envelope.subscription,
        "event_id": envelope.attributes.get("event_id"),
    }
    if isinstance(failure, Refusal):
        logs.warning("push_refused", code=failure.code, **fields)
    elif isinstance(failure, AskAgain):
        logs.info("push_asked_again", reason=str(failure), **fields)
    else:
        logs.exception("push_failed", failure, **fields)
        reporting.capture(failure)


def _only_post_to_root(request: flask.Request) -> None:
    if request.path != "/":
        raise NotFound("route_unknown")
    if request.method != "POST":
        raise MethodNotAllowed("method_not_allowed", allow="POST")


def _read_call(
    request: flask.Request,
    operation: Operation,
    path_params: Mapping[str, str],
    exchange: Exchange,
) -> Call:
    environ = request.environ
    # Our edge drops what callers say of themselves and writes the first address.
    forwarded: str = environ.get("HTTP_X_FORWARDED_FOR", "")
    return Call(
        operation_id=operation.operation_id,
        request_id=exchange.request_id,
        path_params=path_params,
        query_string=environ.get("QUERY_STRING", ""),
        content=read_content(
            request, LARGER_BODIES.get(operation.operation_id, LARGEST_BODY_BYTES)
        ),
        content_type=environ.get("CONTENT_TYPE"),
        origin=environ.get("HTTP_ORIGIN"),
        fetch_site=environ.get("HTTP_SEC_FETCH_SITE"),
        authorization=environ.get("HTTP_AUTHORIZATION"),
        idempotency_key=environ.get("HTTP_IDEMPOTENCY_KEY"),
        accept_language=environ.get("HTTP_ACCEPT_LANGUAGE"),
        accept_encoding=environ.get("HTTP_ACCEPT_ENCODING"),
        if_none_match=environ.get("HTTP_IF_NONE_MATCH"),
        language=exchange.language,
        account=environ.get("HTTP_PAY_ACCOUNT", environ.get("HTTP_STRIPE_ACCOUNT")),
        mode=environ.get("HTTP_PAY_MODE"),
        pay_version=environ.get("HTTP_PAY_VERSION"),
        stripe_version=environ.get("HTTP_STRIPE_VERSION"),
        user_agent=environ.get("HTTP_USER_AGENT"),
        source="rpc" if operation.auth == "method" else "rest",
        client_address=forwarded.partition(",")[0].strip(),
        last_hop=environ.get("REMOTE_ADDR", ""),
        traceparent=tracing.traceparent(),
        answer_headers=exchange.headers,
    )
