"""dispatch_webhook at its door: what a merchant's server gets, and what is kept of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.domain.events import WEBHOOK_DUE
from tests.functions.door import Reply
from tests.functions.till import Till
from tests.scripted_server import ScriptedServer, answer


@pytest.fixture
def dispatch(till: Till) -> Callable[[], Reply]:
    """Push that the shop's endpoint has something due."""
    message = till.message(WEBHOOK_DUE, till.account.webhook_endpoint)
    return lambda: till.push("dispatch_webhook", message)


def delivery(till: Till) -> dict[str, Any]:
    """The only delivery."""
    (row,) = till.rows.of("webhook_deliveries")
    return row


def test_an_event_is_sent_signed_and_once(
    till: Till, receiver: ScriptedServer, dispatch: Callable[[], Reply]
) -> None:
    """The published verifier accepts it; what was taken is not sent again."""
    charge_id = till.create()

    replies = [dispatch() for _ in range(3)]

    assert [reply.status for reply in replies] == [204] * 3
    (seen,) = receiver.seen
    secret = till.account.provisioned.modes[0].webhook_secret
    assert secret is not None
    Webhook(secret).verify(seen.body, seen.headers)
    event = json.loads(seen.body)
    assert (event["type"], event["data"]["id"]) == ("charge.pending", charge_id)
    assert seen.headers["webhook-id"] == delivery(till)["event_id"]
    assert (delivery(till)["status"], delivery(till)["attempts"]) == ("succeeded", 1)


def test_a_refused_event_is_tried_again_later(
    till: Till, receiver: ScriptedServer, dispatch: Callable[[], Reply]
) -> None:
    """A merchant's error is its own: we keep it, acknowledge, and wait for the next time."""
    receiver.script = lambda _: answer(500, "no")
    till.create()

    assert [dispatch().status for _ in range(2)] == [204, 204]

    row = delivery(till)
    assert len(receiver.seen) == 1
    assert (row["status"], row["attempts"], row["last_status"]) == ("pending", 1, 500)
    assert row["next_attempt_at"] is not None
    (due,) = till.rows.platform("due_work", "kind = 'webhook' AND NOT livemode")
    assert due["done_at"] is None


def test_an_endpoint_that_is_not_there_is_acknowledged(till: Till) -> None:
    """Nothing to send, nothing changes."""
    before = till.rows.snapshot()

    for object_id in ("we_" + "7" * 24, "ch_" + "7" * 24, "x"):
        assert till.push("dispatch_webhook", till.message(WEBHOOK_DUE, object_id)).status == 204
    assert till.rows.snapshot() == before
