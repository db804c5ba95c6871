"""Keeps a merchant's customers, names them with charges, and finds payments by what people ask for.

Indexes over charges leave out what is not final: creating one and asking its operator writes into
none of them. What is unfinished is few, and found by its status.
"""

from typing import Final

revision: Final = "t0015"
down_revision: Final = "t0014"
branch_labels: Final = None
depends_on: Final = None

# A deleted one stays as a row without a word on a person: charges go on naming it.
CUSTOMERS: Final = """
CREATE TABLE customers (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL DEFAULT '{account}' CHECK (account_id = '{account}'),
  name text,
  phone text COLLATE "C",
  email text COLLATE "C",
  description text,
  reference text COLLATE "C",
  metadata jsonb NOT NULL DEFAULT '{}',
  preferred_locale text,
  change_count integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  deleted_at timestamptz,
  CONSTRAINT customers_are_sane CHECK (
    id LIKE 'cus\\_%' AND phone LIKE '+%' AND length(phone) <= 16
    AND preferred_locale IN ('fr', 'en') AND change_count >= 0
    AND jsonb_typeof(metadata) = 'object'
    AND (deleted_at IS NULL OR metadata = '{}' AND num_nonnulls(name, phone, email, description,
                                                                reference, preferred_locale) = 0))
);
CREATE UNIQUE INDEX customers_reference ON customers (reference) WHERE reference IS NOT NULL;
CREATE INDEX customers_phone ON customers (phone, id) WHERE phone IS NOT NULL;
CREATE INDEX customers_email ON customers (email, id) WHERE email IS NOT NULL;
GRANT SELECT, INSERT ON customers TO {schema};
GRANT UPDATE (name, phone, email, description, reference, metadata, preferred_locale, change_count,
  deleted_at) ON customers TO {schema};
-- What was answered about a customer is forgotten with it.
CREATE INDEX IF NOT EXISTS idempotency_keys_of_customers ON idempotency_keys (object_id)
  WHERE operation IN ('create_customer', 'update_customer');
"""

CHARGES: Final = """
ALTER TABLE charges ADD COLUMN customer_id text COLLATE "C";
CREATE INDEX IF NOT EXISTS charges_customer ON charges (customer_id, id)
  WHERE customer_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS charges_ended_phone ON charges (phone, id)
  WHERE status IN ('succeeded', 'failed', 'expired', 'canceled');
CREATE INDEX IF NOT EXISTS charges_void_reference ON charges (reference, id)
  WHERE reference IS NOT NULL AND status IN ('failed', 'expired', 'canceled');
CREATE INDEX IF NOT EXISTS charges_operator_id ON charges (operator_transaction_id, id)
  WHERE operator_transaction_id IS NOT NULL;
"""

OUTGOING: Final = """
CREATE INDEX IF NOT EXISTS refunds_ended_phone ON refunds (phone, id)
  WHERE status IN ('succeeded', 'failed');
CREATE INDEX IF NOT EXISTS refunds_operator_id ON refunds (operator_transaction_id, id)
  WHERE operator_transaction_id IS NOT NULL;
GRANT UPDATE (metadata) ON refunds TO {schema};
CREATE INDEX IF NOT EXISTS payouts_ended_phone ON payouts (phone, id)
  WHERE status IN ('succeeded', 'failed', 'canceled', 'rejected', 'expired');
CREATE INDEX IF NOT EXISTS payouts_void_reference ON payouts (reference, id)
  WHERE reference IS NOT NULL AND status IN ('failed', 'canceled', 'rejected', 'expired');
CREATE INDEX IF NOT EXISTS payouts_operator_id ON payouts (operator_transaction_id, id)
  WHERE operator_transaction_id IS NOT NULL;
GRANT UPDATE (description, metadata) ON payouts TO {schema};
"""

# Add a table, a column, indexes and rights; what runs knows none of them.
STATEMENTS: Final = (CUSTOMERS, CHARGES, OUTGOING)
