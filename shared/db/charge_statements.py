"""The SQL of a charge's life, whole statements to read; each is one round trip.

In each writing statement the part named `gate` decides: where it yields no row, no other part
writes. Tenant tables are found by search_path, platform tables by name.
"""

from typing import Final

from shared.db.event_parts import wants
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.notices import NOTICE_PARTS
from shared.db.statement import Statement

_COLUMNS: Final = """
    c.id, c.amount, c.currency, c.amount_refunded, c.status, c.failure_code, c.operator,
    c.operator_account_id, c.phone, c.operator_transaction_id, c.reference, c.description,
    c.return_url, c.metadata, c.balance_transaction, c.submit_before, c.lease_until, c.resends,
    c.created_at, c.succeeded_at, c.hold_seconds, c.fee_lines, c.amount_reversed,
    c.customer_id"""
_RECEIPT: Final = "r.number, r.code, r.stored_at"
CHARGE: Final = f"{_COLUMNS}, {_RECEIPT}, c.page_id"
CHARGE_WIDTH: Final = 28
_ATTEMPT: Final = """
    a.id, a.number, a.reference, a.operator_account_id, a.status, a.not_found_reads,
    a.first_not_found_at, a.operator_reference"""

# The event of a change: its row, its place in the feed, one delivery and one message per endpoint.
EVENT_PARTS: Final = f"""
event AS (
    INSERT INTO events (id, account_id, type, object_id, data, request_id, idempotency_key,
                        api_version, created_at)
    SELECT :event_id::text, :account::text, :event_type::text, :charge_id::text, :event_data::text,
           :request_id::text, :event_key::text, :api_version::text, :at::timestamptz
    FROM gate WHERE :event_id::text IS NOT NULL
),
feed AS (
    INSERT INTO platform.event_feed (id, account_id, livemode, type, object_id, created_at)
    SELECT :event_id::text, :account::text, :livemode::boolean, :event_type::text,
           :charge_id::text, :at::timestamptz
    FROM gate WHERE :event_id::text IS NOT NULL
),
deliveries AS (
    INSERT INTO webhook_deliveries (event_id, endpoint_id, account_id, status, next_attempt_at,
                                    created_at, ordered_object)
    SELECT :event_id::text, e.id, :account::text, 'pending', :at::timestamptz, :at::timestamptz,
           CASE WHEN e.delivery_order = 'object' THEN :charge_id::text END
    FROM gate, webhook_endpoints e
    WHERE :event_id::text IS NOT NULL AND e.status = 'enabled'
      AND {wants("e.enabled_events", ":event_type::text")}
    RETURNING endpoint_id
),
webhook_work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :event_id::text || ':' || endpoint_id, 'webhook-due', :account::text,
           :livemode::boolean, endpoint_id, :traceparent::text
    FROM deliveries
)"""


# The opening query has tried the lock on the idempotency key before this statement's snapshot was
# taken, and left the result in a setting of the transaction: without the lock nothing is written.
def _create(*, named: str = "", refused: str = "", column: str = "", value: str = "") -> Statement:
    return Statement(f"""
WITH earlier AS MATERIALIZED (
    SELECT fingerprint, response FROM idempotency_keys
    WHERE operation = :operation::text AND key = :key::text
      AND created_at > now() - interval '24 hours'
),{named}
verdict AS MATERIALIZED (
    SELECT CASE
        WHEN EXISTS (SELECT FROM earlier) THEN 'earlier'
        WHEN COALESCE(current_setting('pay.key_lock', true), '') = 'false' THEN 'locked'{refused}
        WHEN :asking_key::text IS NOT NULL THEN platform.admit_charge(
            :payer::text, :most::int, :span_seconds::int, :asking_key::text, :day::date,
            :amount::bigint, :caps::bigint[], :counted_at::timestamptz)
    END AS refusal
),
gate AS MATERIALIZED (
    SELECT 1 FROM verdict WHERE refusal IS NULL
),
charge AS (
    INSERT INTO charges (id, account_id, amount, currency, status, operator, operator_account_id,
                         phone, reference, description, return_url, metadata, submit_before,
                         created_at, hold_seconds, fee_lines{column})
    SELECT :charge_id::text, :account::text, :amount::bigint, :currency::text, :status::text,
           :operator::text, :operator_account::text, :phone::text, :reference::text,
           :description::text, :return_url::text, :metadata::jsonb, :submit_before::timestamptz,
           :at::timestamptz, :hold_seconds::int, :fee_lines::jsonb{value}
    FROM gate
),
kept AS (
    INSERT INTO idempotency_keys (operation, key, account_id, fingerprint, object_id, response,
                                  created_at)
    SELECT :operation::text, :key::text, :account::text, :fingerprint::text, :charge_id::text,
           :response::text, now()
    FROM gate WHERE :key::text IS NOT NULL
    ON CONFLICT (operation, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, object_id = excluded.object_id,
        response = excluded.response, created_at = excluded.created_at
),
due AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'payment_check', :charge_id::text, :account::text, :livemode::boolean,
           :due_at::timestamptz
    FROM gate
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :message_id::text, :topic::text, :account::text, :livemode::boolean, :charge_id::text,
           :traceparent::text
    FROM gate
),
{EVENT_PARTS}
SELECT (SELECT fingerprint FROM earlier), (SELECT response FROM earlier),
       (SELECT string_agg(endpoint_id, ' ') FROM deliveries), (SELECT refusal FROM verdict)
""")


