"""The refunds of one tenant in PostgreSQL; all but the making of one are one round trip."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db import refund_statements as sql
from shared.db.charges import FAR_FUTURE, NOT_LOCKED, attempt_from_row, key_lock, replayed
from shared.db.event_parts import events_values, messages_of
from shared.db.ledger import is_refused, posting_values
from shared.db.notices import notice_message, notice_values
from shared.db.transaction import Database, Transaction
from shared.domain import ledger
from shared.domain.account import Tenant
from shared.domain.charge import Attempt
from shared.domain.errors import InProgress, InvalidRequest, LedgerRefused, NotFound
from shared.domain.events import Event, Message
from shared.domain.money import Currency, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.refund import FINAL, Refund, Refundable, RefundStatus
from shared.operations.ports import IdempotencyUse, Lease, Replayed, Stored
from shared.operations.refund_store import Decide, RefundMove, RefundNote

_LONGEST_WORD: Final = 200


class Refunds:
    """RefundStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def create(
        self,
        refund: Refund,
        *,
        decide: Decide,
        event: Event,
        message: Message,
        first_check_at: datetime,
        idempotency: IdempotencyUse,
        response: str,
    ) -> Stored | Replayed:
        """Store all or nothing: the key's lock, then the charge's, then what both let through.

        What is refused on the way leaves nothing behind.
        """
        use, tenant = idempotency, self._tenant
        with self._database.tenant(tenant, key_lock=key_lock(use, tenant)) as transaction:
            if transaction.opening_rows[-1][-1] == NOT_LOCKED:
                raise InProgress("idempotency_in_progress", retry_after_seconds=1)
            known = transaction.run(sql.FIND_OUTCOME, operation=use.operation, key=use.key)
            if known:
                return replayed(use, *known[0])
            from_pending = decide(_hold(transaction, refund.charge_id))
            posting = ledger.refund_created(
                refund.balance_transaction,
                refund.id,
                from_pending=from_pending,
                from_available=refund.money.amount - from_pending,
            )
            stored, told, _ = transaction.run(
                sql.CREATE,
                **events_values([event], tenant, message.traceparent),
                **posting_values(posting),
                refund_id=refund.id,
                charge_id=refund.charge_id,
                amount=refund.money.amount,
                from_pending=from_pending,
                from_available=refund.money.amount - from_pending,
                currency=refund.money.currency,
                status=refund.status.value,
                operator=refund.operator.value,
                operator_account=refund.operator_account,
                phone=refund.phone.e164,
                charge_reference=refund.charge_reference,
                intent_hmac=refund.intent_key,
                reason=refund.reason,
                metadata=json.dumps(refund.metadata, ensure_ascii=False),
                submit_before=refund.submit_before,
                at=refund.created_at,
                message_id=message.event_id,
                topic=message.topic,
                due_at=first_check_at,
                operation=use.operation,
                key=use.key,
                fingerprint=use.fingerprint,
                response=response,
            )[0]
            if not stored:
                raise InvalidRequest("balance_insufficient", "amount")
            transaction.messages.append(message)
            transaction.messages += messages_of(told, tenant, message.traceparent)
        return Stored(response)

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was ever answered before, or None. Raises KeyReused."""
        rows = self._database.once(
            self._tenant, sql.FIND_OUTCOME, operation=use.operation, key=use.key
        ).rows
        return replayed(use, *rows[0]) if rows else None

    def find(self, refund_id: str) -> Refund | None:
        """Return the refund, or None."""
        rows = self._database.once(self._tenant, sql.FIND, refund_id=refund_id).rows
        return refund_from_row(rows[0], self._tenant) if rows else None

    def under_way(self, charge_id: str) -> int:
        """Return what of a charge is counted as refunded and not proven yet, in whole XAF."""
        return int(self._database.once(self._tenant, sql.UNDER_WAY, charge_id=charge_id).rows[0][0])

    def find_with_attempt(self, refund_id: str) -> tuple[Refund, Attempt | None] | None:
        """Return the refund and its attempt, or None."""
        rows = self._database.once(self._tenant, sql.FIND_WITH_ATTEMPT, refund_id=refund_id).rows
        if not rows:
            return None
        attempt = attempt_from_row(rows[0][sql.REFUND_WIDTH :], refund_id)
        return refund_from_row(rows[0], self._tenant), attempt

    def claim(
        self,
        attempt: Attempt,
        *,
        consumer: str,
        message_id: str,
        callback_token_hash: str,
        number_hmac: str,
        now: datetime,
        lease_until: datetime,
    ) -> tuple[Refund, Attempt] | None:
        """Take the lease and commit the attempt before a byte is sent."""
        rows = self._database.once(
            self._tenant,
            sql.CLAIM,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            refund_id=attempt.charge_id,
            consumer=consumer,
            message_id=message_id,
            attempt_id=attempt.id,
            attempt_number=attempt.number,
            reference=attempt.reference,
            token_hash=callback_token_hash,
            number_hmac=number_hmac,
            now=now,
            lease_until=lease_until,
        ).rows
        if not rows:
            return None
        standing = attempt_from_row(rows[0][sql.REFUND_WIDTH :], attempt.charge_id)
        return refund_from_row(rows[0], self._tenant), standing or attempt

    def release(self, refund: Refund, attempt: Attempt, *, reason: str) -> None:
        """Give the lease back after it was proven that no byte left."""
        self._database.once(
            self._tenant,
            sql.RELEASE,
            refund_id=refund.id,
            attempt_id=attempt.id,
            lease=refund.lease_until,
            reason=reason,
        )

    def move(self, move: RefundMove) -> bool:
        """Apply the move if the expected status still holds; everything or nothing."""
        tenant = self._tenant
        values, statement = _move_values(move, tenant), sql.MOVE
        if move.posting is not None:
            statement, values = sql.SETTLE, values | posting_values(move.posting)
        try:
            moved, told, *_ = self._database.once(tenant, statement, **values).rows[0]
        except DatabaseError as error:
            if is_refused(error):
                raise LedgerRefused(move.cause.value) from None
            raise
        if moved:
            self._database.hand_on(messages_of(told, tenant, move.traceparent))
        return bool(moved)

    def note(self, note: RefundNote) -> None:
        """Keep what was seen, move the due row, ask the sender again, stop, or open a case."""
        attempt, again = note.attempt, note.again
        kept = self._database.once(
            self._tenant,
            sql.NOTE,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            refund_id=note.refund.id,
            expected=note.refund.status.value,
            at=note.at,
            stops=note.stops,
            attempt_id=None if attempt is None else attempt.id,
            operator_word=note.operator_word[:_LONGEST_WORD],
            not_found_reads=0 if attempt is None else attempt.not_found_reads,
            first_not_found_at=None if attempt is None else attempt.first_not_found_at,
            due_at=FAR_FUTURE if note.next_check_at is None else note.next_check_at,
            done_at=note.at if note.next_check_at is None else None,
            again_id=None if again is None else again.event_id,
            traceparent=None if again is None else again.traceparent,
            case_id=note.case_id,
            case_reason=note.case_reason,
            **notice_values(note.notice),
        ).rows[0][0]
        messages = [] if again is None else [again]
        messages += [] if note.notice is None else [notice_message(note.notice)]
        if kept:
            self._database.hand_on(messages)

    def end_checks(self, refund_id: str, *, at: datetime) -> None:
        """Close the due row of a refund that has ended, where it still stands open."""
        self._database.once(self._tenant, sql.END_CHECKS, refund_id=refund_id, at=at)


def _hold(transaction: Transaction, charge_id: str) -> Refundable:
    """Take hold of a charge to the end of the transaction; say what of it can be refunded."""
    held = transaction.run(sql.HOLD_CHARGE, charge_id=charge_id)
    if not held:
        raise NotFound("resource_missing", "charge")
    [[is_succeeded, rest]] = held
    kinds = list(ledger.OF_A_CHARGE_PENDING)
    [[pending]] = transaction.run(sql.COUNT_PENDING, charge_id=charge_id, kinds=kinds)
    return Refundable(is_succeeded=is_succeeded, rest=rest, pending=pending)


def _move_values(move: RefundMove, tenant: Tenant) -> dict[str, Any]:
    refund = move.refund
    is_closed = move.next_check_at is None
    return {
        **events_values(move.events, tenant, move.traceparent),
        "at": move.at,
        "refund_id": refund.id,
        "expected": move.expected.value,
        "status": refund.status.value,
        "lease_rule": move.lease.value,
        "lease": refund.lease_until if move.lease is Lease.MINE else None,
        "cause": move.cause.value,
        "failure_code": refund.failure_code,
        "operator_transaction_id": refund.operator_transaction_id,
        "ended_at": refund.ended_at,
        "gives_back": move.gives_back,
        "attempt_id": move.attempt_id,
        "attempt_status": None if move.attempt_status is None else move.attempt_status.value,
        "operator_word": None if move.operator_word is None else move.operator_word[:_LONGEST_WORD],
        "due_at": FAR_FUTURE if is_closed else move.next_check_at,
        "done_at": move.at if refund.status in FINAL else None,
        "message_id": move.message_id,
        "consumer": move.consumer,
    }


def refund_from_row(row: Sequence[Any], tenant: Tenant) -> Refund:
    """Build a refund from the columns of `refund_statements.REFUND`, in their order."""
    return Refund(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        charge_id=row[1],
        money=Money(row[2], Currency(row[4])),
        from_pending=row[3],
        status=RefundStatus(row[5]),
        failure_code=row[6],
        operator=Operator(row[7]),
        operator_account=row[8],
        phone=PhoneNumber(row[9]),
        operator_transaction_id=row[10],
        charge_reference=row[11],
        intent_key=row[12],
        reason=row[13],
        metadata=row[14],
        balance_transaction=row[15],
        submit_before=row[16],
        lease_until=row[17],
        journaled_at=row[18],
        stopped_at=row[19],
        created_at=row[20],
        ended_at=row[21],
        claimed_at=row[22],
    )
