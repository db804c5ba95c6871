"""Lets an owner say that what is available goes to the merchant's own number by itself.

The number is sealed, as the platform's tables hold none; a tenant's role sees and writes its own.
"""

from typing import Final

revision: Final = "p0035"
down_revision: Final = "p0034"
branch_labels: Final = None
depends_on: Final = None

KINDS: Final = """
-- One kind more: what stands there was checked against fewer, so nothing is read again.
ALTER TABLE platform.due_work
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT due_work_kind_check,
  ADD CONSTRAINT due_work_kind_check CHECK (kind IN (
    'payment_check', 'payout_check', 'webhook', 'hold_release', 'float_check', 'settlement'
    )) NOT VALID;
"""

RULES: Final = """
CREATE TABLE platform.settlement_rules (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'sr\\_%'),
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  destination_sealed text NOT NULL CHECK (length(destination_sealed) <= 4000),
  operator text NOT NULL CHECK (operator IN ('mtn', 'orange')),
  every text NOT NULL CHECK (every IN ('daily', 'weekly')),
  weekday smallint CHECK (weekday BETWEEN 1 AND 7),
  hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
  minimum bigint NOT NULL CHECK (minimum > 0),
  keep_back bigint NOT NULL CHECK (keep_back >= 0),
  set_by text COLLATE "C" NOT NULL,
  set_at timestamptz NOT NULL,
  ended_at timestamptz,
  owner_role name NOT NULL DEFAULT current_user,
  CHECK ((every = 'weekly') = (weekday IS NOT NULL))
);
CREATE UNIQUE INDEX settlement_rules_standing ON platform.settlement_rules (account_id, livemode)
  WHERE ended_at IS NULL;
ALTER TABLE platform.settlement_rules ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON platform.settlement_rules TO pay_tenant
  USING (owner_role = current_user)
  WITH CHECK (
    owner_role = current_user
    AND current_user =
      't_' || substr(account_id, 6) || CASE WHEN livemode THEN '_live' ELSE '_test' END
  );
GRANT SELECT, INSERT, UPDATE (ended_at) ON platform.settlement_rules TO pay_tenant;
"""

# Widen a check and add a table; what runs knows neither.
STATEMENTS: Final = (KINDS, RULES)
