"""The SQL of pages on which payers pay: each page is an attempt of its charge."""

from typing import Final

from shared.db.charge_statements import CHARGE, CHARGE_WIDTH
from shared.db.statement import Statement

__all__ = ["CHARGE_WIDTH", "CLAIM_PAGE", "FIND_PAGES", "KEEP_PAGE", "RELEASE_PAGE"]

# Where a lease is over and no page was shown, whoever held it died or is too late: what it made may
# have arrived, but nobody sees it. Its order id has served, so the next attempt has one of its own.
CLAIM_PAGE: Final = Statement(f"""
WITH before AS MATERIALIZED (
    SELECT id, status FROM charges WHERE id = :charge_id::text FOR UPDATE
),
gate AS MATERIALIZED (
    UPDATE charges c SET status = 'submitting', lease_until = :lease_until::timestamptz
    FROM before b
    WHERE c.id = b.id AND c.submit_before > :now::timestamptz
      AND c.status IN ('created', 'submitting') AND c.phone IS NULL
      AND (c.lease_until IS NULL OR c.lease_until < :now::timestamptz)
      AND NOT EXISTS (SELECT FROM consumed_messages
                      WHERE consumer = :consumer::text AND event_id = :message_id::text)
    RETURNING c.*, b.status AS status_before
),
earlier AS (
    UPDATE provider_attempts a SET status = 'not_shown' FROM gate WHERE a.charge_id = gate.id
),
place AS MATERIALIZED (
    SELECT id, operator, operator_account_id, amount,
           n.number, :order_stem::text || n.number AS order_id
    FROM gate, (SELECT 1 + COALESCE(max(number), 0) AS number FROM provider_attempts
                WHERE charge_id = :charge_id::text) AS n
),
attempt AS (
    INSERT INTO provider_attempts (id, account_id, charge_id, number, reference,
                                   operator_account_id, status, operator_reference, created_at)
    SELECT :attempt_id::text, :account::text, id, number, :reference::text, operator_account_id,
           'sending', order_id, :now::timestamptz
    FROM place
),
token AS (
    INSERT INTO platform.callback_tokens (token_hash, account_id, livemode, kind, object_id,
                                          provider, created_at)
    SELECT :token_hash::text, :account::text, :livemode::boolean, 'charge', id, operator,
           :now::timestamptz
    FROM place
),
index_row AS (
    INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,
                                        operator_account_id, reference, operator_reference, state,
                                        amount, number_hmac, created_at)
    SELECT id, :account::text, :livemode::boolean, 'charge', operator_account_id,
           :reference::text, order_id, 'submitting', amount, :number_hmac::text,
           :now::timestamptz
    FROM place
    ON CONFLICT (object_id) DO UPDATE SET operator_reference = (SELECT order_id FROM place)
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, status_before, 'submitting', 'claimed', :now::timestamptz FROM gate
)
SELECT {CHARGE}, p.number, p.order_id
FROM gate c JOIN place p ON true LEFT JOIN receipts r ON r.charge_id = c.id
""")

# Public from here on, though there is nothing to see before the charge requires an action.
KEEP_PAGE: Final = Statement("""
WITH kept AS (
    UPDATE provider_attempts SET page_sealed = :page_sealed::text
    WHERE id = :attempt_id::text
    RETURNING charge_id
)
INSERT INTO platform.public_codes (code, account_id, livemode, object_id, created_at)
SELECT charge_id, :account::text, :livemode::boolean, charge_id, now() FROM kept
ON CONFLICT DO NOTHING
""")

RELEASE_PAGE: Final = Statement("""
WITH gate AS MATERIALIZED (
    UPDATE charges SET lease_until = NULL
    WHERE id = :charge_id::text AND status = 'submitting'
      AND lease_until = :lease::timestamptz
    RETURNING id
)
UPDATE provider_attempts a SET status = 'not_shown', operator_word = :reason::text
FROM gate WHERE a.id = :attempt_id::text AND a.status = 'sending'
""")

FIND_PAGES: Final = Statement("""
SELECT id, operator_reference, status IN ('accepted', 'closed'), page_sealed
FROM provider_attempts
WHERE charge_id = :charge_id::text AND page_sealed IS NOT NULL
ORDER BY number
""")
