"""What one attempt carries: body and headers as an endpoint wants them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from shared.domain import webhook
from shared.domain.events import Event
from shared.domain.webhook import Signer, WebhookSecret
from shared.domain.webhook_endpoint import Payload, Scheme
from shared.operations.objects import event_object, to_json
from shared.operations.versions import shown_as
from shared.operations.webhook_ports import Endpoint, WebhookRequest


def webhook_request(
    event: Event, endpoint: Endpoint, signers: Sequence[Signer], *, livemode: bool, now: datetime
) -> WebhookRequest:
    """Return the bytes to POST, signed with each of `signers`, the newest first.

    In Stripe's manner only secrets sign: its scheme knows no key pairs. An event that is newer than
    the endpoint's version is shown as that version had it; an older one stays as it was written.
    """
    if endpoint.scheme is Scheme.STRIPE:
        version = min(event.api_version, endpoint.api_version)
        told = replace(event, api_version=version)
        body = to_json(event_object(told, _object(event, endpoint), livemode=livemode)).encode()
        secrets = [signer for signer in signers if isinstance(signer, WebhookSecret)]
        return WebhookRequest(
            endpoint.url, body, webhook.stripe_headers(now, body, secrets=secrets)
        )
    is_as_written = endpoint.payload is Payload.FULL and endpoint.api_version >= event.api_version
    data = event.data if is_as_written else to_json(_object(event, endpoint))
    body = webhook.payload(event.type, event.created_at, data)
    headers = webhook.signed_headers(event.id, now, body, secrets=signers)
    return WebhookRequest(endpoint.url, body, headers)


def _object(event: Event, endpoint: Endpoint) -> Mapping[str, Any]:
    """Return the object of an event as the endpoint's version shows it; of a thin one, its id."""
    whole: dict[str, Any] = msgspec.json.decode(event.data)
    if endpoint.payload is Payload.THIN:
        return {"id": event.object_id, "object": whole.get("object")}
    return shown_as(whole, endpoint.api_version)
