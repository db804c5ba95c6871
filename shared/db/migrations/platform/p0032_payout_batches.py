"""Bounds batches of payouts as one, and says at which rate their lines may be sent.

A number's day was guarded by a lock of its own for each number; a batch would need thousands. So
numbers share locks now, for single payouts as well: whoever pays one waits for who pays any other
of the same share, for milliseconds.
"""

from typing import Final

revision: Final = "p0032"
down_revision: Final = "p0031"
branch_labels: Final = None
depends_on: Final = None

# Nobody publishes how many payouts a second an operator takes; a contract says it, with a row of a
# later date or of the account whose wallet it is. `unsent` bounds what was released and has not
# been sent: while an operator or the object store is down, the rest keeps its place.
RULES: Final = """
-- What earlier revisions wrote of rules has its touches now, else the table could not be altered.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout', 'hold', 'approval', 'holder_lookups', 'late_payment',
                    'payout_rate'))
    NOT VALID,
  ADD CONSTRAINT dated_rules_payout_rate CHECK (kind <> 'payout_rate' OR COALESCE(
    (data->>'per_second')::int BETWEEN 1 AND 1000 AND (data->>'unsent')::int BETWEEN 1 AND 10000,
    false)) NOT VALID;
INSERT INTO platform.dated_rules (id, kind, valid_from, data) VALUES
  ('payout_rate', 'payout_rate', '2020-01-01Z', '{"per_second": 10, "unsent": 200}')
ON CONFLICT (id) DO NOTHING;

-- Until when the rate of an operator account is used up, by all merchants who pay from it.
CREATE TABLE platform.payout_rates (
  operator_account_id text COLLATE "C" PRIMARY KEY REFERENCES platform.operator_accounts,
  used_until timestamptz NOT NULL
) WITH (fillfactor = 50);
"""

# How many of `wanted` lines may be sent now: what three seconds of the rate leave, less what of the
# account's own waits unsent. What is taken is used up with the transaction that asked, by the
# server's own clock. Who asks for several operator accounts asks in their order.
RATE: Final = """
CREATE FUNCTION platform.take_payout_rate(operator_account text, wanted int, unsent int)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rule jsonb; rate int; begins timestamptz; moment timestamptz; granted int;
BEGIN
  SELECT r.data INTO rule
  FROM platform.operator_accounts o
  JOIN platform.dated_rules r ON r.kind = 'payout_rate' AND r.valid_from <= now()
    AND (r.account_id IS NULL OR r.account_id = o.owner)
    AND (r.operator IS NULL OR r.operator = o.operator)
    AND (r.livemode IS NULL OR r.livemode = o.livemode)
  WHERE o.id = operator_account
  ORDER BY r.account_id IS NULL, r.operator IS NULL, r.valid_from DESC, r.livemode IS NULL LIMIT 1;
  IF rule IS NULL THEN RETURN 0; END IF;
  rate := (rule->>'per_second')::int;
  INSERT INTO platform.payout_rates AS p (operator_account_id, used_until)
  VALUES (operator_account, '-infinity')
  ON CONFLICT (operator_account_id) DO UPDATE SET used_until = p.used_until
  RETURNING used_until INTO begins;
  moment := clock_timestamp();
  begins := greatest(begins, moment);
  granted := greatest(0, least(
    wanted, (rule->>'unsent')::int - unsent,
    floor(rate * (3 - extract(epoch FROM begins - moment)))::int));
  UPDATE platform.payout_rates
  SET used_until = begins + make_interval(secs => granted::float8 / rate)
  WHERE operator_account_id = operator_account;
  RETURN granted;
END
$$;
REVOKE ALL ON FUNCTION platform.take_payout_rate(text, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.take_payout_rate(text, int, int) TO pay_tenant;
"""

