"""Our MTN adapter for money out against the running stand-in: two programs, no code in common."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.ports import (
    Accepted,
    Holder,
    NotSent,
    Opened,
    PaymentRead,
    PayoutReader,
    PayoutRequest,
    PayoutSender,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers.mtn.accounts import MtnBalanceReader, MtnHolderReader
from shared.providers.mtn.disbursement import (
    MtnDepositReader,
    MtnDepositSender,
    MtnPayoutReader,
    MtnPayoutSender,
    MtnRefundReader,
    MtnRefundSender,
    connect,
)
from shared.providers.mtn.line import MtnLine
from shared.providers.mtn.tokens import MtnCredentials
from tests.simulator_process import (
    CallbackReceiver,
    MtnCustomer,
    SimulatorProcess,
    wait_until,
)

pytest_plugins = ("tests.simulator_fixtures",)

TRANSFER, DEPOSIT, REFUND = "transfer", "deposit", "refund"
FINE = "+237670000001"
SILENT = Unknown("timeout")
SHORT = 0.25


class Adapter:
    """All halves of our adapter, on the API users of one merchant; `way` is one of the three."""

    def __init__(self, simulator: SimulatorProcess, *, amount: str = "100000") -> None:
        self.customer = MtnCustomer.register(simulator)
        self.payer = self.customer.partner(amount=amount)
        self.wire = connect(account_at(simulator))
        line = self.line(simulator)
        self.senders: dict[str, PayoutSender] = {
            TRANSFER: MtnPayoutSender(line),
            DEPOSIT: MtnDepositSender(line),
            REFUND: MtnRefundSender(line),
        }
        self.readers: dict[str, PayoutReader] = {
            TRANSFER: MtnPayoutReader(line),
            DEPOSIT: MtnDepositReader(line),
            REFUND: MtnRefundReader(line),
        }
        self.holders, self.balances = MtnHolderReader(line), MtnBalanceReader(line)
        # It has a token from here on, so that a short deadline is the payout's alone.
        assert self.balances.read_balance(deadline=soon()) == Money(int(amount))

    def line(self, simulator: SimulatorProcess) -> MtnLine:
        """Our way to the disbursement product, without a token yet."""
        return MtnLine(
            account_at(simulator),
            MtnCredentials(self.payer.subscription_key, self.payer.api_user, self.payer.api_key),
            wire=self.wire,
            clock=lambda: datetime.now(UTC),
            on_exchange=lambda *_: None,
        )

    def paid(self, number: str = FINE, amount: int = 1500) -> str:
        """A payment that can be refunded, by its reference."""
        reference = str(uuid.uuid4())
        asked = self.customer.request_to_pay(
            reference, payer=number.removeprefix("+"), amount=str(amount)
        )
        assert asked.status == 202
        return reference

    def request(self, way: str, number: str = FINE, *, amount: int = 1500) -> PayoutRequest:
        """A new payout; a refund is one of a payment of its own."""
        opened = self.senders[way].open_payout(deadline=soon())
        assert isinstance(opened, Opened)
        return PayoutRequest(
            reference=opened.reference,
            money=Money(amount),
            payee=PhoneNumber(number),
            external_id="rf_2345",
            message="Remboursement de l'été n° 7",
            refunds=self.paid(number, amount) if way == REFUND else "",
        )

    def send(self, way: str, request: PayoutRequest, seconds: float = 5) -> object:
        """What sending proves."""
        return self.senders[way].send_payout(request, deadline=soon(seconds))

    def read(self, way: str, reference: str) -> PaymentRead:
        """What the status read proves."""
        return self.readers[way].read_payout(reference, deadline=soon())

    def effects(self) -> list[tuple[str, str, str]]:
        """The money that really went out: kind, amount, to whom."""
        return [(row["payout"], row["amount"], row["payer"]) for row in self.payer.view("effects")]


def account_at(simulator: SimulatorProcess) -> OperatorAccount:
    return OperatorAccount(
        id="opa_1",
        operator=Operator.MTN,
        product="disbursement",
        livemode=False,
        base_url=f"{simulator.url}/mtn",
        target_environment="mtncameroon",
        currency="XAF",
        credentials="simulator_disbursement_credentials",
    )


def soon(seconds: float = 5) -> Deadline:
    return Deadline.after(seconds, time.monotonic)


@pytest.fixture
def adapter(simulator: SimulatorProcess) -> Iterator[Adapter]:
    """The adapter, connections closed afterwards."""
    adapter = Adapter(simulator)
    yield adapter
    adapter.wire.close()


@pytest.mark.parametrize("way", [TRANSFER, DEPOSIT, REFUND])
def test_money_goes_out_once_and_is_read(adapter: Adapter, way: str) -> None:
    """Money, number and MTN's id come back as asked; the operator's books and float agree."""
    request = adapter.request(way)

    outcome = adapter.send(way, request)

    found = adapter.read(way, request.reference)
    assert outcome == Accepted()
    assert (found.state, found.money) == (ReadState.SUCCEEDED, Money(1500))
    assert found.payer == PhoneNumber(FINE)
    assert found.operator_transaction_id
    assert adapter.effects() == [(way, "1500", "237670000001")]
    assert adapter.balances.read_balance(deadline=soon()) == Money(98500)


@pytest.mark.parametrize("way", [TRANSFER, DEPOSIT, REFUND])
def test_the_same_reference_pays_once(adapter: Adapter, way: str) -> None:
    """A second sending is taken for the first, and moves no second franc."""
    request = adapter.request(way)

    assert [adapter.send(way, request) for _ in range(2)] == [Accepted(), Accepted()]

    assert len(adapter.effects()) == 1
    assert adapter.payer.balance() == "98500"


@pytest.mark.parametrize(
    ("suffix", "state", "code", "word"),
    [
        ("450", ReadState.FAILED, "operator_error", "INTERNAL_PROCESSING_ERROR"),
        ("451", ReadState.FAILED, "operator_error", "APPROVAL_REJECTED"),
        ("452", ReadState.EXPIRED, "operator_error", "EXPIRED"),
        ("453", ReadState.PENDING, None, "PENDING"),
        ("454", ReadState.PENDING, None, "PENDING"),
        ("455", ReadState.FAILED, "float_insufficient", "NOT_ENOUGH_FUNDS"),
        ("456", ReadState.FAILED, "float_limit_reached", "PAYER_LIMIT_REACHED"),
        ("457", ReadState.FAILED, "payee_not_found", "PAYEE_NOT_FOUND"),
        ("458", ReadState.FAILED, "operator_misconfigured", "NOT_ALLOWED"),
        ("459", ReadState.FAILED, "operator_misconfigured", "NOT_ALLOWED_TARGET_ENVIRONMENT"),
        ("460", ReadState.FAILED, "operator_misconfigured", "INVALID_CALLBACK_URL_HOST"),
        ("461", ReadState.FAILED, "operator_misconfigured", "INVALID_CURRENCY"),
        ("462", ReadState.FAILED, "operator_error", "INTERNAL_PROCESSING_ERROR"),
        ("463", ReadState.FAILED, "operator_unavailable", "SERVICE_UNAVAILABLE"),
        ("464", ReadState.FAILED, "operator_error", "TRANSFER_TYPE_UNKNOWN"),
    ],
)
def test_test_numbers_of_a_transfer_end_as_documented(
    adapter: Adapter, suffix: str, state: ReadState, code: str | None, word: str
) -> None:
    """Each ending is read as the state and code that merchants are told, and moves nothing yet."""
    request = adapter.request(TRANSFER, f"+237670000{suffix}")

    outcome = adapter.send(TRANSFER, request)

    found = adapter.read(TRANSFER, request.reference)
    assert outcome == Accepted()
    assert (found.state, found.failure_code, found.operator_word) == (state, code, word)
    assert adapter.effects() == []


@pytest.mark.parametrize(
    ("suffix", "state", "code", "word"),
    [
        ("470", ReadState.FAILED, "operator_error", "INTERNAL_PROCESSING_ERROR"),
        ("471", ReadState.FAILED, "payee_blocked", "PAYEE_NOT_ALLOWED_TO_RECEIVE"),
        ("473", ReadState.PENDING, None, "PENDING"),
        ("474", ReadState.PENDING, None, "PENDING"),
        ("475", ReadState.FAILED, "float_insufficient", "NOT_ENOUGH_FUNDS"),
        ("477", ReadState.FAILED, "payee_not_found", "PAYEE_NOT_FOUND"),
    ],
)
def test_test_numbers_of_a_refund_end_as_documented(
    adapter: Adapter, suffix: str, state: ReadState, code: str | None, word: str
) -> None:
    """Whoever has one of these numbers pays, and it is giving the money back that ends so."""
    request = adapter.request(REFUND, f"+237670000{suffix}")

    adapter.send(REFUND, request)

    found = adapter.read(REFUND, request.reference)
    assert (found.state, found.failure_code, found.operator_word) == (state, code, word)
    assert adapter.effects() == []


@pytest.mark.parametrize(
    ("suffix", "state", "code"),
    [
        ("450", ReadState.FAILED, "operator_error"),
        ("453", ReadState.PENDING, None),
        ("456", ReadState.FAILED, "payee_blocked"),
        ("457", ReadState.FAILED, "operator_misconfigured"),
        ("462", ReadState.FAILED, "operator_unavailable"),
    ],
)
def test_test_numbers_of_a_deposit_end_as_documented(
    adapter: Adapter, suffix: str, state: ReadState, code: str | None
) -> None:
    """As a request to pay does; and a transfer is found by who pays by deposits now."""
    request, before = adapter.request(DEPOSIT, f"+237670000{suffix}"), adapter.request(TRANSFER)

    outcomes = adapter.send(DEPOSIT, request), adapter.send(TRANSFER, before)

    found = adapter.read(DEPOSIT, request.reference)
    assert outcomes == (Accepted(), Accepted())
    assert (found.state, found.failure_code) == (state, code)
    assert adapter.read(DEPOSIT, before.reference).state is ReadState.SUCCEEDED
    assert adapter.read(TRANSFER, request.reference).state is ReadState.NOT_FOUND


@pytest.mark.parametrize("way", [TRANSFER, REFUND])
def test_an_unknown_reference_is_not_found(adapter: Adapter, way: str) -> None:
    """A reference that was never sent, or that is of another kind, is told from an unreadable."""
    other = TRANSFER if way == REFUND else REFUND
    request = adapter.request(other)
    adapter.send(other, request)

    assert adapter.read(way, str(uuid.uuid4())).state is ReadState.NOT_FOUND
    assert adapter.read(way, request.reference).state is ReadState.NOT_FOUND


# A fault, what sending then proves, and whether the money moved.
FAULTS: list[tuple[Any, object, int]] = [
    ("drop_before", Unknown("connection_lost"), 0),
    ("drop_after", Unknown("connection_lost"), 1),
    ({"kind": "hold_before", "seconds": 0.6}, SILENT, 0),
    ({"kind": "hold_after", "seconds": 0.6}, SILENT, 1),
    ("html", Unknown("not_json_200"), 0),
    ({"kind": "html", "http_status": 403}, Unknown("not_json_403"), 0),
    ("html_after", Unknown("not_json_200"), 1),
    ("error_before", Unknown("INTERNAL_PROCESSING_ERROR_500"), 0),
    ("error_after", Unknown("INTERNAL_PROCESSING_ERROR_500"), 1),
    (
        {"kind": "error_before", "code": "SERVICE_UNAVAILABLE", "http_status": 503},
        Unknown("SERVICE_UNAVAILABLE_503"),
        0,
    ),
    ({"kind": "error_before", "code": "NOT_ENOUGH_FUNDS"}, Unknown("NOT_ENOUGH_FUNDS_500"), 0),
    (
        {"kind": "error_before", "code": "PAYEE_NOT_ALLOWED_TO_RECEIVE"},
        Refused("payee_blocked", "PAYEE_NOT_ALLOWED_TO_RECEIVE"),
        0,
    ),
    ("token_expired", Accepted(), 1),
]


@pytest.mark.parametrize("way", [TRANSFER, REFUND])
@pytest.mark.parametrize(("fault", "expected", "paid"), FAULTS, ids=[str(row[0]) for row in FAULTS])
def test_a_fault_never_makes_us_deny_a_payout(
    adapter: Adapter, *, way: str, fault: Any, expected: object, paid: int
) -> None:
    """Whatever goes wrong, only what took no effect is called refused or not sent."""
    request = adapter.request(way)
    adapter.payer.order(fault, on="payout")

    outcome = adapter.send(way, request, seconds=SHORT if expected == SILENT else 5)

    wait_until(lambda: len(adapter.effects()) == paid, what=f"{paid} effects")
    found = adapter.read(way, request.reference)
    assert outcome == expected
    assert len(adapter.effects()) == paid
    assert not (paid and isinstance(outcome, Refused | NotSent))
    assert found.state is (ReadState.SUCCEEDED if paid else ReadState.NOT_FOUND)
    assert adapter.payer.balance() == str(100_000 - 1500 * paid)


def test_a_gate_that_refuses_twice_was_sent_nothing(adapter: Adapter) -> None:
    """The same reference goes again once the credentials are right, and pays once."""
    request = adapter.request(TRANSFER)
    adapter.payer.order("token_expired", on="payout", times=2)

    assert adapter.send(TRANSFER, request) == NotSent("not_authenticated")
    assert adapter.send(TRANSFER, request) == Accepted()
    assert len(adapter.effects()) == 1


@pytest.mark.parametrize(
    ("fault", "differs"),
    [
        ({"kind": "wrong_amount", "amount": "1"}, {"money": Money(1)}),
        (
            {"kind": "wrong_currency", "currency": "USD"},
            {"money": Money(1500, Currency("USD"))},
        ),
        (
            {"kind": "wrong_payer", "msisdn": "237670000099"},
            {"payer": PhoneNumber("+237670000099")},
        ),
        ("unknown_status", {"state": ReadState.PENDING, "operator_word": "ONGOING"}),
        ("not_found", {"state": ReadState.NOT_FOUND}),
        ("html", {"state": ReadState.UNKNOWN}),
        ("drop_before", {"state": ReadState.UNKNOWN}),
        ("token_expired", {"state": ReadState.SUCCEEDED}),
    ],
    ids=str,
)
@pytest.mark.parametrize("way", [TRANSFER, REFUND])
def test_a_read_that_lies_stays_visible(
    adapter: Adapter, *, way: str, fault: Any, differs: dict[str, object]
) -> None:
    """Another amount, currency, number or status reaches the caller as it is."""
    request = adapter.request(way)
    adapter.send(way, request)
    adapter.payer.order(fault, on="payout_read")

    found = adapter.read(way, request.reference)

    assert {name: getattr(found, name) for name in differs} == differs


def test_a_reason_may_be_an_object(adapter: Adapter) -> None:
    """The published schema's form of a reason reads as the recorded one."""
    request = adapter.request(TRANSFER, "+237670000457")
    adapter.send(TRANSFER, request)
    adapter.payer.order("reason_object", on="payout_read")

    assert adapter.read(TRANSFER, request.reference).failure_code == "payee_not_found"


