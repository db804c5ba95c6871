"""Wires the way out to merchants: threads, chance, sealed secrets and the guarded sender."""

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Final

from shared.domain.webhook import JITTER_PERMILLE, WebhookSecret
from shared.messaging.webhook_sender import EgressSender
from shared.operations.dispatch_webhook import BATCH, Dispatch
from shared.operations.webhook_ports import Delivery, Endpoint, WebhookAnswer
from shared.runtime import wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.sealing import Sealer
from shared.runtime.settings import settings

USER_AGENT: Final = "Pay-Webhooks/1"


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
    """Return threads for every dispatch at once: they only wait, and one must not delay another."""
    return ThreadPoolExecutor(BATCH * settings().threads, thread_name_prefix="webhook")


def _spread(
    attempt: Callable[[Delivery], WebhookAnswer], deliveries: Sequence[Delivery]
) -> Iterable[WebhookAnswer]:
    if len(deliveries) == 1:
        return [attempt(deliveries[0])]
    return _threads().map(attempt, deliveries)


def _open(endpoint: Endpoint) -> WebhookSecret:
    sealer = Sealer(wiring.key_bytes("webhook_sealing_key"))
    return WebhookSecret.parse(sealer.open(endpoint.secret_sealed, endpoint.id))


@once
def dispatch() -> Dispatch:
    """Return what dispatching needs."""
    return Dispatch(
        now=wiring.now,
        monotonic=monotonic,
        jitter_permille=lambda: random.SystemRandom().randint(-JITTER_PERMILLE, JITTER_PERMILLE),
        spread=_spread,
        open_secret=_open,
        reached=reached,
    )
