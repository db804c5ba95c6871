"""The SQL that refunds alone have: what they take from a charge, and give back to it."""

from typing import Final

from shared.db.event_parts import EVENTS_PARTS, TOLD
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.outgoing_statements import CREATE_PARTS, OutgoingStatements
from shared.db.statement import Statement

# A late payment that was given back has ended; where that failed it is in suspense again.
# What failed is not counted any more; what of it goes back to pending is released in its turn,
# since the charge itself may have been already.
_CHARGE: Final = """
charge AS (
    UPDATE charges c SET amount_refunded = amount_refunded - :gives_back::bigint
    FROM gate WHERE c.id = gate.charge_id AND :gives_back::bigint > 0
    RETURNING c.id, gate.id AS refund_id,
              c.succeeded_at + make_interval(secs => c.hold_seconds) AS held_until
),
hold AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'hold_release', r.id, :account::text, :livemode::boolean,
           GREATEST(c.held_until, :at::timestamptz)
    FROM charge c JOIN refunds r ON r.id = c.refund_id AND r.from_pending > 0
    -- Where a tenant was put back to before it failed, the platform has the row already.
    ON CONFLICT (kind, object_id) DO UPDATE
    SET due_at = GREATEST((SELECT held_until FROM charge), :at::timestamptz),
        lease_until = NULL, done_at = NULL
),
late AS (
    UPDATE adjustments a
    SET status = CASE :status::text WHEN 'succeeded' THEN 'refunded' ELSE 'open' END,
        ended_at = CASE :status::text WHEN 'succeeded' THEN :at::timestamptz END
    FROM gate WHERE a.id = gate.late_payment_id AND a.status = 'refunding'
      AND :status::text IN ('succeeded', 'failed')
    RETURNING a.id, a.status, gate.id AS refund_id
),
-- It waits for somebody again. A case is named after the refund that brought it.
late_case AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT 'case_' || substr(refund_id, 4), 'late_payment', :account::text, :livemode::boolean, id,
           'late_refund_failed', now()
    FROM late WHERE status = 'open'
    ON CONFLICT DO NOTHING
),"""
REFUND: Final = OutgoingStatements(
    "refunds",
    "refund",
    (
        "charge_id",
        "from_pending",
        "charge_reference",
        "reason",
        "late_payment_id",
        "fee_lines",
        "returned",
    ),
    charge=_CHARGE,
)

# The reason of the one open case of each account and mode that owes us: how old it is says for how
# long.
BELOW_ZERO: Final = "balance_negative"

# Nobody else refunds the charge until this transaction ends. What the statement after it counts is
# seen by a younger snapshot than this lock.
HOLD_CHARGE: Final = Statement("""
SELECT status = 'succeeded', amount, GREATEST(0, amount - amount_refunded - amount_reversed),
       fee_lines
FROM charges
WHERE id = :charge_id::text FOR UPDATE
""")

# And with which of its refunds, unless they failed, fees came back, and how much of each.
COUNT_PENDING: Final = Statement("""
SELECT (
    SELECT COALESCE(-sum(p.amount), 0)::bigint
    FROM ledger_transactions t JOIN postings p ON p.transaction_id = t.id
    WHERE p.code = 'pending' AND t.kind = ANY(:kinds::text[]) AND t.object_id IN (
        SELECT :charge_id::text UNION ALL SELECT id FROM refunds WHERE charge_id = :charge_id::text)
  ),
  COALESCE(sum(r.amount), 0)::bigint,
  COALESCE(sum((r.returned->>(:returnable::text[])[1])::bigint), 0)::bigint,
  COALESCE(sum((r.returned->>(:returnable::text[])[2])::bigint), 0)::bigint
FROM refunds r
WHERE r.charge_id = :charge_id::text AND r.status <> 'failed' AND r.returned IS NOT NULL
""")

# What pending does not bear, available must cover, and what the platform lends below it: its row is
# locked by the look at it. What ends below zero opens the one case that says since when.
CREATE: Final = Statement(f"""
WITH cover AS MATERIALIZED (
    SELECT balance * normal - :from_available::bigint AS leaves FROM ledger_accounts
    WHERE code = 'available' AND :from_available::bigint > 0
      AND balance * normal + platform.refunds_below_zero_limit() >= :from_available::bigint
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
                         reason, metadata, balance_transaction, submit_before, created_at,
                         fee_lines, returned)
    SELECT id, :account::text, :charge_id::text, :amount::bigint, :from_pending::bigint,
           :currency::text, :status::text, :operator::text, :operator_account::text, :phone::text,
           :charge_reference::text, :intent_hmac::text, :reason::text, :metadata::jsonb,
           :transaction_id::text, :submit_before::timestamptz, :at::timestamptz,
           :fee_lines::jsonb, :returned::jsonb
    FROM gate
),
owes AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT 'case_' || substr(:refund_id::text, 4), 'balance', :account::text, :livemode::boolean,
           current_setting('role'), '{BELOW_ZERO}', :at::timestamptz
    FROM cover WHERE leaves < 0
    ON CONFLICT DO NOTHING
),
{CREATE_PARTS},
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

UNDER_WAY: Final = Statement("""
SELECT COALESCE(sum(amount), 0)::bigint FROM refunds
WHERE charge_id = :charge_id::text AND status NOT IN ('succeeded', 'failed')
""")
