"""Keycloak ends as the rows say, however often, late, doubled and crossed the messages come."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from shared.domain.errors import AskAgain
from shared.domain.events import IDENTITY_DUE, Message
from shared.domain.ids import new_id
from shared.operations.keep_identity import Invited, KnownPerson, Standing, keep_identity
from tests.fakes import START, TENANT

HERE, THERE = TENANT.account, "acct_3333333333333333"
EMAIL = "dib@shop.example"
INVITATION = new_id("inv", 1)


@dataclass
class Rows:
    """What is stored, changed by tests at will."""

    invited: Invited | None = None
    accounts: set[str] = field(default_factory=set)
    losses: dict[str, datetime] = field(default_factory=dict)
    before_second_look: Callable[[], None] = lambda: None
    looks: int = 0

    def find_invited(self, invitation_id: str) -> Invited | None:
        return self.invited if self.invited and self.invited.id == invitation_id else None

    def bind(self, invitation_id: str, person: str) -> bool:
        if self.invited is None or not self.invited.is_open:
            return False
        self.invited = replace(self.invited, person=person)
        return True

    def note_asked(self, invitation_id: str) -> None:
        assert self.invited is not None
        self.invited = replace(self.invited, is_asked=True)

    def read_standing(self, person: str) -> Standing:
        self.looks += 1
        if self.looks == 2:
            self.before_second_look()
        offered = self.invited
        is_invited = offered is not None and offered.is_open and offered.person == person
        return Standing(frozenset(self.accounts), is_invited)

    def read_losses(self, person: str) -> Mapping[str, datetime]:
        return dict(self.losses)

    def note_sessions_ended(self, person: str, losses: Mapping[str, datetime]) -> None:
        for account, at in losses.items():
            if self.losses.get(account) == at:
                del self.losses[account]


@dataclass
class Server:
    """A Keycloak in memory that is away from the call of this number on."""

    people: dict[str, str] = field(default_factory=dict)
    passwords: set[str] = field(default_factory=set)
    organizations: set[str] = field(default_factory=set)
    joined: set[tuple[str, str]] = field(default_factory=set)
    merchants: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    signed_out: list[str] = field(default_factory=list)
    away_from: int = 1000
    calls: int = 0

    def _call(self) -> None:
        self.calls += 1
        if self.calls >= self.away_from:
            raise AskAgain("away")

    def ensure_organization(self, account: str) -> None:
        self._call()
        self.organizations.add(account)

    def find_person(self, email: str) -> str | None:
        self._call()
        return self.people.get(email)

    def make_person(self, email: str, language: str) -> str:
        self._call()
        return self.people.setdefault(email, f"person of {email} {len(self.people)}")

    def needs_password(self, person: str) -> bool:
        self._call()
        return person not in self.passwords

    def ask_for_password(self, person: str, *, within: timedelta) -> None:
        self._call()
        assert within > timedelta(0)
        self.asked.append(person)

    def read_person(self, person: str) -> KnownPerson | None:
        self._call()
        if person not in self.people.values():
            return None
        accounts = frozenset(account for who, account in self.joined if who == person)
        return KnownPerson(accounts, person in self.merchants)

    def join(self, person: str, account: str) -> None:
        self._call()
        self.organizations.add(account)
        self.joined.add((person, account))

    def leave(self, person: str, account: str) -> None:
        self._call()
        self.joined.discard((person, account))

    def set_merchant(self, person: str, *, is_merchant: bool) -> None:
        self._call()
        (self.merchants.add if is_merchant else self.merchants.discard)(person)

    def end_sessions(self, person: str) -> None:
        self._call()
        self.signed_out.append(person)


def offer(**changed: object) -> Invited:
    """An open invitation that Keycloak was not asked about yet."""
    plain = Invited(
        id=INVITATION,
        account=HERE,
        email=EMAIL,
        language="fr",
        expires_at=START + timedelta(days=7),
        is_open=True,
        person=None,
        is_asked=False,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]  # by name


def tell(object_id: str, rows: Rows, server: Server) -> str:
    """Deliver a message about an invitation or a person."""
    message = Message("msg", IDENTITY_DUE, HERE, livemode=True, object_id=object_id)
    return keep_identity(message, rows, server, now=START)


def known(**more: object) -> Server:
    """A Keycloak that knows Dib, who has a password."""
    return Server(
        people={EMAIL: "dib"},
        passwords={"dib"},
        **more,  # type: ignore[arg-type]  # by name
    )


def test_an_invited_person_is_made_bound_and_asked_once() -> None:
    """She gets the role and a link for a password; the same message again does nothing more."""
    rows, server = Rows(offer()), Server()
    for _ in range(3):
        assert tell(INVITATION, rows, server) == "kept"
    person = server.people[EMAIL]

    assert rows.invited is not None
    assert (rows.invited.person, rows.invited.is_asked) == (person, True)
    assert (server.merchants, server.organizations) == ({person}, {HERE})
    assert (server.asked, server.joined, server.signed_out) == ([person], set(), [])


def test_whoever_has_a_password_is_not_asked_for_another() -> None:
    """No mail of ours opens a way past the password and the code that somebody has."""
    rows, server = Rows(offer()), known()
    tell(INVITATION, rows, server)

    assert server.asked == []
    assert rows.invited is not None
    assert rows.invited.person == "dib"


@pytest.mark.parametrize("away_from", range(1, 9))
def test_an_interrupted_message_is_done_by_the_next(away_from: int) -> None:
    """Wherever Keycloak goes away, the message comes again, and the end is the same."""
    rows, server = Rows(offer(), losses={THERE: START}), Server(away_from=away_from)
    server.joined.add(("person of dib@shop.example 0", THERE))
    with pytest.raises(AskAgain):
        tell(INVITATION, rows, server)
    server.away_from = 1000
    tell(INVITATION, rows, server)
    person = server.people[EMAIL]

    assert (server.merchants, server.joined, server.asked) == ({person}, set(), [person])
    assert set(server.signed_out) == {person}
    assert rows.losses == {}


def test_a_member_is_in_the_organisations_of_her_accounts_and_no_other() -> None:
    """Where she joined she is put in, where she left taken out, whatever the message was about."""
    rows, server = Rows(accounts={HERE}), known(joined={("dib", THERE)})
    tell("dib", rows, server)

    assert (server.joined, server.merchants) == ({("dib", HERE)}, {"dib"})


def test_whoever_lost_a_right_is_signed_out_once() -> None:
    """Her sessions end after the loss; a second delivery does not sign her out again."""
    rows, server = Rows(losses={HERE: START}), known(joined={("dib", HERE)}, merchants={"dib"})
    tell("dib", rows, server)
    tell("dib", rows, server)

    assert (server.joined, server.merchants, server.signed_out) == (set(), set(), ["dib"])


def test_a_person_whom_somebody_deleted_is_left_alone() -> None:
    """No member is made anew; an invitation finds or makes whoever has the address now."""
    rows, server = Rows(accounts={HERE}), Server()
    assert tell("dib", rows, server) == "person_missing"
    rows.invited = offer(person="dib")

    assert tell(INVITATION, rows, server) == "kept"
    assert rows.invited.person == server.people[EMAIL] != "dib"


def test_an_ended_invitation_makes_nobody() -> None:
    """One that is late makes no person; whom it was bound to loses the role that it gave."""
    server = known(merchants={"dib"})

    assert tell(INVITATION, Rows(), server) == "nothing_there"
    assert tell(INVITATION, Rows(offer(is_open=False)), server) == "ended"
    assert tell(INVITATION, Rows(offer(is_open=False, person="dib")), server) == "kept"
    assert (server.people, server.merchants) == ({EMAIL: "dib"}, set())


def test_an_invitation_that_ends_meanwhile_binds_nobody() -> None:
    """Revoked while Keycloak was asked: no mail, no role."""
    rows = Rows(offer())
    server = known()
    find = server.find_person

    def find_and_revoke(email: str) -> str | None:
        assert rows.invited is not None
        rows.invited = replace(rows.invited, is_open=False)
        return find(email)

    server.find_person = find_and_revoke  # type: ignore[method-assign]  # the race itself
    tell(INVITATION, rows, server)

    assert (server.merchants, server.asked) == (set(), [])
    assert rows.invited is not None
    assert rows.invited.person is None


def test_rows_that_change_meanwhile_win() -> None:
    """Who wrote after older rows looks again, and mends what it did."""
    rows, server = Rows(accounts={HERE}), known()
    rows.before_second_look = rows.accounts.clear
    tell("dib", rows, server)

    assert (server.joined, server.merchants) == (set(), set())


def test_rows_that_never_rest_are_left_for_later() -> None:
    """Nobody turns round and round: the message comes again."""
    rows, server = Rows(), known()
    flips: Iterator[set[str]] = iter([{HERE}, set(), {HERE}, set(), {HERE}, set()])

    def read(person: str) -> Standing:
        assert person == "dib"
        return Standing(frozenset(next(flips)), is_invited=False)

    rows.read_standing = read  # type: ignore[method-assign]  # the race itself
    with pytest.raises(AskAgain):
        tell("dib", rows, server)


@pytest.mark.parametrize("order", list(permutations([INVITATION, "dib", "dib", INVITATION], 4)))
def test_no_order_of_messages_matters(order: tuple[str, ...]) -> None:
    """She was invited, joined, was lowered and removed: only the end counts."""
    rows = Rows(offer(is_open=False, person="dib"), losses={HERE: START})
    server = known(joined={("dib", HERE)}, merchants={"dib"})
    for object_id in order:
        tell(object_id, rows, server)

    assert (server.joined, server.merchants, server.signed_out) == (set(), set(), ["dib"])
