"""Turns refusals and faults into the one shape of error that callers see (RFC 9457 and Stripe)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from shared.domain import errors, language

INVALID: Final = "invalid_request_error"
IDEMPOTENCY: Final = "idempotency_error"
API: Final = "api_error"


@dataclass(frozen=True, slots=True)
class _Kind:
    """The HTTP status of a kind, Stripe's error type, and whether another try is senseless."""

    status: int
    type: str
    is_definite: bool


KINDS: Final[Mapping[type[errors.Refusal], _Kind]] = {
    errors.InvalidRequest: _Kind(400, INVALID, is_definite=True),
    errors.KeyReused: _Kind(400, IDEMPOTENCY, is_definite=True),
    errors.InvalidLines: _Kind(400, INVALID, is_definite=True),
    errors.NotAuthenticated: _Kind(401, INVALID, is_definite=True),
    errors.NotPermitted: _Kind(403, INVALID, is_definite=True),
    errors.NotFound: _Kind(404, INVALID, is_definite=True),
    errors.MethodNotAllowed: _Kind(405, INVALID, is_definite=True),
    errors.InProgress: _Kind(409, IDEMPOTENCY, is_definite=False),
    errors.TooLarge: _Kind(413, INVALID, is_definite=True),
    errors.WrongContentType: _Kind(415, INVALID, is_definite=True),
    errors.TooManyRequests: _Kind(429, INVALID, is_definite=False),
    errors.Unavailable: _Kind(503, API, is_definite=False),
}
_FAULT: Final = _Kind(500, API, is_definite=False)
# What lasts longer than an SDK waits between two tries.
_DEFINITE_CODES: Final = frozenset(
    {
        "operator_unavailable",
        "payer_asked_too_often",
        "account_count_reached",
        "account_amount_reached",
        "key_count_reached",
        "key_amount_reached",
        "payee_amount_reached",
        "payee_too_new",
    }
)
_ENCODER: Final = msgspec.json.Encoder()
AUTHENTICATE: Final = 'Bearer realm="api", Basic realm="api"'


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as it leaves us."""

    status: int
    code: str
    headers: Mapping[str, str]
    body: bytes


def refused(
    refusal: errors.Refusal, *, request_id: str, base_url: str, wanted_language: str
) -> Problem:
    """Render a refusal."""
    kind = next(KINDS[cls] for cls in type(refusal).__mro__ if cls in KINDS)
    headers: dict[str, str] = {}
    if kind.is_definite or refusal.code in _DEFINITE_CODES:
        headers["Stripe-Should-Retry"] = "false"
    if "retry_after_seconds" in refusal.values:
        headers["Retry-After"] = str(refusal.values["retry_after_seconds"])
    if "allow" in refusal.values:
        headers["Allow"] = str(refusal.values["allow"])
    if kind.status == KINDS[errors.NotAuthenticated].status:
        headers["WWW-Authenticate"] = AUTHENTICATE
    param = refusal.param and _encodable(refusal.param)
    message = language.text(refusal.code, wanted_language, param=param, **refusal.values)
    lines = None
    if isinstance(refusal, errors.InvalidLines):
        lines = [_line(fault, wanted_language) for fault in refusal.faults]
    return _render(
        kind, refusal.code, message, param, lines=lines,
        headers=headers, request_id=request_id, base_url=base_url, wanted_language=wanted_language,
    )  # fmt: skip


def _line(fault: errors.LineFault, wanted_language: str) -> dict[str, Any]:
    column = fault.column and _encodable(fault.column)
    message = language.text(fault.code, wanted_language, **{"param": column or "", **fault.values})
    return {"line": fault.line, "column": column, "code": fault.code, "message": message}


def fault(*, request_id: str, base_url: str, wanted_language: str) -> Problem:
    """Render a fault of ours; it never says why."""
    message = language.text("internal", wanted_language)
    return _render(
        _FAULT, "internal", message, None,
        headers={}, request_id=request_id, base_url=base_url, wanted_language=wanted_language,
    )  # fmt: skip


def _render(
    kind: _Kind,
    code: str,
    message: str,
    param: str | None,
    *,
    lines: list[dict[str, Any]] | None = None,
    headers: dict[str, str],
    request_id: str,
    base_url: str,
    wanted_language: str,
) -> Problem:
    doc_url = f"{base_url}/docs/errors#{code}"
    inner: dict[str, Any] = {"type": kind.type, "code": code, "message": message}
    if param is not None:
        inner["param"] = param
    if lines is not None:
        inner["lines"] = lines
    inner |= {"doc_url": doc_url, "request_id": request_id}
    outer = {
        "type": doc_url,
        "title": language.title(code, wanted_language),
        "status": kind.status,
        "detail": message,
        "instance": request_id,
        "error": inner,
    }
    headers |= {
        "Content-Type": "application/json",
        "Content-Language": wanted_language,
        "Request-Id": request_id,
        "Cache-Control": "no-store",
    }
    return Problem(kind.status, code, headers, _ENCODER.encode(outer))


def _encodable(text: str) -> str:
    """Replace lone surrogates, which JSON escapes can smuggle in and UTF-8 cannot carry out."""
    return text.encode("utf-8", "replace").decode()
