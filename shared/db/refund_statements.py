"""The SQL of a refund's life, whole statements to read.

As in `charge_statements` the part named `gate` decides: where it yields no row, no other part
writes. Rows are taken in the order refund, charge, ledger. The attempt of a refund names it in
`charge_id`.
"""

from typing import Final

from shared.db.event_parts import EVENTS_PARTS, TOLD
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.notices import NOTICE_PARTS
from shared.db.statement import Statement

_COLUMNS: Final = """
    r.id, r.charge_id, r.amount, r.from_pending, r.currency, r.status, r.failure_code, r.operator,
    r.operator_account_id, r.phone, r.operator_transaction_id, r.charge_reference, r.intent_hmac,
    r.reason, r.metadata, r.balance_transaction, r.submit_before, r.lease_until, r.journaled_at,
    r.stopped_at, r.created_at, r.ended_at, r.claimed_at"""
REFUND: Final = _COLUMNS
REFUND_WIDTH: Final = 23
_ATTEMPT: Final = """
    a.id, a.number, a.reference, a.operator_account_id, a.status, a.not_found_reads,
    a.first_not_found_at, a.operator_reference"""

# A key of money out never expires.
FIND_OUTCOME: Final = Statement("""
SELECT fingerprint, response FROM idempotency_keys
WHERE operation = :operation::text AND key = :key::text
""")

# Nobody else refunds the charge until this transaction ends. What the statement after it counts is
# seen by a younger snapshot than this lock.
HOLD_CHARGE: Final = Statement("""
SELECT status = 'succeeded', amount - amount_refunded FROM charges
WHERE id = :charge_id::text FOR UPDATE
""")

COUNT_PENDING: Final = Statement("""
SELECT COALESCE(-sum(p.amount), 0)::bigint
FROM ledger_transactions t JOIN postings p ON p.transaction_id = t.id
WHERE p.code = 'pending' AND t.kind = ANY(:kinds::text[]) AND t.object_id IN (
    SELECT :charge_id::text UNION ALL SELECT id FROM refunds WHERE charge_id = :charge_id::text)
""")

