"""Who reaches whom is what the catalogue gives and the contract says, at both walls."""

import re
from typing import Any

import pytest
import yaml

from knative.bundle import command, make
from knative.catalogue import load_catalogue
from knative.render.gateways import istio_path
from shared.contracts.operations import OPERATIONS
from tests.manifests.bundles import (
    KNATIVE,
    MISSING,
    Manifest,
    named,
    of_kind,
    overlay,
    services,
)
from tests.manifests.schemas import refusals

ENTRIES = {entry.service: entry for entry in load_catalogue()}
FALLBACK = "read-payments"
SAMPLE = {
    "PUSH_ISSUER": "https://issuer.example",
    "PUSH_JWKS_URL": "https://issuer.example/keys/v3",
    "PUSH_AUDIENCE": "https://push.pay.example",
}


def _production(kind: str, name: str) -> Manifest:
    return named(overlay("production"), kind, name)


def _operations(host: str) -> list[dict[str, Any]]:
    """Return what the local gateway lets through to one service."""
    policy = _production("AuthorizationPolicy", "services.pay-production")
    return [
        row["operation"]
        for rule in policy["spec"]["rules"]
        for row in rule["to"]
        if row["operation"]["hosts"] == [host]
    ]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: str(one.operation_id))
def test_both_gateways_let_an_operation_through_to_its_function(operation: Any) -> None:
    """What the contract has is never refused at a wall, and what a function lacks is."""
    service = operation.function.replace("_", "-")
    if ENTRIES[service].kind == "deployment":
        return
    host = f"{service}.pay-production.svc.cluster.local"
    allowed = _operations(host)

    assert [
        row
        for row in allowed
        if row == {"hosts": [host], "notMethods": ["CONNECT", "TRACE"]}
        or (operation.method in row["methods"] and istio_path(operation.path) in row["paths"])
    ]


def test_one_function_alone_is_asked_for_anything() -> None:
    """It answers unknown paths and methods; at every other's wall stands what it serves."""
    policy = _production("AuthorizationPolicy", "services.pay-production")
    free = {
        host.split(".")[0]
        for rule in policy["spec"]["rules"]
        for row in rule["to"]
        for host in row["operation"]["hosts"]
        if "paths" not in row["operation"]
    }

    assert free == {FALLBACK, "simulate-provider"}


def test_a_path_of_istio_takes_no_more_than_ours() -> None:
    """A template stands for one whole segment: never for two, never for part of the next."""
    assert istio_path("/v1/charges/{id}/cancel") == "/v1/charges/{*}/cancel"
    assert istio_path("/verify/{code}.pdf") == "/verify/{*}"
    for operation in OPERATIONS:
        assert istio_path(operation.path).count("/") == operation.path.count("/")
        assert re.fullmatch(r"(/([\w.-]+|\{\*\}))+", istio_path(operation.path))


def test_what_is_pushed_comes_by_its_own_door_alone() -> None:
    """Pub/Sub's door lets through one POST per function that takes messages."""
    policy = _production("AuthorizationPolicy", "doors.pay-production")
    [pushed] = [
        row["operation"]
        for rule in policy["spec"]["rules"]
        for row in rule["to"]
        if row["operation"]["hosts"] == ["push.*"]
    ]

    assert pushed["methods"] == ["POST"]
    assert pushed["paths"] == [f"/{entry.name}" for entry in ENTRIES.values() if entry.pubsub]


def _ways_out(service: str) -> str:
    return yaml.safe_dump(_production("NetworkPolicy", service)["spec"]["egress"])


@pytest.mark.parametrize("service", sorted(ENTRIES))
def test_a_function_reaches_what_its_entry_gives_it(service: str) -> None:
    """A right that the catalogue does not give has no way through the network."""
    entry, out = ENTRIES[service], _ways_out(service)
    stores = {entry.storage, entry.reports, entry.quarantine} != {"none"} or entry.reads_drops

    assert ("name: pooler" in out) == (entry.database != "none")
    assert ("port: 5432" in out) == (entry.database == "owner")
    assert ("name: minio" in out) == stores
    assert ("name: keycloak" in out) == (entry.serves_operations or entry.egress == "identity")
    assert ("istio-egress" in out) == (entry.egress == "operators")
    assert ("169.254.169.254" in out) == bool(entry.publishes)
    assert ("0.0.0.0/0" in out) == (entry.egress in {"merchants", "callbacks", "mail"})


