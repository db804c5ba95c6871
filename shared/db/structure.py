"""Takes the structure of many schemas at once, cheaply enough to look at all of them in each run.

A part is a table, column, constraint, index and so on, with everything the catalogues keep of it,
rights included. `digests` compares expressions as the server stores them, parsed, which costs a
tenth of writing them out; there columns go by number, so what once had a column more looks other
than it is. `details` writes them out, for the few schemas whose digest is not the wanted one.
What is a tenant's own (its name, its account) is taken out, so that equal structures compare equal;
numbers of catalogue rows stay, hence only schemas of one database do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, TextClause, text

# Before 17 a stored expression remembers where in the statement its words stood.
_PLACELESS: Final = """
CASE WHEN current_setting('server_version_num')::int < 170000
  THEN regexp_replace({tree}::text, '[:]location -?\\d+', '', 'g') ELSE {tree}::text END"""
# The bytes of an account's id, as a stored expression shows them.
_BYTES: Final = """
(SELECT string_agg(get_byte(convert_to(account, 'UTF8'), at)::text, ' ' ORDER BY at)
 FROM generate_series(0, length(account) - 1) at)"""
_RIGHTS: Final = """
CASE WHEN cardinality({acl}) > 1
  THEN (SELECT string_agg(one::text, ' ' ORDER BY one::text) FROM unnest({acl}) one)
  ELSE {acl}::text END"""

_PARTS: Final = f"""
WITH wanted AS (
  SELECT n.oid, n.nspname::text AS name, n.nspowner, n.nspacl, called, account, {_BYTES} AS bytes
  FROM unnest(CAST(:names AS text[]), CAST(:called AS text[]), CAST(:accounts AS text[]))
    AS given(name, called, account)
  JOIN pg_namespace n ON n.nspname = given.name
), relations AS MATERIALIZED (
  SELECT c.*, w.oid AS schema, w.bytes FROM pg_class c JOIN wanted w ON c.relnamespace = w.oid
), parts AS (
  SELECT oid AS schema, '' AS part, concat_ws(' ', nspowner,
    {_RIGHTS.format(acl="coalesce(nspacl, acldefault('n', nspowner))")}) AS what
  FROM wanted
UNION ALL
  SELECT schema, 'relation ' || relname, concat_ws(' ', relkind, relpersistence, relowner,
    relrowsecurity, relforcerowsecurity, reloptions,
    {_RIGHTS.format(acl="coalesce(relacl, acldefault('r', relowner))")},
    CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
  FROM relations WHERE relkind NOT IN ('i', 'I', 't')
UNION ALL
  SELECT schema, 'column ' || relname || '.' || attname, concat_ws(' ', atttypid, atttypmod,
    attnotnull, attidentity, attgenerated, attcollation, {_RIGHTS.format(acl="attacl")},
    {{default}})
  FROM relations JOIN pg_attribute ON attrelid = relations.oid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped
UNION ALL
  SELECT schema, 'constraint ' || conname || ' of ' || relname, concat_ws(' ', contype,
    convalidated, {{constraint}})
  FROM relations JOIN pg_constraint ON conrelid = relations.oid WHERE contype <> 'n'
UNION ALL
  SELECT indexed.schema, 'index ' || relations.relname || ' on ' || indexed.relname,
    concat_ws(' ', indisvalid, {{index}})
  FROM relations indexed JOIN pg_index ON indrelid = indexed.oid
  JOIN relations ON relations.oid = indexrelid WHERE indexed.relkind <> 't'
UNION ALL
  SELECT schema, 'trigger ' || tgname || ' of ' || relname,
    tgenabled::text || pg_get_triggerdef(pg_trigger.oid)
  FROM relations JOIN pg_trigger ON tgrelid = relations.oid WHERE NOT tgisinternal
UNION ALL
  SELECT schema, 'policy ' || polname || ' of ' || relname, concat_ws(' ', polcmd, polpermissive,
    ARRAY(SELECT rolname FROM pg_roles WHERE oid = ANY (polroles) ORDER BY 1),
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
  FROM relations JOIN pg_policy ON polrelid = relations.oid
UNION ALL
  SELECT w.oid, 'function ' || proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    concat_ws(' ', proowner, prorettype, prolang, prosecdef, provolatile, proconfig, prosrc,
    {_RIGHTS.format(acl="coalesce(proacl, acldefault('f', proowner))")})
  FROM wanted w JOIN pg_proc p ON pronamespace = w.oid
UNION ALL
  SELECT w.oid, 'type ' || typname, concat_ws(' ', typtype, typbasetype, typnotnull, typdefault,
    ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder))
  FROM wanted w JOIN pg_type t ON typnamespace = w.oid AND typtype IN ('d', 'e', 'r')
), found AS (
  SELECT name, part, md5(replace(replace(what, name, called), account, '')) AS digest
  FROM parts JOIN wanted ON wanted.oid = parts.schema
)"""
_STORED: Final = _PARTS.format(
    default=f"replace({_PLACELESS.format(tree='adbin')}, bytes, '')",
    constraint="condeferrable, condeferred, conkey, nullif(confrelid, 0)::regclass, confkey,"
    f" confupdtype, confdeltype, replace({_PLACELESS.format(tree='conbin')}, bytes, '')",
    index="relations.relam, relations.reloptions, indkey, indclass, indcollation, indoption,"
    " indisunique, indnullsnotdistinct, indisprimary,"
    f" {_PLACELESS.format(tree='indpred')}, {_PLACELESS.format(tree='indexprs')}",
)
_WRITTEN: Final = _PARTS.format(
    default="pg_get_expr(adbin, adrelid)",
    constraint="pg_get_constraintdef(pg_constraint.oid)",
    index="pg_get_indexdef(indexrelid)",
)
DIGESTS: Final = text(f"""{_STORED}
SELECT name, md5(string_agg(part || digest, ' ' ORDER BY part COLLATE "C")) AS digest
FROM found GROUP BY 1""")
DETAILS: Final = text(f"{_WRITTEN} SELECT name, part, digest FROM found")


@dataclass(frozen=True, slots=True)
class Place:
    """A schema to look at; in what is compared, `called` stands for its name."""

    name: str
    called: str = "{schema}"
    account: str = "no account"


def digests(connection: Connection, places: Sequence[Place]) -> dict[str, str]:
    """Return one digest for each schema that exists, by its name."""
    return {row.name: row.digest for row in _rows(connection, DIGESTS, places)}


def details(connection: Connection, places: Sequence[Place]) -> dict[str, dict[str, str]]:
    """Return a digest for each part of each schema that exists: a few schemas only, it is long."""
    found: dict[str, dict[str, str]] = {}
    for name, part, digest in _rows(connection, DETAILS, places):
        found.setdefault(name, {})[part] = digest
    return found


def differences(found: Mapping[str, str], wanted: Mapping[str, str]) -> Iterable[str]:
    """Say of each part that is not as wanted what is wrong with it, in the order of the names."""
    for part in sorted(found.keys() | wanted.keys()):
        name = part or "its owner or rights"
        if part not in found:
            yield f"{name} is missing"
        elif part not in wanted:
            yield f"{name} is not in any revision"
        elif found[part] != wanted[part]:
            yield f"{name} differs"


def _rows(connection: Connection, query: TextClause, places: Sequence[Place]) -> Iterable[Any]:
    # Whatever is not of the catalogues is then written out with its schema.
    connection.exec_driver_sql("SET LOCAL search_path = pg_catalog; SET LOCAL work_mem = '64MB'")
    given = {
        "names": [place.name for place in places],
        "called": [place.called for place in places],
        "accounts": [place.account for place in places],
    }
    return connection.execute(query, given).all()
