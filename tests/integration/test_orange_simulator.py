"""Our Orange adapter against the running stand-in: two programs that share no code must agree."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.ports import (
    Accepted,
    Holder,
    NotSent,
    Opened,
    PaymentRead,
    PaymentRequest,
    PayoutRequest,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers.orange_core.client import (
    OrangeHolderReader,
    OrangeLine,
    OrangePaymentReader,
    OrangePaymentRequester,
    OrangePayoutReader,
    OrangePayoutSender,
    connect,
    order_id,
)
from shared.providers.orange_core.tokens import OrangeCredentials
from tests.simulator_process import (
    CallbackReceiver,
    OrangeCustomer,
    SimulatorProcess,
    wait_until,
)

pytest_plugins = ("tests.simulator_fixtures",)

CHARGE = "ch_234567abcdefghijklmnopqr"
IN, OUT = "in", "out"
FINE = "+237690000001"
SILENT = Unknown("timeout")
SHORT = 0.25


class Adapter:
    """All halves of our adapter on a contract of its own; `way` is money in or money out."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self.customer = OrangeCustomer.register(simulator)
        account = OperatorAccount(
            id="opa_1",
            operator=Operator.ORANGE,
            product="core",
            livemode=False,
            base_url=f"{simulator.url}/orange",
            target_environment="",
            currency="XAF",
            credentials="simulator_orange_credentials",
        )
        self.wire = connect(account)
        line = OrangeLine(
            account,
            OrangeCredentials(**self.customer.letter),
            wire=self.wire,
            clock=lambda: datetime.now(UTC),
            on_exchange=lambda *_: None,
        )
        self.requester, self.sender = OrangePaymentRequester(line), OrangePayoutSender(line)
        self.reader, self.payouts = OrangePaymentReader(line), OrangePayoutReader(line)
        self.holders = OrangeHolderReader(line)

    def open(self, way: str) -> str:
        """The payToken that is committed before money is asked for."""
        opener = self.requester.open_payment if way == IN else self.sender.open_payout
        opened = opener(deadline=soon())
        assert isinstance(opened, Opened)
        return opened.reference

    def send(
        self, way: str, reference: str, number: str = FINE, *, url: str = "", seconds: float = 5
    ) -> object:
        """`pay` under that payToken."""
        money, phone = Money(1500), PhoneNumber(number)
        if way == OUT:
            payout = PayoutRequest(reference, money, phone, CHARGE, "Salaire d'août")
            return self.sender.send_payout(payout, deadline=soon(seconds))
        request = PaymentRequest(reference, money, phone, CHARGE, "Commande d'été n° 7", url)
        return self.requester.request_payment(request, deadline=soon(seconds))

    def read(self, way: str, reference: str, seconds: float = 5) -> PaymentRead:
        """What the status read proves."""
        reader = self.reader.read_payment if way == IN else self.payouts.read_payout
        return reader(reference, deadline=soon(seconds))

    def effects(self) -> list[tuple[str, str, str]]:
        """The money that really moved: direction, amount, `orderId`."""
        return [
            (row["direction"], row["amount"], row["external_id"])
            for row in self.customer.view("effects")
        ]


def soon(seconds: float = 5) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


@pytest.fixture
def adapter(simulator: SimulatorProcess) -> Iterator[Adapter]:
    """The adapter, connections closed afterwards."""
    adapter = Adapter(simulator)
    yield adapter
    adapter.wire.close()


@pytest.mark.parametrize("way", [IN, OUT])
def test_money_moves_once_and_is_read(adapter: Adapter, way: str) -> None:
    """Money, number and Orange's id come back as asked; the operator's books agree."""
    reference = adapter.open(way)

    outcome = adapter.send(way, reference)

    found = adapter.read(way, reference)
    assert outcome == Accepted()
    assert (found.state, found.money) == (ReadState.SUCCEEDED, Money(1500))
    assert found.payer == PhoneNumber(FINE)
    assert found.operator_transaction_id
    assert adapter.effects() == [(way, "1500", order_id(CHARGE))]


