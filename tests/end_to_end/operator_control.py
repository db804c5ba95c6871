"""The operator's side: orders faults of the simulator and reads its books of what really moved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import urllib3

from tests.system import LocalSystem

_OK: Final = 200


@dataclass(frozen=True, slots=True)
class OperatorControl:
    """The simulator's `/_control`, for who holds its token."""

    base_url: str
    token: str

    @classmethod
    def of(cls, system: LocalSystem) -> Self:
        """The simulator of a running system."""
        known = system.credentials
        return cls(f"{known['simulator_url']}/_control", known["simulator_control_token"])

    def fault(self, phone: str, kind: str, *, on: str = "submit", **words: object) -> None:
        """Order a fault for the next call that concerns this payer."""
        order = {
            "fault": {"kind": kind, **words},
            "on": on,
            "match": {"msisdn": phone.removeprefix("+")},
        }
        self._call("POST", "/faults", order)

    def faults(self) -> list[dict[str, Any]]:
        """Every fault ordered, with what remains of it."""
        rows: list[dict[str, Any]] = self._call("GET", "/faults")["faults"]
        return rows

    def call_back(self, reference: str, mode: str) -> None:
        """Have a callback sent now: `now` (what is true), `twice` or `forged`."""
        self._call("POST", "/callback", {"reference": reference, "mode": mode})

    def settle(self, reference: str, status: str) -> None:
        """End a pending payment: SUCCESSFUL or FAILED."""
        self._call("POST", "/settle", {"reference": reference, "status": status})

    def effects(self) -> list[dict[str, Any]]:
        """The money that really moved, oldest first."""
        return self._view("effects")

    def payments(self) -> list[dict[str, Any]]:
        """Every request to pay that was taken, and its end."""
        return self._view("payments")

    def requests(self, reference: str) -> list[dict[str, Any]]:
        """Every call that named this reference and how it was answered."""
        return self._view("requests", reference=reference)

    def callbacks(self, reference: str) -> list[dict[str, Any]]:
        """Every callback of this reference and how it was received."""
        return self._view("callbacks", reference=reference)

    def _view(self, name: str, **query: str) -> list[dict[str, Any]]:
        words = "&".join(f"{key}={value}" for key, value in {"limit": "10000", **query}.items())
        answer = self._call("GET", f"/{name}?{words}")
        rows: list[dict[str, Any]] = answer[name]
        assert len(rows) == answer["total"]
        return rows

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        answer = urllib3.request(
            method,
            self.base_url + path,
            headers={"Authorization": f"Bearer {self.token}"},
            body=None if body is None else json.dumps(body).encode(),
            timeout=10,
            retries=False,
        )
        assert answer.status == _OK, (method, path, answer.status, answer.data)
        return answer.json()
