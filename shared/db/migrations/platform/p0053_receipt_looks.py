"""Lets dated rules say what an account's receipts carry beside the payment: a footer and a logo."""

from typing import Final

revision: Final = "p0053"
down_revision: Final = "p0052"
branch_labels: Final = None
depends_on: Final = None

# An account's own alone, of one mode, since the file of a logo is a mode's. The lengths are those
# of `shared.domain.receipt_look`.
RULES: Final = """
-- What earlier revisions wrote of rules has its touches now, else the table could not be altered.
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE platform.dated_rules
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT dated_rules_kind_check,
  ADD CONSTRAINT dated_rules_kind_check
    CHECK (kind IN ('limits', 'limits_payout', 'fee', 'requests', 'prompts', 'velocity_charge',
                    'velocity_payout', 'hold', 'approval', 'holder_lookups', 'late_payment',
                    'payout_rate', 'fee_on_refund', 'send_rate', 'receipt')) NOT VALID,
  ADD CONSTRAINT dated_rules_receipt CHECK (kind <> 'receipt' OR COALESCE(
    account_id IS NOT NULL AND livemode IS NOT NULL
    AND (data->>'footer' IS NULL OR length(data->>'footer') BETWEEN 1 AND 200)
    AND (data->'logo' IS NULL OR data->'logo'->>'file' LIKE 'file\\_%'
         AND data->'logo'->>'sha256' ~ '^[0-9a-f]{64}$'
         AND data->'logo'->>'type' IN ('png', 'jpg')
         AND data->'logo'->>'object_key' IS NOT NULL AND data->'logo'->>'version_id' IS NOT NULL),
    false)) NOT VALID;
"""

# Widen a check; the release before asks for its own kinds alone.
STATEMENTS: Final = (RULES,)
