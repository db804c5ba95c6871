"""Audit entries: who did what, to what, from where and why, each bound to the one before it.

An account's mode is a chain of its own, and so is the platform; a chain is named like its schema.
The entry at position n carries

    hash(n) = SHA-256(hash(n - 1) + canonical bytes of n),  hash(0) = 32 zero bytes

so that whoever changes, drops, adds or moves an entry must change every later hash, and is found
out by anyone who kept one of them. The canonical bytes are these fields, each as the number of its
UTF-8 bytes, a colon, the bytes and a comma (`5:hello,`), or `-,` where there is nothing: the word
`audit.v1`, chain, position, id, time in microseconds since 1970, kind and id of the actor, action,
type and id of the object, before, after, address, reason, request id. `before` and `after` are
hashed as the text that is stored.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from shared.domain.ids import new_id
from shared.domain.redaction import redacted, redacted_text

GENESIS: Final = bytes(32)
PLATFORM: Final = "platform"
VERSION: Final = "audit.v1"
LARGEST_STATE: Final = 32_768
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ActorKind(StrEnum):
    """What acts."""

    KEY = "key"
    PERSON = "person"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a key by `key_…`, a person by their subject at Keycloak, a command by its name."""

    kind: ActorKind
    id: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act and its effect. `before` and `after` are JSON of what changed, redacted.

    Made by `Origin.entry`, which redacts; the constructor itself takes what is stored.
    """

    id: str
    at: datetime
    actor: Actor
    action: str
    object_type: str
    object_id: str
    before: str | None = None
    after: str | None = None
    remote_address: str | None = None
    reason: str | None = None
    request_id: str | None = None

    def also(self, **after: object) -> "AuditEntry":
        """Return the entry with more of what is so afterwards, which only the act itself showed."""
        present = {} if self.after is None else json.loads(self.after)
        return replace(self, after=_state({**present, **after}))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an act comes from: who, when, from which address, in which request, and why."""

    actor: Actor
    at: datetime
    remote_address: str | None = None
    request_id: str | None = None
    reason: str | None = None

    def entry(
        self,
        action: str,
        object_type: str,
        object_id: str,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> AuditEntry:
        """Make the entry of an act. `action` is a noun and a fact: `api_key.revoked`.

        Of what is given before and after, only what differs is kept. Raises TypeError for values
        that are no plain data, and ValueError where they are larger than 32 KiB.
        """
        return AuditEntry(
            id=new_id("aud", _microseconds(self.at) // 1000),
            at=self.at,
            actor=self.actor,
            action=action,
            object_type=object_type,
            object_id=object_id,
            before=_state(_differing(before, after)),
            after=_state(_differing(after, before)),
            remote_address=self.remote_address or None,
            reason=redacted_text(self.reason) if self.reason else None,
            request_id=self.request_id,
        )


@dataclass(frozen=True, slots=True)
class Link:
    """An entry at its place in a chain, with the hashes that are stored with it (32 bytes each)."""

    chain: str
    position: int
    entry: AuditEntry
    previous_hash: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: its newest position, 0 where it is empty, and the hash there."""

    chain: str
    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """The first position of a chain that is not as it was written, and what is wrong there."""

    chain: str
    position: int
    what: str


def canonical(chain: str, position: int, entry: AuditEntry) -> bytes:
    """Return the bytes that are hashed for an entry at its place."""
    fields = (
        VERSION,
        chain,
        str(position),
        entry.id,
        str(_microseconds(entry.at)),
        entry.actor.kind,
        entry.actor.id,
        entry.action,
        entry.object_type,
        entry.object_id,
        entry.before,
        entry.after,
        entry.remote_address,
        entry.reason,
        entry.request_id,
    )
    return b"".join(_measured(field) for field in fields)


def next_hash(previous: bytes, chain: str, position: int, entry: AuditEntry) -> bytes:
    """Return the hash of an entry that follows one with hash `previous`."""
    return hashlib.sha256(previous + canonical(chain, position, entry)).digest()


def walk(head: Head, links: Iterable[Link]) -> Iterator[Head | Break]:
    """Follow a chain from `head`, by position; yield each new head, or a break and then no more."""
    for link in links:
        position = head.position + 1
        if link.position != position:
            what = "is missing" if link.position > position else "is there twice"
            yield Break(head.chain, min(position, link.position), what)
            return
        if link.previous_hash != head.hash:
            yield Break(head.chain, position, "does not follow the entry before it")
            return
        if link.hash != next_hash(head.hash, head.chain, position, link.entry):
            yield Break(head.chain, position, "is not what was written")
            return
        head = Head(head.chain, position, link.hash)
        yield head


def _state(values: Mapping[str, Any] | None) -> str | None:
    if not values:
        return None
    kept = redacted(values)
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) > LARGEST_STATE:
        raise ValueError("an audit entry tells what changed, not everything")
    return text


def _differing(
    values: Mapping[str, object] | None, others: Mapping[str, object] | None
) -> Mapping[str, object] | None:
    if values is None or others is None:
        return values
    return {k: v for k, v in values.items() if k not in others or others[k] != v}


def _measured(field: str | None) -> bytes:
    if field is None:
        return b"-,"
    content = field.encode()
    return b"%d:%b," % (len(content), content)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
