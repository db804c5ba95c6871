"""Opens, shows and ends administrators' accesses to what is an account's."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, Self

from shared.domain.account import Tenant
from shared.domain.account_access import (
    LONGEST,
    LONGEST_REASON,
    SHORTEST,
    SHORTEST_REASON,
    USUAL,
    AccessStatus,
    AccountAccess,
    Told,
    ending,
    opened_notice,
    opening,
)
from shared.domain.account_states import AccountState
from shared.domain.audit import Origin
from shared.domain.errors import InvalidRequest, NotFound
from shared.domain.ids import is_id, new_id
from shared.domain.notification import Notification
from shared.domain.redaction import redacted_text
from shared.operations.account_orders import spaced
from shared.operations.lists import read_limit, refuse_unknown

MODES: Final[Mapping[str, bool]] = {"test": False, "live": True}


@dataclass(frozen=True, slots=True)
class OpenAccess:
    """A well-formed wish; its reason holds no secret and no whole number any more."""

    livemode: bool
    reason: str
    lasts: timedelta

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"mode", "reason", "minutes"})
        for name in ("mode", "reason"):
            if body.get(name) is None:
                raise InvalidRequest("parameter_missing", name)
        mode, minutes = body["mode"], body.get("minutes")
        if not isinstance(mode, str) or mode not in MODES:
            raise InvalidRequest("parameter_invalid", "mode")
        return cls(MODES[mode], _reason(body["reason"]), _lasts(minutes))


@dataclass(frozen=True, slots=True)
class PageOfAccesses:
    """Which accesses are wanted; None is any."""

    limit: int
    after: str | None
    account: str | None
    status: AccessStatus | None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """Read a query. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(query, {"limit", "starting_after", "account", "status"})
        limit = read_limit(query)
        after, account, status = (query.get(n) for n in ("starting_after", "account", "status"))
        if after is not None and not is_id(after, "acs"):
            raise InvalidRequest("cursor_invalid", "starting_after")
        if account is not None and not is_id(account, "acct"):
            raise InvalidRequest("parameter_invalid", "account")
        if status is not None and status not in set(AccessStatus):
            raise InvalidRequest("parameter_invalid", "status")
        return cls(limit, after, account, None if status is None else AccessStatus(status))


@dataclass(frozen=True, slots=True)
class HeldAccount:
    """An account that nobody changes meanwhile, and the access to it that is open already."""

    state: AccountState
    livemodes: Sequence[bool]
    open_access: str | None


class Opening(Protocol):
    """An account held for one transaction; what is written commits when the context ends."""

    @property
    def account(self) -> HeldAccount:
        """The account as it is."""

    def add(self, access: AccountAccess, notice: Notification, told: Told) -> None:
        """Store an access, whom it is told by mail, and what both chains tell of it."""


class Ending(Protocol):
    """An access held for one transaction; what is written commits when the context ends."""

    @property
    def access(self) -> AccountAccess:
        """The access as it is."""

    def end(self, access: AccountAccess, told: Told) -> None:
        """Store that it was ended, and what both chains tell of it."""


class AccessesStore(Protocol):
    """The accesses to all accounts."""

    def find(self, access_id: str) -> AccountAccess | None:
        """Return an access, or None."""

    def page(self, page: PageOfAccesses, *, now: datetime) -> Sequence[AccountAccess]:
        """Return one more than fits on the page, if there are as many, newest first."""

    def opening(
        self, tenant: Tenant, *, person: str, now: datetime
    ) -> AbstractContextManager[Opening | None]:
        """Take hold of an account, None where there is none; she may have an open access to it."""

    def ending(self, access_id: str) -> AbstractContextManager[Ending | None]:
        """Take hold of an access, None where there is none."""


def open_access(
    account_id: str, command: OpenAccess, store: AccessesStore, origin: Origin
) -> AccountAccess:
    """Open an access for whoever asks, tell the owners, and write it into both chains.

    Raises NotFound, and InvalidRequest: `account_closed`, `mode_missing`, `access_open`.
    """
    if not is_id(account_id, "acct"):
        raise NotFound("resource_missing", "id")
    access = AccountAccess(
        id=new_id("acs", int(origin.at.timestamp() * 1000)),
        tenant=Tenant(account_id, command.livemode),
        reason=command.reason,
        opened_by=origin.actor.id,
        created_at=origin.at,
        expires_at=origin.at + command.lasts,
    )
    with store.opening(access.tenant, person=access.opened_by, now=origin.at) as held:
        if held is None:
            raise NotFound("resource_missing", "id")
        _refuse(held.account, livemode=command.livemode)
        held.add(access, opened_notice(access), opening(access, origin))
    return access


def end_access(access_id: str, store: AccessesStore, origin: Origin) -> AccountAccess:
    """End an access, whoever opened it; one that is over stays as it is. Raises NotFound."""
    if not is_id(access_id, "acs"):
        raise NotFound("resource_missing", "id")
    with store.ending(access_id) as held:
        if held is None:
            raise NotFound("resource_missing", "id")
        access = held.access
        if access.status(origin.at) is AccessStatus.OPEN:
            access = access.ended(origin)
            held.end(access, ending(access, origin))
    return access


def read_access(access_id: str, store: AccessesStore) -> AccountAccess:
    """Return an access. Raises NotFound."""
    access = store.find(access_id) if is_id(access_id, "acs") else None
    if access is None:
        raise NotFound("resource_missing", "id")
    return access


def _refuse(account: HeldAccount, *, livemode: bool) -> None:
    if account.state is AccountState.CLOSED:
        raise InvalidRequest("account_closed")
    if livemode not in account.livemodes:
        raise InvalidRequest("mode_missing", "mode")
    if account.open_access is not None:
        raise InvalidRequest("access_open", access=account.open_access)


def _reason(given: object) -> str:
    typed = spaced(given) if isinstance(given, str) else ""
    if not typed.replace("\n", " ").isprintable():
        raise InvalidRequest("parameter_invalid", "reason")
    reason = redacted_text(typed)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise InvalidRequest("parameter_invalid", "reason")
    return reason


def _lasts(minutes: object) -> timedelta:
    if minutes is None:
        return USUAL
    if type(minutes) is not int or not _minutes(SHORTEST) <= minutes <= _minutes(LONGEST):
        raise InvalidRequest("parameter_invalid", "minutes")
    return timedelta(minutes=minutes)


def _minutes(span: timedelta) -> int:
    return span // timedelta(minutes=1)
