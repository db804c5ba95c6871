"""Changes the state of the server, and writes down what it changed.

Every change is applied and put into the journal in the same step of the event loop; an answer that
promises something waits until the disk has it. What a crash may lose is only progress
(acknowledgements, failure counts of the last 10 ms), which repeats a delivery.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from knative.local.pubsub.archive import is_past
from knative.local.pubsub.dead_letter import dead_letter
from knative.local.pubsub.delivery import Delivery, Message, ProtoMessage
from knative.local.pubsub.errors import AlreadyExistsError, NotFoundError
from knative.local.pubsub.journal import Journal
from knative.local.pubsub.names import DELETED_SCHEMA, DELETED_TOPIC
from knative.local.pubsub.records import (
    Acknowledged,
    Failed,
    LastMessageId,
    MessageStored,
    Owed,
    PolicyStored,
    Record,
    SchemaStored,
    SnapshotDeleted,
    SnapshotStored,
    SubscriptionDeleted,
    SubscriptionStored,
    Target,
    TopicDeleted,
    TopicStored,
)
from knative.local.pubsub.replay import Replay
from knative.local.pubsub.state import State
from knative.local.pubsub.subscription import Subscription
from knative.local.pubsub.topic import Topic

COMPACT_BYTES = 8 * 1024 * 1024
SWEEP_SECONDS = 60.0

Found = TypeVar("Found")


class Broker:
    """Owns all state. Runs on the event loop alone.

    `on_configured` is told of each subscription that is new or has changed.
    """

    def __init__(self, journal: Journal, *, on_configured: Callable[[Subscription], None]) -> None:
        self.state = State(self._make_subscription)
        self._journal = journal
        self._on_configured = on_configured
        self._last_message_id = 0
        self._compact_at = COMPACT_BYTES
        self._compaction: asyncio.Task[None] | None = None

    def restore(self) -> None:
        """Read the journal of the last life and take up its deliveries again."""
        replay = Replay(self.state)
        for record in self._journal.replay():
            replay.apply(record)
        self._last_message_id = replay.last_message_id
        for subscription in self.state.subscriptions.values():
            subscription.add_again(())  # only sorts: a seek may have brought back older messages
            for ack_id, delivery in subscription.pending.items():
                due = replay.retry_at.get((subscription.name, ack_id), 0.0)
                if due:
                    subscription.release_at(delivery, due)
                else:
                    subscription.release((delivery,))
            self._on_configured(subscription)

    def topic(self, name: str) -> Topic:
        """Raises NotFoundError."""
        return _found(self.state.topics, name)

    def subscription(self, name: str) -> Subscription:
        """Raises NotFoundError."""
        return _found(self.state.subscriptions, name)

    def snapshot(self, name: str) -> ProtoMessage:
        """Raises NotFoundError."""
        return _found(self.state.snapshots, name)

    def schema(self, name: str) -> tuple[ProtoMessage, ...]:
        """All revisions, oldest first; raises NotFoundError."""
        return _found(self.state.schemas, name)

    async def create_topic(self, proto: ProtoMessage) -> None:
        """Raises AlreadyExistsError."""
        _check_free(self.state.topics, proto.name)
        await self.update_topic(proto)

    async def update_topic(self, proto: ProtoMessage) -> None:
        """Replace a topic's settings."""
        self.state.put_topic(proto)
        await self.commit([TopicStored(proto.SerializeToString())])

    async def delete_topic(self, name: str) -> None:
        """Its subscriptions and snapshots keep what they have and name the topic no longer."""
        records: list[Record] = [TopicDeleted(name)]
        for subscription in self.topic(name).subscriptions.values():
            subscription.proto.topic = DELETED_TOPIC
            records.append(SubscriptionStored(subscription.proto.SerializeToString()))
        for proto in self.state.snapshots.values():
            if proto.topic == name:
                proto.topic = DELETED_TOPIC
                records.append(self._snapshot_record(proto))
        self.state.remove_topic(name)
        await self.commit(records)

    async def create_subscription(self, proto: ProtoMessage) -> None:
        """Raises AlreadyExistsError, and NotFoundError for its topic."""
        _check_free(self.state.subscriptions, proto.name)
        self.topic(proto.topic)
        await self.update_subscription(proto)

    async def update_subscription(self, proto: ProtoMessage) -> None:
        """Replace a subscription's settings; waiting messages follow the new ones."""
        subscription = self.state.put_subscription(proto)
        await self.commit([SubscriptionStored(proto.SerializeToString())])
        self._on_configured(subscription)

    async def delete_subscription(self, name: str) -> None:
        """Drop it and what it owes; raises NotFoundError."""
        self.subscription(name)
        self.state.remove_subscription(name)
        await self.commit([SubscriptionDeleted(name)])

    async def seek(self, subscription: Subscription, owed: Iterable[Message]) -> None:
        """Let a subscription owe exactly these messages."""
        wanted = {message.id: message for message in owed}
        subscription.drop([each for each in subscription.pending if each not in wanted])
        again = subscription.add_again(wanted.values())
        record = Owed(subscription.name, tuple(delivery.id for delivery in again))
        await asyncio.shield(self._store([record], {subscription: again}))

    async def put_snapshot(
        self, proto: ProtoMessage, *, filter_text: str, backlog: Iterable[Message] = ()
    ) -> None:
        """Create or change a snapshot; it keeps `backlog` and what is published from now on."""
        archive = self.state.put_snapshot(proto, filter_text)
        for message in backlog:
            archive.keep(message)
        ids = tuple(archive.messages)
        await self.commit([self._snapshot_record(proto), Owed(proto.name, ids)])

    async def delete_snapshot(self, name: str) -> None:
        """Drop it and what it keeps; raises NotFoundError."""
        self.snapshot(name)
        self.state.remove_snapshot(name)
        await self.commit([SnapshotDeleted(name)])

    async def put_policy(self, resource: str, policy: ProtoMessage) -> None:
        """Keep who may do what with a resource."""
        self.state.policies[resource] = policy
        await self.commit([PolicyStored(resource, policy.SerializeToString())])

    async def put_schema(self, name: str, revisions: tuple[ProtoMessage, ...]) -> None:
        """Keep a schema's revisions; none deletes it, and its topics name it no longer."""
        records: list[Record] = [_schema_record(name, revisions)]
        self.state.put_schema(name, revisions)
        for topic in self.state.topics.values():
            if not revisions and topic.proto.schema_settings.schema == name:
                topic.proto.schema_settings.schema = DELETED_SCHEMA
                records.append(TopicStored(topic.proto.SerializeToString()))
        await self.commit(records)

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
        await self.commit([])

    async def commit(self, records: Iterable[Record]) -> None:
        """Return once these records, and all before them, survive a crash."""
        await asyncio.shield(self._journal.commit(records))

    def sweep(self) -> None:
        """Drop messages older than their retention, and snapshots past their time."""
        now = time.time()
        for subscription in self.state.subscriptions.values():
            subscription.drop(subscription.expired(now))
        for archive in self.state.archives.values():
            expired = archive.expired(now)
            if expired:
                archive.drop(expired)
                self._journal.append(Acknowledged(archive.name, tuple(expired)))
        for name in [
            name for name, proto in self.state.snapshots.items() if is_past(proto.expire_time)
        ]:
            self.state.remove_snapshot(name)
            self._journal.append(SnapshotDeleted(name))

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
            for archive in topic.archives.values():
                if archive.accepts(proto.attributes):
                    targets.append(archive.target)
                    archive.keep(message)
            if targets:
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

    def _on_done(self, subscription: Subscription, done: list[Delivery]) -> None:
        self._journal.append(Acknowledged(subscription.name, tuple(d.id for d in done)))
        self._compact_when_due()

    def _on_failed(self, _subscription: Subscription, delivery: Delivery, target: Target) -> None:
        self._journal.append(Failed(delivery.id, target))

    def _on_exhausted(self, subscription: Subscription, delivery: Delivery) -> bool:
        """Forward to the dead-letter topic; False when it is gone, so that the message stays."""
        topic = self.state.topics.get(subscription.proto.dead_letter_policy.dead_letter_topic)
        if topic is None:
            return False
        copy = dead_letter(subscription.name, delivery)
        records, owed = self._accept(topic, [copy])
        subscription.forget(delivery)
        # One write: the copy comes before the acknowledgement, so a torn one repeats, never loses.
        records.append(Acknowledged(subscription.name, (delivery.id,)))
        self._store(records, owed)
        return True

    def _make_subscription(self, proto: ProtoMessage) -> Subscription:
        return Subscription(
            proto,
            on_done=self._on_done,
            on_failed=self._on_failed,
            on_exhausted=self._on_exhausted,
        )

    def _snapshot_record(self, proto: ProtoMessage) -> SnapshotStored:
        filter_text = self.state.archives[proto.name].filter_text
        return SnapshotStored(proto.SerializeToString(), filter_text)

    def _compact_when_due(self) -> None:
        is_compacting = self._compaction is not None and not self._compaction.done()
        if self._journal.size < self._compact_at or is_compacting:
            return
        self._compact_at = COMPACT_BYTES + 2 * self.state.alive_bytes()
        if self._journal.size < self._compact_at:
            return
        # One step of the loop: what comes after the capture lands in the new journal.
        self._journal.rotate()
        self._compaction = asyncio.ensure_future(self._journal.write_snapshot(self._alive()))

    def _alive(self) -> list[Record]:
        state = self.state
        records: list[Record] = []
        records += [TopicStored(topic.proto.SerializeToString()) for topic in state.topics.values()]
        records += [
            SubscriptionStored(subscription.proto.SerializeToString())
            for subscription in state.subscriptions.values()
        ]
        records += [self._snapshot_record(proto) for proto in state.snapshots.values()]
        records += [_schema_record(*stored) for stored in state.schemas.items()]
        records += [
            PolicyStored(name, policy.SerializeToString())
            for name, policy in state.policies.items()
        ]
        records += [
            MessageStored(message.proto.SerializeToString(), tuple(targets))
            for message, targets in state.messages()
        ]
        records.append(LastMessageId(self._last_message_id))  # the end of a whole snapshot
        return records


def _found(known: Mapping[str, Found], name: str) -> Found:
    if name not in known:
        raise NotFoundError(f"Resource not found (resource={name}).")
    return known[name]


def _check_free(known: Mapping[str, object], name: str) -> None:
    if name in known:
        raise AlreadyExistsError(f"Resource already exists in the project (resource={name}).")


def _schema_record(name: str, revisions: tuple[ProtoMessage, ...]) -> SchemaStored:
    return SchemaStored(name, tuple(revision.SerializeToString() for revision in revisions))
