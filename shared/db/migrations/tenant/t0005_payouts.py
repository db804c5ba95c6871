"""Keeps payouts: money of the merchant's that goes to any number, held until its operator speaks.

As refunds they have their one attempt in `provider_attempts`, whose `charge_id` holds the payout's
id.
"""

from typing import Final

revision: Final = "t0005"
down_revision: Final = "t0004"
branch_labels: Final = None
depends_on: Final = None

PAYOUTS: Final = """
CREATE TABLE payouts (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  amount bigint NOT NULL,
  fees jsonb NOT NULL DEFAULT '{}',  -- what it costs, by ledger account, in whole XAF
  currency text NOT NULL,
  status text COLLATE "C" NOT NULL,
  failure_code text,
  operator text NOT NULL,
  operator_account_id text COLLATE "C" NOT NULL,
  phone text NOT NULL,
  name text,
  operator_transaction_id text,
  intent_hmac text COLLATE "C" NOT NULL,
  description text,
  reference text COLLATE "C",
  metadata jsonb NOT NULL DEFAULT '{}',
  balance_transaction text COLLATE "C" NOT NULL,
  scheduled_at timestamptz,
  submit_before timestamptz NOT NULL,
  lease_until timestamptz,
  claimed_at timestamptz,        -- the last time that somebody was about to send it
  journaled_at timestamptz,      -- the intent stands in write-once storage
  stopped_at timestamptz,        -- a person must decide, nothing is sent
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  CONSTRAINT payouts_are_sane CHECK (
    id LIKE 'po\\_%' AND amount > 0 AND jsonb_typeof(fees) = 'object'
    AND currency = 'XAF' AND operator IN ('mtn', 'orange')
    AND phone LIKE '+%' AND length(phone) <= 16 AND length(intent_hmac) = 64
    AND status IN ('scheduled', 'created', 'submitting', 'in_transit', 'unknown', 'succeeded',
                   'failed', 'canceled')
    AND (status <> 'scheduled' OR scheduled_at IS NOT NULL)
    -- Nothing is sent whose intent is not kept.
    AND (status IN ('scheduled', 'created', 'failed', 'canceled') OR journaled_at IS NOT NULL)
    AND (status IN ('succeeded', 'failed', 'canceled')) = (ended_at IS NOT NULL))
);
CREATE INDEX payouts_unfinished ON payouts (status)
  WHERE status NOT IN ('succeeded', 'failed', 'canceled');
-- The merchant's own reference names one payout that was paid or may be.
CREATE UNIQUE INDEX payouts_reference ON payouts (reference)
  WHERE reference IS NOT NULL AND status NOT IN ('failed', 'canceled');
-- What will not be paid does not count any more on its number's day (p0022).
CREATE TRIGGER not_paid AFTER UPDATE OF status ON payouts
  FOR EACH ROW WHEN (NEW.status IN ('failed', 'canceled'))
  EXECUTE FUNCTION platform.give_payee_back();

GRANT SELECT, INSERT ON payouts TO {schema};
GRANT UPDATE (status, failure_code, operator_transaction_id, lease_until, claimed_at, journaled_at,
  stopped_at, ended_at) ON payouts TO {schema};
"""

# Add the table; what runs does not know it yet.
STATEMENTS: Final = (PAYOUTS,)
