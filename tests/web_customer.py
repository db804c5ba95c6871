"""Speaks to the simulator's Web Payment as a merchant does, and to its page as a browser."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from tests.simulator_process import Answer, SimulatorProcess, call

CODE: Final = "123456"
API: Final = "/orange/orange-money-webpay/cm/v1"


def browse(url: str, typed: Mapping[str, str] | None = None) -> Answer:
    """GET a page on this machine, or POST what is typed into its form; no redirect is followed."""
    parts = urlsplit(url)
    body = None if typed is None else urlencode(typed).encode()
    headers = {} if typed is None else {"Content-Type": "application/x-www-form-urlencoded"}
    method = "GET" if typed is None else "POST"
    return call(parts.port or 80, method, parts.path, headers=headers, body=body)


def pay(url: str, msisdn: str, code: str = CODE) -> Answer:
    """Type number and code into an operator's page."""
    return browse(url, {"msisdn": msisdn, "otp": code, "do": "confirm"})


@dataclass(frozen=True, slots=True)
class WebCustomer:
    """A contract at the simulator; `letter` is what Orange would send on paper."""

    simulator: SimulatorProcess
    letter: Mapping[str, str]
    token: str = ""

    @classmethod
    def register(cls, simulator: SimulatorProcess) -> Self:
        """A new contract with a token."""
        customer = cls(simulator, simulator.control("POST", "web_contracts", {}))
        return replace(customer, token=customer.ask_token().json["access_token"])

    def ask_token(self, version: str = "v3", **more: str) -> Answer:
        """`POST /oauth/{version}/token`."""
        known = {**self.letter, **more}
        pair = base64.b64encode(f"{known['client_id']}:{known['client_secret']}".encode()).decode()
        return call(
            self.simulator.port,
            "POST",
            f"/orange/oauth/{version}/token",
            headers={"Authorization": f"Basic {pair}"},
            body=b"grant_type=client_credentials",
        )

    def post(self, name: str, fields: Mapping[str, Any], *, base: str = API) -> Answer:
        """A call of the API with its bearer token."""
        return call(
            self.simulator.port,
            "POST",
            f"{base}/{name}",
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
            },
            body=json.dumps(fields).encode(),
        )

    def order(self, order_id: str, /, **changes: Any) -> Answer:
        """`POST webpayment`."""
        fields: dict[str, Any] = {
            "merchant_key": self.letter["merchant_key"],
            "currency": "XAF",
            "order_id": order_id,
            "amount": 1500,
            "return_url": "http://127.0.0.1:9/back",
            "cancel_url": "http://127.0.0.1:9/cancel",
            "notif_url": "http://127.0.0.1:9/notify",
            "lang": "fr",
            "reference": "Boutique",
        }
        base = changes.pop("base", API)
        return self.post("webpayment", fields | changes, base=base)

    def status(self, order_id: str, pay_token: str, amount: int = 1500) -> Answer:
        """`POST transactionstatus`."""
        fields = {"order_id": order_id, "amount": amount, "pay_token": pay_token}
        return self.post("transactionstatus", fields)

    def fault(self, fault: object, **more: Any) -> None:
        """Order a fault for this contract."""
        order = {"api_user": self.letter["api_user"], "fault": fault, **more}
        self.simulator.control("POST", "faults", order)

    def view(self, name: str, **query: str) -> list[dict[str, Any]]:
        """Rows of one of the control's views."""
        whose = self.letter["api_user"]
        rows: list[dict[str, Any]] = self.simulator.control(
            "GET", name, None, api_user=whose, **query
        )[name]
        return rows
