"""What merchants read of their own books: each change of the balance, and the balance of a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from shared.db.charge_rows import fee_lines_from
from shared.db.statement import Statement
from shared.domain.balance_transaction import BalanceTransaction
from shared.domain.fees import FeeLine
from shared.domain.ledger import OF_A_CHARGE_PENDING, lines_owed

# A line is pending as long as any of its charge's money is, if it was pending money that it moved.
BALANCE_TRANSACTION: Final = """
SELECT t.id, t.kind, COALESCE(a.object_id, t.object_id),
       COALESCE(o.amount, b.amount, r.amount, c.amount, own.amount, 0),
       CASE WHEN r.id IS NULL THEN c.fee_lines ELSE r.fee_lines END, COALESCE(o.fees, b.fees),
       t.created_at,
       CASE WHEN was.pending
            THEN GREATEST(t.created_at, c.succeeded_at + make_interval(secs => c.hold_seconds))
            ELSE t.created_at END,
       was.pending AND COALESCE((
           SELECT sum(p.amount) FROM ledger_transactions x
           JOIN postings p ON p.transaction_id = x.id AND p.code = 'pending'
           WHERE x.kind = ANY(:pending_kinds::text[]) AND x.object_id IN (
               SELECT c.id UNION ALL SELECT f.id FROM refunds f WHERE f.charge_id = c.id)), 0) < 0,
       r.returned
FROM ledger_transactions t
LEFT JOIN refunds r ON r.id = t.object_id
LEFT JOIN payouts o ON o.id = t.object_id
LEFT JOIN LATERAL (
    SELECT x.id, CASE WHEN t.kind = 'payout_batch_given_back' THEN x.returned_amount
                      ELSE x.amount END AS amount,
           CASE WHEN t.kind = 'payout_batch_given_back' THEN x.returned_fees ELSE x.fees END AS fees
    FROM payout_batches x WHERE x.id = t.object_id) AS b ON true
LEFT JOIN charges c ON c.id = COALESCE(r.charge_id, t.object_id)
LEFT JOIN adjustments a ON a.id = t.object_id
LEFT JOIN LATERAL (
    SELECT -sum(p.amount)::bigint AS amount FROM postings p
    WHERE p.transaction_id = t.id AND p.code IN ('available', 'held', 'pending')) AS own
  ON a.id IS NOT NULL
CROSS JOIN LATERAL (
    SELECT COALESCE(r.from_pending > 0, COALESCE(o.id, b.id, a.id) IS NULL) AS pending) AS was
WHERE t.kind = ANY(:kinds::text[]) AND COALESCE(o.id, b.id, c.id, a.id) IS NOT NULL"""

_PAGE: Final = """
  AND t.id > :after::text AND t.id < :before::text
  AND (:created_from::bigint IS NULL OR t.created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR t.created_at < to_timestamp(:created_until::bigint))
ORDER BY t.id"""
# Of one object there are a few, found by its id; all of them are found by theirs, in order.
_ALL: Final = f"{BALANCE_TRANSACTION}{_PAGE}"
_OF_ONE: Final = f"""{BALANCE_TRANSACTION} AND t.object_id IN (
    SELECT :source::text UNION ALL
    SELECT id FROM adjustments WHERE object_id = :source::text){_PAGE}"""
NEWEST: Final = Statement(f"{_ALL} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{_ALL} LIMIT :limit::int")
NEWEST_OF_ONE: Final = Statement(f"{_OF_ONE} DESC LIMIT :limit::int")
OLDEST_OF_ONE: Final = Statement(f"{_OF_ONE} LIMIT :limit::int")
FIND: Final = Statement(f"{BALANCE_TRANSACTION} AND t.id = :id::text")

BALANCES: Final = Statement("SELECT code, balance * normal FROM ledger_accounts")

# Ids sort by time, so what was posted since is one stretch of the postings' key: whoever asks about
# yesterday reads one day.
BALANCES_AT: Final = Statement("""
SELECT a.code, (a.balance - COALESCE(since.amount, 0)) * a.normal
FROM ledger_accounts a
LEFT JOIN (
    SELECT code, sum(amount)::bigint AS amount FROM postings
    WHERE transaction_id >= :first_after::text GROUP BY code
) AS since ON since.code = a.code
""")


def shared_values() -> Mapping[str, Sequence[str]]:
    """Return what every read of balance transactions needs."""
    return {"pending_kinds": list(OF_A_CHARGE_PENDING)}


def from_row(row: Sequence[Any]) -> BalanceTransaction:
    """Build one from the columns of `BALANCE_TRANSACTION`, in their order."""
    return BalanceTransaction(
        id=row[0],
        kind=row[1],
        source=row[2],
        moved=row[3],
        fees=_fees_from(row[4] or (), row[5] or {}, row[9] or {}),
        created_at=row[6],
        available_at=row[7],
        is_pending=row[8],
    )


def _fees_from(
    lines: Iterable[Mapping[str, Any]], owed: Mapping[str, int], returned: Mapping[str, int]
) -> tuple[FeeLine, ...]:
    """Return what was taken; what of a charge's fees came back with a refund is below 0."""
    back = (replace(line, amount=-line.amount) for line in lines_owed(returned))
    return (*(fee_lines_from(lines) or lines_owed(owed)), *back)
