"""What Knative, Istio and Kubernetes do to whoever trusts them: each trap, and what answers it.

What holds of a Knative Service alone is in lint.py, which the broken ones of broken.py prove.
"""

import json
import re
from typing import Any

import pytest

from knative.catalogue import BUDGETS, load_catalogue
from knative.render.places import ACTIVATOR, LOCAL_GATEWAY, PUBLIC_GATEWAY, TICKER, principal
from tests.manifests.broken import BROKEN, Broken, good
from tests.manifests.bundles import (
    KNATIVE,
    OVERLAYS,
    Manifest,
    build,
    named,
    of_kind,
    overlay,
    services,
)
from tests.manifests.lint import faults
from tests.manifests.schemas import refusals

ENTRIES = {entry.service: entry for entry in load_catalogue()}
MESHED = ("dev", "staging", "production")
METRICS = {"9464", "9090", "9091"}


def serving() -> dict[str, dict[str, str]]:
    """Return Knative Serving's settings."""
    known = named(build(KNATIVE / "platform"), "KnativeServing", "knative-serving")
    config: dict[str, dict[str, str]] = known["spec"]["config"]
    return config


def selector(manifest: Manifest) -> dict[str, str]:
    """Return the labels that a policy of the mesh selects pods by."""
    labels: dict[str, str] = manifest["spec"].get("selector", {}).get("matchLabels", {})
    return labels


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_service_has_what_knative_would_ignore_or_take_otherwise(name: str) -> None:
    """A misspelt annotation passes every validation there is: ours does not let it pass."""
    assert {
        service: found
        for service, manifest in services(overlay(name)).items()
        if (found := list(faults(manifest)))
    } == {}


@pytest.mark.parametrize(
    "broken", [one for one in BROKEN if one.lint], ids=lambda one: str(one.name)
)
def test_the_lint_finds_what_is_broken(broken: Broken) -> None:
    """Each rule of the lint can fail, and names what it is about."""
    found = " ".join(faults(broken.manifest()))

    assert broken.lint in found


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: str(one.name))
def test_what_is_broken_was_good_and_is_refused_by_whom_it_says(broken: Broken) -> None:
    """One change makes it bad; the schemas see what they are said to, and nothing beside."""
    manifest = good(broken.kind, broken.of)

    assert refusals(manifest) == []
    assert broken.kind != "Service" or list(faults(manifest)) == []
    assert bool(refusals(broken.manifest())) == (broken.judge == "schema")


def test_thirty_are_broken_and_ten_of_them_are_our_policys() -> None:
    """The list is long enough to mean something, and nothing in it stands twice."""
    assert len({one.name for one in BROKEN}) == len(BROKEN) >= 30
    assert len([one for one in BROKEN if one.judge == "admission"]) >= 10


def test_a_long_budget_fits_the_longest_that_knative_allows() -> None:
    """Its default is 600 s, and 300 s to begin: work of 540 s would end at 504."""
    longest = max(budget.timeout_seconds for budget in BUDGETS.values())
    defaults = serving()["defaults"]

    assert int(defaults["max-revision-timeout-seconds"]) == longest
    # Knative starts with nothing above; each service says its own, which the lint sees to.
    assert (
        defaults["revision-response-start-timeout-seconds"] == defaults["revision-timeout-seconds"]
    )
    # The activator ends 600 s after it is told to: longer than any handler takes.
    assert max(budget.handler_seconds for budget in BUDGETS.values()) < 600


def test_features_that_pods_use_are_on() -> None:
    """priorityClassName is behind one; without the other a quota refuses each pod's own proxy."""
    features = serving()["features"]

    assert features["kubernetes.podspec-priorityclassname"] == "enabled"
    assert features["queueproxy.resource-defaults"] == "enabled"
    assert features["secure-pod-defaults"] == "enabled"
    known = {
        one["metadata"]["name"] for one in of_kind(build(KNATIVE / "platform"), "PriorityClass")
    }
    used = {
        one["spec"]["template"]["spec"]["priorityClassName"]
        for name in OVERLAYS
        for one in overlay(name)
        if "template" in one.get("spec", {})
    }
    assert used == known == {"money", "platform", "reports"}


