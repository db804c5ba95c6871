"""Lets an account live: from onboarding by documents and two administrators to its closing.

Documents grow and never change. All of this is written by the owner's login alone, through one
function that serves administrators; each act stands in the platform's audit chain.
"""

from typing import Final

revision: Final = "p0011"
down_revision: Final = "p0010"
branch_labels: Final = None
depends_on: Final = None

STANDING: Final = """
ALTER TABLE platform.accounts
  -- Since when it is in its state: closing waits until every process has seen a suspension.
  ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN suspended_from text
    CHECK (suspended_from IN ('onboarding', 'active', 'restricted')),
  -- Who had it made, by which idempotency key, and a hash of what was asked; NULL by a command.
  ADD COLUMN created_by text COLLATE "C",
  ADD COLUMN creation_key text COLLATE "C",
  ADD COLUMN creation_sha256 text COLLATE "C",
  -- A row per account is looked at in a moment.
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT accounts_closed_takes_nothing
    CHECK (state <> 'closed' OR NOT charges_enabled AND NOT payouts_enabled);
UPDATE platform.accounts SET suspended_from = 'active' WHERE state = 'suspended';
CREATE UNIQUE INDEX IF NOT EXISTS accounts_creation
  ON platform.accounts (created_by, creation_key);
CREATE INDEX IF NOT EXISTS accounts_newest ON platform.accounts (created_at DESC, id DESC);
"""

RECORDS: Final = """
CREATE TABLE platform.account_documents (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'adoc\\_%'),
  account_id text COLLATE "C" NOT NULL REFERENCES platform.accounts,
  kind text NOT NULL CHECK (kind IN
    ('trade_register', 'tax_card', 'owner_identity', 'address_proof', 'other')),
  file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 200),
  sha256 text COLLATE "C" NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  looked_by text COLLATE "C" NOT NULL,
  looked_at timestamptz NOT NULL
);
CREATE INDEX account_documents_account ON platform.account_documents (account_id, id);

CREATE TABLE platform.account_proposals (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'apr\\_%'),
  account_id text COLLATE "C" NOT NULL REFERENCES platform.accounts,
  action text NOT NULL CHECK (action IN ('activate', 'restrict', 'unrestrict', 'resume', 'close')),
  charges_enabled boolean NOT NULL,
  payouts_enabled boolean NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 1000),
  proposed_by text COLLATE "C" NOT NULL,
  proposed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  content_sha256 text COLLATE "C" NOT NULL CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
  outcome text CHECK (outcome IN ('approved', 'rejected', 'voided', 'expired')),
  decided_by text COLLATE "C",
  decided_at timestamptz,
  CONSTRAINT account_proposals_decided CHECK ((outcome IS NULL) = (decided_at IS NULL)),
  -- The second wall; the first is shared/domain/account_changes.py.
  CONSTRAINT account_proposals_two_people
    CHECK (outcome IS DISTINCT FROM 'approved' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX account_proposals_one_open ON platform.account_proposals (account_id)
  WHERE outcome IS NULL;
"""

GUARD: Final = """
CREATE FUNCTION platform.refuse_any_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'what was recorded stays as it is' USING ERRCODE = 'check_violation';
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_any_change() FROM PUBLIC;
CREATE TRIGGER grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.account_documents
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_any_change();

CREATE FUNCTION platform.refuse_another_outcome() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.outcome IS NOT NULL OR ROW(NEW.id, NEW.account_id, NEW.action, NEW.charges_enabled,
      NEW.payouts_enabled, NEW.reason, NEW.proposed_by, NEW.proposed_at, NEW.expires_at,
      NEW.content_sha256)
    IS DISTINCT FROM ROW(OLD.id, OLD.account_id, OLD.action, OLD.charges_enabled,
      OLD.payouts_enabled, OLD.reason, OLD.proposed_by, OLD.proposed_at, OLD.expires_at,
      OLD.content_sha256)
  THEN
    RAISE EXCEPTION 'a proposal is decided once, as it was made' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_another_outcome() FROM PUBLIC;
CREATE TRIGGER decided_once BEFORE UPDATE ON platform.account_proposals
  FOR EACH ROW EXECUTE FUNCTION platform.refuse_another_outcome();
"""

# A merchant is told what is missing, not who looked.
RIGHTS: Final = "GRANT SELECT (account_id, kind) ON platform.account_documents TO pay_app"

# Add columns and tables; the release before writes accounts as it did.
STATEMENTS: Final = (STANDING, RECORDS, GUARD, RIGHTS)
