"""Shows an account's developers what was asked of the API in its name, and how it was answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from shared.domain import language
from shared.domain.errors import InvalidRequest
from shared.domain.request_log import PREFIX, RequestLine
from shared.operations.lists import Page, PageOf, read_filter
from shared.operations.objects import unix_seconds
from shared.operations.reads import Read, page_object

STATUSES: Final[Mapping[str, tuple[int, int]]] = {
    "succeeded": (200, 400),
    "refused": (400, 500),
    "failed": (500, 600),
}
METHODS: Final = ("GET", "POST", "DELETE")


@dataclass(frozen=True, slots=True)
class WantedLines:
    """Which lines are wanted; None is any. `statuses` are the least and the first beyond."""

    statuses: tuple[int, int] | None = None
    method: str | None = None
    operation: str | None = None
    code: str | None = None
    key: str | None = None
    object: str | None = None


class RequestLogStore(Protocol):
    """The request log of one account and mode, to be read."""

    def find(self, request_id: str) -> RequestLine | None:
        """Return the line of a request, or None."""

    def page(self, page: Page, wanted: WantedLines) -> PageOf[RequestLine]:
        """Return a page of lines, newest first."""


def list_request_logs(read: Read, store: RequestLogStore) -> dict[str, Any]:
    """Return a page of lines, newest first."""
    names = ("method", "operation", "error_code", "api_key", "object")
    page = read.page(PREFIX, "status", *names)
    asked = {name: read_filter(read.query, name) for name in names}
    status = read.query.get("status")
    if status is not None and status not in STATUSES:
        raise InvalidRequest("parameter_invalid", "status")
    if asked["method"] is not None and asked["method"] not in METHODS:
        raise InvalidRequest("parameter_invalid", "method")
    statuses = None if status is None else STATUSES[status]
    found = store.page(page, WantedLines(statuses, *asked.values()))
    return page_object("/v1/request_logs", found, partial(_shown, read))


def read_request_log(read: Read, store: RequestLogStore) -> dict[str, Any]:
    """Return one line. Raises NotFound."""
    return _shown(read, read.one(PREFIX, store.find))


def _shown(read: Read, line: RequestLine) -> dict[str, Any]:
    """Return the public form of a line."""
    return {
        "id": line.id,
        "object": "request_log",
        "method": line.method,
        "path": line.path,
        "operation": line.operation,
        "status": line.status,
        "error": None if line.code is None else _error(read, line.code, line.param),
        "object_id": line.object_id,
        "api_key": line.key_id,
        "person": line.person,
        "duration_ms": line.duration_ms,
        "source": line.source,
        "idempotency": line.idempotency,
        "user_agent": line.user_agent,
        "api_version": line.api_version,
        "created": unix_seconds(line.at),
        "livemode": read.livemode,
    }


def _error(read: Read, code: str, param: str | None) -> dict[str, Any]:
    """Return by what a request was refused; a code of another release has no words here."""
    is_known = code in language.MESSAGES
    return {
        "code": code,
        "title": language.title(code, read.language) if is_known else code,
        "param": param,
        "doc_url": f"{read.base_url}/docs/errors#{code}",
    }


LOG_READS: Final[Mapping[str, Callable[[Read, RequestLogStore], dict[str, Any]]]] = {
    "list_request_logs": list_request_logs,
    "read_request_log": read_request_log,
}
