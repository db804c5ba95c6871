"""A shop whose operator is a scripted Orange Web Payment: a page, then what is read of it."""

import json
from typing import TYPE_CHECKING, Any, ClassVar, Final

from tests.functions.door import Reply
from tests.functions.till import Till
from tests.scripted_server import Play, Seen, answer

if TYPE_CHECKING:
    from collections.abc import Callable

RETURN_URL: Final = "https://shop.example/orders/1042?from=orange"
CREDENTIALS: Final = json.dumps(
    {
        "client_id": "client",
        "client_secret": "client-secret",
        "merchant_key": "merchant-key",
        "api_user": "00000000-0000-4000-8000-000000000003",
    }
)
TOKEN: Final = answer(200, '{"token_type":"Bearer","access_token":"bearer-t","expires_in":3600}')
TXNID: Final = "MP261130.0910.A12345"


def said(status: int, /, **fields: Any) -> Play:
    """An answer of Orange's."""
    return answer(status, json.dumps(fields))


class WebTill(Till):
    """`making` answers `webpayment`, one after another; `states` what is read, by order id.

    Without either a page is made, and what is made waits. `meanwhile` happens once, while a page is
    being made.
    """

    contract: ClassVar[dict[str, str]] = {
        "operator": "orange",
        "product": "web",
        "environment": "cm",
        "credentials": "simulator_orange_web_credentials",
    }

    def __init__(self, *args: Any, **parts: Any) -> None:
        """As a Till."""
        super().__init__(*args, **parts)
        self.making: list[Play] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.meanwhile: Callable[[], None] | None = None

    def _script(self, seen: Seen) -> Play:
        if seen.path.endswith("/oauth/v3/token"):
            return TOKEN
        asked = json.loads(seen.body)
        if seen.path.endswith("/webpayment"):
            happens, self.meanwhile = self.meanwhile, None
            if happens is not None:
                happens()
            return self.making.pop(0) if self.making else self.page(asked["order_id"])
        if self.read is not None:
            return self.read
        told = {"status": "INITIATED", "order_id": asked["order_id"], "txnid": ""}
        return said(200, **told | self.states.get(asked["order_id"], {}))

    def page(self, order_id: str) -> Play:
        """The answer with a new page."""
        return said(
            201,
            status=201,
            message="OK",
            pay_token=f"pay-{order_id}",
            payment_url=f"{self.operator.url}/page/pay-{order_id}",
            notif_token=f"notif-{order_id}",
        )

    def pays(self, order_id: str, /, **more: Any) -> None:
        """Have the payer pay on a page."""
        self.states[order_id] = {"status": "SUCCESS", "txnid": TXNID, **more}

    @property
    def orders(self) -> list[dict[str, Any]]:
        """What Orange was asked to make pages for."""
        asked = [seen for seen in self.operator.seen if seen.path.endswith("/webpayment")]
        return [json.loads(seen.body) for seen in asked]

    @property
    def reads(self) -> list[dict[str, Any]]:
        """What Orange was asked the status of."""
        asked = [seen for seen in self.operator.seen if seen.path.endswith("/transactionstatus")]
        return [json.loads(seen.body) for seen in asked]

    def create(self, **changes: Any) -> str:
        """Create a charge whose payer is redirected; return its id."""
        method = {"type": "mobile_money", "flow": "redirect"}
        return super().create(**{"payment_method": method, "return_url": RETURN_URL} | changes)

    def shown(self) -> str:
        """Create a charge and have its page made; return its id."""
        charge_id = self.create()
        assert self.submit(charge_id).status == 204
        return charge_id

    def visit(self, path: str, **headers: str) -> Reply:
        """GET below `/pay/`, without any key."""
        return self._door("serve_checkout").get(f"/pay/{path}", headers=headers)

    def attempts(self) -> list[dict[str, Any]]:
        """The attempts there are, the oldest first."""
        return sorted(self.rows.of("provider_attempts"), key=lambda row: row["number"])
