"""Ways into the dashboard for journeys: an account with an owner, and her browser signed in."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import Tab, open_tab
from tests.chaos.judge import superuser
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.get_chromium import FETCH_SECONDS
from tests.npm_packages import INSTALL_SECONDS
from tests.system import LocalSystem

PATIENCE_SECONDS: Final = 45.0
BOOT_SECONDS: Final = 600.0
TEST_SECONDS: Final = FETCH_SECONDS + INSTALL_SECONDS + BOOT_SECONDS + 4 * PATIENCE_SECONDS
AMOUNT: Final = 250_000
LIVE: Final = re.compile("En direct|Live")
MORE: Final = re.compile("Plus|More")


@contextmanager
def owned_merchant(system: LocalSystem, name: str) -> Iterator[Merchant]:
    """Another account of the first owner's; its webhooks are taken."""
    with open_merchant(system, name) as merchant:
        with superuser(system) as connection:
            connection.run(
                "INSERT INTO platform.members (account_id, person, email, language, duty)"
                " SELECT :account, person, email, language, duty FROM platform.members"
                " WHERE account_id = :first AND duty = 'owner'",
                account=merchant.account,
                first=system.credentials["account"],
            )
        yield merchant


def charge(merchant: Merchant, phone: str, **changes: Any) -> str:
    """Make a payment as the merchant's server does; its id."""
    body = {
        "amount": AMOUNT,
        "currency": "xaf",
        "payment_method": {"type": "mobile_money", "phone": phone},
    }
    made = merchant.call("POST", "/v1/charges", json.dumps(body | changes).encode())
    assert made.status == 200, made.data
    found: str = made.json()["id"]
    return found


def sign_in(page: Page, person: Mapping[str, str]) -> None:
    """Type name and password into Keycloak's own pages, one after the other."""
    page.locator("#username").fill(person["username"])
    page.locator("#kc-login").click()
    page.locator("#password").fill(person["password"])
    page.locator("#kc-login").click()


def menu(page: Page) -> Locator:
    """The menu, as the window has room for it."""
    return page.get_by_role("navigation", name="Pages", exact=True)


def open_more(page: Page) -> Locator:
    """What a phone's menu has behind its last button: other pages, the language, the way out."""
    menu(page).get_by_role("button", name=MORE).click()
    return page.get_by_role("dialog")


def open_page(page: Page, name: str) -> None:
    """Go where the menu leads."""
    menu(page).wait_for()
    link = menu(page).get_by_role("link", name=name, exact=True)
    if link.count() == 0:
        link = open_more(page).get_by_role("link", name=name, exact=True)
    link.click()


def open_dashboard(
    system: LocalSystem, merchant: Merchant, chromium: Browser, **looks: Any
) -> AbstractContextManager[Tab]:
    """The merchant's home, for its owner; of Keycloak's pages no complaint is kept."""
    return open_dashboard_as(system.credentials["dashboard"], system, merchant, chromium, **looks)


@contextmanager
def open_dashboard_as(
    person: Mapping[str, str],
    system: LocalSystem,
    merchant: Merchant,
    chromium: Browser,
    **looks: Any,
) -> Iterator[Tab]:
    """The merchant's home, for somebody of its team."""
    with open_tab(chromium, **looks) as tab:
        enter(tab, person, system, merchant)
        yield tab
        assert tab.complaints == []


def enter(tab: Tab, person: Mapping[str, str], system: LocalSystem, merchant: Merchant) -> None:
    """Come in by the front door, as far as the merchant's home."""
    tab.page.goto(f"{system.base_url}/")
    tab.page.locator("main button.button").click()
    tab.page.locator("#username").wait_for()
    assert tab.complaints == []
    sign_in(tab.page, person)
    # Chromium complains of a stream that is left before it began.
    expect(tab.page.locator("header [role=status]")).to_have_text(LIVE)
    tab.page.locator("header select").select_option(merchant.account)
    tab.page.wait_for_url(f"**/dashboard/{merchant.account}/test")
    tab.complaints.clear()
