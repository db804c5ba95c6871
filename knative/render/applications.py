"""Renders what runs beside the functions: its service, its walls and the routes of its door."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from knative.catalogue import ApplicationEntry, FunctionEntry
from knative.render.mesh import render_walls
from knative.render.network import render_network
from knative.render.places import PORT
from knative.render.routes import led_to, virtual_service
from knative.render.services import SECURITY_CONTEXT, account, service, tasked_with
from knative.render.text import yaml_text

DOOR: Final = "app"
_RESOURCES: Final = {
    "requests": {"cpu": "50m", "memory": "192Mi"},
    "limits": {"cpu": "1", "memory": "384Mi"},
}
# What JavaScript keeps; past it V8 collects harder instead of growing.
_HEAP_MEGABYTES: Final = 128


def render_applications(
    applications: Sequence[ApplicationEntry], entries: Sequence[FunctionEntry]
) -> dict[str, str]:
    """Return the file of each application, and of its routes, by its path in knative/base."""
    files = {}
    for application in applications:
        documents = [*_documents(application), *render_network(application, entries)]
        walls = render_walls(application, entries)
        files[f"{application.name}.yaml"] = yaml_text([*documents, *walls])
        files[f"routes/{application.name}.yaml"] = yaml_text([_routes(application)])
    return files


def _documents(application: ApplicationEntry) -> Iterator[Mapping[str, Any]]:
    yield account(application)
    pod = {
        **tasked_with(application),
        "containers": [_container(application)],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    yield service(application, pod)


def _container(application: ApplicationEntry) -> Mapping[str, Any]:
    return {
        "name": application.name,
        "image": application.name,
        "command": ["node", f"--max-old-space-size={_HEAP_MEGABYTES}", "server.js"],
        "ports": [{"containerPort": PORT}],
        "env": [
            {"name": "NODE_ENV", "value": "production"},
            {"name": "NEXT_TELEMETRY_DISABLED", "value": "1"},
            # Longer than whoever stands before it keeps an idle connection.
            {"name": "KEEP_ALIVE_TIMEOUT", "value": "75000"},
            {"name": "HOSTNAME", "value": "0.0.0.0"},  # noqa: S104 - a pod
            # Its pages and the API have one origin.
            _from_environment("PUBLIC_BASE_URL", "DASHBOARD_BASE_URL"),
            _from_environment("KEYCLOAK_URL", "KEYCLOAK_URL"),
            {"name": "IDENTITY_URL", "value": "$(KEYCLOAK_URL)/realms/pay"},
        ],
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108 - the pod's own
        "readinessProbe": {"httpGet": {"path": application.prefix, "port": 0}},
        "securityContext": SECURITY_CONTEXT,
        "resources": _RESOURCES,
    }


def _from_environment(name: str, key: str) -> Mapping[str, Any]:
    return {"name": name, "valueFrom": {"configMapKeyRef": {"name": "environment", "key": key}}}


def _routes(application: ApplicationEntry) -> Mapping[str, Any]:
    """Lead GET and HEAD below its prefix to it, and whoever names only the host as well."""
    reads = {"method": {"regex": "GET|HEAD"}}
    below = [
        {"uri": {"exact": application.prefix}, **reads},
        {"uri": {"prefix": f"{application.prefix}/"}, **reads},
    ]
    root = {
        "name": "root",
        "match": [{"uri": {"exact": "/"}, **reads}],
        "redirect": {"uri": application.prefix, "redirectCode": 302},
    }
    there = led_to(application.name, application, below)
    return virtual_service(application.name, [DOOR], [root, there])
