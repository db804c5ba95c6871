"""The forms in which MTN's gateway answers, and the plain ones that all faces share.

Sources: MTN's list of common errors (https://momodeveloper.mtn.com/api-documentation/common-error)
and recorded sandbox answers.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from werkzeug.wrappers import Response

from shared.simulator.faults import Fault

_LENGTH_REQUIRED_PAGE: Final = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">\r\n<HTML><HEAD><TITLE>Length Required'
    "</TITLE></HEAD>\r\n<BODY><h2>Length Required</h2>\r\n<hr><p>HTTP Error 411. The request must"
    " be chunked or have a content length.</p>\r\n</BODY></HTML>\r\n"
)
_REJECTED_PAGE: Final = (
    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    "Please consult with your administrator.<br><br>Your support ID is: 9153806420113862047"
    "</body></html>"
)

_MESSAGES: Final = {
    "INTERNAL_PROCESSING_ERROR": "An internal error occurred while processing.",
    "INVALID_CALLBACK_URL_HOST": "The callback URL does not match the provider's callback host.",
    "INVALID_CURRENCY": "Currency not supported.",
    "NOT_ALLOWED": "Authorization failed. Not allowed to access this resource.",
    "NOT_ALLOWED_TARGET_ENVIRONMENT": "Access to target environment is forbidden.",
    "PAYEE_NOT_ALLOWED_TO_RECEIVE": "Payee is not allowed to receive.",
    "PAYER_NOT_FOUND": "Payee does not exist.",
    "RESOURCE_ALREADY_EXIST": "Duplicated reference id. Creation of resource failed.",
    "RESOURCE_NOT_FOUND": "Requested resource was not found.",
    "SERVICE_UNAVAILABLE": "Service temporarily unavailable, try again later.",
}


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault of ours
    """The request is answered otherwise than asked; `code` and `detail` go into the request log.

    `hold_seconds`: how long the caller waits for that answer.
    """

    def __init__(
        self,
        status: int,
        code: str | None = None,
        *,
        detail: str = "",
        body: str | None = None,
        hold_seconds: float = 0,
    ) -> None:
        super().__init__(detail or code or str(status))
        self.hold_seconds = hold_seconds
        self.status = status
        self.code = code
        self.detail = detail
        self._body = body

    def response(self) -> Response:
        """The answer as the gateway would word it."""
        if self._body is not None:
            return html(self.status, self._body)
        return json_response(self.status, error_body(self.code, self.detail))


def error_body(code: str | None, detail: str = "") -> dict[str, object]:
    """`code` and `message`, or a message alone where MTN documents no code."""
    if code is None:
        return {"message": detail or "Bad request"}
    return {"code": code, "message": _MESSAGES.get(code, detail or code)}


class GatewayRefusal(Refusal):
    """401 of the gateway before the product is reached; `statusCode` and `message`."""

    def response(self) -> Response:
        """The shape of Azure's API management."""
        return json_response(self.status, {"statusCode": self.status, "message": self.detail})


class TokenRefusal(Refusal):
    """401 of the product: `error` is `login_failed` or `invalid_token` (unverified)."""

    def __init__(self, error: str, *, detail: str = "") -> None:
        super().__init__(401, error, detail=detail)

    def response(self) -> Response:
        """The shape of OAuth errors."""
        return json_response(401, {"error": self.code})


class MtnVoice:
    """MTN's words for what several operators can answer."""

    def error(self, status: int, code: str | None, *, detail: str) -> Refusal:
        """`code` and `message`."""
        return Refusal(status, code, detail=detail)

    def gateway(self, fault: Fault, *, detail: str) -> Refusal:
        """401 `invalid_token`, or Azure's shape, which knows no XML."""
        if fault.kind == "token_expired":
            return TokenRefusal("invalid_token", detail=detail)
        return GatewayRefusal(fault.http_status, detail=detail)


def bad_request(detail: str) -> Refusal:
    """400; the text of MTN's own was never recorded, so ours says what is wrong."""
    return Refusal(400, detail=detail)


def length_required() -> Refusal:
    """411 and a page, recorded for `apikey` and `token` without `Content-Length`."""
    return Refusal(411, detail="Content-Length is missing", body=_LENGTH_REQUIRED_PAGE)


def web_firewall(status: int, *, detail: str) -> Refusal:
    """The page of the web firewall, which comes with 200 (recorded) or 403."""
    return Refusal(status, detail=detail, body=_REJECTED_PAGE)


def json_response(status: int, body: object) -> Response:
    """A JSON answer."""
    return Response(
        json.dumps(body, separators=(",", ":")), status, content_type="application/json"
    )


def html(status: int, page: str) -> Response:
    """A page where a client expects JSON."""
    return Response(page, status, content_type="text/html")


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without body and type, but with `Content-Length: 0`."""
    response = Response(b"", status, headers={**(headers or {}), "Content-Length": "0"})
    response.headers.pop("Content-Type", None)
    return response


def dropped_connection() -> Response:
    """An answer that never leaves: the server meets the error while sending and hangs up."""

    def broken() -> Iterator[bytes]:
        yield b" "
        raise ConnectionAbortedError("the script of this request says: drop the connection")

    return Response(broken(), 202, headers={"Content-Length": "2"})
