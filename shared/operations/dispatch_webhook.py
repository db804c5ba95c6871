"""Sends an endpoint what is due to it, some at a time, and records how each attempt ended."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from shared.domain import webhook
from shared.domain.deadline import Deadline
from shared.domain.events import Message
from shared.domain.notification import Kind, Notification
from shared.domain.webhook import DeliveryOutcome, Signer
from shared.domain.webhook_endpoint import Order
from shared.operations.ports import Reached
from shared.operations.webhook_content import webhook_request
from shared.operations.webhook_ports import (
    SLOW_AFTER,
    Delivery,
    DeliveryResult,
    DeliveryStore,
    Endpoint,
    WebhookAnswer,
    WebhookSender,
)
from shared.operations.webhook_share import Claimed, Share

BATCH: Final = 50
"""How many are sent to an endpoint at once; less than a tenth of a process's threads."""
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
    signed_at: Callable[[], datetime]
    """What receivers' clocks say, whatever time it is for the merchant."""
    monotonic: Callable[[], float]
    jitter_permille: Callable[[], int]
    spread: Spread
    open_secrets: Callable[[Endpoint, datetime], Sequence[Signer]]
    """What signs for an endpoint at a moment, the newest first."""
    reached: Reached
    share: Share = field(default_factory=lambda: Share(BATCH))
    on_lease: Callable[[], None] = lambda: None
    """Told once something is leased: from then on nothing is lost with this process."""


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

        def claim(room: int, now: datetime = now) -> Claimed | None:
            until = now + LEASE
            return store.claim(message.object_id, now=now, lease_until=until, limit=room)

        claimed = how.share.claim(message.object_id, claim)
        if claimed is None:
            break
        endpoint, deliveries = claimed
        try:
            how.reached("dispatch_webhook.after_claim")
            how.on_lease()
            answers = _send(endpoint, deliveries, message=message, sender=sender, how=how)
        finally:
            how.share.release(message.object_id, len(deliveries))
        how.reached("dispatch_webhook.after_send")
        results = _record(endpoint, deliveries, answers, message=message, store=store, how=how)
        how.reached("dispatch_webhook.after_record")
        came_to.update(result.status for result in results)
        # What came to a slow endpoint meanwhile others have left lying. They count from the moment
        # that the lease names, which is before the database had time for us.
        was_slow = how.now() - now >= SLOW_AFTER
        if not was_slow and not _may_be_more(endpoint, deliveries, results):
            break
    return came_to


def _send(
    endpoint: Endpoint,
    deliveries: Sequence[Delivery],
    *,
    message: Message,
    sender: WebhookSender,
    how: Dispatch,
) -> Sequence[WebhookAnswer]:
    signers = how.open_secrets(endpoint, how.signed_at())

    def attempt(delivery: Delivery) -> WebhookAnswer:
        request = webhook_request(
            delivery.event, endpoint, signers, livemode=message.livemode, now=how.signed_at()
        )
        return sender.send(request, livemode=message.livemode)

    return list(how.spread(attempt, deliveries))


def _may_be_more(
    endpoint: Endpoint, deliveries: Sequence[Delivery], results: Sequence[DeliveryResult]
) -> bool:
    """Whether to claim again at once: what is due beyond a batch, or was let go by it."""
    has_succeeded = any(result.status == "succeeded" for result in results)
    if endpoint.order is Order.OBJECT:
        return True
    return len(deliveries) == BATCH or (endpoint.failing_since is not None and has_succeeded)


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
