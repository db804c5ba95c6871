"""Who may do what: one table from operation to scope; what has no row is refused.

A key holds scopes, and so does a person by her duty in the account, and an administrator while she
has an access to it. Beside them stand operations of people without an account, of the platform's
administrators, and of payers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.account import Caller
from shared.domain.api_key import KeyKind
from shared.domain.people import Duty, Person, Role


class Scope(StrEnum):
    """A right that a key, or a person by her duty, can hold."""

    CHARGES_READ = "charges:read"
    CHARGES_WRITE = "charges:write"
    REFUNDS_READ = "refunds:read"
    REFUNDS_WRITE = "refunds:write"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    PAYOUTS_READ = "payouts:read"
    PAYOUTS_WRITE = "payouts:write"
    PAYOUTS_APPROVE = "payouts:approve"
    HOLDERS_READ = "holders:read"
    EVENTS_READ = "events:read"
    BALANCE_READ = "balance:read"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    LOGS_READ = "logs:read"
    TEAM_READ = "team:read"
    TEAM_WRITE = "team:write"
    TEAM_LEAVE = "team:leave"
    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    TEST_DATA_DELETE = "test_data:delete"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"


OPEN: Final = frozenset(
    {
        "read_openapi",
        "read_errors",
        "read_reference",
        "read_reference_file",
        "receive_callback",
        "verify_receipt",
        "read_receipt",
        "open_checkout",
        "leave_checkout",
        "pay_checkout",
        "read_payment_qr",
        "create_customer_challenge",
        "create_customer_session",
    }
)
"""Operations that need no key: what they show is public, a capability lies in the path, or they are
how a payer gets a token."""

OF_CUSTOMER: Final = frozenset(
    {"end_customer_session", "list_customer_payments", "read_customer_payment"}
)
"""Operations of payers who proved a number; no key and no person reaches them, and they no other.
"""

BY_METHOD: Final = frozenset({"call_rpc", "call_rpc_batch"})
"""Doors to other operations: whoever may call any of them may knock, and each call has its own row.
"""

_ADMIN: Final = frozenset({Role.ADMIN})

OF_ROLE: Final[Mapping[str, frozenset[Role]]] = {
    "read_me": frozenset(Role),
    "accept_invitation": frozenset(Role),
    "create_account": _ADMIN,
    "list_accounts": _ADMIN,
    "read_account": _ADMIN,
    "record_account_document": _ADMIN,
    "suspend_account": _ADMIN,
    "set_refunds_below_zero": _ADMIN,
    "invite_first_owner": _ADMIN,
    "propose_account_change": _ADMIN,
    "approve_account_change": _ADMIN,
    "reject_account_change": _ADMIN,
    "open_access": _ADMIN,
    "list_accesses": _ADMIN,
    "read_access": _ADMIN,
    "end_access": _ADMIN,
    "list_platform_audit_entries": _ADMIN,
    "read_platform_audit_entry": _ADMIN,
    "export_platform_audit_entries": _ADMIN,
    "list_cases": _ADMIN,
    "read_case": _ADMIN,
    "close_case": _ADMIN,
    "check_case": _ADMIN,
    "propose_ending": _ADMIN,
    "approve_ending": _ADMIN,
    "reject_ending": _ADMIN,
    "list_dead_letters": _ADMIN,
    "read_dead_letter": _ADMIN,
    "replay_dead_letter": _ADMIN,
    "replay_dead_letters": _ADMIN,
    "discard_dead_letter": _ADMIN,
    "list_bookings": _ADMIN,
    "read_booking": _ADMIN,
    "propose_booking": _ADMIN,
    "approve_booking": _ADMIN,
    "reject_booking": _ADMIN,
    "upload_statement": _ADMIN,
    "list_statements": _ADMIN,
    "read_statement": _ADMIN,
    "list_floats": _ADMIN,
    "list_float_moves": _ADMIN,
    "read_float_move": _ADMIN,
    "propose_float_move": _ADMIN,
    "approve_float_move": _ADMIN,
    "reject_float_move": _ADMIN,
}
"""Operations of people outside any account, and the roles of which one is needed."""

SCOPE_OF: Final[Mapping[str, Scope]] = {
    "create_charge": Scope.CHARGES_WRITE,
    "cancel_charge": Scope.CHARGES_WRITE,
    "update_charge": Scope.CHARGES_WRITE,
    "list_charges": Scope.CHARGES_READ,
    "search_charges": Scope.CHARGES_READ,
    "read_charge": Scope.CHARGES_READ,
    "create_checkout": Scope.CHARGES_WRITE,
    "list_checkouts": Scope.CHARGES_READ,
    "read_checkout": Scope.CHARGES_READ,
    "expire_checkout": Scope.CHARGES_WRITE,
    "create_payment_link": Scope.CHARGES_WRITE,
    "list_payment_links": Scope.CHARGES_READ,
    "read_payment_link": Scope.CHARGES_READ,
    "update_payment_link": Scope.CHARGES_WRITE,
    "create_refund": Scope.REFUNDS_WRITE,
    "list_refunds": Scope.REFUNDS_READ,
    "read_refund": Scope.REFUNDS_READ,
    "update_refund": Scope.REFUNDS_WRITE,
    "create_customer": Scope.CUSTOMERS_WRITE,
    "list_customers": Scope.CUSTOMERS_READ,
    "read_customer": Scope.CUSTOMERS_READ,
    "update_customer": Scope.CUSTOMERS_WRITE,
    "delete_customer": Scope.CUSTOMERS_WRITE,
    "list_late_payments": Scope.CHARGES_READ,
    "read_late_payment": Scope.CHARGES_READ,
    "accept_late_payment": Scope.CHARGES_WRITE,
    "refund_late_payment": Scope.REFUNDS_WRITE,
    "list_reversals": Scope.BALANCE_READ,
    "read_reversal": Scope.BALANCE_READ,
    "create_payout": Scope.PAYOUTS_WRITE,
    "update_payout": Scope.PAYOUTS_WRITE,
    "cancel_payout": Scope.PAYOUTS_WRITE,
    "list_payouts": Scope.PAYOUTS_READ,
    "read_payout": Scope.PAYOUTS_READ,
    "approve_payout": Scope.PAYOUTS_APPROVE,
    "reject_payout": Scope.PAYOUTS_APPROVE,
    "lookup_holder": Scope.HOLDERS_READ,
    "approve_payout_batch": Scope.PAYOUTS_APPROVE,
    "reject_payout_batch": Scope.PAYOUTS_APPROVE,
    "create_payout_batch": Scope.PAYOUTS_WRITE,
    "cancel_payout_batch": Scope.PAYOUTS_WRITE,
    "list_payout_batches": Scope.PAYOUTS_READ,
    "read_payout_batch": Scope.PAYOUTS_READ,
    "list_payout_batch_payouts": Scope.PAYOUTS_READ,
    "read_payout_batch_results": Scope.PAYOUTS_READ,
    "list_topups": Scope.BALANCE_READ,
    "read_topup": Scope.BALANCE_READ,
    "list_events": Scope.EVENTS_READ,
    "read_event": Scope.EVENTS_READ,
    "stream_events": Scope.EVENTS_READ,
    "create_stream_ticket": Scope.EVENTS_READ,
    "read_balance": Scope.BALANCE_READ,
    "list_balance_transactions": Scope.BALANCE_READ,
    "read_balance_transaction": Scope.BALANCE_READ,
    "list_invoices": Scope.BALANCE_READ,
    "read_invoice": Scope.BALANCE_READ,
    "list_operators": Scope.CHARGES_READ,
    "list_api_keys": Scope.KEYS_READ,
    "read_api_key": Scope.KEYS_READ,
    "create_api_key": Scope.KEYS_WRITE,
    "rotate_api_key": Scope.KEYS_WRITE,
    "revoke_api_key": Scope.KEYS_WRITE,
    "list_webhook_endpoints": Scope.WEBHOOKS_READ,
    "read_webhook_endpoint": Scope.WEBHOOKS_READ,
    "create_webhook_endpoint": Scope.WEBHOOKS_WRITE,
    "update_webhook_endpoint": Scope.WEBHOOKS_WRITE,
    "delete_webhook_endpoint": Scope.WEBHOOKS_WRITE,
    "rotate_webhook_secret": Scope.WEBHOOKS_WRITE,
    "resend_webhooks": Scope.WEBHOOKS_WRITE,
    "test_webhook_endpoint": Scope.WEBHOOKS_WRITE,
    "list_webhook_deliveries": Scope.WEBHOOKS_READ,
    "read_webhook_delivery": Scope.WEBHOOKS_READ,
    "list_receipts": Scope.BALANCE_READ,
    "read_issued_receipt": Scope.BALANCE_READ,
    "create_file": Scope.FILES_WRITE,
    "list_files": Scope.FILES_READ,
    "read_file": Scope.FILES_READ,
    "read_file_contents": Scope.FILES_READ,
    "create_report": Scope.REPORTS_WRITE,
    "list_reports": Scope.REPORTS_READ,
    "read_report": Scope.REPORTS_READ,
    "cancel_report": Scope.REPORTS_WRITE,
    "list_request_logs": Scope.LOGS_READ,
    "read_request_log": Scope.LOGS_READ,
    "list_audit_entries": Scope.AUDIT_READ,
    "read_audit_entry": Scope.AUDIT_READ,
    "export_audit_entries": Scope.AUDIT_READ,
    "list_team": Scope.TEAM_READ,
    "change_duty": Scope.TEAM_WRITE,
    # Anybody may go; whether she may send others away is the team's own rule.
    "remove_member": Scope.TEAM_LEAVE,
    "invite_person": Scope.TEAM_WRITE,
    "list_invitations": Scope.TEAM_READ,
    "revoke_invitation": Scope.TEAM_WRITE,
    "read_own_account": Scope.ACCOUNT_READ,
    "update_own_account": Scope.ACCOUNT_WRITE,
    "read_terms": Scope.ACCOUNT_READ,
    # As going is, what she is told is every member's own.
    "read_notification_choices": Scope.TEAM_LEAVE,
    "choose_notifications": Scope.TEAM_LEAVE,
    "read_settlement": Scope.ACCOUNT_READ,
    "set_settlement": Scope.ACCOUNT_WRITE,
    "end_settlement": Scope.ACCOUNT_WRITE,
    "set_payout_approval": Scope.ACCOUNT_WRITE,
    "delete_test_data": Scope.TEST_DATA_DELETE,
    "read_test_clock": Scope.ACCOUNT_READ,
    # Whoever can pay in play can let time pass in play.
    "advance_test_clock": Scope.CHARGES_WRITE,
}

EVERYTHING: Final = "*"
"""Stands for all that a key's kind may hold."""

