"""What an access shows and changes, and who hears of it: merchant, owners and platform."""

import uuid
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

import pytest
from pg8000.native import Connection

from shared.domain.rules import RequestRate
from tests.database import Account, Database
from tests.functions.accessing import REASON, Administrator, told
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team

ORDER: Final = {
    "amount": 1500,
    "currency": "xaf",
    "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
}


@pytest.fixture
def administrator(door: Callable[[str], Door], realm: Realm) -> Administrator:
    """One who has opened nothing yet."""
    return Administrator(door, realm, str(uuid.uuid4()))


@pytest.fixture
def another(door: Callable[[str], Door], realm: Realm) -> Administrator:
    """Another one."""
    return Administrator(door, realm, str(uuid.uuid4()))


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def belongings(make_rows: Callable[[Account], Rows], account: Account) -> Rows:
    """What is stored of the account and on the platform."""
    return make_rows(account)


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
