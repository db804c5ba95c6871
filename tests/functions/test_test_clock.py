"""The clock of a test mode at its door: forward only, within bounds, once for a key."""

import time
from typing import Any

import pytest
from pg8000.native import Connection

from tests.database import Account
from tests.factories import an_id
from tests.functions.door import Door
from tests.functions.moved_clock import DAY, PATH, PATIENCE_SECONDS, Clock
from tests.functions.till import Till


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def clock(till: Till, manage_account: Door) -> Clock:
    """The clock of the till's account."""
    return Clock(till, manage_account)


def test_it_moves_a_moment_after_it_was_set(clock: Clock) -> None:
    """It says at once what it will be, and is it for everybody from one moment on."""
    assert clock.read()["status"] == "ready"
    asked_at = int(time.time())
    reply = clock.ask(advance_seconds=3 * DAY)

    assert reply.status == 200
    told = reply.json
    assert told["object"] == "test_clock"
    assert (told["status"], told["ahead_seconds"], told["livemode"]) == (
        "advancing",
        3 * DAY,
        False,
    )
    assert 0 <= told["now"] - asked_at < DAY
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while (shown := clock.read())["status"] == "advancing":
        assert time.monotonic() < give_up_at
        time.sleep(0.2)
    assert 0 <= shown["now"] - asked_at - 3 * DAY < PATIENCE_SECONDS + 10
    to = shown["now"] + 10 * DAY
    assert clock.ask(to=to).json["ahead_seconds"] - 13 * DAY in range(-PATIENCE_SECONDS, 2)


def test_the_same_key_moves_it_once(clock: Clock, superuser: Connection) -> None:
    """Asked again it answers the same; with another body it is refused; the chain tells of one."""
    key = an_id("key")
    first = clock.ask(idempotency=key, advance_seconds=60)
    again = clock.ask(idempotency=key, advance_seconds=60)
    other = clock.ask(idempotency=key, advance_seconds=61)

    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.error["code"]) == (400, "idempotency_key_reused")
    assert clock.read()["ahead_seconds"] == 60
    schema = clock.till.account.test.schema
    entries = superuser.run(
        f"SELECT before, after FROM \"{schema}\".audit_entries WHERE action = 'test_clock.advanced'"
    )
    assert entries == [['{"ahead_seconds":0}', '{"ahead_seconds":60}']]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "parameter_missing", "advance_seconds"),
        ({"advance_seconds": 1, "to": 4_000_000_000}, "parameter_invalid", "to"),
        ({"advance_seconds": 0}, "parameter_invalid", "advance_seconds"),
        ({"advance_seconds": -5}, "parameter_invalid", "advance_seconds"),
        ({"advance_seconds": True}, "parameter_invalid", "advance_seconds"),
        ({"advance_seconds": 1.5}, "parameter_invalid", "advance_seconds"),
        ({"advance_seconds": "60"}, "parameter_invalid", "advance_seconds"),
        ({"advance_seconds": 401 * DAY}, "parameter_invalid", "advance_seconds"),
        ({"to": 1}, "test_clock_not_forward", "to"),
        ({"to": -1}, "parameter_invalid", "to"),
        ({"to": 10**12}, "parameter_invalid", "to"),
        ({"to": 4_000_000_000}, "test_clock_too_far", "to"),
        ({"back": 5}, "parameter_unknown", "back"),
    ],
)
def test_bad_wishes_change_nothing(
    clock: Clock, body: dict[str, Any], code: str, param: str
) -> None:
    """Neither back, nor too far, nor what is no number of seconds."""
    before = clock.till.rows.snapshot()
    reply = clock.ask(**body)

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert clock.till.rows.snapshot() == before


def test_it_is_400_days_ahead_at_most(clock: Clock) -> None:
    """In all, however it came there."""
    assert clock.ask(advance_seconds=400 * DAY).status == 200
    reply = clock.ask(advance_seconds=1)

    assert (reply.status, reply.error["code"]) == (400, "test_clock_too_far")
    assert "400" in reply.error["message"]
    assert clock.read()["ahead_seconds"] == 400 * DAY


def test_the_live_mode_has_no_clock(clock: Clock, account: Account, superuser: Connection) -> None:
    """Its key is told so, with or without a body that is good, and nothing changes."""
    before = clock.till.rows.snapshot()
    key = account.live_key
    replies = [
        clock.door.get(PATH, key=key),
        clock.ask(key=key, advance_seconds=DAY),
        clock.door.post(PATH, {"advance_seconds": DAY}, key=key),
    ]

    assert [(reply.status, reply.error["code"]) for reply in replies] == [
        (400, "test_mode_only")
    ] * 3
    assert superuser.run(
        "SELECT count(*) FROM platform.test_clocks WHERE account_id = :id", id=account.id
    ) == [[0]]
    assert clock.till.rows.snapshot() == before


def test_without_a_key_of_its_own_it_does_not_move(clock: Clock) -> None:
    """Who asks twice because an answer was lost must not be two days further."""
    reply = clock.door.post(PATH, {"advance_seconds": DAY}, key=clock.till.account.secret_key)

    assert (reply.status, reply.error["code"]) == (400, "idempotency_key_missing")
    assert clock.read()["ahead_seconds"] == 0
