"""States of accounts over HTTP: activated by two on documents, stopped by one, closed if empty."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from pg8000.native import Connection

from shared.domain.api_key import ApiKey
from shared.runtime.wiring import KEY_SECONDS
from tests.database import MakeAccount
from tests.functions.administering import DOCUMENTS, Administrator, activate, suspended_since
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.team import Team

OWN_APPROVAL: Final = """UPDATE platform.account_proposals
SET outcome = 'approved', decided_at = now(), decided_by = proposed_by WHERE outcome IS NULL"""
INVITATION: Final = """
INSERT INTO platform.invitations
  (id, account_id, email, language, duty, token_hash, made_by, created_at, expires_at)
VALUES (:id, :account, 'late@shop.example', 'fr', 'viewer', sha256(convert_to(:id, 'UTF8')),
  'an owner of once', now(), now() + interval '1 day')"""


@pytest.fixture(scope="module")
def first(provision_account: Door, realm: Realm) -> Administrator:
    """One administrator."""
    return Administrator(provision_account, realm, str(uuid.uuid4()))


@pytest.fixture(scope="module")
def second(provision_account: Door, realm: Realm) -> Administrator:
    """Another."""
    return Administrator(provision_account, realm, str(uuid.uuid4()))


@pytest.fixture(scope="module")
def team(superuser: Connection) -> Team:
    """Who joins and leaves."""
    return Team(superuser)


@pytest.fixture
def onboarding(first: Administrator) -> str:
    """A new account whose documents somebody has looked at."""
    account: str = first.create().json["id"]
    first.look_at(account, *DOCUMENTS)
    return account


def test_two_administrators_activate_on_documents(
    *,
    first: Administrator,
    second: Administrator,
    realm: Realm,
    team: Team,
    manage_account: Door,
    read_payments: Door,
) -> None:
    """Then the live mode is there, and its owner makes a live key that works."""
    account = first.create().json["id"]
    early = first.refused(f"/{account}/proposals", {"action": "activate", "reason": "we know her"})
    first.look_at(account, *DOCUMENTS)
    proposal = first.propose(account, "activate", payouts_enabled=True)
    own = first.approve(account, proposal)
    done = second.approve(account, proposal).json
    owner = realm.token(team.join(account, "owner"))
    live = {"Pay-Account": account, "Pay-Mode": "live"}
    made = manage_account.post("/v1/api_keys", {"kind": "secret"}, key=owner, headers=live)

    assert early == (400, "documents_missing")
    assert (own.status, own.error["code"]) == (403, "second_person_required")
    assert (done["state"], done["modes"]) == ("active", ["test", "live"])
    assert (done["charges_enabled"], done["payouts_enabled"]) == (True, True)
    assert ApiKey.parse(made.json["secret"]).livemode
    balance = read_payments.get("/v1/balance", key=made.json["secret"])
    assert balance.json["livemode"] is True
    newest = done["decisions"][0]
    assert (newest["action"], newest["actor"]["id"]) == ("account.activated", second.id)
    assert newest["after"]["proposed_by"] == first.id
    assert newest["before"]["state"] == "onboarding"
    assert second.refused(
        f"/{account}/proposals/{proposal['id']}/approve",
        {"content_sha256": proposal["content_sha256"]},
    ) == (400, "proposal_not_open")


def test_whatever_changes_voids_a_proposal(
    first: Administrator, second: Administrator, onboarding: str, superuser: Connection
) -> None:
    """Another document, another name, another state: what was bound is void, not approved."""
    for change in (
        lambda: first.look_at(onboarding, "other"),
        lambda: superuser.run(
            "UPDATE platform.accounts SET name = 'Chez Jean' WHERE id = :id", id=onboarding
        ),
        lambda: first.post(f"/{onboarding}/suspend", {"reason": "a doubt"}),
    ):
        proposal = first.propose(onboarding, "activate")
        change()
        reply = second.approve(onboarding, proposal)
        account = first.call("GET", f"/{onboarding}").json

        assert (reply.status, reply.error["code"]) == (400, "proposal_changed")
        assert account["proposal"] is None
        assert account["decisions"][0]["action"] == "account.proposal_voided"
        assert account["state"] in {"onboarding", "suspended"}
    assert account["modes"] == ["test"]


def test_what_was_not_seen_is_not_approved(
    first: Administrator, second: Administrator, onboarding: str
) -> None:
    """An approval of other content than the proposal's own leaves it open."""
    proposal = first.propose(onboarding, "activate")
    reply = second.approve(onboarding, {**proposal, "content_sha256": "0" * 64})
    open_still = second.call("GET", f"/{onboarding}").json["proposal"]

    assert (reply.status, reply.error["code"]) == (400, "proposal_changed")
    assert open_still == proposal