# As in p0022, but: the lock of a number is that of its share, and whoever bounds a number's day has
# the account's lock too, so that no single payout waits for a batch of its own account that waits
# for it.
ADMIT: Final = """
CREATE FUNCTION platform.share_of_numbers(payee text, is_live boolean)
RETURNS int LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN (hashtextextended(payee, 6113408) & 511)::int + CASE WHEN is_live THEN 512 ELSE 0 END;
REVOKE ALL ON FUNCTION platform.share_of_numbers(text, boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION platform.admit_payout(
  payout_id text, payee text, number_day bigint, pay_day date, asking_key text, today date,
  asked bigint, caps bigint[], moment timestamptz
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asker constant name := current_setting('role');
  is_live constant boolean := right(asker, 5) = '_live';
  counted bigint; summed bigint; counted_key bigint; summed_key bigint; received bigint;
BEGIN
  IF (asked > 0) IS NOT TRUE THEN
    RAISE EXCEPTION 'nothing less than one franc is paid out' USING ERRCODE = '22023';
  END IF;
  IF caps IS NOT NULL OR number_day IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(asker, 6113407));
  END IF;
  IF number_day IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(6113408, platform.share_of_numbers(payee, is_live));
  END IF;
  IF EXISTS (SELECT FROM platform.payer_numbers n
             WHERE n.number_hmac = payee AND n.livemode = is_live AND n.blocked_until > moment)
  THEN RETURN 'blocked'; END IF;

  SELECT COALESCE(sum(v.count), 0) + 1, COALESCE(sum(v.amount), 0) + asked,
    COALESCE(sum(v.count) FILTER (WHERE v.key_id = asking_key), 0) + 1,
    COALESCE(sum(v.amount) FILTER (WHERE v.key_id = asking_key), 0) + asked
  INTO counted, summed, counted_key, summed_key
  FROM platform.velocity_counters v
  WHERE v.tenant = asker AND v.kind = 'payout' AND v.day = today;
  IF counted > caps[1] THEN RETURN 'account_count'; END IF;
  IF summed > caps[2] THEN RETURN 'account_amount'; END IF;
  IF counted_key > caps[3] THEN RETURN 'key_count'; END IF;
  IF summed_key > caps[4] THEN RETURN 'key_amount'; END IF;

  IF number_day IS NOT NULL THEN
    SELECT COALESCE(sum(a.amount), 0) + asked INTO received
    FROM platform.payee_amounts a
    WHERE a.day = pay_day AND a.number_hmac = payee AND a.livemode = is_live;
    IF received > number_day THEN RETURN 'number_day'; END IF;
    INSERT INTO platform.payee_amounts (tenant, payout_id, number_hmac, livemode, day, amount)
    VALUES (asker, admit_payout.payout_id, payee, is_live, pay_day, asked);
  END IF;

  IF caps IS NOT NULL THEN
    INSERT INTO platform.velocity_counters AS v (tenant, kind, day, key_id, slot, count, amount)
    VALUES (asker, 'payout', today, asking_key, 0, 1, asked)
    ON CONFLICT (tenant, kind, day, key_id, slot) DO UPDATE
    SET count = v.count + 1, amount = v.amount + excluded.amount;
  END IF;
  RETURN NULL;
END
$$;
"""

