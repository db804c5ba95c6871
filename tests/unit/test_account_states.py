"""How an account may move, and what binds an approval to what was seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.db.migrations.platform import p0011_accounts
from shared.docs.diagrams import ACCOUNT_PAGE, account_page
from shared.domain.account_changes import (
    REQUIRED,
    AccountRow,
    Document,
    DocumentKind,
    Proposal,
    content_sha256,
    missing,
)
from shared.domain.account_states import (
    FINAL,
    OFF,
    STANDS_STILL,
    TAKES_TWO,
    TRANSITIONS,
    AccountEvent,
    AccountState,
    Action,
    Standing,
    Switches,
    opening,
)
from tests.fakes import START

ON = Switches(charges_enabled=True, payouts_enabled=True)
CHARGES = Switches(charges_enabled=True, payouts_enabled=False)
LATER = START + timedelta(hours=1)


def test_every_state_and_event_has_its_edges() -> None:
    """A state that nothing leads to, or an event that leads nowhere, would be a mistake."""
    reached = {AccountState.ONBOARDING, *TRANSITIONS.values()}
    left = {before for before, _ in TRANSITIONS}

    assert reached == set(AccountState)
    assert {event for _, event in TRANSITIONS} == set(AccountEvent)
    assert set(AccountState) - left == FINAL
    assert FINAL < STANDS_STILL


def test_only_the_brake_is_one_person_s() -> None:
    """Everything else takes two; what stands in the database allows no other action."""
    assert set(Action) - {Action.SUSPEND} == TAKES_TWO
    assert all(f"'{action}'" in p0011_accounts.RECORDS for action in TAKES_TWO)


def test_closing_leads_through_a_suspension() -> None:
    """Whatever is under way has ended before anybody looks whether all is settled."""
    before = {state for state, event in TRANSITIONS if event is AccountEvent.CLOSED}

    assert before == {AccountState.SUSPENDED}


@pytest.mark.parametrize("state", [s for s in AccountState if s not in STANDS_STILL])
def test_resuming_leads_back_to_where_it_was(state: AccountState) -> None:
    """An account that was never activated is not activated by stopping it and going on."""
    before = Standing(state, CHARGES, START)
    stopped = before.after(Action.SUSPEND, OFF, LATER)
    assert stopped is not None
    resumed = stopped.after(Action.RESUME, ON, LATER)

    assert stopped == Standing(AccountState.SUSPENDED, CHARGES, LATER, state)
    assert resumed == Standing(state, CHARGES, LATER)
    assert before.after(Action.RESUME, ON, LATER) is None


def test_a_closed_account_moves_no_more_and_takes_nothing() -> None:
    """Closing turns everything off for good."""
    stopped = Standing(AccountState.SUSPENDED, ON, START, AccountState.ACTIVE)
    closed = stopped.after(Action.CLOSE, ON, LATER)

    assert closed == Standing(AccountState.CLOSED, OFF, LATER)
    assert closed is not None
    assert [closed.after(action, ON, LATER) for action in Action] == [None] * len(Action)


def test_an_account_begins_without_a_switch_unless_the_platform_made_it() -> None:
    """Nothing live without an activation."""
    assert opening(is_active=False, at=START) == Standing(AccountState.ONBOARDING, OFF, START)
    assert opening(is_active=True, at=START) == Standing(AccountState.ACTIVE, CHARGES, START)


def test_what_is_missing_is_told_in_order() -> None:
    """Each required document once, whatever else there is."""
    assert missing(()) == REQUIRED
    assert missing(("tax_card", "other")) == (REQUIRED[0], REQUIRED[2])
    assert missing(set(DocumentKind)) == ()


DOCUMENT = Document("adoc_1", DocumentKind.TAX_CARD, "card.pdf", "0" * 64, "ada", START)
PROPOSAL = Proposal("apr_1", Action.ACTIVATE, CHARGES, "all is there", "ada", START, LATER)
ACCOUNT = AccountRow(
    "acct_2222222222222222", "Chez Marie", "fr", "CM", START,
    Standing(AccountState.ONBOARDING, OFF, START), (False,), (DOCUMENT,),
)  # fmt: skip


@pytest.mark.parametrize(
    ("account", "proposal"),
    [
        (replace(ACCOUNT, name="Chez Marie "), PROPOSAL),
        (replace(ACCOUNT, id="acct_3333333333333333"), PROPOSAL),
        (replace(ACCOUNT, language="en"), PROPOSAL),
        (replace(ACCOUNT, standing=Standing(AccountState.ONBOARDING, ON, START)), PROPOSAL),
        (replace(ACCOUNT, standing=Standing(AccountState.ONBOARDING, OFF, LATER)), PROPOSAL),
        (replace(ACCOUNT, documents=()), PROPOSAL),
        (replace(ACCOUNT, documents=(replace(DOCUMENT, sha256="1" * 64),)), PROPOSAL),
        (replace(ACCOUNT, documents=(DOCUMENT, replace(DOCUMENT, id="adoc_2"))), PROPOSAL),
        (ACCOUNT, replace(PROPOSAL, id="apr_2")),
        (ACCOUNT, replace(PROPOSAL, action=Action.CLOSE)),
        (ACCOUNT, replace(PROPOSAL, switches=ON)),
        (ACCOUNT, replace(PROPOSAL, reason="all is there.")),
        (ACCOUNT, replace(PROPOSAL, proposed_by="eve")),
        (ACCOUNT, replace(PROPOSAL, expires_at=START)),
    ],
)
def test_whatever_was_shown_binds_the_approval(account: AccountRow, proposal: Proposal) -> None:
    """Any change of what the second person saw is another content."""
    assert content_sha256(account, proposal) != content_sha256(ACCOUNT, PROPOSAL)


def test_the_same_content_has_the_same_hash() -> None:
    """Wherever the server's clock is set, and whatever was decided meanwhile."""
    douala = timezone(timedelta(hours=1))
    moved = replace(ACCOUNT.standing, since=START.astimezone(douala))
    same = replace(ACCOUNT, standing=moved, proposal=PROPOSAL)

    assert content_sha256(same, PROPOSAL) == content_sha256(ACCOUNT, PROPOSAL)
    assert datetime(2026, 11, 25, 8, 0, tzinfo=UTC) == START


def test_the_picture_of_accounts_is_the_table() -> None:
    """The committed diagram is drawn from the table of today."""
    assert ACCOUNT_PAGE.read_text(encoding="utf-8") == account_page()
