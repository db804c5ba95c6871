"""The simulator's Orange face answers as recordings and clients say, and its books are true."""

import base64
import json
import threading
import uuid
from typing import Any
from urllib.parse import urlsplit

import pytest
from pg8000.native import literal

from knative.local.postgres import Postgres, connect
from tests.simulator_process import (
    CallbackReceiver,
    OrangeCustomer,
    SimulatorProcess,
    call,
)

pytest_plugins = ("tests.simulator_fixtures",)


def data(answer: Any) -> dict[str, Any]:
    """The `data` of an answer."""
    found: dict[str, Any] = answer.json["data"]
    return found


def test_the_same_token_is_handed_out_until_it_ends(channel: OrangeCustomer) -> None:
    """A second call brings the same opaque token, and what is left of its hour."""
    first, second = channel.ask_token().json, channel.ask_token().json

    assert first["access_token"] == second["access_token"] == channel.token
    assert uuid.UUID(channel.token)
    assert (first["token_type"], first["scope"]) == ("Bearer", "am_application_scope default")
    assert 3500 < second["expires_in"] <= first["expires_in"] <= 3600


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"consumer_key": "nobody"}, 401), ({"consumer_secret": "wrong"}, 401)],
)
def test_wrong_keys_get_the_gateways_fault(
    channel: OrangeCustomer, wrong: dict[str, Any], status: int
) -> None:
    """WSO2 says 900901 in JSON."""
    answer = channel.ask_token(**wrong)

    assert (answer.status, answer.json["fault"]["code"]) == (status, 900901)


def test_a_token_needs_its_grant(channel: OrangeCustomer) -> None:
    """Without `grant_type` there is no token."""
    assert channel.ask_token(body=b"").status == 400


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": "Bearer stolen"}, 401, 900901),
        ({"Authorization": "Basic stolen"}, 401, 900902),
        ({"X_AUTH_TOKEN": "c3RvbGVuOng="}, 401, None),
        ({"X_AUTH_TOKEN": "é"}, 401, None),
    ],
)
def test_a_call_needs_bearer_and_user(
    channel: OrangeCustomer, headers: dict[str, Any], status: int, code: int | None
) -> None:
    """The gateway refuses a wrong bearer with a fault, the API a wrong user with its status."""
    answer = channel.call("POST", "mp/init", **headers)

    assert answer.status == status
    assert answer.json.get("fault", {}).get("code") == code
    assert code is not None or answer.json["status"] == 401


def test_a_password_counts_for_its_own_user(channel: OrangeCustomer) -> None:
    """The right password under another name is refused."""
    pair = base64.b64encode(f"somebody:{channel.letter['api_password']}".encode()).decode()

    assert channel.call("POST", "mp/init", X_AUTH_TOKEN=pair).status == 401


def test_init_gives_a_pay_token_and_moves_nothing(channel: OrangeCustomer) -> None:
    """28 characters, not yet asked for anything, and no effect."""
    answer = channel.call("POST", "mp/init")
    pay_token = data(answer)["payToken"]

    found = data(channel.status(pay_token))

    assert answer.json["message"] == "Payment request successfully initiated"
    assert len(pay_token) == 28
    assert (found["status"], found["payToken"]) == ("INITIATED", pay_token)
    assert {found[name] for name in ("amount", "txnid", "txnmode", "inittxnstatus")} == {None}
    assert channel.view("payments") == []


def test_pay_is_answered_as_recorded(channel: OrangeCustomer) -> None:
    """Pending first, in the recorded fields and types; the status then says SUCCESSFULL."""
    pay_token = channel.init()
    answer = channel.pay(pay_token, notifUrl="http://127.0.0.1:9/n", amount=500)
    paid, found = data(answer), data(channel.status(pay_token))
    made, text = paid.pop("txnid"), paid.pop("inittxnmessage")

    assert answer.json["message"] == "Merchant payment successfully initiated"
    assert made.startswith("MP")
    assert text.startswith("Paiement e la clientele done.")
    assert (type(paid.pop("id")), type(paid.pop("createtime"))) == (int, str)
    assert paid == {
        "subscriberMsisdn": "690000001",
        "amount": 500,
        "payToken": pay_token,
        "txnmode": "order1",
        "inittxnstatus": "200",
        "confirmtxnstatus": None,
        "confirmtxnmessage": None,
        "status": "PENDING",
        "notifUrl": "http://127.0.0.1:9/n",
        "description": "Order 1",
        "channelUserMsisdn": channel.letter["channel_msisdn"],
    }
    assert (found["status"], found["confirmtxnstatus"], found["txnid"]) == (
        "SUCCESSFULL",
        "200",
        made,
    )


