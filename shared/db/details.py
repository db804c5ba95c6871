"""What a merchant alone says of a payment, changed with its idempotency key in one round trip."""

from typing import Any, Final

from shared.db.charge_rows import charge_from_row, metadata_json
from shared.db.charge_statements import FIND
from shared.db.charges import NOT_LOCKED, key_lock, replayed
from shared.db.payout_statements import PAYOUT
from shared.db.payouts import payout_from_row
from shared.db.refund_statements import REFUND
from shared.db.refunds import refund_from_row
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.charge import Charge
from shared.domain.errors import InProgress
from shared.domain.payout import Payout
from shared.domain.refund import Refund
from shared.operations.ports import IdempotencyUse, Replayed, Stored


def _describe(table: str, *, has_description: bool = True, unless: str = "") -> Statement:
    """As `charge_statements.CREATE`: without the lock on its key nothing is written."""
    words = "description = :description::text, " if has_description else ""
    same = "AND c.description IS NOT DISTINCT FROM :description_before::text"
    return Statement(f"""
WITH earlier AS MATERIALIZED (
    SELECT fingerprint, response FROM idempotency_keys
    WHERE operation = :operation::text AND key = :key::text
      AND created_at > now() - interval '24 hours'
),
gate AS MATERIALIZED (
    SELECT 1 WHERE NOT EXISTS (SELECT FROM earlier)
      AND COALESCE(current_setting('pay.key_lock', true), '') <> 'false'
),
changed AS (
    UPDATE {table} c SET {words}metadata = :metadata::jsonb
    FROM gate
    WHERE c.id = :id::text AND c.metadata = :metadata_before::jsonb
      {same if has_description else ""} {unless}
    RETURNING c.id
),
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, :key::text, :account::text, :fingerprint::text, id, :response::text,
           now()
    FROM changed WHERE :key::text IS NOT NULL
    ON CONFLICT (operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
        response = excluded.response, created_at = excluded.created_at
)
SELECT (SELECT fingerprint FROM earlier), (SELECT response FROM earlier), (SELECT id FROM changed)
""")


DESCRIBE: Final = _describe("charges")
DESCRIBE_REFUND: Final = _describe("refunds", has_description=False)
# Whoever asks has looked; but what is bound by an approval is bound here as well.
DESCRIBE_PAYOUT: Final = _describe(
    "payouts", unless="AND c.content_sha256 IS NULL AND c.batch_id IS NULL"
)


class _Described:
    """Words of one tenant's payments of one kind."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def _change(
        self,
        statement: Statement,
        payment: Charge | Refund | Payout,
        before: Charge | Refund | Payout,
        use: IdempotencyUse | None,
        response: str,
        **words: Any,
    ) -> Stored | Replayed | None:
        once = self._database.once(
            self._tenant,
            statement,
            key_lock=None if use is None else key_lock(use, self._tenant),
            account=self._tenant.account,
            id=payment.id,
            metadata=metadata_json(payment.metadata),
            metadata_before=metadata_json(before.metadata),
            operation=None if use is None else use.operation,
            key=None if use is None else use.key,
            fingerprint=None if use is None else use.fingerprint,
            response=response,
            **words,
        )
        if use is not None and once.opened == NOT_LOCKED:
            raise InProgress("idempotency_in_progress", retry_after_seconds=1)
        known, earlier, changed = once.rows[0]
        if known is not None:
            return replayed(use, known, earlier)
        return None if changed is None else Stored(response)


class Details(_Described):
    """DescribedCharges of one tenant."""

    def find(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""
        rows = self._database.once(self._tenant, FIND, charge_id=charge_id).rows
        return charge_from_row(rows[0], self._tenant) if rows else None

    def describe(
        self, charge: Charge, before: Charge, *, idempotency: IdempotencyUse | None, response: str
    ) -> Stored | Replayed | None:
        """Store words in the place of those before; None where those are there no more."""
        words = {"description": charge.description, "description_before": before.description}
        return self._change(DESCRIBE, charge, before, idempotency, response, **words)


class RefundDetails(_Described):
    """DescribedOutgoing of one tenant's refunds."""

    def find(self, object_id: str) -> Refund | None:
        """Return the refund, or None."""
        rows = self._database.once(self._tenant, REFUND.find, object_id=object_id).rows
        return refund_from_row(rows[0], self._tenant) if rows else None

    def describe(
        self, outgoing: Refund, before: Refund, *, idempotency: IdempotencyUse | None, response: str
    ) -> Stored | Replayed | None:
        """Store metadata in the place of that before; None where that is there no more."""
        return self._change(DESCRIBE_REFUND, outgoing, before, idempotency, response)


class PayoutDetails(_Described):
    """DescribedOutgoing of one tenant's payouts."""

    def find(self, object_id: str) -> Payout | None:
        """Return the payout, or None."""
        rows = self._database.once(self._tenant, PAYOUT.find, object_id=object_id).rows
        return payout_from_row(rows[0], self._tenant) if rows else None

    def describe(
        self, outgoing: Payout, before: Payout, *, idempotency: IdempotencyUse | None, response: str
    ) -> Stored | Replayed | None:
        """Store words in the place of those before; None where those are there no more."""
        words = {"description": outgoing.description, "description_before": before.description}
        return self._change(DESCRIBE_PAYOUT, outgoing, before, idempotency, response, **words)
