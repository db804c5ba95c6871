"""Whoever calls back: many at once, at a steady rate, and what each was answered."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import urllib3

from shared.operations.submit_charge import callback_token
from tests.chaos.oracle.evidence import connected
from tests.chaos.shop import Shop
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

NOTHING: Final = 0
_THREADS: Final = 16
_ANSWER_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Call:
    """One callback: where to, what it says, and whether the address is one of ours."""

    path: str
    body: bytes
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """What a callback was answered, NOTHING where no answer came; times in seconds since 1970."""

    call: Call
    status: int
    began: float
    ended: float

    @property
    def ms(self) -> float:
        """How long the caller waited."""
        return 1000 * (self.ended - self.began)


def call_at_a_rate(
    system: LocalSystem, calls: Callable[[], Call], *, count: int, per_second: float
) -> list[Answered]:
    """Make so many calls, each at its moment, as far as threads are free; every answer."""
    guard, turns = threading.Lock(), iter(range(count))
    began = time.monotonic()
    with urllib3.PoolManager(maxsize=_THREADS, timeout=_ANSWER_SECONDS, retries=False) as http:

        def live() -> list[Answered]:
            mine: list[Answered] = []
            while True:
                with guard:
                    turn = next(turns, None)
                    if turn is None:
                        return mine
                    call = calls()
                time.sleep(max(0.0, began + turn / per_second - time.monotonic()))
                mine.append(_call(http, system.base_url, call))

        with ThreadPoolExecutor(_THREADS) as threads:
            lives = [threads.submit(live) for _ in range(_THREADS)]
            return [each for one in lives for each in one.result()]


def _call(http: urllib3.PoolManager, base_url: str, call: Call) -> Answered:
    began = time.time()
    try:
        headers = {"Content-Type": "application/json"}
        answer = http.request("POST", base_url + call.path, body=call.body, headers=headers)
        status = answer.status
    except urllib3.exceptions.HTTPError:
        status = NOTHING
    return Answered(call, status, began, time.time())


def address(system: LocalSystem, reference: str, operator: str = "mtn") -> str:
    """The path that the operator was given for what we sent under a reference of ours."""
    path = system.data_dir / "secrets" / "callback_token_key"
    key = base64.b64decode(path.read_text(encoding="utf-8").strip())
    return f"/callbacks/{operator}/{callback_token(key, reference)}"


def our_reference(shop: Shop, payment: str) -> str:
    """Under which reference of ours a charge or refund was sent, once it was."""

    def look() -> str | None:
        with connected(shop.login) as connection:
            rows = connection.run(
                f'SELECT reference FROM "{shop.merchant.schema}".provider_attempts'
                " WHERE charge_id = :payment",
                payment=payment,
            )
        return str(rows[0][0]) if rows else None

    return wait_for(f"{payment} is sent", look, seconds=30)


@contextmanager
def beside(work: Callable[[], object], *, every: float) -> Iterator[None]:
    """Do the same again and again in a thread while the block lasts; its failure is raised."""
    stop = threading.Event()

    def live() -> None:
        while not stop.wait(every):
            work()

    with ThreadPoolExecutor(1) as threads:
        living = threads.submit(live)
        try:
            yield
        finally:
            stop.set()
        living.result()
