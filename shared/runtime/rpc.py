"""The CBOR door to one method: the operation that REST serves by that name, in another form."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from shared.contracts.operations import OPERATIONS
from shared.domain.account import Caller
from shared.domain.errors import InvalidRequest, NotFound, Refusal, WrongContentType
from shared.operations import versions
from shared.runtime import answer_versions, cbor_body, language_choice
from shared.runtime.exchange import Answer, End, Exchange
from shared.runtime.http import Admit, Authenticate, Call, Handler, Note
from shared.runtime.idempotency import HEADER, LONGEST
from shared.runtime.method_call import MethodCall, Wish, id_of, method_call

Permit = Callable[[Call, Caller], Caller]
# How many levels of an envelope lie around the parameters of a call.
_AROUND: Final = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call: `shown` stands under `word`, and the headers are those of REST."""

    operation_id: str
    status: int
    word: str
    shown: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None

    def envelope(self, named: str | int | None) -> dict[str, Any]:
        """Return the answer, with the id of its call if it has one."""
        around = {} if named is None else {"id": named}
        return {**around, self.word: self.shown}


class Methods:
    """What may be called by name. Handlers are keyed by the ids of merchants' operations."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        *,
        recognise: Authenticate,
        permit: Permit,
        admit: Admit,
        note: Note,
    ) -> None:
        """`recognise` says who knocks, `permit` as whom she calls a method, if she may.

        `note` keeps how each call ended, and must return at once.

        Raises KeyError for a handler of no merchants' operation.
        """
        known = {op.operation_id: op for op in OPERATIONS if op.auth == "merchant"}
        self._handlers = handlers
        self._operations = {name: known[name] for name in handlers}
        self._recognise = recognise
        self._permit = permit
        self._admit = admit
        self.note = note

    def call_one(self, call: Call) -> Answer:
        """POST /rpc: one method; the status and the headers are those of its REST call."""
        began = time.perf_counter()
        envelope: object = None
        asked: Call = call
        try:
            envelope = self.read(call, around=_AROUND)
            asked = item = self.item(call, envelope)
            self.let_in(item, call.authenticated())
            outcome = outcome_of(item, self.done(item))
        except Exception as failure:  # noqa: BLE001 - it is told in the form of this door
            outcome = failed(asked, failure)
        self.note(asked, end_of(outcome, time.perf_counter() - began))
        return answer(asked, outcome, id_of(envelope))

    def read(self, call: Call, *, around: int) -> dict[str, Any]:
        """Prove who calls, then read; what cannot be read counts as one request.

        Raises Refusal.
        """
        call.caller = self._recognise(call)
        call.language = language_choice.choose(call.accept_language, call.caller.language)
        try:
            call.refuse_query()
            return cbor_body.read_object(call.content, call.content_type, around=around)
        except Refusal:
            self.count(call)
            raise

    def count(self, call: Call) -> None:
        """Count a request that names no method. Raises TooManyRequests."""
        self._admit(call)

    def item(self, call: Call, envelope: object) -> MethodCall:
        """Return the call of a method within a request. Raises Refusal where it names none."""
        try:
            wish = Wish.parse(envelope)
            operation = self._operations.get(wish.method)
            if operation is None:
                raise NotFound("method_unknown", "method")
            key = _one_key(call, wish)
        except Refusal:
            self.count(call)
            raise
        return method_call(call, wish, operation, idempotency_key=key)

    def let_in(self, item: MethodCall, known: Caller) -> None:
        """Ask for each call of whoever was recognised what its REST call would be asked.

        Raises Refusal.
        """
        item.met = known
        item.caller = self._permit(item, known)
        item.language = language_choice.choose(item.accept_language, item.caller.language)
        self._admit(item)
        item.version = answer_versions.choose(
            item.pay_version, item.stripe_version, item.answer_headers
        )
        item.check_path()

    def done(self, item: Call) -> Answer:
        """Have it done. Raises what its handler raises."""
        return self._handlers[item.operation_id](item)


def outcome_of(item: MethodCall, given: Answer) -> Outcome:
    """Return what a handler answered, as plain values; what was stored as text is read."""
    body = given.body
    if isinstance(body, bytes | str):
        shown = msgspec.json.decode(body)
    else:
        shown = msgspec.to_builtins(body)
    if item.version != answer_versions.NEWEST:
        shown = versions.shown_as(shown, item.version)
    return Outcome(item.operation_id, given.status, "result", shown, given.headers)


def failed(call: Call, failure: Exception) -> Outcome:
    """Return by what a call has failed, as the edge tells it; a fault of ours is told to us too.

    Raises WrongContentType: who sends something else may read no CBOR either.
    """
    if isinstance(failure, WrongContentType):
        raise failure
    exchange = Exchange(call.operation_id, call.request_id, call.language)
    made = exchange.refused(failure) if isinstance(failure, Refusal) else exchange.crashed(failure)
    headers = {name: value for name, value in made.headers.items() if name != "Content-Type"}
    shown = msgspec.json.decode(made.body)
    return Outcome(call.operation_id, made.status, "error", shown, headers, made.code)


def end_of(outcome: Outcome, seconds: float) -> End:
    """Return how a call ended, as by REST."""
    if outcome.word == "error":
        param = outcome.shown["error"].get("param")
        return End(outcome.status, seconds, outcome.code, param)
    body = outcome.shown if isinstance(outcome.shown, Mapping) else b""
    return End(outcome.status, seconds, answer=Answer(outcome.status, body, outcome.headers))


def answer(call: Call, outcome: Outcome, named: str | int | None) -> Answer:
    """Return an outcome as a whole answer in CBOR."""
    return Answer(
        outcome.status,
        cbor_body.write(outcome.envelope(named)),
        {"Content-Language": call.language, **outcome.headers},
        cbor_body.CBOR,
        outcome.operation_id,
        outcome.code,
    )


def _one_key(call: Call, wish: Wish) -> str | None:
    """Return the key of the envelope or of the header. Raises InvalidRequest where they differ."""
    if call.idempotency_key is None or call.idempotency_key == wish.idempotency_key:
        return wish.idempotency_key
    if wish.idempotency_key is not None:
        raise InvalidRequest("idempotency_key_invalid", HEADER, limit=LONGEST)
    return call.idempotency_key
