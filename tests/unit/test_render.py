"""What `make manifests` writes is complete, the same every time, and keeps the platform's rules."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from knative.catalogue import ROOT, FunctionEntry, load_applications, load_catalogue
from knative.render import envoy
from knative.render.__main__ import main, render_all, stale_files
from knative.render.contract import load_document, load_routes
from shared.contracts.operations import OPERATIONS
from shared.runtime import exchange, http

ENTRIES = load_catalogue()
STREAMED = {
    op.operation_id
    for op in OPERATIONS
    for e in ENTRIES
    if e.is_streaming and e.name == op.function
}
APPLICATIONS = load_applications()
SERVICES = [entry for entry in ENTRIES if entry.kind == "knative"]
RENDERED = render_all()
BASE = {
    path.removeprefix("knative/base/"): list(yaml.safe_load_all(text))
    for path, text in RENDERED.items()
    if path.startswith("knative/base/")
}
# knative/serving: what a user may not set, and ports that its own sidecar holds.
RESERVED_ENVIRONMENT = {"PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"}
RESERVED_PORTS = {8008, 8012, 8013, 8022, 8112, 9090, 9091}
SHORTEST_DRAIN_SECONDS = 60


def _documents(kind: str) -> list[dict[str, Any]]:
    return [doc for docs in BASE.values() for doc in docs if doc["kind"] == kind]


def _rules() -> list[dict[str, Any]]:
    """Return every rule of a route that leads somewhere."""
    rules = [rule for doc in _documents("VirtualService") for rule in doc["spec"]["http"]]
    return [rule for rule in rules if "redirect" not in rule]


def _template(entry: FunctionEntry) -> dict[str, Any]:
    document = next(d for d in BASE[f"{entry.name}.yaml"] if d["kind"] == "Service")
    template: dict[str, Any] = document["spec"]["template"]
    return template


def test_the_committed_files_are_the_rendered_ones() -> None:
    """Nothing derived is stale: whoever changes a contract runs `make manifests`."""
    assert stale_files(RENDERED) == []


@pytest.mark.parametrize("seed", ["1", "2"])
def test_rendering_gives_the_same_bytes_in_every_process(seed: str) -> None:
    """The order of sets and hashes never shows in a derived file."""
    command = [sys.executable, "-m", "knative.render", "--check"]
    environment = {**os.environ, "PYTHONHASHSEED": seed}

    finished = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=30
    )

    assert (finished.returncode, finished.stderr) == (0, b"")


def test_check_names_stale_missing_and_left_over_files_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` fails with the names of all that is not as rendered."""
    assert main([], tmp_path) == 0
    capsys.readouterr()
    (tmp_path / "knative/base/create_charge.yaml").write_text("changed", "utf-8")
    (tmp_path / "knative/base/routes/verify.yaml").unlink()
    (tmp_path / "knative/base/removed_function.yaml").write_text("old", "utf-8")

    code = main(["--check"], tmp_path)

    named = re.findall(r"stale: (\S+)", capsys.readouterr().err)
    assert code == 1
    assert named == [
        "knative/base/create_charge.yaml",
        "knative/base/removed_function.yaml",
        "knative/base/routes/verify.yaml",
    ]
    assert (tmp_path / "knative/base/create_charge.yaml").read_text("utf-8") == "changed"


def test_rendering_mends_what_is_stale(tmp_path: Path) -> None:
    """After a run without `--check` nothing is stale and nothing is left over."""
    stale = tmp_path / "knative/base/removed_function.yaml"
    stale.parent.mkdir(parents=True)
    stale.write_text("old", "utf-8")

    assert main([], tmp_path) == 0

    assert not stale.exists()
    assert main(["--check"], tmp_path) == 0


def test_every_service_has_one_file_and_the_bundle_lists_each() -> None:
    """No function is forgotten in the bundle, none is in it without an entry."""
    listed = BASE["kustomization.yaml"][0]["resources"]

    assert {f"{entry.name}.yaml" for entry in SERVICES} <= set(listed)
    assert sorted(set(BASE) - {"kustomization.yaml"}) == listed


