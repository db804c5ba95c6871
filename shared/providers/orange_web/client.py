"""Orange Money Web Payment behind our ports: a page for a payer, and what became of it.

Whoever may read cannot make a page: the merchant key goes into `webpayment` alone. Facts: Orange's
public documentation of Web Payment, and what clients read.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.money import XAF, Money
from shared.domain.phone import Operator
from shared.operations.page_ports import Page, PageKeys, PageRequest
from shared.operations.ports import NotSent, PaymentRead, ReadState, Refused, Unknown
from shared.providers import hosts, words
from shared.providers.calls import Calls, ExchangeHook
from shared.providers.orange_web.judgement import (
    Outcome,
    is_own_refusal,
    judge_made,
    judge_status,
)
from shared.providers.orange_web.tokens import OrangeWebCredentials
from shared.providers.tokens import NoTokenError, TokenKeeper
from shared.providers.wire import Answer, BrokenOffError, NotSentError, UnsafeAddressError, Wire

PRODUCT: Final = "web"
LIVE_HOSTS: Final = frozenset({"api.orange.com"})
# Orange's own test environment lies on the live host, told apart by this word in the path.
COUNTRY: Final = "cm"
DEV: Final = "dev"
CURRENCIES: Final = {COUNTRY: XAF, DEV: "OUV"}
ORDER_ID_LENGTH: Final = 30
LABEL_LENGTH: Final = 30
_JSON: Final = {"Content-Type": "application/json", "Accept": "application/json"}


def connect(account: OperatorAccount, *, ca_file: str | None = None) -> Wire:
    """Return the wire to a Web Payment account's host.

    Raises UnsafeAddressError where live and test would meet, or where TLS would not be verified.
    """
    if account.operator is not Operator.ORANGE or account.product != PRODUCT:
        raise UnsafeAddressError("not an Orange Web Payment account")
    is_dev = account.target_environment == DEV
    if account.livemode and is_dev:
        raise UnsafeAddressError("a live account may not ask for test money")
    return hosts.connect(account, live_hosts=() if is_dev else LIVE_HOSTS, ca_file=ca_file)


class OrangeWebLine:
    """One account's way to Web Payment, with its token, for the adapters below. Thread-safe."""

    def __init__(
        self,
        account: OperatorAccount,
        credentials: OrangeWebCredentials,
        *,
        wire: Wire,
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
    ) -> None:
        """`clock` tells UTC for the life of tokens; `wire` comes from `connect`."""
        country = account.target_environment
        if CURRENCIES.get(country) != account.currency:
            raise ValueError("Web Payment knows francs in Cameroon, and OUV in dev")
        self.credentials: Final = credentials
        self.currency: Final = account.currency
        self.livemode: Final = account.livemode
        self._base: Final = f"/orange-money-webpay/{country}/v1"
        self._on_exchange = on_exchange
        tokens = TokenKeeper(
            credentials.token_call, wire=wire, clock=clock, on_exchange=on_exchange
        )
        self._calls = Calls(tokens, wire=wire, headers={}, is_own_refusal=is_own_refusal)

    def post(self, call: str, fields: Mapping[str, object], *, deadline: Deadline) -> Answer:
        """Raises NoTokenError, NotSentError and BrokenOffError."""
        body = msgspec.json.encode(fields)
        path = f"{self._base}/{call}"
        return self._calls.call("POST", path, headers=_JSON, body=body, deadline=deadline)

    def tell(
        self, operation: str, status: int, outcome: str, *, since: float, deadline: Deadline
    ) -> None:
        """Let the hook hear of an exchange."""
        self._on_exchange(operation, status, round((deadline.clock() - since) * 1000), outcome)


class OrangePageOpener:
    """Has Orange make a page; a PageOpener."""

    def __init__(self, line: OrangeWebLine) -> None:
        self._line = line

    def open_page(self, request: PageRequest, *, deadline: Deadline) -> Outcome:
        """Ask once, under the order id in `request`; only a 401 leads to a repeat.

        Never raises for what Orange or a network can do. Raises ValueError for another order id.
        """
        line, since, status = self._line, deadline.clock(), 0
        fields = _fields(line, request)
        outcome: Outcome
        try:
            answer = line.post("webpayment", fields, deadline=deadline)
            status = answer.status
            outcome = judge_made(answer, plain_allowed=not line.livemode)
        except (NoTokenError, NotSentError) as error:
            outcome = NotSent(error.reason)
        except BrokenOffError as error:
            outcome = Unknown(error.reason)
        line.tell("open_page", status, _WORDS[type(outcome)], since=since, deadline=deadline)
        return outcome


class OrangePageReader:
    """Reads an order's status at Web Payment; a PageReader. It has no way to make a page."""

    def __init__(self, line: OrangeWebLine) -> None:
        self._line = line

    def read_page(self, page: Page, money: Money, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what Orange or a network can do."""
        line, since, status = self._line, deadline.clock(), 0
        fields = {
            "order_id": page.order_id,
            "amount": money.amount,
            "pay_token": page.keys.pay_token,
        }
        try:
            answer = line.post("transactionstatus", fields, deadline=deadline)
            status = answer.status
            read = judge_status(answer, order_id=page.order_id, asked=money)
        except (NoTokenError, NotSentError, BrokenOffError) as error:
            read = PaymentRead(ReadState.UNKNOWN, error.reason)
        line.tell("read_page", status, read.state, since=since, deadline=deadline)
        return read


def _fields(line: OrangeWebLine, request: PageRequest) -> dict[str, object]:
    """Return the body of `webpayment`. Raises ValueError for an order id that Orange would cut."""
    if not 0 < len(request.order_id) <= ORDER_ID_LENGTH or request.money.currency != XAF:
        raise ValueError("Web Payment takes francs and an order id of thirty characters")
    return {
        "merchant_key": line.credentials.merchant_key,
        "currency": line.currency,
        "order_id": request.order_id,
        "amount": request.money.amount,
        "return_url": request.return_url,
        "cancel_url": request.return_url,
        "notif_url": request.callback_url,
        "lang": request.language,
        "reference": words.plain_text(request.label, LABEL_LENGTH) or request.order_id,
    }


_WORDS: Final = {
    PageKeys: "opened",
    Refused: "refused",
    Unknown: "unknown",
    NotSent: "not_sent",
}
