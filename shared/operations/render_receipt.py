"""Writes the receipt of a paid charge into locked storage, once, and tells the merchant."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import receipt as receipts
from shared.domain.account import AccountProfile
from shared.domain.events import Event, Message
from shared.domain.ids import new_id
from shared.domain.receipt import Receipt
from shared.operations import objects
from shared.operations.ports import ChargeStore, LockedStore, Reached, ReceiptStore


@dataclass(frozen=True, slots=True)
class Printing:
    """What printing needs: the merchant, the press (receipt and its address to PDF) and time."""

    profile: AccountProfile
    press: Callable[[Receipt, str], bytes]
    base_url: str
    retention_days: int
    now: Callable[[], datetime]
    reached: Reached


def render_receipt(
    message: Message,
    *,
    charges: ChargeStore,
    store: ReceiptStore,
    locked: LockedStore,
    how: Printing,
) -> str:
    """Print, lock, record; return a word for the log. The same charge gives the same bytes.

    Raises StoreDownError, after which the message must come again.
    """
    charge = charges.find(message.object_id)
    if charge is None or charge.receipt_code is None or charge.succeeded_at is None:
        return "nothing_to_print"
    if charge.receipt_stored:
        return "stored_already"
    language = receipts.language_of(how.profile.language)
    page = Receipt.of(charge, account_name=how.profile.name, language=language)
    body = how.press(page, f"{how.base_url}/verify/{charge.receipt_code}")
    now = how.now()
    how.reached("render_receipt.before_put")
    stored = locked.put(
        receipts.object_key(account=charge.account, livemode=charge.livemode, charge_id=charge.id),
        body,
        content_type="application/pdf",
        retain_until=receipts.retain_until(
            charge.succeeded_at,
            livemode=charge.livemode,
            now=now,
            retention_days=how.retention_days,
        ),
    )
    how.reached("render_receipt.after_put")
    public = objects.charge_object(
        replace(charge, receipt_stored=True), base_url=how.base_url, language=language
    )
    event = Event(
        id=new_id("evt", int(now.timestamp() * 1000)),
        type="receipt.available",
        object_id=charge.id,
        data=objects.to_json(public),
        created_at=now,
    )
    how.reached("render_receipt.before_commit")
    won = store.mark_stored(charge, stored, event=event, now=now, traceparent=message.traceparent)
    how.reached("render_receipt.after_commit")
    return "stored" if won else "stored_already"
