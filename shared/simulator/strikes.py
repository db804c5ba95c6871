"""Carries out the faults that replace an answer; what they do to the books is decided elsewhere."""

from collections.abc import Collection, Iterable
from typing import Final

from werkzeug.wrappers import Response

from shared.simulator.answers import (
    Refusal,
    TokenRefusal,
    dropped_connection,
    empty,
    web_firewall,
)
from shared.simulator.faults import AFTER_EFFECT, BEFORE_EFFECT, Fault

# A gateway that gave up waiting for its product; most callers have gone by then.
_GAVE_UP: Final = 504
_NO_STATUS: Final = 0


class Dropped(Refusal):
    """The connection closes without an answer; logged with status 0."""

    def response(self) -> Response:
        """The answer that never arrives."""
        return dropped_connection()


class Held(Refusal):
    """The usual answer to an accepted request, `hold_seconds` late."""

    def response(self) -> Response:
        """202, empty."""
        return empty(202)


def strike_before(faults: Iterable[Fault]) -> None:
    """Raises Refusal for the first fault that forbids an effect."""
    _strike(faults, BEFORE_EFFECT)


def strike_after(faults: Iterable[Fault]) -> None:
    """Raises Refusal for the first fault that hides an effect."""
    _strike(faults, AFTER_EFFECT)


def _strike(faults: Iterable[Fault], kinds: Collection[str]) -> None:
    for fault in faults:
        if fault.kind in kinds:
            raise _answer(fault)


def _answer(fault: Fault) -> Refusal:
    detail = f"fault {fault.kind}"
    match fault.kind:
        case "error_before" | "error_after":
            return Refusal(fault.http_status, fault.code, detail=detail)
        case "html" | "html_after":
            return web_firewall(fault.http_status, detail=detail)
        case "token_expired":
            return TokenRefusal("invalid_token", detail=detail)
        case "drop_before" | "drop_after":
            return Dropped(_NO_STATUS, detail=detail)
        case "hold_before":
            return Refusal(_GAVE_UP, detail=detail, hold_seconds=fault.seconds)
        case "hold_after":
            return Held(202, detail=detail, hold_seconds=fault.seconds)
        case _:
            raise AssertionError(fault.kind)
