"""The switches of the chaos broker: for tests, one subscription's pushes go wrong as told.

Nothing goes wrong by itself: a subscription without settings never meets this module. Each fault is
counted twice: when it was injected, and when it took effect, so that a test can show it happened.
"""

import asyncio
import functools
import random
from collections import Counter
from collections.abc import Callable
from typing import TypeAlias

import msgspec

from knative.local.pubsub.delivery import Delivery
from knative.local.pubsub.http_door import Answer, Request, Room, refusal
from knative.local.pubsub.issuer import Json
from knative.local.pubsub.push_connection import ACKNOWLEDGING, OnStatus

LOST = 0  # a status that acknowledges nothing, and does not say that nobody answers there
MOST_COPIES = 10
MOST_SECONDS = 600  # the longest ack deadline
PATH = "/faults/"

# Sends once; calls back once with the status.
Send: TypeAlias = Callable[[OnStatus], None]


class _Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    share: float = 1.0  # of the attempts it may strike


class Duplicate(_Fault, frozen=True, forbid_unknown_fields=True):
    """One to `copies` more pushes of an attempt; `concurrent` of them at once, else in turn."""

    copies: int = 1
    concurrent: float = 0.0


class Early(_Fault, frozen=True, forbid_unknown_fields=True):
    """Strikes a message's first `attempts` alone, so that it arrives in the end."""

    attempts: int = 5


