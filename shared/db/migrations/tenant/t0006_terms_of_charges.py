"""Fixes with each charge what holds for its money: how long it is held, and what is taken of it.

And gives the ledger its seals, which the clock makes: the tenant's role can read them.

Both are those of the moment when the charge was made; a rule that changes later changes no charge.
What was paid before this revision is held for two days as well; `shared/db/backfill.py` writes the
due rows of its releases, since a merchant's charges may be too many for a revision.
"""

from typing import Final

revision: Final = "t0006"
down_revision: Final = "t0005"
branch_labels: Final = None
depends_on: Final = None

TERMS: Final = """
ALTER TABLE charges
  ADD COLUMN hold_seconds integer NOT NULL DEFAULT 172800,
  -- Each with the id of its rule, its amount in whole XAF and who bears it.
  ADD COLUMN fee_lines jsonb NOT NULL DEFAULT '[]';
"""

TAXES: Final = """
INSERT INTO ledger_accounts (code, account_id, normal, currency) VALUES
  ('taxes:transfer', '{account}', -1, 'XAF'),
  ('taxes:levy', '{account}', -1, 'XAF'),
  ('taxes:vat', '{account}', -1, 'XAF')
ON CONFLICT (code) DO NOTHING;
"""

SEALS: Final = """
CREATE TABLE ledger_seals (
  position bigint PRIMARY KEY CHECK (position > 0),
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  until_id text COLLATE "C" NOT NULL,  -- the newest transaction that it holds
  transactions integer NOT NULL CHECK (transactions > 0),
  previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
  hash bytea NOT NULL CHECK (length(hash) = 32),
  created_at timestamptz NOT NULL
);
GRANT SELECT ON ledger_seals TO {schema};
"""

# Add columns with defaults, accounts and a table; what runs knows none of them.
STATEMENTS: Final = (TERMS, TAXES, SEALS)
