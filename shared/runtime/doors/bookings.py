"""The operations on bookings by hand, from a call to an answer."""

from collections.abc import Mapping
from typing import Final

from shared.operations import book
from shared.operations.account_orders import read_seen
from shared.operations.book import booking_object
from shared.operations.booking_orders import PageOfBookings, WantedBooking
from shared.operations.manage_cases import read_close_reason
from shared.operations.objects import list_object
from shared.runtime import bookings, wiring
from shared.runtime.http import Answer, Call, Handler


def show_page(call: Call) -> Answer:
    """GET /v1/platform/bookings."""
    page = PageOfBookings.parse(call.query())
    found = bookings.store().page(page)
    data = [booking_object(each, wiring.now()) for each in found[: page.limit]]
    return Answer(body=list_object("/v1/platform/bookings", data, has_more=len(found) > page.limit))


def read(call: Call) -> Answer:
    """GET /v1/platform/bookings/{id}."""
    call.refuse_query()
    found = book.read_booking(call.path_params["id"], bookings.store())
    return Answer(body=booking_object(found, wiring.now()))


def propose(call: Call) -> Answer:
    """POST /v1/platform/bookings."""
    proposed = book.propose_booking(WantedBooking.parse(call.body()), bookings.by(call))
    return Answer(body=booking_object(proposed, wiring.now()))


def approve(call: Call) -> Answer:
    """POST /v1/platform/bookings/{id}/approve."""
    seen = read_seen(call.body())
    approved = book.approve_booking(call.path_params["id"], bookings.by(call), seen_sha256=seen)
    return Answer(body=booking_object(approved, wiring.now()))


def reject(call: Call) -> Answer:
    """POST /v1/platform/bookings/{id}/reject."""
    reason = read_close_reason(call.body())
    rejected = book.reject_booking(call.path_params["id"], bookings.by(call), reason=reason)
    return Answer(body=booking_object(rejected, wiring.now()))


HANDLERS: Final[Mapping[str, Handler]] = {
    "list_bookings": show_page,
    "read_booking": read,
    "propose_booking": propose,
    "approve_booking": approve,
    "reject_booking": reject,
}