@pytest.mark.parametrize("way", [IN, OUT])
def test_an_open_payment_is_waiting_and_moves_nothing(adapter: Adapter, way: str) -> None:
    """Of a payToken that was never paid the read says that it waits."""
    found = adapter.read(way, adapter.open(way))

    assert (found.state, found.operator_word) == (ReadState.PENDING, "INITIATED")
    assert adapter.effects() == []


@pytest.mark.parametrize("way", [IN, OUT])
def test_the_same_pay_token_moves_money_once(adapter: Adapter, way: str) -> None:
    """A second sending proves nothing, and the read still says what the first one did."""
    reference = adapter.open(way)
    adapter.send(way, reference)

    assert adapter.send(way, reference) == Unknown("no_code_422")
    assert adapter.read(way, reference).state is ReadState.SUCCEEDED
    assert len(adapter.effects()) == 1


@dataclass(frozen=True)
class Row:
    """A test number: what sending proves, what reading proves."""

    way: str
    digits: str
    sent: object
    state: ReadState
    code: str | None
    word: str


def refused(way: str, digits: str, code: str, word: str) -> Row:
    return Row(way, digits, Refused(code, word), ReadState.FAILED, code, word)


def taken(way: str, digits: str, state: ReadState, code: str | None, word: str) -> Row:
    return Row(way, digits, Accepted(), state, code, word)


NUMBERS = [
    refused(IN, "450", "insufficient_funds", "60019"),
    taken(IN, "451", ReadState.FAILED, "payer_declined", "CANCELLED"),
    taken(IN, "452", ReadState.EXPIRED, "expired", "EXPIRED"),
    taken(IN, "453", ReadState.PENDING, None, "PENDING"),
    taken(IN, "454", ReadState.PENDING, None, "PENDING"),
    refused(IN, "455", "payer_not_found", "0066111"),
    *(refused(IN, str(n), "operator_misconfigured", "99033") for n in range(456, 461)),
    taken(IN, "461", ReadState.FAILED, "operator_error", "99999"),
    taken(IN, "462", ReadState.FAILED, "operator_error", "99999"),
    taken(IN, "463", ReadState.EXPIRED, "expired", "EXPIRED"),
    taken(IN, "464", ReadState.FAILED, "operator_error", "99999"),
    refused(IN, "465", "payer_not_found", "00671"),
    refused(IN, "466", "payer_not_found", "99051"),
    *(
        refused(OUT, n, "operator_error", "99999")
        for n in ("450", "451", "452", "456", "462", "463", "464")
    ),
    taken(OUT, "453", ReadState.PENDING, None, "PENDING"),
    taken(OUT, "454", ReadState.PENDING, None, "PENDING"),
    refused(OUT, "455", "float_insufficient", "60019"),
    refused(OUT, "457", "payee_not_found", "99051"),
    *(refused(OUT, str(n), "operator_misconfigured", "99033") for n in range(458, 462)),
    refused(OUT, "465", "payee_not_found", "00671"),
]


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: f"{row.way}-{row.digits}")
def test_test_numbers_end_as_documented(adapter: Adapter, row: Row) -> None:
    """Each ending is read as the state and code that merchants are told, and moves nothing."""
    reference = adapter.open(row.way)

    outcome = adapter.send(row.way, reference, f"+237690000{row.digits}")

    found = adapter.read(row.way, reference)
    assert outcome == row.sent
    assert (found.state, found.failure_code, found.operator_word) == (
        row.state,
        row.code,
        row.word,
    )
    assert adapter.effects() == []


