"""Wires what tells people: the mail server, text messages, and the page of a mail."""

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from shared.db.notifications import Notifications
from shared.domain.notification import Channel
from shared.domain.notification_words import Letter
from shared.messaging.mail_sender import MailServer, SmtpSender
from shared.messaging.text_folder import NoTexts, TextFolder
from shared.operations.send_notification import Sender, Sending
from shared.runtime import notice_secrets, wiring
from shared.runtime.crash import reached
from shared.runtime.once import once
from shared.runtime.settings import LOCAL, require, secret, settings

TEMPLATES: Final = Path(__file__).parents[2] / "functions" / "send_notification" / "templates"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return environment.get_template("mail.html")


def html(letter: Letter) -> str:
    """Return a letter as a page; every word in it is escaped."""
    return _template().render(letter=letter)


@once
def _mail() -> SmtpSender:
    return SmtpSender(
        MailServer.parse(require(settings().smtp_url, "SMTP_URL")),
        sender=require(settings().mail_from, "MAIL_FROM"),
        login=lambda: secret("smtp"),
        html=html,
        allow_plain=settings().environment == LOCAL,
    )


@once
def _texts() -> Sender:
    folder = settings().text_folder
    return NoTexts() if folder is None else TextFolder(folder)


def _sender(channel: Channel) -> Sender:
    return _mail() if channel is Channel.MAIL else _texts()


@once
def store() -> Notifications:
    """Return what people are to be told."""
    return Notifications(wiring.worker_database())


def sending() -> Sending:
    """Return what sending needs."""
    return Sending(
        now=wiring.now, open_secret=notice_secrets.open_sealed, sender=_sender, reached=reached
    )
