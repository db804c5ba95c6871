"""What Web Payment's answers prove, and that no secret shows."""

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.account import OperatorAccount
from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.operations.page_ports import Page, PageKeys
from shared.operations.ports import NotSent, ReadState, Refused, Unknown
from shared.providers.orange_web.client import connect
from shared.providers.orange_web.judgement import judge_made, judge_status
from shared.providers.orange_web.tokens import OrangeWebCredentials
from shared.providers.wire import Answer, UnsafeAddressError

MADE = {
    "status": 201,
    "message": "OK",
    "pay_token": "pay-1",
    "payment_url": "https://webpayment.example/payment/pay-1",
    "notif_token": "notif-1",
}
ACCOUNT = OperatorAccount(
    id="opa_1",
    operator=Operator.ORANGE,
    product="web",
    livemode=True,
    base_url="https://api.orange.com",
    target_environment="cm",
    currency="XAF",
    credentials="orange_web",
)


def said(status: int, /, **fields: Any) -> Answer:
    """An answer of Orange's."""
    return Answer(status, json.dumps(fields).encode())


def test_a_page_comes_with_two_tokens_and_an_address() -> None:
    """All three, or there is no page."""
    keys = PageKeys("pay-1", "notif-1", "https://webpayment.example/payment/pay-1")

    assert judge_made(said(201, **MADE), plain_allowed=False) == keys
    for name in ("pay_token", "payment_url", "notif_token"):
        left = {key: value for key, value in MADE.items() if key != name}
        assert judge_made(said(201, **left), plain_allowed=False) == Unknown("no_page_201")


@pytest.mark.parametrize(
    "url",
    [
        "http://webpayment.example/p",
        "javascript:alert(1)",
        "https://",
        "https://a b",
        "https://a\r\nSet-Cookie: x=y",
        "https://user@webpayment.example/",
        "//webpayment.example/",
        "https://webpayment.example/\u00e9",
    ],
)
def test_no_payer_is_sent_to_an_odd_address(url: str) -> None:
    """In the live mode it is https, and nothing that two readers would read as two."""
    made = said(201, **MADE | {"payment_url": url})

    assert judge_made(made, plain_allowed=False) == Unknown("no_page_201")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (said(400, code=24), Refused("operator_misconfigured", "24")),
        (said(400), Unknown("no_code_400")),
        (said(401, code=41), NotSent("not_authenticated")),
        (said(403, code=50), Unknown("50_403")),
        (said(429, code=53), Unknown("53_429")),
        (said(503, code=5), Unknown("5_503")),
        (Answer(200, b"<html>"), Unknown("not_json_200")),
        (Answer(201, b"[" * 9999), Unknown("not_json_201")),
    ],
)
def test_only_oranges_own_refusal_is_one(answer: Answer, outcome: object) -> None:
    """Whatever else comes, no page was shown, and another order may be tried."""
    assert judge_made(answer, plain_allowed=False) == outcome


@pytest.mark.parametrize(
    ("fields", "state", "money"),
    [
        ({"status": "SUCCESS"}, ReadState.SUCCEEDED, 1500),
        ({"status": "SUCCESS", "amount": "1500.00"}, ReadState.SUCCEEDED, 1500),
        ({"status": "SUCCESS", "amount": 1400}, ReadState.SUCCEEDED, 1400),
        ({"status": "SUCCESS", "amount": 1400.5}, ReadState.UNKNOWN, None),
        ({"status": "SUCCESS", "order_id": "order-2"}, ReadState.UNKNOWN, None),
        ({"status": "FAILED"}, ReadState.FAILED, None),
        ({"status": "EXPIRED"}, ReadState.EXPIRED, None),
        ({"status": "INITIATED"}, ReadState.PENDING, None),
        ({"status": "PENDING"}, ReadState.PENDING, None),
        ({"status": "CANCELLED"}, ReadState.PENDING, None),
        ({"status": None}, ReadState.UNKNOWN, None),
    ],
)
def test_a_status_is_oranges_word(
    fields: dict[str, Any], state: ReadState, money: int | None
) -> None:
    """The amount is that which was asked with, unless Orange repeats another."""
    answer = said(200, **{"order_id": "order-1", "txnid": "MP1"} | fields)

    read = judge_status(answer, order_id="order-1", asked=Money(1500))

    assert (read.state, read.money) == (state, None if money is None else Money(money))


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_an_error_proves_nothing_of_a_payment(status: int) -> None:
    """Not found neither: an order that was shown is known to Orange."""
    read = judge_status(said(status, code=60), order_id="order-1", asked=Money(1500))

    assert read.state is ReadState.UNKNOWN


def test_live_and_test_never_meet() -> None:
    """Orange's own test environment is on the live host, below another country's word."""
    connect(ACCOUNT)
    connect(replace(ACCOUNT, livemode=False, target_environment="dev", currency="OUV"))
    for changes in (
        {"livemode": False},
        {"target_environment": "dev"},
        {"base_url": "http://api.orange.com"},
        {"base_url": "https://simulator.example"},
        {"product": "core"},
    ):
        with pytest.raises(UnsafeAddressError):
            connect(replace(ACCOUNT, **changes))


def test_secrets_show_in_no_text() -> None:
    """Neither credentials nor a page's keys."""
    keys = PageKeys("pay-1", "notif-1", "https://x.example/pay-1")
    shown = repr(
        [
            OrangeWebCredentials("client", "word", "merchant-1"),
            keys,
            Page("order-1", is_shown=True, keys=keys),
        ]
    )

    for secret in ("word", "merchant-1", "pay-1", "notif-1"):
        assert secret not in shown
