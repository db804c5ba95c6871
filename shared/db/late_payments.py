"""The late payments of one tenant in PostgreSQL; each call is one transaction, one round trip."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pg8000.exceptions import DatabaseError

from shared.db import late_statements as sql
from shared.db.charge_rows import fee_lines_json, metadata_json
from shared.db.charges import FAR_FUTURE
from shared.db.event_parts import events_values, messages_of
from shared.db.ledger import is_refused, posting_values
from shared.db.notices import notice_message, notice_values
from shared.db.outgoing import stored_values
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.charge import Charge
from shared.domain.errors import LedgerRefused
from shared.domain.events import Event, Message
from shared.domain.late_payment import LateDecision, LatePayment, LateStatus
from shared.domain.ledger import Transaction
from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.refund import Refund
from shared.operations.late_store import AcceptedLate, LateBooking
from shared.operations.ports import IdempotencyUse


class LatePayments:
    """LateStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def find(self, late_id: str) -> LatePayment | None:
        """Return a late payment, or None."""
        rows = self._database.once(self._tenant, sql.FIND, id=late_id).rows
        return late_from_row(rows[0], self._tenant) if rows else None

    def book(self, booking: LateBooking) -> bool:
        """Keep it in suspense; False where this transaction of the operator's is booked."""
        late = booking.late
        booked = self._do(
            sql.BOOK,
            [booking.event],
            late.booked(),
            None,
            late_id=late.id,
            amount=late.money.amount,
            currency=late.money.currency,
            charge_id=late.charge,
            operator_account=late.operator_account,
            operator_transaction_id=late.operator_transaction_id,
            reason=late.reason,
            data=json.dumps(late.data),
            due_at=late.due_at,
            at=late.created_at,
            case_id=booking.case_id,
            **notice_values(booking.notice),
        )
        if booked and booking.notice is not None:
            self._database.hand_on([notice_message(booking.notice)])
        return booked

    def refund(
        self,
        late: LatePayment,
        refund: Refund,
        *,
        event: Event,
        message: Message,
        first_check_at: datetime,
        once: IdempotencyUse,
        response: str,
    ) -> bool:
        """Store its refund and the hold, all or nothing; False where somebody decided before."""
        return self._do(
            sql.REFUND,
            [event],
            refund.held(),
            message.traceparent,
            message,
            **stored_values(refund),
            late_id=late.id,
            number=late.refunds + 1,
            refund_id=refund.id,
            charge_id=refund.charge_id,
            charge_reference=refund.charge_reference,
            message_id=message.event_id,
            topic=message.topic,
            due_at=first_check_at,
            operation=once.operation,
            key=once.key,
            fingerprint=once.fingerprint,
            response=response,
        )

    def accept(self, late: LatePayment, accepted: AcceptedLate) -> bool:
        """Store the charge that it becomes, all or nothing; False where somebody decided before."""
        charge, message = accepted.charge, accepted.message
        return self._do(
            sql.ACCEPT,
            [accepted.event],
            accepted.posting,
            message.traceparent,
            message,
            late_id=late.id,
            **_charge_values(charge),
            receipt_id=accepted.receipt.id,
            receipt_number=accepted.receipt.number,
            receipt_code=accepted.receipt.code,
            message_id=message.event_id,
            topic=message.topic,
            at=charge.created_at,
        )

    def put_off(self, late_id: str, *, until: datetime | None, at: datetime) -> None:
        """Have it decided then; with None there is nothing to decide any more."""
        self._database.once(
            self._tenant,
            sql.PUT_OFF,
            late_id=late_id,
            due_at=FAR_FUTURE if until is None else until,
            done_at=at if until is None else None,
        )

    def give_to_a_person(self, late_id: str, case_id: str, reason: str, *, at: datetime) -> None:
        """Open a case of what nobody can decide by a rule, and close its due row."""
        self._database.once(
            self._tenant,
            sql.GIVE_TO_A_PERSON,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            late_id=late_id,
            case_id=case_id,
            reason=reason,
            at=at,
        )

    def _do(
        self,
        statement: Statement,
        events: Sequence[Event],
        posting: Transaction,
        traceparent: str | None,
        message: Message | None = None,
        **values: Any,
    ) -> bool:
        """Run a statement that books one transaction, and hand on what it wrote to the outbox."""
        told_by = events_values(events, self._tenant, traceparent)
        try:
            done, told, _ = self._database.once(
                self._tenant, statement, **told_by, **posting_values(posting), **values
            ).rows[0]
        except DatabaseError as error:
            if is_refused(error):
                raise LedgerRefused(posting.kind) from None
            raise
        if done:
            own = [] if message is None else [message]
            self._database.hand_on(own + messages_of(told, self._tenant, traceparent))
        return bool(done)


def _charge_values(charge: Charge) -> dict[str, Any]:
    return {
        "charge_id": charge.id,
        "amount": charge.money.amount,
        "currency": charge.money.currency,
        "operator": charge.operator.value,
        "operator_account": charge.operator_account,
        "phone": None if charge.phone is None else charge.phone.e164,
        "operator_transaction_id": charge.operator_transaction_id,
        "description": charge.description,
        "metadata": metadata_json(charge.metadata),
        "hold_seconds": int(charge.hold.total_seconds()),
        "fee_lines": fee_lines_json(charge.fees),
        "customer": charge.customer,
    }


def late_from_row(row: Sequence[Any], tenant: Tenant) -> LatePayment:
    """Build a late payment from the columns of `late_statements.COLUMNS`, in their order."""
    data = row[8]
    phone = data.get("phone")
    return LatePayment(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        money=Money(row[1], Currency(row[2])),
        status=LateStatus(row[3]),
        reason=row[4],
        charge=row[5],
        operator=Operator(data["operator"]),
        operator_account=row[6],
        operator_transaction_id=row[7],
        phone=None if phone is None else PhoneNumber(phone),
        balance_transaction=row[9],
        created_at=row[10],
        decision=LateDecision(data["decision"]),
        due_at=datetime.fromisoformat(data["due_at"]),
        refund=data.get("refund"),
        refunds=data.get("refunds", 0),
        accepted_as=data.get("charge"),
        ended_at=row[11],
    )
