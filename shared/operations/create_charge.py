"""Takes a charge: checks what the merchant asked for and stores it whole, or refuses."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from shared.domain import charge as charges
from shared.domain.account import PAGING, Caller, Limits, OperatorAccount
from shared.domain.charge import Charge, ChargeStatus
from shared.domain.errors import InvalidRequest, NotPermitted, Refusal, Unavailable
from shared.domain.events import CHARGE_CREATED, Event, Message
from shared.domain.fees import FeeLine, Levied, borne_by_merchant
from shared.domain.ids import new_id
from shared.domain.merchant_customer import MerchantCustomer
from shared.domain.money import XAF, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.rules import Admission, Rules, admission
from shared.operations import objects
from shared.operations.lists import refuse_unknown
from shared.operations.ports import ChargeStore, IdempotencyUse, Reached, Replayed, Stored

OPERATION: Final = "create_charge"
FIELDS: Final = frozenset(
    {
        "amount",
        "currency",
        "payment_method",
        "customer",
        "description",
        "reference",
        "metadata",
        "return_url",
        "submit_within_seconds",
    }
)
DESCRIPTION_LENGTH: Final = 500
REFERENCE_LENGTH: Final = 100
URL_LENGTH: Final = 2000
METADATA_PAIRS: Final = 50
METADATA_KEY_LENGTH: Final = 40
METADATA_VALUE_LENGTH: Final = 500
LARGEST: Final = 10**12
_METHOD: Final = frozenset({"type", "phone", "operator", "flow"})
_PROMPT: Final = "prompt"
_REDIRECT: Final = "redirect"
_UNCLEAN: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# What JSON knows and no good body holds, such as a fraction, has a form of its own all the same: a
# batch is read to its end before it is refused.
_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=lambda odd: [repr(odd)]
)


@dataclass(frozen=True, slots=True)
class CreateCharge:
    """A well-formed wish for a charge; without `phone` the payer pays on the operator's page.

    `page` is the checkout or payment link on which the payer began it.
    """

    money: Money
    phone: PhoneNumber | None
    operator: Operator
    description: str | None
    reference: str | None
    metadata: Mapping[str, str]
    return_url: str | None
    submit_within: timedelta
    fingerprint: str
    customer: str | None = None
    page: str | None = None

    @classmethod
    def parse(
        cls, body: Mapping[str, Any], customer: MerchantCustomer | None = None
    ) -> "CreateCharge":
        """Read a JSON body; `customer` is the one that it names, whose number serves where it has
        none.

        Raises InvalidRequest naming the field at fault.
        """
        refuse_unknown(body, FIELDS)
        if body.get("customer") is not None and (customer is None or customer.is_deleted):
            raise InvalidRequest("resource_missing", "customer")
        method = read_method(body.get("payment_method"), "payment_method", _METHOD)
        return_url = read_url(body, "return_url", frozenset({"http", "https"}))
        phone, operator = _payer(method, return_url, None if customer is None else customer.phone)
        return cls(
            money=read_money(body),
            phone=phone,
            operator=operator,
            description=read_text(body, "description", DESCRIPTION_LENGTH),
            reference=read_text(body, "reference", REFERENCE_LENGTH, code="reference_invalid"),
            metadata=read_metadata(body.get("metadata")),
            return_url=return_url,
            submit_within=_submit_within(body.get("submit_within_seconds")),
            fingerprint=fingerprint(body),
            customer=None if customer is None else customer.id,
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for this charge: who takes it at the operator, and within which bounds.

    Without either the operator is not served, as `/v1/operators` says.
    `number_key` is what a number is hashed with before it is counted, `counted_at` the time that it
    is counted by, where that is another than the charge's. While the operator is left alone,
    `wait_seconds` says how long still.
    """

    operator_account: OperatorAccount | None
    limits: Limits | None
    rules: Rules
    number_key: bytes
    wait_seconds: int | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewCharge:
    """A charge as it is to be stored, with all that is stored with it."""

    charge: Charge
    event: Event
    message: Message
    first_check_at: datetime
    idempotency: IdempotencyUse | None
    response: str
    admission: Admission | None


def create_charge(
    command: CreateCharge,
    caller: Caller,
    *,
    terms: Terms,
    store: ChargeStore,
    now: datetime,
    base_url: str,
    request_id: str,
    idempotency_key: str | None,
    traceparent: str | None,
    reached: Reached,
) -> Stored | Replayed:
    """Store charge, event, due check and message in one transaction.

    A key that was answered before gets that answer, whatever has changed since.
    Raises InvalidRequest (`amount_too_small`, `amount_too_large`, `amount_below_fees`,
    `operator_not_served`, `reference_in_use`, `phone_blocked`), KeyReused, InProgress,
    NotPermitted, TooManyRequests and Unavailable; then nothing changed.
    """
    use = (
        None
        if idempotency_key is None
        else IdempotencyUse(OPERATION, idempotency_key, command.fingerprint)
    )
    try:
        new = prepare_charge(
            command,
            caller,
            terms=terms,
            now=now,
            base_url=base_url,
            request_id=request_id,
            idempotency=use,
            traceparent=traceparent,
        )
    except Refusal:
        earlier = None if use is None else store.replay(use)
        if earlier is None:
            raise
        return earlier
    reached("create_charge.before_commit")
    outcome = store.create(
        new.charge,
        event=new.event,
        message=new.message,
        first_check_at=new.first_check_at,
        idempotency=new.idempotency,
        response=new.response,
        admission=new.admission,
    )
    reached("create_charge.after_commit")
    return outcome


