"""What people read of a payment: the receipt as PDF and the page that proves it."""

import hashlib
import json
import os
import re
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from shared.domain.file import FileType
from shared.domain.file_content import read_sides
from shared.domain.invoice import Invoice
from shared.domain.money import Money
from shared.domain.receipt import (
    Language,
    Paper,
    Receipt,
    format_day,
    format_money,
    format_month,
    format_time,
)
from shared.domain.receipt_look import LONGEST_FOOTER

if TYPE_CHECKING:
    import typst

PDF_STANDARD: Final = "a-3b"
MERCHANT_LETTERS: Final = 140
REFERENCE_LETTERS: Final = 80
DESCRIPTION_LETTERS: Final = 120

PAGE_TYPE: Final = "text/html; charset=utf-8"

_INK: Final = "#17233b"
_REPLACEMENT: Final = "\ufffd"
_MARKS_ON_A_LETTER: Final = 2
# PDF/A forbids a glyph that no font has, so one emoji in a shop's name would stop its receipts for
# ever. These blocks are whole in the fonts of the typst wheel (Libertinus Serif, DejaVu Sans Mono).
_DRAWABLE: Final = (
    *((0x20, 0x7E), (0xA0, 0x1C3), (0x1CD, 0x1DD), (0x1E6, 0x1EF), (0x1F8, 0x1F9)),
    *((0x1FC, 0x21F), (0x224, 0x241), (0x250, 0x2E9), (0x300, 0x33F)),
    *((0x38E, 0x3A1), (0x3A3, 0x3CE), (0x400, 0x45F), (0x490, 0x49B), (0x5D0, 0x5EA)),
    *((0x621, 0x63A), (0x640, 0x652), (0x660, 0x669)),
    *((0x1E00, 0x1E9B), (0x1EA0, 0x1EF9), (0x2010, 0x2027), (0x2030, 0x2037), (0x2039, 0x203F)),
    *((0x20A0, 0x20B5), (0x2116, 0x2116), (0x2122, 0x2122), (0xFFFD, 0xFFFD)),
)
# One at a time: it takes 10 ms, and each thread that compiles keeps an arena of its own for ever.
_PRESS: Final = threading.Lock()


def render_receipt_pdf(
    receipt: Receipt, *, verify_url: str, template: Path, logo: bytes | None = None
) -> bytes:
    """Return the receipt as PDF/A-3b with its fonts inside; the same receipt, the same bytes.

    `verify_url` is the public page of this receipt and ends with its code; `template` is a typst
    file that takes its data from `sys.inputs` and can read its own folder only. What a merchant
    wrote is set as text; letters that the fonts lack appear as a replacement sign. `logo` is a PNG
    or JPEG; one that cannot be drawn is left out, the same whenever it is tried. Raises
    typst.TypstError where the template itself is wrong.
    """
    inputs = {
        "receipt": json.dumps(_page_data(receipt, verify_url), ensure_ascii=False),
        "qr": _qr_svg(verify_url),
    }
    if logo is None:
        return pressed(template, inputs, receipt.paid_at)
    import typst  # noqa: PLC0415 - as in `_compiler`

    try:
        return pressed(template, inputs | {"logo": _logo_svg(logo)}, receipt.paid_at)
    except typst.TypstError:
        return pressed(template, inputs, receipt.paid_at)


def render_invoice_pdf(invoice: Invoice, *, verify_url: str, template: Path) -> bytes:
    """Return the invoice as PDF/A-3b, in the manner of a receipt."""
    inputs = {
        "invoice": json.dumps(_invoice_data(invoice, verify_url), ensure_ascii=False),
        "qr": _qr_svg(verify_url),
    }
    return pressed(template, inputs, invoice.created_at)


def pressed(template: Path, inputs: dict[str, str], dated: datetime) -> bytes:
    """Return a template set with its data as PDF/A-3b, dated as it says."""
    with _PRESS:
        document = _compiler(template).compile(
            format="pdf",
            sys_inputs=inputs,
            pdf_standards=PDF_STANDARD,
            timestamp=int(dated.timestamp()),
        )
    if not isinstance(document, bytes):
        raise TypeError("a paper is one document")
    return document


