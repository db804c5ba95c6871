"""The SQL of late payments: kept in suspense, given back by a refund, or accepted as a charge.

As in `charge_statements` the part named `gate` decides. The row of the late payment is taken
first, so that of two who decide at once one finds it decided; the ledger's come last.
"""

from typing import Final

from shared.db.event_parts import EVENTS_PARTS, TOLD
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.notices import NOTICE_PARTS
from shared.db.outgoing_statements import CREATE_PARTS
from shared.db.statement import Statement

COLUMNS: Final = """a.id, a.amount, a.currency, a.status, a.reason, a.object_id,
    a.operator_account_id, a.operator_transaction_id, a.data, a.balance_transaction, a.created_at,
    a.ended_at"""

FIND: Final = Statement(f"""
SELECT {COLUMNS} FROM adjustments a WHERE a.id = :id::text AND a.kind = 'late_payment'
""")

# A transaction of the operator's is booked once; nobody but the platform's statements looks for it
# by that, and no payer by her number.
BOOK: Final = Statement(f"""
WITH late AS (
    INSERT INTO adjustments (id, account_id, kind, status, amount, currency, object_id,
                             operator_account_id, operator_transaction_id, reason, data,
                             balance_transaction, created_at)
    VALUES (:late_id::text, :account::text, 'late_payment', 'open', :amount::bigint,
            :currency::text, :charge_id::text, :operator_account::text,
            :operator_transaction_id::text, :reason::text, :data::jsonb, :transaction_id::text,
            :at::timestamptz)
    ON CONFLICT DO NOTHING
    RETURNING id
),
gate AS MATERIALIZED (SELECT id FROM late),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'payout_check', id, :account::text, :livemode::boolean, :due_at::timestamptz FROM gate
),
index_row AS (
    INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,
                                        operator_account_id, operator_id, state, amount,
                                        number_hmac, created_at)
    SELECT id, :account::text, :livemode::boolean, 'late_payment', :operator_account::text,
           :operator_transaction_id::text, 'succeeded', :amount::bigint, '', :at::timestamptz
    FROM gate
),
opened AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, 'charge', :account::text, :livemode::boolean, :charge_id::text,
           :reason::text, now()
    FROM gate WHERE :case_id::text IS NOT NULL
    ON CONFLICT DO NOTHING
),
told AS (SELECT 1 FROM gate),
{NOTICE_PARTS},
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

_DECIDED: Final = """
decided AS (
    UPDATE platform.due_work
    SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
    WHERE kind = 'payout_check' AND object_id = :late_id::text AND EXISTS (SELECT FROM gate)
)"""

REFUND: Final = Statement(f"""
WITH late AS (
    UPDATE adjustments
    SET status = 'refunding',
        data = data || jsonb_build_object('refund', :refund_id::text, 'refunds', :number::int)
    WHERE id = :late_id::text AND kind = 'late_payment' AND status = 'open'
    RETURNING id
),
gate AS MATERIALIZED (SELECT :refund_id::text AS id FROM late),
{_DECIDED},
refund AS (
    INSERT INTO refunds (id, account_id, charge_id, amount, from_pending, currency, status,
                         operator, operator_account_id, phone, charge_reference, intent_hmac,
                         reason, metadata, balance_transaction, submit_before, created_at,
                         late_payment_id)
    SELECT id, :account::text, :charge_id::text, :amount::bigint, 0, :currency::text,
           :status::text, :operator::text, :operator_account::text, :phone::text,
           :charge_reference::text, :intent_hmac::text, NULL, :metadata::jsonb,
           :transaction_id::text, :submit_before::timestamptz, :at::timestamptz, :late_id::text
    FROM gate
),
{CREATE_PARTS},
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

# The charge was paid before it was made: it has no attempt of its own, and no check.
ACCEPT: Final = Statement(f"""
WITH late AS (
    UPDATE adjustments
    SET status = 'accepted', ended_at = :at::timestamptz,
        data = data || jsonb_build_object('charge', :charge_id::text)
    WHERE id = :late_id::text AND kind = 'late_payment' AND status = 'open'
    RETURNING id
),
gate AS MATERIALIZED (SELECT :charge_id::text AS id FROM late),
{_DECIDED},
charge AS (
    INSERT INTO charges (id, account_id, amount, currency, status, operator, operator_account_id,
                         phone, operator_transaction_id, description, metadata,
                         balance_transaction, submit_before, created_at, succeeded_at,
                         hold_seconds, fee_lines, customer_id)
    SELECT id, :account::text, :amount::bigint, :currency::text, 'succeeded', :operator::text,
           :operator_account::text, :phone::text, :operator_transaction_id::text,
           :description::text, :metadata::jsonb, :transaction_id::text, :at::timestamptz,
           :at::timestamptz, :at::timestamptz, :hold_seconds::int, :fee_lines::jsonb,
           :customer::text
    FROM gate
),
change AS (
    INSERT INTO state_changes (account_id, object_id, to_status, cause, at)
    SELECT :account::text, id, 'succeeded', 'accepted_late', :at::timestamptz FROM gate
),
hold AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'hold_release', id, :account::text, :livemode::boolean,
           :at::timestamptz + make_interval(secs => :hold_seconds::int)
    FROM gate
),
receipt AS (
    INSERT INTO receipts (id, account_id, charge_id, number, code, created_at)
    SELECT :receipt_id::text, :account::text, id, :receipt_number::text, :receipt_code::text,
           :at::timestamptz
    FROM gate
),
public_code AS (
    INSERT INTO platform.public_codes (code, account_id, livemode, object_id, created_at)
    SELECT :receipt_code::text, :account::text, :livemode::boolean, id, :at::timestamptz
    FROM gate
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

# Whoever brought the decision forward did not make it.
PUT_OFF: Final = Statement("""
UPDATE platform.due_work SET due_at = :due_at::timestamptz, lease_until = NULL,
    done_at = :done_at::timestamptz
WHERE kind = 'payout_check' AND object_id = :late_id::text
""")

GIVE_TO_A_PERSON: Final = Statement("""
WITH gate AS MATERIALIZED (
    SELECT id FROM adjustments
    WHERE id = :late_id::text AND kind = 'late_payment' AND status = 'open'
),
due AS (
    UPDATE platform.due_work
    SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
    WHERE kind = 'payout_check' AND object_id = :late_id::text AND EXISTS (SELECT FROM gate)
)
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
SELECT :case_id::text, 'late_payment', :account::text, :livemode::boolean, id, :reason::text,
       :at::timestamptz
FROM gate
ON CONFLICT DO NOTHING
""")
