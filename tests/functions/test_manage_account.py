"""Keys over HTTP: made by keys that may, seen by their account and mode alone, soon ended."""

import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from shared.domain.api_key import ApiKey
from shared.runtime.wiring import KEY_SECONDS
from tests.database import Account, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.rows import Rows

PATH: Final = "/v1/api_keys"
RESTRICTED: Final = {"kind": "restricted", "scopes": ["charges:read"]}
REVOKED_WITHIN_SECONDS: Final = 5.0

Make = Callable[..., Reply]


@pytest.fixture
def make(manage_account: Door, shop: Account) -> Make:
    """Make a key with the shop's secret key."""

    def post(body: object = RESTRICTED, key: str | None = None, **how: Any) -> Reply:
        return manage_account.post(PATH, body, key=key or shop.secret_key, **how)

    return post


def id_of(key: str) -> str:
    """The public id of a key."""
    return f"key_{ApiKey.parse(key).id}"


def test_a_made_key_works_and_its_secret_is_shown_once(
    make: Make, manage_account: Door, read_payments: Door, shop: Account
) -> None:
    """The new key opens what its scopes say, and no later answer holds its secret."""
    made = make({**RESTRICTED, "name": "Caisse", "allowed_from": ["192.0.2.0/24"]})
    secret = made.json["secret"]
    path = f"{PATH}/{made.json['id']}"
    there = {"X-Forwarded-For": "192.0.2.9"}
    opened = [
        read_payments.get(one, key=secret, headers=there).status
        for one in ("/v1/charges", "/v1/balance")
    ]
    later = [
        manage_account.get(path, key=shop.secret_key),
        manage_account.get(f"{PATH}?limit=100", key=shop.secret_key),
        manage_account.post(f"{path}/revoke", key=shop.secret_key),
    ]

    assert (made.status, made.headers["Cache-Control"]) == (200, "no-store")
    assert opened == [200, 403]
    assert made.json["made_by"] == id_of(shop.secret_key)
    assert {reply.status for reply in later} == {200}
    assert not [r for r in later if ApiKey.parse(secret).secret in r.content.decode()]
    assert {**later[0].json, "secret": secret, "last_used_at": None} == made.json


def test_a_key_is_refused_from_elsewhere(make: Make, read_payments: Door) -> None:
    """Only what our edge says of the caller counts; where it says nothing the key opens nothing."""
    key = make({**RESTRICTED, "allowed_from": ["192.0.2.0/24", "127.0.0.1"]}).json["secret"]

    def status(forwarded: str | None) -> int:
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
        return read_payments.get("/v1/charges", key=key, headers=headers).status

    assert status("192.0.2.9, 10.0.0.1") == 200
    assert status("127.0.0.1") == 200
    assert [status(said) for said in ("192.0.3.9", "192.0.3.9, 192.0.2.9", "x", None)] == [403] * 4


def test_an_expired_key_is_told_so(make: Make, read_payments: Door, rows: Rows) -> None:
    """Past its day a key opens nothing."""
    made = make({**RESTRICTED, "expires_at": int(time.time()) + 3600})
    rows.run(
        "UPDATE platform.api_keys SET expires_at = now() WHERE id = :id",
        id=made.json["id"].removeprefix("key_"),
    )

    refused = read_payments.get("/v1/charges", key=made.json["secret"])
    assert (refused.status, refused.error["code"]) == (401, "api_key_expired")


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({**RESTRICTED, "colour": "red"}, 400, "parameter_unknown", "colour"),
        ({"kind": "restricted"}, 400, "parameter_missing", "scopes"),
        ({"kind": "restricted", "scopes": ["sweeps:write"]}, 400, "parameter_invalid",
         "scopes[0]"),
        ({"kind": "secret", "scopes": ["charges:read"]}, 400, "parameter_invalid", "scopes"),
        ({**RESTRICTED, "name": "n" * 81}, 400, "parameter_invalid", "name"),
        ({**RESTRICTED, "name": "\ud800"}, 400, "parameter_invalid", "name"),
        ({**RESTRICTED, "expires_at": 1}, 400, "parameter_invalid", "expires_at"),
        ({**RESTRICTED, "allowed_from": ["10.0.0.1/8"]}, 400, "parameter_invalid",
         "allowed_from[0]"),
        ([], 400, "json_invalid", None),
    ],
)  # fmt: skip
def test_a_malformed_order_makes_no_key(
    make: Make, rows: Rows, *, body: object, status: int, code: str, param: str | None
) -> None:
    """The field at fault is named and nothing is stored."""
    before = rows.snapshot()
    refused = make(body)

    assert (refused.status, refused.error["code"], refused.error.get("param")) == (
        status, code, param
    )  # fmt: skip
    assert rows.snapshot() == before


