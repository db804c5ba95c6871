"""Bounds what an account, a key and a stranger's phone have to bear, by rules with dates.

`rate_counters` is what processes lease requests from; after a crash of the server it is empty, so
that a window of requests begins anew, and nothing else. `payer_numbers` and `velocity_counters`
are written in the transaction that asks for the money. Numbers stand there as HMACs, for two days
at most. Tenants reach none of it but by `admit_charge`, which counts in the name of their own role.
"""

from typing import Final

revision: Final = "p0007"
down_revision: Final = "p0006"
branch_labels: Final = None
depends_on: Final = None

# A rule that cannot be read would stop every request, so the table takes none. `{}` sets no bound.
RULES: Final = """
-- A few dozen rows: what scans and locks the table is over before anybody waits for it.
ALTER TABLE platform.dated_rules
  ADD COLUMN livemode boolean,
  -- squawk-ignore adding-foreign-key-constraint
  ADD COLUMN account_id text COLLATE "C" REFERENCES platform.accounts,
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'fee', 'requests', 'prompts', 'velocity_charge')),
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_requests CHECK (kind <> 'requests' OR data = '{}' OR COALESCE(
    (data->>'account')::int > 0 AND (data->>'key')::int > 0
    AND (data->>'seconds')::int BETWEEN 1 AND 3600, false)),
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_prompts CHECK (kind <> 'prompts' OR data = '{}' OR COALESCE(
    (data->>'most')::int BETWEEN 1 AND 20 AND (data->>'seconds')::int BETWEEN 1 AND 86400, false)),
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_velocity CHECK (kind NOT LIKE 'velocity%' OR data = '{}' OR COALESCE(
    (data->>'account_count')::bigint > 0 AND (data->>'account_amount')::bigint > 0
    AND (data->>'key_count')::bigint > 0 AND (data->>'key_amount')::bigint > 0
    AND (data->>'new_key_count')::bigint > 0 AND (data->>'new_key_amount')::bigint > 0
    AND (data->>'new_key_seconds')::bigint BETWEEN 0 AND 31536000, false));

INSERT INTO platform.dated_rules (id, kind, livemode, valid_from, data) VALUES
  ('requests_live', 'requests', true, '2020-01-01Z',
   '{"account": 1000, "key": 800, "seconds": 10}'),
  ('requests_test', 'requests', false, '2020-01-01Z',
   '{"account": 5000, "key": 4000, "seconds": 10}'),
  -- A prompt wakes a person, whoever the merchant is; in test mode there is none.
  ('prompts_live', 'prompts', true, '2020-01-01Z', '{"most": 3, "seconds": 600}'),
  ('prompts_test', 'prompts', false, '2020-01-01Z', '{}'),
  ('velocity_charge_live', 'velocity_charge', true, '2020-01-01Z',
   '{"account_count": 20000, "account_amount": 200000000,
     "key_count": 20000, "key_amount": 200000000,
     "new_key_count": 500, "new_key_amount": 5000000, "new_key_seconds": 86400}'),
  ('velocity_charge_test', 'velocity_charge', false, '2020-01-01Z', '{}');

CREATE INDEX IF NOT EXISTS api_keys_rotated ON platform.api_keys (rotated_to)
  WHERE rotated_to IS NOT NULL;
"""

COUNTERS: Final = """
CREATE UNLOGGED TABLE platform.rate_counters (
  subject text COLLATE "C" NOT NULL,
  starts_at bigint NOT NULL,  -- the window's first second
  quota integer NOT NULL,
  taken integer NOT NULL,
  granted integer NOT NULL,   -- the last lease out of it
  PRIMARY KEY (subject, starts_at)
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON platform.rate_counters TO pay_app;
GRANT SELECT, UPDATE (granted), DELETE ON platform.rate_counters TO pay_worker;

-- When a number was asked to pay, and whether it may be: both are looked at in one step. Without
-- checks, because each one is set up anew for every charge.
CREATE TABLE platform.payer_numbers (
  number_hmac text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  times timestamptz[] NOT NULL DEFAULT '{}',  -- of the newest prompts, in their order
  blocked_until timestamptz,                  -- infinity: until somebody takes it back
  blocked_by text,
  block_reason text,
  PRIMARY KEY (number_hmac, livemode)
) WITH (fillfactor = 70);
GRANT SELECT (number_hmac, livemode, times, blocked_until), UPDATE (times), DELETE
  ON platform.payer_numbers TO pay_worker;

-- Several rows for one key's day, so that hardly anybody waits for another's commit.
CREATE TABLE platform.velocity_counters (
  tenant name COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  day date NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  slot integer NOT NULL,
  count bigint NOT NULL,
  amount bigint NOT NULL,
  PRIMARY KEY (tenant, kind, day, key_id, slot)
) WITH (fillfactor = 50);
GRANT SELECT, UPDATE (count), DELETE ON platform.velocity_counters TO pay_worker;
"""

