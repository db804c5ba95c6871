"""What is kept of payers who prove a number, counted and decided in single statements.

A row is locked by whoever counts on it, so that of guesses at the same time each one sees those
before it; a code is right once.
"""

from datetime import datetime
from typing import Any, Final

from shared.db.notices import NOTICE_PARTS, notice_message, notice_values
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.charge import ChargeStatus
from shared.domain.customer import (
    ASKED_BY_AN_ADDRESS,
    CODES_OF_A_NUMBER,
    GUESSES_OF_A_NUMBER,
    MOST_TRIES,
    Bound,
    Customer,
)
from shared.operations.lists import PageOf
from shared.operations.read_customer import Payment, Proof

LAST: Final = "~"


def counted(subject: str, source: str, bound: Bound) -> str:
    """Return what counts one more time of a subject, and gives no row once it is too often."""
    span = int(bound.span.total_seconds())
    within = "SELECT count(*) FROM unnest(t.times) AS x WHERE x > :now::timestamptz - interval"
    return f"""
    INSERT INTO platform.customer_tries AS t (subject, times)
    SELECT {subject}, ARRAY[:now::timestamptz] FROM {source}
    ON CONFLICT (subject) DO UPDATE
    SET times = ARRAY(SELECT x FROM unnest(t.times) AS x
                      WHERE x > :now::timestamptz - interval '1 day') || :now::timestamptz
    WHERE ({within} '{span} seconds') < {bound.most} AND ({within} '1 day') < {bound.a_day}
    RETURNING subject"""


COUNT_ADDRESS: Final = Statement(f"""
WITH counted AS ({
    counted("'address:' || :address::text", "(SELECT 1) AS one", ASKED_BY_AN_ADDRESS)
})
SELECT count(*) FROM counted
""")

FIND_RECEIPT: Final = Statement("""
SELECT p.account_id, p.livemode FROM platform.public_codes c
JOIN platform.payment_index p ON p.object_id = c.object_id
  AND p.account_id = c.account_id AND p.livemode = c.livemode
WHERE c.code = :code::text AND p.number_hmac = :number::text AND p.kind = 'charge'
""")

# What is no match counts on a row of its own, so that it takes the same steps and is in
# nobody's way. Both modes count together: it is one phone.
ADD_CHALLENGE: Final = Statement(f"""
WITH counted AS MATERIALIZED ({
    counted("'codes:' || COALESCE(:number::text, :id::text)", "(SELECT 1) AS one",
             CODES_OF_A_NUMBER)
}),
told AS MATERIALIZED (SELECT 1 FROM counted WHERE :number::text IS NOT NULL),
challenge AS (
    INSERT INTO platform.customer_challenges (id, number_hmac, livemode, code_hmac, created_at,
                                              expires_at)
    SELECT :id::text, CASE WHEN t.n > 0 THEN :number::text END, :livemode::boolean,
           CASE WHEN t.n > 0 THEN :code_hmac::text END, :now::timestamptz,
           :expires_at::timestamptz
    FROM (SELECT count(*) AS n FROM told) AS t
),
{NOTICE_PARTS}
SELECT count(*) FROM told
""")  # fmt: skip

OPEN_SESSION: Final = Statement(f"""
WITH asked AS MATERIALIZED (
    SELECT id, number_hmac FROM platform.customer_challenges
    WHERE id = :challenge::text AND expires_at > :now::timestamptz
      AND ended_at IS NULL AND tries < {MOST_TRIES}
),
counted AS MATERIALIZED ({
    counted("'guesses:' || COALESCE(number_hmac, id)", "asked", GUESSES_OF_A_NUMBER)
}),
tried AS MATERIALIZED (
    UPDATE platform.customer_challenges c
    SET tries = c.tries + 1,
        ended_at = CASE WHEN c.code_hmac = :code_hmac::text THEN :now::timestamptz END
    FROM counted
    WHERE c.id = :challenge::text AND c.expires_at > :now::timestamptz
      AND c.ended_at IS NULL AND c.tries < {MOST_TRIES}
    RETURNING c.number_hmac, c.livemode, c.ended_at
),
opened AS (
    INSERT INTO platform.customer_sessions (token_hash, number_hmac, livemode, created_at,
                                            expires_at)
    SELECT :token_hash::text, number_hmac, livemode, :now::timestamptz, :until::timestamptz
    FROM tried WHERE ended_at IS NOT NULL
    RETURNING token_hash
)
SELECT count(*) FROM opened
""")

