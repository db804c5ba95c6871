"""Reads a realm from a running Keycloak and brings it to what is wanted, part by part."""

from collections.abc import Mapping
from typing import Any, Final

from keycloak import KeycloakAdmin
from keycloak.exceptions import KeycloakGetError

from knative.components.keycloak.access import MASTER, connect
from knative.components.keycloak.document import RealmDocument, State
from knative.components.keycloak.drift import differences
from knative.components.keycloak.flow import replace_flow
from knative.components.keycloak.reading import read_master, read_state

_NOT_FOUND: Final = 404
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
        self._admin = self._connect(self._name)

    def _connect(self, realm: str) -> KeycloakAdmin:
        return connect(
            self._url,
            realm=realm,
            client_id=self._client_id,
            client_secret=self._client_secret,
            client_realm=MASTER,
        )

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
        self._admin = self._connect(self._name)

    def state(self, wanted: State) -> State:
        """Return what the server holds of everything that `wanted` names."""
        master = read_master(self._connect(MASTER), wanted["master"], self._client_id)
        return {**read_state(self._admin, self._name, wanted), "master": master}

    def _id_of(self, client: str) -> str:
        found = self._admin.get_client_id(client)
        if found is None:
            raise RealmError(f"The realm {self._name} has no client {client}")
        return found

    def mend(self, document: RealmDocument) -> None:
        """Change what differs, and nothing else; what is wanted and missing is made.

        What is foreign stays, for somebody to judge: it may be an attack or a forgotten line here.
        """
        wanted = document.state()
        found = self.state(wanted)
        if list(differences(wanted["realm"], found["realm"])):
            self._admin.update_realm(self._name, dict(wanted["realm"]))
        if list(differences(wanted["master"]["realm"], found["master"]["realm"])):
            self._admin.update_realm(MASTER, dict(wanted["master"]["realm"]))
        self._drop_flow_overrides(found["flow overrides"])
        self._mend_roles(wanted["roles"], found["roles"])
        if list(differences(wanted["sign-in"], found["sign-in"])):
            old = found["realm"]["browserFlow"]
            replace_flow(self._admin, self._name, document.sign_in, old=old)
        self._mend_clients(wanted["clients"], found["clients"])
        found = self.state(wanted)
        for client, roles in wanted["scopes"].items():
            self._mend_scope(found["clients"][client]["id"], roles, found["scopes"][client])
        for client, roles in wanted["service accounts"].items():
            self._mend_service_account(
                found["clients"][client]["id"], roles, found["service accounts"][client]
            )
        if list(differences(wanted["user profile"], found["user profile"])):
            self._admin.update_realm_users_profile(dict(document.user_profile))

    def _drop_flow_overrides(self, names: list[str]) -> None:
        field = "authenticationFlowBindingOverrides"
        for client in self._admin.get_clients():
            if client["clientId"] in names:
                # Whole, for Keycloak fills in what an update leaves out.
                changed = {**client, field: dict.fromkeys(client[field], "")}
                self._admin.update_client(client["id"], changed)

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

    def _mend_service_account(self, client: str, wanted: list[str], found: list[str]) -> None:
        admin = self._admin
        user = admin.get_client_service_account_user(client)["id"]
        missing, extra = self._exchange(wanted, found)
        for role in missing:
            admin.assign_client_role(user, role["containerId"], [role])
        for role in extra:
            if role["clientRole"]:
                admin.delete_client_roles_of_user(user, role["containerId"], [role])
            else:
                admin.delete_realm_roles_of_user(user, [role])

    def _exchange(
        self, wanted: list[str], found: list[str]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the roles to add and those to take away."""
        missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
        return [self._role(path) for path in missing], [self._role(path) for path in extra]

    def _role(self, path: str) -> dict[str, Any]:
        client, _, name = path.rpartition("/")
        admin = self._admin
        return (
            admin.get_client_role(self._id_of(client), name)
            if client
            else admin.get_realm_role(name)
        )


def _representation(client: Mapping[str, Any]) -> dict[str, Any]:
    mappers = client.get("protocolMappers", {})
    return {**client, "protocolMappers": list(mappers.values())}
