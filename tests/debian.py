"""Packages of Debian for the tests: fetched by apt, unpacked, never installed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class NotToBeHadError(Exception):
    """This machine gives no such package; the message says why."""


@dataclass(frozen=True, slots=True)
class Apt:
    """An apt that keeps lists and packages in a folder of its own, and needs no rights."""

    folder: Path
    options: tuple[str, ...]

    @classmethod
    def begin(cls, folder: Path, sources: str | None = None) -> Self:
        """Fetch the lists: of `sources`, in the manner of sources.list, else of this machine's.

        Raises NotToBeHadError.
        """
        for part in ("lists/partial", "cache/archives/partial", "root"):
            (folder / part).mkdir(parents=True)
        settings: dict[str, object] = {
            "Dir::State::lists": folder / "lists",
            "Dir::Cache": folder / "cache",
            "APT::Sandbox::User": "",
            "Acquire::Retries": 3,
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            # The lock of dpkg is for who installs.
            "Debug::NoLocking": "true",
        }
        if sources is not None:
            (folder / "sources").write_text(sources, encoding="utf-8")
            settings |= {"Dir::Etc::sourcelist": folder / "sources", "Dir::Etc::sourceparts": "-"}
        apt = cls(
            folder, tuple(w for key, value in settings.items() for w in ("-o", f"{key}={value}"))
        )
        apt.run("apt-get", "--quiet", "update")
        return apt

    def run(self, program: str, *words: str) -> str:
        """Return what apt-get or apt-cache says. Raises NotToBeHadError."""
        return _run((program, *self.options, *words), self.folder)

    def unpack(self, packages: Path) -> Path:
        """Return the folder that holds what is in each package of a folder."""
        root = self.folder / "root"
        for package in sorted(packages.glob("*.deb")):
            _run(("dpkg-deb", "-x", str(package), str(root)), self.folder)
        return root


def _run(words: tuple[str, ...], folder: Path) -> str:
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - words above
    except FileNotFoundError as error:
        raise NotToBeHadError("this is no Debian") from error
    if done.returncode:
        raise NotToBeHadError(f"{words[0]} failed: {done.stderr.strip()}")
    return done.stdout
