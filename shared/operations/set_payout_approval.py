"""Says which payouts of an account a second person must approve, from now or from tomorrow on."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from shared.domain.account import Caller, Tenant
from shared.domain.approval import LOOSENS_AFTER, ApprovalRule
from shared.domain.audit import AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotPermitted
from shared.domain.notification import Kind, Notification
from shared.operations.lists import refuse_unknown

MOST: Final = 1_000_000_000
NEVER: Final = "never"
_FIELDS: Final = ("keys_from", "people_from")


class HeldApprovalRule(Protocol):
    """A tenant's rule, held for one transaction that commits when the context ends."""

    @property
    def before(self) -> ApprovalRule:
        """What holds now."""

    def replace(self, rule: ApprovalRule, *, at: datetime) -> None:
        """Have a rule hold from then on, in the place of all that were to hold then or later."""

    def tell(self, notice: Notification) -> None:
        """Have the account's people told by mail."""

    def record(self, entry: AuditEntry) -> None:
        """Add to the account's audit chain, last of all: the chain is held until the commit."""


class ApprovalRules(Protocol):
    """Which payouts of which account need approval."""

    def hold(self, tenant: Tenant, now: datetime) -> AbstractContextManager[HeldApprovalRule]:
        """Take hold of a tenant's rule as it is at a moment."""


@dataclass(frozen=True, slots=True)
class SetRule:
    """The rule that shall hold, and from when on it does as a whole."""

    rule: ApprovalRule
    valid_from: datetime


def read_rule(body: Mapping[str, Any]) -> ApprovalRule:
    """Read a JSON body; both amounts must be named, null for never. Raises InvalidRequest."""
    refuse_unknown(body, _FIELDS)
    for name in _FIELDS:
        if name not in body:
            raise InvalidRequest("parameter_missing", name)
        value = body[name]
        if value is not None and (type(value) is not int or not 0 <= value <= MOST):
            raise InvalidRequest("parameter_invalid", name)
    return ApprovalRule(keys_from=body["keys_from"], people_from=body["people_from"])


def set_payout_approval(
    rule: ApprovalRule, caller: Caller, origin: Origin, *, rules: ApprovalRules
) -> SetRule:
    """Have a rule hold: at once as far as more needs approval by it, else in the live mode later.

    So whoever takes over an owner's session cannot pay out alone before the others have heard of
    it. Raises NotPermitted `account_suspended`.
    """
    if caller.suspended:
        raise NotPermitted("account_suspended")
    tenant, now = caller.tenant, origin.at
    with rules.hold(tenant, now) as held:
        before = held.before
        # What is set by the platform alone stays as it is.
        wanted = rule.lasting(before.lasts)
        at_once = wanted.stricter(before) if tenant.livemode else wanted
        valid_from = now if at_once == wanted else now + LOOSENS_AFTER
        held.replace(at_once, at=now)
        if at_once != wanted:
            held.replace(wanted, at=valid_from)
        after = {**rule_object(wanted), "valid_from": valid_from.isoformat()}
        held.tell(_notice(tenant, after, now))
        entry = origin.entry(
            "payout_approval.changed",
            "account",
            tenant.account,
            before=rule_object(before),
            after=after,
        )
        held.record(entry)
    return SetRule(wanted, valid_from)


def rule_object(rule: ApprovalRule) -> dict[str, Any]:
    """Return what an account shows of its rule, in whole XAF."""
    return {"keys_from": rule.keys_from, "people_from": rule.people_from}


def _notice(tenant: Tenant, after: Mapping[str, Any], now: datetime) -> Notification:
    words = {name: NEVER if value is None else str(value) for name, value in after.items()}
    return Notification.of(
        Kind.APPROVAL_RULE_CHANGED, tenant.account, words, livemode=tenant.livemode, now=now
    )
