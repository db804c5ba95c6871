"""The batches of payouts of one tenant in PostgreSQL; what all lines need is one statement."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from shared.db import batch_statements as sql
from shared.db import notices
from shared.db.audit import append
from shared.db.charges import FAR_FUTURE, NOT_LOCKED, key_lock, replayed
from shared.db.directory_statements import JOURNAL_IS_READ
from shared.db.event_parts import events_values, messages_of
from shared.db.ledger import posting_values
from shared.db.outgoing_statements import FIND_OUTCOME
from shared.db.payout_statements import MAKERS
from shared.db.payouts import new_payee_values, payout_from_row
from shared.db.transaction import Database, Transaction
from shared.domain import ledger
from shared.domain.account import Tenant
from shared.domain.approval import Approval
from shared.domain.batch_admission import BatchAdmission
from shared.domain.errors import (
    InProgress,
    InvalidLines,
    InvalidRequest,
    LineFault,
    Unavailable,
)
from shared.domain.events import PAYOUT_READY, Event, Message
from shared.domain.notification import Notification
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.payout_batch import BatchStatus, PayoutBatch, Tally
from shared.domain.quota import business_day
from shared.operations.batch_store import BatchMove, Release
from shared.operations.ports import IdempotencyUse, Replayed, Stored

_PARAM = "payouts"


class Batches:
    """BatchStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was ever answered before, or None. Raises KeyReused."""
        rows = self._database.once(
            self._tenant, FIND_OUTCOME, operation=use.operation, key=use.key
        ).rows
        return replayed(use, *rows[0]) if rows else None

    def find(self, batch_id: str) -> PayoutBatch | None:
        """Return the batch with its progress, or None."""
        rows = self._database.once(self._tenant, sql.FIND, batch_id=batch_id).rows
        return batch_from_row(rows[0], self._tenant) if rows else None

    def create(
        self,
        batch: PayoutBatch,
        lines: Sequence[Payout],
        *,
        admission: BatchAdmission,
        event: Event,
        first_look_at: datetime,
        idempotency: IdempotencyUse,
        response: str,
        notice: Notification | None = None,
    ) -> Stored | Replayed:
        """Store all or nothing: the locks, then rows and money, then what bounds the lines.

        What is refused on the way leaves nothing behind.
        """
        use, tenant = idempotency, self._tenant
        with self._database.tenant(tenant, key_lock=key_lock(use, tenant)) as transaction:
            if transaction.opening_rows[-1][-1] == NOT_LOCKED:
                raise InProgress("idempotency_in_progress", retry_after_seconds=1)
            known = transaction.run(FIND_OUTCOME, operation=use.operation, key=use.key)
            if known:
                return replayed(use, *known[0])
            transaction.run(sql.LOCK_ACCOUNT)
            values = {
                **events_values([event], tenant, None),
                **posting_values(batch.held()),
                **_batch_values(batch),
                **_line_values(lines),
                "due_at": first_look_at,
                "operation": use.operation,
                "key": use.key,
                "fingerprint": use.fingerprint,
                "response": response,
            }
            [[stored, told, taken, _]] = transaction.run(sql.CREATE, **values)
            if not stored:
                raise InvalidRequest("balance_insufficient", _PARAM)
            _admit(transaction, lines, admission, taken)
            if notice is not None:
                notices.add(transaction, notice)
            transaction.messages += messages_of(told, tenant, None)
        return Stored(response)

    def release(self, release: Release) -> Sequence[Message]:
        """Release what operators take now, and look again later; return the messages."""
        batch_id, tenant = release.batch.id, self._tenant
        with self._database.tenant(tenant) as transaction:
            locked = transaction.run(sql.LOCK, batch_id=batch_id)
            if locked != [[BatchStatus.PROCESSING.value]]:
                return ()
            messages: list[Message] = []
            waiting = transaction.run(sql.WAITING, batch_id=batch_id)
            for operator_account, queued, unsent in waiting:
                messages += _release(
                    transaction,
                    release,
                    operator_account,
                    wanted=min(queued, release.most),
                    unsent=unsent,
                )
            transaction.run(
                sql.POSTPONE, batch_id=batch_id, due_at=release.next_look_at, done_at=None
            )
            transaction.messages += messages
        return messages

    def move(self, move: BatchMove) -> bool:
        """Apply the move if the expected status still holds; everything or nothing."""
        tenant = self._tenant
        values = _move_values(move, tenant)
        moved, told = self._database.once(tenant, sql.MOVE, **values).rows[0]
        if moved:
            self._database.hand_on(messages_of(told, tenant, None))
        return bool(moved)

    def change(
        self, batch_id: str, decide: Callable[[PayoutBatch], BatchMove | None]
    ) -> PayoutBatch | None:
        """Apply what `decide` says, with the batch in hand, and what waits of it."""
        tenant = self._tenant
        with self._database.tenant(tenant) as transaction:
            if not transaction.run(sql.LOCK, batch_id=batch_id):
                return None
            [row] = transaction.run(sql.FIND, batch_id=batch_id)
            batch = batch_from_row(row, tenant)
            move = decide(batch)
            if move is None:
                return batch
            values, statement = _move_values(move, tenant), sql.MOVE
            if move.gives_back is not None:
                if not transaction.run(JOURNAL_IS_READ)[0][0]:
                    # A server that was put back may have forgotten which lines were sent.
                    raise Unavailable("temporarily_unavailable", retry_after_seconds=60)
                [[amount, fees]] = transaction.run(sql.LOCK_QUEUED, batch_id=batch_id)
                total = amount + sum(fees.values())
                posting = ledger.payout_batch_given_back(move.gives_back, batch_id, total=total)
                values |= posting_values(posting)
                values |= {"returned_amount": amount, "returned_fees": json.dumps(fees)}
                statement = sql.TAKE_BACK
            _, told, *_ = transaction.run(statement, **values)[0]
            transaction.messages += messages_of(told, tenant, None)
            if move.entry is not None:
                append(transaction, move.entry)
        return move.batch

    def lines(self, batch_id: str) -> Sequence[Payout]:
        """Return all lines of a batch, in their order."""
        rows = self._database.once(self._tenant, sql.LINES, batch_id=batch_id).rows
        return [payout_from_row(row, self._tenant) for row in rows]

    def makers(self, made_by: str) -> frozenset[str]:
        """Return who made something, and whoever made the key that did."""
        rows = self._database.once(self._tenant, MAKERS, made_by=made_by).rows
        return frozenset(maker for [maker] in rows)

    def postpone(self, batch_id: str, *, until: datetime) -> None:
        """Look at it again then."""
        self._database.once(
            self._tenant, sql.POSTPONE, batch_id=batch_id, due_at=until, done_at=None
        )

    def end_looks(self, batch_id: str, *, at: datetime) -> None:
        """Close the due row of a batch that has ended."""
        self._database.once(
            self._tenant, sql.POSTPONE, batch_id=batch_id, due_at=FAR_FUTURE, done_at=at
        )


def batch_from_row(row: Sequence[Any], tenant: Tenant) -> PayoutBatch:
    """Build a batch from the columns of `batch_statements.BATCH`, in their order."""
    return PayoutBatch(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        status=BatchStatus(row[1]),
        line_count=row[2],
        amount=row[3],
        fees=row[4],
        balance_transaction=row[5],
        created_at=row[6],
        description=row[7],
        metadata=row[8],
        ended_at=row[9],
        made_by=row[10],
        approval=None if row[11] is None else Approval(*row[11:16]),
        progress={
            OutgoingStatus(status): Tally(count, amount)
            for status, (count, amount) in (row[16] or {}).items()
        },
    )


def _admit(
    transaction: Transaction,
    lines: Sequence[Payout],
    admission: BatchAdmission,
    taken: Sequence[int],
) -> None:
    """Raise what the batch breaks as a whole, or InvalidLines with all that its lines break."""
    whole = admission.whole
    found = transaction.run(
        sql.ADMIT,
        ids=[line.id for line in lines],
        payees=list(admission.number_hmacs),
        number_days=_numbers(admission.number_days),
        pay_day=business_day(lines[0].ready_since).isoformat(),
        asking_key=whole.key_id,
        day=whole.day,
        line_amounts=_numbers(line.money.amount for line in lines),
        caps=whole.written_caps,
        **new_payee_values(whole),
        at=whole.at,
    )
    faults = [
        LineFault(lines[place - 1].line or place, "reference", "reference_in_use")
        for place in taken
    ]
    for place, word in found:
        if not place:
            raise admission.refusal(word)
        faults.append(admission.fault(place - 1, lines[place - 1].line or place, word))
    if faults:
        raise InvalidLines(_PARAM, faults)


def _release(
    transaction: Transaction, release: Release, operator_account: str, *, wanted: int, unsent: int
) -> list[Message]:
    [[granted]] = transaction.run(
        sql.TAKE_RATE, operator_account=operator_account, wanted=wanted, unsent=unsent
    )
    if not granted:
        return []
    batch = release.batch
    rows = transaction.run(
        sql.RELEASE,
        account=batch.account,
        livemode=batch.livemode,
        batch_id=batch.id,
        operator_account=operator_account,
        message_ids=[release.message_id() for _ in range(granted)],
        topic=PAYOUT_READY,
        at=release.at,
        submit_before=release.submit_before,
        due_at=release.first_check_at,
        traceparent=release.traceparent,
    )
    return [
        Message(
            message_id, PAYOUT_READY, batch.account, batch.livemode, object_id, release.traceparent
        )
        for message_id, object_id in rows
    ]


def _batch_values(batch: PayoutBatch) -> dict[str, Any]:
    return {
        "batch_id": batch.id,
        "status": batch.status.value,
        "line_count": batch.line_count,
        "amount": batch.amount,
        "total": batch.amount + batch.fee,
        "fees": json.dumps(batch.fees),
        "made_by": batch.made_by,
        "content_hash": batch.approval and batch.approval.content_sha256,
        "approve_before": batch.approval and batch.approval.expires_at,
        "description": batch.description,
        "metadata": json.dumps(batch.metadata, ensure_ascii=False),
        "at": batch.created_at,
    }


def _line_values(lines: Sequence[Payout]) -> dict[str, Any]:
    """Return the lines by column; a text that is not there is an empty one."""
    return {
        "ids": [line.id for line in lines],
        "lines": _numbers(line.line or 0 for line in lines),
        "line_amounts": _numbers(line.money.amount for line in lines),
        "line_fees": [json.dumps(line.fees) for line in lines],
        "operators": [line.operator.value for line in lines],
        "operator_accounts": [line.operator_account for line in lines],
        "phones": [line.phone.e164 for line in lines],
        "names": [line.name or "" for line in lines],
        "descriptions": [line.description or "" for line in lines],
        "references": [line.reference or "" for line in lines],
        "intents": [line.intent_key for line in lines],
        "line_metadata": [json.dumps(line.metadata, ensure_ascii=False) for line in lines],
        "submit_before": lines[0].submit_before,
    }


def _move_values(move: BatchMove, tenant: Tenant) -> dict[str, Any]:
    batch = move.batch
    is_over = batch.ended_at is not None
    progress = {status: (tally.count, tally.amount) for status, tally in batch.progress.items()}
    return {
        **events_values([] if move.event is None else [move.event], tenant, None),
        "object_id": batch.id,
        "expected": move.expected.value,
        "status": batch.status.value,
        "cause": move.cause.value,
        "at": move.at,
        "ended_at": batch.ended_at,
        "progress": json.dumps(progress) if is_over else None,
        "decided_by": batch.approval and batch.approval.decided_by,
        "decided_at": batch.approval and batch.approval.decided_at,
        "decision_reason": batch.approval and batch.approval.reason,
        "returned_amount": None,
        "returned_fees": None,
        "due_at": FAR_FUTURE if move.next_look_at is None else move.next_look_at,
        "done_at": move.at if is_over else None,
    }


def _numbers(values: Iterable[int]) -> str:
    """Write whole numbers as PostgreSQL reads a list; the driver looks at each letter."""
    return f"{{{','.join(map(str, values))}}}"
