"""What each operator account holds, product by product: MTN's have balances of their own.

A collection account holds what it was paid, less what was moved away, taken as a fee or reversed. A
disbursement account holds what was put or moved there, less what went out: a payout that will
succeed takes its amount when it is accepted, under the lock of one row, so that the float is never
promised twice.
"""

from datetime import datetime
from typing import Final

from shared.simulator.database import Runner
from shared.simulator.payments import Payment

OPENING: Final = "opening"
TOP_UP: Final = "top_up"
FROM_COLLECTION: Final = "from_collection"
TO_DISBURSEMENT: Final = "to_disbursement"

_COLLECTED: Final = """
SELECT trim_scale(
  (SELECT coalesce(sum(amount::numeric), 0) FROM payments
   WHERE api_user = :api_user AND currency = :currency
     AND final_status = 'SUCCESSFUL' AND final_at <= :now)
  + (SELECT coalesce(sum(amount), 0) FROM float_moves
     WHERE api_user = :api_user AND currency = :currency)
  + (SELECT coalesce(sum(amount), 0) FROM adjustments
     WHERE api_user = :api_user AND currency = :currency))::text
"""


def collected(run: Runner, api_user: str, currency: str, now: datetime) -> str:
    """What a collection account holds, as decimal text without needless zeros."""
    ((balance,),) = run(_COLLECTED, api_user=api_user, currency=currency, now=now)
    return str(balance)


def available(run: Runner, api_user: str, currency: str) -> str:
    """What a disbursement account can still pay out, as decimal text."""
    rows = run(
        "SELECT trim_scale(balance)::text FROM floats"
        " WHERE api_user = :api_user AND currency = :currency",
        api_user=api_user,
        currency=currency,
    )
    return str(rows[0][0]) if rows else "0"


def take(run: Runner, payment: Payment) -> bool:
    """Take a payout's amount; False, and nothing taken, where the float is too low."""
    request = payment.request
    return bool(
        run(
            "UPDATE floats SET balance = balance - :amount::numeric"
            " WHERE api_user = :api_user AND currency = :currency"
            " AND balance >= :amount::numeric RETURNING 1",
            api_user=payment.api_user,
            currency=request.currency,
            amount=request.amount,
        )
    )


def give_back(run: Runner, payment: Payment) -> None:
    """Put back the amount of a payout that will not succeed after all."""
    request = payment.request
    _add(run, payment.api_user, request.currency, request.amount)


def adjust(run: Runner, api_user: str, currency: str, amount: str) -> bool:
    """Let a fee or a reversal change a disbursement float; False where it is too low for it.

    What is no disbursement account has no row here: its balance is the sum of its books.
    """
    whose = {"api_user": api_user, "currency": currency}
    if not run("SELECT 1 FROM floats WHERE api_user = :api_user AND currency = :currency", **whose):
        return True
    return bool(
        run(
            "UPDATE floats SET balance = balance + :amount::numeric"
            " WHERE api_user = :api_user AND currency = :currency"
            " AND balance + :amount::numeric >= 0 RETURNING 1",
            **whose,
            amount=amount,
        )
    )


def is_reversed(run: Runner, payment: Payment) -> bool:
    """Was the payment taken back before? Whoever calls holds its row."""
    return bool(
        run(
            "SELECT 1 FROM adjustments WHERE api_user = :api_user AND reference = :reference"
            " AND kind = 'reversal'",
            api_user=payment.api_user,
            reference=payment.reference,
        )
    )


def open_with(run: Runner, api_user: str, currency: str, amount: str, *, now: datetime) -> None:
    """The float that a prepared account begins with: once, however often it is prepared."""
    is_new = run(
        "INSERT INTO floats (api_user, currency, balance)"
        " VALUES (:api_user, :currency, :amount::numeric) ON CONFLICT DO NOTHING RETURNING 1",
        api_user=api_user,
        currency=currency,
        amount=amount,
    )
    if is_new:
        _write_down(run, api_user, currency, amount, reason=OPENING, now=now)


def top_up(run: Runner, api_user: str, currency: str, amount: str, *, now: datetime) -> None:
    """Money comes into a disbursement account from outside."""
    _add(run, api_user, currency, amount)
    _write_down(run, api_user, currency, amount, reason=TOP_UP, now=now)


def move(
    run: Runner, collection: str, disbursement: str, currency: str, amount: str, *, now: datetime
) -> bool:
    """Move from one product's balance to the other's; False where the first is too low.

    Whoever calls holds the lock of the collection account's row.
    """
    ((is_covered,),) = run(
        f"SELECT :amount::numeric <= ({_COLLECTED})::numeric",
        api_user=collection,
        currency=currency,
        amount=amount,
        now=now,
    )
    if not is_covered:
        return False
    _write_down(run, collection, currency, f"-{amount}", reason=TO_DISBURSEMENT, now=now)
    _write_down(run, disbursement, currency, amount, reason=FROM_COLLECTION, now=now)
    _add(run, disbursement, currency, amount)
    return True


def _add(run: Runner, api_user: str, currency: str, amount: str) -> None:
    run(
        "INSERT INTO floats (api_user, currency, balance)"
        " VALUES (:api_user, :currency, :amount::numeric)"
        " ON CONFLICT (api_user, currency) DO UPDATE"
        " SET balance = floats.balance + excluded.balance",
        api_user=api_user,
        currency=currency,
        amount=amount,
    )


def _write_down(
    run: Runner, api_user: str, currency: str, amount: str, *, reason: str, now: datetime
) -> None:
    run(
        "INSERT INTO float_moves (api_user, currency, amount, reason, moved_at)"
        " VALUES (:api_user, :currency, :amount::numeric, :reason, :now)",
        api_user=api_user,
        currency=currency,
        amount=amount,
        reason=reason,
        now=now,
    )
