"""How long a refused message waits for its next attempt."""

from knative.local.pubsub.delivery import ProtoMessage

PUSH_SECONDS = 0.1  # without a retry policy, after the first failure of a push
PUSH_LIMIT_SECONDS = 60.0


def backoff_seconds(subscription: ProtoMessage, failures: int) -> float:
    """Doubling from the minimum to the maximum; 0 for a pull without a retry policy."""
    if subscription.HasField("retry_policy"):
        policy = subscription.retry_policy
        minimum = policy.minimum_backoff.ToMilliseconds() / 1000
        maximum = policy.maximum_backoff.ToMilliseconds() / 1000
    elif subscription.push_config.push_endpoint:
        minimum, maximum = PUSH_SECONDS, PUSH_LIMIT_SECONDS
    else:
        return 0.0
    return float(min(maximum, minimum * 2 ** min(failures - 1, 30)))
