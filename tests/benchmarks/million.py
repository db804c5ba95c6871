"""A merchant with a million paid charges, put there by the database itself."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from knative.local.postgres import connect
from shared.domain.account import Tenant
from shared.domain.ids import ALPHABET, new_id
from tests.benchmarks.rig import Rig

ROWS: Final = 1_000_000
_TAIL: Final = 6
_DAYS: Final = 30

_FEES: Final = """'[{"rule": "rul_x", "line": "platform", "amount": 55, "borne_by": "merchant"},
  {"rule": "rul_y", "line": "vat", "amount": 11, "borne_by": "merchant"}]'"""
_CHARGES: Final = """
WITH paid AS (
  INSERT INTO charges (id, amount, currency, status, operator, operator_account_id, phone,
    operator_transaction_id, reference, description, balance_transaction, submit_before, created_at,
    succeeded_at, fee_lines)
  SELECT {id}, 1500, 'XAF', 'succeeded', 'mtn', 'opa_x', '+237670000001', (1e9 + n)::bigint::text,
    'order-' || n, 'Ndolé & miondo, table ' || n % 40, 'txn_' || md5(n::text), at, at, at, {fees}
  FROM (SELECT n, timestamptz '{since}' + n * interval '{step} microseconds' AS at
        FROM generate_series({first}, {last}) AS n) AS made
  RETURNING id, created_at
)
INSERT INTO receipts (id, charge_id, number, code, created_at)
SELECT 'rcp_' || substr(id, 4), id, 'RC-' || substr(id, 4), substr(id, 4), created_at FROM paid
"""
# So few that each statement is answered in time, on a busy machine too.
_AT_ONCE: Final = 10_000


def fill(stand: Rig, rows: int = ROWS) -> tuple[Tenant, datetime, datetime]:
    """Give the rig's account so many charges of the last 30 days; return it and their time."""
    postgres = stand.postgres
    with connect(port=postgres.port, password=postgres.password, database="pay") as admin:
        [[account]] = admin.run("SELECT id FROM platform.accounts")
        tenant = Tenant(account, livemode=False)
        since, until = put(admin, tenant, rows)
    return tenant, since, until


def put(admin: Any, tenant: Tenant, rows: int) -> tuple[datetime, datetime]:
    """Give a tenant so many paid charges of the last 30 days; return their time."""
    until = datetime.now(UTC) - timedelta(minutes=5)
    since = until - timedelta(days=_DAYS)
    start = new_id("ch", int((since + timedelta(days=_DAYS // 2)).timestamp() * 1000))[:-_TAIL]
    places = (
        f"substr('{ALPHABET}', ((n >> {5 * place}) & 31) + 1, 1)"
        for place in range(_TAIL - 1, -1, -1)
    )
    public_id = f"'{start}' || {' || '.join(places)}"
    admin.run(f"SET search_path = {tenant.schema}, pg_catalog")
    admin.run("SET synchronous_commit = off")
    for first in range(1, rows + 1, _AT_ONCE):
        admin.run(
            _CHARGES.format(
                id=public_id,
                fees=_FEES,
                since=since.isoformat(),
                step=_DAYS * 86_400_000_000 // (rows + 1),
                first=first,
                last=min(rows, first + _AT_ONCE - 1),
            )
        )
    admin.run("ANALYZE charges, receipts")
    return since, until
