"""Keycloak under the runner: whatever keeps people from signing in is said in one line."""

import asyncio
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from knative.local import identity as part
from knative.local.identity import Identity
from knative.local.keycloak_build import Distribution
from knative.local.layout import HOST, Layout
from knative.local.programs import free_port
from knative.local.readiness import Beside
from tests.identity import PUBLIC_BASE_URL
from tests.identity import Identity as Server

_PATIENCE_SECONDS: Final = 240.0

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(400)


def _outcome(data_dir: Path, keycloak_url: str, **ports: int) -> tuple[list[str], Beside]:
    """What the part says and how it stands, once it is there or has given up."""
    for name in ("secrets", "logs"):
        (data_dir / name).mkdir(exist_ok=True)
    ports["gateway"] = int(PUBLIC_BASE_URL.rpartition(":")[2])
    layout = Layout(data_dir, ports, "", keycloak_url=keycloak_url)
    lines: list[str] = []

    async def run() -> Beside:
        identity = Identity(layout, lines.append)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
            identity.begin(session, lambda: "a while")
            assert identity._task is not None
            await asyncio.wait_for(identity._task, _PATIENCE_SECONDS)
            found = identity.beside()
            await identity.stop()
        return found

    found = asyncio.run(run())
    return lines, found


def test_another_server_is_given_the_realm_and_nothing_else(identity: Server) -> None:
    """`KEYCLOAK_URL` is somebody's: our job keeps the realm there, and makes nobody."""
    url = identity.server.plan.url

    lines, beside = _outcome(identity.folder, url)

    assert lines == [f"keycloak ready after a while, at {url}"]
    assert beside == Beside()
    assert not list((identity.folder / "secrets").glob("person_*"))


def test_another_server_needs_the_secret_of_its_administrator(
    identity: Server, tmp_path: Path
) -> None:
    """The line says which file is missing and what belongs into it."""
    lines, beside = _outcome(tmp_path, identity.server.plan.url)

    assert lines == [
        (
            "Sign-in is not there, all else runs on: KEYCLOAK_URL needs a client of the realm"
            " master that may change all realms: write <client id>:<secret> into"
            f" {tmp_path}/secrets/keycloak_admin"
        )
    ]
    assert beside == Beside(missing=("keycloak",))


def test_a_server_that_keeps_ending_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would take the processor from all others for ever; its log is named."""
    broken = Distribution(tmp_path, Path("/bin/false"))
    monkeypatch.setattr(part, "built_distribution", lambda: broken)
    port = free_port()

    lines, beside = _outcome(tmp_path, f"http://{HOST}:{port}", keycloak=port)

    assert lines == [
        (
            "Sign-in is not there, all else runs on:"
            f" Not ready: keycloak (see {tmp_path}/logs/keycloak.log)"
        )
    ]
    assert beside == Beside(missing=("keycloak",))
