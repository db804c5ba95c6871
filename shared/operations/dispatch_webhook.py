"""Sends an endpoint what is due to it, some at a time, and records how each attempt ended."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from shared.domain import webhook
from shared.domain.deadline import Deadline
from shared.domain.events import Message
from shared.domain.notification import Kind, Notification
from shared.domain.webhook import DeliveryOutcome, WebhookSecret
from shared.operations.ports import Reached
from shared.operations.webhook_ports import (
    Delivery,
    DeliveryResult,
    DeliveryStore,
    Endpoint,
    WebhookAnswer,
    WebhookRequest,
    WebhookSender,
)

BATCH: Final = 50
LEASE: Final = timedelta(seconds=30)
"""Longer than the 15 s that a batch may take; what a dead process held is late by this much."""
BATCHES_WITHIN_SECONDS: Final = 8
"""A further batch starts only within this time, because one attempt may take 15 s."""

Spread = Callable[
    [Callable[[Delivery], WebhookAnswer], Sequence[Delivery]], Iterable[WebhookAnswer]
]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What dispatching needs: time, chance, threads and the opening of sealed secrets."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    jitter_permille: Callable[[], int]
    spread: Spread
    open_secret: Callable[[Endpoint], WebhookSecret]
    reached: Reached


def dispatch_webhook(
    message: Message, *, store: DeliveryStore, sender: WebhookSender, how: Dispatch
) -> Counter[str]:
    """Send batches until nothing is due or the time is up.

    Return how many attempts came to what: `succeeded`, `pending` (again later), `exhausted` and
    `dropped` (the endpoint is gone).
    """
    deadline = Deadline.after(BATCHES_WITHIN_SECONDS, how.monotonic)
    came_to: Counter[str] = Counter()
    while not deadline.is_over:
        now = how.now()
        how.reached("dispatch_webhook.before_claim")
        claimed = store.claim(message.object_id, now=now, lease_until=now + LEASE, limit=BATCH)
        if claimed is None:
            break
        how.reached("dispatch_webhook.after_claim")
        endpoint, deliveries = claimed
        secret = how.open_secret(endpoint)

        def attempt(
            delivery: Delivery, endpoint: Endpoint = endpoint, secret: WebhookSecret = secret
        ) -> WebhookAnswer:
            request = _request(delivery, endpoint, secret, now=how.now())
            return sender.send(request, livemode=message.livemode)

        answers = list(how.spread(attempt, deliveries))
        how.reached("dispatch_webhook.after_send")
        results = _record(endpoint, deliveries, answers, message=message, store=store, how=how)
        how.reached("dispatch_webhook.after_record")
        came_to.update(result.status for result in results)
        if len(deliveries) < BATCH:
            break
    return came_to


def _request(
    delivery: Delivery, endpoint: Endpoint, secret: WebhookSecret, *, now: datetime
) -> WebhookRequest:
    event = delivery.event
    body = webhook.payload(event.type, event.created_at, event.data)
    headers = webhook.signed_headers(event.id, now, body, secrets=(secret,))
    return WebhookRequest(endpoint.url, body, headers)


def _record(
    endpoint: Endpoint,
    deliveries: Sequence[Delivery],
    answers: Sequence[WebhookAnswer],
    *,
    message: Message,
    store: DeliveryStore,
    how: Dispatch,
) -> Sequence[DeliveryResult]:
    now = how.now()
    since, disable_reason = endpoint.failing_since, None
    results = []
    for delivery, answer in zip(deliveries, answers, strict=True):
        outcome = webhook.outcome_of(answer.status, answer.error)
        since = webhook.failing_since(since, now, outcome)
        if webhook.is_to_be_disabled(since, now, outcome):
            disable_reason = "gone" if outcome is DeliveryOutcome.GONE else "failing"
        results.append(_result(delivery, answer, outcome, now=now, how=how))
    notice = disable_reason and _notice(disable_reason, endpoint, message, now=now)
    how.reached("dispatch_webhook.before_record")
    store.record(
        endpoint,
        results,
        disable_reason=disable_reason,
        failing_since=since,
        now=now,
        notice=notice or None,
    )
    return results


def _notice(reason: str, endpoint: Endpoint, message: Message, *, now: datetime) -> Notification:
    """What owner and developers are told; of the URL the host alone: the rest may be secret."""
    return Notification.of(
        Kind.ENDPOINT_GONE if reason == "gone" else Kind.ENDPOINT_FAILING,
        message.account,
        {"endpoint": endpoint.id, "host": urlsplit(endpoint.url).hostname or ""},
        livemode=message.livemode,
        now=now,
    )


def _result(
    delivery: Delivery,
    answer: WebhookAnswer,
    outcome: DeliveryOutcome,
    *,
    now: datetime,
    how: Dispatch,
) -> DeliveryResult:
    event_id = delivery.event.id
    if outcome is DeliveryOutcome.DELIVERED:
        return DeliveryResult(event_id, "succeeded", None, answer)
    if outcome is DeliveryOutcome.GONE:
        return DeliveryResult(event_id, "dropped", None, answer)
    again = webhook.next_attempt(
        delivery.attempts + 1,
        now,
        jitter_permille=how.jitter_permille(),
        retry_after_seconds=answer.retry_after_seconds,
    )
    return DeliveryResult(event_id, "pending" if again else "exhausted", again, answer)
