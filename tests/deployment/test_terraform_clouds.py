"""The clouds without a cloud: aws and kubectl by their real providers, the others by schema."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from knative import bundle as release
from knative.catalogue import load_catalogue
from tests import terraform_tool
from tests.deployment import stand_ins
from tests.terraform_tool import TREE, Finished, Terraform

IMAGE = f"registry.example.com/functions@sha256:{'0123456789abcdef' * 4}"
STACKS = sorted(path.parent.relative_to(TREE) for path in TREE.glob("stacks/*/*/versions.tf"))
TESTED = sorted(
    path.parent.relative_to(TREE)
    for path in TREE.glob("modules/**/tests")
    if "required_providers" in (path.parent / "versions.tf").read_text("utf-8")
)
EXAMPLES = {"minimal-gcp": "gcp", "complete-gcp": "gcp", "complete-aws": "aws"}
# Each stack of each example; the buckets for a cluster on Google Cloud are a stack of their own.
PLANS = [
    (Path("stacks", cloud, stack), Path("examples", example, f"{stack}.tfvars"))
    for example, cloud in EXAMPLES.items()
    for stack in ("10-foundation", "20-cluster", "30-platform", "40-app")
] + [(Path("stacks/aws/objects"), Path("examples/complete-gcp/objects.tfvars"))]
_OUTPUT = re.compile(r'^output "(\w+)"', re.MULTILINE)
_ASKED = re.compile(r"\blocal\.foundation\.(\w+)|\bstate\.(?:cluster|foundation)\.outputs\.(\w+)")
_OF_ENVIRONMENT = re.compile(r"\blocal\.environment\.(\w+)")


@dataclass(frozen=True, slots=True)
class Bench:
    """Terraform, and the providers that it finds."""

    terraform: Terraform
    providers: set[str]

    def ready(self, folder: Path) -> Path:
        """Make a folder of the copied tree ready, or leave the test out."""
        if missing := stand_ins.sources(TREE / folder) - self.providers:
            pytest.skip(f"left out, no {' or '.join(sorted(missing))} to be had: {folder}")
        told = self.terraform.init(self.terraform.tree / folder)
        assert told.code == 0, told.text
        return self.terraform.tree / folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Terraform on a copy of the tree, with what can stand in for providers."""
    program = terraform_tool.command()
    if program is None:
        pytest.skip(terraform_tool.MISSING)
    mirror = tmp_path_factory.mktemp("mirror")
    providers = stand_ins.make(mirror)
    folder = tmp_path_factory.mktemp("terraform")
    return Bench(Terraform(program, folder, (mirror,)), providers)


def _passed(told: Finished) -> bool:
    return told.code == 0 and re.search(r"[1-9]\d* passed, 0 failed", told.text) is not None


def test_every_stack_is_planned() -> None:
    """A plan is refused where validation would be; what no example plans, nobody looks at."""
    assert {stack for stack, _ in PLANS} == set(STACKS)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ('labels = "none"', "map of string required"),
        ("colour = 1", 'An argument named "colour" is not expected here'),
        ("retention {}", 'Blocks of type "retention" are not expected here'),
    ],
)
def test_a_stand_in_refuses_what_its_provider_has_not(bench: Bench, wrong: str, told: str) -> None:
    """A schema that takes everything would prove nothing."""
    folder = bench.ready(Path("modules/gcp/keys"))
    extra = folder / "wrong.tf"
    extra.write_text(
        f'resource "google_pubsub_topic" "wrong" {{\n  name = "wrong"\n  {wrong}\n}}\n', "utf-8"
    )
    finished = bench.terraform.run(folder, "validate", "-no-color")
    extra.unlink()

    assert finished.code == 1
    assert told in finished.sentence


@pytest.mark.parametrize("folder", TESTED, ids=str)
def test_a_module_keeps_its_promises(bench: Bench, folder: Path) -> None:
    """What a cloud is asked for is what was decided, and wrong words are refused."""
    told = bench.terraform.run(bench.ready(folder), "test", "-no-color")

    assert _passed(told), told.text