def test_money_goes_before_reports() -> None:
    """Where there is no room for all, a charge finds some."""
    values = {
        one["metadata"]["name"]: one["value"]
        for one in of_kind(build(KNATIVE / "platform"), "PriorityClass")
    }

    assert values["money"] > values["platform"] > values["reports"]


def test_no_deprecated_or_foreign_setting_is_used() -> None:
    """auto-tls and internal-encryption are old names; system-internal-tls is Kourier's alone."""
    text = json.dumps(serving())

    assert not re.search("auto-tls|internal-encryption|system-internal-tls|config-tracing", text)
    assert serving()["network"]["autocreate-cluster-domain-claims"] == "false"
    assert serving()["network"]["mesh-compatibility-mode"] == "enabled"
    # Two labels deep, no one certificate would cover it.
    assert ".{{.Namespace}}" not in serving()["network"]["domain-template"]


def test_no_gateway_of_knative_is_public_and_the_local_one_wants_certificates() -> None:
    """As net-istio comes, the local gateway sits on the public pods in plain text."""
    known = named(build(KNATIVE / "platform"), "KnativeServing", "knative-serving")
    gateway = known["spec"]["ingress"]["istio"]["knative-local-gateway"]

    assert serving()["istio"]["external-gateways"] == "[]"
    assert gateway["selector"] == {"istio": LOCAL_GATEWAY[1]}
    assert [(one["port"]["number"], one["tls"]["mode"]) for one in gateway["servers"]] == [
        (8444, "ISTIO_MUTUAL")
    ]
    [rule] = of_kind(build(KNATIVE / "platform"), "DestinationRule")
    # Beside our routes Istio would not find it: it looks at the caller's side and the host's.
    assert rule["metadata"]["namespace"] == LOCAL_GATEWAY[0]
    assert rule["spec"]["host"].split(".")[:2] == [LOCAL_GATEWAY[1], LOCAL_GATEWAY[0]]
    [port] = rule["spec"]["trafficPolicy"]["portLevelSettings"]
    assert (port["port"]["number"], port["tls"]["mode"]) == (8444, "ISTIO_MUTUAL")


def test_knatives_own_pods_are_in_the_mesh() -> None:
    """Without the activator's sidecar, pods that want certificates refuse its traffic."""
    labels = {
        one["metadata"]["name"]: one["metadata"]["labels"]
        for one in of_kind(build(KNATIVE / "platform"), "Namespace")
    }

    assert labels["knative-serving"] == labels["knative-eventing"] == {"istio-injection": "enabled"}
    strict = {
        selector(one).get("app"): one["spec"]["mtls"]["mode"]
        for one in of_kind(build(KNATIVE / "platform"), "PeerAuthentication")
    }
    assert strict == {"activator": "STRICT", "autoscaler": "STRICT"}


def test_a_gateway_without_an_environment_lets_nothing_through() -> None:
    """A gateway that no policy selects would let everything through."""
    closed = {
        (one["metadata"]["namespace"], selector(one)["istio"]): one["spec"].get("rules")
        for one in of_kind(build(KNATIVE / "platform"), "AuthorizationPolicy")
    }

    assert closed == {PUBLIC_GATEWAY: None, LOCAL_GATEWAY: None}


@pytest.mark.parametrize("name", MESHED)
def test_the_whole_namespace_wants_certificates(name: str) -> None:
    """STRICT for every pod; ports of measurements alone are open, on pods that are selected."""
    found = {
        one["metadata"]["name"]: one["spec"] for one in of_kind(overlay(name), "PeerAuthentication")
    }

    assert found.pop("default") == {"mtls": {"mode": "STRICT"}}
    for spec in found.values():
        # Istio ignores ports of a policy that selects nothing.
        assert spec["selector"]["matchLabels"]
        assert spec["mtls"]["mode"] == "STRICT"
        assert set(spec["portLevelMtls"]) <= METRICS


