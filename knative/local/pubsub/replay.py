"""Turns the journal's records back into the state they came from."""

from collections.abc import Callable

from google.pubsub_v1.types import pubsub

from knative.local.pubsub.delivery import Message, ProtoMessage
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
from knative.local.pubsub.subscription import Subscription
from knative.local.pubsub.topic import Topic

PubsubMessage = pubsub.PubsubMessage.pb()
TopicProto = pubsub.Topic.pb()
SubscriptionProto = pubsub.Subscription.pb()


class Replay:
    """Applies records, oldest first, to the topics and subscriptions it is given.

    Each record sets final values, so that repeating a stretch of them changes nothing.
    """

    def __init__(
        self,
        topics: dict[str, Topic],
        subscriptions: dict[str, Subscription],
        add_subscription: Callable[[ProtoMessage], Subscription],
    ) -> None:
        self._topics = topics
        self._subscriptions = subscriptions
        self._add_subscription = add_subscription
        self.last_message_id = 0
        self.retry_at: dict[tuple[str, str], float] = {}

    def apply(self, record: Record) -> None:
        """Replay one record."""
        match record:
            case TopicStored(data):
                proto = TopicProto.FromString(data)
                self._topics.setdefault(proto.name, Topic(proto)).proto = proto
            case TopicDeleted(name):
                self._topics.pop(name, None)
            case SubscriptionStored(data):
                proto = SubscriptionProto.FromString(data)
                if proto.name in self._subscriptions:
                    self._subscriptions[proto.name].proto = proto
                else:
                    self._add_subscription(proto)
            case SubscriptionDeleted(name):
                self._delete_subscription(name)
            case _:
                self._apply_progress(record)

    def _apply_progress(self, record: Record) -> None:
        match record:
            case MessageStored(data, targets):
                self._store_message(data, targets)
            case Acknowledged(name, message_ids):
                for message_id in message_ids:
                    self._forget(name, message_id)
            case Failed(message_id, target):
                self.retry_at[target.subscription, message_id] = target.retry_at
                subscription = self._subscriptions.get(target.subscription)
                if subscription is not None and message_id in subscription.pending:
                    subscription.pending[message_id].failures = target.failures
            case LastMessageId(value):
                self.last_message_id = max(self.last_message_id, value)

    def _store_message(self, data: bytes, targets: tuple[Target, ...]) -> None:
        message = Message(PubsubMessage.FromString(data), len(data))
        message_id = message.proto.message_id
        self.last_message_id = max(self.last_message_id, int(message_id))
        for target in targets:
            subscription = self._subscriptions.get(target.subscription)
            if subscription is not None and message_id not in subscription.pending:
                subscription.add(message, failures=target.failures)
                self.retry_at[target.subscription, message_id] = target.retry_at

    def _delete_subscription(self, name: str) -> None:
        subscription = self._subscriptions.pop(name, None)
        if subscription is None:
            return
        if subscription.proto.topic in self._topics:
            self._topics[subscription.proto.topic].subscriptions.pop(name, None)
        subscription.close()

    def _forget(self, name: str, message_id: str) -> None:
        subscription = self._subscriptions.get(name)
        if subscription is not None and message_id in subscription.pending:
            subscription.forget(subscription.pending[message_id])
