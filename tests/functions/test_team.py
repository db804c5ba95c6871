"""The team over HTTP: changed by owners alone, joined by invitation, and never without an owner."""

import io
import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from pg8000.native import Connection

from shared.domain.api_key import KeyKind
from shared.domain.events import IDENTITY_DUE, Message
from shared.domain.ids import new_id
from shared.domain.people import Duty
from shared.runtime import notice_secrets
from tests.database import Account, MakeAccount
from tests.functions.conftest import BASE_URL
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import MEMBER_EMAIL, Team


@dataclass(frozen=True, slots=True)
class Office:
    """An account with its people, seen through the one door that changes them."""

    account: Account
    door: Door
    realm: Realm
    rows: Rows
    people: Team

    def join(self, duty: str = "owner", *, email: str = MEMBER_EMAIL) -> str:
        """Make somebody new a member, past the door; return who it is."""
        return self.people.join(self.account.id, duty, email=email)

    def call(
        self,
        person: str | None,
        path: str,
        body: object = None,
        *,
        mode: str = "test",
        account: str | None = None,
        ago: int = 0,
    ) -> Reply:
        """Call as a person at work here, or with the account's secret key; POST, or GET a list."""
        key = (
            self.account.secret_key
            if person is None
            else self.realm.token(person, signed_in_ago=ago)
        )
        headers = {"Pay-Account": account or self.account.id, "Pay-Mode": mode}
        is_list = body is None and path in {"/v1/team", "/v1/invitations"}
        if is_list:
            return self.door.get(path, key=key, headers=headers)
        return self.door.post(path, body, key=key, headers=headers)

    def invite(
        self, owner: str, email: str = "dib@shop.example", duty: str = "viewer", **how: Any
    ) -> Reply:
        """Invite somebody."""
        return self.call(owner, "/v1/invitations", {"email": email, "duty": duty}, **how)

    def bind(self, invitation: str, person: str | None) -> str:
        """Keep whose address it is, as Keycloak would say; return the token of the mail."""
        self.rows.run(
            "UPDATE platform.invitations SET person = :person WHERE id = :id",
            id=invitation,
            person=person,
        )
        [token] = [link.partition("#")[2] for link in self.links() if invitation in link]
        return token

    def links(self) -> list[str]:
        """The links of all mails that wait to be sent."""
        return [
            notice_secrets.open_sealed(row["secret_sealed"], row["id"])
            for row in self.rows.platform("notifications", "kind = 'invitation'")
        ]

    def accept(self, person: str, token: str) -> Reply:
        """Accept as a person who names no account."""
        return self.door.post(
            "/v1/invitations/accept", {"token": token}, key=self.realm.token(person)
        )

    def duties(self) -> dict[str, str]:
        """The duty of each member."""
        members = self.rows.platform("members", "ended_at IS NULL")
        return {row["person"]: row["duty"] for row in members}

    def acts(self, since: int) -> list[tuple[str, str, str, Any, Any]]:
        """What was kept of who did what: action, actor, object, before and after, in order."""
        schema = self.account.live.schema
        return [
            (action, actor, about, before and json.loads(before), after and json.loads(after))
            for action, actor, about, before, after in self.rows.run(
                "SELECT action, actor_id, object_id, before, after"
                f' FROM "{schema}".audit_entries WHERE position > :since ORDER BY position',
                since=since,
            )
        ]

    def work(self) -> list[str]:
        """What Keycloak is to be brought to, in the order of its causes."""
        found = self.rows.platform("outbox", "topic = 'identity-due'")
        return [row["object_id"] for row in sorted(found, key=lambda row: row["id"])]


@pytest.fixture(scope="module")
def headquarters(
    shop: Account, manage_account: Door, realm: Realm, rows: Rows, superuser: Connection
) -> Office:
    """The account of this file's tests."""
    return Office(shop, manage_account, realm, rows, Team(superuser))


@pytest.fixture
def office(headquarters: Office) -> Iterator[Office]:
    """The same, active and without anybody in it: an account of a test's own takes longer."""
    yield headquarters
    account = headquarters.account.id
    for table in ("invitations", "members", "notifications", "outbox"):
        headquarters.rows.run(f"DELETE FROM platform.{table} WHERE account_id = :id", id=account)
    headquarters.rows.run(
        "UPDATE platform.accounts SET state = 'active' WHERE id = :id", id=account
    )


@pytest.fixture
def owner(office: Office) -> str:
    """Its owner."""
    return office.join(email="awa@shop.example")


def status_of(reply: Reply) -> tuple[int, str]:
    """Status and code of a refusal."""
    return reply.status, reply.error["code"]


