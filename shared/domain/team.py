"""The team of an account: who may change it, and what never may become of it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Unavailable
from shared.domain.ids import is_id, new_id
from shared.domain.people import Duty
from shared.domain.permissions import takes_away

MOST_MEMBERS: Final = 100
MOST_INVITATIONS: Final = 20
INVITATION_LASTS: Final = timedelta(days=7)
PLATFORM: Final = "platform"
"""Who offers an account to its first owner; no person's id looks like this."""
_TOKEN_BYTES: Final = 32
_BIND_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A person of the team, and who let her in (None where she came with the account)."""

    person: str
    email: str = field(repr=False)
    language: str
    duty: Duty
    added_by: str | None
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A place in the team that is offered to one address.

    `person` is whom Keycloak knows by that address; until it is known nobody can accept.
    """

    id: str
    email: str = field(repr=False)
    language: str
    duty: Duty
    made_by: str
    created_at: datetime
    expires_at: datetime
    person: str | None = None
    accepted_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Tell whether somebody may still accept it."""
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at

    def words(self) -> dict[str, str]:
        """Return what its mail says of it."""
        return {"duty": self.duty.value, "last_day": self.expires_at.isoformat()}


@dataclass(frozen=True, slots=True)
class InvitationToken:
    """What the mail carries: the invitation's id and a secret, of which a hash is stored."""

    invitation: str
    secret: str = field(repr=False)

    @classmethod
    def generate(cls, at_ms: int) -> "InvitationToken":
        """Make one, 256 bits that nobody can guess."""
        return cls(new_id("inv", at_ms), secrets.token_urlsafe(_TOKEN_BYTES))

    @classmethod
    def parse(cls, text: str) -> "InvitationToken":
        """Read one. Raises NotFound for whatever cannot be one, as for one that is unknown."""
        invitation, _, secret = text.partition(".")
        if not is_id(invitation, "inv") or not secret.isascii() or not secret:
            raise NotFound("resource_missing", "token")
        return cls(invitation, secret)

    @property
    def text(self) -> str:
        """The whole token."""
        return f"{self.invitation}.{self.secret}"

    @property
    def hash(self) -> bytes:
        """SHA-256 of the secret, 32 bytes."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, stored: bytes) -> bool:
        """Compare with a stored hash, in the same time whatever differs."""
        return hmac.compare_digest(self.hash, stored)


@dataclass(frozen=True, slots=True)
class Team:
    """A team as it is this moment: its members, and the invitations of the last seven days."""

    account: str
    members: tuple[TeamMember, ...]
    invitations: tuple[Invitation, ...]

    def invite(self, offer: Invitation) -> Invitation:
        """Return the offer if it may be made.

        Raises NotPermitted where its maker owns the account no more, and InvalidRequest
        `already_member`, `already_invited`, `too_many_invitations`, `team_too_large`.
        """
        now = offer.created_at
        self._owner(offer.made_by)
        waiting = [each for each in self.invitations if each.is_open(now)]
        if any(each.email == offer.email for each in self.members):
            raise InvalidRequest("already_member", "email")
        if any(each.email == offer.email for each in waiting):
            raise InvalidRequest("already_invited", "email")
        # Those of the last day count too: else an account could write to strangers without end.
        day = now - timedelta(days=1)
        counted = [each for each in self.invitations if each.is_open(now) or each.created_at > day]
        if len(counted) >= MOST_INVITATIONS:
            raise InvalidRequest("too_many_invitations", limit=MOST_INVITATIONS)
        if len(self.members) + len(waiting) >= MOST_MEMBERS:
            raise InvalidRequest("team_too_large", limit=MOST_MEMBERS)
        return offer

    def accept(self, invitation_id: str, person: str, *, now: datetime) -> TeamMember:
        """Return the member that a person becomes.

        Raises InvalidRequest `invitation_ended`, `invitation_used`, `already_member`; NotPermitted
        `invitation_of_another`; Unavailable while Keycloak was not asked whose address it is.
        """
        found = next((each for each in self.invitations if each.id == invitation_id), None)
        if found is not None and found.accepted_at is not None:
            raise InvalidRequest("invitation_used", "token")
        if found is None or not found.is_open(now) or not self._may_offer(found.made_by):
            raise InvalidRequest("invitation_ended", "token")
        if found.person is None:
            raise Unavailable("invitation_not_ready", retry_after_seconds=_BIND_SECONDS)
        if found.person != person:
            raise NotPermitted("invitation_of_another", "token")
        if any(each.person == person for each in self.members):
            raise InvalidRequest("already_member", "token")
        return TeamMember(person, found.email, found.language, found.duty, found.made_by, now)

    def revoke(self, invitation_id: str, *, by: str, now: datetime) -> Invitation:
        """Return the invitation as it is once revoked; one that is revoked already stays so.

        Raises NotPermitted, NotFound, InvalidRequest `invitation_used`.
        """
        self._owner(by)
        found = next((each for each in self.invitations if each.id == invitation_id), None)
        if found is None:
            raise NotFound("resource_missing", "id")
        if found.accepted_at is not None:
            raise InvalidRequest("invitation_used", "id")
        return found if found.revoked_at is not None else replace(found, revoked_at=now)

    def change_duty(self, person: str, duty: Duty, *, by: str) -> tuple[TeamMember, bool]:
        """Return the member with another duty, and whether that takes anything away.

        Only owners change duties, so nobody raises the own. Raises NotPermitted, NotFound,
        InvalidRequest `last_owner`.
        """
        self._owner(by)
        found = self._member(person)
        if duty is not Duty.OWNER:
            self._keep_an_owner(without=person)
        return replace(found, duty=duty), takes_away(found.duty, duty)

    def remove(self, person: str, *, by: str) -> TeamMember:
        """Return the member who goes: sent by an owner, or on her own.

        Raises NotPermitted, NotFound, InvalidRequest `last_owner`.
        """
        if person != by:
            self._owner(by)
        found = self._member(person)
        self._keep_an_owner(without=person)
        return found

    def _member(self, person: str) -> TeamMember:
        found = next((each for each in self.members if each.person == person), None)
        if found is None:
            raise NotFound("resource_missing", "person")
        return found

    def _is_owner(self, person: str) -> bool:
        return any(each.person == person and each.duty is Duty.OWNER for each in self.members)

    def _may_offer(self, maker: str) -> bool:
        """Tell whether an offer of its maker stands: the platform's as long as nobody owns it."""
        if maker == PLATFORM:
            return not any(each.duty is Duty.OWNER for each in self.members)
        return self._is_owner(maker)

    def _owner(self, person: str) -> None:
        if not self._is_owner(person):
            raise NotPermitted("permission_denied")

    def _keep_an_owner(self, *, without: str) -> None:
        owners = {each.person for each in self.members if each.duty is Duty.OWNER}
        if owners == {without}:
            raise InvalidRequest("last_owner", "person")
