"""Webhook endpoints on the whole local system: through the gateway, to a receiver that checks."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from knative.local.programs import free_port
from knative.local.webhook_receiver import WebhookReceiver
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.system import HOST, LocalSystem

PATH: Final = "/v1/webhook_endpoints"
_WITHIN_SECONDS: Final = 30.0


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module."""
    with open_merchant(local_system, "Endpoints") as opened:
        yield opened


def call(merchant: Merchant, method: str, path: str, body: object = None) -> Any:
    """Do something that is allowed."""
    content = None if body is None else json.dumps(body).encode()
    answer = merchant.call(method, path, content)
    assert answer.status == 200, answer.data
    return answer.json()


def test_an_endpoint_is_made_tried_and_deleted(merchant: Merchant) -> None:
    """What it is sent is signed with the secret that its making showed, until it is gone."""
    url = f"http://{HOST}:{free_port()}/hooks"
    made = call(merchant, "POST", PATH, {"url": url, "enabled_events": ["payout.*"]})
    with WebhookReceiver(url, made["secret"]) as receiver:
        tried = call(merchant, "POST", f"{PATH}/{made['id']}/test", {})
        got = receiver.received.get(timeout=_WITHIN_SECONDS)
        deliveries = call(merchant, "GET", f"/v1/webhook_deliveries?endpoint={made['id']}")
        gone = call(merchant, "DELETE", f"{PATH}/{made['id']}")

    assert (got.is_verified, got.event_type) == (True, "webhook_endpoint.test")
    assert [each["event"] for each in deliveries["data"]] == [tried["id"]]
    assert gone["deleted"]
    assert merchant.call("GET", f"{PATH}/{made['id']}").status == 404
