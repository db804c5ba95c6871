"""The settlement rule of one tenant in PostgreSQL. The number is sealed: no table of ours shows it.

A rule is replaced, never changed, so that a payout's key always means the rule that it was made by.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from shared.db.audit import append
from shared.db.charges import FAR_FUTURE
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.settlement import Every, SettlementRule

Seal = Callable[[str, str], str]
"""Takes a text and the id of its row."""

_COLUMNS: Final = """id, destination_sealed, operator, every, weekday, hour, minimum, keep_back,
    set_by, set_at, ended_at"""

# Of two who set it at once the second ends the rule of the first.
LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtextextended(:schema::text, 6113427))")
STANDING: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.settlement_rules
WHERE account_id = :account::text AND livemode = :livemode::boolean AND ended_at IS NULL
""")
FIND: Final = Statement(f"""
SELECT {_COLUMNS} FROM platform.settlement_rules WHERE id = :id::text
""")
END: Final = Statement("""
WITH ended AS (
    UPDATE platform.settlement_rules SET ended_at = :at::timestamptz
    WHERE account_id = :account::text AND livemode = :livemode::boolean AND ended_at IS NULL
    RETURNING id
)
UPDATE platform.due_work SET due_at = 'infinity', lease_until = NULL, done_at = :at::timestamptz
WHERE kind = 'settlement' AND object_id IN (SELECT id FROM ended)
""")
ADD: Final = Statement("""
WITH added AS (
    INSERT INTO platform.settlement_rules (id, account_id, livemode, destination_sealed, operator,
        every, weekday, hour, minimum, keep_back, set_by, set_at)
    VALUES (:id::text, :account::text, :livemode::boolean, :destination::text, :operator::text,
        :every::text, :weekday::int, :hour::int, :minimum::bigint, :keep_back::bigint,
        :set_by::text, :at::timestamptz)
)
INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at)
VALUES ('settlement', :id::text, :account::text, :livemode::boolean, :due_at::timestamptz)
""")
WAIT: Final = Statement("""
UPDATE platform.due_work
SET due_at = :due_at::timestamptz, lease_until = NULL, done_at = :done_at::timestamptz
WHERE kind = 'settlement' AND object_id = :id::text
""")
OPEN_CASE: Final = Statement("""
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, opened_at)
VALUES (:case_id::text, 'settlement', :account::text, :livemode::boolean, :id::text,
        :reason::text, now())
ON CONFLICT DO NOTHING
""")


class Settlements:
    """SettlementStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant, *, seal: Seal, unseal: Seal) -> None:
        """`database` connects as the application; nothing is opened yet."""
        self._database = database
        self._tenant = tenant
        self._seal = seal
        self._unseal = unseal

    @property
    def _whose(self) -> dict[str, Any]:
        return {"account": self._tenant.account, "livemode": self._tenant.livemode}

    def standing(self) -> SettlementRule | None:
        """Return the rule that holds, or None."""
        rows = self._database.once(self._tenant, STANDING, **self._whose).rows
        return self._rule(rows[0]) if rows else None

    def find(self, rule_id: str) -> SettlementRule | None:
        """Return a rule, ended or not, or None."""
        rows = self._database.once(self._tenant, FIND, id=rule_id).rows
        return self._rule(rows[0]) if rows else None

    def replace(self, rule: SettlementRule, entry: AuditEntry, *, due_at: datetime) -> None:
        """Have it hold in the place of the one before, from its next moment on."""
        destination = json.dumps({"phone": rule.phone.e164, "name": rule.name})
        with self._database.tenant(self._tenant) as transaction:
            transaction.run(LOCK, schema=self._tenant.schema)
            transaction.run(END, **self._whose, at=rule.set_at)
            transaction.run(
                ADD,
                **self._whose,
                id=rule.id,
                destination=self._seal(destination, rule.id),
                operator=rule.operator.value,
                every=rule.every.value,
                weekday=rule.weekday,
                hour=rule.hour,
                minimum=rule.minimum,
                keep_back=rule.keep_back,
                set_by=rule.set_by,
                at=rule.set_at,
                due_at=due_at,
            )
            append(transaction, entry)

    def end(self, rule: SettlementRule, entry: AuditEntry, *, at: datetime) -> None:
        """Have none hold any more."""
        del rule
        with self._database.tenant(self._tenant) as transaction:
            transaction.run(END, **self._whose, at=at)
            append(transaction, entry)

    def wait(self, rule_id: str, *, due_at: datetime | None, at: datetime) -> None:
        """Have it looked at then, or with None no more."""
        self._database.once(
            self._tenant,
            WAIT,
            id=rule_id,
            due_at=FAR_FUTURE if due_at is None else due_at,
            done_at=at if due_at is None else None,
        )

    def open_case(self, rule_id: str, *, case_id: str, reason: str) -> None:
        """Let a person look why it was not paid, once for each reason."""
        self._database.once(
            self._tenant, OPEN_CASE, **self._whose, id=rule_id, case_id=case_id, reason=reason
        )

    def _rule(self, row: Sequence[Any]) -> SettlementRule:
        destination = json.loads(self._unseal(row[1], row[0]))
        return SettlementRule(
            id=row[0],
            account=self._tenant.account,
            livemode=self._tenant.livemode,
            phone=PhoneNumber(destination["phone"]),
            operator=Operator(row[2]),
            name=destination["name"],
            every=Every(row[3]),
            weekday=row[4],
            hour=row[5],
            minimum=row[6],
            keep_back=row[7],
            set_by=row[8],
            set_at=row[9],
            ended_at=row[10],
        )
