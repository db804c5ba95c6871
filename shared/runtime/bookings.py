"""Wires what administrators book by hand."""

from shared.db.bookings import Bookings
from shared.operations.book import Booker
from shared.runtime import wiring
from shared.runtime.http import Call
from shared.runtime.settings import settings


def store() -> Bookings:
    """Return the bookings of all accounts."""
    return Bookings(wiring.owner_database())


def by(call: Call) -> Booker:
    """Return what an administrator books with."""
    return Booker(
        wiring.origin(call), store(), settings().public_base_url, call.language, wiring.time_of
    )
