"""Bounds how much an operator account is asked for in a second, by all processes together.

`send_rates` has one row for each operator account, counted in by one function alone. It is empty
after a crash of the server: the second begins anew, and nothing else.
"""

from typing import Final

revision: Final = "p0043"
down_revision: Final = "p0042"
branch_labels: Final = None
depends_on: Final = None

# Nobody publishes how much an operator takes; a contract says it, with a row of a later date or of
# the account whose wallet it is. In the test mode the stand-in answers, which takes what comes.
RULES: Final = """
-- What earlier revisions wrote of rules has its touches now, else the table could not be altered.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout', 'hold', 'approval', 'holder_lookups',
                    'late_payment', 'payout_rate', 'fee_on_refund', 'send_rate')) NOT VALID,
  ADD CONSTRAINT dated_rules_send_rate CHECK (kind <> 'send_rate' OR COALESCE(
    (data->>'per_second')::int BETWEEN 1 AND 10000
    AND data->>'product' IN ('collection', 'disbursement', 'core', 'web'), false)) NOT VALID;
INSERT INTO platform.dated_rules (id, kind, operator, livemode, valid_from, data) VALUES
  ('send_rate_mtn_collection_live', 'send_rate', 'mtn', true, '2020-01-01Z',
   '{"product": "collection", "per_second": 50}'),
  ('send_rate_mtn_disbursement_live', 'send_rate', 'mtn', true, '2020-01-01Z',
   '{"product": "disbursement", "per_second": 20}'),
  ('send_rate_orange_core_live', 'send_rate', 'orange', true, '2020-01-01Z',
   '{"product": "core", "per_second": 50}'),
  ('send_rate_orange_web_live', 'send_rate', 'orange', true, '2020-01-01Z',
   '{"product": "web", "per_second": 50}'),
  ('send_rate_mtn_collection_test', 'send_rate', 'mtn', false, '2020-01-01Z',
   '{"product": "collection", "per_second": 1000}'),
  ('send_rate_mtn_disbursement_test', 'send_rate', 'mtn', false, '2020-01-01Z',
   '{"product": "disbursement", "per_second": 1000}'),
  ('send_rate_orange_core_test', 'send_rate', 'orange', false, '2020-01-01Z',
   '{"product": "core", "per_second": 1000}'),
  ('send_rate_orange_web_test', 'send_rate', 'orange', false, '2020-01-01Z',
   '{"product": "web", "per_second": 1000}')
ON CONFLICT (id) DO NOTHING;
"""

COUNTERS: Final = """
CREATE UNLOGGED TABLE platform.send_rates (
  operator_account_id text COLLATE "C" PRIMARY KEY REFERENCES platform.operator_accounts,
  at_second bigint NOT NULL,  -- since 1970, by the server's clock
  taken integer NOT NULL      -- in that second, by all
) WITH (fillfactor = 50);
"""

# Null where no rule bounds it.
RATE: Final = """
CREATE FUNCTION platform.send_rate_of(operator_account text)
RETURNS int LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (r.data->>'per_second')::int
  FROM platform.operator_accounts o
  JOIN platform.dated_rules r ON r.kind = 'send_rate' AND r.valid_from <= now()
    AND r.data->>'product' = o.product
    AND (r.account_id IS NULL OR r.account_id = o.owner)
    AND (r.operator IS NULL OR r.operator = o.operator)
    AND (r.livemode IS NULL OR r.livemode = o.livemode)
  WHERE o.id = operator_account
  ORDER BY r.account_id IS NULL, r.operator IS NULL, r.valid_from DESC, r.livemode IS NULL LIMIT 1
$$;
REVOKE ALL ON FUNCTION platform.send_rate_of(text) FROM PUBLIC;
"""

# What is needed as far as any is left; of what is wished beyond, a quarter of what is left at most:
# so who asks early in a second keeps little from the others, and near its end each sending is asked
# about. What was given holds until the second is over.
TAKE: Final = """
CREATE FUNCTION platform.take_sends(operator_account text, needed int, wished int)
RETURNS TABLE (granted int, seconds_left float8) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rate constant int := platform.send_rate_of(operator_account);
  r platform.send_rates;
  moment float8; this_second bigint; rest int;
BEGIN
  IF rate IS NULL THEN
    RETURN QUERY SELECT greatest(needed, wished), 1.0::float8;
    RETURN;
  END IF;
  SELECT * INTO r FROM platform.send_rates
  WHERE operator_account_id = operator_account FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO platform.send_rates VALUES (operator_account, 0, 0) ON CONFLICT DO NOTHING;
    SELECT * INTO r FROM platform.send_rates
    WHERE operator_account_id = operator_account FOR UPDATE;
  END IF;
  -- Once the row is ours: who waited for it must not count in a second that is over.
  moment := extract(epoch FROM clock_timestamp());
  this_second := floor(moment);
  IF r.at_second <> this_second THEN
    r.taken := 0;
  END IF;
  rest := greatest(0, rate - r.taken);
  granted := least(rest, greatest(needed, least(wished, rest / 4)));
  seconds_left := this_second + 1 - moment;
  IF granted > 0 THEN
    UPDATE platform.send_rates t SET at_second = this_second, taken = r.taken + take_sends.granted
    WHERE t.operator_account_id = operator_account;
  END IF;
  RETURN NEXT;
END
$$;
REVOKE ALL ON FUNCTION platform.take_sends(text, int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.take_sends(text, int, int) TO pay_app;
"""

# Widen a check, add rules, a table and functions; what runs knows none of them.
STATEMENTS: Final = (RULES, COUNTERS, RATE, TAKE)
