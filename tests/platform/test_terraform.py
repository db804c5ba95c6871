"""Terraform's own hand: a release applied by the kubectl provider to a real API server."""

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from knative.catalogue import ROOT
from tests import terraform_tool
from tests.manifests.broken import REGISTRIES
from tests.manifests.bundles import SERVICE
from tests.platform import releases
from tests.platform.api import Api, Manifest, RefusedError
from tests.platform.conftest import new_cluster
from tests.platform.kubectl import there
from tests.platform.rollouts import rolled_out
from tests.terraform_tool import Finished, Terraform
from tests.trials import IS_LARGE

NAMESPACE = "pay-production"
# Without a second try: what is applied too early fails.
CONFIGURATION = """
terraform {
  required_providers {
    kubectl = { source = "gavinbunney/kubectl" }
  }
}

variable "api" { type = map(string) }
variable "doors" { type = any }
variable "release" { type = map(string) }

provider "kubectl" {
  host                   = var.api.url
  token                  = var.api.token
  cluster_ca_certificate = file(var.api.certificate)
  load_config_file       = false
  apply_retry_count      = 1
}

module "doors" {
  source                = "../modules/doors"
  namespace             = var.doors.namespace
  issuer                = "letsencrypt"
  hosts                 = var.doors.hosts
  registries            = var.doors.registries
  secret_store          = { gcpsm = { projectID = "p" } }
  environment_variables = var.doors.environment_variables
}

module "app_manifests" {
  source          = "../modules/app-manifests"
  namespace       = var.doors.namespace
  bundle          = file(var.release.bundle)
  image           = var.release.image
  kubectl_command = var.release.kubectl_command
  documents       = module.doors.documents
}
"""
WORDS = (
    "ENVIRONMENT PUBLIC_BASE_URL CALLBACK_BASE_URL KEYCLOAK_URL PUSH_ISSUER PUSH_JWKS_URL"
    " PUSH_AUDIENCE PUSH_EMAIL PUBSUB_PROJECT RETENTION_DAYS S3_BUCKET DATABASE_URL"
    " WORKER_DATABASE_URL METRICS_DATABASE_URL MIGRATION_DATABASE_URL"
)
# The provider asks for every kind that there is at each document: all are applied with NIGHTLY=1.
SERVICES = {"create-charge", "submit-charge", "receive-callback", "relay-outbox", "dashboard"}
ROUTES = {"charges", "push", "dashboard"}
DOORS = ("api", "app", "auth", "callbacks", "pay", "push")


@dataclass(frozen=True, slots=True)
class Stack:
    """A folder of configuration, and what it is applied to."""

    api: Api
    terraform: Terraform
    folder: Path
    variables: dict[str, Any]
    bundle: list[Manifest]

    def run(self, *words: str) -> Finished:
        """Run one command of Terraform."""
        return self.terraform.run(self.folder, *words, "-no-color", variables=self.variables)

    def waits(self) -> list[dict[str, Any]]:
        """Return what was waited for, in order, and what was there by then."""
        notes = Path(self.variables["release"]["notes"])
        return [json.loads(line) for line in notes.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API server that has nothing of ours yet, of its own: all of it is destroyed again."""
    yield from new_cluster(tmp_path_factory)


@pytest.fixture(scope="module")
def stack(empty: Api, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Doors and a release of production, made ready."""
    program = terraform_tool.command()
    if program is None:
        pytest.skip(terraform_tool.MISSING)
    if not terraform_tool.has_provider("gavinbunney/kubectl"):
        pytest.skip("left out, no kubectl provider (make check-platform)")
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        # The provider keeps there what it knows of each address.
        patch.setenv("HOME", str(home))
        terraform = Terraform(program, tmp_path_factory.mktemp("terraform"))
    folder = terraform.tree / "release"
    folder.mkdir()
    (folder / "main.tf").write_text(CONFIGURATION, "utf-8")
    bundle, notes = folder / "bundle.yaml", folder / "notes.json"
    documents = _part(releases.text("production", folder))
    bundle.write_text(yaml.safe_dump_all(documents), "utf-8")
    api = (str(empty.port), empty.token, empty.certificate)
    words = (sys.executable, "-m", "tests.platform.kubectl", str(notes), *api)
    variables = {
        "api": {"url": empty.url, "token": empty.token, "certificate": empty.certificate},
        "doors": {
            "namespace": NAMESPACE,
            "hosts": {door: f"{door}.example.com" for door in DOORS},
            "registries": [REGISTRIES],
            "environment_variables": dict.fromkeys(WORDS.split(), "x"),
        },
        "release": {
            "bundle": str(bundle),
            "image": releases.IMAGES["function"],
            "kubectl_command": f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.join(words)}",
            "notes": str(notes),
        },
    }
    told = terraform.init(folder)
    assert told.code == 0, told.text
    return Stack(empty, terraform, folder, variables, documents)


def _part(bundle: str) -> list[Manifest]:
    """Return a few services, with all that each of them has, and whatever is no service's."""
    documents: list[Manifest] = list(yaml.load_all(bundle, Loader=yaml.CSafeLoader))
    if IS_LARGE:
        return documents
    names = {one["metadata"]["name"] for one in documents if one["apiVersion"] == SERVICE}
    return [
        one
        for one in documents
        if one["metadata"]["name"] not in names - SERVICES
        and (one["kind"] != "VirtualService" or one["metadata"]["name"] in ROUTES)
    ]


def _is_there(api: Api, manifest: Manifest) -> bool:
    try:
        kept = api.ask("GET", f"{api.place(manifest)}/{manifest['metadata']['name']}")
    except RefusedError as error:
        if not str(error).startswith("404:"):
            raise
        return False
    # Nobody ends a namespace here.
    return "deletionTimestamp" not in kept["metadata"]


def test_a_release_is_applied_in_waves_once_and_taken_away(stack: Stack) -> None:
    """Each wave finds the one before and nothing of the next; nothing is left to do, nor after."""
    with rolled_out(stack.api, NAMESPACE):
        applied = stack.run("apply", "-auto-approve")
    assert applied.code == 0, applied.text

    [secrets, migrated, served] = stack.waits()
    whole = there(stack.api, NAMESPACE)
    nothing = dict.fromkeys(whole, 0)
    assert all(whole.values())
    assert "externalsecret" in secrets["words"]
    assert secrets["there"] == {**nothing, "secrets": whole["secrets"]}
    assert "--for=condition=Complete" in migrated["words"]
    assert migrated["there"] == {**secrets["there"], "jobs": 1}
    assert "ksvc" in served["words"]
    assert served["there"] == {**migrated["there"], "services": whole["services"]}
    assert all(_is_there(stack.api, one) for one in stack.bundle)
    [namespace] = [one for one in stack.bundle if one["kind"] == "Namespace"]
    kept = stack.api.ask("GET", f"/api/v1/namespaces/{NAMESPACE}")["metadata"]["labels"]
    assert namespace["metadata"]["labels"].items() <= kept.items()

    again = stack.run("plan", "-detailed-exitcode")
    assert again.code == 0, again.text

    destroyed = stack.run("destroy", "-auto-approve", "-refresh=false")
    assert destroyed.code == 0, destroyed.text
    assert there(stack.api, NAMESPACE) == nothing
    assert not [one for one in stack.bundle if _is_there(stack.api, one)]