END_SESSION: Final = Statement("""
UPDATE platform.customer_sessions SET ended_at = :now::timestamptz
WHERE token_hash = :token_hash::text AND ended_at IS NULL
""")

FIND_SESSION: Final = Statement("""
SELECT number_hmac, livemode FROM platform.customer_sessions
WHERE token_hash = :token_hash::text AND ended_at IS NULL AND expires_at > :now::timestamptz
""")

# The index moves in the transaction of the charge, and the code is written in that of the payment.
_PAYMENTS: Final = """
SELECT p.object_id, p.amount, p.state, p.created_at, a.name,
       (SELECT min(c.code) FROM platform.public_codes c
        WHERE c.object_id = p.object_id AND c.account_id = p.account_id
          AND c.livemode = p.livemode)
FROM platform.payment_index p JOIN platform.accounts a ON a.id = p.account_id
WHERE p.number_hmac = :number::text AND p.livemode = :livemode::boolean AND p.kind = 'charge'"""
FIND_PAYMENT: Final = Statement(f"{_PAYMENTS} AND p.object_id = :id::text")
LIST_PAYMENTS: Final = Statement(f"""{_PAYMENTS} AND p.object_id < :before::text
ORDER BY p.object_id DESC LIMIT :limit::int""")


class Customers:
    """CustomerStore of all payers, as the application's login role."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def count_address(self, address: str, *, now: datetime) -> bool:
        """Count a request of an address, by its HMAC; False where it had too many."""
        [[admitted]] = self._run(COUNT_ADDRESS, address=address, now=now)
        return bool(admitted)

    def find_receipt(self, code: str, number_hmac: str) -> Tenant | None:
        """Return whose receipt this is, or None unless this very number paid for it."""
        rows = self._run(FIND_RECEIPT, code=code, number=number_hmac)
        return Tenant(*rows[0]) if rows else None

    def add_challenge(self, proof: Proof) -> bool:
        """Store it and have the code sent; False where there is none to send or too many were."""
        [[told]] = self._run(
            ADD_CHALLENGE,
            **notice_values(proof.notice),
            id=proof.challenge.id,
            number=proof.number_hmac,
            livemode=proof.livemode,
            code_hmac=proof.code_hmac,
            now=proof.challenge.created_at,
            expires_at=proof.challenge.expires_at,
        )
        if told:
            self._database.hand_on([notice_message(proof.notice)])
        return bool(told)

    def open_session(
        self, challenge: str, code_hmac: str, token_hash: str, *, now: datetime, until: datetime
    ) -> bool:
        """Count a guess, and open a session if it is right: one for a challenge, ever."""
        [[opened]] = self._run(
            OPEN_SESSION,
            challenge=challenge,
            code_hmac=code_hmac,
            token_hash=token_hash,
            now=now,
            until=until,
        )
        return bool(opened)

    def end_session(self, token_hash: str, *, now: datetime) -> None:
        """End a session."""
        self._run(END_SESSION, token_hash=token_hash, now=now)

    def find_session(self, token_hash: str, *, now: datetime) -> Customer | None:
        """Return whose session it is, or None where it is none or over."""
        rows = self._run(FIND_SESSION, token_hash=token_hash, now=now)
        return Customer(*rows[0]) if rows else None

    def find_payment(self, customer: Customer, payment_id: str) -> Payment | None:
        """Return one of her payments, or None."""
        rows = self._run(FIND_PAYMENT, **_whose(customer), id=payment_id)
        return _payment(rows[0]) if rows else None

    def list_payments(
        self, customer: Customer, *, limit: int, starting_after: str | None
    ) -> PageOf[Payment]:
        """Return a page of her payments, newest first."""
        rows = self._run(
            LIST_PAYMENTS, **_whose(customer), before=starting_after or LAST, limit=limit + 1
        )
        return PageOf(tuple(map(_payment, rows[:limit])), len(rows) > limit)

    def _run(self, statement: Statement, **values: Any) -> list[list[Any]]:
        return self._database.once(None, statement, **values).rows


def _whose(customer: Customer) -> dict[str, Any]:
    return {"number": customer.number_hmac, "livemode": customer.livemode}


def _payment(row: list[Any]) -> Payment:
    payment_id, amount, state, *others = row
    return Payment(payment_id, amount, ChargeStatus(state), *others)
