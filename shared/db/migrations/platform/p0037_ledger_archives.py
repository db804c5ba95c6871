"""Keeps what of each ledger lies in write-once storage, and lets the archivist seal it first.

A row is written before its archive is built, so that whoever comes after a crash builds the same.
"""

from typing import Final

revision: Final = "p0037"
down_revision: Final = "p0036"
branch_labels: Final = None
depends_on: Final = None

ARCHIVES: Final = """
CREATE TABLE platform.ledger_archives (
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  generation integer NOT NULL CHECK (generation > 0),
  after_position bigint NOT NULL CHECK (after_position >= 0),
  after_id text COLLATE "C" NOT NULL,
  after_transactions integer NOT NULL,
  after_previous bytea NOT NULL CHECK (length(after_previous) = 32),
  after_hash bytea NOT NULL CHECK (length(after_hash) = 32),
  until_position bigint NOT NULL CHECK (until_position > after_position),
  opening jsonb NOT NULL,   -- balances by ledger account, debit positive, in whole XAF
  previous text NOT NULL CHECK (previous ~ '^[0-9a-f]{64}$'),
  created_at timestamptz NOT NULL,
  content_sha256 text CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),  -- of the lines, unpacked
  head_id text COLLATE "C",
  head_transactions integer,
  head_previous bytea,
  head_hash bytea CHECK (length(head_hash) = 32),
  closing jsonb,
  object_key text,
  version_id text,
  sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  stored_at timestamptz,
  PRIMARY KEY (account_id, livemode, number),
  CHECK (num_nulls(content_sha256, head_id, head_transactions, head_previous, head_hash, closing,
                   object_key, version_id, sha256, stored_at) IN (0, 10))
);
GRANT SELECT, INSERT ON platform.ledger_archives TO pay_app;
GRANT UPDATE (content_sha256, head_id, head_transactions, head_previous, head_hash, closing,
  object_key, version_id, sha256, stored_at) ON platform.ledger_archives TO pay_app;
"""

# It reads no row for whoever calls it, and seals what is sealed sooner or later.
RIGHTS: Final = """
GRANT EXECUTE ON FUNCTION platform.seal_ledger(text, boolean, text, int, timestamptz) TO pay_app;
"""

# Add a table and a right; what runs knows neither.
STATEMENTS: Final = (ARCHIVES, RIGHTS)