def test_what_was_sent_before_a_restart_is_read_after_it(
    lonely_simulator: SimulatorProcess,
) -> None:
    """The operator's books outlive its process: an unanswered payout is found, and not repeated."""
    lonely_simulator.start()
    adapter = Adapter(lonely_simulator)
    request = adapter.request(REFUND)
    adapter.payer.order("drop_after", on="payout")
    assert adapter.send(REFUND, request) == Unknown("connection_lost")
    adapter.wire.close()

    lonely_simulator.kill()
    lonely_simulator.start()

    found = adapter.read(REFUND, request.reference)
    assert (found.state, found.money) == (ReadState.SUCCEEDED, Money(1500))
    assert adapter.send(REFUND, request) == Accepted()
    assert len(adapter.effects()) == 1
    assert adapter.payer.balance() == "98500"
    adapter.wire.close()


@pytest.mark.parametrize("way", [TRANSFER, REFUND])
def test_a_float_that_is_too_low_fails_the_payout(simulator: SimulatorProcess, way: str) -> None:
    """`float_insufficient`, in full and at once; what the float holds stays."""
    adapter = Adapter(simulator, amount="1499")
    request = adapter.request(way)

    outcome = adapter.send(way, request)

    found = adapter.read(way, request.reference)
    adapter.wire.close()
    assert outcome == Accepted()
    assert (found.state, found.failure_code) == (ReadState.FAILED, "float_insufficient")
    assert (adapter.effects(), adapter.payer.balance()) == ([], "1499")


