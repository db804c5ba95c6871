"""Which payouts of an account need a second person, as dated rules, by the owner of all schemas."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from shared.db import notices
from shared.db.audit import append
from shared.db.cases import PLATFORM_PATH, enter
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.approval import ApprovalRule
from shared.domain.audit import AuditEntry
from shared.domain.ids import new_id
from shared.domain.notification import Notification

# Taken by a statement of its own: the next sees what others wrote.
LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:schema::text, 6113410))")

# As `find_rules` chooses: an account's own before everybody's, the latest of those.
FIND: Final = Statement("""
SELECT data FROM platform.dated_rules
WHERE kind = 'approval' AND valid_from <= :now::timestamptz
  AND (account_id IS NULL OR account_id = :account::text)
  AND (livemode IS NULL OR livemode = :livemode::boolean)
ORDER BY account_id IS NULL, valid_from DESC, livemode IS NULL LIMIT 1
""")

FORGET: Final = Statement("""
DELETE FROM platform.dated_rules
WHERE kind = 'approval' AND account_id = :account::text AND livemode = :livemode::boolean
  AND valid_from >= :at::timestamptz
""")

ADD: Final = Statement("""
INSERT INTO platform.dated_rules (id, kind, account_id, livemode, valid_from, data)
VALUES (:id::text, 'approval', :account::text, :livemode::boolean, :at::timestamptz, :data::jsonb)
""")


class PostgresApprovalRules:
    """ApprovalRules in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        """`database` connects as the owner of all schemas; nothing is opened yet."""
        self._database = database

    @contextmanager
    def hold(self, tenant: Tenant, now: datetime) -> Iterator["PostgresHeldApprovalRule"]:
        """Take hold of a tenant's rule. Raises Unavailable."""
        with self._database.platform() as transaction:
            transaction.run(LOCK, schema=tenant.schema)
            [[data]] = transaction.run(
                FIND, account=tenant.account, livemode=tenant.livemode, now=now
            ) or [[{}]]
            yield PostgresHeldApprovalRule(transaction, tenant, ApprovalRule.read(data))


class PostgresHeldApprovalRule:
    """HeldApprovalRule in an open transaction."""

    def __init__(self, transaction: Transaction, tenant: Tenant, before: ApprovalRule) -> None:
        """Keep the transaction, and what was read under the lock."""
        self._transaction = transaction
        self._tenant = tenant
        self._before = before

    @property
    def before(self) -> ApprovalRule:
        """What holds now."""
        return self._before

    def replace(self, rule: ApprovalRule, *, at: datetime) -> None:
        """Have a rule hold from then on, in the place of all that were to hold then or later."""
        values: dict[str, Any] = {
            "account": self._tenant.account,
            "livemode": self._tenant.livemode,
            "at": at,
        }
        self._transaction.run(FORGET, **values)
        rule_id = new_id("rule", int(at.timestamp() * 1000))
        self._transaction.run(ADD, id=rule_id, data=json.dumps(rule.words), **values)

    def tell(self, notice: Notification) -> None:
        """Have the account's people told by mail."""
        notices.add(self._transaction, notice)

    def record(self, entry: AuditEntry) -> None:
        """Add to the account's audit chain."""
        enter(self._transaction, f'"{self._tenant.schema}", pg_catalog')
        append(self._transaction, entry)
        enter(self._transaction, PLATFORM_PATH)
