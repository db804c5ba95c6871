"""Everything that is stored, in a form that two moments can be compared by."""

from typing import Any, Final

from pg8000.native import Connection

from shared.domain.account import Tenant

TENANT_TABLES: Final = (
    "charges",
    "customers",
    "refunds",
    "payouts",
    "adjustments",
    "payout_batches",
    "reports",
    "provider_attempts",
    "state_changes",
    "receipts",
    "ledger_accounts",
    "ledger_transactions",
    "postings",
    "ledger_seals",
    "idempotency_keys",
    "consumed_messages",
    "events",
    "webhook_endpoints",
    "webhook_deliveries",
    "audit_entries",
    "files",
    "payment_pages",
)
PLATFORM_TABLES: Final = (
    "accounts",
    "account_schemas",
    "api_keys",
    "operator_accounts",
    "dated_rules",
    "callback_tokens",
    "callback_inbox",
    "public_codes",
    "outbox",
    "event_feed",
    "due_work",
    "payment_index",
    "cases",
    "endings",
    "bookings",
    "statements",
    "statement_lines",
    "statement_days",
    "statement_drops",
    "statement_drop_place",
    "dead_letters",
    "invitations",
    "members",
    "audit_entries",
    "rate_counters",
    "request_logs",
    "breakers",
    "touches",
    "spare_accounts",
    "payer_numbers",
    "velocity_counters",
    "payee_amounts",
    "payout_rates",
    "send_rates",
    "journal_reads",
    "lost_intents",
    "settlement_rules",
    "ledger_archives",
    "invoice_series",
    "invoices",
    "float_claims",
    "float_readings",
    "float_moves",
    "own_accounts",
    "own_transactions",
    "own_postings",
    "notifications",
    "account_accesses",
    "account_documents",
    "account_proposals",
    "customer_challenges",
    "customer_sessions",
    "customer_tries",
    "stream_tickets",
    "test_clocks",
)

# When a key was used is written beside the requests, some time after them, and so is what was
# asked; and a request that is refused is a request all the same.
_SEEN: Final = {
    "platform.rate_counters": "(SELECT FROM platform.rate_counters WHERE false)",
    "platform.request_logs": "(SELECT FROM platform.request_logs WHERE false)",
    "platform.send_rates": "(SELECT FROM platform.send_rates WHERE false)",
    "platform.api_keys": "(SELECT to_jsonb(k) - 'last_used_at' FROM platform.api_keys k)",
}


class Rows:
    """The rows of some tenants and of the platform."""

    def __init__(self, connection: Connection, tenants: tuple[Tenant, ...]) -> None:
        """`connection` sees all schemas."""
        self._connection = connection
        self._tenants = tenants
        tables = [f'"{t.schema}".{name}' for t in tenants for name in TENANT_TABLES]
        tables += [f"platform.{name}" for name in PLATFORM_TABLES]
        self._everything = " UNION ALL ".join(
            f"SELECT '{table}', count(*), sum(hash_record_extended(r, 0))::text"
            f" FROM {_SEEN.get(table, table)} r"
            for table in tables
        )

    def snapshot(self) -> dict[str, tuple[int, str]]:
        """Count of each table, and the sum of its rows' hashes of 64 bits each."""
        found = self._connection.run(self._everything)
        return {table: (count, digest) for table, count, digest in found}

    def of(self, table: str, where: str = "true", **values: object) -> list[dict[str, Any]]:
        """The rows of a tenant's own table, by column."""
        return self._select(f'"{self._tenants[0].schema}".{table}', where, values)

    def platform(self, table: str, where: str = "true", **values: object) -> list[dict[str, Any]]:
        """The rows of this account in a platform table."""
        account = self._tenants[0].account
        return self._select(
            f"platform.{table}",
            f"account_id = :account AND ({where})",
            {**values, "account": account},
        )

    def run(self, sql: str, **values: object) -> list[list[Any]]:
        """Run any statement past all rights."""
        rows: list[list[Any]] | None = self._connection.run(sql, **values)
        return rows or []

    def _select(self, table: str, where: str, values: dict[str, object]) -> list[dict[str, Any]]:
        found = self._connection.run(f"SELECT * FROM {table} WHERE {where}", **values)
        names = [column["name"] for column in self._connection.columns or []]
        return [dict(zip(names, row, strict=True)) for row in found or []]
