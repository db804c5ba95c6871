"""Moves of money that no payment made, and the platform's own books, by the owner's login.

A proposal is held to the end of the transaction, so that of two administrators the second sees what
the first has done. A merchant's books are found by the search_path, in the account's own schema.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from pg8000.exceptions import DatabaseError

from shared.db.audit import append
from shared.db.bookings import HAND_OVER
from shared.db.cases import HAS_SCHEMA, PLATFORM_PATH, enter
from shared.db.event_parts import EVENTS_PARTS, events_values
from shared.db.ledger import LEDGER_PARTS, WHOLE, is_refused, posting_values
from shared.db.statement import Statement
from shared.db.transaction import UNIQUE_VIOLATION, Database, Transaction, error_code
from shared.domain import ledger
from shared.domain.account import OperatorAccount, Tenant
from shared.domain.audit import AuditEntry
from shared.domain.breaker import OF_PRODUCT, Guarded
from shared.domain.errors import InvalidRequest, NotFound
from shared.domain.events import Event
from shared.domain.float_move import FloatMove, MoveKind, MoveOutcome, own_account
from shared.domain.operator_float import FloatReading, Source, WalletBooks
from shared.domain.phone import Operator
from shared.domain.topup import KIND, TopUp
from shared.operations.move_float import OwnedWallet

_COLUMNS: Final = """id, livemode, kind, from_account, to_account, account_id, amount, reference,
    reason, proposed_by, proposed_at, expires_at, content_sha256, outcome, decided_by, decided_at,
    transaction_id"""
_FIELDS: Final = tuple(field.name for field in fields(FloatMove))
"""In the order of the columns."""
LAST: Final = "~"

FIND: Final = Statement(f"SELECT {_COLUMNS} FROM platform.float_moves WHERE id = :id::text")
HOLD: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.float_moves WHERE id = :id::text FOR UPDATE
""")
PAGE: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.float_moves WHERE id < :before::text
ORDER BY id DESC LIMIT :limit::int
""")

# Whoever tells of it anew ends what nobody decided on in time.
EXPIRE: Final = Statement("""
UPDATE platform.float_moves
SET outcome = 'expired', decided_by = :by::text, decided_at = :at::timestamptz
WHERE livemode = :livemode::boolean AND reference = :reference::text AND outcome IS NULL
  AND expires_at < :at::timestamptz
""")
ADD: Final = Statement("""
INSERT INTO platform.float_moves (id, livemode, kind, from_account, to_account, account_id, amount,
    reference, reason, proposed_by, proposed_at, expires_at, content_sha256)
VALUES (:id::text, :livemode::boolean, :kind::text, :source::text, :target::text, :account::text,
    :amount::bigint, :reference::text, :reason::text, :by::text, :at::timestamptz,
    :expires_at::timestamptz, :digest::text)
""")
DECIDE: Final = Statement("""
UPDATE platform.float_moves
SET outcome = :outcome::text, decided_by = :decided_by::text, decided_at = :decided_at::timestamptz,
    transaction_id = :transaction::text
WHERE id = :id::text AND outcome IS NULL
""")

# Rows are made first and locked in code order, as in every ledger.
POST: Final = Statement("""
WITH made AS (
    INSERT INTO platform.own_accounts (livemode, code, normal, balance)
    SELECT :livemode::boolean, p.code, p.normal, p.amount
    FROM unnest(:codes::text[], :normals::int[], :amounts::bigint[]) AS p(code, normal, amount)
    ORDER BY p.code
    ON CONFLICT (livemode, code) DO UPDATE SET balance = own_accounts.balance + excluded.balance
),
booked AS (
    INSERT INTO platform.own_transactions (id, livemode, kind, object_id, created_at)
    VALUES (:id::text, :livemode::boolean, :kind::text, :object_id::text, :at::timestamptz)
)
INSERT INTO platform.own_postings (transaction_id, position, livemode, code, amount)
SELECT :id::text, p.position, :livemode::boolean, p.code, p.amount
FROM unnest(:codes::text[], :amounts::bigint[]) WITH ORDINALITY AS p(code, amount, position)
""")

_WALLET: Final = """
SELECT o.id, o.operator, o.product, o.livemode, o.base_url, o.target_environment, o.currency,
    o.credentials, o.owner, r.id, r.at, r.source, r.as_of, r.share, r.own, r.coming, r.going,
    r.balance, r.difference, r.word, b.operations, b.opened
