"""People over HTTP: each in her account, in her duty, and no longer than she is a member."""

import time
from typing import Any, Final

import pytest
from pg8000.native import Connection

from shared.domain.api_key import ApiKey
from shared.domain.people import Duty
from shared.runtime.wiring import KEY_SECONDS
from tests.database import Account, Database, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.team import Team
from tests.releases import bare_account

RESTRICTED: Final = {"kind": "restricted", "scopes": ["charges:read"]}
SECRET: Final = {"kind": "secret"}


@pytest.fixture
def team(superuser: Connection) -> Team:
    """Who joins and leaves."""
    return Team(superuser)


def at(account: str, mode: str = "test", **more: str) -> dict[str, str]:
    """Where a person says that she is at work."""
    return {"Pay-Account": account, "Pay-Mode": mode, **more}


def status_of(reply: Reply) -> tuple[int, str]:
    """Status and code of a refusal."""
    return reply.status, reply.error["code"]


def test_a_member_reads_in_the_mode_she_names(
    realm: Realm, team: Team, read_payments: Door, shop: Account
) -> None:
    """Both modes are hers, each by its name, in the account's language."""
    token = realm.token(team.join(shop.id, "viewer"))
    for mode, livemode in (("test", False), ("live", True)):
        reply = read_payments.get("/v1/balance", key=token, headers=at(shop.id, mode))

        assert (reply.status, reply.json["livemode"]) == (200, livemode)
        assert reply.headers["Content-Language"] == "fr"


def test_a_duty_opens_what_it_says(
    realm: Realm, team: Team, manage_account: Door, read_payments: Door, shop: Account
) -> None:
    """All look at payments; owners and developers see and make keys of the test mode."""
    here = at(shop.id)
    for duty in Duty:
        token = realm.token(team.join(shop.id, duty))
        looked = read_payments.get("/v1/charges", key=token, headers=here).status
        listed = manage_account.get("/v1/api_keys", key=token, headers=here).status
        made = manage_account.post("/v1/api_keys", RESTRICTED, key=token, headers=here).status

        expected = 200 if duty in {Duty.OWNER, Duty.DEVELOPER} else 403
        assert (looked, listed, made) == (200, expected, expected)


def test_another_account_is_not_there(
    realm: Realm, team: Team, read_payments: Door, shop: Account, make_account: MakeAccount
) -> None:
    """Whether an account exists is nobody's business who is no member of it."""
    token, other = realm.token(team.join(shop.id, "owner")), make_account()
    foreign = read_payments.get("/v1/charges", key=token, headers=at(other.id))
    missing = read_payments.get("/v1/charges", key=token, headers=at("acct_2222222222222222"))
    garbled = read_payments.get("/v1/charges", key=token, headers=at("acct_1' OR '1'='1"))

    assert status_of(foreign) == (404, "resource_missing")
    for reply in (missing, garbled):
        assert (reply.status, reply.error["code"], reply.error["message"]) == (
            foreign.status,
            foreign.error["code"],
            foreign.error["message"],
        )


def test_a_person_says_where_she_is_at_work(
    realm: Realm, team: Team, read_payments: Door, shop: Account
) -> None:
    """Neither account nor mode is guessed: live and test are never confused by a default."""
    token = realm.token(team.join(shop.id, "owner"))
    for headers, code in (
        ({}, "parameter_missing"),
        ({"Pay-Account": shop.id}, "parameter_missing"),
        ({"Pay-Mode": "live"}, "parameter_missing"),
        (at(shop.id, "LIVE"), "parameter_invalid"),
        (at(shop.id, "both"), "parameter_invalid"),
    ):
        reply = read_payments.get("/v1/charges", key=token, headers=headers)

        assert status_of(reply) == (400, code)


def test_a_key_is_not_moved_by_what_it_says_of_itself(
    read_payments: Door, shop: Account, make_account: MakeAccount
) -> None:
    """Nor does it work where its holder did not mean it to: what contradicts it is refused."""

    def read(headers: dict[str, str]) -> tuple[object, ...]:
        reply = read_payments.get("/v1/balance", key=shop.secret_key, headers=headers)
        refusal = reply.json.get("error", {})
        return reply.status, refusal.get("code"), refusal.get("param")

    assert read(at(shop.id, "test")) == (200, None, None)
    for account in (make_account().id, "acct_x", ""):
        assert read({"Pay-Account": account}) == (400, "account_mismatch", "Pay-Account")
    for mode in ("live", "Test", ""):
        assert read(at(shop.id, mode)) == (400, "mode_mismatch", "Pay-Mode")


def test_a_mode_that_is_not_there_yet_is_named(
    realm: Realm, team: Team, read_payments: Door, migrated: Database
) -> None:
    """Her account has no live mode before its activation; to others it is still not there."""
    owner = migrated.engine("owner")
    account = bare_account(owner).account
    owner.dispose()
    member, other = realm.token(team.join(account, "owner")), realm.token("nobody-here")

    reply = read_payments.get("/v1/balance", key=member, headers=at(account, "live"))
    assert (status_of(reply), reply.error["param"]) == ((400, "mode_missing"), "Pay-Mode")
    strange = read_payments.get("/v1/balance", key=other, headers=at(account, "live"))
    assert status_of(strange) == (404, "resource_missing")


def test_a_token_that_has_ended_says_so(
    realm: Realm, team: Team, read_payments: Door, shop: Account
) -> None:
    """Whoever signed in is told to do so again, and not that her token was never one."""
    ended = realm.token(team.join(shop.id, "owner"), exp=int(time.time()) - 60)
    reply = read_payments.get("/v1/balance", key=ended, headers=at(shop.id))

    assert status_of(reply) == (401, "token_expired")


