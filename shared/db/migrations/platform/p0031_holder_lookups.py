"""Bounds how often an hour an account, and each of its keys and people, may ask for names."""

from typing import Final

revision: Final = "p0031"
down_revision: Final = "p0030"
branch_labels: Final = None
depends_on: Final = None

# Counted in `rate_counters`, a window at a time. In the test mode the names are invented.
RULES: Final = """
-- In a new database the rules of earlier revisions are still to be noted as touched.
SET CONSTRAINTS ALL IMMEDIATE;
-- A few dozen rows: what scans and locks the table is over before anybody waits for it.
ALTER TABLE platform.dated_rules
  -- A rule that cannot be read would stop every request of its account.
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_holder_lookups CHECK (
    kind <> 'holder_lookups' OR data = '{}' OR COALESCE(
      (data->>'account')::int > 0 AND (data->>'key')::int > 0
      AND (data->>'seconds')::int BETWEEN 1 AND 3600, false));
INSERT INTO platform.dated_rules (id, kind, livemode, valid_from, data) VALUES
  ('holder_lookups_live', 'holder_lookups', true, '2020-01-01Z',
   '{"account": 120, "key": 60, "seconds": 3600}'),
  ('holder_lookups_test', 'holder_lookups', false, '2020-01-01Z',
   '{"account": 1200, "key": 600, "seconds": 3600}')
ON CONFLICT (id) DO NOTHING;
"""

# Add rules of a kind that the release before does not read.
STATEMENTS: Final = (RULES,)
