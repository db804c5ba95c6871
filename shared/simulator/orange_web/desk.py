"""Web Payment's counter: tokens, an order with its page, what the payer does there, and reads."""

import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from werkzeug.wrappers import Response

from shared.simulator.answers import json_response
from shared.simulator.callbacks import CallbackSender
from shared.simulator.database import Database, Row, Runner
from shared.simulator.faults import READ, SUBMIT, TOKEN, Fault
from shared.simulator.orange.payments import COLLECTION, transaction_id
from shared.simulator.orange_web import answers, orders
from shared.simulator.orange_web.answers import WebVoice
from shared.simulator.orange_web.contracts import Contract, Contracts
from shared.simulator.orange_web.orders import Order
from shared.simulator.outcomes import FinalStatus, Outcome
from shared.simulator.payments import Payment, PaymentRequest
from shared.simulator.schedule import (
    DueCallback,
    PlannedCallback,
    bend_outcome,
    plan_callbacks,
)
from shared.simulator.store import PAYMENT_COLUMNS, Store, book, payment_from, plan_callback
from shared.simulator.strikes import dripping, names, strike_after, strike_before

CODE: Final = "123456"
"""The one-time code that the page takes; in Orange's dev environment a USSD simulator gives it."""
WRONG_CODES: Final = 3
NEW_LIFETIME: Final = timedelta(hours=1)
OLD_LIFETIME: Final = timedelta(days=90)
_VOICE: Final = WebVoice()
_CREATED: Final = 201

_FIND: Final = f"""
SELECT {", ".join(f"p.{name}" for name in PAYMENT_COLUMNS)}, w.pay_token, w.return_url,
  w.cancel_url, w.language, w.label, w.faults, w.wrong_codes, w.expires_at
FROM web_pages w JOIN payments p ON p.api_user = w.api_user AND p.reference = w.order_id
"""  # noqa: S608 - column names are constants
_WIDTH: Final = len(PAYMENT_COLUMNS)


@dataclass(frozen=True, slots=True)
class Desk:
    """What the counter works with; `public_url` is where browsers reach the simulator."""

    contracts: Contracts
    database: Database
    store: Store
    sender: CallbackSender
    public_url: str


@dataclass(frozen=True, slots=True)
class Page:
    """An order with its page. `faults` were ordered for it, and strike once the payer acts."""

    payment: Payment
    pay_token: str
    return_url: str
    cancel_url: str
    language: str
    label: str
    faults: tuple[Fault, ...]
    wrong_codes: int
    expires_at: datetime

    def is_open(self, now: datetime) -> bool:
        """Can the payer still confirm?"""
        is_new = self.payment.pending_word == orders.INITIATED
        return is_new and now < self.expires_at and not self.payment.is_final(now)


def issue_token(desk: Desk, contract: Contract, now: datetime, *, version: str) -> Response:
    """`POST /oauth/{v2 or v3}/token`: v2 says 90 days as text, v3 an hour as a number."""
    faults = desk.store.claim_faults(contract.api_user, TOKEN)
    strike_before(faults, _VOICE)
    by_kind = {fault.kind: fault for fault in faults}
    lifetime = OLD_LIFETIME if version == "v2" else NEW_LIFETIME
    said = int(lifetime.total_seconds())
    if short := by_kind.get("token_short"):
        lifetime = short.lasting
    is_text = (version == "v2") != ("other_types" in by_kind)
    body = {
        "token_type": "Bearer",
        "access_token": desk.contracts.issue(contract, now, lifetime=lifetime),
        "expires_in": str(said) if is_text else said,
    }
    return dripping(json_response(200, body), faults)


