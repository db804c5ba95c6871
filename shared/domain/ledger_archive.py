"""A ledger as it lies in write-once storage: numbered archives, each of a stretch of its seals.

An archive is JSON lines, compressed. The first says which it is: chain, number, the seal behind
which it begins, the balances there, and the SHA-256 of the archive before. Then come transactions
in the order of their ids, and behind those of each seal the seal itself. The last has the balances
at the end. So whoever has the archives alone can compute every seal and every balance anew.

Where a ledger no longer holds the seal that was archived last, since it was put back or emptied, a
new generation begins: that ledger is archived again from its first transaction, under the next
number. What was archived before stays where it is.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.domain.ledger_seal import UNSEALED, Booked, Seal, fault

VERSION: Final = "ledger.archive.v1"
CONTENT_TYPE: Final = "application/gzip"
NOTHING_BEFORE: Final = "0" * 64
MOST_TRANSACTIONS: Final = 20_000
"""Of one archive, beside its first seal: a few MB at most, built within seconds."""

_HASH_LETTERS: Final = 16
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class ArchiveFaultError(ValueError):
    """A ledger is not what was sealed, or an archive not what it says."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive: planned first, so that whoever comes after a crash makes the same bytes.

    It holds the seals behind `after` up to position `until`. `opening` are the balances behind
    `after` by ledger account, debit positive, in whole XAF. `sha256` is that of its lines, which
    the next one repeats; None until it is stored.
    """

    account: str
    livemode: bool
    number: int
    generation: int
    after: Seal
    until: int
    opening: Mapping[str, int]
    previous: str
    created_at: datetime
    sha256: str | None = None
    head: Seal | None = None
    closing: Mapping[str, int] = field(default_factory=dict)

    @property
    def object_key(self) -> str:
        """Where it lies."""
        mode = "live" if self.livemode else "test"
        return f"ledger/{self.account}/{mode}/{self.number:08}.jsonl.gz"

    def key_beside(self, sha256: str) -> str:
        """Return where an archive of these lines lies if its own place is taken."""
        return self.object_key.replace(".", f"-{sha256[:_HASH_LETTERS]}.", 1)


@dataclass(slots=True)
class Reckoning:
    """Where a walk along seals and transactions stands: the newest seal, and the balances there."""

    chain: str
    head: Seal
    balances: Counter[str]
    transactions: int = 0

    def take(self, seal: Seal, booked: Sequence[Booked]) -> None:
        """Go on by one seal. Raises ArchiveFaultError where it does not hold."""
        wrong = fault(self.chain, self.head, seal, booked)
        if wrong is not None:
            raise ArchiveFaultError(f"seal {seal.position} {wrong}")
        for each in booked:
            total = 0
            for _, code, amount in each.postings:
                self.balances[code] += amount
                total += amount
            if total:
                raise ArchiveFaultError(f"{each.id} does not sum to nothing")
        self.head = seal
        self.transactions += len(booked)

    def standing(self) -> dict[str, int]:
        """Return the balances of accounts that were ever posted to, in their order."""
        return dict(sorted(self.balances.items()))


def following(
    newest: Archive | None, *, holds: bool, at: datetime, tenant: tuple[str, bool]
) -> Archive:
    """Return the archive that comes next, up to nowhere yet.

    `holds` says whether the ledger still has the seal that was archived last.
    """
    account, livemode = tenant
    if newest is None or newest.head is None or newest.sha256 is None or not holds:
        number, generation, previous = 1, 1, NOTHING_BEFORE
        if newest is not None:
            number, generation = newest.number + 1, newest.generation + 1
            previous = newest.sha256 or NOTHING_BEFORE
        return Archive(
            account, livemode, number, generation, UNSEALED, 0, {}, previous, created_at=at
        )
    return Archive(
        account,
        livemode,
        newest.number + 1,
        newest.generation,
        newest.head,
        newest.head.position,
        newest.closing,
        newest.sha256,
        created_at=at,
    )


def enough(seals: Iterable[Seal]) -> Seal | None:
    """Return the last of the seals that one archive takes: at least one, if there is any."""
    last, count = None, 0
    for seal in seals:
        count += seal.transactions
        if last is not None and count > MOST_TRANSACTIONS:
            break
        last = seal
    return last


def written(
    archive: Archive, reckoning: Reckoning, stretches: Iterable[tuple[Seal, Sequence[Booked]]]
) -> Iterator[bytes]:
    """Yield the lines of an archive. Raises ArchiveFaultError where the ledger is not as sealed."""
    yield _line(
        {
            "format": VERSION,
            "chain": reckoning.chain,
            "number": archive.number,
            "generation": archive.generation,
            "previous": archive.previous,
            "after": _seal(archive.after),
            "balances": dict(archive.opening),
        }
    )
    for seal, booked in stretches:
        reckoning.take(seal, booked)
        for each in booked:
            yield _line(_transaction(each))
        yield _line({"seal": _seal(seal)})
    if reckoning.head.position != archive.until:
        raise ArchiveFaultError(f"seal {reckoning.head.position + 1} is missing")
    yield _line({"transactions": reckoning.transactions, "balances": reckoning.standing()})


@dataclass(slots=True)
class Shelf:
    """What is known of a chain of archives while they are read in the order of their numbers."""

    chain: str
    number: int = 0
    generation: int = 0
    sha256: str = NOTHING_BEFORE
    reckoning: Reckoning | None = None

    def read(self, lines: Iterable[bytes]) -> Iterator[tuple[Seal, Sequence[Booked]]]:
        """Read the next archive, seal by seal. Raises ArchiveFaultError where it is not right."""
        hashed = hashlib.sha256()
        reckoning: Reckoning | None = None
        booked: list[Booked] = []
        end: Mapping[str, Any] | None = None
        for line in lines:
            hashed.update(line)
            said = _read(line)
            if end is not None:
                raise ArchiveFaultError("does not end where it says")
            if reckoning is None:
                reckoning = self._begin(said)
            elif "seal" in said:
                seal = _seal_from(said["seal"])
                reckoning.take(seal, booked)
                yield seal, booked
                booked = []
            elif "id" in said:
                booked.append(_transaction_from(said))
            else:
                end = said
        if reckoning is None or end is None or booked:
            raise ArchiveFaultError("is cut off")
        told = {"transactions": reckoning.transactions, "balances": reckoning.standing()}
        if end != told:
            raise ArchiveFaultError(f"ends with {end}, its transactions come to {told}")
        self.number += 1
        self.sha256, self.reckoning = hashed.hexdigest(), reckoning

    def _begin(self, said: Mapping[str, Any]) -> Reckoning:
        before = self.reckoning
        if said.get("format") != VERSION:
            raise ArchiveFaultError("is of another format")
        expected = {"chain": self.chain, "number": self.number + 1, "previous": self.sha256}
        for name, value in expected.items():
            if said[name] != value:
                raise ArchiveFaultError(f"has {name} {said[name]}, not {value}")
        if said["generation"] == self.generation and before is not None:
            head, balances = before.head, before.standing()
        elif said["generation"] == self.generation + 1:
            head, balances = UNSEALED, {}
        else:
            raise ArchiveFaultError(f"is of generation {said['generation']}")
        if _seal_from(said["after"]) != head or said["balances"] != balances:
            raise ArchiveFaultError("does not begin where the one before ended")
        self.generation = said["generation"]
        return Reckoning(self.chain, head, Counter(balances))


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _read(line: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        raise ArchiveFaultError("is no JSON") from None
    if not isinstance(said, dict):
        raise ArchiveFaultError("has a line that is no object")
    return said


def _seal(seal: Seal) -> dict[str, Any]:
    return {
        "position": seal.position,
        "until": seal.until_id,
        "transactions": seal.transactions,
        "previous": seal.previous_hash.hex(),
        "hash": seal.hash.hex(),
    }


def _seal_from(said: Mapping[str, Any]) -> Seal:
    return Seal(
        said["position"],
        said["until"],
        said["transactions"],
        bytes.fromhex(said["previous"]),
        bytes.fromhex(said["hash"]),
    )


def _transaction(booked: Booked) -> dict[str, Any]:
    return {
        "id": booked.id,
        "kind": booked.kind,
        "object": booked.object_id,
        "at": (booked.created_at - _EPOCH) // _MICROSECOND,
        "postings": [list(posting) for posting in booked.postings],
    }


def _transaction_from(said: Mapping[str, Any]) -> Booked:
    postings = tuple((position, code, amount) for position, code, amount in said["postings"])
    at = _EPOCH + said["at"] * _MICROSECOND
    return Booked(said["id"], said["kind"], said["object"], at, postings)
