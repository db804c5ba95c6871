"""The books in SQL: parts that any statement with a `gate` takes in to post one transaction.

Sums per account come in already aggregated, rows are locked in code order, and each update has its
floor in the predicate. A statement that ends with `WHOLE` is aborted unless every account moved.
"""

from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db.transaction import constraint_of
from shared.domain.ledger import Transaction

# `gate` yields the object's id, once, or nothing is posted.
LEDGER_PARTS: Final = """
booked AS (
    INSERT INTO ledger_transactions (id, account_id, kind, object_id, created_at)
    SELECT :transaction_id::text, :account::text, :transaction_kind::text, id, :at::timestamptz
    FROM gate
),
lines AS (
    INSERT INTO postings (transaction_id, position, account_id, code, amount)
    SELECT :transaction_id::text, p.position, :account::text, p.code, p.amount
    FROM gate, unnest(:codes::text[], :amounts::bigint[])
        WITH ORDINALITY AS p(code, amount, position)
),
locked AS MATERIALIZED (
    SELECT code FROM ledger_accounts
    WHERE code = ANY(:touched::text[]) AND EXISTS (SELECT FROM gate)
    ORDER BY code FOR UPDATE
),
moved AS (
    UPDATE ledger_accounts a SET balance = a.balance + d.delta
    FROM locked l, unnest(:touched::text[], :deltas::bigint[]) AS d(code, delta)
    WHERE a.code = l.code AND d.code = l.code
      AND (a.floor IS NULL OR (a.balance + d.delta) * a.normal >= a.floor)
    RETURNING a.code
)"""

WHOLE: Final = """
platform.require_whole_posting(
    (SELECT count(*) FROM moved),
    (SELECT count(*) FROM gate) * cardinality(:touched::text[]))"""

_FLOOR: Final = "ledger_accounts_floor"


def posting_values(posting: Transaction) -> dict[str, Any]:
    """Return the values of `LEDGER_PARTS` beside `account` and `at`."""
    totals = posting.by_account()
    return {
        "transaction_id": posting.id,
        "transaction_kind": posting.kind,
        "codes": [line.account for line in posting.postings],
        "amounts": [line.amount for line in posting.postings],
        "touched": list(totals),
        "deltas": list(totals.values()),
    }


def is_refused(error: DatabaseError) -> bool:
    """Whether the books refused: an account is missing or would fall below its floor."""
    return constraint_of(error) == _FLOOR
