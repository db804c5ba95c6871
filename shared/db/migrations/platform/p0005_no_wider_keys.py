"""Lets no tenant widen a key: what narrowed it, or put it under review, is final for its role.

A tenant may change scopes, networks and the day of review of its own keys, to take away. Without
this, SQL that got into its role could give a key that a thief holds all rights for ever. The owner
of the table is not bound: it gives a first live key `keys:write`.
"""

from typing import Final

revision: Final = "p0005"
down_revision: Final = "p0004"
branch_labels: Final = None
depends_on: Final = None

# `*` holds `keys:write` for secret keys of the test mode alone, as permissions.py has it.
GUARD: Final = """
CREATE FUNCTION platform.refuse_a_wider_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (NEW.scopes <@ OLD.scopes OR '*' = ANY (OLD.scopes) AND (
      NOT 'keys:write' = ANY (NEW.scopes) OR 'keys:write' = ANY (OLD.scopes)
      OR OLD.kind = 'sk' AND NOT OLD.livemode
    ))
    OR cardinality(OLD.allowed_from) > 0 AND (cardinality(NEW.allowed_from) = 0 OR EXISTS (
      SELECT FROM unnest(NEW.allowed_from) AS inside WHERE NOT EXISTS (
        SELECT FROM unnest(OLD.allowed_from) AS around WHERE inside <<= around
      )
    ))
    OR OLD.review_by IS NOT NULL
      AND (NEW.review_by IS NULL OR NEW.review_by > OLD.review_by)
  THEN
    RAISE EXCEPTION 'a key gets no wider' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION platform.refuse_a_wider_key() FROM PUBLIC;
CREATE TRIGGER no_wider BEFORE UPDATE OF scopes, allowed_from, review_by
  ON platform.api_keys FOR EACH ROW WHEN (
    current_user =
      't_' || substr(NEW.account_id, 6) || CASE WHEN NEW.livemode THEN '_live' ELSE '_test' END
  ) EXECUTE FUNCTION platform.refuse_a_wider_key();
"""

# The release before takes nothing back either.
STATEMENTS: Final = (GUARD,)