# A fault, what sending then proves, and whether the money moved.
FAULTS: list[tuple[Any, object, int]] = [
    ("drop_before", Unknown("connection_lost"), 0),
    ("drop_after", Unknown("connection_lost"), 1),
    ({"kind": "hold_before", "seconds": 0.6}, SILENT, 0),
    ({"kind": "hold_after", "seconds": 0.6}, SILENT, 1),
    ({"kind": "drip", "seconds": 0.01}, SILENT, 1),
    ("html", Unknown("not_json_200"), 0),
    ({"kind": "html", "http_status": 403}, Unknown("not_json_403"), 0),
    ("html_after", Unknown("not_json_200"), 1),
    ("error_before", Unknown("no_code_500"), 0),
    ("error_after", Unknown("no_code_500"), 1),
    ({"kind": "gateway_fault", "http_status": 200, "form": "xml"}, Unknown("fault_900901_200"), 0),
    ("token_expired", Accepted(), 1),
    ({"kind": "gateway_fault", "form": "xml"}, Accepted(), 1),
    ("other_types", Accepted(), 1),
    ("other_spelling", Accepted(), 1),
    ("other_names", Accepted(), 1),
]


# Money out meets what can hide an effect; the rest goes by the same code.
HIDING = ("drop_after", "error_after", "html_after", "token_expired", FAULTS[3][0], FAULTS[0][0])
CASES = [(IN, *row) for row in FAULTS] + [(OUT, *row) for row in FAULTS if row[0] in HIDING]


@pytest.mark.parametrize(
    ("way", "fault", "expected", "paid"), CASES, ids=[f"{way}-{fault}" for way, fault, *_ in CASES]
)
def test_a_fault_never_makes_us_deny_a_payment(
    adapter: Adapter, *, way: str, fault: Any, expected: object, paid: int
) -> None:
    """Whatever goes wrong, only what took no effect is called refused or not sent."""
    adapter.customer.order(fault, on="submit" if way == IN else "payout")
    reference = adapter.open(way)

    outcome = adapter.send(way, reference, seconds=SHORT if expected == SILENT else 5)

    wait_until(lambda: len(adapter.effects()) == paid, what=f"{paid} effects")
    found = adapter.read(way, reference)
    assert outcome == expected
    assert len(adapter.effects()) == paid
    assert found.state is (ReadState.SUCCEEDED if paid else ReadState.PENDING)


@pytest.mark.parametrize("status", [200, 400, 417])
def test_a_refusal_is_one_under_any_status(adapter: Adapter, status: int) -> None:
    """Orange's own words go before HTTP's."""
    adapter.customer.order({"kind": "refused_with", "http_status": status})

    outcome = adapter.send(IN, adapter.open(IN), "+237690000450")

    assert outcome == Refused("insufficient_funds", "60019")


def test_a_gateway_that_refuses_twice_proves_nothing(adapter: Adapter) -> None:
    """That nothing was taken is not ours to say; the payToken has not served, and would."""
    reference = adapter.open(IN)
    adapter.customer.order({"kind": "gateway_fault", "form": "json"}, on="submit", times=2)

    assert adapter.send(IN, reference) == Unknown("not_authenticated")
    assert adapter.send(IN, reference) == Accepted()
    assert len(adapter.effects()) == 1


@pytest.mark.parametrize(
    ("way", "fault", "differs"),
    [
        (IN, "wrong_amount", {"money": Money(1)}),
        (OUT, "wrong_amount", {"money": Money(1)}),
        (
            IN,
            {"kind": "wrong_payer", "msisdn": "690000099"},
            {"payer": PhoneNumber("+237690000099")},
        ),
        (IN, "unknown_status", {"state": ReadState.PENDING, "operator_word": "ONGOING"}),
        (IN, "other_spelling", {"state": ReadState.SUCCEEDED, "operator_word": "SUCCESSFUL"}),
        (IN, "other_types", {"state": ReadState.SUCCEEDED, "money": Money(1500)}),
        (IN, "not_found", {"state": ReadState.NOT_FOUND}),
        (OUT, "not_found", {"state": ReadState.NOT_FOUND}),
        (IN, "html", {"state": ReadState.UNKNOWN}),
        (IN, "drop_before", {"state": ReadState.UNKNOWN}),
        (IN, {"kind": "drip", "seconds": 0.01}, {"operator_word": "timeout"}),
        (IN, "token_expired", {"state": ReadState.SUCCEEDED}),
    ],
)
def test_a_read_that_lies_stays_visible(
    adapter: Adapter, *, way: str, fault: Any, differs: dict[str, object]
) -> None:
    """Another amount, number or status reaches the caller as it is; silence stays silence."""
    reference = adapter.open(way)
    adapter.send(way, reference)
    adapter.customer.order(fault, on="read" if way == IN else "payout_read")

    is_dripping = differs == {"operator_word": "timeout"}
    found = adapter.read(way, reference, seconds=SHORT if is_dripping else 5)

    assert {name: getattr(found, name) for name in differs} == differs


