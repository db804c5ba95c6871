"""The payouts of one tenant in PostgreSQL: their making, and what they alone have."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db import notices
from shared.db import payout_statements as sql
from shared.db.audit import append
from shared.db.charges import NOT_LOCKED, key_lock, replayed
from shared.db.event_parts import events_values, messages_of
from shared.db.ledger import is_refused, posting_values
from shared.db.outgoing import OutgoingRows, common_from_row, stored_values
from shared.db.outgoing_statements import COMMON, FIND_OUTCOME
from shared.db.transaction import UNIQUE_VIOLATION, Transaction, constraint_of, error_code
from shared.domain.account import Tenant
from shared.domain.approval import Approval
from shared.domain.audit import AuditEntry
from shared.domain.errors import InProgress, InvalidRequest, LedgerRefused
from shared.domain.events import Event, Message
from shared.domain.notification import Notification
from shared.domain.payout import Payout
from shared.domain.quota import business_day
from shared.domain.rules import Admission
from shared.operations.outgoing_store import OutgoingMove
from shared.operations.ports import IdempotencyUse, Replayed, Stored

_OWN: Final = len(COMMON)


class Payouts(OutgoingRows[Payout]):
    """PayoutStore of one tenant."""

    statements = sql.PAYOUT

    def create(
        self,
        payout: Payout,
        *,
        admission: Admission,
        event: Event,
        message: Message | None,
        first_check_at: datetime,
        idempotency: IdempotencyUse,
        response: str,
        notice: Notification | None = None,
    ) -> Stored | Replayed:
        """Store all or nothing: the key's lock, then what must be free, then the money.

        What is refused on the way leaves nothing behind.
        """
        use, tenant = idempotency, self._tenant
        traceparent = None if message is None else message.traceparent
        with self._database.tenant(tenant, key_lock=key_lock(use, tenant)) as transaction:
            if transaction.opening_rows[-1][-1] == NOT_LOCKED:
                raise InProgress("idempotency_in_progress", retry_after_seconds=1)
            known = transaction.run(FIND_OUTCOME, operation=use.operation, key=use.key)
            if known:
                return replayed(use, *known[0])
            _admit(transaction, payout, admission)
            values = {
                **events_values([event], tenant, traceparent),
                **posting_values(payout.held()),
                **stored_values(payout),
                "payout_id": payout.id,
                "total": payout.money.amount + payout.fee,
                "fees": json.dumps(payout.fees),
                "name": payout.name,
                "description": payout.description,
                "reference": payout.reference,
                "scheduled_at": payout.scheduled_at,
                "made_by": payout.made_by,
                **_approval_values(payout.approval),
                "message_id": None if message is None else message.event_id,
                "topic": payout.topic,
                "due_at": first_check_at,
                "operation": use.operation,
                "key": use.key,
                "fingerprint": use.fingerprint,
                "response": response,
            }
            stored, told, _ = _create(transaction, values)
            if not stored:
                raise InvalidRequest("balance_insufficient", "amount")
            if notice is not None:
                notices.add(transaction, notice)
            transaction.messages += [] if message is None else [message]
            transaction.messages += messages_of(told, tenant, traceparent)
        return Stored(response)

    def makers(self, made_by: str) -> frozenset[str]:
        """Return who made something, and whoever made the key that did."""
        rows = self._database.once(self._tenant, sql.MAKERS, made_by=made_by).rows
        return frozenset(maker for [maker] in rows)

    def decide(self, move: OutgoingMove, entry: AuditEntry) -> bool:
        """Apply the move of one that waits for approval, with its decision and the entry."""
        payout, approval = move.outgoing, None
        if isinstance(payout, Payout):
            approval = payout.approval
        statement, values = self._moving(move)
        try:
            with self._database.tenant(self._tenant) as transaction:
                moved, told, *_ = transaction.run(statement, **values)[0]
                if not moved:
                    return False
                transaction.run(
                    sql.DECIDE,
                    payout_id=payout.id,
                    submit_before=payout.submit_before,
                    decided_by=approval and approval.decided_by,
                    decided_at=approval and approval.decided_at,
                    reason=approval and approval.reason,
                )
                transaction.messages += [] if move.again is None else [move.again]
                transaction.messages += messages_of(told, self._tenant, move.traceparent)
                append(transaction, entry)
        except DatabaseError as error:
            if is_refused(error):
                raise LedgerRefused(move.cause.value) from None
            raise
        return True

    def _read(self, row: Sequence[Any]) -> Payout:
        return payout_from_row(row, self._tenant)


def new_payee_values(admission: Admission) -> dict[str, int | None]:
    """Return what bounds a number that is new, as the statements name it."""
    new = admission.new_payee
    return {
        "new_payee_most": None if new is None else new.most,
        "new_payee_seconds": None if new is None else new.seconds,
    }


def _admit(transaction: Transaction, payout: Payout, admission: Admission) -> None:
    [[refusal]] = transaction.run(
        sql.ADMIT,
        payout_id=payout.id,
        payee=admission.number_hmac,
        number_day=admission.number_day,
        pay_day=business_day(payout.ready_since).isoformat(),
        asking_key=admission.key_id,
        day=admission.day,
        amount=payout.money.amount,
        caps=admission.written_caps,
        **new_payee_values(admission),
        at=admission.at,
    )
    if refusal is not None:
        raise admission.refusal(refusal)


def _create(transaction: Transaction, values: dict[str, Any]) -> list[Any]:
    try:
        return transaction.run(sql.CREATE, **values)[0]
    except DatabaseError as error:
        is_taken = constraint_of(error) == "payouts_reference"
        if is_taken and error_code(error) == UNIQUE_VIOLATION:
            raise InvalidRequest("reference_in_use", "reference") from None
        raise


def _approval_values(approval: Approval | None) -> dict[str, Any]:
    return {
        "content_hash": None if approval is None else approval.content_sha256,
        "approve_before": None if approval is None else approval.expires_at,
    }


def payout_from_row(row: Sequence[Any], tenant: Tenant) -> Payout:
    """Build a payout from the columns of `payout_statements.PAYOUT`, in their order."""
    own = row[_OWN:]
    return Payout(
        **common_from_row(row, tenant, width=sql.PAYOUT.width),
        fees=own[0],
        name=own[1],
        description=own[2],
        reference=own[3],
        scheduled_at=own[4],
        made_by=own[5],
        approval=None if own[6] is None else Approval(*own[6:11]),
        amount_returned=own[11],
        batch=own[12],
        line=own[13],
        released_at=own[14],
    )
