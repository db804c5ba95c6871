"""MTN MoMo collections behind our two ports: one class can only ask for money, one can only read.

Every judgement errs towards Unknown: a wrong Unknown costs a status read, a wrong Refused or
NotSent costs a payer's money. Facts: https://momodeveloper.mtn.com/api-documentation.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.phone import Operator
from shared.operations.ports import (
    Accepted,
    NotSent,
    PaymentRead,
    PaymentRequest,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers.mtn import codes
from shared.providers.mtn.notices import Notice, plain_text, read_code, read_notice
from shared.providers.mtn.tokens import MtnCredentials, NoTokenError, TokenKeeper
from shared.providers.wire import (
    LOOPBACK_HOSTS,
    Answer,
    BrokenOffError,
    NotSentError,
    UnsafeAddressError,
    Wire,
)

PATH: Final = "/collection/v1_0/requesttopay"
PRODUCT: Final = "collection"
LIVE_HOSTS: Final = frozenset(
    {
        "proxy.momoapi.mtn.com",
        "momoapi.mtn.com",
        "ericssonbasicapi1.azure-api.net",
    }
)
_SANDBOX_HOSTS: Final = frozenset(
    {"sandbox.momodeveloper.mtn.com", "ericssonbasicapi2.azure-api.net"}
)
_INSIDE: Final = ("localhost", "local", "internal", "svc", "test", "invalid")
_UUID_VERSION: Final = 4

_OK: Final = 200
_ACCEPTED: Final = 202
_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_SERVER_ERROR: Final = 500

Outcome = Accepted | Refused | Unknown | NotSent


class ExchangeHook(Protocol):
    """Hears of every exchange; it is given words and numbers only, so nothing can leak into it."""

    def __call__(self, operation: str, status: int, duration_ms: int, outcome: str, /) -> None:
        """`status` is the last HTTP status, 0 where none came; `outcome` a word of ours."""


def connect(account: OperatorAccount, *, ca_file: str | None = None) -> Wire:
    """Return the wire to an MTN account's host.

    Raises UnsafeAddressError where live and test would meet, or where TLS would not be verified.
    """
    if account.operator is not Operator.MTN or account.product != PRODUCT:
        raise UnsafeAddressError("not an MTN collection account")
    wire = Wire(account.base_url, plain_allowed=not account.livemode, ca_file=ca_file)
    host = wire.host.lower().rstrip(".")
    last_part = host.rsplit(".", 1)[-1]
    if account.livemode and (
        host in LOOPBACK_HOSTS
        or host in _SANDBOX_HOSTS
        or "simulat" in host
        or "." not in host
        or ":" in host
        or last_part in _INSIDE
        or last_part[:1].isdigit()
        or account.target_environment == "sandbox"
    ):
        raise UnsafeAddressError("a live account may not point at a stand-in")
    if not account.livemode and host in LIVE_HOSTS:
        raise UnsafeAddressError("a test account may not point at the live operator")
    return wire


class MtnPaymentRequester:
    """Asks a payer for money by MTN; a PaymentRequester. Thread-safe; build one per account."""

    def __init__(
        self,
        account: OperatorAccount,
        credentials: MtnCredentials,
        *,
        wire: Wire,
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
    ) -> None:
        """`clock` tells UTC for the life of tokens; `wire` comes from `connect`."""
        self._account = account
        self._on_exchange = on_exchange
        self._calls = _Calls(account, credentials, wire=wire, clock=clock, on_exchange=on_exchange)

    def request_payment(self, request: PaymentRequest, *, deadline: Deadline) -> Outcome:
        """Send once, under `request.reference`, a UUID version 4; only a 401 leads to a repeat.

        Never raises for what MTN or a network can do. Raises ValueError for another reference.
        """
        if UUID(request.reference).version != _UUID_VERSION:
            raise ValueError("MTN takes a UUID version 4 as reference")
        started, status = deadline.clock(), 0
        headers = {"X-Reference-Id": request.reference, "Content-Type": "application/json"}
        if request.callback_url:  # an empty header breaks the call (laravel-mtn-momo issue 80)
            headers["X-Callback-Url"] = request.callback_url
        try:
            answer = self._calls.call(
                "POST", PATH, headers=headers, body=self._body(request), deadline=deadline
            )
            status, outcome = answer.status, _judge(answer)
        except NoTokenError as error:
            outcome = NotSent(error.reason)
        except NotSentError as error:
            outcome = NotSent(error.reason)
        except BrokenOffError as error:
            outcome = Unknown(error.reason)
        milliseconds = round((deadline.clock() - started) * 1000)
        self._on_exchange("request_payment", status, milliseconds, _WORDS[type(outcome)])
        return outcome

    def _body(self, request: PaymentRequest) -> bytes:
        message = plain_text(request.message)
        return msgspec.json.encode(
            _RequestToPay(
                # The sandbox takes euros only; the currency belongs to the account, not the order.
                amount=str(request.money.amount),
                currency=self._account.currency,
                external_id=request.external_id,
                payer=_Payer(party_id=request.payer.msisdn),
                payer_message=message,
                payee_note=message,
            )
        )


class MtnPaymentReader:
    """Reads a payment's status at MTN; a PaymentReader. It has no way to send one."""

    def __init__(
        self,
        account: OperatorAccount,
        credentials: MtnCredentials,
        *,
        wire: Wire,
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
    ) -> None:
        """`clock` tells UTC for the life of tokens; `wire` comes from `connect`."""
        calls = _Calls(account, credentials, wire=wire, clock=clock, on_exchange=on_exchange)
        self._get = calls.get
        self._currency = account.currency
        self._on_exchange = on_exchange

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what MTN or a network can do.

        Raises ValueError for a reference that is no UUID.
        """
        started, status = deadline.clock(), 0
        try:
            answer = self._get(f"{PATH}/{UUID(reference)}", deadline=deadline)
            status = answer.status
            read = _read(answer, account_currency=self._currency)
        except (NoTokenError, NotSentError, BrokenOffError) as error:
            read = PaymentRead(ReadState.UNKNOWN, error.reason)
        milliseconds = round((deadline.clock() - started) * 1000)
        self._on_exchange("read_payment", status, milliseconds, read.state)
        return read


class _Payer(msgspec.Struct, rename="camel"):
    party_id: str
    party_id_type: str = "MSISDN"


class _RequestToPay(msgspec.Struct, rename="camel"):
    amount: str
    currency: str
    external_id: str
    payer: _Payer
    payer_message: str
    payee_note: str


class _Calls:
    """Calls of one account with its token; a 401 is answered by one new token and one repeat."""

    def __init__(
        self,
        account: OperatorAccount,
        credentials: MtnCredentials,
        *,
        wire: Wire,
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
    ) -> None:
        self._wire = wire
        self._tokens = TokenKeeper(credentials, wire=wire, clock=clock, on_exchange=on_exchange)
        self._headers = {
            "Ocp-Apim-Subscription-Key": credentials.subscription_key,
            "X-Target-Environment": account.target_environment,
        }

    def get(self, path: str, *, deadline: Deadline) -> Answer:
        """Raises NoTokenError, NotSentError and BrokenOffError."""
        return self.call("GET", path, headers={}, body=None, deadline=deadline)

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answer:
        """Send, and after a 401 the same once more.

        Raises NoTokenError, NotSentError and BrokenOffError.

        A 401 in JSON proves that the first request was not taken, so whatever stops the repeat
        before its first byte leaves nothing taken at all. Any other 401 proves nothing.
        """

        def send(token: str) -> Answer:
            if deadline.is_over:
                raise NotSentError("deadline_over")
            bearer = {"Authorization": f"Bearer {token}"}
            return self._wire.exchange(
                method, path, headers=self._headers | headers | bearer, body=body, deadline=deadline
            )

        token = self._tokens.token(deadline=deadline)
        answer = send(token)
        if answer.status != _UNAUTHORIZED:
            return answer
        try:
            again = send(self._tokens.token(deadline=deadline, rejected=token))
        except (NoTokenError, NotSentError) as error:
            if read_code(answer.body) is None:
                raise BrokenOffError("not_json_401") from error
            raise
        return again if again.status != _UNAUTHORIZED else answer


def _judge(answer: Answer) -> Outcome:
    """Say what the answer to a submission proves."""
    status, code = answer.status, read_code(answer.body)
    if status == _ACCEPTED and (code is not None or not answer.body):
        return Accepted()
    if code is None:
        # An HTML page of the firewall or gateway: who wrote it, and when, is not known.
        return Unknown(f"not_json_{status}")
    if status == _CONFLICT:
        return Accepted()  # "we already have it": the reference is ours alone
    if status == _UNAUTHORIZED:
        # Twice refused at the gate, in JSON and with a fresh token: nothing was taken, and the same
        # reference may go again once the credentials are right.
        return NotSent("not_authenticated")
    if code not in codes.NEVER_A_REFUSAL and (
        status in {_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND}
        or (status == _SERVER_ERROR and code in codes.DEFINITE_ON_500)
    ):
        # A refusal without a known word is about how we ask, hence a matter of configuration.
        ours = codes.FAILURE_CODES.get(code, codes.OPERATOR_MISCONFIGURED)
        return Refused(ours, code or f"HTTP {status}")
    # 429 and 503 too: MTN asks to try later with the same reference, which is safe either way, but
    # nowhere says that the request was not queued before the answer was given.
    return Unknown(f"{code or 'no_code'}_{status}")


def _read(answer: Answer, *, account_currency: str) -> PaymentRead:
    """Say what the answer to a status read proves."""
    if answer.status == _OK:
        notice = read_notice(answer.body, account_currency=account_currency)
        if notice is not None:
            return _read_notice(notice)
    code = read_code(answer.body)
    if answer.status == _NOT_FOUND and code == codes.NOT_FOUND:
        return PaymentRead(ReadState.NOT_FOUND, code)
    word = "not_json" if code is None else code or "no_code"
    return PaymentRead(ReadState.UNKNOWN, f"{word}_{answer.status}")


def _read_notice(notice: Notice) -> PaymentRead:
    word, state, ours = notice.status, ReadState.PENDING, None
    if notice.status == codes.SUCCESSFUL:
        state = ReadState.SUCCEEDED
        if notice.money is None:
            # An amount that cannot be read cannot be compared: a person will see it in the end.
            state, word = ReadState.UNKNOWN, "SUCCESSFUL_without_whole_amount"
    elif notice.status == codes.FAILED:
        word = notice.reason or codes.FAILED
        ours = codes.failure_code(word)
        state = ReadState.EXPIRED if word == "EXPIRED" else ReadState.FAILED
    # PENDING, CREATED and every word not known to be final: still under way.
    return PaymentRead(
        state,
        word,
        failure_code=ours,
        operator_transaction_id=notice.transaction_id,
        money=notice.money,
        payer=notice.payer,
    )


_WORDS: Final = {
    Accepted: "accepted",
    Refused: "refused",
    Unknown: "unknown",
    NotSent: "not_sent",
}
