"""Everything the server knows, in memory: how resources hang together, without records or checks.

The broker changes it and writes down what it did; a start changes it in the same way again.
"""

from collections.abc import Callable, Iterator

from knative.local.pubsub.archive import Archive, retained_by
from knative.local.pubsub.delivery import Message, ProtoMessage
from knative.local.pubsub.records import Target
from knative.local.pubsub.subscription import Subscription
from knative.local.pubsub.topic import Topic


class State:
    """All resources by name."""

    def __init__(self, make_subscription: Callable[[ProtoMessage], Subscription]) -> None:
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.snapshots: dict[str, ProtoMessage] = {}
        self.archives: dict[str, Archive] = {}
        self.policies: dict[str, ProtoMessage] = {}
        self.schemas: dict[str, tuple[ProtoMessage, ...]] = {}
        self._make_subscription = make_subscription

    def put_topic(self, proto: ProtoMessage) -> None:
        """Create or change a topic."""
        self.topics.setdefault(proto.name, Topic(proto)).proto = proto
        if proto.HasField("message_retention_duration"):
            archive = self._open_archive(proto.name, proto.name, filter_text="")
            archive.retention_seconds = proto.message_retention_duration.ToMilliseconds() / 1000
        else:
            self._close_archive(proto.name)

    def remove_topic(self, name: str) -> Topic | None:
        """Forget a topic; what hung on it stays."""
        self._close_archive(name)
        self.policies.pop(name, None)
        return self.topics.pop(name, None)

    def put_subscription(self, proto: ProtoMessage) -> Subscription:
        """Create or change a subscription; a detached one hangs on its topic no longer."""
        name: str = proto.name
        if name in self.subscriptions:
            self.subscriptions[name].proto = proto
        else:
            self.subscriptions[name] = self._make_subscription(proto)
        subscription = self.subscriptions[name]
        if proto.topic in self.topics:
            hanging = self.topics[proto.topic].subscriptions
            if proto.detached:
                hanging.pop(name, None)
            else:
                hanging[name] = subscription
        if proto.retain_acked_messages and not proto.detached:
            archive = self._open_archive(retained_by(name), proto.topic, filter_text=proto.filter)
            archive.retention_seconds = proto.message_retention_duration.ToMilliseconds() / 1000
        else:
            self._close_archive(retained_by(name))
        return subscription

    def remove_subscription(self, name: str) -> None:
        """Forget a subscription and what it owed."""
        subscription = self.subscriptions.pop(name, None)
        if subscription is None:
            return
        if subscription.proto.topic in self.topics:
            self.topics[subscription.proto.topic].subscriptions.pop(name, None)
        self._close_archive(retained_by(name))
        self.policies.pop(name, None)
        subscription.close()

    def put_snapshot(self, proto: ProtoMessage, filter_text: str) -> Archive:
        """Create or change a snapshot; answers where it keeps its messages."""
        self.snapshots[proto.name] = proto
        return self._open_archive(proto.name, proto.topic, filter_text=filter_text)

    def remove_snapshot(self, name: str) -> None:
        """Forget a snapshot and what it kept."""
        self.snapshots.pop(name, None)
        self.policies.pop(name, None)
        self._close_archive(name)

    def put_schema(self, name: str, revisions: tuple[ProtoMessage, ...]) -> None:
        """Create or change a schema, or with no revision forget it."""
        self.schemas[name] = revisions
        if not revisions:
            del self.schemas[name]
            self.policies.pop(name, None)

    def messages(self) -> Iterator[tuple[Message, list[Target]]]:
        """Each message that somebody owes or keeps, and who, oldest first."""
        found: dict[str, tuple[Message, list[Target]]] = {}
        for subscription in self.subscriptions.values():
            for message_id, delivery in subscription.pending.items():
                retry_at = subscription.retry_at(delivery)
                target = Target(subscription.name, delivery.failures, retry_at)
                found.setdefault(message_id, (delivery.message, []))[1].append(target)
        for archive in self.archives.values():
            for message_id, message in archive.messages.items():
                found.setdefault(message_id, (message, []))[1].append(archive.target)
        return (found[message_id] for message_id in sorted(found))

    def alive_bytes(self) -> int:
        """The size of all messages that somebody owes or keeps."""
        return sum(message.size for message, _ in self.messages())

    def _open_archive(self, name: str, topic: str, *, filter_text: str) -> Archive:
        if name not in self.archives:
            self.archives[name] = Archive(name, topic, filter_text=filter_text)
            if topic in self.topics:
                self.topics[topic].archives[name] = self.archives[name]
        return self.archives[name]

    def _close_archive(self, name: str) -> None:
        archive = self.archives.pop(name, None)
        if archive is not None and archive.topic in self.topics:
            self.topics[archive.topic].archives.pop(name, None)
