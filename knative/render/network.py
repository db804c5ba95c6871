"""Renders who may reach a pod and whom it may reach, from the rights in its catalogue entry.

Names of hosts are the mesh's and Terraform's to allow; here stand pods, ports, and kinds of
addresses: private ones (the provider's own services are reached by private endpoints), and for
merchants' servers all others.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from knative.catalogue import FunctionEntry
from knative.render.places import (
    EGRESS_GATEWAY,
    ISTIOD,
    LOCAL_GATEWAY,
    LOCAL_GATEWAY_PORT,
    METRICS_PORT,
    MONITORING,
    PORT,
    PUBLIC_GATEWAY,
    QUEUE_METRICS_PORTS,
    QUEUE_PORTS,
    SERVING,
    TICKER,
    Workload,
    asking_operators,
    is_always_there,
    pods_of,
    trigger_of,
)

_KIND: Final = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
_NAME: Final = "kubernetes.io/metadata.name"
# Addresses that no balancer and no merchant has: RFC 1918, RFC 6598, and how Google's own
# interfaces are reached privately.
_PRIVATE: Final = ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")
_GOOGLE_PRIVATE: Final = ("199.36.153.4/30", "199.36.153.8/30")
_LINK_LOCAL: Final = "169.254.0.0/16"
# Where a pod learns who it is: Google's server of metadata, its node agent, Amazon's agent.
_METADATA: Final = {"169.254.169.254/32": (80,), "169.254.169.252/32": (987, 988)}
_AMAZON_AGENT: Final = {"169.254.170.23/32": (80,)}
_NODE_DNS: Final = "169.254.20.10/32"
_HTTPS: Final = 443
POOLER_PORT: Final = 6432
_POSTGRES_PORT: Final = 5432
_KEYCLOAK_PORTS: Final = (_HTTPS, 8080, 8443)
_MAIL_PORTS: Final = (465, 587)
_SCANNER_PORT: Final = 3310
_STORE_PORTS: Final = (_HTTPS, 9000)


def render_network(
    workload: Workload, entries: Sequence[FunctionEntry]
) -> Iterator[Mapping[str, Any]]:
    """Yield the policy of one workload's pods."""
    ways_out = list(_ways_out(workload)) if isinstance(workload, FunctionEntry) else []
    yield {
        **_KIND,
        "metadata": {"name": workload.service},
        "spec": {
            "podSelector": {"matchLabels": dict(pods_of(workload))},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": list(_ways_in(workload, entries)),
            # An API server keeps no empty list, and would take each apply for a change.
            **({"egress": ways_out} if ways_out else {}),
        },
    }


def render_default_network() -> Iterator[Mapping[str, Any]]:
    """Yield what holds for every pod: nothing comes in, and out go names and certificates."""
    yield {
        **_KIND,
        "metadata": {"name": "default"},
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [
                {
                    "to": [_pods("kube-system", {"k8s-app": "kube-dns"}), *_blocks(_NODE_DNS)],
                    "ports": [*_ports(53), {"protocol": "UDP", "port": 53}],
                },
                {"to": [_pods(ISTIOD[0], {"app": ISTIOD[1]})], "ports": _ports(15012)},
            ],
        },
    }


def _ways_in(workload: Workload, entries: Sequence[FunctionEntry]) -> Iterator[Mapping[str, Any]]:
    if is_always_there(workload):
        if trigger_of(workload) != "figures":
            yield {"from": [_place(PUBLIC_GATEWAY)], "ports": _ports(PORT)}
        yield {"from": [_namespace(MONITORING)], "ports": _ports(METRICS_PORT)}
        return
    callers = [_place(LOCAL_GATEWAY), _namespace(SERVING)]
    trigger = trigger_of(workload)
    if trigger == "tick":
        callers.append(_pods(TICKER[0], {"eventing.knative.dev/source": "ping-source-controller"}))
    if trigger == "door":
        callers += [_own(pods_of(entry)) for entry in asking_operators(entries)]
    yield {"from": callers, "ports": _ports(*QUEUE_PORTS)}
    yield {"from": [_namespace(SERVING)], "ports": _ports(*QUEUE_METRICS_PORTS)}
    yield {
        "from": [_namespace(MONITORING)],
        "ports": _ports(METRICS_PORT, *QUEUE_METRICS_PORTS),
    }


