"""Runs simulate_provider as a process of its own and speaks to it as an operator's customer would.

What it sends is built here from the provider's documents, never by our adapter.
"""

import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from knative.local.programs import free_port

ROOT = Path(__file__).parents[1]
START_SECONDS = 20.0
SUBSCRIPTION_KEY = "9f3c0d7a41b84f6e8a2d5c1b7e90f364"
DISBURSEMENT_KEY = "c47a5be2098d4f31b6e0d93f1a7c2855"


def wait_until(is_so: Callable[[], Any], *, seconds: float = 5.0, what: str = "it") -> Any:
    """The first true answer of `is_so`. Raises AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (answer := is_so()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        pause.wait(0.005)
    return answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body parsed."""
        return json.loads(self.body)


def call(
    port: int,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 10.0,
) -> Answer:
    """One request on a connection of its own; exactly the given headers, and a host.

    With a body its length is added; a `Content-Length` of "" leaves the header out.
    """
    given = dict(headers or {})
    if body is not None:
        given.setdefault("Content-Length", str(len(body)))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with contextlib.closing(connection):
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in given.items():
            if value or name != "Content-Length":
                connection.putheader(name, value)
        connection.endheaders(body or b"")
        response = connection.getresponse()
        raw = response.read()
        lower = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, lower, raw)


