"""Reading the journal in, as the owner of all schemas: what counts as sent, and what is lost.

Payments are marked in the account's own schema, as `pay_owner`; what a tenant's role must do, with
the operator's word, is left for it in `platform.lost_intents` under that role's name.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.cases import READ_NOW, enter
from shared.db.payout_statements import PAYOUT
from shared.db.payouts import payout_from_row
from shared.db.refund_statements import REFUND
from shared.db.refunds import refund_from_row
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.ids import new_id
from shared.domain.intent import Intent
from shared.domain.lost_intent import LOST
from shared.domain.outgoing import Outgoing
from shared.domain.payout import Payout
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.refund import Refund
from shared.operations.outgoing_moves import intent_of
from shared.operations.read_journal import JournalReading, Kept, Standing

KIND_OF: Final[Mapping[str, str]] = {each.operation: each.kind for each in (Refund, Payout)}
_TABLES: Final = {Refund.kind: "refunds", Payout.kind: "payouts"}

UNFINISHED: Final = Statement("""
SELECT id, restored_to, reached FROM platform.journal_reads
WHERE ended_at IS NULL AND server = platform.server_history()
  AND id = (SELECT max(id) FROM platform.journal_reads)
""")

BEGIN: Final = Statement("""
INSERT INTO platform.journal_reads (server, restored_to, began_at)
VALUES (platform.server_history(), :restored_to::timestamptz, :at::timestamptz)
RETURNING id
""")

REACHED: Final = Statement("""
UPDATE platform.journal_reads SET reached = :reached::text WHERE id = :id::bigint
""")

# On another server than it began on, nothing has been read in; and whoever began a younger one may
# know of another moment.
END: Final = Statement("""
UPDATE platform.journal_reads SET ended_at = :at::timestamptz
WHERE id = :id::bigint AND server = platform.server_history()
  AND id = (SELECT max(id) FROM platform.journal_reads)
RETURNING id
""")

HAS_SCHEMA: Final = Statement("""
SELECT FROM platform.account_schemas WHERE schema_name = :schema::text
""")

TENANTS: Final = Statement("""
SELECT account_id, livemode FROM platform.account_schemas ORDER BY account_id, livemode
""")

OPERATORS: Final = Statement("""
SELECT id, operator FROM platform.operator_accounts WHERE id = ANY(:ids::text[])
""")

# Found by the search_path of the transaction, in the account's own schema.
STANDINGS: Final = Statement("""
SELECT id, operator, status IN ('created', 'scheduled', 'queued', 'awaiting_approval')
FROM (SELECT id, operator, status FROM refunds WHERE id = ANY(:ids::text[])
      UNION ALL SELECT id, operator, status FROM payouts WHERE id = ANY(:ids::text[])) AS known
""")

_UNCLAIMED: Final = """
SELECT {columns} FROM {source}
WHERE r.status = 'created' AND r.created_at < :before::timestamptz ORDER BY r.id
"""
UNCLAIMED: Final[Sequence[tuple[Statement, Callable[[Sequence[Any], Tenant], Outgoing]]]] = (
    (Statement(_UNCLAIMED.format(columns=REFUND.columns, source=REFUND.source)), refund_from_row),
    (Statement(_UNCLAIMED.format(columns=PAYOUT.columns, source=PAYOUT.source)), payout_from_row),
)

_MARK: Final = """
WITH before AS MATERIALIZED (
    SELECT r.id, r.status, w.attempt, w.reference, w.opened, w.kept_at::timestamptz AS kept_at
    FROM unnest(:ids::text[], :attempts::text[], :references::text[], :opened::text[],
                :kept::text[]) AS w(id, attempt, reference, opened, kept_at)
    JOIN {table} r ON r.id = w.id
    WHERE r.status IN ('created', 'scheduled', 'queued', 'awaiting_approval')
    ORDER BY r.id FOR UPDATE OF r
),
gate AS MATERIALIZED (
    UPDATE {table} r
    SET status = 'submitting', journaled_at = COALESCE(r.journaled_at, b.kept_at),
        claimed_at = b.kept_at, lease_until = NULL, waiting_reason = NULL{approved}
    FROM before b WHERE r.id = b.id
    RETURNING r.id, r.operator_account_id, r.amount, r.phone, b.status AS status_before,
              b.attempt, b.reference, NULLIF(b.opened, '') AS opened, b.kept_at
),
attempt AS (
    INSERT INTO provider_attempts (id, account_id, charge_id, number, reference,
        operator_reference, operator_account_id, status, created_at)
    SELECT attempt, :account::text, id, 1, reference, opened, operator_account_id, 'silent',
           kept_at
    FROM gate
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, status_before, 'submitting', 'found_in_journal', :at::timestamptz
    FROM gate
)
SELECT id, operator_account_id, amount, phone, reference, opened, kept_at FROM gate
"""

# What was sent had been approved, and a line of a batch had had its turn.
_APPROVED: Final = {
    Refund.kind: "",
    Payout.kind: """,
        decided_by = CASE WHEN r.content_sha256 IS NOT NULL
                     THEN COALESCE(r.decided_by, 'restored') END,
        decided_at = CASE WHEN r.content_sha256 IS NOT NULL
                     THEN COALESCE(r.decided_at, b.kept_at) END,
        released_at = CASE WHEN r.batch_id IS NOT NULL THEN COALESCE(r.released_at, b.kept_at) END
    """,
}
MARK: Final = {
    kind: Statement(_MARK.format(table=table, approved=_APPROVED[kind]))
    for kind, table in _TABLES.items()
}

INDEX: Final = Statement("""
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
    reference, operator_reference, state, amount, number_hmac, created_at, owner_role)
