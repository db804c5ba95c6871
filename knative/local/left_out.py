"""Reads which parts a run goes without, by the variable `PARTS_LEFT_OUT`."""

from collections.abc import Mapping
from typing import Final

from knative.local.layout import LayoutError

KEYCLOAK: Final = "keycloak"
DASHBOARD: Final = "dashboard"
_CAN_BE: Final = (KEYCLOAK, DASHBOARD)


def read_left_out(environ: Mapping[str, str]) -> frozenset[str]:
    """Return the names of those parts; nobody can sign in to a dashboard without Keycloak.

    Raises LayoutError for a name of a part that all else cannot run without.
    """
    named = {name for name in environ.get("PARTS_LEFT_OUT", "").split(",") if name}
    if unknown := named.difference(_CAN_BE):
        raise LayoutError(
            f"PARTS_LEFT_OUT may name {' and '.join(_CAN_BE)}, which all else runs without,"
            f" not {unknown.pop()!r}."
        )
    return frozenset(named | {DASHBOARD} if KEYCLOAK in named else named)
