"""Several charges of one tenant in one transaction, by one statement for all of them.

Only where nothing bounds charges. What is counted is counted under locks that last until the
commit: with several in hand in any order, two batches could wait for each other.
"""

from collections.abc import Sequence
from typing import Any, Final

from pg8000.exceptions import InterfaceError

from shared.db.charge_rows import fee_lines_json, metadata_json
from shared.db.charges import Charges, key_lock, replayed, webhook_messages
from shared.db.event_parts import wants
from shared.db.statement import Statement
from shared.db.transaction import Transaction
from shared.domain.account import Tenant
from shared.domain.errors import (
    CutOff,
    InProgress,
    InvalidRequest,
    KeyReused,
    Refusal,
    Unavailable,
)
from shared.domain.events import Message
from shared.operations.create_charge import OPERATION, NewCharge
from shared.operations.ports import Replayed, Stored

# Whoever has a key's lock is alone with it until the commit; the statement that looks comes after.
LOCK_KEYS: Final = Statement("""
SELECT pg_try_advisory_xact_lock(l.number)
FROM unnest(:locks::bigint[]) WITH ORDINALITY AS l(number, place) ORDER BY l.place
""")

# As `charge_statements.CREATE`, row by row; what is no text is an empty one here. What has an
# answer already, or a reference that another charge has, writes nothing. References are taken in
# their order, so that of two batches one waits for the other, and never each for each.
CREATE_TOGETHER: Final = Statement(f"""
WITH given AS MATERIALIZED (
    SELECT g.* FROM unnest(
        :charge_ids::text[], :amounts::bigint[], :operators::text[], :operator_accounts::text[],
        :phones::text[], :references::text[], :descriptions::text[], :return_urls::text[],
        :metadatas::text[], :fee_lines::text[], :holds::int[], :submit_befores::timestamptz[],
        :moments::timestamptz[], :due_ats::timestamptz[], :event_ids::text[],
        :message_ids::text[], :request_ids::text[], :keys::text[], :fingerprints::text[],
        :responses::text[]
    ) WITH ORDINALITY AS g(charge_id, amount, operator, operator_account, phone, reference,
                           description, return_url, metadata, fee_lines, hold_seconds,
                           submit_before, at, due_at, event_id, message_id, request_id, key,
                           fingerprint, response, place)
),
earlier AS MATERIALIZED (
    SELECT g.place, k.fingerprint, k.response
    FROM given g JOIN idempotency_keys k ON k.operation = :operation::text AND k.key = g.key
    WHERE k.created_at > now() - interval '24 hours'
),
charge AS (
    INSERT INTO charges (id, account_id, amount, currency, status, operator, operator_account_id,
                         phone, reference, description, return_url, metadata, submit_before,
                         created_at, hold_seconds, fee_lines)
    SELECT charge_id, :account::text, amount, :currency::text, :status::text, operator,
           operator_account, NULLIF(phone, ''), NULLIF(reference, ''), NULLIF(description, ''),
           NULLIF(return_url, ''), metadata::jsonb, submit_before, at, hold_seconds,
           fee_lines::jsonb
    FROM given g WHERE NOT EXISTS (SELECT FROM earlier e WHERE e.place = g.place)
    ORDER BY reference, place
    ON CONFLICT (reference)
    WHERE reference IS NOT NULL AND status NOT IN ('failed', 'expired', 'canceled')
    DO NOTHING
    RETURNING id
),
gate AS MATERIALIZED (
    SELECT g.* FROM given g JOIN charge c ON c.id = g.charge_id
),
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, key, :account::text, fingerprint, charge_id, response, now()
    FROM gate WHERE key <> ''
    ON CONFLICT (operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
        response = excluded.response, created_at = excluded.created_at
),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'payment_check', charge_id, :account::text, :livemode::boolean, due_at FROM gate
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT message_id, :topic::text, :account::text, :livemode::boolean, charge_id,
           :traceparent::text
    FROM gate
),
event AS (
    INSERT INTO events (id, account_id, type, object_id, data, request_id, idempotency_key,
                        api_version, created_at)
    SELECT event_id, :account::text, :event_type::text, charge_id, response, request_id,
           NULLIF(key, ''), :api_version::text, at
    FROM gate
),
feed AS (
    INSERT INTO platform.event_feed (id, account_id, livemode, type, object_id, created_at)
    SELECT event_id, :account::text, :livemode::boolean, :event_type::text, charge_id, at
    FROM gate
),
deliveries AS (
    INSERT INTO webhook_deliveries (event_id, endpoint_id, account_id, status, next_attempt_at,
                                    created_at)
    SELECT g.event_id, e.id, :account::text, 'pending', g.at, g.at
    FROM gate g, webhook_endpoints e
    WHERE e.status = 'enabled' AND {wants("e.enabled_events", ":event_type::text")}
    RETURNING event_id, endpoint_id
),
webhook_work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT event_id || ':' || endpoint_id, 'webhook-due', :account::text, :livemode::boolean,
           endpoint_id, :traceparent::text
    FROM deliveries
)
SELECT e.fingerprint, e.response, c.id IS NOT NULL, d.endpoints
FROM given g
LEFT JOIN earlier e ON e.place = g.place
LEFT JOIN charge c ON c.id = g.charge_id
LEFT JOIN (SELECT event_id, string_agg(endpoint_id, ' ') AS endpoints
           FROM deliveries GROUP BY event_id) AS d ON d.event_id = g.event_id
ORDER BY g.place
""")


