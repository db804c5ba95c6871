"""Administrators' accesses to accounts, as the owner of all schemas: nobody else writes them.

The account's own chain lies in the schema of its mode, the platform's beside it, and what is told
by mail is written in the same transaction: an access that nobody can see is not opened.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from shared.db import notices
from shared.db.audit import append
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.account_access import AccountAccess, Told
from shared.domain.account_states import AccountState
from shared.domain.notification import Notification
from shared.operations.manage_accesses import HeldAccount, PageOfAccesses

_COLUMNS: Final = """id, account_id, livemode, reason, opened_by, created_at, expires_at, ended_at,
    ended_by"""

FIND: Final = Statement(f"SELECT {_COLUMNS} FROM account_accesses WHERE id = :id::text")

HOLD: Final = Statement(f"""
SELECT {_COLUMNS} FROM account_accesses WHERE id = :id::text FOR UPDATE
""")

# Held, so that of two who open at once the second finds what the first has opened, and so that no
# closing comes between. Those who add keys and members need not wait.
HOLD_ACCOUNT: Final = Statement("""
SELECT state FROM accounts WHERE id = :account::text FOR NO KEY UPDATE
""")

# A statement of its own: it sees what was committed while the other one waited.
STANDING: Final = Statement("""
SELECT ARRAY(SELECT livemode FROM account_schemas WHERE account_id = :account::text),
    (SELECT id FROM account_accesses
     WHERE opened_by = :person::text AND account_id = :account::text
       AND livemode = :livemode::boolean AND ended_at IS NULL AND expires_at > :now::timestamptz
     LIMIT 1)
""")

ADD: Final = Statement("""
INSERT INTO account_accesses
    (id, account_id, livemode, reason, opened_by, created_at, expires_at)
VALUES (:id::text, :account::text, :livemode::boolean, :reason::text, :opened_by::text,
    :created_at::timestamptz, :expires_at::timestamptz)
""")

END: Final = Statement("""
UPDATE account_accesses SET ended_at = :ended_at::timestamptz, ended_by = :ended_by::text
WHERE id = :id::text
""")

# Ids are in the order of time; `LAST` lies outside every id. Two statements, each with its index.
LAST: Final = "~"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM account_accesses
WHERE id < :before::text {{of_account}}
  AND (:status::text IS NULL OR :status::text = CASE WHEN ended_at IS NOT NULL THEN 'ended'
       WHEN expires_at > :now::timestamptz THEN 'open' ELSE 'expired' END)
ORDER BY id DESC LIMIT :limit::int
"""
PAGE: Final = Statement(_PAGE.format(of_account=""))
PAGE_OF_ACCOUNT: Final = Statement(_PAGE.format(of_account="AND account_id = :account::text"))

# What is appended behind it goes into the chain of this schema.
_PLATFORM: Final = "platform, pg_catalog"
_ENTER: Final = Statement("SELECT set_config('search_path', :path::text, true)")


class AccountAccesses:
    """AccessesStore in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    def find(self, access_id: str) -> AccountAccess | None:
        """Return an access, or None."""
        rows = self._database.once(None, FIND, id=access_id).rows
        return _access(rows[0]) if rows else None

    def page(self, page: PageOfAccesses, *, now: datetime) -> Sequence[AccountAccess]:
        """Return one more than fits on the page, if there are as many, newest first."""
        named: dict[str, Any] = {} if page.account is None else {"account": page.account}
        rows = self._database.once(
            None,
            PAGE_OF_ACCOUNT if named else PAGE,
            **named,
            before=page.after or LAST,
            status=page.status and page.status.value,
            now=now,
            limit=page.limit + 1,
        ).rows
        return [_access(row) for row in rows]

    @contextmanager
    def opening(
        self, tenant: Tenant, *, person: str, now: datetime
    ) -> Iterator["PostgresOpening | None"]:
        """Take hold of an account, None where there is none. Raises Unavailable."""
        with self._database.platform() as transaction:
            states = transaction.run(HOLD_ACCOUNT, account=tenant.account)
            if not states:
                yield None
                return
            [[livemodes, open_access]] = transaction.run(
                STANDING,
                account=tenant.account,
                livemode=tenant.livemode,
                person=person,
                now=now,
            )
            state = AccountState(states[0][0])
            yield PostgresOpening(transaction, HeldAccount(state, livemodes, open_access))

    @contextmanager
    def ending(self, access_id: str) -> Iterator["PostgresEnding | None"]:
        """Take hold of an access, None where there is none. Raises Unavailable."""
        with self._database.platform() as transaction:
            rows = transaction.run(HOLD, id=access_id)
            yield PostgresEnding(transaction, _access(rows[0])) if rows else None


class PostgresOpening:
    """Opening in an open transaction."""

    def __init__(self, transaction: Transaction, account: HeldAccount) -> None:
        """Keep the transaction, and the account as read after the lock."""
        self._transaction = transaction
        self._account = account

    @property
    def account(self) -> HeldAccount:
        """The account as it is."""
        return self._account

    def add(self, access: AccountAccess, notice: Notification, told: Told) -> None:
        """Store an access, whom it is told by mail, and what both chains tell of it."""
        self._transaction.run(
            ADD,
            id=access.id,
            account=access.tenant.account,
            livemode=access.tenant.livemode,
            reason=access.reason,
            opened_by=access.opened_by,
            created_at=access.created_at,
            expires_at=access.expires_at,
        )
        notices.add(self._transaction, notice)
        _tell(self._transaction, access.tenant, told)


class PostgresEnding:
    """Ending in an open transaction."""

    def __init__(self, transaction: Transaction, access: AccountAccess) -> None:
        """Keep the transaction, and the access as read under the lock."""
        self._transaction = transaction
        self._access = access

    @property
    def access(self) -> AccountAccess:
        """The access as it is."""
        return self._access

    def end(self, access: AccountAccess, told: Told) -> None:
        """Store that it was ended, and what both chains tell of it."""
        self._transaction.run(END, id=access.id, ended_at=access.ended_at, ended_by=access.ended_by)
        _tell(self._transaction, access.tenant, told)


def _tell(transaction: Transaction, tenant: Tenant, told: Told) -> None:
    """Append last, to the platform's chain last of all: every administrator's acts wait for it.

    Whoever waits for an account's chain must not hold the platform's, or the brake would wait too.
    """
    transaction.run(_ENTER, path=f'"{tenant.schema}", pg_catalog')
    append(transaction, told.to_the_account)
    transaction.run(_ENTER, path=_PLATFORM)
    append(transaction, told.to_the_platform)


def _access(row: Sequence[Any]) -> AccountAccess:
    access_id, account, livemode, *others = row
    return AccountAccess(access_id, Tenant(account, livemode), *others)