# digits: HTTP status of `pay`, its status word and code, and what the status read says.
COLLECTIONS = [
    ("001", 200, "PENDING", "200", "SUCCESSFULL"),
    ("450", 417, "FAILED", "60019", "FAILED"),
    ("451", 200, "PENDING", "200", "CANCELLED"),
    ("452", 200, "PENDING", "200", "EXPIRED"),
    ("453", 200, "PENDING", "200", "PENDING"),
    ("454", 200, "PENDING", "200", "PENDING"),
    ("455", 200, "FAILED", "0066111", "FAILED"),
    ("456", 417, "FAILED", "99033", "FAILED"),
    ("460", 417, "FAILED", "99033", "FAILED"),
    ("461", 200, "PENDING", "200", "FAILED"),
    ("463", 200, "PENDING", "200", "EXPIRED"),
    ("465", 417, "FAILED", "00671", "FAILED"),
    ("466", 417, "FAILED", "99051", "FAILED"),
]


@pytest.mark.parametrize(("digits", "status", "said", "code", "read"), COLLECTIONS)
def test_collection_numbers(
    channel: OrangeCustomer, digits: str, *, status: int, said: str, code: str, read: str
) -> None:
    """Each test number ends as the README says, and only a success is an effect."""
    pay_token = channel.init()
    answer = channel.pay(pay_token, subscriber=f"690000{digits}")

    assert answer.status == status
    assert (data(answer)["status"], data(answer)["inittxnstatus"]) == (said, code)
    assert data(channel.status(pay_token))["status"] == read
    assert len(channel.view("effects")) == (read == "SUCCESSFULL")


PAYOUTS = [
    ("001", 200, "SUCCESSFULL", 200),
    ("450", 200, "FAILED", "99999"),
    ("453", 200, "PENDING", 200),
    ("454", 200, "PENDING", 200),
    ("455", 417, "FAILED", "60019"),
    ("457", 417, "FAILED", "99051"),
    ("458", 417, "FAILED", "99033"),
    ("465", 417, "FAILED", "00671"),
]


@pytest.mark.parametrize(("digits", "status", "said", "code"), PAYOUTS)
def test_payout_numbers(
    channel: OrangeCustomer, digits: str, *, status: int, said: str, code: object
) -> None:
    """A cash-in is answered at once; its success is money out, booked once."""
    pay_token = channel.init("cashin")
    answer = channel.pay(pay_token, subscriber=f"690000{digits}", product="cashin")

    assert (answer.status, data(answer)["status"], data(answer)["txnstatus"]) == (
        status,
        said,
        code,
    )
    assert data(channel.status(pay_token, "cashin"))["status"] == said
    assert [row["direction"] for row in channel.view("effects")] == ["out"] * (
        said == "SUCCESSFULL"
    )


@pytest.mark.parametrize("product", ["mp", "cashin"])
def test_a_pay_token_serves_once(channel: OrangeCustomer, product: str) -> None:
    """The second `pay` is 422 and moves nothing, whatever it asks for."""
    pay_token = channel.init(product)
    channel.pay(pay_token, product=product)

    again = channel.pay(pay_token, product=product, amount="700")

    assert again.status == 422
    assert [effect["amount"] for effect in channel.view("effects")] == ["500"]


def test_a_pay_token_serves_one_of_many_at_once(channel: OrangeCustomer) -> None:
    """Eight threads with one payToken: one is taken, seven are told that it has served."""
    pay_token = channel.init()
    barrier = threading.Barrier(8)
    statuses: list[int] = []

    def pay() -> None:
        barrier.wait(5)
        statuses.append(channel.pay(pay_token).status)

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(statuses) == [200, *[422] * 7]
    assert len(channel.view("effects")) == 1


def test_a_pay_token_belongs_to_its_channel_and_product(
    channel: OrangeCustomer, simulator: SimulatorProcess
) -> None:
    """Another contract, or the other product, does not know it."""
    stranger = OrangeCustomer.register(simulator)
    pay_token = channel.init()

    assert stranger.pay(pay_token).status == stranger.status(pay_token).status == 404
    assert channel.pay(pay_token, product="cashin").status == 404
    assert channel.status(pay_token).json["data"]["status"] == "INITIATED"


