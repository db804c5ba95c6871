"""A payer's own pages in a real Chromium: from a receipt by a code on her phone to her payments."""

import re
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import Tab, open_tab
from tests.chaos.judge import superuser
from tests.end_to_end.dashboard import PATIENCE_SECONDS, TEST_SECONDS
from tests.end_to_end.merchant import Merchant, Order, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem, WholeSystem

SHOP: Final = "Ndolè & Fils"
WRONG: Final = "000000"
IS_SAID: Final = re.compile(r"\w")
# HTML, style and scripts of the first page, as they go over the wire.
MOST_BYTES: Final = 198_000
MERCHANTS_ALONE: Final = ("code_challenge", "QueryClient", "pay.signed_in", "DialogContent")
"""Words of what signs merchants in, fetches and asks for them."""
SCRIPTS: Final = """async () => Promise.all(performance.getEntriesByType("resource")
  .filter((each) => each.name.endsWith(".js")).map(async (each) => (await fetch(each.name)).text()))
"""
END_SESSIONS: Final = "UPDATE platform.customer_sessions SET expires_at = now()"

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """Who was paid."""
    with open_merchant(system, SHOP) as merchant:
        yield merchant


def test_a_payer_comes_from_a_receipt_to_all_her_payments(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """A receipt's page leads to the proof; what is wrong stands at its field, and one SMS comes."""
    phone = _phone()
    paid = _paid(merchant, phone, 12_500)
    receipt = _code(merchant, paid)
    with open_tab(chromium, locale="fr-CM", color_scheme="light") as tab:
        page = tab.page
        page.goto(f"{system.base_url}/verify/{receipt}")
        page.get_by_role("link", name="Voir tous vos paiements").click()
        page.wait_for_url("**/dashboard/my#*")
        expect(page.get_by_label("Code d")).to_have_value(receipt)
        _look_at(tab)
        number = page.get_by_label("Numéro qui a payé")
        number.fill("12")
        page.get_by_role("button", name="Recevoir un code").click()
        expect(number).to_have_attribute("aria-invalid", "true")
        number.fill(phone.removeprefix("+237"))
        page.get_by_role("button", name="Recevoir un code").dblclick()

        code = page.get_by_label("Code à six chiffres")
        expect(page.get_by_role("heading", name="Code par SMS")).to_be_focused()
        [text] = _texts(system, phone)
        page.reload()  # as a small phone does while the SMS is read elsewhere
        code.fill(WRONG)
        page.get_by_role("button", name="Voir mes paiements").click()
        expect(code).to_have_attribute("aria-invalid", "true")
        _look_at(tab)
        code.fill(f"{text[:3]} {text[3:]}")
        page.get_by_role("button", name="Voir mes paiements").click()

        row = page.locator("main li")
        expect(row).to_contain_text("12 500 FCFA✓ Payé")
        expect(row).to_contain_text(SHOP)
        assert len(_texts(system, phone)) == 1
        _look_at(tab)


def test_each_payment_says_what_became_of_it(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """What was paid has its receipt and what was refused has none; leaving forgets all of it."""
    phone = _phone()
    paid = _paid(merchant, phone, 12_500)
    refused = _refused(system, merchant, phone)
    with open_tab(chromium, locale="fr-CM", color_scheme="dark") as tab:
        page = tab.page
        page.goto(f"{system.base_url}/dashboard/my#{_code(merchant, paid)}")
        page.get_by_label("Numéro qui a payé").fill(phone)
        page.get_by_role("button", name="Recevoir un code").click()
        page.get_by_label("Code à six chiffres").fill(_texts(system, phone)[0])
        page.get_by_role("button", name="Voir mes paiements").click()
        page.locator(f"a[href$='/my/{refused}']").click()
        expect(page.get_by_text("Le paiement n")).to_be_visible()
        expect(page.get_by_role("link", name="Ouvrir le reçu")).to_have_count(0)
        page.get_by_role("link", name="Mes paiements").click()
        page.locator(f"a[href$='/my/{paid}']").click()
        expect(page.get_by_text(f"Adressez-vous à {SHOP}")).to_be_visible()
        expect(page.get_by_text(paid)).to_be_visible()
        _look_at(tab)
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Ouvrir le reçu").click()
        expect(opened.value.get_by_text("Ce reçu est authentique.")).to_be_visible()

        page.get_by_role("button", name="Quitter").click()
        expect(page.get_by_label("Code d")).to_be_visible()
        expect(page.get_by_text(SHOP)).to_have_count(0)
        page.go_back()
        expect(page.get_by_label("Code d")).to_be_visible()
        assert page.evaluate("() => Object.keys(sessionStorage).length") == 0
        assert tab.complaints == []


def test_another_number_is_shown_nothing(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """A receipt of somebody else's brings the same page and no SMS; her own brings only her own."""
    mine, hers = _phone(), _phone()
    own, other = _paid(merchant, mine, 3_000), _paid(merchant, hers, 4_000)
    with open_tab(chromium, locale="en-CM", color_scheme="dark") as tab:
        page = tab.page
        page.goto(f"{system.base_url}/dashboard/my/{other}")
        _ask(page, _code(merchant, other), mine)
        code = page.get_by_label("Code of six digits")
        code.fill(WRONG)
        page.get_by_role("button", name="See my payments").click()
        expect(code).to_have_attribute("aria-invalid", "true")
        assert _read_texts(system, mine) == []
        page.get_by_role("button", name="Correct, or ask").click()

        _ask(page, _code(merchant, own), mine)
        code.fill(_texts(system, mine)[0])
        page.get_by_role("button", name="See my payments").click()
        expect(page.get_by_role("alert").filter(has_text=IS_SAID)).to_have_count(1)
        expect(page.get_by_text("4 000 FCFA")).to_have_count(0)
        _look_at(tab)
        page.get_by_role("link", name="My payments").click()
        rows = page.locator("main li")
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text("3 000 FCFA")
        _look_at(tab)


def test_a_session_that_is_over_says_so_and_shows_nothing(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """After half an hour what was shown is gone, in words, and the way back stands there."""
    phone = _phone()
    paid = _paid(merchant, phone, 2_000)
    with open_tab(chromium, locale="en-CM") as tab:
        page = tab.page
        page.goto(f"{system.base_url}/dashboard/my")
        _ask(page, _code(merchant, paid), phone)
        page.get_by_label("Code of six digits").fill(_texts(system, phone)[0])
        page.get_by_role("button", name="See my payments").click()
        expect(page.locator("main li")).to_have_count(1)
        with superuser(system) as connection:
            connection.run(END_SESSIONS)
        page.get_by_role("button", name="Refresh").click()

        expect(page.get_by_text("Your half hour is over.")).to_be_visible()
        expect(page.get_by_text(SHOP)).to_have_count(0)
        expect(page.get_by_label("Code of a receipt")).to_be_visible()
        _look_at(tab)
        page.get_by_role("button", name="Français").click()
        expect(page.get_by_text("une demi-heure a pris fin.")).to_be_visible()


def test_her_pages_load_nothing_of_a_merchants(system: LocalSystem, chromium: Browser) -> None:
    """Neither sign-in, nor what fetches and asks for merchants; and it is not much in all."""
    with open_tab(chromium, locale="fr-CM") as tab:
        weight = tab.open(f"{system.base_url}/dashboard/my")
        assert 0 < weight <= MOST_BYTES, weight
        scripts = tab.page.evaluate(SCRIPTS)
        loaded = [word for word in MERCHANTS_ALONE if any(word in script for script in scripts)]
        assert scripts
        assert loaded == []
        assert "Liens de paiement" not in tab.page.content()
        assert tab.complaints == []


def _phone() -> str:
    """A number that pays, and nobody's before."""
    return f"+23767{uuid4().int % 10_000:04d}001"


def _paid(merchant: Merchant, phone: str, amount: int) -> str:
    made = merchant.charge(Order(phone, amount)).id
    assert merchant.wait_final(made, seconds=PATIENCE_SECONDS)["status"] == "succeeded"
    return made


def _refused(system: LocalSystem, merchant: Merchant, phone: str) -> str:
    """A payment that she did not confirm, of a number that pays otherwise."""
    operator = OperatorControl.of(system)
    operator.fault(phone, "outcome", status="FAILED", reason="APPROVAL_REJECTED")
    made = merchant.charge(Order(phone, 9_000)).id
    assert merchant.wait_final(made, seconds=PATIENCE_SECONDS)["status"] == "failed"
    return made


def _code(merchant: Merchant, charge: str) -> str:
    """The code on a payment's receipt."""
    url: str = wait_for(
        "a receipt",
        lambda: merchant.read(f"/v1/charges/{charge}")["receipt_url"],
        seconds=PATIENCE_SECONDS,
    )
    return url.rpartition("/")[2].removesuffix(".pdf")


def _texts(system: LocalSystem, phone: str) -> list[str]:
    """The codes that came to a number, once there are any."""
    return wait_for("a text", lambda: _read_texts(system, phone), seconds=PATIENCE_SECONDS)


def _read_texts(system: LocalSystem, phone: str) -> list[str]:
    files = (system.data_dir / "mailbox").glob("*.txt")
    texts = [text for text in (file.read_text("utf-8") for file in files) if phone in text]
    return [re.findall(r"\b[0-9]{6}\b", text.partition("\n\n")[2])[0] for text in texts]


def _ask(page: Page, receipt: str, phone: str) -> None:
    """Ask for a code, as whoever has a receipt on paper."""
    page.get_by_label("Code of a receipt").fill(f" {receipt.upper()[:6]}-{receipt.upper()[6:]}")
    page.get_by_label("Number that paid").fill(phone)
    page.get_by_role("button", name="Get a code by SMS").click()


def _look_at(tab: Tab) -> None:
    expect(tab.page.locator("[aria-busy=true]")).to_have_count(0)
    assert tab.complaints == []
    assert not tab.overflows()
    assert tab.audit(is_live=True) == []
