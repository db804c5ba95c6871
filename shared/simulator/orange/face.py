"""Orange's face: which path and method leads where, and what is written down about each request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator.orange import access, answers, desk, payments
from shared.simulator.orange.desk import BY_NAME, Call, Desk, Product
from shared.simulator.store import LogEntry
from shared.simulator.visits import Visit, conduct

BASE: Final = ("omcoreapis", "1.0.2")
_ROUTE: Final = "/orange/omcoreapis/1.0.2"
_HOLDERS: Final = ("customer", "channel")


def handle(
    counter: Desk, request: Request, path: str, *, now: datetime, hold: Callable[[float], object]
) -> Response:
    """The answer to a request below `/orange`. `hold` keeps a caller waiting for some seconds."""
    return conduct(_Visit(counter, request, path, now), hold=hold)


class _Visit(Visit):
    """One request to Orange."""

    def __init__(self, counter: Desk, request: Request, path: str, now: datetime) -> None:
        entry = LogEntry(
            received_at=now,
            api_user=None,
            method=request.method,
            # The path of an unknown address may hold anything, a number too.
            route="/orange/…",
            reference=None,
            environment=None,
            status=0,
        )
        super().__init__(counter.store, counter.log, request, entry)
        self._desk = counter
        self._steps = tuple(path.split("/")[1:])
        self._now = now

    def answer(self) -> Response:
        """Raises Refusal."""
        raw = self._read_body()
        if (self._request.method, self._steps) == ("POST", ("token",)):
            self._entry = replace(self._entry, route="/orange/token")
            channel = access.log_in(self._request, raw, self._desk.channels)
            self._entry = replace(self._entry, api_user=channel.api_user)
            return desk.issue_token(self._desk, channel, self._now)
        if self._steps[: len(BASE)] != BASE:
            raise answers.no_such_operation()
        match self._steps[len(BASE) :]:
            case (("mp" | "cashin") as name, *rest):
                return self._serve(BY_NAME[name], rest, raw)
            case ("infos", "subscriber", kind, msisdn) if kind in _HOLDERS and self._is("POST"):
                call = self._call(f"infos/subscriber/{kind}/{{msisdn}}", raw)
                return desk.read_holder(self._desk, call, msisdn, raw)
            case _:
                raise answers.no_such_operation()

    def _serve(self, product: Product, steps: list[str], raw: bytes) -> Response:
        name = product.name
        match steps:
            case ["init"] if self._is("POST"):
                call = self._call(f"{name}/init", b"", environment=name)
                response, pay_token = desk.init(self._desk, call, product)
                self._entry = replace(self._entry, reference=pay_token)
                return response
            case ["pay"] if self._is("POST"):
                call = self._call(f"{name}/pay", raw, environment=name)
                response, detail = desk.pay(self._desk, call, product, raw)
                self._entry = replace(self._entry, detail=detail)
                return response
            case ["push", pay_token] if self._is("GET") and product is desk.COLLECTION:
                call = self._call("mp/push/{payToken}", b"", environment=name, asked=pay_token)
                return desk.push(self._desk, call, pay_token)
            # Some clients post what the others get.
            case ["paymentstatus", pay_token] if self._is("GET", "POST"):
                route = f"{name}/paymentstatus/{{payToken}}"
                call = self._call(route, b"", environment=name, asked=pay_token)
                response, detail = desk.read(self._desk, call, product, pay_token)
                self._entry = replace(self._entry, detail=detail)
                return response
            case _:
                raise answers.no_such_operation()

    def _is(self, *methods: str) -> bool:
        return self._request.method in methods

    def _call(
        self, route: str, raw: bytes, *, environment: str | None = None, asked: str | None = None
    ) -> Call:
        """The caller; what was asked is written down without its PIN. Raises Refusal."""
        body = payments.without_pin(raw) if raw else None
        reference = asked if asked and payments.is_pay_token(asked) else payments.named_token(raw)
        self._entry = replace(
            self._entry,
            route=f"{_ROUTE}/{route}",
            environment=environment,
            reference=reference,
            body=body,
        )
        channel = access.authorise(self._request, self._desk.channels, self._now)
        self._entry = replace(self._entry, api_user=channel.api_user)
        return Call(channel, self._now)

    def _read_body(self) -> bytes:
        """At most 64 KiB. Raises Refusal: 400 for more, and for what does not say how much."""
        if "HTTP_TRANSFER_ENCODING" in self._request.environ:
            raise answers.bad_request("body has no length")
        if (self._request.content_length or 0) > payments.MAX_BODY_BYTES:
            raise answers.bad_request("body is too large")
        return self._request.get_data(cache=False)
