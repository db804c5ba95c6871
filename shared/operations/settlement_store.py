"""What automatic settlement needs from the database, as a Protocol; each call is a transaction."""

from datetime import datetime
from typing import Protocol

from shared.domain.audit import AuditEntry
from shared.domain.settlement import SettlementRule


class SettlementStore(Protocol):
    """The settlement rule of one tenant."""

    def standing(self) -> SettlementRule | None:
        """Return the rule that holds, or None."""

    def find(self, rule_id: str) -> SettlementRule | None:
        """Return a rule, ended or not, or None."""

    def replace(self, rule: SettlementRule, entry: AuditEntry, *, due_at: datetime) -> None:
        """Have it hold in the place of the one before, from its next moment on."""

    def end(self, rule: SettlementRule, entry: AuditEntry, *, at: datetime) -> None:
        """Have none hold any more."""

    def wait(self, rule_id: str, *, due_at: datetime | None, at: datetime) -> None:
        """Have it looked at then, or with None no more."""

    def open_case(self, rule_id: str, *, case_id: str, reason: str) -> None:
        """Let a person look why it was not paid, once for each reason."""
