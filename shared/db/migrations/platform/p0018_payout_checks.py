"""Lets the clock ask what became of money that goes out: checks of refunds, payouts to come."""

from typing import Final

revision: Final = "p0018"
down_revision: Final = "p0017"
branch_labels: Final = None
depends_on: Final = None

KINDS: Final = """
-- One kind more: what stands there was checked against fewer, so nothing is read again.
ALTER TABLE platform.due_work
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT due_work_kind_check,
  ADD CONSTRAINT due_work_kind_check
    CHECK (kind IN ('payment_check', 'payout_check', 'webhook')) NOT VALID;
"""

# Widen a check; the release before writes kinds that stay allowed.
STATEMENTS: Final = (KINDS,)
