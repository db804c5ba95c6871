"""What one subscription still owes: who holds which message, until when, and what comes next."""

import asyncio
import enum
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from knative.local.pubsub.filters import compile_filter
from knative.local.pubsub.records import Target

PUSH_BACKOFF_SECONDS = 0.1  # without a retry policy, for the first failure of a push
PUSH_BACKOFF_LIMIT_SECONDS = 60.0

# The protobuf classes behind google.pubsub_v1 carry no types.
ProtoMessage: TypeAlias = Any


@dataclass(slots=True, eq=False)
class Message:
    """A published message and how many subscriptions still owe it."""

    proto: ProtoMessage
    size: int
    owed: int = 0


class State(enum.Enum):
    """Where a delivery stands."""

    WAITING = enum.auto()  # for the disk, or for its next attempt
    READY = enum.auto()
    LEASED = enum.auto()
    DONE = enum.auto()


@dataclass(slots=True, eq=False)
class Delivery:
    """One message owed to one subscription; `failures` so far, so the attempt is one more."""

    message: Message
    failures: int = 0
    state: State = State.WAITING
    timer: asyncio.TimerHandle | None = None
    on_end: Callable[["Delivery"], None] | None = None

    @property
    def id(self) -> str:
        """The message id, which is also the ack id: acknowledging outlives a restart."""
        message_id: str = self.message.proto.message_id
        return message_id