FROM platform.operator_accounts o
LEFT JOIN LATERAL (
    SELECT array_agg(operation ORDER BY operation) AS operations,
        array_agg(opened_at ORDER BY operation) AS opened
    FROM platform.breakers
    WHERE operator = o.operator AND host = split_part(split_part(o.base_url, '://', 2), '/', 1)
      AND opened_at IS NOT NULL
) b ON true
LEFT JOIN LATERAL (
    SELECT * FROM platform.float_readings
    WHERE operator_account_id = o.id ORDER BY at DESC LIMIT 1
) r ON true
"""
WALLET: Final = Statement(f"{_WALLET} WHERE o.id = :id::text")
WALLETS: Final = Statement(f"{_WALLET} WHERE o.id > :after::text ORDER BY o.id LIMIT :limit::int")

# A transaction of an operator's tops up once, and not where it is a late payment; where the account
# has no such wallet nothing does.
TOP_UP: Final = Statement(f"""
WITH adjustment AS (
    INSERT INTO adjustments (id, account_id, kind, status, amount, currency, operator_account_id,
        operator_transaction_id, reason, data, proposed_by, approved_by, balance_transaction,
        created_at, ended_at)
    SELECT :topup::text, :account::text, '{KIND}', 'booked', :amount::bigint, 'XAF',
        :wallet::text, :operator_transaction::text, :reason::text, :data::jsonb,
        :proposed_by::text, :approved_by::text, :transaction_id::text, :at::timestamptz,
        :at::timestamptz
    WHERE NOT EXISTS (
        SELECT FROM adjustments WHERE kind = 'late_payment'
          AND operator_account_id = :wallet::text
          AND operator_transaction_id = :operator_transaction::text)
    ON CONFLICT DO NOTHING
    RETURNING id
),
gate AS MATERIALIZED (SELECT id FROM adjustment),
{EVENTS_PARTS},
{LEDGER_PARTS}
SELECT (SELECT count(*) FROM gate), {WHOLE}
""")


class FloatMoves:
    """MovesStore in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    def wallet(self, wallet_id: str) -> OwnedWallet | None:
        """Return a wallet, or None."""
        rows = self._database.once(None, WALLET, id=wallet_id).rows
        return _wallet(rows[0]) if rows else None

    def wallets(self, *, limit: int, after: str | None) -> Sequence[OwnedWallet]:
        """Return wallets in the order of their ids, with what was read of each last."""
        rows = self._database.once(None, WALLETS, limit=limit, after=after or "").rows
        return [_wallet(row) for row in rows]

    def find(self, move_id: str) -> FloatMove | None:
        """Return a proposal, or None."""
        rows = self._database.once(None, FIND, id=move_id).rows
        return _move(rows[0]) if rows else None

    def page(self, *, limit: int, after: str | None) -> Sequence[FloatMove]:
        """Return proposals, newest first."""
        rows = self._database.once(None, PAGE, limit=limit, before=after or LAST).rows
        return [_move(row) for row in rows]

    def add(self, move: FloatMove, entry: AuditEntry) -> None:
        """Keep a proposal, and what the platform's chain tells of it.

        One that lasted too long gives its reference free. Raises InvalidRequest `reference_in_use`.
        """
        at = move.proposed_at
        try:
            with self._database.platform() as transaction:
                same = {"livemode": move.livemode, "reference": move.reference}
                transaction.run(EXPIRE, **same, by=move.proposed_by, at=at)
                transaction.run(
                    ADD,
                    **same,
                    id=move.id,
                    kind=move.kind.value,
                    source=move.from_account,
                    target=move.to_account,
                    account=move.account,
                    amount=move.amount,
                    reason=move.reason,
                    by=move.proposed_by,
                    at=at,
                    expires_at=move.expires_at,
                    digest=move.content_sha256,
                )
                enter(transaction, PLATFORM_PATH)
                append(transaction, entry)
        except DatabaseError as error:
            if error_code(error) == UNIQUE_VIOLATION:
                raise InvalidRequest("reference_in_use", "reference") from None
            raise

    @contextmanager
    def hold(self, move_id: str) -> Iterator["PostgresHeldMove"]:
        """Take hold of a proposal. Raises NotFound, Unavailable."""
        with self._database.platform() as transaction:
            rows = transaction.run(HOLD, id=move_id)
            if not rows:
                raise NotFound("resource_missing", "id")
            yield PostgresHeldMove(transaction, _move(rows[0]))


