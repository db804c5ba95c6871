"""The charges of one tenant in PostgreSQL: each method is one transaction in one round trip."""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db import charge_statements as sql
from shared.db.charge_rows import (
    attempt_from_row,
    charge_from_row,
    fee_lines_json,
    metadata_json,
)
from shared.db.ledger import is_refused, posting_values
from shared.db.notices import notice_message, notice_values
from shared.db.transaction import (
    UNIQUE_VIOLATION,
    Database,
    constraint_of,
    error_code,
)
from shared.domain.account import Tenant
from shared.domain.charge import FINAL, Attempt, Charge, ChargeStatus
from shared.domain.errors import InProgress, InvalidRequest, KeyReused, LedgerRefused
from shared.domain.events import WEBHOOK_DUE, Event, Message
from shared.domain.ledger import Transaction
from shared.domain.payment_page import is_checkout
from shared.domain.rules import Admission
from shared.operations.ports import (
    IdempotencyUse,
    Lease,
    Move,
    NewReceipt,
    ReadNote,
    Replayed,
    Stored,
)

FAR_FUTURE: Final = "infinity"
NOT_LOCKED: Final = "false"
_COUNTED: Final = ("payer", "most", "span_seconds", "asking_key", "day", "caps", "counted_at")


class Charges:
    """ChargeStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def create(
        self,
        charge: Charge,
        *,
        event: Event,
        message: Message,
        first_check_at: datetime,
        idempotency: IdempotencyUse | None,
        response: str,
        admission: Admission | None = None,
    ) -> Stored | Replayed:
        """Store all or nothing; the lock on the key is taken before the snapshot that looks."""
        use = idempotency
        try:
            once = self._database.once(
                self._tenant,
                sql.CREATE if charge.customer is None else sql.CREATE_FOR_CUSTOMER,
                key_lock=None if use is None else key_lock(use, self._tenant),
                **creation_values(
                    charge,
                    event=event,
                    message=message,
                    first_check_at=first_check_at,
                    idempotency=use,
                    response=response,
                    admission=admission,
                ),
            )
        except DatabaseError as error:
            refuse_taken(error)
            raise
        if use is not None and once.opened == NOT_LOCKED:
            raise InProgress("idempotency_in_progress", retry_after_seconds=1)
        known, earlier, endpoints, refusal = once.rows[0]
        if known is not None:
            return replayed(use, known, earlier)
        if refusal == sql.NO_CUSTOMER:
            raise InvalidRequest("resource_missing", "customer")
        if admission is not None and refusal is not None:
            raise admission.refusal(refusal)
        self._database.hand_on([message, *webhook_messages(event, endpoints, message)])
        return Stored(response)

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was answered before, or None. Raises KeyReused."""
        rows = self._database.once(
            self._tenant, sql.FIND_OUTCOME, operation=use.operation, key=use.key
        ).rows
        return replayed(use, *rows[0]) if rows else None

    def find(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""
        rows = self._database.once(self._tenant, sql.FIND, charge_id=charge_id).rows
        return charge_from_row(rows[0], self._tenant) if rows else None

    def find_with_attempt(self, charge_id: str) -> tuple[Charge, Attempt | None] | None:
        """Return the charge and its newest attempt, or None."""
        rows = self._database.once(self._tenant, sql.FIND_WITH_ATTEMPT, charge_id=charge_id).rows
        if not rows:
            return None
        row = rows[0]
        charge = charge_from_row(row, self._tenant)
        attempt = attempt_from_row(row[sql.CHARGE_WIDTH :], charge_id)
        if attempt is None and charge.status is ChargeStatus.SUCCEEDED:
            asked = self._database.once(self._tenant, sql.FIND_LATE_ATTEMPT, charge_id=charge_id)
            attempt = attempt_from_row(asked.rows[0], charge_id) if asked.rows else None
        return charge, attempt

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
    ) -> tuple[Charge, Attempt] | None:
        """Take the lease and commit the attempt before a byte is sent."""
        rows = self._database.once(
            self._tenant,
            sql.CLAIM,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            charge_id=attempt.charge_id,
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
        row = rows[0]
        standing = attempt_from_row(row[sql.CHARGE_WIDTH :], attempt.charge_id)
        return charge_from_row(row, self._tenant), standing or attempt

    def keep_opened(
        self, charge: Charge, attempt: Attempt, *, lease_until: datetime
    ) -> Charge | None:
        """Commit the operator's own reference, and begin the lease anew, if it is still ours."""
        rows = self._database.once(
            self._tenant,
            sql.KEEP_OPENED,
            charge_id=charge.id,
            attempt_id=attempt.id,
            operator_reference=attempt.operator_reference,
            lease=charge.lease_until,
            lease_until=lease_until,
        ).rows
        return replace(charge, lease_until=lease_until) if rows else None

    def release(self, charge: Charge, attempt: Attempt, *, reason: str) -> None:
        """Give the lease back after it was proven that no byte left."""
        self._database.once(
            self._tenant,
            sql.RELEASE,
            charge_id=charge.id,
            attempt_id=attempt.id,
            lease=charge.lease_until,
            reason=reason,
        )

    def move(self, move: Move) -> bool:
        """Apply the move if the expected status still holds; everything or nothing."""
        values = _move_values(move, self._tenant)
        statement = sql.MOVE
        if move.posting is not None:
            statement, values = sql.SETTLE, values | _settle_values(move.posting, move.receipt)
            if is_checkout(move.charge.page):
                statement, values["page_id"] = sql.SETTLE_CHECKOUT, move.charge.page
        try:
            moved, endpoints, *_ = self._database.once(self._tenant, statement, **values).rows[0]
        except DatabaseError as error:
            if is_refused(error):
                raise LedgerRefused(move.cause.value) from None
            raise
        if not moved:
            return False
        messages = list(move.messages)
        if move.event is not None:
            like = Message(
                move.event.id,
                WEBHOOK_DUE,
                self._tenant.account,
                self._tenant.livemode,
                move.charge.id,
                move.traceparent,
            )
            messages += webhook_messages(move.event, endpoints, like)
        self._database.hand_on(messages)
        return True

    def note(self, note: ReadNote) -> None:
        """Keep what a read said, move the due row, grant a resend or open a case."""
        attempt, resend = note.attempt, note.resend
        granted = self._database.once(
            self._tenant,
            sql.NOTE_READ,
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            charge_id=note.charge.id,
            expected=note.charge.status.value,
            resends=note.charge.resends,
            attempt_id=None if attempt is None else attempt.id,
            operator_word=note.operator_word[:200],
            not_found_reads=0 if attempt is None else attempt.not_found_reads,
            first_not_found_at=None if attempt is None else attempt.first_not_found_at,
            due_at=FAR_FUTURE if note.next_check_at is None else note.next_check_at,
            done_at=note.at if note.next_check_at is None else None,
            resend_id=None if resend is None else resend.event_id,
            traceparent=None if resend is None else resend.traceparent,
            case_id=note.case_id,
            case_reason=note.case_reason,
            at=note.at,
            **notice_values(note.notice),
        ).rows[0][0]
        messages = [] if resend is None else [resend]
        messages += [] if note.notice is None else [notice_message(note.notice)]
        if granted:
            self._database.hand_on(messages)

    def end_checks(self, charge_id: str, *, at: datetime) -> None:
        """Close the due row of a charge that has ended, where it still stands open."""
        self._database.once(self._tenant, sql.END_CHECKS, charge_id=charge_id, at=at)


def creation_values(
    charge: Charge,
    *,
    event: Event,
    message: Message,
    first_check_at: datetime,
    idempotency: IdempotencyUse | None,
    response: str,
    admission: Admission | None,
) -> dict[str, Any]:
    """Return the values of the statement that creates it: each names what only it stores."""
    use = idempotency
    return {
        **event_values(event, Tenant(charge.account, charge.livemode), message.traceparent),
        "charge_id": charge.id,
        "amount": charge.money.amount,
        "currency": charge.money.currency,
        "status": charge.status.value,
        "operator": charge.operator.value,
        "operator_account": charge.operator_account,
        "phone": None if charge.phone is None else charge.phone.e164,
        "reference": charge.reference,
        "description": charge.description,
        "return_url": charge.return_url,
        "metadata": metadata_json(charge.metadata),
        "submit_before": charge.submit_before,
        "hold_seconds": int(charge.hold.total_seconds()),
        "fee_lines": fee_lines_json(charge.fees),
        "message_id": message.event_id,
        "topic": message.topic,
        "due_at": first_check_at,
        "operation": None if use is None else use.operation,
        "key": None if use is None else use.key,
        "fingerprint": None if use is None else use.fingerprint,
        "response": response,
        **_admission_values(admission),
        **({} if charge.customer is None else {"customer": charge.customer}),
        **({} if charge.page is None else {"page": charge.page}),
    }


def refuse_taken(error: DatabaseError) -> None:
    """Raise InvalidRequest `reference_in_use` where that is what the error says."""
    is_taken = constraint_of(error) == "charges_reference"
    if is_taken and error_code(error) == UNIQUE_VIOLATION:
        raise InvalidRequest("reference_in_use", "reference") from None


def replayed(use: IdempotencyUse | None, fingerprint: str, response: str) -> Replayed:
    """Return what was answered before. Raises KeyReused where another body was."""
    if use is None or fingerprint != use.fingerprint:
        raise KeyReused("idempotency_key_reused")
    return Replayed(response)


def _admission_values(admission: Admission | None) -> dict[str, Any]:
    if admission is None:
        return dict.fromkeys(_COUNTED)
    prompts = admission.prompts
    return {
        "payer": admission.number_hmac,
        "most": None if prompts is None else prompts.most,
        "span_seconds": None if prompts is None else prompts.seconds,
        "asking_key": admission.key_id,
        "day": admission.day,
        "caps": admission.written_caps,
        "counted_at": admission.at,
    }


def _settle_values(posting: Transaction, receipt: NewReceipt | None) -> dict[str, Any]:
    if receipt is None:
        message = "a settlement has a posting and a receipt"
        raise AssertionError(message)
    return {
        **posting_values(posting),
        "receipt_id": receipt.id,
        "receipt_number": receipt.number,
        "receipt_code": receipt.code,
    }


def _move_values(move: Move, tenant: Tenant) -> dict[str, Any]:
    charge, event = move.charge, move.event
    is_closed = move.next_check_at is None
    return {
        **event_values(event, tenant, move.traceparent),
        "at": move.at,
        "charge_id": charge.id,
        "expected": move.expected.value,
        "status": charge.status.value,
        "lease_rule": move.lease.value,
        "lease": charge.lease_until if move.lease in {Lease.MINE, Lease.UNTOUCHED} else None,
        "resends": charge.resends,
        "cause": move.cause.value,
        "failure_code": charge.failure_code,
        "operator_transaction_id": charge.operator_transaction_id,
        "succeeded_at": charge.succeeded_at,
        "balance_transaction": charge.balance_transaction,
        "attempt_id": move.attempt_id,
        "attempt_status": None if move.attempt_status is None else move.attempt_status.value,
        "operator_word": None if move.operator_word is None else move.operator_word[:200],
        "due_at": FAR_FUTURE if is_closed else move.next_check_at,
        "done_at": move.at if charge.status in FINAL else None,
        "message_id": move.message_id,
        "consumer": move.consumer,
        "message_ids": [message.event_id for message in move.messages],
        "message_topics": [message.topic for message in move.messages],
    }


def event_values(event: Event | None, tenant: Tenant, traceparent: str | None) -> dict[str, Any]:
    return {
        "account": tenant.account,
        "livemode": tenant.livemode,
        "traceparent": traceparent,
        "event_id": None if event is None else event.id,
        "event_type": None if event is None else event.type,
        "event_data": None if event is None else event.data,
        "api_version": None if event is None else event.api_version,
        "request_id": None if event is None else event.request_id,
        "event_key": None if event is None else event.idempotency_key,
        "at": None if event is None else event.created_at,
    }


def webhook_messages(event: Event, endpoints: str | None, like: Message) -> list[Message]:
    """Return the messages that the statement wrote to the outbox, one per endpoint.

    `endpoints` are their ids with spaces between, None where there are none.
    """
    return [
        Message(
            f"{event.id}:{endpoint}",
            WEBHOOK_DUE,
            like.account,
            like.livemode,
            endpoint,
            like.traceparent,
        )
        for endpoint in (endpoints or "").split()
    ]


def key_lock(use: IdempotencyUse, tenant: Tenant) -> int:
    """Return the number to lock for scope and key: 64 bits of a hash over both."""
    scope = f"{tenant.schema}\x00{use.operation}\x00{use.key}"
    return int.from_bytes(hashlib.sha256(scope.encode()).digest()[:8], "big", signed=True)
