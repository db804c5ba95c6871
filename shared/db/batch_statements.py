"""The SQL of batches of payouts: taken with all lines in one statement, released by the portion.

A part named `gate` decides, as in `outgoing_statements`. Rows are taken in the order batch, lines,
ledger; whoever releases or cancels has the batch's row first.
"""

from typing import Final

from shared.db.event_parts import EVENTS_PARTS, TOLD
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.payout_statements import PAYOUT
from shared.db.statement import Statement

BATCH: Final = """
       b.id, b.status, b.line_count, b.amount, b.fees, b.balance_transaction, b.created_at,
       b.description, b.metadata, b.ended_at, b.made_by, b.content_sha256, b.approve_before,
       b.decided_by, b.decided_at, b.decision_reason,
       COALESCE(b.progress, (
           SELECT jsonb_object_agg(l.status, jsonb_build_array(l.count, l.amount)) FROM (
               SELECT status, count(*) AS count, sum(amount)::bigint AS amount
               FROM payouts WHERE batch_id = b.id GROUP BY status) AS l))"""
"""Its columns, and how its lines stand: as they were in the end, or counted now."""

FIND: Final = Statement(f"SELECT {BATCH} FROM payout_batches b WHERE b.id = :batch_id::text")

LIST: Final = f"""
SELECT {BATCH} FROM payout_batches b
WHERE b.id > :after::text AND b.id < :before::text
  AND (:statuses::text[] IS NULL OR b.status = ANY(:statuses::text[]))
  AND (:created_from::bigint IS NULL OR b.created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR b.created_at < to_timestamp(:created_until::bigint))
ORDER BY b.id"""

# Taken before anything of a batch is stored, as `platform.admit_payouts` takes it again: so a
# single payout of the same account waits here, not for the books with other locks in its hands.
LOCK_ACCOUNT: Final = Statement("""
SELECT pg_advisory_xact_lock(hashtextextended(current_setting('role'), 6113407))
""")

# Available must cover it whole. A line whose reference another payout has is left out, and told by
# its place from 1 on: whoever finds one takes nothing of it.
CREATE: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    SELECT :batch_id::text AS id FROM ledger_accounts
    WHERE code = 'available' AND balance * normal >= :total::bigint
    FOR UPDATE
),
batch AS (
    INSERT INTO payout_batches (id, account_id, status, line_count, amount, fees, currency,
                                description, metadata, balance_transaction, created_at, made_by,
                                content_sha256, approve_before)
    SELECT id, :account::text, :status::text, :line_count::int, :amount::bigint, :fees::jsonb,
           'XAF', :description::text, :metadata::jsonb, :transaction_id::text, :at::timestamptz,
           :made_by::text, :content_hash::text, :approve_before::timestamptz
    FROM gate
),
given AS MATERIALIZED (
    SELECT l.* FROM gate, unnest(
        :ids::text[], :lines::int[], :line_amounts::bigint[], :line_fees::text[],
        :operators::text[], :operator_accounts::text[], :phones::text[], :names::text[],
        :descriptions::text[], :references::text[], :intents::text[], :line_metadata::text[]
    ) WITH ORDINALITY AS l(id, line, amount, fees, operator, operator_account, phone, name,
                           description, reference, intent, metadata, place)
),
stored AS (
    INSERT INTO payouts (id, account_id, amount, fees, currency, status, operator,
                         operator_account_id, phone, name, description, reference, intent_hmac,
                         metadata, balance_transaction, submit_before, created_at, made_by,
                         batch_id, batch_line)
    SELECT id, :account::text, amount, fees::jsonb, 'XAF', 'queued', operator, operator_account,
           phone, NULLIF(name, ''), NULLIF(description, ''), NULLIF(reference, ''), intent,
           metadata::jsonb, :transaction_id::text, :submit_before::timestamptz, :at::timestamptz,
           :made_by::text, :batch_id::text, line
    FROM given ORDER BY place
    ON CONFLICT (reference)
    WHERE reference IS NOT NULL AND status NOT IN ('failed', 'canceled', 'rejected', 'expired')
    DO NOTHING
    RETURNING id
),
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, :key::text, :account::text, :fingerprint::text, id, :response::text,
           now()
    FROM gate
),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'payout_check', id, :account::text, :livemode::boolean, :due_at::timestamptz FROM gate
),
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD},
       ARRAY(SELECT place::int FROM given WHERE id NOT IN (SELECT id FROM stored) ORDER BY place),
       {WHOLE}
""")

ADMIT: Final = Statement("""
SELECT place, word
FROM platform.admit_payouts(:ids::text[], :payees::text[], :number_days::bigint[],
                            :pay_day::date, :asking_key::text, :day::date,
                            :line_amounts::bigint[], :caps::bigint[], :at::timestamptz)
UNION ALL
SELECT place, 'new_payee'
FROM platform.new_payees(:ids::text[], :payees::text[], :line_amounts::bigint[], :pay_day::date,
                         :new_payee_most::bigint, :new_payee_seconds::int,
                         :at::timestamptz) AS place
