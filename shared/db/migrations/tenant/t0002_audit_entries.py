"""Keeps of each account and mode who changed what: added to, never changed and never deleted.

Place and hash come from the trigger (p0008); the tenant's role may name neither.
"""

from typing import Final

revision: Final = "t0002"
down_revision: Final = "t0001"
branch_labels: Final = None
depends_on: Final = None

ENTRIES: Final = """
CREATE TABLE audit_entries (
  position bigint PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  id text COLLATE "C" NOT NULL UNIQUE CHECK (id LIKE 'aud\\_%'),
  at timestamptz NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('key', 'person', 'platform')),
  actor_id text COLLATE "C" NOT NULL CHECK (length(actor_id) BETWEEN 1 AND 200),
  action text COLLATE "C" NOT NULL CHECK (action ~ '^[a-z_]+\\.[a-z_]+$'),
  object_type text COLLATE "C" NOT NULL CHECK (object_type ~ '^[a-z_]+$'),
  object_id text COLLATE "C" NOT NULL CHECK (length(object_id) BETWEEN 1 AND 200),
  before text CHECK (octet_length(before) BETWEEN 1 AND 32768),
  after text CHECK (octet_length(after) BETWEEN 1 AND 32768),
  remote_address text CHECK (length(remote_address) BETWEEN 1 AND 64),
  reason text CHECK (length(reason) BETWEEN 1 AND 2048),
  request_id text COLLATE "C" CHECK (length(request_id) BETWEEN 1 AND 64),
  previous_hash bytea NOT NULL CHECK (length(previous_hash) = 32),
  hash bytea NOT NULL CHECK (length(hash) = 32),
  -- The second wall; the first is shared/domain/redaction.py.
  CONSTRAINT audit_entries_hold_no_secret CHECK (
    coalesce(before, '') || ' ' || coalesce(after, '') || ' ' || coalesce(reason, '')
      !~* '[spr]k_(test|live)_|whsec_|2376[0-9]{8}')
);
CREATE INDEX audit_entries_object ON audit_entries (object_id, position);
CREATE INDEX audit_entries_at ON audit_entries (at);
CREATE TRIGGER chained BEFORE INSERT ON audit_entries
  FOR EACH ROW EXECUTE FUNCTION platform.chain_audit_entry();
GRANT SELECT, INSERT (id, at, actor_kind, actor_id, action, object_type, object_id, before, after,
  remote_address, reason, request_id) ON audit_entries TO {schema};
"""

# Add the table; what runs does not know it yet.
STATEMENTS: Final = (ENTRIES,)
