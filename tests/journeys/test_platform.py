"""What administrators of the platform do in the dashboard: dead letters, bookings, accesses, money.

One of them reads French, the other English; what wants two wants both.
"""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

import pytest
import urllib3
from playwright.sync_api import Browser, Page, expect

from shared.domain.ids import new_id
from tests.browser import Tab
from tests.chaos.judge import superuser
from tests.end_to_end.administrators import open_platform
from tests.end_to_end.dashboard import (
    PATIENCE_SECONDS,
    TEST_SECONDS,
    open_dashboard,
    open_page,
    owned_merchant,
)
from tests.end_to_end.merchant import Merchant, Order
from tests.end_to_end.money import top_up
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem, WholeSystem

AMOUNT: Final = 12_500
FUNDS: Final = 40_000
LONG_AGO: Final = timedelta(days=40)
REASON: Final = "Ticket 4211 : un paiement que le marchand ne trouve pas"
# Stored under its lock, and its function died before it said so.
UNTOLD: Final = """
UPDATE {schema}.receipts SET object_key = NULL, version_id = NULL, sha256 = NULL, stored_at = NULL
WHERE charge_id = :charge"""
BURY: Final = """
INSERT INTO platform.dead_letters (id, topic, subscription, event_id, account_id, livemode,
  object_id, delivery_count)
VALUES (:id, 'payment-final', 'render_receipt--payment-final--test', :id, :account, false, :charge,
  100)"""

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """An account of the first owner's, with something to book."""
    with owned_merchant(system, "Les Vanneries de Bafut") as merchant:
        top_up(system, merchant, FUNDS)
        yield merchant


@pytest.fixture(scope="module")
def ada(system: LocalSystem, chromium: Browser) -> Iterator[Tab]:
    """One administrator of the platform."""
    with open_platform(system, chromium, locale="fr-CM") as tab:
        yield tab


@pytest.fixture(scope="module")
def grace(system: LocalSystem, chromium: Browser) -> Iterator[Tab]:
    """Another one."""
    with open_platform(system, chromium, locale="en-CM", color_scheme="dark") as tab:
        yield tab


def test_a_dead_letter_is_sent_again_and_its_work_is_done(
    system: LocalSystem, merchant: Merchant, ada: Tab
) -> None:
    """A receipt that nobody could record is there once an administrator has had it sent again."""
    charge = merchant.charge(Order("+237670000001", AMOUNT)).id
    _receipt(merchant, charge)
    letters = [_bury(system, merchant, charge) for _ in range(2)]
    assert merchant.read(f"/v1/charges/{charge}")["receipt_url"] is None

    page = ada.page
    _go(page, "Messages non distribuables")
    page.get_by_label("Travail").select_option("payment-final")
    page.get_by_label("État").select_option("waiting")
    rows = page.get_by_role("link").filter(has_text=charge)
    expect(rows).to_have_count(2)
    _look_at(ada)
    rows.last.click()
    page.get_by_role("button", name="Renvoyer", exact=True).click()
    asked = page.get_by_role("dialog")
    _look_at(ada)
    asked.get_by_role("button", name="Renvoyer", exact=True).click()
    expect(page.get_by_text("Il est reparti dans la file.")).to_be_visible()
    _look_at(ada)
    _receipt(merchant, charge)

    page.goto(f"{system.base_url}/dashboard/platform/dead-letters/{letters[1]}")
    page.get_by_role("button", name="Écarter").click()
    asked.get_by_label("Raison").fill("Le reçu est venu par un autre message")
    asked.get_by_role("button", name="Écarter").click()
    expect(page.get_by_role("status").filter(has_text="Écarté")).to_be_visible()
    expect(page.get_by_text("Le reçu est venu par un autre message")).to_be_visible()


def test_a_booking_is_made_by_two(merchant: Merchant, ada: Tab, grace: Tab) -> None:
    """Whoever proposed is refused in words; the other's approval moves the money once."""
    before = merchant.owned()
    page = ada.page
    _go(page, "Écritures")
    page.get_by_role("button", name="Proposer").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Compte du marchand").fill(merchant.account)
    asked.get_by_label("Mode").select_option("test")
    asked.get_by_label("Montant").fill("1 500")
    asked.get_by_label("Débit").select_option("available")
    asked.get_by_label("Crédit").select_option("fees:platform")
    asked.get_by_label("Raison").fill("Compté deux fois par notre faute")
    _look_at(ada)
    asked.get_by_role("button", name="Proposer").click()
    booking = page.get_by_role("article").filter(has_text=merchant.account)
    booking.get_by_role("button", name="Approuver").click()
    asked.get_by_role("button", name="Approuver").click()
    expect(asked.get_by_role("alert").filter(has_text="ne peut l'approuver")).to_be_visible()
    asked.get_by_role("button", name="Fermer").click()
    _look_at(ada)
    assert merchant.owned() == before

    page = grace.page
    _go(page, "Bookings")
    booking = page.get_by_role("article").filter(has_text=merchant.account)
    booking.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(booking.get_by_text("Booked", exact=True)).to_be_visible()
    _look_at(grace)
    assert merchant.owned() == before - 1_500


