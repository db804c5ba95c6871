"""The SQL of what moves money beside payments; as elsewhere the part named `gate` decides.

A transaction of an operator's is booked once for each kind: whoever comes second finds it there
and books nothing. Rows are taken in the order adjustment, charge, ledger.
"""

from typing import Final

from shared.db.event_parts import EVENTS_PARTS, TOLD
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.notices import NOTICE_PARTS
from shared.db.statement import Statement

ADJUSTMENT_PARTS: Final = """
adjustment AS (
    INSERT INTO adjustments (id, account_id, kind, status, amount, currency, object_id,
                             operator_account_id, operator_transaction_id, reason, data,
                             proposed_by, approved_by, balance_transaction, created_at, ended_at)
    VALUES (:adjustment_id::text, :account::text, :kind::text, :status::text, :amount::bigint,
            'XAF', :about::text, :operator_account::text, :operator_transaction_id::text,
            :reason::text, :data::jsonb, :proposed_by::text, :approved_by::text,
            :transaction_id::text, :at::timestamptz, :ended_at::timestamptz)
    ON CONFLICT DO NOTHING
    RETURNING id
),
gate AS MATERIALIZED (SELECT id FROM adjustment)"""

# What was paid after it had failed is in the operator's statements all the same.
PAID_AFTER_ALL: Final = Statement(f"""
WITH {ADJUSTMENT_PARTS},
charge AS (
    UPDATE charges SET amount_refunded = LEAST(amount, amount_refunded + :counts::bigint)
    WHERE id = :charge_id::text AND :counts::bigint > 0 AND EXISTS (SELECT FROM gate)
),
index_row AS (
    UPDATE platform.payment_index
    SET state = 'succeeded', operator_id = :operator_transaction_id::text
    WHERE object_id = :about::text AND EXISTS (SELECT FROM gate)
),
opened AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, :case_kind::text, :account::text, :livemode::boolean, :about::text,
           :reason::text, now()
    FROM gate
    ON CONFLICT DO NOTHING
),
told AS (SELECT 1 FROM gate),
{NOTICE_PARTS},
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

# By the owner of all schemas, in the name of the account's own role.
BOOK: Final = Statement(f"""
WITH {ADJUSTMENT_PARTS},
charge AS (
    UPDATE charges SET amount_reversed = amount_reversed + :takes_back::bigint
    WHERE id = :about::text AND :takes_back::bigint > 0 AND EXISTS (SELECT FROM gate)
),
payout AS (
    UPDATE payouts SET amount_returned = amount_returned + :comes_back::bigint
    WHERE id = :about::text AND :comes_back::bigint > 0 AND EXISTS (SELECT FROM gate)
),
failed AS (
    UPDATE charges SET status = :ended_status::text, failure_code = :failure_code::text,
        lease_until = NULL
    FROM (SELECT id AS charge_id, status AS before FROM charges WHERE id = :about::text) AS was
    WHERE id = was.charge_id AND :ended_status::text IS NOT NULL AND EXISTS (SELECT FROM gate)
    RETURNING id, was.before
),
failed_change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, before, :ended_status::text, :failure_code::text, :at::timestamptz
    FROM failed
),
failed_checks AS (
    UPDATE platform.due_work
    SET due_at = 'infinity', lease_until = NULL, done_at = COALESCE(done_at, :at::timestamptz)
    WHERE kind = 'payment_check' AND object_id IN (SELECT id FROM failed)
),
failed_index AS (
    UPDATE platform.payment_index SET state = :ended_status::text
    WHERE object_id IN (SELECT id FROM failed)
),
ended AS (
    UPDATE adjustments SET status = 'corrected', ended_at = :at::timestamptz
    WHERE id = :about::text AND kind = 'late_payment' AND status = 'open'
      AND EXISTS (SELECT FROM gate)
    RETURNING id
),
decided AS (
    UPDATE platform.due_work
    SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
    WHERE kind = 'payout_check' AND object_id IN (SELECT id FROM ended)
),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, owner_role)
    SELECT 'payout_check', id, :account::text, :livemode::boolean, :due_at::timestamptz,
           :account_owner::text
    FROM gate WHERE :due_at::timestamptz IS NOT NULL
),
index_row AS (
    INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,
                                        operator_account_id, operator_id, state, amount,
                                        number_hmac, created_at, owner_role)
    SELECT id, :account::text, :livemode::boolean, 'late_payment', :operator_account::text,
           :operator_transaction_id::text, 'succeeded', :amount::bigint, '', :at::timestamptz,
           :account_owner::text
    FROM gate WHERE :due_at::timestamptz IS NOT NULL
),
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

COLUMNS: Final = """a.id, a.kind, a.amount, a.reason, a.object_id, a.operator_account_id,
    a.operator_transaction_id, a.balance_transaction, a.created_at"""
