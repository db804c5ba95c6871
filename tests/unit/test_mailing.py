"""The ways out to people: where the mail server is, and no texts without a provider."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.notification import Kind, Recipient
from shared.domain.notification_words import letter_of
from shared.messaging.mail_sender import MailServer, SmtpSender
from shared.messaging.text_folder import NoTexts
from shared.operations.send_notification import Attempt, Sent
from shared.runtime.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.cm", MailServer("mail.example.cm", 587, is_tls=False)),
        ("smtps://mail.example.cm", MailServer("mail.example.cm", 465, is_tls=True)),
        ("smtp://127.0.0.1:2525/", MailServer("127.0.0.1", 2525, is_tls=False)),
        ("smtp://[::1]:25", MailServer("::1", 25, is_tls=False)),
    ],
)
def test_the_address_of_a_mail_server_is_read(url: str, expected: MailServer) -> None:
    """With the port of its kind where none is said."""
    assert MailServer.parse(url) == expected


@pytest.mark.parametrize(
    "url",
    ["mail.example.cm", "http://mail.example.cm", "smtp://", "smtp://mail.cm/x", "smtp://m:99999"],
)
def test_what_is_no_address_of_a_mail_server_is_refused(url: str) -> None:
    """At the first mail, with a sentence, not by sending somewhere else."""
    with pytest.raises(ValueError, match=r"mail server's address|[Pp]ort"):
        MailServer.parse(url)


def test_an_address_carries_no_login() -> None:
    """It would stand in the environment; the refusal does not repeat it."""
    with pytest.raises(ValueError, match="no login") as refused:
        MailServer.parse("smtp://user:hunter2@mail.example.cm")

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", False),
     ("127.0.0.1.example.cm", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_only_an_address_of_this_machine_is_this_machine(host: str, expected: Any) -> None:
    """A name may lead anywhere, so it goes by TLS."""
    assert MailServer(host, 25, is_tls=False).is_loopback is expected


def test_a_sender_is_one_address() -> None:
    """A MAIL_FROM that is none is refused before anything is sent."""
    with pytest.raises(ValueError, match="no mail address"):
        SmtpSender(MailServer("m", 25, is_tls=True), sender="Pay <a@b.cm>", login=str, html=str)


def test_without_a_provider_a_text_is_refused_and_says_so() -> None:
    """Nobody waits for a code that goes nowhere."""
    letter = letter_of(
        Kind.SIGN_IN_CODE, "en", account_name="A", data={}, livemode=True, secret="123456"
    )
    to = Recipient("+237670000001", "en")
    now = datetime(2026, 11, 25, tzinfo=UTC)

    attempt = NoTexts().send(letter, to=to, notification_id="ntf_x", written_at=now)

    assert attempt == Attempt(Sent.REFUSED, "no_text_provider")


@pytest.mark.parametrize("environment", ["dev", "staging", "production"])
def test_codes_lie_in_a_folder_on_the_local_system_alone(environment: str) -> None:
    """Elsewhere a folder of codes would be a way in."""
    with pytest.raises(SettingsError, match="TEXT_FOLDER"):
        Settings.read({"ENVIRONMENT": environment, "TEXT_FOLDER": "texts"})
    assert Settings.read({"ENVIRONMENT": environment}).text_folder is None
