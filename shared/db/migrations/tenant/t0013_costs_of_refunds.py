"""Keeps with each refund what it costs, and what of its charge's fees came back with it.

The charge's own pending money bears the cost as well, so that more of it may go than the amount.
"""

from typing import Final

revision: Final = "t0013"
down_revision: Final = "t0012"
branch_labels: Final = None
depends_on: Final = None

REFUNDS: Final = """
ALTER TABLE refunds
  -- Each with the id of its rule, its amount in whole XAF and who bears it.
  ADD COLUMN fee_lines jsonb NOT NULL DEFAULT '[]',
  -- By ledger account, in whole XAF; null where the charge's fees are kept.
  ADD COLUMN returned jsonb,
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT refunds_are_sane,
  ADD CONSTRAINT refunds_are_sane CHECK (
    id LIKE 'rf\\_%' AND amount > 0 AND from_pending >= 0
    AND jsonb_typeof(fee_lines) = 'array'
    AND COALESCE(jsonb_typeof(returned), 'object') = 'object'
    AND currency = 'XAF' AND operator IN ('mtn', 'orange')
    AND phone LIKE '+%' AND length(phone) <= 16 AND length(intent_hmac) = 64
    AND status IN ('created', 'submitting', 'in_transit', 'unknown', 'succeeded', 'failed')
    -- Nothing is sent whose intent is not kept.
    AND (status IN ('created', 'failed') OR journaled_at IS NOT NULL)
    AND (status IN ('succeeded', 'failed')) = (ended_at IS NOT NULL)) NOT VALID;
"""

# Add columns and widen a check: what stands there holds it, so nothing is read again.
STATEMENTS: Final = (REFUNDS,)
