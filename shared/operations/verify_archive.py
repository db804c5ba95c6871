"""Restores a ledger from its archives in memory, and compares it with what the database has."""

import gzip
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Protocol

from shared.domain.ledger_archive import Archive, ArchiveFaultError, Shelf
from shared.domain.ledger_seal import UNSEALED, Booked, Seal
from shared.operations.ports import ObjectMissingError, StoredObject
from shared.operations.verify_ledger import SealStore


class Shelves(Protocol):
    """Where archives lie, and the rows that say so."""

    def archives(self, chain: str) -> Iterator[tuple[Archive, StoredObject | None]]:
        """Yield the archives of a chain by number; None where one is planned and not stored."""

    def content(self, stored: StoredObject) -> bytes:
        """Return the bytes of exactly this version. Raises ObjectMissingError, StoreDownError."""


@dataclass(slots=True)
class Restored:
    """What a chain of archives holds, and each thing that is not as it should be.

    `generation` is the newest one, which began behind archive `begun`; `waiting` counts archives
    that are planned and not stored yet.
    """

    shelf: Shelf
    begun: int = 0
    waiting: int = 0
    faults: list[str] = field(default_factory=list)


def verify_archive(
    chain: str, shelves: Shelves, ledger: SealStore, kept: Mapping[int, bytes]
) -> Restored:
    """Restore a chain from its first archive to its newest; return how it stands.

    The newest generation is compared with the ledger in the database, transaction by transaction,
    and the balances at its end are computed from both. `kept` are hashes of archives that were kept
    outside, by number. Memory holds one archive, packed, and what one seal holds.
    """
    found = Restored(Shelf(chain))
    newest = _newest_generation(chain, shelves)
    for archive, stored in shelves.archives(chain):
        shelf = found.shelf
        if stored is None:
            found.waiting += 1
            continue
        if archive.generation != shelf.generation:
            found.begun = archive.number - 1
        is_compared = archive.generation == newest and not found.faults
        try:
            for before, seal, booked in _seals(shelf, archive, shelves, stored):
                if is_compared:
                    difference = _difference(before, seal, booked, chain, ledger)
                    if difference is not None:
                        found.faults.append(difference)
                        is_compared = False
        except ArchiveFaultError as error:
            found.faults.append(f"archive {archive.number} {error}")
            return found
        wrong = _against(archive, shelf, kept)
        if wrong is not None:
            found.faults.append(wrong)
            return found
    lost = [number for number in kept if number > found.shelf.number]
    if lost:
        found.faults.append(f"archive {min(lost)} is missing")
    return found


def _newest_generation(chain: str, shelves: Shelves) -> int:
    return max((archive.generation for archive, _ in shelves.archives(chain)), default=0)


def _seals(
    shelf: Shelf, archive: Archive, shelves: Shelves, stored: StoredObject
) -> Iterator[tuple[Seal, Seal, Sequence[Booked]]]:
    """Yield each seal of an archive with the one before it.

    Raises ArchiveFaultError, StoreDownError.
    """
    try:
        content = shelves.content(stored)
    except ObjectMissingError:
        raise ArchiveFaultError("is not in the store") from None
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise ArchiveFaultError("is not what was stored")
    before = archive.after
    try:
        for seal, booked in shelf.read(gzip.GzipFile(fileobj=BytesIO(content))):
            yield before, seal, booked
            before = seal
    except (OSError, EOFError, KeyError, TypeError) as error:
        raise ArchiveFaultError(f"cannot be read: {type(error).__name__}") from None


def _difference(
    before: Seal, seal: Seal, booked: Sequence[Booked], chain: str, ledger: SealStore
) -> str | None:
    """Say what of a seal's stretch the database has otherwise than it was archived, or None."""
    standing = {
        each.id: each for each in ledger.booked(chain, after=before.until_id, until=seal.until_id)
    }
    archived = {each.id: each for each in booked}
    for name in sorted(standing.keys() | archived.keys()):
        if name not in standing:
            return f"{name} was archived and is missing in the ledger"
        if name not in archived:
            return f"{name} stands in the ledger and was not there when it was archived"
        if standing[name].texts() != archived[name].texts():
            return f"{name} is not what was archived"
    return None


def _against(archive: Archive, shelf: Shelf, kept: Mapping[int, bytes]) -> str | None:
    """Say what of an archive its row, or what was kept outside, has otherwise, or None."""
    reckoning = shelf.reckoning
    if reckoning is None or reckoning.head != archive.head:
        return f"archive {archive.number} ends with another seal than its row"
    if reckoning.standing() != dict(archive.closing) or shelf.sha256 != archive.sha256:
        return f"archive {archive.number} is not what its row says"
    if kept.get(archive.number, bytes.fromhex(shelf.sha256)) != bytes.fromhex(shelf.sha256):
        return f"archive {archive.number} is not what was kept outside"
    return None


def head_of(found: Restored) -> Seal:
    """Return the seal where a chain of archives ends."""
    reckoning = found.shelf.reckoning
    return UNSEALED if reckoning is None else reckoning.head
