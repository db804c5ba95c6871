"""Reads the realm as we want it: Keycloak's own import format, named by what differs by place."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knative.components.keycloak.flow import Steps, flat_steps

_FOLDER: Final = Path(__file__).resolve().parent
_SECTIONS: Final = ("roles", "clients", "scopeMappings", "users")

# What Keycloak gives everybody: their own account.
_EVERYBODY: Final = {
    "description": "${role_default-roles}",
    "composites": [
        "account/manage-account",
        "account/view-profile",
        "offline_access",
        "uma_authorization",
    ],
}
# Keys that the server made itself, nobody's people but its own, and the policies without which
# whoever can reach the server makes clients.
_POLICIES: Final = "ClientRegistrationPolicy"
_COMPONENTS: Final = (
    "KeyProvider/aes-generated",
    "KeyProvider/hmac-generated",
    "KeyProvider/rsa-enc-generated",
    "KeyProvider/rsa-generated",
    *(
        f"{_POLICIES}/{name}/{whose}"
        for name in (
            "allowed-client-templates",
            "allowed-protocol-mappers",
            "registration-web-origins",
        )
        for whose in ("anonymous", "authenticated")
    ),
    *(
        f"{_POLICIES}/{name}/anonymous"
        for name in ("consent-required", "max-clients", "scope", "trusted-hosts")
    ),
)
# The realm that rules all others: one client, no people, and guessing is slow there too.
_MASTER: Final = {
    "bruteForceProtected": True,
    "failureFactor": 10,
    "waitIncrementSeconds": 60,
    "maxFailureWaitSeconds": 900,
}

State = Mapping[str, Any]
"""A realm by section, each part by its name, so that two states can be compared."""


@dataclass(frozen=True, slots=True)
class RealmDocument:
    """The realm as files say it. `representation` is what a new realm is made of."""

    representation: Mapping[str, Any]
    user_profile: Mapping[str, Any]
    sign_in: Steps

    @property
    def name(self) -> str:
        """The realm's name."""
        return str(self.representation["realm"])

    def state(self) -> State:
        """Return the same by section and name."""
        wanted = self.representation
        return {
            "realm": {key: value for key, value in wanted.items() if key not in _SECTIONS},
            "roles": {
                **{role["name"]: role_state(role) for role in wanted["roles"]["realm"]},
                f"default-roles-{self.name}": _EVERYBODY,
            },
            "clients": {client["clientId"]: client_state(client) for client in wanted["clients"]},
            "foreign clients": [],
            "client roles": {client["clientId"]: [] for client in wanted["clients"]},
            "flow overrides": [],
            "identity providers": [],
            "components": dict.fromkeys(_COMPONENTS, True),
            "scopes": {each["client"]: each["roles"] for each in wanted["scopeMappings"]},
            "service accounts": {
                user["serviceAccountClientId"]: [
                    f"{owner}/{role}"
                    for owner, roles in user["clientRoles"].items()
                    for role in roles
                ]
                for user in wanted["users"]
            },
            "user profile": profile_state(self.user_profile),
            "sign-in": steps_state(flat_steps(self.sign_in)),
            "master": {"realm": _MASTER, "foreign clients": [], "people": 0},
        }


def load_document(*, public_base_url: str, administration_secret: str) -> RealmDocument:
    """Read the files beside this one; addresses and the one secret come from outside."""
    text = (_FOLDER / "realm.json").read_text(encoding="utf-8")
    representation = json.loads(text.replace("${PUBLIC_BASE_URL}", public_base_url.rstrip("/")))
    for client in representation["clients"]:
        if client["clientId"] == "administration":
            client["secret"] = administration_secret
    profile = json.loads((_FOLDER / "user_profile.json").read_text(encoding="utf-8"))
    sign_in = json.loads((_FOLDER / "sign_in_flow.json").read_text(encoding="utf-8"))
    return RealmDocument(representation, profile, sign_in)


def role_state(role: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a role is compared."""
    composites = role.get("composites", {}).get("realm", [])
    return {"description": role.get("description", ""), "composites": composites}


def client_state(client: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client with its mappers by name."""
    state = dict(client)
    if "protocolMappers" in client:
        state["protocolMappers"] = _by_name(client["protocolMappers"])
    return state


def profile_state(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return a user profile with its attributes and groups by name."""
    return {
        "attributes": _by_name(profile.get("attributes", [])),
        "groups": _by_name(profile.get("groups", [])),
    }


def steps_state(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the steps of sign-in by their place, and how many they are."""
    by_place = {f"step {place}": dict(step) for place, step in enumerate(steps, start=1)}
    return {**by_place, "steps": len(by_place)}


def _by_name(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {str(item["name"]): item for item in items}
