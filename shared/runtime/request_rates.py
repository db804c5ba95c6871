"""Bounds the requests of an account and of each of its keys over all processes, by leases."""

import threading
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Final

from shared.domain.account import Caller, Tenant
from shared.domain.errors import TooManyRequests
from shared.domain.quota import Share, seconds_left, window_start
from shared.domain.rules import RequestRate
from shared.runtime import logs, metrics

MOST_KNOWN: Final = 10_000
# While leases cannot be had nobody is made to wait for them again and again.
TRUCE_SECONDS: Final = 1.0
# What an administrator may look at by one access. Hers alone: neither can a merchant under review
# shut her out by spending its own, nor does she spend the merchant's.
OF_ACCESS: Final = RequestRate(account=100, key=100, seconds=10)

Asked = Mapping[str, tuple[int, int]]
Take = Callable[[int, Asked], Mapping[str, tuple[int, int]]]


@dataclass(slots=True)
class _Held:
    """The shares of one tenant, or of one access, in one window: its own, and by key.

    Whoever reads them has `lock`, one for each of these: whoever waits for a lease makes no other
    merchant wait.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    rate: RequestRate | None = None
    starts_at: int = 0
    account: Share = field(default_factory=lambda: Share(0, 0))
    keys: dict[str, Share] = field(default_factory=dict)
    policy: str = ""

    def enter(self, rate: RequestRate, starts_at: int, key_id: str) -> Share:
        """Come to a window, and return the key's share of it."""
        if self.rate != rate:
            self.rate, self.account, self.keys = rate, Share(rate.account, starts_at), {}
            self.policy = (
                f'"account";q={rate.account};w={rate.seconds}, "key";q={rate.key};w={rate.seconds}'
            )
        elif self.starts_at != starts_at:
            self.account = self.account.following(starts_at, rate.seconds, rate.account)
            last = self.starts_at
            self.keys = {
                key: share.following(starts_at, rate.seconds, rate.key)
                for key, share in self.keys.items()
                if share.starts_at == last and share.used
            }
        self.starts_at = starts_at
        share = self.keys.get(key_id)
        if share is None:
            share = self.keys[key_id] = Share(rate.key, starts_at)
        return share


class RequestRates:
    """Admits requests, or refuses them with what `RateLimit` headers say."""

    def __init__(
        self,
        rate_of: Callable[[Tenant], RequestRate | None],
        take: Take,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """`take` leases requests of a window from the count that all processes share."""
        self._rate_of = rate_of
        self._take = take
        self._now = now
        self._held: dict[str, _Held] = {}
        self._truce_until = 0.0

    def admit(self, caller: Caller, headers: MutableMapping[str, str]) -> None:
        """Count a request and write its headers. Raises TooManyRequests `rate_limited`.

        While the count cannot be reached, requests pass: most need the same database and fail
        there, and the others do no harm that a minute without bounds would make worse.
        """
        rate = OF_ACCESS if caller.access else self._rate_of(caller.tenant)
        if rate is None:
            return
        now = self._now()
        starts_at = window_start(now, rate.seconds)
        whose = _whose(caller)
        held = self._held.get(whose) or self._new(whose)
        with held.lock:
            key = held.enter(rate, starts_at, caller.actor)
            account = held.account
            is_admitted = account.has_room and key.has_room
            if not is_admitted:
                if not self._lease(held, key, caller):
                    return
                is_admitted = account.has_room and key.has_room
            if is_admitted:
                account.used += 1
                key.used += 1
            left, policy = (account.remaining, key.remaining), held.policy
        seconds = seconds_left(starts_at, rate.seconds, now)
        headers["RateLimit-Policy"] = policy
        headers["RateLimit"] = f'"account";r={left[0]};t={seconds}, "key";r={left[1]};t={seconds}'
        if not is_admitted:
            metrics.count_limited("requests")
            raise TooManyRequests("rate_limited", retry_after_seconds=seconds)

    def _new(self, whose: str) -> _Held:
        if len(self._held) >= MOST_KNOWN:
            self._held.clear()
        return self._held.setdefault(whose, _Held())

    def _lease(self, held: _Held, key: Share, caller: Caller) -> bool:
        """Ask for what is short, in one round trip; False where nobody can tell."""
        shares = {_whose(caller): held.account, f"key:{caller.actor}": key}
        wanted = {subject: share.wanted() for subject, share in shares.items()}
        asked = {s: (shares[s].quota, count) for s, count in wanted.items() if count}
        if not asked:
            return True
        if monotonic() < self._truce_until:
            return False
        try:
            found = self._take(held.starts_at, asked)
        except Exception as failure:  # noqa: BLE001 - a count that is away stops nobody
            self._truce_until = monotonic() + TRUCE_SECONDS
            logs.warning("requests_not_counted", error=type(failure).__name__)
            return False
        for subject, (granted, taken) in found.items():
            shares[subject].hear(granted, taken)
        return True


def _whose(caller: Caller) -> str:
    """Return what the requests are counted on: the account in its mode, or the access alone."""
    if caller.access:
        return f"access:{caller.access}"
    return f"{caller.tenant.account}:{caller.tenant.mode}"
