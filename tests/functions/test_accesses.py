"""Break-glass: an administrator looks into one account for a reason, and the account sees it."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from knative.local.postgres import connect
from shared.domain.ids import new_id
from shared.runtime.wiring import KEY_SECONDS
from tests.database import Account, Database, MakeAccount
from tests.functions.accessing import REASON, Administrator, told
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team
from tests.pubsub_server import wait_for

UNKNOWN: Final = "acct_2222222222222222"
NO_ACCESS: Final = "acs_222222222222222222222222"
GONE_WITHIN: Final = 5.0
OTHERWISE: Final = (
    "UPDATE platform.account_accesses SET reason = 'because I say so' WHERE id = :id",
    "UPDATE platform.account_accesses SET expires_at = expires_at + '1 minute' WHERE id = :id",
    "UPDATE platform.account_accesses SET opened_by = 'another' WHERE id = :id",
    "UPDATE platform.account_accesses SET ended_at = now() WHERE id = :id",
    "DELETE FROM platform.account_accesses WHERE id = :id",
    """INSERT INTO platform.account_accesses
      (id, account_id, livemode, reason, opened_by, created_at, expires_at)
    SELECT 'acs_x', account_id, livemode, reason, opened_by, created_at,
      created_at + interval '61 minutes' FROM platform.account_accesses WHERE id = :id""",
)
AGAIN: Final = (
    "UPDATE platform.account_accesses SET ended_at = NULL, ended_by = NULL WHERE id = :id",
    "UPDATE platform.account_accesses SET ended_by = 'another' WHERE id = :id",
)


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def administrator(door: Callable[[str], Door], realm: Realm) -> Administrator:
    """One who has opened nothing yet."""
    return Administrator(door, realm, str(uuid.uuid4()))


@pytest.fixture
def another(door: Callable[[str], Door], realm: Realm) -> Administrator:
    """Another one."""
    return Administrator(door, realm, str(uuid.uuid4()))


@pytest.fixture
def belongings(make_rows: Callable[[Account], Rows], account: Account) -> Rows:
    """What is stored of the account and on the platform."""
    return make_rows(account)


def test_an_access_is_opened_read_listed_and_ended(
    administrator: Administrator, another: Administrator, account: Account
) -> None:
    """Half an hour unless she says otherwise; anybody of them ends it, and the first end counts."""
    made = administrator.open(account.id)
    longer = another.open(account.id, minutes=60).json
    path = f"/v1/accesses/{made.json['id']}"
    listed = administrator.call("GET", f"/v1/accesses?account={account.id}&status=open").json
    page = administrator.call("GET", f"/v1/accesses?account={account.id}&limit=1").json
    cursor = page["data"][0]["id"]
    rest = administrator.call("GET", f"/v1/accesses?account={account.id}&starting_after={cursor}")
    newest = administrator.call("GET", "/v1/accesses?limit=1").json
    ended = another.call("POST", f"{path}/end")
    again = administrator.call("POST", f"{path}/end", {})

    assert made.status == 200, made.json
    assert made.json == {
        "id": made.json["id"],
        "object": "account_access",
        "account": account.id,
        "mode": "test",
        "status": "open",
        "reason": REASON,
        "opened_by": administrator.id,
        "created": made.json["created"],
        "expires_at": made.json["created"] + 30 * 60,
        "ended_by": None,
        "ended_at": None,
    }
    assert longer["expires_at"] - longer["created"] == 60 * 60
    assert [one["id"] for one in listed["data"]] == [longer["id"], made.json["id"]]
    assert (page["has_more"], cursor) == (True, longer["id"])
    assert (newest["url"], newest["data"]) == ("/v1/accesses", [longer])
    assert [one["id"] for one in rest.json["data"]] == [made.json["id"]]
    assert (ended.json["status"], ended.json["ended_by"]) == ("ended", another.id)
    assert again.json == ended.json == another.call("GET", path).json
    for status, expected in (
        ("open", [longer["id"]]),
        ("expired", []),
        ("ended", [made.json["id"]]),
    ):
        found = administrator.call("GET", f"/v1/accesses?account={account.id}&status={status}")
        assert [one["id"] for one in found.json["data"]] == expected


def test_ended_twice_at_once_it_ends_once(
    administrator: Administrator, account: Account, belongings: Rows
) -> None:
    """Whoever comes second finds it ended, and neither chain tells of it twice."""
    path = f"/v1/accesses/{administrator.open(account.id).json['id']}/end"
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: administrator.call("POST", path), range(4)))

    assert [reply.status for reply in replies] == [200] * 4
    assert len({reply.json["ended_at"] for reply in replies}) == 1
    assert len(told(belongings, action="account_access.ended")) == 1


def test_a_brake_never_waits_for_an_accounts_chain(
    *,
    administrator: Administrator,
    account: Account,
    make_account: MakeAccount,
    provision_account: Door,
    realm: Realm,
    migrated: Database,
) -> None:
    """Who opens an access to a busy account waits without the platform's chain."""
    other, token = make_account().id, realm.token(str(uuid.uuid4()), "admin")
    postgres = migrated.postgres
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with (
        connect(port=postgres.port, password=postgres.password, database="pay") as holder,
        ThreadPoolExecutor(1) as thread,
    ):
        holder.run("BEGIN")
        holder.run(f'LOCK TABLE "{account.test.schema}".audit_entries IN EXCLUSIVE MODE')
        opening = thread.submit(administrator.open, account.id)
        wait_for(lambda: holder.run(waiting) != [[0]], "who waits for the lock")
        reason = {"reason": "stop it at once"}
        stopped = provision_account.post(f"/v1/accounts/{other}/suspend", reason, key=token)
        still_waits = not opening.done()
        holder.run("ROLLBACK")

    assert (stopped.status, still_waits) == (200, True)
    assert opening.result().status == 200


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ticket 4211\u00a0: où est-il\u202f? ", "Ticket 4211 : où est-il ?"),
        ("first line of it\r\nand a second", "first line of it\nand a second"),
    ],
)
def test_a_reason_is_typed_as_people_type(
    administrator: Administrator, account: Account, typed: str, kept: str
) -> None:
    """With French blanks and the line ends of Windows, which are kept as plain ones."""
    assert administrator.open(account.id, reason=typed).json["reason"] == kept


