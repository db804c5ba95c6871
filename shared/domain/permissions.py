"""Who may do what: one table from operation to scope; what has no row is refused."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
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
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"


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
    "list_api_keys": Scope.KEYS_READ,
    "read_api_key": Scope.KEYS_READ,
    "create_api_key": Scope.KEYS_WRITE,
    "rotate_api_key": Scope.KEYS_WRITE,
    "revoke_api_key": Scope.KEYS_WRITE,
}

EVERYTHING: Final = "*"
"""Stands for all that a key's kind may hold."""

BY_NAME: Final = frozenset({Scope.KEYS_WRITE})
"""What `*` holds for secret keys of the test mode only; any other key must have it by name."""

OF_KIND: Final[Mapping[str, frozenset[Scope]]] = {
    KeyKind.SECRET.value: frozenset(Scope),
    KeyKind.RESTRICTED.value: frozenset(Scope),
    KeyKind.PUBLISHABLE.value: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Rights:
    """What a key may do at most; `scopes` are a scope's words, or `*`."""

    kind: str
    livemode: bool
    scopes: Collection[str]

    def holds(self, scope: Scope) -> bool:
        """Tell whether a scope is among them."""
        if scope not in OF_KIND.get(self.kind, frozenset()):
            return False
        if scope.value in self.scopes:
            return True
        is_named_only = scope in BY_NAME and (self.livemode or self.kind != KeyKind.SECRET.value)
        return EVERYTHING in self.scopes and not is_named_only

    def includes(self, other: "Rights") -> bool:
        """Tell whether another key can do nothing that this one cannot, today and later.

        `*` grows with each scope that is invented, so only `*` includes it.
        """
        opens_nothing = not OF_KIND.get(other.kind, frozenset())
        if EVERYTHING in other.scopes and EVERYTHING not in self.scopes and not opens_nothing:
            return False
        return all(self.holds(scope) for scope in Scope if other.holds(scope))


def rights(caller: Caller) -> Rights:
    """Return what the key of a caller may do."""
    return Rights(caller.kind, caller.tenant.livemode, caller.scopes)


def may(caller: Caller, operation: str) -> bool:
    """Tell whether a key may call an operation; an operation without a row never."""
    scope = SCOPE_OF.get(operation)
    return scope is not None and rights(caller).holds(scope)
