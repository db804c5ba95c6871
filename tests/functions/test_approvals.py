"""A payout that a second person must approve, through the doors, from the rule to the end."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pg8000.native import Connection
from sqlalchemy import Engine

from shared.runtime import wiring
from tests.database import Account, Database, enter, refusal_of
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.functions.till import AMOUNT, PAYER, Till
from tests.scripted_server import Seen

CHECK_VIOLATED = "23514"
DENIED = "42501"
DAY = 86_400


class Office:
    """A shop with 10 000 FCFA, of which every payout needs a second person, and its people."""

    def __init__(
        self, till: Till, *, door: Callable[[str], Door], realm: Realm, team: Team
    ) -> None:
        self.till, self._door, self._realm, self._team = till, door, realm, team
        self.account = till.account
        self.people: dict[str, str] = {}

    def person(self, name: str, duty: str = "finance") -> str:
        """Somebody of the account, always the same by one name."""
        if name not in self.people:
            self.people[name] = self._team.join(self.account.id, duty)
        return self.people[name]

    def call(
        self, name: str, function: str, path: str, body: object, *, mode: str = "test", ago: int = 0
    ) -> Reply:
        """Somebody's call, signed in so many seconds ago."""
        where = {"Pay-Account": self.account.id, "Pay-Mode": mode, "Idempotency-Key": f"k{path}"}
        token = self._realm.token(self.person(name), signed_in_ago=ago)
        return self._door(function).post(path, body, key=token, headers=where)

    def shown(self, payout_id: str) -> dict[str, Any]:
        """The payout as its merchant sees it."""
        path, key = f"/v1/payouts/{payout_id}", self.account.secret_key
        shown: dict[str, Any] = self._door("read_payments").get(path, key=key).json
        return shown

    def approve(self, name: str, payout_id: str, digest: str | None = None, **how: Any) -> Reply:
        """Somebody says yes to what she sees."""
        seen = digest or self.shown(payout_id)["approval"]["content_sha256"]
        body = {"content_sha256": seen}
        return self.call(name, "approve_payout", f"/v1/payouts/{payout_id}/approve", body, **how)

    def reject(self, name: str, payout_id: str, **how: Any) -> Reply:
        """Somebody says no."""
        body = {"reason": "not this month"}
        return self.call(name, "approve_payout", f"/v1/payouts/{payout_id}/reject", body, **how)

    def told(self) -> list[str]:
        """The events, by their types."""
        return [event["type"] for event in self.till.rows.of("events")]


@pytest.fixture
def office(
    till: Till, migrated: Database, superuser: Connection, door: Callable[[str], Door], realm: Realm
) -> Office:
    """An office of the test's own, whose rule no process has read before."""
    till.fund()
    migrated.rule(till.account.id, "approval", {"keys_from": 0, "people_from": 0})
    return Office(till, door=door, realm=realm, team=Team(superuser))


def test_a_payout_waits_and_goes_after_a_yes(office: Office, kept: list[Seen]) -> None:
    """Held at once, sent to nobody; after the yes of another it goes its whole way."""
    till = office.till
    payout_id = till.payout_made(reference="salary-1")
    early = (till.submit_payout(payout_id).status, till.settle_payout(payout_id).status)
    waiting = office.shown(payout_id)

    assert early == (204, 204)
    assert (till.transferred, kept) == ([], [])
    assert (waiting["status"], waiting["status_detail"]) == (
        "requires_approval", "awaiting_approval"
    )  # fmt: skip
    assert till.balances()["held"] == -AMOUNT
    [due] = till.rows.platform("due_work", "kind = 'payout_check'")
    assert int(due["due_at"].timestamp()) == waiting["approval"]["expires_at"]
    assert till.rows.platform("outbox", "topic = 'payout-ready'") == []
    [notice] = till.rows.platform("notifications", "kind = 'approval_wanted'")
    assert notice["data"] == {"payout": payout_id, "amount": str(AMOUNT)}

    reply = office.approve("checker", payout_id)

    assert (reply.status, reply.json["status"]) == (200, "pending"), reply.json
    assert reply.json["approval"]["decided_by"] == office.person("checker")
    [message] = till.rows.platform("outbox", "topic = 'payout-ready'")
    assert message["object_id"] == payout_id
    assert till.submit_payout(payout_id).status == till.settle_payout(payout_id).status == 204
    assert office.shown(payout_id)["status"] == "paid"
    assert len(till.transferred) == 1
    assert office.told() == [
        "payout.requires_approval", "payout.pending", "payout.in_transit", "payout.paid",
    ]  # fmt: skip
    [entry] = till.rows.of("audit_entries", "action = 'payout.approved'")
    assert (entry["actor_id"], entry["object_id"]) == (office.person("checker"), payout_id)
    halves = json.loads(entry["after"])["content_sha256"]
    assert "".join(halves) == waiting["approval"]["content_sha256"]


