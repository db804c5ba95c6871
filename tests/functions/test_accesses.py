"""Break-glass: an administrator looks into one account for a reason, and the account sees it."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from knative.local.postgres import connect
from shared.domain.ids import new_id
from shared.domain.rules import RequestRate
from shared.runtime.wiring import KEY_SECONDS
from tests.database import Account, Database, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team
from tests.pubsub_server import wait_for

REASON: Final = "Ticket 4211: the merchant asks where a payment is"
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
ORDER: Final = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
}


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers the platform."""

    door: Callable[[str], Door]
    realm: Realm
    id: str

    def call(self, method: str, path: str, body: object = None, ago: int = 0) -> Reply:
        """Send a request to manage_platform."""
        token = self.realm.token(self.id, "admin", signed_in_ago=ago)
        return self.door("manage_platform").call(method, path, body, key=token)

    def open(self, account: str, mode: str = "test", **more: object) -> Reply:
        """Open an access, or try to."""
        body = {"mode": mode, "reason": REASON, **more}
        return self.call("POST", f"/v1/accounts/{account}/accesses", body)

    def look(self, account: str, path: str, mode: str = "test", *roles: str) -> Reply:
        """Read what is an account's, as its merchant would."""
        is_keys_or_team = path.startswith(("/v1/api_keys", "/v1/team", "/v1/account?"))
        function = "manage_account" if is_keys_or_team else "read_payments"
        return self.door(function).get(
            path,
            key=self.realm.token(self.id, "admin", *roles),
            headers={"Pay-Account": account, "Pay-Mode": mode, "X-Forwarded-For": "192.0.2.9"},
        )


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


def told(rows: Rows, **where: str) -> list[dict[str, Any]]:
    """What the account's own chain of the test mode tells of accesses, oldest first."""
    names = [f"{name} = :{name}" for name in where]
    wanted = " AND ".join(["object_type = 'account_access'", *names])
    found = rows.of("audit_entries", wanted, **where)
    return sorted(found, key=lambda row: row["position"])


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


def test_an_access_reads_what_support_must_see(
    administrator: Administrator, account: Account, door: Callable[[str], Door]
) -> None:
    """Payments, balance, keys without secrets, team, audit entries, in the mode it names."""
    charge = door("create_charge").post("/v1/charges", ORDER, key=account.secret_key).json
    before = administrator.look(account.id, "/v1/charges").status
    administrator.open(account.id)
    read = administrator.look(account.id, f"/v1/charges/{charge['id']}")
    paths = ("/v1/charges", "/v1/events", "/v1/balance", "/v1/api_keys", "/v1/team",
             "/v1/audit_entries", "/v1/audit_entries.csv")  # fmt: skip
    looked = {path: administrator.look(account.id, path) for path in paths}
    keys = looked["/v1/api_keys"].json["data"]

    assert before == 404
    assert (read.status, read.json) == (200, charge)
    assert {path: reply.status for path, reply in looked.items()} == dict.fromkeys(paths, 200)
    assert read.headers["Content-Language"] == "fr"
    assert keys
    assert "secret" not in keys[0]


def test_an_access_changes_nothing(
    administrator: Administrator, account: Account, belongings: Rows, door: Callable[[str], Door]
) -> None:
    """Each write is refused like a wrong right, and neither stored nor told."""
    administrator.open(account.id)
    key = administrator.look(account.id, "/v1/api_keys").json["data"][0]["id"]
    before = belongings.snapshot()
    token = administrator.realm.token(administrator.id, "admin")
    headers = {"Pay-Account": account.id, "Pay-Mode": "test"}
    refused = [
        door(function).post(path, body, key=token, headers=headers)
        for function, path, body in (
            ("create_charge", "/v1/charges", ORDER),
            ("manage_account", "/v1/api_keys", {"kind": "secret"}),
            ("manage_account", f"/v1/api_keys/{key}/revoke", None),
            ("manage_account", "/v1/invitations", {"email": "a@b.example", "duty": "owner"}),
            ("manage_account", f"/v1/team/{administrator.id}/remove", None),
            ("provision_account", "/v1/account/delete_test_data", None),
        )
    ]

    assert {(reply.status, reply.error["code"]) for reply in refused} == {
        (403, "permission_denied")
    }
    assert belongings.snapshot() == before


