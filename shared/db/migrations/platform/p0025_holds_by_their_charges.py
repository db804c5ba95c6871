"""Releases nothing before the hold of its charge is over, whoever moved a due row.

Every login that works with due rows may bring one forward, as callbacks do with checks of payments;
and who calls says which kinds of transactions are counted. Neither can shorten a hold any more.
"""

from typing import Final

revision: Final = "p0025"
down_revision: Final = "p0024"
branch_labels: Final = None
depends_on: Final = None

# As in p0023, but: the charge itself says whether its hold is over, no kind that takes of pending
# can be left out, and the rows of a batch are found by their ids, however many others are due.
RELEASE: Final = """
CREATE OR REPLACE FUNCTION platform.release_holds(
  owner text, is_live boolean, most int, kinds text[], ids text[], moment timestamptz
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wall name; wanted text[]; held text[]; is_known boolean; done int;
BEGIN
  IF (kinds @> ARRAY['charge', 'refund_created', 'refund_failed', 'hold_released']) IS NOT TRUE THEN
    RAISE EXCEPTION 'what was taken of pending must be counted' USING ERRCODE = '22023';
  END IF;
  SELECT schema_name INTO wall FROM platform.account_schemas
  WHERE account_id = owner AND livemode = is_live;
  IF wall IS NULL THEN RETURN 0; END IF;
  EXECUTE format($sql$
    SELECT array_agg(charge_id), COALESCE(bool_or(EXISTS (
      SELECT FROM %1$I.charges c WHERE c.id = charge_id)), true)
    FROM (
      SELECT COALESCE(r.charge_id, w.object_id) AS charge_id
      FROM platform.due_work w
      LEFT JOIN %1$I.refunds r ON r.id = w.object_id
      LEFT JOIN %1$I.charges c ON c.id = COALESCE(r.charge_id, w.object_id)
      WHERE w.kind = 'hold_release' AND w.account_id = $1 AND w.livemode = $2
        AND w.done_at IS NULL AND w.due_at <= now()
        AND (w.lease_until IS NULL OR w.lease_until < now())
        AND (c.succeeded_at + make_interval(secs => c.hold_seconds) > now()) IS NOT TRUE
      ORDER BY w.due_at LIMIT $3) AS due
  $sql$, wall) INTO wanted, is_known USING owner, is_live, least(most, cardinality(ids));
  IF NOT is_known THEN RETURN 0; END IF;
  EXECUTE format($sql$
    SELECT array_agg(id) FROM (
      SELECT id FROM %1$I.charges WHERE id = ANY($1) ORDER BY id FOR UPDATE SKIP LOCKED) AS free
  $sql$, wall) INTO held USING wanted;
  IF held IS NULL THEN RETURN NULL; END IF;
  EXECUTE format($sql$
    WITH mine AS MATERIALIZED (
      SELECT w.object_id, about.charge_id
      FROM (SELECT id, id AS charge_id FROM unnest($3) AS id UNION ALL
            SELECT id, charge_id FROM %1$I.refunds WHERE charge_id = ANY($3)) AS about
      JOIN platform.due_work w ON w.kind = 'hold_release' AND w.object_id = about.id
      WHERE w.account_id = $1 AND w.livemode = $2 AND w.done_at IS NULL AND w.due_at <= now()
      FOR UPDATE OF w SKIP LOCKED
    ),
    charge AS (
      SELECT charge_id, min(object_id) AS object_id FROM mine GROUP BY charge_id
    ),
    standing AS (
      SELECT c.object_id, -sum(p.amount) AS amount
      FROM charge c
      CROSS JOIN LATERAL (
        SELECT c.charge_id AS id UNION ALL
        SELECT r.id FROM %1$I.refunds r WHERE r.charge_id = c.charge_id) AS about
      JOIN %1$I.ledger_transactions t ON t.object_id = about.id AND t.kind = ANY($4)
      JOIN %1$I.postings p ON p.transaction_id = t.id AND p.code = 'pending'
      GROUP BY c.object_id
    ),
    gate AS MATERIALIZED (
      SELECT object_id, amount, $5[(row_number() OVER (ORDER BY object_id))::int] AS id
      FROM standing WHERE amount > 0
    ),
    booked AS (
      INSERT INTO %1$I.ledger_transactions (id, account_id, kind, object_id, created_at)
      SELECT id, $1, 'hold_released', object_id, $6 FROM gate
    ),
    lines AS (
      INSERT INTO %1$I.postings (transaction_id, position, account_id, code, amount)
      SELECT g.id, l.position, $1, l.code, l.amount
      FROM gate g CROSS JOIN LATERAL
        (VALUES (1, 'pending', g.amount), (2, 'available', -g.amount)) AS l(position, code, amount)
    ),
    locked AS MATERIALIZED (
      SELECT code FROM %1$I.ledger_accounts
      WHERE code IN ('available', 'pending') AND EXISTS (SELECT FROM gate)
      ORDER BY code FOR UPDATE
    ),
    moved AS (
      UPDATE %1$I.ledger_accounts a SET balance = a.balance + d.delta
      FROM locked l, (SELECT sum(amount) AS total FROM gate) AS g CROSS JOIN LATERAL
        (VALUES ('pending', g.total), ('available', -g.total)) AS d(code, delta)
      WHERE a.code = l.code AND d.code = l.code
        AND (a.floor IS NULL OR (a.balance + d.delta) * a.normal >= a.floor)
      RETURNING a.code
    ),
    closed AS (
      UPDATE platform.due_work w SET done_at = $6, lease_until = NULL
      FROM mine m WHERE w.kind = 'hold_release' AND w.object_id = m.object_id
    )
    SELECT NULLIF((SELECT count(*) FROM mine), 0) + 0 * platform.require_whole_posting(
      (SELECT count(*) FROM moved),
      CASE WHEN EXISTS (SELECT FROM gate) THEN 2 ELSE 0 END)
  $sql$, wall) INTO done USING owner, is_live, held, kinds, ids, moment;
  RETURN done;
END
$$;
"""

# Same arguments, same answers; the release before calls it as before.
STATEMENTS: Final = (RELEASE,)
