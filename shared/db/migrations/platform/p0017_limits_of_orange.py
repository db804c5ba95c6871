"""Bounds a payment from Orange, as the first revision bounds one from MTN."""

from typing import Final

revision: Final = "p0017"
down_revision: Final = "p0016"
branch_labels: Final = None
depends_on: Final = None

# What operators and aggregators publish as the most per payment, as for MTN; sources differ on
# Orange (400,000 to 1,000,000 XAF), and a contract may say otherwise, with a row of a later date.
LIMITS: Final = """
INSERT INTO platform.dated_rules (id, kind, operator, valid_from, data) VALUES
  ('limits_orange', 'limits', 'orange', '2020-01-01Z', '{"minimum": 1, "maximum": 500000}')
ON CONFLICT (id) DO NOTHING;
"""

STATEMENTS: Final = (LIMITS,)
