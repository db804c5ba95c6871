"""A ticket that opens one stream where no key can be shown: a browser's WebSocket has no headers.

It is good for a minute and once, and holds nothing that lasts: who asked for it is asked about
again as long as the stream runs.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import urlsplit

from shared.domain import ids
from shared.domain.account import Caller, Tenant
from shared.domain.errors import InvalidRequest, NotPermitted

LASTS: Final = timedelta(seconds=60)
PREFIX: Final = "stt_"
LONGEST_ORIGIN: Final = 300
_LENGTH: Final = 52
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# As browsers write one: no path, no user, a host in small letters and its own digits.
_ORIGIN: Final = re.compile(
    r"(?P<scheme>https?)://(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked for a ticket: a key, or a person until her token ends, who may have an access.

    `address` is where she asked from; a key's networks bind that, not whoever shows the ticket.
    """

    tenant: Tenant
    key_id: str | None
    person: str | None
    address: str
    ends_at: datetime | None = None
    by_access: bool = False

    @classmethod
    def of(cls, caller: Caller, address: str) -> Self:
        """Return the asker that a caller is. Raises NotPermitted where nobody could ask again."""
        if caller.key_id:
            return cls(caller.tenant, caller.key_id, None, address)
        if caller.person is None or caller.until is None:
            raise NotPermitted("permission_denied")
        return cls(
            caller.tenant,
            None,
            caller.person,
            address,
            ends_at=caller.until,
            by_access=caller.access is not None,
        )


@dataclass(frozen=True, slots=True)
class StreamTicket:
    """A ticket as it is stored. `origin` is the only page that may show it, None if ours alone."""

    token_hash: str = field(repr=False)
    asker: Asker
    origin: str | None
    created_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When it opens nothing any more; never later than what its asker was let in by."""
        end = self.created_at + LASTS
        return end if self.asker.ends_at is None else min(end, self.asker.ends_at)


def new_token() -> str:
    """Return `stt_` and 52 characters, 260 random bits."""
    return PREFIX + ids.encode(secrets.randbits(5 * _LENGTH), _LENGTH)


def is_token(text: str) -> bool:
    """Tell whether the text has the form of a ticket."""
    tail = text.removeprefix(PREFIX)
    is_long = len(tail) == _LENGTH and len(text) == len(PREFIX) + _LENGTH
    return is_long and all(letter in ids.ALPHABET for letter in tail)


def token_hash(token: str) -> str:
    """Return SHA-256 in hex: nobody guesses 260 bits, so it takes no key."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_origin(value: object, *, livemode: bool) -> str | None:
    """Read an origin as a browser would send it; http is for the test mode and loopback.

    Raises InvalidRequest.
    """
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > LONGEST_ORIGIN:
        raise InvalidRequest("parameter_invalid", "origin")
    form = _ORIGIN.fullmatch(value)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        form = port = None
    if form is None or port == _DEFAULT_PORTS[form["scheme"]]:
        raise InvalidRequest("parameter_invalid", "origin")
    is_plain = parts.scheme == "http"
    if is_plain and (livemode or parts.hostname not in _LOOPBACK):
        raise InvalidRequest("parameter_invalid", "origin")
    return value


def origin_of(url: str) -> str:
    """Return the origin of an address of ours, as browsers write it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    is_usual = parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)}
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")


def refuse_origin(shown: str | None, *, bound: str | None, ours: str) -> None:
    """Refuse a page that the ticket is not for; a program that is no browser names no page.

    Raises NotPermitted `origin_not_allowed`.
    """
    is_right = shown == bound if bound is not None else shown in {None, ours}
    if not is_right:
        raise NotPermitted("origin_not_allowed")
