"""A person in an account: as a member, or by an access, and how long."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import pytest

from shared.domain.account import Tenant
from shared.domain.account_access import KnownAccess
from shared.domain.errors import NotFound, NotPermitted
from shared.domain.people import Duty, KnownMember, Member
from shared.domain.permissions import OF_ACCESS, OF_DUTY
from shared.runtime.people import People
from shared.runtime.short_cache import ShortCache
from tests.fakes import START, Clock

ACCOUNT: Final = "acct_2222222222222222"
HERE: Final = Tenant(ACCOUNT, livemode=False)
ADMIN: Final = {"sub": "ada", "realm_access": {"roles": ["admin"]}}
BOTH: Final = {"sub": "ada", "realm_access": {"roles": ["admin", "merchant"]}}
MERCHANT: Final = {"sub": "ada", "realm_access": {"roles": ["merchant"]}}
STATE: Final[dict[str, Any]] = {
    "language": "fr", "charges_enabled": True, "suspended": False, "active": True
}  # fmt: skip
FOR_EVER: Final = 3600


class Rows:
    """Members and accesses that count how often they are asked for."""

    def __init__(self, duty: Duty | None = None, *minutes: int) -> None:
        """One member at most, and accesses that end so many minutes after the start, in turn."""
        self.duty = duty
        self.accesses = [
            KnownAccess(f"acs_{n}", START + timedelta(minutes=m), **STATE)
            for n, m in enumerate(minutes)
        ]
        self.asked: list[str] = []

    def member(self, key: tuple[str, Tenant]) -> KnownMember | None:
        """Find a member."""
        self.asked.append("member")
        if self.duty is None or key != ("ada", HERE):
            return None
        return KnownMember(Member(ACCOUNT, "ada", self.duty), **STATE)

    def access(self, key: tuple[str, Tenant]) -> KnownAccess | None:
        """Find an access."""
        self.asked.append("access")
        return self.accesses.pop(0) if self.accesses and key == ("ada", HERE) else None

    def people(self, claims: Mapping[str, Any], clock: Clock) -> People:
        """Who is recognised by a token that says so."""
        return People(
            lambda _: claims,
            ShortCache(self.member, seconds=FOR_EVER),
            ShortCache(self.access, seconds=FOR_EVER),
            now=clock.now,
        )


def call(people: People, operation: str = "read_charge", mode: str = "test") -> Any:
    """Call an operation."""
    return people.caller("Bearer a.b.c", operation, account=ACCOUNT, mode=mode)


def test_an_access_is_over_when_the_clock_says_so() -> None:
    """To the second, however long its row is remembered; the one after it counts at once."""
    clock = Clock()
    rows = Rows(None, 30, 40)
    people = rows.people(ADMIN, clock)
    caller = call(people)
    clock.pass_time(minutes=29, seconds=59)
    last = call(people)
    clock.pass_time(seconds=1)
    following = call(people)
    clock.pass_time(minutes=10)

    assert (caller.access, caller.member, caller.scopes) == ("acs_0", None, OF_ACCESS)
    assert caller.actor == caller.access, "what she asks for is counted as the access's"
    assert (last.access, following.access) == ("acs_0", "acs_1")
    with pytest.raises(NotFound):
        call(people)


def test_a_member_is_looked_up_as_ever() -> None:
    """Nobody asks for accesses of hers, neither with the role of administrators nor without."""
    for claims in (MERCHANT, BOTH):
        rows = Rows(Duty.VIEWER, 30)
        people = rows.people(claims, Clock())
        callers = [call(people) for _ in range(3)]

        assert rows.asked == ["member"]
        assert {caller.access for caller in callers} == {None}
        assert {caller.scopes for caller in callers} == {OF_DUTY[Duty.VIEWER][False]}


def test_a_member_without_her_role_has_no_access_instead() -> None:
    """Whom Keycloak calls no merchant any more is out of her account, administrator or not."""
    with pytest.raises(NotFound):
        call(Rows(Duty.OWNER, 30).people(ADMIN, Clock()))


def test_only_administrators_have_an_access() -> None:
    """Whoever is none is not even looked for."""
    rows = Rows(None, 30)
    with pytest.raises(NotFound):
        call(rows.people(MERCHANT, Clock()))

    assert rows.asked == ["member"]


@pytest.mark.parametrize(
    "operation", ["create_charge", "create_api_key", "delete_test_data", "invite_person"]
)
def test_an_access_opens_no_write(operation: str) -> None:
    """However freshly she signed in."""
    fresh = {**ADMIN, "auth_time": int(START.timestamp())}
    with pytest.raises(NotPermitted, match="permission_denied"):
        call(Rows(None, 30).people(fresh, Clock()), operation)


def test_an_access_is_to_one_mode() -> None:
    """The other one is not there."""
    with pytest.raises(NotFound):
        call(Rows(None, 30).people(ADMIN, Clock()), mode="live")
