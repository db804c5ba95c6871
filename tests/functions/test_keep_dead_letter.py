"""Every dead letter becomes one row, however broken it is."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.events import CHARGE_CREATED
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.rows import Rows
from tests.functions.till import Till

SOURCE = "submit_charge--charge-created--test"


@pytest.fixture
def keep(door: Callable[[str], Door], issuer: Issuer) -> Callable[..., Reply]:
    """Push to keep_dead_letter with a right token."""
    return lambda body: door("keep_dead_letter").post(
        "/", body, headers=issuer.headers("keep_dead_letter")
    )


def dead(body: dict[str, Any], **attributes: str) -> dict[str, Any]:
    """The same push as the dead-letter topic delivers it."""
    message = body["message"]
    source = {
        "CloudPubSubDeadLetterSourceSubscription": SOURCE,
        "CloudPubSubDeadLetterSourceDeliveryCount": "100",
    }
    return {
        "subscription": "projects/test/subscriptions/keep_dead_letter--charge-created-dead",
        "message": {**message, "attributes": message.get("attributes", {}) | source | attributes},
    }


def letters(rows: Rows, event_id: str) -> list[list[Any]]:
    """What was kept of it."""
    return rows.run(
        "SELECT topic, subscription, account_id, livemode, object_id, delivery_count"
        " FROM platform.dead_letters WHERE event_id = :id",
        id=event_id,
    )


def test_a_dead_letter_is_kept_once(keep: Callable[..., Reply], till: Till) -> None:
    """With all that is needed to find its payment and to replay it, however often it comes."""
    message = till.message(CHARGE_CREATED, "ch_" + "7" * 24)

    replies = [keep(dead(push_body(message))) for _ in range(3)]

    assert [reply.status for reply in replies] == [204] * 3
    assert letters(till.rows, message.event_id) == [
        [CHARGE_CREATED, SOURCE, till.account.id, False, message.object_id, 100]
    ]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("no JSON", {"data": base64.b64encode(b"\x00\xff").decode()}),
        ("no data", {"data": ""}),
        ("other fields", {"data": base64.b64encode(b'{"a": 1}').decode()}),
    ],
)
def test_a_broken_one_is_kept_too(
    keep: Callable[..., Reply], rows: Rows, shop: Account, name: str, changes: dict[str, str]
) -> None:
    """Of a message that nobody can read, what can be had stays."""
    del shop
    body: dict[str, Any] = {"message": {"messageId": f"broken {name}", **changes}}

    assert keep(dead(body)).status == 204

    assert letters(rows, f"broken {name}") == [["", SOURCE, None, None, None, 100]]


@pytest.mark.parametrize(
    "attributes",
    [
        {"type": "a\x00b"},
        {"CloudPubSubDeadLetterSourceSubscription": "s\x00"},
        {"CloudPubSubDeadLetterSourceDeliveryCount": "many"},
        {"CloudPubSubDeadLetterSourceDeliveryCount": "9" * 400},
        {"CloudPubSubDeadLetterSourceDeliveryCount": "\u0661"},
        {"key\x00": "\x00"},
        {"type": "t" * 5000},
        {"note": "\\u0000"},
        {"note": "a\\"},
    ],
    ids=str,
)
def test_what_a_database_refuses_is_kept_without_it(
    keep: Callable[..., Reply], rows: Rows, attributes: dict[str, str]
) -> None:
    """A letter that could not be kept would come back for ever."""
    event_id = f"odd{len(str(attributes))}-{sum(map(ord, str(attributes)))}"
    body: dict[str, Any] = {"message": {"messageId": event_id}}

    assert keep(dead(body, **attributes)).status == 204

    assert len(letters(rows, event_id)) == 1


def test_a_strangers_letter_is_not_kept(
    door: Callable[[str], Door], issuer: Issuer, till: Till
) -> None:
    """Only what Pub/Sub pushes, by a token for this door; and nothing that is no push."""
    before = till.rows.snapshot()
    letter = dead(push_body(till.message(CHARGE_CREATED, "ch_" + "7" * 24)))
    closed = door("keep_dead_letter")

    assert closed.post("/", letter).status == 401
    assert closed.post("/", letter, headers=issuer.headers("submit_charge")).status == 401
    assert closed.post("/", b"{", headers=issuer.headers("keep_dead_letter")).status == 400
    assert till.rows.snapshot() == before
