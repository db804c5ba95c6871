"""What the journal holds: one record for each change of state, small and self-contained.

`message`, `topic`, `subscription` and `snapshot` are serialised google.pubsub.v1 messages, so that
the stored form is the published one. Whoever adds a kind or a field raises journal.FORMAT.
"""

import re
from typing import TypeAlias

import msgspec


class Target(msgspec.Struct, frozen=True, array_like=True):
    """A subscription that still owes a delivery; `retry_at` is Unix seconds, 0 for at once."""

    subscription: str
    failures: int = 0
    retry_at: float = 0.0


class TopicStored(msgspec.Struct, frozen=True, array_like=True, tag="topic"):
    """A topic was created or changed."""

    topic: bytes


class TopicDeleted(msgspec.Struct, frozen=True, array_like=True, tag="topic_deleted"):
    """A topic is gone; its subscriptions stay."""

    name: str


class SubscriptionStored(msgspec.Struct, frozen=True, array_like=True, tag="subscription"):
    """A subscription was created or changed."""

    subscription: bytes


class SubscriptionDeleted(msgspec.Struct, frozen=True, array_like=True, tag="subscription_deleted"):
    """A subscription is gone, and with it what it still owed."""

    name: str


class SnapshotStored(msgspec.Struct, frozen=True, array_like=True, tag="snapshot"):
    """A snapshot was created or changed; it keeps what its subscription's filter lets through."""

    snapshot: bytes
    filter: str


class SnapshotDeleted(msgspec.Struct, frozen=True, array_like=True, tag="snapshot_deleted"):
    """A snapshot is gone, and with it what it kept."""

    name: str


class PolicyStored(msgspec.Struct, frozen=True, array_like=True, tag="policy"):
    """Who may do what with a resource: a serialised google.iam.v1.Policy."""

    resource: str
    policy: bytes


class SchemaStored(msgspec.Struct, frozen=True, array_like=True, tag="schema"):
    """All revisions of a schema, oldest first; none where it was deleted."""

    name: str
    revisions: tuple[bytes, ...]


class MessageStored(msgspec.Struct, frozen=True, array_like=True, tag="message"):
    """A message that each of `targets`, subscriptions and archives, still owes or keeps."""

    message: bytes
    targets: tuple[Target, ...]


class Acknowledged(msgspec.Struct, frozen=True, array_like=True, tag="ack"):
    """A subscription owes these messages no longer."""

    subscription: str
    message_ids: tuple[str, ...]


class Owed(msgspec.Struct, frozen=True, array_like=True, tag="owed"):
    """A subscription or archive owes or keeps these stored messages from now on."""

    target: str
    message_ids: tuple[str, ...]


class Failed(msgspec.Struct, frozen=True, array_like=True, tag="failed"):
    """A delivery was refused or ran out of time; `target` is its new standing."""

    message_id: str
    target: Target


class LastMessageId(msgspec.Struct, frozen=True, array_like=True, tag="last_id"):
    """The highest message id given out, so that none is given twice."""

    value: int


Record: TypeAlias = (
    TopicStored
    | TopicDeleted
    | SubscriptionStored
    | SubscriptionDeleted
    | SnapshotStored
    | SnapshotDeleted
    | PolicyStored
    | SchemaStored
    | MessageStored
    | Acknowledged
    | Owed
    | Failed
    | LastMessageId
)

# How the bytes of a record begin: an array whose first member is the kind.
RECORD_START = re.compile(
    rb"[\x90-\x9f][\xa0-\xbf](?:topic|subscription|snapshot|policy|schema|message|ack|owed|failed|last_id)"
)

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def encode(record: Record) -> bytes:
    """Serialise one record."""
    return _ENCODER.encode(record)


def decode(data: bytes) -> Record:
    """Parse one record; raises msgspec.DecodeError for anything else."""
    return _DECODER.decode(data)
