"""Publishes what a process committed and did not live to publish, for twenty seconds a run."""

from collections.abc import Sequence
from time import monotonic
from typing import Final

from shared.domain.events import Message
from shared.runtime import lifecycle, logs, wiring
from shared.runtime.crash import reached
from shared.runtime.http import tick_function

RUN_SECONDS: Final = 20
PAUSE_SECONDS: Final = 1
BATCH: Final = 100


def relay() -> None:
    """Claim, publish, mark, until the run is over or the process must stop."""
    ends_at, relayed = monotonic() + RUN_SECONDS, 0
    schedule = wiring.schedule()
    while not lifecycle.is_stopping() and monotonic() < ends_at:
        messages = schedule.claim_outbox(BATCH)
        if messages:
            reached("relay_outbox.before_publish")
            for topic in sorted({message.topic for message in messages}):
                _publish([message for message in messages if message.topic == topic])
            reached("relay_outbox.after_mark")
        relayed += len(messages)
        if len(messages) < BATCH:
            lifecycle.wait_for_stop(PAUSE_SECONDS)
    logs.info("outbox_relayed", count=relayed)


def _publish(messages: Sequence[Message]) -> None:
    """Publish and mark one topic; one that fails waits for its lease and delays no other."""
    if not wiring.is_published(messages):
        return
    reached("relay_outbox.after_publish")
    wiring.schedule().mark_published([message.event_id for message in messages])
    reached("relay_outbox.after_mark")


relay_outbox = tick_function("relay_outbox", relay)
