"""A disk of a few megabytes that a test can fill, or may only read."""

import errno
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_BLOCK: Final = 64 * 1024
_BALLAST: Final = "ballast"


class SmallDisk:
    """A mounted file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Leave not a byte for anybody."""
        descriptor = os.open(self.folder / _BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for size in (_BLOCK, 512, 1):
                with suppress(OSError):
                    while True:
                        os.write(descriptor, b"\0" * size)
        finally:
            os.close(descriptor)

    def empty(self) -> None:
        """Take away what `fill` has put there."""
        (self.folder / _BALLAST).unlink()

    def is_full(self) -> bool:
        """Whether nothing can be written any more."""
        try:
            (self.folder / "probe").write_bytes(b"\0" * _BLOCK)
        except OSError as error:
            return error.errno == errno.ENOSPC
        finally:
            (self.folder / "probe").unlink(missing_ok=True)
        return False

    def forbid_writing(self) -> None:
        """Mount it again for reading alone."""
        _mount("-o", "remount,ro", str(self.folder))


@functools.cache
def may_mount() -> bool:
    """Whether we may mount; root of a container often may not. Where not, tests say so."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder), 1):
                return True
        except subprocess.CalledProcessError:
            return False


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount one in an empty folder, for the length of a test; others may enter it."""
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m,mode=711", "tmpfs", str(folder))
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["/bin/umount", "--lazy", str(folder)], check=True)  # noqa: S603 - our own


def _mount(*words: str) -> None:
    subprocess.run(["/bin/mount", *words], check=True)  # noqa: S603 - words above
