"""Money out in the dashboard, in a real Chromium: one payout, a file, a second person."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from keycloak import KeycloakAdmin
from playwright.sync_api import Browser, FilePayload, Locator, Page, Route, expect

from knative.components.keycloak.access import connect, read_pair
from knative.components.keycloak.person import Person, ensure_person
from tests.browser import Tab
from tests.chaos.judge import superuser
from tests.end_to_end.dashboard import (
    LIVE,
    TEST_SECONDS,
    menu,
    open_dashboard,
    open_dashboard_as,
    owned_merchant,
    sign_in,
)
from tests.end_to_end.merchant import Merchant
from tests.end_to_end.money import top_up
from tests.end_to_end.waiting import wait_for
from tests.identity import PASSWORD
from tests.system import LocalSystem, WholeSystem

PAYEE: Final = "670000001"
NOBODYS: Final = "670000450"
FUNDS: Final = 500_000
# What people ask for needs a second person from here on; what keys ask for always.
FROM: Final = 50_000
RULE: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES (:id, 'approval', false, :account, '2020-01-01Z', CAST(:data AS jsonb))"""
HOSTILE: Final = "<img src=x onerror=alert(1)>"
WRONG: Final = f"phone,amount,name,reference\n+237670000001,30000,{HOSTILE},f-1\n12,30000,Awa,f-2\n"
RIGHT: Final = WRONG.replace("\n12,", "\n+237690000002,")
# A token that is over for this page, though not for Keycloak.
LATER: Final = "() => { const now = Date.now; Date.now = () => now() + 400_000; }"
STALE: Final = {"type": "about:blank", "error": {"code": "step_up_required", "message": "…"}}

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@dataclass(frozen=True, slots=True)
class Office:
    """A merchant with money, its owner's tab, and that of somebody of finance."""

    system: LocalSystem
    merchant: Merchant
    owner: Tab
    checker: Tab
    keycloak: KeycloakAdmin

    def open(self, tab: Tab, below: str) -> Page:
        """Load a page anew, by way of Keycloak, which asks for nothing.

        Not before the stream of the one before has begun: Chromium complains of one cut short.
        """
        expect(tab.page.locator("header [role=status]")).to_have_text(LIVE)
        address = f"{self.system.base_url}/dashboard/{self.merchant.account}/test{below}"
        tab.page.goto(address)
        menu(tab.page).wait_for()
        return tab.page

    def payouts(self, reference: str) -> list[dict[str, Any]]:
        """What the API knows by a reference."""
        found: list[dict[str, Any]]
        found = self.merchant.read(f"/v1/payouts?reference={reference}")["data"]
        return found

    def held(self) -> int:
        """What is held for what goes out."""
        return sum(part["amount"] for part in self.merchant.read("/v1/balance")["held"])

    def ask(self, amount: int, **changes: Any) -> str:
        """A payout that the merchant's server asks for; its id."""
        destination = {"type": "mobile_money", "phone": f"+237{PAYEE}"}
        body = {"amount": amount, "currency": "xaf", "destination": destination} | changes
        made = self.merchant.call("POST", "/v1/payouts", json.dumps(body).encode(), str(uuid4()))
        assert made.status == 200, made.data
        found: str = made.json()["id"]
        return found


@pytest.fixture(scope="module")
def office(whole_system: WholeSystem, chromium: Browser) -> Iterator[Office]:
    """Two people signed in, on small phones, one in French and light, one in English and dark."""
    system = whole_system.with_people()
    keycloak = _keycloak(system)
    with owned_merchant(system, "Coopérative du Wouri") as merchant, ExitStack() as tabs:
        top_up(system, merchant, FUNDS)
        _rule(system, merchant)
        email = _join(system, merchant, keycloak)
        owner = open_dashboard(system, merchant, chromium, locale="fr-CM", color_scheme="light")
        person = {"username": email, "password": PASSWORD}
        checker = open_dashboard_as(
            person, system, merchant, chromium, locale="en-CM", color_scheme="dark"
        )
        first, second = (tabs.enter_context(tab) for tab in (owner, checker))
        yield Office(system, merchant, first, second, keycloak)


