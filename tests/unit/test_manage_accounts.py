"""Two administrators, one brake: the rules of changing an account, without a database."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.account_changes import (
    REQUIRED,
    AccountRow,
    Document,
    Outcome,
    Proposal,
)
from shared.domain.account_states import OFF, AccountState, Action, Standing, Switches
from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Refusal
from shared.domain.notification import Kind, Notification
from shared.domain.notification_words import letter_of
from shared.operations import manage_accounts
from shared.operations.manage_accounts import By, Wish
from shared.operations.provision_account import ModeRecord
from tests.fakes import START

ID = "acct_2222222222222222"
CHARGES = Switches(charges_enabled=True, payouts_enabled=False)
BOTH = Switches(charges_enabled=True, payouts_enabled=True)
TOLD = {
    Action.ACTIVATE: Kind.ACCOUNT_ACTIVATED,
    Action.RESTRICT: Kind.ACCOUNT_RESTRICTED,
    Action.UNRESTRICT: Kind.ACCOUNT_UNRESTRICTED,
    Action.RESUME: Kind.ACCOUNT_RESUMED,
    Action.CLOSE: Kind.ACCOUNT_CLOSED,
}


class MemoryAccount:
    """AccountsStore and AccountChange of one account, which rolls back when anything is raised."""

    def __init__(self, state: AccountState, switches: Switches = OFF) -> None:
        """Begin in a state."""
        documents = tuple(
            Document(f"adoc_{n}", kind, "a.pdf", "0" * 64, "ada", START)
            for n, kind in enumerate(REQUIRED)
        )
        came_from = AccountState.ACTIVE if state is AccountState.SUSPENDED else None
        standing = Standing(state, switches, START - timedelta(days=1), came_from)
        self.account = AccountRow(
            ID, "Chez Marie", "fr", "CM", START, standing, (False,), documents
        )
        self.decisions: list[AuditEntry] = []
        self.outcomes: list[Outcome] = []
        self.told: list[Notification] = []
        self.left: Sequence[str] = ()
        self.is_live = self.has_ended = False

    def find(self, account_id: str) -> AccountRow | None:
        """Return the one."""
        return self.account if account_id == ID else None

    def page(
        self, *, limit: int, after: str | None, state: AccountState | None
    ) -> Sequence[AccountRow]:
        """Not asked here."""
        raise NotImplementedError

    @contextmanager
    def change(self, account_id: str) -> Iterator["MemoryAccount"]:
        """Hold it; undo everything where it fails."""
        if account_id != ID:
            raise NotFound("resource_missing", "id")
        before = self.account, list(self.decisions), list(self.outcomes), list(self.told)
        try:
            yield self
        except BaseException:
            self.account, self.decisions, self.outcomes, self.told = before
            self.is_live = self.has_ended = False
            raise

    def add_document(self, document: Document) -> None:
        """Add."""
        self.account = replace(self.account, documents=(*self.account.documents, document))

    def add_proposal(self, proposal: Proposal) -> None:
        """Add."""
        self.account = replace(self.account, proposal=proposal)

    def decide(self, proposal: Proposal, outcome: Outcome, *, by: str, at: object) -> None:
        """End it."""
        self.outcomes.append(outcome)
        self.account = replace(self.account, proposal=None)

    def move(self, standing: Standing) -> None:
        """Set."""
        self.account = replace(self.account, standing=standing)

    def lend(self, limit: int) -> None:
        """Set."""
        self.account = replace(self.account, refunds_below_zero_limit=limit)

    def open_live_mode(self, mode: ModeRecord, at: object) -> None:
        """Remember."""
        self.is_live = mode.tenant.livemode

    def unsettled(self) -> Sequence[str]:
        """Return what is left."""
        return self.left

    def end_access(self, at: object) -> None:
        """Remember."""
        self.has_ended = True

    def tell(self, notice: Notification) -> None:
        """Keep."""
        self.told.append(notice)

    def record(self, entry: AuditEntry) -> None:
        """Keep."""
        self.decisions.append(entry)


def by(store: MemoryAccount, who: str = "ada", after: timedelta = timedelta()) -> By:
    """Who asks, some time later."""
    actor = Actor(ActorKind.PERSON, who)
    return By(Origin(actor, START + after, "192.0.2.1", "req_1"), store)


def refusal(proposal: Proposal, who: By) -> Refusal:
    """How an approval is refused."""
    with pytest.raises(Refusal) as caught:
        manage_accounts.approve_change(ID, proposal.id, who, seen_sha256=proposal.content_sha256)
    return caught.value


def proposed(store: MemoryAccount, wish: Wish) -> Proposal:
    """Propose something as ada."""
    proposal = manage_accounts.propose_change(ID, by(store), wish).proposal
    assert proposal is not None
    return proposal


@pytest.mark.parametrize(
    ("before", "switches", "wish", "after"),
    [
        (AccountState.ONBOARDING, OFF, Wish(Action.ACTIVATE, "r"), CHARGES),
        (AccountState.ONBOARDING, OFF, Wish(Action.ACTIVATE, "r", payouts_enabled=True), BOTH),
        (AccountState.ACTIVE, BOTH, Wish(Action.RESTRICT, "r", payouts_enabled=False), CHARGES),
        (AccountState.RESTRICTED, OFF, Wish(Action.UNRESTRICT, "r"), CHARGES),
        (AccountState.SUSPENDED, BOTH, Wish(Action.RESUME, "r"), BOTH),
        (AccountState.SUSPENDED, BOTH, Wish(Action.CLOSE, "r"), OFF),
    ],
)
def test_what_one_proposes_another_approves(
    before: AccountState, switches: Switches, wish: Wish, after: Switches
) -> None:
    """Never the same person; then it is done, and the record tells who proposed it."""
    store = MemoryAccount(before, switches)
    proposal = proposed(store, wish)
    own = refusal(proposal, by(store))
    unchanged = store.account.standing
    done = manage_accounts.approve_change(
        ID, proposal.id, by(store, "eve"), seen_sha256=proposal.content_sha256
    )

    assert isinstance(own, NotPermitted)
    assert own.code == "second_person_required"
    assert (unchanged.state, unchanged.switches) == (before, switches)
    assert done.standing.switches == after
    assert store.outcomes == [Outcome.APPROVED]
    record = store.decisions[-1]
    assert (record.actor.id, record.remote_address, record.reason) == ("eve", "192.0.2.1", "r")
    assert record.after is not None
    assert json.loads(record.after)["proposed_by"] == "ada"
    assert [notice.kind for notice in store.told] == [TOLD[wish.action]]
    assert store.is_live is (wish.action is Action.ACTIVATE)
    assert store.has_ended is (wish.action is Action.CLOSE)


def test_a_proposal_is_void_where_anything_changed() -> None:
    """It is ended, recorded, and nothing of it done, even by whoever saw the new content."""
    store = MemoryAccount(AccountState.ONBOARDING)
    proposal = proposed(store, Wish(Action.ACTIVATE, "r"))
    store.account = replace(store.account, name="Chez Paul")

    assert refusal(proposal, by(store, "eve")).code == "proposal_changed"
    assert store.outcomes == [Outcome.VOIDED]
    assert store.decisions[-1].action == "account.proposal_voided"
    assert store.account.standing.state is AccountState.ONBOARDING
    assert refusal(proposal, by(store, "eve")).code == "proposal_not_open"


def test_after_72_hours_a_proposal_is_over() -> None:
    """To the second it stands; then it is no longer open, and another takes its place."""
    store = MemoryAccount(AccountState.ONBOARDING)
    proposal = proposed(store, Wish(Action.ACTIVATE, "r"))
    last = timedelta(hours=72)
    late = refusal(proposal, by(store, "eve", last + timedelta(microseconds=1)))
    with pytest.raises(InvalidRequest, match="proposal_open"):
        manage_accounts.propose_change(ID, by(store, "eve", last), Wish(Action.ACTIVATE, "r"))
    manage_accounts.propose_change(
        ID, by(store, "eve", last + timedelta(seconds=1)), Wish(Action.ACTIVATE, "r")
    )

    assert late.code == "proposal_not_open"
    assert store.outcomes == [Outcome.EXPIRED]


def test_without_its_documents_no_account_is_activated() -> None:
    """Those that are missing are named."""
    store = MemoryAccount(AccountState.ONBOARDING)
    store.account = replace(store.account, documents=store.account.documents[:1])
    with pytest.raises(InvalidRequest) as refused:
        proposed(store, Wish(Action.ACTIVATE, "r"))

    assert refused.value.code == "documents_missing"
    assert refused.value.values == {"what": "tax_card, owner_identity"}


def test_an_account_that_is_not_settled_is_not_closed() -> None:
    """The proposal stays open, for what is under way to end; a fresh suspension waits."""
    store = MemoryAccount(AccountState.SUSPENDED, CHARGES)
    proposal = proposed(store, Wish(Action.CLOSE, "r"))
    store.left = ("balance", "charge")
    unsettled = refusal(proposal, by(store, "eve"))
    fresh = MemoryAccount(AccountState.SUSPENDED, CHARGES)
    fresh.account = replace(
        fresh.account, standing=replace(fresh.account.standing, since=START - timedelta(seconds=59))
    )
    lately = refusal(proposed(fresh, Wish(Action.CLOSE, "r")), by(fresh, "eve"))

    assert unsettled.values == {"what": "balance, charge"}
    assert store.account.proposal == proposal
    assert store.outcomes == []
    assert (lately.code, lately.values) == ("account_suspended_lately", {"seconds": 2})


def test_one_alone_stops_an_account() -> None:
    """At once, with a reason; a second time there is nothing to stop."""
    store = MemoryAccount(AccountState.ACTIVE, BOTH)
    stopped = manage_accounts.suspend_account(ID, by(store), reason="a leaked key")
    with pytest.raises(InvalidRequest, match="account_state_refuses"):
        manage_accounts.suspend_account(ID, by(store), reason="again")

    assert stopped.standing.state is AccountState.SUSPENDED
    assert stopped.standing.switches == BOTH
    assert [decision.reason for decision in store.decisions] == ["a leaked key"]
    assert [notice.kind for notice in store.told] == [Kind.ACCOUNT_SUSPENDED]


def test_one_alone_lends_and_says_why() -> None:
    """Before and after stand in the chain with the reason; owners hear how much."""
    store = MemoryAccount(AccountState.ACTIVE, BOTH)
    lent = manage_accounts.set_refunds_below_zero(ID, by(store), limit=5000, reason="she is known")
    less = manage_accounts.set_refunds_below_zero(ID, by(store), limit=0, reason="not any more")

    assert (lent.refunds_below_zero_limit, less.refunds_below_zero_limit) == (5000, 0)
    assert [(e.action, e.before, e.after, e.reason) for e in store.decisions] == [
        ("account.refunds_below_zero_set", '{"limit":0}', '{"limit":5000}', "she is known"),
        ("account.refunds_below_zero_set", '{"limit":5000}', '{"limit":0}', "not any more"),
    ]
    assert [(notice.kind, notice.data) for notice in store.told] == [
        (Kind.REFUNDS_BELOW_ZERO_SET, {"amount": "5000"}),
        (Kind.REFUNDS_BELOW_ZERO_SET, {"amount": "0"}),
    ]


def test_nothing_is_lent_to_a_closed_account() -> None:
    """Refused without effect; what never was is not found."""
    store = MemoryAccount(AccountState.CLOSED)
    for account, error in ((ID, InvalidRequest), ("acct_3333333333333333", NotFound)):
        with pytest.raises(error):
            manage_accounts.set_refunds_below_zero(account, by(store), limit=1, reason="r")

    assert (store.account.refunds_below_zero_limit, store.decisions, store.told) == (0, [], [])


def test_what_is_lent_meanwhile_voids_a_proposal() -> None:
    """It is part of what the second administrator is shown."""
    store = MemoryAccount(AccountState.ONBOARDING)
    proposal = proposed(store, Wish(Action.ACTIVATE, "r"))
    manage_accounts.set_refunds_below_zero(ID, by(store), limit=1, reason="r")

    assert refusal(proposal, by(store, "eve")).code == "proposal_changed"


def test_people_hear_what_stops_and_never_why() -> None:
    """A restriction names what is switched off; the administrators' reason stays with them."""
    store = MemoryAccount(AccountState.ACTIVE, BOTH)
    proposal = proposed(store, Wish(Action.RESTRICT, "an open case", payouts_enabled=False))
    manage_accounts.approve_change(
        ID, proposal.id, by(store, "eve"), seen_sha256=proposal.content_sha256
    )

    [notice] = store.told
    assert (notice.data, notice.livemode, notice.to) == ({"stopped": "payouts"}, False, None)
    letter = letter_of(
        notice.kind, "fr", account_name="Chez Marie", data=notice.data, livemode=True, secret=None
    )
    assert "n'accepte pas : nouveaux versements." in letter.paragraphs[0]


