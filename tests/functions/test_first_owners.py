"""The first owner of an account: asked by an administrator, by mail, as long as nobody owns it."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from pg8000.native import Connection

from shared.runtime import notice_secrets
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team

EMAIL: Final = "Marie@chez-marie.example"
UNKNOWN: Final = "acct_2222222222222222"


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def belongings(superuser: Connection, account: Account) -> Rows:
    """What is stored of an account that nobody owns."""
    return Rows(superuser, (account.live, account.test))


def offer(door: Door, token: str, account: str, body: object = None) -> Reply:
    """Ask somebody, as whoever has the token."""
    wish = {"email": EMAIL} if body is None else body
    return door.post(f"/v1/accounts/{account}/owner", wish, key=token)


def test_whoever_is_asked_first_owns_the_account(
    provision_account: Door, manage_account: Door, realm: Realm, account: Account, belongings: Rows
) -> None:
    """She is told by mail, accepts with its token, and invites others; both chains tell of it."""
    admin, person = str(uuid.uuid4()), str(uuid.uuid4())
    made = offer(provision_account, realm.token(admin, "admin"), account.id)
    assert made.status == 200, made.json
    [notice] = belongings.platform("notifications")
    link = notice_secrets.open_sealed(notice["secret_sealed"], notice["id"])
    topics = {row["topic"]: row["object_id"] for row in belongings.platform("outbox")}
    belongings.run(
        "UPDATE platform.invitations SET person = :person WHERE id = :id",
        id=made.json["id"],
        person=person,
    )
    accepted = manage_account.post(
        "/v1/invitations/accept", {"token": link.partition("#")[2]}, key=realm.token(person)
    )
    invited = manage_account.post(
        "/v1/invitations",
        {"email": "dib@shop.example", "duty": "viewer"},
        key=realm.token(person),
        headers={"Pay-Account": account.id, "Pay-Mode": "test"},
    )
    told = belongings.of("audit_entries", "action = 'invitation.created'")
    whole = belongings.run(
        "SELECT actor_id FROM platform.audit_entries"
        " WHERE action = 'invitation.created' AND object_id = :id",
        id=account.id,
    )

    assert (made.status, made.json["duty"], made.json["made_by"]) == (200, "owner", "platform")
    assert made.json["email"] == notice["recipient"] == EMAIL.lower()
    assert topics == {"identity-due": made.json["id"], "notification-due": notice["id"]}
    assert (accepted.status, accepted.json["duty"]) == (200, "owner")
    assert invited.status == 200
    assert {"provision_account", person} == {row["actor_id"] for row in told}
    assert whole == [[admin]]


def test_an_account_that_has_an_owner_is_offered_to_nobody(
    provision_account: Door, manage_account: Door, realm: Realm, account: Account,
    belongings: Rows,
) -> None:  # fmt: skip
    """Neither beside an owner nor twice, and an offer ends where somebody else came to own it."""
    token = realm.token("an-admin", "admin")
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(lambda _: offer(provision_account, token, account.id), range(4)))
    [notice] = belongings.platform("notifications")
    link = notice_secrets.open_sealed(notice["secret_sealed"], notice["id"])
    late = str(uuid.uuid4())
    belongings.run("UPDATE platform.invitations SET person = :person WHERE account_id = :id",
                   person=late, id=account.id)  # fmt: skip
    Team(belongings._connection).join(account.id, "owner")
    before = belongings.snapshot()
    beside = offer(provision_account, token, account.id)
    accepted = manage_account.post(
        "/v1/invitations/accept", {"token": link.partition("#")[2]}, key=realm.token(late)
    )

    assert sorted(reply.status for reply in at_once) == [200, 400, 400, 400]
    assert {r.error["code"] for r in at_once if r.status == 400} == {"owner_known"}
    assert (beside.status, beside.error["code"]) == (400, "owner_known")
    assert (accepted.status, accepted.error["code"]) == (400, "invitation_ended")
    assert belongings.snapshot() == before


@pytest.mark.parametrize(
    "wrong",
    [
        ({}, "parameter_missing"),
        ({"email": "marie"}, "email_invalid"),
        ({"email": EMAIL, "language": "de"}, "parameter_invalid"),
        ({"email": EMAIL, "duty": "owner"}, "parameter_unknown"),
    ],
)
def test_a_wrong_wish_names_its_field_and_asks_nobody(
    provision_account: Door,
    realm: Realm,
    account: Account,
    belongings: Rows,
    wrong: tuple[dict[str, Any], str],
) -> None:
    """Nothing is stored and no mail is written."""
    body, code = wrong
    before = belongings.snapshot()
    reply = offer(provision_account, realm.token("an-admin", "admin"), account.id, body)

    assert (reply.status, reply.error["code"]) == (400, code)
    assert belongings.snapshot() == before


def test_only_an_administrator_who_signed_in_just_now_asks(
    provision_account: Door, realm: Realm, account: Account, belongings: Rows
) -> None:
    """Owners of other accounts, stale sessions and keys ask nobody; a closed account is gone."""
    before = belongings.snapshot()
    stale = realm.token("an-admin", "admin", signed_in_ago=400)
    refused = [
        offer(provision_account, token, account.id).status
        for token in (realm.token("an-owner"), stale, account.secret_key)
    ]
    unknown = offer(provision_account, realm.token("an-admin", "admin"), UNKNOWN)
    assert belongings.snapshot() == before
    belongings.run(
        "UPDATE platform.accounts SET state = 'closed', charges_enabled = false WHERE id = :id",
        id=account.id,
    )
    closed = offer(provision_account, realm.token("an-admin", "admin"), account.id)

    assert refused == [403, 403, 401]
    assert (unknown.status, closed.status) == (404, 404)
