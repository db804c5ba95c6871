"""Lets a payer prove her number and read her own payments, without ever writing the number down.

Numbers, addresses, codes and tokens stand here as hashes only. Tenants reach none of it.
"""

from typing import Final

revision: Final = "p0013"
down_revision: Final = "p0012"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
-- One for each wish to prove a number. Where the number was not the receipt's, or had its codes of
-- the day, there is none to be right with: such a row has no code, and looks the same outside.
CREATE TABLE platform.customer_challenges (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'cch\\_%'),
  number_hmac text COLLATE "C",
  livemode boolean NOT NULL,
  code_hmac text COLLATE "C",
  tries integer NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  CHECK (expires_at > created_at AND expires_at <= created_at + interval '10 minutes'),
  CHECK ((number_hmac IS NULL) = (code_hmac IS NULL)),
  CHECK (ended_at IS NULL OR code_hmac IS NOT NULL)
);
CREATE INDEX customer_challenges_over ON platform.customer_challenges (expires_at);

CREATE TABLE platform.customer_sessions (
  token_hash text COLLATE "C" PRIMARY KEY CHECK (length(token_hash) = 64),
  number_hmac text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  CHECK (expires_at > created_at AND expires_at <= created_at + interval '30 minutes')
);
CREATE INDEX customer_sessions_over ON platform.customer_sessions (expires_at);

-- When a number was sent codes, when codes of it were guessed, when an address asked.
CREATE TABLE platform.customer_tries (
  subject text COLLATE "C" PRIMARY KEY,
  times timestamptz[] NOT NULL
) WITH (fillfactor = 70);
"""

RIGHTS: Final = """
GRANT SELECT, INSERT, UPDATE (tries, ended_at) ON platform.customer_challenges TO pay_app;
GRANT SELECT, INSERT, UPDATE (ended_at) ON platform.customer_sessions TO pay_app;
GRANT SELECT, INSERT, UPDATE (times) ON platform.customer_tries TO pay_app;
GRANT SELECT (id, expires_at), DELETE ON platform.customer_challenges TO pay_worker;
GRANT SELECT (token_hash, expires_at), DELETE ON platform.customer_sessions TO pay_worker;
GRANT SELECT, DELETE ON platform.customer_tries TO pay_worker;
"""

# Of the payments of a number a payer sees what is granted here; ids are in the order of time.
PAYMENTS: Final = """
CREATE INDEX IF NOT EXISTS payment_index_number
  ON platform.payment_index (number_hmac, livemode, object_id);
CREATE INDEX IF NOT EXISTS public_codes_object ON platform.public_codes (object_id);
CREATE POLICY customer_reads ON platform.payment_index FOR SELECT TO pay_app USING (true);
GRANT SELECT (object_id, account_id, livemode, kind, state, amount, number_hmac, created_at)
  ON platform.payment_index TO pay_app;
"""

# Add tables, indexes and a right; what runs knows none of them.
STATEMENTS: Final = (TABLES, RIGHTS, PAYMENTS)
