"""The copy of a given-up message that goes to the dead-letter topic."""

from datetime import UTC

from google.pubsub_v1.types import pubsub

from knative.local.pubsub.delivery import Delivery, ProtoMessage
from knative.local.pubsub.names import split_name

PREFIX = "CloudPubSubDeadLetterSource"

PubsubMessage = pubsub.PubsubMessage.pb()


def dead_letter(subscription: str, delivery: Delivery) -> ProtoMessage:
    """The message with the four attributes that say where it comes from."""
    project, short = split_name(subscription)
    copy = PubsubMessage()
    copy.CopyFrom(delivery.message.proto)
    published = copy.publish_time.ToDatetime(tzinfo=UTC).isoformat(timespec="milliseconds")
    copy.attributes[f"{PREFIX}Subscription"] = short
    copy.attributes[f"{PREFIX}SubscriptionProject"] = project
    copy.attributes[f"{PREFIX}TopicPublishTime"] = published
    copy.attributes[f"{PREFIX}DeliveryCount"] = str(delivery.failures)
    return copy
