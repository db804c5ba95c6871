"""Publishes after commit, beside the request; what fails here is left to relay_outbox."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from shared.domain.events import Message
from shared.runtime import lifecycle, logs, metrics

MOST_WAITING: Final = 5_000
BATCH: Final = 100
# A lone message leaves at once; those that follow it closely leave together.
GATHER_SECONDS: Final = 0.04
MARK_SECONDS: Final = 0.25
FLUSH_SECONDS: Final = 5.0
MARK_BATCH: Final = 500


class BackgroundPublisher:
    """A bounded queue and one daemon thread. What it drops lies in the outbox: nothing is lost."""

    def __init__(
        self,
        publish: Callable[[Sequence[Message]], None],
        mark_published: Callable[[Sequence[str]], None],
    ) -> None:
        """`publish` raises when unsure; `mark_published` takes the event ids that surely left."""
        self._publish = publish
        self._mark_published = mark_published
        self._waiting: deque[Message] = deque()
        self._published: list[str] = []
        self._condition = threading.Condition()
        self._is_closing = False
        self._thread: threading.Thread | None = None

    def enqueue(self, messages: Sequence[Message]) -> None:
        """Take messages whose transaction has committed; returns at once and never raises."""
        if not messages:
            return
        with self._condition:
            room = MOST_WAITING - len(self._waiting)
            self._waiting.extend(messages[: max(0, room)])
            if self._thread is None:
                self._start()
            self._condition.notify()
        if room < len(messages):
            metrics.count_dropped("queue_full", len(messages) - max(0, room))

    def close(self) -> None:
        """Publish and mark what waits, for at most 5 s; then stop."""
        with self._condition:
            self._is_closing = True
            self._condition.notify()
            thread = self._thread
        if thread is not None:
            thread.join(FLUSH_SECONDS)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="publishing", daemon=True)
        self._thread.start()
        lifecycle.on_shutdown(self.close)

    def _run(self) -> None:
        mark_at = 0.0
        while True:
            batch = self._next_batch(mark_at)
            if batch:
                if not self._published:
                    mark_at = time.monotonic() + MARK_SECONDS
                self._publish_batch(batch)
                if len(batch) < BATCH:
                    self._gather()
            is_last = self._is_closing and not self._waiting
            is_due = time.monotonic() >= mark_at or len(self._published) >= MARK_BATCH
            if self._published and (is_last or is_due):
                self._mark()
            if is_last:
                return

    def _next_batch(self, mark_at: float) -> list[Message]:
        """Wait for messages, or until ids are to be marked, or for the end."""
        with self._condition:
            while not self._waiting and not self._is_closing:
                timeout = max(0, mark_at - time.monotonic()) if self._published else None
                if timeout == 0 or not self._condition.wait(timeout):
                    break
            count = min(BATCH, len(self._waiting))
            return [self._waiting.popleft() for _ in range(count)]

    def _gather(self) -> None:
        """Stay away from the queue for a moment: a call per message costs more than the request."""
        if not self._is_closing:
            time.sleep(GATHER_SECONDS)

    def _publish_batch(self, batch: Sequence[Message]) -> None:
        try:
            self._publish(batch)
        except Exception as failure:  # noqa: BLE001 - relay_outbox publishes what is not marked
            metrics.count_dropped("publish_failed", len(batch))
            logs.warning("publish_failed", error=type(failure).__name__, count=len(batch))
            return
        self._published.extend(message.event_id for message in batch)
        for topic in {message.topic for message in batch}:
            metrics.count_published(topic, sum(m.topic == topic for m in batch))

    def _mark(self) -> None:
        ids, self._published = self._published, []
        try:
            self._mark_published(ids)
        except Exception as failure:  # noqa: BLE001 - they are published twice; consumers know them
            logs.warning("mark_published_failed", error=type(failure).__name__, count=len(ids))
