"""Reads what is configured: pods of the production overlay, the pooler, Terraform's machines."""

import configparser
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from knative.catalogue import ROOT, load_catalogue

OVERLAY: Final = ROOT / "knative/overlays/production/kustomization.yaml"
_UNITS: Final[Mapping[str, Fraction]] = {
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
}
_SCALE: Final = "autoscaling.knative.dev"


@dataclass(frozen=True, slots=True)
class Pod:
    """One function as production has it: cores, bytes, requests of a pod, and how many there are.

    `cpu` and `memory` are asked for with Knative's queue and the mesh's proxy; `limit` is the
    function's alone.
    """

    name: str
    cpu: Fraction
    memory: Fraction
    limit: Fraction
    concurrency: int
    pool: int
    least: int
    most: int
    calls_operators: bool


@dataclass(frozen=True, slots=True)
class Nodes:
    """Machines of a pool that Terraform makes: their type, cores and GiB, and how many at least."""

    machine: str
    cores: int
    gibibytes: int
    least: int


@dataclass(frozen=True, slots=True)
class Pooler:
    """PgBouncer's settings, and what the server behind takes."""

    replicas: int
    server_connections: int
    client_connections: int
    of_the_server: int


_MACHINES: Final[Mapping[str, tuple[int, int]]] = {
    "e2-small": (2, 2),
    "e2-standard-2": (2, 8),
    "e2-standard-4": (4, 16),
    "m7i.large": (2, 8),
    "m7i.xlarge": (4, 16),
}


@cache
def pods() -> Mapping[str, Pod]:
    """Return every function that is a Knative service, as the production overlay has it."""
    serving = yaml.safe_load((ROOT / "knative/platform/serving.yaml").read_text("utf-8"))
    queue = serving["spec"]["config"]["deployment"]
    found = {}
    for entry in load_catalogue():
        if entry.kind != "knative":
            continue
        template = _patched(entry.service, _service(entry.name))["spec"]["template"]
        notes = template["metadata"]["annotations"]
        (container,) = template["spec"]["containers"]
        asked = container["resources"]["requests"]
        found[entry.name] = Pod(
            name=entry.name,
            cpu=sum(
                map(
                    quantity,
                    (
                        asked["cpu"],
                        queue["queue-sidecar-cpu-request"],
                        notes["sidecar.istio.io/proxyCPU"],
                    ),
                ),
                Fraction(0),
            ),
            memory=sum(
                map(
                    quantity,
                    (
                        asked["memory"],
                        queue["queue-sidecar-memory-request"],
                        notes["sidecar.istio.io/proxyMemory"],
                    ),
                ),
                Fraction(0),
            ),
            limit=quantity(container["resources"]["limits"]["cpu"]),
            concurrency=template["spec"]["containerConcurrency"],
            pool=entry.pool,
            least=int(notes[f"{_SCALE}/min-scale"]),
            most=int(notes[f"{_SCALE}/max-scale"]),
            calls_operators=entry.egress == "operators",
        )
    return found


def quantity(text: str) -> Fraction:
    """Return a quantity of Kubernetes as a number: cores, or bytes."""
    matched = re.fullmatch(r"(\d+)(m|Mi|Gi)?", text)
    if matched is None:
        raise ValueError(f"no quantity: {text}")
    return Fraction(matched[1]) * _UNITS[matched[2] or ""]


def _service(name: str) -> dict[str, Any]:
    text = (ROOT / f"knative/base/{name}.yaml").read_text("utf-8")
    [found] = [
        one
        for one in yaml.load_all(text, Loader=yaml.CSafeLoader)
        if one["kind"] == "Service" and one["apiVersion"].startswith("serving.knative.dev")
    ]
    service: dict[str, Any] = found
    return service


def _patched(service: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Do what the overlay's patches of services say; kustomize need not be there."""
    for patch in yaml.safe_load(OVERLAY.read_text("utf-8"))["patches"]:
        target = patch["target"]
        if target.get("group") != "serving.knative.dev":
            continue
        if re.fullmatch(target.get("name", ".*"), service):
            for step in yaml.safe_load(patch["patch"]):
                _put(manifest, step["path"], step["value"])
    return manifest


def _put(manifest: Any, path: str, value: object) -> None:
    *way, last = (part.replace("~1", "/") for part in path.removeprefix("/").split("/"))
    place = manifest
    for part in way:
        place = place[int(part) if isinstance(place, list) else part]
    place[last] = value


@cache
def pooler() -> Pooler:
    """Return how connections are shared out in production."""
    text = (ROOT / "knative/components/pooler/pgbouncer.ini").read_text("utf-8")
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(re.sub(r"^%include.*$", "", text, flags=re.MULTILINE))
    known = parser["pgbouncer"]
    steps = {
        step["path"]: step["value"]
        for patch in yaml.safe_load(OVERLAY.read_text("utf-8"))["patches"]
        if patch["target"].get("name") == "pooler"
        for step in yaml.safe_load(patch["patch"])
    }
    return Pooler(
        replicas=steps["/spec/replicas"],
        server_connections=int(known["max_db_connections"]),
        client_connections=int(known["max_client_conn"]),
        of_the_server=int(steps["/metadata/annotations/database-connections"]),
    )


def node_pools(example: str) -> Mapping[str, Nodes]:
    """Return the pools of an example of Terraform: `functions` and `operators`."""
    return dict(_node_pools(ROOT / f"terraform/examples/{example}/20-cluster.tfvars"))


def _node_pools(path: Path) -> Iterator[tuple[str, Nodes]]:
    found = re.findall(
        r'(\w+)\s*= \{ machine_type = "([^"]+)", min = (\d+)', path.read_text("utf-8")
    )
    for name, machine, least in found:
        cores, gibibytes = _MACHINES[machine]
        yield name, Nodes(machine, cores, gibibytes, int(least))
