"""Break-glass: an administrator's access to what is an account's, for a reason and an hour at most.

The account's own chain tells of each access and of each request made under it, and names the
platform; which administrator it was stands in the platform's chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.account import Tenant
from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.notification import Kind, Notification, one_line

SHORTEST: Final = timedelta(minutes=5)
USUAL: Final = timedelta(minutes=30)
LONGEST: Final = timedelta(minutes=60)
SHORTEST_REASON: Final = 10
LONGEST_REASON: Final = 500
LONGEST_ID: Final = 100
US: Final = Actor(ActorKind.PLATFORM, "manage_platform")
"""Whom the account's own chain names."""


class AccessStatus(StrEnum):
    """Whether an access opens anything; the other two are how it came to open nothing."""

    OPEN = "open"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class AccountAccess:
    """One administrator's access to one account in one mode."""

    id: str
    tenant: Tenant
    reason: str
    opened_by: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_by: str | None = None

    def status(self, now: datetime) -> AccessStatus:
        """Tell how it stands; one that was ended stays so when its time is over."""
        if self.ended_at is not None:
            return AccessStatus.ENDED
        return AccessStatus.OPEN if now < self.expires_at else AccessStatus.EXPIRED

    def ended(self, origin: Origin) -> "AccountAccess":
        """Return it as somebody has ended it."""
        return replace(self, ended_at=origin.at, ended_by=origin.actor.id)


@dataclass(frozen=True, slots=True)
class KnownAccess:
    """An access as it is looked up, with what a caller needs to be told of the account."""

    id: str
    expires_at: datetime
    language: str
    charges_enabled: bool
    suspended: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What both chains are told of an access, the account's own and the platform's."""

    to_the_account: AuditEntry
    to_the_platform: AuditEntry


def opening(access: AccountAccess, origin: Origin) -> Told:
    """Return what is told of an access that was opened."""
    after = {"mode": _mode(access), "expires_at": access.expires_at}
    return _told(access, "account_access.opened", replace(origin, reason=access.reason), after)


def ending(access: AccountAccess, origin: Origin) -> Told:
    """Return what is told of an access that was ended before its time was over."""
    return _told(access, "account_access.ended", origin, {"ended_at": access.ended_at})


def used(
    access_id: str, operation: str, path_params: Mapping[str, str], *, at: datetime, request_id: str
) -> AuditEntry:
    """Return what the account's chain tells of one request: the operation and whom it asked for.

    Parts of the path are what a caller sent; they are cut, and what hides in them is taken out.
    """
    named = {name: one_line(value, LONGEST_ID) for name, value in path_params.items()}
    after = {"operation": operation, **named}
    origin = Origin(US, at, request_id=request_id)
    return origin.entry("account_access.used", "account_access", access_id, after=after)


def opened_notice(access: AccountAccess) -> Notification:
    """Return what the account's owners are told."""
    return Notification.of(
        Kind.ACCESS_OPENED,
        access.tenant.account,
        {"access": access.id, "reason": access.reason, "until": access.expires_at.isoformat()},
        livemode=access.tenant.livemode,
        now=access.created_at,
    )


def _told(access: AccountAccess, action: str, origin: Origin, after: Mapping[str, object]) -> Told:
    ours = replace(origin, actor=US, remote_address=None)
    account = access.tenant.account
    return Told(
        ours.entry(action, "account_access", access.id, after=after),
        origin.entry(action, "account", account, after={"access": access.id, **after}),
    )


def _mode(access: AccountAccess) -> str:
    return "live" if access.tenant.livemode else "test"
