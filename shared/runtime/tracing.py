"""Carries one trace id through a request and into its messages, by W3C Trace Context."""

import random
import re
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Final

# https://www.w3.org/TR/trace-context/#traceparent-header
_FORM: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NO_TRACE: Final = "0" * 32
_NO_SPAN: Final = "0" * 16


@dataclass(frozen=True, slots=True)
class Trace:
    """A trace and our span in it, in lower-case hex."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """The header value."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


_current: Final[ContextVar[Trace | None]] = ContextVar("trace", default=None)


def parse(traceparent: str | None) -> Trace | None:
    """Read a header value, or None where it is absent or malformed."""
    match = _FORM.fullmatch(traceparent) if traceparent else None
    if match is None:
        return None
    version, trace_id, span_id, flags = match.groups()
    if version != "00" or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return Trace(trace_id, span_id, sampled=bool(int(flags, 16) & 1))


def new() -> Trace:
    """Start a trace."""
    return Trace(_random_hex(128), _random_hex(64))


def continue_from(traceparent: str | None) -> Token[Trace | None]:
    """Make a span of the caller's trace current, or start one; undo with `leave`."""
    parent = parse(traceparent)
    span = Trace(parent.trace_id, _random_hex(64), sampled=parent.sampled) if parent else new()
    return _current.set(span)


def adopt(traceparent: str | None) -> None:
    """Go on in the trace that a message carries; without one, stay in the current trace."""
    parent = parse(traceparent)
    if parent is not None:
        _current.set(Trace(parent.trace_id, _random_hex(64), sampled=parent.sampled))


def _random_hex(bits: int) -> str:
    """Return what is known again and never secret, without a system call."""
    return f"{random.getrandbits(bits):0{bits // 4}x}"


def leave(token: Token[Trace | None]) -> None:
    """Make the outer trace current again."""
    _current.reset(token)


def current() -> Trace | None:
    """Return the current trace, or None outside of a request."""
    return _current.get()


def traceparent() -> str | None:
    """Return what to hand on with a call or a message, or None outside of a request."""
    trace = _current.get()
    return trace.traceparent if trace else None