@pytest.mark.parametrize("name", MESHED)
def test_a_token_is_wanted_on_pushed_pods_and_nowhere_else(name: str) -> None:
    """At a gateway it would refuse `Bearer sk_…`; a request without any passes unless refused."""
    found = {
        one["metadata"]["name"]: one for one in of_kind(overlay(name), "RequestAuthentication")
    }
    pushed = {entry.service: entry for entry in ENTRIES.values() if entry.pubsub}

    assert set(found) == set(pushed)
    for service, entry in pushed.items():
        assert selector(found[service])["trigger"] == "pubsub"
        [rule] = found[service]["spec"]["jwtRules"]
        assert rule["audiences"] == [f"PUSH_AUDIENCE/{entry.name}"]
        assert rule["forwardOriginalToken"] is True
        policy = named(overlay(name), "AuthorizationPolicy", service)
        sources = [
            row["source"]
            for rule in policy["spec"]["rules"]
            if not is_probe(rule)
            for row in rule.get("from", [])
        ]
        assert [source["requestPrincipals"] for source in sources] == [["*"]]


def is_probe(rule: dict[str, Any]) -> bool:
    """Tell whether a rule lets Knative ask for health, and nothing else."""
    return [row["operation"] for row in rule["to"]] == [{"methods": ["GET"], "paths": ["/healthz"]}]


@pytest.mark.parametrize("name", MESHED)
def test_every_pod_knows_its_callers(name: str) -> None:
    """With the activator in the path its pods see that one, without it the gateway: both."""
    for service, manifest in services(overlay(name)).items():
        policy = named(overlay(name), "AuthorizationPolicy", service)
        labels = selector(policy)
        assert labels == {"serving.knative.dev/service": service}
        callers = {
            caller
            for rule in policy["spec"]["rules"]
            for row in rule.get("from", [])
            for caller in row["source"]["principals"]
            if not is_probe(rule)
        }
        wanted = {principal(LOCAL_GATEWAY), principal(ACTIVATOR)}
        trigger = manifest["spec"]["template"]["metadata"]["labels"]["trigger"]
        if trigger == "tick":
            wanted.add(principal(TICKER))
        if trigger == "door":
            wanted |= {
                principal((f"pay-{name}", entry.service))
                for entry in ENTRIES.values()
                if entry.egress == "operators"
            }
        assert callers == wanted


@pytest.mark.parametrize("name", MESHED)
def test_a_pod_that_nobody_thought_of_is_closed(name: str) -> None:
    """An AuthorizationPolicy without a rule and a selector allows nothing in the namespace."""
    policy = named(overlay(name), "AuthorizationPolicy", "default")
    network = named(overlay(name), "NetworkPolicy", "default")

    assert policy["spec"] == {}
    assert (network["spec"]["podSelector"], "ingress" in network["spec"]) == ({}, False)
    assert network["spec"]["policyTypes"] == ["Ingress", "Egress"]


