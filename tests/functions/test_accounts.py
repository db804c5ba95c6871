"""Accounts over HTTP: made once, activated by two on documents, stopped by one, closed if empty."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from pg8000.native import Connection

from tests.database import Account, MakeAccount
from tests.functions.administering import DOCUMENTS, ORDER, Administrator
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team

UNKNOWN: Final = "acct_2222222222222222"
NOBODY: Final = "apr_222222222222222222222222"


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
    ("/{id}/refunds_below_zero", {"limit": 1, "reason": "because"}),
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
        ("/refunds_below_zero", {"reason": "why"}, "missing"),
        ("/refunds_below_zero", {"limit": 1}, "missing"),
        ("/refunds_below_zero", {"limit": -1, "reason": "why"}, "invalid"),
        ("/refunds_below_zero", {"limit": 10_000_001, "reason": "why"}, "invalid"),
        ("/refunds_below_zero", {"limit": True, "reason": "why"}, "invalid"),
        ("/refunds_below_zero", {"limit": 1.5, "reason": "why"}, "invalid"),
        ("/refunds_below_zero", {"limit": 1, "reason": "why", "mode": "live"}, "unknown"),
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
