"""Dispatching: signed, recorded one by one, disabled when it must be."""

import base64
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from standardwebhooks import Webhook

from shared.domain.events import Event, Message
from shared.domain.notification import Kind, Notification
from shared.domain.webhook import WebhookSecret
from shared.operations.dispatch_webhook import BATCH, Dispatch, dispatch_webhook
from shared.operations.webhook_ports import (
    Delivery,
    DeliveryResult,
    Endpoint,
    WebhookAnswer,
    WebhookRequest,
)
from tests.factories import moment
from tests.fakes import Clock

SECRET = WebhookSecret(bytes(range(32)))
MESSAGE = Message("msg_x", "webhook-due", "acct_2222222222222222", livemode=False, object_id="we_x")


class Scene:
    """An endpoint with deliveries, and what its receiver answers."""

    def __init__(self, *answers: WebhookAnswer, since: datetime | None = None) -> None:
        self.clock = Clock(moment())
        self.answers = list(answers)
        self.sent: list[WebhookRequest] = []
        self.results: list[DeliveryResult] = []
        self.disable_reason: str | None = None
        self.notice: Notification | None = None
        self.failing_since = since
        self.endpoint = Endpoint("we_x", "https://shop.example/hook", "sealed", since, moment())
        self.waiting = [
            Delivery(Event(f"evt_{n}", "charge.succeeded", "ch_x", "{}", moment()), attempts=0)
            for n in range(len(answers))
        ]

    def claim(
        self, endpoint_id: str, *, now: datetime, lease_until: datetime, limit: int
    ) -> tuple[Endpoint, Sequence[Delivery]] | None:
        batch, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return (self.endpoint, batch) if batch else None

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
        self.notice = notice
        self.results.extend(results)
        self.disable_reason = disable_reason
        self.failing_since = failing_since

    def send(self, request: WebhookRequest, *, livemode: bool) -> WebhookAnswer:
        self.sent.append(request)
        return self.answers.pop(0)

    def dispatch(self) -> Counter[str]:
        how = Dispatch(
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            jitter_permille=lambda: 0,
            spread=lambda attempt, deliveries: [attempt(delivery) for delivery in deliveries],
            open_secret=lambda _: SECRET,
            reached=lambda _: None,
        )
        return dispatch_webhook(MESSAGE, store=self, sender=self, how=how)


OK = WebhookAnswer(204, None, 5)
DOWN = WebhookAnswer(500, None, 5)


def test_a_merchants_library_accepts_what_we_send() -> None:
    """Body and headers verify with the published Standard Webhooks library."""
    scene = Scene(OK)
    scene.dispatch()

    request = scene.sent[0]
    key = base64.b64encode(SECRET.key).decode()
    payload = Webhook(f"whsec_{key}").verify(request.body, dict(request.headers))
    assert payload["type"] == "charge.succeeded"


def test_one_failure_among_many_is_its_own() -> None:
    """Each delivery has its own result; a success ends the count towards disabling."""
    scene = Scene(OK, DOWN, OK)

    assert scene.dispatch() == {"succeeded": 2, "pending": 1}

    assert [result.status for result in scene.results] == ["succeeded", "pending", "succeeded"]
    assert scene.results[1].next_attempt_at == scene.clock.at + timedelta(seconds=5)
    assert scene.failing_since is None


def test_gone_disables_at_once() -> None:
    """410 means that the receiver wants no more."""
    scene = Scene(WebhookAnswer(410, None, 5))
    scene.dispatch()

    assert scene.disable_reason == "gone"
    assert scene.notice is not None
    assert (scene.notice.kind, scene.notice.to) == (Kind.ENDPOINT_GONE, None)
    assert scene.notice.data == {"endpoint": "we_x", "host": "shop.example"}
    assert scene.results[0].status == "dropped"


@pytest.mark.parametrize(("hours", "expected"), [(119, None), (120, "failing")])
def test_five_days_of_failure_disable(hours: int, expected: str | None) -> None:
    """Only a failure that lasted 120 hours disables an endpoint."""
    scene = Scene(DOWN, since=moment() - timedelta(hours=hours))
    scene.dispatch()

    assert scene.disable_reason == expected
    kind = None if scene.notice is None else scene.notice.kind
    assert kind == (Kind.ENDPOINT_FAILING if expected else None)


def test_more_than_a_batch_is_sent_in_batches() -> None:
    """What is due beyond one batch follows in the same run."""
    scene = Scene(*[OK] * (BATCH + 3))

    assert scene.dispatch() == {"succeeded": BATCH + 3}


def test_a_run_that_lasts_long_starts_no_new_batch() -> None:
    """The rest waits for its own message, so that the handler ends in time."""
    scene = Scene(*[OK] * (BATCH + 3))
    claim = scene.claim

    def slow(
        endpoint_id: str, *, now: datetime, lease_until: datetime, limit: int
    ) -> tuple[Endpoint, Sequence[Delivery]] | None:
        scene.clock.pass_time(seconds=9)
        return claim(endpoint_id, now=now, lease_until=lease_until, limit=limit)

    scene.claim = slow  # type: ignore[method-assign]  # the receiver has become slow

    assert scene.dispatch() == {"succeeded": BATCH}
