"""Something to pay out: what has no way in through the API yet is posted as the books post it."""

from datetime import UTC, datetime
from typing import Final

from knative.local.postgres import connect
from shared.domain.ids import new_id
from tests.end_to_end.merchant import Merchant
from tests.system import LocalSystem

TOP_UP: Final = "top_up"
"""The kind of transaction; the oracle of storms knows it by this word."""


def top_up(
    system: LocalSystem, merchant: Merchant, amount: int, *, at: datetime | None = None
) -> None:
    """Make an amount in whole XAF available to a merchant, at our own cost; below 0 it is a fee.

    `at` is when, for a ledger that is older than the test; now where it is not given.
    """
    moment = at or datetime.now(UTC)
    password = (system.data_dir / "postgres_superuser").read_text(encoding="utf-8").strip()
    transaction = new_id("txn", int(moment.timestamp() * 1000))
    values = {"id": transaction, "account": merchant.account}
    schema = f'"{merchant.schema}"'
    with connect(port=system.ports["postgres"], password=password, database="pay") as connection:
        connection.run("BEGIN")
        connection.run(
            f"INSERT INTO {schema}.ledger_transactions (id, account_id, kind, object_id,"
            " created_at) VALUES (:id, :account, :kind, :id, :at)",
            kind=TOP_UP,
            at=moment,
            **values,
        )
        connection.run(
            f"INSERT INTO {schema}.postings (transaction_id, position, account_id, code, amount)"
            " VALUES (:id, 1, :account, 'fees:platform', CAST(:amount AS bigint)),"
            " (:id, 2, :account, 'available', -CAST(:amount AS bigint))",
            amount=amount,
            **values,
        )
        connection.run(
            f"UPDATE {schema}.ledger_accounts SET balance = balance + CASE code"
            " WHEN 'available' THEN -CAST(:amount AS bigint) ELSE CAST(:amount AS bigint) END"
            " WHERE code IN ('available', 'fees:platform')",
            amount=amount,
        )
        connection.run("COMMIT")
