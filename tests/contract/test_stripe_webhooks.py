"""Stripe's own library reads what we send to endpoints that want its manner."""

from datetime import UTC, datetime

import pytest
import stripe

from shared.domain.events import Event
from shared.domain.webhook import WebhookSecret
from shared.domain.webhook_endpoint import Payload, Scheme
from shared.operations.webhook_content import webhook_request
from shared.operations.webhook_ports import Endpoint

NEW, OLD, FOREIGN = (WebhookSecret(bytes([n] * 32)) for n in (1, 2, 3))


@pytest.mark.parametrize("payload", list(Payload))
def test_it_verifies_with_either_secret_and_no_other(payload: Payload) -> None:
    """`construct_event` takes body and header as they come, during a rotation too."""
    now = datetime.now(UTC)
    endpoint = Endpoint("we_x", "https://x", "", None, now, payload=payload, scheme=Scheme.STRIPE)
    event = Event("evt_1", "charge.succeeded", "ch_x", '{"id":"ch_x","object":"charge"}', now)
    sent = webhook_request(event, endpoint, (NEW, OLD), livemode=False, now=now)
    header = dict(sent.headers)["Stripe-Signature"]

    for secret in (NEW, OLD):
        read = stripe.Webhook.construct_event(sent.body, header, secret.shown)
        assert (read.type, read.data.object["id"]) == ("charge.succeeded", "ch_x")
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(sent.body, header, FOREIGN.shown)
