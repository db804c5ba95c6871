"""MTN's face: which path and method leads where, and what is written down about each request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access, collection, disbursement, products, provisioning
from shared.simulator.access import Caller
from shared.simulator.answers import GatewayRefusal, Refusal, bad_request
from shared.simulator.payments import MAX_BODY_BYTES, TRANSFER
from shared.simulator.products import Desk
from shared.simulator.store import LogEntry
from shared.simulator.users import COLLECTION, DISBURSEMENT
from shared.simulator.visits import Visit, conduct

_PARTY_TYPES: Final = ("msisdn", "email", "party_code")
_MAX_PARTY_ID: Final = 255
_NO_SUCH_PAYOUT: Final = ("v2_0", TRANSFER)


def handle(
    desk: Desk, request: Request, path: str, *, now: datetime, hold: Callable[[float], object]
) -> Response:
    """The answer to a request below `/mtn`. `hold` keeps a caller waiting for some seconds."""
    return conduct(_Visit(desk, request, path, now), hold=hold)


class _Visit(Visit):
    """One request to MTN."""

    def __init__(self, desk: Desk, request: Request, path: str, now: datetime) -> None:
        entry = LogEntry(
            received_at=now,
            api_user=None,
            method=request.method,
            # The path of an unknown address may hold anything, a number too.
            route="/mtn/…",
            reference=request.headers.get("X-Reference-Id", "").lower()[:64] or None,
            environment=request.headers.get("X-Target-Environment", "")[:32] or None,
            status=0,
        )
        super().__init__(desk.store, desk.log, request, entry)
        self._desk = desk
        self._steps = path.split("/")[1:]
        self._now = now
        self._raw = b""

    def answer(self) -> Response:
        """Raises Refusal."""
        self._raw = _read_body(self._request)
        match self._request.method, self._steps:
            case method, ["v1_0", "apiuser", *rest]:
                return self._provision(method, rest)
            case "POST", [("collection" | "disbursement") as product, "token", ""]:
                user = access.claimed_user(self._request)
                self._route(f"/mtn/{product}/token/", api_user=user)
                return products.issue_token(
                    self._desk, self._request, self._raw, product=product, now=self._now
                )
            case "POST" | "GET", ["collection", "v1_0", "requesttopay", *rest]:
                return self._collect(rest)
            case "POST" | "GET", ["disbursement", version, kind, *rest] if (
                kind in disbursement.PAYOUTS
            ):
                return self._disburse(version, kind, rest)
            case "GET", [("collection" | "disbursement") as product, "v1_0", *rest]:
                return self._ask(product, rest)
            case _:
                raise _no_such_operation()

    def _provision(self, method: str, rest: list[str]) -> Response:
        users = self._desk.users
        match method, rest:
            case "POST", []:
                self._route("/mtn/v1_0/apiuser", api_user=self._entry.reference, body=self._text())
                return provisioning.create_user(self._request, users, self._raw, now=self._now)
            case "GET", [api_user]:
                self._route("/mtn/v1_0/apiuser/{id}", api_user=api_user)
                return provisioning.read_user(self._request, users, api_user)
            case "POST", [api_user, "apikey"]:
                self._route("/mtn/v1_0/apiuser/{id}/apikey", api_user=api_user)
                return provisioning.create_key(self._request, users, api_user)
            case _:
                raise _no_such_operation()

    def _collect(self, rest: list[str]) -> Response:
        route = "/mtn/collection/v1_0/requesttopay"
        match self._request.method, rest:
            case "POST", []:
                caller = self._caller(route, product=COLLECTION, body=self._text())
                response = collection.request_to_pay(
                    self._desk, self._request, self._raw, caller=caller, entry=self._entry
                )
            case "GET", [reference]:
                caller = self._caller(f"{route}/{{reference}}", product=COLLECTION)
                asked = self._asked(reference)
                response = collection.read_payment(self._desk, caller, asked, entry=self._entry)
            case _:
                raise _no_such_operation()
        self.is_written_down = True
        return response

    def _disburse(self, version: str, kind: str, rest: list[str]) -> Response:
        """Status reads exist under v1_0 alone, and a transfer has no second version."""
        route = f"/mtn/disbursement/{version}/{kind}"
        match self._request.method, version, rest:
            case ("POST", "v1_0", []) | ("POST", "v2_0", []) if (version, kind) != _NO_SUCH_PAYOUT:
                caller = self._caller(route, product=DISBURSEMENT, body=self._text())
                response, detail = disbursement.pay_out(
                    self._desk, self._request, self._raw, kind=kind, caller=caller, now=self._now
                )
            case "GET", "v1_0", [reference]:
                caller = self._caller(f"{route}/{{reference}}", product=DISBURSEMENT)
                asked = self._asked(reference)
                response, detail = disbursement.read(
                    self._desk, caller, asked, kind=kind, now=self._now
                )
            case _:
                raise _no_such_operation()
        self._entry = replace(self._entry, detail=detail)
        return response

    def _ask(self, product: str, rest: list[str]) -> Response:
        base = f"/mtn/{product}/v1_0"
        desk = self._desk
        match rest:
            case ["account", "balance", *currency] if len(currency) <= 1:
                caller = self._caller(f"{base}/account/balance", product=product)
                wanted = currency[0] if currency else None
                return products.read_balance(desk, caller, wanted, product=product, now=self._now)
            case ["accountholder", party_type, party_id, "active"]:
                route = f"{base}/accountholder/{{type}}/{{id}}/active"
                caller = self._caller(route, product=product)
                _check_party(party_type, party_id)
                return products.read_holder_active(desk, caller, party_id)
            case ["accountholder", party_type, party_id, "basicuserinfo"]:
                route = f"{base}/accountholder/msisdn/{{id}}/basicuserinfo"
                caller = self._caller(route, product=product)
                _check_party(party_type, party_id)
                return products.read_holder_name(desk, caller, party_id, self._now)
            case _:
                raise _no_such_operation()

    def _caller(self, route: str, *, product: str, body: str | None = None) -> Caller:
        self._route(route, body=body)
        caller = access.authorise(self._request, self._desk.mint, product=product, now=self._now)
        self._entry = replace(self._entry, api_user=caller.api_user)
        return caller

    def _asked(self, reference: str) -> str:
        """The reference that a read names. Raises Refusal: 400."""
        asked = reference.lower()
        if not access.is_uuid4(asked):
            raise bad_request("reference is not a UUID of version 4")
        self._entry = replace(self._entry, reference=asked)
        return asked

    def _route(self, route: str, *, api_user: str | None = None, body: str | None = None) -> None:
        known = api_user.lower() if api_user and access.is_uuid4(api_user.lower()) else None
        self._entry = replace(self._entry, route=route, api_user=known, body=body)

    def _text(self) -> str:
        return self._raw.decode(errors="replace")


def _read_body(request: Request) -> bytes:
    """At most 64 KiB. Raises Refusal: 411 without a length, 400 for more."""
    if request.method == "POST":
        access.require_length(request)
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise bad_request("body is too large")
    return request.get_data(cache=False)


def _check_party(party_type: str, party_id: str) -> None:
    if party_type.lower() not in _PARTY_TYPES:
        raise bad_request("unknown kind of account holder")
    if not 0 < len(party_id) <= _MAX_PARTY_ID or not party_id.isprintable():
        raise bad_request("account holder")


def _no_such_operation() -> Refusal:
    return GatewayRefusal(404, detail="Resource not found")
