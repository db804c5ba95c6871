"""The simulator's Orange keeps to its forms: tokens, test numbers, words, what it writes down."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.simulator.answers import Refusal
from shared.simulator.database import Database
from shared.simulator.orange import outcomes, payments
from shared.simulator.orange.channels import Channels
from shared.simulator.orange.payments import PayToken
from shared.simulator.outcomes import FinalStatus
from shared.simulator.payments import Payment, PaymentRequest
from shared.simulator.settings import Settings

NOW = datetime(2022, 12, 7, 19, 51, tzinfo=UTC)
TOKEN = PayToken("MP22120771FEB7B21FD2381C3786", "mp", 1, NOW, NOW + timedelta(minutes=10))
PAID = Payment(
    api_user="11111111-2222-4333-8444-555555555555",
    reference=TOKEN.pay_token,
    request=PaymentRequest("mp", "500", "XAF", "order1", "MSISDN", "690000001", None, None),
    callback_url=None,
    accepted_at=NOW,
    pending_word="PENDING",
    final_status=FinalStatus.SUCCESSFUL,
    final_reason=None,
    final_at=NOW + timedelta(seconds=30),
    financial_transaction_id="MP221207.2051.B56929",
)
LATER = NOW + timedelta(minutes=1)


def test_tokens_and_ids_have_the_recorded_forms() -> None:
    """28 characters, and the day and minute of Douala."""
    made = payments.new_pay_token("mp", NOW, "71feb7b21fd2381c3786")

    assert made == TOKEN.pay_token
    assert payments.is_pay_token(made)
    assert payments.transaction_id("mp", 156929, NOW) == PAID.financial_transaction_id
    assert payments.transaction_id("cashin", 9_999_999_999, NOW).startswith("CI221207.2051.")


def test_every_number_has_an_ending_at_orange() -> None:
    """All of MTN's digits mean something here too, and only then."""
    for digits in range(450, 467):
        ending = outcomes.collection_ending(f"690000{digits}")

        assert ending.is_refused == (ending.outcome.pending_word == "FAILED")
        assert (digits == 454) == (ending.outcome.final_status is FinalStatus.SUCCESSFUL)
    for number in ("690000449", "690000467", "237690000450", "222000450"):
        assert outcomes.collection_ending(number) == outcomes.payout_ending("690000001")


@pytest.mark.parametrize(
    ("status", "reason", "word"),
    [
        (FinalStatus.SUCCESSFUL, None, "SUCCESSFULL"),
        (FinalStatus.FAILED, "EXPIRED", "EXPIRED"),
        (FinalStatus.FAILED, "CANCELLED", "CANCELLED"),
        (FinalStatus.FAILED, "60019", "FAILED"),
    ],
)
def test_an_end_has_its_word_when_its_time_has_come(
    status: FinalStatus, reason: str | None, word: str
) -> None:
    """Pending before, Orange's spelling after."""
    payment = replace(PAID, final_status=status, final_reason=reason)

    assert payments.word(payment, NOW) == "PENDING"
    assert payments.word(payment, LATER) == word


def test_a_token_never_paid_is_initiated_then_expired() -> None:
    """Most fields are null, as recorded for an expired one."""
    before = payments.collection_data(TOKEN, None, NOW, channel="699000000")
    after = payments.collection_data(TOKEN, None, TOKEN.expires_at, channel="699000000")

    assert (before["status"], after["status"]) == ("INITIATED", "EXPIRED")
    assert {name for name, value in after.items() if value is not None} == {
        "id",
        "createtime",
        "payToken",
        "status",
    }


@pytest.mark.parametrize(
    ("status", "lie"), [("SUCCESSFUL", "CANCELLED"), ("FAILED", "SUCCESSFULL")]
)
def test_a_forged_notice_contradicts_the_truth(status: str, lie: str) -> None:
    """Whatever is so, it says the contrary, and names the right payToken."""
    payment = replace(PAID, final_status=FinalStatus(status))

    body = json.loads(payments.callback_body(payment, LATER, kind="forged"))

    assert (body["status"], body["payToken"]) == (lie, TOKEN.pay_token)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (b'{"pin":"1234","amount":5}', {"amount": 5}),
        (b'{"PIN":"1234","Pin":1}', {}),
        (b'{"pin":"1234"', None),
        (b'["1234"]', None),
        (b"[" * 60_000, None),
    ],
)
def test_a_pin_is_never_written_down(raw: bytes, kept: dict[str, object] | None) -> None:
    """The body is kept without it, and not at all where it cannot be read."""
    text = payments.without_pin(raw)

    assert (None if text is None else json.loads(text)) == kept
    assert "1234" not in (text or "")


CHANNELS = Channels(Database(Settings("postgresql://127.0.0.1:9/x", Path(), "h")), "secret")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
PAY = {
    "payToken": TOKEN.pay_token,
    "channelUserMsisdn": "699000000",
    "subscriberMsisdn": "690000001",
    "pin": "1234",
    "amount": 500,
    "orderId": "order1",
    "description": "d",
    "notifUrl": "https://pay.example/n",
}


@given(st.sampled_from(sorted(PAY)), VALUES)
def test_any_value_in_any_field_is_understood_or_refused(name: str, value: object) -> None:
    """Never an error of another kind, and what is understood can be written down."""
    raw = json.dumps(PAY | {name: value}).encode()
    asked, status = None, 200
    try:
        asked = payments.parse_pay(raw, "mp")
    except Refusal as refusal:
        status = refusal.status

    assert (asked is None) == (status == 400)
    assert asked is None or len(CHANNELS.pin_digest(asked.pin)) == 64
    payments.named_token(raw)
    assert '"pin"' not in (payments.without_pin(raw) or "")


def test_a_refusal_names_no_number_in_the_log() -> None:
    """What is refused says which field, not its value."""
    with pytest.raises(Refusal) as refused:
        payments.msisdn({"subscriberMsisdn": "237690000001"}, "subscriberMsisdn")

    assert (refused.value.status, refused.value.detail) == (400, "subscriberMsisdn")
