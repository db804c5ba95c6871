"""The simulator's Web Payment answers as documented, and its page decides what its books say."""

import uuid
from typing import Any

import pytest

from tests.simulator_process import CallbackReceiver, SimulatorProcess
from tests.web_customer import WebCustomer, browse, pay

pytest_plugins = ("tests.simulator_fixtures",)


@pytest.fixture
def web(simulator: SimulatorProcess) -> WebCustomer:
    """A fresh contract of Web Payment."""
    return WebCustomer.register(simulator)


@pytest.fixture
def order_id() -> str:
    """An order id of thirty characters, as many as Orange takes."""
    return uuid.uuid4().hex[:30]


def test_both_tokens_are_given_side_by_side(web: WebCustomer, order_id: str) -> None:
    """v3 says an hour as a number, v2 ninety days as text; the earlier token goes on."""
    first, old = web.ask_token(), web.ask_token("v2")

    assert (first.json["token_type"], first.json["expires_in"]) == ("Bearer", 3600)
    assert old.json["expires_in"] == "7776000"
    assert web.order(order_id).status == 201
    assert web.ask_token(client_secret="wrong").json["code"] == 41


def test_an_order_gets_its_page_and_waits(web: WebCustomer, order_id: str) -> None:
    """201 with two tokens and an address; nothing has moved, and there is no `txnid` yet."""
    made = web.order(order_id)
    found = web.status(order_id, made.json["pay_token"])

    assert (made.status, made.json["status"], made.json["message"]) == (201, 201, "OK")
    assert made.json["pay_token"] in made.json["payment_url"]
    assert len(made.json["notif_token"]) == 32
    assert found.json == {"status": "INITIATED", "order_id": order_id, "txnid": ""}
    assert web.view("effects") == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"order_id": "x" * 31}, 400, 24),
        ({"amount": "1500"}, 400, 22),
        ({"amount": 15.5}, 400, 22),
        ({"currency": "OUV"}, 400, 22),
        ({"reference": "x" * 31}, 400, 22),
        ({"return_url": "back"}, 400, 22),
        ({"merchant_key": "wrong"}, 401, 41),
    ],
)
def test_a_wrong_order_is_refused(
    web: WebCustomer, order_id: str, changes: dict[str, Any], status: int, code: int
) -> None:
    """Each with Orange's code, and no order is kept."""
    answer = web.order(order_id, **changes)

    assert (answer.status, answer.json["code"]) == (status, code)
    assert web.view("payments") == []


def test_an_order_id_serves_once(web: WebCustomer, order_id: str) -> None:
    """The second order under it is refused with 403; the first one stays."""
    made = web.order(order_id)

    assert web.order(order_id).status == 403
    assert web.status(order_id, made.json["pay_token"]).json["status"] == "INITIATED"


def test_dev_speaks_of_its_own_currency(web: WebCustomer, order_id: str) -> None:
    """Below `dev` an order is in OUV."""
    base = "/orange/orange-money-webpay/dev/v1"

    assert web.order(order_id, base=base).status == 400
    assert web.order(order_id, base=base, currency="OUV").status == 201


@pytest.mark.parametrize(
    ("msisdn", "word", "moved"),
    [
        ("690000001", "SUCCESS", 1),
        ("690000450", "FAILED", 0),
        ("690000452", "EXPIRED", 0),
        ("690000453", "PENDING", 0),
        ("690000454", "PENDING", 0),
    ],
)
def test_what_the_payer_types_decides(
    web: WebCustomer, order_id: str, msisdn: str, word: str, moved: int
) -> None:
    """The digits choose the end as everywhere; money moves with a success alone."""
    made = web.order(order_id).json
    page = browse(made["payment_url"])
    done = pay(made["payment_url"], msisdn)
    found = web.status(order_id, made["pay_token"]).json

    assert (page.status, b"1500 XAF" in page.body) == (200, True)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (done.status, done.headers["location"]) == (303, "http://127.0.0.1:9/back")
    assert found["status"] == word
    assert found["txnid"].startswith("MP") == bool(moved)
    assert [row["external_id"] for row in web.view("effects")] == [order_id] * moved
    assert browse(made["payment_url"]).status == 410
    assert pay(made["payment_url"], "690000001").status == 303
    assert len(web.view("effects")) == moved


def test_a_payer_who_cancels_may_come_back(web: WebCustomer, order_id: str) -> None:
    """There is no such status: the order waits on."""
    made = web.order(order_id).json

    gone = browse(made["payment_url"], {"do": "cancel"})

    assert gone.headers["location"] == "http://127.0.0.1:9/cancel"
    assert web.status(order_id, made["pay_token"]).json["status"] == "INITIATED"
    assert pay(made["payment_url"], "690000001").status == 303
    assert web.status(order_id, made["pay_token"]).json["status"] == "SUCCESS"


