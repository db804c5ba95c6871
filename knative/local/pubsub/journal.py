"""The disk of the server: an append-only journal with group commit, and snapshots that shorten it.

Files in the data directory, `N` a growing generation:

    journal-N    records appended since snapshot-N; the newest one ends in zeros, not yet written
    snapshot-N   everything alive when journal-N was begun; written beside, then renamed
    format       which form the records have, so that an older program never misreads newer ones

A snapshot ends with a `LastMessageId` (those of earlier programs begin with it): one without it
was cut short.

A record on disk is its length and CRC-32 (little-endian, 4 bytes each) and its bytes. Replay takes
the newest snapshot and every journal from its generation on. A torn record at the very end belongs
to a write nobody was told of, and is cut off; anywhere else it is damage and refuses to start.

The zeros are there so that a write does not change the file's size, which fdatasync would have to
store beside the data. They are a hole: they take no space.
"""

import asyncio
import contextlib
import os
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from knative.local.pubsub.records import RECORD_START, LastMessageId, Record, decode, encode

LAZY_WRITE_SECONDS = 0.01
QUICK_SYNC_SECONDS = 0.002
AHEAD_BYTES = 1024 * 1024
FORMAT = 2  # 1 had no file of its own and knew no seek, snapshots, policies and schemas
_HEAD = struct.Struct("<II")


class DamagedJournalError(Exception):
    """What the directory holds cannot be read as a whole; nothing in it was changed."""


def frame(data: bytes) -> bytes:
    """Put length and checksum before a record."""
    return _HEAD.pack(len(data), zlib.crc32(data)) + data


