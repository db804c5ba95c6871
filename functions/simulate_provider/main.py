"""Stands in for the operators on the wire, so that test keys travel the same way as live ones."""

import contextlib
import functools

from werkzeug.wrappers import Request, Response

from shared.runtime import logs
from shared.simulator.engine import Simulator
from shared.simulator.settings import Settings, SettingsError


@functools.cache
def _simulator() -> Simulator:
    """The one simulator of this process; nothing connects before its first need."""
    return Simulator(Settings.from_environment(), logs)


def simulate_provider(request: Request) -> Response:
    """Answer as MTN below `/mtn`, as Orange below `/orange`; `/_control` steers both."""
    return _simulator().handle(request)


# Callbacks that a killed process left behind leave at start, not at the next request. Where no
# database is named the module can still be imported.
with contextlib.suppress(SettingsError):
    _simulator().start()
