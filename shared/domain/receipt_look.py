"""What a merchant's receipts carry beside the payment: a line of its own, and its logo.

What a receipt was first printed with is kept with it: it is the same whenever it is printed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from shared.domain.file import FileStatus, FileType, Purpose, StoredFile

LONGEST_FOOTER: Final = 200
LARGEST_LOGO_BYTES: Final = 512_000
LARGEST_LOGO_SIDE: Final = 1_000
"""Pixels. A paper has no room for more, and each receipt is kept for years with all of them."""
LOGO_TYPES: Final = (FileType.PNG, FileType.JPG)


@dataclass(frozen=True, slots=True)
class Logo:
    """A file that was looked through, and where its bytes lie for good; `sha256` in hex."""

    file: str
    type: FileType
    object_key: str
    version_id: str
    sha256: str

    @classmethod
    def of(cls, file: StoredFile) -> Self | None:
        """Return the logo that a file is, None where it was handed in for something else.

        What a logo may be is looked at when it comes in. Raises LookupError for one that is not
        kept, as long as nobody looked it through.
        """
        if file.purpose is not Purpose.BUSINESS_LOGO:
            return None
        if file.status is not FileStatus.AVAILABLE or not file.object_key or not file.version_id:
            raise LookupError(file.status)
        return cls(file.id, file.type, file.object_key, file.version_id, file.sha256)

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """Read what `words` wrote. Raises KeyError and ValueError."""
        return cls(
            file=words["file"],
            type=FileType(words["type"]),
            object_key=words["object_key"],
            version_id=words["version_id"],
            sha256=words["sha256"],
        )

    @property
    def words(self) -> dict[str, str]:
        """What is stored of it."""
        return {
            "file": self.file,
            "type": self.type.value,
            "object_key": self.object_key,
            "version_id": self.version_id,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class ReceiptLook:
    """What an account has its receipts carry in one mode."""

    footer: str | None = None
    logo: Logo | None = None

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """Read what `words` wrote; an empty object is a plain receipt."""
        logo = words.get("logo")
        return cls(words.get("footer"), None if logo is None else Logo.read(logo))

    @property
    def words(self) -> dict[str, Any]:
        """What is stored of it; nothing stands for nothing."""
        footer = {} if self.footer is None else {"footer": self.footer}
        return footer if self.logo is None else footer | {"logo": self.logo.words}


PLAIN: Final = ReceiptLook()


@dataclass(frozen=True, slots=True)
class PrintedAs:
    """What a receipt says that may be another when it is printed once more."""

    account_name: str
    language: str
    look: ReceiptLook

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """Read what `words` wrote. Raises KeyError and ValueError."""
        return cls(words["name"], words["language"], ReceiptLook.read(words))

    @property
    def without_logo(self) -> Self:
        """The same where the logo can be had no more."""
        return replace(self, look=replace(self.look, logo=None))

    @property
    def words(self) -> dict[str, Any]:
        """What is kept with the receipt."""
        return {"name": self.account_name, "language": self.language, **self.look.words}