def test_the_merchant_sees_why_until_when_and_each_request(
    administrator: Administrator, account: Account, read_payments: Door, belongings: Rows
) -> None:
    """Opened, used, ended stand in the list of the account, and none of them names a person."""
    made = administrator.open(account.id).json
    found = administrator.look(account.id, "/v1/charges?limit=1")
    missing = administrator.look(account.id, "/v1/charges/ch_222222222222222222222222")
    administrator.call("POST", f"/v1/accesses/{made['id']}/end")
    page = read_payments.get("/v1/audit_entries", key=account.secret_key)
    entries = page.json["data"][:4][::-1]

    assert [entry["action"].partition(".")[2] for entry in entries] == [
        "opened", "used", "used", "ended"
    ]  # fmt: skip
    assert {entry["target"]["id"] for entry in entries} == {made["id"]}
    assert {(one["actor"]["kind"], one["actor"]["id"]) for one in entries} == {
        ("platform", "manage_platform")
    }
    assert (entries[0]["reason"], entries[0]["after"]) == (
        REASON, {"mode": "test", "expires_at": made["expires_at"]}
    )  # fmt: skip
    assert [entry["after"] for entry in entries[1:3]] == [
        {"operation": "list_charges"},
        {"operation": "read_charge", "id": "ch_222222222222222222222222"},
    ]
    assert [entry["request_id"] for entry in entries[1:3]] == [
        found.headers["Request-Id"], missing.headers["Request-Id"]
    ]  # fmt: skip
    assert missing.status == 404
    assert administrator.id not in page.content.decode()
    assert "192.0.2.9" not in page.content.decode()
    assert not belongings.of("audit_entries", "actor_id = :id", id=administrator.id)


def test_the_platform_keeps_who_it_was(
    administrator: Administrator, another: Administrator, account: Account
) -> None:
    """Its chain names who opened and who ended, and why; it is found by account and by person."""
    made = administrator.open(account.id).json
    another.call("POST", f"/v1/accesses/{made['id']}/end")
    path = f"/v1/platform/audit_entries?object={account.id}"
    ended, opened = another.call("GET", path).json["data"][:2]
    hers = another.call("GET", f"/v1/platform/audit_entries?actor={administrator.id}").json["data"]

    assert (opened["action"], opened["actor"]) == (
        "account_access.opened", {"kind": "person", "id": administrator.id}
    )  # fmt: skip
    assert (opened["reason"], opened["after"]["access"]) == (REASON, made["id"])
    assert (ended["action"], ended["actor"]["id"]) == ("account_access.ended", another.id)
    assert hers == [opened]


def test_the_owners_are_told_by_mail(
    administrator: Administrator, account: Account, belongings: Rows
) -> None:
    """One notice and its message, with the reason and the end, written with the access."""
    made = administrator.open(account.id).json
    [notice] = belongings.platform("notifications")
    topics = [(row["topic"], row["object_id"]) for row in belongings.platform("outbox")]

    assert (notice["kind"], notice["recipient"], notice["livemode"]) == (
        "access_opened", None, False
    )  # fmt: skip
    assert notice["data"] == {
        "access": made["id"],
        "reason": REASON,
        "until": notice["data"]["until"],
    }
    assert topics == [("notification-due", notice["id"])]


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


def test_a_merchant_cannot_spend_an_administrators_look(
    administrator: Administrator, account: Account, read_payments: Door, migrated: Database
) -> None:
    """Whoever is looked at decides neither whether we can look, nor do we spend her requests."""
    migrated.rule(account.id, "requests", {"account": 4, "key": 3, "seconds": 3600})
    administrator.open(account.id)
    looked = [administrator.look(account.id, "/v1/balance").status for _ in range(5)]
    own = [read_payments.get("/v1/balance", key=account.secret_key).status for _ in range(5)]
    again = administrator.look(account.id, "/v1/balance").status

    assert looked == [200] * 5
    assert own[:3] == [200] * 3
    assert own[-1] == 429
    assert again == 200


