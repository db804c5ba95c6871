"""The local Keycloak: real, on loopback, and what a person gets who signs in at it."""

import signal
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
import urllib3

from knative.local.keycloak import prepare_keycloak, start_keycloak
from knative.local.keycloak_build import KeycloakError, prepare_distribution
from shared.domain.errors import NotAuthenticated
from shared.runtime.tokens import KeySet, Trust, Verifier, fetcher
from tests.identity import PASSWORD, PUBLIC_BASE_URL, REDIRECT_URI, Identity, make_person
from tests.passkey import Passkey
from tests.sign_in import Browser, Person, ask_token, authorize_url, claims_of

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(400)


def test_it_listens_on_loopback_alone(identity: Identity) -> None:
    """Nobody reaches it from outside."""
    doors = psutil.Process(identity.server.process.pid).net_connections("all")
    listening = {door.laddr for door in doors if door.status == psutil.CONN_LISTEN}

    assert {address.removeprefix("::ffff:") for address, _ in listening} == {"127.0.0.1"}
    assert identity.server.plan.port in {port for _, port in listening}


def test_what_it_keeps_is_private(identity: Identity) -> None:
    """Secrets and the people's data are their owner's alone, and no secret is in the log."""
    plan = identity.server.plan

    for secret in (identity.folder / "secrets").iterdir():
        assert secret.stat().st_mode & 0o077 == 0
        assert secret.read_text().strip().partition(":")[2] not in plan.log.read_text()
    assert plan.folder.stat().st_mode & 0o077 == 0


