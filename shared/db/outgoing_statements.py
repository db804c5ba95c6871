"""The SQL of the life of money that goes out, built once for each table: refunds and payouts.

As in `charge_statements` the part named `gate` decides: where it yields no row, no other part
writes. Rows are taken in the order refund or payout, charge, ledger. An attempt names what it is
of in `charge_id`.
"""

from typing import Final

from shared.db.event_parts import EVENTS_PARTS, TOLD
from shared.db.ledger import LEDGER_PARTS, WHOLE
from shared.db.notices import NOTICE_PARTS
from shared.db.statement import Statement

COMMON: Final = (
    "id", "amount", "currency", "status", "failure_code", "operator", "operator_account_id",
    "phone", "operator_transaction_id", "intent_hmac", "metadata", "balance_transaction",
    "submit_before", "lease_until", "journaled_at", "stopped_at", "created_at", "ended_at",
    "claimed_at", "waiting_reason",
)  # fmt: skip
"""The columns that each table has."""
RECEIPT: Final = ("number", "code", "stored_at")
"""What each of them has of its receipt, behind its own columns: a row of `receipts`, whose
`charge_id` holds its id."""
_ATTEMPT: Final = """
    a.id, a.number, a.reference, a.operator_account_id, a.status, a.not_found_reads,
    a.first_not_found_at, a.operator_reference"""

# A key of money out never expires.
FIND_OUTCOME: Final = Statement("""
SELECT fingerprint, response FROM idempotency_keys
WHERE operation = :operation::text AND key = :key::text
""")

# What is stored with each of them, whatever it is.
CREATE_PARTS: Final = """
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
    FROM gate WHERE :message_id::text IS NOT NULL
)"""

# What was paid out has a receipt; what goes back has none.
RECEIPT_PARTS: Final = """
receipt AS (
    INSERT INTO receipts (id, account_id, charge_id, number, code, created_at)
    SELECT :receipt_id::text, :account::text, id, :receipt_number::text, :receipt_code::text,
           :at::timestamptz
    FROM gate WHERE :receipt_id::text IS NOT NULL
),
public_code AS (
    INSERT INTO platform.public_codes (code, account_id, livemode, object_id, created_at)
    SELECT :receipt_code::text, :account::text, :livemode::boolean, id, :at::timestamptz
    FROM gate WHERE :receipt_id::text IS NOT NULL
)"""

RELEASE_ATTEMPT: Final = """
UPDATE provider_attempts a SET status = 'not_sent', operator_word = :reason::text
FROM gate WHERE a.id = :attempt_id::text AND a.status IN ('opening', 'sending')"""

# Whoever had a check made of what has ended left its row open; no other hand closes it.
END_CHECKS: Final = Statement("""
UPDATE platform.due_work
SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
WHERE kind = 'payout_check' AND object_id = :object_id::text AND done_at IS NULL
""")


class OutgoingStatements:
    """The statements of one table; `kind` is what index, tokens and cases call its rows.

    `own` are the columns beside COMMON; RECEIPT follows them. Where `charge` is given it is a part
    that takes the row of a charge before the ledger; it may read `gate`.
    """

    def __init__(self, table: str, kind: str, own: tuple[str, ...], *, charge: str = "") -> None:
        """Write them down; nothing is asked of a database."""
        names = (*COMMON, *own)
        bare = ", ".join(f"r.{name}" for name in names)
        self.columns: Final = ", ".join((bare, *(f"paper.{name}" for name in RECEIPT)))
        self.source: Final = f"{table} r LEFT JOIN receipts paper ON paper.charge_id = r.id"
        self.width: Final = len(names) + len(RECEIPT)
        self.find: Final = Statement(
            f"SELECT {self.columns} FROM {self.source} WHERE r.id = :object_id::text"
        )
        self.find_with_attempt: Final = Statement(f"""
SELECT {self.columns}, {_ATTEMPT}
FROM {self.source}
LEFT JOIN LATERAL (
    SELECT * FROM provider_attempts WHERE charge_id = r.id ORDER BY number DESC LIMIT 1
) a ON true
WHERE r.id = :object_id::text
""")
        self.claim: Final = Statement(_claim(table, kind, bare))
        # The lease begins anew: whoever waits to take it, or to give it up, finds another than it
        # saw. The platform knows by what to ask, should the tenant's own rows be lost.
        self.keep_opened: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    UPDATE {table} r SET lease_until = :lease_until::timestamptz
    WHERE id = :object_id::text AND status = 'submitting' AND lease_until = :lease::timestamptz
    RETURNING id
),
kept AS (
    UPDATE provider_attempts a
    SET status = 'sending', operator_reference = :operator_reference::text
    FROM gate WHERE a.id = :attempt_id::text AND a.operator_reference IS NULL
    RETURNING a.charge_id
),
index_row AS (
    UPDATE platform.payment_index SET operator_reference = :operator_reference::text
    WHERE object_id = :object_id::text AND EXISTS (SELECT FROM kept)
)
SELECT charge_id FROM kept
""")
        self.release: Final = Statement(f"""
