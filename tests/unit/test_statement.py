"""Reading a database's answers: every message whole, and not a byte of the next answer."""

import io
import struct
from typing import Any, Final

import pytest
from pg8000.exceptions import InterfaceError

from shared.db.statement import _answers

ANSWER: Final = ((b"2", b""), (b"D", b"\x00" * 20_000), (b"C", b"INSERT 0 1\x00"), (b"Z", b"I"))
BEHIND: Final = b"N\x00\x00\x00\x05\x00"


class Trickle(io.RawIOBase):
    """A wire that brings at most so many bytes at a time."""

    def __init__(self, content: bytes, most: int) -> None:
        """Bring `content`, then the end."""
        super().__init__()
        self._content = io.BytesIO(content)
        self._most = most

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Bring some."""
        piece = self._content.read(min(self._most, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)


def wire(*, most: int, cut: int = 0) -> io.BufferedReader:
    """The answer with the start of another behind it, or cut short by so many bytes."""
    content = b"".join(kind + struct.pack("!i", len(body) + 4) + body for kind, body in ANSWER)
    return io.BufferedReader(Trickle(content[:-cut] if cut else content + BEHIND, most))


@pytest.mark.parametrize("most", [1, 3, 5, 6, 4096, 8192, 100_000])
def test_an_answer_is_read_whole_and_no_further(most: int) -> None:
    """However the wire cuts it, and with a message larger than what is kept ready."""
    sock = wire(most=most)

    assert tuple(_answers(sock)) == ANSWER
    assert sock.read() == BEHIND


@pytest.mark.parametrize("cut", [1, 5, 6, 20, 20_010])
def test_a_wire_that_ends_within_an_answer_is_an_error(cut: int) -> None:
    """A cut answer is never taken for a short one."""
    with pytest.raises(InterfaceError):
        tuple(_answers(wire(most=4096, cut=cut)))