# The same for all lines of a batch: each bound that it would break with the line's place, from 1
# on, or 0 where it is the whole. Nothing is counted then. `number_days` are 0 where nothing bounds.
# A batch asks for this last, with its rows written: so whoever pays one of its numbers waits for
# this and the commit alone. Shares are locked in their order, and after the account.
ADMIT_ALL: Final = """
CREATE FUNCTION platform.admit_payouts(
  payout_ids text[], payees text[], number_days bigint[], pay_day date, asking_key text, today date,
  asked bigint[], caps bigint[], moment timestamptz
) RETURNS TABLE (place int, word text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asker constant name := current_setting('role');
  is_live constant boolean := right(asker, 5) = '_live';
  total constant bigint := (SELECT sum(a) FROM unnest(asked) AS a);
  lines constant int := cardinality(payout_ids);
  counted bigint; summed bigint; counted_key bigint; summed_key bigint; share int;
  is_refused boolean := false;
BEGIN
  IF (SELECT bool_and(a > 0) FROM unnest(asked) AS a) IS NOT TRUE
    OR (lines = cardinality(payees) AND lines = cardinality(number_days)
        AND lines = cardinality(asked)) IS NOT TRUE
  THEN
    RAISE EXCEPTION 'nothing less than one franc is paid out' USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(asker, 6113407));
  FOR share IN
    SELECT DISTINCT platform.share_of_numbers(g.payee, is_live)
    FROM unnest(payees, number_days) AS g(payee, number_day) WHERE g.number_day > 0 ORDER BY 1
  LOOP
    PERFORM pg_advisory_xact_lock(6113408, share);
  END LOOP;

  RETURN QUERY
    SELECT g.place::int, 'blocked'
    FROM unnest(payees) WITH ORDINALITY AS g(payee, place)
    JOIN platform.payer_numbers n ON n.number_hmac = g.payee
    WHERE n.livemode = is_live AND n.blocked_until > moment;
  is_refused := FOUND;

  SELECT COALESCE(sum(v.count), 0) + lines, COALESCE(sum(v.amount), 0) + total,
    COALESCE(sum(v.count) FILTER (WHERE v.key_id = asking_key), 0) + lines,
    COALESCE(sum(v.amount) FILTER (WHERE v.key_id = asking_key), 0) + total
  INTO counted, summed, counted_key, summed_key
  FROM platform.velocity_counters v
  WHERE v.tenant = asker AND v.kind = 'payout' AND v.day = today;
  RETURN QUERY
    SELECT 0, b.word
    FROM (VALUES (1, 'account_count', counted > caps[1]), (2, 'account_amount', summed > caps[2]),
                 (3, 'key_count', counted_key > caps[3]), (4, 'key_amount', summed_key > caps[4])
         ) AS b(rank, word, is_broken)
    WHERE b.is_broken ORDER BY b.rank;
  is_refused := is_refused OR FOUND;

  RETURN QUERY
    SELECT s.place::int, 'number_day'
    FROM (
      SELECT g.place, g.number_day,
        sum(g.amount) OVER (PARTITION BY g.payee ORDER BY g.place) + COALESCE((
          SELECT sum(a.amount) FROM platform.payee_amounts a
          WHERE a.day = pay_day AND a.number_hmac = g.payee AND a.livemode = is_live), 0)
          AS received
      FROM unnest(payees, number_days, asked) WITH ORDINALITY AS g(payee, number_day, amount, place)
      WHERE g.number_day > 0) AS s
    WHERE s.received > s.number_day;
  IF is_refused OR FOUND THEN RETURN; END IF;

  INSERT INTO platform.payee_amounts (tenant, payout_id, number_hmac, livemode, day, amount)
  SELECT asker, g.id, g.payee, is_live, pay_day, g.amount
  FROM unnest(payout_ids, payees, number_days, asked) AS g(id, payee, number_day, amount)
  WHERE g.number_day > 0;
  IF caps IS NOT NULL THEN
    INSERT INTO platform.velocity_counters AS v (tenant, kind, day, key_id, slot, count, amount)
    VALUES (asker, 'payout', today, asking_key, 0, lines, total)
    ON CONFLICT (tenant, kind, day, key_id, slot) DO UPDATE
    SET count = v.count + excluded.count, amount = v.amount + excluded.amount;
  END IF;
END
$$;
REVOKE ALL ON FUNCTION platform.admit_payouts(
  text[], text[], bigint[], date, text, date, bigint[], bigint[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.admit_payouts(
  text[], text[], bigint[], date, text, date, bigint[], bigint[], timestamptz) TO pay_tenant;
"""

# Widen a check, add a rule, a table and functions, and replace one by the same with other locks.
STATEMENTS: Final = (RULES, RATE, ADMIT, ADMIT_ALL)
