"""Web Payment's face: its API, and the page on which a payer types number and one-time code."""

import base64
import binascii
import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from shared.simulator.log import Log
from shared.simulator.orange_web import answers, desk, orders
from shared.simulator.orange_web.contracts import Contract
from shared.simulator.orange_web.desk import Desk, Page
from shared.simulator.store import LogEntry
from shared.simulator.visits import Visit, conduct

_API: Final = "orange-money-webpay"
_PAGE: Final = "payment"
STARTS: Final = ("oauth", _API, _PAGE)
_VERSIONS: Final = ("v2", "v3")
_CALLS: Final = ("webpayment", "transactionstatus")
_GRANT: Final = ("grant_type", "client_credentials")
_MSISDN: Final = re.compile(r"6[0-9]{8}")
_LONGEST_TOKEN: Final = 64
_SEE_OTHER: Final = 303
_POLICY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_WORDS: Final = {
    "fr": {
        "title": "Orange Money (simulateur)",
        "pay": "Vous payez {amount} {currency} à {label}.",
        "number": "Numéro de compte (6 et huit chiffres)",
        "code": "Code à usage unique",
        "confirm": "Confirmer",
        "cancel": "Annuler",
        "wrong": "Le numéro ou le code est faux.",
        "over": "Cette page n'est plus valable.",
        "hint": "Ceci n'est pas Orange. Le code est {code}.",
    },
    "en": {
        "title": "Orange Money (simulator)",
        "pay": "You are paying {amount} {currency} to {label}.",
        "number": "Account number (6 and eight digits)",
        "code": "One-time code",
        "confirm": "Confirm",
        "cancel": "Cancel",
        "wrong": "The number or the code is wrong.",
        "over": "This page is no longer valid.",
        "hint": "This is not Orange. The code is {code}.",
    },
}


def is_meant(path: str) -> bool:
    """Is a path below `/orange` Web Payment's?"""
    return path.lstrip("/").partition("/")[0] in STARTS


def handle(
    counter: Desk,
    request: Request,
    path: str,
    *,
    now: datetime,
    hold: Callable[[float], object],
    log: Log,
) -> Response:
    """The answer to such a request. `hold` keeps a caller waiting for some seconds."""
    return conduct(_Visit(counter, request, path, now, log), hold=hold)


