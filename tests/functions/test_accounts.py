"""Accounts over HTTP: made once, activated by two on documents, stopped by one, closed if empty."""

import hashlib
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import pytest
from pg8000.native import Connection

from shared.domain.api_key import ApiKey
from shared.runtime.wiring import KEY_SECONDS
from tests.database import Account, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team

ORDER: Final = {"name": "Chez Marie", "language": "fr", "country": "CM"}
DOCUMENTS: Final = ("trade_register", "tax_card", "owner_identity")
UNKNOWN: Final = "acct_2222222222222222"
OWN_APPROVAL: Final = """UPDATE platform.account_proposals
SET outcome = 'approved', decided_at = now(), decided_by = proposed_by WHERE outcome IS NULL"""
INVITATION: Final = """
INSERT INTO platform.invitations
  (id, account_id, email, language, duty, token_hash, made_by, created_at, expires_at)
VALUES (:id, :account, 'late@shop.example', 'fr', 'viewer', sha256(convert_to(:id, 'UTF8')),
  'an owner of once', now(), now() + interval '1 day')"""
NOBODY: Final = "apr_222222222222222222222222"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody who administers the platform, always freshly signed in."""

    door: Door
    realm: Realm
    id: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Send a request."""
        token = self.realm.token(self.id, "admin")
        return self.door.call(
            method,
            f"/v1/accounts{path}",
            body,
            key=token,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Send a request that is granted; return the account."""
        reply = self.call("POST", path, body)
        assert reply.status == 200, reply.json
        account: dict[str, Any] = reply.json
        return account

    def refused(self, path: str, body: object) -> tuple[int, str]:
        """Send a request that is refused; return status and code."""
        reply = self.call("POST", path, body)
        return reply.status, reply.error["code"]

    def create(self, key: str | None = None, **changes: object) -> Reply:
        """Have an account made."""
        key = key or str(uuid.uuid4())
        return self.call("POST", "", {**ORDER, **changes}, Idempotency_Key=key)

    def look_at(self, account: str, *kinds: str) -> dict[str, Any]:
        """Look at documents."""
        for kind in kinds:
            digest = hashlib.sha256(kind.encode()).hexdigest()
            body = {"kind": kind, "file_name": f"{kind}.pdf", "sha256": digest}
            seen = self.post(f"/{account}/documents", body)
        return seen

    def propose(self, account: str, action: str, **more: object) -> dict[str, Any]:
        """Propose a change; return the proposal."""
        body = {"action": action, "reason": "as agreed by telephone", **more}
        proposal: dict[str, Any] = self.post(f"/{account}/proposals", body)["proposal"]
        return proposal

    def approve(self, account: str, proposal: Mapping[str, Any]) -> Reply:
        """Approve what was seen."""
        path = f"/{account}/proposals/{proposal['id']}/approve"
        return self.call("POST", path, {"content_sha256": proposal["content_sha256"]})


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


def activate(account: str, first: Administrator, second: Administrator, **more: object) -> None:
    """Activate an account as two do."""
    assert second.approve(account, first.propose(account, "activate", **more)).status == 200


def suspended_since(database: Connection, account: str, seconds: int) -> None:
    """Let time pass since a suspension."""
    database.run(
        "UPDATE platform.accounts SET state_since = now() - make_interval(secs => :s)"
        " WHERE id = :id",
        s=float(seconds),
        id=account,
    )


def test_a_new_account_takes_test_charges_at_once(
    first: Administrator, create_charge: Door, manage_account: Door, superuser: Connection
) -> None:
    """Its keys are in the answer alone, it has no live mode, and it knows what it waits for."""
    reply = first.create(webhook_url="https://hooks.chezmarie.cm/pay")
    account, shown = reply.json, reply.json["credentials"]
    key = shown["secret_key"]
    body = {
        "amount": 1500,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": "+237670000001"},
    }
    own = manage_account.get("/v1/account", key=key)

    assert (reply.status, reply.headers["Cache-Control"]) == (200, "no-store")
    assert account["modes"] == ["test"]
    assert account["state"] == "onboarding"
    assert create_charge.post("/v1/charges", body, key=key).status == 200
    assert own.json["missing"] == list(DOCUMENTS)
    assert (own.json["state"], own.json["charges_enabled"]) == ("onboarding", False)
    [decision] = account["decisions"]
    assert decision["action"] == "account.provisioned"
    assert decision["actor"] == {"kind": "person", "id": first.id}
    assert decision["request_id"] == reply.headers["Request-Id"]
    stored = superuser.run(
        "SELECT row_to_json(k)::text FROM platform.api_keys k WHERE account_id = :id"
        " UNION ALL SELECT row_to_json(a)::text FROM platform.accounts a WHERE id = :id",
        id=account["id"],
    )
    assert not any(str(key) in str(row) for row in stored or () for key in shown.values())


def test_the_same_key_makes_no_second_account(first: Administrator, second: Administrator) -> None:
    """It is answered with the account and without secrets; another's same key is its own."""
    key = str(uuid.uuid4())
    made, again = first.create(key), first.create(key)
    other = first.create(key, name="Chez Paul")

    assert again.json["id"] == made.json["id"]
    assert again.json["credentials"] is None
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.error["code"]) == (400, "idempotency_key_reused")
    assert second.create(key).json["id"] != made.json["id"]


