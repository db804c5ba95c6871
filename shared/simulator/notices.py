"""Chooses in whose words a due callback is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.simulator import payments
from shared.simulator.orange import payments as orange
from shared.simulator.orange_web import orders
from shared.simulator.payments import Payment

# Recorded in the sandbox in September 2026.
_MTN_HEADERS: Final = {
    "User-Agent": "LWAC Http Client 1.0",
    "Content-Type": "application/json; charset=utf-8",
}
# No header of Orange's was ever recorded.
_ORANGE_HEADERS: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is sent."""

    headers: dict[str, str]
    body: bytes


def notice_of(payment: Payment, now: datetime, *, kind: str) -> Notice:
    """The notice of a payment of whichever product, of the kind that was planned."""
    if payment.request.environment in orange.PRODUCTS:
        return Notice(_ORANGE_HEADERS, orange.callback_body(payment, now, kind=kind))
    if payment.request.environment == orders.ENVIRONMENT:
        return Notice(_ORANGE_HEADERS, orders.callback_body(payment, now, kind=kind))
    return Notice(_MTN_HEADERS, payments.callback_body(payment, now, kind=kind))
