"""What an invoice says, and how its months are counted."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.domain.fees import Line
from shared.domain.invoice import (
    FEE_ACCOUNTS,
    Invoice,
    InvoiceLine,
    begins,
    lines_from,
    month_of,
    next_month,
)
from shared.runtime.documents import render_invoice_pdf
from tests.unit.test_documents import CODE, VERIFY_URL, fonts_of, read, text_of

TEMPLATE = Path(__file__).parents[2] / "functions/render_receipt/templates/invoice.typ"
INVOICE = Invoice(
    id="in_23n5k7qz4m2p6r3s5t7v2w4y",
    account="acct_abcdefghijklmnop",
    livemode=True,
    sequence=7,
    month=date(2026, 11, 1),
    lines=(
        InvoiceLine("charge", Line.PLATFORM, 120, 15_500),
        InvoiceLine("charge", Line.VAT, 120, 2_984),
        InvoiceLine("fee_return", Line.PLATFORM, 2, -300),
    ),
    account_name="Boulangerie Étoile d\u2019Or",
    language="fr",
    code=CODE,
    created_at=datetime(2026, 12, 1, 0, 5, tzinfo=UTC),
)


def render(invoice: Invoice) -> bytes:
    return render_invoice_pdf(invoice, verify_url=VERIFY_URL, template=TEMPLATE)


def test_an_invoice_says_each_line_in_both_languages() -> None:
    """Whose, which month, what for, how much, the VAT, that nothing is due, and how to prove it."""
    text = text_of(render(INVOICE))

    for part in (
        *("Facture de frais", "Fee invoice", "IJKLMNOP-000007", "Boulangerie Étoile d\u2019Or"),
        *("novembre 2026", "November 2026", "15\u202f500\u00a0FCFA", "-300\u00a0FCFA"),
        *("18\u202f184\u00a0FCFA", "2\u202f984\u00a0FCFA", "Rien à payer", "Nothing is due", CODE),
        *("Frais rendus avec des remboursements", "Fees returned with refunds", "TVA"),
    ):
        assert part in text
    assert "TEST" not in text


def test_an_invoice_is_an_archive_document_and_the_same_bytes() -> None:
    """PDF/A with its fonts inside; only the invoice decides what is in it."""
    document = render(INVOICE)

    assert document == render(replace(INVOICE))
    assert document != render(replace(INVOICE, sequence=8))
    (page,) = read(document).pages
    assert fonts_of(page)[1] == set()
    assert b"pdfaid" in document


def test_a_test_invoice_can_not_pass_for_a_real_one() -> None:
    """Its number begins otherwise, and the page says so."""
    play = replace(INVOICE, livemode=False)

    assert play.number == "TIJKLMNOP-000007"
    assert "no money moved" in text_of(render(play))
    assert "/test/" in play.object_key


def test_the_longest_invoice_fits_one_page() -> None:
    """Every purpose with every line, and the longest name."""
    lines = tuple(
        InvoiceLine(purpose, line, 10**9, 10**12)
        for purpose in ("charge", "refund", "fee_return", "payout", "adjustment")
        for line in (Line.PLATFORM, Line.VAT)
    )

    document = render(replace(INVOICE, lines=lines, account_name="W" * 500, livemode=False))

    assert len(read(document).pages) == 1
    assert CODE in text_of(document)


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC), date(2026, 11, 1)),
        (datetime(2026, 11, 30, 23, 0, 0, tzinfo=UTC), date(2026, 12, 1)),
        (datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_months_are_those_of_douala(moment: datetime, month: date) -> None:
    """An hour before midnight UTC the next one begins."""
    assert month_of(moment) == month
    assert begins(month) <= moment < begins(next_month(month))


def test_no_account_of_fees_is_left_out() -> None:
    """Each has a line of its own; what no purpose is known of is an adjustment."""
    counted = [
        {"kind": kind, "code": code, "count": 2, "amount": 5}
        for kind in ("charge", "refund_created", "refund_failed", "correction")
        for code in FEE_ACCOUNTS
    ]

    lines = lines_from(counted)

    assert sum(line.amount for line in lines) == 5 * len(counted)
    assert {line.purpose for line in lines} == {"charge", "fee_return", "adjustment"}
    assert {line.line for line in lines} == set(Line)
    assert [line.count for line in lines if line.purpose == "fee_return"] == [4] * len(Line)
