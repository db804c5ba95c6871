"""Knows whether this process is stopping, and what must be done before it ends."""

import threading
from collections.abc import Callable
from typing import Final

_hooks: Final[list[Callable[[], None]]] = []
_stopping: Final = threading.Event()
_running: Final = threading.Lock()


def on_shutdown(hook: Callable[[], None]) -> None:
    """Have the hook called once, after the last answer, newest first. It must end by itself."""
    _hooks.append(hook)


def is_stopping() -> bool:
    """Whether SIGTERM came: finish what runs, start nothing new."""
    return _stopping.is_set()


def wait_for_stop(seconds: float) -> bool:
    """Wait that long or until the process is told to stop; True when it was told."""
    return _stopping.wait(seconds)


def begin_shutdown() -> None:
    """Mark the process as stopping."""
    _stopping.set()


def run_hooks() -> None:
    """Call every hook, newest first, each once; a failing one does not keep the rest.

    A second caller waits until the first is through.
    """
    with _running:
        while _hooks:
            hook = _hooks.pop()
            try:
                hook()
            except Exception:  # noqa: BLE001, S112 - the process ends; the next hook counts more
                continue
