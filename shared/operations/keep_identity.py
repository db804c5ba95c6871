"""Brings Keycloak to what our rows say of a person: account by account, as often as it is asked.

The rows decide, never the message: it only says whom to look at. So messages may come twice, late,
in any order and at the same time; whoever has written to Keycloak looks at the rows once more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from shared.domain.errors import AskAgain
from shared.domain.events import Message
from shared.domain.ids import is_id

_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation says of a person. `person` is whom it was bound to the last time."""

    id: str
    account: str
    email: str = field(repr=False)
    language: str
    expires_at: datetime
    is_open: bool
    person: str | None
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What our rows say of a person: the accounts she is in, and whether one is offered to her."""

    accounts: frozenset[str]
    is_invited: bool

    @property
    def is_merchant(self) -> bool:
        """Whether she needs Keycloak's role of that name."""
        return self.is_invited or bool(self.accounts)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """What Keycloak says of a person: the accounts of her organisations, and her role."""

    accounts: frozenset[str]
    is_merchant: bool


class IdentityRows(Protocol):
    """What is stored of people; each call is one transaction."""

    def find_invited(self, invitation_id: str) -> Invited | None:
        """Return what an invitation says, or None."""

    def bind(self, invitation_id: str, person: str) -> bool:
        """Keep that this person alone may accept; False where the invitation has ended."""

    def note_asked(self, invitation_id: str) -> None:
        """Keep that Keycloak has asked the person to set a password."""

    def read_standing(self, person: str) -> Standing:
        """Return what holds for a person now."""

    def read_losses(self, person: str) -> Mapping[str, datetime]:
        """Return the accounts where she lost a right since her sessions ended, and when."""

    def note_sessions_ended(self, person: str, losses: Mapping[str, datetime]) -> None:
        """Keep that her sessions ended after these losses."""


class IdentityServer(Protocol):
    """Keycloak's people and organisations. Each call raises AskAgain for what time can heal."""

    def ensure_organization(self, account: str) -> None:
        """Make an account's organisation where there is none."""

    def find_person(self, email: str) -> str | None:
        """Return who has this address, or None."""

    def make_person(self, email: str, language: str) -> str:
        """Make somebody who is to prove the address and set a password, or return who is there."""

    def needs_password(self, person: str) -> bool:
        """Tell whether she has nothing yet to sign in with."""

    def ask_for_password(self, person: str, *, within: timedelta) -> None:
        """Have Keycloak write to her, with a link that works once and so long."""

    def read_person(self, person: str) -> KnownPerson | None:
        """Return what is known of her, or None for whom somebody has deleted."""

    def join(self, person: str, account: str) -> None:
        """Put her into an account's organisation."""

    def leave(self, person: str, account: str) -> None:
        """Take her out of an account's organisation."""

    def set_merchant(self, person: str, *, is_merchant: bool) -> None:
        """Give her the role of merchants, or take it."""

    def end_sessions(self, person: str) -> None:
        """Sign her out everywhere."""


def keep_identity(
    message: Message, rows: IdentityRows, server: IdentityServer, *, now: datetime
) -> str:
    """Look at an invitation or a person and bring Keycloak there; return a word for the log.

    Raises AskAgain for what time can heal; then the message must come again.
    """
    if not is_id(message.object_id, "inv"):
        return _keep_person(message.object_id, rows, server)
    invited = rows.find_invited(message.object_id)
    if invited is None:
        return "nothing_there"
    if not invited.is_open:
        return "ended" if invited.person is None else _keep_person(invited.person, rows, server)
    return _keep_invited(invited, rows, server, now=now)


def _keep_invited(
    invited: Invited, rows: IdentityRows, server: IdentityServer, *, now: datetime
) -> str:
    server.ensure_organization(invited.account)
    person = server.find_person(invited.email)
    if person is None:
        person = server.make_person(invited.email, invited.language)
    is_open = rows.bind(invited.id, person)
    outcome = _keep_person(person, rows, server)
    if invited.person not in {None, person}:
        # Somebody else has the address by now: whoever had it needs no role for this offer.
        _keep_person(str(invited.person), rows, server)
    if is_open and not invited.is_asked and server.needs_password(person):
        server.ask_for_password(person, within=invited.expires_at - now)
        rows.note_asked(invited.id)
    return outcome


def _keep_person(person: str, rows: IdentityRows, server: IdentityServer) -> str:
    for _ in range(_ROUNDS):
        standing = rows.read_standing(person)
        known = server.read_person(person)
        if known is None:
            return "person_missing"
        for account in sorted(standing.accounts - known.accounts):
            server.join(person, account)
        for account in sorted(known.accounts - standing.accounts):
            server.leave(person, account)
        if standing.is_merchant != known.is_merchant:
            server.set_merchant(person, is_merchant=standing.is_merchant)
        # Another message may have changed Keycloak after newer rows than these: look again.
        if rows.read_standing(person) == standing:
            break
    else:
        raise AskAgain("the rows keep changing")
    losses = rows.read_losses(person)
    if losses:
        server.end_sessions(person)
        rows.note_sessions_ended(person, losses)
    return "kept"
