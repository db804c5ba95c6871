"""Wires what moves between wallets are kept in."""

from shared.db.float_moves import FloatMoves
from shared.runtime import wiring


def store() -> FloatMoves:
    """Return the moves of money that no payment made."""
    return FloatMoves(wiring.owner_database())
