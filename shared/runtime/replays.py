"""Wires what dead letters are listed in and replayed from."""

from shared.db.dead_letters import DeadLetters
from shared.runtime import wiring


def store() -> DeadLetters:
    """Return the dead letters of all accounts."""
    return DeadLetters(wiring.owner_database())
