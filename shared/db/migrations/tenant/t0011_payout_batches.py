"""Keeps batches of payouts: taken whole, held at once, their lines released in turn.

A line is a row of `payouts` that names its batch and waits as `queued`. How many lines are in which
status is counted from them while the batch is under way, and written into its row with its end.
"""

from typing import Final

revision: Final = "t0011"
down_revision: Final = "t0010"
branch_labels: Final = None
depends_on: Final = None

BATCHES: Final = """
CREATE TABLE payout_batches (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  status text COLLATE "C" NOT NULL,
  line_count integer NOT NULL,
  amount bigint NOT NULL,
  fees jsonb NOT NULL DEFAULT '{}',  -- what all lines cost, by ledger account, in whole XAF
  currency text NOT NULL,
  description text,
  metadata jsonb NOT NULL DEFAULT '{}',
  balance_transaction text COLLATE "C" NOT NULL,
  returned_amount bigint,            -- what its canceled lines had held at once, and their cost
  returned_fees jsonb,
  made_by text COLLATE "C" NOT NULL, -- `key_…`, or a person
  content_sha256 text COLLATE "C",   -- where somebody must approve it
  approve_before timestamptz,
  decided_by text COLLATE "C",
  decided_at timestamptz,
  decision_reason text,
  progress jsonb,                    -- count and amount by status, once all lines have ended
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  CONSTRAINT payout_batches_are_sane CHECK (
    id LIKE 'pb\\_%' AND line_count BETWEEN 1 AND 10000 AND amount >= line_count
    AND jsonb_typeof(fees) = 'object' AND currency = 'XAF'
    AND status IN ('awaiting_approval', 'processing', 'canceling', 'completed', 'canceled',
                   'rejected', 'expired')
    AND (status IN ('completed', 'canceled', 'rejected', 'expired')) = (ended_at IS NOT NULL)
    AND (ended_at IS NULL) = (progress IS NULL)),
  CONSTRAINT payout_batches_approved CHECK (
    (content_sha256 IS NULL) = (approve_before IS NULL)
    AND (content_sha256 IS NULL OR length(content_sha256) = 64)
    AND (status NOT IN ('awaiting_approval', 'rejected', 'expired') OR content_sha256 IS NOT NULL)
    AND (decided_by IS NULL) = (decided_at IS NULL)
    -- Nobody approves what she asked for herself.
    AND (decided_by IS NULL OR content_sha256 IS NOT NULL
                               AND (status = 'rejected' OR decided_by <> made_by)))
);
GRANT SELECT, INSERT ON payout_batches TO {schema};
GRANT UPDATE (status, returned_amount, returned_fees, decided_by, decided_at, decision_reason,
  progress, ended_at) ON payout_batches TO {schema};
"""

LINES: Final = """
ALTER TABLE payouts
  ADD COLUMN batch_id text COLLATE "C",
  ADD COLUMN batch_line integer,
  ADD COLUMN released_at timestamptz,  -- when its turn came
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT payouts_are_sane,
  -- What stands there was checked against fewer words, so nothing is read again.
  ADD CONSTRAINT payouts_are_sane CHECK (
    id LIKE 'po\\_%' AND amount > 0 AND jsonb_typeof(fees) = 'object'
    AND currency = 'XAF' AND operator IN ('mtn', 'orange')
    AND phone LIKE '+%' AND length(phone) <= 16 AND length(intent_hmac) = 64
    AND status IN ('awaiting_approval', 'queued', 'scheduled', 'created', 'submitting',
                   'in_transit', 'unknown', 'succeeded', 'failed', 'canceled', 'rejected',
                   'expired')
    AND (status <> 'scheduled' OR scheduled_at IS NOT NULL)
    AND (batch_id IS NULL) = (batch_line IS NULL)
    AND (status <> 'queued' OR batch_id IS NOT NULL)
    -- Nothing is sent whose intent is not kept.
    AND (status IN ('awaiting_approval', 'queued', 'scheduled', 'created', 'failed', 'canceled',
                    'rejected', 'expired') OR journaled_at IS NOT NULL)
    AND (status IN ('succeeded', 'failed', 'canceled', 'rejected', 'expired'))
      = (ended_at IS NOT NULL)) NOT VALID;
CREATE INDEX IF NOT EXISTS payouts_batch ON payouts (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS payouts_queued ON payouts (batch_id, operator_account_id, id)
  WHERE status = 'queued';
GRANT UPDATE (released_at) ON payouts TO {schema};
"""

# Add a table, columns and indexes, and widen a check; what runs knows none of them.
STATEMENTS: Final = (BATCHES, LINES)
