"""One request and its one answer: whatever happens in between leaves in our own shape."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import flask
import msgspec

from shared.domain.errors import Refusal, TooLarge
from shared.domain.ids import new_id
from shared.runtime import language_choice, logs, metrics, problem, reporting, tracing
from shared.runtime.settings import settings

LARGEST_BODY_BYTES: Final = 1024 * 1024
CONTENT: Final = "pay.content"
"""Where whoever stands before Flask leaves the body for us, having read it whole."""
REPLAYED: Final = "Idempotent-Replayed"
"""The header of an answer that was given before."""
_ENCODER: Final = msgspec.json.Encoder()

Function = Callable[[flask.Request], flask.Response]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns; a mapping is encoded as JSON, text and bytes go as they are.

    Where one address leads to many operations, `operation_id` says which it was; `code` says by
    what it was refused where the handler has written the refusal itself.
    """

    status: int = 200
    body: bytes | str | Mapping[str, Any] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    operation_id: str | None = None
    code: str | None = None


@dataclass(slots=True)
class End:
    """How a request ended; `code` and `param` say by what it was refused, without an `answer`."""

    status: int
    seconds: float
    code: str | None = None
    param: str | None = None
    answer: Answer | None = None


@dataclass(slots=True)
class Exchange:
    """What is known of a request by now, for its answer and its record.

    `headers` go with the answer, whichever it will be. `on_end` is told how it ended, and must
    return at once.
    """

    operation_id: str
    request_id: str
    language: str
    headers: dict[str, str] = field(default_factory=dict)
    on_end: Callable[[End], None] | None = None

    def refused(self, refusal: Refusal) -> problem.Problem:
        return problem.refused(
            refusal,
            request_id=self.request_id,
            base_url=settings().public_base_url,
            wanted_language=self.language,
        )

    def crashed(self, failure: Exception) -> problem.Problem:
        """Tell those who keep us of a fault, and the caller that there was one."""
        logs.exception("request_failed", failure, request_id=self.request_id)
        reporting.capture(failure)
        return problem.fault(
            request_id=self.request_id,
            base_url=settings().public_base_url,
            wanted_language=self.language,
        )


def edge(name: str, serve: Callable[[flask.Request, "Exchange"], Answer]) -> Function:
    """Wrap `serve` into a plain function of this name that answers every outcome in our shape."""

    def function(request: flask.Request) -> flask.Response:
        started = time.perf_counter()
        environ = request.environ
        exchange = Exchange(
            operation_id=name,
            request_id=new_id("req", time.time_ns() // 1_000_000),
            language=language_choice.choose(environ.get("HTTP_ACCEPT_LANGUAGE")),
        )
        token = tracing.continue_from(environ.get("HTTP_TRACEPARENT"))
        code: str | None = None
        param: str | None = None
        answer: Answer | None = None
        try:
            try:
                answer = serve(request, exchange)
                code = answer.code
                exchange.operation_id = answer.operation_id or exchange.operation_id
                response = _respond(answer, exchange)
            except Refusal as refusal:
                code, param, answer = refusal.code, refusal.param, None
                response = _problem(exchange.refused(refusal), exchange)
            except Exception as failure:  # noqa: BLE001 - the edge: whatever it is, it is our fault
                code, answer = "internal", None
                response = _problem(exchange.crashed(failure), exchange)
            seconds = time.perf_counter() - started
            record(exchange, response.status_code, seconds, code=code)
            if exchange.on_end is not None:
                exchange.on_end(End(response.status_code, seconds, code, param, answer))
        finally:
            tracing.leave(token)
        return response

    function.__name__ = function.__qualname__ = name
    return function


def read_content(request: flask.Request, limit: int = LARGEST_BODY_BYTES) -> bytes:
    """Return the body, whatever the caller claims of its length. Raises TooLarge."""
    read_before: bytes | None = request.environ.get(CONTENT)
    content = _read_bounded(request, limit) if read_before is None else read_before
    if len(content) > limit:
        raise TooLarge("body_too_large", limit=limit)
    return content


def _read_bounded(request: flask.Request, limit: int) -> bytes:
    if (request.content_length or 0) > limit:
        raise TooLarge("body_too_large", limit=limit)
    return request.stream.read(limit + 1)


def _respond(answer: Answer, exchange: Exchange) -> flask.Response:
    body = answer.body
    content = body if isinstance(body, bytes | str) else _ENCODER.encode(body)
    headers = {
        "Request-Id": exchange.request_id,
        "Content-Language": exchange.language,
        **exchange.headers,
        **answer.headers,
    }
    return flask.Response(content, answer.status, headers, content_type=answer.content_type)


def _problem(made: problem.Problem, exchange: Exchange) -> flask.Response:
    headers = {**exchange.headers, **made.headers}
    return flask.Response(made.body, made.status, headers=headers)


def record(exchange: Exchange, status: int, seconds: float, *, code: str | None) -> None:
    """Measure and log an answer to one operation; `code` says by what it was refused."""
    metrics.observe_request(exchange.operation_id, status, seconds)
    logs.info(
        "request",
        operation=exchange.operation_id,
        request_id=exchange.request_id,
        status=status,
        duration_ms=round(seconds * 1000, 1),
        code=code,
    )
