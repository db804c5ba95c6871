"""Bounds payouts as charges are bounded: per payment, per number, account and key a day.

Account and key count in `velocity_counters`, on the day of the making and for good. A number, by
its HMAC and for all merchants together, has a row of `payee_amounts` for each payout, on the day
when it is to go; whoever is not paid after all loses that row, by a trigger of the tenant's table.
"""

from typing import Final

revision: Final = "p0022"
down_revision: Final = "p0021"
branch_labels: Final = None
depends_on: Final = None

# A wallet can receive no more in a day than its holder may hold and draw: 500,000 XAF per
# transaction and 750,000 a day are what is published; a contract may say otherwise, with a row of
# a later date.
RULES: Final = """
-- What earlier revisions wrote of rules has its touches now, else the table could not be altered.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout')) NOT VALID,
  ADD CONSTRAINT dated_rules_limits_payout CHECK (kind <> 'limits_payout' OR COALESCE(
    (data->>'minimum')::bigint > 0 AND (data->>'maximum')::bigint >= (data->>'minimum')::bigint
    AND (data->>'day')::bigint >= (data->>'maximum')::bigint, false)) NOT VALID;

INSERT INTO platform.dated_rules (id, kind, operator, valid_from, data) VALUES
  ('limits_payout_mtn', 'limits_payout', 'mtn', '2020-01-01Z',
   '{"minimum": 1, "maximum": 500000, "day": 750000}'),
  ('limits_payout_orange', 'limits_payout', 'orange', '2020-01-01Z',
   '{"minimum": 1, "maximum": 500000, "day": 750000}')
ON CONFLICT (id) DO NOTHING;
INSERT INTO platform.dated_rules (id, kind, livemode, valid_from, data) VALUES
  ('velocity_payout_live', 'velocity_payout', true, '2020-01-01Z',
   '{"account_count": 5000, "account_amount": 50000000, "key_count": 5000,
     "key_amount": 50000000, "new_key_count": 50, "new_key_amount": 1000000,
     "new_key_seconds": 86400}'),
  ('velocity_payout_test', 'velocity_payout', false, '2020-01-01Z', '{}')
ON CONFLICT (id) DO NOTHING;
"""

# A tenant's role reaches no row of it: `admit_payout` adds one in that role's own name, and the
# trigger takes one away, once, when the payout of that name and id failed or was canceled.
PAYEES: Final = """
CREATE TABLE platform.payee_amounts (
  tenant name COLLATE "C" NOT NULL,
  payout_id text COLLATE "C" NOT NULL,
  number_hmac text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  day date NOT NULL,  -- in Douala, when the payout is to go
  amount bigint NOT NULL CHECK (amount > 0),
  PRIMARY KEY (tenant, payout_id)
);
CREATE INDEX IF NOT EXISTS payee_amounts_day
  ON platform.payee_amounts (day, number_hmac, livemode);
GRANT SELECT (tenant, payout_id, day), DELETE ON platform.payee_amounts TO pay_worker;

CREATE FUNCTION platform.give_payee_back() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM platform.payee_amounts
  WHERE tenant = TG_TABLE_SCHEMA AND payout_id = NEW.id;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION platform.give_payee_back() FROM PUBLIC;
"""

# Null, and the payout is counted; or the bound that it would break, and nothing is. Whoever asks
# waits for who asks for the same account, then for who pays the same number: so both see what the
# other counted. Always in this order, so nobody waits in a circle. Where nothing bounds, nothing is
# counted and nobody waits.
ADMIT: Final = """
CREATE OR REPLACE FUNCTION platform.admit_payout(
  payout_id text, payee text, number_day bigint, pay_day date, asking_key text, today date,
  asked bigint, caps bigint[], moment timestamptz
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asker constant name := current_setting('role');
  is_live constant boolean := right(asker, 5) = '_live';
  everybody constant name := CASE WHEN is_live THEN 'live' ELSE 'test' END;
  counted bigint; summed bigint; counted_key bigint; summed_key bigint; received bigint;
BEGIN
  IF (asked > 0) IS NOT TRUE THEN
    RAISE EXCEPTION 'nothing less than one franc is paid out' USING ERRCODE = '22023';
  END IF;
  IF caps IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(asker, 6113407));
  END IF;
  IF number_day IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(everybody || payee, 6113408));
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
REVOKE ALL ON FUNCTION platform.admit_payout(
  text, text, bigint, date, text, date, bigint, bigint[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.admit_payout(
  text, text, bigint, date, text, date, bigint, bigint[], timestamptz) TO pay_tenant;
"""

# Widen a check, add rules, a table and functions; the release before reads its own kinds alone.
STATEMENTS: Final = (RULES, PAYEES, ADMIT)
