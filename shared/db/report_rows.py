"""What reports are made of: slices of a tenant's rows, each one short transaction and one value.

A slice is one JSON text, which the server writes and msgspec reads many times as fast as the driver
reads rows. No transaction may last longer than 5 s, so a report is no snapshot: its bounds are ids,
below which nothing is added any more, and each row is as it is when its slice is read. What the
ledger has never changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.invoice import FEE_ACCOUNTS, MERCHANTS
from shared.operations.report_store import Slice

ROWS_AT_ONCE: Final = 5_000
POSTINGS_AT_ONCE: Final = 20_000
STATED_AT_ONCE: Final = 2_000


def _time(column: str) -> str:
    """Return a time as a text of Douala's clock."""
    return f"to_char({column} AT TIME ZONE 'Africa/Douala', 'YYYY-MM-DD HH24:MI:SS')"


def _lines(column: str, *lines: str) -> str:
    """Return the sum of those of a payment's lines that its merchant bears."""
    wanted = ", ".join(f"'{line}'" for line in lines)
    return f"""COALESCE((SELECT sum((l->>'amount')::bigint) FROM jsonb_array_elements({column}) AS l
        WHERE l->>'borne_by' = 'merchant' AND l->>'line' IN ({wanted})), 0)::bigint"""


def _owed(column: str, kind: str) -> str:
    """Return the sum of what is owed at accounts of a kind."""
    return f"""COALESCE((SELECT sum(o.value::bigint) FROM jsonb_each_text({column}) AS o
        WHERE o.key LIKE '{kind}:%'), 0)::bigint"""


# The columns of `report_tables._PAYMENT`, in their order.
CHARGES: Final = Statement(f"""
SELECT count(*), max(c.id), json_agg(json_build_array(
    'charge', c.id, {_time("c.created_at")}, {_time("c.succeeded_at")}, c.status,
    c.amount, c.fee, c.tax, CASE WHEN c.status = 'succeeded' THEN c.amount - c.fee - c.tax ELSE 0
    END, c.amount_refunded, c.amount_reversed,
    c.currency, c.operator, c.phone, c.operator_transaction_id, NULL, c.reference,
    c.description, c.failure_code, c.balance_transaction, c.number) ORDER BY c.id)::text
FROM (
    SELECT c.*, r.number,
           CASE WHEN c.status = 'succeeded' AND c.fee_lines <> '[]'
                THEN {_lines("c.fee_lines", "platform", "operator")} ELSE 0 END AS fee,
           CASE WHEN c.status = 'succeeded' AND c.fee_lines <> '[]'
                THEN {_lines("c.fee_lines", "transfer_tax", "levy", "vat")} ELSE 0 END AS tax
    FROM charges c LEFT JOIN receipts r ON r.charge_id = c.id
    WHERE c.id > :after::text AND c.id < :before::text
    ORDER BY c.id LIMIT :limit::int
) AS c
""")

# What of a charge's fees came back makes a refund cheaper, so what it cost may be below 0. Money
# that came late was never the merchant's.
REFUNDS: Final = Statement(f"""
SELECT count(*), max(r.id), json_agg(json_build_array(
    'refund', r.id, {_time("r.created_at")}, {_time("r.ended_at")}, r.status,
    r.amount, r.fee, r.tax, CASE WHEN r.status = 'succeeded' AND r.late_payment_id IS NULL
    THEN -(r.amount + r.fee + r.tax) ELSE 0 END, 0, 0,
    r.currency, r.operator, r.phone, r.operator_transaction_id, r.charge_id, NULL,
    r.reason, r.failure_code, r.balance_transaction, r.number) ORDER BY r.id)::text
FROM (
    SELECT r.*, p.number,
           CASE WHEN r.status = 'failed' THEN 0 ELSE
               {_lines("r.fee_lines", "platform", "operator")}
               - {_owed("r.returned", "fees")} END AS fee,
           CASE WHEN r.status = 'failed' THEN 0 ELSE
               {_lines("r.fee_lines", "transfer_tax", "levy", "vat")}
               - {_owed("r.returned", "taxes")} END AS tax
    FROM refunds r LEFT JOIN receipts p ON p.charge_id = r.id
    WHERE r.id > :after::text AND r.id < :before::text
    ORDER BY r.id LIMIT :limit::int
) AS r
""")

# The columns of `report_tables._PAYOUT`, in their order. Of what was not paid nothing was taken.
PAYOUTS: Final = Statement(f"""
SELECT count(*), max(r.id), json_agg(json_build_array(
    r.id, {_time("r.created_at")}, {_time("r.ended_at")},
    CASE WHEN r.amount_returned >= r.amount THEN 'returned' ELSE r.status END,
    r.amount, r.fee, r.tax, r.amount_returned,
    r.currency, r.operator, r.phone, r.operator_transaction_id, r.name, r.batch_id, r.reference,
    r.description, r.failure_code, r.balance_transaction, r.number) ORDER BY r.id)::text
FROM (
    SELECT r.*, p.number,
           CASE WHEN r.status IN ('failed', 'canceled', 'rejected', 'expired') THEN 0
                ELSE {_owed("r.fees", "fees")} END AS fee,
           CASE WHEN r.status IN ('failed', 'canceled', 'rejected', 'expired') THEN 0
                ELSE {_owed("r.fees", "taxes")} END AS tax
    FROM payouts r LEFT JOIN receipts p ON p.charge_id = r.id
    WHERE r.id > :after::text AND r.id < :before::text
    ORDER BY r.id LIMIT :limit::int
) AS r
""")

