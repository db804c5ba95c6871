"""Keeps what operators say that wallets hold, what may leave them, and the platform's own books.

A wallet's float is the sum of its merchants' shares and the platform's; nobody but two functions
here sees all shares of one. The application's login calls them: that login may become any tenant.
"""

from typing import Final

revision: Final = "p0034"
down_revision: Final = "p0033"
branch_labels: Final = None
depends_on: Final = None

KINDS: Final = """
-- One kind more: what stands there was checked against fewer, so nothing is read again.
ALTER TABLE platform.due_work
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT due_work_kind_check,
  ADD CONSTRAINT due_work_kind_check CHECK (kind IN (
    'payment_check', 'payout_check', 'webhook', 'hold_release', 'float_check')) NOT VALID;
"""

# The platform's share of each wallet, and what stands against it: as a tenant's books, in the
# mode's own rows. Nothing here has a floor: what merchants paid into one wallet is moved to another
# at the operator, and is the platform's debt in the first.
OWN_BOOKS: Final = """
CREATE TABLE platform.own_accounts (
  livemode boolean NOT NULL,
  code text COLLATE "C" NOT NULL,
  normal smallint NOT NULL CHECK (normal IN (1, -1)),
  balance bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (livemode, code)
);
CREATE TABLE platform.own_transactions (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'txn\\_%'),
  livemode boolean NOT NULL,
  kind text NOT NULL,
  object_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (object_id, kind)
);
CREATE TABLE platform.own_postings (
  transaction_id text COLLATE "C" NOT NULL REFERENCES platform.own_transactions,
  position integer NOT NULL CHECK (position > 0),
  livemode boolean NOT NULL,
  code text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0),
  PRIMARY KEY (transaction_id, position),
  FOREIGN KEY (livemode, code) REFERENCES platform.own_accounts
);
CREATE TRIGGER balanced AFTER INSERT ON platform.own_postings
  REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_unbalanced_postings();
CREATE TRIGGER grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.own_postings
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_any_change();
CREATE TRIGGER grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.own_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_any_change();
"""

MOVES: Final = """
CREATE TABLE platform.float_moves (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'fm\\_%'),
  livemode boolean NOT NULL,
  kind text NOT NULL CHECK (kind IN (
    'sweep', 'top_up', 'withdrawal', 'tax_paid', 'opening', 'merchant_top_up')),
  from_account text COLLATE "C" REFERENCES platform.operator_accounts,
  to_account text COLLATE "C" REFERENCES platform.operator_accounts,
  account_id text COLLATE "C" REFERENCES platform.accounts,
  amount bigint NOT NULL CHECK (amount > 0),
  reference text NOT NULL CHECK (length(reference) BETWEEN 3 AND 100),
  reason text NOT NULL CHECK (length(reason) BETWEEN 10 AND 500),
  proposed_by text COLLATE "C" NOT NULL,
  proposed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  content_sha256 text NOT NULL CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
  outcome text CHECK (outcome IN ('approved', 'rejected', 'expired')),
  decided_by text COLLATE "C",
  decided_at timestamptz,
  transaction_id text COLLATE "C",   -- of the platform's own books, or of the account's
  CHECK ((from_account IS NOT NULL) = (kind IN ('sweep', 'withdrawal', 'tax_paid'))),
  CHECK (CASE WHEN kind IN ('sweep', 'top_up', 'opening') THEN to_account IS NOT NULL
              ELSE to_account IS NULL OR kind = 'merchant_top_up' END),
  CHECK ((account_id IS NOT NULL) = (kind = 'merchant_top_up')),
  CHECK (from_account <> to_account),
  CHECK ((outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (decided_at IS NULL)),
  CHECK ((outcome IS NOT DISTINCT FROM 'approved') = (transaction_id IS NOT NULL)),
  CHECK (outcome IS DISTINCT FROM 'approved' OR decided_by <> proposed_by)
);
-- What the operator or the bank calls it is booked once.
CREATE UNIQUE INDEX float_moves_reference ON platform.float_moves (livemode, reference)
  WHERE outcome IS NULL OR outcome = 'approved';
"""