VALUES (:id::text, :account::text, :livemode::boolean, :kind::text, :operator_account::text,
    :reference::text, :opened::text, 'submitting', :amount::bigint, :number_hmac::text,
    :kept_at::timestamptz, :owner::text)
ON CONFLICT (object_id) DO NOTHING
""")

# Where nobody can read it, for want of the account or of the operator's, a person decides at once.
KEEP_LOST: Final = Statement("""
INSERT INTO platform.lost_intents (object_id, account_id, livemode, kind, about, intent_hmac,
    amount, currency, operator, operator_account_id, reference, operator_reference, made_at,
    kept_at, found_at, outcome, decided_at, owner_role)
SELECT w->>'id', :account::text, :livemode::boolean, w->>'kind', w->>'about', w->>'key',
    (w->>'amount')::bigint, w->>'currency', w->>'operator', w->>'operator_account',
    w->>'reference', w->>'opened', (w->>'made_at')::timestamptz, (w->>'kept_at')::timestamptz,
    :at::timestamptz, CASE WHEN (w->>'is_readable')::boolean THEN NULL ELSE :lost::text END,
    CASE WHEN (w->>'is_readable')::boolean THEN NULL ELSE :at::timestamptz END, :owner::text
FROM jsonb_array_elements(:lost_ones::text::jsonb) AS w
ON CONFLICT (object_id) DO NOTHING
RETURNING object_id, kind, outcome
""")

OPEN_CASE: Final = Statement("""
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at,
    owner_role)
VALUES (:id::text, :kind::text, :account::text, :livemode::boolean, :object_id::text, :lost::text,
    :at::timestamptz, :owner::text)