Became = Stored | Replayed | Refusal | CutOff


class ManyCharges(Charges):
    """ManyChargesStore of one tenant."""

    def create_together(self, several: Sequence[NewCharge]) -> list[Became]:
        """Store each or refuse it; one by one where they are counted, or where there is only one.

        So are those among which one names a customer, who must be held. No key and no reference
        comes twice.
        """
        if len(several) == 1 or any(
            new.admission is not None or new.charge.customer is not None for new in several
        ):
            return self._one_by_one(several)
        try:
            return self._together(several)
        except (Refusal, CutOff) as failure:
            return [failure] * len(several)

    def _one_by_one(self, several: Sequence[NewCharge]) -> list[Became]:
        """Store each by itself, until the database keeps one waiting: so would it the others."""
        found: list[Became] = []
        for new in several:
            if found and isinstance(found[-1], Unavailable | CutOff):
                found.append(Unavailable("temporarily_unavailable", retry_after_seconds=1))
            else:
                found.append(self._alone(new))
        return found

    def _alone(self, new: NewCharge) -> Became:
        try:
            return self.create(
                new.charge,
                event=new.event,
                message=new.message,
                first_check_at=new.first_check_at,
                idempotency=new.idempotency,
                response=new.response,
                admission=new.admission,
            )
        except (Refusal, CutOff) as failure:
            return failure

    def _together(self, several: Sequence[NewCharge]) -> list[Became]:
        tenant = self._tenant
        try:
            with self._database.tenant(tenant) as transaction:
                busy = _busy(transaction, tenant, several)
                free = [new for new in several if new.charge.id not in busy]
                rows = transaction.run(CREATE_TOGETHER, **_values(free, tenant)) if free else []
                stored = dict(zip((new.charge.id for new in free), rows, strict=True))
                transaction.messages += _messages(several, stored)
        except (InterfaceError, OSError) as error:
            raise CutOff from error
        return [_outcome(new, stored.get(new.charge.id)) for new in several]


def _busy(transaction: Transaction, tenant: Tenant, several: Sequence[NewCharge]) -> frozenset[str]:
    """Return the charges on whose keys another request works this moment."""
    keyed = [(new.charge.id, new.idempotency) for new in several if new.idempotency is not None]
    if not keyed:
        return frozenset()
    locks = ",".join(str(key_lock(use, tenant)) for _, use in keyed)
    rows = transaction.run(LOCK_KEYS, locks=f"{{{locks}}}")
    return frozenset(
        charge for (charge, _), [is_free] in zip(keyed, rows, strict=True) if not is_free
    )


def _outcome(new: NewCharge, row: list[Any] | None) -> Became:
    if row is None:
        return InProgress("idempotency_in_progress", retry_after_seconds=1)
    fingerprint, response, is_stored, _ = row
    if fingerprint is not None:
        try:
            return replayed(new.idempotency, fingerprint, response)
        except KeyReused as refusal:
            return refusal
    return Stored(new.response) if is_stored else InvalidRequest("reference_in_use", "reference")


def _messages(several: Sequence[NewCharge], stored: dict[str, list[Any]]) -> list[Message]:
    messages: list[Message] = []
    for new in several:
        row = stored.get(new.charge.id)
        if row is not None and row[2]:
            messages += [new.message, *webhook_messages(new.event, row[3], new.message)]
    return messages


def _values(several: Sequence[NewCharge], tenant: Tenant) -> dict[str, Any]:
    first, charges = several[0], [new.charge for new in several]
    return {
        "account": tenant.account,
        "livemode": tenant.livemode,
        "operation": OPERATION,
        "currency": first.charge.money.currency,
        "status": first.charge.status.value,
        "topic": first.message.topic,
        "traceparent": first.message.traceparent,
        "event_type": first.event.type,
        "api_version": first.event.api_version,
        "charge_ids": [charge.id for charge in charges],
        "amounts": [str(charge.money.amount) for charge in charges],
        "operators": [charge.operator.value for charge in charges],
        "operator_accounts": [charge.operator_account for charge in charges],
        "phones": ["" if charge.phone is None else charge.phone.e164 for charge in charges],
        "references": [charge.reference or "" for charge in charges],
        "descriptions": [charge.description or "" for charge in charges],
        "return_urls": [charge.return_url or "" for charge in charges],
        "metadatas": [metadata_json(charge.metadata) for charge in charges],
        "fee_lines": [fee_lines_json(charge.fees) for charge in charges],
        "holds": [str(int(charge.hold.total_seconds())) for charge in charges],
        "submit_befores": [charge.submit_before.isoformat() for charge in charges],
        "moments": [charge.created_at.isoformat() for charge in charges],
        "due_ats": [new.first_check_at.isoformat() for new in several],
        "event_ids": [new.event.id for new in several],
        "message_ids": [new.message.event_id for new in several],
        "request_ids": [new.event.request_id or "" for new in several],
        "keys": [new.idempotency.key if new.idempotency else "" for new in several],
        "fingerprints": [new.idempotency.fingerprint if new.idempotency else "" for new in several],
        "responses": [new.response for new in several],
    }