def test_a_proposal_is_open_for_72_hours_and_alone(
    first: Administrator, second: Administrator, onboarding: str, superuser: Connection
) -> None:
    """A second one is refused until the first is decided or its time is over."""
    proposal = first.propose(onboarding, "activate")
    body = {"action": "activate", "reason": "again"}
    meanwhile = second.refused(f"/{onboarding}/proposals", body)
    superuser.run("ALTER TABLE platform.account_proposals DISABLE TRIGGER decided_once")
    superuser.run(
        "UPDATE platform.account_proposals SET expires_at = now() WHERE id = :id",
        id=proposal["id"],
    )
    superuser.run("ALTER TABLE platform.account_proposals ENABLE TRIGGER decided_once")
    late = second.approve(onboarding, proposal)
    after = second.propose(onboarding, "activate")
    path = f"/{onboarding}/proposals/{after['id']}/reject"
    rejected = second.post(path, {"reason": "a mistake of mine"})

    assert proposal["expires_at"] - proposal["proposed_at"] == 72 * 3600
    assert meanwhile == (400, "proposal_open")
    assert (late.status, late.error["code"]) == (400, "proposal_not_open")
    assert rejected["proposal"] is None
    assert rejected["decisions"][0]["action"] == "account.proposal_rejected"


def test_two_approvers_at_once_activate_once(
    first: Administrator, second: Administrator, onboarding: str, superuser: Connection
) -> None:
    """One does it; the other is told that it is decided; there is one live schema."""
    proposal = first.propose(onboarding, "activate")
    third = Administrator(second.door, second.realm, str(uuid.uuid4()))
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda one: one.approve(onboarding, proposal), (second, third)))
    codes = sorted("done" if r.status == 200 else r.error["code"] for r in replies)
    [[count]] = superuser.run(
        "SELECT count(*) FROM platform.audit_entries"
        " WHERE object_id = :id AND action = 'account.activated'",
        id=onboarding,
    ) or [[0]]

    assert codes == ["done", "proposal_not_open"]
    assert count == 1


def test_one_stops_an_account_and_two_let_it_go_on(
    *,
    first: Administrator,
    second: Administrator,
    onboarding: str,
    create_charge: Door,
    read_payments: Door,
    make_account: MakeAccount,
) -> None:
    """Within seconds running functions refuse writes and go on reading; resuming leads back."""
    account = make_account()
    body = {
        "amount": 1500,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
    }
    assert create_charge.post("/v1/charges", body, key=account.secret_key).status == 200
    stopped = first.post(f"/{account.id}/suspend", {"reason": "a leaked key"})
    deadline = time.monotonic() + KEY_SECONDS + 1
    while (reply := create_charge.post("/v1/charges", body, key=account.secret_key)).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    again = first.refused(f"/{account.id}/suspend", {"reason": "twice"})
    resumed = second.approve(account.id, first.propose(account.id, "resume")).json
    first.post(f"/{onboarding}/suspend", {"reason": "a doubt"})
    back = second.approve(onboarding, first.propose(onboarding, "resume")).json

    assert reply.error["code"] == "account_suspended"
    assert read_payments.get("/v1/charges", key=account.secret_key).status == 200
    assert again == (400, "account_state_refuses")
    assert stopped["decisions"][0]["reason"] == "a leaked key"
    assert (resumed["state"], resumed["charges_enabled"]) == ("active", True)
    assert (back["state"], back["modes"]) == ("onboarding", ["test"])


def test_two_restrict_an_account_and_free_it(
    first: Administrator, second: Administrator, onboarding: str
) -> None:
    """What is switched off is what was proposed; nothing is switched on by a restriction."""
    activate(onboarding, first, second, payouts_enabled=True)
    off = first.propose(onboarding, "restrict", payouts_enabled=False, charges_enabled=True)
    restricted = second.approve(onboarding, off).json
    wider = first.refused(
        f"/{onboarding}/proposals",
        {"action": "restrict", "reason": "again", "charges_enabled": False},
    )
    freed = second.approve(onboarding, first.propose(onboarding, "unrestrict")).json

    assert (restricted["state"], restricted["charges_enabled"]) == ("restricted", True)
    assert restricted["payouts_enabled"] is False
    assert wider == (400, "account_state_refuses")
    assert (freed["state"], freed["payouts_enabled"]) == ("active", False)


