"""People in the dashboard: a team and its invitations, an account's rules, the platform's own."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser import Tab, open_tab
from tests.end_to_end.administrators import open_platform
from tests.end_to_end.dashboard import (
    PATIENCE_SECONDS,
    TEST_SECONDS,
    open_dashboard,
    open_page,
    owned_merchant,
    sign_in,
)
from tests.end_to_end.lost_payout import lose_payout
from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.waiting import wait_for
from tests.sign_in import Person, follow_link
from tests.system import LocalSystem, WholeSystem

PASSWORD: Final = "mangoes in the rain"
LINK: Final = re.compile(r"https?://[^\s>]+")
FUNDS: Final = 50_000
AMOUNT: Final = 12_500
DOCUMENTS: Final = ("trade_register", "tax_card", "owner_identity")
pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """A second account of the first owner's; its webhooks are taken."""
    with owned_merchant(system, "Les Tissus de Foumban") as merchant:
        yield merchant


def test_an_invited_person_comes_in_and_is_told_what_she_may_not(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """The mail's link outlives her sign-in; as a viewer she sees the team, and invites nobody."""
    email = f"bih-{uuid4().hex[:12]}@shop.example"
    with open_dashboard(system, merchant, chromium, locale="fr-CM", color_scheme="dark") as tab:
        _settle(tab)
        _go(tab.page, "Équipe")
        _invite(tab.page, email, to_be_sent=tab)
        expect(tab.page.get_by_role("dialog")).to_have_count(0)
        expect(tab.page.get_by_text(email)).to_be_visible()
        _look_at(tab)

    password, link = wait_for("two mails", lambda: _links(system, email), seconds=PATIENCE_SECONDS)
    follow_link(password, Person(email, PASSWORD))
    with open_tab(chromium, locale="fr-CM") as tab:
        page = tab.page
        page.goto(link)
        page.get_by_role("button", name="Se connecter").click()
        sign_in(page, {"username": email, "password": PASSWORD})
        accept = page.get_by_role("button", name="Accepter")
        expect(accept).to_be_visible()
        tab.complaints.clear()
        _look_at(tab)
        accept.click()
        page.wait_for_url(f"**/dashboard/{merchant.account}/test")

        _go(page, "Équipe")
        expect(page.get_by_text(f"{email} (vous)")).to_be_visible()
        _invite(page, "somebody@shop.example")
        said = page.get_by_role("dialog").get_by_role("alert").filter(has_text="ne donne le droit")
        expect(said).to_be_visible()
        assert tab.complaints == []


def test_an_owner_sets_rules_and_reads_who_did(
    system: LocalSystem, merchant: Merchant, chromium: Browser
) -> None:
    """What she sets is there and in the audit log, as a file too; test data goes by a name."""
    with open_dashboard(system, merchant, chromium, locale="fr-CM") as tab:
        page = tab.page
        _settle(tab)
        _go(page, "Réglages")
        page.get_by_role("link", name="Approbations").click()
        page.get_by_role("button", name="Changer", exact=True).click()
        asked = page.get_by_role("dialog")
        asked.get_by_label("Demandés par une clé").fill("100 000")
        _look_at(tab)
        asked.get_by_role("button", name="Changer").click()
        expect(page.get_by_text("À partir de 100 000 FCFA")).to_be_visible()

        page.get_by_role("link", name="Mode test").click()
        page.get_by_role("button", name="Tout effacer").click()
        asked.get_by_label("Nom du compte").fill("Les Tissus")
        asked.get_by_role("button", name="Tout effacer").click()
        expect(asked.get_by_text("pas le nom du compte")).to_be_visible()
        asked.get_by_label("Nom du compte").fill("Les Tissus de Foumban")
        asked.get_by_role("button", name="Tout effacer").click()
        expect(page.get_by_text("Le mode test est vide")).to_be_visible()
        page.get_by_role("button", name="Avancer").click()
        asked.get_by_role("button", name="Avancer").click()
        expect(page.get_by_text("1 jour 0 heure")).to_be_visible()
        _look_at(tab)

        _go(page, "Journal")
        page.get_by_label("Action").fill("payout_approval.changed")
        page.get_by_role("button", name="Filtrer").click()
        page.wait_for_url("**/audit?action=payout_approval.changed")
        entry = page.locator("details")
        expect(entry).to_have_count(1)
        entry.locator("summary").click()
        expect(entry.get_by_text("vous")).to_be_visible()
        expect(entry.get_by_text('"keys_from": 100000')).to_be_visible()
        _look_at(tab)
        with page.expect_download() as download:
            page.get_by_role("button", name="Télécharger").click()
        lines = Path(download.value.path()).read_text("utf-8").splitlines()
        assert any("payout_approval.changed" in line for line in lines[1:])


@pytest.fixture(scope="module")
def shop(system: LocalSystem) -> Iterator[Merchant]:
    """An account whose test data nobody deletes."""
    with open_merchant(system, "Boutique Perdue") as merchant:
        yield merchant


@pytest.fixture(scope="module")
def ada(system: LocalSystem, chromium: Browser) -> Iterator[Tab]:
    """One administrator of the platform."""
    with open_platform(system, chromium, locale="fr-CM", color_scheme="dark") as tab:
        yield tab


@pytest.fixture(scope="module")
def grace(system: LocalSystem, chromium: Browser) -> Iterator[Tab]:
    """Another one."""
    with open_platform(system, chromium, locale="en-CM") as tab:
        yield tab


def test_one_administrator_proposes_an_activation_and_another_approves(
    ada: Tab, grace: Tab
) -> None:
    """Whoever proposed is refused in words; the second person's approval opens the live mode."""
    name = f"Les Poteries de Bamessing {uuid4().hex[:6]}"
    page = ada.page
    _go(page, "Comptes")
    page.get_by_role("button", name="Ouvrir un compte").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Nom").fill(name)
    asked.get_by_role("button", name="Ouvrir un compte").click()
    expect(page.get_by_text(re.compile("^sk_test_"))).to_be_visible()
    _look_at(ada)
    page.get_by_role("link", name=name).last.click()
    for kind in DOCUMENTS:
        _record(page, kind)
    page.get_by_role("button", name="Proposer", exact=True).click()
    asked.get_by_label("Raison").fill("Dossier complet, vu en agence")
    _look_at(ada)
    asked.get_by_role("button", name="Proposer", exact=True).click()
    page.get_by_role("button", name="Approuver").click()
    asked.get_by_role("button", name="Approuver").click()
    expect(asked.get_by_role("alert").filter(has_text="ne peut l'approuver")).to_be_visible()
    asked.get_by_role("button", name="Fermer").click()
    address = page.url

    page = grace.page
    page.goto(address)
    page.get_by_role("button", name="Approve").click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("No change is proposed.")).to_be_visible()
    expect(page.locator("main section").first).to_contain_text("Test, Live")
    _look_at(grace)


