"""Each fault that a test can order does what its name says, and the books tell the truth."""

import http.client
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator_process import Answer, CallbackReceiver, MtnCustomer, SimulatorProcess, call

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ("tests.simulator_fixtures",)


def pay(customer: MtnCustomer, receiver: CallbackReceiver, reference: str, **more: Any) -> Answer:
    return customer.request_to_pay(reference, callback_url=receiver.url(reference), **more)


def effects(customer: MtnCustomer) -> list[str]:
    return [effect["reference"] for effect in customer.view("effects")]


def test_callback_none(customer: MtnCustomer, receiver: CallbackReceiver, reference: str) -> None:
    """Paid, and never a word."""
    customer.order("callback_none")

    assert pay(customer, receiver, reference).status == 202
    assert customer.read(reference).json["status"] == "SUCCESSFUL"
    assert customer.view("callbacks") == []


@pytest.mark.parametrize("seconds", [0.3, 2.2])
def test_callback_late(
    customer: MtnCustomer, receiver: CallbackReceiver, reference: str, seconds: float
) -> None:
    """The callback comes, so many seconds later, from memory or from the table."""
    customer.order({"kind": "callback_late", "seconds": seconds})
    asked_at = time.monotonic()
    pay(customer, receiver, reference)

    (notice,) = receiver.wait(reference)

    assert seconds <= notice.at - asked_at < seconds + 1.5


def test_callback_double(customer: MtnCustomer, receiver: CallbackReceiver, reference: str) -> None:
    """Twice the same words."""
    customer.order({"kind": "callback_double", "seconds": 0.1})
    pay(customer, receiver, reference)

    first, second = receiver.wait(reference, 2)

    assert first.body == second.body


def test_callback_early(customer: MtnCustomer, receiver: CallbackReceiver, reference: str) -> None:
    """The callback is there before the 202, and says what the read does not yet say."""
    customer.order({"kind": "callback_early", "seconds": 600})

    pay(customer, receiver, reference)

    (notice,) = receiver.at(reference)
    assert notice.json["status"] == "SUCCESSFUL"
    assert customer.read(reference).json["status"] == "PENDING"
    assert effects(customer) == []


@pytest.mark.parametrize(
    ("payer", "truth", "lie"),
    [
        ("237670000001", "SUCCESSFUL", "FAILED"),
        ("237670000451", "FAILED", "SUCCESSFUL"),
    ],
)
def test_callback_forged(
    customer: MtnCustomer,
    receiver: CallbackReceiver,
    reference: str,
    *,
    payer: str,
    truth: str,
    lie: str,
) -> None:
    """One callback contradicts the truth, beside the true one; the read stays true."""
    customer.order("callback_forged")
    pay(customer, receiver, reference, payer=payer)

    notices = receiver.wait(reference, 2)

    assert sorted(notice.json["status"] for notice in notices) == sorted([truth, lie])
    assert customer.read(reference).json["status"] == truth


def test_callback_put(customer: MtnCustomer, receiver: CallbackReceiver, reference: str) -> None:
    """The method of the older documentation."""
    customer.order("callback_put")
    pay(customer, receiver, reference)

    assert receiver.wait(reference)[0].method == "PUT"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_before", 500),
        ({"kind": "error_before", "http_status": 429, "code": None}, 429),
        ({"kind": "error_before", "code": "NOT_ALLOWED"}, 500),
        ({"kind": "html", "http_status": 403}, 403),
        ({"kind": "html", "http_status": 200}, 200),
        ("token_expired", 401),
        ({"kind": "hold_before", "seconds": 0.1}, 504),
    ],
)
def test_a_fault_before_the_effect_leaves_none(
    customer: MtnCustomer, reference: str, fault: object, status: int
) -> None:
    """The same reference is accepted afterwards: nothing had been booked."""
    customer.order(fault)

    assert customer.request_to_pay(reference).status == status
    assert effects(customer) == []
    assert customer.request_to_pay(reference).status == 202


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_after", 500),
        ({"kind": "error_after", "http_status": 503, "code": "SERVICE_UNAVAILABLE"}, 503),
        ({"kind": "html_after", "http_status": 200}, 200),
        ({"kind": "hold_after", "seconds": 0.1}, 202),
    ],
)
def test_a_fault_after_the_effect_hides_it(
    customer: MtnCustomer, receiver: CallbackReceiver, reference: str, fault: object, status: int
) -> None:
    """The money moved, the callback comes, a repetition is 409; only the answer was wrong."""
    customer.order(fault)

    assert pay(customer, receiver, reference).status == status
    assert effects(customer) == [reference]
    assert customer.request_to_pay(reference).status == 409
    assert receiver.wait(reference)