BY_NAME: Final = frozenset({Scope.KEYS_WRITE, Scope.PAYOUTS_WRITE, Scope.HOLDERS_READ})
"""What `*` holds for secret keys of the test mode only; any other must have it by name."""

PEOPLE_ONLY: Final = frozenset(
    {
        Scope.TEAM_READ,
        Scope.TEAM_WRITE,
        Scope.TEAM_LEAVE,
        Scope.PAYOUTS_APPROVE,
        Scope.ACCOUNT_WRITE,
        Scope.TEST_DATA_DELETE,
    }
)
"""What no key can hold, and nobody by `*`: a person has it by name, through her duty."""

OF_KEYS: Final = frozenset(Scope) - PEOPLE_ONLY

PERSON: Final = "person"
"""The kind of a caller who is no key."""

OF_KIND: Final[Mapping[str, frozenset[Scope]]] = {
    KeyKind.SECRET.value: OF_KEYS,
    KeyKind.RESTRICTED.value: OF_KEYS,
    KeyKind.PUBLISHABLE.value: frozenset(),
    PERSON: frozenset(Scope),
}

_IN_TEAM: Final = frozenset({Scope.TEAM_READ, Scope.TEAM_LEAVE})
_LOOKS: Final = _IN_TEAM | {
    Scope.CHARGES_READ,
    Scope.REFUNDS_READ,
    Scope.CUSTOMERS_READ,
    Scope.PAYOUTS_READ,
    Scope.EVENTS_READ,
    Scope.BALANCE_READ,
    Scope.ACCOUNT_READ,
    Scope.WEBHOOKS_READ,
    Scope.REPORTS_READ,
}
_ALL: Final = _IN_TEAM | {EVERYTHING, *BY_NAME}
_OWNS: Final = _ALL | PEOPLE_ONLY
_DEVELOPS: Final = _LOOKS | {
    Scope.KEYS_READ,
    Scope.KEYS_WRITE,
    Scope.WEBHOOKS_WRITE,
    Scope.REPORTS_WRITE,
    Scope.LOGS_READ,
}
_APPROVES: Final = _LOOKS | {
    Scope.PAYOUTS_APPROVE,
    Scope.HOLDERS_READ,
    Scope.FILES_READ,
    Scope.FILES_WRITE,
    Scope.REPORTS_WRITE,
}

