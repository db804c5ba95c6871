"""A person from invitation to removal, at a real Keycloak and through our doors."""

import io
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import pytest
from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakPostError

from knative.components.keycloak.mail import main as write_by
from knative.components.keycloak.second_factor import main as second_factor
from knative.local.secret_files import write_private
from shared.domain.events import IDENTITY_DUE, Message
from shared.domain.ids import new_id
from shared.runtime import notice_secrets
from tests.database import Account, Database
from tests.functions.door import Door, Reply
from tests.functions.process import function_process
from tests.functions.pushes import Issuer, push_body
from tests.identity import PASSWORD, PUBLIC_BASE_URL, Identity, make_person
from tests.mail_server import Mail, MailServer
from tests.pubsub_server import PROJECT
from tests.sign_in import Person, ask_token, claims_of, follow_link

# The first run in a checkout fetches and builds the server.
pytestmark = pytest.mark.timeout(400)

LINK: Final = re.compile(r"https?://\S+")
KEY: Final = {"kind": "restricted", "scopes": ["charges:read"]}


@dataclass(slots=True)
class House:
    """An account, its people at Keycloak, and our doors."""

    account: Account
    database: Database
    identity: Identity
    issuer: Issuer
    mails: MailServer
    administration: KeycloakAdmin
    doors: dict[str, Door] = field(default_factory=dict)

    def door(self, name: str) -> Door:
        """A function, loaded once."""
        if name not in self.doors:
            self.doors[name] = Door(name)
        return self.doors[name]

    def token(self, email: str) -> str:
        """Sign in at Keycloak's page; the access token."""
        tokens = self.identity.sign_in(Person(email, PASSWORD))
        assert isinstance(tokens, dict), tokens
        return str(tokens["access_token"])

    def at_work(self, mode: str = "live") -> dict[str, str]:
        """Where somebody works."""
        return {"Pay-Account": self.account.id, "Pay-Mode": mode}

    def post(self, token: str, path: str, body: object = None) -> Reply:
        """Change something of the account."""
        return self.door("manage_account").post(path, body, key=token, headers=self.at_work())

    def invite(self, token: str, email: str) -> str:
        """Invite somebody as a developer; the invitation's id."""
        reply = self.post(token, "/v1/invitations", {"email": email, "duty": "developer"})
        assert reply.status == 200, reply.json
        return str(reply.json["id"])

    def keep(self) -> list[int]:
        """Deliver what Keycloak is to be brought to, each message twice and at once."""
        rows = self.database.look(
            "DELETE FROM platform.outbox WHERE account_id = :id AND topic = 'identity-due'"
            " RETURNING id, topic, account_id, livemode, object_id",
            id=self.account.id,
        )
        messages = [Message(*row) for row in rows for _ in range(2)]
        self.door("keep_identity")
        with ThreadPoolExecutor(4) as threads:
            return list(threads.map(self.deliver, messages))

    def deliver(self, message: Message) -> int:
        """Push one message until it is taken, as Pub/Sub does; the status."""
        headers = self.issuer.headers("keep_identity")
        deadline = time.monotonic() + 60
        while True:
            reply = self.door("keep_identity").post("/", push_body(message), headers=headers)
            if reply.status != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                return reply.status

    def mails_to(self, address: str) -> list[Mail]:
        """What Keycloak wrote to an address; it has, once its message was taken."""
        return [mail for mail in self.mails.mails if mail.recipients == [address]]

    def link_to(self, address: str) -> str:
        """The link of the newest of them."""
        found = LINK.search(self.mails_to(address)[-1].text())
        assert found is not None
        return found[0]

    def accept(self, token: str, invitation: str) -> Reply:
        """Accept with the token of our own mail."""
        [[notice, sealed]] = self.database.look(
            "SELECT n.id, n.secret_sealed FROM platform.notifications n"
            " JOIN platform.invitations i ON i.email = n.recipient AND i.created_at = n.created_at"
            " WHERE i.id = :id",
            id=invitation,
        )
        body = {"token": notice_secrets.open_sealed(sealed, notice).partition("#")[2]}
        return self.door("manage_account").post("/v1/invitations/accept", body, key=token)

    def known(self, email: str) -> dict[str, Any]:
        """What Keycloak knows of an address."""
        [found] = self.administration.get_users({"email": email, "exact": "true"})
        return dict(found)

    def organizations(self, person: str) -> list[str]:
        """The organisations of a person."""
        return [each["alias"] for each in self.administration.get_user_organizations(person)]

    def roles(self, person: str) -> set[str]:
        """The roles of a person."""
        found = self.administration.get_realm_roles_of_user(person)
        return {role["name"] for role in found}


