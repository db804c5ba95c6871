"""How each type of event is brought about in the test mode: by the API and test numbers alone.

Nothing is made up: what is told has happened, at the simulated operator, by the way of real money.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.events import EVENT_TYPES
from shared.domain.file_dangers import TEST_FILE
from shared.runtime.merchant.api import Api, CommandError, Object, Refused
from shared.runtime.merchant.output import Output
from shared.runtime.merchant.payer import pay

NUMBERS: Final[Mapping[str, str]] = {"mtn": "+237670000", "orange": "+237690000"}
PAYS: Final = "001"
FAILS: Final = "450"
REFUND_FAILS: Final = "470"
AMOUNT: Final = 1_500
SCHEDULED_SECONDS: Final = 86_400
MANY_LINES: Final = 120
"""More than leave at once, so that some still wait when the batch is taken back."""
RACES: Final = 10
_POLL_SECONDS: Final = 0.2
_HOLD_SECONDS: Final = 60.0
_DAY_SECONDS: Final = 86_400
_DOCUMENT: Final = (
    b"%%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%% %b\n"
    b"trailer << /Root 1 0 R >>\nstartxref\n0\n%%%%EOF\n"
)

CHARGE_ENDINGS: Final[Mapping[str, str]] = {
    "operator_error": "450",
    "payer_declined": "451",
    "expired": "452",
    "payer_not_found": "455",
    "operator_misconfigured": "457",
    "operator_unavailable": "462",
}
REFUND_ENDINGS: Final[Mapping[str, str]] = {
    "operator_error": "470",
    "payee_blocked": "471",
    "float_insufficient": "475",
    "payee_not_found": "477",
}
PAYOUT_ENDINGS: Final[Mapping[str, str]] = {
    "operator_error": "450",
    "float_insufficient": "455",
    "float_limit_reached": "456",
    "payee_not_found": "457",
    "operator_misconfigured": "458",
    "operator_unavailable": "463",
}
"""The last three digits of a number at MTN by the failure's code."""

ENDINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "charge.failed": CHARGE_ENDINGS,
    "refund.failed": REFUND_ENDINGS,
    "payout.failed": PAYOUT_ENDINGS,
}

UNREACHABLE: Final[Mapping[str, str]] = {
    "charge.reversed": "by_operator",
    "charge.late_payment": "by_operator",
    "refund.corrected": "by_operator",
    "payout.corrected": "by_operator",
    "payout.returned": "by_operator",
    "balance.corrected": "by_operator",
    "topup.succeeded": "by_operator",
    "payout_batch.rejected": "by_person",
    "invoice.available": "by_month",
    "report.failed": "by_size",
}
"""What a key does not bring about here, and the word for why."""