def _keycloak(system: LocalSystem) -> KeycloakAdmin:
    url, _, realm = system.credentials["identity_url"].partition("/realms/")
    client_id, secret = read_pair(system.data_dir / "secrets" / "keycloak_administration")
    return connect(url, realm=realm, client_id=client_id, client_secret=secret, client_realm=realm)


def _rule(system: LocalSystem, merchant: Merchant) -> None:
    data = json.dumps({"keys_from": 0, "people_from": FROM})
    with superuser(system) as connection:
        connection.run(RULE, id=f"approval {merchant.account}", account=merchant.account, data=data)


def _join(system: LocalSystem, merchant: Merchant, keycloak: KeycloakAdmin) -> str:
    """Somebody of finance in the account; the mail address."""
    email = f"{uuid4().hex[:12]}@wouri.example"
    person = ensure_person(keycloak, Person(email, PASSWORD, "merchant", "Dib", "Eyidi"))
    with superuser(system) as connection:
        connection.run(
            "INSERT INTO platform.members (account_id, person, email, language, duty)"
            " VALUES (:account, :person, :email, 'en', 'finance')",
            account=merchant.account,
            person=person,
            email=email,
        )
    return email


def _fill(page: Page, reference: str, phone: str = PAYEE) -> None:
    page.get_by_label("Numéro", exact=True).fill(phone)
    page.get_by_label("Montant (FCFA)").fill("12 500")
    page.get_by_label("Référence").fill(reference)
    page.get_by_role("button", name="Vérifier le titulaire").click()


def _is_well(tab: Tab) -> None:
    expect(tab.page.locator("[aria-busy=true]")).to_have_count(0)
    assert tab.complaints == []
    assert not tab.overflows()
    assert tab.audit(is_live=True) == []


def test_a_payout_goes_once_to_whom_she_has_seen(office: Office) -> None:
    """The holder is named first; a double click sends one, and it ends before her eyes."""
    reference = f"salaire-{uuid4().hex[:12]}"
    page = office.open(office.owner, "/payouts/new")
    lookup = json.dumps({"phone": PAYEE}).encode()
    named = office.merchant.call("POST", "/v1/holder_lookups", lookup).json()["name"]

    _fill(page, reference, phone="12")
    expect(page.get_by_label("Numéro", exact=True)).to_have_attribute("aria-invalid", "true")
    _is_well(office.owner)
    _fill(page, reference, phone=NOBODYS)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("opérateur ne connaît personne à ce numéro.")
    dialog.get_by_role("button", name="Fermer").click()
    page.get_by_label("Nom du bénéficiaire").fill("Zébulon Inconnu")
    _fill(page, reference)
    expect(dialog).to_contain_text(named)
    expect(dialog).to_contain_text("pas le nom saisi")
    _is_well(office.owner)
    assert office.payouts(reference) == []

    dialog.get_by_role("button", name="Verser 12").dblclick()
    page.wait_for_url("**/payouts/po_*")
    expect(page.locator("main [role=status]").first).to_contain_text("Versé")
    expect(page.locator("ol li").filter(has_text="Versé")).to_have_count(1)
    _is_well(office.owner)
    [made] = office.payouts(reference)
    assert (made["status"], made["amount"]) == ("paid", 12_500)

    page = office.open(office.owner, f"/payouts?status=paid&reference={reference}")
    expect(page.locator("main li a").filter(has_text="12 500 FCFA")).to_have_count(1)
    _is_well(office.owner)