@pytest.mark.parametrize(("stack", "words"), PLANS, ids=str)
def test_an_example_can_be_planned(bench: Bench, stack: Path, words: Path) -> None:
    """What a platform engineer copies works in every stack."""
    folder = bench.ready(stack)

    told = bench.terraform.run(
        folder, "test", "-no-color", f"-var-file={bench.terraform.tree / words}"
    )

    assert _passed(told), told.text


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_a_stack_asks_for_what_the_one_before_puts_out(cloud: str) -> None:
    """States meet by name: a word that nobody puts out would be missed at the first apply."""
    stacks = TREE / "stacks" / cloud
    put_out = {
        stack: set(_OUTPUT.findall((stacks / stack / "outputs.tf").read_text("utf-8")))
        for stack in ("10-foundation", "20-cluster")
    }
    outputs = (stacks / "10-foundation/outputs.tf").read_text("utf-8")
    environment = outputs.split('output "environment"')[1].split("\n}\n")[0]
    of_environment = set(re.findall(r"^    (\w+)\s+=", environment, re.MULTILINE))

    for stack in ("20-cluster", "30-platform", "40-app"):
        text = (stacks / stack / "main.tf").read_text("utf-8")
        asked = {name for names in _ASKED.findall(text) for name in names if name}
        assert asked <= put_out["10-foundation"] | put_out["20-cluster"], stack
        assert set(_OF_ENVIRONMENT.findall(text)) <= of_environment, stack


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A release of production, as `make bundle` makes it."""
    if release.command() is None:
        pytest.skip("left out, no kustomize (make kustomize)")
    metadata = {
        "name": "environment",
        "namespace": "pay-production",
        "annotations": {"environment-hash": "abc123"},
    }
    words = dict.fromkeys(("PUSH_ISSUER", "PUSH_JWKS_URL", "PUSH_AUDIENCE"), "https://push.example")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": words}
    path = tmp_path_factory.mktemp("release") / "environment.yaml"
    path.write_text(json.dumps(body), "utf-8")
    return release.make(
        "production", path, dict.fromkeys(("function", "dashboard", "pooler"), IMAGE)
    )


def _plan(bench: Bench, bundle: str) -> Finished:
    """Plan the bundle by the real kubectl provider, which asks no cluster for that."""
    folder = bench.ready(Path("modules/app-manifests"))
    (folder / "provider.tf").write_text(
        'provider "kubectl" {\n  host = "https://127.0.0.1:1"\n  load_config_file = false\n}\n',
        encoding="utf-8",
    )
    variables = {"namespace": "pay-production", "image": IMAGE, "documents": {}, "bundle": bundle}
    told = bench.terraform.run(folder, "plan", "-no-color", variables=variables)
    for name in ("provider.tf", "given.auto.tfvars.json"):
        (folder / name).unlink()
    return told


def test_a_whole_bundle_is_applied_in_waves(bench: Bench, bundle: str) -> None:
    """First what others lean on, then services, routes, ticks: every document is in one wave."""
    told = _plan(bench, bundle)

    assert told.code == 0, told.text
    waves = {
        name: int(number)
        for name, number in re.findall(r"\+ (first|services|routes|ticks)\s+= (\d+)", told.text)
    }
    entries = [entry for entry in load_catalogue() if entry.kind != "operation"]
    assert waves["services"] >= len(entries)
    assert waves["ticks"] == len([e for e in entries if e.schedule is not None])
    assert waves["routes"] == bundle.count("kind: VirtualService")
    assert sum(waves.values()) == len(re.findall(r"^kind: ", bundle, re.MULTILINE))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ((IMAGE, "function"), "The bundle names images without a digest"),
        ((".pay-production.svc", ".NAMESPACE.svc"), "The bundle still says NAMESPACE"),
    ],
)
def test_a_half_made_bundle_is_refused(
    bench: Bench, bundle: str, wrong: tuple[str, str], sentence: str
) -> None:
    """knative/base by itself is no release."""
    told = _plan(bench, bundle.replace(*wrong))

    assert told.code == 1
    assert sentence in told.sentence
