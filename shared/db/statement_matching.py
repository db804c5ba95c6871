"""Matches statements with the platform's index of payments, by the workers' login.

No tenant is entered: the index says of a payment what a statement says, and no more. Each batch is
one transaction that holds the statement's row, so that two workers never judge the same lines.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.statement_uploads import FIND
from shared.db.transaction import Database, Transaction
from shared.domain.case import CHECKS
from shared.domain.ids import LENGTH, encode, new_id
from shared.domain.operator_statement import (
    PAID,
    Earlier,
    JudgedLine,
    KnownPayment,
    OperatorStatement,
    StatementCase,
    StatementLine,
)
from shared.domain.receipt import DOUALA
from shared.operations.ingest_statement import cases_of, line_id
from shared.operations.statement_store import Absent, Decide

PREFIXES: Final = ("ch", "po", "rf")
"""Of the ids of what statements tell of. Ids are in the order of time: a day is a range of them."""
_RANDOM_BITS: Final = 72

HOLD: Final = Statement("""
SELECT lines_done, processed_at IS NOT NULL FROM platform.statements
WHERE id = :id::text FOR UPDATE
""")

_PAYMENT: Final = """
    SELECT p.object_id, p.kind, p.account_id, p.livemode, p.state, p.amount, p.operator_id,
        p.created_at
    FROM platform.payment_index p WHERE p.operator_account_id = :operator_account::text"""

# By the keys in their order: what came late by the operator's transaction, since the charge that it
# was asked for has failed; our reference, Orange's payToken, our own id.
FIND_PAYMENTS: Final = Statement(f"""
SELECT w.number, p.*
FROM jsonb_to_recordset(:keys::jsonb) AS w(number int, transaction_id text,
    reference text, external_id text)
CROSS JOIN LATERAL (
    {_PAYMENT} AND p.kind = 'late_payment' AND p.operator_id = w.transaction_id
    UNION ALL
    {_PAYMENT} AND p.reference = w.reference
    UNION ALL
    {_PAYMENT} AND p.operator_reference = w.reference
    UNION ALL
    {_PAYMENT} AND p.object_id = w.external_id
    LIMIT 1
) AS p
""")

FIND_TRANSACTIONS: Final = Statement("""
SELECT transaction_id FROM platform.statement_lines
WHERE statement_id = :id::text AND transaction_id = ANY(:transactions::text[])
""")

FIND_TAKEN: Final = Statement("""
SELECT DISTINCT ON (object_id, kind) object_id, kind, transaction_id
FROM platform.statement_lines WHERE object_id = ANY(:payments::text[])
ORDER BY object_id, kind, booked_at, transaction_id
""")

ADD_LINES: Final = Statement("""
INSERT INTO platform.statement_lines (statement_id, number, booked_at, transaction_id, reference,
    external_id, kind, amount, fee, state, object_id)
SELECT :id::text, l.number, l.booked_at, l.transaction_id, l.reference, l.external_id, l.kind,
    l.amount, l.fee, l.state, l.object_id
FROM jsonb_to_recordset(:lines::jsonb) AS l(number int, booked_at timestamptz, transaction_id text,
    reference text, external_id text, kind text, amount bigint, fee bigint, state text,
    object_id text)
""")

# A line is a hint: what is not paid for us is read, and only the read is believed.
HASTEN: Final = Statement("""
UPDATE platform.due_work SET due_at = LEAST(due_at, :at::timestamptz), done_at = NULL
WHERE object_id = ANY(:payments::text[]) AND kind = ANY(:kinds::text[])
""")

COUNT_DONE: Final = Statement("""
UPDATE platform.statements SET lines_done = :lines_done::int WHERE id = :id::text
""")

# Once for each object and reason, whether it is open or a person has closed it.
OPEN_CASES: Final = Statement("""
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at,
    statement_id)
SELECT c.id, c.kind, c.account_id, c.livemode, c.object_id, c.reason, :at::timestamptz,
    :statement_id::text
FROM jsonb_to_recordset(:cases::jsonb) AS c(id text, kind text, account_id text, livemode boolean,
    object_id text, reason text)
WHERE NOT EXISTS (SELECT FROM platform.cases k
                  WHERE k.object_id = c.object_id AND k.reason = c.reason)
ON CONFLICT DO NOTHING
""")

COVER: Final = Statement("""
INSERT INTO platform.statement_days (operator_account_id, day, statement_id)
SELECT :operator_account::text, day::date, :id::text
FROM generate_series(:first_day::date, :last_day::date, interval '1 day') AS day
ON CONFLICT DO NOTHING
""")

# A day can be judged when the one after it is covered too.
DECIDABLE: Final = Statement("""
SELECT d.day FROM platform.statement_days d
JOIN platform.statement_days n
  ON n.operator_account_id = d.operator_account_id AND n.day = d.day + 1
WHERE d.operator_account_id = :operator_account::text
  AND d.day BETWEEN :first_day::date - 1 AND :last_day::date
