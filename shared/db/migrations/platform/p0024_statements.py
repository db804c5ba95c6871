"""Keeps operators' statements line by line, and lets a case be about one.

A statement is of an operator account, which may be everybody's: its lines name payments, and no
number. Rows are written by the workers' login, uploads and closings by the owner's.
"""

from typing import Final

revision: Final = "p0024"
down_revision: Final = "p0023"
branch_labels: Final = None
depends_on: Final = None

CASES: Final = """
-- A line that fits nothing is nobody's yet. What runs compares the column with an account's id.
-- squawk-ignore ban-drop-not-null
ALTER TABLE platform.cases ALTER COLUMN account_id DROP NOT NULL;
ALTER TABLE platform.cases ADD COLUMN statement_id text COLLATE "C";
CREATE INDEX IF NOT EXISTS cases_account ON platform.cases (account_id, id);
"""

ACCOUNTS: Final = """
-- What the operator calls the account in its statements, and which parser reads them.
ALTER TABLE platform.operator_accounts
  ADD COLUMN statement_account text COLLATE "C",
  ADD COLUMN statement_version text,
  ADD CONSTRAINT operator_accounts_statements
    CHECK ((statement_account IS NULL) = (statement_version IS NULL)) NOT VALID;
CREATE UNIQUE INDEX IF NOT EXISTS operator_accounts_statement
  ON platform.operator_accounts (statement_account) WHERE statement_account IS NOT NULL;
"""

TABLES: Final = """
CREATE TABLE platform.statements (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'stm\\_%'),
  operator_account_id text COLLATE "C" NOT NULL REFERENCES platform.operator_accounts,
  owner text COLLATE "C",   -- the account whose operator account it is; null: the platform's
  livemode boolean NOT NULL,
  version text NOT NULL,
  sha256 text COLLATE "C" NOT NULL UNIQUE CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  object_key text NOT NULL,
  version_id text NOT NULL,
  first_day date NOT NULL,
  last_day date NOT NULL CHECK (last_day >= first_day),
  opening bigint NOT NULL,
  closing bigint NOT NULL,
  line_count integer NOT NULL CHECK (line_count >= 0),
  uploaded_by text COLLATE "C" NOT NULL,
  uploaded_at timestamptz NOT NULL,
  lines_done integer NOT NULL CHECK (lines_done BETWEEN 0 AND line_count),
  processed_at timestamptz CHECK (processed_at IS NULL OR lines_done = line_count)
);
CREATE INDEX statements_account ON platform.statements (operator_account_id, id);

-- No number is in a line: what the operator wrote of one stays in write-once storage.
CREATE TABLE platform.statement_lines (
  statement_id text COLLATE "C" NOT NULL REFERENCES platform.statements,
  number integer NOT NULL CHECK (number > 0),
  booked_at timestamptz NOT NULL,
  transaction_id text COLLATE "C" NOT NULL,
  reference text COLLATE "C",
  external_id text COLLATE "C",
  kind text NOT NULL
    CHECK (kind IN ('collection', 'disbursement', 'refund', 'fee', 'reversal', 'transfer')),
  amount bigint NOT NULL CHECK (amount <> 0),
  fee bigint NOT NULL CHECK (fee >= 0),
  state text NOT NULL CHECK (state IN ('matched', 'missing_here', 'amount_differs', 'duplicate',
    'reversed', 'fee')),
  object_id text COLLATE "C" NOT NULL,   -- the payment, or the line itself where it fits none
  PRIMARY KEY (statement_id, number)
);
CREATE INDEX statement_lines_object ON platform.statement_lines (object_id);
CREATE INDEX statement_lines_transaction
  ON platform.statement_lines (statement_id, transaction_id);

-- Whole days of Douala of which a statement was read to its end.
CREATE TABLE platform.statement_days (
  operator_account_id text COLLATE "C" NOT NULL REFERENCES platform.operator_accounts,
  day date NOT NULL,
  statement_id text COLLATE "C" NOT NULL REFERENCES platform.statements,
  PRIMARY KEY (operator_account_id, day)
);
CREATE INDEX IF NOT EXISTS cases_statement ON platform.cases (statement_id)
  WHERE statement_id IS NOT NULL;
"""

ENDINGS: Final = """
-- Two administrators allow a reader to end what the operator knows nothing of.
CREATE TABLE platform.endings (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'end\\_%'),
  case_id text COLLATE "C" NOT NULL,
  kind text NOT NULL CHECK (kind IN ('refund', 'payout')),
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 10 AND 500),
  proposed_by text COLLATE "C" NOT NULL,
  proposed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  content_sha256 text NOT NULL CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
  outcome text CHECK (outcome IN ('approved', 'rejected', 'expired')),
  decided_by text COLLATE "C",
  decided_at timestamptz,
  works_until timestamptz,
  CHECK ((outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (decided_at IS NULL)),
  CHECK ((outcome IS NOT DISTINCT FROM 'approved') = (works_until IS NOT NULL)),
  CHECK (outcome IS DISTINCT FROM 'approved' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX endings_undecided ON platform.endings (object_id) WHERE outcome IS NULL;
CREATE INDEX endings_object ON platform.endings (object_id, id);
GRANT SELECT (object_id, outcome, works_until) ON platform.endings TO pay_app;
"""

GUARD: Final = """
CREATE TRIGGER grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.statement_lines
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_any_change();
"""

RIGHTS: Final = """
GRANT SELECT, UPDATE (lines_done, processed_at) ON platform.statements TO pay_worker;
GRANT SELECT, INSERT ON platform.statement_lines, platform.statement_days TO pay_worker;
GRANT SELECT (object_id, account_id, livemode, kind, operator_account_id, reference,
  operator_reference, operator_id, state, amount, created_at)
  ON platform.payment_index TO pay_worker;
CREATE POLICY statements_are_matched ON platform.payment_index FOR SELECT TO pay_worker
  USING (true);
GRANT INSERT (id, kind, account_id, livemode, object_id, reason, opened_at, statement_id,
  owner_role), SELECT (object_id, reason) ON platform.cases TO pay_worker;
CREATE POLICY statements_are_looked_at ON platform.cases FOR SELECT TO pay_worker USING (true);
CREATE POLICY statements_open ON platform.cases FOR INSERT TO pay_worker
  WITH CHECK (owner_role = current_user AND statement_id IS NOT NULL);
"""

# Widen tables, add others and indexes; what runs knows none of them.
STATEMENTS: Final = (CASES, ACCOUNTS, TABLES, ENDINGS, GUARD, RIGHTS)
