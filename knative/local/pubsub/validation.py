"""Production's limits on what a publisher or an administrator may send, refused before any effect.

Figures: Google's pages "Quotas and limits" and the field comments of google.pubsub.v1.
"""

from google.pubsub_v1.types import pubsub

from knative.local.pubsub.delivery import ProtoMessage
from knative.local.pubsub.errors import InvalidArgumentError, NotImplementedYetError
from knative.local.pubsub.names import check_name
from knative.local.pubsub.push_connection import parse_endpoint

MAX_REQUEST_BYTES = 10_000_000
MAX_MESSAGES = 1000
MAX_ATTRIBUTES = 100
MAX_KEY_BYTES = 256
MAX_VALUE_BYTES = 1024
MAX_ORDERING_KEY_BYTES = 1024
MAX_ENDPOINT_CHARACTERS = 2048
MAX_LABELS = 64

DAY_SECONDS = 86_400
DEFAULT_ACK_DEADLINE_SECONDS = 10
MAX_ACK_DEADLINE_SECONDS = 600
DEFAULT_RETENTION_SECONDS = 7 * DAY_SECONDS
MIN_RETENTION_SECONDS = 600
MAX_RETENTION_SECONDS = 31 * DAY_SECONDS
DEFAULT_EXPIRATION_SECONDS = 31 * DAY_SECONDS
MAX_DURATION_SECONDS = 315_576_000_000  # of a protobuf Duration, which gRPC does not look at
DEFAULT_MIN_BACKOFF_SECONDS = 10
MAX_BACKOFF_SECONDS = 600
MIN_DELIVERY_ATTEMPTS = 5
MAX_DELIVERY_ATTEMPTS = 100

_ACTIVE_TOPIC = int(pubsub.Topic.State.ACTIVE)
_ACTIVE_SUBSCRIPTION = int(pubsub.Subscription.State.ACTIVE)
_LATER_OF_TOPIC = ("ingestion_data_source_settings", "message_transforms")
_LATER_OF_SUBSCRIPTION = (
    "bigquery_config",
    "cloud_storage_config",
    "bigtable_config",
    "message_transforms",
)


def check_publish(request: ProtoMessage) -> None:
    """Refuse a request that production refuses; raises InvalidArgumentError."""
    if request.ByteSize() > MAX_REQUEST_BYTES:
        raise InvalidArgumentError(f"The request is larger than {MAX_REQUEST_BYTES} bytes.")
    if not 0 < len(request.messages) <= MAX_MESSAGES:
        raise InvalidArgumentError(f"A request carries 1 to {MAX_MESSAGES} messages.")
    for message in request.messages:
        _check_message(message)


def _check_message(message: ProtoMessage) -> None:
    if not message.data and not message.attributes:
        raise InvalidArgumentError("A message needs data or at least one attribute.")
    if len(message.attributes) > MAX_ATTRIBUTES:
        raise InvalidArgumentError(f"A message has at most {MAX_ATTRIBUTES} attributes.")
    for key, value in message.attributes.items():
        if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
            raise InvalidArgumentError(f"An attribute's key has 1 to {MAX_KEY_BYTES} bytes.")
        # The official client's tracing writes keys that begin with googclient_.
        if key.startswith("goog") and not key.startswith("googclient_"):
            raise InvalidArgumentError("An attribute's key must not begin with goog.")
        if len(value.encode()) > MAX_VALUE_BYTES:
            raise InvalidArgumentError(f"An attribute's value has at most {MAX_VALUE_BYTES} bytes.")
    if len(message.ordering_key.encode()) > MAX_ORDERING_KEY_BYTES:
        raise InvalidArgumentError(f"An ordering key has at most {MAX_ORDERING_KEY_BYTES} bytes.")


def settle_topic(topic: ProtoMessage, project: str) -> None:
    """Check a topic and fill in what the server decides; raises PubSubError."""
    check_name(topic.name, "topics", project)
    _refuse_later(topic, _LATER_OF_TOPIC)
    check_labels(topic.labels)
    if topic.HasField("message_retention_duration"):
        _check_seconds(
            "message_retention_duration",
            topic.message_retention_duration,
            MIN_RETENTION_SECONDS,
            MAX_RETENTION_SECONDS,
        )
    if topic.HasField("schema_settings") and not topic.schema_settings.encoding:
        raise InvalidArgumentError("schema_settings need an encoding, JSON or BINARY.")
    topic.state = _ACTIVE_TOPIC


