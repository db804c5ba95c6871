"""Renders the first wall: what the two gateways let through, by host, path and method.

The public gateway knows doors by the first word of their hosts, so that no host stands here. Behind
it the local gateway has one rule for each service: a route that leads to the wrong function, or a
path that the contract does not have, ends there even if a VirtualService leads to it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from knative.catalogue import ApplicationEntry, FunctionEntry
from knative.render.contract import Route
from knative.render.mesh import SECURITY
from knative.render.places import (
    CONTROLLER,
    LOCAL_GATEWAY,
    NAMESPACE,
    PUBLIC_GATEWAY,
    TICKER,
    local_host,
    own_callers_of,
    principal,
    trigger_of,
)
from knative.render.routes import FALLBACK_FUNCTION
from knative.render.text import yaml_text

READS: Final = ["GET", "HEAD"]
# Any other that no operation has is answered 405 by a function, in our shape.
_NEVER: Final = ["CONNECT", "TRACE"]
_PROBES: Final = [{"methods": ["GET"], "paths": ["/healthz"]}]
_CONTROL: Final = ["/_control", "/_control/*"]


def render_gateways(
    entries: Sequence[FunctionEntry],
    applications: Sequence[ApplicationEntry],
    routes: Sequence[Route],
) -> dict[str, str]:
    """Return one file per gateway."""
    doors = [_policy("doors", PUBLIC_GATEWAY, list(_doors(entries)))]
    services = list(_services(entries, applications, routes))
    local = [_policy("services", LOCAL_GATEWAY, services)]
    return {
        "gateways/public.yaml": yaml_text(doors),
        "gateways/local.yaml": yaml_text(local),
    }


def _policy(name: str, place: tuple[str, str], rules: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    namespace, gateway = place
    return {
        "apiVersion": SECURITY,
        "kind": "AuthorizationPolicy",
        # Several environments may share a gateway.
        "metadata": {"name": f"{name}.{NAMESPACE}", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"istio": gateway}},
            "action": "ALLOW",
            "rules": rules,
        },
    }


def _doors(entries: Sequence[FunctionEntry]) -> Iterator[Mapping[str, Any]]:
    """Yield a rule per kind of door. Where people and programs come, unknown paths are answered.

    That answer, 404 or 405 in our shape, is a function's; Google's Pub/Sub needs none.
    """
    hidden = sorted(prefix for entry in entries for prefix in entry.door_prefixes)
    operation = {
        "hosts": ["api.*", "app.*", "auth.*", "callbacks.*", "pay.*"],
        "notMethods": _NEVER,
        "notPaths": [path for prefix in hidden for path in (prefix, f"{prefix}/*")],
    }
    yield {"to": [{"operation": operation}]}
    pushed = [f"/{entry.name}" for entry in entries if entry.pubsub]
    yield {"to": [{"operation": {"hosts": ["push.*"], "methods": ["POST"], "paths": pushed}}]}


def _services(
    entries: Sequence[FunctionEntry],
    applications: Sequence[ApplicationEntry],
    routes: Sequence[Route],
) -> Iterator[Mapping[str, Any]]:
    door = [principal(PUBLIC_GATEWAY)]
    by_function = groupby(sorted(routes, key=lambda r: r.function), key=lambda r: r.function)
    served = {name: list(rows) for name, rows in by_function}
    # The stand-in comes first, where an overlay finds the principals that name its namespace.
    for entry in sorted(entries, key=lambda one: trigger_of(one) != "door"):
        if entry.kind != "knative":
            continue
        host = local_host(entry.service)
        match trigger_of(entry):
            case "pubsub":
                yield _rule(door, host, [{"methods": ["POST"], "paths": ["/"]}])
            case "tick":
                yield _rule([principal(TICKER)], host, [{"methods": ["POST"], "paths": ["/"]}])
            case "door":
                callers = own_callers_of(entry, entries)
                yield _rule(callers, host, [{"notMethods": _NEVER, "notPaths": _CONTROL}])
            case _:
                operations = list(_operations(served[entry.name]))
                whole: list[Mapping[str, Any]] = [{"notMethods": _NEVER}]
                yield _rule(door, host, whole if entry.name == FALLBACK_FUNCTION else operations)
    for application in applications:
        paths = [application.prefix, f"{application.prefix}/*"]
        yield _rule(door, local_host(application.service), [{"methods": READS, "paths": paths}])
    # Knative asks a gateway whether it knows a route yet.
    yield _rule([principal(CONTROLLER)], f"*.{NAMESPACE}.svc.cluster.local", _PROBES)


def _rule(
    callers: list[str], host: str, operations: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    return {
        "from": [{"source": {"principals": callers}}],
        "to": [{"operation": {"hosts": [host], **operation}} for operation in operations],
    }


def _operations(routes: Sequence[Route]) -> Iterator[Mapping[str, Any]]:
    """Yield the paths of each method, as Istio writes a part that callers choose."""
    by_method: dict[str, list[str]] = {}
    for route in routes:
        by_method.setdefault(route.method, []).append(istio_path(route.path))
    for method, paths in sorted(by_method.items()):
        yield {"methods": READS if method == "GET" else [method], "paths": sorted(set(paths))}


def istio_path(path: str) -> str:
    """Return a path of the contract as Istio's template: `{*}` is one whole segment.

    Where a part of a segment is chosen, as in `/verify/{code}.pdf`, the segment is free as a whole.
    """
    return re.sub(r"[^/]*\{[a-z_]+\}[^/]*", "{*}", path)
