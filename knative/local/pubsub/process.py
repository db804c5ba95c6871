"""What a child process owes its surroundings: one for each directory, none left over."""

import asyncio
import errno
import fcntl
import importlib.util
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

CLIENT_PACKAGE = "google.pubsub_v1"


class DirectoryInUseError(Exception):
    """Another server works in the data directory."""


class PortInUseError(Exception):
    """Somebody else listens there."""


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


def check_port(port: int) -> None:
    """Raises PortInUseError where somebody listens on 127.0.0.1 already.

    gRPC would say so in words of its own, in the middle of a start.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUseError(f"port {port} is in use by another program") from error


def watch_parent(parent: int, on_death: Callable[[], None]) -> None:
    """Call `on_death` on the running event loop once the process `parent` has ended (Linux).

    By a process descriptor, not by PR_SET_PDEATHSIG: that one fires already when the thread that
    started us ends, and a runner may start its parts from a pool of threads.
    """
    if sys.platform != "linux":
        return
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(parent)
    except ProcessLookupError:
        loop.call_soon(on_death)
        return
    if os.getppid() != parent:  # it died before, and the number may be another's by now
        loop.call_soon(on_death)
    loop.add_reader(descriptor, _parent_died, descriptor, on_death)


def _parent_died(descriptor: int, on_death: Callable[[], None]) -> None:
    asyncio.get_running_loop().remove_reader(descriptor)
    os.close(descriptor)
    on_death()


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
