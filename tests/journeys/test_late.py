"""What merchants decide now and then, in a real Chromium: late money, a duty, a batch, a link."""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.browser import Tab, open_tab
from tests.chaos.judge import superuser
from tests.end_to_end.dashboard import (
    PATIENCE_SECONDS,
    TEST_SECONDS,
    charge,
    open_dashboard,
    owned_merchant,
)
from tests.end_to_end.merchant import BatchOrder, Merchant, Order
from tests.end_to_end.money import top_up
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem, WholeSystem

FUNDS: Final = 200_000
PAYEES: Final = ("+237670000001", "+237690000001")
LATE: Final = {"accept": 3_500, "refund": 4_500}
"""What comes too late, by what is decided of it."""
RULE: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES (:id, 'approval', false, :account, '2020-01-01Z', CAST(:data AS jsonb))"""
MEMBER: Final = """
INSERT INTO platform.members (account_id, person, email, language, duty)
VALUES (:account, :person, :email, 'fr', 'viewer')"""
LIVE: Final = re.compile("En direct|Live")
DUTY: Final = "SELECT duty FROM platform.members WHERE account_id = :account AND email = :email"

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def system(whole_system: WholeSystem) -> LocalSystem:
    """The whole system, with its dashboard."""
    return whole_system.with_people()


@pytest.fixture(scope="module")
def merchant(system: LocalSystem) -> Iterator[Merchant]:
    """An account of the first owner's with money; what its keys pay out needs a person."""
    with owned_merchant(system, "Chez Tard le Soir") as merchant:
        top_up(system, merchant, FUNDS)
        data = json.dumps({"keys_from": 0, "people_from": 1_000_000})
        with superuser(system) as connection:
            connection.run(
                RULE, id=f"approval {merchant.account}", account=merchant.account, data=data
            )
        yield merchant


@pytest.fixture(scope="module")
def owner(system: LocalSystem, merchant: Merchant, chromium: Browser) -> Iterator[Tab]:
    """The owner, signed in once for the tests of this file."""
    with open_dashboard(system, merchant, chromium, locale="fr-CM", color_scheme="dark") as tab:
        yield tab


def test_late_money_is_kept_or_given_back_as_she_says(
    system: LocalSystem, merchant: Merchant, owner: Tab
) -> None:
    """Each is asked about first and done once; nothing is left to decide."""
    with ThreadPoolExecutor(len(LATE)) as threads:
        late = dict(
            zip(
                LATE,
                threads.map(lambda amount: _late(system, merchant, amount), LATE.values()),
                strict=True,
            )
        )
    page = _open(owner, system, merchant)
    page.get_by_role("link", name="Argent arrivé trop tard").first.click()
    _look_at(owner)
    for amount, word, more in ((3_500, "Garder", "réussi"), (4_500, "Rendre", "numéro")):
        row = page.locator("main li").filter(has_text=f"{amount // 1000} 500 FCFA")
        row.get_by_role("button", name=word).click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(more)
        _look_at(owner)
        dialog.get_by_role("button", name=word).dblclick()
        expect(dialog).to_have_count(0)
        expect(row).to_have_count(0)
    expect(page.get_by_text("Rien à décider.")).to_be_visible()

    kept = merchant.read(f"/v1/late_payments/{late['accept']}")
    assert merchant.read(f"/v1/charges/{kept['accepted_as']}")["amount"] == LATE["accept"]
    back = wait_for(
        "the refund",
        lambda: merchant.read(f"/v1/late_payments/{late['refund']}")["refund"],
        seconds=PATIENCE_SECONDS,
    )
    assert merchant.read(f"/v1/refunds/{back}")["amount"] == LATE["refund"]


def test_a_member_gets_another_duty(system: LocalSystem, merchant: Merchant, owner: Tab) -> None:
    """What she does from here on is what the owner chose, and the list says so at once."""
    email = f"bih-{uuid4().hex[:12]}@shop.example"
    values = {"account": merchant.account, "email": email}
    with superuser(system) as connection:
        connection.run(MEMBER, person=f"usr_{uuid4().hex}", **values)
    page = _open(owner, system, merchant, "/team")
    row = page.locator("main li").filter(has_text=email)
    expect(row).to_contain_text("Lecteur")
    row.get_by_role("button", name="Changer le rôle").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Rôle").select_option("finance")
    expect(dialog).to_contain_text("approuve les versements")
    _look_at(owner)
    dialog.get_by_role("button", name="Changer le rôle").click()
    expect(dialog).to_have_count(0)
    expect(row).to_contain_text("Finance")
    with superuser(system) as connection:
        assert connection.run(DUTY, **values) == [["finance"]]