# What a transaction took of the merchant is what it posted to accounts of fees, if it moved money
# of the merchant's too: as invoices count.
FEES: Final = Statement(f"""
WITH slice AS MATERIALIZED (
    SELECT t.id, t.kind, t.object_id, t.created_at FROM ledger_transactions t
    WHERE t.id > :after::text AND t.id < :before::text
    ORDER BY t.id LIMIT :limit::int
)
SELECT (SELECT count(*) FROM slice), (SELECT max(id) FROM slice), (
    SELECT json_agg(json_build_array(s.id, {_time("s.created_at")}, s.kind, s.object_id, p.code,
                                     -p.amount) ORDER BY s.id, p.position)::text
    FROM slice s JOIN postings p ON p.transaction_id = s.id
    WHERE p.code = ANY(:fee_accounts::text[]) AND p.amount <> 0 AND EXISTS (
        SELECT FROM postings m WHERE m.transaction_id = s.id AND m.code = ANY(:merchants::text[])))
""")

BALANCE: Final = Statement("""
WITH slice AS MATERIALIZED (
    SELECT t.id, t.kind, t.id < :start::text AS is_before FROM ledger_transactions t
    WHERE t.id > :after::text AND t.id < :before::text
    ORDER BY t.id LIMIT :limit::int
),
moved AS (
    SELECT s.is_before, s.kind, p.code, sum(p.amount)::bigint AS amount
    FROM slice s JOIN postings p ON p.transaction_id = s.id
    WHERE p.code = ANY(:merchants::text[])
    GROUP BY s.is_before, s.kind, p.code
)
SELECT (SELECT count(*) FROM slice), (SELECT max(id) FROM slice), (
    SELECT json_agg(json_build_array(is_before, kind, code, amount))::text FROM moved)
""")


def _stated(kind: str, table: str, ended: str, reference: str) -> Statement:
    """Return what succeeded of a kind, each with what the operator's statements say of it."""
    return Statement(f"""
WITH slice AS MATERIALIZED (
    SELECT id, status, created_at, {ended} AS ended_at, operator, amount, operator_transaction_id,
           {reference} AS reference
    FROM {table}
    WHERE id > :after::text AND id < :before::text
    ORDER BY id LIMIT :limit::int
),
paid AS MATERIALIZED (SELECT * FROM slice WHERE status = 'succeeded')
SELECT (SELECT count(*) FROM slice), (SELECT max(id) FROM slice), (
    SELECT json_agg(json_build_array(
        '{kind}', p.id, {_time("p.created_at")}, {_time("p.ended_at")}, p.operator, p.amount,
        p.operator_transaction_id, p.reference, COALESCE(s.state, 'not_stated'), s.amount,
        {_time("s.booked_at")}) ORDER BY p.id)::text
    FROM paid p LEFT JOIN platform.stated_payments((SELECT array_agg(id) FROM paid)) s
      ON s.payment = p.id)
""")


@dataclass(frozen=True, slots=True)
class _Query:
    """A statement that reads a slice, its size, and what it is asked with beside the bounds."""

    statement: Statement
    at_once: int
    more: tuple[str, ...] = ()


_QUERIES: Final = {
    "charges": _Query(CHARGES, ROWS_AT_ONCE),
    "refunds": _Query(REFUNDS, ROWS_AT_ONCE),
    "payouts": _Query(PAYOUTS, ROWS_AT_ONCE),
    "fees": _Query(FEES, ROWS_AT_ONCE, ("fee_accounts", "merchants")),
    "balance": _Query(BALANCE, POSTINGS_AT_ONCE, ("merchants", "start")),
    "stated_charges": _Query(
        _stated("charge", "charges", "succeeded_at", "reference"), STATED_AT_ONCE
    ),
    "stated_refunds": _Query(_stated("refund", "refunds", "ended_at", "reason"), STATED_AT_ONCE),
    "stated_payouts": _Query(_stated("payout", "payouts", "ended_at", "reference"), STATED_AT_ONCE),
}
_ROWS: Final = msgspec.json.Decoder(list[list[Any]])


class ReportSlices:
    """ReportRows of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def slices(self, source: str, *, after: str, start: str, before: str) -> Iterator[Slice]:
        """Yield what lies between two ids, in their order, a few thousand at a time.

        `start` parts what was before a stretch of time from what is in it.
        """
        query = _QUERIES[source]
        known = {"fee_accounts": list(FEE_ACCOUNTS), "merchants": list(MERCHANTS), "start": start}
        more = {name: known[name] for name in query.more}
        seen = query.at_once
        while seen == query.at_once:
            given: dict[str, Any] = {"after": after, "before": before, "limit": query.at_once}
            given |= more
            [[seen, last, found]] = self._database.once(self._tenant, query.statement, **given).rows
            if seen:
                after = last
                yield Slice(_ROWS.decode(found) if found else (), last)
