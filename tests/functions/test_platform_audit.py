"""The platform's own audit chain over HTTP: searched, read and exported by administrators alone."""

import csv
import hashlib
import io
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

import pytest
from pg8000.native import Connection

from shared.db.audit import NEWEST_OF_PLATFORM
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.team import Team

PATH: Final = "/v1/platform/audit_entries"
FILE: Final = "/v1/platform/audit_entries.csv"
REASON: Final = "a key was found in public"
# Some years of twenty administrators, without the trigger that would chain it.
A_LONG_CHAIN: Final = """
INSERT INTO audit_entries (position, id, at, actor_kind, actor_id, action, object_type, object_id,
  previous_hash, hash)
SELECT 1000000 + n, 'aud_' || n, now(), 'person', 'admin_' || n % 20, 'account.acted_' ||
  chr(97 + n % 15), 'account', 'acct_' || n % 700, sha256('x'), sha256('x')
FROM generate_series(1, 20000) n"""

Ask = Callable[..., Reply]


@pytest.fixture
def who() -> str:
    """An administrator who has done nothing yet."""
    return str(uuid.uuid4())


@pytest.fixture
def ask(door: Callable[[str], Door], realm: Realm, who: str) -> Ask:
    """Ask as her, who signed in this morning."""
    token = realm.token(who, "admin", signed_in_ago=4000)
    return lambda path: door("manage_platform").get(path, key=token)


@pytest.fixture
def suspended(provision_account: Door, realm: Realm, who: str, account: Account) -> str:
    """An account that she has suspended; two of her acts stand in the chain."""
    token = realm.token(who, "admin")
    path = f"/v1/accounts/{account.id}"
    document = {"kind": "other", "file_name": "a.pdf", "sha256": "0" * 64}
    assert provision_account.post(f"{path}/documents", document, key=token).status == 200
    assert provision_account.post(f"{path}/suspend", {"reason": REASON}, key=token).status == 200
    return account.id


def test_entries_are_found_by_who_what_and_when(ask: Ask, who: str, suspended: str) -> None:
    """By actor, object, action and time, each alone and together; one is read as it is listed."""

    def actions(query: str) -> list[str]:
        found = ask(f"{PATH}?{query}")
        assert found.status == 200, found.json
        return [one["action"] for one in found.json["data"]]

    [stop, document] = ask(f"{PATH}?actor={who}").json["data"]
    both = ["account.suspended", "account.document_recorded"]

    assert actions(f"object={suspended}")[:2] == both
    assert actions(f"actor={who}&action=account.suspended") == ["account.suspended"]
    assert actions(f"object={suspended}&action=account.suspended") == ["account.suspended"]
    assert actions(f"actor={who}&object={suspended}&created[gte]={document['created']}") == both
    assert actions(f"actor={who}&created[lt]={document['created'] - 5}") == []
    assert actions(f"actor={who}&limit=1&starting_after={stop['id']}") == both[1:]
    assert actions(f"actor={who}&limit=1&ending_before={document['id']}") == both[:1]
    assert actions(f"actor={uuid.uuid4()}") == []
    assert "account.suspended" in actions("action=account.suspended&limit=1")
    assert (stop["reason"], stop["chain"], stop["livemode"]) == (REASON, "platform", True)
    assert ask(f"{PATH}/{stop['id']}").json == stop
    assert ask(f"{PATH}?limit=1").json["url"] == PATH


def test_the_file_proves_itself(ask: Ask, suspended: str) -> None:
    """Part by part the whole chain, and its hashes follow from its cells."""
    assert suspended
    path: str | None = f"{FILE}?limit=1000"
    found: list[dict[str, str]] = []
    while path is not None:
        part = ask(path)
        assert part.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
        found += csv.DictReader(io.StringIO(part.content.decode(), newline=""))
        link = part.headers.get("Link")
        path = None if link is None else link[link.index("/v1/") : link.index(">")]
    first = ask(f"{FILE}?limit=1")
    last = bytes(32)
    for place, row in enumerate(found, start=1):
        last = _hash_of(row, last)

        assert (row["chain"], row["position"]) == ("platform", str(place))
        assert row["hash"] == last.hex()
    assert found[-1]["reason"] == REASON
    assert first.headers["Link"].startswith(f"<https://api.example.cm{FILE}?limit=1&starting_after")


def test_nobody_else_sees_it(
    door: Callable[[str], Door],
    ask: Ask,
    realm: Realm,
    account: Account,
    superuser: Connection,
) -> None:
    """Owners, payers' role, keys and nobody: neither list, nor entry, nor file."""
    entry = ask(f"{PATH}?limit=1").json["data"][0]["id"]
    owner = realm.token(Team(superuser).join(account.id, "owner"))
    for key, status in (
        (owner, 403),
        (realm.token("somebody", "customer"), 403),
        (account.secret_key, 401),
        (None, 401),
    ):
        for path in (PATH, f"{PATH}/{entry}", FILE):
            assert door("manage_platform").get(path, key=key).status == status


@pytest.mark.parametrize(
    ("path", "param"),
    [
        (f"{PATH}?colour=red", "colour"),
        (f"{PATH}?limit=101", "limit"),
        (f"{PATH}?actor=", "actor"),
        (f"{PATH}?object={'x' * 101}", "object"),
        (f"{PATH}?starting_after=evt_2abcdefghijklmnopqrstuvw", "starting_after"),
        (f"{FILE}?limit=1001", "limit"),
        (f"{FILE}?action=account.suspended", "action"),
        (f"{PATH}/aud_2abcdefghijklmnopqrstuvw?expand=actor", "expand"),
    ],
)
def test_a_malformed_question_names_its_field(ask: Ask, path: str, param: str) -> None:
    """The same as of an account's entries."""
    refused = ask(path)

    assert (refused.status, refused.error["param"]) == (400, param)


def test_an_entry_of_an_account_is_none_of_the_platforms(
    ask: Ask, read_payments: Door, account: Account
) -> None:
    """Two chains, and no id leads from one into the other."""
    own = read_payments.get("/v1/audit_entries?limit=1", key=account.secret_key).json["data"][0]
    for entry in (own["id"], "aud_2abcdefghijklmnopqrstuvw", "evt_1"):
        reply = ask(f"{PATH}/{entry}")

        assert (reply.status, reply.error["code"]) == (404, "resource_missing")


@pytest.mark.parametrize("name", ["actor", "action", "object"])
def test_a_search_is_led_by_an_index(superuser: Connection, name: str) -> None:
    """Whatever the value is: the plan that is kept for all goes by the filter's own index."""
    statement = NEWEST_OF_PLATFORM[frozenset({name})]
    superuser.run("BEGIN")
    try:
        superuser.run("SET LOCAL search_path = platform, pg_catalog")
        superuser.run("SET LOCAL session_replication_role = replica")
        superuser.run(A_LONG_CHAIN)
        superuser.run("ANALYZE audit_entries")
        plan = superuser.run(f"EXPLAIN (GENERIC_PLAN) {statement.text}")
    finally:
        superuser.run("ROLLBACK")

    assert f"audit_entries_{name}" in str(plan)


def _hash_of(row: dict[str, str], previous: bytes) -> bytes:
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
