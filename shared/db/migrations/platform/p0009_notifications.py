"""Keeps what people are to be told: written by whoever causes it, read by whoever sends it alone.

A recipient is personal: tenants and the application write rows and read none. The workers' login
sends, and deletes what is over.
"""

from typing import Final

revision: Final = "p0009"
down_revision: Final = "p0008"
branch_labels: Final = None
depends_on: Final = None

TABLE: Final = """
CREATE TABLE platform.notifications (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'ntf\\_%'),
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  kind text NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
  -- One mail address or number; NULL where it is for the account's members, who get a copy each.
  recipient text CHECK (length(recipient) BETWEEN 3 AND 254),
  language text CHECK (language IN ('fr', 'en')),
  data jsonb NOT NULL DEFAULT '{}' CHECK (octet_length(data::text) <= 4000),
  -- A one-time link or code, for as long as it is to be sent.
  secret_sealed text CHECK (length(secret_sealed) <= 4000),
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'passed_on', 'sent', 'hopeless')),
  attempts integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  last_word text,
  created_at timestamptz NOT NULL DEFAULT now(),
  send_before timestamptz NOT NULL,
  ended_at timestamptz,
  owner_role name NOT NULL DEFAULT current_user,
  CHECK ((recipient IS NULL) = (language IS NULL)),
  CHECK (secret_sealed IS NULL OR recipient IS NOT NULL AND ended_at IS NULL),
  CHECK ((state = 'waiting') = (ended_at IS NULL))
);
CREATE INDEX notifications_over ON platform.notifications (COALESCE(ended_at, send_before));
CREATE INDEX notifications_waiting ON platform.notifications (created_at)
  WHERE state = 'waiting';
"""

RIGHTS: Final = """
GRANT INSERT (id, account_id, livemode, kind, recipient, language, data, secret_sealed, created_at,
    send_before, owner_role)
  ON platform.notifications TO pay_tenant, pay_app, pay_worker;
GRANT SELECT, DELETE,
    UPDATE (state, attempts, lease_until, last_word, secret_sealed, ended_at)
  ON platform.notifications TO pay_worker;
GRANT SELECT (id, name) ON platform.accounts TO pay_worker;

ALTER TABLE platform.notifications ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON platform.notifications TO pay_tenant
  USING (owner_role = current_user)
  WITH CHECK (
    owner_role = current_user
    AND current_user =
      't_' || substr(account_id, 6) || CASE WHEN livemode THEN '_live' ELSE '_test' END
  );
CREATE POLICY app_adds ON platform.notifications FOR INSERT TO pay_app
  WITH CHECK (owner_role = current_user);
CREATE POLICY worker_adds ON platform.notifications FOR INSERT TO pay_worker
  WITH CHECK (owner_role = current_user);
CREATE POLICY worker_reads ON platform.notifications FOR SELECT TO pay_worker USING (true);
CREATE POLICY worker_moves ON platform.notifications FOR UPDATE TO pay_worker USING (true);
CREATE POLICY worker_purges ON platform.notifications FOR DELETE TO pay_worker
  USING (COALESCE(ended_at, send_before) < now());
"""

# Add a table; what runs knows nothing of it.
STATEMENTS: Final = (TABLE, RIGHTS)
