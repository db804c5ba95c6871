"""The local gateway is a real Envoy: its rendered configuration is tried by running it."""

import json
import re
import socket
import string
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from knative.catalogue import ROOT
from knative.local.programs import free_port

TEMPLATE = (ROOT / "knative" / "local" / "envoy.yaml").read_text("utf-8")
PLACEHOLDERS = sorted(set(re.findall(r"\$\{(\w+)\}", TEMPLATE)))
ENVOY = Path(sys.executable).with_name("envoy")
CALLBACK = "/callbacks/mtn/tok.en-1"


class _Stub(BaseHTTPRequestHandler):
    """Answers every request with its cluster's name and what arrived."""

    protocol_version = "HTTP/1.1"
    name: str
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        seen = {
            "function": self.name,
            "method": self.command,
            "path": self.path,
            "headers": {key.lower(): value for key, value in self.headers.items()},
            "length": len(body),
        }
        payload = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("Request-Id", "req_made_by_the_function")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_TRACE = _answer  # noqa: N815 - its API

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Gateway:
    port: int
    log: Path

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> _Answer:
        """Send one request and return what came back, header names in lower case."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, body or None, headers or {})
            response = connection.getresponse()
            payload = response.read()
        finally:
            connection.close()
        found = {key.lower(): value for key, value in response.getheaders()}
        return _Answer(response.status, found, json.loads(payload) if payload else {})


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Gateway]:
    """Run Envoy on the rendered configuration, with a stub for every function but one."""
    folder = tmp_path_factory.mktemp("gateway")
    values = {"BASE_URL": "https://pay.test", "LOG_DIR": str(folder)}
    servers = []
    for name in PLACEHOLDERS:
        # The receipt function stays down: what the gateway says then is a case of its own.
        is_function = name.startswith("PORT_") and name != "PORT_verify_receipt"
        if is_function or name in {"READY_PORT", "DASHBOARD_PORT"}:
            stub = type("Stub", (_Stub,), {"name": name.removeprefix("PORT_")})
            server = ThreadingHTTPServer(("127.0.0.1", 0), stub)
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
            servers.append(server)
            values[name] = str(server.server_address[1])
        elif name.endswith("_PORT") or name.startswith("PORT_"):
            values[name] = str(free_port())
    config = folder / "envoy.yaml"
    config.write_text(string.Template(TEMPLATE).substitute(values), "utf-8")
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own program and file
            [ENVOY, "-c", config, "--concurrency", "1", "--disable-hot-restart"],
            stdout=log,
            stderr=log,
        )
    try:
        running = _Gateway(int(values["GATEWAY_PORT"]), folder / "gateway_requests.log")
        _wait_until_listening(running.port, process, folder / "envoy.log")
        yield running
    finally:
        process.kill()
        process.wait()
        for server in servers:
            server.shutdown()
            server.server_close()


def _wait_until_listening(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail(log.read_text("utf-8"))


@pytest.mark.parametrize(
    ("method", "path", "function"),
    [
        ("POST", "/v1/charges", "create_charge"),
        ("GET", "/v1/charges", "read_payments"),
        ("GET", "/v1/charges?limit=2", "read_payments"),
        ("HEAD", "/v1/charges", ""),
        ("GET", "/v1/charges/ch_1", "read_payments"),
        ("POST", "/v1/charges/ch_1/cancel", "create_charge"),
        ("GET", "/v1/balance", "read_payments"),
        ("POST", "/v1/api_keys", "manage_account"),
        ("GET", "/v1/api_keys/key_0123456789", "manage_account"),
        ("POST", "/v1/api_keys/key_0123456789/revoke", "manage_account"),
        ("POST", "/v1/accounts/acct_1/accesses", "manage_platform"),
        ("POST", "/v1/accounts/acct_1/suspend", "provision_account"),
        ("GET", "/v1/platform/audit_entries.csv", "manage_platform"),
        ("GET", "/openapi.json", "read_payments"),
        ("POST", CALLBACK, "receive_callback"),
        ("PUT", CALLBACK, "receive_callback"),
        ("GET", "/readyz", "READY_PORT"),
        ("GET", "/dashboard", "DASHBOARD_PORT"),
        ("GET", "/dashboard/acct_1/test/payments?status=failed", "DASHBOARD_PORT"),
        ("HEAD", "/dashboard", ""),
        ("POST", "/mtn/collection/token/", "simulate_provider"),
        ("GET", "/orange/x", "simulate_provider"),
        ("PUT", "/_control", "simulate_provider"),
    ],
)
def test_a_request_reaches_the_function_that_owns_its_path_and_method(
    gateway: _Gateway, method: str, path: str, function: str
) -> None:
    """Method and path choose the function, as openapi.yaml says."""
    answer = gateway.send(method, path)

    assert (answer.status, answer.body.get("function", "")) == (200, function)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("POST", "/dashboard"),
        ("GET", "/dashboards"),
        ("GET", "/v1/charges/"),
        ("GET", "/v1/charges/ch_1/refunds"),
        ("DELETE", "/v1/charges"),
        ("GET", "/v1/charges/ch_1/cancel"),
        ("POST", "/verify/abcdefgh"),
        ("GET", "/openapiXjson"),
        ("GET", "/mtnx"),
        ("GET", "/callbacks/mtn/token/more"),
    ],
)
def test_what_no_route_names_is_answered_by_one_function(
    gateway: _Gateway, method: str, path: str
) -> None:
    """An unknown path and another method reach the function that answers 404 and 405."""
    answer = gateway.send(method, path)

    assert answer.body["function"] == "read_payments"


def test_a_person_who_names_no_page_is_led_to_the_dashboard(gateway: _Gateway) -> None:
    """The address alone is enough to be typed into a telephone."""
    answer = gateway.send("GET", "/?next=https://evil.example", {"Host": "evil.example"})

    assert (answer.status, answer.headers["location"]) == (302, "/dashboard")
    assert answer.body == {}


@pytest.mark.parametrize(
    ("sent", "seen", "function"),
    [
        ("/v1/charges/ch_1?created[gte]=1", "/v1/charges/ch_1?created[gte]=1", "read_payments"),
        ("/_control/../v1/charges", "/v1/charges", "read_payments"),
        ("/v1/../_control", "/_control", "simulate_provider"),
    ],
)
def test_gateway_and_function_see_one_path(
    gateway: _Gateway, sent: str, seen: str, function: str
) -> None:
    """A path with dots is routed by what it means, and the function gets that form."""
    answer = gateway.send("GET", sent)

    assert (answer.body["path"], answer.body["function"]) == (seen, function)


def test_no_caller_chooses_its_own_address_or_the_gateways_time_outs(gateway: _Gateway) -> None:
    """Forwarding and x-envoy headers of a caller never reach a function."""
    claimed = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9",
        "X-Real-Ip": "203.0.113.9",
        "X-Envoy-Retry-On": "5xx",
        "X-Envoy-Upstream-Rq-Timeout-Ms": "1",
        "X-Envoy-External-Address": "203.0.113.9",
    }

    headers = gateway.send("POST", CALLBACK, claimed).body["headers"]

    assert isinstance(headers, dict)
    assert "203.0.113.9" not in json.dumps(headers)
    assert "evil.example" not in json.dumps(headers)
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    # This one is Envoy's own word for the address of the connection.
    assert {key for key in headers if key.startswith("x-envoy")} == {"x-envoy-external-address"}


def test_the_functions_request_id_reaches_the_caller(gateway: _Gateway) -> None:
    """The id in a function's answer is the one that its logs know."""
    assert gateway.send("GET", "/v1/balance").headers["request-id"] == "req_made_by_the_function"


