"""What an owner says of an account, changed by the owner of all schemas: nobody else may."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from shared.db.audit import append
from shared.db.cases import PLATFORM_PATH, enter
from shared.db.directory_statements import RECEIPT_LOOK
from shared.db.files import FIND as FIND_FILE
from shared.db.files import file_of
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.file import StoredFile
from shared.domain.ids import new_id
from shared.domain.receipt_look import ReceiptLook
from shared.operations.update_account import AccountSettings

# Taken by a statement of its own: the next sees what others wrote.
LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:account::text, 6113431))")

FIND: Final = Statement(f"""
SELECT a.language, {RECEIPT_LOOK}, clock_timestamp()
FROM platform.accounts a WHERE a.id = :account::text
""")

SPEAK: Final = Statement("""
UPDATE platform.accounts SET language = :language::text WHERE id = :account::text
""")

# Never changed, a later one added: what receipts carried when stays known.
ADD: Final = Statement("""
INSERT INTO platform.dated_rules (id, kind, account_id, livemode, valid_from, data)
VALUES (:id::text, 'receipt', :account::text, :livemode::boolean, :at::timestamptz, :data::jsonb)
""")


class PostgresSettings:
    """SettingsStore in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    @contextmanager
    def hold(self, tenant: Tenant) -> Iterator["PostgresHeldSettings"]:
        """Take hold of an account's. Raises LookupError, Unavailable."""
        with self._database.platform() as transaction:
            transaction.run(LOCK, account=tenant.account)
            rows = transaction.run(FIND, account=tenant.account, livemode=tenant.livemode)
            if not rows:
                raise LookupError(tenant.account)
            yield PostgresHeldSettings(transaction, tenant, rows[0])


class PostgresHeldSettings:
    """HeldSettings in an open transaction."""

    def __init__(self, transaction: Transaction, tenant: Tenant, row: Sequence[Any]) -> None:
        """Keep the transaction, and what was read under the lock."""
        self._transaction = transaction
        self._tenant = tenant
        language, data, self._at = row
        self.before = AccountSettings(language, ReceiptLook.read(data or {}))

    def file(self, file_id: str) -> StoredFile | None:
        """Return a file of this mode, or None."""
        enter(self._transaction, f'"{self._tenant.schema}", pg_catalog')
        rows = self._transaction.run(FIND_FILE, id=file_id)
        enter(self._transaction, PLATFORM_PATH)
        return file_of(rows[0], self._tenant) if rows else None

    def replace(self, after: AccountSettings) -> None:
        """Have these hold from now on."""
        account = self._tenant.account
        if after.language != self.before.language:
            self._transaction.run(SPEAK, account=account, language=after.language)
        if after.look != self.before.look:
            self._transaction.run(
                ADD,
                id=new_id("rule", int(self._at.timestamp() * 1000)),
                account=account,
                livemode=self._tenant.livemode,
                at=self._at,
                data=json.dumps(after.look.words, ensure_ascii=False),
            )

    def record(self, entry: AuditEntry) -> None:
        """Add to the account's audit chain."""
        enter(self._transaction, f'"{self._tenant.schema}", pg_catalog')
        append(self._transaction, entry)
        enter(self._transaction, PLATFORM_PATH)