# What pending does not bear, available must cover: its row is locked by the look at it.
CREATE: Final = Statement(f"""
WITH cover AS MATERIALIZED (
    SELECT code FROM ledger_accounts
    WHERE code = 'available' AND :from_available::bigint > 0
      AND balance * normal >= :from_available::bigint
    FOR UPDATE
),
gate AS MATERIALIZED (
    SELECT :refund_id::text AS id
    WHERE :from_available::bigint = 0 OR EXISTS (SELECT FROM cover)
),
charge AS (
    UPDATE charges SET amount_refunded = amount_refunded + :amount::bigint
    WHERE id = :charge_id::text AND EXISTS (SELECT FROM gate)
),
refund AS (
    INSERT INTO refunds (id, account_id, charge_id, amount, from_pending, currency, status,
                         operator, operator_account_id, phone, charge_reference, intent_hmac,
                         reason, metadata, balance_transaction, submit_before, created_at)
    SELECT id, :account::text, :charge_id::text, :amount::bigint, :from_pending::bigint,
           :currency::text, :status::text, :operator::text, :operator_account::text, :phone::text,
           :charge_reference::text, :intent_hmac::text, :reason::text, :metadata::jsonb,
           :transaction_id::text, :submit_before::timestamptz, :at::timestamptz
    FROM gate
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
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :message_id::text, :topic::text, :account::text, :livemode::boolean, id,
           :traceparent::text
    FROM gate
),
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

UNDER_WAY: Final = Statement("""
SELECT COALESCE(sum(amount), 0)::bigint FROM refunds
WHERE charge_id = :charge_id::text AND status NOT IN ('succeeded', 'failed')
""")

FIND: Final = Statement(f"SELECT {REFUND} FROM refunds r WHERE r.id = :refund_id::text")

FIND_WITH_ATTEMPT: Final = Statement(f"""
SELECT {REFUND}, {_ATTEMPT}
FROM refunds r
LEFT JOIN LATERAL (
    SELECT * FROM provider_attempts WHERE charge_id = r.id ORDER BY number DESC LIMIT 1
) a ON true
WHERE r.id = :refund_id::text
""")

# A refund may be sent when it is new, or when it is proven that nothing was sent. Whoever claims
# has kept its intent. Never while leased or stopped, never past its time, never for a message that
# has had its effect. Where a tenant was put back to before the sending, the platform has its token
# and its line in the index already.
CLAIM: Final = Statement(f"""
WITH standing AS MATERIALIZED (
    SELECT * FROM provider_attempts WHERE charge_id = :refund_id::text
    ORDER BY number DESC LIMIT 1
),
before AS MATERIALIZED (
    SELECT id, status FROM refunds WHERE id = :refund_id::text FOR UPDATE
),
gate AS MATERIALIZED (
    UPDATE refunds r
    SET status = 'submitting', lease_until = :lease_until::timestamptz,
        journaled_at = COALESCE(r.journaled_at, :now::timestamptz),
        claimed_at = :now::timestamptz
    FROM before b
    WHERE r.id = b.id AND r.submit_before > :now::timestamptz AND r.stopped_at IS NULL
      AND NOT EXISTS (SELECT FROM consumed_messages
                      WHERE consumer = :consumer::text AND event_id = :message_id::text)
      AND (r.lease_until IS NULL OR r.lease_until < :now::timestamptz)
      AND (r.status = 'created'
           OR (r.status = 'submitting'
               AND EXISTS (SELECT FROM standing WHERE standing.status = 'not_sent')))
    RETURNING {_COLUMNS}, b.status AS status_before
),
attempt AS (
    INSERT INTO provider_attempts (id, account_id, charge_id, number, reference,
                                   operator_account_id, status, created_at)
    SELECT :attempt_id::text, :account::text, id, :attempt_number::int, :reference::text,
           operator_account_id, 'sending', :now::timestamptz
    FROM gate WHERE NOT EXISTS (SELECT FROM standing)
),
again AS (
    UPDATE provider_attempts a SET status = 'sending'
    FROM gate, standing s WHERE a.id = s.id
),
token AS (
    INSERT INTO platform.callback_tokens (token_hash, account_id, livemode, kind, object_id,
                                          provider, created_at)
    SELECT :token_hash::text, :account::text, :livemode::boolean, 'refund', id, operator,
           :now::timestamptz
    FROM gate
    ON CONFLICT DO NOTHING
),
index_row AS (
    INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,
                                        operator_account_id, reference, state, amount,
                                        number_hmac, created_at)
    SELECT id, :account::text, :livemode::boolean, 'refund', operator_account_id,
           :reference::text, 'submitting', amount, :number_hmac::text, :now::timestamptz
    FROM gate
    ON CONFLICT DO NOTHING
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, status_before, 'submitting', 'claimed', :now::timestamptz FROM gate
)
SELECT {_COLUMNS}, s.id, s.number, s.reference, s.operator_account_id, s.status, s.not_found_reads,
       s.first_not_found_at, s.operator_reference
FROM gate r LEFT JOIN standing s ON true
""")

RELEASE: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE refunds SET lease_until = NULL
    WHERE id = :refund_id::text AND status = 'submitting' AND lease_until = :lease::timestamptz
    RETURNING id
)
UPDATE provider_attempts a SET status = 'not_sent', operator_word = :reason::text
FROM gate WHERE a.id = :attempt_id::text AND a.status = 'sending'
""")