def prepare_charge(
    command: CreateCharge,
    caller: Caller,
    *,
    terms: Terms,
    now: datetime,
    base_url: str,
    request_id: str,
    idempotency: IdempotencyUse | None,
    traceparent: str | None,
) -> NewCharge:
    """Return what is to be stored. Raises what `create_charge` does before it looks at anything."""
    _may_charge(caller)
    operator_account = _within(command, terms)
    fees = _fees(command, terms)
    at_ms = int(now.timestamp() * 1000)
    charge = Charge(
        id=new_id("ch", at_ms),
        account=caller.tenant.account,
        livemode=caller.tenant.livemode,
        money=command.money,
        status=ChargeStatus.CREATED,
        operator=command.operator,
        operator_account=operator_account.id,
        phone=command.phone,
        created_at=now,
        submit_before=now + command.submit_within,
        reference=command.reference,
        description=command.description,
        return_url=command.return_url,
        metadata=command.metadata,
        hold=terms.rules.hold,
        fees=fees,
        customer=command.customer,
        page=command.page,
    )
    public = objects.charge_object(charge, base_url=base_url, language=caller.language)
    response = objects.to_json(public)
    event = Event(
        id=new_id("evt", at_ms),
        type="charge.pending",
        object_id=charge.id,
        data=response,
        created_at=now,
        request_id=request_id,
        idempotency_key=None if idempotency is None else idempotency.key,
    )
    message = Message(
        event_id=new_id("msg", at_ms),
        topic=CHARGE_CREATED,
        account=charge.account,
        livemode=charge.livemode,
        object_id=charge.id,
        traceparent=traceparent,
    )
    admitted = admission(
        terms.rules,
        payer=command.phone,
        number_key=terms.number_key,
        caller=caller,
        now=terms.counted_at or now,
    )
    return NewCharge(
        charge,
        event,
        message,
        first_check_at=now + charges.CHECK_OFFSETS[0],
        idempotency=idempotency,
        response=response,
        admission=admitted,
    )


