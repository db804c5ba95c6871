"""The state of the server: topics, subscriptions and who still owes which message.

Every change is applied and put into the journal in the same step of the event loop; an answer that
promises something waits until the disk has it. What a crash may lose is only progress
(acknowledgements, failure counts of the last 10 ms), which repeats a delivery.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC

from google.pubsub_v1.types import pubsub

from knative.local.pubsub.delivery import Delivery, Message, ProtoMessage
from knative.local.pubsub.errors import AlreadyExistsError, NotFoundError
from knative.local.pubsub.journal import Journal
from knative.local.pubsub.names import DELETED_TOPIC, split_name
from knative.local.pubsub.records import (
    Acknowledged,
    Failed,
    LastMessageId,
    MessageStored,
    Record,
    SubscriptionDeleted,
    SubscriptionStored,
    Target,
    TopicDeleted,
    TopicStored,
)
from knative.local.pubsub.replay import Replay
from knative.local.pubsub.subscription import Subscription
from knative.local.pubsub.topic import Topic

COMPACT_BYTES = 8 * 1024 * 1024
SWEEP_SECONDS = 60.0

PubsubMessage = pubsub.PubsubMessage.pb()


class Broker:
    """Owns all state. Runs on the event loop alone.

    `on_configured` is told of each subscription that is new or has changed.
    """

    def __init__(self, journal: Journal, *, on_configured: Callable[[Subscription], None]) -> None:
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self._journal = journal
        self._on_configured = on_configured
        self._last_message_id = 0
        self._alive_bytes = 0
        self._compaction: asyncio.Task[None] | None = None

    def restore(self) -> None:
        """Read the journal of the last life and take up its deliveries again."""
        replay = Replay(self.topics, self.subscriptions, self._add_subscription)
        for record in self._journal.replay():
            replay.apply(record)
        self._last_message_id = replay.last_message_id
        alive = {}
        for subscription in self.subscriptions.values():
            for ack_id, delivery in subscription.pending.items():
                alive[ack_id] = delivery.message.size
                due = replay.retry_at.get((subscription.name, ack_id), 0.0)
                if due:
                    subscription.release_at(delivery, due)
                else:
                    subscription.release((delivery,))
            self._on_configured(subscription)
        self._alive_bytes = sum(alive.values())

    def topic(self, name: str) -> Topic:
        """Raises NotFoundError."""
        if name not in self.topics:
            raise NotFoundError(f"Resource not found (resource={name}).")
        return self.topics[name]

    def subscription(self, name: str) -> Subscription:
        """Raises NotFoundError."""
        if name not in self.subscriptions:
            raise NotFoundError(f"Resource not found (resource={name}).")
        return self.subscriptions[name]

    async def create_topic(self, proto: ProtoMessage) -> None:
        """Raises AlreadyExistsError."""
        if proto.name in self.topics:
            raise AlreadyExistsError(
                f"Resource already exists in the project (resource={proto.name})."
            )
        self.topics[proto.name] = Topic(proto)
        await self._commit([TopicStored(proto.SerializeToString())])

    async def update_topic(self, proto: ProtoMessage) -> None:
        """Replace a topic's settings."""
        self.topic(proto.name).proto = proto
        await self._commit([TopicStored(proto.SerializeToString())])

    async def delete_topic(self, name: str) -> None:
        """Its subscriptions keep what they owe and name the topic no longer."""
        records: list[Record] = [TopicDeleted(name)]
        for subscription in self.topic(name).subscriptions.values():
            subscription.proto.topic = DELETED_TOPIC
            records.append(SubscriptionStored(subscription.proto.SerializeToString()))
        del self.topics[name]
        await self._commit(records)

    async def create_subscription(self, proto: ProtoMessage) -> None:
        """Raises AlreadyExistsError, and NotFoundError for its topic."""
        if proto.name in self.subscriptions:
            raise AlreadyExistsError(
                f"Resource already exists in the project (resource={proto.name})."
            )
        self.topic(proto.topic)
        subscription = self._add_subscription(proto)
        await self._commit([SubscriptionStored(proto.SerializeToString())])
        self._on_configured(subscription)

    async def update_subscription(self, proto: ProtoMessage) -> None:
        """Replace a subscription's settings; waiting messages follow the new ones."""
        subscription = self.subscription(proto.name)
        subscription.proto = proto
        await self._commit([SubscriptionStored(proto.SerializeToString())])
        self._on_configured(subscription)

    async def delete_subscription(self, name: str) -> None:
        """Drop it and what it owes."""
        subscription = self.subscription(name)
        self._remove_subscription(subscription)
        await self._commit([SubscriptionDeleted(name)])

    async def publish(self, topic_name: str, protos: list[ProtoMessage]) -> list[str]:
        """Give ids, store, answer once they are durable; deliveries start at the same moment."""
        topic = self.topic(topic_name)
        records, owed = self._accept(topic, protos)
        ids = [proto.message_id for proto in protos]
        if records:
            await asyncio.shield(self._store(records, owed))
        return ids

    async def flush(self) -> None:
        """Return once everything done so far survives a crash."""
        await self._commit([])

    def sweep(self) -> None:
        """Drop messages older than their subscription's retention."""
        now = time.time()
        for subscription in self.subscriptions.values():
            subscription.drop(subscription.expired(now))

    async def sweep_forever(self) -> None:
        """Sweep once a minute."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()

    def _accept(
        self, topic: Topic, protos: list[ProtoMessage]
    ) -> tuple[list[Record], dict[Subscription, list[Delivery]]]:
        records: list[Record] = []
        owed: dict[Subscription, list[Delivery]] = {}
        now_milliseconds = time.time_ns() // 1_000_000
        first_id = max(self._last_message_id + 1, now_milliseconds * 1000)
        self._last_message_id = first_id + len(protos) - 1
        for message_id, proto in enumerate(protos, first_id):
            proto.message_id = str(message_id)
            proto.publish_time.FromMilliseconds(now_milliseconds)
            data = proto.SerializeToString()
            message = Message(proto, len(data))
            targets = []
            for subscription in topic.subscriptions.values():
                if subscription.accepts(proto.attributes):
                    targets.append(subscription.fresh_target)
                    owed.setdefault(subscription, []).append(subscription.add(message))
            if targets:
                self._alive_bytes += message.size
                records.append(MessageStored(data, tuple(targets)))
        return records, owed

    def _store(
        self, records: list[Record], owed: dict[Subscription, list[Delivery]]
    ) -> "asyncio.Future[None]":
        """Commit, then release; by callback, so that a caller who gives up strands nothing."""

        def release(_done: "asyncio.Future[None]") -> None:
            for subscription, deliveries in owed.items():
                subscription.release(deliveries)

        stored = self._journal.commit(records)
        stored.add_done_callback(release)
        self._compact_when_due()
        return stored

    async def _commit(self, records: Iterable[Record]) -> None:
        await asyncio.shield(self._journal.commit(records))

    def _on_done(self, subscription: Subscription, done: list[Delivery]) -> None:
        self._journal.append(Acknowledged(subscription.name, tuple(d.id for d in done)))
        self._count_out(done)
        self._compact_when_due()

    def _on_failed(self, _subscription: Subscription, delivery: Delivery, target: Target) -> None:
        self._journal.append(Failed(delivery.id, target))

    def _on_exhausted(self, subscription: Subscription, delivery: Delivery) -> bool:
        """Forward to the dead-letter topic; False when it is gone, so that the message stays."""
        topic = self.topics.get(subscription.proto.dead_letter_policy.dead_letter_topic)
        if topic is None:
            return False
        original = delivery.message.proto
        project, short = split_name(subscription.name)
        published = original.publish_time.ToDatetime(tzinfo=UTC).isoformat(timespec="milliseconds")
        copy = PubsubMessage()
        copy.CopyFrom(original)
        prefix = "CloudPubSubDeadLetterSource"
        copy.attributes[f"{prefix}Subscription"] = short
        copy.attributes[f"{prefix}SubscriptionProject"] = project
        copy.attributes[f"{prefix}TopicPublishTime"] = published
        copy.attributes[f"{prefix}DeliveryCount"] = str(delivery.failures)
        records, owed = self._accept(topic, [copy])
        subscription.forget(delivery)
        self._count_out([delivery])
        # One write: the copy comes before the acknowledgement, so a torn one repeats, never loses.
        records.append(Acknowledged(subscription.name, (original.message_id,)))
        self._store(records, owed)
        return True

    def _count_out(self, done: list[Delivery]) -> None:
        for delivery in done:
            if delivery.message.owed == 0:
                self._alive_bytes -= delivery.message.size

    def _add_subscription(self, proto: ProtoMessage) -> Subscription:
        subscription = Subscription(
            proto,
            on_done=self._on_done,
            on_failed=self._on_failed,
            on_exhausted=self._on_exhausted,
        )
        self.subscriptions[proto.name] = subscription
        if proto.topic in self.topics:
            self.topics[proto.topic].subscriptions[proto.name] = subscription
        return subscription

    def _remove_subscription(self, subscription: Subscription) -> None:
        del self.subscriptions[subscription.name]
        if subscription.proto.topic in self.topics:
            del self.topics[subscription.proto.topic].subscriptions[subscription.name]
        done = list(subscription.pending.values())
        subscription.close()
        self._count_out(done)

    def _compact_when_due(self) -> None:
        if self._journal.size < COMPACT_BYTES + 2 * self._alive_bytes or (
            self._compaction is not None and not self._compaction.done()
        ):
            return
        # One step of the loop: what comes after the capture lands in the new journal.
        self._journal.rotate()
        self._compaction = asyncio.ensure_future(self._journal.write_snapshot(self._alive()))

    def _alive(self) -> list[Record]:
        records: list[Record] = [LastMessageId(self._last_message_id)]
        records += [TopicStored(topic.proto.SerializeToString()) for topic in self.topics.values()]
        targets: dict[str, tuple[ProtoMessage, list[Target]]] = {}
        for subscription in self.subscriptions.values():
            records.append(SubscriptionStored(subscription.proto.SerializeToString()))
            for ack_id, delivery in subscription.pending.items():
                target = Target(
                    subscription.name, delivery.failures, subscription.retry_at(delivery)
                )
                targets.setdefault(ack_id, (delivery.message.proto, []))[1].append(target)
        records += [
            MessageStored(proto.SerializeToString(), tuple(owing))
            for proto, owing in (targets[ack_id] for ack_id in sorted(targets))
        ]
        return records
