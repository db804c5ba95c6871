"""Money that goes out of one tenant in PostgreSQL; all but the making is one round trip each."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from pg8000.exceptions import DatabaseError

from shared.db import outgoing_statements as common
from shared.db.charge_rows import attempt_from_row
from shared.db.charges import FAR_FUTURE, replayed
from shared.db.event_parts import events_values, messages_of
from shared.db.ledger import is_refused, posting_values
from shared.db.notices import notice_message, notice_values
from shared.db.outgoing_statements import OutgoingStatements
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.charge import Attempt
from shared.domain.errors import LedgerRefused
from shared.domain.events import Message
from shared.domain.money import Currency, Money
from shared.domain.outgoing import FINAL, Outgoing, OutgoingStatus, WaitingReason
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote
from shared.operations.ports import IdempotencyUse, Lease, NewReceipt, Replayed

_LONGEST_WORD: Final = 200
T = TypeVar("T", bound=Outgoing)


class OutgoingRows(Generic[T]):
    """OutgoingStore of one tenant and one table; who knows the table says how a row is read."""

    statements: OutgoingStatements

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def _read(self, row: Sequence[Any]) -> T:
        """Build the object from the columns of the statements, in their order."""
        raise NotImplementedError

    def _own_move(self, move: OutgoingMove) -> dict[str, Any]:
        """Return what a move of this table says beside what all do."""
        del move
        return {}

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was ever answered before, or None. Raises KeyReused."""
        rows = self._database.once(
            self._tenant, common.FIND_OUTCOME, operation=use.operation, key=use.key
        ).rows
        return replayed(use, *rows[0]) if rows else None

    def find(self, object_id: str) -> T | None:
        """Return it, or None."""
        rows = self._database.once(self._tenant, self.statements.find, object_id=object_id).rows
        return self._read(rows[0]) if rows else None

    def find_with_attempt(self, object_id: str) -> tuple[T, Attempt | None] | None:
        """Return it and its attempt, or None."""
        rows = self._database.once(
            self._tenant, self.statements.find_with_attempt, object_id=object_id
        ).rows
        if not rows:
            return None
        return self._read(rows[0]), attempt_from_row(rows[0][self.statements.width :], object_id)

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
    ) -> tuple[T, Attempt] | None:
        """Take the lease and commit the attempt before a byte is sent."""
        rows = self._database.once(
            self._tenant,
            self.statements.claim,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            object_id=attempt.charge_id,
            consumer=consumer,
            message_id=message_id,
            attempt_id=attempt.id,
            attempt_number=attempt.number,
            attempt_status=attempt.status.value,
            reference=attempt.reference,
            token_hash=callback_token_hash,
            number_hmac=number_hmac,
            now=now,
            lease_until=lease_until,
        ).rows
        if not rows:
            return None
        standing = attempt_from_row(rows[0][self.statements.width :], attempt.charge_id)
        return self._read(rows[0]), standing or attempt

    def keep_opened(
        self, outgoing: Outgoing, attempt: Attempt, *, lease_until: datetime
    ) -> Outgoing | None:
        """Commit the operator's own reference, and begin the lease anew, if it is still ours."""
        rows = self._database.once(
            self._tenant,
            self.statements.keep_opened,
            object_id=outgoing.id,
            attempt_id=attempt.id,
            operator_reference=attempt.operator_reference,
            lease=outgoing.lease_until,
            lease_until=lease_until,
        ).rows
        return replace(outgoing, lease_until=lease_until) if rows else None

    def release(self, outgoing: Outgoing, attempt: Attempt, *, reason: str) -> None:
        """Give the lease back after it was proven that no byte left."""
        self._database.once(
            self._tenant,
            self.statements.release,
            object_id=outgoing.id,
            attempt_id=attempt.id,
            lease=outgoing.lease_until,
            reason=reason,
        )

    def move(self, move: OutgoingMove) -> bool:
        """Apply the move if the expected status still holds; everything or nothing."""
        tenant = self._tenant
        statement, values = self._moving(move)
        try:
            moved, told, *_ = self._database.once(tenant, statement, **values).rows[0]
        except DatabaseError as error:
            if is_refused(error):
                raise LedgerRefused(move.cause.value) from None
            raise
        if moved:
            again = [] if move.again is None else [move.again]
            self._database.hand_on(again + messages_of(told, tenant, move.traceparent))
        return bool(moved)

    def _moving(self, move: OutgoingMove) -> tuple[Statement, dict[str, Any]]:
        """Return the statement of a move, and its values."""
        values = _move_values(move, self._tenant) | self._own_move(move)
        if move.posting is None:
            return self.statements.move, values
        values |= posting_values(move.posting) | _receipt_values(move.receipt)
        return self.statements.settle, values

    def note(self, note: OutgoingNote) -> None:
        """Keep what was seen, move the due row, ask the sender again, stop, or open a case."""
        attempt, again = note.attempt, note.again
        kept = self._database.once(
            self._tenant,
            self.statements.note,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            object_id=note.outgoing.id,
            expected=note.outgoing.status.value,
            at=note.at,
            stops=note.stops,
            waits_for=None if note.waits_for is None else note.waits_for.value,
            attempt_id=None if attempt is None else attempt.id,
            operator_word=note.operator_word[:_LONGEST_WORD],
            not_found_reads=0 if attempt is None else attempt.not_found_reads,
            first_not_found_at=None if attempt is None else attempt.first_not_found_at,
            due_at=FAR_FUTURE if note.next_check_at is None else note.next_check_at,
            done_at=note.at if note.next_check_at is None else None,
            **_again_values(again),
            traceparent=None if again is None else again.traceparent,
            case_id=note.case_id,
            case_reason=note.case_reason,
            **notice_values(note.notice),
        ).rows[0][0]
        messages = [] if again is None else [again]
        messages += [] if note.notice is None else [notice_message(note.notice)]
        if kept:
            self._database.hand_on(messages)

    def end_checks(self, object_id: str, *, at: datetime) -> None:
        """Close the due row of what has ended, where it still stands open."""
        self._database.once(self._tenant, common.END_CHECKS, object_id=object_id, at=at)


