"""Says whose wallet a number is, as its operator spells it; each look is counted and told.

Names are worth harvesting. So an account and each of its keys and people may ask so often an hour,
each look stands in the account's audit chain before the operator is asked, and nothing of ours
keeps the name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from shared.domain.account import Caller, OperatorAccount
from shared.domain.audit import AuditEntry, Origin
from shared.domain.breaker import Circuit, is_failure
from shared.domain.deadline import Deadline
from shared.domain.errors import InvalidRequest, NotPermitted, TooManyRequests, Unavailable
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.quota import seconds_left, window_start
from shared.domain.rules import RequestRate
from shared.operations.gate import BUSY, OPEN, Gate
from shared.operations.lists import refuse_unknown
from shared.operations.ports import Holder, HolderReader, Unknown

SECONDS: Final = 15
"""How long an operator may take: a person waits for it."""
RETRY_AFTER_SECONDS: Final = 10

Take = Callable[[int, Mapping[str, tuple[int, int]]], Mapping[str, tuple[int, int]]]
"""Takes of a window's counts, by subject its quota and how many; returns what was granted."""


@dataclass(frozen=True, slots=True)
class LookupHolder:
    """A well-formed question."""

    phone: PhoneNumber
    operator: Operator

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, {"phone", "operator"})
        given = body.get("phone")
        if given is None:
            raise InvalidRequest("phone_missing", "phone")
        if not isinstance(given, str):
            raise InvalidRequest("phone_invalid", "phone")
        phone = PhoneNumber.parse(given, param="phone")
        named = body.get("operator")
        operator = phone.operator if named is None else named
        if operator is None:
            raise InvalidRequest("operator_undetermined", "operator")
        if operator not in tuple(Operator):
            raise InvalidRequest("operator_unknown", "operator")
        return cls(phone, Operator(str(operator)))


@dataclass(frozen=True, slots=True)
class LookupTerms:
    """By which contract a tenant asks, None where it has none, and how often; None: unbounded."""

    operator_account: OperatorAccount | None
    rate: RequestRate | None


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, from where, and what it takes to count, to tell and to ask."""

    caller: Caller
    origin: Origin
    take: Take
    record: Callable[[AuditEntry], None]
    reader_of: Callable[[OperatorAccount], HolderReader]
    monotonic: Callable[[], float]


def lookup_holder(command: LookupHolder, terms: LookupTerms, asking: Asking) -> Holder:
    """Return whose wallet it is, or that there is none.

    Raises NotPermitted `account_suspended`, InvalidRequest `operator_not_served`, TooManyRequests
    `holder_lookups_reached`, and Unavailable `operator_unavailable` where the operator says
    nothing.
    """
    if asking.caller.suspended:
        raise NotPermitted("account_suspended")
    account = terms.operator_account
    if account is None:
        raise InvalidRequest("operator_not_served", "operator", operator=command.operator.value)
    if terms.rate is not None:
        _count(terms.rate, asking)
    after = {"operator": command.operator.value}
    asking.record(
        asking.origin.entry("holder.looked_up", "phone_number", command.phone.masked, after=after)
    )
    deadline = Deadline.after(SECONDS, asking.monotonic)
    found = asking.reader_of(account).read_holder(command.phone, deadline=deadline)
    if isinstance(found, Unknown):
        raise Unavailable("operator_unavailable", retry_after_seconds=RETRY_AFTER_SECONDS)
    return found


def holder_object(command: LookupHolder, holder: Holder, *, livemode: bool) -> dict[str, Any]:
    """Return the answer; whoever asks knows the number, so it comes masked."""
    return {
        "object": "holder_lookup",
        "operator": command.operator.value,
        "phone": command.phone.masked,
        "found": holder.name is not None,
        "name": holder.name,
        "active": holder.is_active,
        "livemode": livemode,
    }


class GatedHolderReader:
    """A HolderReader that keeps still while its operator does not answer."""

    def __init__(self, reader: HolderReader, gate: Gate, circuit: Circuit) -> None:
        """Guard a reader."""
        self._reader = reader
        self._gate = gate
        self._circuit = circuit

    def read_holder(self, number: PhoneNumber, *, deadline: Deadline) -> Holder | Unknown:
        """Read, or know nothing."""
        entered = self._gate.enter(self._circuit)
        if entered in {OPEN, BUSY}:
            return Unknown(entered)
        failed: bool | None = None
        try:
            found = self._reader.read_holder(number, deadline=deadline)
            failed = is_failure(found.reason) if isinstance(found, Unknown) else False
        finally:
            self._gate.leave(self._circuit, entered, failed=failed)
        return found


def _count(rate: RequestRate, asking: Asking) -> None:
    """Count one look of the account, and of who asks. Raises TooManyRequests.

    One that is refused for its key's sake counts for the account all the same: so a key that asks
    on and on is seen.
    """
    tenant, now = asking.caller.tenant, asking.origin.at
    starts_at = window_start(now, rate.seconds)
    subjects = {
        f"holders:{tenant.account}:{tenant.mode}": (rate.account, 1),
        f"holders:{tenant.account}:{tenant.mode}:{asking.caller.actor}": (rate.key, 1),
    }
    granted = asking.take(starts_at, subjects)
    short = [quota for subject, (quota, _) in subjects.items() if granted[subject][0] < 1]
    if short:
        wait = seconds_left(starts_at, rate.seconds, now)
        raise TooManyRequests("holder_lookups_reached", limit=min(short), retry_after_seconds=wait)