def _ways_out(entry: FunctionEntry) -> Iterator[Mapping[str, Any]]:
    if entry.database != "none":
        yield {"to": [_own({"app.kubernetes.io/name": "pooler"})], "ports": _ports(POOLER_PORT)}
    if entry.database == "owner":
        # Whoever makes schemas goes past the pool.
        yield {"to": _blocks(*_PRIVATE), "ports": _ports(_POSTGRES_PORT)}
    if entry.publishes or entry.pubsub:
        yield {"to": _blocks(*_PRIVATE, *_GOOGLE_PRIVATE), "ports": _ports(_HTTPS)}
    if entry.publishes:
        for addresses in (_METADATA, _AMAZON_AGENT):
            for address, ports in addresses.items():
                yield {"to": _blocks(address), "ports": _ports(*ports)}
    if _has_files(entry):
        yield {
            "to": [_own({"app.kubernetes.io/name": "minio"}), *_blocks(*_PRIVATE)],
            "ports": _ports(*_STORE_PORTS),
        }
    if entry.serves_operations or entry.egress == "identity":
        yield {
            "to": [_own({"app.kubernetes.io/name": "keycloak"}), *_blocks(*_PRIVATE)],
            "ports": _ports(*_KEYCLOAK_PORTS),
        }
    yield from _way_outside(entry)


def _way_outside(entry: FunctionEntry) -> Iterator[Mapping[str, Any]]:
    """Yield the one way out of the cluster that the entry names."""
    match entry.egress:
        case "operators":
            yield {"to": [_place(EGRESS_GATEWAY)], "ports": _ports(_HTTPS, 8443, 15443)}
            # The stand-in, in test mode.
            yield {
                "to": [
                    _place(LOCAL_GATEWAY),
                    _namespace(SERVING),
                    _own({"serving.knative.dev/service": "simulate-provider"}),
                ],
                "ports": _ports(LOCAL_GATEWAY_PORT, *QUEUE_PORTS),
            }
        case "merchants":
            yield {"to": [_anywhere()], "ports": _ports(_HTTPS)}
        case "callbacks":
            yield {"to": [_place(PUBLIC_GATEWAY), _anywhere()], "ports": _ports(_HTTPS, 8443)}
        case "mail":
            yield {"to": [_anywhere()], "ports": _ports(*_MAIL_PORTS)}
        case "scanner":
            yield {
                "to": [_own({"app.kubernetes.io/name": "scanner"}), *_blocks(*_PRIVATE)],
                "ports": _ports(_SCANNER_PORT),
            }
        case "identity" | "none":
            return


def _has_files(entry: FunctionEntry) -> bool:
    rights = (entry.storage, entry.quarantine, entry.reports)
    return entry.reads_drops or any(right != "none" for right in rights)


def _place(place: tuple[str, str]) -> Mapping[str, Any]:
    namespace, name = place
    return _pods(namespace, {"istio": name})


def _pods(namespace: str, labels: Mapping[str, str]) -> Mapping[str, Any]:
    return {**_namespace(namespace), "podSelector": {"matchLabels": dict(labels)}}


def _own(labels: Mapping[str, str]) -> Mapping[str, Any]:
    return {"podSelector": {"matchLabels": dict(labels)}}


def _namespace(name: str) -> Mapping[str, Any]:
    return {"namespaceSelector": {"matchLabels": {_NAME: name}}}


def _blocks(*addresses: str) -> list[Mapping[str, Any]]:
    return [{"ipBlock": {"cidr": address}} for address in addresses]


def _anywhere() -> Mapping[str, Any]:
    """Return every address that is no neighbour's: a merchant's URL leads to none of ours."""
    closed = [*_PRIVATE, *_GOOGLE_PRIVATE, _LINK_LOCAL]
    return {"ipBlock": {"cidr": "0.0.0.0/0", "except": closed}}


def _ports(*ports: int) -> list[Mapping[str, Any]]:
    return [{"protocol": "TCP", "port": port} for port in ports]