def test_a_no_gives_all_back(office: Office, kept: list[Seen]) -> None:
    """The reason is shown; the reference is free again, and nothing is sent."""
    payout_id = office.till.payout_made(reference="salary-1")

    reply, again = office.reject("checker", payout_id), office.reject("checker", payout_id)

    assert (reply.status, again.json) == (200, reply.json)
    assert (reply.json["status"], reply.json["status_detail"]) == ("canceled", "rejected")
    assert reply.json["approval"]["reason"] == "not this month"
    assert office.till.balances() == {"available": -10_000}
    assert office.till.submit_payout(payout_id).status == 204
    assert (office.till.transferred, kept) == ([], [])
    assert office.approve("other", payout_id).error["code"] == "approval_not_open"
    assert office.told() == ["payout.requires_approval", "payout.canceled"]
    assert office.till.ask_payout(reference="salary-1").status == 200


def test_nobody_approves_what_she_asked_for(office: Office) -> None:
    """Neither herself, nor by a key that she made, nor by one that this key made."""
    office.person("owner", "owner")
    keys = [
        office.call("owner", "manage_account", "/v1/api_keys", {"kind": "secret"}).json["secret"]
    ]
    made = office._door("manage_account").post("/v1/api_keys", {"kind": "secret"}, key=keys[0])
    keys.append(made.json["secret"])
    to = {"type": "mobile_money", "phone": f"+{PAYER}"}
    order = {"amount": 100, "currency": "xaf", "destination": to}
    asked = [office.call("owner", "create_payout", "/v1/payouts", order)]
    asked += [
        office._door("create_payout").post(
            "/v1/payouts", order, key=key, headers={"Idempotency-Key": key[-9:]}
        )
        for key in keys
    ]

    for reply in asked:
        assert (reply.status, reply.json["status"]) == (200, "requires_approval")
        payout_id = reply.json["id"]
        refused = office.approve("owner", payout_id)
        assert (refused.status, refused.error["code"]) == (403, "maker_cannot_approve")
        assert office.shown(payout_id)["status"] == "requires_approval"
        assert office.approve("checker", payout_id).status == 200


@pytest.mark.usefixtures("kept")
def test_who_may_not_decide_is_refused(office: Office) -> None:
    """A key, a developer, a stale sign-in, another hash, and whoever is no member any more."""
    payout_id = office.till.payout_made()
    office.person("developer", "developer")
    path, body = f"/v1/payouts/{payout_id}/approve", {"content_sha256": "0" * 64}
    by_key = office._door("approve_payout").post(path, body, key=office.account.secret_key)

    assert (by_key.status, by_key.error["code"]) == (403, "permission_denied")
    assert office.approve("developer", payout_id).error["code"] == "permission_denied"
    assert office.approve("checker", payout_id, ago=301).error["code"] == "step_up_required"
    assert office.reject("checker", payout_id, ago=301).error["code"] == "step_up_required"
    other = office.approve("checker", payout_id, "0" * 64)
    assert (other.status, other.error["code"]) == (400, "approval_changed")
    office._team.leave(office.person("checker"))
    assert office.approve("checker", payout_id).status == 404
    assert office.shown(payout_id)["status"] == "requires_approval"


def test_what_was_changed_is_not_approved(office: Office) -> None:
    """As somebody with the database might: neither by the old hash nor by a new one."""
    payout_id = office.till.payout_made()
    seen = office.shown(payout_id)["approval"]["content_sha256"]
    schema = office.account.test.schema
    office.till.rows.run(f"UPDATE \"{schema}\".payouts SET phone = '+237670000009'")

    for digest in (seen, None):
        reply = office.approve("checker", payout_id, digest)
        assert (reply.status, reply.error["code"]) == (400, "approval_changed")
    assert office.till.balances()["held"] == -AMOUNT


def test_after_its_time_it_is_over(office: Office, kept: list[Seen]) -> None:
    """Refused at the door before the clock has come by; then the clock gives it back, once."""
    payout_id = office.till.payout_made()
    schema = office.account.test.schema
    office.till.rows.run(f'UPDATE "{schema}".payouts SET approve_before = now()')

    assert office.approve("checker", payout_id).error["code"] == "approval_not_open"
    assert [office.till.settle_payout(payout_id).status for _ in range(2)] == [204, 204]

    shown = office.shown(payout_id)
    assert (shown["status"], shown["status_detail"]) == ("canceled", "expired")
    assert office.till.balances() == {"available": -10_000}
    [due] = office.till.rows.platform("due_work", "kind = 'payout_check'")
    assert due["done_at"] is not None
    assert office.told() == ["payout.requires_approval", "payout.canceled"]
    assert kept == []


def test_of_several_at_once_one_decides(office: Office) -> None:
    """Ten say yes or no in the same moment: one message or one refund, one entry."""
    for name in ("yes", "no"):
        office.person(name)
    payout_id = office.till.payout_made()
    seen = office.shown(payout_id)["approval"]["content_sha256"]

    def decide(number: int) -> Reply:
        if number % 2:
            return office.approve("yes", payout_id, seen)
        return office.reject("no", payout_id)

    with ThreadPoolExecutor(10) as crowd:
        replies = list(crowd.map(decide, range(10)))

    entries = office.till.rows.of("audit_entries", "object_id = :id", id=payout_id)
    messages = office.till.rows.platform("outbox", "topic = 'payout-ready'")
    status = office.till.stored_payout(payout_id)["status"]
    assert {reply.status for reply in replies} <= {200, 400, 503}
    assert len(entries) == 1
    assert (status, len(messages)) in {("created", 1), ("rejected", 0)}
    assert ("held" in office.till.balances()) is (status == "created")


