"""The local mailbox: every mail a private file and one line, nothing lost in silence."""

import asyncio
import smtplib
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from knative.local.mailbox import LARGEST_MAIL_BYTES, serve_mail
from knative.local.programs import free_port

FROM: Final = "no-reply@pay.local"
TO: Final = "owner@shop.example"
MAIL: Final = f"From: {FROM}\r\nTo: {TO}\r\nSubject: Hello\x1b[31m\r\n\r\nWords\r\n"


def while_it_listens(folder: Path, act: Callable[[smtplib.SMTP], None]) -> list[str]:
    """Do something with a client of the mailbox; return the lines that were announced."""
    lines: list[str] = []

    def talk(port: int) -> None:
        with smtplib.SMTP("127.0.0.1", port, local_hostname="test", timeout=10) as client:
            act(client)

    async def run() -> None:
        port = free_port()
        server = await serve_mail(port, folder, lines.append)
        try:
            await asyncio.to_thread(talk, port)
        finally:
            server.close()

    asyncio.run(run())
    return lines


def test_each_mail_is_a_private_file_and_a_line(tmp_path: Path) -> None:
    """Also those that come in the same moment; a line holds nothing that a terminal obeys."""
    folder = tmp_path / "mailbox"

    lines = while_it_listens(
        folder, lambda client: [client.sendmail(FROM, [TO], MAIL) for _ in range(20)].clear()
    )

    files = list(folder.iterdir())
    assert (len(files), len(lines)) == (20, 20)
    assert {file.stat().st_mode & 0o777 for file in (folder, *files)} == {0o700, 0o600}
    assert {file.suffix for file in files} == {".eml"}
    assert files[0].read_bytes() == MAIL.encode()
    assert lines[0].startswith(f"Mail to {TO}: Hello [31m (")
    assert all(line.isprintable() for line in lines)


def test_a_mail_that_cannot_be_kept_is_asked_for_again(tmp_path: Path) -> None:
    """A full or missing folder is no refusal of the recipient."""
    folder = tmp_path / "mailbox"

    def send(client: smtplib.SMTP) -> None:
        folder.rmdir()
        with pytest.raises(smtplib.SMTPDataError, match="452"):
            client.sendmail(FROM, [TO], MAIL)

    assert while_it_listens(folder, send) == []


def test_a_mail_has_a_largest_size(tmp_path: Path) -> None:
    """A program gone wild fills no disk with one mail."""

    def send(client: smtplib.SMTP) -> None:
        with pytest.raises(smtplib.SMTPException):
            client.sendmail(FROM, [TO], MAIL + "x" * LARGEST_MAIL_BYTES)

    assert while_it_listens(tmp_path / "mailbox", send) == []
