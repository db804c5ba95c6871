"""Makes accounts as the owner of all schemas: role, schema, tables and first rows at once.

One transaction per account: PostgreSQL's DDL is transactional, roles included, so a crash anywhere
leaves nothing behind.
"""

from typing import Final

from sqlalchemy import Connection, Engine, text

from shared.db.migrate import migrate_tenant
from shared.domain.account import OperatorAccount, Tenant
from shared.domain.ledger import OPENING, LedgerAccount, float_account
from shared.operations.provision_account import AccountRecord, EndpointRecord, ModeRecord

# Held while accounts or operator accounts come to be, so that none misses a float of the other.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(6113405120772)")
_MEMBERSHIP_OPTIONS_SINCE: Final = 16

ADD_ACCOUNT: Final = text("""
INSERT INTO platform.accounts
  (id, name, state, charges_enabled, payouts_enabled, language, created_at)
VALUES (:id, :name, 'active', true, false, :language, :at)
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
ADD_LEDGER_ACCOUNT: Final = text("""
INSERT INTO ledger_accounts (code, account_id, normal, floor, currency)
VALUES (:code, :account, :normal, :floor, 'XAF')
""")

ADD_ENDPOINT: Final = text("""
INSERT INTO webhook_endpoints (id, account_id, url, secret_sealed, created_at)
VALUES (:id, :account, :url, :sealed, :at)
""")

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

TENANTS: Final = text("""
SELECT account_id FROM platform.account_schemas WHERE livemode = :livemode ORDER BY account_id
""")


class PostgresAccountStore:
    """Accounts in PostgreSQL; `engine` is the owner's."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def create(self, account: AccountRecord) -> None:
        """Make everything of this account or nothing. Raises SQLAlchemyError."""
        with self._engine.begin() as connection:
            connection.execute(_LOCK)
            connection.execute(
                ADD_ACCOUNT,
                {
                    "id": account.id,
                    "name": account.name,
                    "language": account.language,
                    "at": account.created_at,
                },
            )
            for mode in account.modes:
                _add_mode(connection, mode, account)

    def keep_operator_account(self, account: OperatorAccount) -> str:
        """Store the platform's operator account or move the present one; return its id."""
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
            connection.execute(_LOCK)
            present = connection.execute(FIND_OPERATOR_ACCOUNT, given).scalar_one_or_none()
            if present is not None:
                connection.execute(MOVE_OPERATOR_ACCOUNT, {**given, "id": present})
                return str(present)
            connection.execute(ADD_OPERATOR_ACCOUNT, {**given, "id": account.id})
            for row in connection.execute(TENANTS, given).all():
                tenant = Tenant(row.account_id, livemode=account.livemode)
                connection.exec_driver_sql(f'SET LOCAL search_path = "{tenant.schema}"')
                _add_ledger_accounts(connection, tenant, (float_account(account.id),))
        return account.id


def _add_mode(connection: Connection, mode: ModeRecord, account: AccountRecord) -> None:
    tenant = mode.tenant
    _add_role_and_schema(connection, tenant.schema)
    revision = migrate_tenant(connection, tenant)
    row = {"account": tenant.account, "livemode": tenant.livemode, "at": account.created_at}
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


def _add_role_and_schema(connection: Connection, name: str) -> None:
    """Make a role that owns nothing and reaches one schema, and let the application become it.

    `name` is made of our own alphabet. Becoming it is possible, inheriting from it is not: without
    SET ROLE the application can read no tenant's rows.
    """
    version = connection.dialect.server_version_info or (0,)
    has_options = int(version[0]) >= _MEMBERSHIP_OPTIONS_SINCE
    into_group, into_app = (
        ("WITH INHERIT TRUE, SET FALSE", "WITH INHERIT FALSE, SET TRUE")
        if has_options
        else ("", "")
    )
    connection.exec_driver_sql(f"""
        CREATE ROLE "{name}" NOLOGIN;
        GRANT pay_tenant TO "{name}" {into_group};
        GRANT "{name}" TO pay_app {into_app};
        CREATE SCHEMA "{name}";
        GRANT USAGE ON SCHEMA "{name}" TO "{name}";
    """)


def _add_ledger_accounts(
    connection: Connection, tenant: Tenant, accounts: tuple[LedgerAccount, ...]
) -> None:
    connection.execute(
        ADD_LEDGER_ACCOUNT,
        [
            {
                "code": account.code,
                "account": tenant.account,
                "normal": account.normal,
                "floor": account.floor,
            }
            for account in accounts
        ],
    )


def _add_endpoint(
    connection: Connection, endpoint: EndpointRecord, tenant: Tenant, row: dict[str, object]
) -> None:
    given = {**row, "id": endpoint.id, "role": tenant.schema}
    connection.execute(
        ADD_ENDPOINT, {**given, "url": endpoint.url, "sealed": endpoint.secret_sealed}
    )
    connection.execute(ADD_WEBHOOK_WORK, given)
