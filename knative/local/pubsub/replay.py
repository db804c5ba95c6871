"""Turns the journal's records back into the state they came from."""

from google.iam.v1 import policy_pb2
from google.pubsub_v1.types import pubsub, schema

from knative.local.pubsub.delivery import Message
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
from knative.local.pubsub.state import State

PubsubMessage = pubsub.PubsubMessage.pb()
TopicProto = pubsub.Topic.pb()
SubscriptionProto = pubsub.Subscription.pb()
SchemaProto = schema.Schema.pb()
SnapshotProto = pubsub.Snapshot.pb()


class Replay:
    """Applies records, oldest first.

    Each record sets final values, so that repeating a stretch of them changes nothing.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._messages: dict[str, Message] = {}
        self.last_message_id = 0
        self.retry_at: dict[tuple[str, str], float] = {}

    def apply(self, record: Record) -> None:
        """Replay one record."""
        match record:
            case MessageStored(data, targets):
                self._store_message(data, targets)
            case Acknowledged(name, message_ids):
                self._forget(name, message_ids)
            case Owed(name, message_ids):
                for message_id in message_ids:
                    if message_id in self._messages:
                        self._owe(Target(name), self._messages[message_id])
            case Failed(message_id, target):
                self.retry_at[target.subscription, message_id] = target.retry_at
                subscription = self._state.subscriptions.get(target.subscription)
                if subscription is not None and message_id in subscription.pending:
                    subscription.pending[message_id].failures = target.failures
            case LastMessageId(value):
                self.last_message_id = max(self.last_message_id, value)
            case _:
                self._apply_resource(record)

    def _apply_resource(self, record: Record) -> None:
        match record:
            case TopicStored(data):
                self._state.put_topic(TopicProto.FromString(data))
            case TopicDeleted(name):
                self._state.remove_topic(name)
            case SubscriptionStored(data):
                self._state.put_subscription(SubscriptionProto.FromString(data))
            case SubscriptionDeleted(name):
                self._state.remove_subscription(name)
            case SnapshotStored(data, filter_text):
                self._state.put_snapshot(SnapshotProto.FromString(data), filter_text)
            case SnapshotDeleted(name):
                self._state.remove_snapshot(name)
            case SchemaStored(name, revisions):
                self._state.put_schema(name, tuple(map(SchemaProto.FromString, revisions)))
            case PolicyStored(name, data):
                self._state.policies[name] = policy_pb2.Policy.FromString(data)

    def _store_message(self, data: bytes, targets: tuple[Target, ...]) -> None:
        message = Message(PubsubMessage.FromString(data), len(data))
        self._messages[message.id] = message
        self.last_message_id = max(self.last_message_id, int(message.id))
        for target in targets:
            self._owe(target, message)

    def _owe(self, target: Target, message: Message) -> None:
        subscription = self._state.subscriptions.get(target.subscription)
        if target.subscription in self._state.archives:
            self._state.archives[target.subscription].keep(message)
        elif subscription is not None and message.id not in subscription.pending:
            subscription.add(message, failures=target.failures)
            self.retry_at[target.subscription, message.id] = target.retry_at

    def _forget(self, name: str, message_ids: tuple[str, ...]) -> None:
        subscription = self._state.subscriptions.get(name)
        if name in self._state.archives:
            self._state.archives[name].drop(message_ids)
        elif subscription is not None:
            for message_id in message_ids:
                if message_id in subscription.pending:
                    subscription.forget(subscription.pending[message_id])
