"""No log of any part holds a payer, a key or a secret, however it came and however it ended (E45).

Canaries go in by every way that a stranger, a merchant or an operator has, good and bad, over a
crash and a dead letter; then every file that the system wrote is searched for them in all forms,
and so is what accounts are shown of their requests.
"""

import base64
import json
import random
import string
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import cbor2
import grpc
from google.pubsub_v1.services.publisher import PublisherClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

from knative.local.layout import PUBSUB_PROJECT
from tests.chaos.judge import superuser
from tests.end_to_end.merchant import FINAL, Merchant, Order, open_merchant
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import HOST, LocalSystem
from tests.trials import Trial

Way = tuple[str, str, Mapping[str, str], bytes | None]
"""A request: method, path, headers and body."""

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
CBOR: Final = "application/cbor"
QUIET_SECONDS: Final = 3
_LETTERS: Final = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Canaries:
    """What must not be seen again: a number, a key, a token, a PIN, a name and an address."""

    phone: str
    key: str
    token: str
    pin: str
    name: str
    email: str

    @classmethod
    def hatch(cls, chance: random.Random) -> "Canaries":
        """New ones; the number is one of MTN's that no test of ours uses."""

        def some(letters: str, length: int) -> str:
            return "".join(chance.choices(letters, k=length))

        return cls(
            phone=f"+23767{some(string.digits, 7)}",
            key=f"sk_test_{some(_LETTERS, 40)}",
            token=some(_LETTERS, 43),
            pin=some(string.digits, 12),
            name=f"Nk{some(string.ascii_lowercase, 10)}",
            email=f"{some(string.ascii_lowercase, 12)}@example.cm",
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """Each of them, the number without its country."""
        return (
            self.phone.removeprefix("+237"),
            self.key,
            self.token,
            self.pin,
            self.name,
            self.email,
        )


def test_no_log_holds_what_was_given_in_confidence(
    local_system: LocalSystem, trial: Trial, tmp_path: Path
) -> None:
    """Searched as they are, spaced, escaped, in base64 and in hexadecimal, in every file."""
    flock = [Canaries.hatch(trial.chance) for _ in range(trial.size(12, 200))]
    statuses: Counter[int] = Counter()
    with open_merchant(local_system, "Boutique Discrète") as merchant:
        for number, birds in enumerate(flock):
            statuses.update(_ask(merchant, *way) for way in _ways(birds))
            if number % 4 == 0:
                statuses.update(_trouble(local_system, merchant, birds))
            _poison(local_system, birds)
        _settle(merchant)
    files = _written(local_system)
    kept = _request_logs(local_system, tmp_path / "request_logs")
    found = {hit for file in (*files, kept) for hit in _hits(file, flock)}

    assert found == set()
    assert statuses.keys() >= {200, 400, 401, 404, 503}, statuses
    seen = {"files": len(files), "requests": statuses.total()}
    trial.record("log canaries (E45)", len(flock) * len(flock[0].texts), wrong=len(found), **seen)


def test_the_search_finds_a_canary_in_each_form(tmp_path: Path) -> None:
    """Else none found would say nothing."""
    birds = Canaries.hatch(random.Random(1))  # noqa: S311 - a test
    file = tmp_path / "some.log"
    for text in birds.texts:
        told = f'{{"a": "{text}", "b": 1}}'.encode()
        for form in (told, told.upper(), told.hex().encode(), base64.b64encode(told)):
            file.write_bytes(b"a line\n" + form)
            assert list(_hits(file, [birds])), form
    file.write_bytes(b"a line\n")
    assert not list(_hits(file, [birds]))


def _ways(birds: Canaries) -> Iterator[Way]:
    """Every way in by a request: good and bad ones, each form of body, path and header."""
    method = {"type": "mobile_money", "phone": birds.phone}
    charge = {"amount": 700, "currency": "xaf", "payment_method": method}
    well = {**charge, "description": birds.name, "metadata": {"pin": birds.pin, "t": birds.token}}
    customer = {"name": birds.name, "email": birds.email, "phone": birds.phone}
    payout = {"amount": 700, "destination": {"type": "mobile_money", "phone": birds.phone}}
    hook = {"url": f"https://{birds.name}:{birds.token}@shop.example/{birds.pin}", "events": ["*"]}
    sheet = (
        f"phone,amount,name\n{birds.phone},{birds.pin},{birds.name}\n{birds.key},-1,{birds.token}\n"
    )
    bearer = {"Authorization": f"Bearer {birds.key}"}
    for path, content in (
        ("/v1/charges", well),
        ("/v1/charges", {**well, birds.name: birds.pin}),
        ("/v1/charges", {**well, "amount": birds.pin}),
        ("/v1/charges", {**well, "payment_method": {**method, "phone": f"{birds.phone}0"}}),
        ("/v1/charges", {**well, "return_url": f"javascript:{birds.token}"}),
        ("/v1/customers", customer),
        ("/v1/customers", {**customer, "phone": birds.pin}),
        ("/v1/payouts", {**payout, "currency": "xaf", "description": birds.name}),
        ("/v1/payout_batches", {"currency": "xaf", "payouts": [payout, {**payout, "amount": 0}]}),
        ("/v1/holder_lookups", {"phone": birds.phone}),
        ("/v1/refunds", {"charge": birds.token, "reason": birds.name}),
        ("/v1/webhook_endpoints", hook),
        ("/v1/customer/challenges", {"phone": birds.phone, "receipt": birds.token}),
        ("/v1/customer/sessions", {"phone": birds.phone, "code": birds.pin}),
    ):
        yield "POST", path, {"Content-Type": JSON}, json.dumps(content).encode()
        yield "POST", path, {"Content-Type": JSON, **bearer}, json.dumps(content).encode()
    yield "POST", "/v1/charges", {"Content-Type": JSON}, json.dumps(well).encode()[:-9]
    yield "POST", "/v1/charges", {"Content-Type": FORM}, urlencode(customer).encode()
    yield "POST", "/v1/payout_batches", {"Content-Type": "text/csv"}, sheet.encode()
    call = {"method": "create_charge", "params": well, "key": birds.token}
    yield "POST", "/rpc", {"Content-Type": CBOR}, cbor2.dumps(call)
    yield "POST", "/rpc", {"Content-Type": CBOR, **bearer}, cbor2.dumps({birds.name: birds.pin})
    for path in (
        f"/v1/charges?phone={quote(birds.phone)}&cursor={birds.token}&{birds.name}={birds.pin}",
        f"/v1/customers?email={quote(birds.email)}",
        f"/v1/charges/{birds.token}",
        f"/v1/stream?ticket={birds.token}",
        f"/v1/receipts/{birds.token}",
        f"/pay/{birds.token}",
        f"/{birds.phone}/{birds.key}",
    ):
        yield "GET", path, {"Idempotency-Key": birds.token, "User-Agent": birds.name}, None
        yield "GET", path, {"Authorization": f"Basic {birds.key}", "Cookie": birds.token}, None
    told = {"financialTransactionId": birds.pin, "payer": {"partyId": birds.phone}}
    for operator in ("mtn", "orange"):
        path = f"/callbacks/{operator}/{birds.token}"
        yield "POST", path, {"Content-Type": JSON}, json.dumps(told).encode()


def _ask(
    merchant: Merchant, method: str, path: str, headers: Mapping[str, str], body: bytes | None
) -> int:
    """The status; where the function died over it the gateway's 503."""
    sent = {"Authorization": f"Bearer {merchant.secret_key}", **headers}
    if method == "POST" and "Idempotency-Key" not in sent:
        sent["Idempotency-Key"] = str(uuid.uuid4())
    url = merchant.base_url + path
    return merchant.http.request(method, url, headers=sent, body=body, redirect=False).status


def _trouble(system: LocalSystem, merchant: Merchant, birds: Canaries) -> Iterator[int]:
    """An operator that fails over a number, a function that dies with it in hand."""
    OperatorControl.of(system).fault(birds.phone, "error_before", http_status=500, code=birds.name)
    yield _ask(merchant, *_order(birds))
    point = system.crash_points / "create_charge.before_commit"
    point.touch()
    yield _ask(merchant, *_order(birds))
    wait_for("the crash", lambda: not point.exists(), seconds=30)
    merchant.charge(Order(birds.phone, description=birds.name))


def _order(birds: Canaries) -> Way:
    return "POST", Order.path, {"Content-Type": JSON}, Order(birds.phone, 800).body


def _poison(system: LocalSystem, birds: Canaries) -> None:
    """Have dead letters kept, and messages come, of which nothing can be read."""
    with grpc.insecure_channel(f"{HOST}:{system.ports['pubsub']}") as channel:
        client = PublisherClient(transport=PublisherGrpcTransport(channel=channel))
        for topic in ("charge-created-dead", "charge-created"):
            message = {"data": json.dumps(asdict(birds)).encode(), "attributes": {"n": birds.name}}
            name = f"projects/{PUBSUB_PROJECT}/topics/{topic}"
            client.publish(request={"topic": name, "messages": [message]}, timeout=30)


def _settle(merchant: Merchant) -> None:
    """Return when what was asked for is done: each step writes lines of its own."""

    def is_done() -> bool:
        page = merchant.read("/v1/charges?limit=100")["data"]
        return all(charge["status"] in FINAL for charge in page)

    wait_for("all charges final", is_done, seconds=90)


def _written(system: LocalSystem) -> list[Path]:
    """Every log of every part of ours; the stand-in's are the operator's own."""
    files = [path for path in (system.data_dir / "logs").rglob("*") if path.is_file()]
    return [system.output, *(path for path in files if path.stem != "simulate_provider")]


def _request_logs(system: LocalSystem, file: Path) -> Path:
    """Every line of the request logs of accounts, once the last of them is written."""
    table = "platform.request_logs"
    with superuser(system) as connection:

        def is_quiet() -> bool:
            [[age]] = connection.run(f"SELECT extract(epoch FROM now() - max(at)) FROM {table}")
            return float(age) > QUIET_SECONDS

        wait_for("the last line", is_quiet, seconds=30)
        lines = connection.run(f"SELECT to_jsonb(r)::text FROM {table} r")
    assert lines
    file.write_text("\n".join(line for [line] in lines))
    return file


def _hits(file: Path, flock: Sequence[Canaries]) -> Iterator[str]:
    content = file.read_bytes().lower()
    for birds in flock:
        for kind, text in zip(Canaries.__slots__, birds.texts, strict=True):
            for form in _forms(text):
                at = content.find(form.lower())
                if at >= 0:
                    line = content[max(0, at - 200) : at + 100]
                    yield f"{file.name}: {kind}: {line!r}"


def _forms(text: str) -> Iterator[bytes]:
    """How it may stand in a file: as it is, spaced, escaped, encoded at any place of a text."""
    raw = text.encode()
    yield raw
    yield quote(text, safe="").encode()
    yield raw.hex().encode()
    if text.isdigit():
        yield " ".join((text[:1], *(text[at : at + 2] for at in range(1, len(text), 2)))).encode()
        yield " ".join(text[at : at + 3] for at in range(0, len(text), 3)).encode()
    for shift in range(3):
        inner = base64.b64encode(b"x" * shift + raw)
        # Letters at both ends depend on what stands beside it.
        yield inner[4 if shift else 0 : -4]
