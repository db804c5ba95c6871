"""Keeps programs running: starts again what ends, slower each time, and ends all within a bound."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from knative.local.programs import Program, kill, spawn

_FIRST_DELAY_SECONDS: Final = 0.1
_LAST_DELAY_SECONDS: Final = 10.0
_STEADY_SECONDS: Final = 10.0
_PROBE_SECONDS: Final = 0.1
_LAST_PROBE_SECONDS: Final = 0.4
_LOOP_FAILURES: Final = 3

ReadyCheck = Callable[[], Awaitable[bool]]


class StartError(Exception):
    """A program did not become ready; the message names it and its log."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is not as it should be: names still starting, and restarts of what keeps ending."""

    starting: tuple[str, ...]
    crash_looping: dict[str, int]

    @property
    def is_ready(self) -> bool:
        """Whether everything answers and nothing keeps ending."""
        return not self.starting and not self.crash_looping


@dataclass(slots=True)
class _Child:
    program: Program
    is_ready: ReadyCheck
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    process: subprocess.Popen[bytes] | None = None
    task: asyncio.Task[None] | None = None
    failures: int = 0
    restarts: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Owns the children of one event loop, which must run in the main thread.

    A child's parent-death signal comes when the thread that started it ends.
    """

    def __init__(self, announce: Callable[[str], None]) -> None:
        """`announce` gets one line for each program that ended unasked."""
        self._announce = announce
        self._children: dict[str, _Child] = {}

    def start(self, program: Program, is_ready: ReadyCheck) -> None:
        """Keep `program` running from now on; `is_ready` is asked until it says yes."""
        child = _Child(program, is_ready)
        self._children[program.name] = child
        child.task = asyncio.create_task(self._keep(child), name=program.name)

    async def until_ready(self, names: Iterable[str], *, seconds: float) -> None:
        """Wait for all of `names`. Raises StartError naming those that are late or keep ending."""
        children = [self._children[name] for name in names]
        waits = [asyncio.create_task(_ready_or_looping(child)) for child in children]
        await asyncio.wait(waits, timeout=seconds)
        for wait in waits:
            wait.cancel()
        late = [child.program for child in children if not child.ready.is_set()]
        if late:
            logs = ", ".join(f"{program.name} (see {program.log})" for program in late)
            raise StartError(f"Not ready: {logs}")

    def condition(self) -> Condition:
        """What is starting and what keeps ending, now."""
        return Condition(
            starting=tuple(n for n, c in self._children.items() if not c.ready.is_set()),
            crash_looping={
                n: c.restarts
                for n, c in self._children.items()
                if c.failures >= _LOOP_FAILURES and not c.ready.is_set()
            },
        )

    async def until_up(self, name: str) -> None:
        """Wait, without bound, until `name` answers."""
        await self._children[name].ready.wait()

    async def stop(self, names: Iterable[str]) -> None:
        """End all of `names` at once: each stop signal has its time, then the group is killed."""
        known = [self._children[name] for name in names if name in self._children]
        await asyncio.gather(*(self._stop(child) for child in known))

    async def _stop(self, child: _Child) -> None:
        child.stopping.set()
        child.ready.clear()
        process = child.process
        for stop_signal in child.program.stop_signals:
            if process is None or process.poll() is not None:
                break
            process.send_signal(stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended(process), child.program.stop_seconds)
        if process is not None:
            kill(process)
        if child.task is not None:
            child.task.cancel()
            await asyncio.gather(child.task, return_exceptions=True)

    async def _keep(self, child: _Child) -> None:
        while not child.stopping.is_set():
            code = await self._run_once(child)
            if child.stopping.is_set():
                return
            child.failures += 1
            child.restarts += 1
            delay = min(_LAST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2 ** (child.failures - 1))
            self._announce(
                f"{child.program.name} ended ({_describe(code)}); again in {delay:.1f} s,"
                f" log {child.program.log}"
            )
            await asyncio.sleep(delay)

    async def _run_once(self, child: _Child) -> int | None:
        try:
            child.process = spawn(child.program)
        except OSError as error:
            self._announce(f"{child.program.name} cannot be started: {error}")
            return None
        probe = asyncio.create_task(_probe(child))
        try:
            return await ended(child.process)
        finally:
            probe.cancel()
            child.ready.clear()
            if not child.stopping.is_set():
                # A worker that outlived its main process would hold the port.
                kill(child.process)


async def run_to_end(program: Program, *, seconds: float, capture: bool = False) -> str:
    """Run `program` once; with `capture` its standard output, which then reaches no log.

    Raises StartError when it fails or takes longer than `seconds`. A captured answer must be
    small (64 KiB): it is read when the program has ended.
    """
    program.log.touch()
    before = program.log.stat().st_size
    process = spawn(program, stdout=subprocess.PIPE if capture else None)
    try:
        code = await asyncio.wait_for(ended(process), seconds)
    except TimeoutError:
        raise StartError(
            f"{program.name} took more than {seconds:.0f} s; see {program.log}"
        ) from None
    finally:
        kill(process)
    output = b""
    if process.stdout is not None:
        with process.stdout as pipe:
            output = pipe.read()
    if code != 0:
        words = program.log.read_bytes()[before:].decode(errors="replace").strip().splitlines()
        why = f": {words[-1]}" if words else ""
        raise StartError(f"{program.name} failed ({_describe(code)}); see {program.log}{why}")
    return output.decode()


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of `process` without a thread; its exit code."""
    loop = asyncio.get_running_loop()
    if process.poll() is None and hasattr(os, "pidfd_open"):
        descriptor = os.pidfd_open(process.pid)
        exited = asyncio.Event()
        loop.add_reader(descriptor, exited.set)
        try:
            await exited.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
    while True:
        code = process.poll()
        if code is not None:
            return code
        await asyncio.sleep(_PROBE_SECONDS)


async def _probe(child: _Child) -> None:
    wait = _PROBE_SECONDS
    while True:
        if await child.is_ready():
            break
        # Asked less and less often: on a busy machine the questions themselves delay the answer.
        await asyncio.sleep(wait)
        wait = min(wait * 1.3, _LAST_PROBE_SECONDS)
    child.ready.set()
    await asyncio.sleep(_STEADY_SECONDS)
    child.failures = 0


async def _ready_or_looping(child: _Child) -> None:
    """Return early for a program that keeps ending: waiting longer will not help it."""
    while not child.ready.is_set() and child.failures < 2 * _LOOP_FAILURES:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.ready.wait(), _PROBE_SECONDS)


def _describe(code: int | None) -> str:
    if code is None:
        return "never began"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
