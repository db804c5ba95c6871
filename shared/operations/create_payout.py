"""Takes a payout: a merchant's money to any number, held at once, sent now or at its time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from shared.domain import charge as charges
from shared.domain.account import Caller, Limits, OperatorAccount
from shared.domain.approval import Approval
from shared.domain.errors import InvalidRequest, NotPermitted, Refusal
from shared.domain.events import Event, Message
from shared.domain.ids import new_id
from shared.domain.intent import key_hmac
from shared.domain.money import Money
from shared.domain.notification import Kind, Notification
from shared.domain.outgoing import SUBMIT_WITHIN, OutgoingStatus
from shared.domain.payout import LATEST, Payout
from shared.domain.phone import PAYEE_PARAM, Operator, PhoneNumber
from shared.domain.rules import Rules, payout_admission
from shared.operations import objects
from shared.operations.create_charge import (
    DESCRIPTION_LENGTH,
    REFERENCE_LENGTH,
    fingerprint,
    read_metadata,
    read_method,
    read_money,
    read_operator,
    read_text,
)
from shared.operations.lists import refuse_unknown
from shared.operations.outgoing_store import PayoutStore
from shared.operations.ports import IdempotencyUse, Reached, Replayed, Stored
from shared.operations.stored_keys import PREFIX

FIELDS: Final = frozenset(
    {
        "amount",
        "currency",
        "destination",
        "description",
        "reference",
        "metadata",
        "scheduled_at",
    }
)
DESTINATION: Final = "destination"
NAME_LENGTH: Final = 100
KEY_HEADER: Final = "Idempotency-Key"
_LAST_SECOND: Final = 2**40
"""Beyond it no clock goes; what is too far ahead is refused by its distance."""


@dataclass(frozen=True, slots=True)
class CreatePayout:
    """A well-formed wish for a payout."""

    money: Money
    phone: PhoneNumber
    operator: Operator
    name: str | None
    description: str | None
    reference: str | None
    metadata: Mapping[str, str]
    scheduled_at: datetime | None
    fingerprint: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "CreatePayout":
        """Read a JSON body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, FIELDS)
        destination = read_method(
            body.get(DESTINATION), DESTINATION, frozenset({"type", "phone", "operator", "name"})
        )
        number = read_number(destination)
        return cls(
            money=read_money(body),
            phone=number,
            operator=read_operator(destination.get("operator"), number, within=DESTINATION),
            name=read_name(destination),
            description=read_text(body, "description", DESCRIPTION_LENGTH),
            reference=read_text(body, "reference", REFERENCE_LENGTH, code="reference_invalid"),
            metadata=read_metadata(body.get("metadata")),
            scheduled_at=_moment(body.get("scheduled_at")),
            fingerprint=fingerprint(body),
        )


@dataclass(frozen=True, slots=True)
class PayoutTerms:
    """What holds for this payout: who pays it, within which bounds, and what it costs.

    Without account or limits the operator is not served. `number_key` is what a number is hashed
    with before it is counted, `intent_secret` an idempotency key before it is kept. `fees_of` says
    by ledger account what an amount costs, in whole XAF. `counted_at` is the time that it is
    counted by, where that is another than the payout's.
    """

    operator_account: OperatorAccount | None
    limits: Limits | None
    rules: Rules
    number_key: bytes
    intent_secret: bytes
    fees_of: Callable[[Money], Mapping[str, int]]
    counted_at: datetime | None = None


def create_payout(
    command: CreatePayout,
    caller: Caller,
    *,
    terms: PayoutTerms,
    store: PayoutStore,
    now: datetime,
    request_id: str,
    idempotency_key: str | None,
    traceparent: str | None,
    reached: Reached,
) -> Stored | Replayed:
    """Store payout, hold, event, due check and message in one transaction.

    One that a second person must approve is held all the same, and nobody is asked to send it.

    A key that was ever answered gets that answer, whatever has changed since. Raises InvalidRequest
    (`idempotency_key_missing`, `amount_too_small`, `amount_too_large`, `operator_not_served`,
    `parameter_invalid`, `balance_insufficient`, `reference_in_use`, `phone_blocked`), KeyReused,
    InProgress, NotPermitted and TooManyRequests; then nothing changed.
    """
    if idempotency_key is None:
        may_pay_out(caller)
        raise InvalidRequest("idempotency_key_missing", KEY_HEADER)
    use = IdempotencyUse(Payout.operation, idempotency_key, command.fingerprint)
    try:
        may_pay_out(caller)
        operator_account = within(command.money, command.operator, terms)
        _ahead(command.scheduled_at, now)
    except Refusal:
        earlier = store.replay(use)
        if earlier is None:
            raise
        return earlier
    at_ms = int(now.timestamp() * 1000)
    payout = _payout(command, caller, operator_account, terms=terms, now=now, key=idempotency_key)
    response = objects.to_json(objects.payout_object(payout, language=caller.language))
    event = Event(
        id=new_id("evt", at_ms),
        type=payout.public_events[payout.status],
        object_id=payout.id,
        data=response,
        created_at=now,
        request_id=request_id,
        idempotency_key=idempotency_key,
    )
    message = Message(
        event_id=new_id("msg", at_ms),
        topic=payout.topic,
        account=payout.account,
        livemode=payout.livemode,
        object_id=payout.id,
        traceparent=traceparent,
    )
    limits, approval = terms.limits, payout.approval
    first_check_at = payout.scheduled_at or now + charges.CHECK_OFFSETS[0]
    reached("create_payout.before_commit")
    outcome = store.create(
        payout,
        admission=payout_admission(
            terms.rules,
            payee=command.phone,
            number_key=terms.number_key,
            caller=caller,
            now=terms.counted_at or now,
            number_day=limits.day if limits is not None and payout.livemode else None,
        ),
        event=event,
        message=message if payout.status is OutgoingStatus.CREATED else None,
        first_check_at=first_check_at if approval is None else approval.expires_at,
        idempotency=use,
        response=response,
        notice=None if approval is None else _approval_wanted(payout, now),
    )
    reached("create_payout.after_commit")
    return outcome


