"""Every operation has its line, and what has none is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.contracts.operations import OPERATIONS
from shared.domain.account import Caller, Tenant
from shared.domain.people import Duty, Member, Person, Role
from shared.domain.permissions import (
    BY_METHOD,
    OF_ACCESS,
    OF_CUSTOMER,
    OF_DUTY,
    OF_ROLE,
    OPEN,
    PEOPLE_ONLY,
    SCOPE_OF,
    STEP_UP,
    STEP_UP_OUTSIDE,
    Rights,
    Scope,
    may,
    may_outside,
    must_step_up,
    must_step_up_outside,
)
from tests.fakes import START

SECRET = Caller(
    tenant=Tenant("acct_2222222222222222", livemode=False),
    key_id="0123456789",
    kind="sk",
    scopes=frozenset({"*"}),
    language="fr",
    charges_enabled=True,
    suspended=False,
)


def test_every_operation_has_exactly_one_row() -> None:
    """An operation without a row fails here before it fails a merchant."""
    rows = [*OPEN, *SCOPE_OF, *OF_ROLE, *OF_CUSTOMER, *BY_METHOD]

    assert {operation.operation_id for operation in OPERATIONS} == set(rows)
    assert len(rows) == len(set(rows))


def test_the_table_and_the_contract_agree_on_who_is_asked() -> None:
    """Keys and members, people, payers, nobody: each operation is in the table of its class."""
    assert set(OF_ROLE) >= STEP_UP_OUTSIDE
    of_class = {"merchant": set(SCOPE_OF), "person": set(OF_ROLE), "customer": set(OF_CUSTOMER)}
    of_class["method"] = set(BY_METHOD)
    for operation in OPERATIONS:
        assert operation.operation_id in of_class.get(operation.auth, OPEN)


def test_what_has_no_row_is_refused() -> None:
    """Deny is the default."""
    assert not may(SECRET, "read_secrets")


def test_a_publishable_key_moves_and_reads_nothing() -> None:
    """A key that lies in web pages opens no operation of ours."""
    assert not any(
        may(replace(SECRET, kind="pk"), operation) for operation in (*SCOPE_OF, *BY_METHOD)
    )


def test_whoever_may_call_anything_may_knock_at_the_door_of_methods() -> None:
    """With one scope, and with none not; what she may then call is each method's own row."""
    for operation in BY_METHOD:
        assert may(replace(SECRET, kind="rk", scopes=frozenset({"charges:read"})), operation)
        assert not may(replace(SECRET, kind="rk", scopes=frozenset()), operation)
        assert not may(replace(SECRET, kind="rk", scopes=frozenset({"no:scope"})), operation)


@pytest.mark.parametrize(
    ("kind", "livemode", "scopes", "expected"),
    [
        ("sk", False, {"*"}, True),
        ("sk", True, {"*"}, False),
        ("sk", True, {"*", "keys:write"}, True),
        ("rk", False, {"*"}, False),
        ("rk", False, {"keys:write"}, True),
        ("rk", True, {"keys:write"}, True),
        ("pk", False, {"*", "keys:write"}, False),
        ("xk", False, {"*", "keys:write"}, False),
    ],
)
def test_keys_are_written_by_those_who_have_it_by_name(
    kind: str, *, livemode: bool, scopes: set[str], expected: bool
) -> None:
    """`*` alone makes keys with a secret key of the test mode only."""
    held = Rights(kind, livemode, scopes)

    assert held.holds(Scope.KEYS_WRITE) is expected
    assert held.holds(Scope.KEYS_READ) is ("*" in scopes and kind in {"sk", "rk"})


@pytest.mark.parametrize("scope", sorted(PEOPLE_ONLY))
@pytest.mark.parametrize("livemode", [False, True])
def test_what_is_the_peoples_no_key_can_hold(scope: Scope, *, livemode: bool) -> None:
    """Neither `*` nor the scope by name, in whatever row it stands, lets a key into the team."""
    for kind in ("sk", "rk", "pk", "xk"):
        assert not Rights(kind, livemode, {"*", scope.value}).holds(scope)
    assert not Rights("person", livemode, {"*"}).holds(scope)
    assert Rights("person", livemode, {scope.value}).holds(scope)


def test_everything_is_included_in_everything_alone() -> None:
    """A key with each of today's scopes does not include `*`, which grows with time."""
    named = Rights("sk", livemode=False, scopes={scope.value for scope in Scope})
    everything = Rights("sk", livemode=False, scopes={"*"})

    assert everything.includes(named)
    assert not named.includes(everything)
    assert named.includes(Rights("pk", livemode=False, scopes={"*"}))


