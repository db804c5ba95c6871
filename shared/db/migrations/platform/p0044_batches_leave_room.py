"""Has batches of payouts leave room for all else that is sent by the same operator account."""

from typing import Final

revision: Final = "p0044"
down_revision: Final = "p0043"
branch_labels: Final = None
depends_on: Final = None

# As in p0032, but: never faster than four fifths of what the account may be asked for in a second.
# What is released beyond that would only wait at the door with what waits there already.
RATE: Final = """
CREATE OR REPLACE FUNCTION platform.take_payout_rate(
  operator_account text, wanted int, unsent int
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rule jsonb; rate numeric; begins timestamptz; moment timestamptz; granted int;
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
  rate := least((rule->>'per_second')::int, 0.8 * platform.send_rate_of(operator_account));
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
  SET used_until = begins + make_interval(secs => (granted / rate)::float8)
  WHERE operator_account_id = operator_account;
  RETURN granted;
END
$$;
"""

# Replace a function by the same with another bound.
STATEMENTS: Final = (RATE,)
