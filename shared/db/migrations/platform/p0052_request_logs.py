"""Keeps what merchants' programs and people asked of the API, and what they were answered.

No bodies, no queries, no secrets: what is here is shown to the account's developers for a week.
"""

from typing import Final

revision: Final = "p0052"
down_revision: Final = "p0051"
branch_labels: Final = None
depends_on: Final = None

# The id is the request's: it sorts by time, and a page goes along the primary key. What was refused
# is rare and looked for often, and so is what happened to one object, whose id is nobody else's.
TABLE: Final = """
CREATE TABLE platform.request_logs (
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  id text COLLATE "C" NOT NULL CHECK (length(id) = 28),
  at timestamptz NOT NULL,
  method text NOT NULL CHECK (length(method) <= 10),
  path text NOT NULL CHECK (length(path) <= 200),
  operation text NOT NULL CHECK (length(operation) <= 60),
  object_id text COLLATE "C" CHECK (length(object_id) <= 60),
  status smallint NOT NULL,
  code text CHECK (length(code) <= 60),
  param text CHECK (length(param) <= 100),
  -- Who asked: a key, or a person.
  key_id text COLLATE "C" CHECK (length(key_id) <= 20),
  person text COLLATE "C" CHECK (length(person) BETWEEN 1 AND 64),
  duration_ms int NOT NULL CHECK (duration_ms >= 0),
  source text NOT NULL CHECK (source IN ('rest', 'rpc')),
  -- Whether an idempotency key came, and whether it was answered from what is stored.
  idempotency text CHECK (idempotency IN ('used', 'replayed')),
  user_agent text CHECK (length(user_agent) <= 100),
  api_version text CHECK (length(api_version) <= 40),
  PRIMARY KEY (account_id, livemode, id),
  CHECK ((key_id IS NULL) <> (person IS NULL))
);
CREATE INDEX request_logs_refused ON platform.request_logs (account_id, livemode, id)
  WHERE status >= 400;
CREATE INDEX request_logs_object ON platform.request_logs (object_id, id)
  WHERE object_id IS NOT NULL;
CREATE INDEX request_logs_age ON platform.request_logs (at);
"""

# The login writes lines of all accounts together and reads none; a tenant reads its own and writes
# none.
RIGHTS: Final = """
ALTER TABLE platform.request_logs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_reads ON platform.request_logs FOR SELECT TO pay_tenant
  USING (
    current_user =
      't_' || substr(account_id, 6) || CASE WHEN livemode THEN '_live' ELSE '_test' END
  );
CREATE POLICY app_writes ON platform.request_logs FOR INSERT TO pay_app WITH CHECK (true);
CREATE POLICY worker_reads ON platform.request_logs FOR SELECT TO pay_worker USING (true);
CREATE POLICY worker_purges ON platform.request_logs FOR DELETE TO pay_worker USING (true);
GRANT SELECT ON platform.request_logs TO pay_tenant;
GRANT INSERT ON platform.request_logs TO pay_app;
GRANT SELECT (ctid, at), DELETE ON platform.request_logs TO pay_worker;
"""

# Add a table; what runs does not know it.
STATEMENTS: Final = (TABLE, RIGHTS)
