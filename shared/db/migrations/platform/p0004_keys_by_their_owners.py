"""Lets a merchant keep its own keys: named, bounded in time and place, rotated, under review.

A tenant writes rows of its own account and mode only and never reads an HMAC. Whatever code
forgets, a revoked key stays revoked and an overlap gets no longer.
"""

from typing import Final

revision: Final = "p0004"
down_revision: Final = "p0003"
branch_labels: Final = None
depends_on: Final = None

COLUMNS: Final = """
ALTER TABLE platform.api_keys
  ADD COLUMN name text CHECK (length(name) BETWEEN 1 AND 80),
  -- Who made it: a key's or a person's id; NULL for those made with the account.
  ADD COLUMN made_by text COLLATE "C",
  ADD COLUMN expires_at timestamptz,
  -- A table of a few rows for each account is looked through in no time.
  -- squawk-ignore adding-foreign-key-constraint
  ADD COLUMN rotated_to text COLLATE "C" REFERENCES platform.api_keys,
  -- Until then a rotated key works beside the one that took its place.
  ADD COLUMN overlap_until timestamptz,
  -- Until then somebody must look at a key whose maker is gone; after it the key works no more.
  ADD COLUMN review_by timestamptz,
  ADD COLUMN allowed_from cidr[] NOT NULL DEFAULT '{}' CHECK (cardinality(allowed_from) <= 20),
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT api_keys_rotated CHECK ((rotated_to IS NULL) = (overlap_until IS NULL));
CREATE INDEX IF NOT EXISTS api_keys_maker ON platform.api_keys (made_by) WHERE made_by IS NOT NULL;
"""

# The release before reads every key and notes its use as the application's login, and provisions as
# the owner of the table: the first two keep their policies, the owner is not bound by any.
RIGHTS: Final = """
ALTER TABLE platform.api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON platform.api_keys FOR SELECT TO pay_app USING (true);
CREATE POLICY app_notes_use ON platform.api_keys FOR UPDATE TO pay_app USING (true);
CREATE POLICY tenant_rows ON platform.api_keys TO pay_tenant
  USING (
    current_user =
      't_' || substr(account_id, 6) || CASE WHEN livemode THEN '_live' ELSE '_test' END
  );
GRANT
  SELECT (id, account_id, livemode, kind, last4, scopes, created_at, revoked_at, last_used_at, name,
    made_by, expires_at, rotated_to, overlap_until, review_by, allowed_from),
  INSERT (id, account_id, livemode, kind, secret_hmac, last4, scopes, created_at, name, made_by,
    expires_at, allowed_from),
  UPDATE (name, scopes, allowed_from, revoked_at, rotated_to, overlap_until, review_by)
  ON platform.api_keys TO pay_tenant;
"""

GUARD: Final = """
CREATE FUNCTION platform.refuse_a_key_given_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
    OR OLD.rotated_to IS NOT NULL AND NEW.rotated_to IS DISTINCT FROM OLD.rotated_to
    OR NEW.overlap_until > OLD.overlap_until
  THEN
    RAISE EXCEPTION 'what ended a key is final' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_a_key_given_back() FROM PUBLIC;
CREATE TRIGGER ended_for_good BEFORE UPDATE OF revoked_at, rotated_to, overlap_until
  ON platform.api_keys FOR EACH ROW EXECUTE FUNCTION platform.refuse_a_key_given_back();
"""

# What runs reads and writes as before.
STATEMENTS: Final = (COLUMNS, RIGHTS, GUARD)
