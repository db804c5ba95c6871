"""Orange Cameroon's core API 1.0.2 behind our ports: money in by `mp`, money out by `cashin`.

Whoever may read cannot send, and the one PIN goes into the bodies of `pay` and of a holder's name
alone. Facts: https://github.com/NdoleStudio/orangemoney-go (recorded answers),
https://github.com/karibu-cap/orange_money_apis_js, and what other clients agree on.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import msgspec

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.money import XAF, Money
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.ports import (
    Accepted,
    Holder,
    NotSent,
    Opened,
    PaymentRead,
    PaymentRequest,
    PayoutRequest,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers import hosts, words
from shared.providers.calls import Calls, ExchangeHook, NotRepeatedError
from shared.providers.orange_core import codes
from shared.providers.orange_core.judgement import (
    NOT_AUTHENTICATED,
    Outcome,
    is_own_refusal,
    judge_pay,
    judge_status,
)
from shared.providers.orange_core.notices import is_pay_token, read_holder_name, read_reply
from shared.providers.orange_core.tokens import OrangeCredentials
from shared.providers.tokens import NoTokenError, TokenKeeper
from shared.providers.wire import Answer, BrokenOffError, NotSentError, UnsafeAddressError, Wire

PRODUCT: Final = "core"
BASE: Final = "/omcoreapis/1.0.2"
LIVE_HOSTS: Final = frozenset({"api-s1.orange.cm", "apiw.orange.cm"})
TEXT_LENGTH: Final = 125
ORDER_ID_LENGTH: Final = 20
_NOT_ORDER_ID: Final = re.compile(r"[^A-Za-z0-9]+")
_JSON: Final = {"Content-Type": "application/json"}
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404


def connect(account: OperatorAccount, *, ca_file: str | None = None) -> Wire:
    """Return the wire to an Orange core account's host.

    Raises UnsafeAddressError where live and test would meet, or where TLS would not be verified.
    """
    if account.operator is not Operator.ORANGE or account.product != PRODUCT:
        raise UnsafeAddressError("not an Orange core account")
    return hosts.connect(account, live_hosts=LIVE_HOSTS, ca_file=ca_file)


def order_id(external_id: str) -> str:
    """Return our id as Orange takes it: letters and digits, the last 20.

    Of one of our ids that leaves 100 bits, 72 of them random. Sources disagree on `-` and `_`.
    """
    return _NOT_ORDER_ID.sub("", external_id)[-ORDER_ID_LENGTH:]


class OrangeLine:
    """One account's way to Orange, with its token; the adapters below share it. Thread-safe."""

    def __init__(
        self,
        account: OperatorAccount,
        credentials: OrangeCredentials,
        *,
        wire: Wire,
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
    ) -> None:
        """`clock` tells UTC for the life of tokens; `wire` comes from `connect`."""
        if account.currency != XAF:
            raise ValueError("Orange core knows francs only")
        self.credentials: Final = credentials
        self._on_exchange = on_exchange
        tokens = TokenKeeper(
            credentials.token_call, wire=wire, clock=clock, on_exchange=on_exchange
        )
        self._calls = Calls(
            tokens,
            wire=wire,
            headers={"X-AUTH-TOKEN": credentials.x_auth_token},
            is_own_refusal=is_own_refusal,
        )

    def get(self, path: str, *, deadline: Deadline) -> Answer:
        """Raises NoTokenError, NotSentError and BrokenOffError."""
        return self._calls.get(BASE + path, deadline=deadline)

    def post(
        self, path: str, fields: Mapping[str, str] | None = None, *, deadline: Deadline
    ) -> Answer:
        """Raises NoTokenError, NotSentError and BrokenOffError."""
        body = None if fields is None else msgspec.json.encode(fields)
        return self._calls.call("POST", BASE + path, headers=_JSON, body=body, deadline=deadline)

    def tell(
        self, operation: str, status: int, outcome: str, *, since: float, deadline: Deadline
    ) -> None:
        """Let the hook hear of an exchange."""
        self._on_exchange(operation, status, round((deadline.clock() - since) * 1000), outcome)


