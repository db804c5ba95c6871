"""Holds money out on a server that was put back, until the journal of intents has been read in.

A server that was restored counts a new line of history, and a dump that was loaded lies on another
server: both differ from what the last reading in was done for. What the journal knows and the
database does not is written into `lost_intents`; the tenant's own role makes the rows.
"""

from typing import Final

revision: Final = "p0033"
down_revision: Final = "p0032"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
CREATE TABLE platform.journal_reads (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  server text COLLATE "C" NOT NULL,
  restored_to timestamptz NOT NULL,
  began_at timestamptz NOT NULL,
  reached text NOT NULL DEFAULT '',   -- the last place in the journal that was looked at
  ended_at timestamptz
);

-- No number is among it, as in the journal.
CREATE TABLE platform.lost_intents (
  object_id text COLLATE "C" PRIMARY KEY
    CHECK (object_id LIKE 'rf\\_%' OR object_id LIKE 'po\\_%'),
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  kind text NOT NULL CHECK (kind IN ('refund', 'payout')),
  about text COLLATE "C" NOT NULL,
  intent_hmac text COLLATE "C" NOT NULL CHECK (length(intent_hmac) = 64),
  amount bigint NOT NULL CHECK (amount > 0),
  currency text NOT NULL CHECK (currency = 'XAF'),
  operator text CHECK (operator IN ('mtn', 'orange')),  -- null where its account is not known
  operator_account_id text COLLATE "C" NOT NULL,
  reference text COLLATE "C" NOT NULL,
  operator_reference text COLLATE "C",
  made_at timestamptz NOT NULL,
  kept_at timestamptz NOT NULL,       -- when it was written into the journal, before it was sent
  found_at timestamptz NOT NULL,
  outcome text CHECK (outcome IN ('recovered', 'lost_in_restore')),
  decided_at timestamptz,
  owner_role name NOT NULL,
  CHECK ((outcome IS NULL) = (decided_at IS NULL)),
  CHECK (operator IS NOT NULL OR outcome = 'lost_in_restore')
);
ALTER TABLE platform.lost_intents ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON platform.lost_intents TO pay_tenant
  USING (owner_role = current_user) WITH CHECK (owner_role = current_user);
GRANT SELECT, UPDATE (outcome, decided_at) ON platform.lost_intents TO pay_tenant;
"""

# The line of history is that of what is written now: a server that ended its recovery shows it at
# once, where its control file may still show the one before.
FUNCTIONS: Final = """
CREATE FUNCTION platform.server_history() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.system_identifier || '/' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)
  FROM pg_control_system() c
$$;
REVOKE ALL ON FUNCTION platform.server_history() FROM PUBLIC;

CREATE FUNCTION platform.journal_is_read() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
  SELECT COALESCE((
    SELECT r.ended_at IS NOT NULL AND r.server = platform.server_history()
    FROM platform.journal_reads r ORDER BY r.id DESC LIMIT 1), false)
$$;
REVOKE ALL ON FUNCTION platform.journal_is_read() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.journal_is_read() TO pay_tenant, pay_app;
"""

# A new server has sent nothing. One that has accounts may have been put back to before this
# revision, and nothing here can tell: it pays out once its journal is read in.
HERE: Final = """
INSERT INTO platform.journal_reads (server, restored_to, began_at, ended_at)
SELECT platform.server_history(), now(), now(),
       CASE WHEN NOT EXISTS (SELECT FROM platform.accounts) THEN now() END;
"""

# Add tables and functions; what runs knows neither.
STATEMENTS: Final = (TABLES, FUNCTIONS, HERE)
