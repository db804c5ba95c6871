"""A merchant with webhook endpoints: makes them, has them told, and looks at what they got."""

import json
from collections.abc import Callable
from typing import Any, Final

from shared.domain.events import WEBHOOK_DUE
from tests.functions.door import Door
from tests.functions.till import Till
from tests.scripted_server import ScriptedServer, Seen

PATH: Final = "/v1/webhook_endpoints"
SPAN: Final = {"created": {"gte": 0, "lt": 4102444800}}
"""All that has ever happened, to be sent anew."""


class Merchant:
    """A shop with a server, and endpoints that lead there by a path of their own."""

    def __init__(self, till: Till, door: Callable[[str], Door], server: ScriptedServer) -> None:
        self.till = till
        self.server = server
        self._manage = door("manage_account")
        self._read = door("read_payments")
        self._create = door("create_charge")
        self.key = till.account.secret_key
        # The one that every account of the tests has points nowhere.
        self.delete(till.account.webhook_endpoint)

    def make(self, name: str = "hooks", **terms: Any) -> dict[str, Any]:
        """Make an endpoint."""
        body = {"url": f"{self.server.url}/{name}", "enabled_events": ["*"], **terms}
        made: dict[str, Any] = self.post("", body)
        return made

    def post(self, path: str, body: object = None) -> Any:
        """Do something that is allowed."""
        reply = self._manage.post(f"{PATH}{path}", {} if body is None else body, key=self.key)
        assert reply.status == 200, reply.json
        return reply.json

    def refused(self, path: str, body: object) -> tuple[int, str]:
        """Try something that is not."""
        reply = self._manage.post(f"{PATH}{path}", body, key=self.key)
        return reply.status, str(reply.error["code"])

    def cancel(self, charge: str) -> None:
        """Take a charge back."""
        reply = self._create.post(f"/v1/charges/{charge}/cancel", {}, key=self.key)
        assert reply.status == 200, reply.json

    def customer(self) -> str:
        """Keep a customer; return its id."""
        reply = self._manage.post("/v1/customers", {"name": "Awa"}, key=self.key)
        assert reply.status == 200, reply.json
        return str(reply.json["id"])

    def told(self) -> list[tuple[str, str]]:
        """Of what the server was told, in the order in which it was."""
        bodies = [json.loads(seen.body) for seen in self.seen()]
        return [(body["data"]["id"], body["type"]) for body in bodies]

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint."""
        assert self._manage.call("DELETE", f"{PATH}/{endpoint}", key=self.key).status == 200

    def look(self, query: str = "", at: str = "") -> Any:
        """Read deliveries."""
        return self._read.get(f"/v1/webhook_deliveries{at}{query}", key=self.key).json

    def dispatch(self, endpoint: str) -> None:
        """Push that an endpoint has something due."""
        message = self.till.message(WEBHOOK_DUE, endpoint)
        assert self.till.push("dispatch_webhook", message).status == 204

    def seen(self, name: str = "hooks") -> list[Seen]:
        """What came to a path."""
        return [each for each in self.server.seen if each.path == f"/{name}"]