@pytest.mark.parametrize(
    "field",
    [
        {"payToken": "MP"},
        {"payToken": None},
        {"subscriberMsisdn": "237690000001"},
        {"channelUserMsisdn": "69000000"},
        {"amount": 0},
        {"amount": True},
        {"amount": "1.5"},
        {"amount": 5.0},
        {"orderId": "x" * 21},
        {"orderId": "order-1"},
        {"orderId": ""},
        {"description": "x" * 126},
        {"notifUrl": "ftp://here"},
        {"pin": 1234},
    ],
)
def test_a_malformed_pay_is_refused(channel: OrangeCustomer, field: dict[str, Any]) -> None:
    """400, and the payToken has not served."""
    pay_token = channel.init()

    assert channel.pay(pay_token, **field).status == 400
    assert channel.pay(pay_token).status == 200


@pytest.mark.parametrize("wrong", [{"pin": "12345"}, {"channelUserMsisdn": "699999999"}])
def test_the_channel_user_proves_herself(channel: OrangeCustomer, wrong: dict[str, Any]) -> None:
    """A wrong PIN or channel is refused for good, even where a success was ordered."""
    channel.order({"kind": "outcome", "status": "SUCCESSFUL"})
    pay_token = channel.init()

    answer = channel.pay(pay_token, **wrong)

    assert (answer.status, data(answer)["inittxnstatus"]) == (417, "99033")
    assert channel.view("effects") == []


@pytest.mark.parametrize(("text", "status"), [("nonsense", 400), ("MP261129" + "A" * 20, 404)])
def test_an_unknown_pay_token_is_told_apart(
    channel: OrangeCustomer, text: str, status: int
) -> None:
    """400 for what cannot be one, 404 for one that was never given."""
    assert channel.status(text).status == status


def test_a_body_without_length_is_refused(channel: OrangeCustomer) -> None:
    """How much comes must be known before it is read."""
    answer = call(
        channel.simulator.port,
        "POST",
        "/orange/token",
        headers={"Content-Length": "", "Transfer-Encoding": "chunked"},
        body=b"0\r\n\r\n",
    )

    assert answer.status == 400


def test_status_may_be_posted_and_the_push_repeated(channel: OrangeCustomer) -> None:
    """Both methods of clients work, and a second prompt changes nothing."""
    pay_token = channel.init()
    channel.pay(pay_token, subscriber="690000453")

    posted = channel.call("POST", f"mp/paymentstatus/{pay_token}")
    pushed = channel.call("GET", f"mp/push/{pay_token}")

    assert posted.json == channel.status(pay_token).json
    assert (pushed.json["message"], data(pushed)["status"]) == ("Push sent to customer", "PENDING")


def test_the_holder_has_two_names(channel: OrangeCustomer) -> None:
    """The PIN is asked for here too; 450 has no wallet."""
    asked = {"pin": channel.letter["pin"], "channelMsisdn": channel.letter["channel_msisdn"]}
    path = "infos/subscriber/customer"

    found = channel.call("POST", f"{path}/690000001", asked)

    assert data(found) == {"firstName": "Sand", "lastName": "Box"}
    assert channel.call("POST", f"{path}/690000450", asked).status == 404
    assert channel.call("POST", f"{path}/690000001", asked | {"pin": "1"}).status == 417
    assert channel.call("POST", f"{path}/1", asked).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/orange/token"),
        ("GET", "/orange"),
        ("POST", "/orange/omcoreapis/1.0.1/mp/init"),
        ("GET", "/orange/omcoreapis/1.0.2/mp/init"),
        ("POST", "/orange/omcoreapis/1.0.2/cashout/init"),
        ("GET", "/orange/omcoreapis/1.0.2/cashin/push/MP"),
    ],
)
def test_what_orange_does_not_have_is_404(
    simulator: SimulatorProcess, method: str, path: str
) -> None:
    """Unknown paths, versions and methods have no answer of another kind."""
    assert call(simulator.port, method, path, body=b"").status == 404


def test_the_notice_comes_after_the_payer_acted(
    channel: OrangeCustomer, receiver: CallbackReceiver
) -> None:
    """One unsigned POST with four fields, for paid and for cancelled; none for refused."""
    told = {}
    for subscriber in ("690000001", "690000451", "690000455"):
        pay_token = channel.init()
        channel.pay(pay_token, subscriber=subscriber, notifUrl=receiver.url(pay_token))
        told[subscriber] = pay_token

    paid, cancelled = (receiver.wait(told[n])[0] for n in ("690000001", "690000451"))

    assert (paid.method, paid.headers["Content-Type"]) == ("POST", "application/json")
    assert paid.json.keys() == {"payToken", "status", "message", "txnid"}
    assert (paid.json["payToken"], paid.json["status"]) == (told["690000001"], "SUCCESSFULL")
    assert (cancelled.json["status"], cancelled.json["txnid"]) == ("CANCELLED", None)
    assert [row["reference"] for row in channel.view("callbacks")] == [
        told["690000001"],
        told["690000451"],
    ]


