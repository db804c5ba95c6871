"""Adds the reports that a merchant has asked for, and where the file of each lies for a week."""

from typing import Final

revision: Final = "t0018"
down_revision: Final = "t0017"
branch_labels: Final = None
depends_on: Final = None

REPORTS: Final = """
CREATE TABLE reports (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  report_type text NOT NULL,
  format text NOT NULL,
  language text NOT NULL,
  starts_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  status text COLLATE "C" NOT NULL,
  run integer NOT NULL DEFAULT 0,     -- those who have begun to write it, one after another
  rows bigint NOT NULL DEFAULT 0,
  progress integer NOT NULL DEFAULT 0,
  lease_until timestamptz,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  expires_at timestamptz,
  failure_code text,
  object_key text,                    -- null before the file stands and once it is removed
  sha256 text,
  size bigint,
  CONSTRAINT reports_are_sane CHECK (
    id LIKE 'frr\\_%' AND ends_at > starts_at AND language IN ('fr', 'en')
    AND status IN ('pending', 'running', 'succeeded', 'failed', 'canceled')
    AND progress BETWEEN 0 AND 100 AND run >= 0 AND rows >= 0
    AND (status IN ('succeeded', 'failed', 'canceled')) = (ended_at IS NOT NULL)
    AND (status = 'failed') = (failure_code IS NOT NULL)
    AND (status = 'succeeded') = (expires_at IS NOT NULL)
    AND (object_key IS NULL OR status = 'succeeded')
    AND (object_key IS NULL) = (sha256 IS NULL) AND (object_key IS NULL) = (size IS NULL)
    AND (sha256 IS NULL OR sha256 ~ '^[0-9a-f]{64}$'))
);
CREATE INDEX reports_unfinished ON reports (id) WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON reports TO {schema};
GRANT UPDATE (status, run, rows, progress, lease_until, started_at, ended_at, expires_at,
  failure_code, object_key, sha256, size) ON reports TO {schema};
"""

# Add the table; what runs does not know it yet.
STATEMENTS: Final = (REPORTS,)
