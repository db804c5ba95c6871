"""The local Keycloak: real, on loopback, what we trust and nothing else, its data kept."""

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from knative.local.keycloak import Keycloak, prepare_keycloak, start_keycloak
from knative.local.keycloak_build import KeycloakError, prepare_distribution
from tests.system import data_folder

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder for this file."""
    with data_folder() as path:
        yield path


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[list[Keycloak]]:
    """The one server of this file; a test that starts it again puts the new one here."""
    servers = [start_keycloak(folder, folder / "secrets")]
    yield servers
    servers[-1].stop()


def test_it_listens_on_loopback_alone(running: list[Keycloak]) -> None:
    """Nobody reaches it from outside."""
    doors = psutil.Process(running[-1].process.pid).net_connections("all")
    listening = {door.laddr for door in doors if door.status == psutil.CONN_LISTEN}

    assert {address.removeprefix("::ffff:") for address, _ in listening} == {"127.0.0.1"}
    assert running[-1].plan.port in {port for _, port in listening}


def test_what_it_keeps_is_private(folder: Path, running: list[Keycloak]) -> None:
    """The administrator's secret and the people's data are its owner's alone."""
    secret = folder / "secrets/keycloak_admin"

    assert secret.stat().st_mode & 0o077 == 0
    assert running[-1].plan.folder.stat().st_mode & 0o077 == 0
    assert running[-1].plan.client_secret not in running[-1].plan.log.read_text()


def test_its_memory_is_bounded(running: list[Keycloak]) -> None:
    """It fits beside all other parts on a small machine."""
    assert psutil.Process(running[-1].process.pid).memory_info().rss < 500_000_000


def test_a_taken_port_is_one_clear_sentence(folder: Path) -> None:
    """Whoever chose the port learns which one it is, before anything starts."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(KeycloakError, match=f"^Port {port} is taken: [^.]+\\.$"):
            prepare_keycloak(folder, folder / "secrets", port=port, announce=print)


def test_a_server_that_is_not_the_one_we_trust_is_never_run(tmp_path: Path) -> None:
    """What comes with another SHA-256 is deleted before it is unpacked."""
    with pytest.raises(KeycloakError, match="another SHA-256"):
        prepare_distribution(lambda _: None, cache=tmp_path, sha256="0" * 64)

    assert not list(tmp_path.rglob("*.zip"))
    assert not list(tmp_path.rglob("*.jar"))
