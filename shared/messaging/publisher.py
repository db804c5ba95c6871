"""Hands messages to Pub/Sub by the official client: the only module that imports it for publishing.

The client costs half a second to import, so that waits for the first publish. The generated client
is called directly: its batching sibling adds threads and timers to a path that batches already.
"""

import os
import threading
from collections.abc import Sequence
from typing import Any, Final, Self

from shared.domain.events import Message
from shared.messaging.envelope import encode_attributes, encode_data

TIMEOUT_SECONDS: Final = 10
# The service's own bound is 1,000 messages and 10 MB; ours are a few hundred bytes each.
LARGEST_BATCH: Final = 500


class PublishError(Exception):
    """Whether the messages left is unknown; sending them again is right, consumers know them."""


class Publisher:
    """Publishes messages; safe to share between threads."""

    def __init__(self, project: str, emulator_host: str | None = None) -> None:
        """Keep where to publish; nothing is imported or connected yet."""
        self._project = project
        self._emulator_host = emulator_host
        self._lock = threading.Lock()
        self._client: Any = None

    @classmethod
    def from_environment(cls) -> Self:
        """Read PUBSUB_PROJECT and PUBSUB_EMULATOR_HOST, as the official client does."""
        return cls(os.environ["PUBSUB_PROJECT"], os.environ.get("PUBSUB_EMULATOR_HOST") or None)

    def warm_up(self) -> None:
        """Import and connect, so that the first publish does not wait for it."""
        self._connected()

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish, one call per topic. Raises PublishError; some topics may have gone by then."""
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        client = self._connected()
        for topic, group in by_topic.items():
            for start in range(0, len(group), LARGEST_BATCH):
                self._publish(client, topic, group[start : start + LARGEST_BATCH])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.transport.close()

    def _publish(self, client: Any, topic: str, group: Sequence[Message]) -> None:
        request = {
            "topic": f"projects/{self._project}/topics/{topic}",
            "messages": [
                {"data": encode_data(message), "attributes": encode_attributes(message)}
                for message in group
            ],
        }
        try:
            answer = client.publish(request=request, timeout=TIMEOUT_SECONDS, retry=None)
        except Exception as error:
            raise PublishError(f"{topic}: {type(error).__name__}") from error
        if len(answer.message_ids) != len(group):
            raise PublishError(f"{topic}: {len(answer.message_ids)} of {len(group)} taken")

    def _connected(self) -> Any:
        client = self._client
        if client is not None:
            return client
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        try:
            from google.pubsub_v1.services.publisher import PublisherClient  # noqa: PLC0415 - heavy

            if self._emulator_host is None:
                return PublisherClient()
            import grpc  # noqa: PLC0415 - heavy
            from google.pubsub_v1.services.publisher.transports import (  # noqa: PLC0415 - heavy
                PublisherGrpcTransport,
            )

            channel = grpc.insecure_channel(self._emulator_host)
            return PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        except Exception as error:
            raise PublishError(f"no client: {type(error).__name__}") from error