def test_a_case_is_resolved_by_two_persons(
    system: LocalSystem, shop: Merchant, ada: Tab, grace: Tab
) -> None:
    """A payout that the operator knows nothing of: one proposes its end, another approves it."""
    payout = _lose(system, shop)
    page = ada.page
    page.goto(f"{system.base_url}/dashboard/platform/cases?status=open")
    case = page.get_by_role("link").filter(has_text=payout)
    expect(case).to_contain_text("Sans réponse depuis un jour")
    _look_at(ada)
    case.click()
    page.get_by_role("button", name="Proposer la fin").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Raison").fill("Ticket MTN 88123 : jamais reçu")
    asked.get_by_role("button", name="Proposer la fin").click()
    expect(page.get_by_text("Attend une autre personne")).to_be_visible()
    address = page.url

    page = grace.page
    page.goto(address)
    page.get_by_role("button", name="Approve the end").click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("button", name="Approve the end").click()
    expect(page.get_by_text("not_received").first).to_be_visible()
    expect(page.get_by_text("Carried out", exact=False)).to_be_visible()
    _look_at(grace)
    page.get_by_role("button", name="Close the case").click()
    asked.get_by_label("Reason").fill("Ended by hand, the money is given back")
    asked.get_by_role("button", name="Close the case").click()
    expect(page.get_by_text("Ended by hand, the money is given back")).to_be_visible()
    ended = shop.read(f"/v1/payouts/{payout}")
    assert (ended["status"], ended["failure_code"]) == ("failed", "not_received")


