"""Keeps what a merchant and a developer need to use this system, in one private file."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from knative.local.environment import owner_environment
from knative.local.layout import ROOT, Layout, LayoutError, write_record
from knative.local.programs import Program
from knative.local.supervisor import StartError, run_to_end

FILE: Final = "credentials.json"
_PROVISION_SECONDS: Final = 180.0


@dataclass(frozen=True, slots=True)
class Login:
    """A person's name and first password; whoever changed it since knows it alone."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """Addresses of the system, the test keys of its first account and its first people.

    `identity_url` is the realm's; the people are `admin` of the platform and, for the `dashboard`,
    the account's owner. They are None until Keycloak has made them.
    """

    base_url: str
    account: str
    secret_key: str
    publishable_key: str
    webhook_url: str
    webhook_secret: str
    simulator_url: str
    simulator_control_token: str
    identity_url: str | None = None
    admin: Login | None = None
    dashboard: Login | None = None


_PEOPLE: Final = ("admin", "dashboard")
_ALWAYS: Final = Credentials.__dataclass_fields__.keys() - {*_PEOPLE, "identity_url"}


def read_credentials(data_dir: Path) -> Credentials | None:
    """What the last start wrote, or None before the first.

    Raises LayoutError where it is damaged: the keys in it stand nowhere else.
    """
    file = data_dir / FILE
    if not file.exists():
        return None
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        always: dict[str, Any] = {name: str(known[name]) for name in _ALWAYS}
        people = {name: _login(known[name]) for name in _PEOPLE if name in known}
        return Credentials(
            **always,
            identity_url=known.get("identity_url"),
            admin=people.get("admin"),
            dashboard=people.get("dashboard"),
        )
    except (ValueError, KeyError, TypeError):
        raise LayoutError(
            f"{file} is damaged and holds the only copy of your test keys: put it back,"
            " or choose another DATA_DIR."
        ) from None


def _login(known: Mapping[str, object]) -> Login:
    return Login(str(known["username"]), str(known["password"]))


def write_credentials(data_dir: Path, credentials: Credentials) -> None:
    """Replace the file, mode 0600; what is not there yet does not stand in it."""
    content = {name: value for name, value in asdict(credentials).items() if value is not None}
    write_record(data_dir / FILE, content)


def record_people(data_dir: Path, *, admin: Login, owner: Login) -> None:
    """Add the first people to the file."""
    known = read_credentials(data_dir)
    if known is not None:
        write_credentials(data_dir, replace(known, admin=admin, dashboard=owner))


async def ensure_account(layout: Layout, *, name: str) -> Credentials:
    """The first account: as recorded, or provisioned now. Raises StartError."""
    known = read_credentials(layout.data_dir)
    if known is None:
        webhook_url = os.environ.get("WEBHOOK_URL") or layout.url("webhook")
        made = await provision(layout, name=name, webhook_url=webhook_url)
        account, secret_key = str(made["account"]), str(made["secret_key"])
        publishable_key = str(made["publishable_key"])
        webhook_secret = str(made["webhook_secret"])
    else:
        # Ports may have changed: the platform's operator account follows the stand-in operator.
        await run_to_end(_program(layout, "--operator-only"), seconds=_PROVISION_SECONDS)
        webhook_url, webhook_secret = known.webhook_url, known.webhook_secret
        account, secret_key = known.account, known.secret_key
        publishable_key = known.publishable_key
    token = (layout.secrets_dir / "simulator_control_token").read_text(encoding="utf-8").strip()
    credentials = Credentials(
        base_url=layout.base_url,
        account=account,
        secret_key=secret_key,
        publishable_key=publishable_key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        simulator_url=layout.base_url,
        simulator_control_token=token,
        identity_url=layout.identity_url,
        admin=None if known is None else known.admin,
        dashboard=None if known is None else known.dashboard,
    )
    write_credentials(layout.data_dir, credentials)
    return credentials


async def provision(layout: Layout, *, name: str, webhook_url: str) -> Mapping[str, object]:
    """Make an account with both modes; the operation's answer, keys in clear. Raises StartError."""
    words = ("--name", name, "--modes", "test,live", "--webhook-url", webhook_url)
    program = _program(layout, *words)
    answer = await run_to_end(program, seconds=_PROVISION_SECONDS, capture=True)
    try:
        made: Mapping[str, object] = json.loads(answer.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise StartError(f"provision answered no JSON; see {program.log}") from None
    return made


def _program(layout: Layout, *words: str) -> Program:
    return Program(
        name="provision",
        argv=(sys.executable, "-m", "shared.runtime.provision", *words),
        log=layout.logs / "provision.log",
        folder=ROOT,
        environment=owner_environment(layout),
    )
