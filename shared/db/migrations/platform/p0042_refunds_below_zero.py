"""Lets an account's refunds take what is available below zero, as far as the platform lends it."""

from typing import Final

revision: Final = "p0042"
down_revision: Final = "p0041"
branch_labels: Final = None
depends_on: Final = None

# Set by the owner's login alone, by an administrator whose act stands in the platform's chain.
LIMIT: Final = """
ALTER TABLE platform.accounts
  ADD COLUMN refunds_below_zero_limit bigint NOT NULL DEFAULT 0,  -- whole XAF
  -- A row per account is looked at in a moment.
  -- squawk-ignore constraint-missing-not-valid
  ADD CONSTRAINT accounts_refunds_below_zero
    CHECK (refunds_below_zero_limit BETWEEN 0 AND 10000000);
"""

# Of the role at work and of no other, in whole XAF. Volatile, so that whoever waited for the
# balance sees the limit of now and not that of when it began to wait.
OWN: Final = """
CREATE FUNCTION platform.refunds_below_zero_limit() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.refunds_below_zero_limit
  FROM platform.account_schemas s JOIN platform.accounts a ON a.id = s.account_id
  WHERE s.schema_name = current_setting('role')
$$;
REVOKE ALL ON FUNCTION platform.refunds_below_zero_limit() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.refunds_below_zero_limit() TO pay_tenant;
"""

# Add a column with a default, and a function; what runs knows neither.
STATEMENTS: Final = (LIMIT, OWN)
