"""Whose wallet a number is, asked through the door of lookup_holder; operators are scripted."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from pg8000.native import Connection

from tests.database import Account, Database
from tests.functions.door import Door, Reply
from tests.functions.till import PAYER, TOKEN, Till
from tests.scripted_server import RESET, Play, Seen, answer

PATH = "/v1/holder_lookups"
NAME = "Nadège Holder"


class Desk:
    """A shop whose operator says of wallets what `says` says."""

    def __init__(self, till: Till, door: Door) -> None:
        self.till, self._door = till, door
        self.says: Play = answer(200, json.dumps({"name": NAME}))
        usual = till.operator.script

        def script(seen: Seen) -> Play:
            if seen.path.endswith("/active"):
                return answer(200, '{"result": true}')
            if "/accountholder/" in seen.path:
                return self.says
            return TOKEN if seen.path.endswith("/token/") else usual(seen)

        till.operator.script = script

    def ask(self, key: str | None = None, **body: Any) -> Reply:
        """Ask about a number."""
        given = {"phone": f"+{PAYER}"} | body
        return self._door.post(PATH, given, key=key or self.till.account.secret_key)

    @property
    def asked(self) -> list[Seen]:
        """What the operator heard of holders."""
        return [seen for seen in self.till.operator.seen if "/accountholder/" in seen.path]


@pytest.fixture
def desk(till: Till, door: Callable[[str], Door]) -> Desk:
    """A desk of the test's own."""
    return Desk(till, door("lookup_holder"))


def test_a_name_is_told_and_kept_nowhere(desk: Desk, logged: io.StringIO) -> None:
    """Read by MTN's two calls, in the audit chain without it, in no table and no log."""
    before = desk.till.rows.snapshot()
    reply = desk.ask()

    assert reply.status == 200, reply.json
    assert reply.json == {
        "object": "holder_lookup", "operator": "mtn", "phone": "+2376****01", "found": True,
        "name": NAME, "active": True, "livemode": False,
    }  # fmt: skip
    assert reply.headers["Cache-Control"] == "no-store"
    assert [seen.method for seen in desk.asked] == ["GET", "GET"]
    [entry] = desk.till.rows.of("audit_entries", "action = 'holder.looked_up'")
    assert (entry["object_id"], entry["after"]) == ("+2376****01", '{"operator":"mtn"}')
    after = desk.till.rows.snapshot()
    changed = {table for table in after if after[table] != before.get(table)}
    assert {table.rpartition(".")[2] for table in changed} <= {
        "audit_entries", "breakers", "rate_counters",
    }  # fmt: skip
    assert NAME not in str(after)
    assert PAYER not in logged.getvalue()
    assert NAME not in logged.getvalue()


def test_no_wallet_and_no_answer_are_two_things(desk: Desk) -> None:
    """MTN's own 404 says that there is none; what breaks off, or is no word of MTN's, is 503."""
    desk.says = answer(404, '{"code": "RESOURCE_NOT_FOUND"}')
    none = desk.ask()

    assert (none.status, none.json["found"], none.json["name"]) == (200, False, None)
    for play in (RESET, answer(404, "<html>"), answer(500, '{"code": "X"}')):
        desk.says = play
        reply = desk.ask()
        assert (reply.status, reply.error["code"]) == (503, "operator_unavailable")
        assert "Retry-After" in reply.headers


def test_so_many_an_hour_and_no_more(desk: Desk, migrated: Database) -> None:
    """By the account's own rule; what is refused reaches no operator and tells nobody a name."""
    rule = {"account": 2, "key": 2, "seconds": 3600}
    migrated.rule(desk.till.account.id, "holder_lookups", rule)

    replies = [desk.ask() for _ in range(3)]

    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].error["code"] == "holder_lookups_reached"
    assert int(replies[2].headers["Retry-After"]) > 0
    assert len(desk.asked) == 4


@pytest.mark.parametrize(
    ("scopes", "status", "code"),
    [("{*}", 403, "permission_denied"), ("{*,holders:read}", 400, "operator_not_served")],
)
def test_live_names_need_the_right_by_name(
    account_in_both_modes: Account,
    superuser: Connection,
    door: Callable[[str], Door],
    *,
    scopes: str,
    status: int,
    code: str,
) -> None:
    """`*` asks for nobody's name in the live mode."""
    account = account_in_both_modes
    superuser.run(
        "UPDATE platform.api_keys SET scopes = CAST(:scopes AS text[])"
        " WHERE account_id = :id AND livemode AND kind = 'sk'",
        scopes=scopes,
        id=account.id,
    )
    live = account.live_key

    reply = door("lookup_holder").post(PATH, {"phone": f"+{PAYER}"}, key=live)

    assert (reply.status, reply.error["code"]) == (status, code)
