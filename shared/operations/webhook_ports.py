"""What telling merchants' endpoints needs from the world, as Protocols."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from shared.domain.events import API_VERSION, Event
from shared.domain.notification import Notification
from shared.domain.webhook_endpoint import OldSecret, Order, Payload, Scheme

SLOW_AFTER: Final = timedelta(seconds=1)
"""How long answers are waited for before their endpoint gets no more meanwhile."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One attempt: the exact bytes and headers to POST."""

    url: str
    body: bytes
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """What came back: `status` 0 when nothing did; `error` is a short word of ours."""

    status: int
    error: str | None
    duration_ms: int
    retry_after_seconds: int | None = None
    body_start: str = ""


class WebhookSender(Protocol):
    """The only way out to a merchant's URL."""

    def send(self, request: WebhookRequest, *, livemode: bool) -> WebhookAnswer:
        """POST once within 15 s; never raises for what a network or receiver can do."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one endpoint; `attempts` made so far."""

    event: Event
    attempts: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A merchant's address for webhooks; what is sealed opens with the sealing key.

    `old_secrets` are all that are kept: some may have ended by now.
    """

    id: str
    url: str
    secret_sealed: str
    failing_since: datetime | None
    lease_until: datetime
    payload: Payload = Payload.FULL
    scheme: Scheme = Scheme.STANDARD
    order: Order = Order.NONE
    old_secrets: tuple[OldSecret, ...] = ()
    api_version: str = API_VERSION

    def sealed_secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that sign now, the newest first."""
        return (self.secret_sealed, *(old.sealed for old in self.old_secrets if old.until > now))


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """How one attempt ended; `next_attempt_at` is None when there is none."""

    event_id: str
    status: str
    next_attempt_at: datetime | None
    answer: WebhookAnswer


class DeliveryStore(Protocol):
    """The webhook deliveries of one tenant."""

    def claim(
        self, endpoint_id: str, *, now: datetime, lease_until: datetime, limit: int
    ) -> tuple[Endpoint, Sequence[Delivery]] | None:
        """Lease what is due, oldest first; None where nothing is, or the endpoint is disabled.

        Of an endpoint that wants order, of each object the first alone; of one that fails, few; and
        none of one whose answers somebody waits for already.
        """

    def record(
        self,
        endpoint: Endpoint,
        results: Sequence[DeliveryResult],
        *,
        disable_reason: str | None,
        failing_since: datetime | None,
        now: datetime,
        notice: Notification | None = None,
    ) -> None:
        """Keep the results, the endpoint's state, and when to come back.

        Where this disables the endpoint, `notice` is written with it.
        """
