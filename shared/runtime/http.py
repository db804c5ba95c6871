"""The thin HTTP edge of every function: operations of openapi.yaml, pushes and ticks to handlers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl

import flask

from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotAuthenticated
from shared.runtime import json_body, language_choice, tracing
from shared.runtime.exchange import Answer, Exchange, Function, edge, read_content
from shared.runtime.routing import Routes

LONGEST_QUERY: Final = 8192
MOST_QUERY_FIELDS: Final = 100

__all__ = ["Answer", "Call", "http_function", "push_function", "tick_function"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request as handlers see it. `caller` is None where the operation is public."""

    operation_id: str
    request_id: str
    path_params: Mapping[str, str] = field(default_factory=dict)
    query_string: str = ""
    content: bytes = b""
    content_type: str | None = None
    authorization: str | None = None
    idempotency_key: str | None = None
    accept_language: str | None = None
    language: str = language_choice.DEFAULT
    remote_address: str = ""
    traceparent: str | None = None
    caller: Caller | None = None

    def body(self) -> dict[str, Any]:
        """Parse the JSON object. Raises TooLarge, WrongContentType, InvalidRequest."""
        return json_body.read_object(self.content, self.content_type)

    def query(self) -> dict[str, str]:
        """Parse the query, each name at most once. Raises InvalidRequest `parameter_invalid`."""
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
            if name in query:
                raise InvalidRequest("parameter_invalid", name[:100])
            query[name] = value
        return query

    def authenticated(self) -> Caller:
        """Return the caller. Raises NotAuthenticated where there is none."""
        if self.caller is None:
            raise NotAuthenticated("api_key_missing")
        return self.caller


Handler = Callable[[Call], Answer]
Authenticate = Callable[[Call], Caller]


def http_function(
    name: str, handlers: Mapping[str, Handler], *, authenticate: Authenticate | None = None
) -> Function:
    """Return the function of this name that serves its operations, keyed by operationId.

    Raises ValueError where handlers and openapi.yaml differ, or a key is asked for and nobody can
    check one.
    """
    operations = [operation for operation in OPERATIONS if operation.function == name]
    expected = {operation.operation_id for operation in operations}
    if set(handlers) != expected:
        raise ValueError(f"{name} must handle {sorted(expected)}, not {sorted(handlers)}")
    if authenticate is None and any(op.auth == "secret_key" for op in operations):
        raise ValueError(f"{name} has operations that need authenticate")
    routes = Routes(operations)

    def serve(request: flask.Request, exchange: Exchange) -> Answer:
        operation, path_params = routes.find(request.method, request.path)
        exchange.operation_id = operation.operation_id
        call = _read_call(request, operation, path_params, exchange)
        if operation.auth == "secret_key" and authenticate is not None:
            caller = authenticate(call)
            exchange.language = language_choice.choose(call.accept_language, caller.language)
            call = replace(call, caller=caller, language=exchange.language)
        return handlers[operation.operation_id](call)

    return edge(name, serve)


def _read_call(
    request: flask.Request,
    operation: Operation,
    path_params: Mapping[str, str],
    exchange: Exchange,
) -> Call:
    headers = request.headers
    return Call(
        operation_id=operation.operation_id,
        request_id=exchange.request_id,
        path_params=path_params,
        query_string=request.query_string.decode("latin-1"),
        content=read_content(request),
        content_type=headers.get("Content-Type"),
        authorization=headers.get("Authorization"),
        idempotency_key=headers.get("Idempotency-Key"),
        accept_language=headers.get("Accept-Language"),
        language=exchange.language,
        remote_address=request.remote_addr or "",
        traceparent=tracing.traceparent(),
    )
