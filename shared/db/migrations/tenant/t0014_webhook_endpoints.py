"""Lets a merchant have up to 16 webhook endpoints, each spoken to as it wants, and delete them.

A deleted one stays as a row without secrets, so that what was sent to it can be read. An index
leaves it out of what each event reads.
"""

from typing import Final

revision: Final = "t0014"
down_revision: Final = "t0013"
branch_labels: Final = None
depends_on: Final = None

ENDPOINTS: Final = """
ALTER TABLE webhook_endpoints
  ADD COLUMN description text,
  ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN api_version text COLLATE "C" NOT NULL DEFAULT '2026-11-01',
  ADD COLUMN payload text NOT NULL DEFAULT 'full',
  ADD COLUMN scheme text NOT NULL DEFAULT 'standard',
  ADD COLUMN signing text NOT NULL DEFAULT 'hmac',
  ADD COLUMN delivery_order text NOT NULL DEFAULT 'none',
  ADD COLUMN public_key text COLLATE "C",
  -- Former secrets that sign on, newest first, each sealed and with the moment of its end.
  ADD COLUMN old_secrets jsonb NOT NULL DEFAULT '[]',
  -- squawk-ignore ban-drop-constraint
  DROP CONSTRAINT webhook_endpoints_status_check,
  ADD CONSTRAINT webhook_endpoints_are_sane CHECK (
    status IN ('enabled', 'disabled', 'deleted')
    AND payload IN ('full', 'thin') AND scheme IN ('standard', 'stripe')
    AND signing IN ('hmac', 'ed25519') AND delivery_order IN ('none', 'object')
    AND (signing = 'ed25519') = (public_key IS NOT NULL)
    AND (scheme = 'standard' OR signing = 'hmac')
    AND jsonb_typeof(old_secrets) = 'array' AND jsonb_typeof(metadata) = 'object'
    AND (status <> 'deleted' OR secret_sealed = '' AND old_secrets = '[]')) NOT VALID;
CREATE INDEX IF NOT EXISTS webhook_endpoints_enabled ON webhook_endpoints (id)
  WHERE status = 'enabled';
GRANT UPDATE (url, enabled_events, description, metadata, payload, delivery_order, secret_sealed,
  public_key, old_secrets) ON webhook_endpoints TO {schema};
"""

# Null but for endpoints that want each object's events in order; so the others pay for no index.
DELIVERIES: Final = """
ALTER TABLE webhook_deliveries ADD COLUMN ordered_object text COLLATE "C";
CREATE INDEX IF NOT EXISTS webhook_deliveries_in_order
  ON webhook_deliveries (endpoint_id, ordered_object, event_id)
  WHERE status = 'pending' AND ordered_object IS NOT NULL;
CREATE INDEX IF NOT EXISTS webhook_deliveries_log ON webhook_deliveries (endpoint_id, event_id);
GRANT UPDATE (ordered_object) ON webhook_deliveries TO {schema};
"""

# Add columns with defaults and indexes, and widen a check; what runs knows none of them.
STATEMENTS: Final = (ENDPOINTS, DELIVERIES)