def test_a_body_over_one_mebibyte_is_refused(gateway: _Gateway) -> None:
    """The limit is 1 MiB: that much passes, more is 413 in our shape and reaches no function."""
    fits = gateway.send("POST", CALLBACK, body=b"x" * 1024 * 1024)
    refused = gateway.send("POST", CALLBACK, body=b"x" * (1024 * 1024 + 1))

    assert (fits.status, fits.body["length"]) == (200, 1024 * 1024)
    _assert_our_error(refused, 413, "body_too_large")


def test_old_http_is_served(gateway: _Gateway) -> None:
    """A caller that speaks HTTP/1.0, with no Host, gets its answer."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as old:
        old.sendall(b"GET /v1/balance HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: old.recv(65536), b""))

    assert answer.split(b" ", 2)[1] == b"200"
    assert b"req_made_by_the_function" in answer


def test_trace_is_refused(gateway: _Gateway) -> None:
    """TRACE would show a caller the headers that proxies added."""
    _assert_our_error(gateway.send("TRACE", "/v1/charges"), 405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/v1/charges/a%2Fb", "/v1/charges/a%5Cb"])
def test_an_escaped_slash_is_refused(gateway: _Gateway, path: str) -> None:
    """Gateway and function would split such a path in two ways."""
    _assert_our_error(gateway.send("GET", path), 400, "request_invalid")


@pytest.mark.parametrize("path", ["/verify/abcdefgh", "/verify/abcdefgh.pdf"])
def test_a_function_that_is_down_is_told_in_our_shape(gateway: _Gateway, path: str) -> None:
    """A service that cannot be reached is 503 with Retry-After, in the asked language."""
    french = gateway.send("GET", path, {"Accept-Language": "fr-CM, en;q=0.5"})
    english = gateway.send("GET", path)

    _assert_our_error(french, 503, "service_unavailable")
    _assert_our_error(english, 503, "service_unavailable")
    assert french.headers["content-language"] == "fr"
    assert str(french.body["detail"]).startswith("Le service est injoignable.")
    assert str(english.body["detail"]).startswith("The service cannot be reached.")
    assert english.headers["retry-after"] == "1"


def test_no_path_is_logged(gateway: _Gateway) -> None:
    """A callback's path holds its token: the log names the operation instead."""
    gateway.send("POST", "/callbacks/mtn/very-secret-token")
    deadline = time.monotonic() + 5
    lines: list[str] = []
    # Envoy flushes by itself every 10 s or 64 kB; enough requests make it write now.
    while time.monotonic() < deadline and not any("receive_callback" in line for line in lines):
        for _ in range(50):
            gateway.send("POST", "/callbacks/mtn/very-secret-token")
        lines = gateway.log.read_text("utf-8").splitlines()

    assert any('"receive_callback"' in line for line in lines)
    assert not any("very-secret-token" in line for line in lines)


def _assert_our_error(answer: _Answer, status: int, code: str) -> None:
    error = answer.body["error"]
    assert isinstance(error, dict)
    assert (answer.status, answer.body["status"], error["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/json"
    doc_url = f"https://pay.test/docs/errors#{code}"
    assert answer.body["type"] == error["doc_url"] == doc_url
    assert "param" not in error
    assert answer.headers["request-id"] == answer.body["instance"] == error["request_id"]
    assert str(answer.body["instance"]).startswith("req_")
