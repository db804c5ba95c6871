"""Audit entries over HTTP: one for each act, none for a refused one, for their account alone."""

import csv
import hashlib
import io
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import pytest
from pg8000.native import Connection

from shared.domain.api_key import ApiKey
from tests.database import Account, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team

PATH: Final = "/v1/audit_entries"
FILE: Final = "/v1/audit_entries.csv"
KEYS: Final = "/v1/api_keys"
RESTRICTED: Final = {"kind": "restricted", "scopes": ["charges:read"], "name": "Caisse 677000001"}
THERE: Final = {"X-Forwarded-For": "192.0.2.9"}
DAY: Final = 86_400

Entries = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def entries(read_payments: Door, shop: Account) -> Entries:
    """Read a page of the shop's entries, newest first."""

    def read(query: str = "limit=100", key: str = "") -> list[dict[str, Any]]:
        answer = read_payments.get(f"{PATH}?{query}", key=key or shop.secret_key)
        assert answer.status == 200
        found: list[dict[str, Any]] = answer.json["data"]
        return found

    return read


@pytest.fixture
def act(manage_account: Door, shop: Account) -> Callable[..., Reply]:
    """Change keys as the shop's secret key, from a known address."""
    return lambda path, body=None: manage_account.post(
        f"{KEYS}{path}", body, key=shop.secret_key, headers=THERE
    )


def id_of(key: str) -> str:
    """The public id of a key."""
    return f"key_{ApiKey.parse(key).id}"


def test_each_act_on_a_key_leaves_one_entry(
    act: Callable[..., Reply], entries: Entries, shop: Account
) -> None:
    """Made, rotated, revoked: who, what, before, after, from where and in which request."""
    before = len(entries())
    made = act("", RESTRICTED)
    old = made.json["id"]
    rotated = act(f"/{old}/rotate", {"overlap_seconds": 60})
    new = rotated.json["id"]
    revoked = act(f"/{new}/revoke")
    told = entries()[: len(entries()) - before][::-1]
    terms = {
        "kind": "restricted", "name": "Caisse […01]", "scopes": ["charges:read"],
        "allowed_from": [], "expires_at": None,
    }  # fmt: skip

    assert [(one["action"], one["target"]["id"]) for one in told] == [
        ("api_key.created", old), ("api_key.rotated", old), ("api_key.revoked", new)
    ]  # fmt: skip
    assert [one["request_id"] for one in told] == [
        reply.headers["Request-Id"] for reply in (made, rotated, revoked)
    ]
    assert {one["remote_address"] for one in told} == {"192.0.2.9"}
    assert {(one["actor"]["kind"], one["actor"]["id"]) for one in told} == {
        ("key", id_of(shop.secret_key))
    }
    assert (told[0]["before"], told[0]["after"]) == (None, terms)
    assert told[1]["before"] == {"rotated_to": None, "overlap_until": None}
    assert told[1]["after"] == {
        "rotated_to": new, "overlap_until": told[1]["created"] + 60, "successor": terms
    }  # fmt: skip
    assert (told[2]["before"], told[2]["after"]) == (
        {"revoked_at": None}, {"revoked_at": revoked.json["revoked_at"]}
    )  # fmt: skip


def test_what_a_person_does_is_hers(
    realm: Realm,
    manage_account: Door,
    read_payments: Door,
    shop: Account,
    superuser: Connection,
) -> None:
    """An act of somebody who is signed in names her, and she reads it with the account's eyes."""
    person = Team(superuser).join(shop.id, "owner")
    here = {"Pay-Account": shop.id, "Pay-Mode": "test"}
    token = realm.token(person)
    made = manage_account.post(KEYS, RESTRICTED, key=token, headers=here).json["id"]
    query = f"{PATH}?object={made}&actor={person}"
    [told] = read_payments.get(query, key=token, headers=here).json["data"]

    assert (told["action"], told["actor"]) == ("api_key.created", {"kind": "person", "id": person})


def test_what_a_revocation_puts_under_review_is_told(
    act: Callable[..., Reply], manage_account: Door, entries: Entries
) -> None:
    """The entry of a revoked key names the keys that it made."""
    maker = act("", {"kind": "secret"}).json
    child = manage_account.post(KEYS, RESTRICTED, key=maker["secret"]).json
    act(f"/{maker['id']}/revoke")
    [newest, *_] = entries("limit=1")

    assert newest["after"]["put_under_review"] == [child["id"]]
    assert newest["after"]["review_by"] - newest["created"] == 7 * DAY


