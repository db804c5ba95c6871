"""What operations on files need from the world; each call of a store is one transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.events import Event, Message
from shared.domain.file import Purpose, StoredFile
from shared.operations.lists import Page, PageOf
from shared.operations.ports import IdempotencyUse, LockedStore, Reached, Replayed, Stored


class ScannerDownError(Exception):
    """No scanner answers, or not as it must; asking again later may work."""


class Scanner(Protocol):
    """Knows what must not be handed on."""

    def scan(self, content: bytes) -> str | None:
        """Return the name of what was found, None for nothing. Raises ScannerDownError."""


class Quarantine(Protocol):
    """Where bytes lie that nobody has looked through; whoever serves files cannot read it."""

    def put(self, key: str, body: bytes) -> None:
        """Store bytes, in the place of what may lie there. Raises StoreDownError."""

    def get(self, key: str) -> bytes:
        """Return what lies there. Raises ObjectMissingError, StoreDownError."""

    def delete(self, key: str) -> None:
        """Have nothing lie there. Raises StoreDownError."""


class FileReads(Protocol):
    """What one tenant may read of its files."""

    def find_file(self, file_id: str) -> StoredFile | None:
        """Return the file, or None."""

    def list_files(self, page: Page, *, purpose: Purpose | None) -> PageOf[StoredFile]:
        """Return a page of files, newest first; of any purpose without one."""


class FileTaking(Protocol):
    """Where a tenant's files are added."""

    def look(self, use: IdempotencyUse | None, *, since: datetime) -> tuple[Replayed | None, int]:
        """Return what a key was answered before, and how many files came since. Raises KeyReused.

        Files are counted by their ids, whose time is in milliseconds.
        """

    def add(
        self, file: StoredFile, message: Message, *, use: IdempotencyUse | None, response: str
    ) -> Stored | Replayed:
        """Store its row and the message that has it looked through.

        Raises InProgress, KeyReused.
        """


class FileDeciding(Protocol):
    """Where it is decided what becomes of a file."""

    def find_file(self, file_id: str) -> StoredFile | None:
        """Return the file, or None."""

    def decide(
        self, file: StoredFile, event: Event, *, at: datetime, traceparent: str | None
    ) -> bool:
        """Keep what became of a quarantined file and tell the merchant; False if that was done."""


@dataclass(frozen=True, slots=True)
class Taking:
    """What taking a file needs beside its store; `base_url` is where answers lead."""

    store: FileTaking
    quarantine: Quarantine
    retention_days: int
    base_url: str
    now: datetime
    traceparent: str | None
    reached: Reached


@dataclass(frozen=True, slots=True)
class Scanning:
    """What looking through a file needs beside its store."""

    quarantine: Quarantine
    locked: LockedStore
    scanner: Scanner
    retention_days: int
    base_url: str
    now: Callable[[], datetime]
    reached: Reached
