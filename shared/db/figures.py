"""The figures by which the platform is watched, in one statement of the metrics' own login.

One statement is one snapshot and one round trip. Each part goes along an index of what is waiting
or of what came last, so that it costs the same after years; nothing goes into a merchant's schema.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.charge import FINAL as FINAL_CHARGES
from shared.domain.figure import RECENT, SETTLED_WITHIN, Reading
from shared.domain.ids import first_id
from shared.domain.outgoing import FINAL as FINAL_OUTGOING

_FINAL: Final = ", ".join(f"'{state}'" for state in sorted({*FINAL_CHARGES, *FINAL_OUTGOING}))
_MODE: Final = "CASE WHEN {0}.livemode THEN 'live' ELSE 'test' END"
_AGE: Final = "GREATEST(0, extract(epoch FROM now() - {0}))::bigint"
_PREFIXES: Final = {"charge": "ch", "refund": "rf", "payout": "po"}
FEED_LOOKS_BACK: Final = timedelta(minutes=2)
"""How old what streams were not shown may be for its age to be told."""

# Of an operator's account that is a merchant's own nothing is told: there may be as many as
# merchants. Its payments count, by operator.
_WALLETS: Final = f"""
wallets AS (
    SELECT a.id, ARRAY[a.id, a.operator, a.product, {_MODE.format("a")}] AS words
    FROM platform.operator_accounts a WHERE a.owner = 'platform'
),
readings AS (
    SELECT w.id, w.words, r.*
    FROM wallets w CROSS JOIN LATERAL (
        SELECT r.as_of, r.balance, r.difference FROM platform.float_readings r
        WHERE r.operator_account_id = w.id AND r.balance IS NOT NULL
        ORDER BY r.at DESC LIMIT 1) AS r
)"""

# What is not final has a check to come within the hour, or an open case. Holds that end are many,
# and not looked at before their time.
_DUE: Final = """
due AS MATERIALIZED (
    SELECT d.kind, d.object_id, d.livemode, d.due_at, d.lease_until FROM platform.due_work d
    WHERE d.done_at IS NULL AND d.due_at < now() + interval '61 minutes'
      AND (d.kind <> 'hold_release' OR d.due_at < now())
),
late AS (
    SELECT kind, count(*) AS number, min(due_at) AS since FROM due
    WHERE due_at < now() AND (lease_until IS NULL OR lease_until < now()) GROUP BY kind
)"""

_PAYMENTS: Final = f"""
opened AS (
    SELECT ARRAY[i.kind, COALESCE(a.operator, 'none'), {_MODE.format("i")}, i.state] AS words,
           count(*) AS number, min(i.created_at) AS since
    FROM (SELECT object_id FROM due WHERE kind IN ('payment_check', 'payout_check')
          UNION SELECT object_id FROM platform.cases WHERE closed_at IS NULL) AS watched
    JOIN platform.payment_index i ON i.object_id = watched.object_id
    LEFT JOIN platform.operator_accounts a ON a.id = i.operator_account_id
    WHERE i.state NOT IN ({_FINAL}) GROUP BY 1
),
unsent AS (
    SELECT ARRAY[CASE left(w.object_id, 3) {
    " ".join(f"WHEN '{prefix}_' THEN '{kind}'" for kind, prefix in _PREFIXES.items())
} ELSE 'other' END, {_MODE.format("w")}] AS words, count(*) AS number
    FROM due w LEFT JOIN platform.payment_index i ON i.object_id = w.object_id
    WHERE w.kind IN ('payment_check', 'payout_check') AND i.object_id IS NULL GROUP BY 1
),
recent AS (
    SELECT ARRAY[i.kind, COALESCE(a.operator, 'none'), {_MODE.format("i")}, i.state] AS words,
           count(*) AS number, sum(i.amount)::bigint AS amount
    FROM platform.payment_index i
    LEFT JOIN platform.operator_accounts a ON a.id = i.operator_account_id
    WHERE {
    " OR ".join(
        f"i.object_id >= :{kind}s_from::text AND i.object_id < :{kind}s_until::text"
        for kind in _PREFIXES
    )
}
    GROUP BY 1
)"""

_QUEUES: Final = f"""
unpublished AS (
    SELECT topic, count(*) AS number, min(created_at) AS since FROM platform.outbox
    WHERE published_at IS NULL GROUP BY topic
),
dead AS (
    SELECT ARRAY[split_part(regexp_replace(subscription, '^.*/', ''), '--', 1), topic] AS words,
           count(*) AS number, min(received_at) AS since FROM platform.dead_letters
    WHERE replayed_at IS NULL AND discarded_at IS NULL GROUP BY 1
),
riddles AS (
    SELECT ARRAY[c.kind, c.reason, {_MODE.format("c")}] AS words,
           count(*) AS number, min(c.opened_at) AS since
    FROM platform.cases c WHERE c.closed_at IS NULL GROUP BY 1
),
mails AS (
    SELECT count(*) AS number, min(created_at) AS since FROM platform.notifications
    WHERE state = 'waiting'
),
open_breakers AS (
    SELECT operator, operation, count(*) AS number, min(opened_at) AS since FROM platform.breakers
    WHERE opened_at IS NOT NULL GROUP BY operator, operation
)"""

READ: Final = Statement(f"""
WITH {_WALLETS},{_DUE},{_PAYMENTS},{_QUEUES}
SELECT 'payments_open', words, number FROM opened
UNION ALL SELECT 'payments_open_oldest_age_seconds', words, {_AGE.format("since")} FROM opened
UNION ALL SELECT 'payments_unsent', words, number FROM unsent
UNION ALL SELECT 'payments_recent', words, number FROM recent
UNION ALL SELECT 'payments_recent_amount_xaf', words, amount FROM recent
UNION ALL SELECT 'callbacks_recent', '{{}}', count(*) FROM platform.callback_inbox
    WHERE received_at > now() - interval '15 minutes'
