"""`listen` and `replay` against an API and a receiver that play their parts byte by byte."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from standardwebhooks import Webhook

from shared.domain.ids import new_id
from shared.runtime.merchant import replay, test_clock
from shared.runtime.merchant.api import Api, CommandError, Login, Refused
from shared.runtime.merchant.forward import Forwarder, read_secret
from shared.runtime.merchant.listen import Listener
from shared.runtime.merchant.output import Output
from shared.runtime.merchant.words import Speaker
from tests.scripted_server import RESET, Play, ScriptedServer, Seen, answer

ENGLISH: Final = Speaker("en")
KEY: Final = "sk_test_abcdefghijkey"
CREATED: Final = 1_795_000_000
_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def event(number: int, kind: str = "charge.succeeded") -> dict[str, Any]:
    """An event as the API shows it."""
    charge = {"id": f"ch_{number}", "object": "charge", "status": "succeeded", "amount": 1500}
    return {
        "id": new_id("evt", (CREATED + number) * 1000),
        "object": "event",
        "created": CREATED + number,
        "type": kind,
        "livemode": False,
        "data": {"object": charge},
    }


def streamed(*frames: dict[str, Any], end: str = "close") -> Play:
    """A stream of these frames that is then cut."""
    contents = (f"data: {json.dumps(frame)}\n\n".encode() for frame in frames)
    return Play([_HEAD, *(b"%x\r\n%b\r\n" % (len(part), part) for part in contents)], end=end)


def begun(cursor: str) -> dict[str, Any]:
    """The first frame of a stream."""
    return {"object": "stream", "cursor": cursor}


@pytest.fixture
def receiver() -> Iterator[ScriptedServer]:
    """A merchant's own machine, which takes everything."""
    with ScriptedServer(lambda _: answer(204)) as server:
        yield server


@pytest.fixture
def out() -> io.StringIO:
    """What is written."""
    return io.StringIO()


@pytest.fixture
def forwarder(receiver: ScriptedServer, out: io.StringIO) -> Forwarder:
    """What sends to it."""
    output = Output(ENGLISH, is_json=True, out=out)
    return Forwarder(f"{receiver.url}/hooks", read_secret(None, ENGLISH), output)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits; for how long one would have."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    return waits


def listening(
    server: ScriptedServer, forwarder: Forwarder, out: io.StringIO, receiver: ScriptedServer
) -> Callable[[int], Listener]:
    """Return what listens until so many events were sent on."""

    def run(count: int) -> Listener:
        api = Api(Login(server.url, KEY), ENGLISH)
        output = Output(ENGLISH, is_json=True, out=out)
        listener = Listener(api, forwarder, output, types="charge.*")
        listener.run(goes_on=lambda: len(receiver.seen) < count)
        return listener

    return run


@pytest.mark.usefixtures("patient")
def test_each_event_is_sent_on_once_and_signed_as_our_webhooks(
    receiver: ScriptedServer, forwarder: Forwarder, out: io.StringIO
) -> None:
    """After each cut it goes on by the last event; the published library takes every signature."""
    first, second, third = (event(number) for number in range(3))
    end = {"object": "stream_end", "code": "server_stopping", "cursor": second["id"]}
    plays = [
        streamed(begun("evt_0"), first),
        RESET,
        answer(503, '{"error": {"code": "temporarily_unavailable"}}', extra="Retry-After: 1\r\n"),
        streamed(begun(first["id"]), {"object": "ping"}, second, end),
        streamed(begun(second["id"]), third),
    ]
    with ScriptedServer(lambda _: plays.pop(0)) as server:
        listener = listening(server, forwarder, out, receiver)(3)
        asked = [parse_qs(urlsplit(seen.path).query) for seen in server.seen]
        keys = {seen.headers["authorization"] for seen in server.seen}
    library = Webhook(forwarder._secret.shown)

    assert [query.get("after") for query in asked] == [
        None, [first["id"]], [first["id"]], [first["id"]], [second["id"]],
    ]  # fmt: skip
    assert {query["types"][0] for query in asked} == {"charge.*"}
    assert keys == {f"Bearer {KEY}"}
    assert listener.cursor == third["id"]
    for seen, sent in zip(receiver.seen, (first, second, third), strict=True):
        shown = library.verify(seen.body, seen.headers)
        assert seen.headers["webhook-id"] == sent["id"]
        assert (shown["type"], shown["data"]) == (sent["type"], sent["data"]["object"])
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(row["event"], row["status"]) for row in rows] == [
        (each["id"], 204) for each in (first, second, third)
    ]


@pytest.mark.usefixtures("patient")
def test_the_first_events_of_an_account_are_not_missed_over_a_cut(
    receiver: ScriptedServer, forwarder: Forwarder, out: io.StringIO
) -> None:
    """Where there was no event to go on from, it goes on from the start, which the stream names."""
    first, second = event(0), event(1)
    plays = [streamed(begun("start")), RESET, streamed(begun("start"), first, second)]
    with ScriptedServer(lambda _: plays.pop(0)) as server:
        listening(server, forwarder, out, receiver)(2)
        asked = [parse_qs(urlsplit(seen.path).query).get("after") for seen in server.seen]

    assert asked == [None, ["start"], ["start"]]
    sent = [seen.headers["webhook-id"] for seen in receiver.seen]
    assert sent == [first["id"], second["id"]]


