"""What stands before Flask: bounds on a request, and our shape for what Flask answers by itself."""

import io
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import flask  # noqa: TC002 - names the type of what the framework makes
import functions_framework

from shared.domain.errors import MethodNotAllowed, NotFound, Refusal, TooLarge
from shared.domain.file import LARGEST_UPLOAD_BYTES
from shared.domain.ids import new_id
from shared.domain.operator_statement import LARGEST_BYTES as LARGEST_STATEMENT_BYTES
from shared.domain.payout_batch import LARGEST_BYTES as LARGEST_BATCH_BYTES
from shared.runtime import language_choice, problem
from shared.runtime.exchange import CONTENT
from shared.runtime.settings import settings

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
LARGEST_BODY_BYTES: Final = 1024 * 1024
LARGER_BODIES: Final = {
    "manage_platform": LARGEST_STATEMENT_BYTES,
    "create_payout": LARGEST_BATCH_BYTES,
    "create_file": LARGEST_UPLOAD_BYTES,
}
"""Functions that take more than others, in bytes."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def create_app(target: str, source: str) -> Application:
    """Load a function by the framework and stand before it. Raises what its module raises."""
    app: flask.Flask = functions_framework.create_app(  # type: ignore[no-untyped-call]  # has no types
        target, source, "http"
    )
    # The framework answers two paths of browsers with pages, and Flask redirects double slashes.
    app.url_map.merge_slashes = False
    run = app.view_functions["run"]
    app.view_functions["error"] = lambda: run(path="")
    # It would also read what is left of a body before it answers: ours is read whole by then.
    app.after_request_funcs.clear()
    return _bounded(app.wsgi_app, LARGER_BODIES.get(target, LARGEST_BODY_BYTES))


def _bounded(inner: Application, limit: int) -> Application:
    """Read the body up to its limit before Flask sees the request, and refuse odd methods."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            if environ["REQUEST_METHOD"] not in METHODS:
                raise MethodNotAllowed("method_not_allowed", allow=", ".join(sorted(METHODS)))
            # Flask would read `//a` as `/a`: one address, one spelling. A path with a line break
            # matches none of its rules, and it would answer with a page of its own.
            path = environ["PATH_INFO"]
            if path.startswith("//") or "\n" in path:
                raise NotFound("route_unknown")
            _bound_body(environ, limit)
        except Refusal as refusal:
            return _refuse(refusal, environ, start_response)
        return inner(environ, start_response)

    return application


def _bound_body(environ: dict[str, Any], limit: int) -> None:
    claimed = environ.get("CONTENT_LENGTH") or ""
    is_chunked = "HTTP_TRANSFER_ENCODING" in environ
    if not is_chunked and claimed in {"", "0"}:
        environ[CONTENT] = b""
        return
    if claimed.isdigit() and int(claimed[:20]) > limit:
        raise TooLarge("body_too_large", limit=limit)
    content = environ["wsgi.input"].read(limit + 1)
    if len(content) > limit:
        raise TooLarge("body_too_large", limit=limit)
    environ[CONTENT] = content
    environ["wsgi.input"] = io.BytesIO(content)
    environ["CONTENT_LENGTH"] = str(len(content))


def _refuse(
    refusal: Refusal, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    made = problem.refused(
        refusal,
        request_id=new_id("req", time.time_ns() // 1_000_000),
        base_url=settings().public_base_url,
        wanted_language=language_choice.choose(environ.get("HTTP_ACCEPT_LANGUAGE")),
    )
    start_response(f"{made.status} Refused", list(made.headers.items()))
    return [made.body]