def test_a_session_that_ends_in_the_middle_loses_nothing(office: Office) -> None:
    """She signs in again, finds the form as she left it, and one payout is made."""
    reference = f"loyer-{uuid4().hex[:12]}"
    page = office.open(office.owner, "/payouts/new")
    _fill(page, reference)
    send = page.get_by_role("dialog").get_by_role("button", name="Verser 12")
    expect(send).to_be_visible()

    known = office.system.credentials["dashboard"]
    [person] = office.keycloak.get_users({"username": known["username"], "exact": True})
    office.keycloak.user_logout(person["id"])
    page.evaluate(LATER)
    send.click()
    expect(page.get_by_role("heading", name="Votre session a expiré")).to_be_visible()
    assert office.payouts(reference) == []

    page.get_by_role("button", name="Se connecter").click()
    sign_in(page, known)
    expect(page.get_by_label("Référence")).to_have_value(reference)
    expect(page.get_by_label("Montant (FCFA)")).to_have_value("12 500")
    office.owner.complaints.clear()  # of Keycloak's pages, and of what the end of the session cut
    page.get_by_role("button", name="Vérifier le titulaire").click()
    send.click()
    page.wait_for_url("**/payouts/po_*")
    expect(page.locator("main [role=status]").first).to_contain_text("Versé")
    assert len(office.payouts(reference)) == 1


def test_what_waits_is_taken_back(office: Office) -> None:
    """A payout that is put off is canceled by its page, and all of it is available again."""
    page = office.open(office.owner, "/approvals")
    expect(page.get_by_text("Aucun versement n")).to_be_visible()
    held = office.held()
    made = office.ask(7000, scheduled_at=int(time.time()) + 86_400)
    assert office.held() == held + 7000

    page.get_by_role("button", name="Afficher 1 nouvelle ligne").click()
    _is_well(office.owner)
    page.locator(f"main a[href$='/payouts/{made}']").click()
    page.get_by_role("button", name="Annuler le versement").click()
    page.get_by_role("dialog").get_by_role("button", name="Annuler le versement").click()
    expect(page.locator("main [role=status]").first).to_contain_text("Annulé")
    assert office.held() == held


def test_a_file_is_paid_after_a_second_person_has_seen_it(office: Office, tmp_path: Path) -> None:
    """An error is told by its line and nothing moves; the corrected file goes after her yes."""
    page, held = office.open(office.owner, "/batches/new"), office.held()
    _choose(page, "phone,amount\n" + "670000001,1\n" * 10_001)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("Un lot compte 10")
    dialog.get_by_role("button", name="Fermer").click()
    _choose(page, WRONG)
    faults = page.get_by_role("table").last.locator("tbody tr")
    expect(faults).to_have_count(1)
    expect(faults.first.get_by_role("rowheader")).to_have_text("3")
    expect(faults.first).to_contain_text("phone")
    expect(page.get_by_role("cell", name=HOSTILE)).to_be_visible()
    _is_well(office.owner)
    assert (office.held(), office.merchant.read("/v1/payout_batches")["data"]) == (held, [])

    _choose(page, RIGHT)
    page.wait_for_url("**/batches/pb_*")
    state = page.locator("main [role=status]").first
    expect(state).to_contain_text("À approuver")
    assert office.held() == held + 60_000
    page.get_by_role("button", name="Approuver").click()
    dialog.get_by_role("button", name="Approuver").click()
    expect(dialog.get_by_role("alert")).to_contain_text("ne peut l'approuver")
    dialog.get_by_role("button", name="Fermer").click()
    expect(page.locator("main li").filter(has_text=HOSTILE)).to_have_count(1)
    _is_well(office.owner)

    other = office.open(office.checker, "/approvals")
    other.locator("main li a").filter(has_text="60 000 FCFA").click()
    expect(other.locator("main li").filter(has_text=HOSTILE)).to_be_visible()
    other.get_by_role("button", name="Approve").click()
    other.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(other.get_by_role("button", name="Approve")).to_have_count(0)
    expect(state).to_contain_text("Terminé")
    expect(page.get_by_text("2 terminés sur 2")).to_be_visible()
    expect(other.locator("main [role=status]").first).to_contain_text("Completed")
    _is_well(office.checker)
    with page.expect_download() as kept:
        page.get_by_role("button", name="Résultats (CSV)").click()
    kept.value.save_as(tmp_path / "results.csv")
    rows = (tmp_path / "results.csv").read_text("utf-8").splitlines()
    assert [",paid," in row for row in rows] == [False, True, True]
    page = office.open(office.owner, "/batches?status=completed")
    expect(page.locator("main li a").filter(has_text="60 000 FCFA")).to_have_count(1)
    _is_well(office.owner)


