"""Checkouts and payment links as payers meet them: no key, no script, one payment."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zxingcpp
from pg8000.native import Connection

from shared.domain.events import CHARGE_CHECK_DUE
from shared.domain.payment_page import BEGUN_ON_A_CHECKOUT
from tests.database import Account
from tests.functions.door import Door, Reply
from tests.functions.payer_browser import BASE_URL, PayerBrowser, read
from tests.functions.pushes import Issuer
from tests.functions.rows import Rows
from tests.functions.till import AMOUNT, PAYER, Till
from tests.functions.web_till import WebTill

ASKED = {"amount": AMOUNT, "currency": "xaf", "description": "Order 1042"}
LARGEST_PAGE_BYTES = 60_000
TYPED = {"phone": "6 70 00 00 01"}
SUCCESS = "https://shop.example/thanks"

Make = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def till(make_till: Callable[[Account], Till], shop: Account) -> Iterator[Till]:
    """One shop for the tests of this file."""
    with make_till(shop) as ready:
        yield ready


@pytest.fixture
def browser(door: Callable[[str], Door]) -> PayerBrowser:
    """A payer."""
    return PayerBrowser(door("serve_checkout"))


@pytest.fixture
def make(manage_account: Door, till: Till) -> Make:
    """Make a checkout, or a link."""

    def post(kind: str = "checkouts", **changes: Any) -> dict[str, Any]:
        body = ASKED | changes
        reply = manage_account.post(f"/v1/{kind}", body, key=till.account.secret_key)
        assert reply.status == 200, reply.json
        made: dict[str, Any] = reply.json
        return made

    return post


@pytest.fixture
def shown(manage_account: Door, till: Till) -> Callable[[str], dict[str, Any]]:
    """Read a page as its merchant."""

    def get(page_id: str) -> dict[str, Any]:
        kind = "checkouts" if page_id.startswith("cs_") else "payment_links"
        found: dict[str, Any] = manage_account.get(
            f"/v1/{kind}/{page_id}", key=till.account.secret_key
        ).json
        return found

    return get


def charge_of(reply: Reply) -> str:
    """The charge that a payer is led to."""
    assert reply.status == 303, reply.content
    return reply.headers["Location"].removeprefix("/pay/").partition("?")[0]


def close(till: Till, page_id: str) -> None:
    """Have a checkout looked at."""
    assert till.push("settle_charge", till.message(CHARGE_CHECK_DUE, page_id)).status == 204


def events_of(till: Till, object_id: str) -> list[str]:
    """What was told of an object."""
    return [row["type"] for row in till.rows.of("events", "object_id = :id", id=object_id)]


def test_a_checkout_is_paid_from_the_form_to_the_receipt(
    till: Till, browser: PayerBrowser, make: Make, shown: Callable[[str], dict[str, Any]]
) -> None:
    """A form, a page that waits, a page that says it is paid; the merchant is told of each."""
    made = make(reference="order-1042", metadata={"till": "3"}, success_url=SUCCESS)
    page_id = made["id"]

    led = browser.pay(made["url"], **TYPED)
    charge_id = charge_of(led)
    waiting = browser.led(led)
    again = browser.get(made["url"])
    assert (till.submit(charge_id).status, till.settle(charge_id).status) == (204, 204)
    (due,) = till.rows.platform("due_work", "object_id = :id", id=page_id)
    paid = browser.led(browser.get(made["url"]))
    early = shown(page_id)
    close(till, page_id)
    close(till, page_id)

    charge, now = till.charge(charge_id), shown(page_id)
    assert (charge["amount"], charge["phone"], charge["page_id"]) == (AMOUNT, f"+{PAYER}", page_id)
    assert (charge["reference"], charge["metadata"]) == ("order-1042", {"till": "3"})
    text = waiting.content.decode()
    assert "MTN Mobile Money" in text
    assert "*126#" in text
    assert 'http-equiv="refresh"' in text
    assert PAYER[3:] not in text
    assert again.headers["Location"].startswith(f"/pay/{charge_id}")
    assert due["due_at"] <= charge["succeeded_at"]
    (receipt,) = till.rows.of("receipts", "charge_id = :id", id=charge_id)
    assert {SUCCESS, f"{BASE_URL}/verify/{receipt['code']}"} <= set(read(paid).links())
    assert 'http-equiv="refresh"' not in paid.content.decode()
    assert (early["status"], now["status"], now["charge"]) == ("complete", "complete", charge_id)
    assert events_of(till, page_id) == ["checkout.completed"]
    (event,) = till.rows.of("events", "object_id = :id", id=page_id)
    assert json.loads(event["data"]) == now


def test_however_often_a_form_is_sent_one_payment_is_begun(
    till: Till, browser: PayerBrowser, make: Make
) -> None:
    """A double click, a reload, another number on the same form, a second window."""
    for kind in ("checkouts", "payment_links"):
        made = make(kind)
        form, other = read(browser.get(made["url"])), read(browser.get(made["url"]))
        first = charge_of(browser.send(form, **TYPED))
        again = [browser.send(form, **TYPED), browser.send(form, phone="677000002")]
        beside = browser.send(other, **TYPED)

        assert [charge_of(reply) for reply in again] == [first] * 2
        charges = till.rows.of("charges", "page_id = :id", id=made["id"])
        assert {row["id"] for row in charges} == {first, charge_of(beside)}
        assert len(charges) == (1 if kind == "checkouts" else 2)


def test_of_many_payers_at_one_moment_one_begins(
    till: Till, browser: PayerBrowser, make: Make
) -> None:
    """The page is held while a charge is stored: all others are led to that one."""
    made = make()
    forms = [read(browser.get(made["url"])) for _ in range(3)]
    with ThreadPoolExecutor(6) as pool:
        sent = list(pool.map(lambda form: browser.send(form, **TYPED), forms * 2))

    (charge,) = till.rows.of("charges", "page_id = :id", id=made["id"])
    led = {reply.headers["Location"].partition("?")[0] for reply in sent}
    assert {reply.status for reply in sent} == {303}
    # Whoever lost the race is led to the page, which leads on.
    assert led <= {f"/pay/{charge['id']}", f"/pay/{made['id']}"}
    assert charge["id"] in browser.get(made["url"]).headers["Location"]


def test_a_suspended_account_asks_nobody(
    superuser: Connection, door: Callable[[str], Door], account: Account
) -> None:
    """Its pages stand, and tell a payer that nothing was asked of her."""
    browser, rows = PayerBrowser(door("serve_checkout")), Rows(superuser, (account.test,))
    made = door("manage_account").post("/v1/checkouts", ASKED, key=account.secret_key).json
    rows.run("UPDATE platform.accounts SET state = 'suspended' WHERE id = :id", id=account.id)

    refused = browser.pay(made["url"], **TYPED)

    assert (refused.status, "ne peut pas encaisser" in refused.content.decode()) == (403, True)
    assert rows.of("charges") == []


def test_a_checkout_takes_another_try_only_once_the_first_has_failed(
    till: Till, browser: PayerBrowser, make: Make
) -> None:
    """Not while it is unknown; what failed is said, and a try after it may be paid."""
    made = make()
    stale = read(browser.get(made["url"]))
    first = charge_of(browser.pay(made["url"], **TYPED))
    till.rows.run(
        f"UPDATE \"{till.account.test.schema}\".charges SET status = 'unknown' WHERE id = :id",
        id=first,
    )
    refused = browser.send(stale, **TYPED)
    till.rows.run(
        f"UPDATE \"{till.account.test.schema}\".charges SET status = 'failed',"
        " failure_code = 'payer_declined' WHERE id = :id",
        id=first,
    )
    failed = browser.get(f"/pay/{first}")
    (retry,) = (link for link in read(failed).links() if link.startswith(f"/pay/{made['id']}"))

    assert charge_of(refused) == first
    assert "Le payeur a refusé" in failed.content.decode()
    second = charge_of(browser.send(read(browser.get(retry)), **TYPED))
    assert second != first
    assert len(till.rows.of("charges", "page_id = :id", id=made["id"])) == 2


def test_an_ended_checkout_looks_as_if_it_had_never_been(
    till: Till, browser: PayerBrowser, make: Make, manage_account: Door
) -> None:
    """Expired by its merchant it takes nothing, draws no code, and tells once."""
    made, key = make(), till.account.secret_key
    form = read(browser.get(made["url"]))
    path = f"/v1/checkouts/{made['id']}/expire"
    ended = [manage_account.post(path, {}, key=key).json for _ in range(2)]
    never = browser.get(f"/pay/{made['id'][:-4]}2222")

    gone = browser.get(made["url"])
    assert [each["status"] for each in ended] == ["expired", "expired"]
    assert (gone.status, gone.content) == (404, never.content)
    assert browser.send(form, **TYPED).status == 303
    assert browser.get(f"/pay/{made['id']}/qr.svg").status == 404
    assert till.rows.of("charges", "page_id = :id", id=made["id"]) == []
    assert events_of(till, made["id"]) == ["checkout.expired"]
    (due,) = till.rows.platform("due_work", "object_id = :id", id=made["id"])
    assert due["done_at"] is not None


def test_a_checkout_expires_only_after_a_payment_under_way(
    till: Till, browser: PayerBrowser, make: Make, manage_account: Door
) -> None:
    """Told to end while a payer confirms, it is complete if she does; it cannot expire then."""
    made, key = make(), till.account.secret_key
    charge_id = charge_of(browser.pay(made["url"], **TYPED))
    path = f"/v1/checkouts/{made['id']}/expire"
    waiting = manage_account.post(path, {}, key=key)
    assert (till.submit(charge_id).status, till.settle(charge_id).status) == (204, 204)
    close(till, made["id"])
    late = manage_account.post(path, {}, key=key)

    assert (waiting.status, waiting.json["status"]) == (200, "open")
    assert (late.status, late.error["code"]) == (400, "checkout_complete")
    assert events_of(till, made["id"]) == ["checkout.completed"]


def test_a_free_amount_is_the_payers_between_the_bounds(
    till: Till, browser: PayerBrowser, make: Make
) -> None:
    """What is outside, or no whole number, comes back with what was typed; nothing is begun."""
    made = make("payment_links", amount=None, amount_min=500, amount_max=2000)
    form = read(browser.get(made["url"]))
    wrong = [browser.send(form, **TYPED, amount=amount) for amount in ("499", "2001", "1.5", "")]
    right = charge_of(browser.send(form, **TYPED, amount="1 500"))

    assert [reply.status for reply in wrong] == [400] * 4
    shown = read(wrong[0])
    assert (shown.fields["amount"], shown.fields["phone"]) == ("499", TYPED["phone"])
    assert shown.fields["token"] == form.fields["token"]
    assert any(found.get("aria-invalid") == "true" for _, found in shown.attributes)
    (charge,) = till.rows.of("charges", "page_id = :id", id=made["id"])
    assert (charge["id"], charge["amount"], charge["reference"]) == (right, 1500, None)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL}, 400),
        ({"Sec-Fetch-Site": "same-site", "Origin": BASE_URL}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "null"}, 400),
        ({"Origin": BASE_URL}, 303),
        ({}, 303),
    ],
)
def test_a_form_of_another_site_begins_nothing(
    till: Till, browser: PayerBrowser, make: Make, *, headers: dict[str, str], status: int
) -> None:
    """No page elsewhere has its visitors' browsers ask phones for money."""
    made = make()

    sent = browser.send(read(browser.get(made["url"])), headers, **TYPED)

    assert sent.status == status
    begun = till.rows.of("charges", "page_id = :id", id=made["id"])
    assert len(begun) == (status == 303)


