"""MTN MoMo collections behind our two ports: one class can only ask for money, one can only read.

Facts: https://momodeveloper.mtn.com/api-documentation.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.operations.ports import PaymentRead, PaymentRequest
from shared.providers.calls import ExchangeHook
from shared.providers.mtn import codes
from shared.providers.mtn.judgement import Outcome
from shared.providers.mtn.line import COLLECTION, MtnLine, connect_to
from shared.providers.mtn.notices import plain_text
from shared.providers.mtn.submission import Service, read_status, submit
from shared.providers.mtn.tokens import MtnCredentials
from shared.providers.wire import Wire

_REQUEST_TO_PAY: Final = Service(
    path="/v1_0/requesttopay",
    table=codes.FAILURE_CODES,
    party="payer",
    sending="request_payment",
    reading="read_payment",
)


def connect(account: OperatorAccount, *, ca_file: str | None = None) -> Wire:
    """Return the wire to the host of an MTN collection account.

    Raises UnsafeAddressError where live and test would meet, or where TLS would not be verified.
    """
    return connect_to(account, product=COLLECTION, ca_file=ca_file)


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
        self._line = MtnLine(account, credentials, wire=wire, clock=clock, on_exchange=on_exchange)

    def request_payment(self, request: PaymentRequest, *, deadline: Deadline) -> Outcome:
        """Send once, under `request.reference`, a UUID version 4; only a 401 leads to a repeat.

        Never raises for what MTN or a network can do. Raises ValueError for another reference.
        """
        message = plain_text(request.message)
        body = _RequestToPay(
            # The sandbox takes euros only; the currency belongs to the account, not the order.
            amount=str(request.money.amount),
            currency=self._line.currency,
            external_id=request.external_id,
            payer=_Payer(party_id=request.payer.msisdn),
            payer_message=message,
            payee_note=message,
        )
        return submit(
            self._line,
            _REQUEST_TO_PAY,
            msgspec.json.encode(body),
            reference=request.reference,
            callback_url=request.callback_url,
            deadline=deadline,
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
        line = MtnLine(account, credentials, wire=wire, clock=clock, on_exchange=on_exchange)
        self._get, self._tell, self._currency = line.get, line.tell, line.currency

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what MTN or a network can do.

        Raises ValueError for a reference that is no UUID.
        """
        return read_status(
            self._get,
            _REQUEST_TO_PAY,
            reference,
            account_currency=self._currency,
            deadline=deadline,
            tell=self._tell,
        )


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
