"""What a merchant adds to its receipts: a footer and a logo, whatever they are."""

import struct
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pypdfium2
import pytest

from shared.domain.account import Caller, Tenant
from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotPermitted
from shared.domain.file import FileStatus, FileType, Purpose, StoredFile
from shared.domain.file_content import MalformedError, read_sides
from shared.domain.receipt import Paper, Receipt
from shared.domain.receipt_look import PLAIN, Logo, PrintedAs, ReceiptLook
from shared.operations.update_account import AccountSettings, UpdateAccount, update_account
from tests.file_samples import chunk, jpg, logo, png, segment
from tests.unit.test_documents import CODE, RECEIPT, read, render, text_of

POINTS_OF_MARGIN: Final = 39
TEXT: Final = 1


@pytest.mark.parametrize(
    "receipt",
    [
        replace(RECEIPT, account_name="W" * 110),
        replace(RECEIPT, description="W" * 110),
        replace(RECEIPT, footer="W" * 110),
    ],
    ids=["name", "description", "footer"],
)
def test_a_long_word_breaks_where_its_line_ends(receipt: Receipt) -> None:
    """Nothing of it runs off the page."""
    (page,) = pypdfium2.PdfDocument(render(receipt))
    widest = max(each.get_bounds()[2] for each in page.get_objects([TEXT]))

    assert widest < page.get_width() - POINTS_OF_MARGIN


HOSTILE_FOOTERS: Final = {
    '#eval(1) #read("/etc/passwd") $x^2$ *gras* _it_ `c` <b>b</b> \\ //': "#eval(1)",
    "x\u202eabc\u2066def": "xabcdef",
    "Merci \U0001f600 beaucoup": "Merci \ufffd beaucoup",
    "שלום مرحبا": "שלום",
    "é" * 200: "é" * 20,
    "]], ) #panic()": "]], ) #panic()",
}


@pytest.mark.parametrize("footer", HOSTILE_FOOTERS)
def test_a_footer_is_text_whatever_it_says(footer: str) -> None:
    """Markup stays as it was typed, and the receipt one page that proves the same payment."""
    document = render(replace(RECEIPT, footer=footer), logo())

    text = unicodedata.normalize("NFC", text_of(document))
    shown = HOSTILE_FOOTERS[footer]
    assert shown in text or shown[::-1] in text
    assert CODE in text
    assert document == render(replace(RECEIPT, footer=footer), logo())


def test_a_logo_stands_beside_the_name() -> None:
    """Its own colour is on the page, in the right half of the head, and an archive it stays."""
    document = render(replace(RECEIPT, footer="Akwa, Douala"), logo(400, 100))

    (page,) = pypdfium2.PdfDocument(document)
    bitmap = page.render(scale=0.5, rev_byteorder=True)
    pixels, size = bytes(bitmap.buffer), bitmap.n_channels
    at = {
        (x, y)
        for y in range(bitmap.height)
        for x in range(bitmap.width)
        if pixels[(start := y * bitmap.stride + x * size) : start + 3] == bytes((200, 30, 60))
    }
    width = max(x for x, _ in at) - min(x for x, _ in at)
    assert min(x for x, _ in at) > bitmap.width / 2
    assert max(y for _, y in at) < bitmap.height / 4
    assert 3 < width / len({y for _, y in at}) < 5
    assert "<pdfaid:part>3</pdfaid:part>" in document.decode("latin-1")
    assert document == render(replace(RECEIPT, footer="Akwa, Douala"), logo(400, 100))


def test_a_logo_that_cannot_be_drawn_stops_no_receipt() -> None:
    """Nothing stands in its place, the same whenever it is tried."""
    broken = logo().replace(b"IDAT", b"IDAX")
    document = render(RECEIPT, broken)

    assert CODE in text_of(document)
    assert document == render(RECEIPT, broken)


@pytest.mark.parametrize("payee", [None, "W" * 80], ids=["refund", "payout"])
def test_the_fullest_receipt_fits_one_page(payee: str | None) -> None:
    """A payout or refund too, with a footer and a logo, in the test mode."""
    wide = replace(
        RECEIPT,
        account_name="W" * 140,
        reference="W" * 80,
        description="W" * 120,
        operator_transaction_id="W" * 80,
        payee=payee,
        charge_id=None if payee else RECEIPT.object_id,
        paper=Paper.PAYOUT if payee else Paper.REFUND,
        livemode=False,
    )

    for footer, image in ((None, None), ("W" * 200, None), ("W" * 200, logo(1000, 1000))):
        text = text_of(render(replace(wide, footer=footer), image))
        assert CODE in text
        assert "no money moved" in text


