"""google.pubsub.v1.Subscriber: subscriptions, and delivery to those who ask for it."""

import asyncio

import grpc
from google.protobuf import empty_pb2
from google.pubsub_v1.types import pubsub

from knative.local.pubsub.broker import Broker
from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.errors import (
    AckRefusedError,
    FailedPreconditionError,
    InvalidArgumentError,
)
from knative.local.pubsub.names import check_name, check_project
from knative.local.pubsub.service import Call, Context, merged, page_of
from knative.local.pubsub.streaming_pull import received, serve_stream
from knative.local.pubsub.subscription import Subscription
from knative.local.pubsub.validation import (
    MAX_ACK_DEADLINE_SECONDS,
    settle_subscription,
)

MUTABLE = frozenset(
    {
        "ack_deadline_seconds",
        "dead_letter_policy",
        "enable_exactly_once_delivery",
        "expiration_policy",
        "labels",
        "message_retention_duration",
        "push_config",
        "retain_acked_messages",
        "retry_policy",
    }
)
MAX_PULL_MESSAGES = 1000
PULL_WAIT_SECONDS = 10.0

PullResponse = pubsub.PullResponse.pb()
SubscriptionProto = pubsub.Subscription.pb()
ListSubscriptionsResponse = pubsub.ListSubscriptionsResponse.pb()