def test_a_merchants_address_is_none_of_ours() -> None:
    """What a merchant names leads to no neighbour, no metadata and no operator's door."""
    rules = _production("NetworkPolicy", "dispatch-webhook")["spec"]["egress"]
    [anywhere] = [
        block["ipBlock"]
        for rule in rules
        for block in rule["to"]
        if block.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
    ]

    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(
        anywhere["except"]
    )


def test_nobody_asks_the_dashboards_server_for_more_than_pages() -> None:
    """It has no way out at all: the browser asks the API, and the server nobody."""
    spec = _production("NetworkPolicy", "dashboard")["spec"]
    assert ("egress" in spec, spec["policyTypes"]) == (False, ["Ingress", "Egress"])
    assert not [
        one
        for one in of_kind(overlay("production"), "ExternalSecret")
        if one["metadata"]["name"] == "dashboard"
    ]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Manifest, ...]:
    """A bundle as a release makes it: an overlay, its ConfigMap, and what that one alone knows."""
    if command() is None:
        pytest.skip(MISSING)
    environment = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "environment",
            "namespace": "pay-production",
            "annotations": {"environment-hash": "abc123"},
        },
        "data": SAMPLE,
    }
    path = tmp_path_factory.mktemp("release") / "environment.yaml"
    path.write_text(yaml.safe_dump(environment), "utf-8")
    images = {
        name: f"registry.example/{name}@sha256:{'0' * 64}"
        for name in ("dashboard", "function", "pooler")
    }
    text = make("production", path, images, for_gitops=True)
    return tuple(yaml.load_all(text, Loader=yaml.CSafeLoader))


def test_a_release_puts_in_what_one_environment_knows(bundle: tuple[Manifest, ...]) -> None:
    """Every image has its digest, every revision its ConfigMap's hash, every token its audience."""
    for service, manifest in services(bundle).items():
        template = manifest["spec"]["template"]
        assert template["metadata"]["annotations"]["environment-hash"] == "abc123"
        for container in template["spec"]["containers"]:
            name = "dashboard" if service == "dashboard" else "function"
            assert container["image"] == f"registry.example/{name}@sha256:{'0' * 64}"
    for one in of_kind(bundle, "RequestAuthentication"):
        [rule] = one["spec"]["jwtRules"]
        name = one["metadata"]["name"].replace("-", "_")
        assert rule["audiences"] == [f"{SAMPLE['PUSH_AUDIENCE']}/{name}"]
        assert (rule["issuer"], rule["jwksUri"]) == (
            SAMPLE["PUSH_ISSUER"],
            SAMPLE["PUSH_JWKS_URL"],
        )
    assert [fault for one in bundle for fault in refusals(one)] == []
    images = {
        container["image"]
        for one in bundle
        if "template" in one.get("spec", {})
        for container in one["spec"]["template"]["spec"]["containers"]
    }
    assert all("@sha256:" in image for image in images)


def test_a_bundle_is_applied_in_waves(bundle: tuple[Manifest, ...]) -> None:
    """Walls before pods, secrets and the pooler before functions, routes after them, ticks last."""
    waves = {
        (one["kind"], one["metadata"]["name"]): int(
            one["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0)
        )
        for one in bundle
        if one["metadata"]["name"] != "environment"
    }
    order = [
        ("NetworkPolicy", "create-charge"),
        ("ExternalSecret", "create-charge"),
        ("Deployment", "pooler"),
        ("Job", "migrate"),
        ("Service", "create-charge"),
        ("VirtualService", "charges"),
        ("PingSource", "relay-outbox"),
    ]

    assert [waves[each] for each in order] == [-4, -3, -2, -1, 0, 1, 2]
    assert {wave for (kind, _), wave in waves.items() if kind.endswith("Policy")} == {-4}


def test_routes_name_doors_and_no_host() -> None:
    """A Gateway of that name is Terraform's; whoever comes by it is asked for no other host."""
    routes = of_kind(overlay("production"), "VirtualService")
    doors = {door for route in routes for door in route["spec"]["gateways"]}

    assert doors == {"api", "app", "callbacks", "pay", "push"}
    assert all(route["spec"]["hosts"] == ["*"] for route in routes)
    assert (KNATIVE / "components/keycloak/keycloak.yaml").read_text("utf-8").count("[auth]") == 1
