"""The refunds of one tenant in PostgreSQL: their making, and what they alone have."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from shared.db import refund_statements as sql
from shared.db.charge_rows import fee_lines_from, fee_lines_json
from shared.db.charges import NOT_LOCKED, key_lock, replayed
from shared.db.event_parts import events_values, messages_of
from shared.db.ledger import posting_values
from shared.db.outgoing import OutgoingRows, common_from_row, stored_values
from shared.db.outgoing_statements import COMMON, FIND_OUTCOME
from shared.db.transaction import Transaction
from shared.domain import ledger
from shared.domain.account import Tenant
from shared.domain.errors import InProgress, InvalidRequest, NotFound
from shared.domain.events import Event, Message
from shared.domain.refund import Refund, Refundable
from shared.operations.outgoing_store import Decide, OutgoingMove
from shared.operations.ports import IdempotencyUse, Replayed, Stored

_OWN: Final = len(COMMON)
RETURNABLE: Final = (ledger.FEES_PLATFORM, ledger.TAXES_VAT)


class Refunds(OutgoingRows[Refund]):
    """RefundStore of one tenant."""

    statements = sql.REFUND

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
            known = transaction.run(FIND_OUTCOME, operation=use.operation, key=use.key)
            if known:
                return replayed(use, *known[0])
            refund = decide(hold_charge(transaction, refund.charge_id))
            stored, told, _ = transaction.run(
                sql.CREATE,
                **events_values([event], tenant, message.traceparent),
                **posting_values(refund.held()),
                **stored_values(refund),
                refund_id=refund.id,
                charge_id=refund.charge_id,
                from_pending=refund.from_pending,
                from_available=refund.from_available,
                fee_lines=fee_lines_json(refund.fees),
                returned=None if refund.returned is None else json.dumps(refund.returned),
                charge_reference=refund.charge_reference,
                reason=refund.reason,
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

    def under_way(self, charge_id: str) -> int:
        """Return what of a charge is counted as refunded and not proven yet, in whole XAF."""
        return int(self._database.once(self._tenant, sql.UNDER_WAY, charge_id=charge_id).rows[0][0])

    def _read(self, row: Sequence[Any]) -> Refund:
        return refund_from_row(row, self._tenant)

    def _own_move(self, move: OutgoingMove) -> dict[str, Any]:
        return {"gives_back": move.gives_back}


def hold_charge(transaction: Transaction, charge_id: str) -> Refundable:
    """Take hold of a charge to the end of the transaction; say what of it can be refunded."""
    held = transaction.run(sql.HOLD_CHARGE, charge_id=charge_id)
    if not held:
        raise NotFound("resource_missing", "charge")
    [[is_succeeded, gross, rest, fee_lines]] = held
    kinds = list(ledger.OF_A_CHARGE_PENDING)
    [[pending, given, *back]] = transaction.run(
        sql.COUNT_PENDING, charge_id=charge_id, kinds=kinds, returnable=list(RETURNABLE)
    )
    return Refundable(
        is_succeeded=is_succeeded,
        rest=rest,
        pending=pending,
        gross=gross,
        fees=fee_lines_from(fee_lines),
        given=given,
        came_back=dict(zip(RETURNABLE, back, strict=True)),
    )


def refund_from_row(row: Sequence[Any], tenant: Tenant) -> Refund:
    """Build a refund from the columns of `refund_statements.REFUND`, in their order."""
    own = row[_OWN:]
    return Refund(
        **common_from_row(row, tenant, width=sql.REFUND.width),
        charge_id=own[0],
        from_pending=own[1],
        charge_reference=own[2],
        reason=own[3],
        late_payment=own[4],
        fees=fee_lines_from(own[5]),
        returned=own[6],
    )