def test_an_access_has_a_rate_of_its_own(
    administrator: Administrator,
    account: Account,
    belongings: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is refused by it showed nothing, and the account is not told of it."""
    rate = RequestRate(account=2, key=2, seconds=3600)
    monkeypatch.setattr("shared.runtime.request_rates.OF_ACCESS", rate)
    administrator.open(account.id)
    statuses = [administrator.look(account.id, "/v1/balance").status for _ in range(4)]

    assert statuses == [200, 200, 429, 429]
    assert len(told(belongings, action="account_access.used")) == 2


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


def test_a_reason_keeps_no_secret_and_no_number(
    administrator: Administrator, account: Account, belongings: Rows
) -> None:
    """Whatever she writes of a payer or a key is masked in the row, the mail and both chains."""
    reason = f"The payer 677000001 was asked twice, key {account.secret_key}"
    made = administrator.open(account.id, reason=reason).json
    [notice] = belongings.platform("notifications")
    [entry] = told(belongings)

    assert made["reason"] == "The payer […01] was asked twice, key [hidden]"
    assert notice["data"]["reason"] == entry["reason"] == made["reason"]
    assert belongings.platform("account_accesses")[0]["reason"] == made["reason"]


def test_what_is_not_there_opens_nothing(
    administrator: Administrator, account: Account, belongings: Rows
) -> None:
    """No account, access or live mode, a closed account: each is said, and nothing is stored."""
    belongings.run(
        "DELETE FROM platform.account_schemas WHERE account_id = :id AND livemode", id=account.id
    )
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


def test_a_member_is_that_and_nothing_else(
    administrator: Administrator, account: Account, belongings: Rows, realm: Realm
) -> None:
    """Who administers and belongs to the account reads by her duty, untold, or not at all."""
    person = Team(belongings._connection).join(account.id, "viewer")
    both = Administrator(administrator.door, realm, person)
    both.open(account.id)
    before = len(told(belongings))
    charges = both.look(account.id, "/v1/charges", "test", "merchant")
    keys = both.look(account.id, "/v1/api_keys", "test", "merchant")
    as_admin = both.look(account.id, "/v1/charges")

    assert (charges.status, keys.status, as_admin.status) == (200, 403, 404)
    assert len(told(belongings)) == before == 1


def test_an_access_outlives_what_it_looked_at(
    administrator: Administrator, account: Account, belongings: Rows, realm: Realm,
    provision_account: Door,
) -> None:  # fmt: skip
    """An owner who empties her test mode deletes neither the access nor what was told of it."""
    administrator.open(account.id)
    owner = realm.token(Team(belongings._connection).join(account.id, "owner"))
    emptied = provision_account.post(
        "/v1/account/delete_test_data",
        key=owner,
        headers={"Pay-Account": account.id, "Pay-Mode": "test"},
    )

    assert emptied.status == 200
    assert administrator.look(account.id, "/v1/charges").json["data"] == []
    assert [row["action"] for row in told(belongings)] == [
        "account_access.opened", "account_access.used"
    ]  # fmt: skip


def test_a_suspended_account_is_read(
    administrator: Administrator, account: Account, belongings: Rows
) -> None:
    """As its members read it: that is when somebody must look."""
    belongings.run(
        "UPDATE platform.accounts SET state = 'suspended', suspended_from = 'active'"
        " WHERE id = :id",
        id=account.id,
    )

    assert administrator.open(account.id).status == 200
    assert administrator.look(account.id, "/v1/charges").status == 200


def test_what_cannot_be_told_is_not_answered(
    administrator: Administrator, account: Account, belongings: Rows, superuser: Connection
) -> None:
    """While the account's chain cannot be written, nothing is shown and nothing is opened."""
    administrator.open(account.id)
    assert administrator.look(account.id, "/v1/balance").status == 200
    before = belongings.snapshot()
    superuser.run("BEGIN")
    superuser.run(f'LOCK TABLE "{account.test.schema}".audit_entries IN EXCLUSIVE MODE')
    superuser.run(f'LOCK TABLE "{account.live.schema}".audit_entries IN EXCLUSIVE MODE')
    try:
        looked = administrator.look(account.id, "/v1/balance")
        opened = administrator.open(account.id, "live")
    finally:
        superuser.run("ROLLBACK")

    assert [(r.status, r.error["code"]) for r in (looked, opened)] == [
        (503, "temporarily_unavailable")
    ] * 2
    assert belongings.snapshot() == before


def test_what_a_path_hides_is_told_without_it(
    administrator: Administrator, account: Account, belongings: Rows
) -> None:
    """Long, invisible and secret parts of a path neither break the entry nor stay in it."""
    administrator.open(account.id)
    for part in ("x" * 400, "a%00b%E2%80%AEc", account.secret_key, "%ED%A0%80"):
        reply = administrator.look(account.id, f"/v1/charges/{unquote(part)}")
        assert reply.status == 404
    entries = [row["after"] for row in told(belongings, action="account_access.used")]

    assert len(entries) == 4
    assert all(len(after) < 200 for after in entries)
    assert '"id":"a bc"' in entries[1]
    assert "[hidden]" in entries[2]


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
