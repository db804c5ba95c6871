"""The ASGI door of streams: from a request to events that follow, or to an error in our shape."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Final
from weakref import WeakKeyDictionary

import msgspec

from shared.contracts.operations import OPERATIONS
from shared.db.feed import Feed
from shared.domain.account import Caller, Tenant
from shared.domain.errors import InvalidRequest, Refusal
from shared.domain.event_stream import EventFilter, Told, is_cursor
from shared.domain.ids import new_id
from shared.operations.lists import refuse_unknown
from shared.operations.objects import event_object
from shared.runtime import language_choice, logs, metrics, wiring
from shared.runtime.exchange import Exchange
from shared.runtime.http import Admit, Authenticate, Call
from shared.runtime.problem import Problem
from shared.runtime.routing import Routes
from shared.runtime.settings import settings
from shared.runtime.streams import tickets
from shared.runtime.streams.hub import Hub
from shared.runtime.streams.line import (
    EVENT_STREAM,
    Line,
    Receive,
    Scope,
    Send,
    ServerSentEvents,
    WebSocket,
)
from shared.runtime.streams.subscription import End, Ended, Subscription
from shared.runtime.streams.tickets import Standing

# Longer than a client's network may stand still, shorter than it pays to wait.
SEND_SECONDS: Final = 30.0
LAST_SECONDS: Final = 1.0
_TAKEN: Final = (EVENT_STREAM, "text/*", "*/*")
_ENCODER: Final = msgspec.json.Encoder()

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Known = Callable[[], Caller]

_hubs: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]] = WeakKeyDictionary()


def hub() -> Hub:
    """Return the streams of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        feed = Feed(wiring.app_database())
        _hubs[loop] = Hub(feed, _written, now=wiring.now, threads=settings().threads)
    return _hubs[loop]