CREATE: Final = _create()
NO_CUSTOMER: Final = "no_customer"
# Whoever deletes the customer comes before or after the whole statement: a charge names none that
# was gone. What names nobody is another statement, so that it does not pay for it.
CREATE_FOR_CUSTOMER: Final = _create(
    named="""
customer AS MATERIALIZED (
    SELECT id FROM customers WHERE id = :customer::text AND deleted_at IS NULL FOR SHARE
),""",
    refused=f"""
        WHEN NOT EXISTS (SELECT FROM customer) THEN '{NO_CUSTOMER}'""",
    column=", customer_id",
    value=", :customer::text",
)
CREATE_ON_PAGE: Final = _create(column=", page_id", value=", :page::text")

FIND_OUTCOME: Final = Statement("""
SELECT fingerprint, response FROM idempotency_keys
WHERE operation = :operation::text AND key = :key::text
  AND created_at > now() - interval '24 hours'
""")

FIND: Final = Statement(f"""
SELECT {CHARGE} FROM charges c LEFT JOIN receipts r ON r.charge_id = c.id
WHERE c.id = :charge_id::text
""")

FIND_WITH_ATTEMPT: Final = Statement(f"""
SELECT {CHARGE}, {_ATTEMPT}
FROM charges c
LEFT JOIN receipts r ON r.charge_id = c.id
LEFT JOIN LATERAL (
    SELECT * FROM provider_attempts WHERE charge_id = c.id ORDER BY number DESC LIMIT 1
) a ON true
WHERE c.id = :charge_id::text
""")

# A charge that was a late payment was asked for by the attempt of the one that had ended.
FIND_LATE_ATTEMPT: Final = Statement(f"""
SELECT {_ATTEMPT} FROM adjustments l JOIN provider_attempts a ON a.charge_id = l.object_id
WHERE l.data->>'charge' = :charge_id::text AND l.data ? 'charge'
ORDER BY a.number DESC LIMIT 1
""")

