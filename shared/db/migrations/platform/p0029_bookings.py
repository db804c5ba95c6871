"""Keeps what one administrator wants to book in an account's ledger, and what a second one decided.

What is booked stands in the account's own schema as an adjustment; here stands who wanted it.
"""

from typing import Final

revision: Final = "p0029"
down_revision: Final = "p0028"
branch_labels: Final = None
depends_on: Final = None

BOOKINGS: Final = """
CREATE TABLE platform.bookings (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'bkg\\_%'),
  kind text NOT NULL
    CHECK (kind IN ('late_payment', 'reversal', 'return', 'correction', 'fee_true_up')),
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  case_id text COLLATE "C",
  object_id text COLLATE "C",
  operator_account_id text COLLATE "C",
  operator_transaction_id text COLLATE "C",
  amount bigint NOT NULL CHECK (amount > 0),
  debit text COLLATE "C" NOT NULL,
  credit text COLLATE "C" NOT NULL CHECK (credit <> debit),
  reason text NOT NULL CHECK (length(reason) BETWEEN 10 AND 500),
  proposed_by text COLLATE "C" NOT NULL,
  proposed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  content_sha256 text NOT NULL CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
  outcome text CHECK (outcome IN ('approved', 'rejected', 'expired')),
  decided_by text COLLATE "C",
  decided_at timestamptz,
  adjustment_id text COLLATE "C",
  CHECK ((outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (decided_at IS NULL)),
  CHECK ((outcome IS NOT DISTINCT FROM 'approved') = (adjustment_id IS NOT NULL)),
  CHECK (outcome IS DISTINCT FROM 'approved' OR decided_by <> proposed_by)
);
CREATE INDEX bookings_account ON platform.bookings (account_id, id);
CREATE INDEX bookings_undecided ON platform.bookings (id) WHERE outcome IS NULL;
"""

# Add a table that only the owner of all schemas reads and writes.
STATEMENTS: Final = (BOOKINGS,)
