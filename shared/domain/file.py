"""A file that a merchant hands in: what it may be, what became of it, and where its bytes lie.

It is quarantined until it was looked through; then it is kept where nobody can change it, or it is
refused and its bytes are gone.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

PREFIX: Final = "file"
LARGEST_BYTES: Final = 10_000_000
LARGEST_UPLOAD_BYTES: Final = LARGEST_BYTES + 64 * 1024
"""A file and what carries it, in bytes."""
LONGEST_NAME: Final = 120
MOST_A_DAY: Final = 200
"""Files that an account hands in within a day in one mode; uploads of one moment may go over it."""
LINK_LASTS: Final = timedelta(minutes=5)
"""How long an address to download from opens anything."""


class Purpose(StrEnum):
    """What a file is for."""

    BUSINESS_DOCUMENT = "business_document"
    BUSINESS_LOGO = "business_logo"
    DISPUTE_EVIDENCE = "dispute_evidence"
    IDENTITY_DOCUMENT = "identity_document"


class FileType(StrEnum):
    """What a file can be; the word is also its usual extension."""

    PDF = "pdf"
    PNG = "png"
    JPG = "jpg"

    @property
    def media_type(self) -> str:
        """What it is served as."""
        return _MEDIA_TYPES[self]

    @property
    def extensions(self) -> frozenset[str]:
        """How the name of such a file may end, in lower case."""
        return frozenset({"jpg", "jpeg"}) if self is FileType.JPG else frozenset({self.value})


_MEDIA_TYPES: Final = {
    FileType.PDF: "application/pdf",
    FileType.PNG: "image/png",
    FileType.JPG: "image/jpeg",
}


class FileStatus(StrEnum):
    """What became of a file."""

    QUARANTINED = "quarantined"
    AVAILABLE = "available"
    REFUSED = "refused"


FINAL: Final = frozenset({FileStatus.AVAILABLE, FileStatus.REFUSED})


class Fault(StrEnum):
    """Why a file was refused after it had been taken."""

    MALWARE = "malware"
    ACTIVE_CONTENT = "active_content"
    ATTACHMENT = "attachment"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as its row has it; `size` in bytes, `sha256` in hex, times in UTC.

    `made_by` is the key or person who handed it in. `object_key` and `version_id` say where it is
    kept, once it is available; until `retain_until` nobody can delete it there.
    """

    id: str
    account: str
    livemode: bool
    purpose: Purpose
    file_name: str
    type: FileType
    size: int
    sha256: str
    made_by: str
    created_at: datetime
    retain_until: datetime
    status: FileStatus = FileStatus.QUARANTINED
    fault: Fault | None = None
    object_key: str | None = None
    version_id: str | None = None

    @property
    def quarantine_key(self) -> str:
        """Where its bytes lie until they were looked through."""
        return quarantine_key(self.id, account=self.account, livemode=self.livemode)

    @property
    def kept_key(self) -> str:
        """Where they are kept from then on."""
        mode = "live" if self.livemode else "test"
        return f"files/{self.account}/{mode}/{self.id}.{self.type.value}"

    def kept(self, *, object_key: str, version_id: str) -> "StoredFile":
        """Return it as it is once its bytes are kept."""
        return replace(
            self, status=FileStatus.AVAILABLE, object_key=object_key, version_id=version_id
        )

    def refused(self, fault: Fault) -> "StoredFile":
        """Return it as it is once it was found to be what nobody may open."""
        return replace(self, status=FileStatus.REFUSED, fault=fault)


def quarantine_key(file_id: str, *, account: str, livemode: bool) -> str:
    """Return where the bytes of a file lie until they were looked through."""
    return f"files/{account}/{'live' if livemode else 'test'}/{file_id}"


_SEPARATORS: Final = re.compile(r"[/\\]")
_UNSAFE: Final = re.compile(r'["*:<>?|\x00-\x1f\x7f]')
_EXTENSION: Final = re.compile(r"\.([0-9A-Za-z]{1,8})$")


def extension_of(name: str) -> str | None:
    """Return how a name ends, in lower case and without its dot; None where it has no end."""
    found = _EXTENSION.search(name.rstrip(" ."))
    return found[1].lower() if found else None


def clean_name(name: str, type_: FileType) -> str:
    """Return a name that is safe to show and to save under, ending as its type does.

    Folders are cut off. What cannot stand in a name, controls and marks that turn the writing
    direction among them, becomes `_` or vanishes; nothing is left that hides a file or its end.
    """
    last = _SEPARATORS.split(unicodedata.normalize("NFC", name))[-1]
    shown = "".join(_as_shown(letter) for letter in _UNSAFE.sub("_", last))
    stem = " ".join(shown.split()).strip(" .")
    if extension_of(stem) in type_.extensions:
        stem, _, end = stem.rpartition(".")
    else:
        end = type_.value
    stem = stem[: LONGEST_NAME - len(end) - 1].strip(" .") or "file"
    return f"{stem}.{end}"


def _as_shown(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in {"Cc", "Cf", "Cs", "Co", "Cn"}:
        return ""
    return " " if category.startswith("Z") else letter
