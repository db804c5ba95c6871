"""Tells which schemas are not what their revision says: nothing is built on what nobody knows.

What a revision makes is found by running the revisions on this very server in a scratch schema,
inside a transaction that is rolled back: no stored copy could know how each version of the server
keeps a table.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, text

from shared.db.revisions import INI, PLATFORM, TENANT, Branch, NewerSchemaError, load
from shared.db.structure import Place, details, differences, digests
from shared.db.upgrade import VERSION_TABLE, hold_run_lock, make_schema
from shared.domain.account import Tenant
from shared.domain.ids import new_account_id

# Each look reads the catalogues of all schemas, whether it is for one of them or for many.
BATCH: Final = 1_000
# A table that is read is locked: so many at once, or the server's room for locks would not do.
FEW: Final = 200
MOST_NAMED: Final = 5
_SCRATCH: Final = "platform_as_revised"
_PLATFORM_NAME: Final = re.compile(r"\bplatform(?=\.)|(?<=\bSCHEMA )platform\b")

STANDINGS: Final = text("""
SELECT account_id, livemode, revision FROM platform.account_schemas ORDER BY schema_name""")
# What an extension brought is its own affair.
IN_PUBLIC: Final = text("""
SELECT relname::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace
AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e') ORDER BY 1""")
# That of an account to come is empty.
WITHOUT_ROW: Final = text("""
SELECT nspname::text FROM pg_namespace n WHERE nspname ~ '^t_.{16}_(test|live)$'
AND NOT EXISTS (SELECT FROM platform.account_schemas WHERE schema_name = nspname)
AND (EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid) OR NOT EXISTS (
  SELECT FROM platform.spare_accounts
  WHERE nspname = 't_' || substr(account_id, 6) || '_test')) ORDER BY 1""")
PLATFORM_STANDS_AT: Final = text("SELECT version_num FROM platform.alembic_version")
HAS_PLATFORM: Final = text("SELECT to_regclass('platform.account_schemas') IS NOT NULL")

Watch = Callable[[str, int, int], None]
_Item = TypeVar("_Item")