def test_a_payment_is_refunded_once(adapter: Adapter) -> None:
    """A second refund of the same payment, under a reference of its own, ends as a failure."""
    first = adapter.request(REFUND)
    adapter.send(REFUND, first)
    second = replace(adapter.request(REFUND), refunds=first.refunds)

    outcome = adapter.send(REFUND, second)

    found = adapter.read(REFUND, second.reference)
    assert outcome == Accepted()
    assert (found.state, found.operator_word) == (ReadState.FAILED, "NOT_ALLOWED")
    assert len(adapter.effects()) == 1


def test_a_callback_tells_the_end_of_a_refund(adapter: Adapter, receiver: CallbackReceiver) -> None:
    """Where an address is named, a hint comes to it; nothing of it is needed to know the truth."""
    request = adapter.request(REFUND)
    request = replace(request, callback_url=receiver.url(request.reference))

    adapter.send(REFUND, request)

    (notice,) = receiver.wait(request.reference)
    assert (notice.json["status"], notice.json["externalId"]) == ("SUCCESSFUL", "rf_2345")


@pytest.mark.parametrize(
    ("number", "holder"),
    [
        ("+237670000001", Holder("Sand Box", is_active=True)),
        ("+237670000451", Holder("Sand Box", is_active=False)),
        ("+237670000450", Holder(None)),
    ],
)
def test_a_holder_is_read(adapter: Adapter, number: str, holder: Holder) -> None:
    """Name and state of a wallet, or that there is none."""
    assert adapter.holders.read_holder(PhoneNumber(number), deadline=soon()) == holder


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("html", Unknown("not_json_200")), ("drop_before", Unknown("connection_lost"))],
)
def test_an_unread_holder_or_balance_is_unknown(
    adapter: Adapter, fault: str, expected: Unknown
) -> None:
    """What could not be read is neither "no wallet" nor an empty float."""
    for operation in ("holder", "balance"):
        adapter.payer.order(fault, on=operation)

    assert adapter.holders.read_holder(PhoneNumber(FINE), deadline=soon()) == expected
    assert adapter.balances.read_balance(deadline=soon()) == expected
