"""The CBOR door to many methods at once: each call has its own outcome, in its own turn."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from shared.domain.errors import InvalidRequest, Refusal, Unavailable
from shared.domain.ids import new_id
from shared.runtime import cbor_body
from shared.runtime.exchange import REPLAYED, Answer, Exchange, record
from shared.runtime.http import Call, Note
from shared.runtime.idempotency import HEADER, LONGEST
from shared.runtime.method_call import MethodCall, id_of
from shared.runtime.rpc import Methods, Outcome, answer, end_of, failed, outcome_of

MOST_CALLS: Final = 100
# A request has 25 s: calls whose turn comes later than this are not begun.
BATCH_SECONDS: Final = 15.0
# Nor those whose turn comes when the answers are this long: a hundred pages are more than we hold.
LARGEST_ANSWER_BYTES: Final = 2 * 1024 * 1024
# How many levels of an envelope lie around the parameters of a call.
_AROUND: Final = 3

ManyHandler = Callable[[Sequence[Call]], Sequence[Answer | Exception]]
"""Does calls of one operation by one caller, each as if it came after those before it; what one
would raise it returns in its place."""


@dataclass(slots=True)
class _Turn:
    """One call of a batch: what was asked, the call that was let in, and its answer in CBOR.

    It is empty as long as nothing has become of the call.
    """

    call: Call
    envelope: object
    note: Note
    item: MethodCall | None = None
    answer: bytes = b""

    @property
    def operation_id(self) -> str:
        """Return which operation is called, nothing where none is."""
        return "" if self.item is None else self.item.operation_id

    def ends(self, outcome: Outcome, seconds: float) -> None:
        """Record what became of it and write the answer: its objects need not be kept."""
        call = self.call
        exchange = Exchange(outcome.operation_id, call.request_id, call.language)
        record(exchange, outcome.status, seconds, code=outcome.code)
        self.note(self.item or call, end_of(outcome, seconds))
        more: dict[str, Any] = {"request_id": call.request_id}
        if REPLAYED in outcome.headers:
            more["replayed"] = True
        if "Retry-After" in outcome.headers:
            more["retry_after"] = int(outcome.headers["Retry-After"])
        self.answer = cbor_body.write(outcome.envelope(id_of(self.envelope)) | more)

    def fails(self, failure: Exception, seconds: float = 0.0) -> None:
        """Do the same with what it failed by."""
        self.ends(failed(self.item or self.call, failure), seconds)


@dataclass(slots=True)
class _Room:
    """What is left of a batch's time and of its answer."""

    until: float
    bytes_left: int

    @property
    def is_left(self) -> bool:
        """Tell whether one more call may be begun."""
        return time.monotonic() <= self.until and self.bytes_left > 0


class Batches:
    """Batches of calls of the same methods; `together` does neighbours of one operation at once."""

    def __init__(self, methods: Methods, together: Mapping[str, ManyHandler]) -> None:
        """Keep what to ask; `together` is keyed by operationId."""
        self._methods = methods
        self._together = together

    def call_many(self, call: Call) -> Answer:
        """POST /rpc.batch: up to 100 calls in their order, each with an outcome of its own."""
        began = time.perf_counter()
        note = self._methods.note
        try:
            turns = [
                _Turn(replace(call, request_id=_new_request()), each, note)
                for each in self._read(call)
            ]
        except Exception as failure:  # noqa: BLE001 - it is told in the form of this door
            outcome = failed(call, failure)
            note(call, end_of(outcome, time.perf_counter() - began))
            return answer(call, outcome, None)
        for turn in turns:
            self._let_in(turn)
        self._run(turns)
        content = cbor_body.write_list("results", [turn.answer for turn in turns])
        headers = {"Content-Language": call.language, "Cache-Control": "no-store"}
        return Answer(200, content, headers, cbor_body.CBOR)

    def _read(self, call: Call) -> list[Any]:
        envelope = self._methods.read(call, around=_AROUND)
        try:
            return _calls(call, envelope)
        except Refusal:
            self._methods.count(call)
            raise

    def _let_in(self, turn: _Turn) -> None:
        try:
            turn.item = self._methods.item(turn.call, turn.envelope)
            self._methods.let_in(turn.item, turn.call.authenticated())
        except Exception as failure:  # noqa: BLE001 - it is this call's alone
            turn.fails(failure)

    def _run(self, turns: Sequence[_Turn]) -> None:
        room = _Room(time.monotonic() + BATCH_SECONDS, LARGEST_ANSWER_BYTES)
        for operation, neighbours in groupby(turns, lambda turn: turn.operation_id):
            several = [turn for turn in neighbours if not turn.answer]
            handler = self._together.get(operation)
            if handler is None:
                for turn in several:
                    self._do([turn], self._one, room)
            elif several:
                self._do(several, handler, room)

    def _do(self, several: Sequence[_Turn], handler: ManyHandler, room: _Room) -> None:
        began = time.perf_counter()
        items = [turn.item for turn in several if turn.item is not None]
        given: Sequence[Answer | Exception]
        if not room.is_left:
            given = [Unavailable("temporarily_unavailable", retry_after_seconds=1)] * len(items)
        else:
            try:
                given = handler(items)
            except Exception as failure:  # noqa: BLE001 - it is the fault of these calls alone
                given = [failure] * len(items)
        seconds = (time.perf_counter() - began) / len(items)
        for turn, item, each in zip(several, items, given, strict=True):
            if isinstance(each, Exception):
                turn.fails(each, seconds)
            else:
                turn.ends(outcome_of(item, each), seconds)
            room.bytes_left -= len(turn.answer)

    def _one(self, calls: Sequence[Call]) -> Sequence[Answer]:
        return [self._methods.done(call) for call in calls]


def _new_request() -> str:
    return new_id("req", time.time_ns() // 1_000_000)


def _calls(call: Call, envelope: Mapping[str, Any]) -> list[Any]:
    """Return the calls of a batch. Raises InvalidRequest."""
    if call.idempotency_key is not None:
        # Each call has its own: one for all would be taken for theirs.
        raise InvalidRequest("idempotency_key_invalid", HEADER, limit=LONGEST)
    for name in envelope:
        if name != "calls":
            raise InvalidRequest("parameter_unknown", name[:100])
    calls = envelope.get("calls")
    if calls is None:
        raise InvalidRequest("parameter_missing", "calls")
    if not isinstance(calls, list) or not 0 < len(calls) <= MOST_CALLS:
        raise InvalidRequest("parameter_invalid", "calls")
    return calls
