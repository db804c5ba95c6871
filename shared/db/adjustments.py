"""What a reader corrects in the books of one tenant, by the operator's word."""

import json
from typing import Any

from pg8000.exceptions import DatabaseError

from shared.db import adjustment_statements as sql
from shared.db.event_parts import events_values, messages_of
from shared.db.ledger import is_refused, posting_values
from shared.db.notices import notice_message, notice_values
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.adjustment import Adjustment
from shared.domain.errors import LedgerRefused
from shared.operations.outgoing_store import PaidAfterAll


class Corrections:
    """CorrectionStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def paid_after_all(self, correction: PaidAfterAll) -> bool:
        """Book it with its case; False where this transaction of the operator's is booked."""
        adjustment, outgoing = correction.adjustment, correction.outgoing
        try:
            done, told, _ = self._database.once(
                self._tenant,
                sql.PAID_AFTER_ALL,
                **events_values([correction.event], self._tenant, None),
                **posting_values(adjustment.posting),
                **adjustment_values(adjustment),
                counts=outgoing.counted_as_refunded,
                charge_id=outgoing.about,
                case_id=correction.case_id,
                case_kind=outgoing.kind,
                **notice_values(correction.notice),
            ).rows[0]
        except DatabaseError as error:
            if is_refused(error):
                raise LedgerRefused(adjustment.posting.kind) from None
            raise
        if done:
            messages = messages_of(told, self._tenant, None)
            self._database.hand_on([notice_message(correction.notice), *messages])
        return bool(done)


def adjustment_values(adjustment: Adjustment) -> dict[str, Any]:
    """Return the values of ADJUSTMENT_PARTS beside the posting's."""
    return {
        "adjustment_id": adjustment.id,
        "kind": adjustment.kind.value,
        "amount": adjustment.amount,
        "about": adjustment.about,
        "operator_account": adjustment.operator_account,
        "operator_transaction_id": adjustment.operator_transaction_id,
        "reason": adjustment.reason,
        "data": json.dumps(adjustment.data),
        "proposed_by": adjustment.proposed_by,
        "approved_by": adjustment.approved_by,
        "status": adjustment.status,
        "at": adjustment.created_at,
        "ended_at": adjustment.created_at,
    }