@pytest.mark.parametrize(
    ("state", "wish", "param"),
    [
        (AccountState.ACTIVE, Wish(Action.RESTRICT, "r"), "charges_enabled"),
        (AccountState.ACTIVE, Wish(Action.SUSPEND, "r"), "action"),
        (
            AccountState.ONBOARDING,
            Wish(Action.ACTIVATE, "r", charges_enabled=False),
            "charges_enabled",
        ),
        (AccountState.SUSPENDED, Wish(Action.RESUME, "r", charges_enabled=True), "charges_enabled"),
        (AccountState.SUSPENDED, Wish(Action.CLOSE, "r", payouts_enabled=False), "payouts_enabled"),
    ],
)
def test_a_wish_that_means_nothing_is_refused(state: AccountState, wish: Wish, param: str) -> None:
    """A restriction restricts, and a switch that the action does not move is not named."""
    with pytest.raises(InvalidRequest) as refused:
        proposed(MemoryAccount(state, CHARGES), wish)

    assert (refused.value.code, refused.value.param) == ("parameter_invalid", param)


def test_a_closed_account_takes_no_documents() -> None:
    """What ended is not added to; what never was is not found."""
    store = MemoryAccount(AccountState.CLOSED)
    kind = REQUIRED[0]
    for account, error in ((ID, InvalidRequest), ("acct_3333333333333333", NotFound)):
        with pytest.raises(error):
            manage_accounts.record_document(
                account, by(store), kind=kind, file_name="a.pdf", sha256="0" * 64
            )
    with pytest.raises(NotFound):
        manage_accounts.read_account("acct_1' OR '1'='1", store)
