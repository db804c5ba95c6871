"""Lets owners invite people: for a week, to one address, and never by somebody who is no owner.

Whatever code forgets, what ended an invitation is final, those of whoever stops being an owner end
with it, and an account keeps an owner.
"""

from typing import Final

revision: Final = "p0012"
down_revision: Final = "p0011"
branch_labels: Final = None
depends_on: Final = None

INVITATIONS: Final = """
CREATE TABLE platform.invitations (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'inv\\_%'),
  account_id text COLLATE "C" NOT NULL REFERENCES platform.accounts,
  email text COLLATE "C" NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
  language text NOT NULL CHECK (language IN ('fr', 'en')),
  duty text NOT NULL CHECK (duty IN ('owner', 'developer', 'finance', 'viewer')),
  token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
  made_by text COLLATE "C" NOT NULL CHECK (length(made_by) BETWEEN 1 AND 64),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  -- Whom Keycloak knows by this address: nobody else may accept.
  person text COLLATE "C" CHECK (length(person) BETWEEN 1 AND 64),
  -- When Keycloak wrote to whoever has no password yet.
  asked_at timestamptz,
  accepted_at timestamptz,
  revoked_at timestamptz,
  CHECK (expires_at > created_at AND expires_at <= created_at + interval '168 hours'),
  CHECK (accepted_at IS NULL OR person IS NOT NULL AND revoked_at IS NULL)
);
CREATE INDEX invitations_account ON platform.invitations (account_id, created_at);
CREATE INDEX invitations_person ON platform.invitations (person) WHERE person IS NOT NULL;
"""

# When a member last lost a right, and up to which loss her sessions at Keycloak were ended.
MEMBERS: Final = """
ALTER TABLE platform.members
  ADD COLUMN narrowed_at timestamptz,
  ADD COLUMN sessions_ended_at timestamptz;
"""

RIGHTS: Final = """
ALTER TABLE platform.invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY app_reads ON platform.invitations FOR SELECT TO pay_app USING (true);
CREATE POLICY worker_reads ON platform.invitations FOR SELECT TO pay_worker USING (true);
CREATE POLICY worker_binds ON platform.invitations FOR UPDATE TO pay_worker USING (true);
CREATE POLICY tenant_rows ON platform.invitations TO pay_tenant
  USING (current_user IN (
    't_' || substr(account_id, 6) || '_test', 't_' || substr(account_id, 6) || '_live'
  ));
GRANT SELECT (id, account_id, token_hash) ON platform.invitations TO pay_app;
GRANT SELECT (id, account_id, email, language, expires_at, person, asked_at, accepted_at,
  revoked_at), UPDATE (person, asked_at) ON platform.invitations TO pay_worker;
GRANT
  SELECT (id, account_id, email, language, duty, made_by, created_at, expires_at, person,
    accepted_at, revoked_at),
  INSERT (id, account_id, email, language, duty, token_hash, made_by, created_at, expires_at),
  UPDATE (accepted_at, revoked_at)
  ON platform.invitations TO pay_tenant;

CREATE POLICY worker_notes ON platform.members FOR UPDATE TO pay_worker USING (true);
GRANT SELECT (person, narrowed_at, sessions_ended_at), UPDATE (sessions_ended_at)
  ON platform.members TO pay_worker;
GRANT UPDATE (narrowed_at) ON platform.members TO pay_tenant;
"""

ENDED: Final = """
CREATE FUNCTION platform.refuse_an_invitation_given_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.accepted_at IS NOT NULL OR OLD.revoked_at IS NOT NULL THEN
    RAISE EXCEPTION 'what ended an invitation is final' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_an_invitation_given_back() FROM PUBLIC;
CREATE TRIGGER ended_for_good BEFORE UPDATE OF person, accepted_at, revoked_at
  ON platform.invitations FOR EACH ROW EXECUTE FUNCTION platform.refuse_an_invitation_given_back();
"""

# The rights of the triggers are the owner's, so that they see and reach all rows of the account,
# whoever changed one. The lock is that of shared/db/team.py: of two owners who remove each other at
# the same time the second waits here, and then finds the first gone.
OWNERS: Final = """
CREATE FUNCTION platform.revoke_invitations_of_a_member() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE platform.invitations SET revoked_at = now()
  WHERE account_id = NEW.account_id AND made_by = NEW.person
    AND accepted_at IS NULL AND revoked_at IS NULL;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION platform.revoke_invitations_of_a_member() FROM PUBLIC;
CREATE TRIGGER invitations_of_a_member AFTER UPDATE OF duty, ended_at ON platform.members
  FOR EACH ROW WHEN (
    OLD.duty = 'owner' AND OLD.ended_at IS NULL
    AND (NEW.duty <> 'owner' OR NEW.ended_at IS NOT NULL)
  )
  EXECUTE FUNCTION platform.revoke_invitations_of_a_member();

CREATE FUNCTION platform.refuse_to_lose_the_last_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(NEW.account_id, 6113412));
  IF NOT EXISTS (
    SELECT FROM platform.members
    WHERE account_id = NEW.account_id AND duty = 'owner' AND ended_at IS NULL
  ) THEN
    RAISE EXCEPTION 'an account keeps an owner' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_to_lose_the_last_owner() FROM PUBLIC;
CREATE TRIGGER last_owner AFTER UPDATE OF duty, ended_at ON platform.members
  FOR EACH ROW WHEN (
    OLD.duty = 'owner' AND OLD.ended_at IS NULL
    AND (NEW.duty <> 'owner' OR NEW.ended_at IS NOT NULL)
    AND current_user IN (
      't_' || substr(NEW.account_id, 6) || '_test', 't_' || substr(NEW.account_id, 6) || '_live'
    )
  )
  EXECUTE FUNCTION platform.refuse_to_lose_the_last_owner();
"""

# Add a table, columns and walls; what runs knows none of them.
STATEMENTS: Final = (INVITATIONS, MEMBERS, RIGHTS, ENDED, OWNERS)
