"""One function in a cluster: the activator's queue, pods that start, work and go."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.benchmarks.simulate.autoscaler import TICK_SECONDS, Autoscaler, Settings
from tests.benchmarks.simulate.clock import Clock

# A pod that goes is there until its queue has heard nothing for so long.
DRAIN_SECONDS: Final = 30.0


@dataclass(slots=True)
class Pod:
    """From when it is ordered; `ready_at` is when it takes its first request."""

    ordered_at: float
    ready_at: float
    in_hand: int = 0
    is_going: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """How a request fared: what it waited for a pod, and whether that had to start."""

    waited_seconds: float
    met_cold_start: bool


@dataclass(slots=True)
class _Request:
    arrived_at: float
    works_seconds: float
    done: Callable[[Served], None]


@dataclass(slots=True)
class Seen:
    """What a function had at the end."""

    most_pods: int
    fewest_pods: int
    cold_starts: int = 0
    pod_seconds: float = 0.0
    served: int = 0


class Service:
    """A function behind the activator, which hands each request to the least busy pod."""

    def __init__(
        self,
        clock: Clock,
        settings: Settings,
        starts_seconds: Sequence[float],
        chance: random.Random,
    ) -> None:
        """Have the least number of pods ready; others take one of `starts_seconds` to start."""
        self.seen = Seen(most_pods=settings.least, fewest_pods=settings.least)
        self._clock = clock
        self._settings = settings
        self._starts = starts_seconds
        self._chance = chance
        self._scaler = Autoscaler(settings)
        self._pods = [Pod(0.0, 0.0) for _ in range(settings.least)]
        self._queue: deque[_Request] = deque()
        self._in_hand = 0
        self._second_sum = 0.0
        self._looked_at = 0.0
        self._is_ticking = False

    @property
    def pods(self) -> int:
        """Pods that are there or starting, and do not go."""
        return len(self._pods)

    def ask(self, works_seconds: float, done: Callable[[Served], None]) -> None:
        """Have a request that works so long; `done` is called when it is answered."""
        self._account()
        self._in_hand += 1
        self._queue.append(_Request(self._clock.now, works_seconds, done))
        if not self._is_ticking:
            self._is_ticking = True
            self._scaler.forget()
            self._clock.after(TICK_SECONDS, self._tick)
        # From zero the activator tells the autoscaler at once.
        if not self._pods:
            self._start(1)
        self._hand_out()

    def end(self, at: float) -> Seen:
        """Count pods until the end of the days; nothing may follow."""
        for pod in self._pods:
            self.seen.pod_seconds += max(0.0, at - pod.ordered_at)
        return self.seen

    def _hand_out(self) -> None:
        while self._queue:
            now = self._clock.now
            free = [
                pod
                for pod in self._pods
                if pod.ready_at <= now and pod.in_hand < self._settings.concurrency
            ]
            if not free:
                return
            pod, request = min(free, key=lambda one: one.in_hand), self._queue.popleft()
            pod.in_hand += 1
            self._clock.after(request.works_seconds, self._finisher(pod, request, now))

    def _finisher(self, pod: Pod, request: _Request, began_at: float) -> Callable[[], None]:
        def finish() -> None:
            self._account()
            self._in_hand -= 1
            pod.in_hand -= 1
            self.seen.served += 1
            if pod.is_going and pod.in_hand == 0:
                self._gone(pod)
            self._hand_out()
            waited = began_at - request.arrived_at
            request.done(Served(waited, pod.ready_at > request.arrived_at))

        return finish

    def _tick(self) -> None:
        self._account()
        now, ready = self._clock.now, sum(pod.ready_at <= self._clock.now for pod in self._pods)
        wanted = self._scaler.wanted(now, self._second_sum / TICK_SECONDS, ready)
        self._second_sum = 0.0
        if wanted > len(self._pods):
            self._start(wanted - len(self._pods))
        for pod in sorted(self._pods, key=lambda one: one.in_hand)[: len(self._pods) - wanted]:
            self._go(pod)
        self._count()
        if self._in_hand == 0 and self._scaler.is_quiet and self.pods == self._settings.least:
            self._is_ticking = False
            return
        self._clock.after(TICK_SECONDS, self._tick)

    def _start(self, number: int) -> None:
        for _ in range(number):
            starts = self._chance.choice(self._starts)
            self._pods.append(Pod(self._clock.now, self._clock.now + starts))
            self.seen.cold_starts += 1
            self._clock.after(starts, self._hand_out)
        self._count()

    def _go(self, pod: Pod) -> None:
        self._pods.remove(pod)
        pod.is_going = True
        if pod.in_hand == 0:
            self._gone(pod)

    def _gone(self, pod: Pod) -> None:
        self.seen.pod_seconds += self._clock.now + DRAIN_SECONDS - pod.ordered_at

    def _account(self) -> None:
        """Add up what was in hand since the last look."""
        self._second_sum += self._in_hand * (self._clock.now - self._looked_at)
        self._looked_at = self._clock.now

    def _count(self) -> None:
        self.seen.most_pods = max(self.seen.most_pods, self.pods)
        self.seen.fewest_pods = min(self.seen.fewest_pods, self.pods)
