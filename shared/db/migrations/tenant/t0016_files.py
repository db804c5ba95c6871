"""Keeps what is known of files that merchants hand in; the bytes lie in the object store.

A row begins quarantined and is decided once. No endpoint can hold the family of its events yet,
since no event of it was ever known.
"""

from typing import Final

revision: Final = "t0016"
down_revision: Final = "t0015"
branch_labels: Final = None
depends_on: Final = None

FILES: Final = """
CREATE TABLE files (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  purpose text COLLATE "C" NOT NULL,
  file_name text NOT NULL,
  type text COLLATE "C" NOT NULL,
  size bigint NOT NULL,              -- bytes
  sha256 text COLLATE "C" NOT NULL,
  made_by text COLLATE "C" NOT NULL, -- a key, or a person
  status text COLLATE "C" NOT NULL DEFAULT 'quarantined',
  fault text COLLATE "C",
  object_key text,
  version_id text,
  created_at timestamptz NOT NULL,
  decided_at timestamptz,
  retain_until timestamptz NOT NULL,
  CONSTRAINT files_are_sane CHECK (
    id LIKE 'file\\_%' AND size BETWEEN 1 AND 10000000 AND sha256 ~ '^[0-9a-f]{64}$'
    AND length(file_name) BETWEEN 1 AND 255
    AND status IN ('quarantined', 'available', 'refused')
    AND (status = 'quarantined') = (decided_at IS NULL)
    AND (status = 'refused') = (fault IS NOT NULL)
    -- What nobody looked through lies nowhere that it could be read from.
    AND (status = 'available') = (object_key IS NOT NULL)
    AND (object_key IS NULL) = (version_id IS NULL))
);
GRANT SELECT, INSERT ON files TO {schema};
GRANT UPDATE (status, fault, object_key, version_id, decided_at) ON files TO {schema};
"""

# Add a table; what runs does not know it yet.
STATEMENTS: Final = (FILES,)
