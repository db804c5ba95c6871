"""The receipt's PDF and the public page, as their readers get them."""

import base64
import hashlib
import re
import subprocess
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
import typst
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.domain.receipt import Receipt
from shared.runtime import documents
from shared.runtime.documents import (
    Page,
    PaymentState,
    VerifyView,
    drawable,
    page_language,
    render_not_found_page,
    render_receipt_pdf,
    render_verify_page,
)
from tests.file_samples import logo as a_logo

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "functions/render_receipt/templates/receipt.typ"
PAGES = ROOT / "functions/verify_receipt/templates"
CODE = "yqk7sz2kn667ygxziuqsfsi5wc"
VERIFY_URL = f"https://pay.example/verify/{CODE}"

RECEIPT = Receipt(
    number="RC-20261125-6R3S5T7V2W4Y",
    code=CODE,
    object_id="ch_23n5k7qz4m2p6r3s5t7v2w4y",
    account_name="Boulangerie Étoile d\u2019Or",
    money=Money(12_500),
    operator=Operator.MTN,
    phone="+2376****01",
    operator_transaction_id="2417893312",
    reference="commande-2026-11-25-0042",
    description="Gâteau d\u2019anniversaire, cœur fourré",
    paid_at=datetime(2026, 11, 25, 3, 12, 7, tzinfo=UTC),
    language="fr",
    livemode=True,
)


def render(receipt: Receipt, logo: bytes | None = None) -> bytes:
    return render_receipt_pdf(receipt, verify_url=VERIFY_URL, template=TEMPLATE, logo=logo)


def read(document: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(BytesIO(document), strict=True)


def text_of(document: bytes) -> str:
    (page,) = read(document).pages
    return page.extract_text()


def fonts_of(page: Any) -> tuple[set[str], set[str]]:
    """Names of the fonts inside the document and of those that a viewer would have to find."""
    inside: set[str] = set()
    missing: set[str] = set()
    for font in page["/Resources"]["/Font"].values():
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        is_inside = {"/FontFile2", "/FontFile3"} & descriptor.keys()
        (inside if is_inside else missing).add(font["/BaseFont"])
    return inside, missing


def test_a_receipt_says_all_that_was_paid_in_both_languages() -> None:
    """A payer finds merchant, amount, way, number, time and proof on one page."""
    text = text_of(render(RECEIPT))

    for part in (
        *("Reçu de paiement", "Payment receipt", "Payé", "Paid"),
        *("RC-20261125-6R3S5T7V2W4Y", "Boulangerie Étoile d\u2019Or", "12\u202f500\u00a0FCFA"),
        *("MTN Mobile Money", "+2376****01", "2417893312", "commande-2026-11-25-0042"),
        *("Gâteau d\u2019anniversaire, cœur fourré", "ch_23n5k7qz4m2p6r3s5t7v2w4y"),
        *("25 novembre 2026, 04\u00a0h\u00a012", "25 November 2026, 04:12", CODE),
    ):
        assert part in text
    assert "TEST" not in text


def test_the_accounts_language_comes_first() -> None:
    """A merchant that reads English sees English first, and French as well."""
    french = text_of(render(RECEIPT))
    english = text_of(render(replace(RECEIPT, language="en")))

    assert french.index("Reçu de paiement") < french.index("Payment receipt")
    assert english.index("Payment receipt") < english.index("Reçu de paiement")


def test_what_is_not_known_has_no_row() -> None:
    """A payment without reference or description shows no empty lines."""
    bare = replace(RECEIPT, reference=None, description="  ", operator_transaction_id=None)

    text = text_of(render(bare))

    assert not re.search(r"Référence|Objet|Transaction", text)


def test_a_test_receipt_can_not_pass_for_a_real_one() -> None:
    """Test mode is written across the page and said in both languages."""
    text = text_of(render(replace(RECEIPT, livemode=False)))

    assert "TEST" in text
    assert "aucun argent n\u2019a circulé" in text
    assert "no money moved" in text


def test_a_receipt_is_an_archive_document_that_can_do_nothing() -> None:
    """PDF/A-3b: own fonts, the payment's own time, no script, no file, links to our page alone."""
    document = render(RECEIPT)
    reader = read(document)
    catalogue = reader.root_object
    (page,) = reader.pages

    metadata = document.decode("latin-1")
    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert reader.metadata is not None
    assert reader.metadata.creation_date == RECEIPT.paid_at
    embedded, foreign = fonts_of(page)
    assert len(embedded) == 4
    assert not foreign
    links = {note.get_object()["/A"]["/URI"] for note in page.annotations or ()}
    assert links == {VERIFY_URL}
    assert not {"/OpenAction", "/AA", "/Names", "/AcroForm", "/AF"} & catalogue.keys()
    assert len(document) < 100_000


def test_the_same_receipt_is_the_same_bytes_in_every_process() -> None:
    """A receipt rendered again, elsewhere and later, has the SHA-256 that is in the ledger."""
    program = (
        "import hashlib, sys\n"
        "from tests.unit.test_documents import RECEIPT, render\n"
        "print(hashlib.sha256(render(RECEIPT)).hexdigest())\n"
    )
    digests = [
        subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
            text=True,
            timeout=30,
        ).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]

    assert digests == [hashlib.sha256(render(RECEIPT)).hexdigest()] * 2


