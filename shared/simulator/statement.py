"""Writes an operator account's statement of some days from the books, as CSV `statement.v1`.

What real statements of MTN and Orange look like nobody published; this one has what any must have:
whose it is, of which days, what moved, and what was there before and after. Its first record names
version, account, currency, first and last day and the opening balance, its last one the number of
lines and the closing balance, so that a file that was cut short shows it. Days are those of Douala,
which begin an hour before UTC's all year. Amounts have their sign: money in is positive.

    statement.v1,<account>,XAF,2026-11-03,2026-11-03,120000
    time,transaction_id,reference,external_id,kind,amount,currency,fee,balance_after
    2026-11-03T08:15:02.120394Z,2400000017,<our reference>,<our id>,collection,1500,XAF,0,121500
    end,1,121500
"""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Final

from shared.simulator import floats
from shared.simulator.database import Database, Runner
from shared.simulator.payments import Payment

VERSION: Final = "statement.v1"
COLUMNS: Final = (
    "time",
    "transaction_id",
    "reference",
    "external_id",
    "kind",
    "amount",
    "currency",
    "fee",
    "balance_after",
)
FEE: Final = "fee"
REVERSAL: Final = "reversal"
MOST_LINES: Final = 100_000
LONGEST: Final = timedelta(days=366)
_DOUALA: Final = timedelta(hours=1)

# A payout, and Orange's cash-in, are money out. What a float is filled from is a `transfer`.
_BOOKED: Final = """
  SELECT final_at AS at, financial_transaction_id AS id, reference, external_id,
    CASE WHEN payout = 'refund' THEN 'refund'
         WHEN environment = 'cashin' OR payout IS NOT NULL THEN 'disbursement'
         ELSE 'collection' END AS kind,
    CASE WHEN environment = 'cashin' OR payout IS NOT NULL THEN -amount::numeric
         ELSE amount::numeric END AS amount
  FROM payments
  WHERE api_user = :api_user AND currency = :currency
    AND final_status = 'SUCCESSFUL' AND final_at < :until AND final_at <= :now
  UNION ALL
  SELECT moved_at, 'FM' || id, NULL, NULL, 'transfer', amount FROM float_moves
  WHERE api_user = :api_user AND currency = :currency AND moved_at < :until AND moved_at <= :now
  UNION ALL
  SELECT booked_at, financial_transaction_id, reference, NULL, kind, amount FROM adjustments
  WHERE api_user = :api_user AND currency = :currency AND booked_at < :until AND booked_at <= :now
"""
_LINES: Final = f"""
WITH booked AS ({_BOOKED}),
running AS (SELECT *, sum(amount) OVER (ORDER BY at, id) AS balance_after FROM booked)
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), id, reference, external_id,
  kind, trim_scale(amount)::text, trim_scale(balance_after)::text
FROM running WHERE at >= :since ORDER BY at, id LIMIT {MOST_LINES + 1}
"""  # noqa: S608 - no outside text is in it
_OPENING: Final = f"""
WITH booked AS ({_BOOKED})
SELECT trim_scale(coalesce(sum(amount), 0))::text FROM booked WHERE at < :since
"""  # noqa: S608 - no outside text is in it

# The sign is the other way round than the payment's: what came in goes out again.
_SIGNED: Final = """
SELECT trim_scale(CASE WHEN environment = 'cashin' OR payout IS NOT NULL THEN amount::numeric
  ELSE -amount::numeric END)::text
FROM payments WHERE api_user = :api_user AND reference = :reference
"""


class TooLong(Exception):  # noqa: N818 - the size is the message
    """More lines, or more days, than one statement holds."""


def write(
    database: Database, api_user: str, *, currency: str, first: date, last: date, now: datetime
) -> str:
    """Return the statement of the days from `first` to `last`, both within. Raises TooLong."""
    if last - first >= LONGEST:
        raise TooLong("a statement is of a year at most")
    asked = {
        "api_user": api_user,
        "currency": currency,
        "since": _midnight(first),
        "until": _midnight(last + timedelta(days=1)),
        "now": now,
    }
    with database.transaction() as run:
        ((opening,),) = run(_OPENING, **asked)
        lines = run(_LINES, **asked)
    if len(lines) > MOST_LINES:
        raise TooLong(f"a statement has {MOST_LINES} lines at most")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([VERSION, api_user, currency, first, last, opening])
    writer.writerow(COLUMNS)
    for at, transaction_id, reference, external_id, kind, amount, balance in lines:
        writer.writerow(
            [at, transaction_id, reference, external_id, kind, amount, currency, "0", balance]
        )
    writer.writerow(["end", len(lines), lines[-1][-1] if lines else opening])
    return out.getvalue()


def reverse(run: Runner, payment: Payment, *, now: datetime) -> str:
    """Book that a payment was taken back by the operator; return the amount with its sign.

    Raises ValueError where the float is lower than that.
    """
    ((amount,),) = run(_SIGNED, api_user=payment.api_user, reference=payment.reference)
    _book(
        run,
        payment.api_user,
        kind=REVERSAL,
        amount=amount,
        currency=payment.request.currency,
        reference=payment.reference,
        now=now,
    )
    return str(amount)


def take_fee(run: Runner, api_user: str, currency: str, amount: str, *, now: datetime) -> None:
    """Book that the operator took a fee. Raises ValueError where the float is lower than that."""
    _book(run, api_user, kind=FEE, amount=f"-{amount}", currency=currency, reference=None, now=now)


def _book(
    run: Runner,
    api_user: str,
    *,
    kind: str,
    amount: str,
    currency: str,
    reference: str | None,
    now: datetime,
) -> None:
    if not floats.adjust(run, api_user, currency, amount):
        raise ValueError("the float is lower than that")
    run(
        "INSERT INTO adjustments (api_user, currency, kind, amount, reference,"
        " financial_transaction_id, booked_at)"
        " VALUES (:api_user, :currency, :kind, :amount::numeric, :reference,"
        " nextval('financial_transaction_ids')::text, :now)",
        api_user=api_user,
        currency=currency,
        kind=kind,
        amount=amount,
        reference=reference,
        now=now,
    )


def _midnight(day: date) -> datetime:
    """Return when a day of Douala begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - _DOUALA
