"""Whose keys, state, rules or contracts changed, for processes that keep what they read of them.

A row is written by triggers as the change commits, so that no writer can forget it, and bears the
time of that moment; of a rule that is to hold later, the moment from which it holds. '*' means
everybody. Rows are kept for an hour; a process that has not looked for so long forgets what it
knows.
"""

from typing import Final

revision: Final = "p0016"
down_revision: Final = "p0015"
branch_labels: Final = None
depends_on: Final = None

TOUCHES: Final = """
CREATE TABLE platform.touches (
  account_id text COLLATE "C" NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX touches_at ON platform.touches (at, account_id);
GRANT SELECT ON platform.touches TO pay_app;
GRANT SELECT, DELETE ON platform.touches TO pay_worker;

CREATE FUNCTION platform.touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed constant jsonb := COALESCE(to_jsonb(NEW), to_jsonb(OLD));
BEGIN
  INSERT INTO platform.touches (account_id, at) VALUES (
    CASE TG_TABLE_NAME
      WHEN 'accounts' THEN changed->>'id'
      WHEN 'operator_accounts' THEN COALESCE(NULLIF(changed->>'owner', 'platform'), '*')
      ELSE COALESCE(changed->>'account_id', '*') END,
    GREATEST(clock_timestamp(), (changed->>'valid_from')::timestamptz));
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION platform.touch() FROM PUBLIC;

-- Deferred: the row is dated as its transaction ends, however long that took. When a key was used,
-- and whom it is shown as, opens nothing and shuts nothing.
CREATE CONSTRAINT TRIGGER touched AFTER UPDATE OF kind, secret_hmac, scopes, revoked_at, expires_at,
    rotated_to, overlap_until, review_by, allowed_from OR DELETE ON platform.api_keys
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION platform.touch();
CREATE CONSTRAINT TRIGGER touched AFTER UPDATE OF language, charges_enabled, state
    ON platform.accounts
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION platform.touch();
CREATE CONSTRAINT TRIGGER touched AFTER INSERT OR UPDATE OR DELETE ON platform.dated_rules
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION platform.touch();
CREATE CONSTRAINT TRIGGER touched AFTER INSERT OR UPDATE OR DELETE ON platform.operator_accounts
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION platform.touch();
"""

# Add a table and triggers; what runs knows none of them.
STATEMENTS: Final = (TOUCHES,)