def test_a_restricted_key_does_what_its_scopes_say() -> None:
    """One scope opens its operations and no other."""
    key = replace(SECRET, kind="rk", scopes=frozenset({"charges:read"}))

    assert {operation for operation in SCOPE_OF if may(key, operation)} == {
        "search_charges",
        "list_charges", "read_charge", "list_late_payments", "read_late_payment", "list_operators",
        "list_checkouts", "read_checkout", "list_payment_links", "read_payment_link",
    }  # fmt: skip


def member(duty: Duty, *, livemode: bool, signed_in_ago: timedelta | None = None) -> Caller:
    """A person at work in an account."""
    return replace(
        SECRET,
        tenant=Tenant("acct_2222222222222222", livemode=livemode),
        key_id="",
        kind="person",
        scopes=OF_DUTY[duty][livemode],
        member=Member("acct_2222222222222222", "somebody", duty),
        signed_in_at=None if signed_in_ago is None else START - signed_in_ago,
    )


@pytest.mark.parametrize("livemode", [False, True])
def test_duties_hold_one_another(*, livemode: bool) -> None:
    """An owner can do all, a viewer changes nothing and can do what everybody can."""
    able = {
        duty: {
            operation for operation in SCOPE_OF if may(member(duty, livemode=livemode), operation)
        }
        for duty in Duty
    }
    reads = {op.operation_id for op in OPERATIONS if op.method == "GET"}

    assert able[Duty.OWNER] == set(SCOPE_OF)
    everybodys = {"remove_member", "create_stream_ticket", "choose_notifications"}
    assert able[Duty.VIEWER] <= reads | everybodys, "to leave, a ticket to look with, her own mails"
    assert all(able[Duty.VIEWER] <= operations for operations in able.values())
    assert "create_charge" not in able[Duty.FINANCE]
    assert ("create_charge" in able[Duty.DEVELOPER]) is not livemode


def test_the_team_is_changed_by_owners_who_signed_in_just_now() -> None:
    """In both modes alike, for the team is of the account; others look, and may leave."""
    for livemode in (False, True):
        for duty in Duty:
            person = member(duty, livemode=livemode, signed_in_ago=timedelta(hours=1))
            able = {op for op in ("invite_person", "change_duty", "revoke_invitation")
                    if may(person, op)}  # fmt: skip

            assert len(able) == (3 if duty is Duty.OWNER else 0)
            for operation in ("list_team", "list_invitations", "remove_member"):
                assert may(person, operation)
            for operation in ("invite_person", "change_duty", "remove_member"):
                assert must_step_up(person, operation, now=START)


@pytest.mark.parametrize(
    ("livemode", "ago", "expected"),
    [
        (True, timedelta(minutes=5), False),
        (True, timedelta(minutes=5, seconds=1), True),
        (True, None, True),
        (False, None, False),
    ],
)
def test_what_is_grave_wants_a_fresh_sign_in(
    *, livemode: bool, ago: timedelta | None, expected: bool
) -> None:
    """Five minutes, in the live mode, for people; looking never wants it, nor does a key."""
    owner = member(Duty.OWNER, livemode=livemode, signed_in_ago=ago)

    assert must_step_up(owner, "create_api_key", now=START) is expected
    assert not must_step_up(owner, "list_api_keys", now=START)
    assert not must_step_up(replace(owner, kind="sk"), "create_api_key", now=START)


def test_only_operations_that_exist_want_a_fresh_sign_in() -> None:
    """A misspelt row would protect nothing."""
    assert set(STEP_UP) <= set(SCOPE_OF)


def test_an_administrator_proves_who_she_is_before_she_changes_anything() -> None:
    """Five minutes for whatever is no read; no other role opens any of it."""
    writes = {
        op.operation_id
        for op in OPERATIONS
        if op.method != "GET" and OF_ROLE.get(op.operation_id) == frozenset({Role.ADMIN})
    }
    fresh = Person("somebody", frozenset({Role.ADMIN}), START - timedelta(minutes=5))
    stale = replace(fresh, signed_in_at=START - timedelta(minutes=5, seconds=1))
    others = Person("somebody", frozenset(Role) - {Role.ADMIN}, START)

    assert writes == STEP_UP_OUTSIDE
    for operation in writes:
        assert may_outside(fresh, operation)
        assert not may_outside(others, operation)
        assert not must_step_up_outside(fresh, operation, now=START)
        assert must_step_up_outside(stale, operation, now=START)
        assert must_step_up_outside(replace(fresh, signed_in_at=None), operation, now=START)
    assert not must_step_up_outside(stale, "read_account", now=START)