@pytest.mark.parametrize(
    "fault", ["drop_before", "error_before", "html", {"kind": "gateway_fault", "http_status": 200}]
)
def test_a_lost_init_moves_nothing(adapter: Adapter, fault: Any) -> None:
    """No payToken means not sent; the next one works."""
    adapter.customer.order(fault, on="init")

    assert isinstance(adapter.requester.open_payment(deadline=soon()), NotSent)
    assert adapter.send(IN, adapter.open(IN)) == Accepted()
    assert len(adapter.effects()) == 1


@pytest.mark.parametrize(("way", "init"), [(IN, "init"), (OUT, "payout_init")])
def test_a_pay_token_that_ended_moves_nothing(adapter: Adapter, way: str, init: str) -> None:
    """Too late for `pay`: refused, and the read agrees that it is over."""
    adapter.customer.order({"kind": "token_short", "seconds": 0}, on=init)
    reference = adapter.open(way)

    assert adapter.send(way, reference) == Refused("operator_error", "HTTP 404")
    assert adapter.read(way, reference).state is ReadState.EXPIRED
    assert adapter.effects() == []


def test_a_token_that_dies_early_is_replaced(adapter: Adapter) -> None:
    """It claimed an hour, as text, and was dead at once: one new token, one payment."""
    adapter.customer.order({"kind": "token_short", "seconds": 0}, on="token")
    adapter.customer.order("other_types", on="token")

    reference = adapter.open(IN)

    assert adapter.send(IN, reference) == Accepted()
    assert len(adapter.effects()) == 1


def test_a_notice_carries_what_a_read_needs(adapter: Adapter, receiver: CallbackReceiver) -> None:
    """Orange posts to the address that we gave, names the payToken, and the read confirms it."""
    reference = adapter.open(IN)
    adapter.send(IN, reference, url=receiver.url("notice-of-a-charge"))

    (notice,) = receiver.wait("notice-of-a-charge")

    assert notice.json["payToken"] == reference
    assert adapter.read(IN, notice.json["payToken"]).state is ReadState.SUCCEEDED


def test_a_holder_is_named(adapter: Adapter) -> None:
    """A wallet has a name; a number without one has none; a refusal says nothing."""
    adapter.customer.order("other_names", match={"msisdn": "690000002"}, on="holder")
    adapter.customer.order("error_before", match={"msisdn": "690000003"}, on="holder")
    names = [
        adapter.holders.read_holder(PhoneNumber(f"+237690000{digits}"), deadline=soon())
        for digits in ("001", "002", "450", "003")
    ]

    assert names == [Holder("Sand Box")] * 2 + [Holder(None), Unknown("no_name_500")]


def test_orange_may_restart_between_init_and_pay(lonely_simulator: SimulatorProcess) -> None:
    """The payToken that we committed still serves, once; while Orange is gone nothing is sent."""
    lonely_simulator.start()
    adapter = Adapter(lonely_simulator)
    references = {way: adapter.open(way) for way in (IN, OUT)}
    lonely_simulator.kill()
    for way, reference in references.items():
        assert adapter.send(way, reference) == NotSent("connect_failed")
        assert adapter.read(way, reference).state is ReadState.UNKNOWN
    lonely_simulator.start()

    for way, reference in references.items():
        assert adapter.send(way, reference) == Accepted()
        assert adapter.read(way, reference).state is ReadState.SUCCEEDED
    assert len(adapter.effects()) == len(references)
    adapter.wire.close()