class _Get(Protocol):
    def __call__(self, path: str, *, deadline: Deadline) -> Answer: ...


class _Tell(Protocol):
    def __call__(
        self, operation: str, status: int, outcome: str, *, since: float, deadline: Deadline
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class _Product:
    """`mp` or `cashin`: its path, what its codes mean, and what metrics call its steps."""

    path: str
    table: Mapping[str, str]
    opening: str
    sending: str
    reading: str


_COLLECTION: Final = _Product(
    "/mp", codes.COLLECTION, "open_payment", "request_payment", "read_payment"
)
_PAYOUT: Final = _Product("/cashin", codes.PAYOUT, "open_payout", "send_payout", "read_payout")


class OrangePaymentRequester:
    """Asks a payer for money by Orange; a PaymentOpener and a PaymentRequester."""

    def __init__(self, line: OrangeLine) -> None:
        self._line = line

    def open_payment(self, *, deadline: Deadline) -> Opened | NotSent:
        """Get a payToken. Commit it before `request_payment`: from there on it may have served."""
        return _open(self._line, _COLLECTION, deadline=deadline)

    def request_payment(self, request: PaymentRequest, *, deadline: Deadline) -> Outcome:
        """Send once, under the payToken in `request.reference`; only a 401 leads to a repeat.

        Never raises for what Orange or a network can do. Raises ValueError for another reference.
        """
        fields = _fields(
            self._line.credentials,
            request.reference,
            money=request.money,
            subscriber=request.payer,
            external_id=request.external_id,
            message=request.message,
        )
        if request.callback_url:
            fields["notifUrl"] = request.callback_url
        return _send(self._line, _COLLECTION, fields, deadline=deadline)


class OrangePaymentReader:
    """Reads a payment's status at Orange; a PaymentReader. It has no way to send one."""

    def __init__(self, line: OrangeLine) -> None:
        self._get, self._tell = line.get, line.tell

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what Orange or a network can do.

        Of a reference that is no payToken nothing is known, and Orange is not asked.
        """
        return _read(self._get, _COLLECTION, reference, deadline=deadline, tell=self._tell)


class OrangePayoutSender:
    """Pays a number from our channel by Orange's cash-in; a PayoutSender."""

    def __init__(self, line: OrangeLine) -> None:
        self._line = line

    def open_payout(self, *, deadline: Deadline) -> Opened | NotSent:
        """Get a payToken. Commit it before `send_payout`: from there on it may have served."""
        return _open(self._line, _PAYOUT, deadline=deadline)

    def send_payout(self, request: PayoutRequest, *, deadline: Deadline) -> Outcome:
        """Send once, under the payToken in `request.reference`; as `request_payment`.

        Accepted means that Orange took it; that it was paid is for the status read to say.
        """
        fields = _fields(
            self._line.credentials,
            request.reference,
            money=request.money,
            subscriber=request.payee,
            external_id=request.external_id,
            message=request.message,
        )
        return _send(self._line, _PAYOUT, fields, deadline=deadline)


class OrangePayoutReader:
    """Reads a cash-in's status at Orange; a PayoutReader. It has no way to send one."""

    def __init__(self, line: OrangeLine) -> None:
        self._get, self._tell = line.get, line.tell

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; as `read_payment`."""
        return _read(self._get, _PAYOUT, reference, deadline=deadline, tell=self._tell)


class OrangeHolderReader:
    """Reads whose wallet a number is at Orange; a HolderReader."""

    def __init__(self, line: OrangeLine) -> None:
        self._line = line

    def read_holder(self, number: PhoneNumber, *, deadline: Deadline) -> Holder | Unknown:
        """Read once; never raises for what Orange or a network can do.

        Its answer to a number without a wallet was never recorded: a 404 of its own counts as one.
        """
        line, since, status = self._line, deadline.clock(), 0
        fields = {"pin": line.credentials.pin, "channelMsisdn": line.credentials.channel_msisdn}
        found: Holder | Unknown
        try:
            path = f"/infos/subscriber/customer/{number.national}"
            answer = line.post(path, fields, deadline=deadline)
            status, reply = answer.status, read_reply(answer.body)
            name = read_holder_name(answer.body)
            if status == _OK and name is not None:
                found = Holder(name)
            elif status == _NOT_FOUND and reply is not None and reply.fault_code is None:
                found = Holder(None)
            else:
                found = Unknown(f"no_name_{status}")
        except (NoTokenError, NotSentError, BrokenOffError) as error:
            found = Unknown(error.reason)
        outcome = "unknown" if isinstance(found, Unknown) else "read"
        line.tell("read_holder", status, outcome, since=since, deadline=deadline)
        return found


def _open(line: OrangeLine, product: _Product, *, deadline: Deadline) -> Opened | NotSent:
    """Open a payment. Whatever goes wrong, no money was asked for: a lost payToken expires."""
    since, status = deadline.clock(), 0
    opened: Opened | NotSent
    try:
        answer = line.post(f"{product.path}/init", deadline=deadline)
        status, reply = answer.status, read_reply(answer.body)
        pay_token = reply.pay_token if status == _OK and reply is not None else None
        if status == _UNAUTHORIZED and reply is not None:
            opened = NotSent(NOT_AUTHENTICATED)
        elif pay_token is None or not is_pay_token(pay_token):
            word = "not_json" if reply is None else "no_pay_token"
            opened = NotSent(f"{word}_{status}")
        else:
            opened = Opened(pay_token)
    except (NoTokenError, NotSentError, BrokenOffError) as error:
        opened = NotSent(error.reason)
    outcome = "opened" if isinstance(opened, Opened) else "not_sent"
    line.tell(product.opening, status, outcome, since=since, deadline=deadline)
    return opened


def _fields(
    credentials: OrangeCredentials,
    pay_token: str,
    *,
    money: Money,
    subscriber: PhoneNumber,
    external_id: str,
    message: str,
) -> dict[str, str]:
    """Return the body of `pay`. Raises ValueError for no payToken, francs or `orderId`."""
    order = order_id(external_id)
    if not is_pay_token(pay_token) or not order or money.currency != XAF:
        raise ValueError("Orange takes a payToken, francs, and an id of letters and digits")
    return {
        "payToken": pay_token,
        "channelUserMsisdn": credentials.channel_msisdn,
        "subscriberMsisdn": subscriber.national,
        "pin": credentials.pin,
        "amount": str(money.amount),
        "orderId": order,
        "description": words.plain_text(message, TEXT_LENGTH),
    }


def _send(
    line: OrangeLine, product: _Product, fields: Mapping[str, str], *, deadline: Deadline
) -> Outcome:
    since, status = deadline.clock(), 0
    outcome: Outcome
    try:
        answer = line.post(f"{product.path}/pay", fields, deadline=deadline)
        status = answer.status
        outcome = judge_pay(answer, pay_token=fields["payToken"], table=product.table)
    except (BrokenOffError, NotRepeatedError) as error:
        # What is asked for anew gets another payToken: had Orange taken it under this one after
        # all, it would be taken twice.
        outcome = Unknown(error.reason)
    except (NoTokenError, NotSentError) as error:
        outcome = NotSent(error.reason)
    line.tell(product.sending, status, _WORDS[type(outcome)], since=since, deadline=deadline)
    return outcome


def _read(
    get: _Get, product: _Product, pay_token: str, *, deadline: Deadline, tell: _Tell
) -> PaymentRead:
    if not is_pay_token(pay_token):
        return PaymentRead(ReadState.UNKNOWN, "not_a_pay_token")
    since, status = deadline.clock(), 0
    try:
        answer = get(f"{product.path}/paymentstatus/{pay_token}", deadline=deadline)
        status = answer.status
        read = judge_status(answer, pay_token=pay_token, table=product.table)
    except (NoTokenError, NotSentError, BrokenOffError) as error:
        read = PaymentRead(ReadState.UNKNOWN, error.reason)
    tell(product.reading, status, read.state, since=since, deadline=deadline)
    return read


_WORDS: Final = {
    Accepted: "accepted",
    Refused: "refused",
    Unknown: "unknown",
    NotSent: "not_sent",
}
