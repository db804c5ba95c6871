"""How an account stands, and the only table that may change it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class AccountState(StrEnum):
    """What an account may do at most; its two switches narrow that."""

    ONBOARDING = "onboarding"  # the test mode only
    ACTIVE = "active"
    RESTRICTED = "restricted"  # some of its switches are off, and it makes no live keys
    SUSPENDED = "suspended"  # it looks; what is under way settles
    CLOSED = "closed"


class AccountEvent(StrEnum):
    """What can happen to an account."""

    ACTIVATED = "activated"
    RESTRICTED = "restricted"
    UNRESTRICTED = "unrestricted"
    SUSPENDED = "suspended"
    RESUMED_ONBOARDING = "resumed_onboarding"  # to where it was suspended from
    RESUMED_ACTIVE = "resumed_active"
    RESUMED_RESTRICTED = "resumed_restricted"
    CLOSED = "closed"


_S = AccountState
_E = AccountEvent

TRANSITIONS: Final[Mapping[tuple[AccountState, AccountEvent], AccountState]] = {
    (_S.ONBOARDING, _E.ACTIVATED): _S.ACTIVE,
    (_S.ONBOARDING, _E.SUSPENDED): _S.SUSPENDED,
    (_S.ACTIVE, _E.RESTRICTED): _S.RESTRICTED,
    (_S.ACTIVE, _E.SUSPENDED): _S.SUSPENDED,
    (_S.RESTRICTED, _E.UNRESTRICTED): _S.ACTIVE,
    (_S.RESTRICTED, _E.SUSPENDED): _S.SUSPENDED,
    (_S.SUSPENDED, _E.RESUMED_ONBOARDING): _S.ONBOARDING,
    (_S.SUSPENDED, _E.RESUMED_ACTIVE): _S.ACTIVE,
    (_S.SUSPENDED, _E.RESUMED_RESTRICTED): _S.RESTRICTED,
    (_S.SUSPENDED, _E.CLOSED): _S.CLOSED,
}

FINAL: Final = frozenset({_S.CLOSED})

STANDS_STILL: Final = frozenset({_S.SUSPENDED, _S.CLOSED})
"""States in which an account starts nothing new."""

SEEN_EVERYWHERE: Final = timedelta(seconds=60)
"""Within this every process has seen a suspension, and what it began before has ended."""


class Action(StrEnum):
    """What administrators do to an account. One may suspend it; all else takes two."""

    ACTIVATE = "activate"
    RESTRICT = "restrict"
    UNRESTRICT = "unrestrict"
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"


TAKES_TWO: Final = frozenset(Action) - {Action.SUSPEND}

_EVENTS: Final[Mapping[Action, AccountEvent]] = {
    Action.ACTIVATE: _E.ACTIVATED,
    Action.RESTRICT: _E.RESTRICTED,
    Action.UNRESTRICT: _E.UNRESTRICTED,
    Action.SUSPEND: _E.SUSPENDED,
    Action.CLOSE: _E.CLOSED,
}
_RESUMES: Final[Mapping[AccountState, AccountEvent]] = {
    _S.ONBOARDING: _E.RESUMED_ONBOARDING,
    _S.ACTIVE: _E.RESUMED_ACTIVE,
    _S.RESTRICTED: _E.RESUMED_RESTRICTED,
}


@dataclass(frozen=True, slots=True)
class Switches:
    """Whether an account may take live payments, and pay out."""

    charges_enabled: bool
    payouts_enabled: bool


OFF: Final = Switches(charges_enabled=False, payouts_enabled=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of an account since a moment, its switches, and where a suspension leads back."""

    state: AccountState
    switches: Switches
    since: datetime
    suspended_from: AccountState | None = None

    def after(self, action: Action, switches: Switches, at: datetime) -> "Standing | None":
        """Return how it stands after an action, or None where its state does not allow that.

        A suspension leaves the switches, and resuming finds them so; closing turns them off.
        """
        event = _event(action, self.suspended_from)
        state = None if event is None else TRANSITIONS.get((self.state, event))
        if state is None:
            return None
        kept = {Action.SUSPEND: self.switches, Action.RESUME: self.switches, Action.CLOSE: OFF}
        return replace(
            self,
            state=state,
            switches=kept.get(action, switches),
            since=at,
            suspended_from=self.state if action is Action.SUSPEND else None,
        )


def _event(action: Action, suspended_from: AccountState | None) -> AccountEvent | None:
    if action is Action.RESUME:
        return None if suspended_from is None else _RESUMES.get(suspended_from)
    return _EVENTS[action]


def opening(*, is_active: bool, at: datetime) -> Standing:
    """Return how a new account stands: onboarding, or active where the platform itself made it."""
    if is_active:
        switches = Switches(charges_enabled=True, payouts_enabled=False)
        return Standing(AccountState.ACTIVE, switches, at)
    return Standing(AccountState.ONBOARDING, OFF, at)