@dataclass(slots=True)
class SimulatorProcess:
    """simulate_provider on a port of its own; `start` again after `kill`."""

    database_url: str
    secrets_dir: Path
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What Knative and the runner would set."""
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(ROOT),
            "ENVIRONMENT": "local",
            "PORT": str(self.port),
            "K_SERVICE": "simulate-provider",
            "K_REVISION": "simulate-provider-00001",
            "K_CONFIGURATION": "simulate-provider",
            "FUNCTION_TARGET": "simulate_provider",
            "FUNCTION_SOURCE": "functions/simulate_provider/main.py",
            "SIMULATOR_DATABASE_URL": self.database_url,
            "SECRETS_DIR": str(self.secrets_dir),
            "CALLBACK_BASE_URL": "http://127.0.0.1:9",
        }

    def start(self, *, first_status: int = 404) -> None:
        """Start it and wait until it answers a request without the control token so."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shared.runtime.serve"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        wait_until(
            lambda: self._first_status() == first_status,
            seconds=START_SECONDS,
            what="simulate_provider's start",
        )

    def _first_status(self) -> int | None:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        try:
            return call(self.port, "GET", "/_control/faults").status
        except OSError:
            return None

    def kill(self) -> None:
        """SIGKILL to all of it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def control(
        self, method: str, path: str, order: Mapping[str, Any] | None = None, **query: str
    ) -> Any:
        """Speak to `/_control`; the parsed answer. Raises AssertionError on a refusal."""
        token = (self.secrets_dir / "simulator_control_token").read_text().strip()
        search = "&".join(f"{name}={value}" for name, value in query.items())
        answer = call(
            self.port,
            method,
            f"/_control/{path}?{search}",
            headers={"Authorization": f"Bearer {token}"},
            body=None if order is None else json.dumps(order).encode(),
        )
        assert answer.status == 200, answer
        return answer.json


@dataclass(frozen=True, slots=True)
class MtnCustomer:
    """An API user of one product at the simulator's MTN face, made over the wire like anyone's."""

    simulator: SimulatorProcess
    api_user: str
    api_key: str
    token: str
    subscription_key: str = SUBSCRIPTION_KEY
    product: str = "collection"

    @classmethod
    def register(
        cls, simulator: SimulatorProcess, host: str = "127.0.0.1", product: str = "collection"
    ) -> "MtnCustomer":
        """A new API user with a key and a token."""
        api_user = str(uuid.uuid4())
        subscription = SUBSCRIPTION_KEY if product == "collection" else DISBURSEMENT_KEY
        key = {"Ocp-Apim-Subscription-Key": subscription}
        created = call(
            simulator.port,
            "POST",
            "/mtn/v1_0/apiuser",
            headers={**key, "X-Reference-Id": api_user, "Content-Type": "application/json"},
            body=json.dumps({"providerCallbackHost": host}).encode(),
        )
        assert created.status == 201, created
        made = call(
            simulator.port, "POST", f"/mtn/v1_0/apiuser/{api_user}/apikey", headers=key, body=b""
        )
        assert made.status == 201, made
        customer = cls(simulator, api_user, made.json["apiKey"], "", subscription, product)
        return replace(customer, token=customer.ask_token().json["access_token"])

    @classmethod
    def prepared(cls, simulator: SimulatorProcess, secret: str, product: str) -> "MtnCustomer":
        """The API user that a secret file makes ready, with a token."""
        fields = json.loads((simulator.secrets_dir / secret).read_text())
        key = fields["subscription_key"]
        own = cls(simulator, fields["api_user"], fields["api_key"], "", key, product)
        return replace(own, token=own.ask_token().json["access_token"])

    def partner(self, *, amount: str = "100000") -> "MtnCustomer":
        """The same merchant's API user for disbursement, with a float of so many francs."""
        partner = MtnCustomer.register(self.simulator, product="disbursement")
        whose = {"api_user": partner.api_user}
        self.simulator.control("POST", "partners", {**whose, "collection": self.api_user})
        if amount != "0":
            self.simulator.control("POST", "floats/top_up", {**whose, "amount": amount})
        return partner

    def ask_token(self, *, body: bytes = b"", product: str = "", **headers: str) -> Answer:
        """`POST /{product}/token/`."""
        pair = base64.b64encode(f"{self.api_user}:{self.api_key}".encode()).decode()
        given = {
            "Authorization": f"Basic {pair}",
            "Ocp-Apim-Subscription-Key": self.subscription_key,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        path = f"/mtn/{product or self.product}/token/"
        return call(self.simulator.port, "POST", path, headers=given, body=body)

    def headers(self, environment: str = "mtncameroon", **more: str | None) -> dict[str, str]:
        """The headers of a product call; a value of None leaves one out."""
        headers: dict[str, str | None] = {
            "Authorization": f"Bearer {self.token}",
            "Ocp-Apim-Subscription-Key": self.subscription_key,
            "X-Target-Environment": environment,
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        return {name: value for name, value in headers.items() if value is not None}

    def request_to_pay(
        self,
        reference: str,
        *,
        payer: str = "237670000001",
        amount: object = "500",
        currency: str = "XAF",
        environment: str = "mtncameroon",
        callback_url: str | None = None,
        body: Mapping[str, Any] | None = None,
        timeout: float = 10.0,
        **headers: str | None,
    ) -> Answer:
        """`POST /collection/v1_0/requesttopay`; `body` adds or replaces fields."""
        fields = {
            "amount": amount,
            "currency": currency,
            "externalId": "order-1",
            "payer": {"partyIdType": "MSISDN", "partyId": payer},
            "payerMessage": "Order 1",
            "payeeNote": "Thanks",
            **(body or {}),
        }
        more = {"X-Reference-Id": reference, "X-Callback-Url": callback_url, **headers}
        return call(
            self.simulator.port,
            "POST",
            "/mtn/collection/v1_0/requesttopay",
            headers=self.headers(environment, **more),
            body=json.dumps(fields).encode(),
            timeout=timeout,
        )

    def read(self, reference: str, environment: str = "mtncameroon") -> Answer:
        """`GET /collection/v1_0/requesttopay/{reference}`."""
        return self.get(f"requesttopay/{reference}", environment)

    def get(self, path: str, environment: str = "mtncameroon") -> Answer:
        """Any other read of the product."""
        return call(
            self.simulator.port,
            "GET",
            f"/mtn/{self.product}/v1_0/{path}",
            headers=self.headers(environment),
        )

    def pay_out(
        self,
        kind: str,
        reference: str,
        *,
        payee: str = "237670000001",
        amount: object = "500",
        currency: str = "XAF",
        environment: str = "mtncameroon",
        version: str = "v1_0",
        callback_url: str | None = None,
        body: Mapping[str, Any] | None = None,
        timeout: float = 10.0,
        **headers: str | None,
    ) -> Answer:
        """`POST /disbursement/{version}/{kind}`; `body` adds or replaces fields."""
        fields = {
            "amount": amount,
            "currency": currency,
            "externalId": "payout-1",
            "payee": {"partyIdType": "MSISDN", "partyId": payee},
            "payerMessage": "Payout 1",
            "payeeNote": "Thanks",
            **(body or {}),
        }
        more = {"X-Reference-Id": reference, "X-Callback-Url": callback_url, **headers}
        return call(
            self.simulator.port,
            "POST",
            f"/mtn/disbursement/{version}/{kind}",
            headers=self.headers(environment, **more),
            body=json.dumps(fields).encode(),
            timeout=timeout,
        )

    def transfer(self, reference: str, **more: Any) -> Answer:
        """`POST /disbursement/v1_0/transfer`."""
        return self.pay_out("transfer", reference, **more)

    def refund(self, reference: str, refunds: str, **more: Any) -> Answer:
        """`POST /disbursement/v1_0/refund` of the request to pay under `refunds`."""
        body = {"payee": None, "referenceIdToRefund": refunds, **more.pop("body", {})}
        return self.pay_out("refund", reference, body=body, **more)

    def balance(self) -> str:
        """What the product's account holds, in francs."""
        available: str = self.get("account/balance").json["availableBalance"]
        return available

    def order(self, fault: object, **more: Any) -> Any:
        """Order a fault for this API user."""
        order = {"api_user": self.api_user, "fault": fault, **more}
        return self.simulator.control("POST", "faults", order)

    def view(self, name: str, **query: str) -> list[dict[str, Any]]:
        """Rows of one of the control's views."""
        answer = self.simulator.control("GET", name, None, api_user=self.api_user, **query)
        rows: list[dict[str, Any]] = answer[name]
        return rows


@dataclass(frozen=True, slots=True)
class OrangeCustomer:
    """A contract at the simulator's Orange face; `letter` is what Orange would send on paper."""

    simulator: SimulatorProcess
    letter: Mapping[str, str]
    token: str

    @classmethod
    def register(cls, simulator: SimulatorProcess) -> "OrangeCustomer":
        """A new contract with a token."""
        customer = cls(simulator, simulator.control("POST", "channels", {}), "")
        return customer.with_token()

    def with_token(self) -> "OrangeCustomer":
        """The same contract with the token that it is given now."""
        token = self.ask_token().json["access_token"]
        return OrangeCustomer(self.simulator, self.letter, token)

    def ask_token(self, *, body: bytes = b"grant_type=client_credentials", **more: str) -> Answer:
        """`POST /token`."""
        known = {**self.letter, **more}
        given = {
            "Authorization": f"Basic {_pair(known['consumer_key'], known['consumer_secret'])}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return call(self.simulator.port, "POST", "/orange/token", headers=given, body=body)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout: float = 10.0,
        **headers: str,
    ) -> Answer:
        """Any call of the core API."""
        given = {
            "Authorization": f"Bearer {self.token}",
            "X-AUTH-TOKEN": _pair(self.letter["api_user"], self.letter["api_password"]),
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = b"" if body is None and method == "POST" else None
        return call(
            self.simulator.port,
            method,
            f"/orange/omcoreapis/1.0.2/{path}",
            headers=given,
            body=sent if body is None else json.dumps(body).encode(),
            timeout=timeout,
        )

    def init(self, product: str = "mp") -> str:
        """A new payToken."""
        token: str = self.call("POST", f"{product}/init").json["data"]["payToken"]
        return token

    def pay(
        self,
        pay_token: str,
        *,
        subscriber: str = "690000001",
        product: str = "mp",
        timeout: float = 10.0,
        **more: Any,
    ) -> Answer:
        """`POST {product}/pay`; `more` adds or replaces fields."""
        fields = {
            "payToken": pay_token,
            "channelUserMsisdn": self.letter["channel_msisdn"],
            "subscriberMsisdn": subscriber,
            "pin": self.letter["pin"],
            "amount": "500",
            "orderId": "order1",
            "description": "Order 1",
            "notifUrl": "",
            **more,
        }
        return self.call("POST", f"{product}/pay", fields, timeout=timeout)

    def status(self, pay_token: str, product: str = "mp") -> Answer:
        """`GET {product}/paymentstatus/{payToken}`."""
        return self.call("GET", f"{product}/paymentstatus/{pay_token}")

    def order(self, fault: object, **more: Any) -> Any:
        """Order a fault for this contract."""
        order = {"api_user": self.letter["api_user"], "fault": fault, **more}
        return self.simulator.control("POST", "faults", order)

    def view(self, name: str, **query: str) -> list[dict[str, Any]]:
        """Rows of one of the control's views."""
        api_user = self.letter["api_user"]
        answer = self.simulator.control("GET", name, None, api_user=api_user, **query)
        rows: list[dict[str, Any]] = answer[name]
        return rows


def _pair(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Notice:
    """A callback as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        """The body parsed."""
        return json.loads(self.body)


class CallbackReceiver:
    """An HTTP server that keeps what operators send; one path per payment."""

    def __init__(self, port: int | None = None) -> None:
        self._notices: list[Notice] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver._notices.append(
                    Notice(self.command, self.path, dict(self.headers), body, time.monotonic())
                )
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST  # noqa: N815 - the server looks for this name

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's name
                del format, args

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                # A killed simulator resets its connections; that is no failure of the receiver.
                del request, client_address

        self._server = Server(("127.0.0.1", port or 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def url(self, path: str) -> str:
        """The address of `path`."""
        return f"http://127.0.0.1:{self.port}/{path}"

    def at(self, path: str) -> list[Notice]:
        """What has come to `path`."""
        return [notice for notice in self._notices if notice.path == f"/{path}"]

    def wait(self, path: str, count: int = 1, *, seconds: float = 5.0) -> list[Notice]:
        """The first `count` notices to `path`. Raises AssertionError when they do not come."""
        wait_until(lambda: len(self.at(path)) >= count, seconds=seconds, what=f"{count} callbacks")
        return self.at(path)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
