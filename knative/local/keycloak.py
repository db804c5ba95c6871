"""Runs a real Keycloak for one data folder, on loopback, its data in a file of its own."""

import contextlib
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knative.local.keycloak_build import Distribution, KeycloakError, prepare_distribution
from knative.local.layout import HOST
from knative.local.programs import Program, free_port, is_port_free, rotate_log, spawn, stop
from knative.local.secret_files import make_private_folder, read_or_make

NAME: Final = "keycloak"
ADMIN_SECRET: Final = "keycloak_admin"  # noqa: S105 - the name of a file
_HEAP: Final = "256m"
START_SECONDS: Final = 300.0
_ADMIN_CLIENT: Final = "realm-job"
# What was answered lies in the file, so a kill takes nothing back; no traces with values in them.
_H2_OPTIONS: Final = "NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0;TRACE_LEVEL_FILE=0"


@dataclass(frozen=True, slots=True)
class KeycloakPlan:
    """A prepared server: what runs it, where it keeps its data, its port and its administrator.

    The administrator is a client of the realm `master`, made at the first start.
    """

    distribution: Distribution
    folder: Path
    port: int
    client_id: str
    client_secret: str
    log: Path

    @property
    def url(self) -> str:
        """The address below which realms lie."""
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True, slots=True)
class Keycloak:
    """A running server."""

    plan: KeycloakPlan
    program: Program
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the server; what it answered stays."""
        stop(self.process, self.program)


def start_keycloak(
    data_dir: Path,
    secrets_dir: Path,
    *,
    port: int | None = None,
    announce: Callable[[str], None] = lambda _: None,
) -> Keycloak:
    """Prepare, start and wait until realms are served. Raises KeycloakError.

    The server dies with the calling thread.
    """
    plan = prepare_keycloak(data_dir, secrets_dir, port=port, announce=announce)
    program = keycloak_program(plan)
    process = spawn(program)
    try:
        _await_answer(plan, process)
    except BaseException:
        stop(process, program)
        raise
    return Keycloak(plan, program, process)


def prepare_keycloak(
    data_dir: Path,
    secrets_dir: Path,
    *,
    port: int | None,
    announce: Callable[[str], None],
) -> KeycloakPlan:
    """Fetch and build the server where missing; make the administrator's secret and the folder.

    Raises KeycloakError, also when `port` is taken.
    """
    if port is not None and not is_port_free(port):
        raise KeycloakError(f"Port {port} is taken: stop what listens there, or choose another.")
    distribution = prepare_distribution(announce)
    make_keycloak_secrets(secrets_dir, is_ours=True)
    return plan_keycloak(distribution, data_dir, secrets_dir, port=port or free_port())


def make_keycloak_secrets(secrets_dir: Path, *, is_ours: bool) -> None:
    """Make the secret of the client that makes people; of a server of ours the administrator's too.

    Whoever runs another server has made its administrator.
    """
    make_private_folder(secrets_dir)
    read_or_make(secrets_dir / "keycloak_administration", lambda: _client("administration"))
    if is_ours:
        read_or_make(secrets_dir / ADMIN_SECRET, lambda: _client(_ADMIN_CLIENT))


def plan_keycloak(
    distribution: Distribution, data_dir: Path, secrets_dir: Path, *, port: int
) -> KeycloakPlan:
    """Make the folders of a server whose secrets are made, and say what runs it."""
    folder = make_private_folder(data_dir.resolve() / "keycloak")
    log = make_private_folder(data_dir.resolve() / "logs") / f"{NAME}.log"
    rotate_log(log)
    admin = (secrets_dir / ADMIN_SECRET).read_text(encoding="utf-8").strip()
    client_id, _, client_secret = admin.partition(":")
    return KeycloakPlan(distribution, folder, port, client_id, client_secret, log)


def keycloak_program(plan: KeycloakPlan) -> Program:
    """Run the server on 127.0.0.1 alone; it writes below its folder and nowhere else."""
    # Its home is where it writes; the built server itself is shared and only read.
    library = plan.folder / "lib"
    library.unlink(missing_ok=True)
    library.symlink_to(plan.distribution.folder / "lib")
    options = {
        "http-enabled": "true",
        "http-host": HOST,
        "http-port": str(plan.port),
        # Fixed, for otherwise tokens name as their issuer whatever host the caller wrote.
        "hostname": plan.url,
        "cache": "local",
        "db-url": f"jdbc:h2:file:{plan.folder}/keycloak;{_H2_OPTIONS}",
    }
    words = ("start", "--optimized", *(f"--{name}={value}" for name, value in options.items()))
    return Program(
        name=NAME,
        argv=plan.distribution.command(plan.folder, *words, heap=_HEAP),
        log=plan.log,
        folder=plan.folder,
        environment={
            "HOME": str(plan.folder),
            "KC_BOOTSTRAP_ADMIN_CLIENT_ID": plan.client_id,
            "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": plan.client_secret,
        },
        stop_seconds=2.0,
    )


def answers(plan: KeycloakPlan) -> bool:
    """Whether realms are served; it takes a few seconds from the port to the first of them."""
    try:
        with urllib.request.urlopen(f"{plan.url}/realms/master", timeout=2):  # noqa: S310 - our own http
            return True
    except (urllib.error.URLError, OSError):
        return False


def _await_answer(plan: KeycloakPlan, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(plan):
        if process.poll() is not None:
            raise KeycloakError(f"Keycloak ended while starting; see {plan.log}")
        if time.monotonic() > deadline:
            raise KeycloakError(f"Keycloak did not start within {START_SECONDS:.0f} s")
        time.sleep(0.1)


def _client(client_id: str) -> str:
    return f"{client_id}:{secrets.token_urlsafe(30)}"


def main(words: list[str]) -> int:
    """Run it alone: `python -m knative.local.keycloak DATA_DIR [PORT]`, until told to leave."""
    data_dir = Path(words[0] if words else ".data")
    port = int(words[1]) if len(words) > 1 else None
    leave = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave.set())
    try:
        keycloak = start_keycloak(data_dir, data_dir / "secrets", port=port, announce=_say)
    except (KeycloakError, OSError) as error:
        sys.stderr.write(f"Not started: {error}\n")
        return 1
    _say(f"Keycloak at {keycloak.plan.url}")
    while not leave.wait(1.0) and keycloak.process.poll() is None:
        pass
    keycloak.stop()
    return 0


def _say(line: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
