"""Reads a realm from a running Keycloak and brings it to what is wanted, part by part."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakGetError

from knative.components.keycloak.document import (
    RealmDocument,
    State,
    client_state,
    profile_state,
    role_state,
    steps_state,
)
from knative.components.keycloak.drift import differences
from knative.components.keycloak.flow import read_steps, replace_flow

_TIMEOUT_SECONDS: Final = 15
_NOT_FOUND: Final = 404
_MASTER: Final = "master"
# Keycloak's own, which it needs and which take no password.
_OWN_CLIENTS: Final = {"account", "account-console", "broker", "realm-management"}
_LISTS_OF_SCOPES: Final = ("defaultClientScopes", "optionalClientScopes")


class RealmError(Exception):
    """The realm can neither be read nor changed; the message is one sentence."""


class Realm:
    """One realm of a running server, seen with the rights of an administrator of all realms."""

    def __init__(self, url: str, name: str, *, client_id: str, client_secret: str) -> None:
        """`client_id` is a confidential client of the realm `master`."""
        self._url = url
        self._name = name
        self._client_id = client_id
        self._client_secret = client_secret
        self._admin = self._connect()

    def _connect(self) -> KeycloakAdmin:
        connection = KeycloakOpenIDConnection(
            server_url=self._url,
            realm_name=self._name,
            user_realm_name=_MASTER,
            client_id=self._client_id,
            client_secret_key=self._client_secret,
            timeout=_TIMEOUT_SECONDS,
            max_retries=0,
        )
        return KeycloakAdmin(connection=connection)

    def exists(self) -> bool:
        """Whether the server has this realm."""
        try:
            self._admin.get_realm(self._name)
        except KeycloakGetError as error:
            if error.response_code == _NOT_FOUND:
                return False
            raise
        return True

    def create(self, document: RealmDocument) -> None:
        """Make the realm with everything in it."""
        self._admin.create_realm(dict(document.representation))
        # A token says which realms its holder may change: this one is not in the old token.
        self._admin = self._connect()

    def state(self, wanted: State) -> State:
        """Return what the server holds of everything that `wanted` names."""
        admin = self._admin
        realm = admin.get_realm(self._name)
        present = admin.get_clients()
        clients = {
            client["clientId"]: client_state({"protocolMappers": [], **client})
            for client in present
            if client["clientId"] in wanted["clients"]
        }
        strangers = {client["clientId"] for client in present} - set(clients) - _OWN_CLIENTS
        return {
            "realm": realm,
            "roles": dict(self._roles(wanted["roles"])),
            "clients": clients,
            "foreign clients": sorted(strangers),
            "scopes": {
                client: _names(admin.get_realm_roles_of_client_scope(clients[client]["id"]))
                for client in wanted["scopes"]
                if client in clients
            },
            "service accounts": {
                client: self._service_roles(clients[client]["id"], owners)
                for client, owners in wanted["service accounts"].items()
                if clients.get(client, {}).get("serviceAccountsEnabled")
            },
            "user profile": profile_state(admin.get_realm_users_profile()),
            "sign-in": steps_state(read_steps(admin, realm["browserFlow"])),
        }

    def _roles(self, wanted: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for role in self._admin.get_realm_roles(brief_representation=False):
            if role["name"] in wanted:
                composites = self._admin.get_composite_realm_roles_of_role(role["name"])
                yield (
                    role["name"],
                    role_state({**role, "composites": {"realm": _names(composites)}}),
                )

    def _service_roles(self, client: str, owners: Mapping[str, Any]) -> dict[str, list[str]]:
        user = self._admin.get_client_service_account_user(client)["id"]
        return {
            owner: _names(self._admin.get_client_roles_of_user(user, self._id_of(owner)))
            for owner in owners
        }

    def _id_of(self, client: str) -> str:
        found = self._admin.get_client_id(client)
        if found is None:
            raise RealmError(f"The realm {self._name} has no client {client}")
        return found

    def mend(self, document: RealmDocument) -> None:
        """Change what differs, and nothing else; what is wanted and missing is made.

        A foreign client stays, for somebody to judge: it may be an attack or a forgotten line here.
        """
        wanted = document.state()
        found = self.state(wanted)
        if list(differences(wanted["realm"], found["realm"])):
            self._admin.update_realm(self._name, dict(wanted["realm"]))
        self._mend_roles(wanted["roles"], found["roles"])
        if list(differences(wanted["sign-in"], found["sign-in"])):
            old = found["realm"]["browserFlow"]
            replace_flow(self._admin, self._name, document.sign_in, old=old)
        self._mend_clients(wanted["clients"], found["clients"])
        found = self.state(wanted)
        for client, roles in wanted["scopes"].items():
            self._mend_scope(found["clients"][client]["id"], roles, found["scopes"][client])
        for client, owners in wanted["service accounts"].items():
            self._mend_service_account(
                found["clients"][client]["id"], owners, found["service accounts"][client]
            )
        if list(differences(wanted["user profile"], found["user profile"])):
            self._admin.update_realm_users_profile(dict(document.user_profile))

    def _mend_roles(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        for name, role in wanted.items():
            plain = {"name": name, "description": role["description"]}
            if name not in found:
                self._admin.create_realm_role(plain)
            elif found[name]["description"] != role["description"]:
                self._admin.update_realm_role(name, plain)
        for name, role in wanted.items():
            has = found.get(name, {}).get("composites", [])
            missing, extra = self._exchange(role["composites"], has)
            if missing:
                self._admin.add_composite_realm_roles_to_role(name, missing)
            if extra:
                self._admin.remove_composite_realm_roles_to_role(name, extra)

    def _mend_clients(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        for name, client in wanted.items():
            if name not in found:
                self._admin.create_client(_representation(client))
            elif list(differences(client, found[name], name)):
                self._mend_client(client, found[name])

    def _mend_client(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        client = found["id"]
        plain = {key: value for key, value in wanted.items() if key not in _LISTS_OF_SCOPES}
        plain.pop("protocolMappers", None)
        self._admin.update_client(client, plain)
        self._mend_mappers(client, wanted, found)
        scopes = {scope["name"]: scope["id"] for scope in self._admin.get_client_scopes()}
        admin = self._admin
        for names, add, remove in (
            (
                _LISTS_OF_SCOPES[0],
                admin.add_client_default_client_scope,
                admin.delete_client_default_client_scope,
            ),
            (
                _LISTS_OF_SCOPES[1],
                admin.add_client_optional_client_scope,
                admin.delete_client_optional_client_scope,
            ),
        ):
            if names not in wanted:
                continue
            for scope in set(found[names]) - set(wanted[names]):
                remove(client, scopes[scope])
            for scope in set(wanted[names]) - set(found[names]):
                add(client, scopes[scope], {})

    def _mend_mappers(
        self, client: str, wanted: Mapping[str, Any], found: Mapping[str, Any]
    ) -> None:
        if "protocolMappers" not in wanted:
            return
        mappers, present = wanted["protocolMappers"], found["protocolMappers"]
        for name, mapper in present.items():
            if name not in mappers or list(differences(mappers[name], mapper)):
                self._admin.remove_client_mapper(client, mapper["id"])
        for name, mapper in mappers.items():
            if name not in present or list(differences(mapper, present[name])):
                self._admin.add_mapper_to_client(client, mapper)

    def _mend_scope(self, client: str, wanted: list[str], found: list[str]) -> None:
        missing, extra = self._exchange(wanted, found)
        if missing:
            self._admin.assign_realm_roles_to_client_scope(client, missing)
        if extra:
            self._admin.delete_realm_roles_of_client_scope(client, extra)

    def _mend_service_account(
        self, client: str, wanted: Mapping[str, list[str]], found: Mapping[str, list[str]]
    ) -> None:
        admin = self._admin
        user = admin.get_client_service_account_user(client)["id"]
        for owner, names in wanted.items():
            holder = self._id_of(owner)
            missing = [admin.get_client_role(holder, n) for n in set(names) - set(found[owner])]
            extra = [admin.get_client_role(holder, n) for n in set(found[owner]) - set(names)]
            if missing:
                admin.assign_client_role(user, holder, missing)
            if extra:
                admin.delete_client_roles_of_user(user, holder, extra)

    def _exchange(
        self, wanted: list[str], found: list[str]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the realm roles to add and those to take away."""
        missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
        role = self._admin.get_realm_role
        return [role(name) for name in missing], [role(name) for name in extra]


def _representation(client: Mapping[str, Any]) -> dict[str, Any]:
    mappers = client.get("protocolMappers", {})
    return {**client, "protocolMappers": list(mappers.values())}


def _names(items: list[dict[str, Any]]) -> list[str]:
    return [str(item["name"]) for item in items]
