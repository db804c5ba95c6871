"""The Deployments that Knative makes of our services, by the code of its controller."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deployment.lint import CHECKOV_PROGRAM
from tests.manifests.bundles import SERVICE
from tests.platform import definitions, get_parts
from tests.platform.api import Api, Manifest
from tests.platform.releases import Applied, refusal

CONTROLLER = "system:serviceaccount:knative-serving:controller"
# In the module stands the name of what it is built from.
QUEUE = {"queue-sidecar-image": f"registry.example/queue@sha256:{'0' * 64}"}
SECONDS = 60


@pytest.fixture(scope="module")
def deployments(api: Api, environments: dict[str, Applied]) -> list[Manifest]:
    """What Knative makes of production, as its webhook filled the services in."""
    assert api.is_ready()
    kept = environments["production"].kept
    config_maps = [
        one
        for one in definitions.documents()
        if (one["kind"], one["metadata"].get("namespace")) == ("ConfigMap", "knative-serving")
    ]
    for one in config_maps:
        if one["metadata"]["name"] == "config-deployment":
            one["data"] |= QUEUE
    services = [one for one in kept if one["apiVersion"] == SERVICE]
    given = json.dumps({"services": services, "configMaps": config_maps})
    done = subprocess.run(  # noqa: S603 - a program of ours
        [str(get_parts.program("deployments"))],
        input=given,
        env={"SYSTEM_NAMESPACE": "knative-serving"},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    made: list[Manifest] = json.loads(done.stdout)["items"]
    assert len(made) == len(services) > 30
    for one in made:
        # Its controller gives each revision one.
        one["metadata"].pop("ownerReferences")
        for labels in (one["spec"]["selector"]["matchLabels"], *_labels(one)):
            labels["serving.knative.dev/revisionUID"] = "00000000-0000-0000-0000-000000000000"
    return made


def _labels(deployment: Manifest) -> tuple[dict[str, str], ...]:
    return (
        deployment["metadata"]["labels"],
        deployment["spec"]["template"]["metadata"]["labels"],
    )


def _pod(deployment: Manifest) -> Manifest:
    metadata = {key: deployment["metadata"][key] for key in ("name", "namespace")}
    template = deployment["spec"]["template"]
    metadata |= template["metadata"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def test_knatives_controller_may_make_each(api: Api, deployments: list[Manifest]) -> None:
    """Their services were looked at: no policy of ours stops what is made of them."""
    said = {one["metadata"]["name"]: refusal(api, one, account=CONTROLLER) for one in deployments}

    assert {name: word for name, word in said.items() if word} == {}


def test_nobody_else_may_make_one(api: Api, deployments: list[Manifest]) -> None:
    """The controller's account alone goes round the policy of workloads, with images not ours."""
    said = refusal(api, deployments[0], account="system:serviceaccount:default:somebody")

    assert "ValidatingAdmissionPolicy 'pay-workloads'" in said


def test_a_namespace_takes_each_pod_with_its_queue(api: Api, deployments: list[Manifest]) -> None:
    """Knative's own container beside ours is as restricted, limited and known as ours."""
    said = {one["metadata"]["name"]: refusal(api, _pod(one)) for one in deployments}

    assert {name: word for name, word in said.items() if word} == {}


def test_a_queue_has_our_times_and_sizes(deployments: list[Manifest]) -> None:
    """What we set of Knative reaches the pod: its time is ours, and its queue asks for little."""
    for one in deployments:
        spec = one["spec"]["template"]["spec"]
        [queue] = [row for row in spec["containers"] if row["name"] == "queue-proxy"]
        told = {row["name"]: row.get("value") for row in queue["env"]}
        seconds = str(spec["terminationGracePeriodSeconds"])
        assert told["REVISION_TIMEOUT_SECONDS"] == seconds
        assert told["REVISION_RESPONSE_START_TIMEOUT_SECONDS"] == seconds
        assert int(told["CONTAINER_CONCURRENCY"] or 0) >= 1
        assert queue["resources"]["requests"]["memory"] == "50Mi"


def test_checkov_finds_nothing(deployments: list[Manifest], tmp_path: Path) -> None:
    """It does not look into services of Knative: it looks at what comes of them."""
    if not CHECKOV_PROGRAM.exists():
        pytest.skip("left out, no checkov (make check-platform)")
    file = tmp_path / "deployments.yaml"
    file.write_text(yaml.safe_dump_all(deployments), "utf-8")
    settings = Path(__file__).with_name("checkov.yaml")

    done = subprocess.run(  # noqa: S603 - a program of ours
        [
            # Its first line holds the place where it was installed.
            str(CHECKOV_PROGRAM.with_name("python")),
            str(CHECKOV_PROGRAM),
            *("--file", str(file), "--config-file", str(settings)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )

    assert done.returncode == 0, done.stdout + done.stderr
