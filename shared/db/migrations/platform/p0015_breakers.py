"""Circuit breakers of operators, one row for all processes.

A row is counted in and moved by two functions alone, so that no process can shut an operator off or
open it by hand. The table is empty after a crash of the server: all breakers are closed then.
"""

from typing import Final

revision: Final = "p0015"
down_revision: Final = "p0014"
branch_labels: Final = None
depends_on: Final = None

BREAKERS: Final = """
CREATE UNLOGGED TABLE platform.breakers (
  operator text COLLATE "C" NOT NULL CHECK (operator IN ('mtn', 'orange')),
  host text COLLATE "C" NOT NULL CHECK (length(host) BETWEEN 1 AND 300),
  operation text COLLATE "C" NOT NULL CHECK (length(operation) BETWEEN 1 AND 40),
  opened_at timestamptz,            -- null: closed
  next_trial_at timestamptz,
  failed_in_row integer NOT NULL DEFAULT 0,
  slot bigint NOT NULL DEFAULT 0,   -- 15 s each; with the one before they are the last 30 s
  answered integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  answered_before integer NOT NULL DEFAULT 0,
  failed_before integer NOT NULL DEFAULT 0,
  PRIMARY KEY (operator, host, operation),
  CHECK ((opened_at IS NULL) = (next_trial_at IS NULL))
) WITH (fillfactor = 50);
GRANT SELECT (operator, host, operation, opened_at, next_trial_at)
  ON platform.breakers TO pay_app;
"""

# While it is open only a trial says anything: the others were sent before it opened.
NOTE: Final = """
CREATE FUNCTION platform.note_operator_calls(
  which text, place text, what text, answered_now int, failed_now int, failed_last int,
  is_trial boolean
) RETURNS TABLE (opened timestamptz, trial_in float8) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b platform.breakers;
  this_slot constant bigint := floor(extract(epoch FROM now()) / 15);
  calls int; failures int;
BEGIN
  INSERT INTO platform.breakers (operator, host, operation)
  VALUES (which, place, what) ON CONFLICT DO NOTHING;
  SELECT * INTO b FROM platform.breakers
  WHERE operator = which AND host = place AND operation = what FOR UPDATE;
  IF b.opened_at IS NULL THEN
    IF this_slot > b.slot THEN
      b.answered_before := CASE WHEN this_slot = b.slot + 1 THEN b.answered ELSE 0 END;
      b.failed_before := CASE WHEN this_slot = b.slot + 1 THEN b.failed ELSE 0 END;
      b.answered := 0; b.failed := 0; b.slot := this_slot;
    END IF;
    b.answered := b.answered + answered_now;
    b.failed := b.failed + failed_now;
    b.failed_in_row := failed_last + CASE WHEN answered_now > 0 THEN 0 ELSE b.failed_in_row END;
    failures := b.failed + b.failed_before;
    calls := failures + b.answered + b.answered_before;
    IF failed_now > 0 AND (calls >= 20 AND 2 * failures >= calls
                           OR calls < 20 AND b.failed_in_row >= 5) THEN
      b.opened_at := now(); b.next_trial_at := now() + interval '10 seconds';
    END IF;
  ELSIF is_trial AND answered_now > 0 THEN
    b.opened_at := NULL; b.next_trial_at := NULL; b.failed_in_row := 0;
    b.answered := 0; b.failed := 0; b.answered_before := 0; b.failed_before := 0;
  END IF;
  UPDATE platform.breakers SET
    opened_at = b.opened_at, next_trial_at = b.next_trial_at, failed_in_row = b.failed_in_row,
    slot = b.slot, answered = b.answered, failed = b.failed,
    answered_before = b.answered_before, failed_before = b.failed_before
  WHERE operator = which AND host = place AND operation = what;
  RETURN QUERY SELECT b.opened_at, extract(epoch FROM b.next_trial_at - now())::float8;
END
$$;
REVOKE ALL ON FUNCTION platform.note_operator_calls(text, text, text, int, int, int, boolean)
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  platform.note_operator_calls(text, text, text, int, int, int, boolean) TO pay_app;
"""

TRIAL: Final = """
CREATE FUNCTION platform.take_operator_trial(which text, place text, what text)
RETURNS boolean LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH taken AS (
    UPDATE platform.breakers SET next_trial_at = now() + interval '10 seconds'
    WHERE operator = which AND host = place AND operation = what
      AND opened_at IS NOT NULL AND next_trial_at <= now()
    RETURNING 1)
  SELECT EXISTS (SELECT FROM taken)
$$;
REVOKE ALL ON FUNCTION platform.take_operator_trial(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.take_operator_trial(text, text, text) TO pay_app;
"""

# Add a table and two functions; what runs knows none of them.
STATEMENTS: Final = (BREAKERS, NOTE, TRIAL)
