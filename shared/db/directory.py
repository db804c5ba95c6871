"""Platform rows that functions look up before they enter a tenant: keys, accounts, contracts."""

from collections.abc import Mapping, Sequence
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
    Outlet,
    Tenant,
)
from shared.domain.account_access import KnownAccess
from shared.domain.account_changes import OwnAccount, missing
from shared.domain.account_states import AccountState, Switches
from shared.domain.events import CHARGE_CHECK_DUE, PAYOUT_CHECK_DUE, Message
from shared.domain.fees import FeeRule, Schedule
from shared.domain.key_terms import networks
from shared.domain.people import Duty, KnownMember, Member, Membership
from shared.domain.phone import Operator
from shared.domain.rules import FEE, KINDS, Rules
from shared.operations.manage_team import KnownInvitation

SUSPENDED: Final = frozenset({"suspended", "closed"})
MOST_MEMBERSHIPS: Final = 1_000

# Whoever rotates a key is no newcomer: the new one is as old as the first of its line.
FIND_KEY: Final = Statement("""
WITH RECURSIVE line AS (
    SELECT id, created_at FROM platform.api_keys WHERE id = :key_id::text
    UNION
    SELECT k.id, k.created_at FROM platform.api_keys k JOIN line ON k.rotated_to = line.id
)
SELECT k.account_id, k.livemode, k.kind, k.scopes, k.secret_hmac, a.language, a.charges_enabled,
       a.state, LEAST(k.expires_at, k.overlap_until, k.review_by), k.allowed_from::text[],
       (SELECT min(created_at) FROM line), a.payouts_enabled
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

JOURNAL_IS_READ: Final = Statement("SELECT platform.journal_is_read()")

FIND_MEMBER: Final = Statement("""
SELECT m.duty, a.language, a.charges_enabled, a.state, EXISTS (
    SELECT FROM platform.account_schemas s
    WHERE s.account_id = a.id AND s.livemode = :livemode::boolean
), a.payouts_enabled
FROM platform.members m
JOIN platform.accounts a ON a.id = m.account_id
WHERE m.account_id = :account::text AND m.person = :person::text AND m.ended_at IS NULL
""")

# A closed account has nobody who would see that somebody looks.
FIND_ACCESS: Final = Statement("""
SELECT x.id, x.expires_at, a.language, a.charges_enabled, a.state
FROM platform.account_accesses x JOIN platform.accounts a ON a.id = x.account_id
WHERE x.opened_by = :person::text AND x.account_id = :account::text
  AND x.livemode = :livemode::boolean AND x.ended_at IS NULL AND a.state <> 'closed'
ORDER BY x.expires_at DESC LIMIT 1
""")

FIND_MEMBERSHIPS: Final = Statement("""
SELECT m.account_id, a.name, a.state, m.duty,
       ARRAY(SELECT CASE WHEN s.livemode THEN 'live' ELSE 'test' END
             FROM platform.account_schemas s WHERE s.account_id = a.id ORDER BY s.livemode)
FROM platform.members m JOIN platform.accounts a ON a.id = m.account_id
WHERE m.person = :person::text AND m.ended_at IS NULL
ORDER BY a.name, a.id LIMIT :most::bigint
""")

FIND_INVITATION: Final = Statement("""
SELECT i.account_id, i.token_hash, a.state
FROM platform.invitations i JOIN platform.accounts a ON a.id = i.account_id
WHERE i.id = :id::text
""")

# The live mode where there is one: the same for everybody, whichever mode she is at work in.
FIND_HOME: Final = Statement("""
SELECT bool_or(livemode) FROM platform.account_schemas WHERE account_id = :account::text
""")

FIND_OPERATOR_ACCOUNT: Final = Statement("""
SELECT id, operator, product, livemode, base_url, target_environment, currency, credentials,
       pays_by
FROM platform.operator_accounts
WHERE operator = :operator::text AND product = :product::text AND livemode = :livemode::boolean
  AND owner IN (:account::text, 'platform')
ORDER BY owner = 'platform', created_at LIMIT 1
""")

# Who collected gives back: a merchant's money lies in her own wallet, the platform's in its.
FIND_PARTNER: Final = Statement("""
SELECT p.id, p.operator, p.product, p.livemode, p.base_url, p.target_environment, p.currency,
       p.credentials, p.pays_by
FROM platform.operator_accounts c
JOIN platform.operator_accounts p
  ON p.owner = c.owner AND p.operator = c.operator AND p.livemode = c.livemode
WHERE c.id = :id::text AND p.product = :product::text
""")

READ_OPERATOR_ACCOUNT: Final = Statement("""
SELECT id, operator, product, livemode, base_url, target_environment, currency, credentials,
       pays_by
FROM platform.operator_accounts WHERE id = :id::text
""")

FIND_LIMITS: Final = Statement("""
SELECT (data->>'minimum')::bigint, (data->>'maximum')::bigint, valid_from, (data->>'day')::bigint
FROM platform.dated_rules
WHERE kind = :kind::text AND operator = :operator::text AND valid_from <= :now::timestamptz
ORDER BY valid_from DESC LIMIT 1
""")

# An account's own row wins over everybody's, and the latest date among those; of fees each line is
# a rule of its own, for one operator or for all, and which of these wins the domain says.
FIND_RULES: Final = Statement("""
SELECT DISTINCT ON (kind, data->>'of', data->>'line', operator, own)
       kind, data, id, operator, account_id IS NOT NULL AS own
FROM platform.dated_rules
WHERE kind = ANY(:kinds::text[]) AND valid_from <= :now::timestamptz
  AND (account_id IS NULL OR account_id = :account::text)
  AND (livemode IS NULL OR livemode = :livemode::boolean)
ORDER BY kind, data->>'of', data->>'line', operator, own, valid_from DESC, livemode IS NULL
""")

# Rows are taken in the order given, the same for all. A window that is full gives what is left.
# A count of seconds need not survive the server: nobody waits for the disk.
TAKE_REQUESTS: Final = Statement("""
INSERT INTO platform.rate_counters AS c (subject, starts_at, quota, taken, granted)
SELECT subject, :starts_at::bigint, quota, LEAST(wanted, quota), LEAST(wanted, quota)
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS lazily,
     unnest(:subjects::text[], :quotas::int[], :wanted::int[]) AS asked(subject, quota, wanted)
ON CONFLICT (subject, starts_at) DO UPDATE
SET quota = excluded.quota,
    granted = GREATEST(LEAST(excluded.granted, excluded.quota - c.taken), 0),
    taken = c.taken + GREATEST(LEAST(excluded.granted, excluded.quota - c.taken), 0)
RETURNING subject, granted, taken
""")

# A commit becomes visible some time after the moment that its note bears, the longer the slower the
# disk or a standby: hence a minute further back.
TOUCHED: Final = Statement("""
SELECT clock_timestamp(), ARRAY(
    SELECT DISTINCT account_id FROM platform.touches
    WHERE at > :since::timestamptz - interval '1 minute' AND at <= clock_timestamp())
""")

FIND_ACCOUNT: Final = Statement("""
SELECT name, language FROM platform.accounts WHERE id = :account::text
""")

# The kinds alone: who looked at the documents is the administrators' business.
FIND_OWN_ACCOUNT: Final = Statement("""
SELECT a.name, a.state, a.charges_enabled, a.payouts_enabled, a.language, a.country, a.created_at,
       ARRAY(SELECT s.livemode FROM platform.account_schemas s WHERE s.account_id = a.id
             ORDER BY s.livemode),
       ARRAY(SELECT DISTINCT d.kind FROM platform.account_documents d WHERE d.account_id = a.id)
FROM platform.accounts a WHERE a.id = :account::text
""")

FIND_STANDING: Final = Statement("""
SELECT state, payouts_enabled FROM platform.accounts WHERE id = :account::text
""")

FIND_PUBLIC_CODE: Final = Statement("""
SELECT account_id, livemode, object_id FROM platform.public_codes WHERE code = :code::text
""")

# One statement: an unknown token stores nothing; a known one stores the visit, and has the payment
# read at most once per 10 s, so that forged callbacks cannot use up the operator's quota. The first
# visit wakes the reader; one within 10 s of that brings the next scheduled read forward, which then
# counts as woken at that time. Where no read is scheduled any more the first visit since the end
# wakes the reader: it may tell of money that came after a failure.
RECEIVE_CALLBACK: Final = Statement("""
WITH found AS MATERIALIZED (
    SELECT t.token_hash, t.account_id, t.livemode, t.object_id, t.kind = 'charge' AS is_charge,
           w.kind AS check_kind, w.done_at, w.done_at IS NULL AND w.kind IS NOT NULL AS is_open
    FROM platform.callback_tokens t
    LEFT JOIN platform.due_work w
      ON w.kind = CASE t.kind WHEN 'charge' THEN 'payment_check' ELSE 'payout_check' END
      AND w.object_id = t.object_id
    WHERE t.token_hash = :token_hash::text AND t.provider = :provider::text
),
kept AS (
    INSERT INTO platform.callback_inbox (id, token_hash, received_at, source, body_sha256)
    SELECT :inbox_id::text, token_hash, now(), :source::text, :body_hash::text FROM found
),
hint AS (
    UPDATE platform.callback_tokens t
    SET hinted_at = CASE WHEN f.is_open AND t.hinted_at > now() - interval '10 seconds'
                         THEN t.hinted_at + interval '10 seconds' ELSE now() END
    FROM found f
    WHERE t.token_hash = f.token_hash
      AND (t.hinted_at IS NULL OR t.hinted_at <= now() - interval '10 seconds'
           -- By the clock: who waited for another's visit began before it.
           OR CASE WHEN f.is_open THEN t.hinted_at <= clock_timestamp()
                   ELSE t.hinted_at < f.done_at OR t.hinted_at > clock_timestamp() END)
    RETURNING t.token_hash, t.hinted_at, t.hinted_at <= now() AS is_now
),
later AS (
    UPDATE platform.due_work w SET due_at = LEAST(w.due_at, h.hinted_at)
    FROM found f JOIN hint h ON h.token_hash = f.token_hash AND NOT h.is_now
    WHERE w.kind = f.check_kind AND w.object_id = f.object_id AND w.done_at IS NULL
),
work AS (
    INSERT INTO platform.outbox (id, topic, account_id, livemode, object_id, traceparent)
    SELECT :message_id::text,
           CASE WHEN is_charge THEN 'charge-check-due' ELSE 'payout-check-due' END, account_id,
           livemode, object_id, :traceparent::text
    FROM found WHERE EXISTS (SELECT FROM hint WHERE is_now)
)
SELECT account_id, livemode, object_id, EXISTS (SELECT FROM hint WHERE is_now), is_charge
FROM found
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
                suspended=state in SUSPENDED,
                active=state == "active",
                key_since=row[10],
                payouts_enabled=row[11],
            ),
            secret_hmac=secret_hmac,
            ends_at=row[8],
            allowed_from=networks(row[9]),
        )

    def find_member(self, key: tuple[str, Tenant]) -> KnownMember | None:
        """Return a person's place in an account, and whether it has this mode, or None."""
        person, tenant = key
        row = self._one(
            FIND_MEMBER, account=tenant.account, livemode=tenant.livemode, person=person
        )
        if row is None:
            return None
        duty, language, charges_enabled, state, has_mode, payouts_enabled = row
        return KnownMember(
            member=Member(tenant.account, person, Duty(duty)),
            language=language,
            charges_enabled=charges_enabled,
            suspended=state in SUSPENDED,
            active=state == "active",
            has_mode=has_mode,
            payouts_enabled=payouts_enabled,
        )

    def find_access(self, key: tuple[str, Tenant]) -> KnownAccess | None:
        """Return an administrator's access that ends last of those nobody has ended, or None."""
        person, tenant = key
        row = self._one(
            FIND_ACCESS, account=tenant.account, livemode=tenant.livemode, person=person
        )
        if row is None:
            return None
        access_id, expires_at, language, charges_enabled, state = row
        return KnownAccess(
            id=access_id,
            expires_at=expires_at,
            language=language,
            charges_enabled=charges_enabled,
            suspended=state in SUSPENDED,
            active=state == "active",
        )

    def find_memberships(self, person: str) -> list[Membership]:
        """Return the accounts of a person by name, at most 1,000."""
        rows = self._database.once(
            None, FIND_MEMBERSHIPS, person=person, most=MOST_MEMBERSHIPS
        ).rows
        return [
            Membership(account, name, state, Duty(duty), tuple(modes))
            for account, name, state, duty, modes in rows
        ]

    def find_invitation(self, invitation_id: str) -> KnownInvitation | None:
        """Return whose an invitation is and the hash of its token, or None."""
        row = self._one(FIND_INVITATION, id=invitation_id)
        if row is None:
            return None
        account, token_hash, state = row
        return KnownInvitation(account, bytes(token_hash), is_suspended=state in SUSPENDED)

    def find_home(self, account: str) -> Tenant:
        """Return the mode through which what is of the account and of no mode is kept.

        Raises LookupError.
        """
        row = self._one(FIND_HOME, account=account)
        if row is None or row[0] is None:
            raise LookupError(account)
        return Tenant(account, row[0])

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

    def find_partner(self, operator_account: str, *, product: str) -> OperatorAccount | None:
        """Return another contract of the same owner, operator and mode, or None."""
        row = self._one(FIND_PARTNER, id=operator_account, product=product)
        return None if row is None else _operator_account(row)

    def read_operator_account(self, operator_account: str) -> OperatorAccount:
        """Return a contract by id. Raises LookupError."""
        row = self._one(READ_OPERATOR_ACCOUNT, id=operator_account)
        if row is None:
            raise LookupError(operator_account)
        return _operator_account(row)

    def find_limits(
        self, operator: Operator, *, now: datetime, kind: str = "limits"
    ) -> Limits | None:
        """Return the bounds per transaction that hold now; `kind` is `limits`, `limits_payout`."""
        row = self._one(FIND_LIMITS, operator=operator.value, now=now, kind=kind)
        return None if row is None else Limits(operator, *row)

    def find_rules(self, tenant: Tenant, *, now: datetime) -> Rules:
        """Return the bounds that hold for a tenant now."""
        rows = self._database.once(
            None,
            FIND_RULES,
            kinds=list(KINDS),
            account=tenant.account,
            livemode=tenant.livemode,
            now=now,
        ).rows
        fees = tuple(
            FeeRule.read(rule_id, operator, data, is_own=is_own)
            for kind, data, rule_id, operator, is_own in rows
            if kind == FEE
        )
        bounds = {kind: data for kind, data, *_ in rows if kind != FEE}
        return Rules.read(bounds.items(), Schedule(fees))

    def take_requests(
        self, starts_at: int, asked: Mapping[str, tuple[int, int]]
    ) -> Mapping[str, tuple[int, int]]:
        """Lease requests of a window: by subject a quota and how many; granted, and taken by all.

        The order of `asked` must be the same in every process.
        """
        quotas, wanted = zip(*asked.values(), strict=True)
        rows = self._database.once(
            None,
            TAKE_REQUESTS,
            starts_at=starts_at,
            subjects=list(asked),
            quotas=list(quotas),
            wanted=list(wanted),
        ).rows
        return {subject: (granted, taken) for subject, granted, taken in rows}

    def touched(self, since: datetime | None) -> tuple[datetime, Sequence[str]]:
        """Return the time, and whose keys, state, rules or contracts changed since; '*' for all."""
        at, accounts = self._database.once(None, TOUCHED, since=since).rows[0]
        return at, accounts

    def find_account(self, account: str) -> AccountProfile | None:
        """Return what a receipt says of the merchant."""
        row = self._one(FIND_ACCOUNT, account=account)
        return None if row is None else AccountProfile(account, *row)

    def find_outlet(self, account: str) -> Outlet | None:
        """Return whether money may go out of an account, or None where there is no such account."""
        row = self._one(FIND_STANDING, account=account)
        return None if row is None else Outlet(row[0] in SUSPENDED, payouts_enabled=row[1])

    def journal_is_read(self) -> bool:
        """Tell whether this server was not put back since it last read the journal in."""
        return bool(self._database.once(None, JOURNAL_IS_READ).rows[0][0])

    def find_own_account(self, account: str) -> OwnAccount | None:
        """Return an account as its members and keys see it, or None."""
        row = self._one(FIND_OWN_ACCOUNT, account=account)
        if row is None:
            return None
        name, state, charges, payouts, language, country, created_at, modes, kinds = row
        return OwnAccount(
            id=account,
            name=name,
            state=AccountState(state),
            switches=Switches(charges, payouts),
            language=language,
            country=country,
            created_at=created_at,
            modes=tuple(modes),
            missing=missing(kinds) if state == AccountState.ONBOARDING else (),
        )

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
        account, livemode, object_id, is_first, is_charge = row
        if is_first:
            topic = CHARGE_CHECK_DUE if is_charge else PAYOUT_CHECK_DUE
            message = Message(message_id, topic, account, livemode, object_id, traceparent)
            self._database.hand_on([message])
        return True

    def mark_published(self, ids: Sequence[str]) -> None:
        """Mark outbox rows whose messages the broker has acknowledged."""
        self._one(MARK_PUBLISHED, ids=list(ids))


def _operator_account(row: list[Any]) -> OperatorAccount:
    return OperatorAccount(row[0], Operator(row[1]), *row[2:])