def test_two_at_once_with_one_key_make_one_account(
    first: Administrator, superuser: Connection
) -> None:
    """One of them may be told to wait; both name the same account, and there is no second."""
    key = str(uuid.uuid4())
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda _: first.create(key), range(2)))
    made = {reply.json["id"] for reply in replies if reply.status == 200}
    [[count]] = superuser.run(
        "SELECT count(*) FROM platform.accounts WHERE creation_key = :key", key=key
    ) or [[0]]

    assert {reply.status for reply in replies} <= {200, 409}
    assert (len(made), count) == (1, 1)


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "parameter_missing", "name"),
        ({"name": "x"}, "parameter_missing", "language"),
        ({**ORDER, "name": 7}, "parameter_invalid", "name"),
        ({**ORDER, "name": "a\nb"}, "parameter_invalid", "name"),
        ({**ORDER, "language": "de"}, "parameter_invalid", "language"),
        ({**ORDER, "country": "FR"}, "parameter_invalid", "country"),
        ({**ORDER, "country": ["CM"]}, "parameter_invalid", "country"),
        ({**ORDER, "webhook_url": "http://chezmarie.cm/"}, "url_not_https", "webhook_url"),
        ({**ORDER, "webhook_url": "https://localhost/"}, "url_host_not_allowed", "webhook_url"),
        ({**ORDER, "modes": ["live"]}, "parameter_unknown", "modes"),
    ],
)
def test_a_malformed_order_makes_nothing(
    first: Administrator, rows: Rows, body: object, code: str, param: str
) -> None:
    """Each field is refused by its name."""
    before = rows.snapshot()
    reply = first.call("POST", "", body, Idempotency_Key=str(uuid.uuid4()))

    assert (reply.status, reply.error["code"], reply.error["param"]) == (400, code, param)
    assert rows.snapshot() == before


def test_an_account_is_made_under_an_idempotency_key(first: Administrator) -> None:
    """Without one a lost answer would make a second account."""
    reply = first.call("POST", "", ORDER)

    assert (reply.status, reply.error["code"]) == (400, "idempotency_key_missing")


WRITES: Final[tuple[tuple[str, object], ...]] = (
    ("", ORDER),
    ("/{id}/documents", {"kind": "other", "file_name": "a.pdf", "sha256": "0" * 64}),
    ("/{id}/suspend", {"reason": "because"}),
    ("/{id}/proposals", {"action": "close", "reason": "because"}),
    (f"/{{id}}/proposals/{NOBODY}/approve", {"content_sha256": "0" * 64}),
    (f"/{{id}}/proposals/{NOBODY}/reject", {"reason": "because"}),
)


