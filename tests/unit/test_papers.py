"""The receipts of refunds and payouts, as their readers get them."""

from dataclasses import replace

import pytest

from shared.domain.outgoing import Outgoing, OutgoingStatus
from shared.domain.receipt import NotPaidError, Paper, Receipt
from tests.factories import a_charge, a_payout, a_refund, moment
from tests.fakes import TENANT
from tests.unit.test_documents import CODE, RECEIPT, read, render, text_of

REFUND = replace(
    RECEIPT,
    number="RR-20261125-6R3S5T7V2W4Y",
    object_id="rf_23n5k7qz4m2p6r3s5t7v2w4y",
    paper=Paper.REFUND,
    charge_id="ch_23n5k7qz4m2p6r3s5t7v2w4y",
    description="un des trois est revenu",
)
PAYOUT = replace(
    RECEIPT,
    number="RP-20261125-6R3S5T7V2W4Y",
    object_id="po_23n5k7qz4m2p6r3s5t7v2w4y",
    paper=Paper.PAYOUT,
    payee="Awa Njoya",
)


def test_a_refund_s_receipt_says_what_went_back_and_of_what() -> None:
    """In both languages: who gave it back, to whom, and the payment that it was."""
    text = text_of(render(REFUND))

    for part in (
        *("Reçu de remboursement", "Refund receipt", "Montant remboursé", "Amount refunded"),
        *("Remboursé par", "Refunded by", "12\u202f500\u00a0FCFA", "un des trois est revenu"),
        *("Paiement d\u2019origine", "Original payment", REFUND.charge_id, REFUND.object_id, CODE),
    ):
        assert str(part) in text
    assert "Reçu de paiement" not in text


def test_a_payout_s_receipt_says_who_was_paid() -> None:
    """The number masked, and the name that the merchant gave, called just that."""
    text = text_of(render(PAYOUT))

    for part in (
        *("Reçu de versement", "Payout receipt", "Versé par", "Paid out by", "Awa Njoya"),
        *("Bénéficiaire indiqué", "Payee, as named", "+2376****01", PAYOUT.object_id, CODE),
    ):
        assert part in text
    assert "Paiement d\u2019origine" not in text


def test_the_longest_of_each_fits_one_page() -> None:
    """The widest letters in every place leave the code and the notice on the page."""
    for paper in (REFUND, PAYOUT):
        wide = replace(
            paper,
            account_name="W" * 500,
            reference="W" * 500 if paper.payee else None,
            description="W" * 500,
            payee="W" * 500 if paper.payee else None,
            operator_transaction_id="W" * 500,
            livemode=False,
        )
        document = render(wide)
        assert len(read(document).pages) == 1
        assert CODE in text_of(document)


@pytest.mark.parametrize("made", [a_refund(a_charge(TENANT)), a_payout(TENANT, name="Awa Njoya")])
def test_only_what_was_paid_out_has_a_receipt(made: Outgoing) -> None:
    """No receipt is made for money that did not go; what it says is what went."""
    paid = replace(
        made,
        status=OutgoingStatus.SUCCEEDED,
        ended_at=moment(),
        receipt_number="R",
        receipt_code=CODE,
    )
    for unpaid in (
        *(replace(paid, status=each) for each in OutgoingStatus if each != paid.status),
        replace(paid, ended_at=None),
        replace(paid, receipt_number=None),
        replace(paid, receipt_code=None),
    ):
        with pytest.raises(NotPaidError, match=made.id):
            Receipt.of_outgoing(unpaid, account_name="Shop", language="en")
    receipt = Receipt.of_outgoing(paid, account_name="Shop", language="en")
    assert (receipt.money, receipt.phone, receipt.paper) == (made.money, "+2376****01", made.kind)
    assert receipt.payee == getattr(made, "name", None)