def stream_function(
    name: str, *, authenticate: Authenticate, admit: Admit, standing: Standing
) -> Application:
    """Return the function of this name that streams to whoever may read events.

    `standing` tells of who asked for a ticket what `authenticate` tells of who calls herself.
    """
    routes = Routes(operation for operation in OPERATIONS if operation.function == name)

    async def function(scope: Scope, receive: Receive, send: Send) -> None:
        is_socket = scope["type"] == "websocket"
        line: Line = (WebSocket if is_socket else ServerSentEvents)(receive, send)
        headers = _headers(scope)
        exchange = Exchange(
            operation_id=name,
            request_id=new_id("req", time.time_ns() // 1_000_000),
            language=language_choice.choose(headers.get("accept-language")),
        )
        began = time.perf_counter()
        method = "GET" if is_socket else scope["method"]
        try:
            operation, _ = routes.find(method, scope["path"])
            call = _call(operation.operation_id, scope, headers, exchange)
            known = await _known(call, authenticate, standing)
            await _admit(call, exchange, known, admit)
            asked = _asked(call, headers, is_socket=is_socket)
            stream = await hub().open(call.authenticated().tenant, *asked, recheck=known)
        except Refusal as refusal:
            await _refuse(line, exchange, exchange.refused(refusal), began)
            return
        except Exception as failure:  # noqa: BLE001 - the edge: whatever it is, it is our fault
            await _refuse(line, exchange, exchange.crashed(failure), began)
            return
        end = "broken"
        try:
            answer = {
                "Request-Id": exchange.request_id,
                "Content-Language": exchange.language,
                **exchange.headers,
            }
            if method == "HEAD":
                await line.refuse(200, {"Content-Type": EVENT_STREAM, **answer}, b"")
                end = "head"
            else:
                end = await _serve(line, stream, answer)
        finally:
            hub().close(stream, end)
            _record(exchange, 101 if is_socket else 200, began, code=end)

    function.__name__ = function.__qualname__ = name
    return function


async def _known(call: Call, authenticate: Authenticate, standing: Standing) -> Known:
    """Return what tells who calls, now and as long as the stream runs. Raises Refusal."""
    ticket = tickets.shown(call)
    if ticket is None:
        return partial(authenticate, call)
    return await hub().run(tickets.redeem, call, ticket, standing)


async def _admit(call: Call, exchange: Exchange, known: Known, admit: Admit) -> None:
    """Know who calls, and count it as any request. Raises Refusal."""
    call.caller = await hub().run(known)
    exchange.language = language_choice.choose(call.accept_language, call.caller.language)
    call.language = exchange.language
    await hub().run(admit, call)


def _asked(
    call: Call, headers: Mapping[str, str], *, is_socket: bool
) -> tuple[EventFilter, str | None]:
    """Return which events are asked for, and after what. Raises InvalidRequest."""
    query = call.query()
    refuse_unknown(query, {"types", "after", "ticket"})
    if call.authorization is not None and "ticket" in query:
        # Two who call at once are nobody.
        raise InvalidRequest("parameter_invalid", "ticket")
    after = query.get("after")
    if not is_socket:
        # A browser that comes back says by itself how far it was, whatever the address says.
        after = headers.get("last-event-id") or after
        accepted = headers.get("accept", "*/*").lower().split(",")
        if not any(each.partition(";")[0].strip() in _TAKEN for each in accepted):
            raise InvalidRequest("parameter_invalid", "Accept")
    if after is not None and not is_cursor(after):
        raise InvalidRequest("cursor_invalid", "after")
    return EventFilter.parse(query.get("types")), after


async def _serve(line: Line, stream: Subscription, headers: Mapping[str, str]) -> str:
    """Send until the client leaves or the stream ends; return why in a word."""
    async with asyncio.timeout(SEND_SECONDS):
        await line.begin(headers, stream.cursor)
    sending = asyncio.ensure_future(_send(line, stream))
    gone = asyncio.ensure_future(line.gone())
    ended = asyncio.ensure_future(stream.ended())
    tasks = (sending, gone, ended)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            end = gone.result()
        elif ended.done():
            end = ended.result()
            if end is not End.TOO_SLOW:
                await asyncio.wait({sending}, timeout=LAST_SECONDS)
        else:
            # What fails under a send is the connection.
            end = None if sending.exception() else sending.result()
        is_clean = sending.done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if end is None:
        return "client_gone"
    # Where an event was cut off nobody knows whether it came; the client does.
    with suppress(TimeoutError):
        async with asyncio.timeout(LAST_SECONDS):
            await line.finish(end, stream.cursor if is_clean else None)
    return end.word


async def _send(line: Line, stream: Subscription) -> End:
    """Send what there is until the stream ends, or the client takes nothing for too long."""
    while True:
        try:
            frame = await stream.take()
            async with asyncio.timeout(SEND_SECONDS):
                await (line.ping() if frame is None else line.tell(frame))
        except Ended as ended:
            return ended.end
        except TimeoutError:
            return End.TOO_SLOW


async def _refuse(line: Line, exchange: Exchange, made: Problem, began: float) -> None:
    await line.refuse(made.status, {**exchange.headers, **made.headers}, made.body)
    _record(exchange, made.status, began, code=made.code)


def _record(exchange: Exchange, status: int, began: float, *, code: str | None = None) -> None:
    """Note a refusal, or a stream once it is over."""
    seconds = time.perf_counter() - began
    if status >= HTTPStatus.BAD_REQUEST:
        metrics.observe_request(exchange.operation_id, status, seconds)
    logs.info(
        "request",
        operation=exchange.operation_id,
        request_id=exchange.request_id,
        status=status,
        duration_ms=round(seconds * 1000, 1),
        code=code,
    )


def _call(operation_id: str, scope: Scope, headers: Mapping[str, str], exchange: Exchange) -> Call:
    exchange.operation_id = operation_id
    client = scope.get("client") or ("",)
    return Call(
        operation_id=operation_id,
        request_id=exchange.request_id,
        query_string=scope["query_string"].decode("latin-1"),
        authorization=headers.get("authorization"),
        origin=headers.get("origin"),
        accept_language=headers.get("accept-language"),
        language=exchange.language,
        account=headers.get("pay-account"),
        mode=headers.get("pay-mode"),
        # Our edge drops what callers say of themselves and writes the first address.
        client_address=headers.get("x-forwarded-for", "").partition(",")[0].strip(),
        last_hop=client[0],
        answer_headers=exchange.headers,
    )


def _headers(scope: Scope) -> Mapping[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _written(tenant: Tenant, told: Told) -> bytes:
    """Write an event exactly as GET /v1/events/{id} shows it."""
    shown = event_object(told.event, json.loads(told.event.data), livemode=tenant.livemode)
    return _ENCODER.encode(shown)