def test_an_answer_held_longer_than_the_caller_waits(customer: MtnCustomer, reference: str) -> None:
    """The caller times out; the effect is there."""
    customer.order({"kind": "hold_after", "seconds": 1.5})

    with pytest.raises(TimeoutError):
        customer.request_to_pay(reference, timeout=0.5)

    assert effects(customer) == [reference]


@pytest.mark.parametrize(("fault", "is_booked"), [("drop_after", True), ("drop_before", False)])
def test_a_dropped_connection_has_no_answer(
    customer: MtnCustomer, fault: str, *, is_booked: bool
) -> None:
    """The connection ends without a status line, each time, before or after the effect."""
    customer.order(fault, times=5)
    references = [str(uuid.uuid4()) for _ in range(5)]

    for reference in references:
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            customer.request_to_pay(reference)

    assert effects(customer) == (references if is_booked else [])


@pytest.mark.parametrize(
    ("fault", "field", "value"),
    [
        ("wrong_amount", "amount", "1"),
        ({"kind": "wrong_currency", "currency": "EUR"}, "currency", "EUR"),
        ("wrong_payer", "payer", {"partyIdType": "MSISDN", "partyId": "237670000000"}),
        ({"kind": "unknown_status", "status": "IN_LIMBO"}, "status", "IN_LIMBO"),
    ],
)
def test_a_read_may_lie_once(
    customer: MtnCustomer, reference: str, fault: object, field: str, value: object
) -> None:
    """The next read says something else; the one after it is true again."""
    customer.request_to_pay(reference)
    truth = customer.read(reference).json
    customer.order(fault)

    assert customer.read(reference).json[field] == value
    assert customer.read(reference).json == truth


def test_reason_may_be_an_object(customer: MtnCustomer, reference: str) -> None:
    """The published schema's form, by switch."""
    customer.request_to_pay(reference, payer="237670000452")
    customer.order("reason_object")

    assert customer.read(reference).json["reason"]["code"] == "EXPIRED"
    assert customer.read(reference).json["reason"] == "EXPIRED"


def test_a_read_may_fail_or_miss_what_exists(customer: MtnCustomer, reference: str) -> None:
    """Errors and a 404 of a payment that exists, then the truth."""
    customer.request_to_pay(reference)
    for fault in ("error_before", "not_found", "html"):
        customer.order(fault, on="read", match={"reference": reference})

    found = {customer.read(reference).status}

    assert found == {500}
    assert customer.read(reference).json["status"] == "SUCCESSFUL"


def test_a_token_may_expire_before_its_time(customer: MtnCustomer, reference: str) -> None:
    """`expires_in` says an hour, the token is refused at once; another one works."""
    customer.order({"kind": "token_short", "seconds": 0})
    short = MtnCustomer(
        customer.simulator,
        customer.api_user,
        customer.api_key,
        customer.ask_token().json["access_token"],
    )

    assert short.request_to_pay(reference).json == {"error": "invalid_token"}
    assert customer.request_to_pay(reference).status == 202


@pytest.mark.parametrize("operation", ["token", "balance", "holder"])
def test_other_calls_can_be_disturbed_too(customer: MtnCustomer, operation: str) -> None:
    """Each operation has its own faults; the others go on."""
    customer.order("error_before", on=operation)
    answers: dict[str, Callable[[], Answer]] = {
        "token": customer.ask_token,
        "balance": lambda: customer.get("account/balance"),
        "holder": lambda: customer.get("accountholder/msisdn/237670000001/active"),
    }

    first = {name: ask().status for name, ask in answers.items()}

    assert first == {name: 500 if name == operation else 200 for name in answers}
    assert answers[operation]().status == 200


def test_an_outcome_can_be_ordered_for_any_number(
    customer: MtnCustomer, receiver: CallbackReceiver, reference: str
) -> None:
    """Another end, after another time, than the number's."""
    customer.order(
        {"kind": "outcome", "status": "FAILED", "reason": "NOT_ENOUGH_FUNDS", "seconds": 0.3}
    )
    pay(customer, receiver, reference)
    before = customer.read(reference).json

    body = receiver.wait(reference)[0].json

    assert before["status"] == "PENDING"
    assert (body["status"], body["reason"]) == ("FAILED", "NOT_ENOUGH_FUNDS")
    assert effects(customer) == []


