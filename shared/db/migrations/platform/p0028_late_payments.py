"""Lets a dated rule say what becomes of money that comes after a charge has ended.

And lets a statement's line of such money be found by the operator's transaction, since the charge
that it was asked for has failed.
"""

from typing import Final

revision: Final = "p0028"
down_revision: Final = "p0027"
branch_labels: Final = None
depends_on: Final = None

RULES: Final = """
-- In a new database the rules of earlier revisions are still to be noted as touched.
SET CONSTRAINTS ALL IMMEDIATE;
-- A few dozen rows: what scans and locks the table is over before anybody waits for it.
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout', 'hold', 'approval', 'holder_lookups',
                    'late_payment')) NOT VALID,
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT dated_rules_late_payment CHECK (kind <> 'late_payment' OR COALESCE(
    data->>'decision' IN ('refund', 'accept')
    AND (data->>'after_seconds')::int BETWEEN 0 AND 31536000, false));
INSERT INTO platform.dated_rules (id, kind, valid_from, data) VALUES
  ('late_payment', 'late_payment', '2020-01-01Z',
   '{"decision": "refund", "after_seconds": 86400}')
ON CONFLICT (id) DO NOTHING;
"""

INDEX: Final = """
CREATE INDEX IF NOT EXISTS payment_index_late ON platform.payment_index
  (operator_account_id, operator_id) WHERE kind = 'late_payment';
"""

# Widen a check, add a rule and an index; the release before reads neither.
STATEMENTS: Final = (RULES, INDEX)
