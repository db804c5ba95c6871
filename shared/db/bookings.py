"""Bookings by hand, as the owner of all schemas: proposals here, what is booked in the account's.

A proposal's row is held to the end of the transaction, and so is what it is about, so that of two
administrators the second sees what the first has done.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db import adjustment_statements as adjusting
from shared.db import charge_statements as charging
from shared.db.adjustments import adjustment_values
from shared.db.audit import append
from shared.db.cases import PLATFORM_PATH, enter
from shared.db.charge_rows import charge_from_row
from shared.db.event_parts import events_values, messages_of
from shared.db.late_payments import late_from_row
from shared.db.late_statements import FIND as FIND_LATE
from shared.db.ledger import is_refused, posting_values
from shared.db.payout_statements import PAYOUT
from shared.db.payouts import payout_from_row
from shared.db.refund_statements import BELOW_ZERO
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.adjustment import Adjustment, AdjustmentKind
from shared.domain.audit import AuditEntry
from shared.domain.booking import Booking, BookingOutcome, Facts
from shared.domain.charge import Charge
from shared.domain.errors import LedgerRefused, NotFound
from shared.domain.events import Event
from shared.domain.ids import is_id
from shared.domain.late_payment import LatePayment
from shared.domain.phone import Operator
from shared.operations.booking_orders import PageOfBookings

_COLUMNS: Final = """id, kind, account_id, livemode, case_id, object_id, operator_account_id,
    operator_transaction_id, amount, debit, credit, reason, proposed_by, proposed_at, expires_at,
    content_sha256, outcome, decided_by, decided_at, adjustment_id"""
_FIELDS: Final = tuple(field.name for field in fields(Booking))
"""In the order of the columns."""
LAST: Final = "~"

_FIND: Final = f"SELECT {_COLUMNS} FROM platform.bookings WHERE id = :id::text"
FIND: Final = Statement(_FIND)
HOLD: Final = Statement(f"{_FIND} FOR UPDATE")

PAGE: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.bookings
WHERE id < :before::text AND (:account::text IS NULL OR account_id = :account::text)
ORDER BY id DESC LIMIT :limit::int
""")

ADD: Final = Statement("""
INSERT INTO platform.bookings (id, kind, account_id, livemode, case_id, object_id,
    operator_account_id, operator_transaction_id, amount, debit, credit, reason, proposed_by,
    proposed_at, expires_at, content_sha256)
VALUES (:id::text, :kind::text, :account::text, :livemode::boolean, :case_id::text, :about::text,
    :operator_account::text, :operator_transaction_id::text, :amount::bigint, :debit::text,
    :credit::text, :reason::text, :proposed_by::text, :proposed_at::timestamptz,
    :expires_at::timestamptz, :digest::text)
""")

DECIDE: Final = Statement("""
UPDATE platform.bookings
SET outcome = :outcome::text, decided_by = :decided_by::text, decided_at = :decided_at::timestamptz,
    adjustment_id = :adjustment::text
WHERE id = :id::text AND outcome IS NULL
""")

HAS_SCHEMA: Final = Statement("""
SELECT FROM platform.account_schemas
WHERE account_id = :account::text AND livemode = :livemode::boolean
""")

# A wallet may be several accounts'; nobody books the same transaction of it at the same time.
ALONE: Final = Statement("""
SELECT pg_advisory_xact_lock(
    hashtextextended(:operator_account::text || ' ' || :operator_transaction_id::text, 6113417))
""")

