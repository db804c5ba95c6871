"""Lets dated rules say what a refund costs, and whether our own fee comes back with one."""

from typing import Final

revision: Final = "p0036"
down_revision: Final = "p0035"
branch_labels: Final = None
depends_on: Final = None

# What a refund costs is the merchant's: whoever gets it paid nothing that could be asked for.
# Where no rule says otherwise our fee is kept.
RULES: Final = """
-- In a new database the rules of earlier revisions are still to be noted as touched.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout', 'hold', 'approval', 'holder_lookups',
                    'late_payment', 'payout_rate', 'fee_on_refund')) NOT VALID,
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_fee,
  ADD CONSTRAINT dated_rules_fee CHECK (kind <> 'fee' OR COALESCE(
    data->>'of' IN ('charge', 'refund', 'payout')
    AND data->>'line' IN ('platform', 'operator', 'transfer_tax', 'levy', 'vat')
    AND (data->>'basis_points')::int BETWEEN 0 AND 10000
    AND (data->>'flat')::int BETWEEN 0 AND 1000000
    AND (data->>'borne_by' = 'merchant'
         OR data->>'borne_by' = 'payer' AND data->>'of' <> 'refund'
            AND data->>'line' IN ('operator', 'transfer_tax', 'levy')),
    false)) NOT VALID,
  ADD CONSTRAINT dated_rules_fee_on_refund CHECK (kind <> 'fee_on_refund' OR COALESCE(
    data->>'platform_fee' IN ('keep', 'return'), false)) NOT VALID;
"""

# Widen checks; the release before asks for its own kinds alone. A rule of what a refund costs waits
# until nothing of that release runs any more: it cannot read one.
STATEMENTS: Final = (RULES,)
