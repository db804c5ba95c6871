"""Lets people into accounts: who is what where; and what they made is reviewed once they are not.

A person's id is Keycloak's subject. A member is read by the application's login before any tenant
is entered, and written by the account's own roles, of either mode.
"""

from typing import Final

revision: Final = "p0006"
down_revision: Final = "p0005"
branch_labels: Final = None
depends_on: Final = None

MEMBERS: Final = """
CREATE TABLE platform.members (
  account_id text COLLATE "C" NOT NULL REFERENCES platform.accounts,
  person text COLLATE "C" NOT NULL CHECK (length(person) BETWEEN 1 AND 64),
  email text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
  language text NOT NULL CHECK (language IN ('fr', 'en')),
  duty text NOT NULL CHECK (duty IN ('owner', 'developer', 'finance', 'viewer')),
  -- A person, or NULL for whoever came with the account.
  added_by text COLLATE "C",
  created_at timestamptz NOT NULL DEFAULT now(),
  ended_at timestamptz,
  PRIMARY KEY (account_id, person)
);
CREATE INDEX members_person ON platform.members (person) WHERE ended_at IS NULL;
"""

RIGHTS: Final = """
ALTER TABLE platform.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON platform.members FOR SELECT TO pay_app USING (true);
CREATE POLICY worker_reads ON platform.members FOR SELECT TO pay_worker USING (true);
CREATE POLICY tenant_rows ON platform.members TO pay_tenant
  USING (current_user IN (
    't_' || substr(account_id, 6) || '_test', 't_' || substr(account_id, 6) || '_live'
  ));
GRANT SELECT (account_id, person, duty, ended_at) ON platform.members TO pay_app;
GRANT SELECT (account_id, email, language, duty, ended_at) ON platform.members TO pay_worker;
GRANT SELECT, INSERT, UPDATE (email, language, duty, added_by, created_at, ended_at)
  ON platform.members TO pay_tenant;
"""

# Whoever leaves, or may do less, could have made keys for later. The trigger is the owner's, for it
# reaches the keys of both modes; what those keys made, and so on, goes with them.
REVIEW: Final = """
CREATE FUNCTION platform.review_keys_of_a_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  WITH RECURSIVE made AS (
    SELECT id FROM platform.api_keys
    WHERE account_id = NEW.account_id AND made_by = NEW.person
    UNION
    SELECT k.id FROM platform.api_keys k JOIN made m ON k.made_by = 'key_' || m.id
    WHERE k.account_id = NEW.account_id
  )
  UPDATE platform.api_keys SET review_by = now() + interval '7 days'
  WHERE id IN (SELECT id FROM made) AND revoked_at IS NULL AND review_by IS NULL;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION platform.review_keys_of_a_member() FROM PUBLIC;
CREATE TRIGGER keys_of_a_member AFTER UPDATE OF duty, ended_at ON platform.members
  FOR EACH ROW WHEN (NEW.duty <> OLD.duty OR NEW.ended_at IS NOT NULL AND OLD.ended_at IS NULL)
  EXECUTE FUNCTION platform.review_keys_of_a_member();
"""

# Add the table; nothing that runs depends on its absence.
STATEMENTS: Final = (MEMBERS, RIGHTS, REVIEW)