def test_no_key_makes_one_with_more_than_it_has(make: Make, rows: Rows) -> None:
    """A restricted key hands on what it has and no more, also by rotating a stronger one."""
    clerk = make({"kind": "restricted", "scopes": ["charges:read", "keys:write"]}).json["secret"]
    before = rows.snapshot()
    refused = [
        make({"kind": "restricted", "scopes": ["charges:write"]}, clerk),
        make({"kind": "restricted", "scopes": ["keys:read"]}, clerk),
        make({"kind": "secret"}, clerk),
    ]
    after = rows.snapshot()

    assert {(reply.status, reply.error["code"]) for reply in refused} == {(403, "scope_not_held")}
    assert after == before
    assert make(RESTRICTED, clerk).status == 200


def test_rotating_a_stronger_key_is_refused(
    make: Make, manage_account: Door, shop: Account, rows: Rows
) -> None:
    """The secret of a key with more rights is not to be had by replacing it."""
    clerk = make({"kind": "restricted", "scopes": ["keys:write"]}).json["secret"]
    before = rows.snapshot()
    refused = manage_account.post(f"{PATH}/{id_of(shop.secret_key)}/rotate", key=clerk)

    assert (refused.status, refused.error["code"]) == (403, "scope_not_held")
    assert rows.snapshot() == before


@pytest.mark.parametrize("scopes", [["charges:read"], ["keys:read"]])
def test_a_key_without_the_scope_changes_no_key(
    make: Make, manage_account: Door, rows: Rows, scopes: list[str]
) -> None:
    """Reading keys is not writing them, and neither is reading charges."""
    made = make({"kind": "restricted", "scopes": scopes}).json
    key, path = made["secret"], f"{PATH}/{made['id']}"
    before = rows.snapshot()
    answers = [
        make(RESTRICTED, key),
        manage_account.post(f"{path}/rotate", key=key),
        manage_account.post(f"{path}/revoke", key=key),
    ]
    seen = [manage_account.get(one, key=key).status for one in (PATH, path)]

    assert {(reply.status, reply.error["code"]) for reply in answers} == {
        (403, "permission_denied")
    }
    assert rows.snapshot() == before
    assert seen == ([200, 200] if scopes == ["keys:read"] else [403, 403])


def test_live_secret_keys_and_publishable_ones_make_no_keys(make: Make, shop: Account) -> None:
    """`*` of the live mode reads keys and makes none; a publishable key does neither."""
    test, live = shop.provisioned.modes

    for key in (live.secret_key, live.publishable_key, test.publishable_key):
        assert make(RESTRICTED, key).error["code"] == "permission_denied"


def test_others_keys_are_not_there(
    manage_account: Door, shop: Account, make_account: MakeAccount, rows: Rows
) -> None:
    """Another account's and the other mode's keys are answered as one that never was."""
    other = make_account()
    strangers = [
        id_of(other.secret_key),
        id_of(shop.live_key),
        "key_0000000000",
        "ch_2abcdefghijklmnopqrstuvw",
    ]
    before = rows.snapshot()
    answers = [
        answer
        for one in strangers
        for answer in (
            manage_account.get(f"{PATH}/{one}", key=shop.secret_key),
            manage_account.post(f"{PATH}/{one}/rotate", key=shop.secret_key),
            manage_account.post(f"{PATH}/{one}/revoke", key=shop.secret_key),
        )
    ]
    listed = manage_account.get(f"{PATH}?limit=100", key=shop.secret_key).json["data"]

    assert {(reply.status, reply.error["code"]) for reply in answers} == {(404, "resource_missing")}
    assert len({reply.json["detail"] for reply in answers}) == 1
    assert rows.snapshot() == before
    assert not {key["id"] for key in listed} & set(strangers)