@pytest.mark.parametrize("entry", SERVICES, ids=lambda entry: entry.name)
def test_a_service_is_what_the_catalogue_says(entry: FunctionEntry) -> None:
    """Name, target, limits and secrets come from the catalogue and from nowhere else."""
    template = _template(entry)
    spec, (container,) = template["spec"], template["spec"]["containers"]
    environment = {row["name"]: row["value"] for row in container["env"]}

    assert environment["FUNCTION_TARGET"] == entry.name
    assert environment["FUNCTION_SOURCE"] == f"functions/{entry.name}/main.py"
    assert spec["serviceAccountName"] == entry.name.replace("_", "-")
    assert spec["containerConcurrency"] == entry.concurrency == int(environment["THREADS"])
    assert spec["timeoutSeconds"] == entry.budget.timeout_seconds
    secret = next(v["secret"] for v in spec["volumes"] if v["name"] == "secrets")
    assert [item["path"] for item in secret["items"]] == list(entry.secrets)
    assert container["envFrom"] == [{"configMapRef": {"name": "environment"}}]


@pytest.mark.parametrize("entry", SERVICES, ids=lambda entry: entry.name)
def test_a_service_keeps_knatives_rules(entry: FunctionEntry) -> None:
    """One port that is free, no reserved variable, time to drain, annotations it knows."""
    template = _template(entry)
    (container,) = template["spec"]["containers"]
    annotations = template["metadata"]["annotations"]

    assert not RESERVED_ENVIRONMENT & {row["name"] for row in container["env"]}
    assert [port["containerPort"] in RESERVED_PORTS for port in container["ports"]] == [False]
    assert template["spec"]["timeoutSeconds"] >= SHORTEST_DRAIN_SECONDS
    assert set(annotations) == {
        "autoscaling.knative.dev/min-scale",
        "autoscaling.knative.dev/max-scale",
        "environment-hash",
    }
    assert annotations["autoscaling.knative.dev/min-scale"] == "0"


