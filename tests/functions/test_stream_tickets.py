"""Tickets of streams: one stream each, in a minute, for the right page, no longer than the asker's.

Each is asked for as a merchant would, and shown as a browser would.
"""

import asyncio
import io
import json
import uuid
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest
from pg8000.native import Connection

from knative.catalogue import ROOT
from shared.runtime.serve_asgi import load
from shared.runtime.streams.door import Application
from tests.database import Account, Database, MakeAccount
from tests.functions.accessing import Administrator
from tests.functions.conftest import BASE_URL
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.streaming import Client, listening
from tests.functions.team import Team

PATH: Final = "/v1/stream"
SHOP: Final = "https://shop.example.cm"


@pytest.fixture(scope="module")
def stream(process: object) -> Application:
    """The function as its server loads it."""
    assert process
    return load("stream_events", str(ROOT / "functions" / "stream_events" / "main.py"))


@pytest.fixture(scope="module")
def ask(door: Callable[[str], Door]) -> Callable[..., Reply]:
    """Ask for a ticket, by a key or a token."""

    def asked(key: str | None, origin: str | None = None, **headers: str) -> Reply:
        body = {} if origin is None else {"origin": origin}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return door("manage_account").post("/v1/stream_tickets", body, key=key, headers=named)

    return asked


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test in a loop of its own."""
    asyncio.run(test)


def code_of(client: Client) -> tuple[int, str]:
    """Status and code of a refusal."""
    return client.status, json.loads(client.body)["error"]["code"]


async def refusal(stream: Application, ticket: str, **headers: str) -> tuple[int, str]:
    """How a ticket is refused over WebSocket."""
    async with listening(stream, f"{PATH}?ticket={ticket}", headers, is_socket=True) as client:
        await client.over()
    return code_of(client)


@pytest.mark.parametrize("is_socket", [False, True], ids=["events", "socket"])
def test_a_ticket_opens_one_stream_and_no_second(
    stream: Application, ask: Callable[..., Reply], account: Account, *, is_socket: bool
) -> None:
    """The stream is the account's; whoever comes with the same ticket again is nobody."""
    made = ask(account.secret_key)

    async def test() -> None:
        path = f"{PATH}?types=charge.*&ticket={made.json['ticket']}"
        async with listening(stream, path, {}, is_socket=is_socket) as client:
            assert await client.frame() == {"object": "stream", "cursor": "start"}
            assert client.headers["ratelimit-policy"]
            assert await refusal(stream, made.json["ticket"]) == (401, "ticket_invalid")
            assert not client.is_over

    run(test())
    assert (made.json["object"], made.json["origin"]) == ("stream_ticket", None)
    assert made.json["expires_at"] - made.json["created"] == 60
    assert made.headers["Cache-Control"] == "no-store"


def test_of_many_who_come_at_once_one_is_let_in(
    stream: Application, ask: Callable[..., Reply], account: Account
) -> None:
    """A ticket is taken by one statement."""
    ticket = ask(account.secret_key).json["ticket"]

    async def come() -> int:
        async with listening(stream, f"{PATH}?ticket={ticket}", {}) as client:
            await client.begun()
            return client.status

    async def test() -> None:
        found = await asyncio.gather(*(come() for _ in range(6)))
        assert sorted(found) == [200, 401, 401, 401, 401, 401]

    run(test())


def test_a_ticket_is_for_the_page_that_it_names(
    stream: Application, ask: Callable[..., Reply], account: Account
) -> None:
    """Another page, or none, is refused and has used it up; the right one may read across."""

    async def test() -> None:
        for origin in (BASE_URL, f"{SHOP}.evil.example", "null", None):
            ticket = ask(account.secret_key, SHOP).json["ticket"]
            named = {} if origin is None else {"Origin": origin}
            assert await refusal(stream, ticket, **named) == (403, "origin_not_allowed")
            assert await refusal(stream, ticket, Origin=SHOP) == (401, "ticket_invalid")
        ticket = ask(account.secret_key, SHOP).json["ticket"]
        async with listening(stream, f"{PATH}?ticket={ticket}", {"Origin": SHOP}) as client:
            await client.frame()
        assert client.headers["access-control-allow-origin"] == SHOP
        assert client.headers["vary"] == "Origin"

    run(test())