@cache
def _compiler(template: Path) -> "typst.Compiler":
    """Return what compiles a template, with its fonts loaded. Called under the lock.

    One page is too little to share out: a second thread of the compiler only looks for work.
    """
    os.environ.setdefault("RAYON_NUM_THREADS", "1")
    import typst  # noqa: PLC0415 - 40 MB of compiler and fonts that only render_receipt pays for

    return typst.Compiler(template, root=template.parent, ignore_system_fonts=True)


def _page_data(receipt: Receipt, verify_url: str) -> Mapping[str, object]:
    languages: tuple[Language, Language] = ("fr", "en")
    return {
        "languages": languages if receipt.language == "fr" else languages[::-1],
        "merchant": drawable(receipt.account_name, MERCHANT_LETTERS) or "—",
        "amount": format_money(receipt.money),
        "day": {language: format_day(receipt.paid_at, language) for language in languages},
        "time": {language: format_time(receipt.paid_at, language) for language in languages},
        "operator": receipt.operator_name,
        "phone": receipt.phone,
        "transaction": drawable(receipt.operator_transaction_id, REFERENCE_LETTERS),
        "reference": drawable(receipt.reference, REFERENCE_LETTERS),
        "description": drawable(receipt.description, DESCRIPTION_LETTERS),
        "paper": receipt.paper.value,
        "payee": drawable(receipt.payee, REFERENCE_LETTERS),
        "footer": drawable(receipt.footer, LONGEST_FOOTER),
        "object": receipt.object_id,
        "charge": receipt.charge_id,
        "number": receipt.number,
        "livemode": receipt.livemode,
        "verify_url": verify_url,
        "verify_start": verify_url.removesuffix(receipt.code),
        "code": receipt.code,
    }


def _invoice_data(invoice: Invoice, verify_url: str) -> Mapping[str, object]:
    languages: tuple[Language, Language] = ("fr", "en")
    return {
        "languages": languages if invoice.language == "fr" else languages[::-1],
        "merchant": drawable(invoice.account_name, MERCHANT_LETTERS) or "—",
        "account": invoice.account,
        "month": {each: format_month(invoice.month, each) for each in languages},
        "lines": [
            {
                "for": line.purpose,
                "type": line.line.value,
                "count": str(line.count),
                "amount": format_money(Money(line.amount)),
            }
            for line in invoice.lines
        ],
        "vat": format_money(Money(invoice.vat)),
        "total": format_money(Money(invoice.total)),
        "number": invoice.number,
        "livemode": invoice.livemode,
        "verify_url": verify_url,
        "verify_start": verify_url.removesuffix(invoice.code),
        "code": invoice.code,
    }


def drawable(text: str | None, letters: int) -> str | None:
    """Return one line of at most `letters` characters that the fonts can draw, None if empty.

    Line breaks become spaces; marks that turn the writing direction vanish, since they could make
    a number read otherwise.
    """
    if text is None:
        return None
    shown = "".join(_as_drawn(letter) for letter in unicodedata.normalize("NFC", text))
    shown = re.sub(f"{_REPLACEMENT}+", _REPLACEMENT, shown)
    shown = re.sub(rf"([\u0300-\u033f]{{{_MARKS_ON_A_LETTER}}})[\u0300-\u033f]+", r"\1", shown)
    shown = " ".join(shown.split())
    if len(shown) > letters:
        shown = shown[: letters - 1].rstrip() + "…"
    return shown or None


def _as_drawn(letter: str) -> str:
    category = unicodedata.category(letter)
    if category.startswith("Z") or category == "Cc":
        return " "
    if category == "Cf":
        return ""
    code = ord(letter)
    is_drawable = any(first <= code <= last for first, last in _DRAWABLE)
    return letter if is_drawable else _REPLACEMENT


def _logo_svg(content: bytes) -> str:
    """Return a drawing of a PNG or JPEG alone: typst takes inputs that are text."""
    width, height = read_sides(content)
    type_ = FileType.JPG if content.startswith(b"\xff\xd8") else FileType.PNG
    data = f"data:{type_.media_type};base64,{b64encode(content).decode('ascii')}"
    size = f'width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><image {size} href="{data}"/></svg>'


