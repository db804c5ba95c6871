"""Takes a refund: money that goes back, in whole or in part, to the number that paid a charge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from shared.domain import charge as charges
from shared.domain.account import Caller, OperatorAccount
from shared.domain.charge import Attempt, Charge, ChargeStatus
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted, Refusal, Unavailable
from shared.domain.events import Event, Message
from shared.domain.fees import Levied
from shared.domain.ids import is_id, new_id
from shared.domain.intent import key_hmac
from shared.domain.money import Money
from shared.domain.outgoing import SUBMIT_WITHIN, OutgoingStatus
from shared.domain.phone import PhoneNumber
from shared.domain.refund import Refund, Refundable
from shared.domain.rules import Rules
from shared.operations import objects
from shared.operations.create_charge import (
    DESCRIPTION_LENGTH,
    LARGEST,
    fingerprint,
    read_metadata,
    read_text,
)
from shared.operations.lists import refuse_unknown
from shared.operations.outgoing_store import RefundStore
from shared.operations.ports import ChargeStore, IdempotencyUse, Reached, Replayed, Stored

FIELDS: Final = frozenset({"charge", "amount", "reason", "metadata"})
KEY_HEADER: Final = "Idempotency-Key"
NO_RULES: Final = Rules()


@dataclass(frozen=True, slots=True)
class CreateRefund:
    """A well-formed wish for a refund; without an amount it is for all that is left."""

    charge: str
    amount: int | None
    reason: str | None
    metadata: Mapping[str, str]
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "CreateRefund":
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, FIELDS)
        charge = body.get("charge")
        if charge is None:
            raise InvalidRequest("parameter_missing", "charge")
        if not isinstance(charge, str):
            raise InvalidRequest("parameter_invalid", "charge")
        return cls(
            charge=charge,
            amount=_amount(body.get("amount")),
            reason=read_text(body, "reason", DESCRIPTION_LENGTH),
            metadata=read_metadata(body.get("metadata")),
            fingerprint=fingerprint(body),
        )


@dataclass(frozen=True, slots=True)
class RefundTerms:
    """What holds for refunds.

    `paying_of` gives the account of an operator that pays a charge back, if any does: it is of
    whoever owns the account that collected. `intent_secret` is what an idempotency key is hashed
    with where the intent is kept. `rules` say what a refund costs, and whether our fee comes back.
    """

    paying_of: Callable[[Charge], OperatorAccount | None]
    intent_secret: bytes
    rules: Rules = NO_RULES


def create_refund(
    command: CreateRefund,
    caller: Caller,
    *,
    terms: RefundTerms,
    charges_of: ChargeStore,
    store: RefundStore,
    now: datetime,
    request_id: str,
    idempotency_key: str | None,
    traceparent: str | None,
    reached: Reached,
) -> Stored | Replayed:
    """Store refund, hold, event, due check and message in one transaction.

    A key that was ever answered gets that answer, whatever has changed since. Raises InvalidRequest
    (`idempotency_key_missing`, `charge_not_refundable`, `charge_without_number`,
    `amount_too_large`, `balance_insufficient`), KeyReused, InProgress, NotFound, NotPermitted and
    Unavailable; then nothing changed.
    """
    if idempotency_key is None:
        _refuse_suspended(caller)
        raise InvalidRequest("idempotency_key_missing", KEY_HEADER)
    use = IdempotencyUse(Refund.operation, idempotency_key, command.fingerprint)
    try:
        _refuse_suspended(caller)
        charge, attempt, payer = _refundable(command, charges_of)
        rest = charge.money.amount - charge.amount_refunded - charge.amount_reversed
        amount = command.amount or rest
        _refuse(Refundable(is_succeeded=True, rest=rest, pending=0), amount)
        paying = _paying(charge, terms)
    except Refusal:
        earlier = store.replay(use)
        if earlier is None:
            raise
        return earlier
    at_ms = int(now.timestamp() * 1000)
    money = Money(amount, charge.money.currency)
    refund = Refund(
        id=new_id("rf", at_ms),
        account=charge.account,
        livemode=charge.livemode,
        charge_id=charge.id,
        money=money,
        fees=terms.rules.fees.lines(Levied.REFUND, charge.operator, money),
        status=OutgoingStatus.CREATED,
        operator=charge.operator,
        operator_account=paying.id,
        phone=payer,
        charge_reference=attempt.reference,
        intent_key=key_hmac(terms.intent_secret, idempotency_key),
        balance_transaction=new_id("txn", at_ms),
        created_at=now,
        submit_before=now + SUBMIT_WITHIN,
        reason=command.reason,
        metadata=command.metadata,
    )
    response = objects.to_json(objects.refund_object(refund, language=caller.language))
    event = Event(
        id=new_id("evt", at_ms),
        type=refund.public_events[refund.status],
        object_id=refund.id,
        data=response,
        created_at=now,
        request_id=request_id,
        idempotency_key=idempotency_key,
    )
    message = Message(
        event_id=new_id("msg", at_ms),
        topic=refund.topic,
        account=refund.account,
        livemode=refund.livemode,
        object_id=refund.id,
        traceparent=traceparent,
    )
    reached("create_refund.before_commit")
    outcome = store.create(
        refund,
        decide=lambda found: _decided(refund, found, terms.rules),
        event=event,
        message=message,
        first_check_at=now + charges.CHECK_OFFSETS[0],
        idempotency=use,
        response=response,
    )
    reached("create_refund.after_commit")
    return outcome


def _decided(refund: Refund, found: Refundable, rules: Rules) -> Refund:
    """Return the refund with where its money comes from. Raises InvalidRequest."""
    amount = refund.money.amount
    _refuse(found, amount)
    returned = found.back_with(amount) if rules.returns_fee else None
    whole = amount + refund.fee - sum((returned or {}).values())
    return replace(refund, from_pending=found.from_pending(whole), returned=returned)


def _refuse(found: Refundable, amount: int) -> None:
    if not found.is_succeeded or found.rest <= 0:
        raise InvalidRequest("charge_not_refundable", "charge")
    if amount > found.rest:
        raise InvalidRequest("amount_too_large", "amount", limit=found.rest)


def _refuse_suspended(caller: Caller) -> None:
    if caller.suspended:
        raise NotPermitted("account_suspended")


def _refundable(command: CreateRefund, store: ChargeStore) -> tuple[Charge, Attempt, PhoneNumber]:
    found = store.find_with_attempt(command.charge) if is_id(command.charge, "ch") else None
    if found is None:
        raise NotFound("resource_missing", "charge")
    charge, attempt = found
    if charge.status is not ChargeStatus.SUCCEEDED or attempt is None:
        raise InvalidRequest("charge_not_refundable", "charge")
    if charge.phone is None:
        # Orange says of its page's payers that they paid, and not who they are.
        raise InvalidRequest("charge_without_number", "charge")
    return charge, attempt, charge.phone


def _paying(charge: Charge, terms: RefundTerms) -> OperatorAccount:
    paying = terms.paying_of(charge)
    if paying is None:
        raise Unavailable("operator_unavailable", retry_after_seconds=60)
    return paying


def _amount(amount: object) -> int | None:
    if amount is None:
        return None
    if type(amount) is not int:
        raise InvalidRequest("amount_not_whole", "amount")
    if amount <= 0:
        raise InvalidRequest("amount_too_small", "amount", limit=1)
    if amount > LARGEST:
        raise InvalidRequest("amount_too_large", "amount", limit=LARGEST)
    return amount
