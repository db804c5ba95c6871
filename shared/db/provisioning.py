"""Makes accounts as the owner of all schemas: role, schema, tables and first rows at once.

One transaction per account: PostgreSQL's DDL is transactional, roles included, so a crash anywhere
leaves nothing behind. Roles and empty schemas of the test mode come to be ahead, many at once:
with each new schema every connection of the server throws away all its plans, and with each new
role it adds up anew which ones it may become.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, text

from shared.db.audit import INSERT, entry_values
from shared.db.upgrade import make_schema, migrate_tenant
from shared.domain.account import OperatorAccount, Tenant
from shared.domain.errors import InProgress, KeyReused
from shared.domain.events import API_VERSION
from shared.domain.ids import new_account_id
from shared.domain.ledger import OPENING, LedgerAccount, float_account
from shared.operations.provision_account import (
    AccountRecord,
    EndpointRecord,
    ModeRecord,
)

# Held while accounts or operator accounts come to be, so that none misses a float of the other.
LOCK: Final = text("SELECT pg_advisory_xact_lock(6113405120772)")

# How many accounts to come share one change of roles and schemas.
SPARES: Final = 16

# How many accounts get a float in one transaction, which locks a table of each.
FLOATS: Final = 100
# An id that nobody is at work with. Whoever takes it has far longer than an account takes.
TAKE_SPARE: Final = text("""
UPDATE platform.spare_accounts SET taken_until = now() + interval '10 minutes'
WHERE account_id = (
  SELECT account_id FROM platform.spare_accounts
  WHERE taken_until IS NULL OR taken_until < now() LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING account_id
""")
ADD_SPARE: Final = text("INSERT INTO platform.spare_accounts (account_id) VALUES (:account)")
USE_SPARE: Final = text("DELETE FROM platform.spare_accounts WHERE account_id = :id")

ADD_ACCOUNT: Final = text("""
INSERT INTO platform.accounts (id, name, state, charges_enabled, payouts_enabled, language,
  created_at, state_since, created_by, creation_key, creation_sha256)
VALUES (:id, :name, :state, :charges_enabled, :payouts_enabled, :language, :at, :at, :created_by,
  :key, :sha256)
""")

# Tried, not waited for: the same order twice at once is answered at once.
TRY_KEY: Final = text("""
SELECT pg_try_advisory_xact_lock(hashtextextended(:created_by || chr(10) || :key, 6113411))
""")

FIND_CREATED: Final = text("""
SELECT id, creation_sha256 FROM platform.accounts
WHERE created_by = :created_by AND creation_key = :key
""")

ADD_KEY: Final = text("""
INSERT INTO platform.api_keys
  (id, account_id, livemode, kind, secret_hmac, last4, scopes, created_at)
VALUES (:id, :account, :livemode, :kind, :secret_hmac, :last4, :scopes, :at)
""")

ADD_SCHEMA: Final = text("""
INSERT INTO platform.account_schemas (account_id, livemode, schema_name, revision, created_at)
VALUES (:account, :livemode, :schema, :revision, :at)
""")

# Tenant tables are found by the search_path that the migration left for this transaction.
ADD_LEDGER_ACCOUNTS: Final = text("""
INSERT INTO ledger_accounts (code, account_id, normal, floor, currency)
SELECT code, :account, normal, floor, 'XAF' FROM unnest(
  CAST(:codes AS text[]), CAST(:normals AS smallint[]), CAST(:floors AS bigint[])
) AS given(code, normal, floor)
ON CONFLICT DO NOTHING
""")

ADD_ENDPOINT: Final = text("""
INSERT INTO webhook_endpoints (id, account_id, url, secret_sealed, api_version, created_at)
VALUES (:id, :account, :url, :sealed, :version, :at)
""")

APPEND_ENTRY: Final = text(INSERT.format(table="audit_entries"))
APPEND_TO_PLATFORM: Final = text(INSERT.format(table="platform.audit_entries"))

# Moved by the tenant's role whenever a delivery is due, hence its owner.
ADD_WEBHOOK_WORK: Final = text("""
INSERT INTO platform.due_work
  (kind, object_id, account_id, livemode, due_at, created_at, owner_role)
VALUES ('webhook', :id, :account, :livemode, 'infinity', :at, :role)
""")

OPERATOR_ACCOUNTS: Final = text("""
SELECT id FROM platform.operator_accounts
WHERE livemode = :livemode AND owner IN ('platform', :account) ORDER BY id
""")

FIND_OPERATOR_ACCOUNT: Final = text("""
SELECT id FROM platform.operator_accounts
WHERE owner = 'platform' AND operator = :operator AND product = :product AND livemode = :livemode
""")

ADD_OPERATOR_ACCOUNT: Final = text("""
INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode, base_url,
  target_environment, currency, credentials)