def test_the_platform_is_for_its_administrators_alone(
    system: LocalSystem, merchant: Merchant, chromium: Browser, ada: Tab
) -> None:
    """Wallets, statements and what was done there; a merchant's owner is told so in words."""
    page = ada.page
    for name in ("Portefeuilles", "Relevés", "Journal"):
        _go(page, name)
        _look_at(ada)
    expect(
        page.locator("details").filter(has_text="account.document_recorded").first
    ).to_be_visible()
    with open_dashboard(system, merchant, chromium, locale="fr-CM") as tab:
        _settle(tab)
        tab.page.goto(f"{system.base_url}/dashboard/platform")
        expect(tab.page.get_by_role("heading", name="Cette partie est réservée")).to_be_visible()
        _look_at(tab)


def _record(page: Page, kind: str) -> None:
    """Note that a document was looked at; it stays where it is."""
    page.get_by_role("button", name="Noter un document").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Document", exact=True).select_option(kind)
    paper: FilePayload = {
        "name": f"{kind}.pdf",
        "mimeType": "application/pdf",
        "buffer": kind.encode(),
    }
    asked.get_by_label("Fichier").set_input_files(paper)
    expect(asked.get_by_text(f"{kind}.pdf · SHA-256")).to_be_visible()
    asked.get_by_role("button", name="Noter un document").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(f"{kind}.pdf").first).to_be_visible()


def _lose(system: LocalSystem, merchant: Merchant) -> str:
    """A payout of hers that never reached the operator."""
    top_up(system, merchant, FUNDS)
    return lose_payout(system, merchant, AMOUNT)


def _settle(tab: Tab) -> None:
    """Let the stream begin: whoever leaves sooner hears the browser complain of the socket."""
    expect(tab.page.get_by_text("En direct", exact=False)).to_be_visible()
    tab.complaints.clear()


def _go(page: Page, name: str) -> None:
    open_page(page, name)
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def _look_at(tab: Tab) -> None:
    """Nobody is shut out of this page, on the smallest phone."""
    expect(tab.page.locator("[aria-busy=true]")).to_have_count(0)
    assert not tab.overflows()
    assert tab.audit(is_live=True) == []


def _invite(page: Page, email: str, to_be_sent: Tab | None = None) -> None:
    """Ask an address into the team; in a tab that is given, loaded anew in between."""
    page.get_by_role("button", name="Inviter", exact=True).click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Adresse e-mail").fill(email)
    if to_be_sent is not None:
        page.reload()
        _settle(to_be_sent)
        expect(asked.get_by_label("Adresse e-mail")).to_have_value(email)
        _look_at(to_be_sent)
    asked.get_by_role("button", name="Inviter", exact=True).click()


def _links(system: LocalSystem, address: str) -> list[str] | None:
    """The links of both mails to an address, Keycloak's first; None until both are there."""
    found = []
    for file in (system.data_dir / "mailbox").glob("*.eml"):
        mail = message_from_bytes(file.read_bytes(), policy=default)
        body = mail.get_body(("plain",)) if str(mail["To"]) == address else None
        found += [] if body is None else LINK.findall(body.get_content())[:1]
    return sorted(found, key=lambda link: "#inv_" in link) if len(found) > 1 else None
