"""Lets go of the locks of each merchant's books once they are read, and keeps what is taken anew.

A server has room for some thousand locks, and a look at all merchants of a wallet took dozens of
each. And whoever took out of a float before, and only now sends, keeps what was taken: a reading
that was begun meanwhile let go of it, and the same francs were promised twice. Many promises are
added up quickly, and looked at sooner.
"""

from typing import Final

revision: Final = "p0039"
down_revision: Final = "p0038"
branch_labels: Final = None
depends_on: Final = None

# What a block has read stays in its variables when it is rolled back, and its locks do not. The
# snapshot is the caller's for all of them.
BOOKS: Final = """
CREATE OR REPLACE FUNCTION platform.float_books(
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
    BEGIN
      EXECUTE format($sql$
        SELECT
          COALESCE((SELECT balance FROM %1$I.ledger_accounts WHERE code = 'float:' || $1), 0)
            AS held,
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
      RAISE EXCEPTION SQLSTATE 'PAYOK';
    EXCEPTION WHEN SQLSTATE 'PAYOK' THEN
      NULL;
    END;
    share := share + part.held; coming := coming + part.coming; going := going + part.going;
  END LOOP;
END
$$;
"""

TAKE: Final = """
CREATE OR REPLACE FUNCTION platform.take_float(
  payment text, wallet text, asked bigint, max_ages interval[], moment timestamptz, case_id text
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reading record; taken bigint; promises bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(wallet, 6113426));
  -- It is about to be sent: a reading that is under way shows nothing of it.
  UPDATE platform.float_claims c SET at = moment, included_in = NULL WHERE c.object_id = payment;
  IF FOUND THEN
    RETURN true;
  END IF;
  SELECT r.livemode, r.balance, r.at, r.as_of, r.source INTO reading
  FROM platform.float_readings r
  WHERE r.operator_account_id = wallet AND r.balance IS NOT NULL
  ORDER BY r.at DESC LIMIT 1;
  IF reading.as_of > moment - max_ages[CASE reading.source WHEN 'operator' THEN 1 ELSE 2 END] THEN
    -- What failed is looked for where it matters alone: thousands are added up in milliseconds.
    SELECT count(*), COALESCE(sum(c.amount), 0) INTO promises, taken
    FROM platform.float_claims c WHERE c.operator_account_id = wallet;
    IF promises > 5000 THEN
      UPDATE platform.due_work w SET due_at = moment
      WHERE w.kind = 'float_check' AND w.object_id = wallet AND w.due_at > moment
        AND reading.at < moment - interval '2 minutes';
    END IF;
    IF reading.balance - taken < asked THEN
      SELECT COALESCE(sum(c.amount), 0) INTO taken
      FROM platform.float_claims c LEFT JOIN platform.payment_index p ON p.object_id = c.object_id
      WHERE c.operator_account_id = wallet AND (p.state IN ('failed', 'canceled')) IS NOT TRUE;
    END IF;
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
"""

# Replace two functions by ones with the same names, arguments and rights.
STATEMENTS: Final = (BOOKS, TAKE)
