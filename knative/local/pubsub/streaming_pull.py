"""One stream of a pulling client: messages one way, acknowledgements the other."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
from google.pubsub_v1.types import pubsub

from knative.local.pubsub.delivery import Delivery, ProtoMessage
from knative.local.pubsub.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from knative.local.pubsub.service import Context
from knative.local.pubsub.subscription import UNORDERED_ACK_ID, Subscription
from knative.local.pubsub.validation import check_ack_deadline

MAX_BATCH_MESSAGES = 100
MAX_BATCH_BYTES = 3_000_000  # keeps an answer below gRPC's usual 4 MB, save a single larger message

ReceivedMessage = pubsub.ReceivedMessage.pb()
StreamingPullResponse = pubsub.StreamingPullResponse.pb()
SubscriptionProperties = StreamingPullResponse.SubscriptionProperties


def received(subscription: Subscription, delivery: Delivery) -> ProtoMessage:
    """A delivery as pull and streaming pull give it out."""
    return ReceivedMessage(
        ack_id=subscription.ack_id(delivery),
        message=delivery.message.proto,
        delivery_attempt=subscription.delivery_attempt(delivery),
    )


async def serve_stream(
    subscription: Subscription,
    first: ProtoMessage,
    context: Context,
    *,
    flush: Callable[[], Awaitable[None]],
) -> None:
    """Deliver until the client goes or the subscription does; raises PubSubError.

    What `flush` has awaited survives a crash, so that an exactly-once answer may promise it.
    """
    check_ack_deadline(first.stream_ack_deadline_seconds)
    stream = _Stream(subscription, first)
    subscription.listeners.append(stream.wake.set)
    reading = asyncio.ensure_future(_read(stream, context))
    reading.add_done_callback(lambda _: stream.wake.set())
    try:
        stream.follow(first)
        while not reading.done():
            confirmation = stream.confirmation()
            if confirmation is not None:
                await flush()
                await context.write(confirmation)
            batch = stream.batch()
            if batch:
                await context.write(stream.answer(batch))
                continue
            if subscription.proto.detached:
                raise FailedPreconditionError(f"{subscription.name} is detached.")
            if subscription.is_deleted:
                raise NotFoundError(f"Resource not found (resource={subscription.name}).")
            await stream.wake.wait()
            stream.wake.clear()
        reading.result()
    finally:
        reading.cancel()
        subscription.listeners.remove(stream.wake.set)


class _Stream:
    """What the client holds, within the limits it asked for."""

    def __init__(self, subscription: Subscription, first: ProtoMessage) -> None:
        self._subscription = subscription
        self._deadline_seconds: int = first.stream_ack_deadline_seconds
        self._max_messages: int = first.max_outstanding_messages
        self._max_bytes: int = first.max_outstanding_bytes
        self._messages = 0
        self._bytes = 0
        self._confirmation: ProtoMessage | None = None
        self.wake = asyncio.Event()

    def follow(self, request: ProtoMessage) -> None:
        """Do what a request asks; raises InvalidArgumentError."""
        if len(request.modify_deadline_ack_ids) != len(request.modify_deadline_seconds):
            raise InvalidArgumentError("Each modified deadline needs one ack id.")
        if request.stream_ack_deadline_seconds:
            check_ack_deadline(request.stream_ack_deadline_seconds)
            self._deadline_seconds = request.stream_ack_deadline_seconds
        refused = self._subscription.acknowledge(request.ack_ids)
        modified = zip(
            request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True
        )
        unmodified = {
            ack_id: why
            for ack_id, seconds in modified
            if (why := self._subscription.modify_deadline(ack_id, seconds))
        }
        if self._subscription.is_exactly_once:
            self._confirm(request, refused, unmodified)

    def confirmation(self) -> ProtoMessage | None:
        """What became of the acknowledgements of an exactly-once stream since the last time."""
        confirmation, self._confirmation = self._confirmation, None
        return confirmation

    def answer(self, batch: list[Delivery]) -> ProtoMessage:
        """Deliveries, and what the client must know of the subscription to hold them rightly."""
        proto = self._subscription.proto
        return StreamingPullResponse(
            received_messages=[received(self._subscription, delivery) for delivery in batch],
            subscription_properties=SubscriptionProperties(
                exactly_once_delivery_enabled=proto.enable_exactly_once_delivery,
                message_ordering_enabled=proto.enable_message_ordering,
            ),
        )

    def batch(self) -> list[Delivery]:
        """Lease what is ready, as far as the client's limits and one answer reach."""
        batch: list[Delivery] = []
        size = 0
        if self._subscription.is_push:
            return batch
        while len(batch) < MAX_BATCH_MESSAGES and size < MAX_BATCH_BYTES and self._has_room():
            taken = self._subscription.take(1)
            if not taken:
                break
            size += taken[0].message.size
            if batch and size > MAX_BATCH_BYTES:
                self._subscription.give_back(taken[0])
                break
            self._messages += 1
            self._bytes += taken[0].message.size
            self._subscription.lease(taken[0], self._deadline_seconds, on_end=self._ended)
            batch += taken
        return batch

    def _confirm(
        self, request: ProtoMessage, refused: dict[str, str], unmodified: dict[str, str]
    ) -> None:
        if not request.ack_ids and not request.modify_deadline_ack_ids:
            return
        if self._confirmation is None:
            self._confirmation = self.answer([])
        acks = self._confirmation.acknowledge_confirmation
        acks.ack_ids.extend(each for each in request.ack_ids if each not in refused)
        for ack_id, why in refused.items():
            target = acks.unordered_ack_ids if why == UNORDERED_ACK_ID else acks.invalid_ack_ids
            target.append(ack_id)
        deadlines = self._confirmation.modify_ack_deadline_confirmation
        deadlines.ack_ids.extend(
            each for each in request.modify_deadline_ack_ids if each not in unmodified
        )
        deadlines.invalid_ack_ids.extend(unmodified)
        self.wake.set()

    def _has_room(self) -> bool:
        return not (0 < self._max_messages <= self._messages or 0 < self._max_bytes <= self._bytes)

    def _ended(self, delivery: Delivery) -> None:
        was_full = not self._has_room()
        self._messages -= 1
        self._bytes -= delivery.message.size
        if was_full:
            self.wake.set()


async def _read(stream: _Stream, context: Context) -> None:
    while True:
        request = await context.read()
        if request is grpc.aio.EOF:
            return
        stream.follow(request)
