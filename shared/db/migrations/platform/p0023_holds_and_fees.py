"""Lets what was paid become available in time, and fees be taken of it, by dated rules.

The clock's login can enter no tenant, and needs not: one function does this one thing inside the
wall of one account, for what is due there, and posts nothing else.
"""

from typing import Final

revision: Final = "p0023"
down_revision: Final = "p0022"
branch_labels: Final = None
depends_on: Final = None

# Before the table is altered, so that nobody who reads it waits for a scan; where it is large they
# are made beforehand. The second is for the purge.
INDEXES: Final = """
CREATE INDEX IF NOT EXISTS due_work_holds ON platform.due_work (account_id, livemode, due_at)
  WHERE kind = 'hold_release' AND done_at IS NULL;
CREATE INDEX IF NOT EXISTS due_work_done ON platform.due_work (done_at) WHERE done_at IS NOT NULL;
"""

KINDS: Final = """
-- One kind more: what stands there was checked against fewer, so nothing is read again.
ALTER TABLE platform.due_work
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT due_work_kind_check,
  ADD CONSTRAINT due_work_kind_check
    CHECK (kind IN ('payment_check', 'payout_check', 'webhook', 'hold_release')) NOT VALID;
"""

# In the live mode two days: an operator's statement of each day shows what it has taken back. In
# the test mode as long as somebody looks on. Of fees each line is a row of its own; what the payer
# bears her operator takes, so it cannot be ours.
RULES: Final = """
-- In a new database the rules of earlier revisions are still to be noted as touched.
SET CONSTRAINTS ALL IMMEDIATE;
-- A few dozen rows: what scans and locks the table is over before anybody waits for it.
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout', 'hold')),
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_hold CHECK (kind <> 'hold' OR COALESCE(
    (data->>'seconds')::int BETWEEN 0 AND 31536000, false)),
  ADD CONSTRAINT dated_rules_fee CHECK (kind <> 'fee' OR COALESCE(
    data->>'of' IN ('charge', 'payout')
    AND data->>'line' IN ('platform', 'operator', 'transfer_tax', 'levy', 'vat')
    AND (data->>'basis_points')::int BETWEEN 0 AND 10000
    AND (data->>'flat')::int BETWEEN 0 AND 1000000
    AND (data->>'borne_by' = 'merchant'
         OR data->>'borne_by' = 'payer' AND data->>'line' IN ('operator', 'transfer_tax', 'levy')),
    false)) NOT VALID;
UPDATE platform.dated_rules SET data =
  '{"of": "charge", "line": "platform", "basis_points": 0, "flat": 0, "borne_by": "merchant"}'
WHERE id = 'fee_none';
-- A rule that cannot be read would stop every charge of its account.
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE platform.dated_rules VALIDATE CONSTRAINT dated_rules_fee;
INSERT INTO platform.dated_rules (id, kind, livemode, valid_from, data) VALUES
  ('hold_live', 'hold', true, '2020-01-01Z', '{"seconds": 172800}'),
  ('hold_test', 'hold', false, '2020-01-01Z', '{"seconds": 10}')
ON CONFLICT (id) DO NOTHING;
"""

# A due row names a charge, or a refund of one that gave back what it had taken of its pending
# money. Whichever it is, what of the charge still stands in pending moves, once under each name.
#
# The charges are locked first, as whoever refunds them does; who is at work on one keeps it, and it
# is taken at the next look. What is counted then is seen by a younger snapshot than the lock. Due
# rows are never waited for, so nobody waits in a circle. Balances are locked in code order, last.
#
# Returns how many rows of due work that ended: 0 where none of them has a charge any more, null
# where others are at work on all of them, or were faster.
RELEASE: Final = """
CREATE FUNCTION platform.release_holds(
  owner text, is_live boolean, most int, kinds text[], ids text[], moment timestamptz
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wall name; wanted text[]; held text[]; is_known boolean; done int;
BEGIN
  SELECT schema_name INTO wall FROM platform.account_schemas
  WHERE account_id = owner AND livemode = is_live;
  IF wall IS NULL THEN RETURN 0; END IF;
  EXECUTE format($sql$
    SELECT array_agg(charge_id), COALESCE(bool_or(EXISTS (
      SELECT FROM %1$I.charges c WHERE c.id = charge_id)), true)
    FROM (
      SELECT COALESCE(r.charge_id, w.object_id) AS charge_id
      FROM platform.due_work w LEFT JOIN %1$I.refunds r ON r.id = w.object_id
      WHERE w.kind = 'hold_release' AND w.account_id = $1 AND w.livemode = $2
        AND w.done_at IS NULL AND w.due_at <= now()
        AND (w.lease_until IS NULL OR w.lease_until < now())
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
      SELECT w.object_id, COALESCE(r.charge_id, w.object_id) AS charge_id
      FROM platform.due_work w LEFT JOIN %1$I.refunds r ON r.id = w.object_id
      WHERE w.kind = 'hold_release' AND w.account_id = $1 AND w.livemode = $2
        AND w.done_at IS NULL AND w.due_at <= now()
        AND COALESCE(r.charge_id, w.object_id) = ANY($3)
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
REVOKE ALL ON FUNCTION
  platform.release_holds(text, boolean, int, text[], text[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  platform.release_holds(text, boolean, int, text[], text[], timestamptz) TO pay_worker;
"""

