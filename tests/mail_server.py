"""A real mail server on 127.0.0.1 that keeps what it gets and answers as a test tells it."""

import asyncio
import queue
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final, Self

from aiosmtpd.smtp import SMTP, AuthResult

from knative.local.mailbox import protocol

TAKEN: Final = "250 taken"


@dataclass(frozen=True)
class Mail:
    """One mail as it came: how the envelope named sender and recipients, whether over TLS."""

    sender: str
    recipients: list[str]
    content: bytes
    is_tls: bool

    @property
    def parsed(self) -> EmailMessage:
        """The mail as a mail program reads it."""
        return message_from_bytes(self.content, policy=default)

    def text(self, subtype: str = "plain") -> str:
        """One of its two bodies."""
        body = self.parsed.get_body((subtype,))
        assert body is not None
        return str(body.get_content())


@dataclass
class MailServer:
    """`recipient` and `data` are what it answers to RCPT and to a whole mail; `mails` what it took.

    With `tls` it offers STARTTLS, or speaks TLS from the first byte where `is_tls_first`. `login`
    is the only one it lets in.
    """

    recipient: str = TAKEN
    data: str = TAKEN
    sender: str = TAKEN
    tls: ssl.SSLContext | None = None
    is_tls_first: bool = False
    login: tuple[str, str] | None = None
    mails: list[Mail] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    before_answer: Callable[[], None] = lambda: None
    port: int = 0

    def __enter__(self) -> Self:
        self._ports: queue.Queue[int] = queue.Queue()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        self.port = self._ports.get(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        more: dict[str, Any] = {} if self.is_tls_first else {"tls_context": self.tls}
        if self.login is not None:
            more |= {"authenticator": self._authenticate}
            more |= {"auth_require_tls": not self.is_tls_first}
        connections: list[SMTP] = []

        def connected() -> SMTP:
            connections.append(protocol(self, **more))
            return connections[-1]

        first = self.tls if self.is_tls_first else None
        server = await self._loop.create_server(connected, "127.0.0.1", 0, ssl=first)
        self._ports.put(server.sockets[0].getsockname()[1])
        # Begun before the end: in Python 3.11 whoever asks later is told that all is closed.
        closed = asyncio.create_task(server.wait_closed())
        await self._over.wait()
        server.close()
        for connection in connections:
            if connection.transport is not None:
                connection.transport.close()
        await closed

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        is_let_in = self.login is None or session.authenticated
        return self.sender if is_let_in else "530 log in first"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.recipient == TAKEN:
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        is_tls = self.is_tls_first or session.ssl is not None
        if self.data == TAKEN:
            self.mails.append(Mail(envelope.mail_from, envelope.rcpt_tos, envelope.content, is_tls))
        self.before_answer()
        return self.data

    def _authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        pair = (data.login.decode(), data.password.decode())
        self.logins.append(pair[0])
        return AuthResult(success=pair == self.login, handled=False)
