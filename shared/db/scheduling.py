"""Work that is due and messages that were missed, claimed by state, never by position."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.events import (
    CHARGE_CHECK_DUE,
    FLOAT_CHECK_DUE,
    PAYOUT_CHECK_DUE,
    REPORT_REQUESTED,
    SETTLEMENT_DUE,
    WEBHOOK_DUE,
    Message,
)

TOPIC_OF_KIND: Final = {
    "payment_check": CHARGE_CHECK_DUE,
    "payout_check": PAYOUT_CHECK_DUE,
    "webhook": WEBHOOK_DUE,
    "float_check": FLOAT_CHECK_DUE,
    "settlement": SETTLEMENT_DUE,
    "checkout": CHARGE_CHECK_DUE,
    "report": REPORT_REQUESTED,
}

# What a later release has put there waits for that release: nothing else waits with it.
CLAIM_DUE: Final = Statement("""
WITH due AS MATERIALIZED (
    SELECT kind, object_id FROM platform.due_work
    WHERE done_at IS NULL AND due_at <= now() AND (lease_until IS NULL OR lease_until < now())
      AND kind = ANY(:kinds::text[])
    ORDER BY due_at LIMIT :limit::int
    FOR UPDATE SKIP LOCKED
)
UPDATE platform.due_work w SET lease_until = now() + interval '60 seconds'
FROM due WHERE w.kind = due.kind AND w.object_id = due.object_id
RETURNING w.kind, w.object_id, w.account_id, w.livemode
""")

# What is due by the clock of a test mode that is ahead of the machine's.
CLAIM_AHEAD: Final = Statement("""
WITH due AS MATERIALIZED (
    SELECT w.kind, w.object_id
    FROM platform.test_clocks c JOIN platform.due_work w ON w.account_id = c.account_id
    WHERE NOT w.livemode AND w.done_at IS NULL
      AND w.due_at > now()
      AND w.due_at <= now() + platform.ahead_of(c.was_ahead, c.ahead, c.moves_at)
      AND (w.lease_until IS NULL OR w.lease_until < now())
      AND w.kind = ANY(:kinds::text[])
    ORDER BY w.due_at LIMIT :limit::int
    FOR UPDATE OF w SKIP LOCKED
)
UPDATE platform.due_work w SET lease_until = now() + interval '60 seconds'
FROM due WHERE w.kind = due.kind AND w.object_id = due.object_id
RETURNING w.kind, w.object_id, w.account_id, w.livemode
""")

PUT_IN_OUTBOX: Final = Statement("""
INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id)
SELECT * FROM unnest(:ids::text[], :topics::text[], :accounts::text[], :livemodes::boolean[],
                     :object_ids::text[])
""")

CLAIM_OUTBOX: Final = Statement("""
WITH missed AS MATERIALIZED (
    SELECT id FROM platform.outbox
    WHERE published_at IS NULL AND created_at < now() - interval '3 seconds'
      AND (lease_until IS NULL OR lease_until < now())
    ORDER BY created_at LIMIT :limit::int
    FOR UPDATE SKIP LOCKED
)
UPDATE platform.outbox o SET lease_until = now() + interval '30 seconds'
FROM missed WHERE o.id = missed.id
RETURNING o.id, o.topic, o.account_id, o.livemode, o.object_id, o.traceparent
""")

MARK_PUBLISHED: Final = Statement("""
UPDATE platform.outbox SET published_at = now() WHERE id = ANY(:ids::text[])
""")


def _purge(delete: str) -> Statement:
    """Return the statement that deletes and says how many rows."""
    return Statement(f"WITH gone AS ({delete} RETURNING 1) SELECT count(*) FROM gone")


PURGE_OUTBOX: Final = _purge("""
DELETE FROM platform.outbox WHERE id IN (
    SELECT id FROM platform.outbox
    WHERE created_at < now() - interval '1 hour' AND published_at IS NOT NULL
    LIMIT :limit::int FOR UPDATE SKIP LOCKED)
""")

PURGE_DUE: Final = _purge("""
DELETE FROM platform.due_work WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM platform.due_work
    WHERE done_at < now() - interval '1 day'
    ORDER BY done_at LIMIT :limit::int FOR UPDATE SKIP LOCKED))
