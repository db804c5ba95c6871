"""Settings in the dashboard, in a real Chromium: receipts, mails, terms, and a payout for later."""

import io
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import pypdf
import pypdfium2
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from knative.components.keycloak.access import connect, read_pair
from knative.components.keycloak.person import Person, ensure_person
from tests.browser import Tab
from tests.chaos.judge import superuser
from tests.end_to_end.dashboard import (
    TEST_SECONDS,
    charge,
    open_dashboard,
    open_dashboard_as,
    open_page,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.waiting import wait_for
from tests.file_samples import logo
from tests.identity import PASSWORD
from tests.system import LocalSystem, WholeSystem

FOOTER: Final = "#eval(1) $x$ · NIU M0123 · Akwa"
RED: Final = bytes((200, 30, 60))
SECONDS: Final = 30.0

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@dataclass(frozen=True, slots=True)
class House:
    """A shop, its owner's tab, and that of somebody who only looks."""

    merchant: Merchant
    owner: Tab
    viewer: Tab

    def receipt(self) -> bytes:
        """The receipt of a payment that is made now."""
        charge_id = charge(self.merchant, "670000001", amount=2_500)

        def printed() -> str | None:
            found = self.merchant.read(f"/v1/receipts?source={charge_id}")["data"]
            return found[0]["pdf_url"] if found else None

        url = wait_for("its receipt", printed, seconds=SECONDS)
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - our own
            content: bytes = answer.read()
        return content


@pytest.fixture(scope="module")
def house(whole_system: WholeSystem, chromium: Browser) -> Iterator[House]:
    """Two people signed in on small phones, one in French and light, one in English and dark."""
    system = whole_system.with_people()
    with owned_merchant(system, "Aux Pagnes de Mokolo") as merchant, ExitStack() as tabs:
        top_up(system, merchant, 100_000)
        person = {"username": _look_on(system, merchant), "password": PASSWORD}
        owner = open_dashboard(system, merchant, chromium, locale="fr-CM", color_scheme="light")
        viewer = open_dashboard_as(
            person, system, merchant, chromium, locale="en-CM", color_scheme="dark"
        )
        yield House(merchant, tabs.enter_context(owner), tabs.enter_context(viewer))


def _look_on(system: LocalSystem, merchant: Merchant) -> str:
    """Somebody who may look and do nothing; the mail address."""
    url, _, realm = system.credentials["identity_url"].partition("/realms/")
    client_id, secret = read_pair(system.data_dir / "secrets" / "keycloak_administration")
    keycloak = connect(
        url, realm=realm, client_id=client_id, client_secret=secret, client_realm=realm
    )
    email = f"{uuid4().hex[:12]}@mokolo.example"
    person = ensure_person(keycloak, Person(email, PASSWORD, "merchant", "Awa", "Njoya"))
    with superuser(system) as connection:
        connection.run(
            "INSERT INTO platform.members (account_id, person, email, language, duty)"
            " VALUES (:account, :person, :email, 'en', 'viewer')",
            account=merchant.account,
            person=person,
            email=email,
        )
    return email


def _go(page: Page, *names: str) -> None:
    """Follow the menu, and then the rooms of the settings."""
    open_page(page, names[0])
    for name in names[1:]:
        page.locator("main nav").get_by_role("link", name=name, exact=True).click()


def _is_well(tab: Tab) -> None:
    expect(tab.page.locator("[aria-busy=true]")).to_have_count(0)
    assert not tab.overflows()
    assert tab.audit(is_live=True) == []


def _reds(document: bytes) -> int:
    """How many pixels of the logo's colour the one page has."""
    (page,) = pypdfium2.PdfDocument(document)
    bitmap = page.render(scale=0.5, rev_byteorder=True)
    return bytes(bitmap.buffer).count(RED)


def _text(document: bytes) -> str:
    (page,) = pypdf.PdfReader(io.BytesIO(document)).pages
    return page.extract_text()


def test_what_an_owner_adds_is_on_the_next_receipt(house: House) -> None:
    """A footer as it was typed and a large logo made smaller; a viewer is told that she may not."""
    page = house.owner.page
    _go(page, "Réglages", "Reçus")
    page.get_by_label("Pied de page").fill(FOOTER)
    words = FilePayload(name="logo.png", mimeType="image/png", buffer=b"no picture")
    page.get_by_label("Logo", exact=True).set_input_files(words)
    expect(page.get_by_text("pas une image PNG ou JPEG")).to_be_visible()
    picture = FilePayload(name="logo.png", mimeType="image/png", buffer=logo(1600, 800))
    page.get_by_label("Logo", exact=True).set_input_files(picture)
    expect(page.get_by_role("img", name="Logo")).to_be_visible()
    expect(page.locator("figure")).to_contain_text(FOOTER)
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Enregistré")).to_be_visible()
    _is_well(house.owner)

    receipt = house.receipt()
    assert FOOTER in _text(receipt)
    assert _reds(receipt) > 100
    assert house.merchant.read("/v1/account")["receipt_footer"] == FOOTER

    page = house.viewer.page
    _go(page, "Settings", "Receipts")
    expect(page.get_by_label("Footer")).to_have_value(FOOTER)
    expect(page.get_by_text("Logo saved")).to_be_visible()
    page.get_by_label("Footer").fill("mine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="duty of this person")).to_be_visible()
    _is_well(house.viewer)
    assert house.merchant.read("/v1/account")["receipt_footer"] == FOOTER


def test_each_room_of_the_settings_says_its_own(house: House) -> None:
    """What she hears by mail is kept, what is agreed is read, and a viewer is told nothing."""
    page = house.owner.page
    _go(page, "Réglages", "Notifications")
    case = page.get_by_label("Un paiement est examiné par nos équipes")
    case.click()
    expect(case).not_to_be_checked()
    expect(page.get_by_text("Une clé API a été créée")).to_be_visible()
    _is_well(house.owner)
    _go(page, "Réglages", "Frais et délais")
    expect(page.get_by_text("Un paiement est disponible 10 secondes après")).to_be_visible()
    expect(page.get_by_text("Paiements (Orange Money) : de")).to_be_visible()
    _is_well(house.owner)
    for room in ("Notifications", "Approbations", "Mode test", "Compte"):
        _go(page, "Réglages", room)
        if room == "Notifications":
            expect(case).not_to_be_checked()
        _is_well(house.owner)

    page = house.viewer.page
    _go(page, "Settings", "Notifications")
    expect(page.get_by_text("Your duty gets no mail")).to_be_visible()
    _is_well(house.viewer)


def test_a_payout_is_sent_later(house: House) -> None:
    """She is shown the time in Douala before it is held; it waits, and can be taken back."""
    page, at = house.owner.page, int(time.time()) // 60 * 60 + 2 * 86_400
    there = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(at + 3_600))
    _go(page, "Versements")
    page.get_by_role("link", name="Payer un numéro").click()
    page.get_by_label("Numéro", exact=True).fill("670000001")
    page.get_by_label("Montant (FCFA)").fill("7 500")
    page.get_by_label("Envoyer plus tard").fill(there)
    _is_well(house.owner)
    page.get_by_role("button", name="Vérifier le titulaire").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Envoi (heure de Douala)")
    expect(dialog.locator("time")).to_have_attribute("datetime", _iso(at))
    _is_well(house.owner)
    dialog.get_by_role("button", name="Verser 7").click()
    page.wait_for_url("**/payouts/po_*")
    [payout] = house.merchant.read("/v1/payouts")["data"]
    assert (payout["scheduled_at"], payout["status"]) == (at, "pending")
    expect(page.get_by_role("button", name="Annuler le versement")).to_be_visible()


def _iso(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
