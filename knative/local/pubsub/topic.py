"""A topic as the server holds it."""

from dataclasses import dataclass, field

from knative.local.pubsub.archive import Archive
from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.subscription import Subscription


@dataclass(slots=True, eq=False)
class Topic:
    """A topic, the subscriptions that hang on it, and who else keeps what is published."""

    proto: ProtoMessage
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    archives: dict[str, Archive] = field(default_factory=dict)
