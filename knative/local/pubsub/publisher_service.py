"""google.pubsub.v1.Publisher: topics and publishing."""

from collections.abc import Iterable

from google.protobuf import empty_pb2
from google.pubsub_v1.types import Encoding, pubsub

from knative.local.pubsub.broker import Broker
from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.errors import InvalidArgumentError, NotFoundError
from knative.local.pubsub.names import DELETED_SCHEMA, check_name, check_project
from knative.local.pubsub.service import Call, Context, merged, page_of
from knative.local.pubsub.validation import check_publish, settle_topic

MUTABLE = frozenset(
    {
        "labels",
        "message_storage_policy",
        "kms_key_name",
        "message_retention_duration",
        "schema_settings",
    }
)

DetachSubscriptionResponse = pubsub.DetachSubscriptionResponse.pb()
ListTopicSnapshotsResponse = pubsub.ListTopicSnapshotsResponse.pb()
SubscriptionProto = pubsub.Subscription.pb()
PublishResponse = pubsub.PublishResponse.pb()
ListTopicsResponse = pubsub.ListTopicsResponse.pb()
ListTopicSubscriptionsResponse = pubsub.ListTopicSubscriptionsResponse.pb()


class PublisherService:
    """Each method raises PubSubError for what it refuses."""

    def __init__(self, broker: Broker, project: str) -> None:
        self._broker = broker
        self._project = project

    def calls(self) -> dict[str, Call]:
        """The methods by their names on the wire."""
        return {
            "CreateTopic": Call(self.create_topic, pubsub.Topic.pb()),
            "GetTopic": Call(self.get_topic, pubsub.GetTopicRequest.pb()),
            "ListTopics": Call(self.list_topics, pubsub.ListTopicsRequest.pb()),
            "ListTopicSubscriptions": Call(
                self.list_topic_subscriptions, pubsub.ListTopicSubscriptionsRequest.pb()
            ),
            "UpdateTopic": Call(self.update_topic, pubsub.UpdateTopicRequest.pb()),
            "DeleteTopic": Call(self.delete_topic, pubsub.DeleteTopicRequest.pb()),
            "ListTopicSnapshots": Call(
                self.list_topic_snapshots, pubsub.ListTopicSnapshotsRequest.pb()
            ),
            "DetachSubscription": Call(
                self.detach_subscription, pubsub.DetachSubscriptionRequest.pb()
            ),
            "Publish": Call(self.publish, pubsub.PublishRequest.pb()),
        }

    async def create_topic(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Create a topic under the name that the request carries."""
        settle_topic(request, self._project)
        self._check_schema(request)
        await self._broker.create_topic(request)
        return request

    async def get_topic(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read one topic."""
        check_name(request.topic, "topics", self._project)
        return self._broker.topic(request.topic).proto

    async def list_topics(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read the project's topics by name."""
        check_project(request.project, self._project)
        topics = self._broker.state.topics
        page, token = page_of(topics, size=request.page_size, token=request.page_token)
        return ListTopicsResponse(
            topics=[topics[name].proto for name in page], next_page_token=token
        )

    async def list_topic_subscriptions(
        self, request: ProtoMessage, _context: Context
    ) -> ProtoMessage:
        """Read the names of the subscriptions of one topic."""
        check_name(request.topic, "topics", self._project)
        names = self._broker.topic(request.topic).subscriptions
        page, token = page_of(names, size=request.page_size, token=request.page_token)
        return ListTopicSubscriptionsResponse(subscriptions=page, next_page_token=token)

    async def list_topic_snapshots(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Read the names of the snapshots of one topic."""
        check_name(request.topic, "topics", self._project)
        self._broker.topic(request.topic)
        known = self._broker.state.snapshots.values()
        names = [snapshot.name for snapshot in known if snapshot.topic == request.topic]
        page, token = page_of(names, size=request.page_size, token=request.page_token)
        return ListTopicSnapshotsResponse(snapshots=page, next_page_token=token)

    async def detach_subscription(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Let a subscription owe nothing and receive nothing any more."""
        check_name(request.subscription, "subscriptions", self._project)
        subscription = self._broker.subscription(request.subscription)
        proto = SubscriptionProto()
        proto.CopyFrom(subscription.proto)
        proto.detached = True
        subscription.drop(list(subscription.pending))
        await self._broker.update_subscription(proto)
        subscription.wake()
        return DetachSubscriptionResponse()

    async def update_topic(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Change what the mask names."""
        check_name(request.topic.name, "topics", self._project)
        stored = self._broker.topic(request.topic.name).proto
        topic = merged(stored, request.topic, request.update_mask, mutable=MUTABLE)
        settle_topic(topic, self._project)
        self._check_schema(topic)
        await self._broker.update_topic(topic)
        return topic

    async def delete_topic(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Delete a topic; its subscriptions stay."""
        check_name(request.topic, "topics", self._project)
        await self._broker.delete_topic(request.topic)
        return empty_pb2.Empty()

    async def publish(self, request: ProtoMessage, _context: Context) -> ProtoMessage:
        """Answer the message ids once the messages survive a crash."""
        check_name(request.topic, "topics", self._project)
        check_publish(request)
        topic = self._broker.topic(request.topic).proto
        if topic.HasField("schema_settings"):
            self._name_schema(topic.schema_settings, request.messages)
        ids = await self._broker.publish(request.topic, list(request.messages))
        return PublishResponse(message_ids=ids)

    def _check_schema(self, topic: ProtoMessage) -> None:
        settings = topic.schema_settings
        if not topic.HasField("schema_settings") or settings.schema == DELETED_SCHEMA:
            return
        check_name(settings.schema, "schemas", self._project)
        known = {revision.revision_id for revision in self._broker.schema(settings.schema)}
        if not {settings.first_revision_id, settings.last_revision_id} <= {"", *known}:
            raise InvalidArgumentError("The schema has no such revision.")

    def _name_schema(self, settings: ProtoMessage, messages: Iterable[ProtoMessage]) -> None:
        """Say in each message, as production does, by which schema it is to be read."""
        if settings.schema == DELETED_SCHEMA:
            raise NotFoundError("The topic's schema was deleted.")
        newest = self._broker.schema(settings.schema)[-1]
        for message in messages:
            message.attributes["googclient_schemaname"] = settings.schema
            message.attributes["googclient_schemaencoding"] = Encoding(settings.encoding).name
            message.attributes["googclient_schemarevisionid"] = (
                settings.last_revision_id or newest.revision_id
            )