def test_strangers_begin_only_so_much_on_a_page(
    till: Till, browser: PayerBrowser, make: Make
) -> None:
    """Beyond the bound of the page nothing is begun, and it says when to come back."""
    made = make("payment_links")
    till.rows.run(
        "INSERT INTO platform.customer_tries (subject, times)"
        " SELECT 'page:' || :id, array_agg(now()) FROM generate_series(1, 200)",
        id=made["id"],
    )

    refused = browser.pay(made["url"], **TYPED)

    wait = str(int(BEGUN_ON_A_CHECKOUT.span.total_seconds()))
    assert (refused.status, refused.headers["Retry-After"]) == (429, wait)
    assert till.rows.of("charges", "page_id = :id", id=made["id"]) == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_is_small_strict_and_usable_by_keys(
    browser: PayerBrowser, make: Make, till: Till, *, language: str
) -> None:
    """In 60 kB, nothing loaded, a script only where one waits; every field has its label."""
    made = make(
        "payment_links", amount=None, amount_max=5000, description="<script>alert(1)</script>"
    )
    form = browser.get(made["url"], **{"Accept-Language": language})
    status = browser.led(browser.send(read(form), **TYPED, amount="100"))
    del till

    for page in (form, status):
        seen, policy = read(page), page.headers["Content-Security-Policy"]
        assert len(page.content) < LARGEST_PAGE_BYTES
        assert seen.tags.isdisjoint({"img", "link", "iframe"})
        assert ("script" in seen.tags) == ("script-src 'sha256-" in policy) == (page is status)
        assert not [1 for _, found in seen.attributes if {"style", "onclick", "src"} & found.keys()]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert f"form-action '{'self' if page is form else 'none'}'" in policy
        assert "unsafe" not in policy
        assert page.headers["Content-Language"] == language
        assert page.headers["Cache-Control"] == "no-store"
        assert ("html", {"lang": language}) in seen.attributes
        assert f"?language={'en' if language == 'fr' else 'fr'}" in seen.links()
        assert {"fr": "Essai", "en": "Test"}[language] in page.content.decode()
    seen = read(form)
    assert "&lt;script&gt;" in form.content.decode()
    assert {"amount", "phone", "operator"} <= seen.labelled
    ids = {found.get("id") for _, found in seen.attributes}
    named = {
        name
        for _, found in seen.attributes
        for name in (found.get("aria-describedby") or "").split()
    }
    assert named <= ids
    assert any(found.get("aria-live") == "polite" for _, found in read(status).attributes)