def fingerprint(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 in hex of any parsed body, whatever the order of its keys."""
    return hashlib.sha256(_CANONICAL.encode(body).encode(errors="surrogatepass")).hexdigest()


def _may_charge(caller: Caller) -> None:
    if caller.suspended:
        raise NotPermitted("account_suspended")
    if caller.tenant.livemode and not caller.charges_enabled:
        raise NotPermitted("charges_disabled")


def _within(command: CreateCharge, terms: Terms) -> OperatorAccount:
    limits = terms.limits
    if limits is None or terms.operator_account is None:
        raise InvalidRequest(
            "operator_not_served", "payment_method[operator]", operator=command.operator.value
        )
    amount = command.money.amount
    if amount < limits.minimum:
        raise InvalidRequest("amount_too_small", "amount", limit=limits.minimum)
    if amount > limits.maximum:
        raise InvalidRequest("amount_too_large", "amount", limit=limits.maximum)
    if terms.wait_seconds is not None:
        raise Unavailable("operator_unavailable", retry_after_seconds=terms.wait_seconds)
    return terms.operator_account


def _fees(command: CreateCharge, terms: Terms) -> tuple[FeeLine, ...]:
    lines = terms.rules.fees.lines(Levied.CHARGE, command.operator, command.money)
    taken = borne_by_merchant(lines)
    if taken > command.money.amount:
        raise InvalidRequest("amount_below_fees", "amount", limit=taken)
    return lines


def read_money(body: Mapping[str, Any]) -> Money:
    """Return what is asked for. Raises InvalidRequest naming amount or currency."""
    amount = body.get("amount")
    if amount is None:
        raise InvalidRequest("amount_missing", "amount")
    if type(amount) is not int:
        raise InvalidRequest("amount_not_whole", "amount")
    if amount <= 0:
        raise InvalidRequest("amount_too_small", "amount", limit=1)
    if amount > LARGEST:
        raise InvalidRequest("amount_too_large", "amount", limit=LARGEST)
    read_currency(body)
    return Money(amount, XAF)


def read_currency(body: Mapping[str, Any]) -> None:
    """Take whole francs alone. Raises InvalidRequest naming `currency`."""
    currency = body.get("currency")
    if currency is None:
        raise InvalidRequest("parameter_missing", "currency")
    if not isinstance(currency, str) or currency.upper() != XAF:
        raise InvalidRequest("currency_unsupported", "currency")


def read_method(value: object, name: str, known: frozenset[str]) -> Mapping[str, Any]:
    """Return how money comes or goes: `payment_method` or `destination`. Raises InvalidRequest."""
    if value is None:
        raise InvalidRequest(f"{name}_missing", name)
    if not isinstance(value, dict):
        raise InvalidRequest("parameter_invalid", name)
    refuse_unknown(value, known, within=name)
    if value.get("type") is None:
        raise InvalidRequest("parameter_missing", f"{name}[type]")
    if value["type"] != "mobile_money":
        raise InvalidRequest(f"{name}_type_unsupported", f"{name}[type]")
    return value


def _payer(
    method: Mapping[str, Any], return_url: str | None, known: PhoneNumber | None
) -> tuple[PhoneNumber | None, Operator]:
    """Return who is prompted, or nobody and whose page the payer is sent to.

    `known` is the customer's number, asked where no other is given.
    """
    flow = method.get("flow")
    if flow in (None, _PROMPT):
        if known is None or method.get("phone") is not None:
            known = PhoneNumber.parse(_required_text(method, "phone"))
        return known, read_operator(method.get("operator"), known, within="payment_method")
    if flow != _REDIRECT:
        raise InvalidRequest("parameter_invalid", "payment_method[flow]")
    if method.get("phone") is not None:
        raise InvalidRequest("phone_not_taken", "payment_method[phone]")
    forced = method.get("operator")
    if forced is not None and forced not in tuple(Operator):
        raise InvalidRequest("operator_unknown", "payment_method[operator]")
    operator = Operator.ORANGE if forced is None else Operator(str(forced))
    if operator not in PAGING:
        raise InvalidRequest("redirect_unsupported", "payment_method[flow]")
    if return_url is None:
        raise InvalidRequest("parameter_missing", "return_url")
    return None, operator


def _required_text(method: Mapping[str, Any], name: str) -> str:
    value = method.get(name)
    if value is None:
        raise InvalidRequest("phone_missing", "payment_method[phone]")
    if not isinstance(value, str):
        raise InvalidRequest("phone_invalid", "payment_method[phone]")
    return value


def read_operator(forced: object, phone: PhoneNumber, *, within: str) -> Operator:
    """Return the operator that is named, or the prefix suggests. Raises InvalidRequest."""
    if forced is None:
        suggested = phone.operator
        if suggested is None:
            raise InvalidRequest("operator_undetermined", f"{within}[operator]")
        return suggested
    if forced not in tuple(Operator):
        raise InvalidRequest("operator_unknown", f"{within}[operator]")
    return Operator(str(forced))


def read_text(
    body: Mapping[str, Any], name: str, longest: int, *, code: str = "parameter_invalid"
) -> str | None:
    """Return a text without control characters, or None. Raises InvalidRequest with `code`."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= longest or not _is_clean(value):
        raise InvalidRequest(code, name)
    return value


def _is_clean(value: str) -> bool:
    """Tell whether PostgreSQL and JSON can both carry the text: no control or lone surrogate."""
    return _UNCLEAN.search(value) is None


def read_metadata(value: object) -> Mapping[str, str]:
    """Return a merchant's own texts by name. Raises InvalidRequest `metadata_invalid`."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > METADATA_PAIRS:
        raise InvalidRequest("metadata_invalid", "metadata")
    for name, content in value.items():
        if not 0 < len(name) <= METADATA_KEY_LENGTH or not _is_clean(name):
            raise InvalidRequest("metadata_invalid", "metadata")
        fits = isinstance(content, str) and len(content) <= METADATA_VALUE_LENGTH
        if not fits or not _is_clean(content):
            raise InvalidRequest("metadata_invalid", f"metadata[{name}]")
    return value


def read_url(body: Mapping[str, Any], name: str, schemes: frozenset[str]) -> str | None:
    """Return an address to send a payer to, or None. Raises InvalidRequest `parameter_invalid`."""
    value = read_text(body, name, URL_LENGTH)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        is_odd = parts.port == 0 or parts.username is not None or not parts.hostname
    except ValueError:
        raise InvalidRequest("parameter_invalid", name) from None
    # Browsers drop a space in front and read `\` as `/`: two readers would see two addresses.
    is_odd = is_odd or not value.isprintable() or " " in value or "\\" in value
    if is_odd or parts.scheme not in schemes:
        raise InvalidRequest("parameter_invalid", name)
    return value


def _submit_within(value: object) -> timedelta:
    if value is None:
        return charges.SUBMIT_WITHIN
    longest = int(charges.SUBMIT_WITHIN_LONGEST.total_seconds())
    if type(value) is not int or not 1 <= value <= longest:
        raise InvalidRequest("parameter_invalid", "submit_within_seconds")
    return timedelta(seconds=value)