""")

PURGE_INBOX: Final = _purge("""
DELETE FROM platform.callback_inbox WHERE id IN (
    SELECT id FROM platform.callback_inbox
    WHERE received_at < now() - interval '90 days' LIMIT :limit::int)
""")

# Recipients are personal. What was sent, or may not be sent any more, is kept a week for questions.
PURGE_NOTIFICATIONS: Final = _purge("""
DELETE FROM platform.notifications WHERE id IN (
    SELECT id FROM platform.notifications
    WHERE COALESCE(ended_at, send_before) < now() - interval '7 days'
    LIMIT :limit::int FOR UPDATE SKIP LOCKED)
""")

PURGE_REQUESTS: Final = _purge("""
DELETE FROM platform.rate_counters WHERE (subject, starts_at) IN (
    SELECT subject, starts_at FROM platform.rate_counters
    WHERE starts_at < extract(epoch FROM now() - interval '2 hours')
    LIMIT :limit::int FOR UPDATE SKIP LOCKED)
""")

# No rule looks back further than a day.
PURGE_PROMPTS: Final = _purge("""
DELETE FROM platform.payer_numbers WHERE (number_hmac, livemode) IN (
    SELECT number_hmac, livemode FROM platform.payer_numbers
    WHERE COALESCE(times[cardinality(times)] < now() - interval '2 days', true)
      AND COALESCE(blocked_until < now(), true)
    LIMIT :limit::int FOR UPDATE SKIP LOCKED)
""")

PURGE_VELOCITY: Final = _purge("""
DELETE FROM platform.velocity_counters WHERE (tenant, kind, day, key_id, slot) IN (
    SELECT tenant, kind, day, key_id, slot FROM platform.velocity_counters
    WHERE day < now() - interval '3 days' LIMIT :limit::int FOR UPDATE SKIP LOCKED)
""")

# Those put off stay until three days after theirs.
PURGE_PAYEES: Final = _purge("""
DELETE FROM platform.payee_amounts WHERE (tenant, payout_id) IN (
    SELECT tenant, payout_id FROM platform.payee_amounts
    WHERE day < now() - interval '3 days' LIMIT :limit::int)
""")

# Of a wallet that is read, a reading takes them away; of one that nobody can read, nobody asks.
PURGE_CLAIMS: Final = _purge("""
DELETE FROM platform.float_claims WHERE object_id IN (
    SELECT object_id FROM platform.float_claims
    WHERE at < now() - interval '3 days' LIMIT :limit::int)
""")

# Counts look back a day; nothing else is of use once it is over.
PURGE_CHALLENGES: Final = _purge("""
DELETE FROM platform.customer_challenges WHERE id IN (
    SELECT id FROM platform.customer_challenges
    WHERE expires_at < now() - interval '1 day' LIMIT :limit::int)
""")

PURGE_SESSIONS: Final = _purge("""
DELETE FROM platform.customer_sessions WHERE token_hash IN (
    SELECT token_hash FROM platform.customer_sessions
    WHERE expires_at < now() - interval '1 day' LIMIT :limit::int)
""")

PURGE_TRIES: Final = _purge("""
DELETE FROM platform.customer_tries WHERE subject IN (
    SELECT subject FROM platform.customer_tries
    WHERE times[cardinality(times)] < now() - interval '2 days' LIMIT :limit::int)
""")

# Of those that were taken nobody asks; an hour covers clocks that differ.
PURGE_TICKETS: Final = _purge("""
DELETE FROM platform.stream_tickets WHERE token_hash IN (
    SELECT token_hash FROM platform.stream_tickets
    WHERE expires_at < now() - interval '1 hour' LIMIT :limit::int)
""")

# Whoever has not looked for so long believes nothing of what it keeps.
PURGE_TOUCHES: Final = _purge("""
DELETE FROM platform.touches WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM platform.touches
    WHERE at < now() - interval '1 hour' LIMIT :limit::int))
""")

PURGE_REQUEST_LOGS: Final = _purge("""
DELETE FROM platform.request_logs WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM platform.request_logs
    WHERE at < now() - interval '7 days' ORDER BY at LIMIT :limit::int))
