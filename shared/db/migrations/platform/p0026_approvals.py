"""Lets a dated rule say which payouts a second person must approve."""

from typing import Final

revision: Final = "p0026"
down_revision: Final = "p0025"
branch_labels: Final = None
depends_on: Final = None

# `{}`: none, until an account's owner says otherwise for her own.
RULES: Final = """
-- In a new database the rules of earlier revisions are still to be noted as touched.
SET CONSTRAINTS ALL IMMEDIATE;
-- A few dozen rows: what scans and locks the table is over before anybody waits for it.
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout', 'hold', 'approval', 'holder_lookups')) NOT VALID,
  -- A rule that cannot be read would stop every payout of its account.
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_approval CHECK (kind <> 'approval' OR COALESCE(
    COALESCE((data->>'keys_from')::bigint, 0) >= 0
    AND COALESCE((data->>'people_from')::bigint, 0) >= 0
    AND COALESCE((data->>'seconds')::int, 60) BETWEEN 60 AND 2592000, false));
INSERT INTO platform.dated_rules (id, kind, valid_from, data) VALUES
  ('approval_none', 'approval', '2020-01-01Z', '{}')
ON CONFLICT (id) DO NOTHING;
"""

# Widen a check and add a rule; the release before reads its own kinds alone.
STATEMENTS: Final = (RULES,)