@pytest.mark.parametrize("way", ["rejected", "canceled"])
def test_a_batch_that_waits_does_not_go(
    system: LocalSystem, merchant: Merchant, owner: Tab, way: str
) -> None:
    """Refused for a reason, or taken back: nothing of it is sent, and all of it is available."""
    held = _held(merchant)
    order = BatchOrder(PAYEES, 20_000)
    made = merchant.call("POST", BatchOrder.path, order.body, order.key)
    assert made.status == 200, made.data
    batch = made.json()["id"]
    assert _held(merchant) == held + 40_000
    page = _open(owner, system, merchant)
    page.get_by_role("link", name="Versements à approuver").click()
    page.locator(f"main a[href$='/batches/{batch}']").click()
    state, dialog = page.locator("main [role=status]").first, page.get_by_role("dialog")
    if way == "rejected":
        page.get_by_role("button", name="Refuser").click()
        refuse = dialog.get_by_role("button", name="Refuser")
        refuse.click()  # a reason is wanted, and the browser asks for it
        expect(dialog.get_by_label("Motif")).to_be_focused()
        dialog.get_by_label("Motif").fill("numéros à revoir")
        _look_at(owner)
        refuse.click()
        expect(state).to_contain_text("Refusé")
        expect(page.get_by_text("numéros à revoir")).to_be_visible()
    else:
        page.get_by_role("button", name="Annuler ce qui attend").click()
        _look_at(owner)
        dialog.get_by_role("button", name="Annuler ce qui attend").click()
        expect(state).to_contain_text("Annulé")
    expect(page.get_by_role("button", name="Approuver")).to_have_count(0)
    _look_at(owner)
    assert _held(merchant) == held
    lines = merchant.read(f"/v1/payout_batches/{batch}/payouts")["data"]
    assert {line["status"] for line in lines} == {"canceled"}


def test_a_link_shows_its_own_payments_alone(
    system: LocalSystem, merchant: Merchant, owner: Tab, chromium: Browser
) -> None:
    """The API narrows them by the link: others are not looked through, however many there are."""
    link = _link(merchant)
    others = [charge(merchant, "670000001", amount=1_000 + at) for at in range(3)]
    paid = _pay(merchant, link, chromium)
    asked: list[str] = []
    owner.page.on("request", lambda request: _keep(request, asked))
    page = _open(owner, system, merchant, f"/links/{link['id']}")
    rows = page.get_by_role("region", name="Paiements par ce lien").get_by_role("listitem")
    expect(rows).to_have_count(1)
    expect(rows.locator(f"a[href$='/payments/{paid}']")).to_contain_text("Payé")
    _look_at(owner)
    expect(page.locator("header [role=status]")).to_have_text(LIVE)
    second = _pay(merchant, link, chromium)
    expect(rows).to_have_count(2)
    expect(rows.locator(f"a[href$='/payments/{second}']")).to_contain_text("Payé")
    assert [each for each in others if page.locator(f"a[href$='{each}']").count()] == []
    assert asked
    assert all(f"payment_link={link['id']}" in url for url in asked)


def _open(tab: Tab, system: LocalSystem, merchant: Merchant, below: str = "") -> Page:
    """Load a page anew, by way of Keycloak; not before the stream of the one before has begun."""
    expect(tab.page.locator("header [role=status]")).to_have_text(LIVE)
    tab.page.goto(f"{system.base_url}/dashboard/{merchant.account}/test{below}")
    tab.page.locator("main h1").wait_for()
    tab.complaints.clear()  # of Keycloak's pages
    return tab.page


def _late(system: LocalSystem, merchant: Merchant, amount: int) -> str:
    """Money of a payer whom the operator said it did not know; its id."""
    phone = f"+23767{uuid4().int % 10_000:04d}001"
    OperatorControl.of(system).fault(phone, "error_after", http_status=500, code="PAYER_NOT_FOUND")
    refused = merchant.charge(Order(phone, amount)).id
    found: Mapping[str, Any] = wait_for(
        "the late payment",
        lambda: (merchant.read(f"/v1/late_payments?charge={refused}")["data"] or [None])[0],
        seconds=PATIENCE_SECONDS,
    )
    late: str = found["id"]
    return late


def _link(merchant: Merchant) -> dict[str, Any]:
    body = {"amount": 1_500, "currency": "xaf", "description": "Un pagne"}
    made = merchant.call("POST", "/v1/payment_links", json.dumps(body).encode(), str(uuid4()))
    assert made.status == 200, made.data
    link: dict[str, Any] = made.json()
    return link


def _pay(merchant: Merchant, link: Mapping[str, Any], chromium: Browser) -> str:
    """Pay on a link as a payer does; the payment's id, once it has succeeded."""
    with open_tab(chromium, locale="en-CM", has_scripts=False) as tab:
        tab.page.goto(link["url"])
        tab.page.locator("#phone").fill("6 70 00 00 01")
        tab.page.locator("button[value=prompt]").click()
        tab.page.wait_for_url("**/pay/ch_*")
        paid = tab.page.url.rpartition("/")[2].partition("?")[0]
    assert merchant.wait_final(paid, seconds=PATIENCE_SECONDS)["status"] == "succeeded"
    return paid


def _held(merchant: Merchant) -> int:
    return sum(part["amount"] for part in merchant.read("/v1/balance")["held"])


def _keep(request: Request, asked: list[str]) -> None:
    if "/v1/charges?" in request.url and "/links/" in request.frame.url:
        asked.append(request.url)


def _look_at(tab: Tab) -> None:
    expect(tab.page.locator("[aria-busy=true]")).to_have_count(0)
    assert tab.complaints == []
    assert not tab.overflows()
    assert tab.audit(is_live=True) == []
