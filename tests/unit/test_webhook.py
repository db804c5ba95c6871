"""Webhooks as merchants' own libraries see them, and when we try again or stop."""

import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from shared.domain.errors import InvalidRequest
from shared.domain.webhook import (
    JITTER_PERMILLE,
    SCHEDULE,
    DeliveryOutcome,
    WebhookSecret,
    failing_since,
    is_to_be_disabled,
    next_attempt,
    outcome_of,
    payload,
    signed_headers,
    stripe_headers,
)

NOW = datetime(2026, 11, 25, 9, 30, 0, 123_000, tzinfo=UTC)
SECRET = WebhookSecret(bytes(range(32)))
OTHER = WebhookSecret(bytes(range(1, 33)))
BODY = payload("charge.succeeded", NOW, '{"id":"ch_2345","amount":1500}')


def now_headers(*secrets: WebhookSecret) -> dict[str, str]:
    """Headers of an attempt made this moment, because the library reads the real clock."""
    return dict(signed_headers("evt_2345", datetime.now(UTC), BODY, secrets=secrets))


def test_the_published_library_accepts_what_we_sign() -> None:
    """A merchant's Standard Webhooks library verifies our signature and reads our payload."""
    read = Webhook(SECRET.shown).verify(BODY, now_headers(SECRET))

    assert read == {
        "type": "charge.succeeded",
        "timestamp": "2026-11-25T09:30:00.123Z",
        "data": {"id": "ch_2345", "amount": 1500},
    }


def test_both_secrets_verify_while_one_replaces_the_other() -> None:
    """During a rotation either secret verifies the same attempt."""
    headers = now_headers(OTHER, SECRET)

    for secret in (SECRET, OTHER):
        assert Webhook(secret.shown).verify(BODY, headers)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_changed_header_is_refused(name: str) -> None:
    """Id and time are signed as well as the body."""
    headers = now_headers(SECRET)
    # Two bits of the letter before base64's "=" mean nothing: one further on, all of them do.
    at = -3 if name == "webhook-signature" else -2
    value = headers[name]
    headers[name] = value[:at] + ("1" if value[at] != "1" else "2") + value[at + 1 :]

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET.shown).verify(BODY, headers)


def test_a_changed_body_and_a_foreign_secret_are_refused() -> None:
    """Neither another body nor another secret passes."""
    headers = now_headers(SECRET)

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET.shown).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER.shown).verify(BODY, headers)


@given(key=st.binary(min_size=24, max_size=64), data=st.dictionaries(st.text(), st.text()))
def test_any_secret_and_text_verify(key: bytes, data: dict[str, str]) -> None:
    """Every secret of 24 to 64 bytes and every text in the data is signed as the library does."""
    secret = WebhookSecret(key)
    body = payload("charge.failed", NOW, json.dumps(data, ensure_ascii=False))
    headers = dict(signed_headers("evt_1", datetime.now(UTC), body, secrets=(secret,)))

    read = Webhook(secret.shown).verify(body, headers)

    assert read["data"] == data


def test_the_time_is_of_the_attempt_in_whole_seconds() -> None:
    """The header carries whole unix seconds, whatever the zone of the clock."""
    headers = dict(signed_headers("evt_1", NOW, BODY, secrets=(SECRET,)))

    assert headers["webhook-timestamp"] == "1795599000"


@pytest.mark.parametrize("message_id", ["evt_1.2", "evt\n1", "évt"])
def test_an_id_cannot_move_the_signature(message_id: str) -> None:
    """A full stop in the id would let id and time be cut elsewhere."""
    with pytest.raises(ValueError, match="full stop"):
        signed_headers(message_id, NOW, BODY, secrets=(SECRET,))


def test_nothing_is_sent_unsigned() -> None:
    """Without a secret there are no headers."""
    with pytest.raises(ValueError, match="unsigned"):
        signed_headers("evt_1", NOW, BODY, secrets=())


def test_stripes_manner_takes_the_whole_text_as_key() -> None:
    """One hexadecimal `v1` for each secret, over time and body, as Stripe writes it down."""
    body = b'{"id":"evt_2345","object":"event"}'
    header = dict(stripe_headers(NOW, body, secrets=(OTHER, SECRET)))["Stripe-Signature"]

    signed = b"1795599000." + body
    expected = [
        hmac.new(secret.shown.encode(), signed, "sha256").hexdigest() for secret in (OTHER, SECRET)
    ]
    assert header == f"t=1795599000,v1={expected[0]},v1={expected[1]}"
    with pytest.raises(ValueError, match="unsigned"):
        stripe_headers(NOW, body, secrets=())


@pytest.mark.parametrize("event_type", ["", "charge", "charge..failed", "charge failed", 'a"b'])
def test_a_type_has_dotted_parts(event_type: str) -> None:
    """Only dotted words are event types; one word is the shortest."""
    if event_type == "charge":
        assert b'"type":"charge"' in payload(event_type, NOW, "{}")
        return
    with pytest.raises(ValueError, match="event type"):
        payload(event_type, NOW, "{}")


