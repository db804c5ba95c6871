"""A page that asks for money, on the whole local system: a merchant, a phone's browser, a prompt.

By plain HTTP and without scripts, as the page must work; what a reader sees is in the markup, whose
labels, sizes and policy tests/functions/test_pay_pages.py holds.
"""

import json
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode, urlsplit

import pytest

from tests.end_to_end.merchant import Merchant, open_merchant
from tests.end_to_end.waiting import wait_for
from tests.functions.payer_browser import FORM, parsed
from tests.simulator_process import Answer, call
from tests.system import LocalSystem

PATIENCE_SECONDS: Final = 45.0
ASKED: Final = {
    "amount": 1_500,
    "currency": "xaf",
    "description": "Un pagne",
    "success_url": "https://shop.example/merci",
}


@pytest.fixture(scope="module")
def merchant(local_system: LocalSystem) -> Iterator[Merchant]:
    """An account of this module's own."""
    with open_merchant(local_system, "Pagnes de Mokolo") as merchant:
        yield merchant


def ask(address: str, base_url: str, form: dict[str, str] | None = None) -> Answer:
    """Open an address at the gateway, or send a form to it as a browser does."""
    base = urlsplit(base_url)
    headers = {"Accept-Language": "fr"}
    if form is not None:
        headers |= {"Content-Type": FORM, "Origin": base_url, "Sec-Fetch-Site": "same-origin"}
    body = None if form is None else urlencode(form).encode()
    path = address.removeprefix(base_url)
    method = "GET" if body is None else "POST"
    return call(base.port or 80, method, path, headers=headers, body=body)


def test_a_payer_pays_a_checkout_and_its_merchant_is_told(merchant: Merchant) -> None:
    """From the address in a message to the receipt; the event comes within seconds."""
    made = merchant.call("POST", "/v1/checkouts", json.dumps(ASKED).encode())
    assert made.status == 200, made.data
    page, base = made.json(), merchant.base_url

    form = parsed(ask(page["url"], base).body.decode())
    assert form.action is not None
    sent = ask(form.action, base, form.fields | {"phone": "6 70 00 00 01", "way": "prompt"})
    assert sent.status == 303, sent

    def paid() -> str | None:
        shown = ask(sent.headers["location"], base).body.decode()
        return shown if "Payé" in shown else None

    text = wait_for("a page that says it is paid", paid, seconds=PATIENCE_SECONDS)
    links = parsed(text).links()
    (receipt,) = (link for link in links if "/verify/" in link)

    def completed() -> str | None:
        events = merchant.read("/v1/events?type=checkout.completed")["data"]
        return next((event["data"]["object"]["charge"] for event in events), None)

    charge_id = wait_for("checkout.completed", completed, seconds=PATIENCE_SECONDS)
    assert charge_id in sent.headers["location"]
    assert ASKED["success_url"] in links
    assert ask(receipt, base).status == 200
    assert merchant.read(f"/v1/checkouts/{page['id']}")["status"] == "complete"
