"""What a child process owes its surroundings: one for each directory, none left over."""

import ctypes
import fcntl
import importlib.util
import os
import signal
import sys
from pathlib import Path
from types import ModuleType

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


CLIENT_PACKAGE = "google.pubsub_v1"


class DirectoryInUseError(Exception):
    """Another server works in the data directory."""


def lock_directory(directory: Path) -> int:
    """Create the directory (mode 0700) and hold it until the process ends.

    Raises DirectoryInUseError.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(directory / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = os.read(file, 20).decode(errors="replace").strip()
        os.close(file)
        raise DirectoryInUseError(
            f"the data directory {directory} is in use by another server (process {owner})"
        ) from error
    os.truncate(file, 0)
    os.write(file, str(os.getpid()).encode())
    return file


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies (exactly: the thread that started us)."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died in between
        os.kill(os.getpid(), signal.SIGTERM)


def skip_client_code() -> None:
    """Let this process import the published message types without the client around them.

    The package's own start imports every client, transport and login, which more than doubles the
    server's start and adds 11 MB; the server needs `google.pubsub_v1.types` alone.
    """
    spec = importlib.util.find_spec(CLIENT_PACKAGE)
    if spec is None or spec.submodule_search_locations is None or CLIENT_PACKAGE in sys.modules:
        return
    package = ModuleType(CLIENT_PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules[CLIENT_PACKAGE] = package
