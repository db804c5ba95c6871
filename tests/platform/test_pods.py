"""The pods that come of what we apply, judged by their namespace's own level of security."""

from copy import deepcopy
from typing import Any

import pytest

from tests.manifests.bundles import OVERLAYS
from tests.platform.api import Api, Manifest
from tests.platform.releases import Applied, refusal

KINDS = ("Deployment", "StatefulSet", "Job")
# What a service of Knative says beside the pod.
KNATIVES = (
    "containerConcurrency",
    "timeoutSeconds",
    "responseStartTimeoutSeconds",
    "idleTimeoutSeconds",
)


def _pod(manifest: Manifest) -> Manifest | None:
    """Return the pod of a template, without what Knative itself makes of it."""
    is_service = manifest["apiVersion"].startswith("serving.knative.dev/")
    if manifest["kind"] not in KINDS and not is_service:
        return None
    template = deepcopy(manifest["spec"]["template"])
    spec: dict[str, Any] = template["spec"]
    for container in spec["containers"]:
        container.setdefault("name", "function")
        if is_service:
            # The queue before it asks instead.
            container.pop("readinessProbe", None)
    # Who makes the pods makes these as well.
    spec["volumes"] = [
        *spec.get("volumes", []),
        *(
            {"name": name, "persistentVolumeClaim": {"claimName": name}}
            for one in manifest["spec"].get("volumeClaimTemplates", [])
            for name in [one["metadata"]["name"]]
        ),
    ]
    metadata = {
        **{key: template["metadata"].get(key, {}) for key in ("labels", "annotations")},
        "namespace": manifest["metadata"]["namespace"],
        "name": manifest["metadata"]["name"],
    }
    spec = {key: value for key, value in spec.items() if key not in KNATIVES}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_namespace_takes_each_of_its_pods(
    api: Api, environments: dict[str, Applied], name: str
) -> None:
    """Level `restricted`, the limits and the priorities let in whatever a template makes."""
    pods = [pod for one in environments[name].manifests if (pod := _pod(one)) is not None]

    assert {one["metadata"]["name"]: said for one in pods if (said := refusal(api, one))} == {}
    assert len(pods) > 30


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"securityContext": {"runAsNonRoot": False}}, "runAsNonRoot"),
        ({"priorityClassName": "mony"}, "no PriorityClass with name mony"),
    ],
)
def test_a_namespace_refuses_another_pod(
    api: Api, environments: dict[str, Applied], change: dict[str, Any], word: str
) -> None:
    """The walls are up: one wrong word in a pod of ours is refused by its name."""
    pods = [pod for one in environments["production"].manifests if (pod := _pod(one)) is not None]
    [pod] = [one for one in pods if one["metadata"]["name"] == "pooler"]
    pod["spec"].update(change)

    assert word in refusal(api, pod)
