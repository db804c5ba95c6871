"""The runner itself, with stand-in functions: what it starts, keeps, refuses and ends."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import psutil
import pytest

from knative.catalogue import load_catalogue
from knative.local.postgres import connect
from knative.local.programs import Program, free_port
from knative.local.supervisor import StartError, Supervisor, run_to_end
from tests.system import ROOT, LocalSystem, data_folder, start_system

# Answers like a function; crashes or turns deaf to SIGTERM when a file says so.
_SERVE: Final = """
import http.server, json, os, pathlib, signal, sys
name, here = os.environ["FUNCTION_TARGET"], pathlib.Path(os.environ["PYTHONPATH"])
if (here / f"crash-{name}").exists():
    sys.exit(3)
if (here / f"deaf-{name}").exists():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
(here / f"environment-{name}.json").write_text(json.dumps(dict(os.environ)))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(404)
    def do_POST(self):
        (here / f"tick-{name}").touch()
        self.answer(200)
    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
_PROVISION: Final = """
import json, secrets, sys
if "--operator-only" not in sys.argv:
    print(json.dumps({"account": "acct_" + secrets.token_hex(8), "secret_key": "sk_test_1",
                      "publishable_key": "pk_test_1", "webhook_secret": "whsec_1"}))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose functions are the stand-in above, on the real catalogue and parts."""
    folder = tmp_path_factory.mktemp("checkout")
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "knative", folder / "knative", ignore=skip)
    shutil.copytree(ROOT / "shared" / "contracts", folder / "shared" / "contracts", ignore=skip)
    for package in ("shared", "shared/runtime", "shared/db"):
        (folder / package).mkdir(exist_ok=True)
        (folder / package / "__init__.py").touch()
    for server in ("serve", "serve_asgi"):
        (folder / f"shared/runtime/{server}.py").write_text(_SERVE)
    (folder / "shared/runtime/provision.py").write_text(_PROVISION)
    (folder / "shared/db/migrate.py").write_text("")
    return folder


@dataclass(frozen=True, slots=True)
class Life:
    """A system that was killed once and started again; what was seen on the way."""

    system: LocalSystem
    account_before: str
    left_out: tuple[int, Mapping[str, Any]]
    family_size: int
    orphans: int


@pytest.fixture(scope="module")
def life(root: Path) -> Iterator[Life]:
    """Start, kill -9, start again on the same data."""
    (root / "deaf-dispatch_webhook").touch()
    with data_folder() as data_dir:
        first = start_system(data_dir, root=root)
        try:
            first.wait_ready()
            account = first.credentials["account"]
            left_out = first.readyz()
            _remember(first, 42)
            family = psutil.Process(first.process.pid).children(recursive=True)
            first.process.kill()
            first.process.wait(5)
            _, orphans = psutil.wait_procs(family, timeout=8)
        finally:
            first.stop()
        # Now with Keycloak, where no way leads to what it is fetched from.
        offline = {"PARTS_LEFT_OUT": "", "HTTPS_PROXY": "http://127.0.0.1:1"}
        second = start_system(data_dir, root=root, environment=offline)
        try:
            second.wait_ready()
            yield Life(second, account, left_out, len(family), len(orphans))
        finally:
            second.stop()


@pytest.fixture
def system(life: Life) -> LocalSystem:
    """The running system."""
    return life.system