# A charge may be sent when it is new, when it is proven that nothing was sent, or when a read said
# "not found" and granted the one resend (resends 1; taking it makes 2). Never while leased, never
# past its time, never for a message that has had its effect: a grant is for another one. An
# attempt without the operator's own reference is opened before it is sent; with one it keeps it,
# unless that is proven to be unsent: it may have ended since, and another is opened.
# Where there must be one and is none, whatever status a sender left, nothing was sent.
CLAIM: Final = Statement(f"""
WITH standing AS MATERIALIZED (
    SELECT * FROM provider_attempts WHERE charge_id = :charge_id::text
    ORDER BY number DESC LIMIT 1
),
before AS MATERIALIZED (
    SELECT id, status FROM charges WHERE id = :charge_id::text FOR UPDATE
),
gate AS MATERIALIZED (
    UPDATE charges c
    SET status = 'submitting', lease_until = :lease_until::timestamptz,
        resends = CASE WHEN c.resends = 1 THEN 2 ELSE c.resends END
    FROM before b
    WHERE c.id = b.id AND c.submit_before > :now::timestamptz
      AND NOT EXISTS (SELECT FROM consumed_messages
                      WHERE consumer = :consumer::text AND event_id = :message_id::text)
      AND (c.lease_until IS NULL OR c.lease_until < :now::timestamptz)
      AND (c.status = 'created'
           OR (c.status IN ('submitting', 'unknown') AND c.resends = 1)
           OR (c.status = 'submitting'
               AND EXISTS (SELECT FROM standing
                           WHERE standing.status IN ('opening', 'not_sent')
                              OR (standing.operator_reference IS NULL
                                  AND :attempt_status::text = 'opening'))))
    RETURNING {_COLUMNS}, c.page_id, b.status AS status_before
),
attempt AS (
    INSERT INTO provider_attempts (id, account_id, charge_id, number, reference,
                                   operator_account_id, status, created_at)
    SELECT :attempt_id::text, :account::text, id, :attempt_number::int, :reference::text,
           operator_account_id, :attempt_status::text, :now::timestamptz
    FROM gate WHERE NOT EXISTS (SELECT FROM standing)
),
again AS (
    UPDATE provider_attempts a
    SET status = CASE WHEN a.operator_reference IS NULL OR a.status = 'not_sent'
                      THEN :attempt_status::text ELSE 'sending' END,
        operator_reference = CASE WHEN a.status = 'not_sent' THEN NULL
                             ELSE a.operator_reference END,
        not_found_reads = 0, first_not_found_at = NULL
    FROM gate, standing s WHERE a.id = s.id
    RETURNING a.*
),
token AS (
    INSERT INTO platform.callback_tokens (token_hash, account_id, livemode, kind, object_id,
                                          provider, created_at)
    SELECT :token_hash::text, :account::text, :livemode::boolean, 'charge', id, operator,
           :now::timestamptz
    FROM gate WHERE NOT EXISTS (SELECT FROM standing)
),
index_row AS (
    INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,
                                        operator_account_id, reference, state, amount,
                                        number_hmac, created_at)
    SELECT id, :account::text, :livemode::boolean, 'charge', operator_account_id,
           :reference::text, 'submitting', amount, :number_hmac::text, :now::timestamptz
    FROM gate WHERE NOT EXISTS (SELECT FROM standing)
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, status_before, 'submitting', 'claimed', :now::timestamptz FROM gate
)
SELECT c.id, c.amount, c.currency, c.amount_refunded, c.status, c.failure_code, c.operator,
       c.operator_account_id, c.phone, c.operator_transaction_id, c.reference, c.description,
       c.return_url, c.metadata, c.balance_transaction, c.submit_before, c.lease_until, c.resends,
       c.created_at, c.succeeded_at, c.hold_seconds, c.fee_lines, c.amount_reversed, c.customer_id,
       NULL::text, NULL::text, NULL::timestamptz, c.page_id,
       a.id, a.number, a.reference, a.operator_account_id, a.status, a.not_found_reads,
       a.first_not_found_at, a.operator_reference
FROM gate c LEFT JOIN again a ON true
""")

# The lease begins anew, so that whoever waits to take it, or to give the charge up, finds another
# one than it saw: from here on the operator may be asked. The platform knows by what, should the
# tenant's own rows be lost.
KEEP_OPENED: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE charges SET lease_until = :lease_until::timestamptz
    WHERE id = :charge_id::text AND status = 'submitting' AND lease_until = :lease::timestamptz
    RETURNING id
),
kept AS (
    UPDATE provider_attempts a
    SET status = 'sending', operator_reference = :operator_reference::text
    FROM gate WHERE a.id = :attempt_id::text AND a.status = 'opening'
    RETURNING a.charge_id
),
index_row AS (
    UPDATE platform.payment_index SET operator_reference = :operator_reference::text
    WHERE object_id = :charge_id::text AND EXISTS (SELECT FROM kept)
)
SELECT charge_id FROM kept
""")

RELEASE: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE charges SET lease_until = NULL
    WHERE id = :charge_id::text AND status = 'submitting' AND resends = 0
      AND lease_until = :lease::timestamptz
    RETURNING id
)
UPDATE provider_attempts a SET status = 'not_sent', operator_word = :reason::text
FROM gate WHERE a.id = :attempt_id::text AND a.status IN ('opening', 'sending')
""")