def test_it_is_canceled_like_any_other(office: Office) -> None:
    """Its maker takes it back, and nobody can approve it any more."""
    payout_id = office.till.payout_made()

    assert office.till.cancel_payout(payout_id).json["status"] == "canceled"

    assert office.approve("checker", payout_id).error["code"] == "approval_not_open"
    assert office.till.balances() == {"available": -10_000}


# --- the rule ------------------------------------------------------------------------------------


def test_the_owner_says_what_needs_approval(
    till: Till, superuser: Connection, door: Callable[[str], Door], realm: Realm
) -> None:
    """At once in the test mode, freshly signed in, in the audit chain and by mail; nobody else."""
    office = Office(till, door=door, realm=realm, team=Team(superuser))
    office.person("owner", "owner")
    path, rule = "/v1/account/payout_approval", {"keys_from": AMOUNT, "people_from": None}
    till.fund()

    refused = office.call("checker", "provision_account", path, rule)
    stale = office.call("owner", "provision_account", path, rule, ago=301)
    reply = office.call("owner", "provision_account", path, rule)
    wiring._rules().renew(till.account.test)

    assert (refused.error["code"], stale.error["code"]) == ("permission_denied", "step_up_required")
    assert reply.status == 200, reply.json
    assert reply.json == {
        "object": "payout_approval_rule", **rule, "valid_from": reply.json["valid_from"],
        "livemode": False,
    }  # fmt: skip
    assert till.ask_payout(amount=AMOUNT - 1).json["status"] == "pending"
    assert till.ask_payout(amount=AMOUNT).json["status"] == "requires_approval"
    own = door("manage_account").get("/v1/account", key=till.account.secret_key).json
    assert own["payout_approval"] == rule
    [entry] = till.rows.of("audit_entries", "action = 'payout_approval.changed'")
    assert entry["actor_id"] == office.person("owner")
    [notice] = till.rows.platform("notifications", "kind = 'approval_rule_changed'")
    assert (notice["data"]["keys_from"], notice["data"]["people_from"]) == (str(AMOUNT), "never")


def test_a_live_rule_loosens_a_day_later(
    account_in_both_modes: Account,
    superuser: Connection,
    make_till: Callable[[Account], Till],
    *,
    door: Callable[[str], Door],
    realm: Realm,
) -> None:
    """What is stricter holds at once, the rest tomorrow; the last word takes the others' place."""
    account = account_in_both_modes
    office = Office(make_till(account), door=door, realm=realm, team=Team(superuser))
    office.person("owner", "owner")

    def say(keys: int | None, people: int | None) -> int:
        body = {"keys_from": keys, "people_from": people}
        path = "/v1/account/payout_approval"
        reply = office.call("owner", "provision_account", path, body, mode="live")
        assert reply.status == 200, reply.json
        return int(reply.json["valid_from"])

    def rules() -> list[tuple[Any, Any, bool]]:
        found = superuser.run(
            "SELECT data->'keys_from', data->'people_from', valid_from > now() + interval '23 h'"
            " FROM platform.dated_rules WHERE kind = 'approval' AND account_id = :id AND livemode"
            " ORDER BY valid_from",
            id=account.id,
        )
        return [tuple(row) for row in found or ()]

    first = say(1000, 0)
    later = say(None, 500)
    assert rules() == [(1000, 0, False), (1000, 0, False), (None, 500, True)]
    assert DAY - 60 <= later - first <= DAY + 60
    say(0, 0)
    assert rules()[-1] == (0, 0, False)
    assert not any(is_later for *_, is_later in rules())


# --- what the database holds to ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE payouts SET content_sha256 = repeat('0', 64)", DENIED),
        ("UPDATE payouts SET approve_before = 'infinity'", DENIED),
        ("UPDATE payouts SET made_by = 'somebody'", DENIED),
        ("UPDATE payouts SET status = 'submitting'", CHECK_VIOLATED),
        ("UPDATE payouts SET status = 'submitting', journaled_at = now()", CHECK_VIOLATED),
        ("UPDATE payouts SET status = 'rejected'", CHECK_VIOLATED),
        ("UPDATE payouts SET decided_by = 'x'", CHECK_VIOLATED),
        ("UPDATE payouts SET decided_by = made_by, decided_at = now()", CHECK_VIOLATED),
    ],
)
def test_a_tenant_s_role_cannot_approve_by_other_ways(
    office: Office, app_engine: Engine, sql: str, code: str
) -> None:
    """What is approved, until when and who asked is fixed; no maker stands as who decided."""
    office.till.payout_made()

    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, office.account.test)
        refused = refusal_of(connection, sql)
        transaction.rollback()
    assert refused == code
