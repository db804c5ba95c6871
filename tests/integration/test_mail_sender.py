"""The way out of mail on real sockets: verified TLS, bounded time, refusals told apart."""

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from shared.domain.notification import Kind, Recipient
from shared.domain.notification_words import Letter, letter_of
from shared.messaging.mail_sender import MailServer as Address
from shared.messaging.mail_sender import SmtpSender, _judged
from shared.operations.send_notification import Attempt, Sent
from shared.runtime.mailing import html
from tests.certificates import Authority
from tests.factories import an_id
from tests.mail_server import MailServer

SENDER: Final = "no-reply@pay.example"
OWNER: Final = Recipient("owner@shop.example", "fr")
NOT_NOW: Final = Sent.NOT_NOW
LETTER: Final = letter_of(
    Kind.ENDPOINT_GONE,
    "fr",
    account_name="Boutique Éwé",
    data={"endpoint": "we_x", "host": "shop.example"},
    livemode=True,
    secret=None,
)


def nobody() -> str:
    """No login."""
    return ""


def send(url: str, letter: Letter = LETTER, **changes: Any) -> Attempt:
    """Send a letter by a server at this address."""
    terms: dict[str, Any] = {"sender": SENDER, "login": nobody, "html": html, **changes}
    sender = SmtpSender(Address.parse(url), **terms)
    return sender.send(letter, to=OWNER, notification_id=an_id("ntf"), written_at=datetime.now(UTC))


def plainly(server: MailServer, **changes: Any) -> Attempt:
    """Send without TLS, as the local system does."""
    return send(f"smtp://127.0.0.1:{server.port}", allow_plain=True, **changes)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the certificates of mail servers here."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def trusting(authority: Authority) -> ssl.SSLContext:
    """A client's context that trusts only that authority."""
    return ssl.create_default_context(cafile=authority.file)


def test_a_mail_arrives_as_it_was_written() -> None:
    """Envelope, headers, and the same words as text and as a page."""
    with MailServer() as server:
        assert plainly(server) == Attempt(Sent.TAKEN)

    (mail,) = server.mails
    read = mail.parsed
    assert (mail.sender, mail.recipients) == (SENDER, [OWNER.address])
    assert (read["From"], read["To"]) == (SENDER, OWNER.address)
    assert read["Subject"] == LETTER.subject
    assert (read["Auto-Submitted"], read["Content-Language"]) == ("auto-generated", "fr")
    assert read["Message-ID"].endswith("@pay.example>")
    assert read["Message-ID"].startswith("<ntf_")
    for subtype in ("plain", "html"):
        assert "« 410 Gone »" in mail.text(subtype)
    assert '<html lang="fr">' in mail.text("html")
    assert max(map(len, mail.content.splitlines())) <= 78


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_outside_this_machine_mail_goes_by_verified_tls(
    authority: Authority, trusting: ssl.SSLContext, scheme: str
) -> None:
    """By STARTTLS or from the first byte; the login is given inside it."""
    login = ("post", "a:b:c")
    tls = authority.server("localhost")
    with MailServer(tls=tls, is_tls_first=scheme == "smtps", login=login) as server:
        url = f"{scheme}://localhost:{server.port}"
        taken = send(url, context=trusting, login=lambda: "post:a:b:c")
        refused = send(url, context=trusting, login=lambda: "post:wrong")

    assert taken == Attempt(Sent.TAKEN)
    assert refused == Attempt(NOT_NOW, "login_refused")
    assert [mail.is_tls for mail in server.mails] == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("fault", ["name", "authority"])
def test_a_certificate_that_proves_nothing_gets_nothing(
    authority: Authority, trusting: ssl.SSLContext, scheme: str, fault: str
) -> None:
    """Of an unknown authority, or for another name: no login and no mail leaves."""
    tls = authority.server("another.example" if fault == "name" else "localhost")
    context = trusting if fault == "name" else ssl.create_default_context()
    with MailServer(tls=tls, is_tls_first=scheme == "smtps", login=("a", "b")) as server:
        attempt = send(f"{scheme}://localhost:{server.port}", context=context, login=lambda: "a:b")

    assert attempt == Attempt(NOT_NOW, "tls_failed")
    assert (server.mails, server.logins) == ([], [])


