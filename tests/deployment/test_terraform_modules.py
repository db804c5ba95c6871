"""The logic of the clouds, which needs no provider: Terraform reads what the runner reads."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from knative.catalogue import BUDGETS, CATALOGUE_PATH, load_catalogue, topics
from tests import terraform_tool
from tests.terraform_tool import TREE, Finished, Terraform

PUSH_BASE_URL = "https://push.example.com"
MODULES = TREE / "modules"
_BLOCK = re.compile(r'^((?:variable|output) "\w+") \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_DESCRIPTION = re.compile(r"^  description\s+=", re.MULTILINE)
_PLACE = re.compile(
    r'variable "(\w*(?:region|domain|project)\w*)" \{(.*?)^\}', re.MULTILINE | re.DOTALL
)
# What Terraform itself has; every other provider would have to be fetched.
PROVIDER_FREE = ["backlog", "catalogue", "doors", "environment", "guard"]


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform on a copy of the tree."""
    program = terraform_tool.command()
    if program is None:
        pytest.skip(terraform_tool.MISSING)
    return Terraform(program, tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="module")
def catalogue(terraform: Terraform) -> Iterator[Path]:
    """The module of the catalogue in a folder of its own, made ready."""
    folder = terraform.tree / "modules" / "catalogue"
    assert terraform.init(folder).code == 0
    yield folder
    (folder / "given.auto.tfvars.json").unlink(missing_ok=True)


def _document() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(CATALOGUE_PATH.read_text("utf-8"))
    return document


def _given(document: dict[str, Any], **others: object) -> dict[str, object]:
    return {"catalogue": document, "push_base_url": PUSH_BASE_URL, **others}


def test_the_tree_has_terraforms_own_format(terraform: Terraform) -> None:
    """Nobody argues about spaces."""
    told = terraform.run(terraform.tree, "fmt", "-check", "-recursive", "-diff", "-no-color")

    assert told.code == 0, told.text


@pytest.mark.parametrize("name", PROVIDER_FREE)
def test_a_module_without_a_provider_keeps_its_promises(terraform: Terraform, name: str) -> None:
    """Each wrong word is refused where it is said, before any cloud is asked."""
    folder = terraform.tree / "modules" / name
    assert terraform.init(folder).code == 0

    told = terraform.run(folder, "test", "-no-color")

    assert told.code == 0, told.text
    assert re.search(r"[1-9]\d* passed, 0 failed", told.text)


def test_terraform_makes_what_the_runner_makes(terraform: Terraform, catalogue: Path) -> None:
    """One catalogue: topics, subscriptions and their terms are the same in a cloud and here."""
    told = terraform.run(
        catalogue, "apply", "-auto-approve", "-no-color", variables=_given(_document())
    )
    assert told.code == 0, told.text
    made = terraform.outputs(catalogue)

    entries = load_catalogue()
    wanted = {
        subscription.name: {
            "function": subscription.function,
            "topic": subscription.topic,
            "filter": subscription.filter_expression,
            "ack_deadline_seconds": subscription.ack_deadline_seconds,
            "min_retry_seconds": subscription.min_retry_seconds,
            "max_retry_seconds": subscription.max_retry_seconds,
            "attempts": subscription.attempts,
            "dead_letter_topic": subscription.dead_letter_topic,
            "push_endpoint": f"{PUSH_BASE_URL}/{subscription.function}",
            "audience": f"{PUSH_BASE_URL}/{subscription.function}",
        }
        for entry in entries
        for subscription in entry.subscriptions()
    }
    assert made["subscriptions"] == wanted
    assert tuple(made["topics"]) == topics(entries)
    assert made["service_accounts"] == {e.name: e.service for e in entries if e.kind != "operation"}
    assert made["publishers"] == {
        topic: sorted(e.name for e in entries if topic in e.publishes) for topic in topics(entries)
    }
    assert made["secrets"] == {
        secret: sorted(e.name for e in entries if secret in e.secrets)
        for secret in {secret for e in entries for secret in e.secrets}
    }
    assert made["ticks"] == {e.name: e.schedule for e in entries if e.schedule is not None}
    assert {way: names for way, names in made["egress"].items() if names} == {
        way: sorted(e.name for e in entries if e.egress == way)
        for way in {e.egress for e in entries} - {"none"}
    }
    assert made["budgets"] == {
        name: {
            "handler_seconds": budget.handler_seconds,
            "drain_seconds": budget.drain_seconds,
            "ack_deadline_seconds": budget.ack_deadline_seconds,
            "timeout_seconds": budget.timeout_seconds,
        }
        for name, budget in BUDGETS.items()
    }
    # Every credential of the object store that some function reads opens a bucket.
    stores = {s for e in entries for s in e.secrets if s.startswith("s3_")}
    assert set(made["credentials"]) == stores
    assert {c["bucket"] for c in made["credentials"].values()} <= set(made["buckets"])


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        (
            {"ack_deadlines": {"submit_charge": 20}},
            "a second delivery runs beside the first: submit_charge (20 s, drained after 30 s)",
        ),
        ({"push_base_url": "http://push.example.com"}, "push_base_url must be https:// and a host"),
    ],
)
def test_a_refusal_is_a_sentence(
    terraform: Terraform, catalogue: Path, others: dict[str, object], sentence: str
) -> None:
    """Whoever breaks a rule reads which, and where."""
    told = terraform.run(catalogue, "plan", "-no-color", variables=_given(_document()) | others)

    assert told.code == 1
    assert sentence in told.sentence


