"""A team changes by its owners alone, and never loses the last of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Refusal, Unavailable
from shared.domain.people import Duty
from shared.domain.team import (
    INVITATION_LASTS,
    MOST_INVITATIONS,
    MOST_MEMBERS,
    Invitation,
    InvitationToken,
    Team,
    TeamMember,
)
from tests.fakes import START, TENANT

AWA, BIH, CHE, DIB = "awa", "bih", "che", "dib"


def member(person: str, duty: Duty = Duty.VIEWER) -> TeamMember:
    """Somebody of the team."""
    return TeamMember(person, f"{person}@shop.example", "fr", duty, None, START)


def offer(**changed: object) -> Invitation:
    """An invitation of Awa's to Dib, made at the start."""
    plain = Invitation(
        id=InvitationToken.generate(1).invitation,
        email="dib@shop.example",
        language="fr",
        duty=Duty.FINANCE,
        made_by=AWA,
        created_at=START,
        expires_at=START + INVITATION_LASTS,
        person=DIB,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]  # by name


def team(*invitations: Invitation, owners: tuple[str, ...] = (AWA,)) -> Team:
    """Owners, Bih who develops and Che who looks, and what was offered."""
    others = (member(BIH, Duty.DEVELOPER), member(CHE))
    return Team(
        TENANT.account, (*(member(each, Duty.OWNER) for each in owners), *others), invitations
    )


def code_of(refused: pytest.ExceptionInfo[Refusal]) -> tuple[type[Refusal], str]:
    """What was refused, and how."""
    return type(refused.value), refused.value.code


@pytest.mark.parametrize("person", [BIH, CHE, DIB, "", "somebody"])
def test_who_is_no_owner_changes_nothing_for_others(person: str) -> None:
    """A developer or a stranger invites, revokes, promotes and removes nobody, nor herself."""
    standing = offer()
    for act in (
        lambda: team().invite(offer(made_by=person)),
        lambda: team(standing).revoke(standing.id, by=person, now=START),
        lambda: team().change_duty(person, Duty.OWNER, by=person),
        lambda: team().change_duty(CHE, Duty.DEVELOPER, by=person),
        lambda: team().remove(AWA, by=person),
    ):
        with pytest.raises(NotPermitted, match="permission_denied"):
            act()


@pytest.mark.parametrize("duty", [Duty.DEVELOPER, Duty.FINANCE, Duty.VIEWER])
def test_the_last_owner_stays_one(duty: Duty) -> None:
    """She can neither go nor step down, until there is another; then she can."""
    for act in (
        lambda: team().change_duty(AWA, duty, by=AWA),
        lambda: team().remove(AWA, by=AWA),
    ):
        with pytest.raises(InvalidRequest, match="last_owner"):
            act()
    two = team(owners=(AWA, DIB))

    assert two.change_duty(AWA, duty, by=DIB)[0].duty is duty
    assert two.remove(AWA, by=AWA).person == AWA
    assert team().change_duty(AWA, Duty.OWNER, by=AWA) == (member(AWA, Duty.OWNER), False)


@pytest.mark.parametrize(
    ("person", "duty", "takes"),
    [
        (BIH, Duty.OWNER, False),
        (BIH, Duty.VIEWER, True),
        (BIH, Duty.FINANCE, True),
        (CHE, Duty.DEVELOPER, False),
        (DIB, Duty.DEVELOPER, True),
    ],
)
def test_a_change_tells_whether_it_takes_something_away(
    person: str, duty: Duty, *, takes: bool
) -> None:
    """Whoever can do less afterwards is to be signed out; whoever can do more is not."""
    changed, taken = team(owners=(AWA, DIB)).change_duty(person, duty, by=AWA)

    assert (changed.person, changed.duty, taken) == (person, duty, takes)


def test_a_member_leaves_by_herself() -> None:
    """Going needs nobody's permission; somebody who is not there cannot be sent away."""
    assert team().remove(CHE, by=CHE).person == CHE
    with pytest.raises(NotFound):
        team().remove(DIB, by=AWA)
    with pytest.raises(NotFound):
        team().change_duty(DIB, Duty.VIEWER, by=AWA)


def test_an_address_is_invited_once_at_a_time() -> None:
    """Neither a member nor somebody who is invited is written to; who let it expire is, again."""
    with pytest.raises(InvalidRequest, match="already_invited"):
        team(offer()).invite(offer())
    with pytest.raises(InvalidRequest, match="already_member"):
        team().invite(offer(email="che@shop.example"))
    for ended in (
        {"revoked_at": START},
        {"created_at": START - INVITATION_LASTS, "expires_at": START},
    ):
        assert team(offer(**ended)).invite(offer()).email == "dib@shop.example"


