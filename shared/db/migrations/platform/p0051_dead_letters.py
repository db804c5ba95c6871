"""Lets people replay a dead letter or set it aside: who did, when, why, and how often it died.

A letter is replayed once. What dies again is a letter of its own, which names the one before it.
"""

from typing import Final

revision: Final = "p0051"
down_revision: Final = "p0050"
branch_labels: Final = None
depends_on: Final = None

# What runs knows none of these columns, and its letters have died once.
COLUMNS: Final = """
ALTER TABLE platform.dead_letters
  ADD COLUMN replayed_by text COLLATE "C",
  ADD COLUMN replay_of text COLLATE "C",
  ADD COLUMN deaths integer NOT NULL DEFAULT 1 CHECK (deaths >= 1),
  ADD COLUMN discarded_at timestamptz,
  ADD COLUMN discarded_by text COLLATE "C",
  ADD COLUMN discard_reason text CHECK (length(discard_reason) BETWEEN 1 AND 500),
  ADD CHECK ((discarded_at IS NULL) = (discarded_by IS NULL)
    AND (discarded_at IS NULL) = (discard_reason IS NULL)) NOT VALID;
"""

# Those that wait for a person are few, whatever was dealt with before.
INDEX: Final = """
CREATE INDEX IF NOT EXISTS dead_letters_waiting ON platform.dead_letters (id)
  WHERE replayed_at IS NULL AND discarded_at IS NULL;
"""

STATEMENTS: Final = (COLUMNS, INDEX)
