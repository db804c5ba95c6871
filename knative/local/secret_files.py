"""Makes each secret once and keeps it as a file that only its owner may read."""

import base64
import json
import os
import secrets
import uuid
from collections.abc import Callable
from pathlib import Path

_KEYS = (
    "api_key_pepper",
    "callback_token_key",
    "intent_key",
    "notification_sealing_key",
    "number_key",
    "page_sealing_key",
    "webhook_sealing_key",
)


def make_private_folder(folder: Path) -> Path:
    """Create `folder` (mode 0700) where it is missing; its parents keep their modes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The one line in `path`; made by `make` and stored, mode 0600, where there is none."""
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    value = make()
    write_private(path, value + "\n")
    return value


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text` in one step, mode 0600, so no reader meets half a file."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except BaseException:
        fresh.unlink()
        raise


def make_secrets(folder: Path) -> None:
    """Make every secret that no part makes for itself; what is there stays."""
    make_own_secrets(folder)
    read_or_make(folder / "smtp", lambda: "")  # the local mail server asks for no login


def make_own_secrets(folder: Path) -> None:
    """Make those that nobody outside gives out, in a cloud as here.

    Keys are 32 random bytes in base64. `simulator_credentials` is what an operator account needs
    to take money at the stand-in operator's MTN face, `simulator_disbursement_credentials` to pay
    it out there, `simulator_orange_credentials` both at its Orange face, and
    `simulator_orange_web_credentials` to take it on Orange's page.
    """
    for name in _KEYS:
        read_or_make(folder / name, lambda: base64.b64encode(secrets.token_bytes(32)).decode())
    read_or_make(folder / "simulator_control_token", lambda: secrets.token_urlsafe(24))
    read_or_make(folder / "simulator_credentials", _mtn_credentials)
    read_or_make(folder / "simulator_disbursement_credentials", _mtn_credentials)
    read_or_make(folder / "simulator_orange_credentials", _orange_credentials)
    read_or_make(folder / "simulator_orange_web_credentials", _orange_web_credentials)


def _mtn_credentials() -> str:
    return json.dumps(
        {
            "subscription_key": secrets.token_hex(16),
            "api_user": str(uuid.uuid4()),
            "api_key": secrets.token_hex(16),
        }
    )


def _orange_credentials() -> str:
    return json.dumps(
        {
            "consumer_key": secrets.token_urlsafe(21),
            "consumer_secret": secrets.token_urlsafe(21),
            "api_user": str(uuid.uuid4()),
            "api_password": secrets.token_urlsafe(16),
            "channel_msisdn": f"69{secrets.randbelow(10**7):07}",
            "pin": f"{secrets.randbelow(10**4):04}",
        }
    )


def _orange_web_credentials() -> str:
    return json.dumps(
        {
            "client_id": secrets.token_urlsafe(21),
            "client_secret": secrets.token_urlsafe(21),
            "merchant_key": secrets.token_hex(16),
            "api_user": str(uuid.uuid4()),
        }
    )