class Subscription:
    """The queue of one subscription. Runs on the event loop alone."""

    def __init__(
        self,
        proto: ProtoMessage,
        *,
        on_done: Callable[["Subscription", list[Delivery]], None],
        on_failed: Callable[["Subscription", Delivery, Target], None],
        on_exhausted: Callable[["Subscription", Delivery], bool],
    ) -> None:
        self.proto = proto
        self.name: str = proto.name
        self.accepts = compile_filter(proto.filter)
        self.fresh_target = Target(self.name)
        self.pending: dict[str, Delivery] = {}
        self.listeners: deque[Callable[[], None]] = deque()
        self.is_deleted = False
        self._ready: deque[Delivery] = deque()
        self._on_done = on_done
        self._on_failed = on_failed
        self._on_exhausted = on_exhausted
        self._loop = asyncio.get_running_loop()

    @property
    def is_push(self) -> bool:
        """Whether the server delivers by itself."""
        return bool(self.proto.push_config.push_endpoint)

    def add(self, message: Message, *, failures: int = 0) -> Delivery:
        """Owe a message; it goes out after `release`."""
        delivery = Delivery(message, failures)
        message.owed += 1
        self.pending[delivery.id] = delivery
        return delivery

    def release(self, deliveries: Iterable[Delivery]) -> None:
        """Make deliveries available and tell whoever waits, each in turn first."""
        for delivery in deliveries:
            if delivery.state is State.WAITING:
                delivery.state = State.READY
                delivery.timer = None
                self._ready.append(delivery)
        self.notify()

    def release_at(self, delivery: Delivery, unix_seconds: float) -> None:
        """Make a delivery available at a time of the wall clock."""
        delay = max(0.0, unix_seconds - time.time())
        delivery.timer = self._loop.call_later(delay, self.release, (delivery,))

    def retry_at(self, delivery: Delivery) -> float:
        """The Unix second of the next attempt, 0 where it waits for nothing."""
        if delivery.state is not State.WAITING or delivery.timer is None:
            return 0.0
        return time.time() + delivery.timer.when() - self._loop.time()

    def notify(self) -> None:
        """Let the listeners take what is ready."""
        self.listeners.rotate(1)
        for listener in tuple(self.listeners):
            if not self._ready:
                return
            listener()

    def take(self, limit: int) -> list[Delivery]:
        """Hand out up to `limit` deliveries, oldest first; the caller ends or leases each."""
        taken: list[Delivery] = []
        while self._ready and len(taken) < limit:
            delivery = self._ready.popleft()
            if delivery.state is State.READY:
                delivery.state = State.LEASED
                taken.append(delivery)
        return taken

    def lease(
        self,
        delivery: Delivery,
        seconds: float,
        *,
        on_end: Callable[[Delivery], None] | None = None,
    ) -> None:
        """Give the holder time to acknowledge; `on_end` is told once it holds it no longer."""
        delivery.on_end = on_end
        self._set_timer(delivery, seconds)

    def modify_deadline(self, ack_id: str, seconds: int) -> None:
        """Extend a lease, or end it with 0 seconds; an unknown or expired one changes nothing."""
        delivery = self.pending.get(ack_id)
        if delivery is None or delivery.state is not State.LEASED or self.is_push:
            return
        if seconds == 0:
            self.fail(delivery)
        else:
            self._set_timer(delivery, seconds)

    def acknowledge(self, ack_ids: Iterable[str]) -> None:
        """Owe these no longer; an unknown id changes nothing."""
        done = [found for ack_id in ack_ids if (found := self.pending.get(ack_id)) is not None]
        for delivery in done:
            self.forget(delivery)
        if done:
            self._on_done(self, done)

    def forget(self, delivery: Delivery) -> None:
        """Drop a delivery without a record of it."""
        del self.pending[delivery.id]
        self._end(delivery, State.DONE)
        delivery.message.owed -= 1

    def fail(self, delivery: Delivery) -> None:
        """Count a refusal or a missed deadline; then dead letter, or retry after the back-off."""
        if delivery.state is not State.LEASED or self.is_deleted:
            return
        self._end(delivery, State.WAITING)
        delivery.failures += 1
        policy = self.proto.dead_letter_policy
        exhausted = policy.dead_letter_topic and delivery.failures >= policy.max_delivery_attempts
        if exhausted and self._on_exhausted(self, delivery):
            return
        delay = self.backoff_seconds(delivery.failures)
        self._on_failed(
            self, delivery, Target(self.name, delivery.failures, delay and time.time() + delay)
        )
        if delay:
            delivery.timer = self._loop.call_later(delay, self.release, (delivery,))
        else:
            self.release((delivery,))

    def give_back(self, delivery: Delivery) -> None:
        """Return an untried delivery; it keeps its place at the head and its count."""
        if delivery.state is State.LEASED and not self.is_deleted:
            self._end(delivery, State.READY)
            self._ready.appendleft(delivery)

    def backoff_seconds(self, failures: int) -> float:
        """Wait before the next attempt: doubling from the minimum to the maximum."""
        if self.proto.HasField("retry_policy"):
            policy = self.proto.retry_policy
            minimum = policy.minimum_backoff.ToMilliseconds() / 1000
            maximum = policy.maximum_backoff.ToMilliseconds() / 1000
        elif self.is_push:
            minimum, maximum = PUSH_BACKOFF_SECONDS, PUSH_BACKOFF_LIMIT_SECONDS
        else:
            return 0.0
        return float(min(maximum, minimum * 2 ** min(failures - 1, 30)))

    def delivery_attempt(self, delivery: Delivery) -> int:
        """The attempt's number from 1, or 0 where no dead-letter policy asks for it."""
        return delivery.failures + 1 if self.proto.HasField("dead_letter_policy") else 0

    def expired(self, now: float) -> list[str]:
        """Ids of messages older than the retention, oldest first."""
        oldest = now - self.proto.message_retention_duration.ToMilliseconds() / 1000
        found: list[str] = []
        for ack_id, delivery in self.pending.items():
            if delivery.message.proto.publish_time.ToMilliseconds() / 1000 >= oldest:
                break
            found.append(ack_id)
        return found

    def close(self) -> None:
        """Drop everything; the subscription is gone."""
        self.is_deleted = True
        for delivery in list(self.pending.values()):
            self.forget(delivery)
        for listener in tuple(self.listeners):
            listener()

    def _set_timer(self, delivery: Delivery, seconds: float) -> None:
        if delivery.timer is not None:
            delivery.timer.cancel()
        delivery.timer = self._loop.call_later(seconds, self.fail, delivery)

    def _end(self, delivery: Delivery, state: State) -> None:
        if delivery.timer is not None:
            delivery.timer.cancel()
            delivery.timer = None
        delivery.state = state
        if delivery.on_end is not None:
            on_end, delivery.on_end = delivery.on_end, None
            on_end(delivery)