def create(
    desk: Desk, contract: Contract, order: Order, now: datetime
) -> tuple[Response, str | None]:
    """`POST webpayment`: a page for an order, once. The answer, and what the log says of faults."""
    faults = desk.store.claim_faults(
        contract.api_user, SUBMIT, reference=order.order_id, label=order.label
    )
    _strike_before(desk, contract, faults)
    if not contract.has_key(order.merchant_key):
        raise answers.unknown_caller("merchant_key")
    if any(fault.kind == "strict_urls" for fault in faults):
        orders.check_urls(order)
    pay_token, notif_token = secrets.token_hex(32), secrets.token_hex(16)
    payment = _new_payment(contract, order, notif_token, now)
    with desk.database.transaction() as run:
        booked = book(run, payment, _of_expiry(payment, faults))
        if booked is None:
            raise answers.used_order()
        run(
            "INSERT INTO web_pages (api_user, order_id, pay_token, return_url, cancel_url,"
            " language, label, faults, expires_at)"
            " VALUES (:api_user, :order_id, :pay_token, :return_url, :cancel_url, :language,"
            " :label, :faults, :expires_at)",
            api_user=contract.api_user,
            order_id=order.order_id,
            pay_token=pay_token,
            return_url=order.return_url,
            cancel_url=order.cancel_url,
            language=order.language,
            label=order.label,
            faults=json.dumps([fault.to_json() for fault in faults]),
            expires_at=payment.final_at,
        )
    desk.sender.hand_over(booked[1])
    body = {
        "status": _CREATED,
        "message": "OK",
        "pay_token": pay_token,
        "payment_url": f"{desk.public_url}/orange/payment/{pay_token}",
        "notif_token": notif_token,
    }
    usual = json_response(_CREATED, body)
    return strike_after(faults, _VOICE, usual=usual), names(faults)


def read(desk: Desk, contract: Contract, raw: bytes, now: datetime) -> tuple[Response, str | None]:
    """`POST transactionstatus`: all three of order, amount and payToken must be the order's."""
    order_id, amount, pay_token = orders.parse_status(raw)
    rows = desk.database.run(
        f"{_FIND} WHERE w.api_user = :api_user AND w.order_id = :order_id",
        api_user=contract.api_user,
        order_id=order_id,
    )
    page = _page(rows[0]) if rows else None
    party_id = page.payment.request.party_id if page else None
    faults = desk.store.claim_faults(
        contract.api_user,
        READ,
        party_id=party_id,
        reference=order_id,
        label=page.label if page else None,
    )
    _strike_before(desk, contract, faults)
    if page is None or any(fault.kind == "not_found" for fault in faults):
        raise answers.not_found("order_id")
    if not hmac.compare_digest(page.pay_token.encode(), pay_token.encode(errors="replace")):
        raise answers.not_found("pay_token")
    if page.payment.request.amount != str(amount):
        raise answers.bad_field("amount")
    body = orders.status_body(page.payment, now)
    orders.distort(body, faults)
    return dripping(json_response(200, body), faults), names(faults)


def find_page(desk: Desk, pay_token: str) -> Page | None:
    """The page behind an address."""
    rows = desk.database.run(f"{_FIND} WHERE w.pay_token = :pay_token", pay_token=pay_token)
    return _page(rows[0]) if rows else None


def confirm(desk: Desk, pay_token: str, msisdn: str, code: str, now: datetime) -> Page | None:
    """What the payer types: the end is fixed then. None where the code is wrong.

    Three wrong codes end the order. A second confirmation changes nothing.
    """
    with desk.database.transaction() as run:
        page = _page(
            run(f"{_FIND} WHERE w.pay_token = :pay_token FOR UPDATE", pay_token=pay_token)[0]
        )
        if not page.is_open(now):
            return page
        if not hmac.compare_digest(CODE.encode(), code.encode(errors="replace")):
            run(
                "UPDATE web_pages SET wrong_codes = wrong_codes + 1 WHERE pay_token = :pay_token",
                pay_token=pay_token,
            )
            if page.wrong_codes + 1 < WRONG_CODES:
                return None
            outcome = Outcome(FinalStatus.FAILED, orders.FAILED, pending_word=orders.PENDING)
        else:
            outcome = bend_outcome(orders.ending(msisdn), page.faults, refusal=orders.FAILED)
        payment, callbacks = _end(run, page, outcome, msisdn=msisdn, now=now)
    desk.sender.hand_over(callbacks)
    return replace(page, payment=payment)


