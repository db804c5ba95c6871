"""Keeps the request log of accounts beside the requests, and never in their way.

Lines wait in memory for half a second at most and go together. Whatever keeps them from being
written loses lines, not requests: they are counted and forgotten.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from shared.contracts.operations import OPERATIONS, Operation
from shared.domain.account import Tenant
from shared.domain.request_log import LONGEST, Heard, Idempotency, RequestLine, made_object
from shared.operations.stored_keys import PREFIX
from shared.runtime import lifecycle, logs, metrics
from shared.runtime.exchange import REPLAYED, Answer, End
from shared.runtime.http import Call

GATHER_SECONDS: Final = 0.5
FLUSH_SECONDS: Final = 2.0
MOST_WAITING: Final = 4_000
# Of one account in its mode, so that one that floods leaves room for the others' lines.
MOST_OF_ONE: Final = 2_000
# Of the requests that were one too many: they cost nothing else here, and there is no end to them.
MOST_LIMITED: Final = 10
_LIMITED: Final = "rate_limited"
MOST_TOGETHER: Final = 1_000
_REFUSED: Final = 400
# By its method a write, but of each page of the dashboard: who asked for a ticket only looks.
_LOOKS: Final = frozenset({"create_stream_ticket"})
# Whoever waits for a line asks for it until it is there.
_OF_ITSELF: Final = frozenset({"list_request_logs", "read_request_log"})
_OPERATIONS: Final[Mapping[str, Operation]] = {op.operation_id: op for op in OPERATIONS}

Write = Callable[[Sequence[tuple[Tenant, RequestLine]]], None]


class RequestLog:
    """Lines that wait, and one daemon thread that writes them."""

    def __init__(self, write: Write, *, gather_seconds: float = GATHER_SECONDS) -> None:
        """`write` keeps lines of any tenants, all or none."""
        self._write = write
        self._gather_seconds = gather_seconds
        self._waiting: deque[Heard] = deque()
        self._of_each: dict[str, int] = {}
        self._dropped = 0
        self._guard = threading.Lock()
        self._is_closing = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, heard: Heard) -> None:
        """Take a line, or drop it where too many wait; returns at once and takes no lock."""
        whose, most = heard.tenant.schema, MOST_OF_ONE
        if heard.code == _LIMITED:
            whose, most = f"{whose} {_LIMITED}", MOST_LIMITED
        count = self._of_each.get(whose, 0)
        if count >= most or len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        # Two at once may count as one: the bound need not be exact.
        self._of_each[whose] = count + 1
        self._waiting.append(heard)
        if self._thread is None:
            self._start()

    def close(self) -> None:
        """Write what waits, for at most 2 s; then stop."""
        self._is_closing.set()
        if self._thread is not None:
            self._thread.join(FLUSH_SECONDS)

    def _start(self) -> None:
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="request_log", daemon=True)
                self._thread.start()
                lifecycle.on_shutdown(self.close)

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._is_closing.wait(self._gather_seconds)
            self._of_each = {}
            while self._waiting:
                count = min(len(self._waiting), MOST_TOGETHER)
                self._write_all([self._waiting.popleft() for _ in range(count)])
            self._tell_dropped()

    def _write_all(self, heard: Sequence[Heard]) -> None:
        try:
            self._write([(each.tenant, each.line()) for each in heard])
        except Exception as failure:  # noqa: BLE001 - a line that is not kept is no reason to stop
            metrics.count_request_lines("failed", len(heard))
            logs.warning("request_log_failed", error=type(failure).__name__, count=len(heard))
        else:
            metrics.count_request_lines("kept", len(heard))

    def _tell_dropped(self) -> None:
        dropped, self._dropped = self._dropped, 0
        if dropped:
            metrics.count_request_lines("dropped", dropped)
            logs.warning("request_log_dropped", count=dropped)


def heard(call: Call, end: End) -> Heard | None:
    """Return what is noted of a request: writes, and reads that were refused or failed.

    Of what callers wrote, the beginning. Nothing of who was not recognised, of looks at the log
    itself, and of an access: the account is told of that by its audit entries.
    """
    caller = call.caller or call.met
    if caller is None or caller.access is not None or call.operation_id in _OF_ITSELF:
        return None
    operation = _OPERATIONS[call.operation_id]
    is_read = operation.method == "GET" or operation.operation_id in _LOOKS
    if is_read and end.status < _REFUSED:
        return None
    answer = end.answer
    is_person = caller.member is not None
    return Heard(
        caller.tenant,
        call.request_id,
        operation.method,
        operation.path,
        operation.operation_id,
        call.path_params.get("id", "")[:LONGEST],
        None if answer is None else _made(answer),
        end.status,
        end.code,
        (end.param or "")[:LONGEST],
        None if is_person else PREFIX + caller.key_id,
        caller.actor if is_person else None,
        end.seconds,
        call.source,
        _idempotency(call, answer),
        (call.user_agent or "")[:LONGEST],
        (call.pay_version or call.stripe_version or "")[:LONGEST],
    )


def _made(answer: Answer) -> str | None:
    body = answer.body
    if isinstance(body, bytes | str):
        return made_object(body)
    named = body.get("id")
    return named if isinstance(named, str) else None


def _idempotency(call: Call, answer: Answer | None) -> str | None:
    if call.idempotency_key is None:
        return None
    is_replayed = answer is not None and REPLAYED in answer.headers
    return Idempotency.REPLAYED.value if is_replayed else Idempotency.USED.value