def test_an_invitation_lets_one_person_in_once(office: Office, owner: str) -> None:
    """From the owner's wish to the new member's account, in whichever mode; then it is used up."""
    made = office.invite(owner, "Dib@Shop.example", "developer", mode="live")
    dib, other = str(uuid.uuid4()), str(uuid.uuid4())
    token = office.bind(made.json["id"], dib)
    assert made.status == 200
    assert made.json["email"] == "dib@shop.example"
    assert made.json["expires_at"] - made.json["created"] == 7 * 86_400
    assert office.call(owner, "/v1/invitations").json["data"] == [made.json]
    refused = office.accept(other, token)
    joined = office.accept(dib, token)
    again, stolen = office.accept(dib, token), office.accept(other, token)

    assert status_of(refused) == (403, "invitation_of_another")
    assert (joined.status, joined.json["id"]) == (200, office.account.id)
    assert (joined.json["duty"], joined.json["modes"]) == ("developer", ["test", "live"])
    assert status_of(again) == status_of(stolen) == (400, "invitation_used")
    assert office.duties() == {owner: "owner", dib: "developer"}
    assert office.work() == [made.json["id"], dib]
    assert office.call(owner, "/v1/invitations").json["data"] == []
    team = office.call(dib, "/v1/team", mode="live").json["data"]
    assert [(each["id"], each["email"], each["added_by"]) for each in team] == [
        (owner, "awa@shop.example", None),
        (dib, "dib@shop.example", owner),
    ]


def test_every_act_leaves_who_did_it(office: Office, owner: str) -> None:
    """In one chain for both modes and without an address; what is refused or done leaves none."""
    since = len(office.acts(0))
    second, dib = office.join(), str(uuid.uuid4())
    first = office.invite(owner).json["id"]
    office.accept(dib, office.bind(first, str(uuid.uuid4())))
    office.accept(dib, office.bind(first, dib))
    for _ in range(2):
        office.call(second, f"/v1/team/{dib}", {"duty": "finance"}, mode="live")
    other = office.invite(owner, "x@shop.example", mode="live").json["id"]
    third = office.invite(owner, "y@shop.example").json["id"]
    for _ in range(2):
        office.call(owner, f"/v1/invitations/{third}/revoke")
    office.call(second, f"/v1/team/{owner}/remove")
    office.call(dib, f"/v1/team/{dib}/remove")
    office.call(second, f"/v1/team/{second}/remove")
    acts = office.acts(since)

    assert [act[:3] for act in acts] == [
        ("invitation.created", owner, first),
        ("member.joined", dib, dib),
        ("member.duty_changed", second, dib),
        ("invitation.created", owner, other),
        ("invitation.created", owner, third),
        ("invitation.revoked", owner, third),
        ("member.removed", second, owner),
        ("member.left", dib, dib),
    ]
    assert acts[1][4] == {"duty": "viewer", "invitation": first}
    assert acts[2][3:] == ({"duty": "viewer"}, {"duty": "finance"})
    assert acts[6][4]["revoked_invitations"] == [other]
    assert "@" not in json.dumps(acts)


def test_the_token_is_nowhere_but_in_the_mail(office: Office, owner: str) -> None:
    """Stored are a hash, and the link, sealed, until it is sent; no answer carries either."""
    made = office.invite(owner, "Dib@shop.example")
    [row], [notice] = (office.rows.platform(table) for table in ("invitations", "notifications"))
    [link] = office.links()

    assert link.startswith(f"{BASE_URL}/dashboard/invitation#{made.json['id']}.")
    assert (notice["recipient"], notice["language"]) == ("dib@shop.example", "fr")
    assert link.partition(".")[2] not in f"{row} {notice}"
    assert set(made.json) == {
        "id", "object", "email", "language", "duty", "made_by", "created", "expires_at",
        "revoked_at",
    }  # fmt: skip
    assert len(row["token_hash"]) == 32


def test_guessing_tells_nothing(office: Office, owner: str) -> None:
    """A wrong secret, an unknown invitation and what is no token are one answer."""
    made = office.invite(owner).json["id"]
    person = str(uuid.uuid4())
    right = office.bind(made, person)
    before = office.rows.snapshot()
    secret = right.partition(".")[2]
    guesses = [right[:-1], f"{made}.", f"{new_id('inv', 1)}.{secret}", secret, "?", "\u00e9"]
    replies = [office.accept(person, guess) for guess in guesses]

    assert {status_of(reply) for reply in replies} == {(404, "resource_missing")}
    assert len({reply.error["message"] for reply in replies}) == 1
    assert office.rows.snapshot() == before
    assert office.accept(person, right).status == 200


