"""Bounds what an account pays a number that is new to it: whoever stole a key pays herself."""

from typing import Final

revision: Final = "p0041"
down_revision: Final = "p0040"
branch_labels: Final = None
depends_on: Final = None

# Words of their own in the rule of payouts: one that does not have them bounds no new number. As
# much as one payment may be at most, on the first day; a rule of a later date may say otherwise.
RULES: Final = """
-- What earlier revisions wrote of rules has its touches now, else the table could not be altered.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE platform.dated_rules
  ADD CONSTRAINT dated_rules_new_payee CHECK (data->>'new_payee_amount' IS NULL OR COALESCE(
    (data->>'new_payee_amount')::bigint > 0 AND (data->>'new_payee_seconds')::int > 0, false))
    NOT VALID;
INSERT INTO platform.dated_rules (id, kind, livemode, valid_from, data) VALUES
  ('velocity_payout_live_2', 'velocity_payout', true, '2020-01-02Z',
   '{"account_count": 5000, "account_amount": 50000000, "key_count": 5000,
     "key_amount": 50000000, "new_key_count": 50, "new_key_amount": 1000000,
     "new_key_seconds": 86400, "new_payee_amount": 500000, "new_payee_seconds": 86400}')
ON CONFLICT (id) DO NOTHING;
"""

# The places, from 1 on, of what an account would pay beyond `most` on one day to a number of which
# no payout of its own was paid so many seconds ago. What it pays there already stands in
# `payee_amounts`; the same lock as that of an account's bounds, so that both of two at once count.
PLACES: Final = """
CREATE FUNCTION platform.new_payees(
  payout_ids text[], payees text[], asked bigint[], pay_day date, most bigint, seconds int,
  moment timestamptz
) RETURNS SETOF int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asker constant name := current_setting('role');
  is_live constant boolean := right(asker, 5) = '_live';
BEGIN
  IF most IS NULL THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(asker, 6113407));
  RETURN QUERY
    SELECT s.place::int
    FROM (
      SELECT g.place, g.payee,
        sum(g.amount) OVER (PARTITION BY g.payee ORDER BY g.place) + COALESCE((
          SELECT sum(a.amount) FROM platform.payee_amounts a
          WHERE a.day = pay_day AND a.number_hmac = g.payee AND a.livemode = is_live
            AND a.tenant = asker AND a.payout_id <> ALL(payout_ids)), 0) AS received
      FROM unnest(payees, asked) WITH ORDINALITY AS g(payee, amount, place)) AS s
    WHERE s.received > most AND NOT EXISTS (
      SELECT FROM platform.payment_index i
      WHERE i.number_hmac = s.payee AND i.livemode = is_live AND i.owner_role = asker
        AND i.kind = 'payout' AND i.state = 'succeeded'
        AND i.created_at <= moment - make_interval(secs => seconds))
    ORDER BY s.place;
END
$$;
REVOKE ALL ON FUNCTION platform.new_payees(
  text[], text[], bigint[], date, bigint, int, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.new_payees(
  text[], text[], bigint[], date, bigint, int, timestamptz) TO pay_tenant;
"""

# Add a rule and a function.
STATEMENTS: Final = (RULES, PLACES)
