"""Wires what cases, and wishes to end their payments, are kept in."""

from shared.db.cases import Cases
from shared.db.endings import Endings
from shared.operations.end_payment import By
from shared.runtime import wiring
from shared.runtime.http import Call


def store() -> Cases:
    """Return the cases of all accounts."""
    return Cases(wiring.owner_database())


def endings() -> Endings:
    """Return the wishes to end payments by hand."""
    return Endings(wiring.owner_database())


def by(call: Call) -> By:
    """Return what an administrator ends payments with."""
    return By(wiring.origin(call), endings())
