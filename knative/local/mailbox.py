"""Takes every mail on loopback and keeps it in a folder, where a mail server would send it on."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP

from knative.local.layout import HOST
from knative.local.secret_files import make_private_folder

LARGEST_MAIL_BYTES: Final = 1_048_576
_NAME: Final = "mail.pay.local"
_LONGEST_SHOWN: Final = 200

Announce = Callable[[str], None]


class Mailbox:
    """What the server asks about each mail: `announce` gets one line for each that is kept."""

    def __init__(self, folder: Path, announce: Announce) -> None:
        """Make the folder, private, where it is missing."""
        self._folder = make_private_folder(folder)
        self._announce = announce

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail as `<time>-<number>.eml`, readable by its owner alone."""
        content: bytes = envelope.content
        try:
            path = self._keep(content)
        except OSError as error:
            return f"452 not kept: {error.strerror}"
        mail = message_from_bytes(content, policy=default)
        recipients = ", ".join(envelope.rcpt_tos)
        self._announce(f"Mail to {_shown(recipients)}: {_shown(str(mail['Subject']))} ({path})")
        return "250 kept"

    def _keep(self, content: bytes) -> Path:
        while True:
            path = self._folder / f"{time.time_ns() // 1_000_000}-{os.urandom(2).hex()}.eml"
            with contextlib.suppress(FileExistsError):
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                return path


def protocol(mailbox: Any, **more: Any) -> SMTP:
    """Return what speaks SMTP on one connection, and asks a mailbox what to answer."""
    return SMTP(mailbox, hostname=_NAME, ident="local", data_size_limit=LARGEST_MAIL_BYTES, **more)


async def serve_mail(port: int, folder: Path, announce: Announce) -> asyncio.Server:
    """Listen on 127.0.0.1:`port` until the server is closed."""
    mailbox = Mailbox(folder, announce)
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: protocol(mailbox), HOST, port)


def _shown(text: str) -> str:
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return printable[:_LONGEST_SHOWN]