class _Visit(Visit):
    """One request to Web Payment, or to its page."""

    def __init__(self, counter: Desk, request: Request, path: str, now: datetime, log: Log) -> None:
        entry = LogEntry(
            received_at=now,
            api_user=None,
            method=request.method,
            route="/orange/…",
            reference=None,
            environment=None,
            status=0,
        )
        super().__init__(counter.store, log, request, entry)
        self._desk = counter
        self._steps = tuple(path.split("/")[1:])
        self._now = now

    def answer(self) -> Response:
        """Raises Refusal."""
        raw = self._read_body()
        match self._request.method, self._steps:
            case "POST", ("oauth", version, "token") if version in _VERSIONS:
                return self._token(raw, version)
            case "POST", (api, country, "v1", call) if (
                api == _API and country in orders.CURRENCIES and call in _CALLS
            ):
                return self._call(raw, country, call)
            case (("GET" | "POST"), (page, pay_token)) if page == _PAGE:
                return self._page(raw, pay_token)
            case _:
                raise answers.not_found("no such operation")

    def _token(self, raw: bytes, version: str) -> Response:
        self._entry = replace(self._entry, route=f"/orange/oauth/{version}/token")
        client_id, secret = _basic(self._request)
        contract = self._desk.contracts.by_client(client_id)
        if contract is None or not contract.has_secret(secret):
            raise answers.unknown_caller("client id or secret")
        if _GRANT not in parse_qsl(raw.decode(errors="replace")):
            raise answers.bad_field("grant_type")
        self._entry = replace(self._entry, api_user=contract.api_user)
        return desk.issue_token(self._desk, contract, self._now, version=version)

    def _call(self, raw: bytes, country: str, call: str) -> Response:
        body, order_id = orders.without_secrets(raw)
        self._entry = replace(
            self._entry,
            route=f"/orange/{_API}/{country}/v1/{call}",
            environment=orders.ENVIRONMENT,
            reference=order_id,
            body=body,
        )
        contract = self._caller()
        if call == "webpayment":
            order = orders.parse_order(raw, country)
            response, detail = desk.create(self._desk, contract, order, self._now)
        else:
            response, detail = desk.read(self._desk, contract, raw, self._now)
        self._entry = replace(self._entry, detail=detail)
        return response

    def _caller(self) -> Contract:
        scheme, _, token = self._request.headers.get("Authorization", "").partition(" ")
        contract = None
        if scheme.lower() == "bearer" and token:
            contract = self._desk.contracts.by_token(token, self._now)
        if contract is None:
            raise answers.unknown_caller("bearer token is bad or expired")
        self._entry = replace(self._entry, api_user=contract.api_user)
        return contract

    def _page(self, raw: bytes, pay_token: str) -> Response:
        self._entry = replace(self._entry, route=f"/orange/{_PAGE}/{{pay_token}}")
        found = None
        if len(pay_token) <= _LONGEST_TOKEN and pay_token.isalnum():
            found = desk.find_page(self._desk, pay_token)
        if found is None:
            return _shown("fr", "over", status=404)
        payment = found.payment
        self._entry = replace(
            self._entry,
            api_user=payment.api_user,
            environment=orders.ENVIRONMENT,
            reference=payment.reference,
        )
        if self._request.method == "GET":
            is_open = found.is_open(self._now)
            return _form(found) if is_open else _shown(found.language, "over", status=410)
        typed = dict(parse_qsl(raw.decode(errors="replace")))
        if typed.get("do") == "cancel":
            # There is no such status: the order waits on, and expires.
            return Response(status=_SEE_OTHER, headers={"Location": found.cancel_url, **_POLICY})
        msisdn = typed.get("msisdn", "").replace(" ", "")
        if not _MSISDN.fullmatch(msisdn):
            return _form(found, status=400)
        ended = desk.confirm(self._desk, pay_token, msisdn, typed.get("otp", ""), self._now)
        if ended is None:
            return _form(found, status=400)
        return Response(status=_SEE_OTHER, headers={"Location": found.return_url, **_POLICY})

    def _read_body(self) -> bytes:
        """At most 64 KiB. Raises Refusal: 400 for more, and for what does not say how much."""
        if "HTTP_TRANSFER_ENCODING" in self._request.environ:
            raise answers.bad_field("body has no length")
        if (self._request.content_length or 0) > orders.MAX_BODY_BYTES:
            raise answers.bad_field("body is too large")
        return self._request.get_data(cache=False)


def _basic(request: Request) -> tuple[str, str]:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise answers.unknown_caller("no basic authorization")
    try:
        user, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except (ValueError, binascii.Error) as error:
        raise answers.unknown_caller("malformed authorization") from error
    return user, secret


def _form(page: Page, *, status: int = 200) -> Response:
    words, request = _WORDS[page.language], page.payment.request
    pay = words["pay"].format(amount=request.amount, currency=request.currency, label=page.label)
    wrong = f'<p role="alert">{words["wrong"]}</p>' if status != 200 else ""  # noqa: PLR2004 - HTTP's word for fine
    body = (
        f"<p>{html.escape(pay)}</p>{wrong}<form method=post>"
        f"<p><label>{words['number']}<br><input name=msisdn inputmode=numeric></label></p>"
        f"<p><label>{words['code']}<br><input name=otp inputmode=numeric autocomplete=off>"
        "</label></p>"
        f"<p><button name=do value=confirm>{words['confirm']}</button> "
        f"<button name=do value=cancel>{words['cancel']}</button></p></form>"
        f"<p><small>{words['hint'].format(code=desk.CODE)}</small></p>"
    )
    return _document(page.language, body, status)


def _shown(language: str, text: str, *, status: int) -> Response:
    return _document(language, f"<p>{_WORDS[language][text]}</p>", status)


def _document(language: str, body: str, status: int) -> Response:
    title = _WORDS[language]["title"]
    page = (
        f'<!doctype html><html lang={language}><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><h1>{title}</h1>{body}</html>"
    )
    return Response(page, status, headers=_POLICY, content_type="text/html; charset=utf-8")
