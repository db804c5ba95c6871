"""The tables shared by all accounts, who may touch which row of them, and the server's limits.

They hold ids and what schedulers, matching and sign-in must have: no name of a payer, no number.
A tenant writes its own rows only: `owner_role` is the role that wrote a row, row-level security
compares it with the role at work, and a row's account and mode must be that role's own.
"""

from typing import Final

revision: Final = "p0001"
down_revision: Final = None
branch_labels: Final = ("platform",)
depends_on: Final = None

GROUP_ROLE: Final = """
-- What every tenant role may do here is granted once, to this group, never to a thousand roles.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pay_tenant') THEN
    CREATE ROLE pay_tenant NOLOGIN;
  END IF;
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA platform TO pay_tenant, pay_app, pay_worker;
"""

ACCOUNTS: Final = """
CREATE TABLE platform.accounts (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'acct\\_%'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  state text NOT NULL
    CHECK (state IN ('onboarding', 'active', 'restricted', 'suspended', 'closed')),
  charges_enabled boolean NOT NULL,
  payouts_enabled boolean NOT NULL,
  language text NOT NULL CHECK (language IN ('fr', 'en')),
  country text NOT NULL DEFAULT 'CM' CHECK (country ~ '^[A-Z]{2}$'),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE platform.account_schemas (
  account_id text COLLATE "C" NOT NULL REFERENCES platform.accounts,
  livemode boolean NOT NULL,
  schema_name name NOT NULL UNIQUE,
  revision text NOT NULL,
  database text NOT NULL DEFAULT current_database(),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, livemode)
);

CREATE TABLE platform.api_keys (
  id text COLLATE "C" PRIMARY KEY CHECK (length(id) = 10),
  account_id text COLLATE "C" NOT NULL REFERENCES platform.accounts,
  livemode boolean NOT NULL,
  kind text NOT NULL CHECK (kind IN ('sk', 'pk', 'rk')),
  secret_hmac bytea NOT NULL CHECK (length(secret_hmac) = 32),
  last4 text NOT NULL CHECK (length(last4) = 4),
  scopes text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX api_keys_account ON platform.api_keys (account_id, livemode);

CREATE TABLE platform.operator_accounts (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'opa\\_%'),
  owner text COLLATE "C" NOT NULL CHECK (owner = 'platform' OR owner LIKE 'acct\\_%'),
  operator text NOT NULL CHECK (operator IN ('mtn', 'orange')),
  product text NOT NULL CHECK (product IN ('collection', 'disbursement', 'core', 'web')),
  livemode boolean NOT NULL,
  base_url text NOT NULL CHECK (base_url ~ '^https?://'),
  target_environment text NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  credentials text NOT NULL CHECK (credentials ~ '^[a-z0-9_]+$'),  -- a secret file's name
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (owner, operator, product, livemode)
);

CREATE TABLE platform.dated_rules (
  id text COLLATE "C" PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('limits', 'fee')),
  operator text CHECK (operator IN ('mtn', 'orange')),
  valid_from timestamptz NOT NULL,
  data jsonb NOT NULL
);
-- 500,000 XAF is what operators and aggregators publish as the most per payment; a contract may
-- say otherwise, with a row of a later date.
INSERT INTO platform.dated_rules (id, kind, operator, valid_from, data) VALUES
  ('limits_mtn', 'limits', 'mtn', '2020-01-01Z', '{"minimum": 1, "maximum": 500000}'),
  ('fee_none', 'fee', NULL, '2020-01-01Z', '{"account": "fees:platform", "basis_points": 0}');

GRANT SELECT ON platform.accounts, platform.account_schemas, platform.api_keys,
  platform.operator_accounts, platform.dated_rules TO pay_app;
GRANT UPDATE (last_used_at) ON platform.api_keys TO pay_app;
"""

