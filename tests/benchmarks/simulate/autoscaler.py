"""How many pods Knative wants: its own pod autoscaler, by concurrency, with the settings we run.

Averages of what is in hand over the stable window, and over a tenth of it in panic; a tick of two
seconds; down by half in a tick at most. The grace before the last pod goes (30 s) is not waited
for: the activator is always in the way here (target-burst-capacity 211, and no service of ours
bears as much), and Knative then takes its fast path.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

TICK_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Of Knative, as they come but for the bounds of scale; windows in seconds."""

    concurrency: int
    least: int
    most: int
    utilisation: float = 0.7
    stable_seconds: float = 60.0
    panic_seconds: float = 6.0
    panic_threshold: float = 2.0

    @property
    def target(self) -> float:
        """Requests that a pod is meant to have in hand."""
        return self.concurrency * self.utilisation


class Autoscaler:
    """Told at each tick what was in hand on average since the last, says how many pods to have."""

    def __init__(self, settings: Settings) -> None:
        """Begin without a past."""
        self._settings = settings
        self._stable: deque[float] = deque(maxlen=round(settings.stable_seconds / TICK_SECONDS))
        self._panic: deque[float] = deque(maxlen=round(settings.panic_seconds / TICK_SECONDS))
        self._panics_until = -math.inf
        self._most_in_panic = 0

    @property
    def is_quiet(self) -> bool:
        """Tell whether nothing was in hand for a whole stable window."""
        return len(self._stable) == self._stable.maxlen and not any(self._stable)

    def forget(self) -> None:
        """Begin anew, as from zero: averages are over what has been since."""
        self._stable.clear()
        self._panic.clear()

    def wanted(self, now: float, in_hand: float, ready: int) -> int:
        """Pods to have, within the bounds of scale."""
        known = self._settings
        self._stable.append(in_hand)
        self._panic.append(in_hand)
        stable, panic = (
            math.ceil(sum(window) / len(window) / known.target)
            for window in (self._stable, self._panic)
        )
        if panic >= known.panic_threshold * max(ready, 1):
            self._panics_until = now + known.stable_seconds
        if now < self._panics_until:
            self._most_in_panic = max(self._most_in_panic, panic)
            wanted = self._most_in_panic
        else:
            self._most_in_panic = 0
            wanted = max(stable, ready // 2)
            if stable == 0 and not self.is_quiet:
                wanted = max(wanted, 1)
        return min(max(wanted, known.least), known.most)
