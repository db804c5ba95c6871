"""The operations of administrators on accounts, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.domain.account_changes import AccountRow
from shared.domain.errors import InvalidRequest, NotPermitted
from shared.operations import manage_accounts
from shared.operations.account_objects import (
    account_details,
    account_object,
    credentials_object,
)
from shared.operations.account_orders import (
    CreateAccount,
    LookedAt,
    PageOfAccounts,
    read_lent,
    read_reason,
    read_seen,
    read_wish,
)
from shared.operations.invite_first_owner import InviteFirstOwner
from shared.operations.invite_first_owner import invite_first_owner as invite
from shared.operations.objects import list_object, unix_seconds
from shared.operations.people_objects import invitation_object
from shared.operations.set_payout_approval import read_rule, rule_object
from shared.operations.set_payout_approval import set_payout_approval as set_approval
from shared.operations.update_account import UpdateAccount, update_account
from shared.runtime import accounts, notice_secrets, wiring
from shared.runtime.doors import own_account
from shared.runtime.http import Answer, Call, Handler
from shared.runtime.idempotency import HEADER, read_key
from shared.runtime.invitations import link_of

_NOT_KEPT: Final = {"Cache-Control": "no-store"}


def create(call: Call) -> Answer:
    """POST /v1/accounts. The secrets are in this answer alone; the same key makes no second."""
    key = read_key(call.idempotency_key)
    if key is None:
        raise InvalidRequest("idempotency_key_missing", HEADER)
    made = accounts.create(CreateAccount.parse(call.body()), call, key=key)
    account = manage_accounts.read_account(made.id, accounts.store())
    shown = {
        "credentials": credentials_object(made.modes[0]) if made.modes else None,
    }
    replayed = {} if made.modes else {"Idempotent-Replayed": "true"}
    return Answer(body={**account_details(account), **shown}, headers=_NOT_KEPT | replayed)


def show_page(call: Call) -> Answer:
    """GET /v1/accounts."""
    page = PageOfAccounts.parse(call.query())
    found = accounts.store().page(limit=page.limit + 1, after=page.after, state=page.state)
    data = [account_object(account) for account in found[: page.limit]]
    return Answer(body=list_object("/v1/accounts", data, has_more=len(found) > page.limit))


def read(call: Call) -> Answer:
    """GET /v1/accounts/{id}."""
    call.refuse_query()
    return _answer(manage_accounts.read_account(_id(call), accounts.store()))


def record_document(call: Call) -> Answer:
    """POST /v1/accounts/{id}/documents."""
    looked = LookedAt.parse(call.body())
    return _answer(
        manage_accounts.record_document(
            _id(call),
            accounts.by(call),
            kind=looked.kind,
            file_name=looked.file_name,
            sha256=looked.sha256,
        )
    )


def suspend(call: Call) -> Answer:
    """POST /v1/accounts/{id}/suspend."""
    reason = read_reason(call.body())
    return _answer(manage_accounts.suspend_account(_id(call), accounts.by(call), reason=reason))


def set_refunds_below_zero(call: Call) -> Answer:
    """POST /v1/accounts/{id}/refunds_below_zero; again it is harmless."""
    limit, reason = read_lent(call.body())
    return _answer(
        manage_accounts.set_refunds_below_zero(
            _id(call), accounts.by(call), limit=limit, reason=reason
        )
    )


def propose(call: Call) -> Answer:
    """POST /v1/accounts/{id}/proposals."""
    wish = read_wish(call.body())
    return _answer(manage_accounts.propose_change(_id(call), accounts.by(call), wish))


def approve(call: Call) -> Answer:
    """POST /v1/accounts/{id}/proposals/{proposal}/approve."""
    seen = read_seen(call.body())
    proposal = call.path_params["proposal"]
    return _answer(
        manage_accounts.approve_change(_id(call), proposal, accounts.by(call), seen_sha256=seen)
    )


def reject(call: Call) -> Answer:
    """POST /v1/accounts/{id}/proposals/{proposal}/reject."""
    reason = read_reason(call.body())
    proposal = call.path_params["proposal"]
    return _answer(
        manage_accounts.reject_change(_id(call), proposal, accounts.by(call), reason=reason)
    )


def invite_first_owner(call: Call) -> Answer:
    """POST /v1/accounts/{id}/owner; the same call again is refused, for the first one stands."""
    invitation = invite(
        _id(call),
        InviteFirstOwner.parse(call.body()),
        accounts.first_owners(),
        accounts.origin(call),
        link_of=link_of,
        seal=notice_secrets.seal,
    )
    return Answer(body=invitation_object(invitation))


def set_payout_approval(call: Call) -> Answer:
    """POST /v1/account/payout_approval; again it is harmless."""
    read_key(call.idempotency_key)
    rule, caller = read_rule(call.body()), call.authenticated()
    found = set_approval(rule, caller, wiring.origin(call), rules=accounts.approval_rules())
    shown = {
        "object": "payout_approval_rule",
        **rule_object(found.rule),
        "valid_from": unix_seconds(found.valid_from),
        "livemode": caller.tenant.livemode,
    }
    return Answer(body=shown)


def update_own(call: Call) -> Answer:
    """POST /v1/account; again it is harmless."""
    read_key(call.idempotency_key)
    command, caller = UpdateAccount.parse(call.body()), call.authenticated()
    update_account(command, caller, wiring.origin(call), store=accounts.account_settings())
    return own_account.show(caller.tenant)


def delete_test_data(call: Call) -> Answer:
    """POST /v1/account/delete_test_data; again it finds nothing and is harmless."""
    call.refuse_fields()
    read_key(call.idempotency_key)
    caller = call.authenticated()
    if caller.suspended:
        raise NotPermitted("account_suspended")
    if caller.tenant.livemode:
        raise InvalidRequest("test_mode_only", "Pay-Mode")
    gone = accounts.delete_test_data(call)
    return Answer(body={"object": "test_data", "deleted": True, "charges": gone})


def _id(call: Call) -> str:
    return call.path_params["id"]


def _answer(account: AccountRow) -> Answer:
    return Answer(body=account_details(account), headers=_NOT_KEPT)


HANDLERS: Final[Mapping[str, Handler]] = {
    "create_account": create,
    "list_accounts": show_page,
    "read_account": read,
    "record_account_document": record_document,
    "suspend_account": suspend,
    "set_refunds_below_zero": set_refunds_below_zero,
    "propose_account_change": propose,
    "approve_account_change": approve,
    "reject_account_change": reject,
    "invite_first_owner": invite_first_owner,
    "update_own_account": update_own,
    "set_payout_approval": set_payout_approval,
    "delete_test_data": delete_test_data,
}
