"""Our Orange adapter, all of it, against a scripted Orange on 127.0.0.1."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from shared.domain.account import OperatorAccount
from shared.domain.phone import Operator
from shared.providers.orange_core.client import (
    OrangeHolderReader,
    OrangeLine,
    OrangePaymentReader,
    OrangePaymentRequester,
    OrangePayoutReader,
    OrangePayoutSender,
    connect,
)
from shared.providers.orange_core.tokens import OrangeCredentials
from tests.scripted_server import Play, ScriptedServer, Seen, answer

PAY_TOKEN = "MP22120771FEB7B21FD2381C3786"
TOKEN = answer(200, '{"access_token":"tok-1","token_type":"Bearer","expires_in":2496}')
HTML = "<html><head><title>Request Rejected</title></head><body>support ID 1</body></html>"
CREDENTIALS = OrangeCredentials(
    "con-key", "con-secret", "api-user", "api-word", "699000000", "4711"
)
ACCOUNT = OperatorAccount(
    id="opa_1",
    operator=Operator.ORANGE,
    product="core",
    livemode=False,
    base_url="http://127.0.0.1:1/orange",
    target_environment="",
    currency="XAF",
    credentials="simulator_orange_credentials",
)
# As recorded, but for the numbers and the name.
RECORDED: dict[str, Any] = {
    "id": 48463325,
    "createtime": "1670442691",
    "subscriberMsisdn": "690000001",
    "amount": 1500,
    "payToken": PAY_TOKEN,
    "txnid": "MP221207.2051.B56929",
    "txnmode": "12345",
    "inittxnmessage": "Paiement e la clientele done.The devrez confirmer le paiement.",
    "inittxnstatus": "200",
    "confirmtxnstatus": None,
    "confirmtxnmessage": None,
    "status": "PENDING",
    "notifUrl": "https://example.com/payment-notification",
    "description": "Payment Description",
    "channelUserMsisdn": "699000000",
}
NO_FUNDS = RECORDED | {
    "txnid": None,
    "inittxnmessage": "Le solde du compte du payeur est insuffisant",
    "inittxnstatus": "60019",
    "status": "FAILED",
}
UNPAID = dict.fromkeys(RECORDED) | {"id": 1, "createtime": "1670436067", "payToken": PAY_TOKEN}


def said(status: int, data: object, message: str = "Text about 690000001") -> Play:
    """An answer of Orange's API."""
    return answer(status, json.dumps({"message": message, "data": data}))


def text(status: int, message: str) -> Play:
    """An answer with a message alone."""
    return answer(status, json.dumps({"message": message}))


def fault(status: int, code: int = 900901) -> Play:
    """A fault of the gateway."""
    return answer(status, json.dumps({"fault": {"code": code, "message": "m", "description": "d"}}))


def xml_fault(status: int) -> Play:
    """The same as XML."""
    page = (
        '<ams:fault xmlns:ams="http://wso2.org/apimanager/security"><ams:code>900901</ams:code>'
        "<ams:message>Invalid Credentials</ams:message></ams:fault>"
    )
    return answer(status, page, content_type="application/xml; charset=UTF-8")


class ScriptedOrange:
    """All adapters of one account; `plays` answer calls in order, `token` all token calls."""

    def __init__(self, *plays: Play, token: Play = TOKEN) -> None:
        self.plays = list(plays)
        self.token = token
        self.now = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
        self.exchanges: list[tuple[str, int, int, str]] = []
        self.server = ScriptedServer(self._script)

    def _script(self, seen: Seen) -> Play:
        return self.token if seen.path.endswith("/token") else self.plays.pop(0)

    def __enter__(self) -> Self:
        self.server.__enter__()
        account = replace(ACCOUNT, base_url=f"{self.server.url}/orange")
        self.wire = connect(account)

        def hear(operation: str, status: int, duration_ms: int, outcome: str, /) -> None:
            self.exchanges.append((operation, status, duration_ms, outcome))

        line = OrangeLine(
            account, CREDENTIALS, wire=self.wire, clock=lambda: self.now, on_exchange=hear
        )
        self.requester = OrangePaymentRequester(line)
        self.reader = OrangePaymentReader(line)
        self.sender = OrangePayoutSender(line)
        self.payouts = OrangePayoutReader(line)
        self.holders = OrangeHolderReader(line)
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()
        self.server.__exit__(None, None, None)

    @property
    def tokens(self) -> list[Seen]:
        """The token calls."""
        return [seen for seen in self.server.seen if seen.path.endswith("/token")]

    @property
    def calls(self) -> list[Seen]:
        """The other calls, in order."""
        return [seen for seen in self.server.seen if not seen.path.endswith("/token")]