CALLBACKS: Final = """
CREATE TABLE platform.callback_tokens (
  token_hash text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  kind text NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  provider text NOT NULL,
  hinted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  owner_role name NOT NULL DEFAULT current_user
);
GRANT INSERT ON platform.callback_tokens TO pay_tenant;
GRANT SELECT, UPDATE (hinted_at) ON platform.callback_tokens TO pay_app;

-- Never the body: a callback is a hint, and its body may name a payer.
CREATE TABLE platform.callback_inbox (
  id text COLLATE "C" PRIMARY KEY,
  token_hash text COLLATE "C" NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  source text NOT NULL CHECK (length(source) <= 64),
  body_sha256 text NOT NULL CHECK (body_sha256 ~ '^[0-9a-f]{64}$')
);
CREATE INDEX callback_inbox_received ON platform.callback_inbox (received_at);
GRANT INSERT ON platform.callback_inbox TO pay_app;
GRANT SELECT (id, received_at), DELETE ON platform.callback_inbox TO pay_worker;

CREATE TABLE platform.public_codes (
  code text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  owner_role name NOT NULL DEFAULT current_user
);
GRANT INSERT ON platform.public_codes TO pay_tenant;
GRANT SELECT ON platform.public_codes TO pay_app;
"""

QUEUES: Final = """
CREATE TABLE platform.outbox (
  id text COLLATE "C" PRIMARY KEY,
  topic text NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  traceparent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  published_at timestamptz,
  lease_until timestamptz,
  owner_role name NOT NULL DEFAULT current_user
);
-- For the purge: rows come in the order of time.
CREATE INDEX outbox_created ON platform.outbox USING brin (created_at);
CREATE INDEX outbox_unpublished ON platform.outbox (created_at) WHERE published_at IS NULL;
GRANT INSERT ON platform.outbox TO pay_tenant;
GRANT INSERT, SELECT (id, published_at), UPDATE (published_at) ON platform.outbox TO pay_app;
GRANT SELECT, INSERT, UPDATE (lease_until, published_at), DELETE ON platform.outbox TO pay_worker;

-- `xid` orders the feed: readers stop below the oldest transaction still running. No writer may
-- choose it.
CREATE TABLE platform.event_feed (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  type text NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  created_at timestamptz NOT NULL DEFAULT now(),
  owner_role name NOT NULL DEFAULT current_user
);
CREATE INDEX event_feed_order ON platform.event_feed (account_id, livemode, xid, id);
GRANT INSERT (id, account_id, livemode, type, object_id, created_at, owner_role)
  ON platform.event_feed TO pay_tenant;

CREATE TABLE platform.due_work (
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('payment_check', 'webhook')),
  object_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  due_at timestamptz NOT NULL,
  lease_until timestamptz,
  done_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  owner_role name NOT NULL DEFAULT current_user,
  PRIMARY KEY (kind, object_id)
);
CREATE INDEX due_work_due ON platform.due_work (due_at) WHERE done_at IS NULL;
GRANT INSERT, UPDATE (due_at, lease_until, done_at), SELECT (kind, object_id, owner_role)
  ON platform.due_work TO pay_tenant;
GRANT SELECT, UPDATE (lease_until, due_at, done_at), DELETE ON platform.due_work TO pay_worker;
GRANT SELECT (kind, object_id, due_at, done_at), UPDATE (due_at) ON platform.due_work TO pay_app;

CREATE TABLE platform.payment_index (
  object_id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  kind text NOT NULL,
  operator_account_id text COLLATE "C" NOT NULL,
  reference text COLLATE "C",
  operator_id text,
  state text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  number_hmac text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  owner_role name NOT NULL DEFAULT current_user
);
CREATE INDEX payment_index_reference ON platform.payment_index (operator_account_id, reference);
GRANT INSERT, UPDATE (state, operator_id), SELECT (object_id, owner_role)
  ON platform.payment_index TO pay_tenant;

CREATE TABLE platform.cases (
  id text COLLATE "C" PRIMARY KEY,
  kind text NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  opened_at timestamptz NOT NULL DEFAULT now(),
  closed_at timestamptz,
  closed_by text,
  close_reason text,
  owner_role name NOT NULL DEFAULT current_user,
  -- A person closes a case, and says why.
  CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
  CHECK ((closed_at IS NULL) = (close_reason IS NULL))
);
-- One open case per object: a person decides once.
CREATE UNIQUE INDEX cases_one_open ON platform.cases (object_id) WHERE closed_at IS NULL;
CREATE INDEX cases_object ON platform.cases (object_id);
CREATE INDEX cases_open ON platform.cases (opened_at) WHERE closed_at IS NULL;
GRANT INSERT ON platform.cases TO pay_tenant;

CREATE TABLE platform.dead_letters (
  id text COLLATE "C" PRIMARY KEY,
  topic text NOT NULL,
  subscription text NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C",
  livemode boolean,
  object_id text COLLATE "C",
  attributes jsonb NOT NULL DEFAULT '{}',
  delivery_count integer,
  received_at timestamptz NOT NULL DEFAULT now(),
  replayed_at timestamptz,
  UNIQUE (subscription, event_id)
);
GRANT SELECT, INSERT, UPDATE ON platform.dead_letters TO pay_worker;
"""

