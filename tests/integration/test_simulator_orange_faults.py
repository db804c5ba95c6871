"""Each fault and each disputed reading of Orange does what its name says; the books stay true."""

import http.client
import time
from typing import Any

import pytest

from tests.simulator_process import CallbackReceiver, OrangeCustomer

pytest_plugins = ("tests.simulator_fixtures",)


def effects(channel: OrangeCustomer) -> list[str]:
    return [effect["reference"] for effect in channel.view("effects")]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_before", 500),
        ({"kind": "error_before", "http_status": 429, "code": None}, 429),
        ({"kind": "html", "http_status": 200}, 200),
        ({"kind": "hold_before", "seconds": 0.1}, 504),
        ({"kind": "gateway_fault", "http_status": 401}, 401),
        ({"kind": "gateway_fault", "form": "xml", "http_status": 200}, 200),
    ],
)
@pytest.mark.parametrize(("product", "operation"), [("mp", "submit"), ("cashin", "payout")])
def test_a_fault_before_the_effect_leaves_none(
    channel: OrangeCustomer, *, fault: object, status: int, product: str, operation: str
) -> None:
    """The same payToken is taken afterwards: it had not served."""
    channel.order(fault, on=operation)
    pay_token = channel.init(product)

    assert channel.pay(pay_token, product=product).status == status
    assert effects(channel) == []
    assert channel.pay(pay_token, product=product).status == 200
    assert effects(channel) == [pay_token]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_after", 500),
        ({"kind": "html_after", "http_status": 200}, 200),
        ({"kind": "hold_after", "seconds": 0.1}, 200),
    ],
)
@pytest.mark.parametrize(("product", "operation"), [("mp", "submit"), ("cashin", "payout")])
def test_a_fault_after_the_effect_hides_it(
    channel: OrangeCustomer, *, fault: object, status: int, product: str, operation: str
) -> None:
    """The money moved and the payToken has served; only the answer was wrong."""
    channel.order(fault, on=operation)
    pay_token = channel.init(product)

    assert channel.pay(pay_token, product=product).status == status
    assert effects(channel) == [pay_token]
    assert channel.pay(pay_token, product=product).status == 422


@pytest.mark.parametrize(
    ("product", "fault", "is_booked"),
    [
        ("mp", {"on": "submit", "fault": "drop_after"}, True),
        ("mp", {"on": "submit", "fault": "drop_before"}, False),
        ("cashin", {"on": "payout", "fault": "drop_after"}, True),
        ("cashin", {"on": "payout", "fault": "drop_before"}, False),
    ],
)
def test_a_dropped_connection_has_no_answer(
    channel: OrangeCustomer, product: str, fault: dict[str, str], *, is_booked: bool
) -> None:
    """The connection ends without a status line, before or after the effect."""
    channel.order(**fault)
    pay_token = channel.init(product)

    with pytest.raises((http.client.HTTPException, ConnectionError)):
        channel.pay(pay_token, product=product)

    assert effects(channel) == [pay_token] * is_booked


def test_an_answer_held_longer_than_the_caller_waits(channel: OrangeCustomer) -> None:
    """The worst case of a payout: the caller times out, the money is out."""
    channel.order({"kind": "hold_after", "seconds": 0.6}, on="payout")
    pay_token = channel.init("cashin")

    with pytest.raises(TimeoutError):
        channel.pay(pay_token, product="cashin", timeout=0.3)

    assert effects(channel) == [pay_token]


def test_an_answer_may_drip(channel: OrangeCustomer) -> None:
    """Byte by byte, the usual answer in the end."""
    pay_token = channel.init()
    usual = channel.status(pay_token)
    channel.order({"kind": "drip", "seconds": 0.001}, on="read")
    started = time.monotonic()

    dripped = channel.status(pay_token)

    assert dripped.body == usual.body
    assert time.monotonic() - started > 0.001 * len(usual.body)


def test_an_expired_token_is_not_handed_out_again(channel: OrangeCustomer) -> None:
    """The gateway says 401 before any effect; the next token is another one, and works."""
    pay_token = channel.init()
    channel.order("token_expired")

    assert channel.pay(pay_token).json["fault"]["code"] == 900901
    assert channel.pay(pay_token).status == 401
    fresh = channel.with_token()
    assert fresh.token != channel.token
    assert fresh.pay(pay_token).status == 200


def test_a_token_may_end_before_it_says(channel: OrangeCustomer) -> None:
    """`token_short`: a new token that claims an hour and is dead at once."""
    channel.order({"kind": "token_short", "seconds": 0})
    answer = channel.ask_token()
    short = OrangeCustomer(channel.simulator, channel.letter, answer.json["access_token"])

    assert answer.json["expires_in"] == 3600
    assert short.call("POST", "mp/init").status == 401


def test_a_pay_token_may_end_before_it_serves(channel: OrangeCustomer) -> None:
    """It is not taken any more, moves nothing, and reads as expired."""
    channel.order({"kind": "token_short", "seconds": 0}, on="init")
    pay_token = channel.init()

    assert channel.pay(pay_token).status == 404
    assert channel.status(pay_token).json["data"]["status"] == "EXPIRED"
    assert effects(channel) == []


