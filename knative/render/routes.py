"""Renders the VirtualServices: which path and method of a door goes to which function."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from knative.catalogue import FunctionEntry
from knative.render.contract import Route
from knative.render.text import yaml_text

# Whatever no route names goes here; its wrapper answers 404, or 405 with Allow, in our error shape.
FALLBACK_FUNCTION: Final = "read_payments"
# A service is reached through the cluster-local gateway under its own host name; the overlay puts
# its namespace in.
NAMESPACE: Final = "NAMESPACE"
_LOCAL_GATEWAY: Final = {
    "host": "knative-local-gateway.istio-system.svc.cluster.local",
    "port": {"number": 8444},
}


def render_routes(entries: tuple[FunctionEntry, ...], routes: tuple[Route, ...]) -> dict[str, str]:
    """Return one file per resource, one for Pub/Sub's door and one for all that is unknown."""
    by_name = {entry.name: entry for entry in entries}
    files = {}
    by_resource = sorted(routes, key=lambda route: route.resource)
    for resource, group in groupby(by_resource, key=lambda route: route.resource):
        rows = list(group)
        rules = [
            _rule(route.operation_id, by_name[route.function], {**_path(route), **_method(route)})
            for route in rows
        ]
        doors = sorted({route.door for route in rows})
        files[f"routes/{resource}.yaml"] = yaml_text([_virtual_service(resource, doors, rules)])
    files["routes/push.yaml"] = yaml_text([_push(entries)])
    doors = sorted({route.door for route in routes})
    unknown = _rule("unknown", by_name[FALLBACK_FUNCTION], {"uri": {"prefix": "/"}})
    files["routes/unknown.yaml"] = yaml_text([_virtual_service("unknown", doors, [unknown])])
    return files


def _virtual_service(
    name: str, doors: Sequence[str], rules: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name.replace("_", "-")},
        "spec": {"hosts": ["*"], "gateways": list(doors), "http": list(rules)},
    }


def _rule(
    name: str, entry: FunctionEntry, match: Mapping[str, Any], *, uri: str | None = None
) -> Mapping[str, Any]:
    if entry.kind == "deployment":
        return _streamed(name, entry, match)
    rewrite = {} if uri is None else {"uri": uri}
    return {
        "name": name,
        "match": [match],
        "rewrite": {**rewrite, "authority": f"{entry.service}.{NAMESPACE}.svc.cluster.local"},
        "route": [{"destination": _LOCAL_GATEWAY}],
        # The default would repeat a POST whose answer was lost.
        "retries": {"attempts": 0},
        "timeout": f"{entry.budget.timeout_seconds}s",
    }


def _streamed(name: str, entry: FunctionEntry, match: Mapping[str, Any]) -> Mapping[str, Any]:
    """Lead to pods themselves: what stands before Knative's own would end the answer after a time.

    Istio lets WebSockets through wherever it routes HTTP.
    """
    host = f"{entry.service}.{NAMESPACE}.svc.cluster.local"
    return {
        "name": name,
        "match": [match],
        "route": [{"destination": {"host": host, "port": {"number": 80}}}],
        "retries": {"attempts": 0},
        "timeout": "0s",
    }


def _path(route: Route) -> Mapping[str, Any]:
    if route.is_template:
        return {"uri": {"regex": route.path_regex}}
    return {"uri": {"exact": route.path}}


def _method(route: Route) -> Mapping[str, Any]:
    if route.method == "GET":
        return {"method": {"regex": "GET|HEAD"}}
    return {"method": {"exact": route.method}}


def _push(entries: tuple[FunctionEntry, ...]) -> Mapping[str, Any]:
    """Pub/Sub posts to the push door's `/<function>`: that address is also the token's audience."""
    rules = [
        _rule(
            entry.name,
            entry,
            {"uri": {"exact": f"/{entry.name}"}, "method": {"exact": "POST"}},
            uri="/",
        )
        for entry in entries
        if entry.pubsub
    ]
    return _virtual_service("push", ["push"], rules)
