"""Wires the way out to merchants: threads, chance, sealed secrets and the guarded sender."""

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Final

from shared.domain.account import Tenant
from shared.domain.events import Message
from shared.domain.webhook import JITTER_PERMILLE
from shared.messaging.webhook_sender import EgressSender
from shared.operations.dispatch_webhook import Dispatch, dispatch_webhook
from shared.operations.webhook_ports import Delivery, DeliveryStore, WebhookAnswer
from shared.runtime import lifecycle, logs, reporting, webhook_secrets, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.settings import settings

USER_AGENT: Final = "Pay-Webhooks/1"
ATTEMPTS: Final = 512
RUNS: Final = 512
PATIENCE_SECONDS: Final = 2.0
"""How long a push waits for answers, where half of the others do not wait already."""


@once
def sender() -> EgressSender:
    """Return the only way out to a merchant's URL."""
    return EgressSender(
        clock=monotonic,
        wall_clock=wiring.now,
        user_agent=USER_AGENT,
        allow_loopback=settings().webhook_allow_loopback,
    )


@once
def _threads() -> ThreadPoolExecutor:
    """Return threads for every attempt at once: they only wait, and one must not delay another."""
    return ThreadPoolExecutor(ATTEMPTS, thread_name_prefix="webhook")


@once
def _runs() -> ThreadPoolExecutor:
    """Return threads for every dispatch at once; a process that stops waits for what they hold."""
    pool = ThreadPoolExecutor(RUNS, thread_name_prefix="dispatch")
    lifecycle.on_shutdown(pool.shutdown)
    return pool


def _spread(
    attempt: Callable[[Delivery], WebhookAnswer], deliveries: Sequence[Delivery]
) -> Iterable[WebhookAnswer]:
    if len(deliveries) == 1:
        return [attempt(deliveries[0])]
    return _threads().map(attempt, deliveries)


@once
def _patient() -> threading.BoundedSemaphore:
    """Return what lets half of the pushes wait for answers; the rest is always free for others."""
    return threading.BoundedSemaphore(max(1, settings().threads // 2))


@once
def _dispatch() -> Dispatch:
    """Return what dispatching needs, whoever's endpoints these are."""
    return Dispatch(
        now=wiring.now,
        signed_at=wiring.now,
        monotonic=monotonic,
        jitter_permille=lambda: random.SystemRandom().randint(-JITTER_PERMILLE, JITTER_PERMILLE),
        spread=_spread,
        open_secrets=webhook_secrets.open_secrets,
        reached=reached,
    )


def dispatch(tenant: Tenant) -> Dispatch:
    """Return what dispatching to a tenant's endpoints needs."""
    return replace(_dispatch(), now=wiring.clock_of(tenant))


def run(message: Message, tenant: Tenant, store: DeliveryStore) -> None:
    """Send what is due to the endpoint that a message names; return when it is done, or is safe.

    Safe is what has been leased: from then on the clock brings back whatever this process may
    lose, so that the message need not wait for a slow receiver.
    """
    leased = threading.Event()
    how = replace(dispatch(tenant), on_lease=leased.set)

    def work() -> None:
        came_to = dispatch_webhook(message, store=store, sender=sender(), how=how)
        logs.info("webhooks_sent", endpoint_id=message.object_id, **came_to)

    running = _runs().submit(copy_context().run, work)
    if _patient().acquire(blocking=False):
        try:
            wait((running,), PATIENCE_SECONDS)
        finally:
            _patient().release()
    running.add_done_callback(lambda _: leased.set())
    leased.wait()
    if running.done():
        running.result()
    else:
        running.add_done_callback(partial(_tell_of_failure, message))


def _tell_of_failure(message: Message, running: Future[None]) -> None:
    failure = running.exception()
    if failure is not None:
        logs.exception("push_failed", failure, event_id=message.event_id)
        reporting.capture(failure)
