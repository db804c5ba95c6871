"""Starts the whole local system as `make run` does, on free ports and in a folder of its own."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
import urllib3

from knative.local.dashboard_build import prepare_dashboard
from knative.local.keycloak_build import prepare_distribution
from knative.local.programs import free_port

ROOT: Final = Path(__file__).resolve().parent.parent
HOST: Final = "127.0.0.1"
_REAL_PARTS: Final = frozenset({"DATABASE_URL", "KEYCLOAK_URL", "WEBHOOK_URL"})
_BOOT_SECONDS: Final = 240.0
_STOP_SECONDS: Final = 10.0
# 20 s on two free cores; a bound that a busy machine keeps too.
_PEOPLE_SECONDS: Final = 300.0
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class LocalSystem:
    """A running system. `credentials` is what credentials.json holds, `ports` what ports.json."""

    data_dir: Path
    base_url: str
    process: subprocess.Popen[str]
    output: Path

    @property
    def credentials(self) -> Mapping[str, Any]:
        """The test keys, addresses and people."""
        found: Mapping[str, Any] = json.loads((self.data_dir / "credentials.json").read_text())
        return found

    @property
    def ports(self) -> Mapping[str, int]:
        """Port by part and by function."""
        found: Mapping[str, int] = json.loads((self.data_dir / "ports.json").read_text())
        return found

    @property
    def crash_points(self) -> Path:
        """The folder in which a file named like a crash point makes a process die there, once."""
        return self.data_dir / "crash_points"

    def readyz(self) -> tuple[int, Mapping[str, Any]]:
        """Status and body of GET /readyz; status 0 while nothing answers JSON there."""
        with contextlib.suppress(urllib3.exceptions.HTTPError, ValueError):
            answer = urllib3.request("GET", f"{self.base_url}/readyz", timeout=5, retries=False)
            return answer.status, answer.json()
        return 0, {}

    def wait_ready(self, *, seconds: float = _BOOT_SECONDS) -> None:
        """Return when charges flow; fails the test with what the system printed."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.readyz()[0] == _OK and (self.data_dir / "credentials.json").exists():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        pytest.fail(f"The system is not ready: {self.readyz()[1]}\n{self.output.read_text()}")

    def process_id(self, name: str) -> int:
        """The main process of a function or part, found by its port."""
        return listener(self.ports[name])

    def stop(self) -> None:
        """SIGTERM, and kill after a bound."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(_STOP_SECONDS)


@dataclass(frozen=True, slots=True)
class WholeSystem:
    """A system with Keycloak; `early` is what /readyz said as soon as charges flowed."""

    local: LocalSystem
    early: tuple[int, Mapping[str, Any]]

    def with_people(self) -> LocalSystem:
        """Return the system once people can sign in; charges flow all the while."""
        deadline = time.monotonic() + _PEOPLE_SECONDS
        while time.monotonic() < deadline:
            status, body = self.local.readyz()
            assert status == _OK, body
            if "starting" not in body:
                return self.local
            time.sleep(0.1)
        pytest.fail(f"Nobody can sign in: {self.local.readyz()}\n{self.local.output.read_text()}")


def start_system(
    data_dir: Path,
    *,
    port: int | None = None,
    root: Path = ROOT,
    environment: Mapping[str, str] | None = None,
) -> LocalSystem:
    """Start on `data_dir`, not waiting; the caller stops it.

    Without Keycloak and the dashboard, whose start costs as much as all the rest:
    `{"PARTS_LEFT_OUT": ""}` as `environment` starts them too.
    """
    port = free_port() if port is None else port
    output = data_dir / "runner.log"
    crash_points = data_dir / "crash_points"
    crash_points.mkdir(exist_ok=True)
    with output.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "knative.local", "--end-with-parent"],
            cwd=root,
            env={
                **{name: word for name, word in os.environ.items() if name not in _REAL_PARTS},
                "PARTS_LEFT_OUT": "keycloak",
                "PORT": str(port),
                "DATA_DIR": str(data_dir),
                "CRASH_POINTS_DIR": str(crash_points),
                "PYTHONPATH": str(root),
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    return LocalSystem(data_dir, f"http://127.0.0.1:{port}", process, output)


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """A data folder that other users may enter, as the database's user must when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="pay-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running_system(
    *,
    root: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    seconds: float = _BOOT_SECONDS,
) -> Iterator[LocalSystem]:
    """A system in which charges flow, ended and removed on leaving."""
    with data_folder() as data_dir:
        system = start_system(data_dir, root=root, environment=environment)
        try:
            system.wait_ready(seconds=seconds)
            yield system
        finally:
            system.stop()


@pytest.fixture(scope="session")
def local_system(request: pytest.FixtureRequest) -> Iterator[LocalSystem]:
    """The whole system with every real function, started once for all end-to-end tests.

    Where any test of the run asks for Keycloak too, that system does for all.
    """
    if any("whole_system" in getattr(item, "fixturenames", ()) for item in request.session.items):
        whole: WholeSystem = request.getfixturevalue("whole_system")
        yield whole.local
        return
    with running_system() as system:
        yield system


@pytest.fixture(scope="session")
def whole_system() -> Iterator[WholeSystem]:
    """A system with Keycloak and the dashboard too; a checkout's first run builds both."""
    prepare_distribution(print)
    prepare_dashboard(print)
    with running_system(environment={"PARTS_LEFT_OUT": ""}) as system:
        yield WholeSystem(system, system.readyz())


def is_listening(port: int) -> bool:
    """Whether any process listens on 127.0.0.1:`port`."""
    return bool(_listeners(port))


def listener(port: int) -> int:
    """The process id that listens on 127.0.0.1:`port`, the oldest of its group; fails if none."""
    found = _listeners(port)
    if not found:
        pytest.fail(f"nothing listens on port {port}")
    return min(found)


def _listeners(port: int) -> list[int]:
    return [
        connection.pid
        for connection in psutil.net_connections("tcp4")
        if connection.status == psutil.CONN_LISTEN
        and connection.laddr == (HOST, port)
        and connection.pid is not None
    ]
