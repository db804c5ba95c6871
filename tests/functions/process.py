"""This process as one of a function: its environment, and no part of it made before."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Final

import pytest

from shared.runtime import (
    callers,
    charges,
    charging,
    documents,
    drops,
    floats,
    holders,
    locked,
    logs,
    mailing,
    paying,
    payouts,
    receipts,
    reports,
    settings,
    webhooks,
    wiring,
)

_CACHING: Final[tuple[ModuleType, ...]] = (
    callers,
    charges,
    charging,
    documents,
    drops,
    floats,
    holders,
    locked,
    mailing,
    paying,
    payouts,
    receipts,
    reports,
    settings,
    webhooks,
    wiring,
)


@contextmanager
def function_process(environment: Mapping[str, str], logged: io.StringIO) -> Iterator[None]:
    """Set the environment for a while; all that was made in it is closed and forgotten."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        # The publishing thread also writes while no test captures what is written.
        patch.setattr(logs, "sys", SimpleNamespace(stdout=logged))
        _forget()
        yield
        close_parts()


def close_parts() -> None:
    """End what was made of the environment; the next call makes it anew."""
    wiring.publisher().close()
    callers.key_use().close()
    callers.request_log().close()
    charges.operators().close()
    paying.operators().close()
    floats.readers().close()
    holders.readers().close()
    wiring.app_database()._engine.dispose()
    wiring.worker_database()._engine.dispose()
    wiring.owner_engine().dispose()
    _forget()


def _forget() -> None:
    for module in _CACHING:
        for made in vars(module).values():
            if hasattr(made, "cache_clear"):
                made.cache_clear()
