"""Platform rows that functions look up before they enter a tenant: keys, accounts, contracts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import (
    AccountProfile,
    Caller,
    KnownKey,
    Limits,
    OperatorAccount,
    Tenant,
)
from shared.domain.events import CHARGE_CHECK_DUE, Message
from shared.domain.key_terms import networks
from shared.domain.phone import Operator

FIND_KEY: Final = Statement("""
SELECT k.account_id, k.livemode, k.kind, k.scopes, k.secret_hmac, a.language, a.charges_enabled,
       a.state, LEAST(k.expires_at, k.overlap_until, k.review_by), k.allowed_from::text[]
FROM platform.api_keys k JOIN platform.accounts a ON a.id = k.account_id
WHERE k.id = :key_id::text AND k.revoked_at IS NULL
""")

# Once a minute is enough; who finds a row locked leaves it to whoever writes it.
NOTE_USE: Final = Statement("""
UPDATE platform.api_keys SET last_used_at = now()
WHERE id IN (
    SELECT id FROM platform.api_keys
    WHERE id = ANY(:ids::text[])
      AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    FOR NO KEY UPDATE SKIP LOCKED
)
""")

FIND_OPERATOR_ACCOUNT: Final = Statement("""
SELECT id, operator, product, livemode, base_url, target_environment, currency, credentials
FROM platform.operator_accounts
WHERE operator = :operator::text AND product = :product::text AND livemode = :livemode::boolean
  AND owner IN (:account::text, 'platform')
