"""What one subscription still owes: who holds which message, until when, and what comes next."""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable

from knative.local.pubsub.backoff import backoff_seconds
from knative.local.pubsub.delivery import Delivery, Message, ProtoMessage, State
from knative.local.pubsub.filters import compile_filter
from knative.local.pubsub.ordering import OrderedKey
from knative.local.pubsub.records import Target

# What an exactly-once subscription answers for an ack id, in the words that the clients read.
INVALID_ACK_ID = "PERMANENT_FAILURE_INVALID_ACK_ID"
UNORDERED_ACK_ID = "TRANSIENT_FAILURE_UNORDERED_ACK_ID"


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
        self.pick: Callable[[int], int] | None = None  # a fault of tests: who goes next
        self.is_deleted = False
        self._ready: deque[Delivery] = deque()
        self._keys: dict[str, OrderedKey] = {}
        self._leases = itertools.count(time.time_ns())  # no number of an earlier life comes again
        self._on_done = on_done
        self._on_failed = on_failed
        self._on_exhausted = on_exhausted
        self._loop = asyncio.get_running_loop()

    @property
    def is_push(self) -> bool:
        """Whether the server delivers by itself."""
        return bool(self.proto.push_config.push_endpoint) and not self.proto.detached

    @property
    def is_exactly_once(self) -> bool:
        """Whether only the holder of the present lease may acknowledge, and learns if it did."""
        return bool(self.proto.enable_exactly_once_delivery)

    def add(self, message: Message, *, failures: int = 0) -> Delivery:
        """Owe a message; it goes out after `release`."""
        delivery = Delivery(message, failures)
        self.pending[delivery.id] = delivery
        if self.proto.enable_message_ordering and message.proto.ordering_key:
            self._keys.setdefault(message.proto.ordering_key, OrderedKey()).add(delivery)
        return delivery

    def add_again(self, messages: Iterable[Message]) -> list[Delivery]:
        """Owe messages of the past; what is owed stays in the order of publishing."""
        added = [self.add(message) for message in messages if message.id not in self.pending]
        self.pending = dict(sorted(self.pending.items()))
        return added

    def release(self, deliveries: Iterable[Delivery]) -> None:
        """Make deliveries available and tell whoever waits, each in turn first."""
        for delivery in deliveries:
            if delivery.state is State.WAITING:
                delivery.state = State.READY
                delivery.timer = None
                self._offer(delivery)
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
        """Hand out up to `limit` deliveries, oldest first; the caller ends or leases each.

        Of an ordering key a push gets one at a time, a pull as many as are ready.
        """
        taken: list[Delivery] = []
        while self._ready and len(taken) < limit:
            delivery = self._next_ready()
            if delivery.state is State.READY:
                key = self._key(delivery)
                handed = (
                    (delivery,)
                    if key is None
                    else key.hand_out(delivery, 1 if self.is_push else limit - len(taken))
                )
                for each in handed:
                    each.state = State.LEASED
                    each.lease = next(self._leases)
                taken += handed
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

    def ack_id(self, delivery: Delivery) -> str:
        """What acknowledges: the message id, so that it outlives a restart of the server.

        With exactly-once delivery it is good for the present lease alone.
        """
        return f"{delivery.id}:{delivery.lease}" if self.is_exactly_once else delivery.id

    def modify_deadline(self, ack_id: str, seconds: int) -> str:
        """Extend a lease, or end it with 0 seconds; an unknown or expired one changes nothing.

        Answers as `acknowledge` does.
        """
        delivery = self._held(ack_id)
        if delivery is None:
            return INVALID_ACK_ID if self.is_exactly_once else ""
        if delivery.state is not State.LEASED or self.is_push:
            return ""
        if seconds == 0:
            self.fail(delivery)
        else:
            self._set_timer(delivery, seconds)
        return ""

    def acknowledge(self, ack_ids: Iterable[str]) -> dict[str, str]:
        """Owe these no longer; an unknown id changes nothing.

        Answers why not, for each id that an exactly-once subscription refuses.
        """
        refused: dict[str, str] = {}
        done: list[Delivery] = []
        for ack_id in ack_ids:
            delivery = self._held(ack_id)
            key = None if delivery is None else self._key(delivery)
            if delivery is None:
                refused[ack_id] = INVALID_ACK_ID
            elif key is None:
                self.forget(delivery)
                done.append(delivery)
            elif key.is_next(delivery):
                self.forget(delivery)
                done += (delivery, *self._forget_settled(key))
            elif self.is_exactly_once:
                refused[ack_id] = UNORDERED_ACK_ID
            else:
                key.acknowledge_early(delivery)
        self._tell_done(done)
        return refused if self.is_exactly_once else {}

    def drop(self, message_ids: Iterable[str]) -> None:
        """Owe these no longer, whoever holds them."""
        done: list[Delivery] = []
        for message_id in message_ids:
            delivery = self.pending.get(message_id)
            if delivery is not None:
                key = self._key(delivery)
                self.forget(delivery)
                done += (delivery, *(() if key is None else self._forget_settled(key)))
        self._tell_done(done)

    def forget(self, delivery: Delivery) -> None:
        """Drop a delivery without a record of it."""
        del self.pending[delivery.id]
        key = self._key(delivery)
        delivery.end(State.DONE)
        if key is not None:
            key.remove(delivery)
            if key.is_empty:
                del self._keys[delivery.message.proto.ordering_key]
            else:
                self._offer_turn(key)

    def fail(self, delivery: Delivery) -> None:
        """Count a refusal or a missed deadline; then dead letter, or retry after the back-off."""
        if delivery.state is not State.LEASED or self.is_deleted:
            return
        delivery.end(State.WAITING)
        delivery.failures += 1
        key = self._key(delivery)
        policy = self.proto.dead_letter_policy
        exhausted = policy.dead_letter_topic and delivery.failures >= policy.max_delivery_attempts
        if exhausted and self._on_exhausted(self, delivery):
            self._tell_done([] if key is None else self._forget_settled(key))
            return
        if key is not None:
            key.fail(delivery)
        delay = backoff_seconds(self.proto, delivery.failures)
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
            delivery.end(State.READY)
            key = self._key(delivery)
            if key is not None:
                key.give_back(delivery)
            self._ready.appendleft(delivery)

    def postpone(self, delivery: Delivery, seconds: float) -> None:
        """Return an untried delivery for so long; it loses its place and keeps its count."""
        if delivery.state is State.LEASED and not self.is_deleted:
            delivery.end(State.WAITING)
            key = self._key(delivery)
            if key is not None:
                key.fail(delivery)
            delivery.timer = self._loop.call_later(seconds, self.release, (delivery,))

    def delivery_attempt(self, delivery: Delivery) -> int:
        """The attempt's number from 1, or 0 where no dead-letter policy asks for it."""
        return delivery.failures + 1 if self.proto.HasField("dead_letter_policy") else 0

    def expired(self, now: float) -> list[str]:
        """Ids of messages older than the retention, oldest first."""
        oldest = now - self.proto.message_retention_duration.ToMilliseconds() / 1000
        found: list[str] = []
        for ack_id, delivery in self.pending.items():
            if delivery.message.published >= oldest:
                break
            found.append(ack_id)
        return found

    def close(self) -> None:
        """Drop everything; the subscription is gone."""
        self.is_deleted = True
        for delivery in list(self.pending.values()):
            self.forget(delivery)
        self.wake()

    def wake(self) -> None:
        """Let the listeners see that the subscription is gone or detached."""
        for listener in tuple(self.listeners):
            listener()

    def _held(self, ack_id: str) -> Delivery | None:
        message_id, _, lease = ack_id.partition(":")
        delivery = self.pending.get(message_id)
        if delivery is None or not self.is_exactly_once:
            return delivery
        is_current = delivery.state is State.LEASED and lease == str(delivery.lease)
        return delivery if is_current else None

    def _next_ready(self) -> Delivery:
        if self.pick is None:
            return self._ready.popleft()
        index = self.pick(len(self._ready))
        delivery = self._ready[index]
        del self._ready[index]
        return delivery

    def _key(self, delivery: Delivery) -> OrderedKey | None:
        return self._keys.get(delivery.message.proto.ordering_key) if self._keys else None

    def _offer(self, delivery: Delivery) -> None:
        key = self._key(delivery)
        if key is None:
            self._ready.append(delivery)
        else:
            self._offer_turn(key)

    def _offer_turn(self, key: OrderedKey) -> None:
        turn = key.take_turn()
        if turn is not None:
            self._ready.append(turn)

    def _forget_settled(self, key: OrderedKey) -> list[Delivery]:
        """End those whose early acknowledgement takes effect now."""
        done: list[Delivery] = []
        while (delivery := key.settled) is not None:
            self.forget(delivery)
            done.append(delivery)
        return done

    def _tell_done(self, done: list[Delivery]) -> None:
        if done:
            self._on_done(self, done)
        if self._keys:  # the next turn of a key may have come
            self.notify()

    def _set_timer(self, delivery: Delivery, seconds: float) -> None:
        if delivery.timer is not None:
            delivery.timer.cancel()
        delivery.timer = self._loop.call_later(seconds, self.fail, delivery)
