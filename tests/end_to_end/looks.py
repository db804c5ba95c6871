"""Through which window a journey is seen, and the ways that are the same in each of them."""

from dataclasses import dataclass
from typing import Any, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import Tab
from tests.end_to_end.words import LANGUAGES, NAMES, Language, Words
from tests.trials import IS_LARGE, Trial

LANG: Final = "lang"
SIZES: Final = ((360, 740), (1440, 900))
WIDE: Final = 1440
_NEXT_FRAME: Final = "() => new Promise(requestAnimationFrame)"


@dataclass(frozen=True, slots=True)
class Look:
    """A language and a size of window."""

    language: Language
    width: int
    height: int

    def __str__(self) -> str:
        """Return it as a test's name says it."""
        return f"{self.language}-{self.width}"

    @property
    def words(self) -> Words:
        """What the dashboard says in it."""
        return Words(self.language)

    @property
    def options(self) -> dict[str, Any]:
        """A new tab's."""
        size = {"width": self.width, "height": self.height}
        return {"locale": f"{self.language}-CM", "viewport": size}

    def put_on(self, tab: Tab) -> Page:
        """Give the window its size and choose the language, by the button that does so."""
        page = tab.page
        page.keyboard.press("Escape")  # of what a journey that failed has left open
        if page.locator("html").get_attribute(LANG) != self.language:
            _resize(page, WIDE, self.height)
            page.get_by_role("button", name=NAMES[self.language], exact=True).click()
            expect(page.locator("html")).to_have_attribute(LANG, self.language)
        _resize(page, self.width, self.height)
        if "/platform" not in page.url:
            wait_for_stream(page, self)
        return page

    def passed(self, trial: Trial) -> None:
        """Record one journey that was seen through this window to its end."""
        trial.record(f"journeys of the dashboard, {self}", 1, wrong=0)


FR_PHONE, FR_WIDE, EN_PHONE, EN_WIDE = LOOKS = tuple(
    Look(language, width, height) for language in LANGUAGES for width, height in SIZES
)


def seen_through(look: Look) -> pytest.MarkDecorator:
    """Through one window by day, through every one by night."""
    return pytest.mark.parametrize("look", LOOKS if IS_LARGE else [look], ids=str)


def wait_for_stream(page: Page, look: Look) -> None:
    """Wait until it is live: Chromium complains of a stream that is cut before it begins."""
    expect(page.locator("header [role=status]")).to_contain_text(look.words("stream.live"))


def go(page: Page, below: str) -> None:
    """Go where the menu leads, whichever shape it has: what is not seen lies behind its button."""
    link = page.locator(f"nav a[href$='{below}']:visible").first
    more = page.locator("nav button[aria-haspopup=dialog]:visible")
    expect(link.or_(more).first).to_be_visible()
    if not link.is_visible():
        more.click()
    link.click()
    page.wait_for_url(f"**{below}")


def button(within: Page | Locator, name: str) -> Locator:
    """The button that is called so."""
    return within.get_by_role("button", name=name, exact=True)


def refused(page: Page, ask: Locator, look: Look) -> str:
    """Ask by a button for what is not allowed: the page says so in the API's words; the code."""
    with page.expect_response(lambda answer: answer.status == 403) as answered:
        ask.click()
    answer = answered.value
    assert answer.headers["content-language"] == look.language
    error = answer.json()["error"]
    said = page.get_by_role("dialog").get_by_role("alert").filter(has_text=error["message"])
    expect(said).to_be_visible()
    code: str = error["code"]
    return code


def is_well(tab: Tab) -> None:
    """Hold a page to what each is held to, once it shows what it has."""
    expect(tab.page.locator("[aria-busy=true]")).to_have_count(0)
    assert tab.complaints == []
    assert not tab.overflows()
    assert tab.audit(is_live=True) == []


def _resize(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(_NEXT_FRAME)