# What is hashed stands at the head of shared/domain/ledger_seal.py. One run at a time seals a
# ledger; the newest seal is read by a younger snapshot than the lock. Who posts never waits for it:
# it takes what is old enough that nobody adds to it any more, `below` an id. Each seal costs a row,
# so it waits ten minutes between two, unless the last one left something over.
SEAL: Final = """
CREATE FUNCTION platform.seal_ledger(
  owner text, is_live boolean, below text, most int, moment timestamptz
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wall name; has_rest boolean; sealed int;
BEGIN
  SELECT schema_name INTO wall FROM platform.account_schemas
  WHERE account_id = owner AND livemode = is_live;
  IF wall IS NULL OR NOT pg_try_advisory_xact_lock(6113422, hashtext(wall)) THEN
    RETURN 0;
  END IF;
  EXECUTE format($sql$
    SELECT created_at > $1 - interval '10 minutes' AND transactions < $2
    FROM %I.ledger_seals ORDER BY position DESC LIMIT 1
  $sql$, wall) INTO has_rest USING moment, most;
  IF has_rest THEN RETURN 0; END IF;
  EXECUTE format($sql$
    WITH head AS (
      SELECT COALESCE(max(position), 0) AS position, COALESCE(max(until_id), '') AS until_id,
        COALESCE((SELECT hash FROM %1$I.ledger_seals ORDER BY position DESC LIMIT 1),
                 decode(repeat('00', 32), 'hex')) AS hash
      FROM %1$I.ledger_seals
    ),
    stretch AS (
      SELECT t.* FROM %1$I.ledger_transactions t, head h
      WHERE t.id > h.until_id AND t.id < $2 ORDER BY t.id LIMIT $3
    ),
    told AS (
      SELECT s.id, concat(
        octet_length(s.id), ':', s.id, ',', octet_length(s.kind), ':', s.kind, ',',
        octet_length(s.object_id), ':', s.object_id, ',', length(at), ':', at, ',',
        length(count(p.*)::text), ':', count(p.*), ',',
        string_agg(concat(
          length(p.position::text), ':', p.position, ',', octet_length(p.code), ':', p.code, ',',
          length(p.amount::text), ':', p.amount, ','), '' ORDER BY p.position
          ) FILTER (WHERE p.position IS NOT NULL)) AS line
      FROM stretch s
      CROSS JOIN LATERAL (
        SELECT (extract(epoch FROM s.created_at) * 1000000)::bigint::text AS at) AS made
      LEFT JOIN %1$I.postings p ON p.transaction_id = s.id
      GROUP BY s.id, s.kind, s.object_id, at
    ),
    whole AS (
      SELECT count(*) AS count, max(id) AS until_id, string_agg(line, '' ORDER BY id) AS lines
      FROM told
    )
    INSERT INTO %1$I.ledger_seals
      (position, account_id, until_id, transactions, previous_hash, hash, created_at)
    SELECT h.position + 1, $1, w.until_id, w.count, h.hash, sha256(h.hash || convert_to(concat(
      '9:ledger.v1,', octet_length($5), ':', $5, ',', length((h.position + 1)::text), ':',
      h.position + 1, ',', length(w.count::text), ':', w.count, ',', w.lines), 'UTF8')), $4
    FROM head h, whole w WHERE w.count > 0
    RETURNING transactions
  $sql$, wall) INTO sealed USING owner, below, most, moment, wall::text;
  RETURN COALESCE(sealed, 0);
END
$$;
REVOKE ALL ON FUNCTION platform.seal_ledger(text, boolean, text, int, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.seal_ledger(text, boolean, text, int, timestamptz) TO pay_worker;
"""

# Widen checks, add an index, rules and functions; the release before writes no row for them.
STATEMENTS: Final = (INDEXES, KINDS, RULES, RELEASE, SEAL)