class Journal:
    """Appends records in order; `commit` answers once they lie on the disk.

    Everything runs on the event loop, but fdatasync as a rule in a thread; who commits meanwhile
    shares the next one. One alone, on a disk that was quick just now, is synced on the loop: to a
    thread and back takes as long as the disk. So a slow disk holds the loop up once, not again.

    A write that fails ends the process: after a failed fsync nothing is known about the file, and
    replay at the next start is the only truth.
    """

    def __init__(self, directory: Path, *, sync: Callable[[int], object] = os.fdatasync) -> None:
        self._directory = directory
        self._sync = sync
        self._generation = 0
        self._buffer: list[bytes] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._syncing: asyncio.Task[None] | None = None
        self._is_quick = False
        self._lazy_scheduled = False
        self._file = -1
        self._end = 0  # of what is written
        self._file_bytes = 0  # the end with the zeros behind it
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "journal")
        self.size = 0

    def replay(self) -> Iterator[Record]:
        """Yield all records of the last life, oldest first; then the journal is open for appends.

        Raises DamagedJournalError.
        """
        self._check_format()
        snapshots = _generations(self._directory, "snapshot")
        first = max(snapshots, default=0)
        journals = sorted(n for n in _generations(self._directory, "journal") if n >= first)
        for generation in range(first, max(journals, default=first) + 1):
            if generation not in journals and (journals or snapshots):
                raise DamagedJournalError(f"{self._path('journal', generation)} is missing")
        if snapshots:
            yield from self._read_snapshot(self._path("snapshot", first))
        for generation in journals:
            path = self._path("journal", generation)
            yield from self._read(path, is_last=generation == journals[-1])
            self.size += path.stat().st_size
        self._generation = max(journals, default=first)
        self._remove_before(first)
        for unfinished in self._directory.glob("*.writing"):
            unfinished.unlink()
        self._write_format()
        self._open()

    def append(self, record: Record) -> None:
        """Add a record that may be lost in a crash; it reaches the file within 10 ms."""
        self._add(record)
        if not self._lazy_scheduled:
            self._lazy_scheduled = True
            self._loop.call_later(LAZY_WRITE_SECONDS, self._write_lazily)

    def commit(self, records: Iterable[Record]) -> asyncio.Future[None]:
        """Add records; the future is done once they and all before them survive a power cut."""
        future: asyncio.Future[None] = self._loop.create_future()
        for record in records:
            self._add(record)
        self._waiters.append(future)
        if self._syncing is None or self._syncing.done():
            # From the loop's next round on: who commits in this one shares the sync.
            self._syncing = self._loop.create_task(self._sync_gathered())
        return future

    def rotate(self) -> None:
        """Begin a new generation; the caller gives its snapshot to `write_snapshot` next."""
        self._finish_file()
        self._generation += 1
        with _ending_on_failure():
            self._open()
        self.size = 0

    async def write_snapshot(self, alive: list[Record]) -> None:
        """Store what was alive at `rotate`, and delete the older generations.

        A failure is reported and changes nothing: the older generations stay.
        """
        generation = self._generation
        try:
            await asyncio.to_thread(self._write_snapshot, generation, alive)
            self._remove_before(generation)
        except OSError as error:
            sys.stderr.write(f"pubsub: no snapshot could be written: {error}\n")

    def close(self) -> None:
        """Write and fsync what is left, and stop the thread; what comes later is not kept."""
        self._thread.shutdown()
        self._finish_file()
        _resolve(self._waiters)

    def _add(self, record: Record) -> None:
        framed = frame(encode(record))
        self.size += len(framed)
        self._buffer.append(framed)

    def _write_lazily(self) -> None:
        self._lazy_scheduled = False
        if self._file >= 0:
            self._write_gathered()

    def _write_gathered(self) -> None:
        data = b"".join(self._buffer)
        self._buffer.clear()
        self._end += len(data)
        with _ending_on_failure():
            if self._end > self._file_bytes:
                self._file_bytes = self._end + AHEAD_BYTES
                os.ftruncate(self._file, self._file_bytes)
            _write(self._file, data)

    async def _sync_gathered(self) -> None:
        while self._waiters and self._file >= 0:
            waiters, self._waiters = self._waiters, []
            self._write_gathered()
            if self._is_quick and len(waiters) == 1:
                seconds = self._timed_sync(self._file)
            else:
                file = os.dup(self._file)  # the journal may rotate meanwhile
                seconds = await self._loop.run_in_executor(self._thread, self._timed_sync, file)
                os.close(file)
            self._is_quick = seconds < QUICK_SYNC_SECONDS
            _resolve(waiters)

    def _timed_sync(self, file: int) -> float:
        """Sync; answer the seconds that it took."""
        began = time.monotonic()
        with _ending_on_failure():
            self._sync(file)
        return time.monotonic() - began

    def _finish_file(self) -> None:
        self._write_gathered()
        with _ending_on_failure():
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        os.close(self._file)
        self._file = -1

    def _write_snapshot(self, generation: int, alive: list[Record]) -> None:
        path = self._path("snapshot", generation)
        temporary = path.with_suffix(".writing")
        with temporary.open("wb") as file:
            for record in alive:
                file.write(frame(encode(record)))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        _sync_directory(self._directory)

    def _read_snapshot(self, path: Path) -> Iterator[Record]:
        first = last = None
        for last in self._read(path, is_last=False):
            first = first or last
            yield last
        if not any(isinstance(record, LastMessageId) for record in (first, last)):
            raise DamagedJournalError(f"{path} is cut short")

    def _read(self, path: Path, *, is_last: bool) -> Iterator[Record]:
        data = path.read_bytes()
        at = 0
        while at < len(data):
            body = _framed(data, at)
            if body is None:
                if not is_last or _has_record_after(data, at):
                    raise DamagedJournalError(f"{path} is damaged at byte {at}")
                if data.count(0, at) < len(data) - at:
                    sys.stderr.write(f"pubsub: {len(data) - at} torn bytes cut off {path.name}\n")
                os.truncate(path, at)
                return
            try:
                yield decode(body)
            except msgspec.DecodeError as error:
                raise DamagedJournalError(f"{path} holds an unknown record at byte {at}") from error
            at += _HEAD.size + len(body)

    def _check_format(self) -> None:
        path = self._directory / "format"
        found = path.read_text(errors="replace").strip() if path.exists() else "1"
        if not found.isdecimal():
            raise DamagedJournalError(f"{path} holds no number")
        if int(found) > FORMAT:
            raise DamagedJournalError(
                f"{self._directory} was written by a newer version (format {found}, "
                f"this one reads up to {FORMAT})"
            )

    def _write_format(self) -> None:
        temporary = self._directory / "format.writing"
        temporary.write_text(f"{FORMAT}\n")
        temporary.rename(self._directory / "format")

    def _open(self) -> None:
        path = self._path("journal", self._generation)
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
        self._end = self._file_bytes = os.lseek(self._file, 0, os.SEEK_END)
        _sync_directory(self._directory)

    def _remove_before(self, generation: int) -> None:
        for kind in ("journal", "snapshot"):
            for old in _generations(self._directory, kind):
                if old < generation:
                    self._path(kind, old).unlink()

    def _path(self, kind: str, generation: int) -> Path:
        return self._directory / f"{kind}-{generation}"


def _generations(directory: Path, kind: str) -> list[int]:
    names = [path.name.removeprefix(f"{kind}-") for path in directory.glob(f"{kind}-*")]
    return [int(name) for name in names if name.isdecimal()]


def _framed(data: bytes, at: int) -> bytes | None:
    """The record that begins there, None where there is no whole one."""
    if at + _HEAD.size > len(data):
        return None
    length, checksum = _HEAD.unpack_from(data, at)
    body = data[at + _HEAD.size : at + _HEAD.size + length]
    return body if length and len(body) == length and zlib.crc32(body) == checksum else None


def _has_record_after(data: bytes, at: int) -> bool:
    """Whether whole records follow: then the end was not torn, but something before it damaged."""
    return any(
        _framed(data, found.start() - _HEAD.size) is not None
        for found in RECORD_START.finditer(data, at + _HEAD.size + 1)
    )


@contextlib.contextmanager
def _ending_on_failure() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        sys.stderr.write(f"pubsub: the journal cannot be written ({error}); stopping\n")
        sys.stderr.flush()
        os._exit(1)


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _resolve(waiters: list[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


def _sync_directory(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