def _wait(condition: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _environment(root: Path, function: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((root / f"environment-{function}.json").read_text())
    return found


def test_kill_9_leaves_no_orphan(life: Life) -> None:
    """Every program, the database server included, ends with a killed runner."""
    assert life.family_size > 15
    assert life.orphans == 0


def test_a_part_left_out_is_named(life: Life) -> None:
    """A system without Keycloak never looks like a whole one."""
    assert life.left_out == (200, {"status": "ready", "left_out": ["keycloak", "dashboard"]})


def test_the_next_start_recovers_with_all_data(life: Life) -> None:
    """Same account, same keys, same rows."""
    assert life.system.credentials["account"] == life.account_before
    assert _recall(life.system) == 42


def test_credentials_are_complete_and_private(system: LocalSystem) -> None:
    """A merchant finds every address and key in one file that nobody else may read."""
    file = system.data_dir / "credentials.json"

    assert file.stat().st_mode & 0o777 == 0o600
    assert set(system.credentials) == {
        "base_url",
        "identity_url",
        "account",
        "secret_key",
        "publishable_key",
        "webhook_url",
        "webhook_secret",
        "simulator_url",
        "simulator_control_token",
    }
    assert system.credentials["base_url"] == system.base_url
    assert (system.data_dir / "secrets").stat().st_mode & 0o777 == 0o700


def test_a_function_gets_what_its_entry_entitles_it_to_and_no_more(
    system: LocalSystem, root: Path
) -> None:
    """Knative's names for all; a secret, database or store only for whom the catalogue names."""
    assert system.readyz()[0] == 200
    callback = _environment(root, "receive_callback")
    receipt = _environment(root, "render_receipt")

    assert callback["K_SERVICE"] == "receive-callback"
    assert callback["FUNCTION_TARGET"] == "receive_callback"
    assert callback["FUNCTION_SOURCE"] == "functions/receive_callback/main.py"
    assert "S3_ENDPOINT_URL" in receipt
    assert "S3_ENDPOINT_URL" not in callback
    assert "WORKER_DATABASE_URL" not in callback
    assert "@" not in callback["DATABASE_URL"]
    entry = next(e for e in load_catalogue() if e.name == "receive_callback")
    readable = {path.name for path in Path(callback["SECRETS_DIR"]).iterdir()}
    assert readable == set(entry.secrets)
    assert "s3_credentials" not in readable
    assert receipt["PUSH_AUDIENCE"]
    assert (Path(receipt["SECRETS_DIR"]) / "s3_credentials").read_text().count(":") == 1


def test_a_scheduled_function_is_called(system: LocalSystem, root: Path) -> None:
    """Due work is looked for as soon as the function is up."""
    assert system.readyz()[0] == 200
    assert _wait((root / "tick-start_due_work").exists)
    assert not (root / "tick-create_charge").exists()


def test_without_a_network_all_but_sign_in_runs(system: LocalSystem) -> None:
    """Charges flow, and one line and `/readyz` say what is not there and why."""
    assert _wait(lambda: "starting" not in system.readyz()[1], seconds=60)

    assert system.readyz() == (200, {"status": "ready", "missing": ["keycloak", "dashboard"]})
    said = [line for line in system.output.read_text().splitlines() if "Sign-in" in line]
    assert len(said) == 1
    assert "could not be fetched from Maven Central" in said[0]


def test_everything_listens_on_loopback(system: LocalSystem) -> None:
    """No part of a developer's system is reachable from another machine."""
    family = [p.pid for p in psutil.Process(system.process.pid).children(recursive=True)]
    listening = [
        str(connection.laddr)
        for connection in psutil.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
        and connection.pid in {*family, system.process.pid}
    ]

    assert len(listening) > 15
    assert not [address for address in listening if "127.0.0.1'" not in address]


def test_a_second_start_is_refused_and_harms_nothing(system: LocalSystem, root: Path) -> None:
    """The same data folder or the same port: one clear sentence, and the first runs on."""
    port = int(system.base_url.rpartition(":")[2])
    before = system.process_id("create_charge"), dict(system.credentials)

    def start(data_dir: Path, on_port: int) -> tuple[int, str]:
        second = start_system(data_dir, port=on_port, root=root)
        code = second.process.wait(20)
        return code, second.output.read_text().splitlines()[-1]

    code, sentence = start(system.data_dir, free_port())
    assert code == 1
    assert sentence.startswith(f"Not started: Another local system (process {system.process.pid})")
    with data_folder() as other:
        code, sentence = start(other, port)
    assert code == 1
    assert sentence.startswith(f"Not started: Port {port} is taken")
    assert (system.process_id("create_charge"), dict(system.credentials)) == before
    assert system.readyz()[0] == 200


def test_a_crash_loop_is_visible_and_heals(system: LocalSystem, root: Path) -> None:
    """A function that keeps ending is named by /readyz, and serves again once repaired."""
    (root / "crash-settle_charge").touch()
    os.kill(system.process_id("settle_charge"), signal.SIGKILL)

    def looping() -> bool:
        status, body = system.readyz()
        names = {entry["name"] for entry in body.get("crash_looping", [])}
        return status == 503 and names == {"settle_charge"}

    assert _wait(looping)
    (root / "crash-settle_charge").unlink()
    assert _wait(lambda: system.readyz()[0] == 200, seconds=30)


def test_sigterm_ends_every_child_within_five_seconds(system: LocalSystem) -> None:
    """Even one that is deaf to SIGTERM. (Last of the tests that share the system.)"""
    family = psutil.Process(system.process.pid).children(recursive=True)
    began = time.monotonic()
    system.process.send_signal(signal.SIGTERM)
    code = system.process.wait(15)
    seconds = time.monotonic() - began
    _, orphans = psutil.wait_procs(family, timeout=1)

    assert len(family) > 15
    assert not orphans
    assert seconds <= 5
    assert code == 0


def _owner(system: LocalSystem) -> dict[str, str]:
    user, _, password = (
        (system.data_dir / "secrets/database_owner").read_text().strip().partition(":")
    )
    return {"user": user, "password": password, "database": "pay"}


def _remember(system: LocalSystem, number: int) -> None:
    with connect(port=system.ports["postgres"], **_owner(system)) as connection:
        connection.run("CREATE SCHEMA memory")
        connection.run(f"CREATE TABLE memory.kept AS SELECT {number} AS number")


def _recall(system: LocalSystem) -> int:
    with connect(port=system.ports["postgres"], **_owner(system)) as connection:
        return int(connection.run("SELECT number FROM memory.kept")[0][0])


@dataclass(frozen=True, slots=True)
class _Bench:
    """A supervisor under test and what it announced."""

    folder: Path
    lines: list[str]

    def program(self, name: str, code: str, *, stop_seconds: float = 1.0) -> Program:
        """A small program of our own."""
        return Program(
            name=name,
            argv=(sys.executable, "-c", code),
            log=self.folder / f"{name}.log",
            folder=self.folder,
            stop_seconds=stop_seconds,
        )


@pytest.fixture
def bench(tmp_path: Path) -> _Bench:
    """A folder for programs and a list of lines."""
    return _Bench(tmp_path, [])


async def _at_once() -> bool:
    return True


async def _never() -> bool:
    return False


def test_a_program_that_keeps_ending_is_started_again_slower_each_time(bench: _Bench) -> None:
    """The wait doubles from 0.1 s, and who waits for it learns its name and log."""

    async def run() -> None:
        supervisor = Supervisor(bench.lines.append)
        supervisor.start(bench.program("broken", "raise SystemExit(3)"), _never)
        with pytest.raises(StartError, match=r"Not ready: broken \(see .*broken\.log\)"):
            await supervisor.until_ready(["broken"], seconds=2)
        assert supervisor.condition().crash_looping["broken"] >= 3
        assert not supervisor.condition().is_ready
        await supervisor.stop(["broken"])

    asyncio.run(run())
    assert [line.partition("again in ")[2][:5] for line in bench.lines[:3]] == [
        "0.1 s",
        "0.2 s",
        "0.4 s",
    ]


def test_a_program_deaf_to_sigterm_is_killed_after_its_bound(bench: _Bench) -> None:
    """Nothing can hold up the end; a child of a child ends with it."""
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "open('pids', 'a').write(f'{os.getpid()} ')\n"
        "time.sleep(60)"
    )
    pids = bench.folder / "pids"

    async def both_run() -> bool:
        return pids.exists() and pids.read_text().count(" ") == 2

    async def run() -> float:
        supervisor = Supervisor(bench.lines.append)
        supervisor.start(bench.program("deaf", code, stop_seconds=0.5), both_run)
        await supervisor.until_ready(["deaf"], seconds=10)
        began = time.monotonic()
        await supervisor.stop(["deaf"])
        return time.monotonic() - began

    assert asyncio.run(run()) < 2
    assert _wait(lambda: not any(_runs(int(pid)) for pid in pids.read_text().split()), seconds=2)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_killed_program_comes_back(bench: _Bench) -> None:
    """One kill is healed at once and is no crash loop."""

    async def run() -> None:
        supervisor = Supervisor(bench.lines.append)
        program = bench.program(
            "steady", "import os,time; open('pid','w').write(str(os.getpid())); time.sleep(60)"
        )
        pid = bench.folder / "pid"

        async def is_written() -> bool:
            return pid.exists() and bool(pid.read_text())

        supervisor.start(program, is_written)
        await supervisor.until_ready(["steady"], seconds=10)
        first = pid.read_text()
        os.kill(int(first), signal.SIGKILL)
        async with asyncio.timeout(10):
            while True:
                await asyncio.sleep(0.02)
                if pid.read_text() not in {"", first}:
                    break
        await supervisor.until_ready(["steady"], seconds=10)
        assert supervisor.condition().is_ready
        await supervisor.stop(["steady"])

    asyncio.run(run())
    assert len(bench.lines) == 1
    assert "signal 9" in bench.lines[0]


def test_a_step_that_fails_says_so_and_keeps_its_answer_out_of_the_log(bench: _Bench) -> None:
    """A captured answer reaches its caller alone; a failure names the step and its log."""
    program = bench.program("step", "print('sk_test_secret')")

    assert asyncio.run(run_to_end(program, seconds=10, capture=True)) == "sk_test_secret\n"
    assert "sk_test_secret" not in program.log.read_text()
    with pytest.raises(StartError, match=r"step failed \(exit code 4\); see .*step\.log"):
        asyncio.run(run_to_end(bench.program("step", "raise SystemExit(4)"), seconds=10))


def test_a_program_starts_whole_beside_live_grpc(
    bench: _Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    """No fork handler of gRPC's runs in a child: they kill one in a hundred."""
    stopping = threading.Event()
    with grpc.insecure_channel(f"127.0.0.1:{free_port()}") as channel:
        ask = channel.unary_unary("/no.Service/Method")

        def talk() -> None:
            while not stopping.is_set():
                with contextlib.suppress(grpc.RpcError):
                    ask(b"", timeout=0.05)

        talkers = [threading.Thread(target=talk) for _ in range(3)]
        for talker in talkers:
            talker.start()
        try:
            for _ in range(10):
                asyncio.run(run_to_end(bench.program("step", ""), seconds=10))
        finally:
            stopping.set()
            for talker in talkers:
                talker.join()
    assert "fork" not in capfd.readouterr().err


def test_the_demo_says_when_no_system_runs(tmp_path: Path) -> None:
    """A sentence instead of a stack trace, and a non-zero exit."""
    result = subprocess.run(
        [sys.executable, "-m", "knative.local.demo"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr == f"No system runs on {tmp_path}: start one with `make run`.\n"
