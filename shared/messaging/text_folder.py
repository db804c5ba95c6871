"""Stands in for a provider of text messages (SMS) on the local system: each becomes a file."""

import os
from datetime import datetime
from pathlib import Path

from shared.domain.notification import Recipient
from shared.domain.notification_words import Letter
from shared.operations.send_notification import Attempt, Sent


class TextFolder:
    """A Sender of text messages that nobody gets: they lie in a folder, readable by its owner."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; it is made at the first message."""
        self._folder = folder

    def send(
        self, letter: Letter, *, to: Recipient, notification_id: str, written_at: datetime
    ) -> Attempt:
        """Write `<id>.txt`; the same message again is the same file."""
        text = f"To: {to.address}\nDate: {written_at.isoformat()}\n\n{text_of(letter)}\n"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._folder / f"{notification_id}.txt"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            return Attempt(Sent.NOT_NOW, "folder_unwritable")
        return Attempt(Sent.TAKEN)


class NoTexts:
    """The Sender of text messages where no provider is chosen: it refuses, and says so."""

    def send(
        self, letter: Letter, *, to: Recipient, notification_id: str, written_at: datetime
    ) -> Attempt:
        """Refuse."""
        del letter, to, notification_id, written_at
        return Attempt(Sent.REFUSED, "no_text_provider")


def text_of(letter: Letter) -> str:
    """Return the one text of a message."""
    return " ".join(letter.paragraphs)
