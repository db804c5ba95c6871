"""Keeps an operator's bearer token, so that a payment seldom waits for one."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from shared.domain.deadline import Deadline
from shared.providers.wire import BrokenOffError, NotSentError, Wire
from shared.providers.words import UNREADABLE

FETCH_SECONDS: Final = 10
_EARLY: Final = timedelta(seconds=300)
_MARGIN: Final = timedelta(seconds=10)
_SHORTEST_LIFE: Final = timedelta(seconds=30)
_LONGEST_LIFE: Final = timedelta(hours=24)
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class TokenCall:
    """How a token is asked for: a POST to `path`."""

    path: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = None


class Token(msgspec.Struct):
    """The answer of a token call; its `token_type` means nothing (MTN's is `access_token`)."""

    access_token: str
    expires_in: str | int = 0


_TOKEN: Final = msgspec.json.Decoder(Token)


def read_token(body: bytes) -> Token | None:
    """Return the token, or None for what is no token answer, whatever its HTTP status."""
    try:
        token = _TOKEN.decode(body)
    except UNREADABLE:
        return None
    return token if token.access_token.isascii() and token.access_token.isprintable() else None


class NoTokenError(Exception):
    """No bearer token could be had; `reason` is a short word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Held:
    value: str = field(repr=False)
    refresh_at: datetime
    expires_at: datetime


class TokenKeeper:
    """One token for all threads; a single thread refreshes it, early, while the others use it."""

    def __init__(
        self,
        call: TokenCall,
        *,
        wire: Wire,
        clock: Callable[[], datetime],
        on_exchange: Callable[[str, int, int, str], None],
    ) -> None:
        self._call = call
        self._wire = wire
        self._clock = clock
        self._on_exchange = on_exchange
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def token(self, *, deadline: Deadline, rejected: str | None = None) -> str:
        """Return a token other than `rejected`; raises NoTokenError."""
        usable = self._usable(rejected)
        if usable is not None and self._clock() < usable.refresh_at:
            return usable.value
        # With a usable token at hand nobody waits: the first one refreshes, the others go on.
        if usable is not None and not self._lock.acquire(blocking=False):
            return usable.value
        if usable is None and not self._lock.acquire(timeout=deadline.remaining()):
            raise NoTokenError("token_timeout")
        try:
            return self._refreshed(deadline, rejected)
        finally:
            self._lock.release()

    def _refreshed(self, deadline: Deadline, rejected: str | None) -> str:
        usable = self._usable(rejected)
        if usable is not None and self._clock() < usable.refresh_at:
            return usable.value  # another thread was faster
        try:
            held = self._fetch(deadline)
        except NoTokenError:
            if usable is not None:
                return usable.value
            raise
        self._held = held
        return held.value

    def _usable(self, rejected: str | None) -> _Held | None:
        held = self._held
        if held is None or held.value == rejected or self._clock() >= held.expires_at:
            return None
        return held

    def _fetch(self, deadline: Deadline) -> _Held:
        clock = deadline.clock
        started = clock()
        status, outcome = 0, "fetched"
        try:
            answer = self._wire.exchange(
                "POST",
                self._call.path,
                headers=self._call.headers,
                body=self._call.body,
                deadline=Deadline(min(deadline.ends_at, started + FETCH_SECONDS), clock),
            )
            status = answer.status
            # MTN's firewall answers 200 with an HTML page, WSO2 may with a fault in it: the status
            # alone proves nothing.
            token = read_token(answer.body) if status == _OK else None
            if token is None:
                outcome = "token_refused" if status in {400, 401, 403} else "token_unavailable"
                raise NoTokenError(outcome)
        except (NotSentError, BrokenOffError) as error:
            outcome = f"token_{error.reason}"
            raise NoTokenError(outcome) from error
        finally:
            self._on_exchange("token", status, round((clock() - started) * 1000), outcome)
        return self._hold(token.access_token, token.expires_in)

    def _hold(self, value: str, expires_in: str | int) -> _Held:
        """Keep it for what the operator says (seconds, as number or string), less a margin."""
        text = str(expires_in)
        seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - Orange says 90 days
        life = min(max(timedelta(seconds=seconds), _SHORTEST_LIFE), _LONGEST_LIFE)
        now = self._clock()
        return _Held(value, now + life - min(_EARLY, life // 5), now + life - _MARGIN)
