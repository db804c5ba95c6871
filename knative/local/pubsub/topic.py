"""A topic as the server holds it."""

from dataclasses import dataclass, field

from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.subscription import Subscription


@dataclass(slots=True, eq=False)
class Topic:
    """A topic and the subscriptions that hang on it."""

    proto: ProtoMessage
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