def test_a_cash_in_is_not_told_of_unless_ordered(
    channel: OrangeCustomer, receiver: CallbackReceiver
) -> None:
    """Whether Orange tells of a payout is not known: silence, or a notice by switch."""
    silent, told = channel.init("cashin"), channel.init("cashin")
    channel.pay(silent, product="cashin", notifUrl=receiver.url(silent))
    channel.order({"kind": "callback_late", "seconds": 0}, on="payout")
    channel.pay(told, product="cashin", notifUrl=receiver.url(told))

    assert receiver.wait(told)[0].json["status"] == "SUCCESSFULL"
    assert [row["reference"] for row in channel.view("callbacks")] == [told]


@pytest.mark.parametrize(
    ("status", "read"), [("SUCCESSFUL", "SUCCESSFULL"), ("FAILED", "CANCELLED")]
)
def test_a_pending_payment_is_settled_by_hand(
    channel: OrangeCustomer, receiver: CallbackReceiver, status: str, read: str
) -> None:
    """The control ends it in Orange's words, with its notice and its effect."""
    pay_token = channel.init()
    channel.pay(pay_token, subscriber="690000453", notifUrl=receiver.url(pay_token))

    order = {"api_user": channel.letter["api_user"], "reference": pay_token, "status": status}
    channel.simulator.control("POST", "settle", order)

    assert receiver.wait(pay_token)[0].json["status"] == read
    assert data(channel.status(pay_token))["status"] == read
    assert len(channel.view("effects")) == (read == "SUCCESSFULL")


def test_the_prepared_contract_works_at_once(simulator: SimulatorProcess) -> None:
    """The secret file alone makes a contract ready; the control finds it by its operator."""
    letter = json.loads((simulator.secrets_dir / "simulator_orange_credentials").read_text())
    own = OrangeCustomer(simulator, letter, "").with_token()
    pay_token = own.init()
    own.pay(pay_token)

    effects = simulator.control("GET", "effects", None, operator="orange", reference=pay_token)

    assert [row["reference"] for row in effects["effects"]] == [pay_token]


def test_nothing_secret_is_kept(
    channel: OrangeCustomer, simulator: SimulatorProcess, cluster: Postgres
) -> None:
    """Neither log nor books show a PIN, a token or a password; a refusal names no number."""
    pay_token = channel.init()
    channel.pay(pay_token, pin="987654")
    channel.pay(pay_token)
    channel.call("POST", "infos/subscriber/customer/690000450", {"pin": channel.letter["pin"]})
    rows = channel.view("requests") + channel.view("payments")
    log = simulator.log.read_text()
    name = urlsplit(simulator.database_url).path[1:]
    with connect(port=cluster.port, password=cluster.password, database=name) as admin:
        kept = admin.run(
            "SELECT channels::text, bearer_tokens::text FROM channels NATURAL JOIN"
            f" bearer_tokens WHERE api_user = {literal(channel.letter['api_user'])}"
        )

    assert len(kept) == 1
    for secret in (channel.letter["pin"], channel.letter["api_password"], channel.token):
        assert f",{secret}," not in kept[0][0] + kept[0][1]
    assert rows[0]["route"] == "/orange/token"
    assert [row["status"] for row in rows[-5:-1]] == [200, 417, 422, 400]
    for name in ("consumer_secret", "api_password", "consumer_key"):
        assert channel.letter[name] not in json.dumps(rows) + log
    assert '"pin' not in json.dumps(rows).lower()
    assert "987654" not in json.dumps(rows) + log
    assert channel.token not in json.dumps(rows) + log
    assert "690000450" not in log


def test_a_kill_between_init_and_pay_loses_nothing(lonely_simulator: SimulatorProcess) -> None:
    """After the next start bearer and payTokens still count, each of them once."""
    simulator = lonely_simulator
    simulator.start()
    channel = OrangeCustomer.register(simulator)
    first, second = channel.init(), channel.init()
    channel.pay(first)
    simulator.kill()

    simulator.start()

    assert channel.pay(second).status == 200
    assert channel.pay(first).status == channel.pay(second).status == 422
    assert channel.ask_token().json["access_token"] == channel.token
    assert sorted(row["reference"] for row in channel.view("effects")) == sorted([first, second])


def test_without_its_database_orange_is_unavailable(lonely_simulator: SimulatorProcess) -> None:
    """503 with a fault of the gateway."""
    lonely_simulator.database_url = "postgresql://127.0.0.1:9/simulator"
    lonely_simulator.start(first_status=503)

    answer = call(lonely_simulator.port, "POST", "/orange/token", body=b"")

    assert (answer.status, answer.json["fault"]["code"]) == (503, 303001)