@pytest.mark.parametrize("name", MESHED)
def test_nothing_is_sent_twice_on_any_route(name: str) -> None:
    """Left out, Istio tries a POST two times more; a time-out, left out, is none for a stream."""
    for route in of_kind(overlay(name), "VirtualService"):
        for rule in route["spec"]["http"]:
            assert "redirect" in rule or rule["retries"] == {"attempts": 0}
    stream = named(overlay(name), "VirtualService", "stream")["spec"]["http"][0]
    assert "timeout" not in stream
    assert named(overlay(name), "Deployment", "stream-events")
    text = (KNATIVE / "platform/istio.values.yaml").read_text("utf-8")
    assert re.search(r"defaultHttpRetryPolicy:\n    attempts: 0", text)


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_tick_knows_seconds_and_its_function(name: str) -> None:
    """PingSource is the one that there is; it is fire and forget, so each tick comes again soon."""
    for tick in of_kind(overlay(name), "PingSource"):
        assert len(tick["spec"]["schedule"].split()) == 6
        assert tick["spec"]["sink"]["ref"]["name"] == tick["metadata"]["name"]
        assert ENTRIES[tick["metadata"]["name"]].schedule == tick["spec"]["schedule"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_nobody_asks_a_service_for_its_measurements(name: str) -> None:
    """Any one pod would answer, and asking keeps it awake: pods are asked, at a port of theirs."""
    monitors = of_kind(overlay(name), "PodMonitor")

    assert not of_kind(overlay(name), "ServiceMonitor")
    assert len(monitors) == (name in {"staging", "production"})
    for monitor in monitors:
        assert [row["portNumber"] for row in monitor["spec"]["podMetricsEndpoints"]] == [9464]
    for manifest in services(overlay(name)).values():
        assert manifest["spec"]["template"]["metadata"]["labels"]["measured"] == "true"
    assert serving()["observability"]["metrics-protocol"] == "prometheus"


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_namespace_wants_restricted_pods_and_each_is_one(name: str) -> None:
    """No root, no rights, nothing written outside of volumes, no token for the API server."""
    [namespace] = of_kind(overlay(name), "Namespace")
    labels = namespace["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert ("istio-injection" in labels) == (name in MESHED)
    for manifest in overlay(name):
        template = manifest.get("spec", {}).get("template")
        if template is None:
            continue
        assert template["spec"]["automountServiceAccountToken"] is False
        for container in template["spec"]["containers"]:
            assert container["securityContext"] == {
                "runAsNonRoot": True,
                "readOnlyRootFilesystem": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            }


@pytest.mark.parametrize("name", OVERLAYS)
def test_our_own_server_runs_and_not_the_frameworks(name: str) -> None:
    """Its command line imports before it forks, and takes a node's processors for its own."""
    for service, manifest in services(overlay(name)).items():
        if service not in ENTRIES:
            continue
        [container] = manifest["spec"]["template"]["spec"]["containers"]
        rows = {row["name"]: row["value"] for row in container["env"]}
        assert container["command"] == ["python", "-m", ENTRIES[service].server]
        assert rows["THREADS"] == str(ENTRIES[service].concurrency)
        assert not {"DEBUG", "FUNCTION_SIGNATURE_TYPE", "WORKERS"} & set(rows)
        # A CloudEvent function answers GET with 405: Knative's own probe is a connection.
        assert "readinessProbe" not in container


def test_the_stand_in_is_steered_from_outside_in_dev_alone() -> None:
    """Where money is real no route and no policy leads to its control."""
    for name in ("staging", "production"):
        text = json.dumps(of_kind(overlay(name), "VirtualService"))
        assert "simulate-provider" not in text
        doors = named(overlay(name), "AuthorizationPolicy", f"doors.pay-{name}")
        allowed = [rule["to"][0]["operation"] for rule in doors["spec"]["rules"]]
        assert "/_control/*" in allowed[0]["notPaths"]
        assert "_control" not in json.dumps([one.get("paths") for one in allowed])
    assert "simulate-provider" in json.dumps(of_kind(overlay("dev"), "VirtualService"))


@pytest.mark.parametrize("name", MESHED)
def test_every_secret_file_has_its_source(name: str) -> None:
    """What a pod mounts is filled by the store, key by key; what nobody mounts is not fetched."""
    filled = {
        one["metadata"]["name"]: {row["secretKey"] for row in one["spec"]["data"]}
        for one in of_kind(overlay(name), "ExternalSecret")
    }
    mounted: dict[str, set[str]] = {}
    for manifest in overlay(name):
        for volume in (
            manifest.get("spec", {}).get("template", {}).get("spec", {}).get("volumes", [])
        ):
            if "secret" in volume:
                items = {row["key"] for row in volume["secret"].get("items", [])}
                mounted.setdefault(volume["secret"]["secretName"], set()).update(items)

    assert set(filled) == set(mounted)
    for secret, keys in mounted.items():
        assert not keys or keys == filled[secret], secret
