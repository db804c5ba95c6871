"""The whole local system with its Keycloak: beside the rest, with a realm and an administrator."""

import os
import re
import subprocess
import sys
from email import message_from_bytes
from email.policy import default
from typing import Any, Final

import pytest
import urllib3

from tests.end_to_end.waiting import wait_for
from tests.identity import FirstSignIn
from tests.sign_in import Person, claims_of, follow_link, sign_in, walk
from tests.system import ROOT, LocalSystem, WholeSystem

# 4 s on a machine that is busy with other things.
PATIENCE_SECONDS: Final = 120.0
LINK: Final = re.compile(r"https?://[^\s>]+")

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(500)


@pytest.fixture
def system(whole_system: WholeSystem) -> LocalSystem:
    """The system with every part, in which people can sign in."""
    return whole_system.with_people()


def test_charges_never_wait_for_it(whole_system: WholeSystem) -> None:
    """`/readyz` is 200 from the moment charges flow, and names it until people can sign in."""
    assert whole_system.early == (200, {"status": "ready", "starting": ["keycloak", "dashboard"]})
    assert whole_system.with_people().readyz() == (200, {"status": "ready"})


def test_the_first_administrator_signs_in_by_two_factors(
    system: LocalSystem, administrator: FirstSignIn
) -> None:
    """With what credentials.json says: at first a second factor is set up, then a token comes."""
    assert isinstance(administrator.refused, str)
    assert isinstance(administrator.tokens, dict), administrator.tokens
    claims = claims_of(administrator.tokens["access_token"])
    assert claims["iss"] == system.credentials["identity_url"]
    assert claims["realm_access"]["roles"] == ["admin"]


def test_the_first_owner_gets_a_token_and_works_in_the_first_account(system: LocalSystem) -> None:
    """`make sign-in` gives what curl needs: she sees her account and makes a key."""
    known = system.credentials
    command = subprocess.Popen(
        [sys.executable, "-m", "knative.local.sign_in"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(system.data_dir)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with command:
        assert command.stdin is not None
        assert command.stdout is not None
        assert command.stderr is not None
        address = next(line.strip() for line in command.stderr if "/auth?" in line)
        person = Person(known["dashboard"]["username"], known["dashboard"]["password"])
        redirect_uri = f"{system.base_url}/dashboard/signed-in"
        command.stdin.write(walk(address, person, redirect_uri=redirect_uri) + "\n")
        command.stdin.close()
        token = command.stdout.read().strip()
    _, me = _ask(system, "GET", "/v1/me", token)
    made = _ask(system, "POST", "/v1/api_keys", token, {"kind": "secret"})

    assert [(one["id"], one["duty"]) for one in me["accounts"]] == [(known["account"], "owner")]
    assert (made[0], made[1]["made_by"]) == (200, me["id"])


def _ask(
    system: LocalSystem, method: str, path: str, token: str, body: object = None
) -> tuple[int, Any]:
    """Status and body of a call by a person, at work in the test mode of the system's account."""
    answer = urllib3.request(
        method,
        f"{system.base_url}{path}",
        json=body,
        headers={
            "Authorization": f"Bearer {token}",
            "Pay-Account": system.credentials["account"],
            "Pay-Mode": "test",
        },
        timeout=30,
        retries=False,
    )
    return answer.status, answer.json()


def _links(system: LocalSystem, address: str) -> list[str] | None:
    """The links of both mails to an address, Keycloak's first; None until both are there."""
    found = []
    for file in (system.data_dir / "mailbox").glob("*.eml"):
        mail = message_from_bytes(file.read_bytes(), policy=default)
        body = mail.get_body(("plain",)) if str(mail["To"]) == address else None
        found += [] if body is None else LINK.findall(body.get_content())[:1]
    return sorted(found, key=lambda link: "#inv_" in link) if len(found) > 1 else None


def test_two_mails_let_an_invited_person_in(system: LocalSystem) -> None:
    """Keycloak's to choose a password, and ours to accept; then she works in the account."""
    known = system.credentials
    issuer, redirect_uri = known["identity_url"], f"{system.base_url}/dashboard/signed-in"
    owner = Person(known["dashboard"]["username"], known["dashboard"]["password"])
    tokens = sign_in(issuer, owner, redirect_uri=redirect_uri)
    assert isinstance(tokens, dict), tokens
    invited = Person("dib@shop.example", "mangoes in the rain")
    offer = {"email": invited.email, "duty": "viewer"}
    made = _ask(system, "POST", "/v1/invitations", tokens["access_token"], offer)
    assert made[0] == 200, made

    password, link = wait_for(
        "two mails", lambda: _links(system, invited.email), seconds=PATIENCE_SECONDS
    )
    follow_link(password, invited)
    theirs = sign_in(issuer, invited, redirect_uri=redirect_uri)
    assert isinstance(theirs, dict), theirs
    token = theirs["access_token"]
    accepted = _ask(
        system, "POST", "/v1/invitations/accept", token, {"token": link.partition("#")[2]}
    )
    assert (accepted[0], accepted[1].get("duty")) == (200, "viewer")
    assert _ask(system, "GET", "/v1/charges", token)[0] == 200
