"""The SQL that payouts alone have: what must be free before one is stored, and its making."""

from typing import Final

from shared.db.event_parts import EVENTS_PARTS, TOLD
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.outgoing_statements import CREATE_PARTS, OutgoingStatements
from shared.db.statement import Statement

PAYOUT: Final = OutgoingStatements(
    "payouts",
    "payout",
    (
        "fees", "name", "description", "reference", "scheduled_at", "made_by", "content_sha256",
        "approve_before", "decided_by", "decided_at", "decision_reason", "amount_returned",
        "batch_id", "batch_line", "released_at",
    ),
)  # fmt: skip

# Counts in the name of the role at work, and is undone with whatever is refused after it. What is
# counted of the number is given back by the table's trigger when the payout fails or is canceled.
ADMIT: Final = Statement("""
SELECT COALESCE(
    platform.admit_payout(:payout_id::text, :payee::text, :number_day::bigint, :pay_day::date,
                          :asking_key::text, :day::date, :amount::bigint, :caps::bigint[],
                          :at::timestamptz),
    (SELECT 'new_payee'
     FROM platform.new_payees(ARRAY[:payout_id::text], ARRAY[:payee::text], ARRAY[:amount::bigint],
                              :pay_day::date, :new_payee_most::bigint, :new_payee_seconds::int,
                              :at::timestamptz)))
""")

# Available must cover it whole: its row is locked by the look at it.
CREATE: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    SELECT :payout_id::text AS id FROM ledger_accounts
    WHERE code = 'available' AND balance * normal >= :total::bigint
    FOR UPDATE
),
payout AS (
    INSERT INTO payouts (id, account_id, amount, fees, currency, status, operator,
                         operator_account_id, phone, name, description, reference, intent_hmac,
                         metadata, balance_transaction, scheduled_at, submit_before, created_at,
                         made_by, content_sha256, approve_before)
    SELECT id, :account::text, :amount::bigint, :fees::jsonb, :currency::text, :status::text,
           :operator::text, :operator_account::text, :phone::text, :name::text,
           :description::text, :reference::text, :intent_hmac::text, :metadata::jsonb,
           :transaction_id::text, :scheduled_at::timestamptz, :submit_before::timestamptz,
           :at::timestamptz, :made_by::text, :content_hash::text, :approve_before::timestamptz
    FROM gate
),
{CREATE_PARTS},
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {WHOLE}
""")

# In the transaction that has moved the row, so that it is ours.
DECIDE: Final = Statement("""
UPDATE payouts SET decided_by = :decided_by::text, decided_at = :decided_at::timestamptz,
    decision_reason = :reason::text, submit_before = :submit_before::timestamptz
WHERE id = :payout_id::text
""")

# A key that a key made is its maker's maker's; who rotated one holds the new secret, and made it.
MAKERS: Final = Statement("""
WITH RECURSIVE line AS (
    SELECT :made_by::text COLLATE "C" AS maker
    UNION
    SELECT k.made_by FROM line JOIN platform.api_keys k ON k.id = substr(line.maker, 5)
    WHERE line.maker LIKE 'key\\_%'
)
SELECT maker FROM line WHERE maker IS NOT NULL
""")