class Slow(_Fault, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Takes up to `seconds`, evenly spread."""

    seconds: float


class Reorder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Any of the first `window` messages that are ready goes next."""

    window: int


class FaultSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What goes wrong with one subscription; nothing that is not named."""

    seed: int = 0
    duplicate: Duplicate | None = None
    reorder: Reorder | None = None
    delay: Slow | None = None  # a message is held back once, later ones go ahead of it
    drop: Early | None = None  # the receiver never sees the attempt
    lose_ack: Early | None = None  # the receiver did its work, its answer gets lost
    slow_answer: Slow | None = None  # beyond the ack deadline it counts as none

    def check(self) -> None:
        """Raises ValueError for a figure that makes no sense."""
        faults = (self.duplicate, self.delay, self.drop, self.lose_ack, self.slow_answer)
        shares = [fault.share for fault in faults if fault is not None]
        shares += [self.duplicate.concurrent] if self.duplicate else []
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError("a share is 0 to 1")
        if any(fault and fault.attempts < 1 for fault in (self.drop, self.lose_ack)):
            raise ValueError("attempts are 1 or more")
        if any(
            fault and not 0 <= fault.seconds <= MOST_SECONDS
            for fault in (self.delay, self.slow_answer)
        ):
            raise ValueError(f"seconds are 0 to {MOST_SECONDS}")
        if self.duplicate and not 1 <= self.duplicate.copies <= MOST_COPIES:
            raise ValueError(f"copies are 1 to {MOST_COPIES}")
        if self.reorder and self.reorder.window < 1:
            raise ValueError("a window is 1 or more")


class Faults:
    """The faults of one subscription and what became of them."""

    def __init__(self, settings: FaultSettings) -> None:
        self._settings = settings
        self._random = random.Random(settings.seed)  # noqa: S311 - chance, not a secret
        self._injected: Counter[str] = Counter()
        self._took_effect: Counter[str] = Counter()
        self._held: set[str] = set()
        self._coming_again: dict[str, str] = {}  # by message id, the fault that makes it so
        self._loop = asyncio.get_running_loop()

    def report(self) -> Json:
        """Settings and counts."""
        counts = {
            name: {"injected": self._injected[name], "took_effect": self._took_effect[name]}
            for name in sorted(self._injected)
        }
        return {"settings": msgspec.to_builtins(self._settings), "counts": counts}

    def pick(self, ready: int) -> int:
        """Which of `ready` messages goes next."""
        if self._settings.reorder is None or ready < 2:  # noqa: PLR2004 - one alone has no order
            return 0
        self._injected["reorder"] += 1
        index = self._random.randrange(min(ready, self._settings.reorder.window))
        self._took_effect["reorder"] += index > 0
        return index

    def hold_seconds(self, delivery: Delivery) -> float:
        """How long to hold a message back; 0 the second time, and where it goes at once."""
        if delivery.id in self._held:
            self._held.remove(delivery.id)
            self._took_effect["delay"] += 1
            return 0.0
        if delivery.failures or not self._strikes("delay", self._settings.delay):
            return 0.0
        self._held.add(delivery.id)
        return self._spread(self._settings.delay)

    def send(self, delivery: Delivery, send: Send, timeout_seconds: float, done: OnStatus) -> None:
        """Send an attempt, or not, or several times; `done` is called once."""
        again = self._coming_again.pop(delivery.id, None)
        if again is not None:
            self._took_effect[again] += 1
        attempt = delivery.failures + 1
        if self._strikes_early("drop", self._settings.drop, attempt):
            self._coming_again[delivery.id] = "drop"
            self._loop.call_soon(done, LOST)
            return
        done = functools.partial(self._answered, delivery.id, attempt, timeout_seconds, done)
        duplicate = self._settings.duplicate
        if duplicate is None or self._random.random() >= duplicate.share:
            send(done)
            return
        copies = self._random.randint(1, duplicate.copies)
        if self._random.random() < duplicate.concurrent:
            self._injected["concurrent_duplicate"] += copies
            send(done)
            for _ in range(copies):
                send(functools.partial(self._copy_answered, "concurrent_duplicate", send, 0))
        else:
            self._injected["duplicate"] += copies
            send(functools.partial(self._first_answered, send, copies, done))

    def _first_answered(self, send: Send, copies: int, done: OnStatus, status: int | None) -> None:
        done(status)
        send(functools.partial(self._copy_answered, "duplicate", send, copies - 1))

    def _copy_answered(self, name: str, send: Send, more: int, status: int | None) -> None:
        self._took_effect[name] += status is not None
        if more:
            send(functools.partial(self._copy_answered, name, send, more - 1))

    def _answered(
        self,
        message_id: str,
        attempt: int,
        timeout_seconds: float,
        done: OnStatus,
        status: int | None,
    ) -> None:
        lose_ack = self._settings.lose_ack
        if status in ACKNOWLEDGING and self._strikes_early("lose_ack", lose_ack, attempt):
            self._coming_again[message_id] = "lose_ack"
            status = LOST
        if status is not None and self._strikes("slow_answer", self._settings.slow_answer):
            seconds = self._spread(self._settings.slow_answer)
            late = seconds > timeout_seconds
            self._loop.call_later(
                min(seconds, timeout_seconds), self._slow_answered, done, LOST if late else status
            )
            return
        done(status)

    def _slow_answered(self, done: OnStatus, status: int) -> None:
        self._took_effect["slow_answer"] += 1
        done(status)

    def _strikes(self, name: str, fault: _Fault | None) -> bool:
        strikes = fault is not None and self._random.random() < fault.share
        if strikes:
            self._injected[name] += 1
        return strikes

    def _strikes_early(self, name: str, fault: Early | None, attempt: int) -> bool:
        return fault is not None and attempt <= fault.attempts and self._strikes(name, fault)

    def _spread(self, fault: Slow | None) -> float:
        return self._random.uniform(0, fault.seconds) if fault is not None else 0.0


def fault_control(
    faults: dict[str, Faults], configure: Callable[[str, Faults | None], bool]
) -> Room:
    """The control path: GET /faults, PUT and DELETE /faults/<subscription>.

    `configure` says whether the subscription exists.
    """

    async def answer(request: Request) -> Answer | None:
        name = request.path.removeprefix(PATH)
        match request.method, request.path.startswith(PATH):
            case "GET", False if request.path == PATH.rstrip("/"):
                return Answer(200, {each: found.report() for each, found in faults.items()})
            case "PUT", True:
                try:
                    settings = msgspec.json.decode(request.body, type=FaultSettings)
                    settings.check()
                except ValueError as error:  # msgspec's own errors are among them
                    return refusal(400, f"These are no fault settings: {error}")
                found: Faults | None = Faults(settings)
            case "DELETE", True if name in faults:
                report = faults[name].report()
                configure(name, None)
                return Answer(200, report)
            case _:
                return None
        if not configure(name, found):
            return refusal(404, f"Resource not found (resource={name}).")
        return Answer(200, faults[name].report())

    return answer
