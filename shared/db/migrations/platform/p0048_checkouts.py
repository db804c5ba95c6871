"""Has checkouts looked at when their time is over, or when their charge has succeeded."""

from typing import Final

revision: Final = "p0048"
down_revision: Final = "p0047"
branch_labels: Final = None
depends_on: Final = None

KINDS: Final = """
-- One kind more: what stands there was checked against fewer, so nothing is read again.
ALTER TABLE platform.due_work
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT due_work_kind_check,
  ADD CONSTRAINT due_work_kind_check CHECK (kind IN (
    'payment_check', 'payout_check', 'webhook', 'hold_release', 'float_check', 'settlement',
    'checkout'
    )) NOT VALID;
"""

# Widen a check; what runs writes nothing of the new kind.
STATEMENTS: Final = (KINDS,)
