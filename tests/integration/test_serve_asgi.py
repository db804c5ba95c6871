"""Promises of the server of streams: a client that takes nothing costs little, and not for long."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from knative.local.programs import free_port
from tests.pubsub_server import wait_for
from tests.system import ROOT, is_listening

# It sends until nobody takes it for a second, notes how much that was, and goes.
FUNCTION: Final = """
import asyncio
from pathlib import Path

PART = 3000
HEAD = {"type": "http.response.start", "status": 200, "headers": []}
BODY = {"type": "http.response.body", "body": b"x" * PART, "more_body": True}


async def flood(scope, receive, send):
    parts = 0
    try:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
        else:
            await send(HEAD)
        while True:
            async with asyncio.timeout(1):
                if scope["type"] == "websocket":
                    await send({"type": "websocket.send", "text": "x" * PART})
                else:
                    await send(BODY)
            parts += 1
    except TimeoutError:
        told = Path(__file__).parent / "told"
        told.write_text(str(parts * PART))
        told.rename(told.with_name("sent"))  # whole, or not there
"""
# The server as it is, but for its patience.
SERVER: Final = """
from shared.runtime import serve_asgi
serve_asgi.UNTAKEN_MILLISECONDS = 3_000
serve_asgi.main()
"""
LITTLE_BYTES: Final = 1024 * 1024
UPGRADE: Final = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The function in a process of its own; its port and the process."""
    (folder / "main.py").write_text(FUNCTION)
    (folder / "hurried.py").write_text(SERVER)
    port = free_port()
    environment = {
        "PORT": str(port), "ENVIRONMENT": "local", "PYTHONPATH": f"{ROOT}:{folder}",
        "FUNCTION_TARGET": "flood", "FUNCTION_SOURCE": str(folder / "main.py"),
        "PATH": os.environ["PATH"],
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "hurried"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: is_listening(port), "it listens", seconds=30)
        yield port, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("upgrade", ["", UPGRADE], ids=["events", "socket"])
def test_who_takes_nothing_costs_little_and_not_for_long(tmp_path: Path, upgrade: str) -> None:
    """The kernel holds less than a megabyte, and ends the connection, though it stands open."""
    with serving(tmp_path) as (port, process), socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", port))
        client.sendall(f"GET / HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n".encode())
        wait_for((tmp_path / "sent").exists, "it has sent enough", seconds=30)
        sent = int((tmp_path / "sent").read_text())
        wait_for(lambda: not _connections(process), "the connection is gone", seconds=60)

    assert 0 < sent < LITTLE_BYTES


def _connections(process: psutil.Process) -> int:
    states = [each.status for each in process.net_connections("tcp")]
    return states.count(psutil.CONN_ESTABLISHED)
