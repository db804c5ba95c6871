"""Lets reports be due, and a merchant hear what operators' statements say of its payments."""

from typing import Final

revision: Final = "p0049"
down_revision: Final = "p0048"
branch_labels: Final = None
depends_on: Final = None

KINDS: Final = """
-- More kinds: what stands there was checked against fewer, so nothing is read again.
ALTER TABLE platform.due_work
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT due_work_kind_check,
  ADD CONSTRAINT due_work_kind_check CHECK (kind IN (
    'payment_check', 'payout_check', 'webhook', 'hold_release', 'float_check', 'settlement',
    'checkout', 'report')) NOT VALID;
"""

# Whose a payment is the index says, and the role at work is that of one merchant: of others' it is
# told nothing. Nor what an operator took for it of whoever owns the wallet.
STATED: Final = """
CREATE FUNCTION platform.stated_payments(payments text[])
RETURNS TABLE (payment text, state text, amount bigint, booked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT i.object_id,
         COALESCE(l.state, CASE WHEN d.day IS NULL THEN 'not_stated' ELSE 'missing_there' END),
         abs(l.amount), l.booked_at
  FROM platform.payment_index i
  LEFT JOIN LATERAL (
    SELECT s.state, s.amount, s.booked_at FROM platform.statement_lines s
    WHERE s.object_id = i.object_id AND s.state IN ('matched', 'amount_differs', 'reversed')
    ORDER BY s.state = 'matched' DESC, s.booked_at, s.statement_id, s.number LIMIT 1
  ) AS l ON true
  LEFT JOIN platform.statement_days d
    ON d.operator_account_id = i.operator_account_id
    AND d.day = (i.created_at AT TIME ZONE 'Africa/Douala')::date
  WHERE i.object_id = ANY(payments) AND i.owner_role = current_setting('role')
$$;
REVOKE ALL ON FUNCTION platform.stated_payments(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.stated_payments(text[]) TO pay_tenant;
"""

# Widen a check and add a function; what runs knows neither.
STATEMENTS: Final = (KINDS, STATED)
