"""A shop whose operator is a scripted Orange: a payToken, then the request, then what is read."""

import json
from typing import Any, ClassVar, Final

from tests.functions.till import AMOUNT, Till
from tests.scripted_orange import RECORDED, TOKEN, said
from tests.scripted_server import Play, Seen

PAYER: Final = "237690000001"
CREDENTIALS: Final = json.dumps(
    {
        "consumer_key": "con-key",
        "consumer_secret": "con-secret",
        "api_user": "00000000-0000-4000-8000-000000000002",
        "api_password": "api-word",
        "channel_msisdn": "699000000",
        "pin": "4711",
    }
)
_STORED: Final = 'SELECT status FROM "{}".provider_attempts WHERE operator_reference = :pay_token'
_CASHED_IN: Final = {"status": "SUCCESSFULL", "txnstatus": 200, "inittxnstatus": None}
_PAID: Final = {"status": "SUCCESSFULL", "confirmtxnstatus": "200"}


class OrangeTill(Till):
    """`opening` and `asking` answer `init` and `pay` in place of what Orange says to all.

    `paying` answers a cash-in's `pay`, and `cash_in` says what a read of one says otherwise.
    """

    contract: ClassVar[dict[str, str]] = {
        "operator": "orange",
        "product": "core",
        "environment": "",
        "credentials": "simulator_orange_credentials",
    }
    payer: ClassVar[str] = PAYER

    def __init__(self, *args: Any, **parts: Any) -> None:
        """As a Till; `stored` keeps what stood of a payToken when money was asked for under it."""
        super().__init__(*args, **parts)
        self.opening: Play | None = None
        self.asking: Play | None = None
        self.stored: list[list[Any]] = []
        self.paying: Play | None = None
        self.cash_in: dict[str, Any] = {}
        self._orders: dict[str, str] = {}

    def _script(self, seen: Seen) -> Play:
        step, _, pay_token = seen.path.rpartition("/mp/")[2].partition("/")
        if seen.path.endswith("/token"):
            return TOKEN
        if "/cashin/" in seen.path:
            return self._cash_in(seen)
        if step == "init":
            return self.opening or said(200, {"payToken": f"MP{len(self.operator.seen):026}"})
        if step == "pay":
            asked = json.loads(seen.body)
            pay_token = asked["payToken"]
            self._orders[pay_token] = asked["orderId"]
            schema = self.account.test.schema
            self.stored += self.rows.run(_STORED.format(schema), pay_token=pay_token)
            return self.asking or said(200, self.saying(pay_token))
        return self.read or said(200, self.saying(pay_token) | _PAID | self.word)

    def _cash_in(self, seen: Seen) -> Play:
        step, _, pay_token = seen.path.rpartition("/cashin/")[2].partition("/")
        if step == "init":
            return self.opening or said(200, {"payToken": f"CI{len(self.operator.seen):026}"})
        if step == "pay":
            asked = json.loads(seen.body)
            pay_token = asked["payToken"]
            self._orders[pay_token] = asked["orderId"]
            schema = self.account.test.schema
            self.stored += self.rows.run(_STORED.format(schema), pay_token=pay_token)
            return self.paying or said(200, self.saying(pay_token, **_CASHED_IN))
        return said(200, self.saying(pay_token, **_CASHED_IN) | self.cash_in)

    @property
    def cashed_in(self) -> list[Seen]:
        """The cash-ins that Orange was told to pay."""
        return [seen for seen in self.operator.seen if seen.path.endswith("/cashin/pay")]

    def saying(self, pay_token: str, **more: Any) -> dict[str, Any]:
        """What Orange says of a payment that it took."""
        order = self._orders.get(pay_token)
        return RECORDED | {"payToken": pay_token, "amount": AMOUNT, "txnmode": order} | more

    def steps(self) -> list[str]:
        """What was asked of Orange, the token call aside."""
        paths = [seen.path.rpartition("/mp/")[2] for seen in self.operator.seen]
        return [path.partition("/")[0] for path in paths if not path.endswith("/token")]