OF_DUTY: Final[Mapping[Duty, Mapping[bool, frozenset[str]]]] = {
    Duty.OWNER: {False: _OWNS, True: _OWNS},
    Duty.DEVELOPER: {False: _ALL, True: _DEVELOPS},
    Duty.FINANCE: {False: _APPROVES, True: _APPROVES},
    Duty.VIEWER: {False: _LOOKS, True: _LOOKS},
}
"""The scopes of a duty, in the test mode (False) and in the live mode (True)."""

OF_ACCESS: Final[frozenset[str]] = frozenset(
    {
        Scope.CHARGES_READ,
        Scope.REFUNDS_READ,
        Scope.CUSTOMERS_READ,
        Scope.PAYOUTS_READ,
        Scope.EVENTS_READ,
        Scope.BALANCE_READ,
        Scope.KEYS_READ,
        Scope.WEBHOOKS_READ,
        Scope.REPORTS_READ,
        Scope.AUDIT_READ,
        Scope.LOGS_READ,
        Scope.TEAM_READ,
        Scope.ACCOUNT_READ,
        Scope.FILES_READ,
    }
)
"""The scopes of an administrator's access, in either mode: what support must see, and no write."""

STEP_UP: Final[Mapping[str, frozenset[bool]]] = {
    "create_refund": frozenset({True}),
    "refund_late_payment": frozenset({True}),
    "create_payout": frozenset({True}),
    "cancel_payout": frozenset({True}),
    "approve_payout": frozenset({False, True}),
    "reject_payout": frozenset({False, True}),
    "approve_payout_batch": frozenset({False, True}),
    "reject_payout_batch": frozenset({False, True}),
    "set_settlement": frozenset({False, True}),
    "end_settlement": frozenset({False, True}),
    "set_payout_approval": frozenset({False, True}),
    # What third parties are shown under the merchant's name; play receipts say that they are.
    "update_own_account": frozenset({True}),
    "create_payout_batch": frozenset({True}),
    "cancel_payout_batch": frozenset({True}),
    "create_api_key": frozenset({True}),
    "rotate_api_key": frozenset({True}),
    # Where a merchant is told of its money, and by whom it believes it was told.
    "create_webhook_endpoint": frozenset({True}),
    "update_webhook_endpoint": frozenset({True}),
    "delete_webhook_endpoint": frozenset({True}),
    "rotate_webhook_secret": frozenset({True}),
    # The team is the account's, whichever mode its owner is at work in.
    "invite_person": frozenset({False, True}),
    "change_duty": frozenset({False, True}),
    "remove_member": frozenset({False, True}),
    "delete_test_data": frozenset({False, True}),
}
"""Operations before which a person proves again who she is, and the modes where."""

