"""What members of an account have left out of their mails, through the account's own role."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from shared.db.audit import append
from shared.db.statement import Statement
from shared.db.transaction import Database, Transaction
from shared.domain.account import Tenant
from shared.domain.audit import AuditEntry
from shared.domain.errors import NotPermitted
from shared.domain.people import Duty
from shared.operations.notification_choices import Choices

_FIND: Final = """
SELECT email, language, duty, silenced FROM platform.members
WHERE account_id = :account::text AND person = :person::text AND ended_at IS NULL"""
FIND: Final = Statement(_FIND)
HOLD: Final = Statement(f"{_FIND} FOR NO KEY UPDATE")

SILENCE: Final = Statement("""
UPDATE platform.members SET silenced = :kinds::text[]
WHERE account_id = :account::text AND person = :person::text AND ended_at IS NULL
""")


class NotificationChoices:
    """ChoicesStore of one account."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind it to an account; `tenant` is the mode through whose role it is reached."""
        self._database = database
        self._tenant = tenant

    def read(self, person: str) -> Choices:
        """Return a member's. Raises NotPermitted for whoever is none any more."""
        rows = self._database.once(
            self._tenant, FIND, account=self._tenant.account, person=person
        ).rows
        return _choices(rows)

    @contextmanager
    def hold(self, person: str) -> Iterator["HeldByRow"]:
        """Take hold of a member's. Raises NotPermitted for whoever is none any more."""
        with self._database.tenant(self._tenant) as transaction:
            found = transaction.run(HOLD, account=self._tenant.account, person=person)
            yield HeldByRow(transaction, self._tenant.account, person, _choices(found))


class HeldByRow:
    """HeldChoices in an open transaction, which holds the member's row."""

    def __init__(
        self, transaction: Transaction, account: str, person: str, before: Choices
    ) -> None:
        """Keep the transaction, and what was read with the row."""
        self._transaction = transaction
        self._account = account
        self._person = person
        self.before = before

    def silence(self, kinds: frozenset[str]) -> None:
        """Have these kinds left out, and no others."""
        self._transaction.run(
            SILENCE, account=self._account, person=self._person, kinds=sorted(kinds)
        )

    def record(self, entry: AuditEntry) -> None:
        """Add to the account's audit chain."""
        append(self._transaction, entry)


def _choices(rows: list[list[Any]]) -> Choices:
    if not rows:
        raise NotPermitted("permission_denied")
    email, language, duty, silenced = rows[0]
    return Choices(email, language, Duty(duty), frozenset(silenced))