@pytest.mark.parametrize("entry", SERVICES, ids=lambda entry: entry.name)
def test_a_pod_can_do_no_more_than_its_work(entry: FunctionEntry) -> None:
    """No root, no writing outside its scratch volume, no token, no door to the outside."""
    account, service, *_ = BASE[f"{entry.name}.yaml"]
    (container,) = _template(entry)["spec"]["containers"]

    assert account["automountServiceAccountToken"] is False
    assert _template(entry)["spec"]["automountServiceAccountToken"] is False
    assert service["metadata"]["labels"]["networking.knative.dev/visibility"] == "cluster-local"
    assert container["securityContext"] == {
        "runAsNonRoot": True,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert set(container["resources"]) == {"requests", "limits"}


def test_ticks_reach_their_functions_by_the_second() -> None:
    """Each tick has six fields and its own function as sink."""
    ticks = {doc["metadata"]["name"]: doc["spec"] for doc in _documents("PingSource")}

    assert set(ticks) == {entry.service for entry in ENTRIES if entry.schedule}
    for name, spec in ticks.items():
        assert len(spec["schedule"].split()) == 6
        assert spec["sink"]["ref"]["name"] == name


def test_every_operation_has_its_route() -> None:
    """Path and method of each operation go to the function that the contract names."""
    found = set()
    for rule in _rules():
        host = rule.get("rewrite", {}).get("authority")
        service = (host or rule["route"][0]["destination"]["host"]).split(".")[0]
        for match in rule["match"]:
            method = match.get("method", {})
            words = method.get("exact", method.get("regex", "")).split("|")
            uri = match["uri"].get("exact", match["uri"].get("regex"))
            found.add((rule["name"], service, words[0], uri))

    for operation in OPERATIONS:
        uri = operation.path
        if "{" in uri:
            uri = "[^/]+".join(re.escape(part) for part in re.split(r"\{\w+\}", uri))
        row = (operation.operation_id, operation.function.replace("_", "-"), operation.method, uri)
        assert row in found


def test_exact_paths_are_tried_before_templates() -> None:
    """A template never takes what another route names more exactly."""
    for path, (document, *_) in BASE.items():
        if path.startswith("routes/"):
            rules = document["spec"]["http"]
            exact = ["exact" in rule["match"][0]["uri"] for rule in rules]
            assert exact == sorted(exact, reverse=True)
    verify = [rule["name"] for rule in BASE["routes/verify.yaml"][0]["spec"]["http"]]
    assert verify == ["read_receipt", "verify_receipt"]


def test_no_gateway_repeats_a_request_or_names_a_host() -> None:
    """Retries are off on every rule, and what an environment owns is left to it."""
    for document in _documents("VirtualService"):
        assert document["spec"]["hosts"] == ["*"]
        assert set(document["spec"]["gateways"]) <= {"api", "app", "callbacks", "pay", "push"}
    for rule in _rules():
        assert rule["retries"] == {"attempts": 0}
        if rule["name"] not in STREAMED:
            assert int(rule["timeout"].removesuffix("s")) >= SHORTEST_DRAIN_SECONDS
    text = "".join(t for path, t in RENDERED.items() if path.startswith("knative/base/"))
    assert "://" not in text
    assert set(re.findall(r"image: (\S+)", text)) == {"function", "dashboard"}


def test_the_dashboard_and_the_api_have_one_origin() -> None:
    """Its door leads to its pages, to `/v1` and to nothing else of the API's."""
    [application] = APPLICATIONS
    led = {
        path
        for path, (document, *_) in BASE.items()
        if path.startswith("routes/") and "app" in document["spec"]["gateways"]
    }
    nouns = {o.path.split("/")[2].split(".")[0] for o in OPERATIONS if o.path.startswith("/v1/")}
    [root, pages] = BASE["routes/dashboard.yaml"][0]["spec"]["http"]

    assert led == {f"routes/{name}.yaml" for name in {*nouns, "dashboard", "unknown"}}
    assert root["redirect"] == {"uri": application.prefix, "redirectCode": 302}
    assert [match["uri"] for match in pages["match"]] == [
        {"exact": application.prefix},
        {"prefix": f"{application.prefix}/"},
    ]
    assert {match["method"]["regex"] for match in pages["match"]} == {"GET|HEAD"}


def test_a_stream_lasts_and_its_pods_are_always_there() -> None:
    """No time-out ends a stream, WebSockets pass, and a pod goes after its heir has come."""
    [rule] = BASE["routes/stream.yaml"][0]["spec"]["http"]
    documents = {document["kind"]: document for document in BASE["stream_events.yaml"]}
    gateway = yaml.safe_load(RENDERED["knative/local/envoy.yaml"])
    [host] = [
        host
        for listener in gateway["static_resources"]["listeners"]
        for chain in listener["filter_chains"]
        for found in chain["filters"]
        for host in found["typed_config"]["route_config"]["virtual_hosts"]
    ]
    [route] = [each for each in host["routes"] if each["name"] == "stream_events"]

    assert {"stream_events"} == STREAMED
    assert "timeout" not in rule
    assert route["route"]["timeout"] == "0s"
    assert rule["route"][0]["destination"]["host"] == "stream-events.NAMESPACE.svc.cluster.local"
    assert route["route"]["upgrade_configs"] == [{"upgrade_type": "websocket"}]
    assert documents["Deployment"]["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert documents["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == 1
    pod = documents["Deployment"]["spec"]["template"]
    selector = documents["Service"]["spec"]["selector"]
    assert selector.items() <= pod["metadata"]["labels"].items()
    [container] = pod["spec"]["containers"]
    assert container["command"] == ["python", "-m", "shared.runtime.serve_asgi"]


def test_pubsub_reaches_exactly_the_functions_with_subscriptions() -> None:
    """The push door has one address per function that takes messages, and none beside."""
    rules = BASE["routes/push.yaml"][0]["spec"]["http"]
    addresses = {rule["match"][0]["uri"]["exact"] for rule in rules}

    assert addresses == {f"/{entry.name}" for entry in ENTRIES if entry.pubsub}
    assert {rule["rewrite"]["uri"] for rule in rules} == {"/"}


def test_the_simulators_control_is_no_public_route() -> None:
    """Only the local gateway leads to the simulator's own paths."""
    text = "".join(t for path, t in RENDERED.items() if "knative/base/routes/" in path)

    assert "simulate-provider" not in text
    assert "_control" not in text


def test_operations_stand_in_the_order_of_trial() -> None:
    """The generated table and the routes are one list."""
    routes = load_routes(ENTRIES, load_document())

    assert [(r.operation_id, r.function, r.method, r.path, r.auth) for r in routes] == [
        (o.operation_id, o.function, o.method, o.path, o.auth) for o in OPERATIONS
    ]


def test_the_gateway_lets_through_what_a_function_takes() -> None:
    """What is larger than others for an operation is no larger at the door than behind it."""
    assert envoy.LARGER_REQUESTS == http.LARGER_BODIES
    assert envoy.MAX_REQUEST_BYTES == exchange.LARGEST_BODY_BYTES
