"""The live stream: nothing missing, nothing twice, nothing of others, and an end that says why."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

import pytest

from knative.catalogue import ROOT
from knative.local.postgres import connect
from shared.domain.account import Caller
from shared.domain.ids import new_id
from shared.runtime import callers, lifecycle
from shared.runtime.http import Call
from shared.runtime.serve_asgi import load
from shared.runtime.settings import settings
from shared.runtime.streams import hub, subscription
from shared.runtime.streams.door import Application, stream_function
from tests.database import Account, Database, MakeAccount
from tests.factories import an_id, moment
from tests.functions.door import Door, hold_to_error_shape
from tests.functions.streaming import Client, listening

PATH: Final = "/v1/stream"
STRANGER: Final = "Bearer sk_test_stranger"
ENDED_WITHIN_SECONDS: Final = 5.0
_STORE: Final = """
INSERT INTO "{schema}".events (id, type, object_id, data, api_version, created_at)
SELECT id, :type, 'ch_x', jsonb_build_object('padding', repeat('x', :bytes)), '2026-11-01', now()
FROM unnest(CAST(:ids AS text[])) AS id"""
_FEED: Final = """
INSERT INTO platform.event_feed (id, account_id, livemode, type, object_id, owner_role)
SELECT id, :account, false, :type, 'ch_x', :owner FROM unnest(CAST(:ids AS text[])) AS id"""


class Writer:
    """Writes events of an account in transactions of its own."""

    def __init__(self, connection: Any, account: Account) -> None:
        """Keep a connection past all rights."""
        self.connection = connection
        self._tenant = account.test

    def write(self, count: int = 1, kind: str = "charge.pending", *, size: int = 0) -> list[str]:
        """Write so many in one transaction, or in the open one; their ids in order."""
        now = int(moment().timestamp() * 1000)
        ids = sorted(new_id("evt", now) for _ in range(count))
        schema = self._tenant.schema
        words = {"type": kind, "ids": ids}
        self.connection.run(_STORE.format(schema=schema), **words, bytes=size)
        self.connection.run(_FEED, **words, account=self._tenant.account, owner=schema)
        return ids


@pytest.fixture(scope="module")
def stream(process: object) -> Application:
    """The function as its server loads it."""
    assert process
    return load("stream_events", str(ROOT / "functions" / "stream_events" / "main.py"))


@pytest.fixture
def make_writer(migrated: Database) -> Iterator[Callable[[Account], Writer]]:
    """Return a writer with a connection of its own."""
    opened: list[Any] = []
    postgres = migrated.postgres

    def make(account: Account) -> Writer:
        manager = connect(port=postgres.port, password=postgres.password, database="pay")
        opened.append(manager)
        return Writer(manager.__enter__(), account)

    yield make
    for manager in opened:
        manager.__exit__(None, None, None)


def key_of(account: Account, **more: str) -> dict[str, str]:
    """The headers of its merchant."""
    return {"Authorization": f"Bearer {account.secret_key}", **more}


async def ids(client: Client, count: int) -> list[str]:
    """The ids of the next events."""
    return [(await client.frame())["id"] for _ in range(count)]


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test in a loop of its own."""
    asyncio.run(test)


@pytest.mark.parametrize("is_socket", [False, True], ids=["events", "socket"])
def test_an_event_is_shown_as_everywhere_else(
    stream: Application, make_writer: Callable[[Account], Writer], account: Account,
    read_payments: Door, *, is_socket: bool,
) -> None:  # fmt: skip
    """The first frame says where the stream begins; each other one is what GET /v1/events shows."""
    writer = make_writer(account)

    async def test() -> None:
        async with listening(stream, PATH, key_of(account), is_socket=is_socket) as client:
            assert await client.frame() == {"object": "stream", "cursor": "start"}
            written = writer.write(2)
            frames = [await client.frame(), await client.frame()]
        shown = [read_payments.get(f"/v1/events/{i}", key=account.secret_key).json for i in written]
        assert frames == shown
        assert client.status == (101 if is_socket else 200)
        assert client.headers["ratelimit-policy"]
        async with listening(stream, PATH, key_of(account), is_socket=is_socket) as client:
            assert await client.frame() == {"object": "stream", "cursor": written[-1]}

    run(test())


