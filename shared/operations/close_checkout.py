"""Closes a checkout once it is paid, or once its time is over and nobody is paying any more."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from shared.domain.events import Event, Message
from shared.domain.ids import new_id
from shared.domain.payment_page import LOOK_AGAIN, PUBLIC_EVENT, PageStatus, PaymentPage
from shared.operations import objects
from shared.operations.payment_page_objects import payment_page_object
from shared.operations.payment_page_store import Changed, PaymentPageStore

UNKNOWN: Final = "unknown_checkout"


def close_checkout(
    message: Message, store: PaymentPageStore, *, now: datetime, base_url: str
) -> str:
    """Store what has become of a checkout, and tell its merchant; return a word for the log."""
    page = store.change(
        message.object_id, lambda page: closed(page, now=now, base_url=base_url), at=now
    )
    return UNKNOWN if page is None else f"checkout_{page.status.value}"


def closed(page: PaymentPage, *, now: datetime, base_url: str) -> Changed:
    """Return a checkout as it is by now; one that has ended before stays as it is."""
    status = page.due_status(now)
    if status is None:
        return Changed(page, look_at=_look_at(page, now))
    ended = replace(page, status=status)
    shown = payment_page_object(ended, base_url=base_url, now=now)
    event = Event(
        id=new_id("evt", int(now.timestamp() * 1000)),
        type=PUBLIC_EVENT[status],
        object_id=page.id,
        data=objects.to_json(shown),
        created_at=now,
    )
    return Changed(ended, event)


def _look_at(page: PaymentPage, now: datetime) -> datetime | None:
    """Return when to look again; a payment that succeeds has it looked at earlier."""
    if page.status is not PageStatus.OPEN or page.expires_at is None:
        return None
    return max(page.expires_at, now + LOOK_AGAIN) if page.is_over(now) else page.expires_at