# Of the case only what is about the same thing; a line that fits nothing is about nothing yet. What
# one account has booked no other may; its own it may again where a restore has lost it.
BESIDE: Final = Statement("""
WITH lines AS (
    SELECT l.kind, l.amount, l.fee, l.state, l.object_id, l.transaction_id
    FROM platform.statements s JOIN platform.statement_lines l ON l.statement_id = s.id
    WHERE s.operator_account_id = :operator_account::text
      AND l.transaction_id = :operator_transaction_id::text
)
SELECT (SELECT operator FROM platform.operator_accounts
        WHERE id = :operator_account::text AND livemode = :livemode::boolean),
    c.object_id, c.statement_id IS NOT NULL, c.closed_at IS NOT NULL,
    EXISTS (SELECT FROM lines l
            WHERE CASE :kind::text
                  WHEN 'reversal' THEN l.amount = -:amount::bigint
                  WHEN 'fee_true_up' THEN l.fee = :amount::bigint
                      OR l.kind = 'fee' AND l.amount = -:amount::bigint
                  ELSE l.amount = :amount::bigint END),
    :kind::text = 'late_payment' AND EXISTS (
        SELECT FROM lines l JOIN platform.payment_index p ON p.object_id = l.object_id
        WHERE p.kind <> 'late_payment' AND p.state IN ('succeeded', 'paid')
          AND (l.state = 'matched' OR p.operator_id = l.transaction_id))
      OR :kind::text = 'late_payment' AND EXISTS (
        SELECT FROM platform.payment_index p
        WHERE p.kind = 'late_payment' AND p.operator_account_id = :operator_account::text
          AND p.operator_id = :operator_transaction_id::text AND p.account_id <> :account::text)
      OR :kind::text = 'late_payment' AND EXISTS (
        SELECT FROM platform.float_moves m
        WHERE m.livemode = :livemode::boolean AND m.reference = :operator_transaction_id::text
          AND m.outcome = 'approved')
      OR :kind::text <> 'correction' AND EXISTS (
        SELECT FROM platform.bookings b
        WHERE b.kind = :kind::text AND b.outcome = 'approved'
          AND b.operator_account_id = :operator_account::text
          AND b.operator_transaction_id = :operator_transaction_id::text
          AND b.account_id <> :account::text),
    EXISTS (SELECT FROM platform.cases d
            WHERE d.object_id = :about::text AND d.reason = 'payer_differs')
FROM (SELECT) AS one
LEFT JOIN platform.cases c ON c.id = :case_id::text
  AND (c.account_id = :account::text OR c.account_id IS NULL)
  AND (c.object_id = :about::text OR :about::text IS NULL AND c.object_id LIKE 'stl\\_%')
""")

_LOCK: Final = "SELECT FROM {table} WHERE id = :id::text FOR UPDATE"
LOCK: Final = {
    "ch": Statement(_LOCK.format(table="charges")),
    "po": Statement(_LOCK.format(table="payouts")),
    "lp": Statement(_LOCK.format(table="adjustments")),
}

# Rows of the feed are their tenant's, whoever writes them.
HAND_OVER: Final = Statement("""
UPDATE platform.event_feed SET owner_role = :owner::text WHERE id = ANY(:event_ids::text[])
""")


# As a refund's statement opens it, the one open case.
LOOK_BELOW: Final = Statement("""
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at,
    owner_role)
SELECT :case_id::text, 'balance', :account::text, :livemode::boolean, :owner::text, :reason::text,
    :at::timestamptz, :owner::text
FROM ledger_accounts WHERE code = 'available' AND balance * normal < 0
ON CONFLICT DO NOTHING
""")


