"""E48: whatever people call themselves, their papers are made, and can do nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from random import Random
from typing import Any, Final

import pypdf
from pypdf.generic import DictionaryObject, NameObject, RectangleObject, TextStringObject

from shared.domain.money import Money
from shared.domain.receipt import format_money
from shared.domain.report import ReportType
from shared.operations.report_kinds import table_of
from shared.operations.report_pdf import PdfFile
from shared.operations.report_tables import CHARGES
from shared.runtime.report_press import press
from tests.trials import Trial
from tests.unit import test_documents as receipts
from tests.unit import test_invoice as invoices
from tests.unit import test_report as reports

# What a reader of PDF would run, send, open or fetch.
_ACTING: Final = frozenset(
    {
        *("/JavaScript", "/JS", "/OpenAction", "/AA", "/Launch", "/SubmitForm", "/ImportData"),
        *("/GoToR", "/GoToE", "/Rendition", "/RichMedia", "/XFA", "/AcroForm", "/EmbeddedFiles"),
    }
)
_MARKUP: Final = (
    *(
        '#eval("1")',
        '#link("https://evil.example")',
        '#read("/etc/passwd")',
        "#set page(height: 0pt)",
    ),
    *("$ integral $", "@a <b> = *c* _d_ `e`", "\\u{202E}", "] ) } //", '"; /* #panic()'),
    *(")>>/OpenAction<</S/JavaScript/JS(app.alert(1))>>", "endstream endobj", "%PDF-1.7 %%EOF"),
    *(
        "\u202egnp.exe",
        "\u2066\u2069\u200f\u200b\ufeff",
        "\U0001f468\u200d\U0001f33e\U0001f1e8\U0001f1f2",
    ),
    *("Z\u0337\u0348\u0350a\u0336l\u0337" * 9, "\ufdfa" * 40, "\U000e0041"),
)
_BLOCKS: Final = (
    *((0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x5FF), (0x600, 0x6FF), (0x700, 0x109F)),
    *((0x1200, 0x137F), (0x1E00, 0x22FF), (0x2580, 0x27BF), (0x3040, 0x30FF), (0x4E00, 0x9FFF)),
    *((0xA4D0, 0xA6FF), (0xAC00, 0xD7A3), (0xD800, 0xFFFF), (0x10000, 0x1FAFF)),
    *((0xE0000, 0x10FFFF), (0x00, 0x1F), (0x7F, 0x9F), (0x2000, 0x206F)),
)


def a_name(chance: Random) -> str:
    """A name of one to three pieces: letters of some block of Unicode, or words that are code."""
    pieces = []
    for _ in range(chance.randint(1, 3)):
        first, last = chance.choice(_BLOCKS)
        letters = "".join(chr(chance.randint(first, last)) for _ in range(chance.randint(1, 60)))
        pieces.append(chance.choice((letters, letters, chance.choice(_MARKUP))))
    return chance.choice((" ", "", "\n")).join(pieces)


def papers(name: str, chance: Random) -> Iterator[tuple[bytes, str]]:
    """A receipt, of every tenth name an invoice and a report too, each with an amount it shows."""
    money = Money(chance.randint(1, 10**12))
    receipt = replace(
        receipts.RECEIPT,
        account_name=name,
        reference=name,
        description=name,
        money=money,
        livemode=chance.random() < 0.5,
        language=chance.choice(("fr", "en")),
    )
    yield receipts.render(receipt), format_money(money)
    if chance.randrange(10):
        return
    invoice = replace(invoices.INVOICE, account_name=name, language=receipt.language)
    yield invoices.render(invoice), format_money(Money(invoice.total))
    table, sink = table_of(ReportType.PAYMENTS, receipt.language), reports.Sink()
    file = PdfFile(sink, table, press=lambda printed: press(reports.REPORT, printed, name))
    rows = [reports.charge(reference=name, description=name, amount=money.amount)]
    file.rows(table.fed(CHARGES, rows))
    file.end(table.ending())
    yield sink.content, f"{money.amount:,}".replace(",", "\u202f")


def acts(document: bytes) -> set[str]:
    """What a document would do, and where it leads to beside our own page."""
    reader = pypdf.PdfReader(BytesIO(document), strict=True)
    found: set[str] = set()
    for number in range(1, len(reader.xref[0]) + len(reader.xref_objStm) + 1):
        found |= _acts_of(reader.get_object(number))
    return found - {f"leads to {receipts.VERIFY_URL}"}


def _acts_of(value: Any) -> set[str]:
    found: set[str] = set()
    if isinstance(value, dict):
        found |= _ACTING & value.keys()
        found |= {f"leads to {value['/URI']}"} if "/URI" in value else set()
        found |= {str(value["/S"])} & _ACTING if "/S" in value else set()
        for each in value.values():
            found |= _acts_of(each)
    elif isinstance(value, list):
        for each in value:
            found |= _acts_of(each)
    return found


def text_of(document: bytes) -> str:
    """What a reader reads, without its spaces."""
    reader = pypdf.PdfReader(BytesIO(document), strict=True)
    return re.sub(r"\s", "", "".join(page.extract_text() for page in reader.pages))


def test_every_name_has_its_papers_and_none_can_act(trial: Trial) -> None:
    """Receipt, invoice and report: built, with no action and no link but ours, amounts readable."""
    names = trial.size(40, 10_000)
    made = wrong = 0
    for _ in range(names):
        for document, amount in papers(a_name(trial.chance), trial.chance):
            made += 1
            wrong += bool(acts(document)) or re.sub(r"\s", "", amount) not in text_of(document)
    trial.record("E48 names on papers", names, wrong=wrong, papers=made)


def test_an_action_would_be_seen() -> None:
    """The eye of this file on a document that does everything."""
    writer = pypdf.PdfWriter(BytesIO(receipts.render(receipts.RECEIPT)))
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("1")}
    )
    writer.add_uri(0, "https://evil.example", RectangleObject((0, 0, 9, 9)))
    into = BytesIO()
    writer.write(into)

    assert {"/OpenAction", "/JavaScript", "/JS", "leads to https://evil.example"} <= acts(
        into.getvalue()
    )