_MOVE_PARTS: Final = f"""
gate AS MATERIALIZED (
    UPDATE charges
    SET status = :status::text, failure_code = :failure_code::text, lease_until = NULL,
        operator_transaction_id = :operator_transaction_id::text,
        succeeded_at = :succeeded_at::timestamptz, balance_transaction = :balance_transaction::text
    WHERE id = :charge_id::text AND status = :expected::text
      AND CASE :lease_rule::text
          WHEN 'mine' THEN lease_until IS NOT DISTINCT FROM :lease::timestamptz
          WHEN 'untouched' THEN lease_until IS NOT DISTINCT FROM :lease::timestamptz
                                AND resends = :resends::int
          WHEN 'free' THEN lease_until IS NULL
          ELSE true END
    RETURNING id, hold_seconds
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
    WHERE kind = 'payment_check' AND object_id = :charge_id::text AND EXISTS (SELECT FROM gate)
),
index_row AS (
    UPDATE platform.payment_index
    SET state = :status::text, operator_id = :operator_transaction_id::text
    WHERE object_id = :charge_id::text AND EXISTS (SELECT FROM gate)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT m.id, m.topic, :account::text, :livemode::boolean, :charge_id::text,
           :traceparent::text
    FROM gate, unnest(:message_ids::text[], :message_topics::text[]) AS m(id, topic)
),
{EVENT_PARTS}"""

MOVE: Final = Statement(f"""
WITH {_MOVE_PARTS}
SELECT (SELECT count(*) FROM gate), (SELECT string_agg(endpoint_id, ' ') FROM deliveries)
""")

_SETTLE_PARTS: Final = f"""{_MOVE_PARTS},
{LEDGER_PARTS},
hold AS (
    INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
    SELECT 'hold_release', id, :account::text, :livemode::boolean,
           :at::timestamptz + make_interval(secs => hold_seconds)
    FROM gate
    -- Where a tenant was put back to before it was paid, the platform has the row already.
    ON CONFLICT (kind, object_id) DO UPDATE
    SET due_at = :at::timestamptz + make_interval(secs => (SELECT hold_seconds FROM gate)),
        lease_until = NULL, done_at = NULL
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
)"""
_SETTLED: Final = f"""
SELECT (SELECT count(*) FROM gate), (SELECT string_agg(endpoint_id, ' ') FROM deliveries), {WHOLE}
"""

SETTLE: Final = Statement(f"WITH {_SETTLE_PARTS}{_SETTLED}")

# A checkout is closed soon after its payment, by whoever looks at it next.
SETTLE_CHECKOUT: Final = Statement(f"""
WITH {_SETTLE_PARTS},
checkout AS (
    UPDATE platform.due_work SET due_at = :at::timestamptz, lease_until = NULL
    WHERE kind = 'checkout' AND object_id = :page_id::text AND done_at IS NULL
      AND EXISTS (SELECT FROM gate)
){_SETTLED}""")

# A read that began before a resend says nothing of it: it may move the next check, not the count.
NOTE_READ: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    UPDATE charges
    SET resends = CASE WHEN :resend_id::text IS NOT NULL AND resends = 0 THEN 1 ELSE resends END
    WHERE id = :charge_id::text AND status = :expected::text
      AND (:resend_id::text IS NULL
           OR (resends = 0 AND (lease_until IS NULL OR lease_until < :at::timestamptz)))
    RETURNING id, resends
),
attempt AS (
    UPDATE provider_attempts
    SET reads = reads + 1, operator_word = :operator_word::text,
        not_found_reads = :not_found_reads::int,
        first_not_found_at = :first_not_found_at::timestamptz
    WHERE id = :attempt_id::text
      AND EXISTS (SELECT FROM gate
                  WHERE :resend_id::text IS NOT NULL OR resends = :resends::int)
),
due AS (
    UPDATE platform.due_work
    -- What was done stays so from the first time on: a callback after it counts once.
    SET due_at = :due_at::timestamptz, lease_until = NULL,
        done_at = CASE WHEN :done_at::timestamptz IS NOT NULL
                       THEN COALESCE(done_at, :done_at::timestamptz) END
    WHERE kind = 'payment_check' AND object_id = :charge_id::text AND EXISTS (SELECT FROM gate)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :resend_id::text, 'charge-created', :account::text, :livemode::boolean, id,
           :traceparent::text
    FROM gate WHERE :resend_id::text IS NOT NULL
),
opened AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, 'charge', :account::text, :livemode::boolean, id, :case_reason::text,
           now()
    FROM gate WHERE :case_id::text IS NOT NULL
    ON CONFLICT DO NOTHING
),
told AS (SELECT 1 FROM gate),
{NOTICE_PARTS}
SELECT count(*) FROM gate
""")

# Whoever had a check made of a charge that has ended left its row open; no other hand closes it.
END_CHECKS: Final = Statement("""
UPDATE platform.due_work
SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
WHERE kind = 'payment_check' AND object_id = :charge_id::text AND done_at IS NULL
""")
