"""Starts and ends one child program so that it never outlives us, whatever ends us."""

import atexit
import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
BLOCK_SIZE: Final = 100
_BLOCK_PORTS: Final = (10_000, 18_000)
_SINGLE_PORTS: Final = (18_000, 20_000)
_LARGE_LOG_BYTES: Final = 5_000_000
_MOST_HELD: Final = 64
_held: deque[socket.socket] = deque()


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, as whom, and how it ends.

    `uid` and `gid` are set only where the runner is root and the program must not be.
    `death_signal` reaches the child when the thread that started it ends, so start children from
    a thread that lives as long as they should.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    uid: int | None = None
    gid: int | None = None
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    death_signal: signal.Signals = signal.SIGKILL
    stop_seconds: float = 3.0


def spawn(program: Program, *, stdout: int | None = None) -> subprocess.Popen[bytes]:
    """Start `program` in a process group of its own, output appended to its log.

    `stdout` may be subprocess.PIPE for a program whose answer is not for a log.

    Raises OSError when the program file cannot be run.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        # Runs after the change of user, which would clear the setting.
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(program.death_signal))
        if os.getppid() != parent:
            os._exit(1)

    with program.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - every argv is built here, none from a request
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=log if stdout is None else stdout,
            stderr=log,
            cwd=program.folder,
            env=dict(program.environment),
            user=program.uid,
            group=program.gid,
            extra_groups=None if program.gid is None else [],
            process_group=0,
            umask=0o077,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - only system calls, no locks taken
        )


def end_with_parent() -> None:
    """Ask for SIGTERM when our own parent (`make`) is killed: nothing is left without it."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def stop(process: subprocess.Popen[bytes], program: Program) -> None:
    """End `process`: each stop signal gets `stop_seconds`, then its whole group is killed."""
    for stop_signal in program.stop_signals:
        if process.poll() is not None:
            break
        process.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(program.stop_seconds)
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process group and reap the child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
        process.wait(5)


def rotate_log(log: Path) -> None:
    """Set a large log aside as `<name>.log.1`, so that two files bound what a program keeps."""
    if log.exists() and log.stat().st_size > _LARGE_LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody has, held for the program that will use it.

    It lies below the range that the system gives to outgoing connections.
    """
    while True:
        port = random.randrange(*_SINGLE_PORTS)  # noqa: S311 - spreads ports, guards nothing
        if hold_port(port):
            return port


def hold_port(port: int) -> bool:
    """Keep 127.0.0.1:`port` from whoever looks for a free one; False where somebody has it.

    We do not listen on it: a program that asks for SO_REUSEADDR, as servers do, still can.
    """
    holder = socket.socket()
    try:
        holder.bind(("127.0.0.1", port))
    except OSError:
        holder.close()
        return False
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _held.append(holder)
    if len(_held) > _MOST_HELD:  # its program has bound it long ago
        _held.popleft().close()
    return True


@atexit.register
def _let_go() -> None:
    while _held:
        _held.popleft().close()


def hold_port_block(first: int | None) -> socket.socket:
    """Hold the port `first`, or that of some free block where it is None or not to be had.

    The holder of a block's first port may use the rest: systems that start at the same time on
    one machine never reach for the same port. The returned socket listens to nobody.
    """
    while True:
        if first is None:
            first = random.randrange(*_BLOCK_PORTS, BLOCK_SIZE)  # noqa: S311 - guards nothing
        holder = socket.socket()
        try:
            holder.bind(("127.0.0.1", first))
        except OSError:
            holder.close()
            first = None
        else:
            return holder


def is_port_free(port: int) -> bool:
    """Whether 127.0.0.1:`port` can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
