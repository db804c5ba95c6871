"""A merchant's side of the system: an account of its own, its API calls, its webhooks."""

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import pytest
import urllib3

from knative.local.programs import free_port
from knative.local.webhook_receiver import WebhookReceiver
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, ROOT, LocalSystem

FINAL: Final = frozenset({"succeeded", "failed", "canceled"})
_LABEL_LENGTH: Final = 30
RETURN_URL: Final = "https://shop.example/orders/7"
_DEFINITE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.2
_OK: Final = 200
_CONFLICT: Final = 409
_GONE: Final = 410
_SERVER_FAILURE: Final = 500


@dataclass(frozen=True, slots=True)
class Order:
    """What a merchant asks for; `amount` in whole XAF. The key stays the same over all tries."""

    phone: str
    amount: int = 1_000
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    description: str | None = None
    path: ClassVar[str] = "/v1/charges"

    @property
    def body(self) -> bytes:
        """The body of POST /v1/charges."""
        method = {"type": "mobile_money", "phone": self.phone}
        content: dict[str, Any] = {
            "amount": self.amount,
            "currency": "xaf",
            "payment_method": method,
        }
        if self.description is not None:
            content["description"] = self.description
        return json.dumps(content).encode()


@dataclass(frozen=True, slots=True)
class PageOrder:
    """What a payer is to pay on the operator's page; as Order. Nobody knows her number yet."""

    amount: int = 1_000
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    description: str = "An order"
    path: ClassVar[str] = "/v1/charges"

    @property
    def label(self) -> str:
        """What its page calls it; an operator takes thirty plain characters."""
        return self.description.replace("_", " ")[:_LABEL_LENGTH]

    @property
    def body(self) -> bytes:
        """The body of POST /v1/charges."""
        content: dict[str, Any] = {
            "amount": self.amount,
            "currency": "xaf",
            "payment_method": {"type": "mobile_money", "flow": "redirect"},
            "return_url": RETURN_URL,
            "description": self.description,
        }
        return json.dumps(content).encode()


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What a merchant gives back of a charge; as Order."""

    charge: str
    amount: int
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    path: ClassVar[str] = "/v1/refunds"

    @property
    def body(self) -> bytes:
        """The body of POST /v1/refunds."""
        return json.dumps({"charge": self.charge, "amount": self.amount}).encode()


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """Whom a merchant pays; as Order. `scheduled_at` in Unix seconds, None for at once."""

    phone: str
    amount: int = 1_000
    scheduled_at: int | None = None
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    path: ClassVar[str] = "/v1/payouts"

    @property
    def body(self) -> bytes:
        """The body of POST /v1/payouts."""
        content: dict[str, Any] = {
            "amount": self.amount,
            "currency": "xaf",
            "destination": {"type": "mobile_money", "phone": self.phone},
        }
        if self.scheduled_at is not None:
            content["scheduled_at"] = self.scheduled_at
        return json.dumps(content).encode()


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Whom a merchant pays as one, each the same amount in whole XAF; as Order."""

    phones: tuple[str, ...]
    amount: int = 1_000
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    path: ClassVar[str] = "/v1/payout_batches"

    @property
    def body(self) -> bytes:
        """The body of POST /v1/payout_batches."""
        lines = [
            {"amount": self.amount, "destination": {"type": "mobile_money", "phone": phone}}
            for phone in self.phones
        ]
        return json.dumps({"currency": "xaf", "payouts": lines}).encode()


AnyOrder = Order | PageOrder | RefundOrder | PayoutOrder | BatchOrder


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the API said yes to: its order, the answer's bytes, when (monotonic)."""

    order: AnyOrder
    id: str
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Arrival:
    """One webhook as it came: the event's id and type, its object, when (monotonic seconds)."""

    event_id: str
    event_type: str
    charge: Mapping[str, Any]
    at: float


