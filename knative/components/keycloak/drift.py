"""Compares a realm with what is wanted, and says where they differ without telling a secret."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

_SECRET: Final = "secret"  # noqa: S105 - the name of a field
# Here one more is a hole too: a mapper puts claims into tokens, a component brings keys or people.
_CLOSED: Final = {"protocolMappers", "components"}


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Yield a line for each wanted value that is not found.

    Mappings may hold more than is wanted, for Keycloak has settings that we leave to it; lists are
    compared whole, in any order: one more redirect address or role is a hole.
    """
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        yield from _in_mapping(wanted, found, path)
    elif isinstance(wanted, list) and isinstance(found, list):
        if sorted(map(repr, wanted)) != sorted(map(repr, found)):
            yield f"{path}: {found}, not {wanted}"
    elif wanted != found:
        yield f"{path}: differs" if path.endswith(_SECRET) else f"{path}: {found!r}, not {wanted!r}"


def _in_mapping(wanted: Mapping[str, Any], found: Mapping[str, Any], path: str) -> Iterator[str]:
    for key, value in wanted.items():
        place = f"{path}/{key}" if path else key
        if key in found:
            yield from differences(value, found[key], place)
        elif value not in ([], {}):
            yield f"{place}: missing"
    if path.rpartition("/")[2] in _CLOSED:
        yield from (f"{path}/{key}: not wanted" for key in found if key not in wanted)
