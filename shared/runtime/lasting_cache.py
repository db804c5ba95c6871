"""Keeps what was read of accounts until one of them is touched, which is looked for every 2 s.

A key that is revoked, an account that is suspended, a rule that begins to hold: the database notes
whose it is as the change commits, and each process asks for these notes while it is at work. So
what changes is known within `LOOK_SECONDS`, and what does not change is read once.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, Generic, TypeVar

from shared.runtime.short_cache import ShortCache

LOOK_SECONDS: Final = 2.0
"""How old the last look may be when something kept is used."""
KEPT_SECONDS: Final = 600.0
"""How long anything is kept at most."""
LONG_AGO: Final = timedelta(minutes=30)
"""Whoever last looked before that believes nothing it keeps: notes are deleted after an hour."""
MOST_TOUCHED: Final = 10_000
EVERYBODY: Final = "*"
_NEVER: Final = float("-inf")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

Look = Callable[[datetime | None], tuple[datetime, Sequence[str]]]
"""Return the database's time, and whose touches were committed since an earlier one, or a little
before it. Raises Unavailable."""


class Touches:
    """What this process knows of touches. Thread-safe; one per process."""

    def __init__(self, look: Look, *, clock: Callable[[], float] = monotonic) -> None:
        """`clock` tells seconds; what is kept was read by the same one."""
        self._look = look
        self.clock = clock
        self._lock = threading.Lock()
        self._looked_at = _NEVER
        self._since: datetime | None = None
        self._touched: dict[str, float] = {}

    def is_untouched(self, account: str, read_at: float) -> bool:
        """Tell whether nothing of an account has changed since; looks first where it is time.

        Raises Unavailable where it cannot look.
        """
        if self.clock() - self._looked_at >= LOOK_SECONDS:
            self._look_again()
        touched = self._touched
        return read_at > touched.get(account, _NEVER) and read_at > touched.get(EVERYBODY, _NEVER)

    def _look_again(self) -> None:
        with self._lock:
            now = self.clock()
            if now - self._looked_at < LOOK_SECONDS:
                return  # another thread was faster
            at, touched = self._look(self._since)
            # What was read while we looked may be from before the change.
            seen_at = self.clock()
            is_long_ago = self._since is not None and at - self._since > LONG_AGO
            if is_long_ago or len(self._touched) + len(touched) > MOST_TOUCHED:
                self._touched, touched = {}, [EVERYBODY]
            self._touched.update(dict.fromkeys(touched, seen_at))
            self._since, self._looked_at = at, now


class LastingCache(Generic[K, V]):
    """A bounded map whose entries live until their account is touched; None is not kept."""

    def __init__(
        self,
        load: Callable[[K], V | None],
        touches: Touches,
        *,
        account_of: Callable[[K, V], str],
    ) -> None:
        """`account_of` says whose touch ends an entry."""
        self._touches = touches

        def dated(key: K) -> tuple[float, str, V] | None:
            began, value = touches.clock(), load(key)
            return None if value is None else (began, account_of(key, value), value)

        self._kept: ShortCache[K, tuple[float, str, V]] = ShortCache(dated, seconds=KEPT_SECONDS)

    def get(self, key: K) -> V | None:
        """Return what is kept and still so, or load it."""
        found = self._kept.get(key)
        if found is None:
            return None
        read_at, account, value = found
        if self._touches.is_untouched(account, read_at):
            return value
        return self.renew(key)

    def renew(self, key: K) -> V | None:
        """Load it and keep it, whatever is kept by now."""
        found = self._kept.renew(key)
        return None if found is None else found[2]