@pytest.mark.usefixtures("patient")
def test_who_may_not_follow_is_told_and_asks_no_more(
    receiver: ScriptedServer, forwarder: Forwarder, out: io.StringIO
) -> None:
    """A revoked key ends the command; after an emptied test mode it goes on from the start."""
    gone = answer(404, '{"error": {"code": "resource_missing", "message": "gone"}}')
    refused = answer(401, '{"error": {"code": "api_key_invalid", "message": "no such key"}}')
    first = event(1)
    plays = [streamed(begun("start"), first), gone, refused]
    with ScriptedServer(lambda _: plays.pop(0)) as server:
        with pytest.raises(Refused, match="no such key"):
            listening(server, forwarder, out, receiver)(9)
        asked = [parse_qs(urlsplit(seen.path).query).get("after") for seen in server.seen]

    assert asked == [None, [first["id"]], ["start"]]


def test_a_receiver_that_fails_is_shown_and_tried_once(
    receiver: ScriptedServer, forwarder: Forwarder, out: io.StringIO
) -> None:
    """A redirect is not followed and silence is named; `replay` is for a second try."""
    plays = [answer(500), answer(302, extra="Location: http://127.0.0.1:9/\r\n"), RESET]
    receiver.script = lambda _: plays.pop(0)
    taken = [forwarder.send(event(number)) for number in range(3)]
    rows = [json.loads(line) for line in out.getvalue().splitlines()]

    assert taken == [False] * 3
    assert [row["status"] for row in rows] == [500, 302, None]
    assert rows[2]["error"]
    assert len(receiver.seen) == 3


def paged(found: Sequence[dict[str, Any]], size: int) -> Callable[[Seen], Play]:
    """A list in pages, newest first."""

    def play(seen: Seen) -> Play:
        query = parse_qs(urlsplit(seen.path).query)
        ids = [each["id"] for each in found]
        start = ids.index(query["starting_after"][0]) + 1 if "starting_after" in query else 0
        page = found[start : start + size]
        return answer(
            200,
            json.dumps({"object": "list", "data": page, "has_more": start + size < len(found)}),
        )

    return play


def test_a_range_is_replayed_oldest_first(receiver: ScriptedServer, forwarder: Forwarder) -> None:
    """Over all its pages, to the address of the merchant's own."""
    found = [event(number) for number in reversed(range(5))]
    with ScriptedServer(paged(found, 2)) as server:
        api = Api(Login(server.url, KEY), ENGLISH)
        taken = replay.forward(api, forwarder, event=None, since=CREATED, until=CREATED + 9)
        asked = parse_qs(urlsplit(server.seen[0].path).query)

    assert (asked["created[gte]"], asked["created[lt]"]) == ([str(CREATED)], [str(CREATED + 9)])
    sent = [seen.headers["webhook-id"] for seen in receiver.seen]
    assert (taken, sent) == ((5, 5), [each["id"] for each in reversed(found)])


def test_a_range_is_sent_anew_by_the_api_in_parts(out: io.StringIO) -> None:
    """To the one enabled endpoint, until there is no more; with several it asks which."""
    endpoints = [{"id": "we_1", "status": "enabled"}, {"id": "we_2", "status": "disabled"}]
    parts = [
        {"count": 10_000, "has_more": True, "last_event": "evt_1"},
        {"count": 3, "has_more": False, "last_event": "evt_2"},
    ]
    bodies = []

    def play(seen: Seen) -> Play:
        if seen.method == "GET":
            return answer(200, json.dumps({"data": endpoints, "has_more": False}))
        assert seen.path == "/v1/webhook_endpoints/we_1/resend"
        bodies.append(json.loads(seen.body))
        return answer(200, json.dumps(parts.pop(0)))

    with ScriptedServer(play) as server:
        api = Api(Login(server.url, KEY), ENGLISH)
        output = Output(ENGLISH, is_json=True, out=out)
        replay.resend(api, None, output, event=None, since=5, until=9)
        endpoints.append({"id": "we_3", "status": "enabled"})
        with pytest.raises(CommandError, match="we_1 we_3"):
            replay.resend(api, None, output, event="evt_1", since=None, until=9)

    created = {"gte": 5, "lt": 9}
    assert bodies == [{"created": created}, {"created": created, "starting_after": "evt_1"}]
    assert json.loads(out.getvalue()) == {"endpoint": "we_1", "count": 10_003}


def test_the_clock_is_moved_once_and_waited_for(out: io.StringIO, patient: list[float]) -> None:
    """By a stretch or to a moment, under one key however often it must be asked."""
    shown = {"object": "test_clock", "now": CREATED, "ahead_seconds": 259_200, "livemode": False}
    advancing, ready = {**shown, "status": "advancing"}, {**shown, "status": "ready"}
    answers = [answer(503), *(answer(200, json.dumps(each)) for each in (advancing, advancing))]
    answers += [answer(200, json.dumps(ready))] * 2
    asked: list[Seen] = []

    def play(seen: Seen) -> Play:
        asked.append(seen)
        return answers.pop(0)

    with ScriptedServer(play) as server:
        api = Api(Login(server.url, KEY), ENGLISH)
        test_clock.advance(api, Output(ENGLISH, is_json=True, out=out), "3d")
        test_clock.move_to(api, Output(ENGLISH, is_json=False, out=out), "2027-01-15")
        with pytest.raises(CommandError, match="no stretch of time"):
            test_clock.advance(api, Output(ENGLISH, is_json=True, out=out), "soon")

    assert [seen.method for seen in asked] == ["POST", "POST", "GET", "GET", "POST"]
    assert {seen.path for seen in asked} == {"/v1/test_clock"}
    first, again, *_, last = asked
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert first.headers["idempotency-key"] != last.headers["idempotency-key"]
    assert json.loads(first.body) == {"advance_seconds": 259_200}
    assert json.loads(last.body) == {"to": 1_799_971_200}
    told, line = out.getvalue().splitlines()
    assert json.loads(told) == ready
    assert line == "In the test mode it is 2026-11-18 11:06:40, 3 days ahead."
    assert patient