@pytest.fixture(scope="module")
def house(
    identity: Identity,
    migrated: Database,
    make_account: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """Our functions beside Keycloak."""
    administration = (identity.folder / "secrets" / "keycloak_administration").read_text()
    write_private(migrated.secrets_dir / "keycloak_administration", administration)
    with Issuer(tmp_path_factory.mktemp("issuer")) as issuer, MailServer() as mails:
        environment = {
            **migrated.environment,
            **issuer.environment,
            "ENVIRONMENT": "local",
            "PUBLIC_BASE_URL": PUBLIC_BASE_URL,
            "KEYCLOAK_URL": identity.server.plan.url,
            "PUBSUB_PROJECT": PROJECT,
            "PUBSUB_EMULATOR_HOST": "127.0.0.1:9",
        }
        written = write_by(
            {
                "KEYCLOAK_URL": identity.server.plan.url,
                "SECRETS_DIR": str(identity.folder / "secrets"),
                "ENVIRONMENT": "local",
                "SMTP_URL": f"smtp://127.0.0.1:{mails.port}",
                "MAIL_FROM": "no-reply@pay.example",
            }
        )
        assert written == 0
        with function_process(environment, io.StringIO()):
            yield House(
                make_account(live=True),
                migrated,
                identity,
                issuer,
                mails,
                identity.admin("keycloak_administration", "pay"),
            )


@pytest.fixture(scope="module")
def owner(house: House) -> str:
    """The token of the account's owner, who signed in just now."""
    email = make_person(house.administration, "awa@shop.example", role="merchant")
    person = house.known(email)["id"]
    house.database.look(
        "INSERT INTO platform.members (account_id, person, email, language, duty)"
        " VALUES (:account, :person, :email, 'fr', 'owner') RETURNING person",
        account=house.account.id, person=person, email=email,
    )  # fmt: skip
    return house.token(email)


def test_a_person_comes_and_goes(house: House, owner: str) -> None:
    """Invited, she chooses a password, accepts and works; removed, she is out everywhere."""
    email, other_email = "dib_a-b+till@shop.example", "che@shop.example"
    invitation, other = house.invite(owner, email), house.invite(owner, other_email)
    assert set(house.keep()) == {204}
    person = house.known(email)
    assert (person["emailVerified"], person["attributes"]) == (False, {"locale": ["fr"]})
    assert house.roles(person["id"]) >= {"merchant"}
    for address in (email, other_email):
        link = house.link_to(address)
        follow_link(link, Person(address, PASSWORD))
        assert len(house.mails_to(address)) in {1, 2}
    token, stranger = house.token(email), house.token(other_email)
    assert claims_of(token)["sub"] == person["id"]

    assert house.accept(stranger, invitation).status == 403
    joined = house.accept(token, invitation)
    assert (joined.status, joined.json["duty"]) == (200, "developer")
    assert house.accept(token, invitation).error["code"] == "invitation_used"
    charges = house.door("read_payments").get("/v1/charges", key=token, headers=house.at_work())
    assert charges.status == 200
    assert house.post(token, "/v1/api_keys", KEY).status == 200
    assert set(house.keep()) == {204}
    assert house.organizations(person["id"]) == [house.account.id]
    assert house.post(stranger, "/v1/api_keys", KEY).status == 404

    tokens = house.identity.sign_in(Person(email, PASSWORD))
    assert isinstance(tokens, dict)
    assert house.post(owner, f"/v1/team/{person['id']}/remove").status == 200
    assert house.post(token, "/v1/api_keys", KEY).status == 404
    assert set(house.keep()) == {204}
    assert house.organizations(person["id"]) == []
    assert "merchant" not in house.roles(person["id"])
    assert house.administration.get_sessions(person["id"]) == []
    refreshed, _ = ask_token(
        house.identity.realm_url,
        grant_type="refresh_token",
        client_id="dashboard",
        refresh_token=tokens["refresh_token"],
    )
    assert refreshed == 400
    assert house.post(owner, f"/v1/invitations/{other}/revoke").status == 200
    assert set(house.keep()) == {204}
    assert "merchant" not in house.roles(house.known(other_email)["id"])


def test_a_link_of_keycloaks_mail_works_once(house: House, owner: str) -> None:
    """Whoever finds the mail later sets no password; who has one is not written to."""
    email = "fru@shop.example"
    first = house.invite(owner, email)
    house.keep()
    link = house.link_to(email)
    follow_link(link, Person(email, PASSWORD))
    follow_link(link, Person(email, "oranges in the sun"))
    assert house.known(email)["emailVerified"]
    before = len(house.mails_to(email))
    house.post(owner, f"/v1/invitations/{first}/revoke")
    house.invite(owner, email)
    house.keep()

    assert isinstance(house.identity.sign_in(Person(email, PASSWORD)), dict)
    assert isinstance(house.identity.sign_in(Person(email, "oranges in the sun")), str)
    assert len(house.mails_to(email)) == before


def test_whoever_was_deleted_by_hand_is_no_hindrance(house: House, owner: str) -> None:
    """A message about somebody whom Keycloak no longer knows is done with."""
    email = "gone@shop.example"
    house.invite(owner, email)
    house.keep()
    person = house.known(email)["id"]
    house.administration.delete_user(person)
    message = Message(new_id("msg", 1), IDENTITY_DUE, house.account.id, True, person)  # noqa: FBT003 - a mode

    assert house.deliver(message) == 204


def test_two_persons_never_share_an_address(house: House) -> None:
    """Keycloak itself refuses the second; case makes no difference."""
    make_person(house.administration, "twin@shop.example", role="merchant")
    with pytest.raises(KeycloakPostError, match="409"):
        house.administration.create_user({"username": "other", "email": "TWIN@shop.example"})


def test_a_lost_second_factor_is_taken_and_another_set_up(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """The look changes nothing; then the old phone opens nothing, nor does the password alone."""
    email = make_person(house.administration, "lost@pay.example", role="admin")
    person = Person(email, PASSWORD, has_phone=True)
    assert isinstance(house.identity.sign_in(person), dict)
    environment = {
        "KEYCLOAK_URL": house.identity.server.plan.url,
        "SECRETS_DIR": str(house.identity.folder / "secrets"),
    }
    assert second_factor([email], environment) == 0
    assert "an administrator\notp since" in capsys.readouterr().out
    assert isinstance(house.identity.sign_in(person), dict)

    assert second_factor([email, "--remove"], environment) == 0
    assert house.administration.get_sessions(house.known(email)["id"]) == []
    assert isinstance(house.identity.sign_in(Person(email, PASSWORD)), str)
    new = Person(email, PASSWORD, has_phone=True)
    assert isinstance(house.identity.sign_in(new), dict)
    assert isinstance(house.identity.sign_in(person), str)
    assert second_factor(["nobody@pay.example"], environment) == 1
    assert capsys.readouterr().err == "Nobody has this address.\n"
