"""Adds up what an overlay's pods may ask for when everything is at its largest."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Self

from tests.manifests.bundles import KNATIVE, Manifest, build, named, of_kind, services

MIN, MAX = (f"autoscaling.knative.dev/{end}-scale" for end in ("min", "max"))
_UNITS: Final[Mapping[str, Fraction]] = {
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
}
_QUEUE: Final = "queue.sidecar.serving.knative.dev"
_PROXY: Final = "sidecar.istio.io/proxy"


def quantity(text: str) -> Fraction:
    """Return a quantity of Kubernetes as a number: cores, or bytes."""
    matched = re.fullmatch(r"(\d+(?:\.\d+)?)(m|[KMG]i)?", str(text))
    assert matched is not None, text
    return Fraction(matched[1]) * _UNITS[matched[2] or ""]


@dataclass(frozen=True, slots=True)
class Size:
    """Cores and bytes asked for, bytes at most, and pods."""

    cpu: Fraction = Fraction(0)
    memory: Fraction = Fraction(0)
    memory_limit: Fraction = Fraction(0)
    pods: int = 0

    def __add__(self, other: Self) -> Self:
        """Both together, in as many pods."""
        return type(self)(
            self.cpu + other.cpu,
            self.memory + other.memory,
            self.memory_limit + other.memory_limit,
            self.pods + other.pods,
        )

    def times(self, number: int) -> Self:
        """That many pods of this size."""
        return type(self)(
            self.cpu * number, self.memory * number, self.memory_limit * number, number
        )


def size_of(texts: Sequence[str]) -> Size:
    """Return cores and bytes asked for, and bytes at most, as a container says them."""
    cpu, memory, limit = map(quantity, texts)
    return Size(cpu, memory, limit)


def largest(manifests: tuple[Manifest, ...]) -> Size:
    """Return what all pods of an overlay ask for together at their largest."""
    whole = Size()
    for size, number in _pods(manifests):
        whole += size.times(number)
    return whole


def _pods(manifests: tuple[Manifest, ...]) -> Iterator[tuple[Size, int]]:
    in_mesh = "istio-injection" in of_kind(manifests, "Namespace")[0]["metadata"]["labels"]
    for service in services(manifests).values():
        template = service["spec"]["template"]
        annotations = template["metadata"]["annotations"]
        size = _containers(template) + _queue(annotations)
        yield size + (_proxy(annotations) if in_mesh else Size()), int(annotations[MAX])
    scaled = {
        one["metadata"]["name"]: one["spec"]["maxReplicas"]
        for one in of_kind(manifests, "HorizontalPodAutoscaler")
    }
    for kind in ("Deployment", "StatefulSet"):
        for one in of_kind(manifests, kind):
            template = one["spec"]["template"]
            size = _containers(template)
            if in_mesh:
                size += _proxy(template["metadata"].get("annotations", {}))
            # A rollout has one more than there are.
            number = scaled.get(one["metadata"]["name"], one["spec"].get("replicas", 1))
            yield size, number + (kind == "Deployment")


def _containers(template: Mapping[str, Any]) -> Size:
    whole = Size()
    for container in template["spec"]["containers"]:
        asked, most = (container["resources"][key] for key in ("requests", "limits"))
        whole += size_of([asked["cpu"], asked["memory"], most["memory"]])
    return whole


def _queue(annotations: Mapping[str, str]) -> Size:
    """Return the size of Knative's own container, as the cluster says unless the service does."""
    known = named(build(KNATIVE / "platform"), "KnativeServing", "knative-serving")
    general = known["spec"]["config"]["deployment"]
    said = [
        annotations.get(f"{_QUEUE}/{what}-resource-{which}")
        or general[f"queue-sidecar-{what}-{which}"]
        for what, which in (("cpu", "request"), ("memory", "request"), ("memory", "limit"))
    ]
    return size_of(said)


def _proxy(annotations: Mapping[str, str]) -> Size:
    """Return the size of the mesh's container: what is said, or the chart's own words."""
    said = [
        annotations.get(f"{_PROXY}{what}", default)
        for what, default in (("CPU", "100m"), ("Memory", "128Mi"), ("MemoryLimit", "1Gi"))
    ]
    return size_of(said)
