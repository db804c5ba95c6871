"""What the platform's administrators do with accounts: look, stop, lend, the rest by two of them.

Each change happens in one transaction that holds the account, so that of two at once the second
sees what the first has done.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from shared.domain.account_changes import (
    PROPOSAL_LASTS,
    AccountRow,
    Document,
    DocumentKind,
    Outcome,
    Proposal,
    content_sha256,
    missing,
)
from shared.domain.account_states import SEEN_EVERYWHERE, AccountState, Action, Standing, Switches
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.ids import is_id, new_id
from shared.domain.notification import Kind, Notification
from shared.operations.provision_account import ModeRecord, live_mode


class AccountChange(Protocol):
    """An account held for one transaction; what is written commits when the context ends."""

    @property
    def account(self) -> AccountRow:
        """The account as it was when it was taken hold of, with its documents and proposal."""

    def add_document(self, document: Document) -> None:
        """Keep that a document was looked at."""

    def add_proposal(self, proposal: Proposal) -> None:
        """Keep a proposal, the only open one."""

    def decide(self, proposal: Proposal, outcome: Outcome, *, by: str, at: datetime) -> None:
        """End a proposal."""

    def move(self, standing: Standing) -> None:
        """Set how it stands, by compare-and-set on its state. Raises LostRace."""

    def lend(self, limit: int) -> None:
        """Let its refunds go so far below zero from here on, in whole XAF."""

    def open_live_mode(self, mode: ModeRecord, at: datetime) -> None:
        """Make the schema of the live mode where there is none yet."""

    def unsettled(self) -> Sequence[str]:
        """Return what forbids closing; writers wait.

        `balance`, `charge`, `refund`, `due_work`, `case`.
        """

    def end_access(self, at: datetime) -> None:
        """Revoke all keys and invitations, and end all members."""

    def tell(self, notice: Notification) -> None:
        """Have the account's people told by mail."""

    def record(self, entry: AuditEntry) -> None:
        """Add to the platform's audit chain, last of all: the chain is held until the commit."""


class AccountsStore(Protocol):
    """The accounts of the platform."""

    def find(self, account_id: str) -> AccountRow | None:
        """Return an account with documents, open proposal and its newest 100 decisions."""

    def page(
        self, *, limit: int, after: str | None, state: AccountState | None
    ) -> Sequence[AccountRow]:
        """Return up to so many accounts, newest first, without what hangs on them."""

    def change(self, account_id: str) -> AbstractContextManager[AccountChange]:
        """Take hold of an account. Raises NotFound where there is none."""


