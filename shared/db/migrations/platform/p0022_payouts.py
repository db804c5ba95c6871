"""Bounds payouts as charges are bounded: per payment, per number, account and key a day.

What is counted stands in `velocity_counters`, of a number under its HMAC and in the name of its
mode, since all merchants together count there.
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

# Null, and the payout is counted; or the bound that it would break, and nothing is. Whoever asks
# waits for who asks for the same account, then for who pays the same number: so both see what the
# other counted. Always in this order, so nobody waits in a circle. Where nothing bounds, nothing is
# counted and nobody waits.
ADMIT: Final = """
CREATE OR REPLACE FUNCTION platform.admit_payout(
  payee text, number_day bigint, asking_key text, today date, asked bigint, caps bigint[],
  moment timestamptz
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asker constant name := current_setting('role');
  is_live constant boolean := right(asker, 5) = '_live';
  everybody constant name := CASE WHEN is_live THEN 'live' ELSE 'test' END;
  counted bigint; summed bigint; counted_key bigint; summed_key bigint; received bigint;
BEGIN
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

  SELECT COALESCE(sum(v.amount), 0) + asked INTO received
  FROM platform.velocity_counters v
  WHERE v.tenant = everybody AND v.kind = 'payee' AND v.day = today AND v.key_id = payee;
  IF received > number_day THEN RETURN 'number_day'; END IF;

  INSERT INTO platform.velocity_counters AS v (tenant, kind, day, key_id, slot, count, amount)
  SELECT f.tenant, f.kind, today, f.key_id, 0, 1, asked
  FROM (VALUES (asker, 'payout', asking_key, caps IS NOT NULL),
               (everybody, 'payee', payee, number_day IS NOT NULL)) AS f(tenant, kind, key_id, held)
  WHERE f.held
  ON CONFLICT (tenant, kind, day, key_id, slot) DO UPDATE
  SET count = v.count + 1, amount = v.amount + excluded.amount;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION
  platform.admit_payout(text, bigint, text, date, bigint, bigint[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  platform.admit_payout(text, bigint, text, date, bigint, bigint[], timestamptz) TO pay_tenant;
"""

# Widen a check, add rules and a function; the release before reads its own kinds alone.
STATEMENTS: Final = (RULES, ADMIT)
