"""What bounds a key besides its scopes: a name, a last day, the networks it may be used from."""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from shared.domain.errors import InvalidRequest
from shared.domain.permissions import OF_KEYS

LONGEST_NAME: Final = 80
LONGEST_LIFE: Final = timedelta(days=365)
LONGEST_OVERLAP: Final = timedelta(days=7)
USUAL_OVERLAP: Final = timedelta(days=1)
MOST_RANGES: Final = 20
_LONGEST_RANGE: Final = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128")
_UNCLEAN: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")

Network = IPv4Network | IPv6Network


def read_name(value: object) -> str | None:
    """Read a name of 1 to 80 characters. Raises InvalidRequest."""
    if value is None:
        return None
    if not isinstance(value, str) or _UNCLEAN.search(value):
        raise InvalidRequest("parameter_invalid", "name")
    name = value.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidRequest("parameter_invalid", "name")
    return name


def read_scopes(value: object) -> tuple[str, ...]:
    """Read a list of scopes by name, at least one, each once. Raises InvalidRequest."""
    if value is None:
        raise InvalidRequest("parameter_missing", "scopes")
    if not isinstance(value, list) or not 0 < len(value) <= len(OF_KEYS):
        raise InvalidRequest("parameter_invalid", "scopes")
    known = {scope.value for scope in OF_KEYS}
    for position, scope in enumerate(value):
        if not isinstance(scope, str) or scope not in known or scope in value[:position]:
            raise InvalidRequest("parameter_invalid", f"scopes[{position}]")
    return tuple(sorted(value))


def read_expiry(value: object, *, now: datetime) -> datetime | None:
    """Read Unix seconds in the future, at most a year away. Raises InvalidRequest."""
    if value is None:
        return None
    latest = int((now + LONGEST_LIFE).timestamp())
    if type(value) is not int or not now.timestamp() < value <= latest:
        raise InvalidRequest("parameter_invalid", "expires_at")
    return datetime.fromtimestamp(value, UTC)


def read_overlap(value: object) -> timedelta:
    """Read seconds, 0 to 7 days; a day where nothing is said. Raises InvalidRequest."""
    if value is None:
        return USUAL_OVERLAP
    longest = int(LONGEST_OVERLAP.total_seconds())
    if type(value) is not int or not 0 <= value <= longest:
        raise InvalidRequest("parameter_invalid", "overlap_seconds")
    return timedelta(seconds=value)


def read_ranges(value: object) -> tuple[str, ...]:
    """Read at most 20 addresses or networks in CIDR form; none allows all. Raises InvalidRequest.

    A network that is everything is refused: it would look like a limit and be none.
    """
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MOST_RANGES:
        raise InvalidRequest("parameter_invalid", "allowed_from")
    networks = [_network(text, f"allowed_from[{place}]") for place, text in enumerate(value)]
    return tuple(str(network) for network in dict.fromkeys(networks))


def networks(ranges: Iterable[str]) -> tuple[Network, ...]:
    """Return ranges as they were read, or as the database wrote them."""
    return tuple(ip_network(text) for text in ranges)


def allows(allowed: Collection[Network], address: str) -> bool:
    """Tell whether a key may be used from an address; one that is unknown is in no network."""
    if not allowed:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in allowed)


def is_narrower(ranges: Iterable[str], than: Iterable[str]) -> bool:
    """Tell whether every range lies inside one of others, of which none means everywhere."""
    inner, outer = networks(ranges), networks(than)
    if not outer:
        return True
    return bool(inner) and all(any(_lies_in(one, other) for other in outer) for one in inner)


def _lies_in(inner: Network, outer: Network) -> bool:
    return (
        inner.version == outer.version
        and inner.prefixlen >= outer.prefixlen
        and inner.network_address in outer
    )


def _network(text: object, param: str) -> Network:
    if not isinstance(text, str) or len(text) > _LONGEST_RANGE:
        raise InvalidRequest("parameter_invalid", param)
    try:
        network = ip_network(text)
    except ValueError:
        raise InvalidRequest("parameter_invalid", param) from None
    is_mapped = isinstance(network, IPv6Network) and network.network_address.ipv4_mapped is not None
    # What stands behind `%` is an interface of one machine, and the database takes no such network.
    if network.prefixlen == 0 or is_mapped or "%" in text:
        raise InvalidRequest("parameter_invalid", param)
    return network
