"""What people come to the dashboard for: nine journeys, each once and to its end.

One language and size each, and by night both languages on a phone and on a wide screen. Words come
by their keys, so that a text that is changed breaks nothing here.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser import open_tab
from tests.end_to_end.dashboard import (
    AMOUNT,
    PATIENCE_SECONDS,
    TEST_SECONDS,
    charge,
    sign_in,
)
from tests.end_to_end.desk import PAYS, Desk, open_desk
from tests.end_to_end.looks import (
    EN_PHONE,
    EN_WIDE,
    FR_PHONE,
    FR_WIDE,
    Look,
    button,
    go,
    is_well,
    refused,
    seen_through,
    wait_for_stream,
)
from tests.end_to_end.lost_payout import lose_payout
from tests.end_to_end.waiting import wait_for
from tests.end_to_end.words import francs
from tests.system import WholeSystem
from tests.trials import Trial

WRONG: Final = "phone,amount,name\n+237670000001,30000,Awa Njoya\n12,30000,Bih Ndi\n"
RIGHT: Final = WRONG.replace("\n12,", "\n+237690000002,")
DOUALA: Final = timezone(timedelta(hours=1))

pytestmark = pytest.mark.timeout(TEST_SECONDS)


@pytest.fixture(scope="module")
def desk(whole_system: WholeSystem, chromium: Browser) -> Iterator[Desk]:
    """A shop with money and people."""
    with open_desk(whole_system.with_people(), chromium) as desk:
        yield desk


@seen_through(FR_PHONE)
def test_she_signs_in(desk: Desk, chromium: Browser, look: Look, trial: Trial) -> None:
    """Keycloak asks who she is, and home says in her language what the books say is hers."""
    words, balance, account = look.words, desk.read("/v1/balance"), desk.merchant.account
    with open_tab(chromium, **look.options) as tab:
        page = tab.page
        page.goto(f"{desk.system.base_url}/")
        button(page, words("entrance.sign_in")).click()
        page.locator("#username").wait_for()
        assert tab.complaints == []
        sign_in(page, desk.system.credentials["dashboard"])
        wait_for_stream(page, look)
        page.get_by_role("combobox", name=words("shell.account"), exact=True).select_option(account)
        page.wait_for_url(f"**/dashboard/{account}/test")
        wait_for_stream(page, look)
        tab.complaints.clear()  # of Keycloak's pages, and of the stream of the account before

        expect(page.locator("html")).to_have_attribute("lang", look.language)
        expect(page.get_by_text(words("shell.test_line"))).to_be_visible()
        shown = page.get_by_role("region", name=words("home.balance"), exact=True)
        for part in ("available", "pending", "held"):
            figure = shown.locator("dl > div").filter(has_text=words(f"home.{part}"))
            expect(figure).to_contain_text(francs(sum(each["amount"] for each in balance[part])))
        is_well(tab)
    look.passed(trial)


@seen_through(FR_WIDE)
def test_a_file_is_paid_once_a_second_person_says_so(desk: Desk, look: Look, trial: Trial) -> None:
    """A wrong line is named and nothing moves; the right file waits for another's yes, and goes."""
    words, owner = look.words, desk.seat("owner", look)
    page, batches = owner.page, desk.listed("/v1/payout_batches")
    go(page, "/test/payouts")
    page.get_by_role("link", name=words("payouts.many"), exact=True).click()
    _send(page, WRONG, look)
    faults = page.get_by_role("region", name=words.pattern("batch_form.faults"))
    expect(faults.get_by_role("rowheader")).to_have_text("3")
    expect(faults.get_by_role("cell", name="phone", exact=True)).to_be_visible()
    assert desk.listed("/v1/payout_batches") == batches
    is_well(owner)

    _send(page, RIGHT, look)
    page.wait_for_url("**/batches/pb_*")
    batch, state = page.url.rpartition("/")[2], page.locator("main [role=status]").first
    expect(state).to_contain_text(words("payout_status.requires_approval"))
    lines = [each["id"] for each in desk.listed(f"/v1/payout_batches/{batch}/payouts")]
    button(page, words("approvals.approve")).click()
    dialog = page.get_by_role("dialog")
    yes = button(dialog, words("approvals.approve"))
    assert refused(page, yes, look) == "maker_cannot_approve"
    button(dialog, words("act.close")).click()

    checker = desk.seat("finance", look)
    other = checker.page
    go(other, "/test/approvals")
    other.locator(f"main a[href$='/batches/{batch}']").click()
    expect(other.locator("main li").filter(has_text="Bih Ndi")).to_be_visible()
    button(other, words("approvals.approve")).click()
    button(other.get_by_role("dialog"), words("approvals.approve")).click()
    for each in (other.locator("main [role=status]").first, state):
        expect(each).to_contain_text(words("payout_status.completed"))
    for tab in (checker, owner):
        is_well(tab)
    ended = [desk.read(f"/v1/payouts/{each}") for each in lines]
    assert [(each["status"], each["amount"]) for each in ended] == [("paid", 30_000)] * 2
    assert desk.booked(batch) == [-60_000]
    look.passed(trial)


