"""Keeps what was dropped in the bucket of statements, and lets the workers take a statement.

The workers' login writes neither statements nor the platform's chain by itself: one function writes
both, as taken by whoever reads drops, of an account as it is set up.
"""

from typing import Final

revision: Final = "p0040"
down_revision: Final = "p0039"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
-- One row for each object that was read, or tried: other bytes under one key are another drop.
CREATE TABLE platform.statement_drops (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'drop\\_%'),
  object_key text COLLATE "C" NOT NULL,
  etag text COLLATE "C" NOT NULL,
  size bigint NOT NULL CHECK (size >= 0),
  dropped_at timestamptz NOT NULL,
  tries integer NOT NULL CHECK (tries >= 0),
  next_at timestamptz NOT NULL,   -- when it is tried again, while it has no end
  outcome text CHECK (outcome IN ('taken', 'known', 'refused')),
  statement_id text COLLATE "C" REFERENCES platform.statements,
  code text CHECK (length(code) <= 60),
  line integer,
  column_name text CHECK (length(column_name) <= 60),
  ended_at timestamptz,
  UNIQUE (object_key, etag),
  CHECK ((outcome IS NULL) = (ended_at IS NULL)),
  CHECK ((statement_id IS NOT NULL) = (outcome IS NOT NULL AND outcome <> 'refused')),
  CHECK ((code IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'refused'))
);
CREATE INDEX statement_drops_statement ON platform.statement_drops (statement_id);

-- Behind which key the next run begins; the one row is always there.
CREATE TABLE platform.statement_drop_place (
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
  after_key text COLLATE "C" NOT NULL DEFAULT ''
);
INSERT INTO platform.statement_drop_place DEFAULT VALUES;
"""

TAKE: Final = """
CREATE FUNCTION platform.take_dropped_statement(given jsonb, entry_id text, told text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  taken platform.statements;
BEGIN
  taken := jsonb_populate_record(NULL::platform.statements, given);
  taken.uploaded_by := 'receive_statement';
  taken.lines_done := 0;
  taken.processed_at := NULL;
  SELECT NULLIF(a.owner, 'platform'), a.livemode INTO STRICT taken.owner, taken.livemode
  FROM platform.operator_accounts a WHERE a.id = taken.operator_account_id;
  INSERT INTO platform.statements SELECT taken.*;
  INSERT INTO platform.audit_entries
    (id, at, actor_kind, actor_id, action, object_type, object_id, after)
  VALUES (entry_id, taken.uploaded_at, 'platform', taken.uploaded_by, 'statement.uploaded',
    'statement', taken.id, told);
END
$$;
REVOKE ALL ON FUNCTION platform.take_dropped_statement(jsonb, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.take_dropped_statement(jsonb, text, text) TO pay_worker;
"""

RIGHTS: Final = """
GRANT SELECT, INSERT, UPDATE (tries, next_at, outcome, statement_id, code, line, column_name,
  ended_at) ON platform.statement_drops TO pay_worker;
GRANT SELECT, UPDATE (after_key) ON platform.statement_drop_place TO pay_worker;
GRANT SELECT (id, owner, livemode, currency, statement_account, statement_version)
  ON platform.operator_accounts TO pay_worker;
CREATE POLICY drops_open ON platform.cases FOR INSERT TO pay_worker
  WITH CHECK (owner_role = current_user AND kind = 'statement_drop');
"""

# Add tables, a function and rights; what runs knows none of them.
STATEMENTS: Final = (TABLES, TAKE, RIGHTS)
