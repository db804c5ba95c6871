"""Writes schemas.json: what an API server knows of the kinds that we write, as one JSON Schema.

`python -m tests.manifests.get_schemas WHEEL`, with Go at hand, after a change of a version below.
Kinds of Kubernetes come from the wheel of kubernetes-validate (a path to it), custom ones from the
definitions in the modules of those who make them. Unknown fields are refused, as a strict server
does. Nothing but the tests of manifests reads the file.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

SCHEMAS: Final = Path(__file__).with_name("schemas.json")
KUBERNETES: Final = "v1.36.0"
MODULES: Final = {
    "knative.dev/serving@v0.50.0": ["config/core/300-resources/service.yaml"],
    "knative.dev/eventing@v0.50.0": ["config/core/resources/pingsource.yaml"],
    "knative.dev/operator@v0.50.0": [
        "config/crd/bases/operator.knative.dev_knativeservings.yaml",
        "config/crd/bases/operator.knative.dev_knativeeventings.yaml",
    ],
    "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad": [
        "manifests/charts/base/files/crd-all.gen.yaml"
    ],
    "github.com/external-secrets/external-secrets@v1.3.2": [
        "config/crds/bases/external-secrets.io_externalsecrets.yaml"
    ],
    "github.com/prometheus-operator/prometheus-operator@v0.92.1": [
        "example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml",
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ],
}
CUSTOM: Final = {
    "serving.knative.dev/v1/Service",
    "sources.knative.dev/v1/PingSource",
    "operator.knative.dev/v1beta1/KnativeServing",
    "operator.knative.dev/v1beta1/KnativeEventing",
    "networking.istio.io/v1/DestinationRule",
    "networking.istio.io/v1/VirtualService",
    "security.istio.io/v1/AuthorizationPolicy",
    "security.istio.io/v1/PeerAuthentication",
    "security.istio.io/v1/RequestAuthentication",
    "external-secrets.io/v1/ExternalSecret",
    "monitoring.coreos.com/v1/PodMonitor",
    "monitoring.coreos.com/v1/PrometheusRule",
}
BUILT_IN: Final = {
    "v1/ConfigMap": "configmap-v1",
    "v1/LimitRange": "limitrange-v1",
    "v1/Namespace": "namespace-v1",
    "v1/ResourceQuota": "resourcequota-v1",
    "v1/Service": "service-v1",
    "v1/ServiceAccount": "serviceaccount-v1",
    "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy": (
        "validatingadmissionpolicy-admissionregistration-v1"
    ),
    "admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding": (
        "validatingadmissionpolicybinding-admissionregistration-v1"
    ),
    "apps/v1/Deployment": "deployment-apps-v1",
    "apps/v1/StatefulSet": "statefulset-apps-v1",
    "autoscaling/v2/HorizontalPodAutoscaler": "horizontalpodautoscaler-autoscaling-v2",
    "batch/v1/Job": "job-batch-v1",
    "networking.k8s.io/v1/NetworkPolicy": "networkpolicy-networking-v1",
    "policy/v1/PodDisruptionBudget": "poddisruptionbudget-policy-v1",
    "scheduling.k8s.io/v1/PriorityClass": "priorityclass-scheduling-v1",
}
_REF: Final = "#/$defs/"


def built_in(wheel: Path) -> dict[str, Any]:
    """Return the schemas of Kubernetes' own kinds, and below `$defs` all that they name."""
    folder = f"kubernetes_validate/kubernetes-json-schema/{KUBERNETES}-local-strict"
    with zipfile.ZipFile(wheel) as archive:
        known = json.loads(archive.read(f"{folder}/_definitions.json"))["$defs"]
        kinds = {
            kind: json.loads(archive.read(f"{folder}/{name}.json"))
            for kind, name in BUILT_IN.items()
        }
    definitions: dict[str, Any] = {}
    waiting = [name for schema in kinds.values() for name in _named(schema)]
    while waiting:
        name = waiting.pop()
        if name not in definitions:
            definitions[name] = known[name]
            waiting += _named(known[name])
    return {**kinds, "$defs": definitions}


def custom() -> Iterator[tuple[str, Any]]:
    """Yield the schemas of the kinds that others define."""
    for module, files in MODULES.items():
        words = ("go", "mod", "download", "-json", module)
        told = subprocess.run(words, capture_output=True, check=True)  # noqa: S603 - Go's own program
        folder = Path(json.loads(told.stdout)["Dir"])
        for file in files:
            for document in yaml.safe_load_all((folder / file).read_text("utf-8")):
                if document and document["kind"] == "CustomResourceDefinition":
                    yield from _versions(document["spec"])


def _versions(spec: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for version in spec["versions"]:
        kind = f"{spec['group']}/{version['name']}/{spec['names']['kind']}"
        if kind in CUSTOM:
            schema = version["schema"]["openAPIV3Schema"]
            known = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
            known["metadata"] = {"type": "object"}
            schema["properties"] = {**schema["properties"], **known}
            yield kind, schema


def closed(schema: Any) -> Any:
    """Return a schema without prose, in which what it does not name is refused."""
    if isinstance(schema, list):
        return [closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            result[key] = {name: closed(inner) for name, inner in value.items()}
        elif key == "$ref":
            result[key] = _REF + value.rsplit("/", 1)[-1]
        elif key == "$defs":
            result[key] = {name: closed(inner) for name, inner in value.items()}
        elif key in {"description", "$schema", "default", "example"} or key.startswith("x-kuber"):
            continue
        else:
            result[key] = closed(value)
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("anyOf", None)
        result["type"] = ["integer", "string"]
    is_open = schema.get("x-kubernetes-preserve-unknown-fields", False)
    if "properties" in result and not is_open:
        result.setdefault("additionalProperties", False)
    return result


def _named(schema: Any) -> list[str]:
    if isinstance(schema, list):
        return [name for inner in schema for name in _named(inner)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].rsplit("/", 1)[-1]] if isinstance(schema.get("$ref"), str) else []
    return own + [name for inner in schema.values() for name in _named(inner)]


def main() -> None:
    """Write the file."""
    own = built_in(Path(sys.argv[1]))
    whole = {kind: closed(schema) for kind, schema in {**own, **dict(custom())}.items()}
    whole["$defs"] = closed({"$defs": own["$defs"]})["$defs"]
    if missing := {*CUSTOM, *BUILT_IN} - set(whole):
        raise SystemExit(f"not found: {', '.join(sorted(missing))}")
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    SCHEMAS.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