ORDER BY d.day
""")

ABSENT: Final = Statement("""
SELECT p.* FROM unnest(:froms::text[], :untils::text[]) AS w(first, behind)
CROSS JOIN LATERAL (
    SELECT object_id, kind, account_id, livemode FROM platform.payment_index p
    WHERE object_id >= w.first AND object_id < w.behind AND object_id > :after::text
      AND operator_account_id = :operator_account::text AND state = ANY(:paid::text[])
      AND NOT EXISTS (SELECT FROM platform.statement_lines l WHERE l.object_id = p.object_id)
    ORDER BY object_id LIMIT :limit::int
) AS p
ORDER BY p.object_id LIMIT :limit::int
""")

FINISH: Final = Statement("""
UPDATE platform.statements SET processed_at = :at::timestamptz
WHERE id = :id::text AND processed_at IS NULL
""")


class StatementMatching:
    """StatementStore in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the workers; nothing is opened yet."""
        self._database = database

    def find(self, statement_id: str) -> OperatorStatement | None:
        """Return a statement, or None."""
        rows = self._database.once(None, FIND, id=statement_id).rows
        return OperatorStatement(*rows[0]) if rows else None

    def keep(
        self,
        statement: OperatorStatement,
        lines: Sequence[StatementLine],
        decide: Decide,
        *,
        at: datetime,
    ) -> bool:
        """Judge these lines and keep them with their cases; False where another one was first."""
        with self._database.platform() as transaction:
            [[done, is_processed]] = transaction.run(HOLD, id=statement.id)
            if is_processed or done != lines[0].number - 1:
                return False
            payments = _payments(transaction, statement, lines)
            earlier = _earlier(transaction, statement, lines, payments)
            judged = decide(payments, earlier)
            written = json.dumps([_line(statement, each) for each in judged])
            transaction.run(ADD_LINES, id=statement.id, lines=written)
            _open(transaction, statement, cases_of(judged, statement), at)
            _hasten(transaction, judged, at)
            transaction.run(COUNT_DONE, id=statement.id, lines_done=lines[-1].number)
        return True

    def cover(self, statement: OperatorStatement) -> Sequence[date]:
        """Keep which whole days it covers; return those that a payment can be missing on now."""
        days = {
            "operator_account": statement.operator_account,
            "first_day": statement.first_day.isoformat(),
            "last_day": statement.last_whole_day.isoformat(),
        }
        with self._database.platform() as transaction:
            transaction.run(COVER, id=statement.id, **days)
            return [day for [day] in transaction.run(DECIDABLE, **days)]

    def absent(
        self, statement: OperatorStatement, day: date, *, after: str, limit: int
    ) -> Sequence[Absent]:
        """Return payments made on a day that no statement has, by their ids, behind one."""
        first, behind = _moment(day), _moment(day + timedelta(days=1))
        rows = self._database.once(
            None,
            ABSENT,
            froms=[f"{prefix}_{first}" for prefix in PREFIXES],
            untils=[f"{prefix}_{behind}" for prefix in PREFIXES],
            after=after,
            operator_account=statement.operator_account,
            paid=sorted(PAID),
            limit=limit,
        ).rows
        return [Absent(*row) for row in rows]

    def open_cases(
        self, statement: OperatorStatement, cases: Sequence[StatementCase], *, at: datetime
    ) -> None:
        """Open a case for each, once for each payment and reason, however it was closed."""
        with self._database.platform() as transaction:
            _open(transaction, statement, cases, at)

    def finish(self, statement: OperatorStatement, *, at: datetime) -> None:
        """Say that it is processed."""
        self._database.once(None, FINISH, id=statement.id, at=at)


def _payments(
    transaction: Transaction, statement: OperatorStatement, lines: Sequence[StatementLine]
) -> dict[int, KnownPayment]:
    keys = [
        {
            "number": line.number,
            "transaction_id": line.transaction_id,
            "reference": line.reference,
            "external_id": line.external_id,
        }
        for line in lines
    ]
    rows = transaction.run(
        FIND_PAYMENTS, keys=json.dumps(keys), operator_account=statement.operator_account
    )
    return {number: KnownPayment(*columns) for number, *columns in rows}


def _earlier(
    transaction: Transaction,
    statement: OperatorStatement,
    lines: Sequence[StatementLine],
    payments: Mapping[int, KnownPayment],
) -> Earlier:
    transactions = [line.transaction_id for line in lines]
    seen = transaction.run(FIND_TRANSACTIONS, id=statement.id, transactions=transactions)
    ids = sorted({payment.id for payment in payments.values()})
    taken = transaction.run(FIND_TAKEN, payments=ids)
    return Earlier(
        frozenset(each for [each] in seen),
        {(payment, kind): first for payment, kind, first in taken},
    )


def _hasten(transaction: Transaction, lines: Sequence[JudgedLine], at: datetime) -> None:
    unpaid = {
        line.payment.id
        for line in lines
        if line.payment is not None and line.payment.state not in PAID
    }
    if unpaid:
        kinds = sorted(set(CHECKS.values()))
        transaction.run(HASTEN, payments=sorted(unpaid), kinds=kinds, at=at)


def _open(
    transaction: Transaction,
    statement: OperatorStatement,
    cases: Sequence[StatementCase],
    at: datetime,
) -> None:
    if not cases:
        return
    written = [
        {
            "id": new_id("case", int(at.timestamp() * 1000)),
            "kind": case.kind,
            "account_id": case.account,
            "livemode": case.livemode,
            "object_id": case.object_id,
            "reason": case.reason,
        }
        for case in cases
    ]
    transaction.run(OPEN_CASES, cases=json.dumps(written), statement_id=statement.id, at=at)


def _line(statement: OperatorStatement, judged: JudgedLine) -> dict[str, Any]:
    line, payment = judged.line, judged.payment
    own_id = line_id(statement.operator_account, line)
    return {
        "number": line.number,
        "booked_at": line.at.isoformat(),
        "transaction_id": line.transaction_id,
        "reference": line.reference,
        "external_id": line.external_id,
        "kind": line.kind.value,
        "amount": line.amount,
        "fee": line.fee,
        "state": judged.state.value,
        "object_id": own_id if payment is None else payment.id,
    }


def _moment(day: date) -> str:
    """Return what ids made from the beginning of a day of Douala on begin with, at the earliest."""
    begins = datetime(day.year, day.month, day.day, tzinfo=DOUALA)
    return encode(int(begins.timestamp() * 1000) << _RANDOM_BITS, LENGTH)
