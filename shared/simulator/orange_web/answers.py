"""The forms in which Orange's public gateway refuses: `code`, `message` and `description`.

Of Web Payment's own errors none was published: a used `order_id` is said to bring 403, one that is
too long 400 with code 24.
"""

from typing import Final

from werkzeug.wrappers import Response

from shared.simulator.answers import Refusal, json_response
from shared.simulator.faults import Fault

INVALID_FIELD: Final = 22
TOO_LONG: Final = 24
INVALID_CREDENTIALS: Final = 41
EXPIRED_CREDENTIALS: Final = 42
USED_ORDER: Final = 50
NOT_FOUND: Final = 60
INTERNAL: Final = 1
UNAVAILABLE: Final = 5

_MESSAGES: Final = {
    INVALID_FIELD: "Invalid body field",
    TOO_LONG: "Invalid body field",
    INVALID_CREDENTIALS: "Invalid credentials",
    EXPIRED_CREDENTIALS: "Expired credentials",
    USED_ORDER: "Access denied",
    NOT_FOUND: "Resource not found",
    UNAVAILABLE: "The service is temporarily unavailable",
}


class WebRefusal(Refusal):
    """A refusal with Orange's code; `description` is ours and names no secret."""

    def __init__(self, status: int, number: int, *, detail: str) -> None:
        super().__init__(status, str(number), detail=detail)
        self._number = number

    def response(self) -> Response:
        """As the gateway words it."""
        return json_response(
            self.status,
            {
                "code": self._number,
                "message": _MESSAGES.get(self._number, "Internal error"),
                "description": self.detail,
            },
        )


class WebVoice:
    """Web Payment's words for what several operators can answer."""

    def error(self, status: int, code: str | None, *, detail: str) -> Refusal:
        """An error with a number, 1 where none is ordered."""
        number = int(code) if code is not None and code.isdecimal() else INTERNAL
        return WebRefusal(status, number, detail=detail)

    def gateway(self, fault: Fault, *, detail: str) -> Refusal:
        """Expired or invalid credentials; this gateway knows no XML."""
        if fault.kind == "token_expired":
            return WebRefusal(401, EXPIRED_CREDENTIALS, detail=detail)
        return WebRefusal(fault.http_status, INVALID_CREDENTIALS, detail=detail)


def bad_field(name: str) -> Refusal:
    """400 for a field that is missing or malformed."""
    return WebRefusal(400, INVALID_FIELD, detail=name)


def too_long() -> Refusal:
    """400 with code 24, as one client learnt."""
    return WebRefusal(400, TOO_LONG, detail="order_id")


def used_order() -> Refusal:
    """403 for an `order_id` that has served."""
    return WebRefusal(403, USED_ORDER, detail="order_id used before")


def unknown_caller(detail: str) -> Refusal:
    """401 for wrong credentials or a token that is none."""
    return WebRefusal(401, INVALID_CREDENTIALS, detail=detail)


def not_found(detail: str) -> Refusal:
    """404 for what is not there."""
    return WebRefusal(404, NOT_FOUND, detail=detail)
