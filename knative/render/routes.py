"""Renders the VirtualServices: which path and method of a door goes to which function."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from knative.catalogue import FunctionEntry
from knative.render.contract import Route
from knative.render.places import LOCAL_GATEWAY, LOCAL_GATEWAY_PORT, Workload, local_host
from knative.render.text import yaml_text

# Whatever no route names goes here; its wrapper answers 404, or 405 with Allow, in our error shape.
FALLBACK_FUNCTION: Final = "read_payments"
# Its pages ask the API on their own origin.
PAGES_DOOR: Final = "app"
# A service is reached through the cluster-local gateway under its own host name.
_LOCAL_GATEWAY: Final = {
    "host": f"{LOCAL_GATEWAY[1]}.{LOCAL_GATEWAY[0]}.svc.cluster.local",
    "port": {"number": LOCAL_GATEWAY_PORT},
}


def render_routes(entries: tuple[FunctionEntry, ...], routes: tuple[Route, ...]) -> dict[str, str]:
    """Return one file per resource, one for Pub/Sub's door and one for all that is unknown."""
    by_name = {entry.name: entry for entry in entries}
    files = {}
    by_resource = sorted(routes, key=lambda route: route.resource)
    for resource, group in groupby(by_resource, key=lambda route: route.resource):
        rows = list(group)
        rules = [
            led_to(
                route.operation_id, by_name[route.function], [{**_path(route), **_method(route)}]
            )
            for route in rows
        ]
        doors = sorted({door for route in rows for door in _doors(route)})
        files[f"routes/{resource}.yaml"] = yaml_text([virtual_service(resource, doors, rules)])
    files["routes/push.yaml"] = yaml_text([_push(entries)])
    doors = sorted({door for route in routes for door in _doors(route)})
    unknown = led_to("unknown", by_name[FALLBACK_FUNCTION], [{"uri": {"prefix": "/"}}])
    files["routes/unknown.yaml"] = yaml_text([virtual_service("unknown", doors, [unknown])])
    return files


def _doors(route: Route) -> set[str]:
    return {route.door} | ({PAGES_DOOR} if route.path.startswith("/v1/") else set())


def virtual_service(
    name: str, doors: Sequence[str], rules: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return rules of the doors named, whatever their hosts are."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name.replace("_", "-")},
        "spec": {"hosts": ["*"], "gateways": list(doors), "http": list(rules)},
    }


def led_to(
    name: str, workload: Workload, matches: Sequence[Mapping[str, Any]], *, uri: str | None = None
) -> Mapping[str, Any]:
    """Return the rule by which what matches goes to the workload, once and no more."""
    if isinstance(workload, FunctionEntry) and workload.kind == "deployment":
        return _streamed(name, workload, matches)
    rewrite = {} if uri is None else {"uri": uri}
    return {
        "name": name,
        "match": list(matches),
        "rewrite": {**rewrite, "authority": local_host(workload.service)},
        "route": [{"destination": _LOCAL_GATEWAY}],
        # The default would repeat a POST whose answer was lost.
        "retries": {"attempts": 0},
        "timeout": f"{workload.budget.timeout_seconds}s",
    }


def _streamed(
    name: str, entry: FunctionEntry, matches: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Lead to pods themselves: what stands before Knative's own would end the answer after a time.

    Istio lets WebSockets through wherever it routes HTTP. Without a time-out there is none; Istio's
    definition refuses 0 s.
    """
    return {
        "name": name,
        "match": list(matches),
        "route": [{"destination": {"host": local_host(entry.service), "port": {"number": 80}}}],
        "retries": {"attempts": 0},
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
        led_to(
            entry.name,
            entry,
            [{"uri": {"exact": f"/{entry.name}"}, "method": {"exact": "POST"}}],
            uri="/",
        )
        for entry in entries
        if entry.pubsub
    ]
    return virtual_service("push", ["push"], rules)