@pytest.mark.parametrize(
    "claims",
    [{"realm_access": {"roles": ["customer"]}}, {"realm_access": {"roles": "merchant"}},
     {"realm_access": None}],
    ids=["a customer", "roles that are no list", "no roles"],
)  # fmt: skip
def test_a_member_is_a_merchant_in_keycloak_too(
    realm: Realm, team: Team, read_payments: Door, shop: Account, claims: dict[str, Any]
) -> None:
    """Whom Keycloak no longer calls a merchant is in no account, whatever our rows say."""
    token = realm.token(team.join(shop.id, "owner"), **claims)

    assert read_payments.get("/v1/charges", key=token, headers=at(shop.id)).status == 404


@pytest.mark.parametrize("subject", ["", "s" * 65, 7, None, ["a"]])
def test_a_token_of_nobody_is_refused(
    realm: Realm, read_payments: Door, shop: Account, subject: object
) -> None:
    """A subject that is none opens nothing."""
    reply = read_payments.get("/v1/charges", key=realm.token("", sub=subject), headers=at(shop.id))

    assert status_of(reply) == (401, "token_invalid")


def test_whoever_was_removed_is_out(
    realm: Realm, team: Team, read_payments: Door, manage_account: Door, shop: Account
) -> None:
    """What moves keys is refused at once, the rest within seconds, while the token lives on."""
    person = team.join(shop.id, "owner")
    token, live = realm.token(person), at(shop.id, "live")
    assert read_payments.get("/v1/charges", key=token, headers=live).status == 200
    team.leave(person)

    made = manage_account.post("/v1/api_keys", SECRET, key=token, headers=live)
    deadline = time.monotonic() + KEY_SECONDS + 2
    while read_payments.get("/v1/charges", key=token, headers=live).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert status_of(made) == (404, "resource_missing")


def test_the_owner_makes_a_live_secret_key_that_works(
    realm: Realm, team: Team, read_payments: Door, manage_account: Door, shop: Account
) -> None:
    """The one way to a live secret key is the owner, freshly signed in; the key names her."""
    person = team.join(shop.id, "owner")
    live = at(shop.id, "live")
    made = manage_account.post("/v1/api_keys", SECRET, key=realm.token(person), headers=live)

    assert made.status == 200
    assert made.json["made_by"] == person
    assert ApiKey.parse(made.json["secret"]).livemode
    assert read_payments.get("/v1/balance", key=made.json["secret"]).json["livemode"] is True
    rotated = manage_account.post(
        f"/v1/api_keys/{made.json['id']}/rotate", key=realm.token(person), headers=live
    )
    assert rotated.status == 200


def test_a_sign_in_of_long_ago_makes_no_live_key(
    realm: Realm, team: Team, manage_account: Door, shop: Account
) -> None:
    """A stolen session of this morning makes no key; looking and ending need nothing fresh."""
    person = team.join(shop.id, "owner")
    live = at(shop.id, "live")
    key = manage_account.post(
        "/v1/api_keys", RESTRICTED, key=realm.token(person), headers=live
    ).json["id"]
    for token in (realm.token(person, signed_in_ago=400), realm.token(person, auth_time=None)):
        made = manage_account.post("/v1/api_keys", SECRET, key=token, headers=live)
        rotated = manage_account.post(f"/v1/api_keys/{key}/rotate", key=token, headers=live)
        tested = manage_account.post("/v1/api_keys", RESTRICTED, key=token, headers=at(shop.id))
        listed = manage_account.get("/v1/api_keys", key=token, headers=live)

        assert status_of(made) == status_of(rotated) == (403, "step_up_required")
        assert (tested.status, listed.status) == (200, 200)
    ended = manage_account.post(f"/v1/api_keys/{key}/revoke", key=token, headers=live)
    assert ended.json["active"] is False


def test_nobody_makes_a_key_that_can_do_more_than_she(
    realm: Realm, team: Team, manage_account: Door, shop: Account
) -> None:
    """A developer makes no live key that moves money, nor a secret one."""
    token = realm.token(team.join(shop.id, "developer"))
    live = at(shop.id, "live")
    writing = {"kind": "restricted", "scopes": ["charges:write"]}

    def code(body: object) -> str:
        reply = manage_account.post("/v1/api_keys", body, key=token, headers=live)
        return str(reply.error["code"]) if reply.status == 403 else str(reply.status)

    assert [code(writing), code(SECRET), code(RESTRICTED)] == [
        "scope_not_held", "live_secret_key_refused", "200",
    ]  # fmt: skip


def test_a_person_sees_her_accounts(
    realm: Realm, team: Team, manage_account: Door, shop: Account
) -> None:
    """Each account with its duty and modes; one that she left is gone; a key is no person."""
    person = team.join(shop.id, "finance")
    reply = manage_account.get("/v1/me", key=realm.token(person, signed_in_ago=60))
    team.leave(person)
    left = manage_account.get("/v1/me", key=realm.token(person))

    assert reply.json["id"] == person
    assert reply.json["accounts"] == [
        {
            "id": shop.id,
            "object": "membership",
            "name": "Boutique Mballa",
            "state": "active",
            "duty": "finance",
            "modes": ["test", "live"],
        }
    ]
    assert left.json["accounts"] == []
    for key in (shop.secret_key, None):
        assert manage_account.get("/v1/me", key=key).status == 401