""")

_PURGES: Final = (
    PURGE_OUTBOX,
    PURGE_DUE,
    PURGE_INBOX,
    PURGE_REQUESTS,
    PURGE_PROMPTS,
    PURGE_VELOCITY,
    PURGE_PAYEES,
    PURGE_CLAIMS,
    PURGE_NOTIFICATIONS,
    PURGE_CHALLENGES,
    PURGE_SESSIONS,
    PURGE_TICKETS,
    PURGE_TRIES,
    PURGE_TOUCHES,
    PURGE_REQUEST_LOGS,
)

# A replay that died names the letter it was sent for. A buried `webhook-due` must
# not bury its deliveries: the endpoint's due row brings them back.
KEEP_DEAD_LETTER: Final = Statement("""
WITH revived AS (
    UPDATE platform.due_work SET due_at = LEAST(due_at, now() + interval '1 minute')
    WHERE kind = 'webhook' AND object_id = :object_id::text AND :topic::text = 'webhook-due'
)
INSERT INTO platform.dead_letters (id, topic, subscription, event_id, account_id, livemode,
                                   object_id, attributes, delivery_count, received_at, replay_of,
                                   deaths)
SELECT :id::text, :topic::text, :subscription::text, :event_id::text, :account::text,
    :livemode::boolean, :object_id::text, :attributes::jsonb, :delivery_count::int, now(),
    before.id, COALESCE(before.deaths, 0) + 1
FROM (SELECT) AS one
LEFT JOIN platform.dead_letters before ON before.id = substr(:event_id::text, 7)
  AND :event_id::text LIKE 'again:%'
ON CONFLICT (subscription, event_id) DO NOTHING
""")


def put_in_outbox(transaction: Transaction, messages: Sequence[Message]) -> None:
    """Store messages, and have them published once the transaction has committed."""
    transaction.run(
        PUT_IN_OUTBOX,
        ids=[message.event_id for message in messages],
        topics=[message.topic for message in messages],
        accounts=[message.account for message in messages],
        livemodes=[message.livemode for message in messages],
        object_ids=[message.object_id for message in messages],
    )
    transaction.messages.extend(messages)


class Schedule:
    """Due work and the outbox, as the workers' login role; it can enter no tenant."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def claim_due(self, limit: int, new_id: Callable[[], str]) -> int:
        """Lease what is due and put a message for each into the outbox; return how many."""
        with self._database.platform() as transaction:
            kinds = list(TOPIC_OF_KIND)
            rows = transaction.run(CLAIM_DUE, limit=limit, kinds=kinds)
            if len(rows) < limit:
                rows += transaction.run(CLAIM_AHEAD, limit=limit - len(rows), kinds=kinds)
            if not rows:
                return 0
            messages = [
                Message(new_id(), TOPIC_OF_KIND[kind], account, livemode, object_id)
                for kind, object_id, account, livemode in rows
            ]
            put_in_outbox(transaction, messages)
        return len(messages)

    def claim_outbox(self, limit: int) -> Sequence[Message]:
        """Lease messages that nobody published within 3 s of their transaction."""
        rows = self._database.once(None, CLAIM_OUTBOX, limit=limit).rows
        return [Message(*row) for row in rows]

    def mark_published(self, ids: Sequence[str]) -> None:
        """Mark outbox rows whose messages the broker has acknowledged."""
        self._run(MARK_PUBLISHED, ids=list(ids))

    def purge(self, limit: int, *, has_time: Callable[[], bool] = lambda: False) -> int:
        """Delete rows that nobody needs any more, `limit` of each kind at a time; return how many.

        Kinds of which there may be more have their turn again while `has_time`.
        """
        total, kinds = 0, list(_PURGES)
        while kinds:
            gone = [self._delete(statement, limit) for statement in kinds]
            total += sum(gone)
            if not has_time():
                break
            kinds = [kind for kind, count in zip(kinds, gone, strict=True) if count >= limit]
        return total

    def keep_dead_letter(self, **values: Any) -> None:
        """Keep a dead letter once, however often it is delivered."""
        self._run(KEEP_DEAD_LETTER, **values)

    def _delete(self, statement: Statement, limit: int) -> int:
        return int(self._database.once(None, statement, limit=limit).rows[0][0])

    def _run(self, statement: Statement, **values: Any) -> None:
        self._database.once(None, statement, **values)