def test_a_page_speaks_as_its_merchant_wants_and_the_payer_switches(
    browser: PayerBrowser, make: Make
) -> None:
    """The merchant's word comes before the browser's, the payer's click before both."""
    made = make(language="en")
    asked = {"Accept-Language": "fr"}

    assert browser.get(made["url"], **asked).headers["Content-Language"] == "en"
    assert browser.get(f"{made['url']}?language=fr").headers["Content-Language"] == "fr"
    assert browser.get(f"{made['url']}?language=%3Cb%3E").headers["Content-Language"] == "en"


def test_the_code_leads_to_the_page(browser: PayerBrowser, make: Make) -> None:
    """Whoever scans it is at the same address, and it loads nothing."""
    made = make("payment_links")
    drawn = browser.get(f"/pay/{made['id']}/qr.svg")
    again = zxingcpp.create_barcode(made["url"], zxingcpp.BarcodeFormat.QRCode, ec_level="M")

    assert (drawn.status, drawn.headers["Content-Type"]) == (200, "image/svg+xml")
    drawing = again.to_svg(add_quiet_zones=True)
    assert drawing[drawing.index("<g ") :] in drawn.content.decode()
    assert b"href" not in drawn.content


def test_a_link_that_is_switched_off_takes_nothing(
    till: Till, browser: PayerBrowser, make: Make, manage_account: Door
) -> None:
    """And takes payments again once it is switched on."""
    made, key = make("payment_links"), till.account.secret_key
    path = f"/v1/payment_links/{made['id']}"
    off = manage_account.post(path, {"active": False}, key=key).json
    gone = browser.get(made["url"])
    on = manage_account.post(path, {"active": True, "metadata": {"a": "b"}}, key=key).json

    assert (off["status"], gone.status) == ("expired", 404)
    assert (on["status"], on["metadata"]) == ("open", {"a": "b"})
    assert browser.get(made["url"]).status == 200