class SubscriberService:
    """Each method raises PubSubError for what it refuses."""

    def __init__(self, broker: Broker, project: str) -> None:
        self._broker = broker
        self._project = project

    def calls(self) -> dict[str, Call]:
        """The methods by their names on the wire."""
        return {
            "CreateSubscription": Call(self.create_subscription, SubscriptionProto),
            "GetSubscription": Call(self.get_subscription, pubsub.GetSubscriptionRequest.pb()),
            "UpdateSubscription": Call(
                self.update_subscription, pubsub.UpdateSubscriptionRequest.pb()
            ),
            "ListSubscriptions": Call(
                self.list_subscriptions, pubsub.ListSubscriptionsRequest.pb()
            ),
            "DeleteSubscription": Call(
                self.delete_subscription, pubsub.DeleteSubscriptionRequest.pb()
            ),
            "ModifyAckDeadline": Call(
                self.modify_ack_deadline, pubsub.ModifyAckDeadlineRequest.pb()
            ),
            "Acknowledge": Call(self.acknowledge, pubsub.AcknowledgeRequest.pb()),
            "Pull": Call(self.pull, pubsub.PullRequest.pb()),
            "ModifyPushConfig": Call(self.modify_push_config, pubsub.ModifyPushConfigRequest.pb()),
        }

    async def create_subscription(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Create a subscription; it receives what is published from now on."""
        check_name(request.topic, "topics", self._project)
        settle_subscription(request, self._project)
        self._check_dead_letter_topic(request)
        await self._broker.create_subscription(request)
        return request

    async def get_subscription(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read one subscription."""
        return self._subscription(request.subscription).proto

    async def update_subscription(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Change what the mask names; topic, filter and ordering never change."""
        stored = self._subscription(request.subscription.name).proto
        subscription = merged(stored, request.subscription, request.update_mask, mutable=MUTABLE)
        settle_subscription(subscription, self._project)
        self._check_dead_letter_topic(subscription)
        await self._broker.update_subscription(subscription)
        return subscription

    async def list_subscriptions(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read the project's subscriptions by name."""
        check_project(request.project, self._project)
        known = self._broker.state.subscriptions
        page, token = page_of(known, size=request.page_size, token=request.page_token)
        return ListSubscriptionsResponse(
            subscriptions=[known[name].proto for name in page], next_page_token=token
        )

    async def delete_subscription(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Delete a subscription and what it owes."""
        check_name(request.subscription, "subscriptions", self._project)
        await self._broker.delete_subscription(request.subscription)
        return empty_pb2.Empty()

    async def modify_push_config(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Change to push or, with an empty config, to pull."""
        stored = self._subscription(request.subscription).proto
        subscription = SubscriptionProto()
        subscription.CopyFrom(stored)
        subscription.push_config.CopyFrom(request.push_config)
        settle_subscription(subscription, self._project)
        await self._broker.update_subscription(subscription)
        return empty_pb2.Empty()

    async def acknowledge(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Owe these messages no longer."""
        subscription = self._subscription(request.subscription)
        if not request.ack_ids:
            raise InvalidArgumentError("No ack ids given.")
        refused = subscription.acknowledge(request.ack_ids)
        await self._answer_acks(subscription, refused)
        return empty_pb2.Empty()

    async def modify_ack_deadline(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Move the deadline to so many seconds from now; 0 refuses the messages."""
        subscription = self._subscription(request.subscription)
        if not 0 <= request.ack_deadline_seconds <= MAX_ACK_DEADLINE_SECONDS:
            raise InvalidArgumentError(f"The ack deadline is 0 to {MAX_ACK_DEADLINE_SECONDS} s.")
        if not request.ack_ids:
            raise InvalidArgumentError("No ack ids given.")
        seconds = request.ack_deadline_seconds
        refused = {
            ack_id: why
            for ack_id in request.ack_ids
            if (why := subscription.modify_deadline(ack_id, seconds))
        }
        await self._answer_acks(subscription, refused)
        return empty_pb2.Empty()

    async def pull(self, request: ProtoMessage, context: Context) -> ProtoMessage:
        """Answer what is there, else wait up to 10 s for the first message."""
        subscription = self._pulled(request.subscription)
        if request.max_messages <= 0:
            raise InvalidArgumentError("max_messages must be positive.")
        limit = min(request.max_messages, MAX_PULL_MESSAGES)
        taken = subscription.take(limit)
        if not taken and not request.return_immediately:
            remaining = context.time_remaining()
            wait = PULL_WAIT_SECONDS if remaining is None else min(PULL_WAIT_SECONDS, remaining / 2)
            await _until_ready(subscription, wait)
            taken = [] if subscription.is_push else subscription.take(limit)
        for delivery in taken:
            subscription.lease(delivery, subscription.proto.ack_deadline_seconds)
        return PullResponse(received_messages=[received(subscription, d) for d in taken])

    async def streaming_pull(self, context: Context) -> None:
        """Deliver until the caller goes."""
        first = await context.read()
        if first is grpc.aio.EOF:
            raise InvalidArgumentError("The first request of a stream names the subscription.")
        subscription = self._pulled(first.subscription)
        await serve_stream(subscription, first, context, flush=self._broker.flush)

    async def _answer_acks(self, subscription: Subscription, refused: dict[str, str]) -> None:
        """An exactly-once answer is a promise, so it waits for the disk; raises AckRefusedError."""
        if subscription.is_exactly_once:
            await self._broker.flush()
        if refused:
            raise AckRefusedError(refused)

    def _subscription(self, name: str) -> Subscription:
        check_name(name, "subscriptions", self._project)
        return self._broker.subscription(name)

    def _pulled(self, name: str) -> Subscription:
        subscription = self._subscription(name)
        if subscription.proto.detached:
            raise FailedPreconditionError(f"{name} is detached.")
        if subscription.is_push:
            raise FailedPreconditionError(f"{name} is a push subscription.")
        return subscription

    def _check_dead_letter_topic(self, subscription: ProtoMessage) -> None:
        if subscription.HasField("dead_letter_policy"):
            name = subscription.dead_letter_policy.dead_letter_topic
            check_name(name, "topics", self._project)
            self._broker.topic(name)


async def _until_ready(subscription: Subscription, seconds: float) -> None:
    ready = asyncio.Event()
    subscription.listeners.append(ready.set)
    try:
        async with asyncio.timeout(seconds):
            await ready.wait()
    except TimeoutError:
        pass
    finally:
        subscription.listeners.remove(ready.set)
