"""A line of the request log: what an account's program or person asked, and how it was answered.

Never a body, a query, a key or an idempotency key. Callers can write anything for an id, the name
of a field or a program's name: of these only what has the form of one is kept.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from shared.domain.account import Tenant
from shared.domain.ids import milliseconds_of
from shared.domain.redaction import redacted_text

PREFIX: Final = "req"
LONGEST: Final = 500
"""How much is looked at of what a caller has written."""
LONGEST_KEPT: Final = 100
_OBJECT: Final = re.compile(
    r"(?:[a-z]{2,6}_(?:[2-7a-z]{24}|[2-7a-z]{48})|acct_[2-7a-z]{16}|key_[0-9A-Za-z]{10})\Z"
)
_MADE: Final = re.compile(r'\{"id": ?"([0-9A-Za-z_]{12,60})"')
# As our fields and headers are called: `payment_method[phone]`, `expand[0]`, `Pay-Account`.
_FIELD: Final = re.compile(
    r"[a-z][a-z_]{0,39}(?:\[[a-z0-9_]{0,30}\]){0,3}\Z|[A-Z][a-z]{1,15}(?:-[A-Z][a-z]{1,15}){1,3}\Z"
)
_PROGRAM: Final = re.compile(
    r"(?<![^ ])[A-Za-z][A-Za-z._-]{0,29}/v?[0-9][0-9A-Za-z._-]{0,14}(?![^ ])"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:\.[a-z]{1,20})?")


class Source(StrEnum):
    """By which door a request came."""

    REST = "rest"
    RPC = "rpc"


class Idempotency(StrEnum):
    """Whether an idempotency key came with a request, and whether it had been answered before."""

    USED = "used"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What is kept of one request; `key_id` is `key_…`, of a person there is none."""

    id: str
    method: str
    path: str
    operation: str
    object_id: str | None
    status: int
    code: str | None
    param: str | None
    key_id: str | None
    person: str | None
    duration_ms: int
    source: str
    idempotency: str | None
    user_agent: str | None
    api_version: str | None

    @property
    def at(self) -> datetime:
        """When it came: its id says so, so that the order of ids is that of times."""
        return _EPOCH + timedelta(milliseconds=milliseconds_of(self.id))


@dataclass(slots=True)
class Heard:
    """The same as it is noted beside the answer: not cleaned yet, which may take its time."""

    tenant: Tenant
    id: str
    method: str
    template: str
    operation: str
    named: str | None
    made: str | None
    status: int
    code: str | None
    param: str | None
    key_id: str | None
    person: str | None
    seconds: float
    source: str
    idempotency: str | None
    user_agent: str | None
    api_version: str | None

    def line(self) -> RequestLine:
        """Return what may be kept of it."""
        named = object_id(self.named)
        return RequestLine(
            self.id,
            self.method,
            self.template if named is None else self.template.replace("{id}", named),
            self.operation,
            named or object_id(self.made),
            self.status,
            self.code,
            _field(self.param),
            self.key_id,
            self.person,
            round(self.seconds * 1000),
            self.source,
            self.idempotency,
            _programs(self.user_agent),
            _version(self.api_version),
        )


def object_id(text: str | None) -> str | None:
    """Return a text that has the form of an id of ours, else nothing: a path can say anything."""
    return text if text and _OBJECT.match(text) else None


def made_object(content: bytes | str) -> str | None:
    """Return the id with which an answer in JSON begins, if it begins so."""
    head = content[:80]
    found = _MADE.match(head.decode("ascii", "replace") if isinstance(head, bytes) else head)
    return found[1] if found else None


def _field(param: str | None) -> str | None:
    """Return the name of a field, unless it is something else that came in its place."""
    is_one = param and len(param) <= LONGEST_KEPT and _FIELD.match(param)
    return redacted_text(param) if param and is_one else None


@lru_cache(maxsize=256)
def _programs(user_agent: str | None) -> str | None:
    """Return the programs that a caller says it is, each with its version, and nothing besides."""
    found = " ".join(_PROGRAM.findall((user_agent or "")[:LONGEST]))
    return redacted_text(found)[:LONGEST_KEPT].rstrip() or None


def _version(asked: str | None) -> str | None:
    """Return the version of the API that a header asks for."""
    found = _VERSION.match(asked or "")
    return found[0] if found else None