@pytest.mark.parametrize("body", [{}, {"token": None}, {"token": 7}, {"token": "x" * 201},
                                  {"token": "x", "account": "y"}])  # fmt: skip
def test_an_acceptance_that_is_none_is_refused(office: Office, body: object) -> None:
    """The field at fault is named."""
    key = office.realm.token(str(uuid.uuid4()))
    assert office.door.post("/v1/invitations/accept", body, key=key).status == 400


def test_an_invitation_waits_for_keycloak(office: Office, owner: str) -> None:
    """Until it is known whose address it is nobody gets in, and nothing is used up."""
    token = office.bind(office.invite(owner).json["id"], None)
    before = office.rows.snapshot()
    reply = office.accept(str(uuid.uuid4()), token)

    assert status_of(reply) == (503, "invitation_not_ready")
    assert int(reply.headers["Retry-After"]) > 0
    assert office.rows.snapshot() == before


@pytest.mark.parametrize("end", ["revoked", "expired", "lowered", "removed"])
def test_an_invitation_ends(office: Office, owner: str, end: str) -> None:
    """By its maker's hand, after seven days, and when its maker is no owner any more."""
    second = office.join()
    made = office.invite(owner).json["id"]
    dib = str(uuid.uuid4())
    token = office.bind(made, dib)
    if end == "revoked":
        for _ in range(2):
            assert office.call(second, f"/v1/invitations/{made}/revoke").json["revoked_at"]
    elif end == "expired":
        office.rows.run(
            "UPDATE platform.invitations SET created_at = created_at - interval '168 hours',"
            " expires_at = expires_at - interval '168 hours' WHERE id = :id", id=made
        )  # fmt: skip
    elif end == "lowered":
        assert office.call(second, f"/v1/team/{owner}", {"duty": "finance"}).status == 200
    else:
        assert office.call(second, f"/v1/team/{owner}/remove").status == 200
    members = office.duties()

    assert status_of(office.accept(dib, token)) == (400, "invitation_ended")
    assert office.duties() == members
    assert office.call(second, "/v1/invitations").json["data"] == []


@pytest.mark.parametrize("duty", [duty for duty in Duty if duty is not Duty.OWNER])
def test_only_owners_change_the_team(office: Office, owner: str, duty: str) -> None:
    """Others read it, raise nobody, least of all themselves, and invite nobody."""
    made = office.invite(owner).json["id"]
    person = office.join(duty)
    before = office.rows.snapshot()
    refused = [
        office.invite(person, "x@shop.example"),
        office.call(person, f"/v1/invitations/{made}/revoke"),
        office.call(person, f"/v1/team/{person}", {"duty": "owner"}),
        office.call(person, f"/v1/team/{owner}", {"duty": "viewer"}),
        office.call(person, f"/v1/team/{owner}/remove"),
    ]

    assert {status_of(reply) for reply in refused} == {(403, "permission_denied")}
    assert office.rows.snapshot() == before
    assert office.call(person, "/v1/team").status == 200
    assert office.call(person, "/v1/invitations").status == 200
    left = office.call(person, f"/v1/team/{person}/remove")
    assert (left.status, left.json.get("id")) == (200, person), left.json
    assert office.duties() == {owner: "owner"}


def test_no_key_sees_or_changes_the_team(office: Office, owner: str) -> None:
    """Not even a secret key that was given the scopes by name, past all doors."""
    office.rows.run(
        "UPDATE platform.api_keys SET scopes = '{*,team:read,team:write,team:leave}'"
        " WHERE account_id = :id AND kind = :kind",
        id=office.account.id, kind=KeyKind.SECRET.value,
    )  # fmt: skip
    for path, body in (
        ("/v1/team", None),
        ("/v1/invitations", None),
        ("/v1/invitations", {"email": "x@shop.example", "duty": "owner"}),
        (f"/v1/team/{owner}", {"duty": "viewer"}),
        (f"/v1/team/{owner}/remove", None),
    ):
        assert status_of(office.call(None, path, body)) == (403, "permission_denied")
    assert office.duties() == {owner: "owner"}
    scopes = {"kind": "restricted", "scopes": ["team:write"]}
    assert office.call(owner, "/v1/api_keys", scopes).status == 400


