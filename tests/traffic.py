"""Charges ordered at a steady rate beside whatever a test does, each answer with its time."""

import http.client
import itertools
import json
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

THREADS: Final = 4
TIMEOUT_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One request: when it was due, how long until its answer, and what that was; 0 is none."""

    due_at: float
    seconds: float
    status: int


class Traffic:
    """Orders from the shops in turn while the block runs; time counts from when one was due."""

    def __init__(self, port: int, secret_keys: Sequence[str], *, per_second: float) -> None:
        """`port` is that of create_charge."""
        self._port = port
        self._keys = itertools.cycle(secret_keys)
        self._pause = THREADS / per_second
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._order, args=(number,)) for number in range(THREADS)
        ]
        self.answers: list[Answer] = []

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the last answers."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def until(self, count: int) -> None:
        """Wait for that many answers."""
        while len(self.answers) < count:
            time.sleep(0.01)

    @property
    def failed(self) -> int:
        """How many were not answered by 200."""
        return sum(answer.status != HTTPStatus.OK for answer in self.answers)

    def milliseconds(self, share: float) -> float:
        """The time within which this share of the answers came."""
        times = sorted(answer.seconds for answer in self.answers)
        return 1000 * times[min(len(times) - 1, int(len(times) * share))]

    def _order(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_SECONDS)
        due_at = time.monotonic() + self._pause * number / THREADS
        while not self._over.wait(max(0.0, due_at - time.monotonic())):
            status = self._ask(connection, next(self._keys))
            self.answers.append(Answer(due_at, time.monotonic() - due_at, status))
            due_at += self._pause
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, secret_key: str) -> int:
        body = {
            "amount": 500,
            "currency": "xaf",
            "payment_method": {"type": "mobile_money", "phone": "+237677000001"},
        }
        headers = {
            "Authorization": f"Bearer {secret_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(16),
        }
        try:
            connection.request("POST", "/v1/charges", json.dumps(body), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0
        return answer.status