def test_an_access_opens_one_account_in_one_mode_to_one_person(
    administrator: Administrator,
    another: Administrator,
    account: Account,
    make_account: MakeAccount,
) -> None:
    """The other mode, another account and another administrator are answered as ever."""
    administrator.open(account.id)
    other = make_account()
    closed = [
        administrator.look(account.id, "/v1/charges", "live"),
        administrator.look(other.id, "/v1/charges"),
        another.look(account.id, "/v1/charges"),
    ]

    assert administrator.look(account.id, "/v1/charges").status == 200
    assert {(reply.status, reply.error["code"]) for reply in closed} == {(404, "resource_missing")}


def test_an_access_is_an_administrators(
    administrator: Administrator, account: Account, realm: Realm, read_payments: Door
) -> None:
    """Whoever is no administrator any more has none, though the row is there."""
    administrator.open(account.id)
    headers = {"Pay-Account": account.id, "Pay-Mode": "test"}
    for role in ("merchant", "customer", "owner"):
        token = realm.token(administrator.id, role)
        assert read_payments.get("/v1/charges", key=token, headers=headers).status == 404


def test_an_ended_access_stops_within_seconds(
    administrator: Administrator, another: Administrator, account: Account
) -> None:
    """Whoever ends it, no process lets her in any longer than it remembers members."""
    made = administrator.open(account.id, "live").json
    assert administrator.look(account.id, "/v1/balance", "live").status == 200
    another.call("POST", f"/v1/accesses/{made['id']}/end")
    deadline = time.monotonic() + GONE_WITHIN
    while administrator.look(account.id, "/v1/balance", "live").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert KEY_SECONDS < GONE_WITHIN


