"""A request to pay is taken only in the form that MTN documents, and reported in MTN's words."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.simulator.answers import Refusal
from shared.simulator.outcomes import FinalStatus
from shared.simulator.payments import (
    Payment,
    PaymentRequest,
    callback_body,
    parse_payout,
    parse_refund,
    parse_request_to_pay,
    read_body,
)

NOW = datetime(2026, 11, 25, tzinfo=UTC)
REQUEST = PaymentRequest(
    environment="mtncameroon",
    amount="500",
    currency="XAF",
    external_id="order-1",
    party_type="MSISDN",
    party_id="237670000001",
    payer_message="Order 1",
    payee_note="Thanks",
)
PAID = Payment(
    api_user="11111111-2222-4333-8444-555555555555",
    reference="66666666-7777-4888-8999-000000000000",
    request=REQUEST,
    callback_url=None,
    accepted_at=NOW,
    pending_word="PENDING",
    final_status=FinalStatus.SUCCESSFUL,
    final_reason=None,
    final_at=NOW + timedelta(seconds=30),
    financial_transaction_id="2400000000",
)
REFUSED = replace(
    PAID,
    final_status=FinalStatus.FAILED,
    final_reason="EXPIRED",
    financial_transaction_id=None,
)
LATER = NOW + timedelta(seconds=30)


def raw(**changed: object) -> bytes:
    fields = {
        "amount": "500",
        "currency": "XAF",
        "externalId": "order-1",
        "payer": {"partyIdType": "MSISDN", "partyId": "237670000001"},
        "payerMessage": "Order 1",
        "payeeNote": "Thanks",
    }
    return json.dumps({**fields, **changed}).encode()


def test_a_well_formed_request_is_understood() -> None:
    """Every field arrives where it belongs."""
    assert parse_request_to_pay(raw(), "mtncameroon") == REQUEST


@pytest.mark.parametrize("text", ["Café à Yaoundé", "Facture 12/3 (a)", ""])
def test_plain_texts_pass(text: str) -> None:
    """Letters of any language, digits and plain punctuation are no special characters."""
    assert parse_request_to_pay(raw(payerMessage=text), "mtncameroon").payer_message == text


@pytest.mark.parametrize("text", ["it's", 'say "x"', "a<b", "100%", "a\tb", "\ud800", "x" * 161])
def test_special_texts_are_refused(text: str) -> None:
    """The documented cause of 400, in both texts."""
    for field in ("payerMessage", "payeeNote"):
        with pytest.raises(Refusal) as refusal:
            parse_request_to_pay(raw(**{field: text}), "mtncameroon")

        assert refusal.value.status == 400


@pytest.mark.parametrize("amount", ["7.5", "0.50", "12"])
def test_euros_may_have_cents(amount: str) -> None:
    """The sandbox's currency has decimals; XAF has none."""
    asked = parse_request_to_pay(raw(amount=amount, currency="EUR"), "sandbox")

    assert asked.amount == amount


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(sorted(json.loads(raw()))), _ANY_JSON)
def test_any_value_in_any_field_is_understood_or_refused(field: str, value: Any) -> None:
    """Nothing but a Refusal is raised, and what passes can be stored as text."""
    try:
        asked = parse_request_to_pay(raw(**{field: value}), "mtncameroon")
    except Refusal:
        return
    for text in (asked.amount, asked.external_id, asked.payer_message, asked.payee_note):
        assert b"\0" not in (text or "").encode()


def test_a_pending_payment_shows_no_end() -> None:
    """Neither reason nor transaction id before the time comes."""
    for payment in (PAID, REFUSED):
        body = read_body(payment, LATER - timedelta(microseconds=1))

        assert body["status"] == "PENDING"
        assert not {"reason", "financialTransactionId"} & body.keys()


def test_a_final_payment_shows_its_end() -> None:
    """An id for a success, a reason for a failure, never both."""
    paid, refused = read_body(PAID, LATER), read_body(REFUSED, LATER)

    assert (paid["status"], paid["financialTransactionId"]) == ("SUCCESSFUL", "2400000000")
    assert (refused["status"], refused["reason"]) == ("FAILED", "EXPIRED")
    assert "reason" not in paid
    assert "financialTransactionId" not in refused


def test_a_callback_names_neither_reference_nor_payer_message() -> None:
    """As recorded: only a secret in the address tells the receiver which payment is meant."""
    body = callback_body(PAID, LATER, kind="true")

    assert PAID.reference.encode() not in body
    assert "payerMessage" not in json.loads(body)


@pytest.mark.parametrize(
    ("payment", "now", "kind", "status"),
    [
        (PAID, NOW, "true", "PENDING"),
        (PAID, NOW, "early", "SUCCESSFUL"),
        (REFUSED, NOW, "early", "FAILED"),
        (PAID, NOW, "forged", "SUCCESSFUL"),
        (PAID, LATER, "forged", "FAILED"),
        (REFUSED, LATER, "forged", "SUCCESSFUL"),
    ],
)
def test_a_callback_says_the_truth_or_what_was_ordered(
    payment: Payment, now: datetime, kind: str, status: str
) -> None:
    """True tells now, early tells the end, forged tells what is not so."""
    assert json.loads(callback_body(payment, now, kind=kind))["status"] == status


def test_a_payout_names_a_payee() -> None:
    """`payee` stands where a request to pay has `payer`, on the way in and on the way out."""
    asked = json.loads(raw())
    asked["payee"] = asked.pop("payer")
    transfer = replace(PAID, payout="transfer")

    assert parse_payout(json.dumps(asked).encode(), "mtncameroon") == REQUEST
    with pytest.raises(Refusal):
        parse_payout(raw(), "mtncameroon")
    for body in (
        read_body(transfer, LATER),
        json.loads(callback_body(transfer, LATER, kind="true")),
    ):
        assert body["payee"] == asked["payee"]
        assert "payer" not in body


@pytest.mark.parametrize("refunds", [PAID.reference, PAID.reference.upper(), "1", "13"])
def test_a_refund_names_a_payment_or_a_test_key(refunds: str) -> None:
    """Of the party nothing is read: it is whoever paid."""
    asked, named = parse_refund(raw(referenceIdToRefund=refunds), "mtncameroon")

    assert (asked.party_id, named) == ("", refunds.lower())


@given(_ANY_JSON)
def test_any_value_for_what_is_refunded_is_understood_or_refused(value: Any) -> None:
    """Nothing but a Refusal is raised, and what passes is a reference or two digits."""
    try:
        _, named = parse_refund(raw(referenceIdToRefund=value), "mtncameroon")
    except Refusal:
        return
    assert named.isascii()
    assert len(named) in {1, 2, 36}
