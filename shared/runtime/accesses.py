"""Wires what administrators' accesses to accounts are kept in."""

from shared.db.account_accesses import AccountAccesses
from shared.runtime import wiring


def store() -> AccountAccesses:
    """Return the accesses to all accounts."""
    return AccountAccesses(wiring.owner_database())
