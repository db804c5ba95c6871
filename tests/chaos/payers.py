"""Payers on an operator's page: each comes back to ours until it leads on, and pays there once."""

import threading
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final

from tests.web_customer import browse, pay

_AT_ONCE: Final = 4
_LEADS_ON: Final = 302
_TYPED: Final = 303
_OVER: Final = 200


@dataclass(slots=True)
class Payers:
    """Who is still to pay what, by the charge: the number that will be typed, in nine digits."""

    base_url: str
    _waiting: dict[str, str] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def send(self, charge: str, number: str) -> None:
        """Have somebody pay a charge once its page is shown."""
        with self._guard:
            self._waiting[charge] = number

    def waiting(self) -> Mapping[str, str]:
        """Who has not paid yet."""
        with self._guard:
            return dict(self._waiting)

    def give_up(self, charges: Iterable[str]) -> None:
        """Wait no longer for the pages of charges that have ended without one."""
        with self._guard:
            for charge in charges:
                self._waiting.pop(charge, None)

    def come(self, shown: Collection[str]) -> None:
        """Let those look once whose pages are said to be shown, and pay if they are."""
        waiting = {key: number for key, number in self.waiting().items() if key in shown}
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            paid = [*threads.map(self._has_paid, waiting, waiting.values())]
        self.give_up([each for each, is_over in zip(waiting, paid, strict=True) if is_over])

    def _has_paid(self, charge: str, number: str) -> bool:
        """Whether nothing is left to do: it was paid now, or its page was over before."""
        with suppress(OSError, HTTPException):
            led = browse(f"{self.base_url}/pay/{charge}")
            if led.status == _LEADS_ON:
                return pay(led.headers["location"], number).status == _TYPED
            return led.status == _OVER
        return False
