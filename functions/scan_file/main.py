"""Looks through a quarantined file, and keeps or refuses it."""

from shared.operations.scan_file import scan_file as scan
from shared.runtime import files, logs
from shared.runtime.http import Push, push_function


def handle(push: Push) -> None:
    """Decide about the file that the message names."""
    message = push.message
    outcome = scan(message, store=files.of_message(message), how=files.scanning())
    logs.info("file_scanned", object_id=message.object_id, outcome=outcome)


scan_file = push_function("scan_file", handle)
