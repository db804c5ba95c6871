"""The tables of one account in one mode. The schema is the wall; `account_id` is the tripwire.

Nothing here may be deleted, and of a row only what really changes may be updated: ledger, events,
history and postings grow and never change. The tables belong to the migrating role; the tenant's
role owns nothing and is named like its schema. `{account}` and `{schema}` become the tenant's own;
a row written under a wrong search_path is refused instead of misfiled.
"""

from typing import Final

revision: Final = "t0001"
down_revision: Final = None
branch_labels: Final = ("tenant",)
depends_on: Final = None

PAYMENTS: Final = """
CREATE TABLE charges (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  amount bigint NOT NULL,
  amount_refunded bigint NOT NULL DEFAULT 0,
  currency text NOT NULL,
  status text COLLATE "C" NOT NULL,
  failure_code text,
  operator text NOT NULL,
  operator_account_id text COLLATE "C" NOT NULL,
  phone text NOT NULL,
  operator_transaction_id text,
  reference text COLLATE "C",
  description text,
  return_url text,
  metadata jsonb NOT NULL DEFAULT '{}',
  balance_transaction text COLLATE "C",
  submit_before timestamptz NOT NULL,
  lease_until timestamptz,
  resends smallint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  succeeded_at timestamptz,
  -- One constraint, because each one is set up anew for every statement on the busiest table.
  CONSTRAINT charges_are_sane CHECK (
    id LIKE 'ch\\_%' AND amount > 0 AND amount_refunded BETWEEN 0 AND amount
    AND currency = 'XAF' AND operator IN ('mtn', 'orange')
    AND phone LIKE '+%' AND length(phone) <= 16 AND resends BETWEEN 0 AND 2
    AND status IN ('created', 'submitting', 'awaiting_payer', 'requires_action', 'unknown',
                   'succeeded', 'failed', 'expired', 'canceled')
    -- Money that arrived stands in the ledger, or it did not arrive.
    AND (status = 'succeeded') = (balance_transaction IS NOT NULL)
    AND (status = 'succeeded') = (succeeded_at IS NOT NULL))
);
CREATE UNIQUE INDEX charges_reference ON charges (reference)
  WHERE reference IS NOT NULL AND status NOT IN ('failed', 'expired', 'canceled');
CREATE INDEX charges_unfinished ON charges (status)
  WHERE status NOT IN ('succeeded', 'failed', 'expired', 'canceled');

CREATE TABLE provider_attempts (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'att\\_%'),
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  charge_id text COLLATE "C" NOT NULL,
  number integer NOT NULL CHECK (number > 0),
  reference text COLLATE "C" NOT NULL UNIQUE,
  operator_account_id text COLLATE "C" NOT NULL,
  status text NOT NULL,
  operator_word text,
  not_found_reads integer NOT NULL DEFAULT 0 CHECK (not_found_reads >= 0),
  first_not_found_at timestamptz,
  reads integer NOT NULL DEFAULT 0 CHECK (reads >= 0),
  created_at timestamptz NOT NULL,
  answered_at timestamptz,
  UNIQUE (charge_id, number)
);

CREATE TABLE state_changes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  object_id text COLLATE "C" NOT NULL,
  from_status text,
  to_status text NOT NULL,
  cause text NOT NULL,
  operator_word text,
  message_id text,
  at timestamptz NOT NULL
);
CREATE INDEX state_changes_object ON state_changes (object_id);

CREATE TABLE receipts (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'rcp\\_%'),
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  charge_id text COLLATE "C" NOT NULL UNIQUE,
  number text COLLATE "C" NOT NULL UNIQUE,
  code text COLLATE "C" NOT NULL UNIQUE,
  object_key text,
  version_id text,
  sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  stored_at timestamptz,
  created_at timestamptz NOT NULL,
  CHECK (stored_at IS NULL OR (object_key, version_id, sha256) IS NOT NULL)
);
"""