def test_a_ticket_that_names_no_page_is_for_ours_alone(
    stream: Application, ask: Callable[..., Reply], account: Account
) -> None:
    """The dashboard's page may show it; a page of anybody else may not."""

    async def test() -> None:
        ticket = ask(account.secret_key).json["ticket"]
        assert await refusal(stream, ticket, Origin=SHOP) == (403, "origin_not_allowed")
        ticket = ask(account.secret_key).json["ticket"]
        path = f"{PATH}?ticket={ticket}"
        async with listening(stream, path, {"Origin": BASE_URL}, is_socket=True) as client:
            await client.frame()
        assert "access-control-allow-origin" not in client.headers

    run(test())


def test_a_minute_later_it_opens_nothing(
    stream: Application, ask: Callable[..., Reply], account: Account, migrated: Database
) -> None:
    """Used or not; and nobody is told which of the two it was, or that there never was one."""
    ticket = ask(account.secret_key).json["ticket"]
    migrated.look(
        "UPDATE platform.stream_tickets SET created_at = created_at - interval '60 seconds',"
        " expires_at = expires_at - interval '60 seconds' WHERE account_id = :account RETURNING 1",
        account=account.id,
    )

    async def test() -> None:
        for each in (ticket, f"stt_{'2' * 52}", "x", "", account.secret_key):
            assert await refusal(stream, each) == (401, "ticket_invalid")

    run(test())


def test_who_may_not_look_gets_none(
    ask: Callable[..., Reply], door: Callable[[str], Door], account: Account
) -> None:
    """A key without the right to events, and nobody; nor is a ticket any key elsewhere."""
    narrow = door("manage_account").post(
        "/v1/api_keys",
        {"kind": "restricted", "scopes": ["charges:read"]},
        key=account.secret_key,
    )
    refused, nobody = ask(narrow.json["secret"]), ask(None)
    ticket = ask(account.secret_key).json["ticket"]
    as_key = door("read_payments").get("/v1/events", key=ticket)

    assert (refused.status, refused.error["code"]) == (403, "permission_denied")
    assert (nobody.status, nobody.error["code"]) == (401, "api_key_missing")
    assert as_key.status == 401


@pytest.mark.parametrize(
    "origin",
    [
        *("", "shop.example.cm", "https://shop.example.cm/", "https://a@shop.example.cm", "null"),
        *("https://shop.example.cm:443", "https://Shop.example.cm", "ftp://shop.example.cm", "*"),
        *("http://shop.example.cm", "https://shop.example.cm:99999", "https://a\n", "https://"),
    ],
)
def test_what_no_browser_sends_is_no_origin(
    ask: Callable[..., Reply], account: Account, origin: str
) -> None:
    """Said when the ticket is asked for, not when it fails."""
    reply = ask(account.secret_key, origin)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (
        400,
        "parameter_invalid",
        "origin",
    )


def test_two_who_call_at_once_are_nobody(
    stream: Application, ask: Callable[..., Reply], account: Account, make_account: MakeAccount
) -> None:
    """A key beside a ticket, or a header that names another account, is refused."""
    other = make_account()
    bearer = {"Authorization": f"Bearer {other.secret_key}"}
    ticket = ask(account.secret_key).json["ticket"]

    async def test() -> None:
        assert await refusal(stream, ticket, **bearer) == (400, "parameter_invalid")
        named = {"Pay-Account": other.id}
        assert await refusal(stream, ticket, **named) == (400, "account_mismatch")

    run(test())


