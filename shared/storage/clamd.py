"""Has bytes looked through by ClamAV's daemon: the port `Scanner` by the command INSTREAM.

https://docs.clamav.net/manual/Usage/Scanning.html#clamd: the command in its null-terminated form,
then chunks, each behind its length in four bytes in network order, then a length of zero; the
answer is `stream: OK`, `stream: <name> FOUND`, or an error.
"""

import re
import socket
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

from shared.operations.file_ports import ScannerDownError

CONNECT_SECONDS: Final = 3
ANSWER_SECONDS: Final = 20
"""What a scan of ten megabytes may take; the function has five seconds more."""
CHUNK_BYTES: Final = 256 * 1024
LARGEST_ANSWER_BYTES: Final = 4096
USUAL_PORT: Final = 3310

_COMMAND: Final = b"zINSTREAM\0"
_END: Final = bytes(4)
_CLEAN: Final = b"stream: OK"
_FOUND: Final = re.compile(rb"stream: ([\x20-\x7e]+) FOUND")


class Clamd:
    """One daemon; a connection for each scan, since the daemon ends it with its answer."""

    def __init__(self, url: str) -> None:
        """Take `tcp://<host>[:<port>]` or `unix:///<path>`. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
            self._path: str | None = parts.path
        elif parts.scheme == "tcp" and parts.hostname and not parts.path:
            self._path = None
            self._address = (parts.hostname, parts.port or USUAL_PORT)
        else:
            raise ValueError("a scanner is at tcp://<host>:<port> or unix:///<path>")

    def scan(self, content: bytes) -> str | None:
        """Return the name of what was found, None for nothing.

        Raises ScannerDownError, also where the daemon answers an error or cuts the stream off:
        what nobody has looked through to its end is not clean.
        """
        try:
            with closing(self._connected()) as connection:
                answer = _asked(connection, content)
        except OSError as error:
            raise ScannerDownError(type(error).__name__) from error
        if answer == _CLEAN:
            return None
        found = _FOUND.fullmatch(answer)
        if found is None:
            raise ScannerDownError(answer[:100].decode("ascii", errors="replace") or "no answer")
        return found[1].decode("ascii")

    def _connected(self) -> socket.socket:
        if self._path is None:
            connection = socket.create_connection(self._address, timeout=CONNECT_SECONDS)
        else:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(CONNECT_SECONDS)
            try:
                connection.connect(self._path)
            except OSError:
                connection.close()
                raise
        connection.settimeout(ANSWER_SECONDS)
        return connection


def _asked(connection: socket.socket, content: bytes) -> bytes:
    """Send everything and return the answer without its end."""
    view = memoryview(content)
    try:
        connection.sendall(_COMMAND)
        for start in range(0, len(view), CHUNK_BYTES):
            chunk = view[start : start + CHUNK_BYTES]
            connection.sendall(len(chunk).to_bytes(4, "big"))
            connection.sendall(chunk)
        connection.sendall(_END)
    except (BrokenPipeError, ConnectionResetError):
        # It had enough, and may have said why.
        pass
    return _answer(connection)


def _answer(connection: socket.socket) -> bytes:
    answer = b""
    while b"\0" not in answer:
        if len(answer) > LARGEST_ANSWER_BYTES:
            raise ScannerDownError("an answer without an end")
        part = connection.recv(LARGEST_ANSWER_BYTES)
        if not part:
            raise ScannerDownError("an answer without an end")
        answer += part
    return answer.partition(b"\0")[0].strip()