def test_money_is_moved_by_two(merchant: Merchant, ada: Tab, grace: Tab) -> None:
    """What a merchant put in at the bank is told by one, booked by another, and hers at once."""
    before, reference = merchant.owned(), f"VIR-{uuid4().hex[:8]}"
    page = ada.page
    _go(page, "Portefeuilles")
    page.get_by_role("button", name="Proposer").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Mouvement").select_option("merchant_top_up")
    asked.get_by_label("Mode").select_option("test")
    asked.get_by_label("Compte du marchand").fill(merchant.account)
    asked.get_by_label("Montant").fill("20 000")
    asked.get_by_label("Référence").fill(reference)
    asked.get_by_label("Raison").fill("Virement du marchand, vu à la banque")
    asked.get_by_role("button", name="Proposer").click()
    expect(page.get_by_text(reference)).to_be_visible()

    page = grace.page
    _go(page, "Wallets")
    move = page.get_by_role("listitem").filter(has_text=reference)
    move.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(move.get_by_text("Booked", exact=True)).to_be_visible()
    assert merchant.owned() == before + 20_000


def test_a_statement_is_uploaded_and_matched(system: LocalSystem, ada: Tab) -> None:
    """An operator's file is read to its end, and agrees with our books."""
    page = ada.page
    _go(page, "Relevés")
    page.get_by_label("(CSV)").set_input_files(
        {"name": "releve.csv", "mimeType": "text/csv", "buffer": _statement(system)}
    )
    page.get_by_role("button", name="Envoyer le relevé").click()
    page.wait_for_url("**/platform/statements/stm_*")
    expect(page.get_by_role("status").filter(has_text="Rapproché ·")).to_be_visible()
    expect(page.get_by_text("Tout concorde.")).to_be_visible()
    _look_at(ada)


def test_an_access_is_asked_for_and_the_merchant_sees_it(
    system: LocalSystem, merchant: Merchant, chromium: Browser, ada: Tab, grace: Tab
) -> None:
    """She looks for a reason; another ends it; the owner reads why, and what was read."""
    page = ada.page
    page.goto(f"{system.base_url}/dashboard/platform/accounts/{merchant.account}")
    page.get_by_role("button", name="Demander un accès").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Raison").fill(REASON)
    _look_at(ada)
    asked.get_by_role("button", name="Demander un accès").click()
    page.get_by_role("link", name="Voir le compte").click()
    expect(page.get_by_text("Accès en lecture seule")).to_be_visible()
    _settle(ada)
    _look_at(ada)
    _go(page, "Paiements")
    expect(page.get_by_text(re.compile("12.500")).first).to_be_visible()

    _go(grace.page, "Accesses")
    access = grace.page.get_by_role("article").filter(has_text=REASON)
    access.get_by_role("button", name="End").click()
    grace.page.get_by_role("dialog").get_by_role("button", name="End").click()
    expect(access).to_contain_text("Ended by")
    _look_at(grace)
    page.goto(f"{system.base_url}/dashboard/platform")

    with open_dashboard(system, merchant, chromium, locale="fr-CM", color_scheme="dark") as tab:
        _settle(tab)
        open_page(tab.page, "Journal")
        tab.page.get_by_role("link", name="Accès de la plateforme").click()
        look = tab.page.get_by_role("article").filter(has_text=REASON)
        expect(look).to_be_visible()
        _look_at(tab)
        look.get_by_role("link", name="Ce qui a été lu").click()
        read = tab.page.locator("details")
        expect(read.filter(has_text="account_access.ended")).to_have_count(1)
        expect(read.filter(has_text="account_access.used").first).to_be_visible()
        _look_at(tab)


def test_refunds_may_go_below_zero_as_far_as_the_platform_lends(
    system: LocalSystem, merchant: Merchant, ada: Tab
) -> None:
    """What an administrator sets stands on the account's page, and in the account's own words."""
    page = ada.page
    page.goto(f"{system.base_url}/dashboard/platform/accounts/{merchant.account}")
    page.get_by_role("button", name="Remboursements sous zéro").click()
    asked = page.get_by_role("dialog")
    asked.get_by_label("Limite en francs").fill("50 000")
    asked.get_by_label("Raison").fill("Encaisse le lundi, selon contrat")
    _look_at(ada)
    asked.get_by_role("button", name="Remboursements sous zéro").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text(re.compile("^50.000.FCFA$"))).to_be_visible()
    _look_at(ada)


def _bury(system: LocalSystem, merchant: Merchant, charge: str) -> str:
    """A message of a receipt that failed a hundred times, and the receipt that is lacking."""
    letter = new_id("dl", int(time.time() * 1000))
    with superuser(system) as connection:
        connection.run(UNTOLD.format(schema=f'"{merchant.schema}"'), charge=charge)
        connection.run(BURY, id=letter, account=merchant.account, charge=charge)
    return letter


def _receipt(merchant: Merchant, charge: str) -> None:
    wait_for(
        "a receipt",
        lambda: merchant.read(f"/v1/charges/{charge}")["receipt_url"],
        seconds=PATIENCE_SECONDS,
    )


def _statement(system: LocalSystem) -> bytes:
    """What the stand-in says of the prepared collection account, of a day long ago."""
    known = system.credentials
    day = str((datetime.now(UTC) - LONG_AGO).date())
    answer = urllib3.request(
        "GET",
        f"{known['simulator_url']}/_control/statement",
        fields={"from": day, "until": day},
        headers={"Authorization": f"Bearer {known['simulator_control_token']}"},
        timeout=30,
        retries=False,
    )
    assert answer.status == 200, answer.data
    return answer.data


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
