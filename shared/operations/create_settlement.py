"""Pays what is available to the merchant's own number at its moment: an ordinary payout, once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.account import Caller
from shared.domain.errors import InProgress, NotPermitted, Refusal, Unavailable
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.domain.ledger import AVAILABLE
from shared.domain.money import Money
from shared.domain.phone import Operator
from shared.domain.quota import business_day
from shared.domain.settlement import SettlementRule
from shared.operations.create_payout import CreatePayout, PayoutTerms, create_payout
from shared.operations.outgoing_store import PayoutStore
from shared.operations.ports import Reached, Replayed
from shared.operations.settlement_store import SettlementStore

REFUSED: Final = "settlement_refused"


@dataclass(frozen=True, slots=True)
class Settling:
    """What settling needs beside the rules.

    `owner_of` returns the owner who set a rule as a caller, None where she is no owner any more.
    """

    payouts: PayoutStore
    balances: Callable[[], Mapping[str, int]]
    terms_of: Callable[[Operator], PayoutTerms]
    owner_of: Callable[[SettlementRule], Caller | None]
    now: Callable[[], datetime]
    reached: Reached


def create_settlement(message: Message, *, store: SettlementStore, how: Settling) -> str:
    """Settle the rule's last moment if nobody has yet; return a word for the log.

    Whatever becomes of it, the next moment is another one. Raises what time can heal.
    """
    rule, now = store.find(message.object_id), how.now()
    if rule is None or rule.ended_at is not None:
        store.wait(message.object_id, due_at=None, at=now)
        return "ended"
    outcome = _settle(rule, message, store=store, how=how)
    how.reached("create_settlement.before_wait")
    store.wait(rule.id, due_at=rule.next_moment(now), at=now)
    return outcome


def _settle(
    rule: SettlementRule, message: Message, *, store: SettlementStore, how: Settling
) -> str:
    now = how.now()
    moment = rule.last_moment(now)
    if moment < rule.set_at:
        return "not_yet"
    owner = how.owner_of(rule)
    if owner is None:
        store.open_case(rule.id, case_id=_case_id(now), reason="settlement_owner_gone")
        return "owner_gone"
    terms = how.terms_of(rule.operator)
    amount = _amount(rule, terms, available=how.balances().get(AVAILABLE, 0))
    if amount == 0:
        return "nothing_to_settle"
    day = business_day(moment).isoformat()
    command = CreatePayout(
        money=Money(amount),
        phone=rule.phone,
        operator=rule.operator,
        name=rule.name,
        description=None,
        reference=None,
        metadata={"settlement": rule.id, "settlement_day": day},
        scheduled_at=None,
        fingerprint=rule.fingerprint(moment),
    )
    try:
        outcome = create_payout(
            command,
            owner,
            terms=terms,
            store=how.payouts,
            now=now,
            request_id=message.event_id,
            idempotency_key=rule.key(moment),
            traceparent=message.traceparent,
            reached=how.reached,
        )
    except (InProgress, Unavailable):
        raise
    except NotPermitted as paused:
        return paused.code
    except Refusal as refusal:
        store.open_case(rule.id, case_id=_case_id(now), reason=REFUSED)
        return refusal.code
    return "settled_before" if isinstance(outcome, Replayed) else "settled"


def _amount(rule: SettlementRule, terms: PayoutTerms, *, available: int) -> int:
    """Return what can go in whole XAF; 0 where its operator takes nothing, or not so little."""
    if terms.limits is None:
        return 0
    amount = rule.amount(
        available,
        largest=terms.limits.maximum,
        cost=lambda whole: sum(terms.fees_of(Money(whole)).values()),
    )
    return amount if amount >= terms.limits.minimum else 0


def _case_id(now: datetime) -> str:
    return new_id("case", int(now.timestamp() * 1000))
