"""Writes one JSON line per event to standard output, from a list of allowed fields, redacted.

In a process that serves, lines of normal life wait up to 0.1 s and leave together: a system call in
each request hands the interpreter to another thread, which cost 7 % of a charge. Warnings and
errors leave at once, behind what waits.
"""

import logging
import re
import sys
import threading
import time
import traceback
from collections import deque
from contextlib import suppress
from functools import lru_cache
from typing import Final

import msgspec

from shared.runtime import lifecycle, tracing

LONGEST_TEXT: Final = 500
LONGEST_TRACEBACK: Final = 8_000
FIELDS: Final = frozenset(
    {
        "account", "allow", "attempt", "cause", "charge_id", "code", "count", "delivery_attempt",
        "drop_id", "duration_ms", "endpoint_id", "error", "event_id", "function", "holds_released",
        "host", "key_id", "livemode", "message_id", "method", "object_id", "operation", "operator",
        "operator_account", "outcome", "param", "path", "provider", "purged", "reason",
        "receipt_number", "refund_id", "request_id", "route", "settlement", "statement_id",
        "status", "subscription", "topic", "traceback",
    }
)  # fmt: skip
_SEPARATOR: Final = r"(?:[\s.\-/()]|%20|%2E|%2D)?"
_PHONE: Final = re.compile(
    rf"(?<![0-9A-Za-z_])(?:(?:\+|%2[Bb]|00)?{_SEPARATOR}2{_SEPARATOR}3{_SEPARATOR}7{_SEPARATOR})?"
    rf"[62](?:{_SEPARATOR}[0-9]){{8}}(?![0-9])"
)
_FOREIGN: Final = re.compile(r"(?:\+|%2[Bb])[0-9](?:[\s.\-]?[0-9]){7,14}(?![0-9])")
_SIMULATED: Final = re.compile(r"(?<![0-9A-Za-z_])467331234[0-9]{2}(?![0-9])|"
                               r"(?<![0-9A-Za-z_])46733123[0-9]{3}(?![0-9])")  # fmt: skip
_RULES: Final = (
    (re.compile(r"\b((?:sk|pk|rk)_(?:test|live)_[0-9A-Za-z]{4})[0-9A-Za-z]+"), r"\1[redacted]"),
    (re.compile(r"\bstt_[0-9A-Za-z]+"), "stt_[redacted]"),
    (re.compile(r"\bwhsec_[0-9A-Za-z+/=_\-]+"), "whsec_[redacted]"),
    (re.compile(r"\beyJ[0-9A-Za-z_\-]*\.[0-9A-Za-z_\-]*(?:\.[0-9A-Za-z_\-]*)?"), "[token]"),
    (re.compile(r"(?i)\b(basic|bearer)[ =:]+[0-9A-Za-z+/=._~\-]+"), r"\1 [redacted]"),
    (re.compile(r"(/callbacks/[^/\s\"']{1,40}/)[^\s\"'?#]+"), r"\1[token]"),
    (
        re.compile(
            r"(?i)(\"?'?(?:notif_token|pay_token|access_token|pin|x-auth-token|api_key|password|"
            r"subscription[_-]key|ocp-apim-subscription-key|secret)\"?'?\s*[=:]\s*\"?'?)[^\s\"',;&}]+"
        ),
        r"\1[redacted]",
    ),
    (re.compile(r"(?i)(://)[^/@\s:]+:[^/@\s]+@"), r"\1[redacted]@"),
    (_PHONE, "[phone]"),
    (_FOREIGN, "[phone]"),
    (_SIMULATED, "[phone]"),
)
# Names and ids of our own, most of what is logged: no rule above finds anything in them.
_PLAIN: Final = re.compile(r"(?!whsec_|stt_|[spr]k_)[a-z]+(?:_[a-z]+)*|[a-z]{2,4}_[2-7a-z]{24}")
_ENCODER: Final = msgspec.json.Encoder()
GATHER_SECONDS: Final = 0.1
# Where standard output is stuck the oldest are lost, not the memory.
_MOST_WAITING: Final = 10_000
_waiting: Final[deque[str]] = deque(maxlen=_MOST_WAITING)
_is_gathering: Final = threading.Event()
# Entered again where the collector, in the midst of a write, ends something that logs a warning.
_write_lock: Final = threading.RLock()
_function: list[str] = []


def configure(function: str) -> None:
    """Name the function that every line of this process carries."""
    _function[:] = [function]


def take_over() -> None:
    """Bring what libraries log, from warnings on, into lines of ours instead of raw text."""
    logging.getLogger().handlers = [_Bridge(logging.WARNING)]


def gather() -> None:
    """From now on have lines of normal life leave together, until the process stops."""
    _is_gathering.set()
    threading.Thread(target=_flush_often, name="logs", daemon=True).start()
    lifecycle.on_shutdown(_stop_gathering)


def _flush_often() -> None:
    while _is_gathering.is_set():
        time.sleep(GATHER_SECONDS)
        if _waiting:
            _flush()


def _stop_gathering() -> None:
    _is_gathering.clear()
    _flush()


def _flush() -> None:
    # What is done is done: a full disk or a closed log must not turn its answer into a failure.
    with _write_lock, suppress(OSError, ValueError):
        lines = [_waiting.popleft() for _ in range(len(_waiting))]
        sys.stdout.write("".join(lines))
        sys.stdout.flush()


def redact(text: str) -> str:
    """Blot out phone numbers, keys and tokens: the last resort behind the list of fields."""
    if _PLAIN.fullmatch(text):
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def info(event: str, **fields: str | float | bool | None) -> None:
    """Write an event of normal life."""
    _write("info", event, fields)


def warning(event: str, **fields: str | float | bool | None) -> None:
    """Write an event that someone may want to look at."""
    _write("warning", event, fields)


def error(event: str, **fields: str | float | bool | None) -> None:
    """Write an event that someone must look at."""
    _write("error", event, fields)


def exception(event: str, failure: BaseException, **fields: str | float | bool | None) -> None:
    """Write a failure with the places it passed; values and messages are scrubbed."""
    _write("error", event, {**fields, **_told(failure)})


class _Bridge(logging.Handler):
    """Writes a library's record as one line, scrubbed like any other."""

    def emit(self, record: logging.LogRecord) -> None:
        failure = record.exc_info[1] if record.exc_info else None
        told = {"error": getattr(record, "error", None)} if failure is None else _told(failure)
        level = "error" if record.levelno >= logging.ERROR else "warning"
        _write(level, "library", {"reason": f"{record.name}: {record.getMessage()}", **told})


def _told(failure: BaseException) -> dict[str, str | float | bool | None]:
    places = "".join(traceback.format_exception(failure))[-LONGEST_TRACEBACK:]
    return {"error": type(failure).__name__, "traceback": places}


def _write(level: str, event: str, fields: dict[str, str | float | bool | None]) -> None:
    trace = tracing.current()
    line: dict[str, object] = {"time": _now(), "level": level, "event": event}
    if _function:
        line["function"] = _function[0]
    if trace is not None:
        line["trace_id"] = trace.trace_id
    for name, value in fields.items():
        if value is None or name not in FIELDS:
            continue
        if isinstance(value, str):
            longest = LONGEST_TRACEBACK if name == "traceback" else LONGEST_TEXT
            line[name] = _whole(redact(value[:longest]))
        else:
            line[name] = value
    _waiting.append(_ENCODER.encode(line).decode() + "\n")
    if level != "info" or not _is_gathering.is_set():
        _flush()


def _whole(text: str) -> str:
    """Replace half characters, which no encoder takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{_second(seconds)}.{nanoseconds // 1_000_000:03d}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
