"""Holds the order of sign-in, step by step, to what is wanted: administrators need a code too."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from keycloak import KeycloakAdmin

_ALIAS: Final = "sign-in"
# Stands in the file for the name of the whole flow, which is another each time that it is built.
_WHOLE: Final = "${flow}"

Steps = Sequence[Mapping[str, Any]]


def flat_steps(steps: Steps, level: int = 0) -> Iterator[dict[str, Any]]:
    """Yield each wanted step as `read_steps` finds it: by level, flows before what is in them."""
    for step in steps:
        yield {
            "level": level,
            "step": step.get("authenticator", step.get("flow")),
            "requirement": step["requirement"],
            "config": step.get("config", {}),
        }
        yield from flat_steps(step.get("steps", ()), level + 1)


def read_steps(admin: KeycloakAdmin, alias: str) -> list[dict[str, Any]]:
    """Return the steps of the flow `alias`, in order."""
    found = []
    for execution in admin.get_authentication_flow_executions(alias):
        name = execution.get("providerId") or execution["displayName"].rpartition(".")[2]
        config = execution.get("authenticationConfig")
        found.append(
            {
                "level": execution["level"],
                "step": name,
                "requirement": execution["requirement"],
                "config": _read_config(admin, config, alias) if config else {},
            }
        )
    return found


def _read_config(admin: KeycloakAdmin, config: str, alias: str) -> dict[str, str]:
    found = admin.get_authenticator_config(config)["config"]
    return {name: word.replace(f"{alias}.", f"{_WHOLE}.") for name, word in found.items()}


def replace_flow(admin: KeycloakAdmin, realm: str, steps: Steps, *, old: str) -> None:
    """Build the wanted flow beside `old`, sign people in by it, and then remove `old`.

    At no moment is a weaker flow in use.
    """
    alias = f"{_ALIAS}-{secrets.token_hex(4)}"
    admin.create_authentication_flow(
        {"alias": alias, "providerId": "basic-flow", "topLevel": True, "builtIn": False}
    )
    _add(admin, alias, steps, within=alias)
    admin.update_realm(realm, {"browserFlow": alias})
    for flow in admin.get_authentication_flows():
        if flow["alias"] == old and not flow["builtIn"]:
            admin.delete_authentication_flow(flow["id"])


def _add(admin: KeycloakAdmin, alias: str, steps: Steps, *, within: str) -> None:
    for step in steps:
        name = step.get("flow")
        if name is None:
            admin.create_authentication_flow_execution({"provider": step["authenticator"]}, within)
        else:
            admin.create_authentication_flow_subflow(
                {"alias": f"{alias}.{name}", "type": "basic-flow", "provider": ""}, within
            )
        execution = admin.get_authentication_flow_executions(within)[-1]
        admin.update_authentication_flow_executions(
            {**execution, "requirement": step["requirement"]}, within
        )
        if "config" in step:
            words = {name: word.replace(_WHOLE, alias) for name, word in step["config"].items()}
            config = {"alias": f"{alias}.{execution['id'][:8]}", "config": words}
            admin.create_execution_config(execution["id"], config)
        if name is not None:
            _add(admin, alias, step["steps"], within=f"{alias}.{name}")