@pytest.mark.parametrize("livemode", [False, True])
def test_an_access_reads_and_nothing_else(*, livemode: bool) -> None:
    """What support must see is named here one by one; none writes or wants a fresh sign-in."""
    looks = replace(
        member(Duty.VIEWER, livemode=livemode), member=None, access="acs_1", scopes=OF_ACCESS
    )
    able = {operation for operation in SCOPE_OF if may(looks, operation)}
    reads = {op.operation_id for op in OPERATIONS if op.method == "GET"}

    assert able == {
        "list_charges", "read_charge", "search_charges", "list_late_payments", "read_late_payment",
        "list_customers", "read_customer", "list_reversals", "read_reversal",
        "list_refunds", "read_refund", "list_payouts",
        "read_payout", "list_payout_batches", "read_payout_batch", "list_payout_batch_payouts",
        "read_payout_batch_results", "list_events", "read_event", "stream_events", "read_balance",
        # A ticket is the right to look once more, by the same access.
        "create_stream_ticket",
        "list_operators",
        "list_balance_transactions", "read_balance_transaction", "list_topups", "read_topup",
        "list_invoices", "read_invoice",
        "list_receipts", "read_issued_receipt", "list_files", "read_file", "read_file_contents",
        "list_api_keys", "read_api_key", "list_webhook_endpoints", "read_webhook_endpoint",
            "list_webhook_deliveries", "read_webhook_delivery",
        "list_audit_entries", "read_audit_entry", "export_audit_entries", "list_team",
        "list_invitations", "read_own_account", "read_settlement", "read_terms", "read_test_clock",
        "list_checkouts", "read_checkout", "list_payment_links", "read_payment_link",
        "list_reports", "read_report", "list_request_logs", "read_request_log",
    }  # fmt: skip
    assert able - {"create_stream_ticket"} <= reads
    assert able.isdisjoint(STEP_UP)


def test_money_goes_out_by_the_owner_or_a_key_that_may() -> None:
    """In the live mode no duty but the owner's gives back, and she proves again who she is."""
    able = [d for d in Duty if may(member(d, livemode=True), "create_refund")]

    assert able == [Duty.OWNER]
    assert STEP_UP["create_refund"] == {True}
    assert not may(replace(SECRET, kind="rk", scopes=frozenset({"charges:write"})), "create_refund")
    assert may(replace(SECRET, kind="rk", scopes=frozenset({"refunds:write"})), "create_refund")


def test_payouts_are_off_until_somebody_names_them() -> None:
    """In the live mode `*` pays nobody out: a key has the right by name, a person as the owner."""
    live = Rights("sk", livemode=True, scopes={"*"})
    named = Rights("rk", livemode=True, scopes={"payouts:write"})
    able = [d for d in Duty if may(member(d, livemode=True), "create_payout")]

    assert not live.holds(Scope.PAYOUTS_WRITE)
    assert live.holds(Scope.PAYOUTS_READ)
    assert named.holds(Scope.PAYOUTS_WRITE)
    assert Rights("sk", livemode=False, scopes={"*"}).holds(Scope.PAYOUTS_WRITE)
    assert not Rights("rk", livemode=False, scopes={"*"}).holds(Scope.PAYOUTS_WRITE)
    assert not live.includes(named)
    assert able == [Duty.OWNER]
    assert STEP_UP["create_payout"] == STEP_UP["cancel_payout"] == {True}
    assert STEP_UP["create_payout_batch"] == STEP_UP["cancel_payout_batch"] == {True}


def test_payouts_are_approved_by_owners_and_finance_who_signed_in_just_now() -> None:
    """In either mode; who makes the keys does not. The owner sets the rule of it."""
    for livemode in (False, True):
        people = {
            duty: member(duty, livemode=livemode, signed_in_ago=timedelta(minutes=6))
            for duty in Duty
        }
        for operation in (
            "approve_payout",
            "reject_payout",
            "approve_payout_batch",
            "reject_payout_batch",
        ):
            able = {duty for duty, person in people.items() if may(person, operation)}
            assert able == {Duty.OWNER, Duty.FINANCE}
            assert must_step_up(people[Duty.FINANCE], operation, now=START)
        able = {duty for duty, person in people.items() if may(person, "set_payout_approval")}
        assert able == {Duty.OWNER}
        assert must_step_up(people[Duty.OWNER], "set_payout_approval", now=START)


def test_no_key_empties_a_test_mode() -> None:
    """Not by `*`, not by name, in neither mode: a person does it, and only the owner."""
    for kind in ("sk", "rk", "pk"):
        for livemode in (False, True):
            key = Rights(kind, livemode=livemode, scopes={"*", "test_data:delete"})
            assert not key.holds(Scope.TEST_DATA_DELETE)
    able = [d for d in Duty if may(member(d, livemode=False), "delete_test_data")]

    assert able == [Duty.OWNER]


@pytest.mark.parametrize("role", Role)
def test_a_person_needs_a_role_outside_accounts(role: Role) -> None:
    """Without any role of ours nothing is open, and an unknown operation never is."""
    assert may_outside(Person("somebody", frozenset({role}), None), "read_me")
    assert not may_outside(Person("somebody", frozenset(), None), "read_me")
    assert not may_outside(Person("somebody", frozenset({role}), None), "read_balance")
