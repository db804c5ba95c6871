"""Every page of the dashboard's menu in all its looks: small, wide, light, dark, two languages.

By night in all looks, which makes the README's pictures anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.end_to_end.dashboard import (
    TEST_SECONDS,
    charge,
    menu,
    open_dashboard,
    open_more,
    open_page,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant
from tests.system import LocalSystem, WholeSystem
from tests.trials import IS_LARGE, Trial

PICTURES: Final = Path(__file__).parents[2] / "shared" / "docs" / "pictures"
ENDINGS: Final = ("001", "001", "451", "001", "450", "001")
"""Of the numbers that paid, or did not."""
ORDERS: Final = ("Ndolé, table 4", "Deux pagnes", "Taxi Bastos", "Crédit école", "Pain", "Savon")


@dataclass(frozen=True, slots=True)
class Look:
    """A window, and who looks through it."""

    language: Literal["fr", "en"]
    width: int
    height: int
    scheme: Literal["light", "dark"]

    def __str__(self) -> str:
        """Return it as a file may be named."""
        return f"{self.language}-{self.width}-{self.scheme}"


LOOKS: Final = tuple(
    Look(language, width, height, scheme)
    for language in ("fr", "en")
    for width, height in ((360, 740), (1440, 900))
    for scheme in ("light", "dark")
)
SHOWN: Final = {
    ("home", "fr-360-light"),
    ("payments", "en-360-dark"),
    ("links", "fr-360-light"),
    ("home", "fr-1440-light"),
}
"""Of them the README has pictures."""
FEW: Final = 6
"""A phone's bar shows fewer."""
NARROWEST: Final = Look("fr", 320, 568, "light")

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """A shop of the first owner's with a morning's payments."""
    with owned_merchant(system, "Aux Mangues du Mfoundi") as merchant:
        for number, (ending, order) in enumerate(zip(ENDINGS, ORDERS, strict=True)):
            phone = f"6{'79'[number % 2]}00{number}2{ending}"
            charge(merchant, phone, amount=1_500 * (number + 1), description=order)
        yield merchant


@pytest.mark.parametrize("look", [*LOOKS, NARROWEST] if IS_LARGE else [NARROWEST], ids=str)
def test_every_page_fits_and_is_for_everybody(
    system: LocalSystem, merchant: Merchant, chromium: Browser, look: Look, trial: Trial
) -> None:
    """No page is pushed sideways or breaks a rule of accessibility; each has its own heading."""
    size = {"width": look.width, "height": look.height}
    locale = f"{look.language}-CM"
    looks = {"locale": locale, "color_scheme": look.scheme, "viewport": size}
    wrong: list[str] = []
    with open_dashboard(system, merchant, chromium, **looks) as tab:
        page = tab.page
        pages = _pages(page)
        for menu_name, address in pages.items():
            open_page(page, menu_name)
            page.wait_for_url(f"{system.base_url}{address}")
            expect(page.locator("main h1")).to_have_count(1)
            expect(page.locator("main [aria-busy]")).to_have_count(0)
            name = address.rpartition(f"/{merchant.account}/test")[2].strip("/") or "home"
            wrong += [f"{name} is too wide"] if tab.overflows() else []
            wrong += [f"{name}: {each}" for each in tab.audit(is_live=True)]
            wrong += [] if _is_marked(page, address) else [f"the menu is lost at {name}"]
            if IS_LARGE and (name, str(look)) in SHOWN:
                PICTURES.mkdir(exist_ok=True)
                page.screenshot(path=PICTURES / f"{name}-{look}.png", animations="disabled")
    assert wrong == []
    trial.record(f"pages of the dashboard, {look}", len(pages), wrong=len(wrong))


def _pages(page: Page) -> dict[str, str]:
    """The pages of the menu, by name, and where they lie."""
    menu(page).get_by_role("link").first.wait_for()
    pages = _links(menu(page))
    if len(pages) < FEW:
        more = open_more(page)
        more.get_by_role("link").first.wait_for()
        pages |= _links(more)
        page.keyboard.press("Escape")
    assert len(pages) > FEW
    return pages


def _links(within: Locator) -> dict[str, str]:
    links = within.get_by_role("link").all()
    return {each.inner_text().strip(): each.get_attribute("href") or "" for each in links}


def _is_marked(page: Page, address: str) -> bool:
    """Whether the menu says that this page is shown, or that it is among the rest."""
    marked = menu(page).locator("[aria-current]")
    return marked.count() == 1 and marked.get_attribute("href") in {address, None}