def test_who_comes_back_misses_nothing_and_gets_nothing_twice(
    stream: Application, make_writer: Callable[[Account], Writer], account: Account
) -> None:
    """Pages of what was missed, then what is new, while others write: each id once, in order."""
    writer, other = make_writer(account), make_writer(account)
    first = writer.write()[0]
    missed = [i for _ in range(5) for i in writer.write(60)]

    async def test() -> None:
        found: list[str] = []
        after = first
        for round_ in range(3):
            headers = key_of(account, **({"Last-Event-ID": after} if round_ else {}))
            async with listening(stream, f"{PATH}?after={first}", headers) as client:
                assert await client.frame() == {"object": "stream", "cursor": after}
                missed.extend(await asyncio.to_thread(other.write, 20))
                found += await ids(client, 100)
                missed.extend(await asyncio.to_thread(writer.write, 20))
                found += await ids(client, 20)
            after = found[-1]
        async with listening(stream, f"{PATH}?after={after}", key_of(account)) as client:
            await client.frame()
            found += await ids(client, len(missed) - len(found))
            last = writer.write()
            found += await ids(client, 1)
        assert found == missed + last

    run(test())


@pytest.mark.parametrize("is_socket", [False, True], ids=["events", "socket"])
def test_who_was_cut_before_the_first_event_gets_it(
    stream: Application, make_writer: Callable[[Account], Writer], account: Account, *,
    is_socket: bool,
) -> None:  # fmt: skip
    """Where there is no event yet the cursor is `start`, and after it comes all there ever was."""
    writer = make_writer(account)

    async def test() -> None:
        async with listening(stream, PATH, key_of(account), is_socket=is_socket) as client:
            first = await client.frame()
            # A browser comes back by the id that it read last.
            cursor = first["cursor"] if is_socket else client.last_id
        missed = writer.write(2) + writer.write()
        headers = key_of(account) if is_socket else key_of(account, **{"Last-Event-ID": cursor})
        path = f"{PATH}?after={cursor}" if is_socket else PATH
        async with listening(stream, path, headers, is_socket=is_socket) as client:
            assert await client.frame() == {"object": "stream", "cursor": "start"}
            assert await ids(client, 3) == missed
            new = writer.write()
            assert await ids(client, 1) == new

    run(test())


def test_what_commits_late_comes_before_what_was_committed_early(
    stream: Application, make_writer: Callable[[Account], Writer], account: Account
) -> None:
    """Nothing is shown past a transaction that still runs, so that none is left out."""
    late, early = make_writer(account), make_writer(account)

    async def test() -> None:
        async with listening(stream, PATH, key_of(account), is_socket=True) as client:
            await client.frame()
            late.connection.run("BEGIN")
            held = late.write()
            after = early.write()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await client.frame()
            late.connection.run("COMMIT")
            assert await ids(client, 2) == held + after

    run(test())


def test_types_are_chosen_and_nothing_of_others_is_shown(
    stream: Application, make_writer: Callable[[Account], Writer], make_account: MakeAccount
) -> None:
    """Families and types by name; another merchant's events reach nobody else."""
    mine, theirs = make_account(), make_account()
    writer, other = make_writer(mine), make_writer(theirs)
    path = f"{PATH}?types=charge.*,payout.paid"

    async def test() -> None:
        async with (
            listening(stream, path, key_of(mine)) as client,
            listening(stream, PATH, key_of(theirs)) as neighbour,
        ):
            await client.frame(), await neighbour.frame()
            foreign = other.write(3, "charge.failed")
            writer.write(1, "payout.failed")
            wanted = writer.write(1, "charge.failed") + writer.write(1, "payout.paid")
            assert await ids(client, 2) == wanted
            assert await ids(neighbour, 3) == foreign
        headers = key_of(mine, **{"Last-Event-ID": foreign[0]})
        async with listening(stream, PATH, headers) as refused:
            await refused.over()
        assert refused.status == 404

    run(test())


def test_a_slow_reader_is_let_go_and_comes_back(
    stream: Application, make_writer: Callable[[Account], Writer], account: Account
) -> None:
    """More than 1 MiB behind: 1013, and the others get all; by its cursor it gets the rest."""
    writer = make_writer(account)

    async def test() -> None:
        async with (
            listening(stream, PATH, key_of(account), is_socket=True) as slow,
            listening(stream, PATH, key_of(account)) as quick,
        ):
            await slow.frame(), await quick.frame()
            slow.reads.clear()
            written = [i for _ in range(8) for i in writer.write(5, size=40_000)]
            assert await ids(quick, 40) == written
            await slow.over()
            slow.reads.set()
        async with listening(stream, f"{PATH}?after={written[0]}", key_of(account)) as again:
            await again.frame()
            assert await ids(again, 39) == written[1:]

    run(test())