VALUES (:id, 'platform', :operator, :product, :livemode, :base_url,
  :target_environment, :currency, :credentials)
""")

MOVE_OPERATOR_ACCOUNT: Final = text("""
UPDATE platform.operator_accounts
SET base_url = :base_url, target_environment = :target_environment, credentials = :credentials
WHERE id = :id AND (base_url, target_environment, credentials)
  IS DISTINCT FROM (:base_url, :target_environment, :credentials)
""")

# No two accounts are called the same: the first one keeps the name.
NAME_STATEMENTS: Final = text("""
UPDATE platform.operator_accounts o
SET statement_account = :account, statement_version = :version
WHERE o.id = :id
  AND (o.statement_account, o.statement_version) IS DISTINCT FROM (:account, :version)
  AND NOT EXISTS (SELECT FROM platform.operator_accounts p
                  WHERE p.statement_account = :account AND p.id <> :id)
""")

TENANTS: Final = text("""
SELECT account_id FROM platform.account_schemas WHERE livemode = :livemode ORDER BY account_id
""")


class PostgresAccountStore:
    """Accounts in PostgreSQL; `engine` is the owner's."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def next_id(self) -> str:
        """Return the id of an account to come; now and then this makes many. Raises as `create`."""
        with self._engine.begin() as connection:
            found = connection.execute(TAKE_SPARE).scalar_one_or_none()
            if found is None:
                ids = [new_account_id() for _ in range(SPARES)]
                for spare in ids:
                    make_schema(connection, Tenant(spare, livemode=False))
                connection.execute(ADD_SPARE, [{"account": spare} for spare in ids])
                found = connection.execute(TAKE_SPARE).scalar_one()
            return str(found)

    def create(self, account: AccountRecord) -> str | None:
        """Make everything of this account or nothing; return what its key made before.

        Raises SQLAlchemyError, KeyReused, InProgress.
        """
        with self._engine.begin() as connection:
            earlier = _earlier(connection, account)
            if earlier is not None:
                return earlier
            connection.execute(LOCK)
            connection.execute(USE_SPARE, {"id": account.id})
            connection.execute(ADD_ACCOUNT, _account_values(account))
            for mode in account.modes:
                add_mode(connection, mode, account.created_at)
            connection.execute(APPEND_TO_PLATFORM, entry_values(account.entry))
        return None

    def keep_operator_account(self, account: OperatorAccount) -> str:
        """Store the platform's operator account or move the present one; return its id.

        Then give all accounts of its mode a float that have none, however that came about: one
        that was put back from an older dump, or a run that broke off.
        """
        given = {
            "operator": account.operator.value,
            "product": account.product,
            "livemode": account.livemode,
            "base_url": account.base_url,
            "target_environment": account.target_environment,
            "currency": account.currency,
            "credentials": account.credentials,
        }
        with self._engine.begin() as connection:
            connection.execute(LOCK)
            present = connection.execute(FIND_OPERATOR_ACCOUNT, given).scalar_one_or_none()
            kept = account.id if present is None else str(present)
            change = ADD_OPERATOR_ACCOUNT if present is None else MOVE_OPERATOR_ACCOUNT
            connection.execute(change, {**given, "id": kept})
            owners = connection.execute(TENANTS, given).scalars().all()
        tenants = [Tenant(owner, livemode=account.livemode) for owner in owners]
        for first in range(0, len(tenants), FLOATS):
            with self._engine.begin() as connection:
                for tenant in tenants[first : first + FLOATS]:
                    connection.exec_driver_sql(f'SET LOCAL search_path = "{tenant.schema}"')
                    _add_ledger_accounts(connection, tenant, (float_account(kept),))
        return kept

    def name_statements(self, operator_account: str, *, account: str | None, version: str) -> None:
        """Keep what an operator calls an account in its statements; None leaves it as it is."""
        if account is None:
            return
        given = {"id": operator_account, "account": account, "version": version}
        with self._engine.begin() as connection:
            connection.execute(NAME_STATEMENTS, given)