""")

# Whoever has its row is alone with its lines that wait; what follows is a younger snapshot.
LOCK: Final = Statement("""
SELECT status FROM payout_batches WHERE id = :batch_id::text FOR UPDATE
""")

# By operator account, in their order: how many wait, and how many of the merchant's were released
# and have not been sent, a person's decision aside.
WAITING: Final = Statement("""
SELECT w.operator_account_id, w.count::int, COALESCE(u.count, 0)::int
FROM (SELECT operator_account_id, count(*) AS count FROM payouts
      WHERE batch_id = :batch_id::text AND status = 'queued' GROUP BY 1) AS w
LEFT JOIN (SELECT operator_account_id, count(*) AS count FROM payouts
           WHERE status IN ('created', 'submitting') AND stopped_at IS NULL GROUP BY 1) AS u
  USING (operator_account_id)
ORDER BY 1
""")

TAKE_RATE: Final = Statement("""
SELECT platform.take_payout_rate(:operator_account::text, :wanted::int, :unsent::int)
""")

# Each gets what every payout is made with: its due row and its message.
RELEASE: Final = Statement("""
WITH chosen AS MATERIALIZED (
    SELECT id FROM payouts
    WHERE batch_id = :batch_id::text AND status = 'queued'
      AND operator_account_id = :operator_account::text
    ORDER BY id DESC LIMIT cardinality(:message_ids::text[])
    FOR UPDATE SKIP LOCKED
),
gate AS MATERIALIZED (
    UPDATE payouts p
    SET status = 'created', released_at = :at::timestamptz,
        submit_before = :submit_before::timestamptz
    FROM chosen c WHERE p.id = c.id
    RETURNING p.id
),
told AS MATERIALIZED (
    SELECT m.id AS message_id, g.id
    FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS place FROM gate) AS g
    JOIN unnest(:message_ids::text[]) WITH ORDINALITY AS m(id, place) USING (place)
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, 'queued', 'created', 'released', :at::timestamptz FROM gate
),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'payout_check', id, :account::text, :livemode::boolean, :due_at::timestamptz FROM gate
    -- Where a tenant was put back to before a release, the platform has its row already.
    ON CONFLICT (kind, object_id) DO UPDATE
    SET due_at = :due_at::timestamptz, lease_until = NULL, done_at = NULL
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT message_id, :topic::text, :account::text, :livemode::boolean, id, :traceparent::text
    FROM told
)
SELECT message_id, id FROM told
""")

# What the waiting lines pay and cost, with their rows in hand: who canceled one alone was waited
# for.
LOCK_QUEUED: Final = Statement("""
WITH waiting AS MATERIALIZED (
    SELECT amount, fees FROM payouts WHERE batch_id = :batch_id::text AND status = 'queued'
    ORDER BY id FOR UPDATE
)
SELECT COALESCE(sum(amount), 0)::bigint, (
    SELECT COALESCE(jsonb_object_agg(owed.code, owed.amount), '{}')
    FROM (SELECT f.key AS code, sum(f.value::bigint)::bigint AS amount
          FROM waiting, jsonb_each_text(fees) AS f GROUP BY f.key) AS owed)
FROM waiting
""")

_MOVING: Final = f"""
gate AS MATERIALIZED (
    UPDATE payout_batches
    SET status = :status::text, ended_at = :ended_at::timestamptz, progress = :progress::jsonb,
        returned_amount = COALESCE(:returned_amount::bigint, returned_amount),
        returned_fees = COALESCE(:returned_fees::jsonb, returned_fees),
        decided_by = COALESCE(:decided_by::text, decided_by),
        decided_at = COALESCE(:decided_at::timestamptz, decided_at),
        decision_reason = COALESCE(:decision_reason::text, decision_reason)
    WHERE id = :object_id::text AND status = :expected::text
    RETURNING id
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, :expected::text, :status::text, :cause::text, :at::timestamptz
    FROM gate
),
due AS (
    UPDATE platform.due_work
    SET due_at = :due_at::timestamptz, lease_until = NULL, done_at = :done_at::timestamptz
    WHERE kind = 'payout_check' AND object_id = :object_id::text AND EXISTS (SELECT FROM gate)
),
{EVENTS_PARTS}"""

MOVE: Final = Statement(f"""
WITH {_MOVING}
SELECT (SELECT count(*) FROM gate), {TOLD}
""")

# The lines end without an event of their own: the batch's tells of them.
TAKE_BACK: Final = Statement(f"""
WITH {_MOVING},
gone AS (
    UPDATE payouts p SET status = 'canceled', ended_at = :at::timestamptz
    FROM gate WHERE p.batch_id = gate.id AND p.status = 'queued'
    RETURNING p.id
),
changes AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, 'queued', 'canceled', 'batch_canceled', :at::timestamptz FROM gone
),
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

LINES: Final = Statement(f"""
SELECT {PAYOUT.columns} FROM {PAYOUT.source} WHERE r.batch_id = :batch_id::text ORDER BY r.id DESC
""")
"""All of a batch, in their order: the newest id is the first line's."""

POSTPONE: Final = Statement("""
UPDATE platform.due_work
SET due_at = :due_at::timestamptz, lease_until = NULL, done_at = :done_at::timestamptz
WHERE kind = 'payout_check' AND object_id = :batch_id::text AND done_at IS NULL
""")