# Null, and the charge is counted; or the bound that it would break, and nothing is. `caps` are
# count and amount of the account, then of the key. Whoever asks for more than a two-hundredth of
# what is left waits for all who do: fewer than 200 can be at it at once, so those who wait for
# nobody cannot use it up together. The row of the number is locked until the charge is stored: so
# two merchants see each other's prompts.
ADMIT: Final = """
CREATE FUNCTION platform.admit_charge(
  payer text, most int, span_seconds int, asking_key text, today date, asked bigint, caps bigint[],
  moment timestamptz
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asker constant name := current_setting('role');
  counted bigint; summed bigint; counted_key bigint; summed_key bigint; wait_seconds int;
BEGIN
  FOR is_alone IN 0..CASE WHEN caps IS NULL THEN -1 ELSE 1 END LOOP
    SELECT sum(v.count), sum(v.amount), sum(v.count) FILTER (WHERE v.key_id = asking_key),
      sum(v.amount) FILTER (WHERE v.key_id = asking_key)
    INTO counted, summed, counted_key, summed_key
    FROM platform.velocity_counters v
    WHERE v.tenant = asker AND v.kind = 'charge' AND v.day = today;
    counted := COALESCE(counted, 0) + 1;
    summed := COALESCE(summed, 0) + asked;
    counted_key := COALESCE(counted_key, 0) + 1;
    summed_key := COALESCE(summed_key, 0) + asked;
    EXIT WHEN is_alone = 1
      OR least(caps[1] - counted, caps[3] - counted_key) >= 200
        AND least(caps[2] - summed, caps[4] - summed_key) >= 200 * asked;
    PERFORM pg_advisory_xact_lock(hashtextextended(asker, 6113406));
  END LOOP;
  IF counted > caps[1] THEN RETURN 'account_count'; END IF;
  IF summed > caps[2] THEN RETURN 'account_amount'; END IF;
  IF counted_key > caps[3] THEN RETURN 'key_count'; END IF;
  IF summed_key > caps[4] THEN RETURN 'key_amount'; END IF;

  INSERT INTO platform.payer_numbers AS n (number_hmac, livemode, times)
  VALUES (payer, right(asker, 5) = '_live', ARRAY[moment])
  ON CONFLICT (number_hmac, livemode) DO UPDATE
  SET times = (n.times || moment)[greatest(1, cardinality(n.times) - 18):]
  WHERE (n.blocked_until IS NULL OR n.blocked_until <= moment)
    AND COALESCE(n.times[cardinality(n.times) - most + 1]
      <= moment - make_interval(secs => span_seconds), true);
  IF NOT FOUND THEN
    SELECT CASE WHEN n.blocked_until > moment THEN -1 ELSE
      ceil(extract(epoch FROM n.times[cardinality(n.times) - most + 1] - moment)) + span_seconds END
    INTO wait_seconds FROM platform.payer_numbers n
    WHERE n.number_hmac = payer AND n.livemode = (right(asker, 5) = '_live');
    RETURN CASE WHEN wait_seconds < 0 THEN 'blocked'
      ELSE 'prompts:' || greatest(1, wait_seconds) END;
  END IF;

  IF caps IS NOT NULL THEN
    INSERT INTO platform.velocity_counters AS v (tenant, kind, day, key_id, slot, count, amount)
    VALUES (asker, 'charge', today, asking_key, pg_backend_pid() % 64, 1, asked)
    ON CONFLICT (tenant, kind, day, key_id, slot) DO UPDATE
    SET count = v.count + 1, amount = v.amount + asked;
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION
  platform.admit_charge(text, int, int, text, date, bigint, bigint[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  platform.admit_charge(text, int, int, text, date, bigint, bigint[], timestamptz) TO pay_tenant;
"""

# Add columns, rules, tables and functions; the release before reads its own kinds alone.
STATEMENTS: Final = (RULES, COUNTERS, ADMIT)
