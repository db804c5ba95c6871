"""Names the parts of a cluster that manifests point at, in one place for policies and routes alike.

Terraform makes them under these names. They are names inside a cluster, never hosts of ours.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from knative.catalogue import ApplicationEntry, FunctionEntry

NAMESPACE: Final = "NAMESPACE"
"""Stands where an overlay puts its own namespace in."""
PORT: Final = 8080
METRICS_PORT: Final = 9464
PUBLIC_GATEWAY: Final = ("istio-ingress", "public-gateway")
"""Namespace and service account of what the balancer reaches; its pods are labelled by the name."""
LOCAL_GATEWAY: Final = ("istio-system", "knative-local-gateway")
"""Likewise of the gateway before Knative's services, a Deployment of its own."""
EGRESS_GATEWAY: Final = ("istio-egress", "operators-gateway")
"""Likewise of the way out to operators, from addresses that they know."""
SERVING: Final = "knative-serving"
EVENTING: Final = "knative-eventing"
MONITORING: Final = "monitoring"
ISTIOD: Final = ("istio-system", "istiod")
ACTIVATOR: Final = (SERVING, "activator")
TICKER: Final = (EVENTING, "pingsource-mt-adapter")
CONTROLLER: Final = (SERVING, "controller")
LOCAL_GATEWAY_PORT: Final = 8444
# What Knative's own proxy listens on beside our container.
QUEUE_PORTS: Final = (8012, 8112)
QUEUE_METRICS_PORTS: Final = (9090, 9091)

Workload = FunctionEntry | ApplicationEntry


def principal(place: tuple[str, str]) -> str:
    """Return who a pod is in the mesh; `cluster.local` means its own trust domain, whichever."""
    namespace, account = place
    return f"cluster.local/ns/{namespace}/sa/{account}"


def own_principal(service: str) -> str:
    """Return who the pods of a service of ours are."""
    return principal((NAMESPACE, service))


def local_host(service: str) -> str:
    """Return the name under which Knative's local gateway knows a service."""
    return f"{service}.{NAMESPACE}.svc.cluster.local"


def pods_of(workload: Workload) -> Mapping[str, str]:
    """Return the label that its pods have and no others."""
    if is_always_there(workload):
        return {"app.kubernetes.io/name": workload.service}
    return {"serving.knative.dev/service": workload.service}


def is_always_there(workload: Workload) -> bool:
    """Tell whether it is a plain Deployment instead of a service that scales to zero."""
    return isinstance(workload, FunctionEntry) and workload.kind == "deployment"


def trigger_of(workload: Workload) -> str:
    """Return the word for how the workload is reached; policies select pods by it."""
    if isinstance(workload, ApplicationEntry):
        return "http"
    if workload.pubsub:
        return "pubsub"
    if workload.schedule is not None:
        return "tick"
    if workload.door_prefixes:
        return "door"
    return "http" if workload.serves_operations else "figures"


def rights_of(workload: Workload) -> str:
    """Return whom it may call outside."""
    return workload.egress if isinstance(workload, FunctionEntry) else "none"


def callers_of(workload: Workload) -> list[str]:
    """Return the principals that its pods see: the activator stands before them, or does not."""
    if trigger_of(workload) == "figures":
        return []
    if is_always_there(workload):
        return [principal(PUBLIC_GATEWAY)]
    ticker = [principal(TICKER)] if trigger_of(workload) == "tick" else []
    return [principal(LOCAL_GATEWAY), principal(ACTIVATOR), *ticker]


def own_callers_of(workload: Workload, entries: Sequence[FunctionEntry]) -> list[str]:
    """Return those of our own functions that call it: whoever asks operators asks the stand-in."""
    if trigger_of(workload) != "door":
        return []
    return [own_principal(entry.service) for entry in asking_operators(entries)]


def asking_operators(entries: Sequence[FunctionEntry]) -> list[FunctionEntry]:
    """Return the functions that call operators, and in test mode the stand-in for them."""
    return [entry for entry in entries if entry.egress == "operators"]
