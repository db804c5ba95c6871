"""Statements of the directory: platform rows that are looked up outside any tenant."""

from typing import Final

from shared.db.statement import Statement

# Whoever rotates a key is no newcomer: the new one is as old as the first of its line.
FIND_KEY: Final = Statement("""
WITH RECURSIVE line AS (
    SELECT id, created_at FROM platform.api_keys WHERE id = :key_id::text
    UNION
    SELECT k.id, k.created_at FROM platform.api_keys k JOIN line ON k.rotated_to = line.id
)
SELECT k.account_id, k.livemode, k.kind, k.scopes, k.secret_hmac, a.language, a.charges_enabled,
       a.state, LEAST(k.expires_at, k.overlap_until, k.review_by), k.allowed_from::text[],
       (SELECT min(created_at) FROM line), a.payouts_enabled
FROM platform.api_keys k JOIN platform.accounts a ON a.id = k.account_id
WHERE k.id = :key_id::text AND k.revoked_at IS NULL
""")

# Once a minute is enough; who finds a row locked leaves it to whoever writes it.
NOTE_USE: Final = Statement("""
UPDATE platform.api_keys SET last_used_at = now()
WHERE id IN (
    SELECT id FROM platform.api_keys
    WHERE id = ANY(:ids::text[])
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    FOR NO KEY UPDATE SKIP LOCKED
)
""")

JOURNAL_IS_READ: Final = Statement("SELECT platform.journal_is_read()")

FIND_MEMBER: Final = Statement("""
SELECT m.duty, a.language, a.charges_enabled, a.state, EXISTS (
    SELECT FROM platform.account_schemas s
    WHERE s.account_id = a.id AND s.livemode = :livemode::boolean
), a.payouts_enabled
FROM platform.members m
JOIN platform.accounts a ON a.id = m.account_id
WHERE m.account_id = :account::text AND m.person = :person::text AND m.ended_at IS NULL
""")

# A closed account has nobody who would see that somebody looks.
FIND_ACCESS: Final = Statement("""
SELECT x.id, x.expires_at, a.language, a.charges_enabled, a.state
FROM platform.account_accesses x JOIN platform.accounts a ON a.id = x.account_id
WHERE x.opened_by = :person::text AND x.account_id = :account::text
  AND x.livemode = :livemode::boolean AND x.ended_at IS NULL AND a.state <> 'closed'
ORDER BY x.expires_at DESC LIMIT 1
""")

FIND_MEMBERSHIPS: Final = Statement("""
SELECT m.account_id, a.name, a.state, m.duty,
       ARRAY(SELECT CASE WHEN s.livemode THEN 'live' ELSE 'test' END
             FROM platform.account_schemas s WHERE s.account_id = a.id ORDER BY s.livemode)
FROM platform.members m JOIN platform.accounts a ON a.id = m.account_id
WHERE m.person = :person::text AND m.ended_at IS NULL
ORDER BY a.name, a.id LIMIT :most::bigint
""")

FIND_INVITATION: Final = Statement("""
SELECT i.account_id, i.token_hash, a.state
FROM platform.invitations i JOIN platform.accounts a ON a.id = i.account_id
WHERE i.id = :id::text
""")

# The live mode where there is one: the same for everybody, whichever mode she is at work in.
FIND_HOME: Final = Statement("""
SELECT bool_or(livemode) FROM platform.account_schemas WHERE account_id = :account::text
""")

FIND_OPERATOR_ACCOUNT: Final = Statement("""
SELECT id, operator, product, livemode, base_url, target_environment, currency, credentials,
       pays_by
FROM platform.operator_accounts
WHERE operator = :operator::text AND product = :product::text AND livemode = :livemode::boolean
  AND owner IN (:account::text, 'platform')
ORDER BY owner = 'platform', created_at LIMIT 1
""")

# Who collected gives back: a merchant's money lies in her own wallet, the platform's in its.
FIND_PARTNER: Final = Statement("""
SELECT p.id, p.operator, p.product, p.livemode, p.base_url, p.target_environment, p.currency,
       p.credentials, p.pays_by
FROM platform.operator_accounts c
JOIN platform.operator_accounts p
  ON p.owner = c.owner AND p.operator = c.operator AND p.livemode = c.livemode
WHERE c.id = :id::text AND p.product = :product::text
""")

