"""The simulator's refunds: who paid gets back what was paid, once, and nobody else does."""

import uuid

import pytest

from tests.integration.disbursing import at_once, charge, effects, ends
from tests.simulator_process import MtnCustomer, SimulatorProcess

pytest_plugins = ("tests.simulator_fixtures",)


@pytest.mark.parametrize(
    ("key", "status", "reason"),
    [
        ("1", "FAILED", "RESOURCE_NOT_FOUND"),
        ("2", "FAILED", "INTERNAL_PROCESSING_ERROR"),
        ("3", "FAILED", "APPROVAL_REJECTED"),
        ("4", "FAILED", "EXPIRED"),
        ("5", "PENDING", None),
        ("6", "PENDING", None),
        ("7", "FAILED", "NOT_ALLOWED"),
        ("8", "FAILED", "NOT_ALLOWED_TARGET_ENVIRONMENT"),
        ("9", "FAILED", "INVALID_CALLBACK_URL_HOST"),
        ("10", "FAILED", "INVALID_CURRENCY"),
        ("11", "FAILED", "INTERNAL_PROCESSING_ERROR"),
        ("12", "FAILED", "SERVICE_UNAVAILABLE"),
        ("13", "FAILED", "COULD_NOT_PERFORM_TRANSACTION"),
        ("14", "FAILED", "RESOURCE_NOT_FOUND"),
    ],
)
def test_a_refunds_test_keys_choose_its_end(
    payer: MtnCustomer, reference: str, *, key: str, status: str, reason: str | None
) -> None:
    """MTN's thirteen keys in place of a payment's reference."""
    assert payer.refund(reference, key).status == 202

    assert ends(payer, "refund", reference) == (status, reason)
    assert effects(payer) == []


def test_a_refund_pays_who_paid(customer: MtnCustomer, payer: MtnCustomer, reference: str) -> None:
    """No number is asked for: the payer of the original is the payee."""
    refunds = charge(customer, payer="237680000042", amount="900")

    payer.refund(reference, refunds.upper(), amount="900")

    read = payer.get(f"refund/{reference}").json
    assert read["payee"] == {"partyIdType": "MSISDN", "partyId": "237680000042"}
    assert effects(payer) == [("refund", "900", refunds)]


def test_parts_are_refunded_up_to_what_was_paid(customer: MtnCustomer, payer: MtnCustomer) -> None:
    """400 and 500 of 900 are given back, the next franc is not."""
    refunds = charge(customer, amount="900")
    references = [str(uuid.uuid4()) for _ in range(4)]

    for reference, amount in zip(references, ("400", "501", "500", "1"), strict=True):
        payer.refund(reference, refunds, amount=amount)

    assert [ends(payer, "refund", each) for each in references] == [
        ("SUCCESSFUL", None),
        ("FAILED", "NOT_ALLOWED"),
        ("SUCCESSFUL", None),
        ("FAILED", "NOT_ALLOWED"),
    ]
    assert payer.balance() == "99100"


def test_refunds_at_once_never_exceed_what_was_paid(
    customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """Twenty refunds of 100 at once of a payment of 500: five are paid."""
    refunds = charge(customer, amount="500")
    at_once([lambda: payer.refund(str(uuid.uuid4()), refunds, amount="100")] * 20)

    assert effects(payer) == [("refund", "100", refunds)] * 5
    assert payer.balance() == "99500"


def test_a_switch_refunds_more_than_was_paid(
    customer: MtnCustomer, payer: MtnCustomer, reference: str
) -> None:
    """Whether MTN would is not known; a test may have it so, once."""
    refunds = charge(customer, amount="500")
    payer.order("loose_refund")

    payer.refund(reference, refunds, amount="501")

    assert effects(payer) == [("refund", "501", refunds)]


@pytest.mark.parametrize("suffix", ["451", "453", "454"])
def test_what_was_not_paid_is_not_refunded(
    customer: MtnCustomer, payer: MtnCustomer, reference: str, suffix: str
) -> None:
    """A payment that failed, or has not ended, has nothing to give back, switch or no switch."""
    refunds = charge(customer, payer=f"237670000{suffix}")
    payer.order("loose_refund")

    payer.refund(reference, refunds)

    assert ends(payer, "refund", reference) == ("FAILED", "NOT_ALLOWED")


def test_what_is_not_the_merchants_is_not_refunded(
    simulator: SimulatorProcess, customer: MtnCustomer, payer: MtnCustomer
) -> None:
    """A stranger's payment, a payout, another environment's, and none at all are not found."""
    stranger = MtnCustomer.register(simulator)
    alone = MtnCustomer.register(simulator, product="disbursement")
    transfer = str(uuid.uuid4())
    payer.transfer(transfer)
    mine = charge(customer)
    euros = charge(customer, payer="56733123450", amount="5", currency="EUR", environment="sandbox")

    for who, refunds in (
        (payer, charge(stranger)),
        (payer, transfer),
        (payer, euros),
        (payer, str(uuid.uuid4())),
        (alone, mine),
    ):
        reference = str(uuid.uuid4())
        assert who.refund(reference, refunds, amount="5").status == 202
        assert ends(who, "refund", reference) == ("FAILED", "RESOURCE_NOT_FOUND")
    assert effects(payer) == [("transfer", "500", None)]
