"""Invoices each month's fees and taxes, by what the ledger holds, under numbers without a gap.

An invoice is the platform's own paper: a tenant that is put back to an earlier day has no number
twice. The clock's login enters no tenant; one function counts inside the wall of one account.
"""

from typing import Final

revision: Final = "p0038"
down_revision: Final = "p0037"
branch_labels: Final = None
depends_on: Final = None

TABLES: Final = """
-- Where each account's invoices stand: the next number, the first month that is not done, and what
-- of that month was counted so far.
CREATE TABLE platform.invoice_series (
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  next_number integer NOT NULL DEFAULT 1 CHECK (next_number > 0),
  month date NOT NULL CHECK (extract(day FROM month) = 1),
  counted_id text COLLATE "C" NOT NULL DEFAULT '',
  lines jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (account_id, livemode)
);
GRANT SELECT (account_id, livemode, month) ON platform.invoice_series TO pay_worker;
GRANT SELECT (account_id, livemode) ON platform.account_schemas TO pay_worker;

CREATE TABLE platform.invoices (
  id text COLLATE "C" PRIMARY KEY CHECK (id LIKE 'in\\_%'),
  account_id text COLLATE "C" NOT NULL,
  livemode boolean NOT NULL,
  owner_role name NOT NULL,
  sequence integer NOT NULL CHECK (sequence > 0),
  month date NOT NULL,
  lines jsonb NOT NULL,       -- by kind of transaction and ledger account, in whole XAF
  account_name text NOT NULL,
  language text NOT NULL,
  code text COLLATE "C" NOT NULL UNIQUE,
  created_at timestamptz NOT NULL,
  object_key text,
  version_id text,
  sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  stored_at timestamptz,
  UNIQUE (account_id, livemode, sequence),
  UNIQUE (account_id, livemode, month),
  CHECK (num_nulls(object_key, version_id, sha256, stored_at) IN (0, 4))
);
GRANT SELECT ON platform.invoices TO pay_app;
"""

BEGIN: Final = """
CREATE FUNCTION platform.begin_invoices(owner text, is_live boolean, moment timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wall name; since timestamptz;
BEGIN
  SELECT schema_name INTO wall FROM platform.account_schemas
  WHERE account_id = owner AND livemode = is_live;
  IF wall IS NULL THEN RETURN; END IF;
  EXECUTE format('SELECT created_at FROM %I.ledger_transactions ORDER BY id LIMIT 1', wall)
    INTO since;
  INSERT INTO platform.invoice_series (account_id, livemode, month) VALUES (owner, is_live,
    date_trunc('month', COALESCE(since, moment) AT TIME ZONE 'Africa/Douala')::date)
  ON CONFLICT DO NOTHING;
END
$$;
REVOKE ALL ON FUNCTION platform.begin_invoices(text, boolean, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.begin_invoices(text, boolean, timestamptz) TO pay_worker;
"""

# One run at a time is at an account's month: who comes second finds its row locked, or done. Ids
# sort by time, so a month is one stretch of the key. What a transaction took of the merchant is
# what it posted to accounts of fees, if it moved money of the merchant's too.
ISSUE: Final = """
CREATE FUNCTION platform.issue_invoice(
  owner text, is_live boolean, wanted date, first_id text, end_id text, most int, codes text[],
  merchants text[], invoice_id text, code text, moment timestamptz
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wall name; series platform.invoice_series; seen int; last_id text; counted jsonb;
BEGIN
  IF wanted + interval '1 month' > moment AT TIME ZONE 'Africa/Douala' THEN
    RAISE EXCEPTION 'this month is not over' USING ERRCODE = '22023';
  END IF;
  SELECT * INTO series FROM platform.invoice_series s
  WHERE s.account_id = owner AND s.livemode = is_live AND s.month = wanted
  FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 'busy'; END IF;
  SELECT schema_name INTO wall FROM platform.account_schemas
  WHERE account_id = owner AND livemode = is_live;
  EXECUTE format($sql$
    WITH stretch AS MATERIALIZED (
      SELECT t.id, t.kind FROM %1$I.ledger_transactions t
      WHERE t.id > $1 AND t.id >= $2 AND t.id < $3 ORDER BY t.id LIMIT $4
    ),
    told AS (
      SELECT s.kind, p.code, count(DISTINCT s.id) AS count, -sum(p.amount) AS amount
      FROM stretch s JOIN %1$I.postings p ON p.transaction_id = s.id
      WHERE p.code = ANY($5) AND p.amount <> 0 AND EXISTS (
        SELECT FROM %1$I.postings m WHERE m.transaction_id = s.id AND m.code = ANY($6))
      GROUP BY s.kind, p.code
    ),
    merged AS (
      SELECT kind, code, sum(count) AS count, sum(amount) AS amount FROM (
        SELECT kind, code, count, amount FROM told UNION ALL
        SELECT kind, code, count, amount
        FROM jsonb_to_recordset($7) AS x(kind text, code text, count bigint, amount numeric)
      ) AS parts GROUP BY kind, code
    )
    SELECT (SELECT count(*) FROM stretch), (SELECT max(id) FROM stretch),
      COALESCE((SELECT jsonb_agg(jsonb_build_object(
        'kind', kind, 'code', code, 'count', count, 'amount', amount) ORDER BY kind, code)
        FROM merged), '[]')
  $sql$, wall) INTO seen, last_id, counted
  USING series.counted_id, first_id, end_id, most, codes, merchants, series.lines;
  IF seen >= most THEN
    UPDATE platform.invoice_series s SET counted_id = last_id, lines = counted
    WHERE s.account_id = owner AND s.livemode = is_live;
    RETURN 'more';
  END IF;
  UPDATE platform.invoice_series s
  SET month = (wanted + interval '1 month')::date, counted_id = '', lines = '[]',
    next_number = next_number + CASE WHEN counted = '[]' THEN 0 ELSE 1 END
  WHERE s.account_id = owner AND s.livemode = is_live;
  IF counted = '[]' THEN RETURN 'nothing'; END IF;
  INSERT INTO platform.invoices (id, account_id, livemode, owner_role, sequence, month, lines,
    account_name, language, code, created_at)
  SELECT invoice_id, owner, is_live, wall, series.next_number, wanted, counted, a.name, a.language,
    issue_invoice.code, moment
  FROM platform.accounts a WHERE a.id = owner;
  INSERT INTO platform.public_codes (code, account_id, livemode, object_id, created_at, owner_role)
  VALUES (issue_invoice.code, owner, is_live, invoice_id, moment, wall);
  RETURN 'invoice';
END
$$;
REVOKE ALL ON FUNCTION platform.issue_invoice(text, boolean, date, text, text, int, text[], text[],
  text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.issue_invoice(text, boolean, date, text, text, int, text[],
  text[], text, text, timestamptz) TO pay_worker;
"""

# In the name of the role at work, once.
KEEP: Final = """
CREATE FUNCTION platform.keep_invoice(
  invoice_id text, place text, version text, digest text, moment timestamptz
) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE platform.invoices
  SET object_key = place, version_id = version, sha256 = digest, stored_at = moment
  WHERE id = invoice_id AND owner_role = current_setting('role') AND stored_at IS NULL;
  RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION platform.keep_invoice(text, text, text, text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION platform.keep_invoice(text, text, text, text, timestamptz)
  TO pay_tenant;
"""

# Add tables and functions; what runs knows none of them.
STATEMENTS: Final = (TABLES, BEGIN, ISSUE, KEEP)