@seen_through(FR_WIDE)
def test_a_payment_arrives_before_her_eyes(desk: Desk, look: Look, trial: Trial) -> None:
    """It shows while it is asked for, ends as paid, and is in the books."""
    words, owner = look.words, desk.seat("owner", look)
    page = owner.page
    go(page, "/test")
    expect(page.locator("main [aria-busy=true]")).to_have_count(0)
    made = charge(desk.merchant, PAYS)
    row = page.locator(f"main a[href$='/payments/{made}']")
    expect(row).to_contain_text(francs(AMOUNT))
    expect(row).to_contain_text(words("status.succeeded"))
    assert desk.booked(made) == [AMOUNT]
    is_well(owner)

    row.click()
    told = page.locator("main ol > li").filter(has_text=words("event.charge.succeeded"))
    expect(told).to_have_count(1)
    expect(page.get_by_role("link", name=words("payment.receipt"))).to_be_visible()
    look.passed(trial)


@seen_through(FR_PHONE)
def test_a_part_is_given_back_once(desk: Desk, look: Look, trial: Trial) -> None:
    """Two clicks make one refund, which ends before her eyes as it ends in the books."""
    words, owner, paid = look.words, desk.seat("owner", look), desk.paid()
    page = owner.page
    go(page, "/test")
    page.locator(f"main a[href$='/payments/{paid}']").click()
    button(page, words("refund.open")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words("refund.amount"), exact=True).fill("100 000")
    dialog.get_by_label(words("refund.reason"), exact=True).fill("un pagne de trop")
    button(dialog, words("refund.send_amount", amount=francs(100_000))).dblclick()
    expect(dialog).to_have_count(0)
    line = page.get_by_role("region", name=words("refund.list")).get_by_role("listitem")
    expect(line).to_contain_text(francs(100_000))
    expect(line).to_contain_text(words("refund.status.succeeded"))
    is_well(owner)

    [made] = desk.listed(f"/v1/refunds?charge={paid}")
    assert (made["amount"], made["status"]) == (100_000, "succeeded")
    assert desk.booked(made["id"]) == [-100_000]
    look.passed(trial)


@seen_through(EN_PHONE)
def test_a_link_is_made_and_somebody_pays_by_it(
    desk: Desk, chromium: Browser, look: Look, trial: Trial
) -> None:
    """Whoever has its address pays on her own phone, and it shows on the link's page as it ends."""
    words, owner = look.words, desk.seat("owner", look)
    page = owner.page
    go(page, "/test/links")
    page.get_by_role("link", name=words("links.new"), exact=True).click()
    page.get_by_label(words("links.form.description"), exact=True).fill("Un pagne wax")
    page.get_by_label(words("links.form.amount"), exact=True).fill("12 500")
    button(page, words("links.form.make")).click()
    page.wait_for_url("**/links/plink_*")
    with open_tab(chromium, **look.options) as payer:
        payer.page.goto(page.locator("main code").inner_text())
        expect(payer.page.locator("html")).to_have_attribute("lang", look.language)
        payer.page.locator("#phone").fill(PAYS)
        payer.page.locator("#phone").press("Enter")
        payer.page.wait_for_url("**/pay/ch_*")
        paid = urlsplit(payer.page.url).path.rpartition("/")[2]
        row = page.locator(f"main a[href$='/payments/{paid}']")
        expect(row).to_contain_text(francs(12_500))
        expect(row).to_contain_text(words("status.succeeded"))
        assert payer.complaints == []
    is_well(owner)

    assert desk.read(f"/v1/charges/{paid}")["page"] == page.url.rpartition("/")[2]
    assert desk.booked(paid) == [12_500]
    look.passed(trial)


@seen_through(EN_WIDE)
def test_a_key_is_rolled(desk: Desk, look: Look, trial: Trial) -> None:
    """The new secret is shown once and opens what the old one opened, and the old one nothing."""
    words, owner, name = look.words, desk.seat("owner", look), f"Caisse {uuid4().hex[:6]}"
    page = owner.page
    body = {"kind": "restricted", "scopes": ["balance:read"], "name": name}
    old = desk.merchant.call("POST", "/v1/api_keys", json.dumps(body).encode()).json()
    assert desk.status_with(old["secret"]) == 200
    go(page, "/test/developers/keys")
    page.get_by_role("link", name=name).click()
    page.get_by_label(words("developers.overlap"), exact=True).select_option("0")
    is_well(owner)
    button(page, words("keys.roll")).click()
    expect(page.get_by_role("heading", name=words("keys.secret_new"))).to_be_focused()
    secret = page.locator("main code.select-all").inner_text()
    assert secret != old["secret"]
    assert desk.status_with(secret) == 200
    wait_for(
        "the old key's end",  # which servers may remember for five seconds
        lambda: desk.status_with(old["secret"]) == 401,
        seconds=PATIENCE_SECONDS,
    )
    page.get_by_role("link", name=words("keys.to_new")).click()
    rolled_to = desk.read(f"/v1/api_keys/{old['id']}")["rotated_to"]
    page.wait_for_url(f"**/developers/keys/{rolled_to}")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert secret not in page.content()
    look.passed(trial)


