"""Writes the receipt of what was paid into locked storage, once, and tells the merchant."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from shared.domain import receipt as receipts
from shared.domain.charge import Charge
from shared.domain.events import Event, Message
from shared.domain.ids import is_id, new_id
from shared.domain.outgoing import Outgoing
from shared.domain.receipt import Language, Receipt
from shared.domain.receipt_look import Logo, PrintedAs
from shared.operations import objects
from shared.operations.ports import LockedStore, ObjectMissingError, Reached, StoredObject


@dataclass(frozen=True, slots=True)
class Printing:
    """What printing needs: what is printed now, the logo's bytes, the press and time.

    The press makes a PDF of a receipt, its address and the logo's bytes. `logo` raises
    ObjectMissingError where they are gone.
    `locked_at` is the machine's, by which the store keeps what is locked.
    """

    printed: PrintedAs
    logo: Callable[[Logo], bytes]
    press: Callable[[Receipt, str, bytes | None], bytes]
    base_url: str
    retention_days: int
    now: Callable[[], datetime]
    locked_at: Callable[[], datetime]
    reached: Reached


class Payments(Protocol):
    """Where the payments of one tenant are found by their ids."""

    def charge(self, object_id: str) -> Charge | None:
        """Return the charge, or None."""

    def outgoing(self, object_id: str) -> Outgoing | None:
        """Return the refund or payout, or None."""


class ReceiptStore(Protocol):
    """The receipts of one tenant."""

    def keep_printed(self, object_id: str, printed: PrintedAs) -> PrintedAs:
        """Keep what a receipt is printed with; return what was kept first."""

    def mark_stored(
        self,
        object_id: str,
        stored: StoredObject,
        *,
        event: Event,
        now: datetime,
        traceparent: str | None,
    ) -> bool:
        """Keep where the receipt lies and tell the merchant; False when that was done before."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment with what its receipt says; `public` is how merchants see it."""

    page: Receipt
    is_stored: bool
    public: dict[str, Any]


def render_receipt(
    message: Message,
    *,
    payments: Payments,
    store: ReceiptStore,
    locked: LockedStore,
    how: Printing,
) -> str:
    """Print, lock, record; return a word for the log. The same payment gives the same bytes.

    What may be another the next time is kept before anything is printed. Raises StoreDownError,
    after which the message must come again.
    """
    paid = _paid(message.object_id, payments, how)
    if paid is None:
        return "nothing_to_print"
    if paid.is_stored:
        return "stored_already"
    printed, logo = _with_logo(how)
    kept = store.keep_printed(message.object_id, printed)
    if kept != printed:
        logo = None if kept.look.logo is None else how.logo(kept.look.logo)
    page = paid.page.printed_as(kept)
    body = how.press(page, f"{how.base_url}/verify/{page.code}", logo)
    now, locked_at = how.now(), how.locked_at()
    how.reached("render_receipt.before_put")
    stored = locked.put(
        receipts.object_key(
            account=message.account, livemode=page.livemode, object_id=page.object_id
        ),
        body,
        content_type="application/pdf",
        retain_until=receipts.retain_until(
            min(page.paid_at, locked_at),
            livemode=page.livemode,
            now=locked_at,
            retention_days=how.retention_days,
        ),
    )
    how.reached("render_receipt.after_put")
    event = Event(
        id=new_id("evt", int(now.timestamp() * 1000)),
        type="receipt.available",
        object_id=page.object_id,
        data=objects.to_json(paid.public),
        created_at=now,
    )
    how.reached("render_receipt.before_commit")
    won = store.mark_stored(
        page.object_id, stored, event=event, now=now, traceparent=message.traceparent
    )
    how.reached("render_receipt.after_commit")
    return "stored" if won else "stored_already"


def _with_logo(how: Printing) -> tuple[PrintedAs, bytes | None]:
    """Return what to print with and the logo's bytes; without one that can be had no more."""
    printed = how.printed
    if printed.look.logo is None:
        return printed, None
    try:
        return printed, how.logo(printed.look.logo)
    except ObjectMissingError:
        return printed.without_logo, None


def _paid(object_id: str, payments: Payments, how: Printing) -> Paid | None:
    language = receipts.language_of(how.printed.language)
    if not is_id(object_id, "ch"):
        outgoing = payments.outgoing(object_id)
        return None if outgoing is None else _paid_out(outgoing, language, how)
    charge = payments.charge(object_id)
    if charge is None or charge.receipt_code is None or charge.succeeded_at is None:
        return None
    public = objects.charge_object(
        replace(charge, receipt_stored=True), base_url=how.base_url, language=language
    )
    page = Receipt.of(charge, account_name=how.printed.account_name, language=language)
    return Paid(page, charge.receipt_stored, public)


def _paid_out(outgoing: Outgoing, language: Language, how: Printing) -> Paid | None:
    if outgoing.receipt_code is None or outgoing.ended_at is None:
        return None
    public = objects.outgoing_object(
        replace(outgoing, receipt_stored=True), base_url=how.base_url, language=language
    )
    page = Receipt.of_outgoing(outgoing, account_name=how.printed.account_name, language=language)
    return Paid(page, outgoing.receipt_stored, public)
