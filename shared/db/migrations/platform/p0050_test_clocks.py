"""Lets an account's test mode be ahead of the time, and what waits there come due by its own time.

A clock that moves does so a moment after it was set: by then every process knows of it, so that all
of them go by the new time from the same moment on.
"""

from typing import Final

revision: Final = "p0050"
down_revision: Final = "p0049"
branch_labels: Final = None
depends_on: Final = None

# Seconds, and from when on the second number of them holds. `touched` tells those who keep what
# they read of the account. The 400 days are `shared.domain.test_clock`'s.
TABLE: Final = """
CREATE TABLE platform.test_clocks (
  account_id text COLLATE "C" PRIMARY KEY,
  was_ahead bigint NOT NULL CHECK (was_ahead >= 0),
  ahead bigint NOT NULL CHECK (ahead BETWEEN was_ahead AND 34560000),
  moves_at timestamptz NOT NULL,
  owner_role name NOT NULL DEFAULT current_user
);
CREATE CONSTRAINT TRIGGER touched AFTER INSERT OR UPDATE OR DELETE ON platform.test_clocks
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION platform.touch();
"""

AHEAD: Final = """
CREATE FUNCTION platform.ahead_of(was_ahead bigint, ahead bigint, moves_at timestamptz)
RETURNS interval LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT make_interval(secs => CASE WHEN now() < moves_at THEN was_ahead ELSE ahead END)
$$;
REVOKE ALL ON FUNCTION platform.ahead_of(bigint, bigint, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.ahead_of(bigint, bigint, timestamptz)
  TO pay_tenant, pay_worker;
"""

# The role of a test mode moves its own clock; that of a live mode has none.
RIGHTS: Final = """
ALTER TABLE platform.test_clocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON platform.test_clocks TO pay_tenant
  USING (owner_role = current_user)
  WITH CHECK (
    owner_role = current_user AND current_user = 't_' || substr(account_id, 6) || '_test'
  );
CREATE POLICY app_reads ON platform.test_clocks FOR SELECT TO pay_app USING (true);
CREATE POLICY worker_reads ON platform.test_clocks FOR SELECT TO pay_worker USING (true);
GRANT SELECT, INSERT (account_id, was_ahead, ahead, moves_at), UPDATE (was_ahead, ahead, moves_at)
  ON platform.test_clocks TO pay_tenant;
GRANT SELECT ON platform.test_clocks TO pay_app, pay_worker;
GRANT SELECT (account_id, livemode, due_at, done_at) ON platform.due_work TO pay_tenant;
"""

# What a clock that is ahead brings forward is found by whose it is, not by going through all that
# is to come for everybody. Where the table is large it is made beforehand.
INDEX: Final = """
CREATE INDEX IF NOT EXISTS due_work_of_tests ON platform.due_work (account_id, due_at)
  WHERE done_at IS NULL AND NOT livemode;
"""

# As in p0025, but by the time of whose charges they are.
RELEASE: Final = """
CREATE OR REPLACE FUNCTION platform.release_holds(
  owner text, is_live boolean, most int, kinds text[], ids text[], moment timestamptz
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wall name; tick timestamptz; wanted text[]; held text[]; is_known boolean; done int;
BEGIN
  IF (kinds @> ARRAY['charge', 'refund_created', 'refund_failed', 'hold_released']) IS NOT TRUE THEN
    RAISE EXCEPTION 'what was taken of pending must be counted' USING ERRCODE = '22023';
  END IF;
  SELECT schema_name INTO wall FROM platform.account_schemas
  WHERE account_id = owner AND livemode = is_live;
  IF wall IS NULL THEN RETURN 0; END IF;
  tick := now() + COALESCE((
    SELECT platform.ahead_of(c.was_ahead, c.ahead, c.moves_at)
    FROM platform.test_clocks c WHERE c.account_id = owner AND NOT is_live), interval '0');
  EXECUTE format($sql$
    SELECT array_agg(charge_id), COALESCE(bool_or(EXISTS (
      SELECT FROM %1$I.charges c WHERE c.id = charge_id)), true)
    FROM (
      SELECT COALESCE(r.charge_id, w.object_id) AS charge_id
      FROM platform.due_work w
      LEFT JOIN %1$I.refunds r ON r.id = w.object_id
      LEFT JOIN %1$I.charges c ON c.id = COALESCE(r.charge_id, w.object_id)
      WHERE w.kind = 'hold_release' AND w.account_id = $1 AND w.livemode = $2
        AND w.done_at IS NULL AND w.due_at <= $4
        AND (w.lease_until IS NULL OR w.lease_until < now())
        AND (c.succeeded_at + make_interval(secs => c.hold_seconds) > $4) IS NOT TRUE
      ORDER BY w.due_at LIMIT $3) AS due
  $sql$, wall) INTO wanted, is_known USING owner, is_live, least(most, cardinality(ids)), tick;
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
      WHERE w.account_id = $1 AND w.livemode = $2 AND w.done_at IS NULL AND w.due_at <= $7
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
  $sql$, wall) INTO done USING owner, is_live, held, kinds, ids, moment, tick;
  RETURN done;
END
$$;
"""

# What runs knows no clock, and none is ahead before a process of this release moves it.
STATEMENTS: Final = (INDEX, TABLE, AHEAD, RIGHTS, RELEASE)