@pytest.mark.parametrize(
    ("fault", "field", "value"),
    [
        ("wrong_amount", "amount", 1),
        ({"kind": "wrong_payer", "msisdn": "237690000099"}, "subscriberMsisdn", "690000099"),
        ("unknown_status", "status", "ONGOING"),
        ("other_spelling", "status", "SUCCESSFUL"),
        ("other_types", "amount", "500"),
        ("other_names", "notifyUrl", None),
    ],
)
def test_a_read_may_say_it_otherwise_once(
    channel: OrangeCustomer, *, fault: object, field: str, value: object
) -> None:
    """The next read lies or takes the other reading; the one after it is as usual again."""
    pay_token = channel.init()
    channel.pay(pay_token)
    usual = channel.status(pay_token).json
    channel.order(fault, on="read")

    said = channel.status(pay_token).json["data"]

    assert (field in said, said[field]) == (True, value)
    assert channel.status(pay_token).json == usual


def test_a_read_may_deny_a_payment(channel: OrangeCustomer) -> None:
    """404 of a payToken that exists."""
    pay_token = channel.init()
    channel.order("not_found")

    answer = channel.status(pay_token)

    assert (answer.status, answer.json["message"]) == (404, "No mp found for input pay token")


@pytest.mark.parametrize(
    ("product", "operation", "name"),
    [("mp", "submit", "amount"), ("cashin", "payout", "txnstatus")],
)
def test_disputed_types_come_by_switch(
    channel: OrangeCustomer, product: str, operation: str, name: str
) -> None:
    """Amount and `txnstatus` as text, `createtime` and `expires_in` the other way round."""
    channel.order("other_types", on=operation)
    channel.order("other_types", on="token")

    said = channel.pay(channel.init(product), product=product).json["data"]

    assert (type(said[name]), type(said["createtime"])) == (str, int)
    assert type(channel.ask_token().json["expires_in"]) is str


def test_a_refusal_may_come_with_another_status(channel: OrangeCustomer) -> None:
    """200 or 400 for what was recorded as 417; the body is the same."""
    channel.order({"kind": "refused_with", "http_status": 400})

    answer = channel.pay(channel.init(), subscriber="690000450")

    assert (answer.status, answer.json["data"]["inittxnstatus"]) == (400, "60019")


def test_a_hyphen_in_the_order_id_comes_by_switch(channel: OrangeCustomer) -> None:
    """Sources disagree on whether Orange takes it."""
    channel.order("loose_order_id")

    assert channel.pay(channel.init(), orderId="order-1_a").status == 200


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("callback_none", []),
        ({"kind": "callback_double", "seconds": 0.05}, [("SUCCESSFULL", "POST")] * 2),
        ("callback_put", [("SUCCESSFULL", "PUT")]),
        ("callback_forged", [("CANCELLED", "POST"), ("SUCCESSFULL", "POST")]),
    ],
)
def test_notices_bend(
    channel: OrangeCustomer,
    receiver: CallbackReceiver,
    fault: object,
    expected: list[tuple[str, str]],
) -> None:
    """None, twice, by PUT, or a lie beside the truth; the read stays true."""
    channel.order(fault)
    pay_token = channel.init()
    channel.pay(pay_token, notifUrl=receiver.url(pay_token))

    came = receiver.wait(pay_token, len(expected))

    assert sorted((each.json["status"], each.method) for each in came) == expected
    assert len(channel.view("callbacks")) == len(expected)
    assert channel.status(pay_token).json["data"]["status"] == "SUCCESSFULL"


@pytest.mark.parametrize("form", ["data", "payment"])
def test_a_notice_may_be_nested(
    channel: OrangeCustomer, receiver: CallbackReceiver, form: str
) -> None:
    """The same four fields under another name."""
    channel.order({"kind": "callback_nested", "form": form})
    pay_token = channel.init()
    channel.pay(pay_token, notifUrl=receiver.url(pay_token))

    body: dict[str, Any] = receiver.wait(pay_token)[0].json

    assert body[form]["payToken"] == pay_token


def test_a_notice_may_precede_the_answer(
    channel: OrangeCustomer, receiver: CallbackReceiver
) -> None:
    """It is there before `pay` returns, and says what the read does not yet say."""
    channel.order({"kind": "callback_early", "seconds": 60})
    pay_token = channel.init()

    channel.pay(pay_token, notifUrl=receiver.url(pay_token))

    assert receiver.at(pay_token)[0].json["status"] == "SUCCESSFULL"
    assert channel.status(pay_token).json["data"]["status"] == "PENDING"
    assert effects(channel) == []


def test_a_fault_waits_for_its_match(channel: OrangeCustomer) -> None:
    """Ordered for one payToken or number, it leaves the others alone."""
    first, second = channel.init(), channel.init()
    channel.order("error_before", match={"reference": second})
    channel.order("error_before", match={"msisdn": "690000002"})

    assert channel.pay(first).status == 200
    assert channel.pay(second).status == 500
    assert channel.pay(channel.init(), subscriber="690000002").status == 500
