"""Which addresses a merchant may make us call: the rules alone, without a resolver or a socket.

The list of networks is written out, because `ipaddress.is_global` lets through NAT64 and 6to4 forms
of internal addresses, 192.0.0.192, multicast, `::127.0.0.1` and fec0::/10 (Python 3.11.7).
"""

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import idna

from shared.domain.errors import InvalidRequest

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

PARAM: Final = "url"
URL_LENGTH: Final = 2048
HOST_LENGTH: Final = 253
HTTPS_PORT: Final = 443
LOOPBACK: Final = "127.0.0.1"

DENIED_NETWORKS: Final[tuple[IPNetwork, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "::1/128",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)

# What goes to the wire is ASCII that needs no second look; only the host may be written otherwise.
_TARGET: Final = re.compile(r"[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]*")
_HOST: Final = re.compile(
    r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INSIDE: Final = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "svc"}
    | {"test", "example", "invalid", "onion", "arpa"}
)


@dataclass(frozen=True, slots=True)
class Destination:
    """A checked URL; the host is an ASCII name, or an address without brackets."""

    is_plain: bool
    host: str
    port: int
    target: str

    @property
    def address(self) -> IPAddress | None:
        """The address, where the host is one."""
        return _literal(self.host)

    @property
    def host_header(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS_PORT and not self.is_plain else f"{host}:{self.port}"


def check_url(
    url: str,
    livemode: bool,  # noqa: FBT001 - the second of two, and there is no third reading of it
    *,
    allow_loopback: bool = False,
    other_ports: Collection[int] = (),
) -> Destination:
    """Read a merchant's URL, at configuration and again at every attempt; resolves nothing.

    https on 443 or one of `other_ports`; no user, fragment, control character or backslash; the
    host a public-looking name, or in test mode an address that may be called. `allow_loopback`
    (local system only) also takes `http://127.0.0.1:<port>`, and nothing else.

    Raises InvalidRequest `url_invalid`, `url_not_https`, `url_port_not_allowed` or
    `url_host_not_allowed`.
    """
    scheme, host, port, target = _split(url)
    if scheme == "http" and allow_loopback and host == LOOPBACK and port is not None:
        return Destination(is_plain=True, host=host, port=port, target=target)
    if scheme != "https":
        raise InvalidRequest("url_not_https", PARAM)
    if port not in {None, HTTPS_PORT, *other_ports}:
        raise InvalidRequest("url_port_not_allowed", PARAM)
    checked = _checked_host(host, livemode=livemode)
    return Destination(is_plain=False, host=checked, port=port or HTTPS_PORT, target=target)


def is_denied(address: IPAddress, more: Iterable[IPNetwork] = ()) -> bool:
    """Whether an address may not be called; `more` are our own entrances and exits.

    An IPv4 address in IPv6 clothes (::ffff:0:0/96) is judged by what is inside.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return True
        if address.ipv4_mapped is not None:
            return is_denied(address.ipv4_mapped, more)
    return any(address in network for network in (*DENIED_NETWORKS, *more))


def _split(url: str) -> tuple[str, str, int | None, str]:
    """Take a URL apart, refusing what two parsers might read differently."""
    if len(url) > URL_LENGTH or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidRequest("url_invalid", PARAM)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidRequest("url_invalid", PARAM) from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    is_odd = (
        not host
        or "@" in parts.netloc
        or parts.netloc.endswith(":")
        or "#" in url
        or port == 0
        or _TARGET.fullmatch(target) is None
    )
    if is_odd:
        raise InvalidRequest("url_invalid", PARAM)
    return parts.scheme, host or "", port, target


def _checked_host(host: str, *, livemode: bool) -> str:
    """Return the host in ASCII; raises InvalidRequest."""
    address = _literal(host)
    if address is not None:
        if livemode or is_denied(address):
            raise InvalidRequest("url_host_not_allowed", PARAM)
        return str(address)
    try:
        name = idna.encode(host, uts46=True, std3_rules=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise InvalidRequest("url_invalid", PARAM) from error
    if len(name) > HOST_LENGTH or _HOST.fullmatch(name) is None:
        raise InvalidRequest("url_host_not_allowed", PARAM)
    last = name.rsplit(".", 1)[-1]
    # A name that ends in a number is an address to C resolvers: 127.1, 0x7f.1, 2852039166.
    if _NUMBER.fullmatch(last) or last in _INSIDE:
        raise InvalidRequest("url_host_not_allowed", PARAM)
    return name


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