ORDER BY owner = 'platform', created_at LIMIT 1
""")

READ_OPERATOR_ACCOUNT: Final = Statement("""
SELECT id, operator, product, livemode, base_url, target_environment, currency, credentials
FROM platform.operator_accounts WHERE id = :id::text
""")

FIND_LIMITS: Final = Statement("""
SELECT (data->>'minimum')::bigint, (data->>'maximum')::bigint, valid_from
FROM platform.dated_rules
WHERE kind = 'limits' AND operator = :operator::text AND valid_from <= :now::timestamptz
ORDER BY valid_from DESC LIMIT 1
""")

FIND_ACCOUNT: Final = Statement("""
SELECT name, language FROM platform.accounts WHERE id = :account::text
""")

FIND_PUBLIC_CODE: Final = Statement("""
SELECT account_id, livemode, object_id FROM platform.public_codes WHERE code = :code::text
""")

# One statement: an unknown token stores nothing; a known one stores the visit, and wakes the reader
# at most once per 10 s, so that forged callbacks cannot use up the operator's quota; a visit in
# between brings the next scheduled read forward instead. Where no read is scheduled any more the
# first visit since the end counts: it may tell of money that came after a failure.
RECEIVE_CALLBACK: Final = Statement("""
WITH found AS MATERIALIZED (
    SELECT token_hash, account_id, livemode, object_id FROM platform.callback_tokens
    WHERE token_hash = :token_hash::text AND provider = :provider::text
),
kept AS (
    INSERT INTO platform.callback_inbox (id, token_hash, received_at, source, body_sha256)
    SELECT :inbox_id::text, token_hash, now(), :source::text, :body_hash::text FROM found
),
hint AS (
    UPDATE platform.callback_tokens t SET hinted_at = now()
    FROM found f
    LEFT JOIN platform.due_work w ON w.kind = 'payment_check' AND w.object_id = f.object_id
    WHERE t.token_hash = f.token_hash
      AND (t.hinted_at IS NULL OR t.hinted_at < now() - interval '10 seconds'
           OR t.hinted_at < w.done_at)
    RETURNING t.token_hash
),
later AS (
    UPDATE platform.due_work w SET due_at = LEAST(w.due_at, now() + interval '10 seconds')
    FROM found f
    WHERE w.kind = 'payment_check' AND w.object_id = f.object_id AND w.done_at IS NULL
      AND NOT EXISTS (SELECT FROM hint)
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :message_id::text, 'charge-check-due', account_id, livemode, object_id,
           :traceparent::text
    FROM found WHERE EXISTS (SELECT FROM hint)
)
SELECT account_id, livemode, object_id, EXISTS (SELECT FROM hint) FROM found
""")

MARK_PUBLISHED: Final = Statement("""
UPDATE platform.outbox SET published_at = now() WHERE id = ANY(:ids::text[])
""")


class Directory:
    """Look-ups as the application's login role, outside any tenant."""

    def __init__(self, database: Database) -> None:
        """Keep the pool; opens nothing yet."""
        self._database = database

    def _one(self, statement: Statement, **values: Any) -> list[Any] | None:
        rows = self._database.once(None, statement, **values).rows
        return rows[0] if rows else None

    def find_key(self, key_id: str) -> KnownKey | None:
        """Return a key that is not revoked, with what its caller may be told, or None."""
        row = self._one(FIND_KEY, key_id=key_id)
        if row is None:
            return None
        account, livemode, kind, scopes, secret_hmac, language, charges_enabled, state = row[:8]
        return KnownKey(
            caller=Caller(
                tenant=Tenant(account, livemode),
                key_id=key_id,
                kind=kind,
                scopes=frozenset(scopes),
                language=language,
                charges_enabled=charges_enabled,
                suspended=state in {"suspended", "closed"},
                active=state == "active",
            ),
            secret_hmac=secret_hmac,
            ends_at=row[8],
            allowed_from=networks(row[9]),
        )

    def note_use(self, key_ids: Sequence[str]) -> None:
        """Keep that these keys were used just now, unless that was kept a minute ago."""
        self._database.once(None, NOTE_USE, ids=list(key_ids))

    def find_operator_account(
        self, operator: Operator, *, product: str, tenant: Tenant
    ) -> OperatorAccount | None:
        """Return the contract by which a tenant's payments go: its own, else the platform's."""
        row = self._one(
            FIND_OPERATOR_ACCOUNT,
            operator=operator.value,
            product=product,
            livemode=tenant.livemode,
            account=tenant.account,
        )
        return None if row is None else _operator_account(row)

    def read_operator_account(self, operator_account: str) -> OperatorAccount:
        """Return a contract by id. Raises LookupError."""
        row = self._one(READ_OPERATOR_ACCOUNT, id=operator_account)
        if row is None:
            raise LookupError(operator_account)
        return _operator_account(row)

    def find_limits(self, operator: Operator, *, now: datetime) -> Limits | None:
        """Return the bounds per transaction that hold now, in whole XAF."""
        row = self._one(FIND_LIMITS, operator=operator.value, now=now)
        return None if row is None else Limits(operator, *row)

    def find_account(self, account: str) -> AccountProfile | None:
        """Return what a receipt says of the merchant."""
        row = self._one(FIND_ACCOUNT, account=account)
        return None if row is None else AccountProfile(account, *row)

    def find_public_code(self, code: str) -> tuple[Tenant, str] | None:
        """Return the tenant and object behind a public code, or None."""
        row = self._one(FIND_PUBLIC_CODE, code=code)
        return None if row is None else (Tenant(row[0], row[1]), row[2])

    def receive_callback(
        self,
        *,
        provider: str,
        token_hash: str,
        inbox_id: str,
        message_id: str,
        source: str,
        body_hash: str,
        traceparent: str | None,
    ) -> bool:
        """Keep the visit and wake the reader; False for an unknown token (nothing stored)."""
        row = self._one(
            RECEIVE_CALLBACK,
            provider=provider,
            token_hash=token_hash,
            inbox_id=inbox_id,
            message_id=message_id,
            source=source,
            body_hash=body_hash,
            traceparent=traceparent,
        )
        if row is None:
            return False
        account, livemode, object_id, is_first = row
        if is_first:
            message = Message(
                message_id, CHARGE_CHECK_DUE, account, livemode, object_id, traceparent
            )
            self._database.hand_on([message])
        return True

    def mark_published(self, ids: Sequence[str]) -> None:
        """Mark outbox rows whose messages the broker has acknowledged."""
        self._one(MARK_PUBLISHED, ids=list(ids))


def _operator_account(row: list[Any]) -> OperatorAccount:
    return OperatorAccount(row[0], Operator(row[1]), *row[2:])