READ_OPERATOR_ACCOUNT: Final = Statement("""
SELECT id, operator, product, livemode, base_url, target_environment, currency, credentials,
       pays_by
FROM platform.operator_accounts WHERE id = :id::text
""")

FIND_LIMITS: Final = Statement("""
SELECT (data->>'minimum')::bigint, (data->>'maximum')::bigint, valid_from, (data->>'day')::bigint
FROM platform.dated_rules
WHERE kind = :kind::text AND operator = :operator::text AND valid_from <= :now::timestamptz
ORDER BY valid_from DESC LIMIT 1
""")

# An account's own row wins over everybody's, and the latest date among those; of fees each line is
# a rule of its own, for one operator or for all, and which of these wins the domain says.
FIND_RULES: Final = Statement("""
SELECT DISTINCT ON (kind, data->>'of', data->>'line', operator, own)
       kind, data, id, operator, account_id IS NOT NULL AS own
FROM platform.dated_rules
WHERE kind = ANY(:kinds::text[]) AND valid_from <= :now::timestamptz
  AND (account_id IS NULL OR account_id = :account::text)
  AND (livemode IS NULL OR livemode = :livemode::boolean)
ORDER BY kind, data->>'of', data->>'line', operator, own, valid_from DESC, livemode IS NULL
""")

# What holds is found as above; a rule that is to come names the day from which it does.
FIND_TERMS: Final = Statement("""
WITH mine AS MATERIALIZED (
    SELECT kind, data, id, operator, account_id IS NOT NULL AS own, livemode, valid_from
    FROM platform.dated_rules
    WHERE kind = ANY(:kinds::text[]) AND (account_id IS NULL OR account_id = :account::text)
      AND (livemode IS NULL OR livemode = :livemode::boolean)
),
holding AS (
    SELECT DISTINCT ON (kind, data->>'of', data->>'line', operator, own) *
    FROM mine WHERE valid_from <= :now::timestamptz
    ORDER BY kind, data->>'of', data->>'line', operator, own, valid_from DESC, livemode IS NULL
),
coming AS (
    SELECT * FROM mine WHERE valid_from > :now::timestamptz ORDER BY valid_from, id LIMIT :most::int
)
SELECT id, kind, operator, data, valid_from, own, false FROM holding
UNION ALL SELECT id, kind, operator, data, valid_from, own, true FROM coming
""")

# Rows are taken in the order given, the same for all. A window that is full gives what is left.
# A count of seconds need not survive the server: nobody waits for the disk.
TAKE_REQUESTS: Final = Statement("""
INSERT INTO platform.rate_counters AS c (subject, starts_at, quota, taken, granted)
SELECT subject, :starts_at::bigint, quota, LEAST(wanted, quota), LEAST(wanted, quota)
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS lazily,
     unnest(:subjects::text[], :quotas::int[], :wanted::int[]) AS asked(subject, quota, wanted)
ON CONFLICT (subject, starts_at) DO UPDATE
SET quota = excluded.quota,
    granted = GREATEST(LEAST(excluded.granted, excluded.quota - c.taken), 0),
    taken = c.taken + GREATEST(LEAST(excluded.granted, excluded.quota - c.taken), 0)
RETURNING subject, granted, taken
""")

# A commit becomes visible some time after the moment that its note bears, the longer the slower the
# disk or a standby: hence a minute further back.
TOUCHED: Final = Statement("""
SELECT clock_timestamp(), ARRAY(
    SELECT DISTINCT account_id FROM platform.touches
    WHERE at > :since::timestamptz - interval '1 minute' AND at <= clock_timestamp())
""")

FIND_ACCOUNT: Final = Statement("""
SELECT name, language FROM platform.accounts WHERE id = :account::text
""")

# The latest is what holds; nothing of it is ever to come.
RECEIPT_LOOK: Final = """(
    SELECT data FROM platform.dated_rules r
    WHERE r.kind = 'receipt' AND r.account_id = a.id AND r.livemode = :livemode::boolean
    ORDER BY r.valid_from DESC, r.id DESC LIMIT 1)"""

