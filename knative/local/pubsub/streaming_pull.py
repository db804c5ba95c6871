"""One stream of a pulling client: messages one way, acknowledgements the other."""

import asyncio

import grpc
from google.pubsub_v1.types import pubsub

from knative.local.pubsub.errors import InvalidArgumentError, NotFoundError
from knative.local.pubsub.service import Context
from knative.local.pubsub.subscription import Delivery, ProtoMessage, Subscription
from knative.local.pubsub.validation import check_ack_deadline

MAX_BATCH_MESSAGES = 100
MAX_BATCH_BYTES = 3_000_000  # keeps an answer below gRPC's usual 4 MB, save a single larger message

ReceivedMessage = pubsub.ReceivedMessage.pb()
StreamingPullResponse = pubsub.StreamingPullResponse.pb()


def received(subscription: Subscription, delivery: Delivery) -> ProtoMessage:
    """A delivery as pull and streaming pull give it out."""
    return ReceivedMessage(
        ack_id=delivery.id,
        message=delivery.message.proto,
        delivery_attempt=subscription.delivery_attempt(delivery),
    )


async def serve_stream(subscription: Subscription, first: ProtoMessage, context: Context) -> None:
    """Deliver until the client goes or the subscription does; raises PubSubError."""
    check_ack_deadline(first.stream_ack_deadline_seconds)
    stream = _Stream(subscription, first)
    subscription.listeners.append(stream.wake.set)
    reading = asyncio.ensure_future(_read(stream, context))
    reading.add_done_callback(lambda _: stream.wake.set())
    try:
        stream.follow(first)
        while not reading.done():
            batch = stream.batch()
            if batch:
                await context.write(
                    StreamingPullResponse(
                        received_messages=[received(subscription, d) for d in batch]
                    )
                )
                continue
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
        self.wake = asyncio.Event()

    def follow(self, request: ProtoMessage) -> None:
        """Do what a request asks; raises InvalidArgumentError."""
        if len(request.modify_deadline_ack_ids) != len(request.modify_deadline_seconds):
            raise InvalidArgumentError("Each modified deadline needs one ack id.")
        if request.stream_ack_deadline_seconds:
            check_ack_deadline(request.stream_ack_deadline_seconds)
            self._deadline_seconds = request.stream_ack_deadline_seconds
        if request.ack_ids:
            self._subscription.acknowledge(request.ack_ids)
        modified = zip(
            request.modify_deadline_ack_ids, request.modify_deadline_seconds, strict=True
        )
        for ack_id, seconds in modified:
            self._subscription.modify_deadline(ack_id, seconds)

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
