"""A real Keycloak with our realm for every test that wants one: started once, used by all."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection

from knative.components.keycloak.person import Person as NewPerson
from knative.components.keycloak.person import ensure_person
from knative.local.keycloak import Keycloak, start_keycloak
from tests.sign_in import Person, sign_in
from tests.system import ROOT, WholeSystem, data_folder

PUBLIC_BASE_URL: Final = "http://127.0.0.1:8080"
REDIRECT_URI: Final = f"{PUBLIC_BASE_URL}/dashboard/signed-in"
PASSWORD: Final = "mangoes in the rain"


@dataclass(slots=True)
class Identity:
    """The one server, started again where a test ends it."""

    folder: Path
    server: Keycloak

    @property
    def realm_url(self) -> str:
        """The address of our realm."""
        return f"{self.server.plan.url}/realms/pay"

    def realm_job(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run the job as a deployment would."""
        return subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "knative.components.keycloak", *words],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "KEYCLOAK_URL": self.server.plan.url,
                "PUBLIC_BASE_URL": PUBLIC_BASE_URL,
                "SECRETS_DIR": str(self.folder / "secrets"),
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def admin(self, secret: str, realm: str) -> KeycloakAdmin:
        """The realm `pay` with the rights of a client of `realm`, whose secret file is named."""
        line = (self.folder / "secrets" / secret).read_text().strip()
        client_id, _, client_secret = line.partition(":")
        return KeycloakAdmin(
            connection=KeycloakOpenIDConnection(
                server_url=self.server.plan.url,
                realm_name="pay",
                user_realm_name=realm,
                client_id=client_id,
                client_secret_key=client_secret,
                timeout=20,
            )
        )

    def sign_in(self, person: Person) -> dict[str, Any] | str:
        """The dashboard's tokens, or the page shown instead."""
        return sign_in(self.realm_url, person, redirect_uri=REDIRECT_URI)


@pytest.fixture(scope="session")
def identity() -> Iterator[Identity]:
    """A running server with our realm."""
    with data_folder() as folder:
        found = Identity(folder, start_keycloak(folder, folder / "secrets"))
        try:
            made = found.realm_job()
            assert (made.returncode, made.stdout) == (0, "made the realm pay\n"), made.stderr
            yield found
        finally:
            found.server.stop()


@dataclass(frozen=True, slots=True)
class FirstSignIn:
    """What the first administrator of a system met: a page without a second factor, then tokens."""

    refused: dict[str, Any] | str
    tokens: dict[str, Any] | str


@pytest.fixture(scope="session")
def administrator(whole_system: WholeSystem) -> FirstSignIn:
    """Once for all, since a code counts once."""
    system = whole_system.with_people()
    known = system.credentials
    redirect_uri = f"{system.base_url}/dashboard/signed-in"
    person = Person(known["admin"]["username"], known["admin"]["password"])
    refused = sign_in(known["identity_url"], person, redirect_uri=redirect_uri)
    person.has_phone = True
    return FirstSignIn(refused, sign_in(known["identity_url"], person, redirect_uri=redirect_uri))


@pytest.fixture(scope="session")
def owner(identity: Identity) -> str:
    """The mail address of a person of one merchant, made by the client that makes people."""
    administration = identity.admin("keycloak_administration", "pay")
    account = administration.create_organization(
        {"name": "acct_one", "alias": "acct_one", "enabled": True}
    )
    assert account is not None
    return make_person(administration, "ngono@shop.example", account=account)


def make_person(
    administration: KeycloakAdmin, email: str, *, role: str = "owner", account: str | None = None
) -> str:
    """A person with a role, in an account, as the first ones are made; returns the address."""
    ensure_person(administration, NewPerson(email, PASSWORD, role, "A.", "Ngono", account))
    return email