class Bookings:
    """BookingsStore in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    def find(self, booking_id: str) -> Booking | None:
        """Return a proposal, or None."""
        rows = self._database.once(None, FIND, id=booking_id).rows
        return _booking(rows[0]) if rows else None

    def page(self, page: PageOfBookings) -> Sequence[Booking]:
        """Return one more than fits on the page, if there are as many, newest first."""
        rows = self._database.once(
            None, PAGE, before=page.after or LAST, account=page.account, limit=page.limit + 1
        ).rows
        return [_booking(row) for row in rows]

    @contextmanager
    def hold(self, booking_id: str | None) -> Iterator["PostgresHeldBooking"]:
        """Take hold of a proposal, or of none. Raises NotFound, Unavailable."""
        with self._database.platform() as transaction:
            if booking_id is None:
                yield PostgresHeldBooking(transaction, None)
                return
            rows = transaction.run(HOLD, id=booking_id)
            if not rows:
                raise NotFound("resource_missing", "id")
            yield PostgresHeldBooking(transaction, _booking(rows[0]))


class PostgresHeldBooking:
    """HeldBooking in an open transaction."""

    def __init__(self, transaction: Transaction, booking: Booking | None) -> None:
        """Keep the transaction, and the proposal as read under the lock."""
        self._transaction = transaction
        self._booking = booking

    @property
    def booking(self) -> Booking | None:
        """The proposal that it is about; None where one is to be made."""
        return self._booking

    def facts(self, booking: Booking) -> Facts | None:
        """Return what is known of it, which nobody moves from here on; None without an account."""
        tenant, run = Tenant(booking.account, booking.livemode), self._transaction.run
        if not run(HAS_SCHEMA, account=tenant.account, livemode=tenant.livemode):
            return None
        named = {
            "operator_account": booking.operator_account,
            "operator_transaction_id": booking.operator_transaction_id,
        }
        if None not in named.values():
            run(ALONE, **named)
        [[operator, case_about, has_statement, is_closed, in_statement, is_booked, differs]] = run(
            BESIDE,
            **named,
            kind=booking.kind.value,
            livemode=tenant.livemode,
            amount=booking.amount,
            case_id=booking.case,
            account=tenant.account,
            about=booking.about,
        )
        found = self._payment(booking.about, tenant)
        return Facts(
            **found,
            operator=None if operator is None else Operator(operator),
            case_about=case_about,
            case_has_statement=bool(has_statement),
            case_is_closed=is_closed,
            in_statement=in_statement,
            is_booked=is_booked,
            payer_differs=differs,
        )

    def _payment(self, about: str | None, tenant: Tenant) -> dict[str, Any]:
        """Return what it is about under its field's name, locked. Raises NotFound."""
        self._enter(tenant)
        if about is None:
            return {}
        run = self._transaction.run
        run(LOCK[about.partition("_")[0]], id=about)
        found: dict[str, Any]
        if is_id(about, "ch"):
            rows = run(charging.FIND, charge_id=about)
            found = {"charge": charge_from_row(rows[0], tenant)} if rows else {}
        elif is_id(about, "po"):
            rows = run(PAYOUT.find, object_id=about)
            found = {"payout": payout_from_row(rows[0], tenant)} if rows else {}
        else:
            rows = run(FIND_LATE, id=about)
            found = {"late": late_from_row(rows[0], tenant)} if rows else {}
        if not found:
            raise NotFound("resource_missing", "about")
        return found

    def add(self, booking: Booking) -> None:
        """Keep a proposal."""
        self._transaction.run(
            ADD,
            id=booking.id,
            kind=booking.kind.value,
            account=booking.account,
            livemode=booking.livemode,
            case_id=booking.case,
            about=booking.about,
            operator_account=booking.operator_account,
            operator_transaction_id=booking.operator_transaction_id,
            amount=booking.amount,
            debit=booking.debit,
            credit=booking.credit,
            reason=booking.reason,
            proposed_by=booking.proposed_by,
            proposed_at=booking.proposed_at,
            expires_at=booking.expires_at,
            digest=booking.content_sha256,
        )

    def decide(self, booking: Booking) -> None:
        """Keep how a proposal ended."""
        self._transaction.run(
            DECIDE,
            id=booking.id,
            outcome=None if booking.outcome is None else booking.outcome.value,
            decided_by=booking.decided_by,
            decided_at=booking.decided_at,
            adjustment=booking.adjustment,
        )

    def book(
        self,
        adjustment: Adjustment,
        events: Sequence[Event],
        *,
        late: LatePayment | None,
        ended: Charge | None,
    ) -> bool:
        """Book it and end the charge that it ends; False where this transaction is booked.

        Raises LedgerRefused; then the whole transaction is void.
        """
        tenant = Tenant(adjustment.account, adjustment.livemode)
        self._enter(tenant)
        is_reversal = adjustment.kind is AdjustmentKind.REVERSAL
        is_return = adjustment.kind is AdjustmentKind.RETURN
        values = adjustment_values(adjustment)
        if late is not None:
            values |= {"data": json.dumps(late.data), "reason": late.reason}
            values |= {"status": late.status.value, "ended_at": None}
        try:
            [[done, told, _]] = self._transaction.run(
                adjusting.BOOK,
                **events_values(events, tenant, None),
                **posting_values(adjustment.posting),
                **values,
                account_owner=tenant.schema,
                due_at=None if late is None else late.due_at,
                takes_back=-adjustment.amount if is_reversal else 0,
                comes_back=adjustment.amount if is_return else 0,
                ended_status=None if ended is None else ended.status.value,
                failure_code=None if ended is None else ended.failure_code,
            )
        except DatabaseError as error:
            if is_refused(error):
                raise LedgerRefused(adjustment.posting.kind) from None
            raise
        ids = [event.id for event in events]
        self._transaction.run(HAND_OVER, owner=tenant.schema, event_ids=ids)
        if done:
            self._look_below(tenant, adjustment)
        self._transaction.messages.extend(messages_of(told, tenant, None))
        return bool(done)

    def _look_below(self, tenant: Tenant, adjustment: Adjustment) -> None:
        """Have a case say since when the account has owed us, where it does."""
        self._transaction.run(
            LOOK_BELOW,
            case_id=f"case_{adjustment.id.partition('_')[2]}",
            account=tenant.account,
            livemode=tenant.livemode,
            reason=BELOW_ZERO,
            owner=tenant.schema,
            at=adjustment.created_at,
        )

    def record(self, booking: Booking, entries: tuple[AuditEntry, AuditEntry]) -> None:
        """Add to the account's chain and the platform's, last of all."""
        ours, theirs = entries
        self._enter(Tenant(booking.account, booking.livemode))
        append(self._transaction, ours)
        enter(self._transaction, PLATFORM_PATH)
        append(self._transaction, theirs)

    def _enter(self, tenant: Tenant) -> None:
        enter(self._transaction, f'"{tenant.schema}", pg_catalog')


def _booking(row: Sequence[Any]) -> Booking:
    values = dict(zip(_FIELDS, row, strict=True))
    word = values["outcome"]
    return Booking(
        **{
            **values,
            "kind": AdjustmentKind(values["kind"]),
            "outcome": None if word is None else BookingOutcome(word),
        }
    )