_MOVE_PARTS: Final = f"""
gate AS MATERIALIZED (
    UPDATE refunds
    SET status = :status::text, failure_code = :failure_code::text, lease_until = NULL,
        operator_transaction_id = :operator_transaction_id::text, ended_at = :ended_at::timestamptz
    WHERE id = :refund_id::text AND status = :expected::text
      AND CASE :lease_rule::text
          WHEN 'mine' THEN lease_until IS NOT DISTINCT FROM :lease::timestamptz
          WHEN 'free' THEN lease_until IS NULL
          ELSE true END
    RETURNING id, charge_id
),
charge AS (
    UPDATE charges c SET amount_refunded = amount_refunded - :gives_back::bigint
    FROM gate WHERE c.id = gate.charge_id AND :gives_back::bigint > 0
    RETURNING c.id
),
consumed AS (
    INSERT INTO consumed_messages (consumer, event_id, account_id, at)
    SELECT :consumer::text, :message_id::text, :account::text, :at::timestamptz
    FROM gate WHERE :message_id::text IS NOT NULL
    ON CONFLICT DO NOTHING
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause,
                               operator_word, message_id, at)
    SELECT :account::text, id, :expected::text, :status::text, :cause::text,
           :operator_word::text, :message_id::text, :at::timestamptz
    FROM gate
),
attempt AS (
    UPDATE provider_attempts
    SET status = :attempt_status::text, operator_word = :operator_word::text,
        answered_at = :at::timestamptz
    WHERE id = :attempt_id::text AND EXISTS (SELECT FROM gate)
),
due AS (
    UPDATE platform.due_work
    SET due_at = :due_at::timestamptz, lease_until = NULL, done_at = :done_at::timestamptz
    WHERE kind = 'payout_check' AND object_id = :refund_id::text AND EXISTS (SELECT FROM gate)
),
index_row AS (
    UPDATE platform.payment_index
    SET state = :status::text, operator_id = :operator_transaction_id::text
    WHERE object_id = :refund_id::text AND EXISTS (SELECT FROM gate)
),
{EVENTS_PARTS}"""

MOVE: Final = Statement(f"""
WITH {_MOVE_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}
""")

# A part runs when something first reads it: the charge is read before the ledger, so that its row
# is taken first, as where a refund is made. Else two refunds of one charge would deadlock.
SETTLE: Final = Statement(f"""
WITH {_MOVE_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, (SELECT count(*) FROM charge), {WHOLE}
""")

NOTE: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    UPDATE refunds
    SET stopped_at = CASE WHEN :stops::boolean THEN COALESCE(stopped_at, :at::timestamptz)
                          ELSE stopped_at END
    WHERE id = :refund_id::text AND status = :expected::text
      -- Who sends it at this moment is not stopped any more.
      AND NOT (:stops::boolean AND lease_until IS NOT NULL)
    RETURNING id
),
attempt AS (
    UPDATE provider_attempts
    SET reads = reads + 1, operator_word = :operator_word::text,
        not_found_reads = :not_found_reads::int,
        first_not_found_at = :first_not_found_at::timestamptz
    WHERE id = :attempt_id::text AND EXISTS (SELECT FROM gate)
),
due AS (
    UPDATE platform.due_work
    SET due_at = :due_at::timestamptz, lease_until = NULL, done_at = :done_at::timestamptz
    WHERE kind = 'payout_check' AND object_id = :refund_id::text AND EXISTS (SELECT FROM gate)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :again_id::text, 'refund-created', :account::text, :livemode::boolean, id,
           :traceparent::text
    FROM gate WHERE :again_id::text IS NOT NULL
),
opened AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, 'refund', :account::text, :livemode::boolean, id, :case_reason::text,
           now()
    FROM gate WHERE :case_id::text IS NOT NULL
    ON CONFLICT DO NOTHING
),
told AS (SELECT 1 FROM gate),
{NOTICE_PARTS}
SELECT count(*) FROM gate
""")

# Whoever had a check made of a refund that has ended left its row open; no other hand closes it.
END_CHECKS: Final = Statement("""
UPDATE platform.due_work
SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
WHERE kind = 'payout_check' AND object_id = :refund_id::text AND done_at IS NULL
""")