READINGS: Final = """
-- One look at a wallet: what its operator says that it holds, and what our books said with it.
-- Without a balance nobody said anything; `word` tells why.
CREATE TABLE platform.float_readings (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'flr\\_%'),
  operator_account_id text COLLATE "C" NOT NULL REFERENCES platform.operator_accounts,
  livemode boolean NOT NULL,
  at timestamptz NOT NULL,
  source text NOT NULL CHECK (source IN ('operator', 'statement')),
  as_of timestamptz NOT NULL,  -- what it says is of then: of a statement its last day's end
  balance bigint,
  word text CHECK (length(word) <= 200),
  share bigint NOT NULL,    -- of all merchants
  own bigint NOT NULL,      -- of the platform
  coming bigint NOT NULL,   -- what payers may have paid that is not booked yet
  going bigint NOT NULL,    -- what may have left that is not booked yet
  difference bigint CHECK ((difference IS NULL) = (balance IS NULL)),
  CHECK ((balance IS NULL) <> (word IS NULL))
);
CREATE INDEX float_readings_account ON platform.float_readings (operator_account_id, at DESC);
CREATE TRIGGER grows_only BEFORE UPDATE OR DELETE OR TRUNCATE ON platform.float_readings
  FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_any_change();

-- What may have left a wallet since it was read last, by payment. `included_in` is the reading
-- that was begun when its end was known already: once that is kept, its balance says so itself.
CREATE TABLE platform.float_claims (
  object_id text COLLATE "C" PRIMARY KEY,
  operator_account_id text COLLATE "C" NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  at timestamptz NOT NULL,
  included_in text COLLATE "C"
);
CREATE INDEX float_claims_account ON platform.float_claims (operator_account_id);
"""

# Each wallet is looked at once an hour, from an hour after it was set up.
DUE: Final = """
CREATE FUNCTION platform.watch_float() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
  VALUES ('float_check', NEW.id, 'platform', NEW.livemode, now() + interval '1 hour')
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION platform.watch_float() FROM PUBLIC;
CREATE TRIGGER watched AFTER INSERT ON platform.operator_accounts
  FOR EACH ROW EXECUTE FUNCTION platform.watch_float();
INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
SELECT 'float_check', id, 'platform', livemode, now() + interval '1 minute'
FROM platform.operator_accounts
ON CONFLICT DO NOTHING;
"""

# One snapshot for all shares of a wallet: its caller's. What is not finished is found by each
# table's own index of that.
BOOKS: Final = """
CREATE FUNCTION platform.float_books(
  wallet text, OUT share bigint, OUT own bigint, OUT coming bigint, OUT going bigint
) LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  account record; wall name; part record;
BEGIN
  SELECT a.owner, a.livemode INTO account FROM platform.operator_accounts a WHERE a.id = wallet;
  SELECT COALESCE(sum(o.balance), 0) INTO own FROM platform.own_accounts o
  WHERE o.livemode = account.livemode AND o.code = 'float:' || wallet;
  share := 0; coming := 0; going := 0;
  FOR wall IN
    SELECT s.schema_name FROM platform.account_schemas s
    WHERE s.livemode = account.livemode AND account.owner IN ('platform', s.account_id)
  LOOP
    EXECUTE format($sql$
      SELECT
        COALESCE((SELECT balance FROM %1$I.ledger_accounts WHERE code = 'float:' || $1), 0) AS held,
        COALESCE((SELECT sum(amount) FROM %1$I.charges WHERE operator_account_id = $1
          AND status NOT IN ('succeeded', 'failed', 'expired', 'canceled')
          AND succeeded_at IS NULL), 0) AS coming,
        COALESCE((SELECT sum(amount) FROM %1$I.refunds WHERE operator_account_id = $1
          AND status NOT IN ('succeeded', 'failed')
          AND claimed_at IS NOT NULL AND ended_at IS NULL), 0)
        + COALESCE((SELECT sum(amount) FROM %1$I.payouts WHERE operator_account_id = $1
          AND status NOT IN ('succeeded', 'failed', 'canceled')
          AND claimed_at IS NOT NULL AND ended_at IS NULL), 0) AS going
    $sql$, wall) INTO part USING wallet;
    share := share + part.held; coming := coming + part.coming; going := going + part.going;
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION platform.float_books(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.float_books(text) TO pay_app;
"""

