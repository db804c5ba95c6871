"""The keys that sign people's tokens change while people work, and Keycloak goes away."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from keycloak import KeycloakAdmin

from knative.local.keycloak import start_keycloak
from shared.domain.errors import NotAuthenticated
from shared.runtime.tokens import (
    JWKS_SECONDS,
    REFETCH_SECONDS,
    KeySet,
    Verifier,
    fetcher,
    people_trust,
)
from tests.identity import PASSWORD, Identity
from tests.sign_in import Person
from tests.trials import Trial

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(400)

KEY_PROVIDER: Final = "org.keycloak.keys.KeyProvider"


class Clock:
    """Monotonic seconds that a test moves on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The time by which public keys grow old."""
    return Clock()


@pytest.fixture
def verify(identity: Identity, clock: Clock) -> Callable[[str], bool]:
    """Whether a function takes a token, as one process of it."""
    keys = KeySet(fetcher(f"{identity.realm_url}/protocol/openid-connect/certs"), clock)
    verifier = Verifier(people_trust(identity.realm_url), keys)

    def is_taken(token: str) -> bool:
        try:
            verifier.verify(f"Bearer {token}")
        except NotAuthenticated:
            return False
        return True

    return is_taken


def token_of(identity: Identity, email: str) -> str:
    """An access token, fresh from the pages."""
    tokens = identity.sign_in(Person(email, PASSWORD))
    assert isinstance(tokens, dict), tokens
    return str(tokens["access_token"])


@contextmanager
def load(is_taken: Callable[[str], bool], tokens: list[str]) -> Iterator[list[str]]:
    """Present all tokens again and again meanwhile; yields those that were refused."""
    refused: list[str] = []
    over = threading.Event()

    def present() -> None:
        while not over.wait(0.002):
            refused.extend(token for token in list(tokens) if not is_taken(token))

    threads = [threading.Thread(target=present) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield refused
    finally:
        over.set()
        for thread in threads:
            thread.join()


def signing_keys(admin: KeycloakAdmin) -> list[dict[str, Any]]:
    """The components that make RS256 keys."""
    found = admin.get_components({"type": KEY_PROVIDER})
    return [one for one in found if one["providerId"] == "rsa-generated"]


def a_key(priority: int) -> dict[str, Any]:
    """A component with a new key; the one of the highest priority signs."""
    return {
        "name": f"rotated-{priority}",
        "providerId": "rsa-generated",
        "providerType": KEY_PROVIDER,
        "config": {"priority": [str(priority)], "enabled": ["true"], "active": ["true"]},
    }


def test_keys_are_rotated_without_a_false_refusal(
    identity: Identity, owner: str, verify: Callable[[str], bool], clock: Clock, trial: Trial
) -> None:
    """A new key is taken, an old one as long as it is published, and none after its removal."""
    admin = identity.admin("keycloak_admin", "master")
    rounds, refusals, kept = trial.size(1, 20), 0, 0
    for turn in range(rounds):
        old = signing_keys(admin)
        tokens = [token_of(identity, owner)]
        with load(verify, tokens) as refused:
            admin.create_component(a_key(1_000 + turn))
            clock.now += REFETCH_SECONDS + 1
            tokens.append(token_of(identity, owner))
            for component in old:
                component["config"]["active"] = ["false"]
                admin.update_component(component["id"], component)
            clock.now += JWKS_SECONDS + 1
            tokens.append(token_of(identity, owner))
            refusals += len(set(refused))
        for component in old:
            admin.delete_component(component["id"])
        clock.now += JWKS_SECONDS + 1
        kept += verify(tokens[0])
        refusals += sum(not verify(token) for token in tokens[1:])
    trial.record("E41 keys rotated under load", rounds, wrong=refusals + kept)


def test_an_absent_issuer_stops_nobody_who_is_signed_in(
    identity: Identity, owner: str, verify: Callable[[str], bool], clock: Clock
) -> None:
    """Ten minutes without Keycloak: tokens that it gave are taken, forged ones are not."""
    token = token_of(identity, owner)
    assert verify(token)
    port = identity.server.plan.port
    identity.server.stop()
    try:
        for _ in range(10):
            clock.now += 60
            assert verify(token)
            assert not verify(token[:-8] + "AAAAAAAA")
    finally:
        identity.server = start_keycloak(identity.folder, identity.folder / "secrets", port=port)

    clock.now += REFETCH_SECONDS + 1
    assert verify(token_of(identity, owner))