def test_a_refused_act_leaves_no_entry(
    act: Callable[..., Reply], manage_account: Door, shop: Account, rows: Rows
) -> None:
    """Malformed, forbidden, unknown, ended, done before: nothing happened, nothing is told."""
    made = act("", RESTRICTED).json
    act(f"/{made['id']}/revoke")
    other = act("", RESTRICTED).json
    before = rows.snapshot()
    refused = [
        act("", {"kind": "restricted"}),
        act(f"/{made['id']}/rotate"),
        act("/key_0000000000/revoke"),
        manage_account.post(KEYS, RESTRICTED, key=other["secret"]),
        manage_account.post(KEYS, RESTRICTED, key=shop.live_key),
    ]
    again = act(f"/{made['id']}/revoke")

    assert [reply.status for reply in refused] == [400, 400, 404, 403, 403]
    assert again.status == 200
    assert rows.snapshot() == before


def test_no_entry_holds_a_secret(
    act: Callable[..., Reply], read_payments: Door, shop: Account, rows: Rows
) -> None:
    """Neither the list nor the file nor the table has a key, and a number has its end only."""
    secret = act("", {**RESTRICTED, "name": "sk_test_x 677000001"}).json["secret"]
    texts = [
        read_payments.get(f"{PATH}?limit=100", key=shop.secret_key).content.decode(),
        read_payments.get(FILE, key=shop.secret_key).content.decode(),
        str(rows.of("audit_entries")),
    ]

    for text in texts:
        assert ApiKey.parse(secret).secret not in text
        assert "677000001" not in text
        assert "[hidden]" in text


def test_entries_are_found_by_what_they_tell(
    act: Callable[..., Reply], entries: Entries, shop: Account
) -> None:
    """By action, by actor, by object and by time, each alone and together."""
    made = act("", RESTRICTED).json
    act(f"/{made['id']}/revoke")
    mine = f"object={made['id']}"
    at = entries(mine)[0]["created"]

    assert [one["action"] for one in entries(mine)] == ["api_key.revoked", "api_key.created"]
    assert [one["action"] for one in entries(f"{mine}&action=api_key.created")] == [
        "api_key.created"
    ]
    assert [one["action"] for one in entries("actor=provision_account")] == ["account.provisioned"]
    assert len(entries(f"{mine}&actor={id_of(shop.secret_key)}")) == 2
    assert entries(f"{mine}&actor=key_0000000000") == []
    assert entries(f"{mine}&created[gt]={at + 1}") == []
    assert len(entries(f"{mine}&created[gte]={at - 5}&created[lte]={at + 1}")) == 2
    assert entries(f"{mine}&created[lt]={at - 5}") == []


def test_pages_of_entries_follow_one_another(
    act: Callable[..., Reply], read_payments: Door, shop: Account, entries: Entries
) -> None:
    """Forward and back, newest first, each entry once and in the chain's order."""
    for _ in range(3):
        act("", RESTRICTED)
    everything = entries()
    first = read_payments.get(f"{PATH}?limit=2", key=shop.secret_key).json
    second = entries(f"limit=2&starting_after={first['data'][-1]['id']}")
    back = entries(f"limit=2&ending_before={second[0]['id']}")

    assert first["has_more"] is True
    assert first["data"] + second == everything[:4]
    assert back == first["data"]
    assert [one["position"] for one in everything] == list(range(len(everything), 0, -1))
    assert entries("starting_after=aud_2abcdefghijklmnopqrstuvw") == []
    assert entries(f"starting_after={everything[-1]['id']}") == []


@pytest.mark.parametrize(
    ("path", "param"),
    [
        (f"{PATH}?colour=red", "colour"),
        (f"{PATH}?limit=101", "limit"),
        (f"{PATH}?action=", "action"),
        (f"{PATH}?actor={'x' * 101}", "actor"),
        (f"{PATH}?starting_after=evt_2abcdefghijklmnopqrstuvw", "starting_after"),
        (f"{PATH}?created[gte]=yesterday", "created[gte]"),
        (f"{FILE}?limit=1001", "limit"),
        (f"{FILE}?limit=0", "limit"),
        (f"{FILE}?action=api_key.created", "action"),
        (f"{FILE}?ending_before=aud_2abcdefghijklmnopqrstuvw", "ending_before"),
        (f"{PATH}/aud_2abcdefghijklmnopqrstuvw?expand=actor", "expand"),
    ],
)
def test_a_malformed_question_names_its_field(
    read_payments: Door, shop: Account, path: str, param: str
) -> None:
    """What is unknown, too large or no cursor is named."""
    refused = read_payments.get(path, key=shop.secret_key)

    assert (refused.status, refused.error["param"]) == (400, param)


