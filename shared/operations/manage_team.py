"""Invites people into an account's team, lets them in, changes their duties and lets them go.

Each act reads the team and changes it under one lock, so that what the team's rules saw is so. A
message in the same transaction has Keycloak brought to what the rows then say.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, Self

from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.mail_address import read_email
from shared.domain.people import Duty, Member
from shared.domain.team import (
    INVITATION_LASTS,
    Invitation,
    InvitationToken,
    Team,
    TeamMember,
)
from shared.operations.lists import refuse_unknown

LANGUAGES: Final = ("fr", "en")
LONGEST_TOKEN: Final = 200
_NO_HASH: Final = bytes(32)


class TeamChange(Protocol):
    """An open transaction that holds the team of one account; it commits when it is left."""

    @property
    def team(self) -> Team:
        """The team as it is: nobody else changes it meanwhile."""

    def add_invitation(self, invitation: Invitation, token: InvitationToken) -> None:
        """Store it with the hash of its token, and have its person told and known to Keycloak."""

    def end_invitation(self, invitation: Invitation) -> None:
        """Store that it was revoked."""

    def add_member(self, member: TeamMember, *, invitation: str) -> None:
        """Let a person in, again if she was there before, and store that she accepted."""

    def change_duty(self, member: TeamMember, *, at: datetime, takes: bool) -> None:
        """Store a member's duty, and whether it takes something away; what she made is reviewed."""

    def end_member(self, person: str, *, at: datetime) -> None:
        """Let a person go; what she made is reviewed, what she offered revoked."""

    def keep(self, entry: AuditEntry) -> None:
        """Keep who did it; the last call, since the account's other acts wait from here on."""


class TeamStore(Protocol):
    """The team of one account."""

    def read(self, *, now: datetime) -> Team:
        """Return it as it was a moment ago."""

    def change(self, *, now: datetime) -> AbstractContextManager[TeamChange]:
        """Open a transaction that holds it; an exception inside leaves everything as it was."""


@dataclass(frozen=True, slots=True)
class InvitePerson:
    """A well-formed wish to have somebody in the team; `language` is that of the mail."""

    email: str
    duty: Duty
    language: str

    @classmethod
    def parse(cls, body: Mapping[str, Any], *, language: str) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"email", "duty", "language"})
        wanted = language if body.get("language") is None else body["language"]
        if wanted not in LANGUAGES:
            raise InvalidRequest("parameter_invalid", "language")
        return cls(read_email(body.get("email")), read_duty(body.get("duty")), wanted)


@dataclass(frozen=True, slots=True)
class KnownInvitation:
    """Whose invitation a token is, by its id; `token_hash` is 32 bytes."""

    account: str
    token_hash: bytes
    is_suspended: bool


@dataclass(frozen=True, slots=True)
class TeamActor:
    """Which member changes the team, when and from where."""

    member: Member
    is_suspended: bool
    origin: Origin

    @property
    def now(self) -> datetime:
        """When it is done."""
        return self.origin.at


def read_duty(value: object) -> Duty:
    """Read a duty by name. Raises InvalidRequest."""
    if value is None:
        raise InvalidRequest("parameter_missing", "duty")
    if not isinstance(value, str) or value not in set(Duty):
        raise InvalidRequest("parameter_invalid", "duty")
    return Duty(value)


def parse_duty_change(body: Mapping[str, Any]) -> Duty:
    """Read the body of a change of duty. Raises InvalidRequest naming the field at fault."""
    refuse_unknown(body, {"duty"})
    return read_duty(body.get("duty"))


def parse_token(body: Mapping[str, Any]) -> InvitationToken:
    """Read the body of an acceptance. Raises InvalidRequest, and NotFound for what is no token."""
    refuse_unknown(body, {"token"})
    token = body.get("token")
    if token is None:
        raise InvalidRequest("parameter_missing", "token")
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise InvalidRequest("parameter_invalid", "token")
    return InvitationToken.parse(token)


def list_team(store: TeamStore, *, now: datetime) -> Sequence[TeamMember]:
    """Return all members, the longest first."""
    return store.read(now=now).members


def list_invitations(store: TeamStore, *, now: datetime) -> Sequence[Invitation]:
    """Return the open invitations, newest first."""
    found = [each for each in store.read(now=now).invitations if each.is_open(now)]
    return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)


