"""`make demo`: one charge through a running system, as a merchant would make it."""

import hashlib
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import urllib3

from knative.local.credentials import Credentials, read_credentials
from knative.local.layout import is_held
from knative.local.webhook_receiver import Received, WebhookReceiver

AMOUNT: Final = 5_000
PHONE: Final = "+237677000001"
_WHOLE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_OK: Final = 200
_FINAL: Final = frozenset({"succeeded", "failed", "canceled"})
_AWAITED: Final = frozenset({"charge.succeeded", "receipt.available"})


class DemoError(Exception):
    """A step failed or came too late; the message is the sentence to print."""


class Demo:
    """One run: its clock, its connection, what it saw."""

    def __init__(self, credentials: Credentials) -> None:
        """`credentials` are those of the running system."""
        self._credentials = credentials
        self._began = time.monotonic()
        self._seen: set[str] = set()
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=2, read=10), retries=False, maxsize=2
        )

    def run(self) -> None:
        """All steps in a merchant's order. Raises DemoError."""
        secret = self._credentials.webhook_secret
        try:
            with WebhookReceiver(self._credentials.webhook_url, secret) as receiver:
                self._run(receiver)
        except OSError as error:
            raise DemoError(
                f"Cannot listen for webhooks on {self._credentials.webhook_url}: {error.strerror}"
            ) from error

    def _run(self, receiver: WebhookReceiver) -> None:
        before = self._balance()
        self._began = time.monotonic()
        charge_id = self._create()
        charge = self._await_end(charge_id, receiver)
        if charge["status"] != "succeeded":
            raise DemoError(f"The charge ended as {charge['status']}: {charge['failure_message']}")
        self._await_webhooks(receiver, charge_id)
        after = self._balance()
        self._say("balance", f"{before} XAF before, {after} XAF after")
        if after - before < AMOUNT:
            raise DemoError(f"The balance rose by {after - before} XAF, not {AMOUNT}")
        self._fetch_receipt(charge_id)

    def _create(self) -> str:
        body = {
            "amount": AMOUNT,
            "currency": "xaf",
            "payment_method": {"type": "mobile_money", "phone": PHONE},
            "description": "Commande de démonstration",
        }
        charge = self._call("POST", "/v1/charges", body)
        self._say("created", f"{charge['id']} {AMOUNT} XAF, {charge['status']}")
        return str(charge["id"])

    def _await_end(self, charge_id: str, receiver: WebhookReceiver) -> Mapping[str, Any]:
        while True:
            charge = self._call("GET", f"/v1/charges/{charge_id}")
            self._show_webhooks(receiver, charge_id)
            if charge["status"] in _FINAL:
                self._say(str(charge["status"]), f"by GET /v1/charges/{charge_id}")
                return charge
            self._pause(f"The charge is still {charge['status']}")

    def _await_webhooks(self, receiver: WebhookReceiver, charge_id: str) -> None:
        while missing := sorted(_AWAITED - self._seen):
            self._show_webhooks(receiver, charge_id)
            self._pause(f"No webhook {', '.join(missing)} came")

    def _show_webhooks(self, receiver: WebhookReceiver, charge_id: str) -> None:
        """Print what has come. Raises DemoError on a signature that is not ours."""
        while not receiver.received.empty():
            got = receiver.received.get()
            if not got.is_verified:
                raise DemoError("A webhook came whose signature is wrong")
            if _concerns(got, charge_id):
                self._say("webhook", f"{got.event_type}, signature verified", at=got.at)
                self._seen.add(got.event_type)

    def _fetch_receipt(self, charge_id: str) -> None:
        charge = self._call("GET", f"/v1/charges/{charge_id}")
        while not charge["receipt_url"]:
            self._pause("The charge has no receipt yet")
            charge = self._call("GET", f"/v1/charges/{charge_id}")
        answer = self._http.request("GET", charge["receipt_url"])
        if answer.status != _OK or not answer.data.startswith(b"%PDF-"):
            raise DemoError(f"The receipt answered {answer.status} and no PDF")
        digest = hashlib.sha256(answer.data).hexdigest()
        self._say("receipt", f"{len(answer.data)} bytes of PDF, sha256 {digest}")
        self._say("", str(charge["receipt_url"]))

    def _balance(self) -> int:
        balance = self._call("GET", "/v1/balance")
        parts = [*balance["available"], *balance["pending"]]
        return sum(int(part["amount"]) for part in parts if part["currency"] == "xaf")

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self._credentials.secret_key}"}
        if body is not None:
            headers |= {
                "Content-Type": "application/json",
                "Idempotency-Key": str(uuid.uuid4()),
            }
        try:
            answer = self._http.request(
                method,
                self._credentials.base_url + path,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
            )
            content: Mapping[str, Any] = answer.json()
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise DemoError(f"{method} {path} gave no answer of the API: {error}") from error
        if answer.status != _OK:
            message = content.get("error", {}).get("message", content.get("status"))
            raise DemoError(f"{method} {path} answered {answer.status}: {message}")
        return content

    def _pause(self, late: str) -> None:
        if self._left() <= 0:
            raise DemoError(f"{late} after {_WHOLE_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)

    def _left(self) -> float:
        return self._began + _WHOLE_SECONDS - time.monotonic()

    def _say(self, step: str, what: str, *, at: float | None = None) -> None:
        elapsed = ((time.monotonic() if at is None else at) - self._began) * 1000
        sys.stdout.write(f"{elapsed:7.0f} ms  {step:<10} {what}\n")
        sys.stdout.flush()


def main() -> int:
    """Drive one charge on DATA_DIR's system; 1 with one sentence when a step fails."""
    data_dir = Path(os.environ.get("DATA_DIR") or ".data").resolve()
    credentials = read_credentials(data_dir)
    if credentials is None or not is_held(data_dir):
        sys.stderr.write(f"No system runs on {data_dir}: start one with `make run`.\n")
        return 1
    try:
        Demo(credentials).run()
    except DemoError as error:
        sys.stderr.write(f"Demo failed: {error}\n")
        return 1
    return 0


def _concerns(got: Received, charge_id: str) -> bool:
    """Whether the event is about this charge; `receipt.available` may carry it inside."""
    return charge_id in json.dumps(got.event.get("data", {}))


if __name__ == "__main__":
    sys.exit(main())