def test_receipts_rendered_at_once_do_not_mix() -> None:
    """Threads of one process each get their own receipt."""
    receipts = [replace(RECEIPT, money=Money(100 + n)) for n in range(8)]
    expected = [render(receipt) for receipt in receipts]
    before = threading.active_count()

    with ThreadPoolExecutor(4) as pool:
        rendered = list(pool.map(render, receipts))

    assert rendered == expected
    assert threading.active_count() <= before


@pytest.mark.parametrize(
    "name",
    [
        '#panic() #read("/etc/passwd") #sys.inputs',
        "*Star* _low_ $x^2$ @ref <label> = Heading",
        "`raw` // comment /* more */ \\ \" ' { } [ ] ~ --- ...",
        "Fish & Chips <b>bold</b>",
    ],
)
def test_markup_in_a_name_stays_text(name: str) -> None:
    """A merchant that calls itself a command of the typesetter prints that command."""
    text = text_of(render(replace(RECEIPT, account_name=name, description=name, reference=name)))

    squeezed = re.sub(r"\s", "", text)
    assert squeezed.count(re.sub(r"\s", "", name)) == 3


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Line\nbreak\r\n\tand  tab", "Line break and tab"),
        ("Pizza 🍕🍕🔥 Douala", "Pizza \ufffd Douala"),
        ("日本料理", "\ufffd"),
        ("abc\u202efdp.exe\u2066x\u200b", "abcfdp.exex"),
        ("e\u0301" + "\u0300" * 50, "é\u0300\u0300"),
        ("\x00\x1b[31mred\ud800", "[31mred\ufffd"),
        ("Ŋgɔ̀ñ Ɓakɛ́ — €", "Ŋgɔ̀ñ Ɓakɛ́ — €"),
        ("سلام", "سلام"),
        ("W" * 500, "W" * 139 + "…"),
        ("", None),
        (" \u2028 ", None),
    ],
)
def test_a_hostile_name_becomes_one_line_that_can_be_drawn(name: str, shown: str | None) -> None:
    """Breaks, direction marks, piles of accents and letters of no font are made harmless."""
    assert drawable(name, 140) == shown
    assert len(read(render(replace(RECEIPT, account_name=name))).pages) == 1


@settings(max_examples=60)
@given(st.text(max_size=200), st.text(max_size=200), st.integers(1, 10**12))
def test_any_text_makes_a_receipt_of_one_page(name: str, words: str, amount: int) -> None:
    """No merchant can choose a name that stops its receipts."""
    hostile = replace(
        RECEIPT,
        account_name=name,
        reference=words,
        description=words,
        operator_transaction_id=words,
        money=Money(amount),
        livemode=False,
    )

    assert len(read(render(hostile)).pages) == 1


def test_the_longest_receipt_fits_one_page() -> None:
    """The widest letters in every place leave the code and the notice on the page."""
    wide = replace(
        RECEIPT,
        account_name="W" * 500,
        reference="W" * 500,
        description="W" * 500,
        operator_transaction_id="W" * 500,
        money=Money(10**15),
        livemode=False,
        footer="W" * 200,
    )

    text = text_of(render(wide, a_logo(1000, 1000)))

    assert CODE in text
    assert "no money moved" in text


def test_the_fonts_have_every_letter_that_we_let_through() -> None:
    """A new typst with other fonts can't make a letter we promise undrawable."""
    letters = [
        chr(code)
        for first, last in documents._DRAWABLE
        for code in range(first, last + 1)
        if unicodedata.category(chr(code)) not in {"Cf", "Cc"}
    ]
    page = b'#set text(font: ("Libertinus Serif", "DejaVu Sans Mono"), weight: "%s")\n'
    page += b"#sys.inputs.letters"

    for weight in (b"regular", b"semibold", b"bold"):
        document = typst.compile(
            page % weight,
            format="pdf",
            sys_inputs={"letters": " ".join(letters)},
            pdf_standards="a-3b",
            ignore_system_fonts=True,
        )
        assert document


VIEW = VerifyView(
    number="RC-20261125-6R3S5T7V2W4Y",
    account_name="Étoile & Fils",
    money=Money(12_500),
    refunded=Money(0),
    operator_name="Orange Money",
    paid_at=datetime(2026, 11, 25, 3, 12, 7, tzinfo=UTC),
    state=PaymentState.PAID,
    livemode=True,
    sha256="ab" * 32,
    pdf_url=f"/verify/{CODE}.pdf",
)


