"""The part of google.pubsub.v1.Subscriber that goes back in time: seek and snapshots."""

import time
from collections.abc import Iterable

from google.protobuf import empty_pb2
from google.pubsub_v1.types import pubsub

from knative.local.pubsub.archive import is_past, retained_by, unix_seconds
from knative.local.pubsub.broker import Broker
from knative.local.pubsub.delivery import Message, ProtoMessage
from knative.local.pubsub.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
)
from knative.local.pubsub.names import check_name, check_project
from knative.local.pubsub.service import Call, Context, merged, page_of
from knative.local.pubsub.subscription import Subscription
from knative.local.pubsub.validation import DAY_SECONDS, check_labels

SNAPSHOT_SECONDS = 7 * DAY_SECONDS
MIN_SNAPSHOT_SECONDS = 3600
MUTABLE = frozenset({"labels", "expire_time"})

SnapshotProto = pubsub.Snapshot.pb()
ListSnapshotsResponse = pubsub.ListSnapshotsResponse.pb()
SeekResponse = pubsub.SeekResponse.pb()


class SnapshotService:
    """Each method raises PubSubError for what it refuses."""

    def __init__(self, broker: Broker, project: str) -> None:
        self._broker = broker
        self._project = project

    def calls(self) -> dict[str, Call]:
        """The methods by their names on the wire."""
        return {
            "CreateSnapshot": Call(self.create_snapshot, pubsub.CreateSnapshotRequest.pb()),
            "GetSnapshot": Call(self.get_snapshot, pubsub.GetSnapshotRequest.pb()),
            "ListSnapshots": Call(self.list_snapshots, pubsub.ListSnapshotsRequest.pb()),
            "UpdateSnapshot": Call(self.update_snapshot, pubsub.UpdateSnapshotRequest.pb()),
            "DeleteSnapshot": Call(self.delete_snapshot, pubsub.DeleteSnapshotRequest.pb()),
            "Seek": Call(self.seek, pubsub.SeekRequest.pb()),
        }

    async def create_snapshot(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Keep what a subscription owes now and what comes after, for a week less its age."""
        check_name(request.name, "snapshots", self._project)
        check_labels(request.labels)
        subscription = self._attached(request.subscription)
        if request.name in self._broker.state.snapshots:
            raise AlreadyExistsError(
                f"Resource already exists in the project (resource={request.name})."
            )
        backlog = [delivery.message for delivery in subscription.pending.values()]
        age = time.time() - backlog[0].published if backlog else 0.0
        if SNAPSHOT_SECONDS - age < MIN_SNAPSHOT_SECONDS:
            raise FailedPreconditionError("The backlog is too old for a snapshot.")
        proto = SnapshotProto(
            name=request.name, topic=subscription.proto.topic, labels=request.labels
        )
        proto.expire_time.FromSeconds(int(time.time() + SNAPSHOT_SECONDS - age))
        filter_text = subscription.proto.filter
        await self._broker.put_snapshot(proto, filter_text=filter_text, backlog=backlog)
        return proto

    async def get_snapshot(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read one snapshot."""
        check_name(request.snapshot, "snapshots", self._project)
        return self._broker.snapshot(request.snapshot)

    async def list_snapshots(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read the project's snapshots by name."""
        check_project(request.project, self._project)
        known = self._broker.state.snapshots
        page, token = page_of(known, size=request.page_size, token=request.page_token)
        return ListSnapshotsResponse(
            snapshots=[known[name] for name in page], next_page_token=token
        )

    async def update_snapshot(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Change labels or the time at which it expires."""
        check_name(request.snapshot.name, "snapshots", self._project)
        stored = self._broker.snapshot(request.snapshot.name)
        snapshot = merged(stored, request.snapshot, request.update_mask, mutable=MUTABLE)
        check_labels(snapshot.labels)
        if is_past(snapshot.expire_time):
            raise InvalidArgumentError("The expire_time lies in the past.")
        filter_text = self._broker.state.archives[snapshot.name].filter_text
        await self._broker.put_snapshot(snapshot, filter_text=filter_text)
        return snapshot

    async def delete_snapshot(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Delete a snapshot; what subscriptions owe stays."""
        check_name(request.snapshot, "snapshots", self._project)
        await self._broker.delete_snapshot(request.snapshot)
        return empty_pb2.Empty()

    async def seek(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Owe again what is kept and came since a time or a snapshot, and nothing older."""
        subscription = self._attached(request.subscription)
        if request.HasField("time"):
            owed = self._since(subscription, unix_seconds(request.time))
        elif request.snapshot:
            owed = self._kept_by(request.snapshot, subscription)
        else:
            raise InvalidArgumentError("A seek needs a time or a snapshot.")
        await self._broker.seek(subscription, owed)
        return SeekResponse()

    def _since(self, subscription: Subscription, seconds: float) -> Iterable[Message]:
        archives = self._broker.state.archives
        messages = [delivery.message for delivery in subscription.pending.values()]
        for name in (retained_by(subscription.name), subscription.proto.topic):
            if name in archives:
                messages += archives[name].messages.values()
        return _passing(subscription, (each for each in messages if each.published >= seconds))

    def _kept_by(self, snapshot: str, subscription: Subscription) -> Iterable[Message]:
        check_name(snapshot, "snapshots", self._project)
        if self._broker.snapshot(snapshot).topic != subscription.proto.topic:
            raise FailedPreconditionError(f"{snapshot} is of another topic.")
        return _passing(subscription, self._broker.state.archives[snapshot].messages.values())

    def _attached(self, name: str) -> Subscription:
        check_name(name, "subscriptions", self._project)
        subscription = self._broker.subscription(name)
        if subscription.proto.detached:
            raise FailedPreconditionError(f"{name} is detached.")
        return subscription


def _passing(subscription: Subscription, messages: Iterable[Message]) -> list[Message]:
    return [each for each in messages if subscription.accepts(each.proto.attributes)]
