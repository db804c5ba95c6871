"""Keeps tickets by which browsers open streams: hashes, each of a minute, taken once."""

from typing import Final

revision: Final = "p0047"
down_revision: Final = "p0046"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
CREATE TABLE platform.stream_tickets (
  token_hash text COLLATE "C" PRIMARY KEY CHECK (length(token_hash) = 64),
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  -- Who asked: a key, or a person, who may have done so by an access.
  key_id text COLLATE "C",
  person text COLLATE "C" CHECK (length(person) BETWEEN 1 AND 64),
  by_access boolean NOT NULL,
  -- When her token ends, and her stream with it.
  ends_at timestamptz,
  address text NOT NULL CHECK (length(address) <= 64),
  origin text CHECK (length(origin) <= 300),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  owner_role name NOT NULL DEFAULT current_user,
  CHECK ((key_id IS NULL) <> (person IS NULL)),
  CHECK ((person IS NULL) = (ends_at IS NULL)),
  CHECK (person IS NOT NULL OR NOT by_access),
  CHECK (expires_at > created_at AND expires_at <= created_at + interval '60 seconds')
);
CREATE INDEX stream_tickets_over ON platform.stream_tickets (expires_at);
"""

# A tenant's role leaves tickets and reads none; the login takes each once and can make none.
RIGHTS: Final = """
ALTER TABLE platform.stream_tickets ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON platform.stream_tickets TO pay_tenant
  USING (owner_role = current_user)
  WITH CHECK (
    owner_role = current_user
    AND current_user =
      't_' || substr(account_id, 6) || CASE WHEN livemode THEN '_live' ELSE '_test' END
  );
CREATE POLICY app_reads ON platform.stream_tickets FOR SELECT TO pay_app USING (true);
CREATE POLICY app_takes ON platform.stream_tickets FOR UPDATE TO pay_app USING (true);
CREATE POLICY worker_reads ON platform.stream_tickets FOR SELECT TO pay_worker USING (true);
CREATE POLICY worker_purges ON platform.stream_tickets FOR DELETE TO pay_worker USING (true);
GRANT INSERT ON platform.stream_tickets TO pay_tenant;
GRANT SELECT, UPDATE (used_at) ON platform.stream_tickets TO pay_app;
GRANT SELECT (token_hash, expires_at), DELETE ON platform.stream_tickets TO pay_worker;
"""

# Add a table; what runs does not know it.
STATEMENTS: Final = (TABLE, RIGHTS)