def test_one_entry_is_read_and_others_are_not_there(
    read_payments: Door, shop: Account, make_account: MakeAccount, entries: Entries
) -> None:
    """Another account's entries, and the other mode's, are answered as ones that never were."""
    stranger = make_account()
    live = shop.live_key
    own = entries("limit=1")[0]
    foreign = [entries("limit=1", key)[0]["id"] for key in (stranger.secret_key, live)]
    read = read_payments.get(f"{PATH}/{own['id']}", key=shop.secret_key)
    refused = [
        read_payments.get(f"{PATH}/{one}", key=shop.secret_key)
        for one in (*foreign, "aud_2abcdefghijklmnopqrstuvw", "evt_1")
    ]

    assert read.json == own
    assert {(reply.status, reply.error["code"]) for reply in refused} == {(404, "resource_missing")}
    assert not {one["id"] for one in entries()} & set(foreign)
    assert own["livemode"] is False


def test_entries_are_read_by_keys_that_may(
    act: Callable[..., Reply], read_payments: Door, shop: Account
) -> None:
    """`audit:read` opens the list, one and the file; other keys open none of them."""
    reader = act("", {"kind": "restricted", "scopes": ["audit:read"]}).json["secret"]
    other = act("", RESTRICTED).json["secret"]
    entry = read_payments.get(f"{PATH}?limit=1", key=reader).json["data"][0]["id"]
    paths = (PATH, f"{PATH}/{entry}", FILE)

    assert [read_payments.get(path, key=reader).status for path in paths] == [200] * 3
    for key in (other, shop.provisioned.modes[0].publishable_key):
        assert [read_payments.get(path, key=key).status for path in paths] == [403] * 3
    assert [read_payments.get(path).status for path in paths] == [401] * 3


def test_the_file_proves_itself(
    act: Callable[..., Reply], read_payments: Door, shop: Account
) -> None:
    """Part by part, the file holds the whole chain, and its hashes follow from its cells."""
    act("", {**RESTRICTED, "name": "=cmd|' /C calc'!A0", "allowed_from": ["192.0.2.0/24"]})
    path: str | None = f"{FILE}?limit=2&created[gte]=0"
    found: list[Mapping[str, str]] = []
    while path is not None:
        part = read_payments.get(path, key=shop.secret_key)
        assert part.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        found += csv.DictReader(io.StringIO(part.content.decode(), newline=""))
        link = part.headers.get("Link")
        path = None if link is None else link[link.index("/v1/") : link.index(">")]
    last = bytes(32)
    for place, row in enumerate(found, start=1):
        last = _hash_of(row, last)

        assert (row["position"], row["hash"]) == (str(place), last.hex())
    assert len(found) == read_payments.get(PATH, key=shop.secret_key).json["data"][0]["position"]
    assert not [cell for row in found for cell in row.values() if cell[:1] in tuple("=+-@")]


def test_the_file_has_a_range(
    act: Callable[..., Reply], read_payments: Door, shop: Account
) -> None:
    """Only what lies between two seconds is in it; none is a head line and no more."""
    act("", RESTRICTED)
    later = int(time.time()) + DAY
    none = read_payments.get(f"{FILE}?created[gte]={later}", key=shop.secret_key)

    assert none.content.count(b"\r\n") == 1
    assert none.content.startswith(b'"chain","position","id","at",')


def _hash_of(row: Mapping[str, str], previous: bytes) -> bytes:
    """What the API's description says, and nothing of ours."""
    assert row["previous_hash"] == previous.hex()
    at = datetime.fromisoformat(row["at"])
    fields: list[str | None] = ["audit.v1", row["chain"], row["position"], row["id"]]
    fields.append(str(int(at.timestamp()) * 1_000_000 + at.microsecond))
    names = list(row)
    hashed = names[names.index("actor_kind") : names.index("request_id") + 1]
    fields += [row[name].removeprefix("'") or None for name in hashed]
    text = "".join("-," if x is None else f"{len(x.encode())}:{x}," for x in fields)
    return hashlib.sha256(previous + text.encode()).digest()