WITH gate AS MATERIALIZED (
    UPDATE {table} r SET lease_until = NULL
    WHERE id = :object_id::text AND status = 'submitting' AND lease_until = :lease::timestamptz
    RETURNING id
)
{RELEASE_ATTEMPT}
""")
        moving = _moving(table, charge)
        self.move: Final = Statement(f"""
WITH {moving}
SELECT (SELECT count(*) FROM gate), {TOLD}
""")
        # A part runs when something first reads it: the charge is read before the ledger, so that
        # its row is taken first, as where a refund is made. Else two of one charge would deadlock.
        counted = "(SELECT count(*) FROM charge), " if charge else ""
        self.settle: Final = Statement(f"""
WITH {moving},
{LEDGER_PARTS},
{RECEIPT_PARTS}
SELECT (SELECT count(*) FROM gate), {TOLD}, {counted}{WHOLE}
""")
        self.note: Final = Statement(_note(table, kind))


# It may be sent when it is new, or when it is proven that nothing was sent. Whoever claims has kept
# its intent. Never while leased or stopped, never past its time, never for a message that has had
# its effect, never by a server that was put back and has not read the journal in. Where a tenant
# was put back to before the sending, the platform has its token and its line in the index already.
def _claim(table: str, kind: str, columns: str) -> str:
    return f"""
WITH standing AS MATERIALIZED (
    SELECT * FROM provider_attempts WHERE charge_id = :object_id::text
    ORDER BY number DESC LIMIT 1
),
before AS MATERIALIZED (
    SELECT id, status FROM {table} WHERE id = :object_id::text FOR UPDATE
),
gate AS MATERIALIZED (
    UPDATE {table} r
    SET status = 'submitting', lease_until = :lease_until::timestamptz,
        journaled_at = COALESCE(r.journaled_at, :now::timestamptz),
        claimed_at = :now::timestamptz, waiting_reason = NULL
    FROM before b
    WHERE r.id = b.id AND r.submit_before > :now::timestamptz AND r.stopped_at IS NULL
      AND NOT EXISTS (SELECT FROM consumed_messages
                      WHERE consumer = :consumer::text AND event_id = :message_id::text)
      AND (r.lease_until IS NULL OR r.lease_until < :now::timestamptz)
      AND platform.journal_is_read()
      AND (r.status = 'created'
           OR (r.status = 'submitting'
               AND EXISTS (SELECT FROM standing
                           WHERE standing.status = 'not_sent'
                              OR (:attempt_status::text = 'opening'
                                  AND standing.operator_reference IS NULL))))
    RETURNING {columns}, b.status AS status_before
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
    SET status = CASE WHEN a.operator_reference IS NULL AND :attempt_status::text = 'opening'
                 THEN 'opening' ELSE 'sending' END
    FROM gate, standing s WHERE a.id = s.id
),
token AS (
    INSERT INTO platform.callback_tokens (token_hash, account_id, livemode, kind, object_id,
                                          provider, created_at)
    SELECT :token_hash::text, :account::text, :livemode::boolean, '{kind}', id, operator,
           :now::timestamptz
    FROM gate
    ON CONFLICT DO NOTHING
),
index_row AS (
    INSERT INTO platform.payment_index (object_id, account_id, livemode, kind,
                                        operator_account_id, reference, state, amount,
                                        number_hmac, created_at)
    SELECT id, :account::text, :livemode::boolean, '{kind}', operator_account_id,
           :reference::text, 'submitting', amount, :number_hmac::text, :now::timestamptz
    FROM gate
    ON CONFLICT DO NOTHING
),
change AS (
    INSERT INTO state_changes (account_id, object_id, from_status, to_status, cause, at)
    SELECT :account::text, id, status_before, 'submitting', 'claimed', :now::timestamptz FROM gate
)
SELECT {columns}, NULL::text, NULL::text, NULL::timestamptz, s.id, s.number, s.reference,
       s.operator_account_id, s.status, s.not_found_reads, s.first_not_found_at,
       s.operator_reference