# Whoever is about to send takes what it sends, one after another for each wallet, so that a float
# is never promised twice. What failed counts no more; what succeeded counts until a reading that
# was begun afterwards says what is left. Where nobody knows, nobody waits: `max_age` says for how
# long a reading is believed. What is refused is told once, and looked at soon.
TAKE: Final = """
CREATE FUNCTION platform.take_float(
  payment text, wallet text, asked bigint, max_ages interval[], moment timestamptz, case_id text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reading record; taken bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(wallet, 6113426));
  IF EXISTS (SELECT FROM platform.float_claims c WHERE c.object_id = payment) THEN
    RETURN true;
  END IF;
  SELECT r.livemode, r.balance, r.at, r.as_of, r.source INTO reading
  FROM platform.float_readings r
  WHERE r.operator_account_id = wallet AND r.balance IS NOT NULL
  ORDER BY r.at DESC LIMIT 1;
  IF reading.as_of > moment - max_ages[CASE reading.source WHEN 'operator' THEN 1 ELSE 2 END] THEN
    SELECT COALESCE(sum(c.amount), 0) INTO taken
    FROM platform.float_claims c LEFT JOIN platform.payment_index p ON p.object_id = c.object_id
    WHERE c.operator_account_id = wallet AND (p.state IN ('failed', 'canceled')) IS NOT TRUE;
    IF reading.balance - taken < asked THEN
      UPDATE platform.due_work w SET due_at = moment
      WHERE w.kind = 'float_check' AND w.object_id = wallet AND w.due_at > moment
        AND reading.at < moment - interval '2 minutes';
      INSERT INTO platform.cases (id, kind, livemode, object_id, reason, opened_at)
      VALUES (take_float.case_id, 'float', reading.livemode, wallet, 'float_too_low', moment)
      ON CONFLICT DO NOTHING;
      RETURN false;
    END IF;
  END IF;
  INSERT INTO platform.float_claims (object_id, operator_account_id, amount, at)
  VALUES (payment, wallet, asked, moment);
  RETURN true;
END
$$;
REVOKE ALL ON FUNCTION
  platform.take_float(text, text, bigint, interval[], timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  platform.take_float(text, text, bigint, interval[], timestamptz, text) TO pay_app;
"""

# Without RETURNING: of its cases the login sees none.
RIGHTS: Final = """
GRANT SELECT, INSERT ON platform.float_readings TO pay_app;
GRANT SELECT, UPDATE (included_in), DELETE ON platform.float_claims TO pay_app;
GRANT SELECT (at, object_id), DELETE ON platform.float_claims TO pay_worker;
GRANT SELECT (operator_account_id, closing, last_day, processed_at)
  ON platform.statements TO pay_app;
GRANT INSERT (id, kind, livemode, object_id, reason, opened_at, owner_role)
  ON platform.cases TO pay_app;
CREATE POLICY floats_open ON platform.cases FOR INSERT TO pay_app
  WITH CHECK (owner_role = current_user AND kind = 'float');
"""

# Widen a check, add tables, functions and rights; what runs knows none of them.
STATEMENTS: Final = (KINDS, OWN_BOOKS, MOVES, READINGS, DUE, BOOKS, TAKE, RIGHTS)
