"""The realm's files and their comparison with what a server holds."""

import json
from typing import Any

import pytest

from knative.components.keycloak.access import REALM
from knative.components.keycloak.document import RealmDocument, load_document
from knative.components.keycloak.drift import differences
from shared.runtime.settings import Settings


@pytest.fixture
def document() -> RealmDocument:
    """The realm for some address."""
    return load_document(public_base_url="https://pay.example/", administration_secret="s3cret")


def test_no_client_takes_a_password_or_hands_a_token_through_an_address(
    document: RealmDocument,
) -> None:
    """Direct grants and the implicit flow are off, by word and not by default, for all clients."""
    for client in document.representation["clients"]:
        assert client["directAccessGrantsEnabled"] is False
        assert client["implicitFlowEnabled"] is False


def test_codes_go_to_our_own_address_alone(document: RealmDocument) -> None:
    """No wildcard: a code that somebody else receives is a stolen sign-in."""
    dashboard = document.state()["clients"]["dashboard"]

    assert dashboard["redirectUris"] == ["https://pay.example/dashboard/signed-in"]
    assert dashboard["attributes"]["pkce.code.challenge.method"] == "S256"
    assert "*" not in json.dumps(document.representation["clients"])


def test_access_tokens_live_five_minutes_at_most(document: RealmDocument) -> None:
    """Whoever loses a right has lost it everywhere after that."""
    assert document.representation["accessTokenLifespan"] <= 300


def test_no_mail_takes_the_place_of_a_second_factor(document: RealmDocument) -> None:
    """Keycloak's way back from a forgotten password ends signed in, asked for no code."""
    assert document.representation["resetPasswordAllowed"] is False


def test_every_duty_brings_the_role_of_a_merchant(document: RealmDocument) -> None:
    """A duty is never held without its role."""
    roles = document.state()["roles"]

    assert {name for name, role in roles.items() if role["composites"] == ["merchant"]} == {
        "owner",
        "developer",
        "finance",
        "viewer",
    }


def test_the_steps_of_sign_in_are_compared_one_by_one(document: RealmDocument) -> None:
    """A step taken out, or made optional, is drift."""
    wanted = document.state()["sign-in"]
    weaker = {**wanted, "step 11": {**wanted["step 11"], "requirement": "DISABLED"}}
    shorter = {**wanted, "steps": wanted["steps"] - 1}

    assert wanted["step 11"]["step"] == "auth-otp-form"
    assert list(differences(wanted, weaker)) == ["step 11/requirement: 'DISABLED', not 'REQUIRED'"]
    assert list(differences(wanted, shorter)) == ["steps: 10, not 11"]


def test_functions_and_steps_name_the_realm_that_the_files_make(document: RealmDocument) -> None:
    """The issuer that functions trust is this realm at the server's address."""
    settings = Settings.read({"ENVIRONMENT": "local", "KEYCLOAK_URL": "https://id.example/"})

    assert document.name == REALM
    assert settings.identity_issuer == f"https://id.example/realms/{document.name}"
    assert Settings.read({"ENVIRONMENT": "local"}).identity_issuer is None


@pytest.mark.parametrize(
    ("wanted", "found", "lines"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": 1}, {"a": 2}, ["a: 2, not 1"]),
        ({"a": False}, {}, ["a: missing"]),
        ({"a": []}, {}, []),
        ({"a": {"b": ["x", "y"]}}, {"a": {"b": ["y", "x"]}}, []),
        ({"a": {"b": ["x"]}}, {"a": {"b": ["x", "z"]}}, ["a/b: ['x', 'z'], not ['x']"]),
        ({"secret": "one"}, {"secret": "two"}, ["secret: differs"]),
        (
            {"protocolMappers": {"x": {}}},
            {"protocolMappers": {"x": {}, "y": {}}},
            ["protocolMappers/y: not wanted"],
        ),
        (
            {"components": {"x": True}},
            {"components": {"y": True}},
            ["components/x: missing", "components/y: not wanted"],
        ),
    ],
)
def test_drift_is_what_is_wanted_and_not_there(wanted: Any, found: Any, lines: list[str]) -> None:
    """Settings we say nothing of are Keycloak's; one more entry of a list is drift; no secret."""
    assert list(differences(wanted, found)) == lines