def test_an_account_is_closed_when_nothing_is_left(
    *,
    first: Administrator,
    second: Administrator,
    superuser: Connection,
    make_account: MakeAccount,
    team: Team,
    read_payments: Door,
    create_charge: Door,
) -> None:
    """From a suspension that everybody has seen, settled in both modes; then keys and people go."""
    account = make_account(live=True)
    body = {
        "amount": 1500,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
    }
    charge = create_charge.post("/v1/charges", body, key=account.secret_key).json["id"]
    person = team.join(account.id, "owner")
    superuser.run(INVITATION, id=f"inv_{account.id[5:]}22222222", account=account.id)
    path = f"/{account.id}/proposals"
    active = first.refused(path, {"action": "close", "reason": "at her wish"})
    first.post(f"/{account.id}/suspend", {"reason": "before closing"})
    early = second.approve(account.id, first.propose(account.id, "close"))
    suspended_since(superuser, account.id, 61)
    proposal = first.call("GET", f"/{account.id}").json["proposal"]
    void = second.approve(account.id, proposal)
    proposal = first.propose(account.id, "close")
    unsettled = second.approve(account.id, proposal)
    schema = account.test.schema
    superuser.run(
        f"UPDATE \"{schema}\".charges SET status = 'failed', failure_code = 'expired'"
        " WHERE id = :id",
        id=charge,
    )
    superuser.run("UPDATE platform.due_work SET done_at = now() WHERE object_id = :id", id=charge)
    superuser.run(
        "UPDATE platform.due_work SET due_at = 'infinity'"
        " WHERE account_id = :id AND kind = 'webhook'",
        id=account.id,
    )
    superuser.run(
        "UPDATE platform.outbox SET published_at = now() WHERE account_id = :id", id=account.id
    )
    superuser.run(
        f'UPDATE "{account.live.schema}".ledger_accounts SET balance = -1'
        " WHERE code = 'available'"
    )
    owed = second.approve(account.id, proposal)
    superuser.run(f'UPDATE "{account.live.schema}".ledger_accounts SET balance = 0')
    closed = second.approve(account.id, proposal)
    live_key = account.live_key
    gone = read_payments.get("/v1/charges", key=live_key)
    ended = superuser.run("SELECT ended_at FROM platform.members WHERE person = :id", id=person)
    invited = superuser.run(
        "SELECT revoked_at IS NULL FROM platform.invitations WHERE account_id = :id", id=account.id
    )

    told = superuser.run(
        "SELECT n.kind, o.topic FROM platform.notifications n JOIN platform.outbox o"
        " ON o.object_id = n.id WHERE n.account_id = :id ORDER BY n.created_at",
        id=account.id,
    )

    assert [kind for kind, _ in told] == ["account_suspended", "account_closed"]
    assert active == (400, "account_state_refuses")
    assert (early.status, early.error["code"]) == (400, "account_suspended_lately")
    assert void.error["code"] == "proposal_changed"
    assert unsettled.error["code"] == "account_not_settled"
    assert unsettled.error["message"].endswith("charge, due_work.")
    assert owed.error["message"].endswith("balance.")
    assert (closed.json["state"], closed.json["charges_enabled"]) == ("closed", False)
    assert (ended != [[None]], invited, gone.status) == (True, [[False]], 401)
    assert first.refused(f"/{account.id}/suspend", {"reason": "again"})[0] == 400
    assert first.refused(path, {"action": "resume", "reason": "again"})[0] == 400


def test_records_never_change(first: Administrator, onboarding: str, superuser: Connection) -> None:
    """Neither the owner nor a superuser by mistake rewrites what was looked at or decided."""
    first.propose(onboarding, "activate")
    for sql in (
        "TRUNCATE platform.account_documents",
        "UPDATE platform.account_documents SET file_name = 'x'",
        "UPDATE platform.account_proposals SET reason = 'x' WHERE outcome IS NULL",
        OWN_APPROVAL,
    ):
        with pytest.raises(Exception, match="23514"):
            superuser.run(sql)