LEDGER: Final = """
-- Balances are the hot rows: room on the page keeps their updates out of the index.
CREATE TABLE ledger_accounts (
  code text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  normal smallint NOT NULL CHECK (normal IN (-1, 1)),
  floor bigint,
  balance bigint NOT NULL DEFAULT 0,
  currency text NOT NULL CHECK (currency = 'XAF'),
  CONSTRAINT ledger_accounts_floor CHECK (floor IS NULL OR balance * normal >= floor)
) WITH (fillfactor = 50);

CREATE TABLE ledger_transactions (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'txn\\_%'),
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  kind text COLLATE "C" NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (kind, object_id)
);

CREATE TABLE postings (
  transaction_id text COLLATE "C" NOT NULL,
  position smallint NOT NULL CHECK (position >= 0),
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  code text COLLATE "C" NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (transaction_id, position)
);
CREATE TRIGGER postings_balance AFTER INSERT ON postings
  REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_unbalanced_postings();
"""

MESSAGES: Final = """
CREATE TABLE idempotency_keys (
  operation text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  fingerprint text NOT NULL,
  object_id text COLLATE "C",
  response text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (operation, key)
);

CREATE TABLE consumed_messages (
  consumer text COLLATE "C" NOT NULL,
  event_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  at timestamptz NOT NULL,
  PRIMARY KEY (consumer, event_id)
);

CREATE TABLE events (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  type text COLLATE "C" NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  data text NOT NULL,
  request_id text,
  idempotency_key text,
  api_version text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE webhook_endpoints (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'we\\_%'),
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  url text NOT NULL CHECK (url ~ '^https?://' AND length(url) <= 2048),
  secret_sealed text NOT NULL,
  enabled_events text[] NOT NULL DEFAULT '{*}',
  status text NOT NULL DEFAULT 'enabled' CHECK (status IN ('enabled', 'disabled')),
  disabled_reason text,
  failing_since timestamptz,
  created_at timestamptz NOT NULL
);

CREATE TABLE webhook_deliveries (
  event_id text COLLATE "C" NOT NULL,
  endpoint_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  status text NOT NULL DEFAULT 'pending',
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  lease_until timestamptz,
  last_status integer,
  last_error text,
  attempt_log jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL,
  delivered_at timestamptz,
  PRIMARY KEY (event_id, endpoint_id),
  CONSTRAINT webhook_deliveries_are_sane CHECK (
    status IN ('pending', 'succeeded', 'exhausted', 'dropped') AND attempts >= 0)
);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (endpoint_id, next_attempt_at)
  WHERE status = 'pending';
"""

RIGHTS: Final = """
GRANT SELECT, INSERT ON charges, provider_attempts, state_changes, receipts, ledger_accounts,
  ledger_transactions, postings, idempotency_keys, consumed_messages, events, webhook_endpoints,
  webhook_deliveries TO {schema};
GRANT UPDATE (amount_refunded, status, failure_code, operator, operator_account_id,
  operator_transaction_id, reference, description, return_url, metadata, balance_transaction,
  submit_before, lease_until, resends, succeeded_at) ON charges TO {schema};
GRANT UPDATE (status, operator_word, not_found_reads, first_not_found_at, reads, answered_at)
  ON provider_attempts TO {schema};
GRANT UPDATE (object_key, version_id, sha256, stored_at) ON receipts TO {schema};
GRANT UPDATE (balance) ON ledger_accounts TO {schema};
GRANT UPDATE (fingerprint, response, object_id, created_at) ON idempotency_keys TO {schema};
GRANT UPDATE (status, disabled_reason, failing_since) ON webhook_endpoints TO {schema};
GRANT UPDATE (status, attempts, next_attempt_at, lease_until, last_status, last_error,
  attempt_log, delivered_at) ON webhook_deliveries TO {schema};
"""

STATEMENTS: Final = (PAYMENTS, LEDGER, MESSAGES, RIGHTS)