UNION ALL SELECT 'outbox_unpublished', ARRAY[topic], number FROM unpublished
UNION ALL SELECT 'outbox_oldest_age_seconds', ARRAY[topic], {_AGE.format("since")} FROM unpublished
UNION ALL SELECT 'due_work_late', ARRAY[kind], number FROM late
UNION ALL SELECT 'due_work_lag_seconds', ARRAY[kind], {_AGE.format("since")} FROM late
UNION ALL SELECT 'webhook_endpoints_waiting', ARRAY[{_MODE.format("due")}], count(*) FROM due
    WHERE kind = 'webhook' GROUP BY due.livemode
UNION ALL SELECT 'dead_letters_waiting', words, number FROM dead
UNION ALL SELECT 'dead_letters_oldest_age_seconds', words, {_AGE.format("since")} FROM dead
UNION ALL SELECT 'cases_open', words, number FROM riddles
UNION ALL SELECT 'cases_oldest_age_seconds', words, {_AGE.format("since")} FROM riddles
UNION ALL SELECT 'notifications_waiting', '{{}}', number FROM mails
UNION ALL SELECT 'notifications_oldest_age_seconds', '{{}}',
    COALESCE({_AGE.format("since")}, 0) FROM mails
UNION ALL SELECT 'breakers_open', ARRAY[operator, operation], number FROM open_breakers
UNION ALL SELECT 'breakers_open_seconds', ARRAY[operator], max({_AGE.format("since")})
    FROM open_breakers GROUP BY operator
UNION ALL SELECT 'float_balance_xaf', words, balance FROM readings
UNION ALL SELECT 'float_difference_xaf', words, difference FROM readings
UNION ALL SELECT 'float_reading_age_seconds', words, {_AGE.format("as_of")} FROM readings
UNION ALL SELECT 'float_taken_xaf', w.words, COALESCE(sum(c.amount), 0)::bigint
    FROM wallets w
    JOIN platform.float_claims c ON c.operator_account_id = w.id
    LEFT JOIN platform.payment_index p ON p.object_id = c.object_id
    WHERE (p.state IN ('failed', 'canceled')) IS NOT TRUE GROUP BY w.words
UNION ALL SELECT 'statement_age_seconds', w.words,
    {_AGE.format("(d.day + 1)::timestamp AT TIME ZONE 'Africa/Douala'")}
    FROM wallets w CROSS JOIN LATERAL (
        SELECT day FROM platform.statement_days s WHERE s.operator_account_id = w.id
        ORDER BY day DESC LIMIT 1) AS d
UNION ALL SELECT 'statements_unread', '{{}}', count(*) FROM platform.statements
    WHERE processed_at IS NULL
UNION ALL SELECT 'own_books_imbalance_xaf', ARRAY[{_MODE.format("o")}],
    sum(o.balance)::bigint FROM platform.own_accounts o GROUP BY o.livemode
UNION ALL SELECT 'ledger_archive_age_seconds', ARRAY[{_MODE.format("m")}],
    {_AGE.format("stored_at")}
    FROM (VALUES (true), (false)) AS m (livemode) CROSS JOIN LATERAL (
        SELECT stored_at FROM platform.ledger_archives l
        WHERE l.livemode = m.livemode AND stored_at IS NOT NULL
        ORDER BY stored_at DESC LIMIT 1) AS newest
UNION ALL SELECT 'accounts', ARRAY[state], count(*) FROM platform.accounts GROUP BY state
UNION ALL SELECT 'account_schemas', ARRAY[revision], count(*)
    FROM platform.account_schemas GROUP BY revision
UNION ALL SELECT 'account_proposals_open', '{{}}', count(*) FROM platform.account_proposals
    WHERE outcome IS NULL
UNION ALL SELECT 'journal_is_read', '{{}}', platform.journal_is_read()::int::bigint
UNION ALL SELECT 'feed_horizon_lag_seconds', '{{}}', COALESCE({_AGE.format("min(created_at)")}, 0)
    FROM platform.event_feed
    WHERE id >= :feed_from::text AND xid >= pg_snapshot_xmin(pg_current_snapshot())
UNION ALL SELECT 'database_connections', ARRAY[usename::text], count(*)
    FROM pg_catalog.pg_stat_activity WHERE datname = current_database() GROUP BY usename
UNION ALL SELECT 'database_connections_limit', '{{}}', current_setting('max_connections')::bigint
UNION ALL SELECT 'database_transaction_age', '{{}}', max(age(datfrozenxid))::bigint
    FROM pg_catalog.pg_database
UNION ALL SELECT 'database_clock_milliseconds', '{{}}',
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint
""")


class Figures:
    """What is read by the metrics' login, which reads nothing else and writes nothing."""

    def __init__(self, database: Database) -> None:
        """Keep the database; nothing is opened yet."""
        self._database = database

    def read(self, *, at: datetime) -> Sequence[Reading]:
        """Return all figures as of one moment; `at` is the moment. Raises Unavailable."""
        until = at - SETTLED_WITHIN
        bounds: dict[str, Any] = {
            f"{kind}s_{end}": first_id(prefix, int(moment.timestamp() * 1000))
            for kind, prefix in _PREFIXES.items()
            for end, moment in (("from", until - RECENT), ("until", until))
        }
        feed_from = first_id("evt", int((at - FEED_LOOKS_BACK).timestamp() * 1000))
        rows = self._database.once(None, READ, feed_from=feed_from, **bounds).rows
        return [Reading(name, tuple(words), int(value)) for name, words, value in rows]