def test_the_stream_ends_with_the_key_that_asked(
    stream: Application, ask: Callable[..., Reply], account: Account, manage_account: Door
) -> None:
    """Revoked, it ends what its ticket opened, and a ticket that nobody has shown yet."""
    made = manage_account.post(
        "/v1/api_keys", {"kind": "restricted", "scopes": ["events:read"]}, key=account.secret_key
    ).json
    first, second = (ask(made["secret"]).json["ticket"] for _ in range(2))

    async def test() -> None:
        path = f"{PATH}?ticket={first}"
        async with listening(stream, path, {}, is_socket=True) as client:
            await client.frame()
            path = f"/v1/api_keys/{made['id']}/revoke"
            await asyncio.to_thread(manage_account.post, path, key=account.secret_key)
            last = await client.frame()
            await client.over()
        assert (last["code"], client.close_code) == ("no_longer_allowed", 1008)
        assert await refusal(stream, second) == (401, "api_key_invalid")

    run(test())


def test_a_persons_stream_ends_with_her_token_and_her_place(
    stream: Application, ask: Callable[..., Reply], account: Account, *,
    realm: Realm, superuser: Connection, migrated: Database,
) -> None:  # fmt: skip
    """A ticket is good for no longer than the token; who was removed sees nothing more."""
    team = Team(superuser)
    person = team.join(account.id, "viewer")
    here = {"Pay_Account": account.id, "Pay_Mode": "test"}
    staying, leaving = (ask(realm.token(person), **here).json["ticket"] for _ in range(2))

    async def test() -> None:
        async with listening(stream, f"{PATH}?ticket={staying}", {}, is_socket=True) as client:
            await client.frame()
            team.leave(person)
            assert (await client.frame())["code"] == "no_longer_allowed"
        assert await refusal(stream, leaving) == (404, "resource_missing")
        again = team.join(account.id, "viewer")
        ticket = ask(realm.token(again), **here).json["ticket"]
        migrated.look(
            "UPDATE platform.stream_tickets SET ends_at = now() - interval '1 second'"
            " WHERE person = :person RETURNING 1",
            person=again,
        )
        assert await refusal(stream, ticket) == (401, "token_expired")

    run(test())
    [[late]] = migrated.look(
        "SELECT max(ends_at) <= now() + interval '301 seconds' FROM platform.stream_tickets"
        " WHERE account_id = :account AND person = :person",
        account=account.id,
        person=person,
    )
    assert late is True


def test_an_access_opens_a_stream_and_the_account_is_told(
    stream: Application, ask: Callable[..., Reply], account: Account, *,
    door: Callable[[str], Door], realm: Realm, migrated: Database,
) -> None:  # fmt: skip
    """An administrator's look by ticket is a look by her access: named in the account's chain."""
    administrator = Administrator(door, realm, str(uuid.uuid4()))
    administrator.open(account.id)
    here = {"Pay_Account": account.id, "Pay_Mode": "test"}
    ticket = ask(realm.token(administrator.id, "admin"), **here).json["ticket"]

    async def test() -> None:
        async with listening(stream, f"{PATH}?ticket={ticket}", {}) as client:
            await client.frame()

    run(test())
    told = migrated.look(
        f'SELECT count(*) FROM "{account.test.schema}".audit_entries'
        " WHERE object_type = 'account_access' AND after::text LIKE ANY(:names)",
        names=["%create_stream_ticket%", "%stream_events%"],
    )
    assert told == [[2]]


def test_nothing_of_a_ticket_is_kept_but_its_hash(
    ask: Callable[..., Reply], account: Account, migrated: Database, logged: io.StringIO
) -> None:
    """Neither the table nor a log line holds what would open a stream."""
    ticket = ask(account.secret_key).json["ticket"]
    stored = migrated.look(
        "SELECT t::text FROM platform.stream_tickets t WHERE account_id = :account",
        account=account.id,
    )

    assert len(stored) == 1
    assert ticket not in stored[0][0]
    assert ticket not in logged.getvalue()