@pytest.mark.parametrize("kind", [0, 2, 4, 6])
@pytest.mark.parametrize("depth", [8, 16])
def test_every_png_that_is_taken_is_drawn(kind: int, depth: int) -> None:
    """Grey or coloured, with transparency or without, of any depth."""
    bytes_each = {0: 1, 2: 3, 4: 2, 6: 4}[kind] * depth // 8
    header = struct.pack(">IIBBBBB", 6, 4, depth, kind, 0, 0, 0)
    data = zlib.compress((b"\0" + b"\x88" * (6 * bytes_each)) * 4)
    whole = b"".join(chunk(*each) for each in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")))

    (page,) = read(render(RECEIPT, b"\x89PNG\r\n\x1a\n" + whole)).pages

    assert len(page.images) >= 1


# --- as values -----------------------------------------------------------------------------------

FILE: Final = StoredFile(
    id="file_" + "a" * 24,
    account="acct_2222222222222222",
    livemode=False,
    purpose=Purpose.BUSINESS_LOGO,
    file_name="logo.png",
    type=FileType.PNG,
    size=100,
    sha256="0" * 64,
    made_by="person",
    created_at=datetime(2026, 11, 25, tzinfo=UTC),
    retain_until=datetime(2036, 11, 25, tzinfo=UTC),
)
KEPT: Final = FILE.kept(object_key="files/a.png", version_id="v1")


def test_what_was_printed_is_read_as_it_was_written() -> None:
    """With a look and without; nothing stands for nothing."""
    logo_of = Logo.of(KEPT)
    assert logo_of is not None
    for look in (PLAIN, ReceiptLook("Merci"), ReceiptLook("Merci", logo_of)):
        printed = PrintedAs("Chez Marie", "fr", look)
        assert PrintedAs.read(printed.words) == printed
    assert PLAIN.words == {}
    assert PrintedAs("M", "fr", ReceiptLook(None, logo_of)).without_logo.look == PLAIN


@pytest.mark.parametrize("status", [FileStatus.QUARANTINED, FileStatus.REFUSED])
def test_a_logo_is_a_file_that_was_looked_through(status: FileStatus) -> None:
    """Of its own purpose, and kept."""
    with pytest.raises(LookupError):
        Logo.of(replace(FILE, status=status))
    assert Logo.of(replace(KEPT, purpose=Purpose.BUSINESS_DOCUMENT)) is None


def test_the_sides_of_a_picture_are_read() -> None:
    """Of either type, behind whatever segments; not of one that is made for a press."""
    assert read_sides(png(width=3, height=2)) == (3, 2)
    assert read_sides(jpg(segment(0xFE, b"words"))) == (1, 1)
    press = jpg().replace(b"\x08\x00\x01\x00\x01\x01", b"\x08\x00\x01\x00\x01\x04")
    with pytest.raises(MalformedError):
        read_sides(press)


class Held:
    """HeldSettings of one account."""

    def __init__(self, look: ReceiptLook) -> None:
        self.before = AccountSettings("fr", look)
        self.after: AccountSettings | None = None
        self.entries: list[AuditEntry] = []

    def file(self, file_id: str) -> StoredFile | None:
        return KEPT if file_id == KEPT.id else None

    def replace(self, after: AccountSettings) -> None:
        self.after = after

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    @contextmanager
    def hold(self, _: Tenant) -> Iterator["Held"]:
        yield self


OWNER: Final = Caller(
    tenant=Tenant("acct_2222222222222222", livemode=False),
    key_id="",
    kind="person",
    scopes=frozenset(),
    language="fr",
    charges_enabled=True,
    suspended=False,
)
ORIGIN: Final = Origin(Actor(ActorKind.PERSON, "owner"), datetime(2026, 11, 25, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "footer", "has_logo", "language"),
    [
        ({"language": "en"}, "Merci", True, "en"),
        ({"receipt_footer": None}, None, True, "fr"),
        ({"receipt_logo": None}, "Merci", False, "fr"),
        ({"receipt_footer": " A ", "receipt_logo": KEPT.id}, "A", True, "fr"),
        ({"language": None, "receipt_footer": None, "receipt_logo": None}, None, False, "fr"),
    ],
)
def test_what_is_not_named_stays(
    body: dict[str, str | None], footer: str | None, *, has_logo: bool, language: str
) -> None:
    """Null takes a footer or logo off, and leaves the language."""
    held = Held(ReceiptLook("Merci", Logo.of(KEPT)))

    update_account(UpdateAccount.parse(body), OWNER, ORIGIN, store=held)

    after = held.after
    assert after is not None
    assert (after.look.footer, after.look.logo is not None) == (footer, has_logo)
    assert after.language == language
    assert len(held.entries) == 1


def test_the_same_again_changes_and_records_nothing() -> None:
    """Nor does an empty change; and nothing is changed of a suspended account."""
    held = Held(ReceiptLook("Merci", Logo.of(KEPT)))
    same = {"receipt_footer": "Merci", "receipt_logo": KEPT.id, "language": "fr"}
    for body in ({}, same):
        update_account(UpdateAccount.parse(body), OWNER, ORIGIN, store=held)
    with pytest.raises(NotPermitted):
        update_account(
            UpdateAccount.parse({"language": "en"}),
            replace(OWNER, suspended=True),
            ORIGIN,
            store=held,
        )

    assert (held.after, held.entries) == (None, [])


def test_two_hundred_letters_are_taken_and_one_more_is_not() -> None:
    """At the field that is at fault."""
    assert UpdateAccount.parse({"receipt_footer": "é" * 200}).footer == "é" * 200
    with pytest.raises(InvalidRequest) as refused:
        UpdateAccount.parse({"receipt_footer": "é" * 201})
    assert refused.value.param == "receipt_footer"
