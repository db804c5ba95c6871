"""Our MTN adapter, all parts of it, against a scripted MTN on 127.0.0.1."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Self

from shared.domain.account import OperatorAccount
from shared.domain.deadline import Deadline
from shared.domain.phone import Operator
from shared.providers.mtn import disbursement
from shared.providers.mtn.accounts import MtnBalanceReader, MtnHolderReader
from shared.providers.mtn.client import MtnPaymentReader, MtnPaymentRequester, connect
from shared.providers.mtn.line import MtnLine
from shared.providers.mtn.tokens import MtnCredentials
from tests.scripted_server import Play, ScriptedServer, Seen, answer

TOKEN = answer(200, '{"access_token":"tok-1","token_type":"access_token","expires_in":3600}')
HTML = "<html><head><title>Request Rejected</title></head><body>support ID 1</body></html>"
CREDENTIALS = MtnCredentials("sub-key", "00000000-0000-4000-8000-000000000001", "c0ffee")
ACCOUNT = OperatorAccount(
    id="opa_1",
    operator=Operator.MTN,
    product="collection",
    livemode=False,
    base_url="http://127.0.0.1:1/mtn",
    target_environment="mtncameroon",
    currency="XAF",
    credentials="simulator_credentials",
)
PAYER = replace(ACCOUNT, product="disbursement", credentials="simulator_disbursement_credentials")
PAYER_CREDENTIALS = MtnCredentials("payer-key", "00000000-0000-4000-8000-000000000002", "0ddba11")


def deadline(seconds: float = 5) -> Deadline:
    """That many seconds from now."""
    return Deadline.after(seconds, time.monotonic)


def code(word: str) -> str:
    """An error body with this code, and a message that must never get out."""
    return json.dumps({"code": word, "message": "237670000001 is in here"})


class ScriptedMtn:
    """Every part of the adapter; `plays` answer its calls in order, `token` all token calls."""

    def __init__(self, *plays: Play, token: Play = TOKEN, currency: str = "XAF") -> None:
        self.plays = list(plays)
        self.token = token
        self.now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
        self.exchanges: list[tuple[str, int, int, str]] = []
        self.server = ScriptedServer(self._script)
        self._currency = currency

    def _script(self, seen: Seen) -> Play:
        return self.token if seen.path.endswith("/token/") else self.plays.pop(0)

    def __enter__(self) -> Self:
        self.server.__enter__()
        account = replace(ACCOUNT, base_url=f"{self.server.url}/mtn", currency=self._currency)
        self.wire = connect(account)

        def hear(operation: str, status: int, duration_ms: int, outcome: str, /) -> None:
            self.exchanges.append((operation, status, duration_ms, outcome))

        self.requester = MtnPaymentRequester(
            account, CREDENTIALS, wire=self.wire, clock=lambda: self.now, on_exchange=hear
        )
        self.reader = MtnPaymentReader(
            account, CREDENTIALS, wire=self.wire, clock=lambda: self.now, on_exchange=hear
        )
        payer = replace(PAYER, base_url=f"{self.server.url}/mtn", currency=self._currency)
        self.payer_wire = disbursement.connect(payer)
        line = MtnLine(
            payer,
            PAYER_CREDENTIALS,
            wire=self.payer_wire,
            clock=lambda: self.now,
            on_exchange=hear,
        )
        self.payouts = disbursement.MtnPayoutSender(line)
        self.payout_reader = disbursement.MtnPayoutReader(line)
        self.deposits = disbursement.MtnDepositSender(line)
        self.deposit_reader = disbursement.MtnDepositReader(line)
        self.refunds = disbursement.MtnRefundSender(line)
        self.refund_reader = disbursement.MtnRefundReader(line)
        self.holders, self.balances = MtnHolderReader(line), MtnBalanceReader(line)
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()
        self.payer_wire.close()
        self.server.__exit__(None, None, None)

    @property
    def tokens(self) -> int:
        """How many tokens were asked for."""
        return sum(seen.path.endswith("/token/") for seen in self.server.seen)

    @property
    def calls(self) -> list[Seen]:
        """The payment calls, in order."""
        return [seen for seen in self.server.seen if not seen.path.endswith("/token/")]