ON CONFLICT DO NOTHING
""")


class JournalReadings:
    """JournalRows in PostgreSQL, and what begins a reading."""

    def __init__(self, database: Database, number_key: bytes) -> None:
        """`database` is the owner's; the key is that of numbers in the index."""
        self._database = database
        self._number_key = number_key

    def unfinished(self) -> JournalReading | None:
        """Return the newest reading of this server where it did not come to its end, or None."""
        rows = self._database.once(None, UNFINISHED).rows
        return JournalReading(*rows[0]) if rows else None

    def begin(self, restored_to: datetime, *, now: datetime) -> JournalReading:
        """Shut the gate: nothing is sent until a reading from now on has ended."""
        rows = self._database.once(None, BEGIN, restored_to=restored_to, at=now).rows
        return JournalReading(rows[0][0], restored_to)

    def tenants(self) -> Sequence[Tenant]:
        """Return all accounts and modes."""
        return [Tenant(*row) for row in self._database.once(None, TENANTS).rows]

    def standings(self, tenant: Tenant, ids: Sequence[str]) -> Mapping[str, Standing]:
        """Return what is known, by id; of an account that is not there nothing is."""
        with self._database.platform() as transaction:
            if not _enter(transaction, tenant):
                return {}
            rows = transaction.run(STANDINGS, ids=list(ids))
        return {found: Standing(Operator(operator), unsent) for found, operator, unsent in rows}

    def operators(self, operator_accounts: Sequence[str]) -> Mapping[str, Operator]:
        """Return whose the operator accounts are that are known."""
        rows = self._database.once(None, OPERATORS, ids=list(operator_accounts)).rows
        return {account: Operator(operator) for account, operator in rows}

    def unclaimed(self, tenant: Tenant, *, before: datetime) -> Sequence[Intent]:
        """Return the intents of what was made before a moment and is still to be sent."""
        with self._database.platform() as transaction:
            _enter(transaction, tenant)
            return [
                intent_of(read(row, tenant))
                for statement, read in UNCLAIMED
                for row in transaction.run(statement, before=before)
            ]

    def mark_sent(self, tenant: Tenant, kept: Sequence[Kept], *, now: datetime) -> int:
        """Have them count as sent, and read at once; return how many looked unsent until now."""
        marked = 0
        with self._database.platform() as transaction:
            _enter(transaction, tenant)
            for kind, statement in MARK.items():
                own = [each for each in kept if KIND_OF[each.intent.operation] == kind]
                if not own:
                    continue
                rows = transaction.run(statement, **_mark_values(own, tenant, now))
                marked += len(rows)
                for row in rows:
                    self._index(transaction, tenant, kind, row)
                    _read_now(transaction, tenant, row[0], now)
        return marked

    def keep_lost(
        self,
        tenant: Tenant,
        lost: Sequence[tuple[Kept, Operator | None]],
        *,
        now: datetime,
    ) -> int:
        """Write them down for their reader, or as cases where none can be; return the new ones."""
        with self._database.platform() as transaction:
            is_there = _enter(transaction, tenant)
            rows = transaction.run(
                KEEP_LOST,
                account=tenant.account,
                livemode=tenant.livemode,
                owner=tenant.schema,
                at=now,
                lost=LOST,
                lost_ones=json.dumps([_lost(kept, by, is_there=is_there) for kept, by in lost]),
            )
            for object_id, kind, outcome in rows:
                if outcome is None:
                    _read_now(transaction, tenant, object_id, now)
                    continue
                transaction.run(
                    OPEN_CASE,
                    id=new_id("case", int(now.timestamp() * 1000)),
                    kind=kind,
                    account=tenant.account,
                    livemode=tenant.livemode,
                    object_id=object_id,
                    lost=LOST,
                    at=now,
                    owner=tenant.schema,
                )
        return len(rows)

    def note_reached(self, reading: JournalReading, place: str) -> None:
        """Keep how far the journal was read."""
        self._database.once(None, REACHED, id=reading.id, reached=place)

    def end(self, reading: JournalReading, *, now: datetime) -> bool:
        """Keep that all of it is read: from here on money goes out again.

        False where another was begun since, or the server put back again: nothing goes out then.
        """
        return bool(self._database.once(None, END, id=reading.id, at=now).rows)

    def _index(
        self, transaction: Transaction, tenant: Tenant, kind: str, row: Sequence[Any]
    ) -> None:
        object_id, operator_account, amount, phone, reference, opened, kept_at = row
        transaction.run(
            INDEX,
            id=object_id,
            account=tenant.account,
            livemode=tenant.livemode,
            kind=kind,
            operator_account=operator_account,
            reference=reference,
            opened=opened,
            amount=amount,
            number_hmac=PhoneNumber(phone).keyed(self._number_key),
            kept_at=kept_at,
            owner=tenant.schema,
        )


def _enter(transaction: Transaction, tenant: Tenant) -> bool:
    """Find an account's own tables from here on; False where it has none."""
    has_schema = bool(transaction.run(HAS_SCHEMA, schema=tenant.schema))
    if has_schema:
        enter(transaction, f'"{tenant.schema}", pg_catalog')
    return has_schema


def _mark_values(kept: Sequence[Kept], tenant: Tenant, now: datetime) -> dict[str, Any]:
    return {
        "account": tenant.account,
        "at": now,
        "ids": [each.intent.id for each in kept],
        "attempts": [new_id("att", int(now.timestamp() * 1000)) for _ in kept],
        "references": [each.intent.reference for each in kept],
        "opened": [each.opened or "" for each in kept],
        "kept": [each.kept_at.isoformat() for each in kept],
    }


def _read_now(transaction: Transaction, tenant: Tenant, object_id: str, now: datetime) -> None:
    transaction.run(
        READ_NOW,
        kind="payout_check",
        object_id=object_id,
        account=tenant.account,
        livemode=tenant.livemode,
        at=now,
        owner=tenant.schema,
    )


def _lost(kept: Kept, operator: Operator | None, *, is_there: bool) -> dict[str, Any]:
    intent = kept.intent
    return {
        "id": intent.id,
        "kind": KIND_OF[intent.operation],
        "about": intent.about,
        "key": intent.key,
        "amount": intent.money.amount,
        "currency": intent.money.currency,
        "operator": None if operator is None else operator.value,
        "operator_account": intent.operator_account,
        "reference": intent.reference,
        "opened": kept.opened,
        "made_at": intent.created_at.isoformat(),
        "kept_at": kept.kept_at.isoformat(),
        "is_readable": is_there and operator is not None,
    }
