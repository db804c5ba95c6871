"""One account's way to MTN: its host, its token, its headers. Each product has its own of all."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.phone import Operator
from shared.providers import hosts
from shared.providers.calls import Calls, ExchangeHook
from shared.providers.mtn.notices import read_code
from shared.providers.mtn.tokens import MtnCredentials
from shared.providers.tokens import TokenKeeper
from shared.providers.wire import Answer, UnsafeAddressError, Wire

COLLECTION: Final = "collection"
DISBURSEMENT: Final = "disbursement"
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


def connect_to(account: OperatorAccount, *, product: str, ca_file: str | None = None) -> Wire:
    """Return the wire to the host of an MTN account of that product.

    Raises UnsafeAddressError where live and test would meet, or where TLS would not be verified.
    """
    if account.operator is not Operator.MTN or account.product != product:
        raise UnsafeAddressError(f"not an MTN {product} account")
    return hosts.connect(
        account, live_hosts=LIVE_HOSTS, sandbox_hosts=_SANDBOX_HOSTS, ca_file=ca_file
    )


class Get(Protocol):
    """All that a reader is given: it has no way to send."""

    def __call__(self, path: str, *, deadline: Deadline) -> Answer:
        """Raises NoTokenError, NotSentError and BrokenOffError."""


class Tell(Protocol):
    """Lets the hook hear of an exchange."""

    def __call__(
        self, operation: str, status: int, outcome: str, *, since: float, deadline: Deadline
    ) -> None:
        """`since` is when it began, by the deadline's clock."""


class MtnLine:
    """One account's way to MTN, with its token; the adapters of its product share it. Thread-safe.

    Paths are those below the product, which is the account's: no line reaches another product.
    """

    def __init__(
        self,
        account: OperatorAccount,
        credentials: MtnCredentials,
        *,
        wire: Wire,
        clock: Callable[[], datetime],
        on_exchange: ExchangeHook,
    ) -> None:
        """`clock` tells UTC for the life of tokens; `wire` comes from `connect_to`."""
        self.product: Final = account.product
        self.currency: Final = account.currency
        self._on_exchange = on_exchange
        self._calls = Calls(
            TokenKeeper(
                credentials.token_call(account.product),
                wire=wire,
                clock=clock,
                on_exchange=on_exchange,
            ),
            wire=wire,
            headers={
                "Ocp-Apim-Subscription-Key": credentials.subscription_key,
                "X-Target-Environment": account.target_environment,
            },
            is_own_refusal=lambda body: read_code(body) is not None,
        )

    def get(self, path: str, *, deadline: Deadline) -> Answer:
        """Raises NoTokenError, NotSentError and BrokenOffError."""
        return self._calls.get(f"/{self.product}{path}", deadline=deadline)

    def post(
        self, path: str, body: bytes, *, headers: Mapping[str, str], deadline: Deadline
    ) -> Answer:
        """Send JSON. Raises NoTokenError, NotSentError and BrokenOffError."""
        sent = {"Content-Type": "application/json", **headers}
        return self._calls.call(
            "POST", f"/{self.product}{path}", headers=sent, body=body, deadline=deadline
        )

    def tell(
        self, operation: str, status: int, outcome: str, *, since: float, deadline: Deadline
    ) -> None:
        """Let the hook hear of an exchange."""
        self._on_exchange(operation, status, round((deadline.clock() - since) * 1000), outcome)
