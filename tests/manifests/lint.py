"""Finds what every API server takes and Knative ignores, or takes otherwise than it was meant."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Manifest = Mapping[str, Any]
_WHOLE: Final = re.compile(r"\d{1,3}")
_SOME: Final = re.compile(r"[1-9]\d{0,2}")
_PERCENT: Final = re.compile(r"[1-9]\d?|100")
_SECONDS: Final = re.compile(r"\d{1,4}(\.\d+)?s")
_QUANTITY: Final = re.compile(r"\d+(\.\d+)?(m|[KMG]i)?")
# What we use, and what each may be; `class` and HPA's metrics are not among it: it never reaches 0.
KNOWN: Final[Mapping[str, re.Pattern[str]]] = {
    "autoscaling.knative.dev/min-scale": _WHOLE,
    "autoscaling.knative.dev/max-scale": _SOME,
    "autoscaling.knative.dev/initial-scale": _WHOLE,
    "autoscaling.knative.dev/activation-scale": re.compile(r"[2-9]|[1-9]\d{1,2}"),
    "autoscaling.knative.dev/target": _SOME,
    "autoscaling.knative.dev/target-utilization-percentage": _PERCENT,
    "autoscaling.knative.dev/window": _SECONDS,
    "autoscaling.knative.dev/scale-down-delay": _SECONDS,
    "autoscaling.knative.dev/target-burst-capacity": re.compile(r"-1|\d{1,4}"),
    "serving.knative.dev/rollout-duration": _SECONDS,
    **{
        f"queue.sidecar.serving.knative.dev/{what}-resource-{which}": _QUANTITY
        for what in ("cpu", "memory")
        for which in ("request", "limit")
    },
}
_OURS: Final = ("autoscaling.knative.dev/", "serving.knative.dev/", "queue.sidecar.serving.")
# Knative's other words on a template; each is an own decision, so none is let through unseen.
_POD: Final = frozenset(
    {
        "automountServiceAccountToken",
        "containerConcurrency",
        "containers",
        "priorityClassName",
        "responseStartTimeoutSeconds",
        "serviceAccountName",
        "timeoutSeconds",
        "volumes",
    }
)
SHORTEST_SECONDS: Final = 60
LONGEST_SECONDS: Final = 660


def faults(service: Manifest) -> Iterator[str]:
    """Yield a sentence on each thing that is wrong with a Knative Service."""
    for find in _RULES:
        yield from find(service)


def _annotations(service: Manifest) -> Iterator[str]:
    template = service["spec"]["template"]["metadata"].get("annotations", {})
    for place, found in (("service", service["metadata"]), ("template", {"annotations": template})):
        for key, value in found.get("annotations", {}).items():
            if not key.startswith(_OURS):
                continue
            is_of_service = key == "serving.knative.dev/rollout-duration"
            if key not in KNOWN:
                yield f"{key}: unknown, Knative ignores it"
            elif is_of_service != (place == "service"):
                yield f"{key}: on the {place} Knative does not look for it"
            elif not isinstance(value, str) or not KNOWN[key].fullmatch(value):
                yield f"{key}: {value!r} is no value of it"
    smallest, largest = (
        template.get(f"autoscaling.knative.dev/{end}-scale", "") for end in ("min", "max")
    )
    if not largest:
        yield "max-scale: left out, it grows without end"
    if smallest.isdigit() and largest.isdigit() and int(smallest) > int(largest):
        yield "min-scale: above max-scale"


def _time(service: Manifest) -> Iterator[str]:
    spec = service["spec"]["template"]["spec"]
    seconds = spec.get("timeoutSeconds")
    if seconds is None or not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        yield "timeoutSeconds: no time to drain, or more than the cluster allows"
    if spec.get("responseStartTimeoutSeconds") != seconds:
        yield "responseStartTimeoutSeconds: the cluster's own, 90 s, ends what begins late"


def _pod(service: Manifest) -> Iterator[str]:
    spec = service["spec"]["template"]["spec"]
    for key in sorted(set(spec) - _POD):
        yield f"{key}: behind a feature that is off, or not ours to set"
    if spec.get("containerConcurrency", 0) < 1:
        yield "containerConcurrency: left out or 0, without a limit"
    for container in spec["containers"]:
        rows = {row["name"]: row for row in container.get("env", [])}
        if "lifecycle" in container or "livenessProbe" in container:
            yield "lifecycle, livenessProbe: Knative strips one and routes past the other"
        if any("secretKeyRef" in row.get("valueFrom", {}) for row in rows.values()):
            yield "env: a secret in the environment"
        if any("secretRef" in source for source in container.get("envFrom", [])):
            yield "envFrom: a secret in the environment"
        threads = rows.get("THREADS", {}).get("value")
        if threads is not None and int(threads) != spec.get("containerConcurrency"):
            yield "THREADS: not as many as requests are let in"


def _place(service: Manifest) -> Iterator[str]:
    labels = service["metadata"].get("labels", {})
    if labels.get("networking.knative.dev/visibility") != "cluster-local":
        yield "visibility: public"
    if "traffic" in service["spec"]:
        yield "traffic: a tag makes another host, a percentage needs names of revisions"


_RULES: Final[tuple[Callable[[Manifest], Iterator[str]], ...]] = (
    _annotations,
    _time,
    _pod,
    _place,
)