def test_the_page_shows_the_payment_and_its_proof() -> None:
    """Whoever scans the code sees merchant, amount, time, number, SHA-256 and the PDF."""
    html = render_verify_page(VIEW, "fr", templates=PAGES).html

    for part in (
        *('<html lang="fr">', "Étoile &amp; Fils", "12\u202f500\u00a0FCFA", "Orange Money"),
        *("RC-20261125-6R3S5T7V2W4Y", "ab" * 32, f'href="/verify/{CODE}.pdf"'),
        *("25 novembre 2026", 'datetime="2026-11-25T03:12:07+00:00"'),
    ):
        assert part in html
    assert "TEST" not in html


@pytest.mark.parametrize(
    ("state", "language", "word"),
    [
        (PaymentState.PAID, "fr", "<strong>Payé</strong>"),
        (PaymentState.PAID, "en", "<strong>Paid</strong>"),
        (PaymentState.PARTLY_REFUNDED, "fr", "<strong>Remboursé en partie</strong>"),
        (PaymentState.PARTLY_REFUNDED, "en", "<strong>Refunded in part</strong>"),
        (PaymentState.REFUNDED, "fr", "<strong>Remboursé</strong>"),
        (PaymentState.REFUNDED, "en", "<strong>Refunded</strong>"),
        (PaymentState.REVERSED, "fr", "<strong>Annulé par l\u2019opérateur</strong>"),
        (PaymentState.REVERSED, "en", "<strong>Reversed by the operator</strong>"),
    ],
)
def test_the_page_tells_what_the_payment_is_now(state, language, word) -> None:
    """A receipt of money that went back does not look valid, in either language."""
    page = render_verify_page(replace(VIEW, state=state), language, templates=PAGES)

    assert word in page.html


def test_the_page_shows_how_much_went_back() -> None:
    """A part refund names its amount; without one there is no such row."""
    some = replace(VIEW, state=PaymentState.PARTLY_REFUNDED, refunded=Money(2_000))

    assert "2\u202f000\u00a0FCFA" in render_verify_page(some, "en", templates=PAGES).html
    assert "Amount refunded" not in render_verify_page(VIEW, "en", templates=PAGES).html


def test_the_page_warns_of_test_mode() -> None:
    """Nobody takes a test payment for money."""
    page = render_verify_page(replace(VIEW, livemode=False), "en", templates=PAGES)

    assert "no money moved" in page.html


def test_the_page_waits_for_a_pdf_that_is_not_stored() -> None:
    """Between payment and storing there is no dead link."""
    page = render_verify_page(replace(VIEW, sha256=None, pdf_url=None), "en", templates=PAGES)

    assert "being prepared" in page.html
    assert ".pdf" not in page.html


def test_a_name_can_not_become_markup() -> None:
    """A script in a merchant's name is shown, not run."""
    name = "<script>alert(1)</script>\"' onload=x {{ 7*7 }} {% raw %}"
    html = render_verify_page(replace(VIEW, account_name=name), "fr", templates=PAGES).html

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39; onload=x {{ 7*7 }} {% raw %}" in html


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", ["receipt", "not_found"])
def test_a_page_brings_one_style_and_nothing_from_elsewhere(language, kind) -> None:
    """The policy allows exactly the style in the page, and the page needs nothing more."""
    page: Page = (
        render_verify_page(VIEW, language, templates=PAGES)
        if kind == "receipt"
        else render_not_found_page(language, templates=PAGES)
    )
    headers = dict(page.headers)
    (style,) = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Content-Language"] == language
    assert not re.search(r"<script|<img|<link|@import|url\(|style=|https?:", page.html)
    assert page.html.count("<h1") == 1
    assert "<title></title>" not in page.html


@pytest.mark.parametrize(
    ("header", "asked", "language"),
    [
        ("en-GB,en;q=0.9,fr;q=0.5", None, "en"),
        ("fr-CM,fr;q=0.9,en;q=0.8", None, "fr"),
        ("en;q=0,fr", None, "fr"),
        ("de", None, "fr"),
        (None, None, "fr"),
        (";;q=x, \x00", None, "fr"),
        ("fr", "en", "en"),
        ("en", "fr", "fr"),
        ("en", "tlh", "en"),
    ],
)
def test_a_page_comes_in_the_readers_language(header, asked, language) -> None:
    """The reader's click wins over the browser, the browser over French."""
    assert page_language(header, asked) == language


@pytest.mark.parametrize("receipt", [RECEIPT, replace(RECEIPT, livemode=False)])
def test_the_printed_code_leads_to_the_receipts_page(receipt: Receipt):
    """A phone's camera reads the address from the page as shown, also over the test mark."""
    body = render_receipt_pdf(receipt, verify_url=VERIFY_URL, template=TEMPLATE)
    with pypdfium2.PdfDocument(body) as document:
        shown = document[0].render(scale=2, grayscale=True)
        dots = memoryview(bytes(shown.buffer)).cast("B", (shown.height, shown.stride))
        (found,) = zxingcpp.read_barcodes(dots)
    assert found.text == VERIFY_URL
