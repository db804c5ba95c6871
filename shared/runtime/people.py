"""Recognises a person by her token; in the account that she names as a member, or by access."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from shared.domain.account import Caller, Tenant
from shared.domain.account_access import KnownAccess
from shared.domain.errors import InvalidRequest, NotAuthenticated, NotFound, NotPermitted
from shared.domain.ids import is_id
from shared.domain.people import KnownMember, Person, Role
from shared.domain.permissions import (
    OF_ACCESS,
    OF_DUTY,
    PERSON,
    STEP_UP,
    may,
    may_outside,
    must_step_up,
    must_step_up_outside,
)
from shared.runtime.authentication import ACCOUNT_HEADER, MODE_HEADER

MODES: Final = {"test": False, "live": True}
LONGEST_SUBJECT: Final = 64

MemberKey = tuple[str, Tenant]


class Members(Protocol):
    """Where a person's place in an account and mode is found; answers are kept for seconds."""

    def get(self, key: MemberKey, /) -> KnownMember | None:
        """Return a member as she was a moment ago, or None."""

    def renew(self, key: MemberKey, /) -> KnownMember | None:
        """Return a member as she is now, or None."""


class Accesses(Protocol):
    """Where an administrator's access to an account and mode is found; kept for seconds as well."""

    def get(self, key: MemberKey, /) -> KnownAccess | None:
        """Return the access that ends last of those that nobody has ended, or None."""

    def renew(self, key: MemberKey, /) -> KnownAccess | None:
        """Return the same as it is now."""


class People:
    """Turns a token, and the account and mode that its bearer names, into a caller, or refuses."""

    def __init__(
        self,
        verify: Callable[[str | None], Mapping[str, Any]],
        members: Members,
        accesses: Accesses,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """`verify` returns the claims of a `Bearer` header or raises NotAuthenticated."""
        self._verify = verify
        self._members = members
        self._accesses = accesses
        self._now = now

    def person(self, authorization: str | None, operation: str) -> Person:
        """Return who calls an operation of no account.

        Raises NotAuthenticated, NotPermitted (`permission_denied`, `step_up_required`).
        """
        person = _person(self._verify(authorization))
        if not may_outside(person, operation):
            raise NotPermitted("permission_denied")
        if must_step_up_outside(person, operation, now=self._now()):
            raise NotPermitted("step_up_required")
        return person

    def caller(
        self,
        authorization: str | None,
        operation: str,
        *,
        account: str | None,
        mode: str | None,
        met: Callable[[Caller], None] | None = None,
    ) -> Caller:
        """Return who calls, as a member of an account in one mode, or by an access to it.

        `met` is told who it is, though she may not call this, or must sign in anew first.
        Raises NotAuthenticated; InvalidRequest for a missing or garbled account or mode, and for a
        mode that her account does not have (`mode_missing`); NotFound
        where she is no member and has no access, whether there is such an account or not;
        NotPermitted (`permission_denied`, `step_up_required`).
        """
        person = _person(self._verify(authorization))
        return self._in_account(person, _named(account, mode), operation, met)

    def standing(
        self, person_id: str, role: Role, tenant: Tenant, operation: str, *, until: datetime
    ) -> Caller:
        """Return what a person is in an account whose token we saw, as long as that lasts.

        Raises NotAuthenticated `token_expired`, and what `caller` does once a person is known.
        """
        if until <= self._now():
            raise NotAuthenticated("token_expired")
        person = Person(person_id, frozenset({role}), None, until)
        return self._in_account(person, tenant, operation)

    def _in_account(
        self,
        person: Person,
        tenant: Tenant,
        operation: str,
        met: Callable[[Caller], None] | None = None,
    ) -> Caller:
        key = person.id, tenant
        # What needs a fresh sign-in needs a fresh look as well: whoever was removed is out at once.
        is_grave = tenant.livemode in STEP_UP.get(operation, frozenset())
        known = self._members.renew(key) if is_grave else self._members.get(key)
        # Whoever is a member is that and nothing else, whatever access she has opened.
        caller = (
            self._by_access(person, tenant) if known is None else _member(person, tenant, known)
        )
        if caller is None:
            raise NotFound("resource_missing", ACCOUNT_HEADER)
        if known is not None and not known.has_mode:
            raise InvalidRequest("mode_missing", MODE_HEADER)
        if met is not None:
            met(caller)
        if not may(caller, operation):
            raise NotPermitted("permission_denied")
        if must_step_up(caller, operation, now=self._now()):
            raise NotPermitted("step_up_required")
        return caller

    def _by_access(self, person: Person, tenant: Tenant) -> Caller | None:
        if Role.ADMIN not in person.roles:
            return None
        key, now = (person.id, tenant), self._now()
        known = self._accesses.get(key)
        if known is not None and known.expires_at <= now:
            known = self._accesses.renew(key)
        if known is None or known.expires_at <= now:
            return None
        return Caller(
            tenant=tenant,
            key_id="",
            kind=PERSON,
            scopes=OF_ACCESS,
            language=known.language,
            charges_enabled=known.charges_enabled,
            suspended=known.suspended,
            active=known.active,
            access=known.id,
            signed_in_at=person.signed_in_at,
            person=person.id,
            until=person.until,
        )


def _member(person: Person, tenant: Tenant, known: KnownMember) -> Caller | None:
    if Role.MERCHANT not in person.roles:
        return None
    return Caller(
        tenant=tenant,
        key_id="",
        kind=PERSON,
        scopes=OF_DUTY[known.member.duty][tenant.livemode],
        language=known.language,
        charges_enabled=known.charges_enabled,
        suspended=known.suspended,
        active=known.active,
        member=known.member,
        signed_in_at=person.signed_in_at,
        payouts_enabled=known.payouts_enabled,
        person=person.id,
        until=person.until,
    )


def _person(claims: Mapping[str, Any]) -> Person:
    subject, signed_in_at = claims.get("sub"), claims.get("auth_time")
    ends = claims.get("exp")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise NotAuthenticated("token_invalid")
    access = claims.get("realm_access")
    held = access.get("roles") if isinstance(access, dict) else None
    return Person(
        id=subject,
        roles=frozenset(role for role in Role if isinstance(held, list) and role.value in held),
        signed_in_at=datetime.fromtimestamp(signed_in_at, UTC)
        if type(signed_in_at) is int and signed_in_at > 0
        else None,
        until=datetime.fromtimestamp(ends, UTC) if type(ends) is int else None,
    )


def _named(account: str | None, mode: str | None) -> Tenant:
    for name, value in ((ACCOUNT_HEADER, account), (MODE_HEADER, mode)):
        if not value:
            raise InvalidRequest("parameter_missing", name)
    if mode not in MODES:
        raise InvalidRequest("parameter_invalid", MODE_HEADER)
    if account is None or not is_id(account, "acct"):
        raise NotFound("resource_missing", ACCOUNT_HEADER)
    return Tenant(account, MODES[mode])