class PostgresHeldMove:
    """HeldMove in an open transaction."""

    def __init__(self, transaction: Transaction, move: FloatMove) -> None:
        """Keep the transaction, and the proposal as read under the lock."""
        self._transaction = transaction
        self._move = move

    @property
    def move(self) -> FloatMove:
        """The proposal as it is."""
        return self._move

    def decide(self, move: FloatMove) -> None:
        """Keep how it ended."""
        self._transaction.run(
            DECIDE,
            id=move.id,
            outcome=None if move.outcome is None else move.outcome.value,
            decided_by=move.decided_by,
            decided_at=move.decided_at,
            transaction=move.transaction,
        )

    def post(self, posting: ledger.Transaction, *, at: datetime) -> None:
        """Post it in the platform's own books of its mode."""
        totals = posting.by_account()
        self._transaction.run(
            POST,
            livemode=self._move.livemode,
            codes=list(totals),
            normals=[own_account(code).normal for code in totals],
            amounts=list(totals.values()),
            id=posting.id,
            kind=posting.kind,
            object_id=posting.object_id,
            at=at,
        )

    def top_up(self, topup: TopUp, move: FloatMove, event: Event, entry: AuditEntry) -> None:
        """Book it in a merchant's books, and tell of it there.

        Raises InvalidRequest `reference_in_use` where this transaction of the operator's is booked,
        and `move_not_possible` where the account has no such mode or wallet.
        """
        tenant = Tenant(topup.account, topup.livemode)
        whose = {"account": tenant.account, "livemode": tenant.livemode}
        if not self._transaction.run(HAS_SCHEMA, **whose):
            raise InvalidRequest("move_not_possible", "account")
        enter(self._transaction, f'"{tenant.schema}", pg_catalog')
        is_by_wallet = topup.operator_account is not None
        try:
            [[booked, _]] = self._transaction.run(
                TOP_UP,
                **events_values([event], tenant, None),
                **posting_values(topup.posting),
                topup=topup.id,
                amount=topup.money.amount,
                wallet=topup.operator_account,
                operator_transaction=topup.reference if is_by_wallet else None,
                reason=move.reason,
                data=json.dumps({"reference": topup.reference, "move": move.id}),
                proposed_by=move.proposed_by,
                approved_by=move.decided_by,
                at=topup.created_at,
            )
        except DatabaseError as error:
            if is_refused(error):
                raise InvalidRequest("move_not_possible", "to") from None
            raise
        if not booked:
            raise InvalidRequest("reference_in_use", "reference")
        self._transaction.run(HAND_OVER, owner=tenant.schema, event_ids=[event.id])
        append(self._transaction, entry)

    def record(self, entry: AuditEntry) -> None:
        """Add to the platform's chain, last of all."""
        enter(self._transaction, PLATFORM_PATH)
        append(self._transaction, entry)


def _move(row: Sequence[Any]) -> FloatMove:
    values = dict(zip(_FIELDS, row, strict=True))
    word = values["outcome"]
    outcome = None if word is None else MoveOutcome(word)
    return FloatMove(**{**values, "kind": MoveKind(values["kind"]), "outcome": outcome})


def _wallet(row: Sequence[Any]) -> OwnedWallet:
    contract = OperatorAccount(row[0], Operator(row[1]), *row[2:8])
    known = OF_PRODUCT.get(contract.product, frozenset())
    cut_off = tuple(
        (Guarded(name), at)
        for name, at in zip(row[20] or (), row[21] or (), strict=True)
        if name in known
    )
    if row[9] is None:
        return OwnedWallet(contract, row[8], None, cut_off)
    reading = FloatReading(
        id=row[9],
        operator_account=contract.id,
        livemode=contract.livemode,
        at=row[10],
        source=Source(row[11]),
        as_of=row[12],
        books=WalletBooks(*row[13:17]),
        balance=row[17],
        difference=row[18],
        word=row[19],
    )
    return OwnedWallet(contract, row[8], reading, cut_off)
