"""Dispatching: signed, recorded one by one, disabled when it must be."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.domain.events import API_VERSION, Event, Message
from shared.domain.notification import Kind, Notification
from shared.domain.webhook import WebhookSecret
from shared.domain.webhook_endpoint import Order, Payload, Scheme
from shared.operations.dispatch_webhook import BATCH, Dispatch, dispatch_webhook
from shared.operations.webhook_ports import (
    Delivery,
    DeliveryResult,
    Endpoint,
    WebhookAnswer,
    WebhookRequest,
)
from shared.operations.webhook_share import Claimed, Share
from tests.factories import moment
from tests.fakes import Clock

SECRET = WebhookSecret(bytes(range(32)))
MESSAGE = Message("msg_x", "webhook-due", "acct_2222222222222222", livemode=False, object_id="we_x")


class Scene:
    """An endpoint with deliveries, and what its receiver answers."""

    def __init__(
        self, *answers: WebhookAnswer, since: datetime | None = None, **terms: Any
    ) -> None:
        self.clock = Clock(moment())
        self.answers = list(answers)
        self.sent: list[WebhookRequest] = []
        self.results: list[DeliveryResult] = []
        self.disable_reason: str | None = None
        self.notice: Notification | None = None
        self.failing_since = since
        self.endpoint = Endpoint(
            "we_x", "https://shop.example/hook", "sealed", since, moment(), **terms
        )
        self.waiting = [
            Delivery(Event(f"evt_{n}", "charge.succeeded", "ch_x", DATA, moment()), attempts=0)
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

    def how(self) -> Dispatch:
        return Dispatch(
            now=self.clock.now,
            signed_at=self.clock.now,
            monotonic=self.clock.monotonic,
            jitter_permille=lambda: 0,
            spread=lambda attempt, deliveries: [attempt(delivery) for delivery in deliveries],
            open_secrets=lambda *_: [SECRET],
            reached=lambda _: None,
        )

    def dispatch(self, how: Dispatch | None = None) -> Counter[str]:
        return dispatch_webhook(MESSAGE, store=self, sender=self, how=how or self.how())


DATA = '{"id":"ch_x","object":"charge","amount":1500}'
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


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        (Payload.FULL, {"id": "ch_x", "object": "charge", "amount": 1500}),
        (Payload.THIN, {"id": "ch_x", "object": "charge"}),
    ],
)
def test_an_endpoint_may_want_stripes_event(payload: Payload, data: dict[str, Any]) -> None:
    """Our event object is the body, whole or thin, with Stripe's header and no other."""
    scene = Scene(OK, scheme=Scheme.STRIPE, payload=payload)
    scene.dispatch()

    request = scene.sent[0]
    event = json.loads(request.body)
    assert [name for name, _ in request.headers] == ["content-type", "Stripe-Signature"]
    assert (event["id"], event["object"], event["type"]) == ("evt_0", "event", "charge.succeeded")
    assert event["data"]["object"] == data


@pytest.mark.parametrize("scheme", list(Scheme))
def test_an_endpoint_hears_as_its_version_has_it(scheme: Scheme) -> None:
    """What is newer than the endpoint is shown as before; what it knows stays as written."""
    for version, field in (("2026-11-01", "source"), (API_VERSION, "method")):
        scene = Scene(OK, scheme=scheme, api_version=version)
        data = '{"id":"tu_x","object":"topup","method":"bank"}'
        event = Event("evt_0", "topup.succeeded", "tu_x", data, moment())
        scene.waiting = [Delivery(event, attempts=0)]
        scene.dispatch()

        body = json.loads(scene.sent[0].body)
        shown = body["data"] if scheme is Scheme.STANDARD else body["data"]["object"]
        assert shown == {"id": "tu_x", "object": "topup", field: "bank"}
        assert body.get("api_version", version) == version


def test_in_order_a_run_goes_on_until_nothing_is_let_go() -> None:
    """What was sent lets go what came behind it, though a batch was never full."""
    scene = Scene(OK, OK, order=Order.OBJECT)
    claim = scene.claim
    scene.claim = lambda *a, **k: claim(*a, **{**k, "limit": 1})  # type: ignore[method-assign]  # one at a time

    assert scene.dispatch() == {"succeeded": 2}


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


def test_an_endpoint_has_only_its_share_of_a_process() -> None:
    """Who comes while it is full leaves the rest lying, and finds room once answers came."""
    scene = Scene(*[OK] * (BATCH + 3))
    how = scene.how()
    send, meanwhile = scene.send, []

    def hang(request: WebhookRequest, *, livemode: bool) -> WebhookAnswer:
        if len(scene.sent) < BATCH:
            meanwhile.append(sum(scene.dispatch(how).values()))
        return send(request, livemode=livemode)

    scene.send = hang  # type: ignore[method-assign]  # somebody comes before each answer

    assert scene.dispatch(how) == {"succeeded": BATCH + 3}
    assert meanwhile == [0] * BATCH


def test_a_share_holds_however_many_come_at_once() -> None:
    """Threads that claim and release together never have more in hand than one endpoint may."""
    scene, share, most = Scene(*[OK] * 8), Share(5), 0
    in_hand: list[int] = []

    def come(turn: int) -> None:
        def claim(room: int) -> Claimed:
            nonlocal most
            taken = scene.waiting[: min(room, turn % 4 + 1)]
            in_hand.extend([turn] * len(taken))
            most = max(most, len(in_hand))
            return scene.endpoint, taken

        claimed = share.claim("we_x", claim)
        for _ in claimed[1] if claimed else ():
            in_hand.remove(turn)
            share.release("we_x", 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(come, range(4_000)))

    assert (0 < most <= 5, in_hand) == (True, [])
    assert share.claim("we_x", lambda room: (scene.endpoint, scene.waiting[:room])) is not None


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


def test_what_others_left_lying_since_we_seemed_slow_is_sent_by_us() -> None:
    """They count from the moment of the lease; a database that is busy took a second of it."""
    scene = Scene(OK, OK)
    late = [scene.waiting.pop()]
    claim = scene.claim

    def busy(
        endpoint_id: str, *, now: datetime, lease_until: datetime, limit: int
    ) -> tuple[Endpoint, Sequence[Delivery]] | None:
        claimed = claim(endpoint_id, now=now, lease_until=lease_until, limit=limit)
        scene.clock.pass_time(seconds=2)
        scene.waiting, late[:] = [*scene.waiting, *late], []
        return claimed

    scene.claim = busy  # type: ignore[method-assign]  # the database has become slow

    assert scene.dispatch() == {"succeeded": 2}