def _end(
    run: Runner, page: Page, outcome: Outcome, *, msisdn: str, now: datetime
) -> tuple[Payment, Sequence[DueCallback]]:
    """Fix the end, and let the notices be those of this end."""
    payment = page.payment
    ((number,),) = run("SELECT nextval('financial_transaction_ids')")
    is_paid = outcome.final_status is FinalStatus.SUCCESSFUL
    final_id = transaction_id(COLLECTION, int(number), now) if is_paid else None
    ended = replace(
        payment,
        # The notices' clock starts when the payer has acted.
        accepted_at=now,
        request=replace(payment.request, party_id=msisdn),
        pending_word=orders.PENDING,
        final_status=outcome.final_status,
        final_reason=outcome.reason,
        final_at=min(now + outcome.after, page.expires_at),
        financial_transaction_id=final_id,
    )
    whose = {"api_user": payment.api_user, "reference": payment.reference}
    run(
        "UPDATE payments SET party_id = :party_id, pending_word = :pending_word,"
        " final_status = :final_status, final_reason = :final_reason, final_at = :final_at,"
        " financial_transaction_id = :final_id"
        " WHERE api_user = :api_user AND reference = :reference",
        party_id=msisdn,
        pending_word=ended.pending_word,
        final_status=ended.final_status.value,
        final_reason=ended.final_reason,
        final_at=ended.final_at,
        final_id=final_id,
        **whose,
    )
    run(
        "DELETE FROM callbacks WHERE api_user = :api_user AND reference = :reference"
        " AND sent_at IS NULL",
        **whose,
    )
    planned = plan_callbacks(ended, page.faults)
    return ended, [plan_callback(run, ended, each) for each in planned]


def _new_payment(contract: Contract, order: Order, notif_token: str, now: datetime) -> Payment:
    """Until the payer acts it is an order that will expire; the notice's token is its note."""
    return Payment(
        api_user=contract.api_user,
        reference=order.order_id,
        request=PaymentRequest(
            environment=orders.ENVIRONMENT,
            amount=str(order.amount),
            currency=order.currency,
            external_id=order.order_id,
            party_type="MSISDN",
            party_id="",
            payer_message=order.label,
            payee_note=notif_token,
        ),
        callback_url=order.notify_url,
        accepted_at=now,
        pending_word=orders.INITIATED,
        final_status=FinalStatus.FAILED,
        final_reason=orders.EXPIRED,
        final_at=now + orders.PAGE_LIFE,
    )


def _of_expiry(payment: Payment, faults: Iterable[Fault]) -> tuple[PlannedCallback, ...]:
    """The one notice of an order that nobody pays."""
    if payment.final_at is None or any(fault.kind == "callback_none" for fault in faults):
        return ()
    return (PlannedCallback("true", payment.final_at, payment.accepted_at),)


def _strike_before(desk: Desk, contract: Contract, faults: Sequence[Fault]) -> None:
    if any(fault.kind == "token_expired" for fault in faults):
        desk.contracts.end_tokens(contract.api_user)
    strike_before(faults, _VOICE)


def _page(row: Row) -> Page:
    rest = row[_WIDTH:]
    faults = tuple(Fault.from_json(text) for text in json.loads(rest[5]))
    wrong_codes, expires_at = rest[6:]
    pay_token, return_url, cancel_url, language, label = rest[:5]
    return Page(
        payment_from(row[:_WIDTH]),
        pay_token,
        return_url,
        cancel_url,
        language,
        label,
        faults,
        wrong_codes,
        expires_at,
    )