def test_what_changes_the_team_wants_a_fresh_sign_in(office: Office, owner: str) -> None:
    """In both modes: a session of this morning lets nobody in and sends nobody away."""
    other = office.join("viewer")
    before = office.rows.snapshot()
    for mode in ("test", "live"):
        stale = [
            office.invite(owner, mode=mode, ago=400),
            office.call(owner, f"/v1/team/{other}", {"duty": "owner"}, mode=mode, ago=400),
            office.call(owner, f"/v1/team/{other}/remove", mode=mode, ago=400),
        ]

        assert {status_of(reply) for reply in stale} == {(403, "step_up_required")}
    assert office.rows.snapshot() == before


def test_a_changed_duty_holds_at_once(office: Office, owner: str) -> None:
    """Whoever was lowered can make no key; she is to be signed out, whoever was raised is not."""
    person = office.join("viewer")
    assert office.call(owner, f"/v1/team/{person}", {"duty": "developer"}).status == 200
    live_key = {"kind": "restricted", "scopes": ["charges:read"]}
    assert office.call(person, "/v1/api_keys", live_key, mode="live").status == 200
    assert office.work() == []
    for _ in range(2):
        lowered = office.call(owner, f"/v1/team/{person}", {"duty": "viewer"})
        assert lowered.json["duty"] == "viewer"

    refused = office.call(person, "/v1/api_keys", live_key, mode="live")
    assert status_of(refused) == (403, "permission_denied")
    assert office.work() == [person]
    [row] = office.rows.platform("members", "person = :person", person=person)
    assert row["narrowed_at"] is not None


@pytest.mark.parametrize(
    ("body", "param"),
    [({}, "duty"), ({"duty": None}, "duty"), ({"duty": "admin"}, "duty"), ({"duty": 1}, "duty"),
     ({"duty": ["owner"]}, "duty"), ({"duty": "owner", "email": "x"}, "email")],
)  # fmt: skip
def test_a_duty_that_is_none_is_refused(
    office: Office, owner: str, body: object, param: str
) -> None:
    """The field at fault is named, and nothing changes."""
    other = office.join("viewer")
    reply = office.call(owner, f"/v1/team/{other}", body)

    assert (reply.status, reply.error["param"]) == (400, param)
    assert office.duties()[other] == "viewer"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"duty": "viewer"}, "parameter_missing"),
        ({"email": "x@shop.example"}, "parameter_missing"),
        ({"email": "x@shop.example", "duty": "boss"}, "parameter_invalid"),
        ({"email": "x@shop.example", "duty": "viewer", "language": "de"}, "parameter_invalid"),
        ({"email": "x@shop.example", "duty": "viewer", "person": "y"}, "parameter_unknown"),
        ({"email": "x@shop.example\nBcc: y@shop.example", "duty": "viewer"}, "email_invalid"),
        ({"email": "\u0445@shop.example", "duty": "viewer"}, "email_invalid"),
        ({"email": "AWA@shop.EXAMPLE", "duty": "viewer"}, "already_member"),
        ({"email": "Asked@shop.example", "duty": "viewer"}, "already_invited"),
    ],
)
def test_a_bad_invitation_is_refused(office: Office, owner: str, body: object, code: str) -> None:
    """No second invitation, no hostile address, nothing stored."""
    assert office.invite(owner, "asked@shop.example").status == 200
    before = office.rows.snapshot()

    assert status_of(office.call(owner, "/v1/invitations", body)) == (400, code)
    assert office.rows.snapshot() == before


def test_an_account_does_not_lose_its_last_owner(office: Office, owner: str) -> None:
    """She can neither leave nor step down; whoever is not there cannot be changed."""
    before = office.rows.snapshot()
    refused = [
        office.call(owner, f"/v1/team/{owner}/remove"),
        office.call(owner, f"/v1/team/{owner}", {"duty": "viewer"}),
    ]
    missing = office.call(owner, f"/v1/team/{uuid.uuid4()}", {"duty": "viewer"})

    assert {status_of(reply) for reply in refused} == {(400, "last_owner")}
    assert status_of(missing) == (404, "resource_missing")
    assert office.rows.snapshot() == before


def test_two_owners_who_remove_each_other_leave_one(office: Office) -> None:
    """However close their calls are, one of the two is refused, and one owner stays."""
    with ThreadPoolExecutor(2) as threads:
        for _ in range(8):
            office.rows.run("UPDATE platform.members SET ended_at = now()"
                            " WHERE account_id = :id", id=office.account.id)  # fmt: skip
            first, second = office.join(), office.join()
            replies = list(threads.map(
                lambda pair: office.call(pair[0], f"/v1/team/{pair[1]}/remove"),
                [(first, second), (second, first)],
            ))  # fmt: skip

            statuses = sorted(reply.status for reply in replies)
            assert statuses[0] == 200
            # The other was either out before she was looked at, or while she waited.
            assert statuses[1] in {403, 404}
            assert len(office.duties()) == 1


