"""What payers see on a merchant's page: the form, how the payment goes, and its code to scan."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.domain.receipt import Language, format_money
from shared.runtime.documents import Page, render_page
from shared.runtime.payer_step import PAGES

OPERATORS: Final = {Operator.MTN: "MTN Mobile Money", Operator.ORANGE: "Orange Money"}
DIALLED: Final = {Operator.MTN: "*126#", Operator.ORANGE: "#150*50#"}
"""What a payer dials where no question appears on her phone."""
_SIZE: Final = re.compile(r'<svg width="(\d+)" height="(\d+)"')
_SHOWN_TIMES: Final = 10


@dataclass(frozen=True, slots=True)
class Typed:
    """What a payer has typed already, shown again as text."""

    phone: str = ""
    operator: str = ""
    amount: str = ""


NOTHING: Final = Typed()


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing was begun, and the field at fault, None where it is none."""

    text: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class AskView:
    """The form. Without `money` the payer says how much, between `least` and `most`."""

    merchant: str
    money: Money | None
    least: Money | None
    most: Money | None
    description: str | None
    livemode: bool
    cancel_url: str | None
    action: str
    token: str
    takes_redirects: bool
    typed: Typed = NOTHING
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class StatusView:
    """How a payment goes: `state` is `waiting`, `elsewhere`, `paid` or `failed`.

    `again_url` is where another try begins, `refresh_seconds` when the page looks anew by itself;
    `elsewhere_url` is the operator's page, to which it leads at once.
    """

    merchant: str
    money: Money
    state: str
    livemode: bool
    operator: Operator
    phone: str | None
    failure: str | None = None
    receipt_url: str | None = None
    success_url: str | None = None
    again_url: str | None = None
    elsewhere_url: str | None = None
    refresh_seconds: int | None = None


def render_ask_page(view: AskView, language: Language) -> Page:
    """Return the form from `ask.html`; every value is escaped."""
    amounts = {
        name: None if money is None else format_money(money)
        for name, money in (("amount", view.money), ("least", view.least), ("most", view.most))
    }
    return render_page(
        "ask.html",
        language,
        templates=PAGES,
        values={"view": view, "operators": OPERATORS, **amounts},
        has_form=True,
    )


def render_status_page(view: StatusView, language: Language) -> Page:
    """Return the page of a payment from `status.html`; every value is escaped."""
    return render_page(
        "status.html",
        language,
        templates=PAGES,
        values={
            "view": view,
            "amount": format_money(view.money),
            "operator": OPERATORS[view.operator],
            "dialled": DIALLED[view.operator],
        },
        script=None if view.refresh_seconds is None else _waiting_script(),
    )


@cache
def _waiting_script() -> str:
    return (PAGES / "wait.js").read_text(encoding="utf-8")


def draw_code(url: str) -> str:
    """Return an address as a QR code in SVG, black on white with its quiet zone."""
    import zxingcpp  # noqa: PLC0415 - only who asks for a code draws one

    code = zxingcpp.create_barcode(url, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    drawing = code.to_svg(add_quiet_zones=True)
    found = _SIZE.search(drawing)
    if found is None:
        raise ValueError("a drawing without a size")
    width, height = found[1], found[2]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        f' width="{int(width) * _SHOWN_TIMES}" height="{int(height) * _SHOWN_TIMES}">'
    )
    return head + drawing[drawing.index("<g ") :]