def _qr_svg(url: str) -> str:
    import zxingcpp  # noqa: PLC0415 - only render_receipt draws codes

    code = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawing = code.to_svg(add_quiet_zones=False)
    return drawing.replace('fill="#000000"', f'fill="{_INK}"')


class PaymentState(StrEnum):
    """What a payment is now, whatever its receipt said on its day."""

    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class VerifyView:
    """What the public page shows: the payment, and nothing of its payer.

    `sha256` (hex) and `pdf_url` are None until the PDF is stored. `refunded` is in the same
    currency as `money`, zero where nothing was returned. `payers_url` is where whoever paid sees
    all her payments; None where nobody did.
    """

    number: str
    account_name: str
    money: Money
    refunded: Money
    operator_name: str | None
    paid_at: datetime
    state: PaymentState
    livemode: bool
    paper: Paper = Paper.CHARGE
    sha256: str | None = None
    pdf_url: str | None = None
    payers_url: str | None = None


@dataclass(frozen=True, slots=True)
class CheckoutView:
    """What a payer is shown once her payment has ended: nothing of who paid."""

    merchant: str
    money: Money
    is_paid: bool
    return_url: str | None
    livemode: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the headers that keep it alone: no script, no frame, no cache, no referrer."""

    html: str
    headers: tuple[tuple[str, str], ...]


def page_language(accept_language: str | None, asked: str | None = None) -> Language:
    """Choose `asked` (the query's `language`), else the header's best, else French."""
    chosen = asked
    if chosen not in {"fr", "en"}:
        accepted = parse_accept_header(accept_language, LanguageAccept)
        chosen = accepted.best_match(("fr", "en"), default="fr")
    return "en" if chosen == "en" else "fr"


def render_verify_page(view: VerifyView, language: Language, *, templates: Path) -> Page:
    """Return the public proof of a receipt from `receipt.html`; every value is escaped."""
    return render_page(
        "receipt.html",
        language,
        templates=templates,
        values={
            "view": view,
            "amount": format_money(view.money),
            "refunded": format_money(view.refunded) if view.refunded.amount else None,
            "day": format_day(view.paid_at, language),
            "time": format_time(view.paid_at, language),
        },
    )


def render_checkout_page(view: CheckoutView, language: Language, *, templates: Path) -> Page:
    """Return the page at a payment's end from `ended.html`; every value is escaped."""
    return render_page(
        "ended.html",
        language,
        templates=templates,
        values={"view": view, "amount": format_money(view.money)},
    )


def render_not_found_page(language: Language, *, templates: Path) -> Page:
    """Return the page for what is not known, from `not_found.html`."""
    return render_page("not_found.html", language, templates=templates, values={})


def render_page(
    name: str,
    language: Language,
    *,
    templates: Path,
    values: Mapping[str, object],
    has_form: bool = False,
    script: str | None = None,
) -> Page:
    """Return a page from a template; every value is escaped.

    `script` is the one that may run on it, and may ask our own origin.

    One with a form is sent back to where it came from alone; so that a browser says where that is,
    it tells its own origin who refers to it, and nobody else.
    """
    made, style = environment(templates)
    html = made.get_template(name).render(values, language=language, style=style, script=script)
    return Page(
        html,
        (
            ("Content-Type", PAGE_TYPE),
            ("Content-Language", language),
            ("Content-Security-Policy", style_policy(style, has_form=has_form, script=script)),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "same-origin" if has_form else "no-referrer"),
            ("Vary", "Accept-Language"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Robots-Tag", "noindex"),
        ),
    )


def style_policy(style: str, *, has_form: bool = False, script: str | None = None) -> str:
    """Return the Content-Security-Policy of a page that has this style, this script, no more."""
    scripts = "" if script is None else f"script-src {_digest(script)}; connect-src 'self'; "
    return (
        f"default-src 'none'; style-src {_digest(style)}; {scripts}"
        f"base-uri 'none'; form-action '{'self' if has_form else 'none'}'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def environment(templates: Path) -> tuple[Environment, str]:
    """Read a folder of templates and its style once: both change with the release alone."""
    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return made, (templates / "page.css").read_text(encoding="utf-8")
