"""Each overlay builds to what an API server takes, and differs from the base in sizes alone."""

import json
import re

import pytest

from knative.catalogue import load_applications, load_catalogue
from tests.manifests.bundles import (
    KNATIVE,
    OVERLAYS,
    Manifest,
    build,
    of_kind,
    overlay,
    services,
)
from tests.manifests.schemas import refusals

LARGEST = {entry.service: entry.max_scale for entry in load_catalogue()} | {
    entry.service: entry.max_scale for entry in load_applications()
}
DEPLOYED = {entry.service for entry in load_catalogue() if entry.kind == "knative"} | {"dashboard"}
MIN, MAX = (f"autoscaling.knative.dev/{end}-scale" for end in ("min", "max"))
# Hosts of a cluster's inside, and addresses that stand for kinds of places.
INNER = re.compile(r"[\w*-]+(\.[\w-]+)*\.svc\.cluster\.local")


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_builds_to_what_an_api_server_takes(name: str) -> None:
    """Every object has the fields of its kind and no others."""
    assert [fault for manifest in overlay(name) for fault in refusals(manifest)] == []


def test_what_is_once_in_a_cluster_is_taken_too() -> None:
    """Knative's own settings, the mesh's and priorities are whole."""
    found = build(KNATIVE / "platform")

    assert [fault for manifest in found for fault in refusals(manifest)] == []


def test_an_unknown_field_is_found() -> None:
    """The schemas can fail: deep in a pod, in a policy, and for a kind that nobody knows."""
    [policy, *_] = of_kind(overlay("production"), "AuthorizationPolicy")
    service = services(overlay("production"))["create-charge"]
    wrong = json.loads(json.dumps(service))
    wrong["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"

    assert len(refusals(wrong)) == 1
    assert len(refusals({**policy, "spec": {**policy["spec"], "rule": []}})) == 1
    with pytest.raises(KeyError):
        refusals({**policy, "apiVersion": "security.istio.io/v2"})


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_stands_in_its_own_namespace(name: str) -> None:
    """Nothing lies elsewhere but the policies of shared gateways, and nothing is left open."""
    found = overlay(name)
    text = json.dumps(found)
    elsewhere = {
        (one["kind"], one["metadata"]["namespace"])
        for one in found
        if one["metadata"].get("namespace", f"pay-{name}") != f"pay-{name}"
    }

    assert "NAMESPACE" not in text
    assert elsewhere <= {
        ("AuthorizationPolicy", "istio-ingress"),
        ("AuthorizationPolicy", "istio-system"),
    }
    others = set(OVERLAYS) - {name}
    assert not [other for other in others if f"pay-{other}" in text]


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_deploys_every_function_and_the_dashboard(name: str) -> None:
    """An environment that lacks one would lack it silently."""
    assert set(services(overlay(name))) == DEPLOYED
    assert "stream-events" in {
        one["metadata"]["name"] for one in of_kind(overlay(name), "Deployment")
    }


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_changes_sizes_and_nothing_else(name: str) -> None:
    """What is no size is equal everywhere: a function behaves in production as in dev."""
    placed = services(overlay(name))

    for service, manifest in services(overlay("production")).items():
        assert _without_sizes(placed[service], name) == _without_sizes(manifest, "production")


def _without_sizes(manifest: Manifest, name: str) -> Manifest:
    copy: Manifest = json.loads(json.dumps(manifest).replace(f"pay-{name}", "pay"))
    template = copy["spec"]["template"]
    for container in template["spec"]["containers"]:
        del container["resources"]
    template["metadata"]["annotations"] = {
        key: value
        for key, value in template["metadata"]["annotations"].items()
        if not key.startswith(
            ("autoscaling.knative.dev/", "sidecar.istio.io/proxy", "queue.sidecar.serving")
        )
    }
    return copy


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_service_grows_beyond_the_catalogue(name: str) -> None:
    """The largest size is bounded, by the catalogue at most, and some are one on purpose."""
    for service, manifest in services(overlay(name)).items():
        annotations = manifest["spec"]["template"]["metadata"]["annotations"]
        assert 0 <= int(annotations[MIN]) <= int(annotations[MAX])
        assert 1 <= int(annotations[MAX]) <= LARGEST[service]


def test_production_alone_keeps_pods_warm() -> None:
    """What customers and operators wait for is there; everywhere else all comes from zero."""
    warm = {
        name: {
            service: int(size)
            for service, manifest in services(overlay(name)).items()
            if (size := manifest["spec"]["template"]["metadata"]["annotations"][MIN]) != "0"
        }
        for name in OVERLAYS
    }

    assert warm.pop("production") == {
        "receive-callback": 2,
        "create-charge": 1,
        "submit-charge": 1,
        "settle-charge": 1,
        "dispatch-webhook": 1,
    }
    assert set(map(str, warm.values())) == {"{}"}


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_drain_is_bounded_where_there_are_two_pods(name: str) -> None:
    """A budget stands exactly where a second pod does, and lets one go at a time."""
    found = overlay(name)
    twice = {
        service
        for service, manifest in services(found).items()
        if int(manifest["spec"]["template"]["metadata"]["annotations"][MIN]) >= 2
    }
    twice |= {
        one["metadata"]["name"]
        for one in of_kind(found, "HorizontalPodAutoscaler")
        if one["spec"]["minReplicas"] >= 2
    }
    scaled = {one["metadata"]["name"] for one in of_kind(found, "HorizontalPodAutoscaler")}
    twice |= {
        one["metadata"]["name"]
        for one in of_kind(found, "Deployment")
        if one["metadata"]["name"] not in scaled and one["spec"].get("replicas", 1) >= 2
    }
    budgets = {
        one["metadata"]["name"]: one["spec"] for one in of_kind(found, "PodDisruptionBudget")
    }

    assert set(budgets) == twice
    assert {spec["maxUnavailable"] for spec in budgets.values()} <= {1}


def test_no_environment_is_named_under_knative() -> None:
    """Hosts, projects, regions and secret values are Terraform's: none stands in a manifest."""
    wrong = []
    for path in sorted(KNATIVE.rglob("*.yaml")):
        if "local" in path.relative_to(KNATIVE).parts[:1]:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if wrong_words(line.partition("#")[0]):
                wrong.append(f"{path.relative_to(KNATIVE)}:{number}: {line.strip()}")

    assert wrong == []


def wrong_words(line: str) -> list[str]:
    """Return what in a line would be true in one environment alone."""
    plain = INNER.sub("", line)
    return [
        *re.findall(r"\w+://\S+", plain),
        *re.findall(r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|cm|africa|cloud|example)\b(?!/v\d)", plain),
        *re.findall(r"\b(?:projects/\w+|(?:europe|us|eu|af|africa)-\w+-?\d\w?)\b", plain),
        *re.findall(r"@sha256:\w+", plain),
        *re.findall(r"\b(?:sk|pk|whsec)_\w+", plain),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "issuer: https://accounts.google.com",
        "- api.pay.example",
        "region: europe-west1",
        "topic: projects/pay-live/topics/x",
        "image: registry/pay@sha256:ab12",
        "value: sk_live_abc",
    ],
)
def test_a_word_of_one_environment_is_found(line: str) -> None:
    """The search can fail."""
    assert wrong_words(line)