STEP_UP_OUTSIDE: Final = frozenset(
    {
        "create_account",
        "record_account_document",
        "suspend_account",
        "set_refunds_below_zero",
        "invite_first_owner",
        "propose_account_change",
        "approve_account_change",
        "reject_account_change",
        "open_access",
        "end_access",
        "close_case",
        "check_case",
        "propose_ending",
        "approve_ending",
        "reject_ending",
        "replay_dead_letter",
        "replay_dead_letters",
        "discard_dead_letter",
        "propose_booking",
        "approve_booking",
        "reject_booking",
        "upload_statement",
        "propose_float_move",
        "approve_float_move",
        "reject_float_move",
    }
)
"""The same outside accounts: whatever an administrator changes."""

STEP_UP_LASTS: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do at most; `scopes` are a scope's words, or `*`."""

    kind: str
    livemode: bool
    scopes: Collection[str]

    def holds(self, scope: Scope) -> bool:
        """Tell whether a scope is among them."""
        if scope not in OF_KIND.get(self.kind, frozenset()):
            return False
        if scope.value in self.scopes:
            return True
        is_named_only = scope in BY_NAME and (self.livemode or self.kind != KeyKind.SECRET.value)
        return EVERYTHING in self.scopes and not is_named_only and scope not in PEOPLE_ONLY

    def includes(self, other: "Rights") -> bool:
        """Tell whether another key can do nothing that this one cannot, today and later.

        `*` grows with each scope that is invented, so only `*` includes it.
        """
        opens_nothing = not OF_KIND.get(other.kind, frozenset())
        if EVERYTHING in other.scopes and EVERYTHING not in self.scopes and not opens_nothing:
            return False
        return all(self.holds(scope) for scope in Scope if other.holds(scope))