def test_an_access_that_is_over_opens_nothing_and_stays_as_it_is(
    administrator: Administrator, account: Account, belongings: Rows
) -> None:
    """It shows as expired; ending it changes nothing, and another one may be opened."""
    over = _opened_an_hour_ago(belongings, administrator.id, account)
    before = belongings.snapshot()
    looked = administrator.look(account.id, "/v1/balance")
    ended = administrator.call("POST", f"/v1/accesses/{over}/end")
    listed = administrator.call("GET", f"/v1/accesses?account={account.id}&status=expired").json
    assert belongings.snapshot() == before
    opened = administrator.open(account.id)

    assert looked.status == 404
    assert (ended.status, ended.json["status"], ended.json["ended_at"]) == (200, "expired", None)
    assert listed["data"] == [ended.json]
    assert opened.status == 200
    assert administrator.look(account.id, "/v1/balance").status == 200


def test_a_second_access_is_refused_while_the_first_is_open(
    administrator: Administrator, another: Administrator, account: Account, belongings: Rows
) -> None:
    """Of several at once one opens; other modes and other administrators open their own."""
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda _: administrator.open(account.id), range(4)))
    before = belongings.snapshot()
    again = administrator.open(account.id)
    assert belongings.snapshot() == before
    live = administrator.open(account.id, "live")
    others = another.open(account.id)
    [made] = [reply.json["id"] for reply in at_once if reply.status == 200]
    administrator.call("POST", f"/v1/accesses/{made}/end")
    anew = administrator.open(account.id)

    assert sorted(reply.status for reply in at_once) == [200, 400, 400, 400]
    assert {r.error["code"] for r in at_once if r.status == 400} == {"access_open"}
    assert (again.status, again.error["code"]) == (400, "access_open")
    assert made in again.error["message"]
    assert (live.status, others.status, anew.status) == (200, 200, 200)
    assert len(belongings.platform("account_accesses")) == 4


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "parameter_missing", "mode"),
        ({"mode": "test"}, "parameter_missing", "reason"),
        ({"mode": "both", "reason": REASON}, "parameter_invalid", "mode"),
        ({"mode": ["test"], "reason": REASON}, "parameter_invalid", "mode"),
        ({"mode": "test", "reason": "too short"}, "parameter_invalid", "reason"),
        ({"mode": "test", "reason": " " * 20}, "parameter_invalid", "reason"),
        ({"mode": "test", "reason": "x" * 501}, "parameter_invalid", "reason"),
        ({"mode": "test", "reason": "a reason\u0000 with a hole"}, "parameter_invalid", "reason"),
        ({"mode": "test", "reason": "half a letter \ud800"}, "parameter_invalid", "reason"),
        ({"mode": "test", "reason": 7}, "parameter_invalid", "reason"),
        ({"mode": "test", "reason": REASON, "minutes": 4}, "parameter_invalid", "minutes"),
        ({"mode": "test", "reason": REASON, "minutes": 61}, "parameter_invalid", "minutes"),
        ({"mode": "test", "reason": REASON, "minutes": 30.5}, "parameter_invalid", "minutes"),
        ({"mode": "test", "reason": REASON, "minutes": True}, "parameter_invalid", "minutes"),
        ({"mode": "test", "reason": REASON, "minutes": "30"}, "parameter_invalid", "minutes"),
        ({"mode": "test", "reason": REASON, "scopes": ["*"]}, "parameter_unknown", "scopes"),
        (b"[]", "json_invalid", None),
        (b'{"mode": "test"', "json_invalid", None),
    ],
)
def test_a_wrong_wish_names_its_field_and_opens_nothing(
    administrator: Administrator,
    account: Account,
    belongings: Rows,
    *,
    body: object,
    code: str,
    param: str | None,
) -> None:
    """Nothing is stored, told or mailed."""
    before = belongings.snapshot()
    reply = administrator.call("POST", f"/v1/accounts/{account.id}/accesses", body)

    assert (reply.status, reply.error["code"], reply.error.get("param")) == (400, code, param)
    assert belongings.snapshot() == before


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("colour=red", "parameter_unknown", "colour"),
        ("status=over", "parameter_invalid", "status"),
        ("account=shop", "parameter_invalid", "account"),
        ("starting_after=acct_2222222222222222", "cursor_invalid", "starting_after"),
        ("limit=0", "limit_invalid", "limit"),
    ],
)
def test_a_malformed_question_names_its_field(
    administrator: Administrator, query: str, code: str, param: str
) -> None:
    """What is unknown, too large or no cursor is named."""
    reply = administrator.call("GET", f"/v1/accesses?{query}")

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)


