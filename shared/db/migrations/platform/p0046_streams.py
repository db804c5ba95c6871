"""Lets events be streamed: who follows the feed hears of news, and each tenant reads its own."""

from typing import Final

revision: Final = "p0046"
down_revision: Final = "p0045"
branch_labels: Final = None
depends_on: Final = None

# What an event tells lies behind the tenant's wall; so does its place in the feed. The application
# may ask for many tenants at once whether there is news, and hears no more than that.
FOLLOW: Final = """
CREATE FUNCTION platform.stirred_feeds(
  accounts text[], modes boolean[], xids text[], ids text[]
) RETURNS int[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(t.place::int ORDER BY t.place), '{}')
  FROM unnest(accounts, modes, xids, ids) WITH ORDINALITY AS t(account, livemode, xid, id, place)
  WHERE EXISTS (
    SELECT FROM platform.event_feed f
    WHERE f.account_id = t.account AND f.livemode = t.livemode
      AND (f.xid, f.id) > (t.xid::xid8, t.id)
      AND f.xid < pg_snapshot_xmin(pg_current_snapshot())
  )
$$;
REVOKE ALL ON FUNCTION platform.stirred_feeds(text[], boolean[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.stirred_feeds(text[], boolean[], text[], text[]) TO pay_app;
GRANT SELECT (id, account_id, livemode, xid, owner_role) ON platform.event_feed TO pay_tenant;
"""

# Add a function and a right; what runs knows neither.
STATEMENTS: Final = (FOLLOW,)
