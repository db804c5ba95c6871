"""Binds audit entries into chains: each gets its place and its hash from the database itself.

Whoever inserts can neither choose the two nor forget them, and waits for whoever inserts into the
same chain until that is committed: no place is left out or taken twice. The platform's own chain
is `platform.audit_entries`; each tenant's lies in its schema. What is hashed is written down in
shared/domain/audit.py, which verifies it.
"""

from typing import Final

revision: Final = "p0008"
down_revision: Final = "p0007"
branch_labels: Final = None
depends_on: Final = None

CHAIN: Final = """
CREATE FUNCTION platform.chain_audit_entry() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog AS $$
DECLARE
  canonical text;
BEGIN
  -- Each statement below takes its snapshot after this lock, so it sees what others committed.
  PERFORM pg_advisory_xact_lock(hashtextextended(TG_TABLE_SCHEMA, 6113408));
  EXECUTE format('SELECT position, hash FROM %I.%I ORDER BY position DESC LIMIT 1',
    TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO NEW.position, NEW.previous_hash;
  NEW.position := coalesce(NEW.position, 0) + 1;
  NEW.previous_hash := coalesce(NEW.previous_hash, decode(repeat('00', 32), 'hex'));
  SELECT string_agg(coalesce(octet_length(field) || ':' || field, '-') || ',', '' ORDER BY place)
    INTO canonical
    FROM unnest(ARRAY[
      'audit.v1', TG_TABLE_SCHEMA::text, NEW.position::text, NEW.id,
      (extract(epoch FROM NEW.at) * 1000000)::bigint::text, NEW.actor_kind, NEW.actor_id,
      NEW.action, NEW.object_type, NEW.object_id, NEW.before, NEW.after, NEW.remote_address,
      NEW.reason, NEW.request_id
    ]) WITH ORDINALITY AS fields (field, place);
  NEW.hash := sha256(NEW.previous_hash || convert_to(canonical, 'UTF8'));
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION platform.chain_audit_entry() FROM PUBLIC;
"""

ENTRIES: Final = """
CREATE TABLE platform.audit_entries (
  position bigint PRIMARY KEY,
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
CREATE INDEX audit_entries_object ON platform.audit_entries (object_id, position);
CREATE INDEX audit_entries_at ON platform.audit_entries (at);
CREATE TRIGGER chained BEFORE INSERT ON platform.audit_entries
  FOR EACH ROW EXECUTE FUNCTION platform.chain_audit_entry();
"""

# Add function and table; nothing that runs knows them yet.
STATEMENTS: Final = (CHAIN, ENTRIES)
