"""Lets no endpoint hold more than its share of a process, from its first answer that fails to come.

What hangs is known to hang a second later; until then each of its events brings a message of its
own, and a burst of them would take every thread that there is.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from shared.operations.webhook_ports import Delivery, Endpoint

_TURNS: Final = 64

Claimed = tuple[Endpoint, Sequence[Delivery]]


class Share:
    """Counts what each endpoint has in hand in this process; thread-safe."""

    def __init__(self, most: int) -> None:
        """`most` is how many an endpoint may have in hand at once."""
        self._most = most
        self._in_hand: Counter[str] = Counter()
        self._turns = tuple(threading.Lock() for _ in range(_TURNS))

    def claim(self, endpoint: str, claim: Callable[[int], Claimed | None]) -> Claimed | None:
        """Have `claim` lease as many as there is room for; None where there is none.

        Of one endpoint one claims after the other. What finds no room is left lying, and found by
        whoever records what took it.
        """
        with self._turn(endpoint):
            room = self._most - self._in_hand[endpoint]
            claimed = claim(room) if room > 0 else None
            if claimed is not None:
                self._in_hand[endpoint] += len(claimed[1])
            return claimed

    def release(self, endpoint: str, count: int) -> None:
        """Give room back, before the results are recorded: what came meanwhile is seen by that."""
        with self._turn(endpoint):
            self._in_hand[endpoint] -= count
            if not self._in_hand[endpoint]:
                del self._in_hand[endpoint]

    def _turn(self, endpoint: str) -> threading.Lock:
        return self._turns[hash(endpoint) % _TURNS]