class DriftError(Exception):
    """What all schemas stand on is not as its revision says: nothing may be changed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A tenant's schema and the revision that its row names."""

    tenant: Tenant
    revision: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a revision makes: to be compared quickly, and part by part."""

    digest: str
    parts: Mapping[str, str]


def standings(connection: Connection) -> list[Standing]:
    """Return every tenant schema that has a row."""
    rows = connection.execute(STANDINGS).all()
    return [Standing(Tenant(row.account_id, livemode=row.livemode), row.revision) for row in rows]


def has_platform(engine: Engine) -> bool:
    """Whether this database was ever migrated."""
    with engine.begin() as connection:
        return bool(connection.execute(HAS_PLATFORM).scalar_one())


def refuse_platform_drift(engine: Engine, ini: Path = INI) -> None:
    """Raise DriftError where the platform schema differs or something lies in `public`."""
    branch = load(PLATFORM, ini)
    # Never committed: the scratch schema is there for this transaction alone.
    with engine.connect() as connection:
        strays = connection.execute(IN_PUBLIC).scalars().all()
        if strays:
            raise DriftError(f"public holds {_some(strays)}; nothing of ours belongs there")
        hold_run_lock(connection, PLATFORM)
        revision = connection.execute(PLATFORM_STANDS_AT).scalar_one()
        branch.after(revision)
        [found] = details(connection, [Place(PLATFORM, called=PLATFORM)]).values()
        wanted = _platform_parts(connection, branch, revision)
    if found != wanted:
        raise DriftError(f"differs from {revision}: {_some(differences(found, wanted))}")


def find_drift(
    engine: Engine,
    ini: Path = INI,
    *,
    only: Collection[Tenant] | None = None,
    workers: int = 1,
    watch: Watch = lambda *_: None,
) -> dict[str, str]:
    """Return what is wrong by schema; nothing is changed. `only` leaves the other tenants out.

    A schema that newer code has migrated is named too. Raises SQLAlchemyError.
    """
    branch = load(TENANT, ini)
    with engine.begin() as connection:
        rows = standings(connection)
        wrong = dict.fromkeys(
            connection.execute(WITHOUT_ROW).scalars(), "no row of account_schemas names it"
        )
    if only is not None:
        rows = [row for row in rows if row.tenant in only]
    known = [row for row in rows if branch.knows(row.revision)]
    wrong |= {row.tenant.schema: _newer(branch, row.revision) for row in rows if row not in known}
    wanted = _wanted_of_tenants(engine, branch, {row.revision for row in known})
    suspects: list[Standing] = []
    batches = _batches(known, max(1, min(BATCH, math.ceil(len(known) / workers))))
    with ThreadPoolExecutor(workers) as threads:
        looks = threads.map(lambda batch: _suspects(engine, batch, wanted), batches)
        for done, found in enumerate(looks, start=1):
            suspects += found
            watch("looked at", sum(map(len, batches[:done])), len(known))
    for batch in _batches(suspects, FEW):
        wrong |= _confirmed(engine, {row.tenant for row in batch}, branch, wanted)
    return wrong


def _suspects(
    engine: Engine, rows: Sequence[Standing], wanted: Mapping[str, _Wanted]
) -> list[Standing]:
    """Compare quickly. A run beside this one may change them meanwhile: they are but suspects."""
    with engine.begin() as connection:
        found = digests(connection, [_place(row.tenant) for row in rows])
        alike = {row for row in rows if found.get(row.tenant.schema) == wanted[row.revision].digest}
        versions = _versions(connection, alike)
    return [row for row in rows if row not in alike or versions[row.tenant.schema] != row.revision]


def _confirmed(
    engine: Engine,
    tenants: Collection[Tenant],
    branch: Branch,
    wanted: Mapping[str, _Wanted],
) -> dict[str, str]:
    """Compare again with every other run kept away, and say what differs."""
    wrong = {}
    with engine.begin() as connection:
        for tenant in sorted(tenants, key=lambda tenant: tenant.schema):
            hold_run_lock(connection, tenant.schema)
        rows = [row for row in standings(connection) if row.tenant in tenants]
        found = details(connection, [_place(row.tenant) for row in rows])
        has_table = [
            row for row in rows if "relation alembic_version" in found.get(row.tenant.schema, {})
        ]
        versions = _versions(connection, has_table)
    for row in rows:
        schema = row.tenant.schema
        if schema not in found:
            wrong[schema] = "its row names a schema that is not there"
        elif row.revision not in wanted:
            wrong[schema] = _newer(branch, row.revision)
        elif found[schema] != wanted[row.revision].parts:
            parts = differences(found[schema], wanted[row.revision].parts)
            wrong[schema] = f"differs from {row.revision}: {_some(parts)}"
        elif versions[schema] != row.revision:
            wrong[schema] = f"stands at {versions[schema]}, its row says {row.revision}"
    return wrong


def _versions(connection: Connection, rows: Iterable[Standing]) -> dict[str, str | None]:
    """Read the version tables of schemas that have one, a few hundred in one statement."""
    each = [
        f"SELECT '{name}' AS name, (SELECT version_num FROM \"{name}\".alembic_version) AS version"
        for name in (row.tenant.schema for row in rows)
    ]
    found: dict[str, str | None] = {}
    for few in _batches(each, FEW):
        for row in connection.exec_driver_sql(" UNION ALL ".join(few)).all():
            found[row.name] = row.version
    return found


def _wanted_of_tenants(
    engine: Engine, branch: Branch, revisions: Collection[str]
) -> dict[str, _Wanted]:
    """Return what a tenant's schema is at each of these revisions."""
    tenant = Tenant(new_account_id(), livemode=False)
    found: dict[str, _Wanted] = {}
    if not revisions:
        return found
    with engine.connect() as connection:
        hold_run_lock(connection, tenant.schema)
        make_schema(connection, tenant)
        _enter(connection, tenant.schema)
        for revision in branch.revisions:
            for sql in revision.sql(tenant):
                connection.exec_driver_sql(sql)
            if revision.id in revisions:
                places = [_place(tenant)]
                [digest] = digests(connection, places).values()
                [parts] = details(connection, places).values()
                found[revision.id] = _Wanted(digest, parts)
                _enter(connection, tenant.schema)
            if found.keys() == set(revisions):
                break
    return found


def _platform_parts(connection: Connection, branch: Branch, until: str) -> dict[str, str]:
    """Return the parts that the platform schema has at a revision; the caller commits nothing."""
    connection.exec_driver_sql(f"CREATE SCHEMA {_SCRATCH}")
    _enter(connection, _SCRATCH)
    for revision in branch.revisions:
        for sql in revision.sql():
            connection.exec_driver_sql(_PLATFORM_NAME.sub(_SCRATCH, sql))
        if revision.id == until:
            break
    [found] = details(connection, [Place(_SCRATCH, called=PLATFORM)]).values()
    return found


def _enter(connection: Connection, schema: str) -> None:
    connection.exec_driver_sql(f'SET LOCAL search_path = "{schema}"; {VERSION_TABLE}')


def _batches(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def _place(tenant: Tenant) -> Place:
    return Place(tenant.schema, account=tenant.account)


def _newer(branch: Branch, revision: str) -> str:
    try:
        branch.after(revision)
    except NewerSchemaError as error:
        return str(error)
    raise AssertionError(revision)


def _some(words: Iterable[str]) -> str:
    """Name the first few and count the rest."""
    named = list(words)
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more
