"""Messages that are kept, though nobody owes them, so that a subscription can seek back to them."""

import time
from collections.abc import Iterable

from knative.local.pubsub.delivery import Message, ProtoMessage
from knative.local.pubsub.errors import InvalidArgumentError
from knative.local.pubsub.filters import compile_filter
from knative.local.pubsub.records import Target


class Archive:
    """What a topic, a subscription that retains acknowledged messages, or a snapshot keeps."""

    def __init__(self, name: str, topic: str, *, filter_text: str) -> None:
        self.name = name
        self.topic = topic
        self.target = Target(name)
        self.accepts = compile_filter(filter_text)
        self.filter_text = filter_text
        self.retention_seconds = float("inf")
        self.messages: dict[str, Message] = {}

    def keep(self, message: Message) -> None:
        """Keep a message; the newest comes last."""
        self.messages[message.id] = message

    def drop(self, message_ids: Iterable[str]) -> None:
        """Keep these no longer."""
        for message_id in message_ids:
            self.messages.pop(message_id, None)

    def expired(self, now: float) -> list[str]:
        """Ids of messages older than the retention, oldest first."""
        found: list[str] = []
        for message_id, message in self.messages.items():
            if message.published >= now - self.retention_seconds:
                break
            found.append(message_id)
        return found


def retained_by(subscription: str) -> str:
    """The name of the archive of a subscription that retains acknowledged messages."""
    return f"{subscription}/retained"


def unix_seconds(timestamp: ProtoMessage) -> float:
    """A protobuf timestamp; raises InvalidArgumentError for one beyond the years 1 to 9999."""
    try:
        nanoseconds: int = timestamp.ToNanoseconds()
    except ValueError as error:
        raise InvalidArgumentError(str(error)) from error
    return nanoseconds / 1e9


def is_past(timestamp: ProtoMessage) -> bool:
    """Whether a protobuf timestamp lies behind us."""
    return unix_seconds(timestamp) < time.time()