@dataclass(frozen=True, slots=True)
class By:
    """Who asks, when and from where, and of which store."""

    origin: Origin
    store: AccountsStore

    @property
    def id(self) -> str:
        """The administrator."""
        return self.origin.actor.id

    @property
    def now(self) -> datetime:
        """When it is."""
        return self.origin.at


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be proposed. A switch is None where nothing is said of it."""

    action: Action
    reason: str
    charges_enabled: bool | None = None
    payouts_enabled: bool | None = None


_PAST: Final = {
    Action.ACTIVATE: "account.activated",
    Action.RESTRICT: "account.restricted",
    Action.UNRESTRICT: "account.unrestricted",
    Action.SUSPEND: "account.suspended",
    Action.RESUME: "account.resumed",
    Action.CLOSE: "account.closed",
}
_TOLD: Final = {
    Action.ACTIVATE: Kind.ACCOUNT_ACTIVATED,
    Action.RESTRICT: Kind.ACCOUNT_RESTRICTED,
    Action.UNRESTRICT: Kind.ACCOUNT_UNRESTRICTED,
    Action.SUSPEND: Kind.ACCOUNT_SUSPENDED,
    Action.RESUME: Kind.ACCOUNT_RESUMED,
    Action.CLOSE: Kind.ACCOUNT_CLOSED,
}


def read_account(account_id: str, store: AccountsStore) -> AccountRow:
    """Return an account. Raises NotFound."""
    account = store.find(account_id) if is_id(account_id, "acct") else None
    if account is None:
        raise NotFound("resource_missing", "id")
    return account


def record_document(
    account_id: str, by: By, *, kind: DocumentKind, file_name: str, sha256: str
) -> AccountRow:
    """Keep that a document was looked at; an open proposal is bound to what was there before.

    Raises NotFound, and InvalidRequest `account_state_refuses` for a closed account.
    """
    who = by.id
    document = Document(_id("adoc", by.now), kind, file_name, sha256, who, by.now)
    with by.store.change(account_id) as change:
        if change.account.standing.state is AccountState.CLOSED:
            raise InvalidRequest("account_state_refuses", state=AccountState.CLOSED.value)
        change.add_document(document)
        after = {"kind": kind.value, "file_name": file_name, "sha256": sha256}
        _record(change, by, "account.document_recorded", after=after)
    return read_account(account_id, by.store)


def suspend_account(account_id: str, by: By, *, reason: str) -> AccountRow:
    """Stop an account at once: the brake that one administrator may pull alone.

    Raises NotFound, and InvalidRequest `account_state_refuses`.
    """
    with by.store.change(account_id) as change:
        _move(change, Action.SUSPEND, change.account.standing.switches, by, reason=reason)
    return read_account(account_id, by.store)


def set_refunds_below_zero(account_id: str, by: By, *, limit: int, reason: str) -> AccountRow:
    """Let an account's refunds take its `available` down to -`limit`, in whole XAF; 0 forbids it.

    It is money that the platform lends. What is owed already stays as it is. Raises NotFound, and
    InvalidRequest `account_state_refuses` for a closed account.
    """
    with by.store.change(account_id) as change:
        account = change.account
        if account.standing.state is AccountState.CLOSED:
            raise InvalidRequest("account_state_refuses", state=AccountState.CLOSED.value)
        change.lend(limit)
        change.tell(
            Notification.of(
                Kind.REFUNDS_BELOW_ZERO_SET,
                account.id,
                {"amount": str(limit)},
                livemode=True in account.modes,
                now=by.now,
            )
        )
        _record(
            change,
            by,
            "account.refunds_below_zero_set",
            before={"limit": account.refunds_below_zero_limit},
            after={"limit": limit},
            reason=reason,
        )
    return read_account(account_id, by.store)


def propose_change(account_id: str, by: By, wish: Wish) -> AccountRow:
    """Ask another administrator for a change, bound to the account as it stands.

    Raises NotFound, and InvalidRequest: `proposal_open`, `account_state_refuses`,
    `documents_missing`, `parameter_invalid` for switches that are not the action's.
    """
    with by.store.change(account_id) as change:
        account = change.account
        earlier = account.proposal
        if earlier is not None:
            if by.now <= earlier.expires_at:
                raise InvalidRequest("proposal_open", "action")
            change.decide(earlier, Outcome.EXPIRED, by=by.id, at=by.now)
        proposal = Proposal(
            _id("apr", by.now),
            wish.action,
            _switches(account.standing, wish),
            wish.reason,
            by.id,
            by.now,
            by.now + PROPOSAL_LASTS,
        )
        _after(account, proposal.action, proposal.switches, by.now)
        proposal = replace(proposal, content_sha256=content_sha256(account, proposal))
        change.add_proposal(proposal)
        after = _facts(proposal)
        _record(change, by, "account.change_proposed", after=after, reason=wish.reason)
    return read_account(account_id, by.store)


def approve_change(account_id: str, proposal_id: str, by: By, *, seen_sha256: str) -> AccountRow:
    """Do what another administrator proposed, if all is as it was then.

    Raises NotFound; NotPermitted `second_person_required`; InvalidRequest: `proposal_not_open`,
    `proposal_changed` (then the proposal is void), what `propose_change` does, and for closing
    `account_not_settled` and `account_suspended_lately`.
    """
    is_void = False
    with by.store.change(account_id) as change:
        proposal = _open_proposal(change, proposal_id, by)
        if proposal.proposed_by == by.id:
            raise NotPermitted("second_person_required")
        now_sha256 = content_sha256(change.account, proposal)
        if now_sha256 != proposal.content_sha256:
            is_void = True
            _end(change, proposal, Outcome.VOIDED, by, reason="changed since it was proposed")
        elif seen_sha256 != proposal.content_sha256:
            raise InvalidRequest("proposal_changed", "content_sha256")
        else:
            _carry_out(change, proposal, by)
    if is_void:
        raise InvalidRequest("proposal_changed", "content_sha256")
    return read_account(account_id, by.store)


def reject_change(account_id: str, proposal_id: str, by: By, *, reason: str) -> AccountRow:
    """End a proposal, one's own too. Raises NotFound and InvalidRequest `proposal_not_open`."""
    with by.store.change(account_id) as change:
        proposal = _open_proposal(change, proposal_id, by)
        _end(change, proposal, Outcome.REJECTED, by, reason=reason)
    return read_account(account_id, by.store)


def _carry_out(change: AccountChange, proposal: Proposal, by: By) -> None:
    change.decide(proposal, Outcome.APPROVED, by=by.id, at=by.now)
    if proposal.action is Action.ACTIVATE:
        account = change.account
        change.open_live_mode(live_mode(account.id, account.name, by.origin), by.now)
    if proposal.action is Action.CLOSE:
        _refuse_unsettled(change, by.now)
        change.end_access(by.now)
    _move(change, proposal.action, proposal.switches, by, reason=proposal.reason, proposal=proposal)


