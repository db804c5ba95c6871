"""The whole local system is stopped: by its name the last of those that share it."""

import time
from typing import Final

import psutil
import pytest

from tests.system import WholeSystem

# 2 to 3 s on two free cores.
STOP_SECONDS: Final = 9.0

# The first run in a checkout fetches and builds Keycloak.
pytestmark = pytest.mark.timeout(500)


def test_nothing_outlives_the_system(whole_system: WholeSystem) -> None:
    """Every part and function ends with it, Keycloak too, within seconds."""
    system = whole_system.with_people()
    family = psutil.Process(system.process.pid).children(recursive=True)
    names = {process.name() for process in family}
    began = time.monotonic()
    system.stop()
    seconds = time.monotonic() - began
    _, left = psutil.wait_procs(family, timeout=1)

    assert "java" in names
    assert not left
    assert seconds <= STOP_SECONDS