def test_a_secret_is_read_back_and_never_shown_by_chance() -> None:
    """The shown form reads back; printing the object shows nothing."""
    assert WebhookSecret.parse(SECRET.shown) == SECRET
    assert SECRET.shown.startswith("whsec_")
    assert repr(SECRET) == "WebhookSecret()"


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_!!!", "whsec_" + "QUFB", "whsec_" + "A" * 100]
)
def test_a_bad_secret_is_refused(text: str) -> None:
    """Too short, too long and not base64 are told to the merchant."""
    with pytest.raises(InvalidRequest, match="webhook_secret_invalid"):
        WebhookSecret.parse(text)


def test_the_schedule_is_ten_attempts_over_three_days() -> None:
    """0, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h: 75 h 35 min 5 s, then no more."""
    at, times = NOW, []
    for attempts in range(10):
        found = next_attempt(attempts, at, jitter_permille=0)
        assert found is not None
        times.append(found - at)
        at = found

    assert times == list(SCHEDULE)
    assert at - NOW == timedelta(hours=75, minutes=35, seconds=5)
    assert next_attempt(10, at, jitter_permille=0) is None


@given(
    attempts=st.integers(1, 9),
    jitter=st.integers(-JITTER_PERMILLE, JITTER_PERMILLE),
    retry_after=st.none() | st.integers(-10, 10**9),
)
def test_jitter_and_retry_after_keep_their_bounds(
    attempts: int, jitter: int, retry_after: int | None
) -> None:
    """An attempt comes within ±20 % of the schedule; Retry-After only delays, by a day at most."""
    found = next_attempt(attempts, NOW, jitter_permille=jitter, retry_after_seconds=retry_after)

    assert found is not None
    assert found - NOW >= SCHEDULE[attempts] * 8 // 10
    longest = max(
        SCHEDULE[attempts] * 12 // 10, timedelta(hours=24) if retry_after else timedelta()
    )
    assert found - NOW <= longest
    if retry_after is not None and 0 < retry_after <= 86_400:
        assert found - NOW >= timedelta(seconds=retry_after)


def test_more_jitter_than_a_fifth_is_a_mistake() -> None:
    """The caller draws within ±200 permille."""
    with pytest.raises(ValueError, match="20 %"):
        next_attempt(1, NOW, jitter_permille=201)


@pytest.mark.parametrize(
    ("status", "error", "outcome"),
    [
        (200, None, DeliveryOutcome.DELIVERED),
        (204, None, DeliveryOutcome.DELIVERED),
        (299, None, DeliveryOutcome.DELIVERED),
        (200, "timeout", DeliveryOutcome.FAILED),
        (0, "connect_failed", DeliveryOutcome.FAILED),
        (301, None, DeliveryOutcome.FAILED),
        (302, None, DeliveryOutcome.FAILED),
        (307, None, DeliveryOutcome.FAILED),
        (400, None, DeliveryOutcome.FAILED),
        (404, None, DeliveryOutcome.FAILED),
        (500, None, DeliveryOutcome.FAILED),
        (503, None, DeliveryOutcome.FAILED),
        (410, None, DeliveryOutcome.GONE),
        (429, None, DeliveryOutcome.THROTTLED),
        (502, None, DeliveryOutcome.THROTTLED),
        (504, None, DeliveryOutcome.THROTTLED),
        (101, None, DeliveryOutcome.FAILED),
    ],
)
def test_each_status_has_one_meaning(
    status: int, error: str | None, outcome: DeliveryOutcome
) -> None:
    """Only a whole 2xx delivers; 3xx fails, 410 ends, 429, 502 and 504 slow down."""
    assert outcome_of(status, error) is outcome


def test_an_endpoint_is_disabled_after_five_days_of_only_failures() -> None:
    """119 hours of failures are not enough, 120 are; one success starts the count anew."""
    failed, delivered = DeliveryOutcome.FAILED, DeliveryOutcome.DELIVERED
    since = failing_since(None, NOW, failed)
    assert since == NOW

    later = NOW + timedelta(hours=119, minutes=59)
    assert failing_since(since, later, failed) == NOW
    assert not is_to_be_disabled(since, later, failed)
    assert is_to_be_disabled(since, NOW + timedelta(hours=120), failed)

    assert failing_since(since, later, delivered) is None
    assert not is_to_be_disabled(since, NOW + timedelta(hours=200), delivered)
    assert not is_to_be_disabled(None, NOW, failed)


def test_a_gone_endpoint_is_disabled_at_once() -> None:
    """410 needs no five days."""
    assert is_to_be_disabled(None, NOW, DeliveryOutcome.GONE)
