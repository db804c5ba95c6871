"""The public form of accounts, to administrators and to their own members and keys."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from shared.domain.account_access import AccountAccess
from shared.domain.account_changes import AccountRow, Document, OwnAccount, Proposal
from shared.domain.account_changes import missing as missing_documents
from shared.domain.account_states import AccountState
from shared.domain.approval import ApprovalRule
from shared.operations.objects import seconds_or_none, unix_seconds
from shared.operations.people_objects import audit_entry_object
from shared.operations.provision_account import ModeCredentials
from shared.operations.set_payout_approval import rule_object
from shared.operations.update_account import look_object


def account_object(account: AccountRow) -> dict[str, Any]:
    """Return an account as it stands in a list."""
    standing = account.standing
    return {
        "id": account.id,
        "object": "account",
        "name": account.name,
        "state": standing.state.value,
        "state_since": unix_seconds(standing.since),
        "charges_enabled": standing.switches.charges_enabled,
        "payouts_enabled": standing.switches.payouts_enabled,
        "refunds_below_zero_limit": account.refunds_below_zero_limit,
        "language": account.language,
        "country": account.country,
        "modes": _modes(account.modes),
        "created": unix_seconds(account.created_at),
    }


def account_details(account: AccountRow) -> dict[str, Any]:
    """Return an account with its documents, open proposal and newest decisions."""
    lacking: Iterable[str] = ()
    if account.standing.state is AccountState.ONBOARDING:
        lacking = missing_documents({document.kind for document in account.documents})
    return {
        **account_object(account),
        "missing": list(lacking),
        "documents": [_document(document) for document in account.documents],
        "proposal": None if account.proposal is None else _proposal(account.proposal),
        "decisions": [audit_entry_object(link, livemode=True) for link in account.decisions],
    }


def own_account_object(account: OwnAccount, approval: ApprovalRule) -> dict[str, Any]:
    """Return an account as its members and keys see it, with the mode's rule of approval."""
    return {
        "id": account.id,
        "object": "account",
        "name": account.name,
        "state": account.state.value,
        "charges_enabled": account.switches.charges_enabled,
        "payouts_enabled": account.switches.payouts_enabled,
        "payout_approval": rule_object(approval),
        "refunds_below_zero_limit": account.refunds_below_zero_limit,
        "language": account.language,
        **look_object(account.look),
        "country": account.country,
        "modes": _modes(account.modes),
        "missing": list(account.missing),
        "created": unix_seconds(account.created_at),
    }


def account_access_object(access: AccountAccess, *, now: datetime) -> dict[str, Any]:
    """Return an access as administrators see it."""
    return {
        "id": access.id,
        "object": "account_access",
        "account": access.tenant.account,
        "mode": "live" if access.tenant.livemode else "test",
        "status": access.status(now).value,
        "reason": access.reason,
        "opened_by": access.opened_by,
        "created": unix_seconds(access.created_at),
        "expires_at": unix_seconds(access.expires_at),
        "ended_by": access.ended_by,
        "ended_at": seconds_or_none(access.ended_at),
    }


def credentials_object(mode: ModeCredentials) -> dict[str, Any]:
    """Return what is shown of a new mode once; no other answer holds it."""
    return {
        "secret_key": mode.secret_key,
        "publishable_key": mode.publishable_key,
        "webhook_endpoint": mode.webhook_endpoint,
        "webhook_secret": mode.webhook_secret,
    }


def _modes(livemodes: Iterable[bool]) -> list[str]:
    return ["live" if livemode else "test" for livemode in livemodes]


def _document(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "object": "account_document",
        "kind": document.kind.value,
        "file_name": document.file_name,
        "sha256": document.sha256,
        "looked_by": document.looked_by,
        "looked_at": unix_seconds(document.looked_at),
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "object": "account_proposal",
        "action": proposal.action.value,
        "charges_enabled": proposal.switches.charges_enabled,
        "payouts_enabled": proposal.switches.payouts_enabled,
        "reason": proposal.reason,
        "proposed_by": proposal.proposed_by,
        "proposed_at": unix_seconds(proposal.proposed_at),
        "expires_at": unix_seconds(proposal.expires_at),
        "content_sha256": proposal.content_sha256,
    }
