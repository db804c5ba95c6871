"""Keeps what moves money beside payments: what comes late, is taken back, topped up or corrected.

Each row is booked by one transaction of the ledger. A transaction of an operator's is booked once
for each kind, by whichever way it comes to light. What became of a payment stands beside it: how
much of a charge its operator took back, how much of a payout came back, and which late payment a
refund gives back.
"""

from typing import Final

revision: Final = "t0007"
down_revision: Final = "t0006"
branch_labels: Final = None
depends_on: Final = None

ADJUSTMENTS: Final = """
CREATE TABLE adjustments (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  kind text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL,
  amount bigint NOT NULL,                -- whole XAF; below 0 where money went
  currency text NOT NULL,
  object_id text COLLATE "C",            -- the payment that it is about
  operator_account_id text COLLATE "C",
  operator_transaction_id text COLLATE "C",
  reason text,
  data jsonb NOT NULL DEFAULT '{}',      -- what one kind alone has
  proposed_by text COLLATE "C",
  approved_by text COLLATE "C",
  balance_transaction text COLLATE "C",
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  CONSTRAINT adjustments_are_sane CHECK (
    kind IN ('late_payment', 'reversal', 'return', 'correction', 'topup', 'fee_true_up')
    AND id LIKE CASE kind WHEN 'late_payment' THEN 'lp' WHEN 'reversal' THEN 'rv'
                          WHEN 'return' THEN 'rv' WHEN 'topup' THEN 'tu' ELSE 'adj' END || '\\_%'
    AND status IN ('proposed', 'rejected', 'booked',
                   'open', 'accepted', 'refunding', 'refunded', 'corrected')
    AND amount <> 0 AND currency = 'XAF' AND jsonb_typeof(data) = 'object'
    AND (kind <> 'late_payment' OR amount > 0 AND operator_account_id IS NOT NULL)
    AND (operator_transaction_id IS NULL OR operator_account_id IS NOT NULL)
    -- Money that moved stands in the ledger, or it did not move.
    AND (status IN ('proposed', 'rejected')) = (balance_transaction IS NULL)
    AND (status IN ('proposed', 'open', 'refunding')) = (ended_at IS NULL)
    AND (approved_by IS NULL OR approved_by IS DISTINCT FROM proposed_by))
);
CREATE UNIQUE INDEX adjustments_transaction
  ON adjustments (operator_account_id, kind, operator_transaction_id)
  WHERE operator_transaction_id IS NOT NULL;
CREATE INDEX adjustments_object ON adjustments (object_id) WHERE object_id IS NOT NULL;
-- A late payment that was accepted names the charge that it became.
CREATE INDEX adjustments_charge ON adjustments ((data->>'charge')) WHERE data ? 'charge';

GRANT SELECT, INSERT ON adjustments TO {schema};
GRANT UPDATE (status, approved_by, balance_transaction, data, ended_at) ON adjustments TO {schema};
"""

PAYMENTS: Final = """
ALTER TABLE charges ADD COLUMN amount_reversed bigint NOT NULL DEFAULT 0;
ALTER TABLE payouts ADD COLUMN amount_returned bigint NOT NULL DEFAULT 0;
ALTER TABLE refunds ADD COLUMN late_payment_id text COLLATE "C";
CREATE INDEX IF NOT EXISTS refunds_late_payment ON refunds (late_payment_id)
  WHERE late_payment_id IS NOT NULL;
"""

# Add a table, and columns with defaults; what runs knows none of them.
STATEMENTS: Final = (ADJUSTMENTS, PAYMENTS)
