"""Makes the topics and subscriptions of the catalogue, through the official client.

A program of its own (`python -m knative.local.topology PORTS_JSON`): the client starts threads,
beside which the runner could not safely start children. PUBSUB_EMULATOR_HOST and PUBSUB_PROJECT
say where.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from google.api_core.exceptions import AlreadyExists
from google.cloud import pubsub_v1
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.pubsub_v1.types import (
    DeadLetterPolicy,
    ExpirationPolicy,
    PushConfig,
    RetryPolicy,
)
from google.pubsub_v1.types import Subscription as SubscriptionMessage

from knative.catalogue import Subscription, load_catalogue, topics
from knative.local.layout import HOST, PUSH_AUDIENCE, PUSH_EMAIL

_CALL_SECONDS: Final = 10.0
_LONGEST_LOCAL_RETRY_SECONDS: Final = 10
_RETENTION_SECONDS: Final = 7 * 86_400
# What may differ from the last run and can be changed in place; a filter cannot.
_CHANGEABLE: Final = ("push_config", "ack_deadline_seconds", "retry_policy", "dead_letter_policy")


def make_topology(ports: Mapping[str, int], project: str) -> tuple[int, int]:
    """Make or correct everything; the numbers of topics and subscriptions. Repeatable."""
    entries = load_catalogue()
    names = topics(entries)
    publisher = pubsub_v1.PublisherClient()
    for topic in names:
        try:
            publisher.create_topic(
                request={"name": f"projects/{project}/topics/{topic}"}, timeout=_CALL_SECONDS
            )
        except AlreadyExists:
            continue
    wanted = [subscription for entry in entries for subscription in entry.subscriptions()]
    with pubsub_v1.SubscriberClient() as subscriber:
        there = {
            found.name: found
            for found in subscriber.list_subscriptions(
                request={"project": f"projects/{project}"}, timeout=_CALL_SECONDS
            )
        }
        for subscription in wanted:
            message = _message(subscription, ports[subscription.function], project)
            _apply(subscriber, message, there.pop(message.name, None))
        for leftover in there:
            subscriber.delete_subscription(
                request={"subscription": leftover}, timeout=_CALL_SECONDS
            )
    return len(names), len(wanted)


def _apply(subscriber: Any, wanted: SubscriptionMessage, found: SubscriptionMessage | None) -> None:
    if found is not None and found.filter != wanted.filter:
        subscriber.delete_subscription(request={"subscription": found.name}, timeout=_CALL_SECONDS)
        found = None
    if found is None:
        subscriber.create_subscription(request=wanted, timeout=_CALL_SECONDS)
        return
    changed = [n for n in _CHANGEABLE if getattr(found, n) != getattr(wanted, n)]
    if changed:
        subscriber.update_subscription(
            request={"subscription": wanted, "update_mask": FieldMask(paths=changed)},
            timeout=_CALL_SECONDS,
        )


def _message(subscription: Subscription, port: int, project: str) -> SubscriptionMessage:
    message = SubscriptionMessage(
        name=f"projects/{project}/subscriptions/{subscription.name}",
        topic=f"projects/{project}/topics/{subscription.topic}",
        filter=subscription.filter_expression,
        ack_deadline_seconds=subscription.ack_deadline_seconds,
        message_retention_duration=Duration(seconds=_RETENTION_SECONDS),
        expiration_policy=ExpirationPolicy(),  # without a time to live: never
        retry_policy=RetryPolicy(
            minimum_backoff=Duration(seconds=subscription.min_retry_seconds),
            maximum_backoff=Duration(
                seconds=min(subscription.max_retry_seconds, _LONGEST_LOCAL_RETRY_SECONDS)
            ),
        ),
        push_config=PushConfig(
            push_endpoint=f"http://{HOST}:{port}/",
            oidc_token=PushConfig.OidcToken(
                service_account_email=PUSH_EMAIL,
                audience=f"{PUSH_AUDIENCE}/{subscription.function}",
            ),
        ),
    )
    if subscription.dead_letter_topic is not None and subscription.attempts is not None:
        message.dead_letter_policy = DeadLetterPolicy(
            dead_letter_topic=f"projects/{project}/topics/{subscription.dead_letter_topic}",
            max_delivery_attempts=subscription.attempts,
        )
    return message


def main() -> None:
    """Read the ports file named on the command line and make the topology."""
    ports = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    made = make_topology(ports, os.environ["PUBSUB_PROJECT"])
    print(f"{made[0]} topics, {made[1]} subscriptions")  # noqa: T201 - its log line


if __name__ == "__main__":
    main()
