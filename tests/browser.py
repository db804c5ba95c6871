"""A real Chromium for the tests of pages, with an eye on what a page may never do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

from tests.debian import NotToBeHadError
from tests.get_chromium import chromium as find_chromium
from tests.npm_packages import install, node_and_npm

SMALL_PHONE: Final = (320, 568)
_PATIENCE_SECONDS: Final = 45
_MOST_STOPS: Final = 30
_FLAGS: Final = ("--no-sandbox", "--disable-gpu")
_AXE: Final = Path(__file__).parent / "axe"
_STANDARD: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_TELL_VIOLATIONS: Final = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.effectiveDirective} ${event.blockedURI}`));"""
_AUDIT: Final = """async (tags) => (await axe.run({runOnly: tags})).violations.map((each) =>
  `${each.id}: ${each.nodes.map((node) => node.target.join(" ")).join(", ")}`)"""
_FOCUSED: Final = """() => {
  const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
  const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
  return {
    name: at.id || at.value || at.getAttribute("href") || at.localName,
    outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    isInView: x > 0 && x < innerWidth && y > 0 && y < innerHeight,
  };
}"""
# What the page itself was answered with is no complaint of the browser's.
_ANSWERED: Final = "Failed to load resource: the server responded with a status of"


@dataclass(frozen=True, slots=True)
class Stop:
    """Where Tab leads: what has the focus, how broad its outline is, whether it can be seen."""

    name: str
    outline: float
    is_in_view: bool


@dataclass(slots=True)
class Tab:
    """A page, and what it complained of: policies broken, errors of scripts."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, url: str) -> int:
        """Open an address; the bytes of it and of all it loads, as they went over the wire."""
        came: list[Request] = []

        def note(request: Request) -> None:
            # Weighed afterwards: a handler that asks for a size may not have it before we go on.
            came.append(request)

        self.page.on("requestfinished", note)
        self.page.goto(url, wait_until="networkidle")
        self.page.remove_listener("requestfinished", note)
        assert came, "nothing came"
        sizes = [request.sizes() for request in came]
        return sum(each["responseHeadersSize"] + each["responseBodySize"] for each in sizes)

    def press_tab_to(self, selector: str) -> None:
        """Press Tab until an element has the focus."""
        for _ in range(_MOST_STOPS):
            self.page.keyboard.press("Tab")
            if self.page.locator(f"{selector}:focus").count():
                return
        pytest.fail(f"Tab does not lead to {selector}")

    def audit(self, *, is_live: bool = False) -> list[str]:
        """What axe-core finds against WCAG 2.2 AA and its own good practice.

        The page is held meanwhile: one that would load itself anew stays as it is. One that lives
        by what it asks for is not held.
        """
        if not is_live:
            self.page.route("**/*", _hold)
        self.page.wait_for_load_state()
        self.page.evaluate(_axe())
        found: list[str] = self.page.evaluate(_AUDIT, list(_STANDARD))
        if not is_live:
            self.page.unroute("**/*", _hold)
        return found

    def overflows(self) -> bool:
        """Whether it has to be pushed sideways to be read."""
        wider: bool = self.page.evaluate(
            "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        return wider

    def stops(self) -> list[Stop]:
        """Where Tab leads, from the top of the page to its end."""
        found: list[Stop] = []
        for _ in range(_MOST_STOPS):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(_FOCUSED)
            if at["name"] == "body":
                return found
            found.append(Stop(at["name"], at["outline"], at["isInView"]))
        pytest.fail("Tab never leaves the page")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running Chromium. Its driver keeps an event loop, so it ends with the tests of a file."""
    try:
        found = find_chromium()
    except NotToBeHadError as error:
        pytest.skip(f"left out, no Chromium: {error}")
    expect.set_options(timeout=_PATIENCE_SECONDS * 1000)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=found.program, args=_FLAGS, env=dict(found.environment)
        )
        yield browser
        browser.close()


@contextmanager
def open_tab(browser: Browser, *, has_scripts: bool = True, **looks: Any) -> Iterator[Tab]:
    """Open a tab of a small phone; `looks` are Playwright's, such as `locale`, `color_scheme`."""
    width, height = SMALL_PHONE
    small = {"viewport": {"width": width, "height": height}}
    context = browser.new_context(java_script_enabled=has_scripts, **{**small, **looks})
    context.set_default_timeout(_PATIENCE_SECONDS * 1000)
    context.add_init_script(_TELL_VIOLATIONS)
    tab = Tab(context.new_page())

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_ANSWERED):
            tab.complaints.append(message.text)

    tab.page.on("console", note)
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    yield tab
    context.close()


def _hold(route: Route) -> None:
    route.abort("aborted")


def _axe() -> str:
    _, npm = node_and_npm()
    return (install(_AXE, npm) / "axe-core" / "axe.min.js").read_text("utf-8")
