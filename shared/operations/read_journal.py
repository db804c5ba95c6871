"""Reads the journal of money out into a database that was put back to an earlier time.

What the journal knows as kept and the database as unsent counts as sent: it is read, and neither
sent nor taken back. What the database does not know at all is written down for the tenant's own
reader, who asks the operator and makes the row. No operator is called here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Final, Protocol

from shared.domain import intent as intents
from shared.domain.account import OPENING, Tenant
from shared.domain.intent import Intent
from shared.domain.phone import Operator

PREFIX: Final = "intents/"
BATCH: Final = 200
MARGIN: Final = timedelta(minutes=15)
"""How much earlier than the moment put back to an intent is still looked at: clocks differ, and one
that was kept may be sent a moment later."""


@dataclass(frozen=True, slots=True)
class KeptObject:
    """A place in write-once storage, and when something was written there."""

    key: str
    kept_at: datetime


class Journal(Protocol):
    """Write-once storage as one reads it that knows no version."""

    def list_kept(self, prefix: str, *, after: str = "") -> Iterable[KeptObject]:
        """Return what lies below a prefix, by name, from behind one on. Raises StoreDownError."""

    def find(self, key: str) -> bytes | None:
        """Return what lies there, None where nothing does. Raises StoreDownError."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An intent of the journal; `opened` is the reference that its operator made."""

    intent: Intent
    kept_at: datetime
    opened: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a database knows of an intent: by whom it is paid, and whether it looks unsent."""

    operator: Operator
    is_unsent: bool


@dataclass(frozen=True, slots=True)
class JournalReading:
    """One reading in: for which moment put back to, and behind which place it goes on."""

    id: int
    restored_to: datetime
    reached: str = ""


class JournalRows(Protocol):
    """What reading in needs of the database, as the owner of all schemas."""

    def tenants(self) -> Sequence[Tenant]:
        """Return all accounts and modes."""

    def standings(self, tenant: Tenant, ids: Sequence[str]) -> Mapping[str, Standing]:
        """Return what is known, by id; what is missing there is not known."""

    def operators(self, operator_accounts: Sequence[str]) -> Mapping[str, Operator]:
        """Return whose the operator accounts are that are known."""

    def unclaimed(self, tenant: Tenant, *, before: datetime) -> Sequence[Intent]:
        """Return the intents of what was made before a moment and is still to be sent."""

    def mark_sent(self, tenant: Tenant, kept: Sequence[Kept], *, now: datetime) -> int:
        """Have them count as sent, and read at once; return how many looked unsent until now."""

    def keep_lost(
        self, tenant: Tenant, lost: Sequence[tuple[Kept, Operator | None]], *, now: datetime
    ) -> int:
        """Write them down for their reader, or as cases where none can be; return the new ones."""

    def note_reached(self, reading: JournalReading, place: str) -> None:
        """Keep how far the journal was read."""

    def end(self, reading: JournalReading, *, now: datetime) -> bool:
        """Keep that all of it is read: from here on money goes out again.

        False where another was begun since, or the server put back again: nothing goes out then.
        """


@dataclass(slots=True)
class Counts:
    """What a reading in found; `unreadable` are places that hold no intent of ours.

    `has_opened` says whether money goes out again since its end.
    """

    listed: int = 0
    looked_at: int = 0
    counted_as_sent: int = 0
    lost: int = 0
    older: int = 0
    never_sent: int = 0
    unreadable: list[str] = field(default_factory=list)
    has_opened: bool = False


def read_journal(
    reading: JournalReading, *, journal: Journal, rows: JournalRows, now: Callable[[], datetime]
) -> Counts:
    """Read all of it and end the reading. Raises StoreDownError; what was done stays done."""
    counts = Counts()
    since = reading.restored_to - MARGIN
    places = _places(reading, journal, counts)
    while batch := list(islice(places, BATCH)):
        recent = [place for place in batch if place.kept_at >= since]
        for tenant, kept in _by_tenant(_intents(recent, journal, counts)):
            _sort(tenant, kept, reading, journal=journal, rows=rows, counts=counts, at=now())
        rows.note_reached(reading, batch[-1].key)
    for tenant in rows.tenants():
        intents_of = rows.unclaimed(tenant, before=reading.restored_to)
        kept = [each for intent in intents_of if (each := _kept_before(intent, journal, reading))]
        _sort(tenant, kept, reading, journal=journal, rows=rows, counts=counts, at=now())
    counts.has_opened = rows.end(reading, now=now())
    return counts


def _places(reading: JournalReading, journal: Journal, counts: Counts) -> Iterator[KeptObject]:
    for place in journal.list_kept(PREFIX, after=reading.reached):
        counts.listed += 1
        if not intents.is_opened(place.key):
            yield place


def _intents(places: Iterable[KeptObject], journal: Journal, counts: Counts) -> Iterator[Kept]:
    for place in places:
        counts.looked_at += 1
        try:
            intent = intents.read(place.key, journal.find(place.key) or b"")
        except ValueError:
            counts.unreadable.append(place.key)
        else:
            yield Kept(intent, place.kept_at)


def _by_tenant(kept: Iterable[Kept]) -> Iterator[tuple[Tenant, list[Kept]]]:
    """Places are listed by name, and begin with account and mode."""
    for tenant, group in groupby(kept, lambda k: Tenant(k.intent.account, k.intent.livemode)):
        yield tenant, list(group)


def _kept_before(intent: Intent, journal: Journal, reading: JournalReading) -> Kept | None:
    """Tell whether the journal has it: kept long ago, and perhaps sent since."""
    is_there = journal.find(intent.object_key) == intent.body
    return Kept(intent, reading.restored_to) if is_there else None


def _sort(
    tenant: Tenant,
    kept: Sequence[Kept],
    reading: JournalReading,
    *,
    journal: Journal,
    rows: JournalRows,
    counts: Counts,
    at: datetime,
) -> None:
    """Tell what was sent from what is lost, and write both down."""
    if not kept:
        return
    known = rows.standings(tenant, [each.intent.id for each in kept])
    missing = [each for each in kept if each.intent.id not in known]
    paying = rows.operators(sorted({each.intent.operator_account for each in missing}))
    sent, lost = list[Kept](), list[tuple[Kept, Operator | None]]()
    for each in kept:
        standing = known.get(each.intent.id)
        if standing is None and _was_deleted(each, reading):
            counts.older += 1
            continue
        if standing is not None and not standing.is_unsent:
            continue
        by = paying.get(each.intent.operator_account)
        operator = by if standing is None else standing.operator
        found = _opened(each, journal) if operator in OPENING else each
        if found is None:
            counts.never_sent += 1
        elif standing is None:
            lost.append((found, operator))
        else:
            sent.append(found)
    if sent:
        counts.counted_as_sent += rows.mark_sent(tenant, sent, now=at)
    if lost:
        counts.lost += rows.keep_lost(tenant, lost, now=at)


def _was_deleted(kept: Kept, reading: JournalReading) -> bool:
    """Tell whether a row is missing because test data was deleted: it would be there else."""
    return not kept.intent.livemode and kept.intent.created_at < reading.restored_to


def _opened(kept: Kept, journal: Journal) -> Kept | None:
    """Return it with its operator's reference; without one nothing of it was ever sent."""
    place, _ = intents.opened(kept.intent, None)
    found = journal.find(place)
    reference = None if found is None else intents.opened_reference(found)
    return None if reference is None else Kept(kept.intent, kept.kept_at, reference)