@dataclass(slots=True)
class Shop:
    """A merchant at work; `operator` is whose number pays or is paid, `seconds` her patience."""

    api: Api
    output: Output
    operator: str = "mtn"
    seconds: float = 60.0

    def phone(self, digits: str) -> str:
        """Return a test number by its last three digits."""
        return NUMBERS[self.operator] + digits

    def charge(self, digits: str, amount: int = AMOUNT) -> Object:
        """Ask a payer for money."""
        method = {"type": "mobile_money", "phone": self.phone(digits)}
        body = {"amount": amount, "currency": "xaf", "payment_method": method}
        return self._made("/v1/charges", body)

    def page(self) -> Object:
        """Ask for money on the operator's page, which only Orange has."""
        method = {"type": "mobile_money", "flow": "redirect"}
        body = {
            "amount": AMOUNT,
            "currency": "xaf",
            "payment_method": method,
            "return_url": "https://shop.example.com/",
        }
        return self._made("/v1/charges", body)

    def refund(self, digits: str = PAYS) -> Object:
        """Give back what somebody has paid."""
        charge = self.charge(digits)
        self.until("charge.succeeded", charge["id"])
        self.fund(AMOUNT)
        return self._made("/v1/refunds", {"charge": charge["id"], "amount": AMOUNT})

    def payout(self, digits: str, **more: object) -> Object:
        """Pay a number."""
        self.fund(AMOUNT)
        destination = {"type": "mobile_money", "phone": self.phone(digits)}
        body = {"amount": AMOUNT, "currency": "xaf", "destination": destination, **more}
        return self._made("/v1/payouts", body)

    def batch(self, lines: int, amount: int) -> Object:
        """Pay many at once, each the same to a number of its own; 420 lines at most."""
        self.fund(lines * amount)
        payouts = [
            {
                "amount": amount,
                "destination": {"type": "mobile_money", "phone": self.phone(f"{number:03}")},
            }
            for number in range(1, lines + 1)
        ]
        return self._made("/v1/payout_batches", {"currency": "xaf", "payouts": payouts})

    def customer(self) -> Object:
        """Keep a customer."""
        return self._made("/v1/customers", {"name": "Awa", "phone": self.phone(PAYS)})

    def checkout(self) -> Object:
        """Make a page that asks for money."""
        return self._made("/v1/checkouts", {"amount": AMOUNT, "currency": "xaf"})

    def file(self, words: bytes) -> Object:
        """Hand in a document with such words in it."""
        content = _DOCUMENT % words
        return self._told(self.api.upload("/v1/files", "business_document", "words.pdf", content))

    def report(self) -> Object:
        """Ask for a report of yesterday."""
        end = int(time.time()) // _DAY_SECONDS * _DAY_SECONDS
        span = {"interval_start": end - _DAY_SECONDS, "interval_end": end}
        return self._made("/v1/reports", {"report_type": "balance", **span})

    def canceled(self, make: Callable[[], Object], path: str) -> Object:
        """Make something and take it back at once, before it is sent; that is a race."""
        for _ in range(RACES):
            made = make()
            try:
                return self.api.post(f"{path}/{made['id']}/cancel")
            except Refused as refused:
                if not refused.code.endswith("_not_cancelable"):
                    raise
        raise CommandError(self.output.speaker.say("lost_race", tries=RACES))

    def fund(self, amount: int) -> None:
        """See to it that so much is available: by a charge, and the seconds that it is held."""
        if self._available() >= amount:
            return
        charge = self.charge(PAYS, max(amount, AMOUNT))
        self.until("charge.succeeded", charge["id"])
        self.output.say("wait_funds", amount=amount)
        deadline = time.monotonic() + self.seconds + _HOLD_SECONDS
        while self._available() < amount:
            self._pause(deadline, "available")

    def until(self, type_: str, about: str) -> Object:
        """Wait for an event of an object and return it. Raises CommandError."""
        deadline = time.monotonic() + self.seconds
        while True:
            for event in self.api.get("/v1/events", object=about, limit=100)["data"]:
                if event["type"] == type_:
                    return dict(event)
            self._pause(deadline, type_)

    def _available(self) -> int:
        return sum(part["amount"] for part in self.api.get("/v1/balance")["available"])

    def _made(self, path: str, body: Mapping[str, Any]) -> Object:
        return self._told(self.api.post(path, body))

    def _told(self, made: Object) -> Object:
        self.output.say("did", what=made["object"], id=made["id"], status=made.get("status", "-"))
        return made

    def _pause(self, deadline: float, what: str) -> None:
        if time.monotonic() > deadline:
            seconds = f"{self.seconds:.0f}"
            raise CommandError(self.output.speaker.say("too_late", type=what, seconds=seconds))
        time.sleep(_POLL_SECONDS)


def why_not(type_: str) -> str | None:
    """Return the word for why a type cannot be brought about here, None where it can."""
    return None if type_ in SCENARIOS else UNREACHABLE[type_]


Scenario = Callable[[Shop, str], str]
"""Makes it happen with a number's last digits; returns the id of what the event tells of."""


def _of_charge(shop: Shop, digits: str) -> str:
    return str(shop.charge(digits)["id"])


def _page(shop: Shop, _: str) -> str:
    return str(shop.page()["id"])


def _canceled_charge(shop: Shop, digits: str) -> str:
    return str(shop.canceled(lambda: shop.charge(digits), "/v1/charges")["id"])


def _refund(shop: Shop, digits: str) -> str:
    return str(shop.refund(digits)["id"])


def _refunded(shop: Shop, digits: str) -> str:
    return str(shop.refund(digits)["charge"])


def _payout(shop: Shop, digits: str) -> str:
    return str(shop.payout(digits)["id"])


def _approved_payout(shop: Shop, digits: str) -> str:
    return _asked_for(shop, shop.payout(digits))


def _canceled_payout(shop: Shop, digits: str) -> str:
    at = int(time.time()) + SCHEDULED_SECONDS
    made = shop.payout(digits, scheduled_at=at)
    return str(shop.api.post(f"/v1/payouts/{made['id']}/cancel")["id"])


