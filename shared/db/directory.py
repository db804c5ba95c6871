"""Platform rows that functions look up before they enter a tenant: keys, accounts, contracts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.db import directory_statements as sql
from shared.db.statement import Statement
from shared.db.test_clocks import find_clock
from shared.db.transaction import Database
from shared.domain.account import (
    AccountProfile,
    Caller,
    KnownKey,
    Limits,
    OperatorAccount,
    Outlet,
    Seller,
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
from shared.domain.receipt_look import PrintedAs, ReceiptLook
from shared.domain.rules import FEE, KINDS, Rules
from shared.domain.test_clock import TestClock
from shared.operations.manage_team import KnownInvitation
from shared.operations.read_terms import KINDS as TERM_KINDS
from shared.operations.read_terms import MOST_COMING, Term

SUSPENDED: Final = frozenset({"suspended", "closed"})
MOST_MEMBERSHIPS: Final = 1_000


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
        row = self._one(sql.FIND_KEY, key_id=key_id)
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
            sql.FIND_MEMBER, account=tenant.account, livemode=tenant.livemode, person=person
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
            sql.FIND_ACCESS, account=tenant.account, livemode=tenant.livemode, person=person
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
            None, sql.FIND_MEMBERSHIPS, person=person, most=MOST_MEMBERSHIPS
        ).rows
        return [
            Membership(account, name, state, Duty(duty), tuple(modes))
            for account, name, state, duty, modes in rows
        ]

    def find_invitation(self, invitation_id: str) -> KnownInvitation | None:
        """Return whose an invitation is and the hash of its token, or None."""
        row = self._one(sql.FIND_INVITATION, id=invitation_id)
        if row is None:
            return None
        account, token_hash, state = row
        return KnownInvitation(account, bytes(token_hash), is_suspended=state in SUSPENDED)

    def find_home(self, account: str) -> Tenant:
        """Return the mode through which what is of the account and of no mode is kept.

        Raises LookupError.
        """
        row = self._one(sql.FIND_HOME, account=account)
        if row is None or row[0] is None:
            raise LookupError(account)
        return Tenant(account, row[0])

    def note_use(self, key_ids: Sequence[str]) -> None:
        """Keep that these keys were used just now, unless that was kept a minute ago."""
        self._database.once(None, sql.NOTE_USE, ids=list(key_ids))

    def find_operator_account(
        self, operator: Operator, *, product: str, tenant: Tenant
    ) -> OperatorAccount | None:
        """Return the contract by which a tenant's payments go: its own, else the platform's."""
        row = self._one(
            sql.FIND_OPERATOR_ACCOUNT,
            operator=operator.value,
            product=product,
            livemode=tenant.livemode,
            account=tenant.account,
        )
        return None if row is None else _operator_account(row)

    def find_partner(self, operator_account: str, *, product: str) -> OperatorAccount | None:
        """Return another contract of the same owner, operator and mode, or None."""
        row = self._one(sql.FIND_PARTNER, id=operator_account, product=product)
        return None if row is None else _operator_account(row)

    def read_operator_account(self, operator_account: str) -> OperatorAccount:
        """Return a contract by id. Raises LookupError."""
        row = self._one(sql.READ_OPERATOR_ACCOUNT, id=operator_account)
        if row is None:
            raise LookupError(operator_account)
        return _operator_account(row)

    def find_limits(
        self, operator: Operator, *, now: datetime, kind: str = "limits"
    ) -> Limits | None:
        """Return the bounds per transaction that hold now; `kind` is `limits`, `limits_payout`."""
        row = self._one(sql.FIND_LIMITS, operator=operator.value, now=now, kind=kind)
        return None if row is None else Limits(operator, *row)

    def find_rules(self, tenant: Tenant, *, now: datetime) -> Rules:
        """Return the bounds that hold for a tenant now."""
        rows = self._database.once(
            None,
            sql.FIND_RULES,
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

    def find_terms(self, tenant: Tenant, *, now: datetime) -> list[Term]:
        """Return what holds for a tenant's money, and what is to; the nearest of that first."""
        rows = self._database.once(
            None,
            sql.FIND_TERMS,
            kinds=list(TERM_KINDS),
            account=tenant.account,
            livemode=tenant.livemode,
            now=now,
            most=MOST_COMING,
        ).rows
        return [Term(*row) for row in rows]

    def take_requests(
        self, starts_at: int, asked: Mapping[str, tuple[int, int]]
    ) -> Mapping[str, tuple[int, int]]:
        """Lease requests of a window: by subject a quota and how many; granted, and taken by all.

        The order of `asked` must be the same in every process.
        """
        quotas, wanted = zip(*asked.values(), strict=True)
        rows = self._database.once(
            None,
            sql.TAKE_REQUESTS,
            starts_at=starts_at,
            subjects=list(asked),
            quotas=list(quotas),
            wanted=list(wanted),
        ).rows
        return {subject: (granted, taken) for subject, granted, taken in rows}

    def find_test_clock(self, account: str) -> TestClock:
        """Return the clock of an account's test mode."""
        return find_clock(self._database, account)

    def touched(self, since: datetime | None) -> tuple[datetime, Sequence[str]]:
        """Return the time, and whose keys, state, rules or contracts changed since; '*' for all."""
        at, accounts = self._database.once(None, sql.TOUCHED, since=since).rows[0]
        return at, accounts

    def find_account(self, account: str) -> AccountProfile | None:
        """Return what a receipt says of the merchant."""
        row = self._one(sql.FIND_ACCOUNT, account=account)
        return None if row is None else AccountProfile(account, *row)

    def find_outlet(self, account: str) -> Outlet | None:
        """Return whether money may go out of an account, or None where there is no such account."""
        row = self._one(sql.FIND_STANDING, account=account)
        return None if row is None else Outlet(row[0] in SUSPENDED, payouts_enabled=row[1])

    def journal_is_read(self) -> bool:
        """Tell whether this server was not put back since it last read the journal in."""
        return bool(self._database.once(None, sql.JOURNAL_IS_READ).rows[0][0])

    def find_own_account(self, tenant: Tenant) -> OwnAccount | None:
        """Return an account as its members and keys see it in a mode, or None."""
        account = tenant.account
        row = self._one(sql.FIND_OWN_ACCOUNT, account=account, livemode=tenant.livemode)
        if row is None:
            return None
        name, state, charges, payouts, language, country, created_at, modes, kinds = row[:9]
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
            refunds_below_zero_limit=row[9],
            look=ReceiptLook.read(row[10] or {}),
        )

    def find_printed(self, tenant: Tenant) -> PrintedAs | None:
        """Return what receipts say of a merchant and carry in a mode, or None."""
        row = self._one(sql.FIND_PRINTED, account=tenant.account, livemode=tenant.livemode)
        return None if row is None else PrintedAs(row[0], row[1], ReceiptLook.read(row[2] or {}))

    def find_seller(self, account: str) -> Seller | None:
        """Return whether an account may charge now, or None where there is no such account."""
        row = self._one(sql.FIND_SELLER, account=account)
        return None if row is None else Seller(row[0] in SUSPENDED, row[1], row[2])

    def find_public_code(self, code: str) -> tuple[Tenant, str] | None:
        """Return the tenant and object behind a public code, or None."""
        row = self._one(sql.FIND_PUBLIC_CODE, code=code)
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
            sql.RECEIVE_CALLBACK,
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
        self._one(sql.MARK_PUBLISHED, ids=list(ids))


def _operator_account(row: list[Any]) -> OperatorAccount:
    return OperatorAccount(row[0], Operator(row[1]), *row[2:])
