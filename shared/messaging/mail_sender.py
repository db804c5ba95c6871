"""Hands one mail to the configured mail server within 20 s, by TLS with a verified certificate."""

import contextlib
import ipaddress
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Self
from urllib.parse import urlsplit

from shared.domain.notification import Channel, Recipient, is_address
from shared.domain.notification_words import Letter
from shared.operations.send_notification import Attempt, Sent

CONNECT_SECONDS: Final = 3
TOTAL_SECONDS: Final = 20
_PORTS: Final = {"smtp": 587, "smtps": 465}
_REFUSED: Final = 500
# These are about us and our login, whatever command they answer: a person can put them right.
_OURS: Final = frozenset({530, 534, 535, 538})

Render = Callable[[Letter], str]


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where the mail server is; `is_tls` from the first byte, else by STARTTLS."""

    host: str
    port: int
    is_tls: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `smtps://host[:465]` or `smtp://host[:587]`. Raises ValueError, naming no secret."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/"):
            raise ValueError("a mail server's address is smtps://host:port or smtp://host:port")
        if "@" in parts.netloc:
            raise ValueError("a mail server's address carries no login; that is a secret file")
        port = parts.port or _PORTS[parts.scheme]
        return cls(parts.hostname, port, is_tls=parts.scheme == "smtps")

    @property
    def is_loopback(self) -> bool:
        """Whether the host is an address of this machine itself; a name is not looked up."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class SmtpSender:
    """A Sender of mail. Each mail has a connection of its own; threads share nothing."""

    def __init__(
        self,
        server: MailServer,
        *,
        sender: str,
        login: Callable[[], str],
        html: Render,
        allow_plain: bool = False,
        context: ssl.SSLContext | None = None,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """`login` returns `user:password`, or nothing where the server asks for none.

        `html` makes the page beside the plain text. `allow_plain` is for the local system: a server
        on loopback is then spoken to without TLS, and without a login. Raises ValueError where
        `sender` is no mail address.
        """
        if not is_address(sender, Channel.MAIL):
            raise ValueError("the sender is no mail address")
        self._server = server
        self._sender = sender
        self._login = login
        self._html = html
        self._is_plain = allow_plain and server.is_loopback and not server.is_tls
        self._context = context or ssl.create_default_context()
        self._total_seconds = total_seconds

    def send(
        self, letter: Letter, *, to: Recipient, notification_id: str, written_at: datetime
    ) -> Attempt:
        """Send one mail; its Message-ID comes from the notification, the same on every attempt."""
        try:
            mail = self._compose(letter, to, notification_id, written_at)
        except (ValueError, MessageError):
            return Attempt(Sent.REFUSED, "unwritable")
        watch = _Watch(self._total_seconds)
        try:
            with contextlib.ExitStack() as stack:
                stack.callback(watch.stop)
                client = self._connect(watch, stack)
                client.sendmail(self._sender, [to.address], mail)
                # The server's yes stands, however the good-bye goes.
                with contextlib.suppress(OSError, smtplib.SMTPException):
                    client.quit()
        except (OSError, smtplib.SMTPException, ValueError) as failure:
            return Attempt(Sent.NOT_NOW, "timeout") if watch.is_over else _judged(failure)
        return Attempt(Sent.TAKEN)

    def _compose(
        self, letter: Letter, to: Recipient, notification_id: str, written_at: datetime
    ) -> bytes:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(addr_spec=self._sender)
        mail["To"] = Address(addr_spec=to.address)
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(written_at)
        mail["Message-ID"] = f"<{notification_id}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(plain_text(letter), cte="quoted-printable")
        mail.add_alternative(self._html(letter), subtype="html", cte="quoted-printable")
        mail["Content-Language"] = letter.language
        return mail.as_bytes()

    @property
    def _domain(self) -> str:
        return self._sender.rpartition("@")[2]

    def _connect(self, watch: "_Watch", stack: contextlib.ExitStack) -> "_Client":
        """Connect, turn TLS on and log in; `watch` cuts the connection when the time is over."""
        server = self._server
        sock = socket.create_connection((server.host, server.port), timeout=CONNECT_SECONDS)
        stack.callback(sock.close)
        watch.guard(sock)
        if server.is_tls:
            sock = self._context.wrap_socket(sock, server_hostname=server.host)
            stack.callback(sock.close)
        sock.settimeout(self._total_seconds)
        client = _Client(sock, server, name=self._domain)
        stack.callback(client.close)
        if not (server.is_tls or self._is_plain):
            client.starttls(context=self._context)
        login = "" if self._is_plain else self._login().strip()
        if login:
            user, _, password = login.partition(":")
            client.login(user, password)
        return client


class _Client(smtplib.SMTP):
    """smtplib's client on a connection that is there already."""

    def __init__(self, sock: socket.socket, server: MailServer, *, name: str) -> None:
        self._given = sock
        super().__init__(server.host, server.port, local_hostname=name, timeout=TOTAL_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        del host, port, timeout
        return self._given


class _Watch:
    """Cuts a connection when its time is over: a time-out of sockets counts for each byte anew."""

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._sock: socket.socket | None = None
        self._guard = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def guard(self, sock: socket.socket) -> None:
        """Take a connection into care. Raises TimeoutError where the time is over by now."""
        # A duplicate, which no wrapping into TLS takes away.
        with self._guard:
            if self.is_over:
                raise TimeoutError
            self._sock = sock.dup()

    def stop(self) -> None:
        """Let go."""
        self._timer.cancel()
        with self._guard:
            if self._sock is not None:
                self._sock.close()
                self._sock = None

    def _cut(self) -> None:
        with self._guard, contextlib.suppress(OSError):
            self.is_over = True
            if self._sock is not None:
                self._sock.shutdown(socket.SHUT_RDWR)


def plain_text(letter: Letter) -> str:
    """Return the text of a letter, for those who read no HTML."""
    link = () if letter.link is None else (letter.link,)
    return "\n\n".join((*letter.paragraphs, *link, letter.closing)) + "\n"


def _judged(failure: Exception) -> Attempt:
    """Say what a failure means: only a refusal of this recipient or this mail is for good."""
    match failure:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            code = max(code for code, _ in recipients.values())
            return _by_code(code, "recipient_refused")
        case smtplib.SMTPDataError(smtp_code=code):
            return _by_code(code, "mail_refused")
        case smtplib.SMTPNotSupportedError():
            word = "tls_not_offered"
        case smtplib.SMTPAuthenticationError():
            word = "login_refused"
        case smtplib.SMTPSenderRefused():
            word = "sender_refused"
        case ssl.SSLError():
            word = "tls_failed"
        # The second is what smtplib makes of the first.
        case TimeoutError() | smtplib.SMTPServerDisconnected(__context__=TimeoutError()):
            word = "timeout"
        case smtplib.SMTPServerDisconnected():
            word = "connection_broken"
        case smtplib.SMTPException():
            word = "server_unfit"
        case _:
            word = "connect_failed"
    return Attempt(Sent.NOT_NOW, word)


def _by_code(code: int, word: str) -> Attempt:
    is_for_good = code >= _REFUSED and code not in _OURS
    return Attempt(Sent.REFUSED if is_for_good else Sent.NOT_NOW, word)