FIND_PRINTED: Final = Statement(f"""
SELECT a.name, a.language, {RECEIPT_LOOK} FROM platform.accounts a WHERE a.id = :account::text
""")

# The kinds alone: who looked at the documents is the administrators' business.
FIND_OWN_ACCOUNT: Final = Statement(f"""
SELECT a.name, a.state, a.charges_enabled, a.payouts_enabled, a.language, a.country, a.created_at,
       ARRAY(SELECT s.livemode FROM platform.account_schemas s WHERE s.account_id = a.id
             ORDER BY s.livemode),
       ARRAY(SELECT DISTINCT d.kind FROM platform.account_documents d WHERE d.account_id = a.id),
       a.refunds_below_zero_limit, {RECEIPT_LOOK}
FROM platform.accounts a WHERE a.id = :account::text
""")

FIND_STANDING: Final = Statement("""
SELECT state, payouts_enabled FROM platform.accounts WHERE id = :account::text
""")

FIND_SELLER: Final = Statement("""
SELECT state, charges_enabled, language FROM platform.accounts WHERE id = :account::text
""")

FIND_PUBLIC_CODE: Final = Statement("""
SELECT account_id, livemode, object_id FROM platform.public_codes WHERE code = :code::text
""")

# One statement: an unknown token stores nothing; a known one stores the visit, and has the payment
# read at most once per 10 s, so that forged callbacks cannot use up the operator's quota. The first
# visit wakes the reader; one within 10 s of that brings the next scheduled read forward, which then
# counts as woken at that time. Where no read is scheduled any more the first visit since the end
# wakes the reader: it may tell of money that came after a failure.
RECEIVE_CALLBACK: Final = Statement("""
WITH found AS MATERIALIZED (
    SELECT t.token_hash, t.account_id, t.livemode, t.object_id, t.kind = 'charge' AS is_charge,
           w.kind AS check_kind, w.done_at, w.done_at IS NULL AND w.kind IS NOT NULL AS is_open
    FROM platform.callback_tokens t
    LEFT JOIN platform.due_work w
      ON w.kind = CASE t.kind WHEN 'charge' THEN 'payment_check' ELSE 'payout_check' END
      AND w.object_id = t.object_id
    WHERE t.token_hash = :token_hash::text AND t.provider = :provider::text
),
kept AS (
    INSERT INTO platform.callback_inbox (id, token_hash, received_at, source, body_sha256)
    SELECT :inbox_id::text, token_hash, now(), :source::text, :body_hash::text FROM found
),
hint AS (
    UPDATE platform.callback_tokens t
    SET hinted_at = CASE WHEN f.is_open AND t.hinted_at > now() - interval '10 seconds'
                         THEN t.hinted_at + interval '10 seconds' ELSE now() END
    FROM found f
    WHERE t.token_hash = f.token_hash
      AND (t.hinted_at IS NULL OR t.hinted_at <= now() - interval '10 seconds'
           -- By the clock: who waited for another's visit began before it.
           OR CASE WHEN f.is_open THEN t.hinted_at <= clock_timestamp()
                   ELSE t.hinted_at < f.done_at OR t.hinted_at > clock_timestamp() END)
    RETURNING t.token_hash, t.hinted_at, t.hinted_at <= now() AS is_now
),
later AS (
    UPDATE platform.due_work w SET due_at = LEAST(w.due_at, h.hinted_at)
    FROM found f JOIN hint h ON h.token_hash = f.token_hash AND NOT h.is_now
    WHERE w.kind = f.check_kind AND w.object_id = f.object_id AND w.done_at IS NULL
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :message_id::text,
           CASE WHEN is_charge THEN 'charge-check-due' ELSE 'payout-check-due' END, account_id,
           livemode, object_id, :traceparent::text
    FROM found WHERE EXISTS (SELECT FROM hint WHERE is_now)
)
SELECT account_id, livemode, object_id, EXISTS (SELECT FROM hint WHERE is_now), is_charge
FROM found
""")

MARK_PUBLISHED: Final = Statement("""
UPDATE platform.outbox SET published_at = now() WHERE id = ANY(:ids::text[])
""")