def test_a_fault_strikes_only_what_it_matches(customer: MtnCustomer) -> None:
    """By number and by reference; everything else is served."""
    wanted = str(uuid.uuid4())
    customer.order("error_before", match={"reference": wanted})
    customer.order("error_before", match={"msisdn": "237670000077"})

    assert customer.request_to_pay(str(uuid.uuid4())).status == 202
    assert customer.request_to_pay(wanted).status == 500
    assert customer.request_to_pay(str(uuid.uuid4()), payer="237670000077").status == 500
    assert customer.simulator.control("DELETE", "faults", None, api_user=customer.api_user) == {
        "deleted": 2
    }


def test_a_fault_strikes_so_many_times_under_concurrency(customer: MtnCustomer) -> None:
    """Three ordered, twelve calls at once: exactly three refused, nine booked."""
    customer.order("error_before", times=3)
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(customer.request_to_pay(str(uuid.uuid4())).status)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [202] * 9 + [500] * 3
    assert len(effects(customer)) == 9


def test_a_fault_may_strike_every_second_call(customer: MtnCustomer) -> None:
    """Half of six calls are refused, whoever they are about, and what passes is booked."""
    customer.order("error_before", times=6, every=2)
    statuses = [customer.request_to_pay(str(uuid.uuid4())).status for _ in range(8)]

    assert statuses == [202, 500, 202, 500, 202, 500, 202, 202]
    assert len(effects(customer)) == 5


def test_one_customers_faults_leave_the_others_alone(
    simulator: SimulatorProcess, customer: MtnCustomer, reference: str
) -> None:
    """Faults belong to an API user."""
    other = MtnCustomer.register(simulator)
    customer.order("error_before", times=100)

    assert other.request_to_pay(reference).status == 202


@pytest.mark.parametrize("token", [None, "wrong", ""])
def test_without_the_token_there_is_no_control(
    simulator: SimulatorProcess, token: str | None
) -> None:
    """404, whatever is asked."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    for method, path in (("GET", "effects"), ("DELETE", "faults"), ("GET", "nothing")):
        answer = call(simulator.port, method, f"/_control/{path}", headers=headers)

        assert answer.status == 404


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "nonsense"},
        {"fault": {"kind": "callback_late", "seconds": -1}},
        {"fault": {"kind": "callback_late", "seconds": "5"}},
        {"fault": {"kind": "hold_after", "seconds": 100}},
        {"fault": {"kind": "callback_none", "seconds": 1}},
        {"fault": {"kind": "outcome", "status": "PENDING"}},
        {"fault": "callback_none", "on": "read"},
        {"fault": "callback_none", "times": 0},
        {"fault": "callback_none", "every": 0},
        {"fault": "callback_none", "match": {"amount": "5"}},
        {"fault": "callback_none", "surprise": 1},
        {"fault": "callback_none", "api_user": "nobody"},
        {},
    ],
)
def test_a_malformed_order_is_refused(customer: MtnCustomer, order: dict[str, Any]) -> None:
    """400, and no fault is kept."""
    with pytest.raises(AssertionError, match="status=400"):
        customer.simulator.control("POST", "faults", {"api_user": customer.api_user, **order})

    left = customer.simulator.control("GET", "faults", None, api_user=customer.api_user)
    assert left == {"faults": []}


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("now", ["SUCCESSFUL"]),
        ("twice", ["SUCCESSFUL", "SUCCESSFUL"]),
        ("forged", ["FAILED"]),
    ],
)
def test_a_callback_can_be_sent_on_demand(
    customer: MtnCustomer,
    receiver: CallbackReceiver,
    reference: str,
    mode: str,
    words: list[str],
) -> None:
    """Again, twice, or a lie, whenever a test wants it."""
    customer.order("callback_none")
    pay(customer, receiver, reference)

    order = {"api_user": customer.api_user, "reference": reference, "mode": mode}
    customer.simulator.control("POST", "callback", order)

    notices = receiver.wait(reference, len(words))
    assert [notice.json["status"] for notice in notices] == words


def test_what_is_final_cannot_be_settled_again(customer: MtnCustomer, reference: str) -> None:
    """409, and the books stay."""
    customer.request_to_pay(reference)

    order = {"api_user": customer.api_user, "reference": reference, "status": "FAILED"}
    with pytest.raises(AssertionError, match="status=409"):
        customer.simulator.control("POST", "settle", order)

    assert effects(customer) == [reference]
