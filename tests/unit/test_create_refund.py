"""Taking a refund: what was paid and no more, to whoever paid, once for each key."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.account import Caller, OperatorAccount
from shared.domain.charge import Charge, ChargeStatus
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Refusal, Unavailable
from shared.domain.fees import FeeLine, FeeRule, Levied, Line, Schedule
from shared.domain.intent import key_hmac
from shared.domain.phone import Operator
from shared.domain.refund import Refundable
from shared.domain.rules import Rules
from shared.operations.create_refund import CreateRefund, RefundTerms, create_refund
from shared.operations.ports import Replayed, Stored
from tests.factories import a_charge, a_refund, an_attempt
from tests.fakes import START, TENANT, MemoryCharges
from tests.unit.paying_out import MemoryRefunds

SECRET = b"s" * 32
PAYING = OperatorAccount(
    "opa_y", Operator.MTN, "disbursement", livemode=False, base_url="http://x",
    target_environment="mtncameroon", currency="XAF", credentials="c",
)  # fmt: skip
CALLER = Caller(
    TENANT, "k", "sk", frozenset({"*"}), language="fr", charges_enabled=True, suspended=False
)


class Desk:
    """A charge that was paid, and whoever wants it back."""

    def __init__(self, **changes: Any) -> None:
        charge = a_charge(TENANT, status=ChargeStatus.SUCCEEDED)
        self.charge: Charge = replace(charge, **changes)
        self.charges = MemoryCharges(self.charge, an_attempt(self.charge))
        self.store = MemoryRefunds(a_refund(self.charge))
        self.terms = RefundTerms(lambda _: PAYING, SECRET)

    def refund(
        self, *, caller: Caller = CALLER, key: str | None = "key-1", **body: Any
    ) -> Stored | Replayed:
        return create_refund(
            CreateRefund.parse({"charge": self.charge.id, **body}),
            caller,
            terms=self.terms,
            charges_of=self.charges,
            store=self.store,
            now=START,
            request_id="req_x",
            idempotency_key=key,
            traceparent=None,
            reached=lambda _: None,
        )


def test_a_refund_goes_to_whoever_paid() -> None:
    """Number, operator and the payment that is given back are the charge's, never the caller's."""
    desk = Desk()

    shown = json.loads(desk.refund(amount=2000, reason="broken", metadata={"a": "b"}).response)

    [refund] = desk.store.made
    assert (refund.phone, refund.operator_account) == (desk.charge.phone, PAYING.id)
    assert desk.charges.attempt is not None
    assert refund.charge_reference == desk.charges.attempt.reference
    assert refund.intent_key == key_hmac(SECRET, "key-1")
    assert refund.from_pending == 2000
    assert (shown["status"], shown["amount"], shown["charge"]) == ("pending", 2000, desk.charge.id)
    assert (shown["reason"], shown["metadata"]) == ("broken", {"a": "b"})


def test_without_an_amount_it_is_all_that_is_left() -> None:
    """As Stripe's clients expect."""
    desk = Desk(amount_refunded=1200)
    desk.store.refundable = Refundable(is_succeeded=True, rest=3800, pending=5000)

    assert json.loads(desk.refund().response)["amount"] == 3800


@pytest.mark.parametrize(
    ("changes", "body", "code", "values"),
    [
        ({"status": ChargeStatus.FAILED}, {}, "charge_not_refundable", {}),
        ({"status": ChargeStatus.AWAITING_PAYER}, {}, "charge_not_refundable", {}),
        ({"amount_refunded": 5000}, {}, "charge_not_refundable", {}),
        ({"amount_refunded": 4000}, {"amount": 1001}, "amount_too_large", {"limit": 1000}),
        ({}, {"amount": 5001}, "amount_too_large", {"limit": 5000}),
    ],
)
def test_what_cannot_be_given_back_is_refused(
    changes: dict[str, Any], body: dict[str, Any], code: str, values: dict[str, Any]
) -> None:
    """Nothing is stored, and where there is a bound the answer names it."""
    desk = Desk(**changes)

    with pytest.raises(InvalidRequest) as refused:
        desk.refund(**body)

    assert (refused.value.code, refused.value.values) == (code, values)
    assert desk.store.made == []


def test_what_the_charge_says_under_its_lock_decides() -> None:
    """Another refund may have come between the look and the lock."""
    desk = Desk()
    desk.store.refundable = Refundable(is_succeeded=True, rest=1999, pending=5000)

    with pytest.raises(InvalidRequest, match="amount_too_large") as refused:
        desk.refund(amount=2000)

    assert refused.value.values == {"limit": 1999}


@pytest.mark.parametrize("charge", ["ch_2abcdefghijklmnopqrstuvw", "x", "rf_" + "2" * 24, "\ud800"])
def test_a_charge_that_is_not_there_is_missing(charge: str) -> None:
    """Another's, another mode's and no charge at all are the same."""
    with pytest.raises(NotFound):
        Desk().refund(charge=charge)


