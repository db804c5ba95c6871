"""Lets a statement refuse a posting by itself, so that a settlement is one round trip."""

from typing import Final

revision: Final = "p0002"
down_revision: Final = "p0001"
branch_labels: Final = None
depends_on: Final = None

SQL: Final = """
CREATE FUNCTION platform.require_whole_posting(moved bigint, wanted bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
  IF moved <> wanted THEN
    RAISE EXCEPTION 'an account is missing, or would fall below its floor'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_accounts_floor';
  END IF;
  RETURN moved;
END
$$;
REVOKE ALL ON FUNCTION platform.require_whole_posting(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.require_whole_posting(bigint, bigint) TO pay_tenant;
"""

# Nothing that runs depends on the absence of the function.
STATEMENTS: Final = (SQL,)