def _payout(
    command: CreatePayout,
    caller: Caller,
    operator_account: OperatorAccount,
    *,
    terms: PayoutTerms,
    now: datetime,
    key: str,
) -> Payout:
    at_ms = int(now.timestamp() * 1000)
    is_put_off = command.scheduled_at is not None
    payout = Payout(
        id=new_id("po", at_ms),
        account=caller.tenant.account,
        livemode=caller.tenant.livemode,
        money=command.money,
        fees=terms.fees_of(command.money),
        status=OutgoingStatus.SCHEDULED if is_put_off else OutgoingStatus.CREATED,
        operator=command.operator,
        operator_account=operator_account.id,
        phone=command.phone,
        name=command.name,
        description=command.description,
        reference=command.reference,
        metadata=command.metadata,
        intent_key=key_hmac(terms.intent_secret, key),
        balance_transaction=new_id("txn", at_ms),
        scheduled_at=command.scheduled_at,
        created_at=now,
        submit_before=(command.scheduled_at or now) + SUBMIT_WITHIN,
        made_by=maker_of(caller),
    )
    rule = terms.rules.approval
    if not rule.wants(payout.money.amount, is_person=caller.member is not None):
        return payout
    approval = Approval(payout.content_sha256(now + rule.lasts), now + rule.lasts)
    return replace(payout, status=OutgoingStatus.AWAITING_APPROVAL, approval=approval)


def _approval_wanted(payout: Payout, now: datetime) -> Notification:
    """What those are told who may approve it."""
    words = {"payout": payout.id, "amount": str(payout.money.amount)}
    return Notification.of(
        Kind.APPROVAL_WANTED, payout.account, words, livemode=payout.livemode, now=now
    )


def maker_of(caller: Caller) -> str:
    """Return who asks for it, a key or a person."""
    return PREFIX + caller.key_id if caller.member is None else caller.member.person


def may_pay_out(caller: Caller) -> None:
    """Raise NotPermitted where nothing may leave the account now."""
    if caller.suspended:
        raise NotPermitted("account_suspended")
    if caller.tenant.livemode and not caller.payouts_enabled:
        raise NotPermitted("payouts_disabled")


def within(money: Money, operator: Operator, terms: PayoutTerms) -> OperatorAccount:
    """Return who pays an amount at an operator. Raises InvalidRequest where nobody does."""
    limits = terms.limits
    if limits is None or terms.operator_account is None:
        raise InvalidRequest(
            "operator_not_served", "destination[operator]", operator=operator.value
        )
    amount = money.amount
    if amount < limits.minimum:
        raise InvalidRequest("amount_too_small", "amount", limit=limits.minimum)
    if amount > limits.maximum:
        raise InvalidRequest("amount_too_large", "amount", limit=limits.maximum)
    return terms.operator_account


def _ahead(scheduled_at: datetime | None, now: datetime) -> None:
    if scheduled_at is not None and not now < scheduled_at <= now + LATEST:
        raise InvalidRequest("parameter_invalid", "scheduled_at")


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    if type(value) is not int or not 0 < value < _LAST_SECOND:
        raise InvalidRequest("parameter_invalid", "scheduled_at")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise InvalidRequest("parameter_invalid", "scheduled_at") from None


def read_number(destination: Mapping[str, Any]) -> PhoneNumber:
    """Return whom it shall go to. Raises InvalidRequest."""
    phone = destination.get("phone")
    if phone is None:
        raise InvalidRequest("phone_missing", PAYEE_PARAM)
    if not isinstance(phone, str):
        raise InvalidRequest("phone_invalid", PAYEE_PARAM)
    return PhoneNumber.parse(phone, param=PAYEE_PARAM)


def read_name(destination: Mapping[str, Any]) -> str | None:
    """Return whom the number is said to belong to, or None. Raises InvalidRequest."""
    try:
        return read_text(destination, "name", NAME_LENGTH)
    except InvalidRequest:
        raise InvalidRequest("parameter_invalid", "destination[name]") from None
