"""Puts what was sealed of every ledger into write-once storage, archive by archive.

An archive is planned in the database before it is built: who comes after a crash, or beside another
run, builds the same bytes for the same place. Each is a slice of seconds; memory holds one, packed.
"""

import gzip
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from io import BytesIO
from typing import Final, Protocol

from shared.domain import ledger_archive as archives
from shared.domain.account import Tenant
from shared.domain.ledger_archive import Archive, ArchiveFaultError, Reckoning
from shared.domain.ledger_seal import Booked, Seal
from shared.domain.receipt import retain_until
from shared.domain.test_clock import TestClock
from shared.operations.ports import (
    LockedStore,
    Reached,
    StoredDifferentlyError,
    StoredObject,
)
from shared.operations.release_holds import MOST_SEALED, sealed_below

LEVEL: Final = 6
"""Of compression: what more would save is not worth the seconds."""


class ArchiveStore(Protocol):
    """The ledgers of all tenants and their archives; each call is one transaction."""

    def tenants(self) -> Sequence[Tenant]:
        """Return each account in each of its modes."""

    def seal(self, tenant: Tenant, *, below: str, most: int, at: datetime) -> int:
        """Seal up to so many transactions below an id, if some time has passed; return how many."""

    def newest(self, tenant: Tenant) -> Archive | None:
        """Return the archive with the highest number, stored or planned."""

    def seal_at(self, tenant: Tenant, position: int) -> Seal | None:
        """Return the seal at a position of the ledger, or None."""

    def seals(self, tenant: Tenant, *, after: int, limit: int) -> Sequence[Seal]:
        """Return the seals behind a position, in their order."""

    def booked(self, tenant: Tenant, *, after: str, until: str) -> Sequence[Booked]:
        """Return the transactions behind one id up to another, in the order of ids."""

    def plan(self, archive: Archive) -> bool:
        """Keep what is to be archived; False where another run was first."""

    def mark_stored(self, archive: Archive, stored: StoredObject, *, at: datetime) -> bool:
        """Keep where an archive lies, and how it ends; False when that was done before."""


@dataclass(frozen=True, slots=True)
class Archiving:
    """What archiving needs beside its store. `tell` logs a word, whose it is and why.

    `has_time` says whether another slice may begin.
    """

    locked: LockedStore
    retention_days: int
    now: Callable[[], datetime]
    clock_of: Callable[[Tenant], TestClock]
    has_time: Callable[[], bool]
    tell: Callable[[str, Tenant, str], None]
    reached: Reached


_SEALS_AT_ONCE: Final = 100


def archive_ledger(store: ArchiveStore, how: Archiving) -> int:
    """Archive what is sealed of every ledger while there is time; return how many archives.

    A ledger that is not what was sealed is told of and left as it is; it hinders no other. Raises
    StoreDownError: what was planned is stored by the next run.
    """
    count = 0
    for tenant in store.tenants():
        try:
            while how.has_time() and _archive_next(tenant, store, how):
                count += 1
        except (ArchiveFaultError, StoredDifferentlyError) as error:
            how.tell("ledger_not_archived", tenant, str(error))
    return count


def _archive_next(tenant: Tenant, store: ArchiveStore, how: Archiving) -> bool:
    """Store one archive; False where nothing is sealed that is not archived."""
    newest = store.newest(tenant)
    if newest is not None and newest.sha256 is None:
        return _store(tenant, newest, store, how)
    at = how.now()
    clock = how.clock_of(tenant)
    below, time = sealed_below(clock, at), clock.time(at)
    while below is not None and store.seal(tenant, below=below, most=MOST_SEALED, at=time):
        if not how.has_time():
            return False
    holds = _holds(tenant, newest, store)
    archive = archives.following(
        newest, holds=holds, at=at, tenant=(tenant.account, tenant.livemode)
    )
    last = archives.enough(store.seals(tenant, after=archive.after.position, limit=_SEALS_AT_ONCE))
    if last is None:
        return False
    if newest is not None and not holds:
        how.tell("ledger_archived_anew", tenant, f"from archive {archive.number} on")
    archive = replace(archive, until=last.position)
    how.reached("archive_ledger.before_plan")
    if not store.plan(archive):
        return True
    how.reached("archive_ledger.after_plan")
    return _store(tenant, archive, store, how)


def _holds(tenant: Tenant, newest: Archive | None, store: ArchiveStore) -> bool:
    """Tell whether the ledger has the seal that was archived last, as it was then."""
    if newest is None or newest.head is None:
        return True
    return store.seal_at(tenant, newest.head.position) == newest.head


def _store(tenant: Tenant, archive: Archive, store: ArchiveStore, how: Archiving) -> bool:
    reckoning = Reckoning(tenant.schema, archive.after, Counter(archive.opening))
    hashed, packed = hashlib.sha256(), BytesIO()
    # Neither time nor name in it: the same ledger is the same bytes.
    with gzip.GzipFile("", "wb", LEVEL, packed, mtime=0) as file:
        for line in archives.written(archive, reckoning, _stretches(tenant, archive, store)):
            hashed.update(line)
            file.write(line)
    how.reached("archive_ledger.before_put")
    at = how.now()
    sha256 = hashed.hexdigest()
    stored = _put(archive, packed.getvalue(), sha256, at=at, how=how)
    if stored.key != archive.object_key:
        how.tell("ledger_archived_beside", tenant, stored.key)
    how.reached("archive_ledger.after_put")
    whole = replace(
        archive,
        sha256=sha256,
        head=reckoning.head,
        closing=reckoning.standing(),
    )
    store.mark_stored(whole, stored, at=at)
    how.reached("archive_ledger.after_commit")
    return True


def _put(
    archive: Archive, body: bytes, sha256: str, *, at: datetime, how: Archiving
) -> StoredObject:
    """Lock it in its place, or beside what lies there that this database does not know.

    A server that was put back has forgotten archives which nobody can remove.
    """
    kept = retain_until(
        archive.created_at, livemode=archive.livemode, now=at, retention_days=how.retention_days
    )
    put = partial(how.locked.put, body=body, content_type=archives.CONTENT_TYPE, retain_until=kept)
    try:
        return put(archive.object_key)
    except StoredDifferentlyError:
        return put(archive.key_beside(sha256))


def _stretches(
    tenant: Tenant, archive: Archive, store: ArchiveStore
) -> Iterator[tuple[Seal, Sequence[Booked]]]:
    before = archive.after
    while before.position < archive.until:
        left = min(_SEALS_AT_ONCE, archive.until - before.position)
        seals = store.seals(tenant, after=before.position, limit=left)
        if not seals:
            return
        for seal in seals:
            yield seal, store.booked(tenant, after=before.until_id, until=seal.until_id)
            before = seal