@pytest.mark.parametrize(
    ("host", "terms"), [("localhost", {"allow_plain": True}), ("127.0.0.1", {})]
)
def test_a_server_without_tls_gets_nothing(host: str, terms: dict[str, Any]) -> None:
    """Only the local system, and only to an address of its own machine, goes without."""
    with MailServer() as server:
        attempt = send(f"smtp://{host}:{server.port}", **terms)

    assert attempt == Attempt(NOT_NOW, "tls_not_offered")
    assert server.mails == []


def test_without_tls_no_login_leaves() -> None:
    """A server on this machine that asks for a login gets none in clear."""

    def login() -> str:
        pytest.fail("somebody wants the login")

    with MailServer() as server:
        assert plainly(server, login=login) == Attempt(Sent.TAKEN)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"recipient": "550 no such user"}, Attempt(Sent.REFUSED, "recipient_refused")),
        ({"recipient": "450 greylisted"}, Attempt(NOT_NOW, "recipient_refused")),
        ({"recipient": "421 going down"}, Attempt(NOT_NOW, "recipient_refused")),
        ({"recipient": "530 log in first"}, Attempt(NOT_NOW, "recipient_refused")),
        ({"data": "554 looks like spam"}, Attempt(Sent.REFUSED, "mail_refused")),
        ({"data": "451 try later"}, Attempt(NOT_NOW, "mail_refused")),
        ({"sender": "550 not yours"}, Attempt(NOT_NOW, "sender_refused")),
    ],
)
def test_a_refusal_is_for_good_only_where_it_is_of_this_mail(
    answers: dict[str, Any], expected: Attempt
) -> None:
    """A recipient or a mail refused by 5xx; what is our login or sender a person puts right."""
    with MailServer(**answers) as server:
        assert plainly(server) == expected
    assert server.mails == []


def test_a_closed_port_is_not_now() -> None:
    """A mail server that is away loses nothing."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    attempt = send(f"smtp://127.0.0.1:{port}", allow_plain=True)

    assert attempt == Attempt(NOT_NOW, "connect_failed")


def _silent(_sock: socket.socket, over: threading.Event) -> None:
    over.wait(10)


def _dripping(sock: socket.socket, over: threading.Event) -> None:
    sock.sendall(b"220 ")
    while not over.wait(0.05):
        sock.sendall(b"a")


def _endless(sock: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        sock.sendall(b"220-and more\r\n")
        over.wait(0.01)


@pytest.mark.parametrize("play", [_silent, _dripping, _endless])
def test_no_server_holds_us_longer_than_the_bound(
    play: Callable[[socket.socket, threading.Event], None],
) -> None:
    """Whether it says nothing, one letter at a time, or talks for ever."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                try:
                    play(sock, over)
                except OSError:
                    over.set()

        thread = threading.Thread(target=serve)
        thread.start()
        began = time.monotonic()
        url = f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        attempt = send(url, allow_plain=True, total_seconds=0.5)
        took = time.monotonic() - began
        over.set()
        thread.join(5)

    assert attempt == Attempt(NOT_NOW, "timeout")
    assert took < 3


def test_a_silent_server_is_called_so_whichever_clock_was_first() -> None:
    """The socket's own time-out may come a moment before our watch on a busy machine."""
    silence = smtplib.SMTPServerDisconnected("closed")
    silence.__context__ = TimeoutError()

    assert _judged(silence) == Attempt(NOT_NOW, "timeout")
    assert _judged(smtplib.SMTPServerDisconnected()) == Attempt(NOT_NOW, "connection_broken")


def test_what_a_merchant_writes_makes_no_header_and_no_markup() -> None:
    """Line breaks, marks that turn the direction, markup, 10 kB: one subject, escaped text."""
    name = "\u202eEvil\r\nBcc: victim@example.com\r\n\r\n<script>{secret}</script>" + "é" * 10_000
    letter = letter_of(
        Kind.ACCOUNT_SUSPENDED, "en", account_name=name, data={}, livemode=False, secret=None
    )

    with MailServer() as server:
        assert plainly(server, letter=letter) == Attempt(Sent.TAKEN)

    (mail,) = server.mails
    assert mail.recipients == [OWNER.address]
    assert len(mail.parsed.get_all("Subject", [])) == 1
    assert mail.parsed["Subject"].startswith("The account Evil Bcc: victim@example. com")
    assert mail.parsed["Bcc"] is None
    assert "<script" not in mail.text("html")
    assert "&lt;script&gt;{secret}" in mail.text("html")
    assert "\u202e" not in mail.text("plain") + mail.text("html")
    assert len(mail.content) < 10_000
