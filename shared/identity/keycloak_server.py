"""Keycloak's administration of people and organisations: not for tokens, and not for requests.

`shared/docs/decisions/0018-identity-by-keycloak.md` says what the client may do. An organisation
carries its account's id as name and alias: what the merchant is called is not Keycloak's business.
"""

from datetime import timedelta
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError

from shared.domain.errors import AskAgain
from shared.domain.ids import is_id
from shared.operations.keep_identity import KnownPerson

TIMEOUT_SECONDS: Final = 8
_MERCHANT: Final = "merchant"
# Each brings the role of merchants, whoever gave it to her.
_BRINGING: Final = frozenset({_MERCHANT, "owner", "developer", "finance", "viewer"})
_ACTIONS: Final = ("UPDATE_PASSWORD", "VERIFY_EMAIL")


class KeycloakServer:
    """IdentityServer at a running Keycloak; to be used by one thread."""

    def __init__(self, url: str, realm: str, *, login: str) -> None:
        """`login` is `<client id>:<secret>` of a client of the realm; nothing is asked yet."""
        client_id, _, client_secret = login.partition(":")
        self._admin = KeycloakAdmin(
            connection=KeycloakOpenIDConnection(
                server_url=url,
                realm_name=realm,
                user_realm_name=realm,
                client_id=client_id,
                client_secret_key=client_secret,
                timeout=TIMEOUT_SECONDS,
                max_retries=0,
            )
        )

    def ensure_organization(self, account: str) -> None:
        """Make an account's organisation where there is none."""
        if self._find_organization(account) is None:
            with _Asking(HTTPStatus.CONFLICT):
                self._admin.create_organization(
                    {"name": account, "alias": account, "enabled": True}
                )

    def find_person(self, email: str) -> str | None:
        """Return who has this address, or None."""
        with _Asking():
            found = self._admin.get_users({"email": email, "exact": "true"})
        return str(found[0]["id"]) if found else None

    def make_person(self, email: str, language: str) -> str:
        """Make somebody who is to prove the address and set a password, or return who is there."""
        person = {
            "username": email,
            "email": email,
            "emailVerified": False,
            "enabled": True,
            "requiredActions": list(_ACTIONS),
            "attributes": {"locale": [language]},
        }
        with _Asking(HTTPStatus.CONFLICT):
            return self._admin.create_user(person)
        found = self.find_person(email)
        if found is None:
            raise AskAgain("keycloak: the address is a name of somebody with another address")
        return found

    def needs_password(self, person: str) -> bool:
        """Tell whether she has nothing yet to sign in with."""
        with _Asking(HTTPStatus.NOT_FOUND):
            return not self._admin.get_credentials(person)
        return False

    def ask_for_password(self, person: str, *, within: timedelta) -> None:
        """Have Keycloak write to her, with a link that works once and so long."""
        seconds = max(1, int(within.total_seconds()))
        with _Asking():
            self._admin.send_update_account(person, list(_ACTIONS), lifespan=seconds)

    def read_person(self, person: str) -> KnownPerson | None:
        """Return what is known of her, or None for whom somebody has deleted."""
        with _Asking(HTTPStatus.NOT_FOUND):
            roles = self._admin.get_composite_realm_roles_of_user(person)
            organizations = self._admin.get_user_organizations(person)
            aliases = (str(each["alias"]) for each in organizations)
            return KnownPerson(
                accounts=frozenset(alias for alias in aliases if is_id(alias, "acct")),
                is_merchant=any(role["name"] == _MERCHANT for role in roles),
            )
        return None

    def join(self, person: str, account: str) -> None:
        """Put her into an account's organisation."""
        self.ensure_organization(account)
        organization = self._find_organization(account)
        if organization is None:
            raise AskAgain("keycloak: an organisation is gone that was just made")
        with _Asking(HTTPStatus.CONFLICT):
            self._admin.organization_user_add(person, organization)

    def leave(self, person: str, account: str) -> None:
        """Take her out of an account's organisation."""
        organization = self._find_organization(account)
        if organization is not None:
            with _Asking(HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
                self._admin.organization_user_remove(person, organization)

    def set_merchant(self, person: str, *, is_merchant: bool) -> None:
        """Give her the role of merchants, or take it."""
        with _Asking():
            if is_merchant:
                role = self._admin.get_realm_role(_MERCHANT)
                self._admin.assign_realm_roles(person, [role])
            else:
                held = self._admin.get_realm_roles_of_user(person)
                taken = [role for role in held if role["name"] in _BRINGING]
                self._admin.delete_realm_roles_of_user(person, taken)

    def end_sessions(self, person: str) -> None:
        """Sign her out everywhere."""
        with _Asking(HTTPStatus.NOT_FOUND):
            self._admin.user_logout(person)

    def _find_organization(self, account: str) -> str | None:
        with _Asking():
            found: list[dict[str, Any]] = self._admin.get_organizations(
                {"search": account, "exact": "true"}
            )
        return next((str(each["id"]) for each in found if each["alias"] == account), None)


class _Asking:
    """Lets expected refusals pass as done; whatever else fails may work later.

    Nothing of Keycloak's own text is passed on: it may name a person.
    """

    def __init__(self, *expected: HTTPStatus) -> None:
        self._expected = expected

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: object, error: BaseException | None, _traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, KeycloakError):
            return False
        if error.response_code in self._expected:
            return True
        raise AskAgain(f"keycloak: {type(error).__name__} {error.response_code}") from None