def _refuse_unsettled(change: AccountChange, now: datetime) -> None:
    since = change.account.standing.since
    if now - since < SEEN_EVERYWHERE:
        left = SEEN_EVERYWHERE - (now - since)
        raise InvalidRequest("account_suspended_lately", seconds=int(left.total_seconds()) + 1)
    found = change.unsettled()
    if found:
        raise InvalidRequest("account_not_settled", what=", ".join(found))


def _move(
    change: AccountChange,
    action: Action,
    switches: Switches,
    by: By,
    *,
    reason: str,
    proposal: Proposal | None = None,
) -> None:
    before = change.account.standing
    after = _after(change.account, action, switches, by.now)
    change.move(after)
    change.tell(_notice(change.account, action, switches, by.now))
    more = {} if proposal is None else _facts(proposal)
    _record(
        change,
        by,
        _PAST[action],
        before=_words(before),
        after={**_words(after), **more},
        reason=reason,
    )


def _notice(account: AccountRow, action: Action, switches: Switches, now: datetime) -> Notification:
    """What the account's people hear; the reason is not told, it is for administrators."""
    kind, data = _TOLD[action], {}
    if kind is Kind.ACCOUNT_RESTRICTED:
        stopped = (("charges", switches.charges_enabled), ("payouts", switches.payouts_enabled))
        data["stopped"] = " ".join(word for word, is_on in stopped if not is_on)
    is_live = True in account.modes or action is Action.ACTIVATE
    return Notification.of(kind, account.id, data, livemode=is_live, now=now)


def _end(
    change: AccountChange, proposal: Proposal, outcome: Outcome, by: By, *, reason: str
) -> None:
    change.decide(proposal, outcome, by=by.id, at=by.now)
    action = f"account.proposal_{outcome.value}"
    _record(change, by, action, before=_facts(proposal), reason=reason)


def _record(
    change: AccountChange,
    by: By,
    action: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """The one place where what administrators do with accounts is recorded."""
    origin = replace(by.origin, reason=reason)
    change.record(origin.entry(action, "account", change.account.id, before=before, after=after))


def _open_proposal(change: AccountChange, proposal_id: str, by: By) -> Proposal:
    proposal = change.account.proposal
    if proposal is None or proposal.id != proposal_id or by.now > proposal.expires_at:
        raise InvalidRequest("proposal_not_open", "proposal")
    return proposal


def _after(account: AccountRow, action: Action, switches: Switches, now: datetime) -> Standing:
    """Return how the account will stand. Raises InvalidRequest where it may not."""
    after = account.standing.after(action, switches, now)
    if after is None:
        raise InvalidRequest("account_state_refuses", state=account.standing.state.value)
    lacking = missing({document.kind for document in account.documents})
    if action is Action.ACTIVATE and lacking:
        raise InvalidRequest("documents_missing", what=", ".join(lacking))
    return after


def _switches(standing: Standing, wish: Wish) -> Switches:
    """Return the switches that a wish leads to. Raises InvalidRequest `parameter_invalid`."""
    before = standing.switches
    match wish.action:
        case Action.ACTIVATE | Action.UNRESTRICT:
            if wish.charges_enabled is False:
                raise InvalidRequest("parameter_invalid", "charges_enabled")
            return Switches(charges_enabled=True, payouts_enabled=wish.payouts_enabled or False)
        case Action.RESTRICT:
            after = Switches(
                charges_enabled=_narrowed(
                    before=before.charges_enabled, asked=wish.charges_enabled
                ),
                payouts_enabled=_narrowed(
                    before=before.payouts_enabled, asked=wish.payouts_enabled
                ),
            )
            if after == before:
                raise InvalidRequest("parameter_invalid", "charges_enabled")
            return after
        case Action.SUSPEND:
            raise InvalidRequest("parameter_invalid", "action")
        case Action.RESUME | Action.CLOSE:
            for name in ("charges_enabled", "payouts_enabled"):
                if getattr(wish, name) is not None:
                    raise InvalidRequest("parameter_invalid", name)
            return before


def _narrowed(*, before: bool, asked: bool | None) -> bool:
    return before and asked is not False


def _words(standing: Standing) -> dict[str, Any]:
    return {
        "state": standing.state.value,
        "charges_enabled": standing.switches.charges_enabled,
        "payouts_enabled": standing.switches.payouts_enabled,
    }


def _facts(proposal: Proposal) -> dict[str, Any]:
    return {
        "proposal": proposal.id,
        "action": proposal.action.value,
        "proposed_by": proposal.proposed_by,
        "content_sha256": proposal.content_sha256,
    }


def _id(prefix: str, now: datetime) -> str:
    return new_id(prefix, int(now.timestamp() * 1000))
