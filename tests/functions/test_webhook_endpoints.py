"""Webhook endpoints over HTTP: made, changed, rotated, deleted, and told of each act."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from shared.domain.webhook_endpoint import MOST_ENDPOINTS
from tests.database import Account, MakeAccount
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.rows import Rows
from tests.functions.team import Team

PATH: Final = "/v1/webhook_endpoints"
GOOD: Final = {"url": "https://shop.example.cm/hooks", "enabled_events": ["charge.*"]}

Make = Callable[..., Reply]


@pytest.fixture
def make(manage_account: Door, shop: Account, rows: Rows) -> Make:
    """Make an endpoint with the shop's secret key; there is room for all of a test's."""
    rows.run(
        f'UPDATE "{shop.test.schema}".webhook_endpoints'
        " SET status = 'deleted', secret_sealed = '', old_secrets = '[]' WHERE id <> :id",
        id=shop.webhook_endpoint,
    )

    def post(key: str | None = None, **changes: Any) -> Reply:
        body = {name: v for name, v in (GOOD | changes).items() if v is not ...}
        return manage_account.post(PATH, body, key=key or shop.secret_key)

    return post


def test_a_made_endpoint_shows_its_secret_once(
    make: Make, manage_account: Door, shop: Account, rows: Rows
) -> None:
    """No later answer holds the secret, and neither does any table or audit entry."""
    made = make(description="Caisse", metadata={"till": "3"}, payload="thin", order="object")
    secret, path = made.json["secret"], f"{PATH}/{made.json['id']}"
    later = [manage_account.get(one, key=shop.secret_key) for one in (path, f"{PATH}?limit=100")]
    stored = str([rows.of("webhook_endpoints"), rows.of("audit_entries")])

    assert (made.status, made.headers["Cache-Control"]) == (200, "no-store")
    assert secret.startswith("whsec_")
    assert later[0].json == {k: v for k, v in made.json.items() if k != "secret"}
    assert later[0].json in later[1].json["data"]
    assert not [text for text in (*map(str, later), stored) if secret[6:] in text]
    (entry,) = rows.of("audit_entries", "object_id = :id", id=made.json["id"])
    assert (entry["action"], "charge.*" in entry["after"]) == ("webhook_endpoint.created", True)
    (due,) = rows.platform("due_work", "object_id = :id", id=made.json["id"])
    assert (due["kind"], str(due["due_at"])) == ("webhook", "infinity")


def test_a_family_is_shown_as_it_was_asked_for(make: Make, rows: Rows) -> None:
    """`charge.*` is stored with its types, and `*` stands alone."""
    made = make(enabled_events=["payout.paid", "charge.*", "charge.failed"])
    (stored,) = rows.of("webhook_endpoints", "id = :id", id=made.json["id"])

    assert made.json["enabled_events"] == ["charge.*", "payout.paid"]
    assert {"charge.*", "charge.succeeded", "payout.paid"} <= set(stored["enabled_events"])
    assert make(enabled_events=["charge.failed", "*"]).json["enabled_events"] == ["*"]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"url": ...}, "parameter_missing", "url"),
        ({"url": 5}, "url_invalid", "url"),
        ({"url": "http://shop.example.cm/"}, "url_not_https", "url"),
        ({"url": "https://shop.example.cm:8443/"}, "url_port_not_allowed", "url"),
        ({"url": "https://169.254.169.254/latest"}, "url_host_not_allowed", "url"),
        ({"url": "https://metadata.internal/"}, "url_host_not_allowed", "url"),
        ({"url": "https://2852039166/"}, "url_host_not_allowed", "url"),
        ({"url": "https://a:b@shop.example.cm/"}, "url_invalid", "url"),
        ({"enabled_events": ...}, "parameter_missing", "enabled_events"),
        ({"enabled_events": []}, "parameter_invalid", "enabled_events"),
        ({"enabled_events": ["charge.paid"]}, "event_type_unknown", "enabled_events[0]"),
        ({"enabled_events": ["webhook_endpoint.test"]}, "event_type_unknown", "enabled_events[0]"),
        ({"enabled_events": ["*", "*"]}, "parameter_invalid", "enabled_events[1]"),
        ({"payload": "half"}, "parameter_invalid", "payload"),
        ({"order": ["object"]}, "parameter_invalid", "order"),
        ({"signature": "github"}, "parameter_invalid", "signature"),
        ({"signature": "stripe", "signing": "ed25519"}, "parameter_invalid", "signing"),
        ({"disabled": True}, "parameter_unknown", "disabled"),
        ({"secret": "whsec_x"}, "parameter_unknown", "secret"),
        ({"metadata": {"a": 1}}, "metadata_invalid", "metadata[a]"),
    ],
)
def test_a_bad_endpoint_is_refused(
    make: Make, rows: Rows, changes: dict[str, Any], code: str, param: str
) -> None:
    """Each fault is named, and nothing is stored."""
    before = rows.snapshot()

    refused = make(**changes)

    assert (refused.status, refused.error["code"], refused.error["param"]) == (400, code, param)
    assert rows.snapshot() == before


def test_there_are_sixteen_at_most(manage_account: Door, make_account: MakeAccount) -> None:
    """One more is refused until another is deleted."""
    key = make_account().secret_key
    made = [manage_account.post(PATH, GOOD, key=key) for _ in range(MOST_ENDPOINTS)]
    path = f"{PATH}/{made[0].json['id']}"

    assert [reply.status for reply in made] == [200] * (MOST_ENDPOINTS - 1) + [400]
    assert made[-1].error["code"] == "too_many_webhook_endpoints"
    assert manage_account.call("DELETE", path, key=key).status == 200
    assert manage_account.post(PATH, GOOD, key=key).status == 200


def test_an_update_changes_what_it_names(
    make: Make, manage_account: Door, shop: Account, rows: Rows
) -> None:
    """The rest stays; the entry tells what was before; the same again writes nothing."""
    made = make(description="Caisse", metadata={"a": "1", "b": "2"}).json
    path = f"{PATH}/{made['id']}"
    changes = {"url": "https://other.example.cm/x", "metadata": {"a": "", "c": "3"}}

    first, again = (manage_account.post(path, changes, key=shop.secret_key) for _ in range(2))

    expected = {k: v for k, v in made.items() if k != "secret"}
    expected |= {"url": "https://other.example.cm/x", "metadata": {"b": "2", "c": "3"}}
    assert (first.status, first.json) == (200, expected)
    assert again.json == first.json
    told = rows.of("audit_entries", "object_id = :id", id=made["id"])
    (entry,) = (each for each in told if each["action"] == "webhook_endpoint.updated")
    assert "https://shop.example.cm/hooks" in entry["before"]
    emptied = manage_account.post(
        path, {"metadata": None, "description": None}, key=shop.secret_key
    )
    assert (emptied.json["metadata"], emptied.json["description"]) == ({}, None)


def test_the_largest_metadata_is_taken(manage_account: Door, shop: Account) -> None:
    """What may be said may be changed too, though no audit entry could hold all of it."""
    largest = {f"{'é' * 37}{number:03}": "é" * 500 for number in range(50)}
    wish = json.dumps({**GOOD, "metadata": largest}, ensure_ascii=False).encode()
    made = manage_account.post(PATH, wish, key=shop.secret_key)
    path = f"{PATH}/{made.json['id']}"
    changed = manage_account.post(path, {"metadata": {"a": "1"}}, key=shop.secret_key)

    assert (made.status, made.json["metadata"]) == (200, largest)
    assert (changed.status, changed.error["code"]) == (400, "metadata_invalid")
    assert manage_account.call("DELETE", path, key=shop.secret_key).status == 200


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"url": "https://localhost/"}, "url_host_not_allowed", "url"),
        ({"disabled": "yes"}, "parameter_invalid", "disabled"),
        ({"signing": "ed25519"}, "parameter_unknown", "signing"),
        ({"signature": "stripe"}, "parameter_unknown", "signature"),
        ({"metadata": {"x" * 41: "1"}}, "metadata_invalid", "metadata"),
    ],
)
def test_a_bad_update_changes_nothing(
    manage_account: Door,
    shop: Account,
    rows: Rows,
    *,
    changes: dict[str, Any],
    code: str,
    param: str,
) -> None:
    """Each fault is named; how an endpoint is signed is fixed when it is made."""
    before = rows.snapshot()

    refused = manage_account.post(f"{PATH}/{shop.webhook_endpoint}", changes, key=shop.secret_key)

    assert (refused.status, refused.error["code"], refused.error["param"]) == (400, code, param)
    assert rows.snapshot() == before


def test_a_deleted_endpoint_is_gone_for_good(
    make: Make, manage_account: Door, shop: Account, rows: Rows
) -> None:
    """It is in no list, its secrets are forgotten, and only deleting it again answers."""
    made = make().json
    path = f"{PATH}/{made['id']}"

    first, again = (manage_account.call("DELETE", path, key=shop.secret_key) for _ in range(2))

    assert first.json == {"id": made["id"], "object": "webhook_endpoint", "deleted": True}
    assert again.json == first.json
    others = [
        manage_account.get(path, key=shop.secret_key),
        manage_account.post(path, {"disabled": False}, key=shop.secret_key),
        *(
            manage_account.post(f"{path}/{what}", body, key=shop.secret_key)
            for what, body in (
                ("rotate_secret", {}),
                ("test", {}),
                ("resend", {"created": {"gte": 0, "lt": 1}}),
            )
        ),
    ]
    assert {reply.status for reply in others} == {404}
    listed = manage_account.get(f"{PATH}?limit=100", key=shop.secret_key).json["data"]
    assert made["id"] not in {each["id"] for each in listed}
    (stored,) = rows.of("webhook_endpoints", "id = :id", id=made["id"])
    assert (stored["secret_sealed"], stored["status"]) == ("", "deleted")
    (due,) = rows.platform("due_work", "object_id = :id", id=made["id"])
    assert due["done_at"] is not None


def test_who_may_do_what(manage_account: Door, shop: Account, realm: Realm, rows: Rows) -> None:
    """Viewers look, developers change in either mode, publishable keys do neither."""
    team, path = Team(rows._connection), f"{PATH}/{shop.webhook_endpoint}"

    def status(duty: str, mode: str, *, ago: int = 0) -> tuple[int, int]:
        token = realm.token(team.join(shop.id, duty), signed_in_ago=ago)
        who = {"Pay-Account": shop.id, "Pay-Mode": mode, "Authorization": f"Bearer {token}"}
        endpoint = path if mode == "test" else PATH
        body = {"description": "seen"} if mode == "test" else GOOD
        return (
            manage_account.get(endpoint, headers=who).status,
            manage_account.post(endpoint, body, headers=who).status,
        )

    assert status("viewer", "test") == status("finance", "live") == (200, 403)
    assert status("developer", "test") == status("developer", "live") == (200, 200)
    assert status("owner", "live", ago=3600) == (200, 403)
    publishable = shop.provisioned.modes[0].publishable_key
    assert manage_account.get(path, key=publishable).status == 403


def test_the_list_has_cursors(make: Make, manage_account: Door, shop: Account) -> None:
    """Newest first, forwards and backwards, as every list."""
    ids = [make().json["id"] for _ in range(3)][::-1]

    def page(query: str) -> tuple[list[str], bool]:
        reply = manage_account.get(f"{PATH}?{query}", key=shop.secret_key).json
        return [each["id"] for each in reply["data"]], reply["has_more"]

    assert page("limit=2") == (ids[:2], True)
    assert page(f"limit=1&starting_after={ids[1]}") == ([ids[2]], True)
    assert page(f"ending_before={ids[2]}") == (ids[:2], False)