# The owner of a table, which migrates and provisions, is not bound by its policies.
_TENANT_WRITES: Final = (
    "callback_tokens",
    "public_codes",
    "outbox",
    "event_feed",
    "due_work",
    "payment_index",
    "cases",
)
TENANT_POLICY: Final = """
ALTER TABLE platform.{table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON platform.{table} TO pay_tenant
  USING (owner_role = current_user)
  WITH CHECK (
    owner_role = current_user
    AND current_user =
      't_' || substr(account_id, 6) || CASE WHEN livemode THEN '_live' ELSE '_test' END
  );
"""
LOGIN_POLICIES: Final = """
CREATE POLICY app_reads ON platform.callback_tokens FOR SELECT TO pay_app USING (true);
CREATE POLICY app_hints ON platform.callback_tokens FOR UPDATE TO pay_app USING (true);
CREATE POLICY app_reads ON platform.public_codes FOR SELECT TO pay_app USING (true);
CREATE POLICY app_reads ON platform.outbox FOR SELECT TO pay_app USING (true);
CREATE POLICY app_marks ON platform.outbox FOR UPDATE TO pay_app USING (true);
CREATE POLICY app_adds ON platform.outbox FOR INSERT TO pay_app
  WITH CHECK (owner_role = current_user);

CREATE POLICY worker_reads ON platform.outbox FOR SELECT TO pay_worker USING (true);
CREATE POLICY worker_claims ON platform.outbox FOR UPDATE TO pay_worker USING (true);
CREATE POLICY worker_adds ON platform.outbox FOR INSERT TO pay_worker
  WITH CHECK (owner_role = current_user);
CREATE POLICY worker_purges ON platform.outbox FOR DELETE TO pay_worker
  USING (published_at IS NOT NULL);
CREATE POLICY callback_reads ON platform.due_work FOR SELECT TO pay_app USING (true);
CREATE POLICY callback_hastens ON platform.due_work FOR UPDATE TO pay_app USING (true);
CREATE POLICY worker_reads ON platform.due_work FOR SELECT TO pay_worker USING (true);
CREATE POLICY worker_claims ON platform.due_work FOR UPDATE TO pay_worker USING (true);
CREATE POLICY worker_purges ON platform.due_work FOR DELETE TO pay_worker
  USING (done_at IS NOT NULL);
"""

# The second wall of double entry; the domain is the first. One function serves every schema.
POSTINGS_TRIGGER: Final = """
CREATE FUNCTION platform.refuse_unbalanced_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM inserted GROUP BY transaction_id HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'postings do not sum to zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_unbalanced_postings() FROM PUBLIC;
"""

# Limits hold for every login of this database; its owner alone, which migrates, goes without. A
# transaction that stays open holds the event feed back for everybody, hence 5 s.
SERVER_LIMITS: Final = """
DO $$
DECLARE
  entry text[];
BEGIN
  FOREACH entry SLICE 1 IN ARRAY ARRAY[
    ['plan_cache_mode', 'force_generic_plan', 'auto'],
    ['statement_timeout', '5s', '0'],
    ['transaction_timeout', '5s', '0'],
    ['idle_in_transaction_session_timeout', '10s', '0']
  ] LOOP
    -- Servers before 17 know no transaction_timeout; the other two bound them.
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = entry[1]);
    EXECUTE format('ALTER DATABASE %I SET %s = %L', current_database(), entry[1], entry[2]);
    EXECUTE format('ALTER ROLE CURRENT_USER SET %s = %L', entry[1], entry[3]);
  END LOOP;
END
$$;
"""

# What removes or narrows comes a release later, in a revision of its own.
STATEMENTS: Final = (
    GROUP_ROLE,
    ACCOUNTS,
    CALLBACKS,
    QUEUES,
    "".join(TENANT_POLICY.format(table=table) for table in _TENANT_WRITES),
    LOGIN_POLICIES,
    POSTINGS_TRIGGER,
    SERVER_LIMITS,
)