def test_only_administrators_who_signed_in_just_now_change_accounts(
    provision_account: Door, realm: Realm, team: Team, shop: Account, rows: Rows
) -> None:
    """Nobody 401; merchants, customers and keys never; an administrator of this morning looks."""
    owner = team.join(shop.id, "owner")
    before = rows.snapshot()

    def status(method: str, path: str, body: object, key: str | None) -> tuple[int, str | None]:
        url = f"/v1/accounts{path.format(id=shop.id)}"
        headers = {"Idempotency-Key": "k", "Pay-Account": shop.id, "Pay-Mode": "live"}
        reply = provision_account.call(method, url, body, key=key, headers=headers)
        return reply.status, None if reply.status == 200 else reply.error["code"]

    stale = realm.token("an administrator", "admin", signed_in_ago=301)
    for path, body in WRITES:
        assert status("POST", path, body, stale) == (403, "step_up_required")
    for path in ("", "/{id}"):
        assert status("GET", path, None, stale)[0] == 200
    for method, path, body in [
        *(("POST", path, body) for path, body in WRITES),
        ("GET", "", None),
        ("GET", "/{id}", None),
    ]:
        assert status(method, path, body, realm.token(owner))[0] == 403
        assert status(method, path, body, realm.token("x", "customer"))[0] == 403
        assert status(method, path, body, shop.secret_key)[0] == 401
        assert status(method, path, body, None)[0] == 401
    assert rows.snapshot() == before


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/documents", {"kind": "passport", "file_name": "a", "sha256": "0" * 64}, "invalid"),
        ("/documents", {"kind": "other", "file_name": "a\x00b", "sha256": "0" * 64}, "invalid"),
        ("/documents", {"kind": "other", "file_name": "", "sha256": "0" * 64}, "invalid"),
        ("/documents", {"kind": "other", "file_name": "a", "sha256": "0" * 63}, "invalid"),
        ("/documents", {"kind": "other", "file_name": "a", "sha256": "0" * 64 + "\n"}, "invalid"),
        ("/documents", {"kind": "other", "file_name": "a"}, "missing"),
        ("/suspend", {}, "missing"),
        ("/suspend", {"reason": " "}, "invalid"),
        ("/suspend", {"reason": "x" * 1001}, "invalid"),
        ("/suspend", {"reason": "why", "until": 1}, "unknown"),
        ("/proposals", {"action": "suspend", "reason": "why"}, "invalid"),
        ("/proposals", {"action": "delete", "reason": "why"}, "invalid"),
        ("/proposals", {"action": "restrict", "reason": "why"}, "invalid"),
        ("/proposals", {"action": "restrict", "reason": "w", "charges_enabled": 0}, "invalid"),
        ("/proposals", {"action": "restrict", "reason": "w", "charges_enabled": "no"}, "invalid"),
        ("/proposals", {"action": "restrict", "reason": "w", "charges_enabled": []}, "invalid"),
        ("/proposals", {"action": "restrict"}, "missing"),
        (f"/proposals/{NOBODY}/approve", {"content_sha256": "F" * 64}, "invalid"),
    ],
)
def test_a_malformed_change_changes_nothing(
    *, first: Administrator, shop: Account, rows: Rows, path: str, body: object, code: str
) -> None:
    """Refused by name, before anything is written."""
    before = rows.snapshot()

    assert first.refused(f"/{shop.id}{path}", body) == (400, f"parameter_{code}")
    assert rows.snapshot() == before


def test_an_account_that_is_not_there(first: Administrator) -> None:
    """Is not found, whatever shall be done to it."""
    for path, body in WRITES[1:]:
        assert first.refused(path.format(id=UNKNOWN), body) == (404, "resource_missing")
    assert first.call("GET", f"/{UNKNOWN}").status == 404


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
    account = make_account()
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
    live_key = account.provisioned.modes[1].secret_key
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


def test_accounts_are_listed_newest_first(first: Administrator) -> None:
    """Page by page, in one state or in all; a malformed question is refused."""
    made = [first.create().json["id"] for _ in range(3)]
    one = first.call("GET", "?limit=2").json
    two = first.call("GET", f"?limit=1&starting_after={one['data'][-1]['id']}").json
    waiting = first.call("GET", "?state=onboarding&limit=3").json
    closed = first.call("GET", "?state=closed&limit=100").json["data"]

    assert [account["id"] for account in (*one["data"], *two["data"])] == made[::-1]
    assert one["has_more"] is True
    assert [account["id"] for account in waiting["data"]] == made[::-1]
    assert not {account["id"] for account in closed} & set(made)
    for query in ("limit=0", "limit=101", "state=open", "starting_after=x", "name=x"):
        assert first.call("GET", f"?{query}").status == 400


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


def test_a_member_and_a_key_read_their_account(
    realm: Realm, team: Team, manage_account: Door, shop: Account, make_account: MakeAccount
) -> None:
    """Every duty, both modes, and a key with the scope; another's is not there."""
    for duty in ("owner", "developer", "finance", "viewer"):
        for mode in ("test", "live"):
            where = {"Pay-Account": shop.id, "Pay-Mode": mode}
            own = manage_account.get(
                "/v1/account", key=realm.token(team.join(shop.id, duty)), headers=where
            )

            assert own.status == 200
            assert (own.json["id"], own.json["missing"]) == (shop.id, [])
            assert own.json["modes"] == ["test", "live"]
    key = manage_account.post(
        "/v1/api_keys",
        {"kind": "restricted", "scopes": ["account:read"]},
        key=shop.secret_key,
    ).json["secret"]
    assert manage_account.get("/v1/account", key=key).json["state"] == "active"
    assert manage_account.get("/v1/account?x=1", key=key).status == 400
    other = {"Pay-Account": make_account().id, "Pay-Mode": "test"}
    assert (
        manage_account.get(
            "/v1/account", key=realm.token(team.join(shop.id, "owner")), headers=other
        ).status
        == 404
    )
