"""The dashboard at its edges: keys alone, hostile words, wrong clocks, lost answers."""

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.end_to_end.dashboard import (
    LIVE,
    TEST_SECONDS,
    menu,
    open_dashboard,
    open_more,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant
from tests.system import LocalSystem, WholeSystem

WIDE: Final = ViewportSize(width=1280, height=720)
SMALL_TARGETS: Final = """(within) => [...within.querySelectorAll("a, button")]
  .filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.textContent)"""

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """An account of the first owner's."""
    with owned_merchant(system, "Le Bord du Noun") as merchant:
        yield merchant


def test_the_menu_goes_by_keys_alone(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """On a phone its rest opens and gives the focus back; in a wide window it can be skipped."""
    with open_dashboard(system, merchant, chromium, locale="en-CM") as tab:
        page = tab.page
        more = menu(page).get_by_role("button", name="More")
        tab.press_tab_to("nav button")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("link", name="Batches")).to_be_visible()
        assert dialog.evaluate(SMALL_TARGETS) == []
        assert tab.audit(is_live=True) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(more).to_be_focused()
        assert not tab.overflows()

        open_more(page).get_by_role("link", name="Team", exact=True).press("Enter")
        expect(page.get_by_role("heading", level=1, name="Team")).to_be_visible()
        expect(dialog).to_have_count(0)
        expect(more).to_have_attribute("aria-current", "true")

        page.set_viewport_size(WIDE)
        here = menu(page).get_by_role("link", name="Team", exact=True)
        expect(here).to_have_attribute("aria-current", "page")
        expect(page.locator("header [role=status]")).to_have_text(LIVE)
        assert menu(page).evaluate(SMALL_TARGETS) == []
        assert tab.audit(is_live=True) == []
        page.reload()
        here.wait_for()
        tab.press_tab_to("a[href='#content']")
        expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
