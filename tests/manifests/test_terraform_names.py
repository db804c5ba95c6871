"""Terraform and manifests meet by names alone: one that one of them alone knows is found here."""

import re
from pathlib import Path
from typing import Final

import pytest

from knative.catalogue import ROOT, load_catalogue
from knative.render.places import EGRESS_GATEWAY, LOCAL_GATEWAY, PUBLIC_GATEWAY
from knative.render.secrets import STORE
from tests.manifests.bundles import of_kind, overlay

TREE: Final = ROOT / "terraform"
# Each example, its cloud and the overlay that it is for.
EXAMPLES: Final = {
    "minimal-gcp": ("gcp", "dev"),
    "complete-gcp": ("gcp", "production"),
    "complete-aws": ("aws", "production"),
}
_MODULE: Final = re.compile(r'^module "\w+" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_WORD: Final = re.compile(r'^ *(\w+) += "([^"]*)"', re.MULTILINE)


def _text(*names: str) -> str:
    """Return a file of the tree, its words one space apart."""
    return re.sub(r" +", " ", Path(TREE, *names).read_text("utf-8"))


def _listed(text: str, name: str) -> set[str]:
    """Return the strings of the first list that follows a name; none where it is not said."""
    found = re.search(rf"\b{name}.*?\[(.*?)\]", text, re.DOTALL)
    return set(re.findall(r'"([^"]+)"', found[1])) if found else set()


def test_gateways_stand_where_policies_look_for_them() -> None:
    """A chart's release names the service account and the label that walls let through."""
    modules = [
        dict(_WORD.findall(body)) for body in _MODULE.findall(_text("modules/platform/main.tf"))
    ]
    gateways = {
        (words["namespace"], words["release"])
        for words in modules
        if words["chart"] == "istio-gateway"
    }

    assert gateways == {PUBLIC_GATEWAY, LOCAL_GATEWAY, EGRESS_GATEWAY}
    assert f'selector = {{ istio = "{PUBLIC_GATEWAY[1]}" }}' in _text("modules/doors/main.tf")


def test_every_door_that_a_route_names_is_made() -> None:
    """A route at a Gateway that is not there answers nobody, and nothing says so."""
    doors = _listed(_text("modules/environment/main.tf"), "doors")
    routes = of_kind(overlay("production"), "VirtualService")

    assert {gateway for one in routes for gateway in one["spec"]["gateways"]} <= doors


def test_what_an_environment_reads_is_made() -> None:
    """Secrets come from the one store; without its ConfigMap, admission refuses every image."""
    text = _text("modules/doors/main.tf")
    [read_by_admission] = {
        binding["spec"]["paramRef"]["name"]
        for binding in of_kind(overlay("production"), "ValidatingAdmissionPolicyBinding")
        if "paramRef" in binding["spec"]
    }

    assert f'metadata = {{ name = "{STORE}", namespace = var.namespace }}' in text
    assert f'metadata = {{ name = "{read_by_admission}", namespace = var.namespace }}' in text


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_names_its_overlays_namespace(example: str) -> None:
    """Gateways and ConfigMaps of another namespace would serve nobody."""
    _, name = EXAMPLES[example]
    words = dict(_WORD.findall(_text("examples", example, "40-app.tfvars")))

    assert words["namespace"] == f"pay-{name}"


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_secret_that_is_fetched_has_a_place(example: str) -> None:
    """What a pod mounts and nobody keeps holds a whole release up."""
    cloud, name = EXAMPLES[example]
    fetched = {
        row["remoteRef"]["key"]
        for one in of_kind(overlay(name), "ExternalSecret")
        for row in one["spec"]["data"]
    }
    said = _listed(_text("examples", example, "40-app.tfvars"), "more_secrets")
    variables = _text("stacks", cloud, "40-app", "variables.tf")
    more = said or _listed(variables, 'variable "more_secrets"')

    assert fetched - {secret for entry in load_catalogue() for secret in entry.secrets} == more
