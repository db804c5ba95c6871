"""Our Web Payment adapter against the running stand-in: two programs that share no code."""

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.operations.page_ports import Page, PageKeys, PageRequest
from shared.operations.ports import NotSent, PaymentRead, ReadState, Refused, Unknown
from shared.providers.orange_web.client import (
    OrangePageOpener,
    OrangePageReader,
    OrangeWebLine,
    connect,
)
from shared.providers.orange_web.judgement import Outcome
from shared.providers.orange_web.tokens import OrangeWebCredentials
from tests.simulator_process import SimulatorProcess
from tests.web_customer import WebCustomer, pay

pytest_plugins = ("tests.simulator_fixtures",)

AMOUNT = 1500


class Adapter:
    """Both halves of our adapter on a contract of its own."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self.customer = WebCustomer.register(simulator)
        account = OperatorAccount(
            id="opa_1",
            operator=Operator.ORANGE,
            product="web",
            livemode=False,
            base_url=f"{simulator.url}/orange",
            target_environment="cm",
            currency="XAF",
            credentials="simulator_orange_web_credentials",
        )
        self.wire = connect(account)
        self.heard: list[tuple[str, int, str]] = []
        letter = dict(self.customer.letter)
        letter.pop("api_user")
        line = OrangeWebLine(
            account,
            OrangeWebCredentials(**letter),
            wire=self.wire,
            clock=lambda: datetime.now(UTC),
            on_exchange=lambda what, status, _, word: self.heard.append((what, status, word)),
        )
        self.opener, self.reader = OrangePageOpener(line), OrangePageReader(line)

    def open(self, order_id: str, *, seconds: float = 5) -> Outcome:
        """Ask for a page."""
        request = PageRequest(
            order_id=order_id,
            money=Money(AMOUNT),
            return_url="http://127.0.0.1:9/back",
            callback_url="http://127.0.0.1:9/notify",
            language="fr",
            label="Commande d'été n° 7, à l'atelier de Marie",
        )
        return self.opener.open_page(request, deadline=soon(seconds))

    def opened(self, order_id: str) -> PageKeys:
        """A page that was made."""
        keys = self.open(order_id)
        assert isinstance(keys, PageKeys)
        return keys

    def read(self, order_id: str, keys: PageKeys, amount: int = AMOUNT) -> PaymentRead:
        """What the status read proves."""
        page = Page(order_id, is_shown=True, keys=keys)
        return self.reader.read_page(page, Money(amount), deadline=soon(5))


def soon(seconds: float) -> Deadline:
    """A deadline of a monotonic clock."""
    return Deadline.after(seconds, time.monotonic)


@pytest.fixture
def adapter(simulator: SimulatorProcess) -> Iterator[Adapter]:
    """The adapter, connections closed afterwards."""
    adapter = Adapter(simulator)
    yield adapter
    adapter.wire.close()


@pytest.fixture
def order_id() -> str:
    """A new order id."""
    return uuid.uuid4().hex[:30]


@pytest.mark.parametrize(
    ("msisdn", "state"),
    [
        ("690000001", ReadState.SUCCEEDED),
        ("690000451", ReadState.FAILED),
        ("690000452", ReadState.EXPIRED),
        ("690000453", ReadState.PENDING),
    ],
)
def test_what_the_payer_does_is_read(
    adapter: Adapter, order_id: str, msisdn: str, state: ReadState
) -> None:
    """Waiting first, then Orange's word; a success with its amount and Orange's own id."""
    keys = adapter.opened(order_id)
    before = adapter.read(order_id, keys)

    pay(keys.url, msisdn)
    after = adapter.read(order_id, keys)

    assert (before.state, before.operator_word) == (ReadState.PENDING, "INITIATED")
    assert after.state is state
    if state is ReadState.SUCCEEDED:
        assert after.money == Money(AMOUNT)
        assert (after.operator_transaction_id or "").startswith("MP")


def test_an_order_id_that_has_served_makes_no_page(adapter: Adapter, order_id: str) -> None:
    """Nothing definite is said of it: the caller takes another one."""
    adapter.opened(order_id)

    assert adapter.open(order_id) == Unknown("50_403")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("drop_before", Unknown),
        ("drop_after", Unknown),
        ({"kind": "error_before", "http_status": 503, "code": "5"}, Unknown),
        ({"kind": "error_before", "http_status": 400, "code": "22"}, Refused),
        ("html", Unknown),
        ("html_after", Unknown),
    ],
    ids=str,
)
def test_what_is_no_page_is_told_apart(
    adapter: Adapter, order_id: str, fault: object, outcome: type
) -> None:
    """Only Orange's own refusal is one; nobody has seen anything of the rest."""
    adapter.customer.fault(fault)

    assert isinstance(adapter.open(order_id), outcome)
    assert adapter.heard[-1][0] == "open_page"


def test_an_expired_token_is_fetched_anew_and_the_order_is_the_same(
    adapter: Adapter, order_id: str
) -> None:
    """One 401, one token more, the same order id once more."""
    adapter.customer.fault("token_expired")

    keys = adapter.opened(order_id)

    assert [what for what, _, _ in adapter.heard] == ["token", "token", "open_page"]
    assert adapter.read(order_id, keys).state is ReadState.PENDING


def test_a_short_deadline_ends_a_slow_call(adapter: Adapter, order_id: str) -> None:
    """Silence is unknown, whether the order is there or not."""
    adapter.opened(uuid.uuid4().hex[:30])
    adapter.customer.fault({"kind": "hold_after", "seconds": 3})

    assert adapter.open(order_id, seconds=0.3) == Unknown("timeout")
    assert [row["reference"] for row in adapter.customer.view("payments")][-1] == order_id


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ({"kind": "wrong_amount", "amount": "1"}, ReadState.SUCCEEDED),
        ({"kind": "unknown_status", "status": "ONGOING"}, ReadState.PENDING),
        ("other_spelling", ReadState.SUCCEEDED),
        ("not_found", ReadState.UNKNOWN),
        ("drop_before", ReadState.UNKNOWN),
        ("html", ReadState.UNKNOWN),
    ],
    ids=str,
)
def test_a_read_that_lies_is_seen_or_proves_nothing(
    adapter: Adapter, order_id: str, fault: object, state: ReadState
) -> None:
    """An amount that Orange repeats counts; an unknown word waits; the rest is unknown."""
    keys = adapter.opened(order_id)
    pay(keys.url, "690000001")
    adapter.customer.fault(fault, on="read")

    read = adapter.read(order_id, keys)

    assert read.state is state
    is_wrong = isinstance(fault, dict) and fault["kind"] == "wrong_amount"
    assert (read.money == Money(1)) is is_wrong


def test_a_read_of_another_amount_proves_nothing(adapter: Adapter, order_id: str) -> None:
    """Orange answers for order, amount and payToken together."""
    keys = adapter.opened(order_id)
    pay(keys.url, "690000001")

    assert adapter.read(order_id, keys, AMOUNT + 1).state is ReadState.UNKNOWN


def test_wrong_credentials_send_nothing(adapter: Adapter, order_id: str) -> None:
    """Twice refused at the gate is our own fault, and asked for again later."""
    adapter.customer.fault({"kind": "gateway_fault", "http_status": 401}, times=2)

    assert adapter.open(order_id) == NotSent("not_authenticated")