def rights(caller: Caller) -> Rights:
    """Return what a caller may do."""
    return Rights(caller.kind, caller.tenant.livemode, caller.scopes)


def may(caller: Caller, operation: str) -> bool:
    """Tell whether a caller may call an operation; an operation without a row never."""
    scope, held = SCOPE_OF.get(operation), rights(caller)
    if operation in BY_METHOD:
        return any(held.holds(each) for each in Scope)
    return scope is not None and held.holds(scope)


def takes_away(old: Duty, new: Duty) -> bool:
    """Tell whether whoever had a duty can do less with another one."""
    held, left = (
        [Rights(PERSON, livemode, OF_DUTY[duty][livemode]) for livemode in (False, True)]
        for duty in (old, new)
    )
    return not all(after.includes(before) for before, after in zip(held, left, strict=True))


def may_outside(person: Person, operation: str) -> bool:
    """Tell whether a person may call an operation that is of no account."""
    return not person.roles.isdisjoint(OF_ROLE.get(operation, frozenset()))


def must_step_up(caller: Caller, operation: str, *, now: datetime) -> bool:
    """Tell whether a person must sign in again first. A key has nothing to prove again."""
    if caller.kind != PERSON or caller.tenant.livemode not in STEP_UP.get(operation, frozenset()):
        return False
    return _is_stale(caller.signed_in_at, now)


def must_step_up_outside(person: Person, operation: str, *, now: datetime) -> bool:
    """Tell whether a person must sign in again first, for an operation that is of no account."""
    return operation in STEP_UP_OUTSIDE and _is_stale(person.signed_in_at, now)


def _is_stale(signed_in_at: datetime | None, now: datetime) -> bool:
    return signed_in_at is None or now - signed_in_at > STEP_UP_LASTS