def invite_person(command: InvitePerson, store: TeamStore, by: TeamActor) -> Invitation:
    """Offer a place in the team to whoever reads mail at an address, for seven days.

    Raises what `Team.invite` does, and NotPermitted `account_suspended`.
    """
    _refuse_suspended(by)
    token = InvitationToken.generate(int(by.now.timestamp() * 1000))
    offer = Invitation(
        id=token.invitation,
        email=command.email,
        language=command.language,
        duty=command.duty,
        made_by=by.member.person,
        created_at=by.now,
        expires_at=by.now + INVITATION_LASTS,
    )
    with store.change(now=by.now) as change:
        change.add_invitation(change.team.invite(offer), token)
        change.keep(_of_invitation(by.origin, "created", offer, after=_terms(offer)))
    return offer


def accept_invitation(
    token: InvitationToken,
    person: str,
    *,
    find: Callable[[str], KnownInvitation | None],
    store_of: Callable[[str], TeamStore],
    origin: Origin,
) -> str:
    """Make a person the member that the invitation says; return the account.

    Raises NotFound for a token that is none, whatever is wrong with it, NotPermitted
    `account_suspended`, and what `Team.accept` does; then nothing changed.
    """
    known = find(token.invitation)
    is_right = token.matches(_NO_HASH if known is None else known.token_hash)
    if known is None or not is_right:
        raise NotFound("resource_missing", "token")
    if known.is_suspended:
        raise NotPermitted("account_suspended")
    now = origin.at
    with store_of(known.account).change(now=now) as change:
        member = change.team.accept(token.invitation, person, now=now)
        change.add_member(member, invitation=token.invitation)
        after = {"duty": member.duty, "invitation": token.invitation}
        change.keep(_of_member(origin, "joined", person, after=after))
    return known.account


def revoke_invitation(invitation_id: str, store: TeamStore, by: TeamActor) -> Invitation:
    """Take an offer back; the same call again changes nothing. Raises what `Team.revoke` does."""
    with store.change(now=by.now) as change:
        before = change.team.invitations
        revoked = change.team.revoke(invitation_id, by=by.member.person, now=by.now)
        if revoked not in before:
            change.end_invitation(revoked)
            change.keep(
                _of_invitation(
                    by.origin,
                    "revoked",
                    revoked,
                    before={"revoked_at": None},
                    after={"revoked_at": revoked.revoked_at},
                )
            )
    return revoked


def change_duty(person: str, duty: Duty, store: TeamStore, by: TeamActor) -> TeamMember:
    """Give a member another duty. Raises what `Team.change_duty` does, and `account_suspended`."""
    _refuse_suspended(by)
    with store.change(now=by.now) as change:
        before = {each.person: each for each in change.team.members}
        member, takes = change.team.change_duty(person, duty, by=by.member.person)
        if member != before[person]:
            change.change_duty(member, at=by.now, takes=takes)
            change.keep(
                _of_member(
                    by.origin,
                    "duty_changed",
                    person,
                    before={"duty": before[person].duty},
                    after={"duty": duty, **_fallen(change.team, person, now=by.now)},
                )
            )
    return member


def remove_member(person: str, store: TeamStore, by: TeamActor) -> TeamMember:
    """Let a member go, also while the account is suspended. Raises what `Team.remove` does."""
    with store.change(now=by.now) as change:
        gone = change.team.remove(person, by=by.member.person)
        change.end_member(gone.person, at=by.now)
        fact = "left" if person == by.member.person else "removed"
        after = {"ended_at": by.now, **_fallen(change.team, person, now=by.now)}
        before = {"duty": gone.duty, "ended_at": None}
        change.keep(_of_member(by.origin, fact, person, before=before, after=after))
    return gone


def _fallen(team: Team, person: str, *, now: datetime) -> Mapping[str, object]:
    """Return which invitations end with their maker's ownership."""
    fallen = [each.id for each in team.invitations if each.made_by == person and each.is_open(now)]
    return {"revoked_invitations": sorted(fallen)} if fallen else {}


def _terms(offer: Invitation) -> Mapping[str, object]:
    # Not the address: it is somebody's, and the chain forgets nothing. The row has it.
    return {"duty": offer.duty, "language": offer.language, "expires_at": offer.expires_at}


def _of_invitation(
    origin: Origin,
    fact: str,
    invitation: Invitation,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object],
) -> AuditEntry:
    action = f"invitation.{fact}"
    return origin.entry(action, "invitation", invitation.id, before=before, after=after)


def _of_member(
    origin: Origin,
    fact: str,
    person: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object],
) -> AuditEntry:
    return origin.entry(f"member.{fact}", "person", person, before=before, after=after)


def _refuse_suspended(by: TeamActor) -> None:
    if by.is_suspended:
        raise NotPermitted("account_suspended")