def _receipt_values(receipt: NewReceipt | None) -> dict[str, Any]:
    return {
        "receipt_id": None if receipt is None else receipt.id,
        "receipt_number": None if receipt is None else receipt.number,
        "receipt_code": None if receipt is None else receipt.code,
    }


def _again_values(again: Message | None) -> dict[str, Any]:
    return {
        "again_id": None if again is None else again.event_id,
        "again_topic": None if again is None else again.topic,
    }


def _move_values(move: OutgoingMove, tenant: Tenant) -> dict[str, Any]:
    outgoing = move.outgoing
    is_closed = move.next_check_at is None
    return {
        **events_values(move.events, tenant, move.traceparent),
        **_again_values(move.again),
        "at": move.at,
        "object_id": outgoing.id,
        "expected": move.expected.value,
        "status": outgoing.status.value,
        "lease_rule": move.lease.value,
        "lease": outgoing.lease_until if move.lease is Lease.MINE else None,
        "cause": move.cause.value,
        "failure_code": outgoing.failure_code,
        "operator_transaction_id": outgoing.operator_transaction_id,
        "ended_at": outgoing.ended_at,
        "attempt_id": move.attempt_id,
        "attempt_status": None if move.attempt_status is None else move.attempt_status.value,
        "operator_word": None if move.operator_word is None else move.operator_word[:_LONGEST_WORD],
        "due_at": FAR_FUTURE if is_closed else move.next_check_at,
        "done_at": move.at if outgoing.status in FINAL else None,
        "message_id": move.message_id,
        "consumer": move.consumer,
    }


def stored_values(outgoing: Outgoing) -> dict[str, Any]:
    """Return what each table keeps of a new row, beside its own columns and the posting's id."""
    return {
        "amount": outgoing.money.amount,
        "currency": outgoing.money.currency,
        "status": outgoing.status.value,
        "operator": outgoing.operator.value,
        "operator_account": outgoing.operator_account,
        "phone": outgoing.phone.e164,
        "intent_hmac": outgoing.intent_key,
        "metadata": json.dumps(outgoing.metadata, ensure_ascii=False),
        "submit_before": outgoing.submit_before,
        "at": outgoing.created_at,
    }


def common_from_row(row: Sequence[Any], tenant: Tenant, *, width: int) -> dict[str, Any]:
    """Return what the columns of COMMON and RECEIPT say of any object, by its fields.

    `width` is how many columns its statements have, the last of which are those of RECEIPT.
    """
    number, code, stored_at = row[width - len(common.RECEIPT) : width]
    return {
        "id": row[0],
        "account": tenant.account,
        "livemode": tenant.livemode,
        "money": Money(row[1], Currency(row[2])),
        "status": OutgoingStatus(row[3]),
        "failure_code": row[4],
        "operator": Operator(row[5]),
        "operator_account": row[6],
        "phone": PhoneNumber(row[7]),
        "operator_transaction_id": row[8],
        "intent_key": row[9],
        "metadata": row[10],
        "balance_transaction": row[11],
        "submit_before": row[12],
        "lease_until": row[13],
        "journaled_at": row[14],
        "stopped_at": row[15],
        "created_at": row[16],
        "ended_at": row[17],
        "claimed_at": row[18],
        "waiting_reason": None if row[19] is None else WaitingReason(row[19]),
        "receipt_number": number,
        "receipt_code": code,
        "receipt_stored": stored_at is not None,
    }
