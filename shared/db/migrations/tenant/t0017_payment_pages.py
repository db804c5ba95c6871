"""Keeps the pages on which a merchant asks for money: a checkout once, a payment link often.

A charge that was begun on one names it, so that a checkout can be closed with its payment.
"""

from typing import Final

revision: Final = "t0017"
down_revision: Final = "t0016"
branch_labels: Final = None
depends_on: Final = None

PAGES: Final = """
CREATE TABLE payment_pages (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  kind text COLLATE "C" NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'open',
  active boolean NOT NULL DEFAULT true,
  amount bigint,                -- null where the payer says how much, in whole XAF
  amount_min bigint,
  amount_max bigint,
  currency text NOT NULL,
  description text,
  reference text,
  metadata jsonb NOT NULL DEFAULT '{}',
  success_url text,
  cancel_url text,
  language text COLLATE "C",    -- null where each payer's own is chosen
  charge_id text COLLATE "C",   -- the one that was begun last
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  CONSTRAINT payment_pages_are_sane CHECK (
    (kind = 'checkout' AND id LIKE 'cs\\_%' AND expires_at IS NOT NULL AND active
     OR kind = 'payment_link' AND id LIKE 'plink\\_%' AND status = 'open')
    AND status IN ('open', 'complete', 'expired')
    AND (status <> 'complete' OR charge_id IS NOT NULL)
    AND currency = 'XAF' AND jsonb_typeof(metadata) = 'object'
    AND (amount IS NULL OR amount > 0 AND amount_min IS NULL AND amount_max IS NULL)
    AND (amount_min > 0) IS NOT FALSE AND (amount_max >= COALESCE(amount_min, 1)) IS NOT FALSE
    AND COALESCE(language IN ('fr', 'en'), true))
);
CREATE INDEX payment_pages_kinds ON payment_pages (kind, id);
GRANT SELECT, INSERT ON payment_pages TO {schema};
GRANT UPDATE (status, active, description, metadata, charge_id, expires_at) ON payment_pages
  TO {schema};
"""

# Null for all but charges that were begun on a page; so the others pay for no index.
CHARGES: Final = """
ALTER TABLE charges ADD COLUMN page_id text COLLATE "C";
"""

# Add a table, and a column without a default; what runs knows neither.
STATEMENTS: Final = (PAGES, CHARGES)
