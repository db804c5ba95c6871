"""Who may do what: one table from operation to scope; what has no row is refused."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from shared.domain.account import Caller
from shared.domain.api_key import KeyKind


class Scope(StrEnum):
    """A right that a key can hold."""

    CHARGES_READ = "charges:read"
    CHARGES_WRITE = "charges:write"
    EVENTS_READ = "events:read"
    BALANCE_READ = "balance:read"


OPEN: Final = frozenset({"read_openapi", "receive_callback", "verify_receipt", "read_receipt"})
"""Operations that need no key: what they show is public, or a capability lies in the path."""

SCOPE_OF: Final[Mapping[str, Scope]] = {
    "create_charge": Scope.CHARGES_WRITE,
    "cancel_charge": Scope.CHARGES_WRITE,
    "list_charges": Scope.CHARGES_READ,
    "read_charge": Scope.CHARGES_READ,
    "list_events": Scope.EVENTS_READ,
    "read_event": Scope.EVENTS_READ,
    "read_balance": Scope.BALANCE_READ,
}

EVERYTHING: Final = "*"
"""Stands for all that a key's kind may hold."""

OF_KIND: Final[Mapping[str, frozenset[Scope]]] = {
    KeyKind.SECRET.value: frozenset(Scope),
    KeyKind.RESTRICTED.value: frozenset(Scope),
    KeyKind.PUBLISHABLE.value: frozenset(),
}


def may(caller: Caller, operation: str) -> bool:
    """Tell whether a key may call an operation; an operation without a row never."""
    scope = SCOPE_OF.get(operation)
    if scope is None or scope not in OF_KIND.get(caller.kind, frozenset()):
        return False
    return EVERYTHING in caller.scopes or scope.value in caller.scopes
