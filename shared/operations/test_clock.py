"""Puts an account's test mode ahead of the time, and tells what time it is there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, Self

from shared.domain.account import Caller
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotPermitted
from shared.domain.test_clock import FURTHEST, Advance, TestClock
from shared.operations.create_charge import fingerprint
from shared.operations.lists import refuse_unknown
from shared.operations.objects import to_json
from shared.operations.ports import IdempotencyUse, Replayed, Stored

OPERATION: Final = "advance_test_clock"
OBJECT: Final = "test_clock"
KEY_HEADER: Final = "Idempotency-Key"
_LATEST: Final = 253402300799
"""The last second that four digits of a year can tell."""

Decide = Callable[[TestClock], tuple[TestClock, AuditEntry, str]]
"""Takes a clock as it stands; returns it as it is to be, its audit entry, and the answer."""


class ClockStore(Protocol):
    """The clock of one test mode; each call is one transaction."""

    def read(self, machine: datetime) -> tuple[TestClock, bool]:
        """Return the clock, and whether something waits that is due by it at a moment."""

    def change(self, decide: Decide, idempotency: IdempotencyUse) -> Stored | Replayed:
        """Hold the clock and keep what `decide` makes of it, with its entry and the answer.

        Raises what `decide` does, KeyReused and InProgress; then nothing changed.
        """


@dataclass(frozen=True, slots=True)
class AdvanceTestClock:
    """A well-formed wish to put the clock ahead."""

    wish: Advance
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body: `advance_seconds` or `to`. Raises InvalidRequest."""
        refuse_unknown(body, {"advance_seconds", "to"})
        by, to = body.get("advance_seconds"), body.get("to")
        if by is None and to is None:
            raise InvalidRequest("parameter_missing", "advance_seconds")
        if by is not None and to is not None:
            raise InvalidRequest("parameter_invalid", "to")
        most = int(FURTHEST.total_seconds())
        if by is not None and (type(by) is not int or not 0 < by <= most):
            raise InvalidRequest("parameter_invalid", "advance_seconds")
        if to is not None and (type(to) is not int or not 0 <= to <= _LATEST):
            raise InvalidRequest("parameter_invalid", "to")
        wish = Advance(
            None if by is None else timedelta(seconds=by),
            None if to is None else datetime.fromtimestamp(to, UTC),
        )
        return cls(wish, fingerprint(body))


def read_test_clock(caller: Caller, *, store: ClockStore, machine: datetime) -> dict[str, Any]:
    """Show what time it is in the test mode. Raises InvalidRequest `test_mode_only`."""
    _refuse_live(caller)
    clock, is_waiting = store.read(machine)
    return test_clock_object(clock, machine, is_ready=not is_waiting)


def advance_test_clock(
    command: AdvanceTestClock,
    caller: Caller,
    origin: Origin,
    *,
    store: ClockStore,
    idempotency_key: str | None,
) -> Stored | Replayed:
    """Put the clock ahead, once for a key. What comes due by it is at work once it has moved.

    Raises NotPermitted `account_suspended`, InvalidRequest (`test_mode_only`,
    `idempotency_key_missing`, `test_clock_not_forward`, `test_clock_too_far`), KeyReused and
    InProgress; then nothing changed.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    _refuse_live(caller)
    if idempotency_key is None:
        raise InvalidRequest("idempotency_key_missing", KEY_HEADER)
    account = caller.tenant.account

    def decide(before: TestClock) -> tuple[TestClock, AuditEntry, str]:
        clock = before.moved(command.wish, origin.at)
        entry = origin.entry(
            f"{OBJECT}.advanced",
            "account",
            account,
            before={"ahead_seconds": _seconds(before.ahead)},
            after={"ahead_seconds": _seconds(clock.ahead)},
        )
        return clock, entry, to_json(test_clock_object(clock, origin.at, is_ready=False))

    return store.change(decide, IdempotencyUse(OPERATION, idempotency_key, command.fingerprint))


def test_clock_object(clock: TestClock, machine: datetime, *, is_ready: bool) -> dict[str, Any]:
    """Return a clock as OpenAPI describes it; `ahead_seconds` is what it is, or is about to be.

    It is `ready` once it has moved and nothing waits that is due by it.
    """
    has_moved = machine >= clock.moves_at
    return {
        "object": OBJECT,
        "now": int(clock.time(machine).timestamp()),
        "ahead_seconds": _seconds(clock.ahead),
        "status": "ready" if is_ready and has_moved else "advancing",
        "livemode": False,
    }


def _refuse_live(caller: Caller) -> None:
    if caller.tenant.livemode:
        raise InvalidRequest("test_mode_only", "Pay-Mode")


def _seconds(ahead: timedelta) -> int:
    return int(ahead.total_seconds())
