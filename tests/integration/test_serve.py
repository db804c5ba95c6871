"""Promises of the server: how a function starts, what it refuses, how it ends."""

import contextlib
import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from knative.local.programs import free_port
from shared.runtime import lifecycle
from shared.runtime.drain import Drain
from tests.pubsub_server import wait_for

ROOT = Path(__file__).parents[2]
FUNCTION = """
import threading
from pathlib import Path
from shared.runtime import lifecycle
from shared.runtime.exchange import Answer, edge, read_content

HERE = Path(__file__).parent


def _serve(request, exchange):
    if request.path == "/slow":
        (HERE / "entered").touch()
        while not (HERE / "go").exists():
            threading.Event().wait(0.01)
    if request.path == "/body":
        return Answer(body={"bytes": len(read_content(request))})
    return Answer(body={"path": request.path, "stopping": lifecycle.is_stopping()})


echo = edge("echo", _serve)
lifecycle.on_shutdown(lambda: (HERE / "flushed").touch())
"""


@dataclass
class Served:
    """A function that runs by itself."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextlib.contextmanager
def _serving(folder: Path, **environment: str) -> Iterator[Served]:
    (folder / "main.py").write_text(FUNCTION)
    port = free_port()
    told = {
        "PORT": str(port), "ENVIRONMENT": "local", "THREADS": "4", "PYTHONPATH": str(ROOT),
        "FUNCTION_TARGET": "echo", "FUNCTION_SOURCE": str(folder / "main.py"),
        "PATH": os.environ["PATH"], "PUBLIC_BASE_URL": "https://pay.test",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shared.runtime.serve"],
            cwd=ROOT, env=told | environment, stdout=log, stderr=log,
        )  # fmt: skip
    served = Served(process, port, folder)
    try:
        wait_for(lambda: _answers(port) or process.poll() is not None, "it listens", seconds=15)
        assert process.poll() is None, "it ended"
        yield served
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with _serving(tmp_path_factory.mktemp("echo")) as running:
        yield running


def _get(served: Served, path: str, **headers: str) -> tuple[int, dict[str, object]]:
    connection = served.connect()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return response.status, content


@pytest.mark.parametrize("path", ["/", "/robots.txt", "/favicon.ico", "/a/b"])
def test_every_path_reaches_the_function(served: Served, path: str):
    """The framework answers no path by itself."""
    status, body = _get(served, path)
    assert (status, body["stopping"]) == (200, False)


@pytest.mark.parametrize("path", [b"//a", b"//", b"///a", b"/%0a", b"/a%0d%0ab"])
def test_a_path_has_one_spelling(served: Served, path: bytes):
    """A double slash is not taken for a single one; a line break gets no page of the framework."""
    answer = served.raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404")
    assert b'"code":"route_unknown"' in answer


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT", b"PROPFIND"])
def test_an_odd_method_is_refused_in_our_shape(served: Served, method: bytes):
    """TRACE would echo credentials."""
    request = b" / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer SECRET\r\nConnection: close\r\n\r\n"
    answer = served.raw(method + request)
    assert answer.startswith((b"HTTP/1.1 405", b"HTTP/1.1 400"))
    assert b"SECRET" not in answer


def test_a_body_above_the_limit_is_refused_by_length_and_by_count(served: Served):
    """A lie about the length helps nobody: chunks are counted."""
    claimed = served.raw(
        b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\nConnection: close\r\n\r\n"
    )
    assert claimed.startswith(b"HTTP/1.1 413")
    connection = served.connect()
    chunk = b"x" * 65536
    connection.request("POST", "/body", body=iter([chunk] * 15), encode_chunked=True)
    assert json.loads(connection.getresponse().read()) == {"bytes": 15 * 65536}
    connection.request("POST", "/body", body=iter([chunk] * 17), encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read())["error"]["code"] == "body_too_large"
    connection.close()


def test_it_runs_in_one_process_of_modest_size(served: Served):
    """PSS of an empty function stays below 60 MB, and a kill leaves nothing behind."""
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text()
    assert children.strip() == ""
    rollup = Path(f"/proc/{served.process.pid}/smaps_rollup").read_text()
    (pss,) = [line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")]
    assert int(pss) < 60_000


def test_sigterm_finishes_what_runs_and_flushes(tmp_path: Path):
    """A running request is answered, no new one is taken, hooks run, and the exit is clean."""
    with _serving(tmp_path) as served:
        connection = served.connect()
        connection.request("GET", "/slow")
        wait_for((tmp_path / "entered").exists, "the request runs")
        served.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not _answers(served.port), "it takes no more")
        (tmp_path / "go").touch()
        answer = json.loads(connection.getresponse().read())
        connection.close()
        assert answer == {"path": "/slow", "stopping": True}
        assert served.process.wait(10) == 0
        assert (tmp_path / "flushed").exists()


def test_a_stop_reaches_the_thread_that_waits_for_it(served: Served):
    """All others block SIGTERM, the main thread too: whichever took it might wake nobody."""
    tasks = [*Path(f"/proc/{served.process.pid}/task").iterdir()]
    taking = [int(task.name) for task in tasks if not _blocks(task, signal.SIGTERM)]
    assert len(tasks) > 2
    assert len(taking) == 1
    assert taking != [served.process.pid]


def _blocks(task: Path, number: signal.Signals) -> bool:
    (line,) = [x for x in (task / "status").read_text().splitlines() if x.startswith("SigBlk:")]
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def test_a_process_that_was_asleep_still_stops(tmp_path: Path):
    """A stop that comes as it wakes is no less a stop."""
    with _serving(tmp_path) as served:
        assert _get(served, "/")[0] == 200
        for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM):
            served.process.send_signal(number)
        assert served.process.wait(10) == 0


def test_half_a_request_does_not_hold_up_a_stop(tmp_path: Path):
    """Who connected and never finished asking is owed nothing: the process ends cleanly, soon."""
    with (
        _serving(tmp_path) as served,
        socket.create_connection(("127.0.0.1", served.port), 5) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHo")
        assert _get(served, "/")[0] == 200
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(10) == 0
        assert (tmp_path / "flushed").exists()


def test_an_answer_given_while_stopping_ends_its_connection():
    """A connection that missed the stop is not kept for another request."""
    drain = Drain()
    seen: list[tuple[str, str]] = []

    def application(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "0")])
        return []

    served = drain.counting(application)
    served({}, lambda _status, headers: seen.extend(headers))
    assert seen == [("Content-Length", "0")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "is_stopping", lambda: True)
        served({}, lambda _status, headers: seen.extend(headers))
    assert seen[1:] == [("Content-Length", "0"), ("Connection", "close")]


def test_a_request_without_end_is_cut(monkeypatch: pytest.MonkeyPatch):
    """After the drain a request that still runs goes down with the process, which says so."""
    monkeypatch.setattr("shared.runtime.drain.DRAIN_SECONDS", 0.3)
    ended: queue.Queue[int] = queue.Queue()
    drain = Drain(end=ended.put)
    held = threading.Event()

    def application(_environ: object, _start_response: object) -> list[bytes]:
        held.wait(10)
        return []

    served = drain.counting(application)
    client = threading.Thread(target=served, args=({}, lambda *_: None))
    client.start()
    drain.begin()
    assert ended.get(timeout=5) == 1
    held.set()
    client.join()


def test_a_kill_frees_the_port_at_once(tmp_path: Path):
    """Nothing goes on serving behind a restart."""
    with _serving(tmp_path) as served:
        served.process.kill()
        served.process.wait()
        assert not _answers(served.port)


def test_metrics_are_exposed_and_count_from_the_first_request(tmp_path: Path):
    """What happened before metrics had started is in them too."""
    port = free_port()
    with _serving(tmp_path, METRICS_PORT=str(port)) as served:
        assert _get(served, "/")[0] == 200
        wait_for(lambda: _answers(port), "it listens", seconds=15)
        assert _get(served, "/")[0] == 200
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        wanted = 'request_duration_seconds_count{operation="echo",otel_scope_name="payments"'
        (line,) = [line for line in text.splitlines() if line.startswith(wanted)]
        assert line.endswith(" 2.0")


def test_a_missing_setting_is_named(tmp_path: Path):
    """A process that lacks its environment says what it lacks, and ends."""
    with pytest.raises(AssertionError, match="it ended"), _serving(tmp_path, ENVIRONMENT="prod"):
        pass
    assert b"ENVIRONMENT must be one of" in (tmp_path / "log").read_bytes()
