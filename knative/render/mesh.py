"""Renders who may speak to a function's pods: the second of two walls, behind the gateways'.

Caller identity beyond a gateway's is not claimed: functions never call each other. The one pair
that meets over the wire is a function that asks operators and, in test mode, their stand-in.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from knative.catalogue import FunctionEntry
from knative.render.places import (
    ACTIVATOR,
    CONTROLLER,
    METRICS_PORT,
    QUEUE_METRICS_PORTS,
    Workload,
    callers_of,
    is_always_there,
    own_callers_of,
    pods_of,
    principal,
    trigger_of,
)

SECURITY: Final = "security.istio.io/v1"
_PROBE: Final = "/healthz"
# Who pushes is an environment's to say: the bundle puts these in.
ISSUER, KEYS, AUDIENCE = "PUSH_ISSUER", "PUSH_JWKS_URL", "PUSH_AUDIENCE"
_METRICS: Final = [str(port) for port in (METRICS_PORT, *QUEUE_METRICS_PORTS)]


def render_walls(
    workload: Workload, entries: Sequence[FunctionEntry]
) -> Iterator[Mapping[str, Any]]:
    """Yield the policies of one workload's pods."""
    selector = {"matchLabels": dict(pods_of(workload))}
    is_pushed = trigger_of(workload) == "pubsub"
    if is_pushed:
        yield {
            "apiVersion": SECURITY,
            "kind": "RequestAuthentication",
            "metadata": {"name": workload.service},
            "spec": {
                "selector": {"matchLabels": {**pods_of(workload), "trigger": "pubsub"}},
                "jwtRules": [
                    {
                        "issuer": ISSUER,
                        "jwksUri": KEYS,
                        "audiences": [f"{AUDIENCE}/{workload.name}"],
                        # The function verifies it again.
                        "forwardOriginalToken": True,
                    }
                ],
            },
        }
    # First, where an overlay finds it: its principals name the overlay's namespace.
    rules = [_from(own) for own in (own_callers_of(workload, entries),) if own]
    if callers := callers_of(workload):
        rules.append(_from(callers, is_pushed=is_pushed))
    if not is_always_there(workload):
        rules.append(_probes())
    # From Prometheus, which is outside of the mesh: the network policy says who that is.
    rules.append({"to": [{"operation": {"methods": ["GET"], "ports": _METRICS}}]})
    yield {
        "apiVersion": SECURITY,
        "kind": "AuthorizationPolicy",
        "metadata": {"name": workload.service},
        "spec": {"selector": selector, "action": "ALLOW", "rules": rules},
    }


def _from(callers: list[str], *, is_pushed: bool = False) -> Mapping[str, Any]:
    source = {"principals": callers}
    if is_pushed:
        # A request without any token passes RequestAuthentication; it ends here.
        source["requestPrincipals"] = ["*"]
    return {"from": [{"source": source}], "to": [{"operation": {"notPorts": _METRICS}}]}


def _probes() -> Mapping[str, Any]:
    """Let Knative's activator ask whether a pod is ready, for which it has no token."""
    return {
        "from": [{"source": {"principals": [principal(ACTIVATOR), principal(CONTROLLER)]}}],
        "to": [{"operation": {"methods": ["GET"], "paths": [_PROBE]}}],
    }


def render_transport() -> Iterator[Mapping[str, Any]]:
    """Yield what holds for all pods of the namespace: certificates on both ends, always."""
    yield {
        "apiVersion": SECURITY,
        "kind": "PeerAuthentication",
        "metadata": {"name": "default"},
        "spec": {"mtls": {"mode": "STRICT"}},
    }
    # Prometheus has no certificate of the mesh; who reaches these ports, the network decides.
    yield {
        "apiVersion": SECURITY,
        "kind": "PeerAuthentication",
        "metadata": {"name": "measured"},
        "spec": {
            "selector": {"matchLabels": {"measured": "true"}},
            "mtls": {"mode": "STRICT"},
            "portLevelMtls": {port: {"mode": "PERMISSIVE"} for port in _METRICS},
        },
    }
    # Whatever no policy of a function allows is refused, also to pods that nobody thought of.
    yield {
        "apiVersion": SECURITY,
        "kind": "AuthorizationPolicy",
        "metadata": {"name": "default"},
        "spec": {},
    }
