"""What can become of a checkout and of a payment link, whoever looks and whenever."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.domain.charge import FINAL, ChargeStatus
from shared.domain.errors import InvalidRequest
from shared.domain.ids import is_id, new_account_id
from shared.domain.payment_page import (
    LOOK_AGAIN,
    Asked,
    PageKind,
    PageStatus,
    PaymentPage,
    is_checkout,
)
from shared.domain.phone import Operator
from shared.operations.close_checkout import closed
from shared.operations.pay_on_page import PayOrder
from shared.operations.payment_page_orders import Bounds, CreatePage, UpdateLink
from tests.factories import an_id

ACCOUNT = new_account_id()
NOW = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
CHECKOUT = PaymentPage(
    id=f"cs_test_{an_id('x')[2:]}",
    account=ACCOUNT,
    livemode=False,
    kind=PageKind.CHECKOUT,
    asked=Asked(1500),
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)
LINK = replace(CHECKOUT, id=an_id("plink"), kind=PageKind.LINK, expires_at=None)
LATER = NOW + timedelta(hours=2)
TOKEN = an_id("x")[2:]


def begun(page: PaymentPage, status: ChargeStatus) -> PaymentPage:
    """The page with a charge in this status."""
    return replace(page, charge_id=an_id("ch"), charge_status=status)


@pytest.mark.parametrize("status", ChargeStatus)
def test_a_checkout_takes_one_payment_at_a_time_and_one_success(status: ChargeStatus) -> None:
    """Another try only after the first has failed for good, never while one is unknown."""
    page = begun(CHECKOUT, status)
    has_failed = status in FINAL - {ChargeStatus.SUCCEEDED}

    assert page.takes_payment(NOW) is has_failed
    assert not page.takes_payment(LATER)
    assert begun(LINK, status).takes_payment(LATER)


@pytest.mark.parametrize("status", ChargeStatus)
def test_a_checkout_whose_time_is_over_waits_for_a_payment_under_way(status: ChargeStatus) -> None:
    """It is expired only once no money can come of it any more."""
    page = begun(CHECKOUT, status)
    expected = PageStatus.EXPIRED if status in FINAL else PageStatus.OPEN
    expected = PageStatus.COMPLETE if status is ChargeStatus.SUCCEEDED else expected

    assert page.shown_status(LATER) is expected
    assert page.shown_status(NOW) is not PageStatus.EXPIRED


def test_a_closed_checkout_stays_as_it_is_and_tells_once() -> None:
    """The same look again changes nothing and tells nothing."""
    paid = begun(CHECKOUT, ChargeStatus.SUCCEEDED)
    first = closed(paid, now=NOW, base_url="https://a.example")
    again = closed(first.page, now=LATER, base_url="https://a.example")

    assert first.page.status is PageStatus.COMPLETE
    assert first.event is not None
    assert (first.event.type, first.event.object_id) == ("checkout.completed", CHECKOUT.id)
    assert '"status":"complete"' in first.event.data
    assert (again.page, again.event, again.look_at) == (first.page, None, None)


def test_an_unpaid_checkout_is_looked_at_when_its_time_is_over() -> None:
    """Not before; and again and again while a payment is under way beyond it."""
    waiting = begun(CHECKOUT, ChargeStatus.UNKNOWN)
    over = closed(CHECKOUT, now=LATER, base_url="https://a.example")

    assert closed(CHECKOUT, now=NOW, base_url="").look_at == CHECKOUT.expires_at
    assert closed(waiting, now=LATER, base_url="").look_at == LATER + LOOK_AGAIN
    assert over.event is not None
    assert (over.page.status, over.event.type) == (PageStatus.EXPIRED, "checkout.expired")


def test_a_link_is_open_while_its_merchant_wants_it() -> None:
    """Switched off or over it takes nothing; switched on again it does."""
    off = UpdateLink.parse({"active": False, "metadata": {"a": "1"}}).applied(LINK)
    on = UpdateLink.parse({"active": True, "metadata": {"a": ""}}).applied(off)

    assert (off.shown_status(NOW), off.takes_payment(NOW)) == (PageStatus.EXPIRED, False)
    assert (on, on.takes_payment(LATER)) == (LINK, True)
    assert not replace(LINK, expires_at=LATER).takes_payment(LATER)
    assert closed(off, now=NOW, base_url="").event is None


@pytest.mark.parametrize(
    ("asked", "said", "code"),
    [
        (Asked(1500), 1, None),
        (Asked(None, 500, 2000), None, "amount_missing"),
        (Asked(None, 500, 2000), 499, "amount_too_small"),
        (Asked(None, 500, 2000), 2001, "amount_too_large"),
        (Asked(None, None, 2000), 0, "amount_too_small"),
    ],
)
def test_a_payer_says_an_amount_only_where_it_is_free(
    asked: Asked, said: int | None, code: str | None
) -> None:
    """A fixed amount is the merchant's alone; a free one lies between the bounds."""
    if code is None:
        assert asked.read(said) == 1500
        return
    with pytest.raises(InvalidRequest) as refused:
        asked.read(said)

    assert (refused.value.code, refused.value.param) == (code, "amount")


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"amount": None}, "amount_missing", "amount"),
        ({"amount": 15.5}, "amount_not_whole", "amount"),
        ({"amount": True}, "amount_not_whole", "amount"),
        ({"amount_min": 5}, "parameter_invalid", "amount_min"),
        ({"amount": None, "amount_max": "5"}, "amount_not_whole", "amount_max"),
        ({"amount": None, "amount_min": 6, "amount_max": 5}, "amount_too_small", "amount_max"),
        ({"amount": None, "amount_min": 0}, "amount_too_small", "amount_min"),
        ({"currency": None}, "parameter_missing", "currency"),
        ({"currency": "eur"}, "currency_unsupported", "currency"),
        ({"success_url": "http://a.example"}, "parameter_invalid", "success_url"),
        ({"cancel_url": "https://a:b@a.example"}, "parameter_invalid", "cancel_url"),
        ({"cancel_url": "javascript:alert(1)"}, "parameter_invalid", "cancel_url"),
        ({"language": "de"}, "parameter_invalid", "language"),
        ({"language": ["fr"]}, "parameter_invalid", "language"),
        ({"expires_at": "soon"}, "parameter_invalid", "expires_at"),
        ({"expires_at": 10**30}, "parameter_invalid", "expires_at"),
        ({"status": "complete"}, "parameter_unknown", "status"),
    ],
)
def test_a_wrong_wish_is_named(changes: dict[str, Any], code: str, param: str) -> None:
    """Each fault has its field; nothing is guessed about money."""
    with pytest.raises(InvalidRequest) as refused:
        CreatePage.parse({"amount": 1500, "currency": "xaf"} | changes, PageKind.CHECKOUT)

    assert (refused.value.code, refused.value.param) == (code, param)


