"""Empties an account's test mode: what it sold in play is gone, how it is set up stays.

Ledger, events and history grow only, and no other login can delete a row of them. TRUNCATE takes
milliseconds whatever there is; a worker in the midst waits, or is waited for, and finds then that
its charge is not there.
"""

from collections.abc import Callable
from time import sleep
from typing import Final

from sqlalchemy import Engine, text

from shared.db.audit import entry_values
from shared.db.owner import owner_transaction
from shared.db.provisioning import APPEND_ENTRY
from shared.domain.account import Tenant
from shared.domain.audit import Origin
from shared.domain.events import IDENTITY_DUE, NOTIFICATION_DUE
from shared.domain.test_clock import NOTICE

EMPTIED: Final = (
    "charges",
    "customers",
    "refunds",
    "payouts",
    "adjustments",
    "payout_batches",
    "provider_attempts",
    "state_changes",
    "receipts",
    "ledger_transactions",
    "postings",
    "ledger_seals",
    "idempotency_keys",
    "consumed_messages",
    "events",
    "webhook_deliveries",
    "files",
    "payment_pages",
    "reports",
)
KEPT: Final = frozenset(
    {"ledger_accounts", "webhook_endpoints", "audit_entries", "alembic_version"}
)
"""Tables that stay; the balances in the ledger's accounts become 0."""

FORGOTTEN: Final = (
    "callback_tokens",
    "public_codes",
    "event_feed",
    "payment_index",
    "cases",
    "endings",
    "bookings",
    "lost_intents",
    "dead_letters",
    "invoices",
)
"""Tables of the platform that lose the mode's rows."""

REMEMBERED: Final = frozenset(
    {
        "account_accesses",
        "account_schemas",
        "api_keys",
        "dated_rules",
        "due_work",
        "float_moves",
        "settlement_rules",
        "invoice_series",
        "ledger_archives",
        "notifications",
        "outbox",
        "request_logs",
        "stream_tickets",
    }
)
"""Those that keep them; of what is due only the endpoints' rows, at rest, and what an owner has set
to be paid, and of the outbox what people, and Keycloak of people, are still to be told."""

# Ids that only these rows name: a callback for a token that is gone is 404 and stores nothing.
_OF_TEST_MODE: Final = "account_id = :account AND NOT livemode"
_FORGET: Final = (
    text("""
DELETE FROM platform.callback_inbox i USING platform.callback_tokens t
WHERE i.token_hash = t.token_hash AND t.account_id = :account AND NOT t.livemode
"""),
    *(text(f"DELETE FROM platform.{table} WHERE {_OF_TEST_MODE}") for table in FORGOTTEN),
    text(f"""
DELETE FROM platform.outbox
WHERE {_OF_TEST_MODE} AND topic NOT IN ('{NOTIFICATION_DUE}', '{IDENTITY_DUE}')
"""),
    text(f"""
DELETE FROM platform.due_work WHERE {_OF_TEST_MODE} AND kind NOT IN ('webhook', 'settlement')
"""),
    text(f"""
UPDATE platform.due_work SET due_at = 'infinity', lease_until = NULL
WHERE {_OF_TEST_MODE} AND kind = 'webhook'
"""),
)


# What stays as it was set up goes on by the machine's time, from the month and moment that it is.
_PUT_BACK: Final = text("DELETE FROM platform.test_clocks WHERE account_id = :account")
_BRING_BACK: Final = (
    text(f"""
UPDATE platform.invoice_series
SET month = LEAST(month, date_trunc('month', now() AT TIME ZONE 'Africa/Douala')::date),
    counted_id = '', lines = '[]'
WHERE {_OF_TEST_MODE}
"""),
    text(f"""
UPDATE platform.due_work SET due_at = LEAST(due_at, now()), lease_until = NULL
WHERE {_OF_TEST_MODE} AND kind = 'settlement' AND done_at IS NULL
"""),
    text(f"""
UPDATE platform.settlement_rules SET set_at = LEAST(set_at, now()) WHERE {_OF_TEST_MODE}
"""),
)


def delete_test_data(
    engine: Engine, tenant: Tenant, origin: Origin, *, wait: Callable[[float], None] = sleep
) -> int:
    """Empty the test mode of an account; return how many charges it had. Raises Unavailable.

    Its clock goes back to the machine's. Until everybody knows, something may still be made in what
    was the future: that goes too. Raises ValueError for the live mode, whatever led here.
    """
    if tenant.livemode:
        raise ValueError("the live mode is never emptied")
    count, was_ahead = _empty(engine, tenant, origin)
    if was_ahead:
        wait(NOTICE.total_seconds())
        count += _empty(engine, tenant, origin)[0]
    return count


def _empty(engine: Engine, tenant: Tenant, origin: Origin) -> tuple[int, bool]:
    """Return how many charges there were, and whether the clock had been moved."""
    schema = f'"{tenant.schema}"'
    tables = ", ".join(f"{schema}.{table}" for table in EMPTIED)
    with owner_transaction(engine) as connection:
        # One lock for all of them, and the same first one as every worker's statement.
        connection.exec_driver_sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        count = connection.exec_driver_sql(f"SELECT count(*) FROM {schema}.charges").scalar_one()
        connection.exec_driver_sql(f"TRUNCATE {tables}")
        connection.exec_driver_sql(f"UPDATE {schema}.ledger_accounts SET balance = 0")
        for statement in _FORGET:
            connection.execute(statement, {"account": tenant.account})
        was_ahead = connection.execute(_PUT_BACK, {"account": tenant.account}).rowcount > 0
        if was_ahead:
            endpoints = f"UPDATE {schema}.webhook_endpoints SET failing_since = NULL"
            connection.exec_driver_sql(endpoints)
            for statement in _BRING_BACK:
                connection.execute(statement, {"account": tenant.account})
        before = {"charges": count}
        entry = origin.entry("test_data.deleted", "account", tenant.account, before=before)
        connection.exec_driver_sql(f"SET LOCAL search_path = {schema}, pg_catalog")
        connection.execute(APPEND_ENTRY, entry_values(entry))
    return int(count), was_ahead
