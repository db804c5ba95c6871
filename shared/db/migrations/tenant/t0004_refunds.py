"""Keeps refunds: money that goes back to the number that paid, held until its operator has spoken.

What of a charge is refunded is counted on its own row when a refund is made, and given back where
one fails: so refunds made at once never come to more than was paid. The one attempt of a refund is
a row of `provider_attempts` whose `charge_id` holds the refund's id.
"""

from typing import Final

revision: Final = "t0004"
down_revision: Final = "t0003"
branch_labels: Final = None
depends_on: Final = None

REFUNDS: Final = """
CREATE TABLE refunds (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  charge_id text COLLATE "C" NOT NULL,
  amount bigint NOT NULL,
  from_pending bigint NOT NULL,  -- what of it the charge's own pending money bears
  currency text NOT NULL,
  status text COLLATE "C" NOT NULL,
  failure_code text,
  operator text NOT NULL,
  operator_account_id text COLLATE "C" NOT NULL,
  phone text NOT NULL,
  operator_transaction_id text,
  charge_reference text COLLATE "C" NOT NULL,
  intent_hmac text COLLATE "C" NOT NULL,
  reason text,
  metadata jsonb NOT NULL DEFAULT '{}',
  balance_transaction text COLLATE "C" NOT NULL,
  submit_before timestamptz NOT NULL,
  lease_until timestamptz,
  claimed_at timestamptz,        -- the last time that somebody was about to send it
  journaled_at timestamptz,      -- the intent stands in write-once storage
  stopped_at timestamptz,        -- a person must decide, nothing is sent
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  CONSTRAINT refunds_are_sane CHECK (
    id LIKE 'rf\\_%' AND amount > 0 AND from_pending BETWEEN 0 AND amount
    AND currency = 'XAF' AND operator IN ('mtn', 'orange')
    AND phone LIKE '+%' AND length(phone) <= 16 AND length(intent_hmac) = 64
    AND status IN ('created', 'submitting', 'in_transit', 'unknown', 'succeeded', 'failed')
    -- Nothing is sent whose intent is not kept.
    AND (status IN ('created', 'failed') OR journaled_at IS NOT NULL)
    AND (status IN ('succeeded', 'failed')) = (ended_at IS NOT NULL))
);
CREATE INDEX refunds_charge ON refunds (charge_id);
CREATE INDEX refunds_unfinished ON refunds (status) WHERE status NOT IN ('succeeded', 'failed');

GRANT SELECT, INSERT ON refunds TO {schema};
GRANT UPDATE (status, failure_code, operator_transaction_id, lease_until, claimed_at, journaled_at,
  stopped_at, ended_at) ON refunds TO {schema};
"""

# Add the table; what runs does not know it yet.
STATEMENTS: Final = (REFUNDS,)