def test_a_page_is_made_within_bounds_and_with_a_time() -> None:
    """A checkout lasts a day, a link for ever; times too near and amounts too large are refused."""
    bounds = Bounds(100, 500_000)

    def make(kind: PageKind, **changes: Any) -> PaymentPage:
        command = CreatePage.parse({"amount": 1500, "currency": "xaf"} | changes, kind)
        return command.page(ACCOUNT, livemode=False, bounds=bounds, now=NOW)

    checkout = make(PageKind.CHECKOUT)
    assert checkout.expires_at == NOW + timedelta(hours=24)
    assert is_checkout(checkout.id)
    assert is_id(checkout.id, "cs_test")
    assert not is_id(checkout.id, "cs_live")
    assert make(PageKind.LINK).expires_at is None
    soon, far = int(NOW.timestamp()) + 60, int(NOW.timestamp()) + 31 * 86400
    for changes in ({"expires_at": soon}, {"expires_at": far}, {"amount": 99}, {"amount": 500_001}):
        with pytest.raises(InvalidRequest):
            make(PageKind.CHECKOUT, **changes)


@pytest.mark.parametrize(
    "typed", ["6 70 00 00 01", "+237 670-00-00-01", "00237670000001", "237670000001"]
)
def test_a_number_is_read_as_people_type_it(typed: str) -> None:
    """With spaces, hyphens and the country's code; its operator is told from it."""
    order = PayOrder.parse({"token": TOKEN, "phone": typed})

    assert order.phone is not None
    assert (order.phone.e164, order.operator) == ("+237670000001", Operator.MTN)


def test_a_payer_may_correct_the_operator() -> None:
    """Her word wins over the prefix, since numbers move."""
    order = PayOrder.parse({"token": TOKEN, "phone": "670000001", "operator": "orange"})

    assert order.operator is Operator.ORANGE


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({}, "parameter_invalid", "token"),
        ({"token": TOKEN.upper()}, "parameter_invalid", "token"),
        ({"token": TOKEN, "next": "https://evil.example"}, "parameter_invalid", "token"),
        ({"token": TOKEN}, "phone_missing", "phone"),
        ({"token": TOKEN, "phone": "abc"}, "phone_invalid", "phone"),
        ({"token": TOKEN, "phone": "222000000"}, "phone_not_mobile", "phone"),
        ({"token": TOKEN, "phone": "620000000"}, "operator_undetermined", "operator"),
        ({"token": TOKEN, "phone": "670000001", "operator": "x"}, "operator_unknown", "operator"),
        ({"token": TOKEN, "phone": "670000001", "amount": "1500.50"}, "amount_invalid", "amount"),
        ({"token": TOKEN, "phone": "670000001", "amount": "1e3"}, "amount_invalid", "amount"),
        ({"token": TOKEN, "phone": "670000001", "amount": "٣"}, "amount_invalid", "amount"),
    ],
)
def test_what_a_payer_cannot_mean_is_named(form: dict[str, str], code: str, param: str) -> None:
    """A point could part thousands or francs, so it parts nothing; odd fields are not ours."""
    with pytest.raises(InvalidRequest) as refused:
        PayOrder.parse(form)

    assert (refused.value.code, refused.value.param) == (code, param)
