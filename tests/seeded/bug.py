"""What a seeded bug is: which text of a file becomes which, and who must notice."""

from dataclasses import dataclass
from pathlib import Path


class MisplacedError(Exception):
    """A text to be replaced is not there exactly once: the bug was left behind by a change."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One text of a file, found once, and what takes its place."""

    file: str
    old: str
    new: str

    def applied(self, source: str) -> str:
        """Return the source with the bug in it. Raises MisplacedError."""
        if source.count(self.old) != 1:
            raise MisplacedError(f"{self.file}: {source.count(self.old)} times {self.old!r}")
        return source.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug; a variant of the same has its number and a letter. `claimed` are ids of pytest."""

    number: str
    name: str
    edits: tuple[Edit, ...]
    claimed: tuple[str, ...]

    def put_into(self, root: Path) -> None:
        """Put it into a copy of the checkout. Raises MisplacedError."""
        for edit in self.edits:
            path = root / edit.file
            path.write_text(edit.applied(path.read_text("utf-8")), "utf-8")
