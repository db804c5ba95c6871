"""Lets a member have mails of some kinds left out; never those that keep an account safe."""

from typing import Final

revision: Final = "p0054"
down_revision: Final = "p0053"
branch_labels: Final = None
depends_on: Final = None

# The kinds are those that `shared.domain.notification` says may be silent, and no fault of ours
# silences another.
SILENCED: Final = """
ALTER TABLE platform.members
  ADD COLUMN silenced text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT members_hear_the_rest CHECK (
    silenced <@ '{approval_wanted,case_opened,endpoint_gone,endpoint_failing}'::text[]) NOT VALID;
GRANT UPDATE (silenced) ON platform.members TO pay_tenant;
GRANT SELECT (silenced) ON platform.members TO pay_worker;
"""

# Add a column with a default; what runs goes on writing to everybody.
STATEMENTS: Final = (SILENCED,)