def test_its_memory_is_bounded(identity: Identity) -> None:
    """It fits beside all other parts on a small machine."""
    assert psutil.Process(identity.server.process.pid).memory_info().rss < 450_000_000


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    """Whoever chose the port learns which one it is, before anything starts."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(KeycloakError, match=f"^Port {port} is taken: [^.]+\\.$"):
            prepare_keycloak(tmp_path, tmp_path / "secrets", port=port, announce=print)


def test_a_server_that_is_not_the_one_we_trust_is_never_run(tmp_path: Path) -> None:
    """What comes with another SHA-256 is deleted before it is unpacked."""
    with pytest.raises(KeycloakError, match="another SHA-256"):
        prepare_distribution(lambda _: None, cache=tmp_path, sha256="0" * 64)

    assert not list(tmp_path.rglob("*.zip"))
    assert not list(tmp_path.rglob("*.jar"))


@pytest.mark.parametrize("client", ["dashboard", "admin-cli", "administration"])
def test_no_client_takes_a_password(identity: Identity, owner: str, client: str) -> None:
    """A password is typed on Keycloak's own page and nowhere else."""
    status, answer = ask_token(
        identity.realm_url,
        grant_type="password",
        client_id=client,
        username=owner,
        password=PASSWORD,
    )

    assert status in {400, 401}
    assert "access_token" not in answer


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "code id_token"}, "unauthorized_client"),
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_only_a_code_with_a_hashed_challenge_is_given(
    identity: Identity, changed: dict[str, str], error: str
) -> None:
    """No token travels in an address, and no code is of use to who merely saw it pass by."""
    words = {
        "client_id": "dashboard",
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": REDIRECT_URI,
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    asked = {name: word for name, word in {**words, **changed}.items() if word}
    answer = Browser().open(authorize_url(identity.realm_url, **asked))

    place = urlsplit(answer.headers["Location"])
    assert place.geturl().startswith(REDIRECT_URI)
    assert parse_qs(place.query or place.fragment)["error"] == [error]


def test_a_code_is_sent_to_no_other_address(identity: Identity) -> None:
    """An address that is not ours gets a page of refusal, not a redirect."""
    url = authorize_url(
        identity.realm_url,
        client_id="dashboard",
        response_type="code",
        redirect_uri=f"{PUBLIC_BASE_URL}/elsewhere",
    )

    assert Browser().open(url).status == 400


def test_a_sign_in_gives_a_token_for_our_api(identity: Identity, owner: str) -> None:
    """Short, for us, from the dashboard, with duty and account, and without name or address."""
    tokens = identity.sign_in(Person(owner, PASSWORD))

    assert isinstance(tokens, dict), tokens
    claims = claims_of(tokens["access_token"])
    assert claims["iss"] == identity.realm_url
    assert (claims["aud"], claims["azp"], claims["typ"]) == ("pay-api", "dashboard", "Bearer")
    assert claims["exp"] - claims["iat"] <= 300
    assert set(claims["realm_access"]["roles"]) == {"owner", "merchant"}
    assert claims["organization"] == ["acct_one"]
    assert not {"email", "name", "preferred_username", "resource_access"} & set(claims)


def test_the_verifier_of_our_functions_takes_this_token_alone(
    identity: Identity, owner: str
) -> None:
    """The access token is taken; the two that came with it are for others, and refused."""
    tokens = identity.sign_in(Person(owner, PASSWORD))
    assert isinstance(tokens, dict), tokens
    trust = Trust(
        issuer=identity.realm_url,
        audience="pay-api",
        required={"typ": "Bearer"},
        authorized_parties=frozenset({"dashboard"}),
    )
    keys = KeySet(fetcher(f"{identity.realm_url}/protocol/openid-connect/certs"))
    verify = Verifier(trust, keys).verify

    assert verify(f"Bearer {tokens['access_token']}")["organization"] == ["acct_one"]
    for other in ("id_token", "refresh_token"):
        with pytest.raises(NotAuthenticated):
            verify(f"Bearer {tokens[other]}")


def test_an_administrator_needs_a_code_as_well(identity: Identity) -> None:
    """A password alone gives an administrator no token, neither at first nor ever after."""
    administration = identity.admin("keycloak_administration", "pay")
    person = Person(make_person(administration, "admin@pay.example", role="admin"), PASSWORD)

    assert isinstance(identity.sign_in(person), str)
    person.has_phone = True
    tokens = identity.sign_in(person)
    assert isinstance(tokens, dict), tokens
    assert claims_of(tokens["access_token"])["realm_access"]["roles"] == ["admin"]
    assert isinstance(identity.sign_in(person), dict)


def test_an_administrator_may_have_a_passkey_instead(identity: Identity) -> None:
    """Then it is what is asked for, and no code can be set up in its place by a mere password."""
    administration = identity.admin("keycloak_administration", "pay")
    passkey = Passkey(identity.server.plan.url)
    email = "passkey@pay.example"
    # As if registered: Keycloak takes credentials in its own format when somebody is made.
    password = {"type": "password", "value": PASSWORD, "temporary": False}
    user = administration.create_user(
        {
            "username": email,
            "email": email,
            "emailVerified": True,
            "enabled": True,
            "firstName": "A.",
            "lastName": "Ngono",
            "credentials": [password, passkey.credential()],
        }
    )
    administration.assign_realm_roles(user, [administration.get_realm_role("admin")])

    refused = identity.sign_in(Person(email, PASSWORD, has_phone=True))
    tokens = identity.sign_in(Person(email, PASSWORD, passkey=passkey))
    stranger = Person(email, PASSWORD, passkey=Passkey(passkey.origin, id=passkey.id))

    assert isinstance(refused, str)
    assert "totpSecret" not in refused
    assert isinstance(tokens, dict), tokens
    assert claims_of(tokens["access_token"])["realm_access"]["roles"] == ["admin"]
    assert isinstance(identity.sign_in(stranger), str)


def test_whoever_guesses_codes_is_kept_out(identity: Identity) -> None:
    """After a few wrong codes in a row not even the right one is taken for a while."""
    administration = identity.admin("keycloak_administration", "pay")
    email = make_person(administration, "guessed@pay.example", role="admin")
    person = Person(email, PASSWORD, has_phone=True)
    assert isinstance(identity.sign_in(person), dict)
    stranger = Person(email, PASSWORD, device="guessed")

    assert isinstance(identity.sign_in(stranger), str)
    assert isinstance(identity.sign_in(person), str)


def test_the_issuer_is_not_what_a_caller_writes(identity: Identity) -> None:
    """Whatever host a request names, tokens are of the one issuer that functions trust."""
    url = f"{identity.realm_url}/.well-known/openid-configuration"
    headers = {"Host": "elsewhere.example", "X-Forwarded-Host": "elsewhere.example"}
    answer = urllib3.request("GET", url, headers=headers, timeout=20, retries=False)

    assert answer.json()["issuer"] == identity.realm_url
    assert "elsewhere" not in answer.data.decode()


def test_a_wrong_password_gives_nothing_and_leaves_no_name(identity: Identity, owner: str) -> None:
    """The page comes again; neither the log nor a stored event says who tried or was made."""
    page = identity.sign_in(Person(owner, "mangoes in the sun"))

    assert isinstance(page, str)
    admin = identity.admin("keycloak_admin", "master")
    assert admin.get_events() == []
    assert admin.get_admin_events() == []
    assert owner not in identity.server.plan.log.read_text()


def test_pages_speak_the_language_of_the_person(identity: Identity) -> None:
    """French and English by the browser's choice."""
    url = authorize_url(
        identity.realm_url,
        client_id="dashboard",
        response_type="code",
        redirect_uri=REDIRECT_URI,
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method="S256",
    )
    for language in ("fr", "en"):
        answer = urllib3.request(
            "GET", url, headers={"Accept-Language": language}, timeout=20, retries=False
        )
        assert f'lang="{language}"' in answer.data.decode()


def test_what_it_answered_outlives_a_kill(identity: Identity, owner: str) -> None:
    """A killed server loses no person, no realm and no key: tokens stay valid."""
    keys = f"{identity.realm_url}/protocol/openid-connect/certs"
    before = urllib3.request("GET", keys, timeout=20, retries=False).json()
    administration = identity.admin("keycloak_administration", "pay")
    known = administration.get_users({"email": owner})[0]["id"]
    account = administration.get_user_organizations(known)[0]
    late = make_person(administration, "late@shop.example", account=account["id"])
    identity.server.process.send_signal(signal.SIGKILL)
    identity.server.process.wait(5)

    port = identity.server.plan.port
    identity.server = start_keycloak(identity.folder, identity.folder / "secrets", port=port)

    assert identity.realm_job("--check").returncode == 0
    assert urllib3.request("GET", keys, timeout=20, retries=False).json() == before
    for email in (owner, late):
        assert isinstance(identity.sign_in(Person(email, PASSWORD)), dict)
