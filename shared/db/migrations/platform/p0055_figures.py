"""Lets a login of its own read what the platform is watched by: counts, ages, what wallets hold.

It sees columns, not rows' owners: no account of a merchant, no number, no reference, no recipient.
"""

from typing import Final

revision: Final = "p0055"
down_revision: Final = "p0054"
branch_labels: Final = None
depends_on: Final = None

# Whoever prepares a server makes it as a login first; where that was forgotten, what is read does
# not stop a release.
ROLE: Final = """
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pay_metrics') THEN
    CREATE ROLE pay_metrics NOLOGIN;
  END IF;
END
$$;
GRANT USAGE ON SCHEMA platform TO pay_metrics;
"""

# One row per ledger and day: its newest is found without reading the years before.
ARCHIVED: Final = """
CREATE INDEX IF NOT EXISTS ledger_archives_stored ON platform.ledger_archives (livemode, stored_at)
  WHERE stored_at IS NOT NULL;
"""

RIGHTS: Final = """
GRANT SELECT (state) ON platform.accounts TO pay_metrics;
GRANT SELECT (revision) ON platform.account_schemas TO pay_metrics;
GRANT SELECT (id, outcome) ON platform.account_proposals TO pay_metrics;
GRANT SELECT (id, owner, operator, product, livemode) ON platform.operator_accounts TO pay_metrics;
GRANT SELECT (object_id, kind, livemode, operator_account_id, state, amount, created_at)
  ON platform.payment_index TO pay_metrics;
GRANT SELECT (topic, created_at, published_at) ON platform.outbox TO pay_metrics;
GRANT SELECT (kind, object_id, livemode, due_at, lease_until, done_at)
  ON platform.due_work TO pay_metrics;
GRANT SELECT (kind, livemode, object_id, reason, opened_at, closed_at)
  ON platform.cases TO pay_metrics;
GRANT SELECT (topic, subscription, received_at, replayed_at, discarded_at)
  ON platform.dead_letters TO pay_metrics;
GRANT SELECT (state, created_at) ON platform.notifications TO pay_metrics;
GRANT SELECT (operator, operation, opened_at) ON platform.breakers TO pay_metrics;
GRANT SELECT (received_at) ON platform.callback_inbox TO pay_metrics;
GRANT SELECT (operator_account_id, at, as_of, balance, difference)
  ON platform.float_readings TO pay_metrics;
GRANT SELECT (object_id, operator_account_id, amount) ON platform.float_claims TO pay_metrics;
GRANT SELECT (operator_account_id, day) ON platform.statement_days TO pay_metrics;
GRANT SELECT (id, processed_at) ON platform.statements TO pay_metrics;
GRANT SELECT (livemode, balance) ON platform.own_accounts TO pay_metrics;
GRANT SELECT (livemode, stored_at) ON platform.ledger_archives TO pay_metrics;
GRANT SELECT (id, xid, created_at) ON platform.event_feed TO pay_metrics;
GRANT EXECUTE ON FUNCTION platform.journal_is_read() TO pay_metrics;

CREATE POLICY figures ON platform.payment_index FOR SELECT TO pay_metrics USING (true);
CREATE POLICY figures ON platform.outbox FOR SELECT TO pay_metrics USING (true);
CREATE POLICY figures ON platform.due_work FOR SELECT TO pay_metrics USING (true);
CREATE POLICY figures ON platform.cases FOR SELECT TO pay_metrics USING (true);
CREATE POLICY figures ON platform.notifications FOR SELECT TO pay_metrics USING (true);
CREATE POLICY figures ON platform.event_feed FOR SELECT TO pay_metrics USING (true);
"""

# Add a role, an index and rights; what runs knows none of them.
STATEMENTS: Final = (ROLE, ARCHIVED, RIGHTS)
