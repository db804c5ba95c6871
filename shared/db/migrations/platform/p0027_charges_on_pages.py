"""Counts charges of payers who are sent to the operator's page, whose number nobody knows before.

The bounds of account and key hold for them as for all. Nobody is prompted, so nothing bounds that.
"""

from typing import Final

revision: Final = "p0027"
down_revision: Final = "p0026"
branch_labels: Final = None
depends_on: Final = None

# As in p0007, but: without a payer no number is counted.
ADMIT: Final = """
CREATE OR REPLACE FUNCTION platform.admit_charge(
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

  IF payer IS NOT NULL THEN
    INSERT INTO platform.payer_numbers AS n (number_hmac, livemode, times)
    VALUES (payer, right(asker, 5) = '_live', ARRAY[moment])
    ON CONFLICT (number_hmac, livemode) DO UPDATE
    SET times = (n.times || moment)[greatest(1, cardinality(n.times) - 18):]
    WHERE (n.blocked_until IS NULL OR n.blocked_until <= moment)
      AND COALESCE(n.times[cardinality(n.times) - most + 1]
        <= moment - make_interval(secs => span_seconds), true);
    IF NOT FOUND THEN
      SELECT CASE WHEN n.blocked_until > moment THEN -1 ELSE
        ceil(extract(epoch FROM n.times[cardinality(n.times) - most + 1] - moment))
          + span_seconds END
      INTO wait_seconds FROM platform.payer_numbers n
      WHERE n.number_hmac = payer AND n.livemode = (right(asker, 5) = '_live');
      RETURN CASE WHEN wait_seconds < 0 THEN 'blocked'
        ELSE 'prompts:' || greatest(1, wait_seconds) END;
    END IF;
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
"""

# Same arguments, same answers; the release before always names a payer.
STATEMENTS: Final = (ADMIT,)
