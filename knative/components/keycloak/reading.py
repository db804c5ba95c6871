"""Reads from a running Keycloak what the realm's files name, and all else that opens a way in."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from keycloak import KeycloakAdmin

from knative.components.keycloak.document import (
    State,
    client_state,
    profile_state,
    role_state,
    steps_state,
)
from knative.components.keycloak.flow import read_steps

Clients = Mapping[str, str]
"""The name of each client by Keycloak's own id for it."""

# Keycloak's own, which it needs and which take no password.
_OWN_CLIENTS: Final = {"account", "account-console", "broker", "realm-management"}
_OWN_CLIENTS_OF_MASTER: Final = {
    "account",
    "account-console",
    "admin-cli",
    "broker",
    "security-admin-console",
}
_PROFILE: Final = "UserProfileProvider"


def read_state(admin: KeycloakAdmin, realm_name: str, wanted: State) -> dict[str, Any]:
    """Return what the server holds of everything that `wanted` names."""
    realm = admin.get_realm(realm_name)
    present = admin.get_clients()
    names = {client["id"]: client["clientId"] for client in present}
    clients = {
        client["clientId"]: client_state({"protocolMappers": [], **client})
        for client in present
        if client["clientId"] in wanted["clients"]
    }
    return {
        "realm": realm,
        "roles": dict(_roles(admin, wanted["roles"], names)),
        "clients": clients,
        "foreign clients": sorted(set(names.values()) - set(clients) - _OWN_CLIENTS),
        "client roles": {
            name: _names(admin.get_client_roles(client["id"])) for name, client in clients.items()
        },
        "flow overrides": sorted(
            client["clientId"]
            for client in present
            if client.get("authenticationFlowBindingOverrides")
        ),
        "identity providers": _names(admin.get_idps(), "alias"),
        "components": dict.fromkeys(sorted(_components(admin, realm["id"])), True),
        "scopes": {
            name: _names(admin.get_realm_roles_of_client_scope(clients[name]["id"]))
            for name in wanted["scopes"]
            if name in clients
        },
        "service accounts": {
            name: service_roles(admin, clients[name]["id"], names)
            for name in wanted["service accounts"]
            if clients.get(name, {}).get("serviceAccountsEnabled")
        },
        "user profile": profile_state(admin.get_realm_users_profile()),
        "sign-in": steps_state(read_steps(admin, realm["browserFlow"])),
    }


def read_master(admin: KeycloakAdmin, wanted: State, client_id: str) -> dict[str, Any]:
    """Return who rules all realms beside the client `client_id`, and how guessing is slowed."""
    realm = admin.get_realm("master")
    clients = {
        name
        for name in _names(admin.get_clients(), "clientId")
        # Each realm has a client there that stands for it.
        if not name.endswith("-realm")
    }
    return {
        "realm": {key: realm.get(key) for key in wanted["realm"]},
        "foreign clients": sorted(clients - _OWN_CLIENTS_OF_MASTER - {client_id}),
        # How many, for the report names nobody.
        "people": admin.users_count(),
    }


def service_roles(admin: KeycloakAdmin, client: str, names: Clients) -> list[str]:
    """Return every role that the client's account has, also those that came with another."""
    user = admin.get_client_service_account_user(client)["id"]
    held = admin.get_all_roles_of_user(user)
    direct = [
        *held.get("realmMappings", []),
        *(role for each in held.get("clientMappings", {}).values() for role in each["mappings"]),
    ]
    brought = [
        role
        for each in direct
        if each["composite"]
        for role in admin.get_role_composites_by_id(each["id"])
    ]
    return sorted({role_path(role, names) for role in (*direct, *brought)})


def role_path(role: Mapping[str, Any], names: Clients) -> str:
    """Return a role's name, and before it the client's whose role it is."""
    name = str(role["name"])
    return f"{names[role['containerId']]}/{name}" if role["clientRole"] else name


def _roles(
    admin: KeycloakAdmin, wanted: Mapping[str, Any], names: Clients
) -> Iterator[tuple[str, dict[str, Any]]]:
    for role in admin.get_realm_roles(brief_representation=False):
        if role["name"] in wanted:
            composites = admin.get_composite_realm_roles_of_role(role["name"])
            paths = sorted(role_path(each, names) for each in composites)
            yield role["name"], role_state({**role, "composites": {"realm": paths}})


def _components(admin: KeycloakAdmin, realm_id: str) -> Iterator[str]:
    """Yield where keys, foreign people and policies come from, as `<kind>/<provider>[/<part>]`."""
    for component in admin.get_components():
        kind = component["providerType"].rpartition(".")[2]
        # What lies below another component comes and goes with it.
        if kind != _PROFILE and component["parentId"] == realm_id:
            parts = (kind, component["providerId"], component.get("subType"))
            yield "/".join(part for part in parts if part)


def _names(items: list[dict[str, Any]], key: str = "name") -> list[str]:
    return sorted(str(item[key]) for item in items)