def test_an_unknown_field_is_refused_by_name(terraform: Terraform, catalogue: Path) -> None:
    """What the catalogue says and nothing here knows would be lost in silence."""
    document = copy.deepcopy(_document())
    document["schedules"] = {}
    document["functions"]["create_charge"]["colour"] = "blue"
    document["functions"]["submit_charge"]["triggers"]["pubsub"][0]["ordering"] = True

    told = terraform.run(catalogue, "plan", "-no-color", variables=_given(document))

    assert told.code == 1
    assert "in silence: create_charge.colour, schedules, " in told.sentence
    assert "submit_charge.triggers.pubsub.ordering" in told.sentence


def test_destroying_production_stops_with_a_sentence(terraform: Terraform) -> None:
    """What stays and until when is said before anything is gone; a second try says it again."""
    folder = terraform.tree / "modules" / "guard"
    variables: dict[str, object] = {
        "name": "pay-live",
        "is_production": True,
        "stays": ["documents, each locked for 3650 days after it was written"],
    }
    assert terraform.init(folder).code == 0
    applied = terraform.run(folder, "apply", "-auto-approve", "-no-color", variables=variables)
    assert applied.code == 0, applied.text

    for _ in range(2):
        told = terraform.run(folder, "destroy", "-auto-approve", "-no-color")
        assert told.code == 1
        assert "nothing was destroyed" in told.sentence
        assert "each locked for 3650 days after it was written" in told.sentence


def test_a_changed_filter_is_refused(terraform: Terraform) -> None:
    """A subscription that the cloud would make anew keeps its messages: production says no."""
    folder = terraform.tree / "modules" / "backlog"
    assert terraform.init(folder).code == 0

    def apply(expression: str, *, is_production: bool = True) -> Finished:
        subscription = {"id": "s", "topic": "charge-created", "filter": expression}
        return terraform.run(
            folder,
            "apply",
            "-auto-approve",
            "-no-color",
            f"-state={is_production}.tfstate",
            variables={
                "is_production": is_production,
                "subscriptions": {"submit_charge--charge-created--live": subscription},
            },
        )

    assert apply('attributes.livemode = "true"').code == 0
    told = apply('attributes.livemode = "false"')
    assert told.code == 1
    assert "submit_charge--charge-created--live would be deleted with the messages" in told.sentence
    assert apply('attributes.livemode = "true"').code == 0
    assert apply("a", is_production=False).code == apply("b", is_production=False).code == 0


def test_every_variable_and_output_says_what_it_is() -> None:
    """A platform engineer reads these, not the code."""
    silent = [
        f"{path.relative_to(TREE)}: {block[1]}"
        for path in sorted(TREE.rglob("*.tf"))
        for block in _BLOCK.finditer(path.read_text("utf-8"))
        if not _DESCRIPTION.search(block[2])
    ]

    assert silent == []


def test_no_place_is_chosen_for_anybody() -> None:
    """Region, domain and project have no default: where payments of people lie is a decision."""
    for path in TREE.rglob("*.tf"):
        for block in _PLACE.finditer(path.read_text("utf-8")):
            assert "default" not in block[2], f"{path}: {block[1]}"