def test_a_rotated_key_works_beside_the_new_one(
    make: Make, manage_account: Door, read_payments: Door, shop: Account
) -> None:
    """Both work until the overlap ends; a second rotation of the old one is refused."""
    old = make().json
    path = f"{PATH}/{old['id']}"
    new = manage_account.post(f"{path}/rotate", {"overlap_seconds": 60}, key=shop.secret_key)
    again = manage_account.post(f"{path}/rotate", key=shop.secret_key)
    left = manage_account.get(path, key=shop.secret_key).json

    assert new.status == 200
    assert old["secret"] not in new.content.decode()
    assert (left["rotated_to"], left["active"]) == (new.json["id"], True)
    assert (again.status, again.error["code"]) == (400, "key_ended")
    for secret in (old["secret"], new.json["secret"]):
        assert read_payments.get("/v1/charges", key=secret).status == 200


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("rotate", {"overlap_seconds": 604_801}, "overlap_seconds"),
        ("rotate", {"overlap_seconds": -1}, "overlap_seconds"),
        ("rotate", {"scopes": ["keys:write"]}, "scopes"),
        ("revoke", {"at": 1}, "at"),
    ],
)
def test_a_malformed_change_changes_nothing(
    make: Make, manage_account: Door, shop: Account, rows: Rows, *,
    path: str, body: dict[str, object], param: str,
) -> None:  # fmt: skip
    """What is too long, unknown or not asked for is named."""
    key = make().json["id"]
    before = rows.snapshot()
    refused = manage_account.post(f"{PATH}/{key}/{path}", body, key=shop.secret_key)

    assert (refused.status, refused.error["param"]) == (400, param)
    assert rows.snapshot() == before


def test_a_revoked_key_opens_nothing_within_five_seconds(
    make: Make, manage_account: Door, read_payments: Door, shop: Account, rows: Rows
) -> None:
    """Revoked a moment after it was used, a key is refused in time, and revoking again is idle."""
    key = make().json
    assert read_payments.get("/v1/charges", key=key["secret"]).status == 200
    path = f"{PATH}/{key['id']}/revoke"
    first = manage_account.post(path, key=shop.secret_key)
    revoked = time.monotonic()
    while read_payments.get("/v1/charges", key=key["secret"]).status == 200:
        assert time.monotonic() - revoked < REVOKED_WITHIN_SECONDS
        time.sleep(0.05)
    before = rows.snapshot()
    second = manage_account.post(path, key=shop.secret_key)

    assert (first.status, first.json["active"]) == (200, False)
    assert second.json["revoked_at"] == first.json["revoked_at"]
    assert rows.snapshot() == before
    assert KEY_SECONDS < REVOKED_WITHIN_SECONDS


def test_when_a_key_was_used_is_known(
    make: Make, manage_account: Door, read_payments: Door, shop: Account
) -> None:
    """A use shows within seconds, without the request having waited for it."""
    key = make().json
    asked = int(time.time())
    assert read_payments.get("/v1/charges", key=key["secret"]).status == 200

    for _ in range(50):
        used = manage_account.get(f"{PATH}/{key['id']}", key=shop.secret_key).json["last_used_at"]
        if used is not None:
            break
        time.sleep(0.1)
    assert used is not None
    assert used >= asked


def test_pages_of_keys_follow_one_another(make: Make, manage_account: Door, shop: Account) -> None:
    """Newest first; the last page says so, and what is no cursor or parameter is named."""
    made = [make().json["id"] for _ in range(2)]
    first = manage_account.get(f"{PATH}?limit=1", key=shop.secret_key).json
    second = manage_account.get(f"{PATH}?limit=1&starting_after={made[1]}", key=shop.secret_key)
    wrong = manage_account.get(f"{PATH}?starting_after=ch_1", key=shop.secret_key)
    unknown = manage_account.get(f"{PATH}/{made[0]}?expand=secret", key=shop.secret_key)

    assert ([key["id"] for key in first["data"]], first["has_more"]) == ([made[1]], True)
    assert [key["id"] for key in second.json["data"]] == [made[0]]
    assert (wrong.status, wrong.error["code"]) == (400, "cursor_invalid")
    assert (unknown.status, unknown.error["param"]) == (400, "expand")


def test_a_suspended_account_revokes_and_makes_nothing(
    manage_account: Door, make_account: MakeAccount, rows: Rows
) -> None:
    """What is dangerous can be ended; new keys are refused."""
    account = make_account()
    rows.run("UPDATE platform.accounts SET state = 'suspended' WHERE id = :id", id=account.id)
    made = manage_account.post(PATH, RESTRICTED, key=account.secret_key)
    own = f"{PATH}/{id_of(account.secret_key)}"
    revoked = manage_account.post(f"{own}/revoke", key=account.secret_key)

    assert (made.status, made.error["code"]) == (403, "account_suspended")
    assert (revoked.status, revoked.json["active"]) == (200, False)