def settle_subscription(subscription: ProtoMessage, project: str) -> None:
    """Check a subscription and fill in production's defaults; raises PubSubError.

    Whether its topics exist is not looked at here.
    """
    check_name(subscription.name, "subscriptions", project)
    _refuse_later(subscription, _LATER_OF_SUBSCRIPTION)
    check_labels(subscription.labels)
    subscription.ack_deadline_seconds = (
        subscription.ack_deadline_seconds or DEFAULT_ACK_DEADLINE_SECONDS
    )
    check_ack_deadline(subscription.ack_deadline_seconds)
    if not subscription.HasField("message_retention_duration"):
        subscription.message_retention_duration.FromSeconds(DEFAULT_RETENTION_SECONDS)
    _check_seconds(
        "message_retention_duration",
        subscription.message_retention_duration,
        MIN_RETENTION_SECONDS,
        MAX_RETENTION_SECONDS,
    )
    if not subscription.HasField("expiration_policy"):
        subscription.expiration_policy.ttl.FromSeconds(DEFAULT_EXPIRATION_SECONDS)
    if subscription.expiration_policy.HasField("ttl"):
        ttl = subscription.expiration_policy.ttl
        _check_seconds("expiration_policy.ttl", ttl, DAY_SECONDS, MAX_DURATION_SECONDS)
    _check_push_config(subscription.push_config)
    if subscription.enable_exactly_once_delivery and subscription.push_config.push_endpoint:
        raise InvalidArgumentError("Exactly-once delivery is for pull subscriptions only.")
    if subscription.HasField("retry_policy"):
        _settle_retry_policy(subscription.retry_policy)
    if subscription.HasField("dead_letter_policy"):
        _settle_dead_letter_policy(subscription.dead_letter_policy)
    subscription.state = _ACTIVE_SUBSCRIPTION


def check_ack_deadline(seconds: int) -> None:
    """Raises InvalidArgumentError outside 10 to 600 s."""
    if not DEFAULT_ACK_DEADLINE_SECONDS <= seconds <= MAX_ACK_DEADLINE_SECONDS:
        raise InvalidArgumentError(
            f"The ack deadline is {DEFAULT_ACK_DEADLINE_SECONDS} to {MAX_ACK_DEADLINE_SECONDS} s."
        )


def _check_push_config(config: ProtoMessage) -> None:
    """Take plain http too: receivers on this machine have no certificate."""
    if not config.push_endpoint:
        if config.HasField("oidc_token"):
            raise InvalidArgumentError("oidc_token needs a push_endpoint.")
        return
    try:
        parse_endpoint(config.push_endpoint)
    except ValueError as error:
        raise InvalidArgumentError("The push_endpoint must be an http or https URL.") from error
    if len(config.push_endpoint) > MAX_ENDPOINT_CHARACTERS:
        raise InvalidArgumentError(f"The push_endpoint is longer than {MAX_ENDPOINT_CHARACTERS}.")
    if config.HasField("oidc_token") and "@" not in config.oidc_token.service_account_email:
        raise InvalidArgumentError("oidc_token needs a service_account_email.")


def _settle_retry_policy(policy: ProtoMessage) -> None:
    if not policy.HasField("minimum_backoff"):
        policy.minimum_backoff.FromSeconds(DEFAULT_MIN_BACKOFF_SECONDS)
    if not policy.HasField("maximum_backoff"):
        policy.maximum_backoff.FromSeconds(MAX_BACKOFF_SECONDS)
    _check_seconds("minimum_backoff", policy.minimum_backoff, 0, MAX_BACKOFF_SECONDS)
    _check_seconds("maximum_backoff", policy.maximum_backoff, 0, MAX_BACKOFF_SECONDS)
    if policy.minimum_backoff.ToNanoseconds() > policy.maximum_backoff.ToNanoseconds():
        raise InvalidArgumentError("minimum_backoff must not be longer than maximum_backoff.")


def _settle_dead_letter_policy(policy: ProtoMessage) -> None:
    policy.max_delivery_attempts = policy.max_delivery_attempts or MIN_DELIVERY_ATTEMPTS
    if not MIN_DELIVERY_ATTEMPTS <= policy.max_delivery_attempts <= MAX_DELIVERY_ATTEMPTS:
        raise InvalidArgumentError(
            f"max_delivery_attempts is {MIN_DELIVERY_ATTEMPTS} to {MAX_DELIVERY_ATTEMPTS}."
        )


def _check_seconds(name: str, duration: ProtoMessage, lowest: int, highest: int) -> None:
    is_duration = abs(duration.nanos) < 10**9
    if not is_duration or not lowest * 10**9 <= duration.ToNanoseconds() <= highest * 10**9:
        raise InvalidArgumentError(f"{name} is {lowest} to {highest} s.")


def check_labels(labels: ProtoMessage) -> None:
    """Raises InvalidArgumentError above 64."""
    if len(labels) > MAX_LABELS:
        raise InvalidArgumentError(f"A resource has at most {MAX_LABELS} labels.")


def _refuse_later(proto: ProtoMessage, names: tuple[str, ...]) -> None:
    """Refuse, rather than ignore, what would change the promise of a delivery."""
    set_fields = {field.name for field, _ in proto.ListFields()}
    for name in names:
        if name in set_fields:
            raise NotImplementedYetError(f"{name} is not served yet.")
