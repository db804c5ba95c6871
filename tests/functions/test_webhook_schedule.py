"""E34: over days of a virtual clock, tries come when they are said to, and who fails is left."""

import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from shared.runtime import webhooks
from tests.functions.webhooks import SPAN, Merchant
from tests.scripted_server import RESET, Play, Seen, answer
from tests.trials import Trial

HOUR: Final = timedelta(hours=1)
# As the README of webhooks has it, and not as the code: between one try and the next.
DELAYS: Final = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
TRIES: Final = len(DELAYS) + 1
OFF_AFTER: Final = 120 * HOUR
SLACK: Final = timedelta(seconds=1)
BAD: Final = (answer(500), answer(503), answer(404), answer(301), RESET, Play([], end="close"))
GOOD: Final = answer(200)


class History:
    """An endpoint over days: its events, its receiver's mood, and the clock that wakes it."""

    def __init__(self, merchant: Merchant, chance: random.Random) -> None:
        """Begin now; what time it is only this history knows."""
        self.merchant, self.chance = merchant, chance
        self.now = datetime.now(UTC) + HOUR  # what happens has happened by then
        self.faults: list[str] = []
        self.mood: Callable[[Seen], Play] = lambda _: GOOD
        earlier = max((row["id"] for row in merchant.till.rows.of("events")), default=None)
        self.after = {} if earlier is None else {"starting_after": earlier}
        merchant.server.script = self._answer
        merchant.server.seen.clear()
        self.endpoint = str(merchant.make()["id"])
        self.happened: dict[str, datetime] = {}

    def bad(self, _: Seen | None = None) -> Play:
        """Refuse in one of the ways in which receivers do."""
        return self.chance.choice(BAD)

    def happen(self) -> str:
        """Have something happen now, of which the endpoint is told at once; return its event."""
        charge = self.merchant.till.create()
        [event] = self.merchant.till.rows.of("events", "object_id = :id", id=charge)
        self.happened[event["id"]] = self.now
        self.merchant.dispatch(self.endpoint)
        return str(event["id"])

    def live_for(self, time: timedelta) -> None:
        """Let time pass, and do whatever falls due in it when it does."""
        until = self.now + time
        while (due := self._due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.merchant.dispatch(self.endpoint)
        self.now = until

    def deliveries(self) -> dict[str, dict[str, Any]]:
        """What became of each event."""
        rows = self.merchant.till.rows.of(
            "webhook_deliveries", "endpoint_id = :id", id=self.endpoint
        )
        return {row["event_id"]: row for row in rows}

    def is_enabled(self) -> bool:
        """Whether it is still told of anything."""
        return bool(
            self.merchant.till.rows.of(
                "webhook_endpoints", "id = :id AND status = 'enabled'", id=self.endpoint
            )
        )

    def hold(self, promise: str, *, is_kept: bool) -> None:
        """Note a promise that was not kept."""
        if not is_kept:
            self.faults.append(promise)

    def hold_state(self, *state: str | int | None) -> None:
        """Whether it is enabled, why not, and how many letters told of it."""
        rows = self.merchant.till.rows
        [row] = rows.of("webhook_endpoints", "id = :id", id=self.endpoint)
        told = rows.platform("notifications", "data->>'endpoint' = :id", id=self.endpoint)
        found = (row["status"], row["disabled_reason"], len(told))
        self.hold(f"{state}, and it is {found}", is_kept=found == state)

    def hold_schedule(self, asked: timedelta = timedelta()) -> None:
        """Each try came when it is said to; `asked` is what Retry-After said."""
        for event, row in self.deliveries().items():
            times = self.tries_of(row)
            first = times[0] - self.happened[event] if times else timedelta()
            self.hold("sent at once", is_kept=timedelta() <= first <= SLACK)
            for number, (before, after) in enumerate(pairwise(times[:TRIES])):
                least, most = max(DELAYS[number] * 0.8, asked), max(DELAYS[number] * 1.2, asked)
                is_kept = least <= after - before <= most + SLACK
                self.hold(f"try {number + 2} came after {after - before}", is_kept=is_kept)
            is_over = len(times) >= TRIES and row["status"] != "succeeded"
            self.hold("ten tries", is_kept=len(times) <= TRIES)
            self.hold("the tenth is the last", is_kept=is_over == (row["status"] == "exhausted"))

    def tries_of(self, row: dict[str, Any]) -> list[datetime]:
        """When a delivery was tried."""
        return [datetime.fromisoformat(line["at"]) for line in row["attempt_log"]]

    def got(self) -> set[str]:
        """The events that were asked to be taken, by their ids."""
        return {seen.headers["webhook-id"] for seen in self.merchant.server.seen}

    def _answer(self, seen: Seen) -> Play:
        return self.mood(seen)

    def _due(self) -> datetime | None:
        [row] = self.merchant.till.rows.platform("due_work", "object_id = :id", id=self.endpoint)
        return row["due_at"] if isinstance(row["due_at"], datetime) else None


def fails_for_days(life: History) -> None:
    """Disabled at the first try after 120 hours of failures, and told once; then all is made up."""
    life.mood = life.bad
    began = life.now
    while life.is_enabled() and life.now - began < 2 * OFF_AFTER:
        life.happen()
        life.live_for(life.chance.uniform(4, 16) * HOUR)
    life.hold_schedule()
    life.hold_state("disabled", "failing", 1)
    tries = sorted(at for row in life.deliveries().values() for at in life.tries_of(row))
    *before, last = [at - began for at in tries]
    life.hold(f"off after {last}", is_kept=last >= OFF_AFTER)
    life.hold("on until then", is_kept=all(at < OFF_AFTER or at == last for at in before))
    known = life.deliveries().keys()
    for _ in range(2):
        life.happen()
        life.live_for(HOUR)
    life.hold("nobody is told meanwhile", is_kept=life.deliveries().keys() == known)
    life.mood = lambda _: GOOD
    life.merchant.server.seen.clear()
    life.merchant.post(f"/{life.endpoint}", {"disabled": False})
    life.merchant.post(f"/{life.endpoint}/resend", {**SPAN, **life.after})
    life.merchant.dispatch(life.endpoint)
    life.hold("a range brings all", is_kept=life.got() == life.happened.keys())
    life.hold_state("enabled", None, 1)


def fails_now_and_then(life: History) -> None:
    """Outages of nearly 120 hours, with one success between them, never disable it."""
    for _ in range(3):
        life.mood = life.bad
        until = life.now + life.chance.uniform(90, 118) * HOUR
        while life.now < until:
            life.happen()
            life.live_for(min(life.chance.uniform(8, 24) * HOUR, until - life.now))
        life.mood = lambda _: GOOD
        life.happen()
    life.hold_schedule()
    life.hold_state("enabled", None, 0)


def refuses_one(life: History) -> None:
    """One event is refused for ever: ten tries in three days, and no more; the others pass."""
    life.mood = life.bad
    refused = life.happen()
    life.mood = lambda seen: life.bad() if seen.headers["webhook-id"] == refused else GOOD
    for _ in range(8):
        life.live_for(life.chance.uniform(10, 14) * HOUR)
        life.happen()
    life.live_for(80 * HOUR)
    ended = {event: row["status"] for event, row in life.deliveries().items()}
    expected = dict.fromkeys(life.happened, "succeeded") | {refused: "exhausted"}
    life.hold_schedule()
    life.hold("it alone is given up", is_kept=ended == expected)
    life.hold_state("enabled", None, 0)


def asks_for_patience(life: History) -> None:
    """Retry-After puts a try off and never forward."""
    asked = timedelta(seconds=life.chance.choice((1, 60, 900, 7_200, 30_000)))
    life.mood = lambda _: answer(429, extra=f"Retry-After: {asked.total_seconds():.0f}\r\n")
    life.happen()
    life.live_for(3 * asked + HOUR)
    life.hold_schedule(asked)
    [waiting] = life.deliveries().values()
    life.hold("several tries", is_kept=waiting["attempts"] >= 3)
    life.mood = lambda _: GOOD
    life.live_for(30 * HOUR)
    [delivered] = life.deliveries().values()
    life.hold("it comes in the end", is_kept=delivered["status"] == "succeeded")


KINDS: Final[Sequence[Callable[[History], None]]] = (
    fails_for_days,
    fails_now_and_then,
    refuses_one,
    asks_for_patience,
)


@pytest.fixture
def lives(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> list[History]:
    """Histories; for the dispatcher it is the time of the last of them."""
    found: list[History] = []

    def now() -> datetime:
        return found[-1].now

    how = replace(webhooks.dispatch(merchant.till.account.test), now=now, signed_at=now)
    monkeypatch.setattr(webhooks, "dispatch", lambda _: how)
    # So that a push returns when all is recorded, on a busy machine too.
    monkeypatch.setattr(webhooks, "PATIENCE_SECONDS", 60.0)
    assert merchant.till.rows.of("events") == []
    return found


def test_over_days_tries_come_when_they_are_said_to(
    merchant: Merchant, lives: list[History], trial: Trial
) -> None:
    """Each within a fifth of its delay; 120 hours of failures alone disable, with one letter."""
    faults, tries, days = [], 0, timedelta()
    count = trial.size(len(KINDS), 200)
    for number in range(count):
        life = History(merchant, trial.chance)
        lives.append(life)
        began, kind = life.now, KINDS[number % len(KINDS)]
        kind(life)
        faults += [f"{kind.__name__}: {fault}" for fault in life.faults[:1]]
        days += life.now - began
        tries += sum(len(row["attempt_log"]) for row in life.deliveries().values())
        merchant.delete(life.endpoint)
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    trial.record(
        "E34 histories of endpoints", count, wrong=len(faults), days=days.days, tries=tries
    )
