"""Our MTN adapter against the running stand-in: two programs that share no code must agree."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.ports import (
    Accepted,
    NotSent,
    PaymentRead,
    PaymentRequest,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers.mtn.client import MtnPaymentReader, MtnPaymentRequester, connect
from shared.providers.mtn.tokens import MtnCredentials
from tests.simulator_process import MtnCustomer, SimulatorProcess

pytest_plugins = ("tests.simulator_fixtures",)


class Adapter:
    """Both halves of our adapter, on an API user of its own."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self.customer = MtnCustomer.register(simulator)
        account = OperatorAccount(
            id="opa_1",
            operator=Operator.MTN,
            product="collection",
            livemode=False,
            base_url=f"{simulator.url}/mtn",
            target_environment="mtncameroon",
            currency="XAF",
            credentials="simulator_credentials",
        )
        credentials = MtnCredentials(
            self.customer.subscription_key, self.customer.api_user, self.customer.api_key
        )
        self.wire = connect(account)
        self._requester = MtnPaymentRequester(
            account, credentials, wire=self.wire, clock=_utc, on_exchange=lambda *_: None
        )
        self._reader = MtnPaymentReader(
            account, credentials, wire=self.wire, clock=_utc, on_exchange=lambda *_: None
        )

    def ask(self, payer: str, reference: str | None = None) -> tuple[str, object]:
        reference = reference or str(uuid.uuid4())
        outcome = self._requester.request_payment(
            PaymentRequest(
                reference=reference,
                money=Money(1500),
                payer=PhoneNumber(payer),
                external_id="ch_2345",
                message="Commande d'été n° 7",
                callback_url="",
            ),
            deadline=_deadline(),
        )
        return reference, outcome

    def read(self, reference: str) -> PaymentRead:
        return self._reader.read_payment(reference, deadline=_deadline())


def _utc() -> datetime:
    return datetime.now(UTC)


def _deadline() -> Deadline:
    return Deadline.after(10, time.monotonic)


@pytest.fixture
def adapter(simulator: SimulatorProcess) -> Iterator[Adapter]:
    """The adapter, connections closed afterwards."""
    adapter = Adapter(simulator)
    yield adapter
    adapter.wire.close()


def test_a_payment_is_asked_for_and_read(adapter: Adapter) -> None:
    """Money, payer and the operator's number come back as they were asked for."""
    reference, outcome = adapter.ask("+237670000001")

    found = adapter.read(reference)

    assert outcome == Accepted()
    assert (found.state, found.money) == (ReadState.SUCCEEDED, Money(1500))
    assert found.payer == PhoneNumber("+237670000001")
    assert found.operator_transaction_id


def test_the_same_reference_is_taken_once(adapter: Adapter) -> None:
    """Sending again under the same reference is accepted and makes no second payment."""
    reference, first = adapter.ask("+237670000001")

    _, second = adapter.ask("+237670000001", reference)

    assert (first, second) == (Accepted(), Accepted())
    assert len(adapter.customer.view("effects")) == 1


@pytest.mark.parametrize(
    ("suffix", "state", "code", "word"),
    [
        ("450", ReadState.FAILED, "operator_error", "INTERNAL_PROCESSING_ERROR"),
        ("451", ReadState.FAILED, "payer_declined", "APPROVAL_REJECTED"),
        ("452", ReadState.EXPIRED, "expired", "EXPIRED"),
        ("453", ReadState.PENDING, None, "PENDING"),
        ("454", ReadState.PENDING, None, "CREATED"),
        ("455", ReadState.FAILED, "payer_not_found", "PAYER_NOT_FOUND"),
        ("456", ReadState.FAILED, "operator_misconfigured", "PAYEE_NOT_ALLOWED_TO_RECEIVE"),
        ("463", ReadState.FAILED, "expired", "COULD_NOT_PERFORM_TRANSACTION"),
        ("464", ReadState.FAILED, "operator_error", "TRANSFER_TYPE_UNKNOWN"),
    ],
)
def test_test_numbers_end_as_documented(
    adapter: Adapter, suffix: str, state: ReadState, code: str | None, word: str
) -> None:
    """Each of MTN's test endings is read as the state and code that merchants are told."""
    reference, _ = adapter.ask(f"+237670000{suffix}")

    found = adapter.read(reference)

    assert (found.state, found.failure_code, found.operator_word) == (state, code, word)


def test_an_unknown_reference_is_not_found(adapter: Adapter) -> None:
    """A reference that was never sent is told apart from one that cannot be read."""
    assert adapter.read(str(uuid.uuid4())).state is ReadState.NOT_FOUND


FAULTS: list[tuple[object, object, int]] = [
    ("drop_before", Unknown("connection_lost"), 0),
    ("drop_after", Unknown("connection_lost"), 1),
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
    (
        {"kind": "error_before", "code": "PAYER_NOT_FOUND"},
        Refused("payer_not_found", "PAYER_NOT_FOUND"),
        0,
    ),
    ("token_expired", Accepted(), 1),
]


@pytest.mark.parametrize(("fault", "expected", "paid"), FAULTS, ids=[str(row[0]) for row in FAULTS])
def test_a_fault_never_makes_us_deny_a_payment(
    adapter: Adapter, fault: object, expected: object, paid: int
) -> None:
    """Whatever goes wrong, only what took no effect is called refused or not sent."""
    adapter.customer.order(fault, on="submit")

    reference, outcome = adapter.ask("+237670000001")

    found = adapter.read(reference)
    effects = adapter.customer.view("effects")
    assert outcome == expected
    assert len(effects) == paid
    assert not (effects and isinstance(outcome, Refused | NotSent))
    assert found.state is (ReadState.SUCCEEDED if paid else ReadState.NOT_FOUND)


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
)
def test_a_read_that_lies_stays_visible(
    adapter: Adapter, fault: object, differs: dict[str, object]
) -> None:
    """Another amount, currency, payer or status reaches the caller as it is."""
    reference, _ = adapter.ask("+237670000001")
    adapter.customer.order(fault, on="read")

    found = adapter.read(reference)

    assert {name: getattr(found, name) for name in differs} == differs