def _choose(page: Page, file: str) -> None:
    """Choose a file and send it, as far as that goes."""
    chosen = FilePayload(name="salaires.csv", mimeType="text/csv", buffer=file.encode())
    page.get_by_label("Fichier CSV").set_input_files(chosen)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("dialog").get_by_role("button", name="Payer le fichier").click()


def test_of_two_who_approve_at_once_one_is_told(office: Office) -> None:
    """One of them first signs in again, and finds her words where she left them."""
    made = office.ask(9000)
    mine, theirs = (office.open(tab, f"/payouts/{made}") for tab in (office.owner, office.checker))
    mine.route("**/v1/payouts/*/approve", _stale, times=1)
    yes = _begin(mine, "Approuver", "Motif", "facture vue")
    yes.click()
    mine.get_by_role("button", name="Me reconnecter").click()
    mine.locator("#password").fill(office.system.credentials["dashboard"]["password"])
    mine.locator("#kc-login").click()
    expect(mine.get_by_label("Motif")).to_have_value("facture vue")
    office.owner.complaints.clear()
    other = _begin(theirs, "Approve", "Reason", "seen")

    yes.click(no_wait_after=True)
    other.click(no_wait_after=True)
    told = [
        page.get_by_role("dialog").get_by_role("alert").filter(has_text=words)
        for page, words in ((mine, "déjà été tranché"), (theirs, "has been decided"))
    ]
    wait_for("one who is told", lambda: sum(each.count() for each in told) == 1, seconds=20)
    for page, word in ((mine, "Versé"), (theirs, "Paid")):
        expect(page.locator("main [role=status]").first).to_contain_text(word)
    payout = office.merchant.read(f"/v1/payouts/{made}")
    winner = mine if told[1].count() else theirs
    assert payout["approval"]["reason"] == ("facture vue" if winner is mine else "seen")
    expect(winner.get_by_role("dialog")).to_have_count(0)


def _begin(page: Page, word: str, label: str, reason: str) -> Locator:
    """Open the question and type a reason; the button that answers it."""
    page.get_by_role("button", name=word, exact=True).click()
    page.get_by_label(label).fill(reason)
    return page.get_by_role("dialog").get_by_role("button", name=word, exact=True)


def _stale(route: Route) -> None:
    """What the API answers whose sign-in is long ago."""
    route.fulfill(status=403, json=STALE)


def test_what_is_available_goes_by_itself_until_she_says_no(office: Office) -> None:
    """A settlement is set after a look at its holder, shown, and ended; top-ups have their page."""
    page = office.open(office.owner, "/settlement")
    expect(page.get_by_text("Rien ne part automatiquement.")).to_be_visible()
    page.get_by_label("Votre numéro").fill(PAYEE)
    page.get_by_label("Fréquence").select_option("weekly")
    page.get_by_label("Jour", exact=True).select_option("5")
    page.get_by_label("À garder sur le solde (FCFA)").fill("10 000")
    _is_well(office.owner)
    page.get_by_role("button", name="Vérifier le titulaire").click()
    page.get_by_role("dialog").get_by_role("button", name="Mettre en place").click()
    expect(page.get_by_role("heading", name="Chaque vendredi à 18 h")).to_be_visible()
    rule = office.merchant.read("/v1/account/settlement")
    assert (rule["weekday"], rule["keep_back"], rule["minimum"]) == (5, 10_000, 1)
    _is_well(office.owner)

    page.get_by_role("button", name="Arrêter").click()
    page.get_by_role("dialog").get_by_role("button", name="Arrêter").click()
    expect(page.get_by_text("Rien ne part automatiquement.")).to_be_visible()
    assert office.merchant.call("GET", "/v1/account/settlement").status == 404

    page = office.open(office.owner, "/topups")
    expect(page.get_by_text("Aucune recharge")).to_be_visible()
    _is_well(office.owner)