def _earlier(connection: Connection, account: AccountRecord) -> str | None:
    creation = account.creation
    if creation.key is None:
        return None
    used = {"created_by": account.entry.actor.id, "key": creation.key}
    if not connection.execute(TRY_KEY, used).scalar_one():
        raise InProgress("idempotency_in_progress", retry_after_seconds=1)
    found = connection.execute(FIND_CREATED, used).one_or_none()
    if found is None:
        return None
    if found.creation_sha256 != creation.sha256:
        raise KeyReused("idempotency_key_reused")
    return str(found.id)


def _account_values(account: AccountRecord) -> dict[str, object]:
    standing, creation = account.standing, account.creation
    return {
        "id": account.id,
        "name": account.name,
        "state": standing.state.value,
        "charges_enabled": standing.switches.charges_enabled,
        "payouts_enabled": standing.switches.payouts_enabled,
        "language": account.language,
        "at": account.created_at,
        "created_by": None if creation.key is None else account.entry.actor.id,
        "key": creation.key,
        "sha256": creation.sha256,
    }


def add_mode(connection: Connection, mode: ModeRecord, at: datetime) -> None:
    """Make the role, schema and first rows of a mode. `LOCK` is held by the transaction."""
    tenant = mode.tenant
    make_schema(connection, tenant)
    revision = migrate_tenant(connection, tenant)
    row = {"account": tenant.account, "livemode": tenant.livemode, "at": at}
    connection.execute(ADD_SCHEMA, {**row, "schema": tenant.schema, "revision": revision})
    operators = connection.execute(OPERATOR_ACCOUNTS, row).scalars().all()
    _add_ledger_accounts(connection, tenant, (*OPENING, *map(float_account, operators)))
    keys = [
        {
            **row,
            "id": key.id,
            "kind": key.kind.value,
            "secret_hmac": key.secret_hmac,
            "last4": key.last4,
            "scopes": list(key.scopes),
        }
        for key in mode.keys
    ]
    if keys:
        connection.execute(ADD_KEY, keys)
    if mode.endpoint is not None:
        _add_endpoint(connection, mode.endpoint, tenant, row)
    connection.execute(APPEND_ENTRY, entry_values(mode.entry))


def _add_ledger_accounts(
    connection: Connection, tenant: Tenant, accounts: tuple[LedgerAccount, ...]
) -> None:
    connection.execute(
        ADD_LEDGER_ACCOUNTS,
        {
            "account": tenant.account,
            "codes": [account.code for account in accounts],
            "normals": [account.normal for account in accounts],
            "floors": [account.floor for account in accounts],
        },
    )


def _add_endpoint(
    connection: Connection, endpoint: EndpointRecord, tenant: Tenant, row: dict[str, object]
) -> None:
    given = {**row, "id": endpoint.id, "role": tenant.schema}
    connection.execute(
        ADD_ENDPOINT,
        {
            **given,
            "url": endpoint.url,
            "sealed": endpoint.secret_sealed,
            "version": API_VERSION,
        },
    )
    connection.execute(ADD_WEBHOOK_WORK, given)