class RecordingReceiver(WebhookReceiver):
    """A receiver that also keeps which event each delivery told of."""

    def __init__(self, url: str, secret: str) -> None:
        """As a WebhookReceiver."""
        super().__init__(url, secret)
        self._guard = threading.Lock()
        self._arrivals: list[Arrival] = []
        self.refused = 0
        self.is_gone = False

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """Check a delivery by the published library and keep it; 410 where it wants no more."""
        if self.is_gone:
            return _GONE
        status = super().take(body, headers)
        with self._guard:
            if status != 204:
                self.refused += 1
                return status
            event = json.loads(body)
            lower = {name.lower(): value for name, value in headers.items()}
            arrival = Arrival(lower["webhook-id"], event["type"], event["data"], time.monotonic())
            self._arrivals.append(arrival)
        return status

    def arrivals(self, charge_id: str | None = None) -> list[Arrival]:
        """What came so far, in order; of one charge or of all."""
        with self._guard:
            found = list(self._arrivals)
        return [each for each in found if charge_id in {None, each.charge["id"]}]

    def counts(self) -> Counter[str]:
        """How often each event was told."""
        return Counter(arrival.event_id for arrival in self.arrivals())


@dataclass(frozen=True, slots=True)
class Merchant:
    """An account in test mode with its webhook receiver; safe to share between threads."""

    account: str
    secret_key: str
    base_url: str
    receiver: RecordingReceiver
    http: urllib3.PoolManager

    @property
    def schema(self) -> str:
        """The schema of its test mode."""
        return f"t_{self.account.removeprefix('acct_')}_test"

    def call(
        self, method: str, path: str, body: bytes | None = None, key: str | None = None
    ) -> urllib3.BaseHTTPResponse:
        """One request through the gateway. Raises urllib3's HTTPError."""
        headers = {"Authorization": f"Bearer {self.secret_key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.http.request(method, self.base_url + path, body=body, headers=headers)

    def read(self, path: str) -> Any:
        """The JSON at `path`; an answer that is not 200 is a failure."""
        answer = self.call("GET", path)
        assert answer.status == _OK, (path, answer.status, answer.data)
        return answer.json()

    def charge(self, order: Order) -> Accepted:
        """Ask for a charge, again with the same key while the answer proves nothing."""
        deadline = time.monotonic() + _DEFINITE_SECONDS
        while time.monotonic() < deadline:
            accepted = self._ask(order)
            if accepted is not None:
                return accepted
            time.sleep(_PAUSE_SECONDS)
        pytest.fail(f"no definite answer to {order} in {_DEFINITE_SECONDS:.0f} s")

    def _ask(self, order: Order) -> Accepted | None:
        """One try; None where the answer leaves open what happened."""
        try:
            answer = self.call("POST", "/v1/charges", order.body, order.key)
        except urllib3.exceptions.HTTPError:
            return None
        if answer.status >= _SERVER_FAILURE or answer.status == _CONFLICT:
            return None
        assert answer.status == _OK, (answer.status, answer.data)
        return Accepted(order, answer.json()["id"], answer.data, time.monotonic())

    def wait_final(self, charge_id: str, *, seconds: float) -> Mapping[str, Any]:
        """The charge once its public status is final."""

        def look() -> Mapping[str, Any] | None:
            found: Mapping[str, Any] = self.read(f"/v1/charges/{charge_id}")
            return found if found["status"] in FINAL else None

        return wait_for(f"{charge_id} final", look, seconds=seconds)

    def wait_webhook(self, charge_id: str, event_type: str, *, seconds: float) -> Arrival:
        """The first webhook of this type about the charge."""

        def look() -> Arrival | None:
            found = self.receiver.arrivals(charge_id)
            return next((each for each in found if each.event_type == event_type), None)

        return wait_for(f"{event_type} of {charge_id}", look, seconds=seconds)

    def owned(self) -> int:
        """Everything the merchant owns, in whole XAF."""
        balance = self.read("/v1/balance")
        return sum(part["amount"] for part in [*balance["available"], *balance["pending"]])


@contextmanager
def open_merchant(system: LocalSystem, name: str) -> Iterator[Merchant]:
    """Provision an account on a running system by its command and listen for its webhooks."""
    webhook_url = f"http://{HOST}:{free_port()}/webhooks"
    made = subprocess.run(
        [sys.executable, "-m", "knative.local.account"],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DATA_DIR": str(system.data_dir),
            "NAME": name,
            "WEBHOOK_URL": webhook_url,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    account = json.loads(made.stdout)
    timeout = urllib3.Timeout(connect=3, read=15)
    with (
        RecordingReceiver(webhook_url, account["webhook_secret"]) as receiver,
        urllib3.PoolManager(maxsize=16, timeout=timeout, retries=False) as http,
    ):
        yield Merchant(account["account"], account["secret_key"], system.base_url, receiver, http)
