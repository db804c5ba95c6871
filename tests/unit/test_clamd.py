"""The port to ClamAV's daemon speaks its documented protocol, byte for byte, and trusts no half."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.operations.file_ports import ScannerDownError
from shared.storage.clamd import CHUNK_BYTES, Clamd


@contextmanager
def daemon(
    answer: bytes, *, path: Path | None = None, reads: int | None = None
) -> Iterator[tuple[str, list[bytes]]]:
    """One that takes a connection, reads to the stream's end or so many bytes, and answers.

    Yields its address and what it read.
    """
    if path is None:
        listener = socket.create_server(("127.0.0.1", 0))
        url = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        listener.listen()
        url = f"unix://{path}"
    listener.settimeout(10)
    seen: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        connection.settimeout(10)
        with connection, connection.makefile("rb") as stream:
            if reads is not None:
                seen.append(stream.read(reads))
            else:
                seen.append(stream.read(len(b"zINSTREAM\0")))
                while length := int.from_bytes(stream.read(4), "big"):
                    seen.append(stream.read(length))
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield url, seen
    finally:
        thread.join(10)
        listener.close()


def test_a_clean_file_is_sent_in_chunks() -> None:
    """The command, chunks behind their lengths in network order, and a length of zero."""
    content = bytes(range(256)) * (CHUNK_BYTES // 256) + b"rest"
    with daemon(b"stream: OK\0") as (url, seen):
        assert Clamd(url).scan(content) is None

    assert seen[0] == b"zINSTREAM\0"
    assert [len(each) for each in seen[1:]] == [CHUNK_BYTES, 4]
    assert b"".join(seen[1:]) == content


def test_what_is_found_is_named(tmp_path: Path) -> None:
    """Also over a socket of this machine."""
    found = b"stream: Win.Test.EICAR_HDB-1 FOUND\0"
    with daemon(found, path=tmp_path / "c") as (url, _):
        assert Clamd(url).scan(b"x") == "Win.Test.EICAR_HDB-1"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: O",
        b"stream: OK",
        b"stream: OK and more\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"stream: Can't allocate memory ERROR\0",
        b"x" * 9000,
    ],
)
def test_what_is_no_verdict_is_none(answer: bytes) -> None:
    """A file is clean by its own words alone, said to the end."""
    with daemon(answer) as (url, _), pytest.raises(ScannerDownError):
        Clamd(url).scan(b"x")


def test_a_daemon_that_has_had_enough_is_not_taken_for_a_clean_file() -> None:
    """It says why, or cuts the line."""
    with (
        daemon(b"INSTREAM size limit exceeded. ERROR\0", reads=100) as (url, _),
        pytest.raises(ScannerDownError),
    ):
        Clamd(url).scan(bytes(20 * CHUNK_BYTES))


def test_a_daemon_that_is_away_is_asked_again() -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ScannerDownError):
        Clamd(f"tcp://127.0.0.1:{port}").scan(b"x")


@pytest.mark.parametrize("url", ["", "http://a", "tcp://", "tcp://a/b", "unix://a", "unix:b"])
def test_an_address_that_leads_nowhere_is_refused(url: str) -> None:
    """At the first use, with the forms that are known."""
    with pytest.raises(ValueError, match="scanner"):
        Clamd(url)