def test_the_same_key_makes_one_page(manage_account: Door, till: Till) -> None:
    """A lost answer is asked for again; another body under the key is refused."""
    sent = {"key": till.account.secret_key, "headers": {"Idempotency-Key": "a page"}}
    first = manage_account.post("/v1/checkouts", ASKED, **sent)
    again = manage_account.post("/v1/checkouts", ASKED, **sent)
    other = manage_account.post("/v1/checkouts", ASKED | {"amount": 2}, **sent)

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.error["code"]) == (400, "idempotency_key_reused")


def test_an_operator_s_page_is_opened_from_ours(
    superuser: Connection, door: Callable[[str], Door], issuer: Issuer, *, account: Account
) -> None:
    """Where the account has Orange's page, ours leads there, and the payer comes back to ours."""
    rows, browser = Rows(superuser, (account.test,)), PayerBrowser(door("serve_checkout"))
    with WebTill(account, rows=rows, door=door, issuer=issuer) as till:
        made = door("manage_account").post("/v1/checkouts", ASKED, key=account.secret_key).json
        form = read(browser.get(made["url"]))
        charge_id = charge_of(browser.send(form, way="redirect"))
        waiting = browser.get(f"/pay/{charge_id}")
        assert till.submit(charge_id).status == 204
        led, back = browser.get(f"/pay/{charge_id}"), browser.get(f"/pay/{charge_id}/return")
        page = f"{till.operator.url}/page/pay-{charge_id.replace('_', '')}1"
        till.pays(f"{charge_id.replace('_', '')}1")
        assert till.settle(charge_id).status == 204
        paid = browser.led(browser.get(made["url"]))

    assert (waiting.status, led.status, back.status) == (200, 200, 200)
    assert page in read(led).links()
    assert f"url={page}" in led.content.decode()
    assert page not in back.content.decode()
    assert "Payé" in paid.content.decode()