def test_three_wrong_codes_end_the_order(web: WebCustomer, order_id: str) -> None:
    """The first two may be typed again."""
    made = web.order(order_id).json

    replies = [pay(made["payment_url"], "690000001", "000000").status for _ in range(3)]

    assert replies == [400, 400, 303]
    assert web.status(order_id, made["pay_token"]).json["status"] == "FAILED"


def test_a_read_needs_order_amount_and_pay_token(web: WebCustomer, order_id: str) -> None:
    """Any other of the three is answered with no status."""
    made = web.order(order_id).json

    assert web.status(order_id, made["pay_token"], 1501).status == 400
    assert web.status(order_id, "0" * 64).status == 404
    assert web.status("another", made["pay_token"]).status == 404


@pytest.mark.parametrize(
    ("fault", "count"), [(None, 1), ("callback_none", 0), ("callback_double", 2)]
)
def test_the_notice_names_no_order(
    web: WebCustomer,
    receiver: CallbackReceiver,
    order_id: str,
    *,
    fault: str | None,
    count: int,
) -> None:
    """Three fields, when the payer has acted; a fault ordered with the order strikes then."""
    if fault:
        web.fault(fault)
    made = web.order(order_id, notif_url=receiver.url(order_id)).json

    pay(made["payment_url"], "690000001")
    receiver.wait(order_id, count)

    txnid = web.status(order_id, made["pay_token"]).json["txnid"]
    told = {"status": "SUCCESS", "notif_token": made["notif_token"], "txnid": txnid}
    assert [notice.json for notice in receiver.at(order_id)] == [told] * count


def test_no_secret_is_written_down(web: WebCustomer, order_id: str) -> None:
    """The log of requests has neither keys nor tokens."""
    made = web.order(order_id).json
    web.status(order_id, made["pay_token"])
    pay(made["payment_url"], "690000001")

    written = str(web.view("requests"))

    assert "webpayment" in written
    for secret in (web.letter["merchant_key"], made["pay_token"], made["notif_token"]):
        assert secret not in written


def test_the_control_can_end_an_order(web: WebCustomer, order_id: str) -> None:
    """As a payer would have; the page is over then."""
    made = web.order(order_id).json
    end = {"api_user": web.letter["api_user"], "reference": order_id, "status": "SUCCESSFUL"}

    web.simulator.control("POST", "settle", end)

    assert web.status(order_id, made["pay_token"]).json["status"] == "SUCCESS"
    assert browse(made["payment_url"]).status == 410


@pytest.mark.parametrize(
    ("fault", "status", "is_booked"),
    [
        ({"kind": "error_before", "http_status": 503}, 503, False),
        ({"kind": "error_after", "http_status": 500}, 500, True),
        ("token_expired", 401, False),
        ("strict_urls", 400, False),
    ],
)
def test_faults_strike_before_or_after_the_order(
    web: WebCustomer, order_id: str, *, fault: object, status: int, is_booked: bool
) -> None:
    """What comes before leaves nothing; what comes after hides what is there."""
    web.fault(fault)
    long_url = "http://127.0.0.1:9/" + "x" * 120

    assert web.order(order_id, return_url=long_url).status == status
    assert bool(web.view("payments")) is is_booked


def test_a_fault_finds_an_order_by_its_label(web: WebCustomer, order_id: str) -> None:
    """Whoever orders it does not know the order id yet; another order is left alone."""
    mine = {"match": {"reference": "Boutique 7"}}
    web.fault("error_after", **mine)
    web.fault("unknown_status", on="read", **mine)

    other = web.order(f"y{order_id[1:]}", reference="Boutique 8")
    assert web.order(order_id, reference="Boutique 7").status == 500
    made = web.order(f"z{order_id[1:]}", reference="Boutique 7")
    reads = [
        web.status(f"{first}{order_id[1:]}", answer.json["pay_token"]).json["status"]
        for first, answer in (("y", other), ("z", made), ("z", made))
    ]

    assert (other.status, made.status) == (201, 201)
    assert reads == ["INITIATED", "ONGOING", "INITIATED"]


def test_an_order_outlives_the_process(lonely_simulator: SimulatorProcess, order_id: str) -> None:
    """Killed between order and payer, it knows page, token and order still."""
    lonely_simulator.start()
    web = WebCustomer.register(lonely_simulator)
    made = web.order(order_id).json
    lonely_simulator.kill()
    lonely_simulator.start()

    assert pay(made["payment_url"], "690000001").status == 303
    assert web.status(order_id, made["pay_token"]).json["status"] == "SUCCESS"