def _batch(shop: Shop, _: str) -> str:
    return str(shop.batch(2, AMOUNT)["id"])


def _approved_batch(shop: Shop, _: str) -> str:
    return _asked_for(shop, shop.batch(2, AMOUNT))


def _canceled_batch(shop: Shop, _: str) -> str:
    return str(shop.canceled(lambda: shop.batch(MANY_LINES, 1), "/v1/payout_batches")["id"])


def _customer(shop: Shop, _: str) -> str:
    return str(shop.customer()["id"])


def _updated_customer(shop: Shop, _: str) -> str:
    made = shop.customer()
    return str(shop.api.post(f"/v1/customers/{made['id']}", {"name": "Awa Njoya"})["id"])


def _deleted_customer(shop: Shop, _: str) -> str:
    made = shop.customer()
    return str(shop.api.delete(f"/v1/customers/{made['id']}")["id"])


def _paid_checkout(shop: Shop, digits: str) -> str:
    made = shop.checkout()
    pay(made["url"], shop.phone(digits), shop.output.speaker)
    return str(made["id"])


def _expired_checkout(shop: Shop, _: str) -> str:
    made = shop.checkout()
    return str(shop.api.post(f"/v1/checkouts/{made['id']}/expire")["id"])


def _file(shop: Shop, _: str) -> str:
    return str(shop.file(b"an example")["id"])


def _refused_file(shop: Shop, _: str) -> str:
    return str(shop.file(TEST_FILE)["id"])


def _report(shop: Shop, _: str) -> str:
    return str(shop.report()["id"])


def _asked_for(shop: Shop, made: Object) -> str:
    if made["status"] != "requires_approval":
        speaker = shop.output.speaker
        reason = speaker.say("needs_rule", id=made["id"])
        type_ = f"{made['object']}.requires_approval"
        raise CommandError(speaker.say("unreachable", type=type_, reason=reason))
    return str(made["id"])


SCENARIOS: Final[Mapping[str, tuple[Scenario, str]]] = {
    "charge.pending": (_of_charge, PAYS),
    "charge.succeeded": (_of_charge, PAYS),
    "charge.failed": (_of_charge, FAILS),
    "charge.requires_action": (_page, PAYS),
    "charge.canceled": (_canceled_charge, PAYS),
    "charge.refunded": (_refunded, PAYS),
    "receipt.available": (_of_charge, PAYS),
    "refund.pending": (_refund, PAYS),
    "refund.succeeded": (_refund, PAYS),
    "refund.failed": (_refund, REFUND_FAILS),
    "payout.requires_approval": (_approved_payout, PAYS),
    "payout.pending": (_payout, PAYS),
    "payout.in_transit": (_payout, PAYS),
    "payout.paid": (_payout, PAYS),
    "payout.failed": (_payout, FAILS),
    "payout.canceled": (_canceled_payout, PAYS),
    "payout_batch.requires_approval": (_approved_batch, PAYS),
    "payout_batch.processing": (_batch, PAYS),
    "payout_batch.completed": (_batch, PAYS),
    "payout_batch.canceled": (_canceled_batch, PAYS),
    "customer.created": (_customer, PAYS),
    "customer.updated": (_updated_customer, PAYS),
    "customer.deleted": (_deleted_customer, PAYS),
    "checkout.completed": (_paid_checkout, PAYS),
    "checkout.expired": (_expired_checkout, PAYS),
    "file.available": (_file, PAYS),
    "file.refused": (_refused_file, PAYS),
    "report.succeeded": (_report, PAYS),
}
"""By type of event what makes it happen, and with which digits where nobody says others."""


def trigger(shop: Shop, type_: str, code: str | None) -> Object:
    """Make it happen and return the event that tells of it. Raises CommandError."""
    speaker = shop.output.speaker
    if type_ not in EVENT_TYPES:
        raise CommandError(speaker.say("type_unknown", type=type_))
    word = why_not(type_)
    if word is not None:
        raise CommandError(speaker.say("unreachable", type=type_, reason=speaker.say(word)))
    if shop.api.login.livemode:
        raise CommandError(speaker.say("key_live"))
    scenario, digits = SCENARIOS[type_]
    if code is not None:
        endings = ENDINGS.get(type_, {})
        if code not in endings:
            known = ", ".join(endings) or "-"
            raise CommandError(speaker.say("ending_unknown", code=code, type=type_, known=known))
        digits = endings[code]
    return shop.until(type_, scenario(shop, digits))