def test_a_key_is_required() -> None:
    """Money goes out once for a key, so there must be one."""
    with pytest.raises(InvalidRequest, match="idempotency_key_missing"):
        Desk().refund(key=None)


def test_a_suspended_account_gives_nothing_back() -> None:
    """Nothing new goes out, with a key or without."""
    for key in (None, "key-1"):
        with pytest.raises(NotPermitted):
            Desk().refund(caller=replace(CALLER, suspended=True), key=key)


def test_a_mode_without_a_paying_account_keeps_the_key_free() -> None:
    """Nothing is stored: the same request may work later."""
    desk = Desk()
    desk.terms = RefundTerms(lambda _: None, SECRET)

    with pytest.raises(Unavailable):
        desk.refund()


@pytest.mark.parametrize("changes", [{"status": ChargeStatus.FAILED}, {"amount_refunded": 5000}])
def test_a_key_that_was_answered_gets_that_answer(changes: dict[str, Any]) -> None:
    """Whatever has become of charge and account since."""
    desk = Desk(**changes)
    desk.store.kept = Replayed("{}")

    assert desk.refund() == Replayed("{}")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"amount": 0}, "amount_too_small", "amount"),
        ({"amount": -5}, "amount_too_small", "amount"),
        ({"amount": 10**13}, "amount_too_large", "amount"),
        ({"amount": "500"}, "amount_not_whole", "amount"),
        ({"amount": True}, "amount_not_whole", "amount"),
        ({"charge": None}, "parameter_missing", "charge"),
        ({"charge": 5}, "parameter_invalid", "charge"),
        ({"reason": "x" * 501}, "parameter_invalid", "reason"),
        ({"metadata": []}, "metadata_invalid", "metadata"),
        ({"phone": "+237670000002"}, "parameter_unknown", "phone"),
    ],
)
def test_a_malformed_wish_names_its_field(body: dict[str, Any], code: str, param: str) -> None:
    """Above all there is no field that says who is paid."""
    with pytest.raises(Refusal) as refused:
        Desk().refund(**body)

    assert (refused.value.code, refused.value.param) == (code, param)


COST = FeeRule("fee_r", Levied.REFUND, Line.PLATFORM, 100, 10)
OPERATOR_COST = FeeRule("fee_o", Levied.REFUND, Line.OPERATOR, 50)
FEES = (
    FeeLine("fee_p", Line.PLATFORM, 150),
    FeeLine("fee_t", Line.TRANSFER_TAX, 10),
    FeeLine("fee_v", Line.VAT, 29),
)


def test_what_a_refund_costs_is_held_beside_it() -> None:
    """By the rules of today; the charge's pending money bears it as well, as far as it goes."""
    desk = Desk()
    rules = Rules(fees=Schedule((COST, OPERATOR_COST)))
    desk.terms = RefundTerms(lambda _: PAYING, SECRET, rules)
    desk.store.refundable = Refundable(is_succeeded=True, rest=5000, pending=2010)

    shown = json.loads(desk.refund(amount=2000).response)

    [refund] = desk.store.made
    assert (shown["amount"], shown["fee"]) == (2000, 40)
    assert (refund.from_pending, refund.from_available) == (2010, 30)
    assert refund.held().by_account() == {"available": 30, "held": -2040, "pending": 2010}
    assert refund.paid("txn_x").by_account() == {
        "held": 2040, "float:opa_y": -2000, "fees:platform": -30, "fees:operator": -10,
    }  # fmt: skip
    assert refund.given_back("txn_x").by_account() == {
        "available": -30, "held": 2040, "pending": -2010,
    }  # fmt: skip


def test_our_fee_comes_back_where_a_rule_says_so() -> None:
    """Its share, and that of the VAT on it; nothing of what the State or the operator has."""
    desk = Desk()
    desk.terms = RefundTerms(lambda _: PAYING, SECRET, Rules(returns_fee=True))
    desk.store.refundable = Refundable(
        is_succeeded=True, rest=5000, pending=4811, gross=5000, fees=FEES
    )

    desk.refund()

    [refund] = desk.store.made
    assert refund.returned == {"fees:platform": 150, "taxes:vat": 29}
    assert refund.held().by_account() == {
        "available": 10, "fees:platform": 150, "taxes:vat": 29, "held": -5000, "pending": 4811,
    }  # fmt: skip
    assert refund.given_back("txn_x").by_account() == {
        "available": -10, "fees:platform": -150, "taxes:vat": -29, "held": 5000, "pending": -4811,
    }  # fmt: skip


def test_by_default_our_fee_is_kept() -> None:
    """No rule, nothing back."""
    desk = Desk()
    desk.store.refundable = replace(desk.store.refundable, gross=5000, fees=FEES)

    desk.refund()

    assert desk.store.made[0].returned is None
