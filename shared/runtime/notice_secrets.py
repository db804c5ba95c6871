"""Seals the one-time link or code of a notification for its writer, and opens it for its sender."""

from shared.runtime import wiring
from shared.runtime.sealing import SealBrokenError, Sealer


def seal(text: str, notification_id: str) -> str:
    """Seal a one-time link or code for the notification of this id."""
    return _sealer().seal(text, notification_id)


def open_sealed(sealed: str, notification_id: str) -> str:
    """Return the link or code. Raises ValueError where it was sealed for another or is damaged."""
    try:
        return _sealer().open(sealed, notification_id)
    except SealBrokenError as broken:
        raise ValueError("the seal is broken") from broken


def _sealer() -> Sealer:
    return Sealer(wiring.key_bytes("notification_sealing_key"))
