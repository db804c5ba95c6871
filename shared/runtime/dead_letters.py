"""Reads of a dead letter what a person needs to find it and an admin to replay it."""

import json
from typing import Any, Final

from shared.messaging.envelope import Envelope, UndecodableError, read_push

SOURCE: Final = "CloudPubSubDeadLetterSourceSubscription"
COUNT: Final = "CloudPubSubDeadLetterSourceDeliveryCount"
LONGEST: Final = 200


def row_of(envelope: Envelope) -> dict[str, Any]:
    """Return the columns of `dead_letters`; of a broken message those that can be had."""
    attributes = {_storable(name): _storable(v) for name, v in envelope.attributes.items()}
    count = attributes.get(COUNT, "")
    row: dict[str, Any] = {
        "topic": attributes.get("type", "")[:LONGEST],
        "subscription": (attributes.get(SOURCE) or _storable(envelope.subscription))[:LONGEST],
        "event_id": (attributes.get("event_id") or _storable(envelope.message_id))[:LONGEST],
        "account": None,
        "livemode": None,
        "object_id": None,
        "attributes": json.dumps(attributes),
        "delivery_count": int(count)
        if count.isascii() and count.isdigit() and len(count) <= len("1000")
        else None,
    }
    try:
        message = read_push(envelope).message
    except UndecodableError:
        return row
    return row | {
        "account": message.account,
        "livemode": message.livemode,
        "object_id": message.object_id,
    }


def _storable(text: str) -> str:
    """Leave out what PostgreSQL cannot hold: a letter refused by it would come back for ever."""
    return text.replace("\x00", "")
