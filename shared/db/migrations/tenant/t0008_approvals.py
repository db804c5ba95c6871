"""Lets a payout wait for a second person: who made it, what is approved, who decided and why.

What is approved is fixed by the INSERT, as amount and number are. Who decides moves the row, and
has until a time of its own to be sent.
"""

from typing import Final

revision: Final = "t0008"
down_revision: Final = "t0007"
branch_labels: Final = None
depends_on: Final = None

# What stands there was checked against fewer statuses, so nothing is read again.
COLUMNS: Final = """
ALTER TABLE payouts
  ADD COLUMN made_by text COLLATE "C",         -- `key_…`, or a person
  ADD COLUMN content_sha256 text COLLATE "C",  -- where somebody must approve it
  ADD COLUMN approve_before timestamptz,
  ADD COLUMN decided_by text COLLATE "C",
  ADD COLUMN decided_at timestamptz,
  ADD COLUMN decision_reason text;
ALTER TABLE payouts
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT payouts_are_sane,
  ADD CONSTRAINT payouts_are_sane CHECK (
    id LIKE 'po\\_%' AND amount > 0 AND jsonb_typeof(fees) = 'object'
    AND currency = 'XAF' AND operator IN ('mtn', 'orange')
    AND phone LIKE '+%' AND length(phone) <= 16 AND length(intent_hmac) = 64
    AND status IN ('awaiting_approval', 'scheduled', 'created', 'submitting', 'in_transit',
                   'unknown', 'succeeded', 'failed', 'canceled', 'rejected', 'expired')
    AND (status <> 'scheduled' OR scheduled_at IS NOT NULL)
    -- Nothing is sent whose intent is not kept.
    AND (status IN ('awaiting_approval', 'scheduled', 'created', 'failed', 'canceled', 'rejected',
                    'expired') OR journaled_at IS NOT NULL)
    AND (status IN ('succeeded', 'failed', 'canceled', 'rejected', 'expired'))
      = (ended_at IS NOT NULL)) NOT VALID,
  ADD CONSTRAINT payouts_approved CHECK (
    (content_sha256 IS NULL) = (approve_before IS NULL)
    AND (content_sha256 IS NULL OR length(content_sha256) = 64 AND made_by IS NOT NULL)
    AND (status NOT IN ('awaiting_approval', 'rejected', 'expired') OR content_sha256 IS NOT NULL)
    AND (decided_by IS NULL) = (decided_at IS NULL)
    -- Nobody approves what she asked for herself.
    AND (decided_by IS NULL OR content_sha256 IS NOT NULL
                               AND (status = 'rejected' OR decided_by <> made_by))
  ) NOT VALID;
"""

# Where payouts are many these are made beforehand; then they take the place and name of the old.
INDEXES: Final = """
CREATE INDEX IF NOT EXISTS payouts_open ON payouts (status)
  WHERE status NOT IN ('succeeded', 'failed', 'canceled', 'rejected', 'expired');
CREATE UNIQUE INDEX IF NOT EXISTS payouts_own_reference ON payouts (reference)
  WHERE reference IS NOT NULL AND status NOT IN ('failed', 'canceled', 'rejected', 'expired');
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX IF EXISTS payouts_unfinished, payouts_reference;
-- The release before tells by its name that a reference is taken.
-- squawk-ignore renaming-object
ALTER INDEX payouts_open RENAME TO payouts_unfinished;
-- squawk-ignore renaming-object
ALTER INDEX payouts_own_reference RENAME TO payouts_reference;
"""

# What will not be paid does not count any more on its number's day (p0022).
TRIGGER: Final = """
CREATE OR REPLACE TRIGGER not_paid AFTER UPDATE OF status ON payouts
  FOR EACH ROW WHEN (NEW.status IN ('failed', 'canceled', 'rejected', 'expired'))
  EXECUTE FUNCTION platform.give_payee_back();

GRANT UPDATE (decided_by, decided_at, decision_reason, submit_before) ON payouts TO {schema};
"""

# Add columns, and widen a check; what runs knows neither the statuses nor the columns.
STATEMENTS: Final = (INDEXES, COLUMNS, TRIGGER)