def test_nobody_writes_to_strangers_without_end() -> None:
    """Twenty in a day, revoked ones included; the next day those that ended count no more."""
    made = [offer(email=f"{n}@shop.example") for n in range(MOST_INVITATIONS)]
    revoked = [replace(each, revoked_at=START) for each in made]
    later = START + timedelta(days=1)
    for full in (team(*made), team(*revoked)):
        with pytest.raises(InvalidRequest, match="too_many_invitations"):
            full.invite(offer())
        with pytest.raises(InvalidRequest, match="too_many_invitations"):
            team(*made).invite(offer(created_at=later))

    assert team(*made[1:]).invite(offer())
    assert team(*revoked).invite(offer(created_at=later))


def test_a_team_has_bounds() -> None:
    """A hundred, those who are invited included."""
    crowd = tuple(member(str(n)) for n in range(MOST_MEMBERS - 2))
    almost = Team(TENANT.account, (member(AWA, Duty.OWNER), *crowd), ())

    assert almost.invite(offer())
    for full in (
        replace(almost, members=(*almost.members, member("x"))),
        replace(almost, invitations=(offer(email="x@shop.example"),)),
    ):
        with pytest.raises(InvalidRequest, match="team_too_large"):
            full.invite(offer())


def test_an_invitation_makes_the_member_that_it_says() -> None:
    """Address, language and duty are the owner's word, not that of whoever accepts."""
    standing = offer()
    joined = team(standing).accept(standing.id, DIB, now=START)

    assert joined == TeamMember(DIB, "dib@shop.example", "fr", Duty.FINANCE, AWA, START)


@pytest.mark.parametrize(
    ("changed", "person", "expected"),
    [
        ({"accepted_at": START}, DIB, (InvalidRequest, "invitation_used")),
        ({"accepted_at": START}, CHE, (InvalidRequest, "invitation_used")),
        ({"revoked_at": START}, DIB, (InvalidRequest, "invitation_ended")),
        ({"expires_at": START}, DIB, (InvalidRequest, "invitation_ended")),
        ({"made_by": BIH}, DIB, (InvalidRequest, "invitation_ended")),
        ({"made_by": "gone"}, DIB, (InvalidRequest, "invitation_ended")),
        ({"person": None}, DIB, (Unavailable, "invitation_not_ready")),
        ({}, "somebody", (NotPermitted, "invitation_of_another")),
        ({}, AWA, (NotPermitted, "invitation_of_another")),
        ({"person": CHE}, CHE, (InvalidRequest, "already_member")),
    ],
)
def test_an_invitation_serves_one_person_once_in_time(
    changed: dict[str, object], person: str, expected: tuple[type[Refusal], str]
) -> None:
    """Each way in which it does not serve is told to whoever holds the token."""
    standing = offer(**changed)
    with pytest.raises(Refusal) as refused:
        team(standing).accept(standing.id, person, now=START)

    assert code_of(refused) == expected


def test_an_invitation_that_is_not_there_has_ended() -> None:
    """What is older than a week is not even read."""
    with pytest.raises(InvalidRequest, match="invitation_ended"):
        team().accept(offer().id, DIB, now=START)


def test_an_accepted_invitation_cannot_be_taken_back() -> None:
    """Whoever came in is removed as a member; revoking twice is harmless."""
    used, revoked = offer(accepted_at=START), offer(revoked_at=START)
    with pytest.raises(InvalidRequest, match="invitation_used"):
        team(used).revoke(used.id, by=AWA, now=START)
    with pytest.raises(NotFound):
        team().revoke(used.id, by=AWA, now=START)

    later = START + timedelta(hours=1)
    assert team(revoked).revoke(revoked.id, by=AWA, now=later) == revoked


def test_a_token_is_compared_whole() -> None:
    """Of what is stored no token can be made, and one letter less or more is another token."""
    token = InvitationToken.generate(1)

    assert InvitationToken.parse(token.text) == token
    assert token.matches(token.hash)
    assert token.secret.encode() not in token.hash
    for secret in (token.secret[:-1], token.secret + "A", token.secret.swapcase()):
        assert not InvitationToken(token.invitation, secret).matches(token.hash)
    assert token.secret not in repr(token)


@pytest.mark.parametrize(
    "text",
    ["", ".", "inv_", "inv_2abcdefghijklmnopqrstuvw.", "x.y", "inv_2abcdefghijklmnopqrstuvw",
     "acct_2222222222222222.abc", "inv_2abcdefghijklmnopqrstuvw.\u00e9"],
)  # fmt: skip
def test_what_is_no_token_is_answered_as_one_that_is_unknown(text: str) -> None:
    """Guessing tells nothing of the form."""
    with pytest.raises(NotFound, match="resource_missing"):
        InvitationToken.parse(text)
