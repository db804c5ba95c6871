"""Something to pay out: what has no way in through the API yet is posted as the books post it."""

import secrets
from typing import Final

from knative.local.postgres import connect
from tests.end_to_end.merchant import Merchant
from tests.system import LocalSystem

TOP_UP: Final = "top_up"
"""The kind of transaction; the oracle of storms knows it by this word."""


def top_up(system: LocalSystem, merchant: Merchant, amount: int) -> None:
    """Make an amount in whole XAF available to a merchant, at our own cost."""
    password = (system.data_dir / "postgres_superuser").read_text(encoding="utf-8").strip()
    values = {"id": f"txn_{secrets.token_hex(12)}", "account": merchant.account}
    schema = f'"{merchant.schema}"'
    with connect(port=system.ports["postgres"], password=password, database="pay") as connection:
        connection.run("BEGIN")
        connection.run(
            f"INSERT INTO {schema}.ledger_transactions (id, account_id, kind, object_id,"
            " created_at) VALUES (:id, :account, :kind, :id, now())",
            kind=TOP_UP,
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