@seen_through(EN_PHONE)
def test_a_webhook_is_replayed(desk: Desk, look: Look, trial: Trial) -> None:
    """What happened since a minute is told to the merchant's server once more, signed anew."""
    words, owner, since = look.words, desk.seat("owner", look), _minute()
    page, receiver = owner.page, desk.merchant.receiver
    paid = desk.paid()
    told = desk.merchant.wait_webhook(paid, "charge.succeeded", seconds=PATIENCE_SECONDS)
    assert receiver.counts()[told.event_id] == 1
    wait_for(
        "its delivery",  # what is on its way still is not sent twice for a replay
        lambda: _deliveries(desk, told.event_id) == ["succeeded"],
        seconds=PATIENCE_SECONDS,
    )
    go(page, "/test/developers/keys")
    page.locator("a[href$='/developers/webhooks']:visible").first.click()
    page.locator("main a[href*='/developers/webhooks/we_']").click()
    page.get_by_label(words("webhooks.from"), exact=True).fill(since)
    page.get_by_label(words("webhooks.to"), exact=True).fill(_minute())
    button(page, words("webhooks.replay")).click()
    expect(page.get_by_text(words.pattern("webhooks.replayed"))).to_be_visible()
    wait_for(
        "the webhook again",
        lambda: receiver.counts()[told.event_id] > 1,
        seconds=PATIENCE_SECONDS,
    )
    is_well(owner)
    assert receiver.counts()[told.event_id] == 2
    assert receiver.refused == 0
    look.passed(trial)


@seen_through(FR_WIDE)
def test_two_administrators_end_what_the_operator_lost(
    desk: Desk, look: Look, trial: Trial
) -> None:
    """One proposes that a lost payout has failed, another approves; its money is given back."""
    words, payout = look.words, lose_payout(desk.system, desk.merchant, 12_500)
    ada = desk.seat("ada", look)
    page, dialog = ada.page, ada.page.get_by_role("dialog")
    go(page, "/platform/cases")
    case = page.get_by_role("link").filter(has_text=payout)
    expect(case).to_contain_text(words("case_reason.unresolved_for_a_day"))
    case.click()
    button(page, words("ending.propose")).click()
    dialog.get_by_label(words("ask.reason"), exact=True).fill("Ticket MTN 88123")
    button(dialog, words("ending.propose")).click()
    expect(page.get_by_text(words("ending.open"))).to_be_visible()
    is_well(ada)

    grace = desk.seat("grace", look)
    page, dialog = grace.page, grace.page.get_by_role("dialog")
    go(page, "/platform/cases")
    page.get_by_role("link").filter(has_text=payout).click()
    button(page, words("ending.approve")).click()
    button(dialog, words("ending.approve")).click()
    expect(page.get_by_text("not_received").first).to_be_visible()
    button(page, words("platform_case.close")).click()
    dialog.get_by_label(words("ask.reason"), exact=True).fill("L'argent est rendu")
    button(dialog, words("platform_case.close")).click()
    expect(page.get_by_text("L'argent est rendu")).to_be_visible()
    is_well(grace)

    ended = desk.read(f"/v1/payouts/{payout}")
    assert (ended["status"], ended["failure_code"]) == ("failed", "not_received")
    assert sorted(desk.booked(payout)) == [-12_500, 12_500]
    look.passed(trial)


@seen_through(EN_PHONE)
def test_who_may_only_look_gives_nothing_back(desk: Desk, look: Look, trial: Trial) -> None:
    """The API refuses her in her language, the page says so, and nothing moves."""
    words, viewer, paid = look.words, desk.seat("viewer", look), desk.paid()
    page, dialog = viewer.page, viewer.page.get_by_role("dialog")
    go(page, "/test")
    page.locator(f"main a[href$='/payments/{paid}']").click()
    button(page, words("refund.open")).click()
    send = button(dialog, words("refund.send_amount", amount=francs(AMOUNT)))
    assert refused(page, send, look) == "permission_denied"
    is_well(viewer)
    button(dialog, words("act.close")).click()
    assert desk.listed(f"/v1/refunds?charge={paid}") == []
    assert desk.read(f"/v1/charges/{paid}")["amount_refunded"] == 0
    look.passed(trial)


def _send(page: Page, file: str, look: Look) -> None:
    """Choose a file of payouts and send it, as far as that goes."""
    chosen = FilePayload(name="salaires.csv", mimeType="text/csv", buffer=file.encode())
    page.get_by_label(look.words("batch_form.file"), exact=True).set_input_files(chosen)
    button(page, look.words("batch_form.go_on")).click()
    button(page.get_by_role("dialog"), look.words("batch_form.send")).click()


def _deliveries(desk: Desk, event: str) -> list[str]:
    return [each["status"] for each in desk.listed(f"/v1/webhook_deliveries?event={event}")]


def _minute() -> str:
    """This minute in Cameroon, as a field of its kind takes it."""
    return datetime.now(DOUALA).strftime("%Y-%m-%dT%H:%M")
