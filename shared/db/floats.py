"""What wallets at operators hold, as the application's login: read, compared, and taken from."""

from datetime import datetime
from typing import Final

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.ids import new_id
from shared.domain.operator_float import BELIEVED_FOR, Closing, FloatReading, Source, WalletBooks
from shared.domain.outgoing import Outgoing

BOOKS: Final = Statement("SELECT * FROM platform.float_books(:wallet::text)")

# What ended before a balance is read stands in it. What has no line in the index was never sent; it
# is taken anew before it is.
BEGIN: Final = Statement("""
UPDATE platform.float_claims c SET included_in = :reading::text
WHERE c.operator_account_id = :wallet::text AND CASE
    WHEN EXISTS (SELECT FROM platform.payment_index p WHERE p.object_id = c.object_id)
    THEN EXISTS (SELECT FROM platform.payment_index p WHERE p.object_id = c.object_id
                 AND p.state IN ('succeeded', 'failed', 'canceled'))
    ELSE c.at < :at::timestamptz - interval '5 minutes' END
""")

# Days are Douala's, an hour before those of UTC. The books are those of the look next to the end of
# the statement, if there was one within minutes: what was booked between is in both otherwise.
CLOSING: Final = Statement("""
SELECT s.closing, s.until, r.share, r.own, r.coming, r.going
FROM (
    SELECT closing, (last_day + 1)::timestamp AT TIME ZONE 'Africa/Douala' AS until
    FROM platform.statements
    WHERE operator_account_id = :wallet::text AND processed_at IS NOT NULL
    ORDER BY last_day DESC LIMIT 1
) AS s
LEFT JOIN LATERAL (
    SELECT share, own, coming, going FROM platform.float_readings
    WHERE operator_account_id = :wallet::text
      AND at BETWEEN s.until - interval '5 minutes' AND s.until + interval '5 minutes'
    ORDER BY abs(extract(epoch FROM at - s.until)) LIMIT 1
) AS r ON true
""")

# Of two that read at once the one begun last stands: what either shows is in its balance too.
KEEP: Final = Statement("""
WITH kept AS (
    INSERT INTO platform.float_readings (id, operator_account_id, livemode, at, source, as_of,
        balance, word, share, own, coming, going, difference)
    SELECT :id::text, :wallet::text, :livemode::boolean, :at::timestamptz, :source::text,
        :as_of::timestamptz, :balance::bigint, :word::text, :share::bigint, :own::bigint,
        :coming::bigint, :going::bigint, :difference::bigint
    WHERE NOT EXISTS (SELECT FROM platform.float_readings r
                      WHERE r.operator_account_id = :wallet::text AND r.balance IS NOT NULL
                        AND r.at > :as_of::timestamptz AND r.as_of > :as_of::timestamptz)
),
shown AS (
    DELETE FROM platform.float_claims
    WHERE operator_account_id = :wallet::text AND included_in = :id::text
      AND :balance::bigint IS NOT NULL
),
opened AS (
    INSERT INTO platform.cases (id, kind, livemode, object_id, reason, opened_at)
    SELECT :case_id::text, 'float', :livemode::boolean, :wallet::text, :case_reason::text,
           :at::timestamptz
    WHERE :case_reason::text IS NOT NULL
    ON CONFLICT DO NOTHING
)
SELECT 1
""")

LOOK_AGAIN: Final = Statement("""
UPDATE platform.due_work SET due_at = :at::timestamptz
WHERE kind = 'float_check' AND object_id = :wallet::text
""")

TAKE: Final = Statement("""
SELECT platform.take_float(:payment::text, :wallet::text, :amount::bigint, :max_ages::interval[],
                           :at::timestamptz, :case_id::text)
""")
_AGES: Final = "{{{}}}".format(
    ",".join(f"{BELIEVED_FOR[source].total_seconds():.0f} seconds" for source in Source)
)


class Floats:
    """FloatStore in PostgreSQL, and what is taken out of a float before it is sent."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the application; nothing is opened yet."""
        self._database = database

    def begin(self, operator_account: str, reading_id: str, *, at: datetime) -> None:
        """Mark what has left the wallet for certain: a balance that is read from here on shows."""
        self._database.once(None, BEGIN, wallet=operator_account, reading=reading_id, at=at)

    def books(self, operator_account: str) -> WalletBooks:
        """Return what our books say of it now."""
        [row] = self._database.once(None, BOOKS, wallet=operator_account).rows
        return WalletBooks(*map(int, row))

    def closing(self, operator_account: str) -> Closing | None:
        """Return the end of its newest statement, None where there is none."""
        rows = self._database.once(None, CLOSING, wallet=operator_account).rows
        if not rows:
            return None
        balance, until, *then = rows[0]
        return Closing(balance, until, None if then[0] is None else WalletBooks(*then))

    def keep(self, reading: FloatReading, *, case_id: str) -> None:
        """Keep a reading, with a case where it says so.

        What its balance shows already is not counted beside it any more.
        """
        self._database.once(
            None,
            KEEP,
            id=reading.id,
            wallet=reading.operator_account,
            livemode=reading.livemode,
            at=reading.at,
            source=reading.source.value,
            as_of=reading.as_of,
            balance=reading.balance,
            word=reading.word,
            share=reading.books.share,
            own=reading.books.own,
            coming=reading.books.coming,
            going=reading.books.going,
            difference=reading.difference,
            case_id=case_id,
            case_reason=reading.case_reason,
        )

    def look_again(self, operator_account: str, *, at: datetime) -> None:
        """Have it looked at then."""
        self._database.once(None, LOOK_AGAIN, wallet=operator_account, at=at)

    def take(self, outgoing: Outgoing, *, at: datetime) -> bool:
        """Take the amount out of what the wallet is known to hold; False where it is too little.

        Again is harmless. Where it is too little, that is a case, and looked at soon.
        """
        [[is_taken]] = self._database.once(
            None,
            TAKE,
            payment=outgoing.id,
            wallet=outgoing.operator_account,
            amount=outgoing.money.amount,
            max_ages=_AGES,
            at=at,
            case_id=new_id("case", int(at.timestamp() * 1000)),
        ).rows
        return bool(is_taken)