def test_what_is_not_there_opens_nothing(
    administrator: Administrator, make_account: MakeAccount, belongings: Rows
) -> None:
    """No account, access or live mode, a closed account: each is said, and nothing is stored."""
    account = make_account()
    before = belongings.snapshot()
    refused = [
        administrator.open(UNKNOWN),
        administrator.open("acct_1"),
        administrator.call("GET", f"/v1/accesses/{NO_ACCESS}"),
        administrator.call("POST", f"/v1/accesses/{NO_ACCESS}/end"),
        administrator.call("POST", "/v1/accesses/acs_1/end"),
        administrator.open(account.id, "live"),
    ]
    assert belongings.snapshot() == before
    opened = administrator.open(account.id)
    looked = administrator.look(account.id, "/v1/balance")
    belongings.run(
        "UPDATE platform.accounts SET state = 'closed', charges_enabled = false,"
        " payouts_enabled = false WHERE id = :id",
        id=account.id,
    )
    refused.append(administrator.open(account.id))
    deadline = time.monotonic() + GONE_WITHIN
    while administrator.look(account.id, "/v1/balance").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert [(reply.status, reply.error["code"]) for reply in refused] == [
        *[(404, "resource_missing")] * 5, (400, "mode_missing"), (400, "account_closed")
    ]  # fmt: skip
    assert (opened.status, looked.status) == (200, 200)


def test_only_an_administrator_who_signed_in_just_now_opens_and_ends(
    administrator: Administrator,
    account: Account,
    belongings: Rows,
    realm: Realm,
    door: Callable[[str], Door],
) -> None:
    """Owners, keys, nobody and stale sessions do neither; to look needs no fresh one."""
    made = administrator.open(account.id).json
    owner = realm.token(Team(belongings._connection).join(account.id, "owner"))
    before = belongings.snapshot()
    paths = (f"/v1/accounts/{account.id}/accesses", f"/v1/accesses/{made['id']}/end")
    platform = door("manage_platform")
    statuses = [
        [platform.post(path, {}, key=key).status for path in paths]
        for key in (owner, account.secret_key, None)
    ]
    stale = [administrator.call("POST", path, {}, ago=400) for path in paths]
    looked = administrator.call("GET", f"/v1/accesses/{made['id']}", ago=4000)
    lists = [platform.get("/v1/accesses", key=key).status for key in (owner, account.secret_key)]

    assert statuses == [[403, 403], [401, 401], [401, 401]]
    assert {(reply.status, reply.error["code"]) for reply in stale} == {(403, "step_up_required")}
    assert (looked.status, lists) == (200, [403, 401])
    assert belongings.snapshot() == before


@pytest.mark.parametrize("statement", [*OTHERWISE, *AGAIN])
def test_the_database_keeps_an_access_as_it_was(
    administrator: Administrator, account: Account, superuser: Connection, statement: str
) -> None:
    """Neither longer, nor for another reason, nor gone, nor given back: the second wall."""
    made = administrator.open(account.id).json["id"]
    if statement in AGAIN:
        administrator.call("POST", f"/v1/accesses/{made}/end")

    with pytest.raises(DatabaseError, match="23514"):
        superuser.run(statement, id=made)


def _opened_an_hour_ago(rows: Rows, person: str, account: Account) -> str:
    access = new_id("acs", int(time.time() * 1000))
    rows.run(
        "INSERT INTO platform.account_accesses"
        " (id, account_id, livemode, reason, opened_by, created_at, expires_at)"
        " VALUES (:id, :account, false, :reason, :person, now() - interval '1 hour', now())",
        id=access,
        account=account.id,
        reason=REASON,
        person=person,
    )
    return access