FROM gate r LEFT JOIN standing s ON true
"""


def _moving(table: str, charge: str) -> str:
    return f"""
gate AS MATERIALIZED (
    UPDATE {table} r
    SET status = :status::text, failure_code = :failure_code::text, lease_until = NULL,
        operator_transaction_id = :operator_transaction_id::text,
        ended_at = :ended_at::timestamptz, waiting_reason = NULL
    WHERE id = :object_id::text AND status = :expected::text
      AND CASE :lease_rule::text
          WHEN 'mine' THEN lease_until IS NOT DISTINCT FROM :lease::timestamptz
          WHEN 'free' THEN lease_until IS NULL
          ELSE true END
      -- What a person must decide about nobody takes back, nor what was sent and forgotten.
      AND CASE WHEN :status::text IN ('canceled', 'rejected', 'expired')
          THEN stopped_at IS NULL AND platform.journal_is_read() ELSE true END
    RETURNING id{", charge_id, late_payment_id" if charge else ""}
),
{charge}
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
    WHERE kind = 'payout_check' AND object_id = :object_id::text AND EXISTS (SELECT FROM gate)
),
index_row AS (
    UPDATE platform.payment_index
    SET state = :status::text, operator_id = :operator_transaction_id::text
    WHERE object_id = :object_id::text AND EXISTS (SELECT FROM gate)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :again_id::text, :again_topic::text, :account::text, :livemode::boolean, id,
           :traceparent::text
    FROM gate WHERE :again_id::text IS NOT NULL
),
{EVENTS_PARTS}"""


def _note(table: str, kind: str) -> str:
    return f"""
WITH gate AS MATERIALIZED (
    UPDATE {table} r
    SET stopped_at = CASE WHEN :stops::boolean THEN COALESCE(stopped_at, :at::timestamptz)
                          ELSE stopped_at END,
        waiting_reason = COALESCE(:waits_for::text, waiting_reason)
    WHERE id = :object_id::text AND status = :expected::text
      -- Who sends it at this moment is not stopped any more, and does not wait.
      AND NOT ((:stops::boolean OR :waits_for::text IS NOT NULL) AND lease_until IS NOT NULL)
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
    -- What was done stays so from the first time on: a callback after it counts once.
    SET due_at = :due_at::timestamptz, lease_until = NULL,
        done_at = CASE WHEN :done_at::timestamptz IS NOT NULL
                       THEN COALESCE(done_at, :done_at::timestamptz) END
    WHERE kind = 'payout_check' AND object_id = :object_id::text AND EXISTS (SELECT FROM gate)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :again_id::text, :again_topic::text, :account::text, :livemode::boolean, id,
           :traceparent::text
    FROM gate WHERE :again_id::text IS NOT NULL
),
opened AS (
    INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, '{kind}', :account::text, :livemode::boolean, id, :case_reason::text,
           now()
    FROM gate WHERE :case_id::text IS NOT NULL
    ON CONFLICT DO NOTHING
),
told AS (SELECT 1 FROM gate),
{NOTICE_PARTS}
SELECT count(*) FROM gate
"""
