"""Carries out the faults that replace an answer; what they do to the books is decided elsewhere."""

import threading
from collections.abc import Collection, Iterable, Iterator
from typing import Final, Protocol

from werkzeug.wrappers import Response

from shared.simulator.answers import Refusal, dropped_connection, web_firewall
from shared.simulator.faults import AFTER_EFFECT, BEFORE_EFFECT, Fault

# A gateway that gave up waiting for its product; most callers have gone by then.
_GAVE_UP: Final = 504
_NO_STATUS: Final = 0


class Voice(Protocol):
    """How an operator words what several of them can answer."""

    def error(self, status: int, code: str | None, *, detail: str) -> Refusal:
        """An error with a code."""

    def gateway(self, fault: Fault, *, detail: str) -> Refusal:
        """A refusal before the product: an expired token, or a fault in the form ordered."""


class Dropped(Refusal):
    """The connection closes without an answer; logged with status 0."""

    def response(self) -> Response:
        """The answer that never arrives."""
        return dropped_connection()


class Held(Refusal):
    """The usual answer to an accepted request, `hold_seconds` late."""

    def __init__(self, usual: Response, *, detail: str, hold_seconds: float) -> None:
        super().__init__(usual.status_code, detail=detail, hold_seconds=hold_seconds)
        self._usual = usual

    def response(self) -> Response:
        """What would have come at once."""
        return self._usual


def strike_before(faults: Iterable[Fault], voice: Voice) -> None:
    """Raises Refusal for the first fault that forbids an effect."""
    _strike(faults, BEFORE_EFFECT, voice, None)


def strike_after(faults: Iterable[Fault], voice: Voice, *, usual: Response) -> Response:
    """The usual answer, dripping where so ordered. Raises Refusal for what hides an effect."""
    _strike(faults, AFTER_EFFECT, voice, usual)
    return dripping(usual, faults)


def dripping(usual: Response, faults: Iterable[Fault]) -> Response:
    """The same answer, byte by byte with a gap before each where `drip` is ordered."""
    gap = next((fault.seconds for fault in faults if fault.kind == "drip"), None)
    if gap is None:
        return usual
    whole = usual.get_data()

    def drops() -> Iterator[bytes]:
        for place in range(len(whole)):
            threading.Event().wait(gap)
            yield whole[place : place + 1]

    return Response(drops(), usual.status_code, headers=usual.headers)


def names(faults: Iterable[Fault]) -> str | None:
    """What the log says of the faults that struck."""
    kinds = [fault.kind for fault in faults]
    return f"faults: {', '.join(kinds)}" if kinds else None


def _strike(
    faults: Iterable[Fault], kinds: Collection[str], voice: Voice, usual: Response | None
) -> None:
    for fault in faults:
        if fault.kind in kinds:
            raise _answer(fault, voice, usual)


def _answer(fault: Fault, voice: Voice, usual: Response | None) -> Refusal:
    detail = f"fault {fault.kind}"
    match fault.kind:
        case "error_before" | "error_after":
            return voice.error(fault.http_status, fault.code, detail=detail)
        case "html" | "html_after":
            return web_firewall(fault.http_status, detail=detail)
        case "token_expired" | "gateway_fault":
            return voice.gateway(fault, detail=detail)
        case "drop_before" | "drop_after":
            return Dropped(_NO_STATUS, detail=detail)
        case "hold_before":
            return Refusal(_GAVE_UP, detail=detail, hold_seconds=fault.seconds)
        case "hold_after" if usual is not None:
            return Held(usual, detail=detail, hold_seconds=fault.seconds)
        case _:
            raise AssertionError(fault.kind)
