"""The operator's side: orders faults of the simulator and reads its books of what really moved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import urllib3

from tests.system import LocalSystem

_OK: Final = 200
_SECONDS: Final = 30
_READ_AGAIN: Final = urllib3.Retry(4, backoff_factor=0.2)
_PAGE: Final = 10_000


@dataclass(frozen=True, slots=True)
class OperatorControl:
    """The simulator's `/_control`, for who holds its token; all is about one operator, `mtn`."""

    base_url: str
    token: str
    operator: str = "mtn"

    @classmethod
    def of(cls, system: LocalSystem, operator: str = "mtn") -> Self:
        """The simulator of a running system, as this operator."""
        known = system.credentials
        url = f"{known['simulator_url']}/_control"
        return cls(url, known["simulator_control_token"], operator)

    def payer(self, phone: str) -> str:
        """A number as this operator writes it."""
        return phone.removeprefix("+" if self.operator == "mtn" else "+237")

    def fault(
        self, phone: str, kind: str, *, on: str = "submit", times: int = 1, **words: object
    ) -> None:
        """Order a fault for the next `times` calls that concern this number."""
        # Orange has one product for both ways.
        is_out = on.startswith("payout") and self.operator == "mtn"
        product = "disbursement" if is_out else "collection"
        match = {"msisdn": self.payer(phone)}
        self.order(kind, on=on, match=match, product=product, words=words, times=times)

    def order(
        self,
        kind: str,
        *,
        on: str,
        match: Mapping[str, str],
        product: str,
        words: Mapping[str, object],
        times: int = 1,
    ) -> None:
        """Order a fault of a product for the next `times` calls that fit."""
        fault = {"kind": kind, **words}
        order = {"fault": fault, "on": on, "match": match, "product": product, "times": times}
        self._call("POST", "/faults", order)

    def fault_page(self, label: str, kind: str, **words: object) -> None:
        """Order a fault for the next call for a page with this label."""
        match = {"reference": label}
        self.order(kind, on="submit", match=match, product="web", words=words)

    def fault_next(self, kind: str, *, product: str, on: str = "submit", **words: object) -> None:
        """Order a fault for the next such call, whosoever it is about."""
        order = {"fault": {"kind": kind, **words}, "on": on, "product": product}
        self._call("POST", "/faults", order)

    def fault_everybody(
        self, kind: str, *, on: str = "submit", every: int = 1, **words: object
    ) -> None:
        """Order a fault for every such call until `heal`, or for every n-th."""
        fault = {"kind": kind, **words}
        order = {"fault": fault, "on": on, "times": 1_000_000, "every": every}
        self._call("POST", "/faults", order)

    def heal(self, *, product: str = "collection") -> None:
        """Forget every fault."""
        self._call("DELETE", f"/faults?operator={self.operator}&product={product}")

    def faults(self, *, product: str = "collection") -> list[dict[str, Any]]:
        """Every fault ordered of this product, with what remains of it."""
        answer = self._call("GET", f"/faults?operator={self.operator}&product={product}")
        rows: list[dict[str, Any]] = answer["faults"]
        return rows

    def call_back(self, reference: str, mode: str, *, product: str = "collection") -> None:
        """Have a callback sent now: `now` (what is true), `twice` or `forged`."""
        order = {"reference": reference, "mode": mode, "product": product}
        self._call("POST", "/callback", order)

    def settle(self, reference: str, status: str) -> None:
        """End a pending payment: SUCCESSFUL or FAILED."""
        self._call("POST", "/settle", {"reference": reference, "status": status})

    def float_balance(self, *, product: str) -> int:
        """What a wallet holds in francs."""
        rows = self._view("floats", product=product)
        return sum(int(row["balance"]) for row in rows if row["currency"] == "XAF")

    def take_fee(self, amount: int, *, product: str) -> None:
        """Take so many francs out of a wallet, as operators take fees."""
        order = {"kind": "fee", "amount": str(amount), "currency": "XAF", "product": product}
        self._call("POST", "/adjustments", order)

    def top_up(self, amount: int) -> None:
        """Put so many francs into the wallet that pays out, from outside."""
        self._call("POST", "/floats/top_up", {"amount": str(amount), "currency": "XAF"})

    def effects(self, *, product: str = "collection") -> list[dict[str, Any]]:
        """The money that really moved by one of MTN's products, oldest first."""
        return self._view("effects", product=product)

    def payments(self, *, product: str = "collection") -> list[dict[str, Any]]:
        """Every request of a product that was taken, and its end."""
        return self._view("payments", product=product)

    def requests(self, reference: str, *, product: str = "collection") -> list[dict[str, Any]]:
        """Every call that named this reference and how it was answered."""
        return self._view("requests", reference=reference, product=product)

    def callbacks(self, reference: str, *, product: str = "collection") -> list[dict[str, Any]]:
        """Every callback of this reference and how it was received."""
        return self._view("callbacks", reference=reference, product=product)

    def _view(self, name: str, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            after = rows[-1]["id"] if rows and "id" in rows[-1] else len(rows)
            asked = {"limit": _PAGE, "operator": self.operator, "after": after, **query}
            words = "&".join(f"{key}={value}" for key, value in asked.items())
            page = self._call("GET", f"/{name}?{words}")[name]
            rows += page
            if len(page) < _PAGE:
                return rows

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        answer = urllib3.request(
            method,
            self.base_url + path,
            headers={"Authorization": f"Bearer {self.token}"},
            body=None if body is None else json.dumps({"operator": self.operator, **body}).encode(),
            timeout=_SECONDS,
            # Reads may meet a connection that was closed while it rested; orders count once.
            retries=_READ_AGAIN if method == "GET" else False,
        )
        assert answer.status == _OK, (method, path, answer.status, answer.data)
        return answer.json()
