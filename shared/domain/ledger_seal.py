"""Seals over the ledger: each binds a stretch of transactions, and the seal before, by SHA-256.

What is hashed: the 32 bytes of the seal before (zeros before the first); then `ledger.v1`, the
chain's name, the seal's position and how many transactions it holds; then each transaction in the
order of ids: id, kind, object and microseconds since 1970, and its postings by position, each with
position, account and amount. Every text stands as its length in bytes, `:`, itself and `,`; of a
transaction the count of its postings comes before them.

Transactions are sealed some minutes after they were made. A seal that was computed anew by somebody
who owns the database is found by a head that was kept elsewhere, and by nothing else.
"""

import calendar
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

VERSION: Final = "ledger.v1"
GENESIS: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class Booked:
    """A ledger transaction as stored; postings are position, account and amount in whole XAF."""

    id: str
    kind: str
    object_id: str
    created_at: datetime
    postings: Sequence[tuple[int, str, int]]

    def texts(self) -> list[str]:
        """Return what is hashed of it, in order."""
        at = self.created_at.astimezone(UTC)
        microseconds = calendar.timegm(at.timetuple()) * 1_000_000 + at.microsecond
        texts = [self.id, self.kind, self.object_id, str(microseconds), str(len(self.postings))]
        for posting in self.postings:
            texts += [str(part) for part in posting]
        return texts


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal at its place: it holds what comes behind the seal before, up to `until_id`."""

    position: int
    until_id: str
    transactions: int
    previous_hash: bytes
    hash: bytes


UNSEALED: Final = Seal(0, "", 0, GENESIS, GENESIS)
"""What stands before the first seal."""


def fault(chain: str, before: Seal, seal: Seal, booked: Sequence[Booked]) -> str | None:
    """Say what is wrong with a seal over what stands in its stretch now, or None."""
    if seal.position != before.position + 1 or seal.previous_hash != before.hash:
        return "does not follow the one before"
    if len(booked) != seal.transactions:
        return f"held {seal.transactions} transactions, there are {len(booked)}"
    if digest(chain, seal, booked) != seal.hash:
        return "is not what was sealed"
    return None


def digest(chain: str, seal: Seal, booked: Iterable[Booked]) -> bytes:
    """Return the hash that a seal must have over these transactions."""
    hashed = hashlib.sha256(seal.previous_hash)
    _feed(hashed, [VERSION, chain, str(seal.position), str(seal.transactions)])
    for each in booked:
        _feed(hashed, each.texts())
    return hashed.digest()


def _feed(hashed: "hashlib._Hash", texts: Iterable[str]) -> None:
    for text in texts:
        content = text.encode()
        hashed.update(b"%d:%b," % (len(content), content))