def test_of_two_who_accept_at_once_one_comes_in(office: Office, owner: str) -> None:
    """A token that is used twice in the same moment makes one member."""
    dib = str(uuid.uuid4())
    token = office.bind(office.invite(owner).json["id"], dib)
    with ThreadPoolExecutor(4) as threads:
        replies = list(threads.map(lambda _: office.accept(dib, token), range(4)))

    assert sorted(reply.status for reply in replies) == [200, 400, 400, 400]
    assert office.duties() == {owner: "owner", dib: "viewer"}


def test_whoever_left_can_be_invited_again(office: Office, owner: str) -> None:
    """With another duty than before; she is out in between, at once where it matters."""
    dib = office.join("developer", email="dib@shop.example")
    key = {"kind": "restricted", "scopes": ["charges:read"]}
    for mode in ("live", "test"):
        assert office.call(dib, "/v1/api_keys", key, mode=mode).status == 200
    office.call(owner, f"/v1/team/{dib}/remove")
    assert status_of(office.call(dib, "/v1/api_keys", key, mode="live")) == (
        404, "resource_missing",
    )  # fmt: skip
    made = office.rows.platform("api_keys", "made_by = :person", person=dib)
    told = office.rows.platform(
        "notifications", "account_id = :id AND kind = 'keys_under_review'", id=office.account.id
    )
    assert sorted((row["livemode"], row["data"]["keys"]) for row in told) == sorted(
        (key["livemode"], f"key_{key['id']}") for key in made
    )
    assert {row["data"]["review_by"] for row in told} == {
        key["review_by"].isoformat() for key in made
    }
    token = office.bind(office.invite(owner, duty="finance").json["id"], dib)

    assert office.accept(dib, token).json["duty"] == "finance"
    assert office.duties() == {owner: "owner", dib: "finance"}


def test_a_suspended_account_lets_nobody_in(office: Office, owner: str) -> None:
    """Nobody is invited, promoted or let in; looking goes on, and so does sending away."""
    other, dib = office.join("viewer"), str(uuid.uuid4())
    made = office.invite(owner).json["id"]
    token = office.bind(made, dib)
    office.rows.run(
        "UPDATE platform.accounts SET state = 'suspended' WHERE id = :id", id=office.account.id
    )
    deadline = time.monotonic() + 5
    while office.call(owner, "/v1/team").status != 200:
        assert time.monotonic() < deadline
    refused = [
        office.invite(owner, "x@shop.example"),
        office.call(owner, f"/v1/team/{other}", {"duty": "owner"}),
        office.accept(dib, token),
    ]

    assert {status_of(reply) for reply in refused} == {(403, "account_suspended")}
    assert office.call(owner, f"/v1/invitations/{made}/revoke").status == 200
    assert office.call(owner, f"/v1/team/{other}/remove").status == 200
    assert office.duties() == {owner: "owner"}


def test_another_accounts_team_is_not_there(
    office: Office, owner: str, make_account: MakeAccount, make_rows: Callable[[Account], Rows]
) -> None:
    """An owner here finds neither members nor invitations there, by whatever id she names."""
    account = make_account(live=True)
    there = Office(account, office.door, office.realm, make_rows(account), office.people)
    theirs = there.join()
    made = there.invite(theirs).json["id"]
    before = there.rows.snapshot()
    replies = [
        office.call(owner, f"/v1/team/{theirs}", {"duty": "viewer"}),
        office.call(owner, f"/v1/team/{theirs}/remove"),
        office.call(owner, f"/v1/invitations/{made}/revoke"),
        office.call(owner, "/v1/team", account=account.id),
    ]

    assert {status_of(reply) for reply in replies} == {(404, "resource_missing")}
    assert there.rows.snapshot() == before


def test_while_keycloak_is_away_its_message_comes_again(
    office: Office,
    owner: str,
    door: Callable[[str], Door],
    issuer: Issuer,
    logged: io.StringIO,
) -> None:
    """The row waits, unbound, and the log does not say whom it was about."""
    made = office.invite(owner, "waiting@shop.example").json["id"]
    message = Message(new_id("msg", 1), IDENTITY_DUE, office.account.id, True, made)  # noqa: FBT003 - a mode
    before = office.rows.snapshot()
    reply = door("keep_identity").post(
        "/", push_body(message), headers=issuer.headers("keep_identity")
    )

    assert reply.status == 503
    assert office.rows.snapshot() == before
    assert made in logged.getvalue() or message.event_id in logged.getvalue()
    assert "waiting@" not in logged.getvalue()
