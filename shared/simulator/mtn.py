"""MTN's face: which path and method leads where, and what is written down about each request."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from werkzeug.wrappers import Request, Response

from shared.simulator import access, collection, provisioning
from shared.simulator.access import Caller
from shared.simulator.answers import GatewayRefusal, Refusal, bad_request
from shared.simulator.collection import Desk
from shared.simulator.payments import MAX_BODY_BYTES
from shared.simulator.store import LogEntry

_PARTY_TYPES: Final = ("msisdn", "email", "party_code")
_MAX_PARTY_ID: Final = 255


def handle(
    desk: Desk, request: Request, path: str, *, now: datetime, hold: Callable[[float], object]
) -> Response:
    """The answer to a request below `/mtn`. `hold` keeps a caller waiting for some seconds."""
    visit = _Visit(desk, request, path, now)
    try:
        response = visit.answer()
    except Refusal as refusal:
        visit.write_down(refusal.status, refusal.code, refusal.detail)
        if refusal.hold_seconds:
            hold(refusal.hold_seconds)
        return refusal.response()
    if not visit.is_written_down:
        visit.write_down(response.status_code)
    return response


class _Visit:
    """One request on its way; it remembers what the log row will say."""

    def __init__(self, desk: Desk, request: Request, path: str, now: datetime) -> None:
        self._desk = desk
        self._request = request
        self._steps = path.split("/")[1:]
        self._now = now
        self._raw = b""
        self.is_written_down = False
        self._entry = LogEntry(
            received_at=now,
            api_user=None,
            method=request.method,
            # The path of an unknown address may hold anything, a number too.
            route="/mtn/…",
            reference=request.headers.get("X-Reference-Id", "").lower()[:64] or None,
            environment=request.headers.get("X-Target-Environment", "")[:32] or None,
            status=0,
        )

    def answer(self) -> Response:
        """Raises Refusal."""
        self._raw = _read_body(self._request)
        match self._request.method, self._steps:
            case method, ["v1_0", "apiuser", *rest]:
                return self._provision(method, rest)
            case "POST", ["collection", "token", ""]:
                self._route("/mtn/collection/token/", api_user=access.claimed_user(self._request))
                return collection.issue_token(self._desk, self._request, self._raw, self._now)
            case method, ["collection", "v1_0", *rest]:
                return self._collect(method, rest)
            case _:
                raise _no_such_operation()

    def write_down(self, status: int, code: str | None = None, detail: str | None = None) -> None:
        """Log the answer; a refusal also as a line, without body or number."""
        self._desk.store.log(replace(self._entry, status=status, code=code, detail=detail or None))
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's range of success
            self._desk.log.info(
                "provider_request_refused", route=self._entry.route, status=status, code=code
            )

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

    def _collect(self, method: str, rest: list[str]) -> Response:
        base = "/mtn/collection/v1_0"
        desk = self._desk
        match method, rest:
            case "POST", ["requesttopay"]:
                caller = self._caller(f"{base}/requesttopay", body=self._text())
                response = collection.request_to_pay(
                    desk, self._request, self._raw, caller=caller, entry=self._entry
                )
                self.is_written_down = True
                return response
            case "GET", ["requesttopay", reference]:
                caller = self._caller(f"{base}/requesttopay/{{reference}}")
                if not access.is_uuid4(reference.lower()):
                    raise bad_request("reference is not a UUID of version 4")
                self._entry = replace(self._entry, reference=reference.lower())
                response = collection.read_payment(
                    desk, caller, reference.lower(), entry=self._entry
                )
                self.is_written_down = True
                return response
            case "GET", ["account", "balance", *currency] if len(currency) <= 1:
                caller = self._caller(f"{base}/account/balance")
                return collection.read_balance(
                    desk, caller, currency[0] if currency else None, self._now
                )
            case "GET", ["accountholder", party_type, party_id, "active"]:
                caller = self._caller(f"{base}/accountholder/{{type}}/{{id}}/active")
                _check_party(party_type, party_id)
                return collection.read_holder_active(desk, caller, party_id)
            case "GET", ["accountholder", party_type, party_id, "basicuserinfo"]:
                caller = self._caller(f"{base}/accountholder/msisdn/{{id}}/basicuserinfo")
                _check_party(party_type, party_id)
                return collection.read_holder_name(desk, caller, party_id, self._now)
            case _:
                raise _no_such_operation()

    def _caller(self, route: str, *, body: str | None = None) -> Caller:
        self._route(route, body=body)
        caller = access.authorise(
            self._request, self._desk.mint, product=collection.PRODUCT, now=self._now
        )
        self._entry = replace(self._entry, api_user=caller.api_user)
        return caller

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
