"""Lets an administrator look into an account for a reason and an hour at most.

An access is written by the owner's login alone, in the transaction of its audit entries; whoever
recognises administrators sees whose it is and how long, and not why.
"""

from typing import Final

revision: Final = "p0014"
down_revision: Final = "p0013"
branch_labels: Final = None
depends_on: Final = None

ACCESSES: Final = """
CREATE TABLE platform.account_accesses (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'acs\\_%'),
  account_id text COLLATE "C" NOT NULL REFERENCES platform.accounts,
  livemode boolean NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 10 AND 500),
  opened_by text COLLATE "C" NOT NULL CHECK (length(opened_by) BETWEEN 1 AND 64),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  ended_by text COLLATE "C" CHECK (length(ended_by) BETWEEN 1 AND 64),
  CHECK (expires_at > created_at AND expires_at <= created_at + interval '60 minutes'),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL)),
  CHECK (ended_at < expires_at)
);
CREATE INDEX account_accesses_account ON platform.account_accesses (account_id, id);
CREATE INDEX account_accesses_not_ended
  ON platform.account_accesses (opened_by, account_id, livemode, expires_at)
  WHERE ended_at IS NULL;
"""

GUARD: Final = """
CREATE FUNCTION platform.refuse_an_access_made_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL OR ROW(NEW.id, NEW.account_id, NEW.livemode, NEW.reason,
      NEW.opened_by, NEW.created_at, NEW.expires_at)
    IS DISTINCT FROM ROW(OLD.id, OLD.account_id, OLD.livemode, OLD.reason,
      OLD.opened_by, OLD.created_at, OLD.expires_at)
  THEN
    RAISE EXCEPTION 'an access is ended once, as it was opened' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_an_access_made_anew() FROM PUBLIC;
CREATE TRIGGER ended_once BEFORE UPDATE ON platform.account_accesses
  FOR EACH ROW EXECUTE FUNCTION platform.refuse_an_access_made_anew();
CREATE TRIGGER grows_only BEFORE DELETE OR TRUNCATE ON platform.account_accesses
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_any_change();
"""

RIGHTS: Final = """
GRANT SELECT (id, account_id, livemode, opened_by, expires_at, ended_at)
  ON platform.account_accesses TO pay_app;
"""

# Whoever searches the platform's chain does so by whom and what.
SEARCH: Final = """
CREATE INDEX IF NOT EXISTS audit_entries_actor ON platform.audit_entries (actor_id, position);
CREATE INDEX IF NOT EXISTS audit_entries_action ON platform.audit_entries (action, position);
"""

# Add a table and indexes; what runs knows none of them.
STATEMENTS: Final = (ACCESSES, GUARD, RIGHTS, SEARCH)