def test_who_knocks_in_vain_keeps_nobody_waiting(
    make_writer: Callable[[Account], Writer], account: Account, process: object
) -> None:
    """While more keys are looked at than we have threads, events come to those who are in."""
    assert process
    writer, looked = make_writer(account), threading.Event()

    def authenticate(call: Call) -> Caller:
        if call.authorization == STRANGER:
            looked.wait(ENDED_WITHIN_SECONDS)
        return callers.authenticate(call)

    stream = stream_function(
        "stream_events",
        authenticate=authenticate,
        admit=callers.admit,
        standing=callers.standing,
    )

    async def test() -> None:
        async with (
            listening(stream, PATH, key_of(account)) as client,
            contextlib.AsyncExitStack() as crowd,
        ):
            await client.frame()
            stranger = {"Authorization": STRANGER}
            knocking = [
                await crowd.enter_async_context(listening(stream, PATH, stranger))
                for _ in range(2 * settings().threads)
            ]
            written = await asyncio.to_thread(writer.write)
            began = time.monotonic()
            assert await ids(client, 1) == written
            assert time.monotonic() - began < ENDED_WITHIN_SECONDS
            looked.set()
            for each in knocking:
                await each.over()
                assert each.status == 401

    run(test())


def test_a_revoked_key_sees_nothing_more_within_five_seconds(
    stream: Application, manage_account: Door, account: Account
) -> None:
    """The stream of a key that was revoked ends with its word, 1008, while others go on."""
    made = manage_account.post(
        "/v1/api_keys",
        {"kind": "restricted", "scopes": ["events:read"]},
        key=account.secret_key,
        headers={"Idempotency-Key": an_id("x")},
    ).json
    headers = {"Authorization": f"Bearer {made['secret']}"}

    async def test() -> None:
        async with (
            listening(stream, PATH, headers, is_socket=True) as client,
            listening(stream, PATH, key_of(account)) as other,
        ):
            await client.frame(), await other.frame()
            path = f"/v1/api_keys/{made['id']}/revoke"
            revoked = await asyncio.to_thread(manage_account.post, path, key=account.secret_key)
            began = time.monotonic()
            last = await client.frame()
            assert time.monotonic() - began < ENDED_WITHIN_SECONDS
            await client.over()
            assert revoked.status == 200
            assert last == {"object": "stream_end", "code": "no_longer_allowed", "cursor": "start"}
            assert client.close_code == 1008
            assert not other.is_over

    run(test())


def test_a_server_that_stops_says_where_to_go_on(
    stream: Application, make_writer: Callable[[Account], Writer], account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """SIGTERM: a last frame with the cursor and 1001; nobody new is let in."""
    [event] = make_writer(account).write()

    async def test() -> None:
        async with listening(stream, PATH, key_of(account), is_socket=True) as client:
            await client.frame()
            monkeypatch.setattr(lifecycle, "is_stopping", lambda: True)
            last = await client.frame()
            await client.over()
        async with listening(stream, PATH, key_of(account)) as refused:
            await refused.over()
        assert last == {"object": "stream_end", "code": "server_stopping", "cursor": event}
        assert (client.close_code, refused.status) == (1001, 503)

    run(test())


def test_a_quiet_stream_is_kept_alive_and_a_talking_client_let_go(
    stream: Application, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comment or a ping after the time; what a client says nobody reads: 1003."""
    monkeypatch.setattr(subscription, "PING_SECONDS", 0.05)

    async def test() -> None:
        async with (
            listening(stream, PATH, key_of(account), is_socket=True) as socket,
            listening(stream, PATH, key_of(account)) as events,
        ):
            await socket.frame(), await events.frame()
            assert await socket.frame() == {"object": "ping"}
            await events.comment()
            socket.send({"type": "websocket.receive", "text": "hello"})
            await socket.over()
        assert socket.close_code == 1003

    run(test())


def test_an_account_has_so_many_streams_and_no_more(
    stream: Application, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One too many is 429, before the handshake is answered, and a place given up is free."""
    monkeypatch.setattr(hub, "MOST_OF_ACCOUNT", 1)

    async def test() -> None:
        for _ in range(2):
            async with listening(stream, PATH, key_of(account)) as client:
                await client.frame()
                async with listening(stream, PATH, key_of(account), is_socket=True) as second:
                    await second.over()
                assert (second.status, json.loads(second.body)["error"]["code"]) == (
                    429,
                    "rate_limited",
                )

    run(test())


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ("types=Charge", {}, "parameter_invalid"),
        ("types=", {}, "parameter_invalid"),
        ("types=a,,b", {}, "parameter_invalid"),
        ("after=evt_1", {}, "cursor_invalid"),
        ("", {"Last-Event-ID": "x"}, "cursor_invalid"),
        ("since=1", {}, "parameter_unknown"),
        ("", {"Accept": "application/json"}, "parameter_invalid"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    door: Callable[[str], Door], account: Account, query: str, headers: dict[str, str], code: str
) -> None:
    """400 in our shape before anything is streamed."""
    reply = door("stream_events").get(f"{PATH}?{query}", key=account.secret_key, headers=headers)

    assert (reply.status, reply.error["code"]) == (400, code)
    hold_to_error_shape(reply)
