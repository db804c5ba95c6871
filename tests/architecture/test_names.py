"""One name everywhere: folder, function, service, operation and topic agree."""

import re
from pathlib import Path

import pytest
import yaml

from knative.catalogue import ROOT, FunctionEntry, load_applications, load_catalogue, topics
from shared.contracts.operations import OPERATIONS
from shared.domain import events
from tests.architecture.rules import top_level_functions

ENTRIES = load_catalogue()
FUNCTIONS = ROOT / "functions"
# An operation that is run as a command has a folder only once it has a door.
WITH_FOLDER = [e for e in ENTRIES if e.kind != "operation" or (FUNCTIONS / e.name).exists()]
TOP_LEVEL = {
    "functions",
    "shared",
    "tests",
    "knative",
    "terraform",
    "Makefile",
    "requirements.txt",
    "README.md",
    "LICENSE",
}
# Verbs that our functions' names may begin with: a new one is a decision, not an accident.
VERBS = {
    "approve",
    "check",
    "archive",
    "call",
    "create",
    "dispatch",
    "export",
    "ingest",
    "keep",
    "lookup",
    "manage",
    "provision",
    "read",
    "receive",
    "relay",
    "render",
    "scan",
    "send",
    "serve",
    "settle",
    "simulate",
    "start",
    "stream",
    "submit",
    "verify",
}
# In Node, beside the functions: it is no operation, and calls the public API alone.
APPLICATIONS = {entry.name for entry in load_applications()}
WORDLESS = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
LONGEST_MAIN = 60


def _by_name(entry: FunctionEntry) -> str:
    return entry.name


@pytest.mark.parametrize("entry", WITH_FOLDER, ids=_by_name)
def test_a_function_lies_in_its_folder_under_its_own_name(entry: FunctionEntry) -> None:
    """The catalogue's entry, the folder and the plain function in main.py have one name."""
    source = (ROOT / entry.source).read_text("utf-8")

    assert entry.name in set(top_level_functions(source))
    assert (FUNCTIONS / entry.name / "__init__.py").read_text("utf-8") == ""
    assert len(source.splitlines()) <= LONGEST_MAIN


def test_every_folder_of_functions_has_its_entry() -> None:
    """A folder that the catalogue does not know is never deployed."""
    folders = {path.name for path in FUNCTIONS.iterdir() if path.is_dir()} - {"__pycache__"}

    assert folders - APPLICATIONS == {entry.name for entry in WITH_FOLDER}


@pytest.mark.parametrize("entry", WITH_FOLDER, ids=_by_name)
def test_a_function_folder_holds_its_door_and_nothing_else(entry: FunctionEntry) -> None:
    """What several functions need lies in shared; what one needs beside main.py are templates."""
    found = {path.name for path in (FUNCTIONS / entry.name).iterdir()} - {"__pycache__"}

    assert {"__init__.py", "main.py"} <= found <= {"__init__.py", "main.py", "templates"}


@pytest.mark.parametrize("entry", ENTRIES, ids=_by_name)
def test_a_function_is_a_verb_and_a_noun_and_a_service_with_hyphens(entry: FunctionEntry) -> None:
    """Kubernetes sees the same name, hyphens for underscores."""
    assert entry.name.split("_")[0] in VERBS
    if entry.kind == "operation":
        return
    text = (ROOT / f"knative/base/{entry.name}.yaml").read_text("utf-8")
    documents = list(yaml.safe_load_all(text))
    assert {doc["metadata"]["name"] for doc in documents} == {entry.name.replace("_", "-")}


def test_every_operation_is_served_by_a_function_of_the_catalogue() -> None:
    """No operation without a server, no server of operations without one."""
    serving = {entry.name for entry in ENTRIES if entry.serves_operations}

    assert {operation.function for operation in OPERATIONS} == serving


def test_an_operation_is_a_verb_and_a_noun() -> None:
    """Operations are orders, in the form of the functions' names."""
    for operation in OPERATIONS:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation.operation_id)


def test_topics_are_nouns_and_facts_and_the_domain_knows_them() -> None:
    """A topic's name tells what happened; the catalogue's topics are the domain's."""
    known = {events.CHARGE_CHECK_DUE, events.CHARGE_CREATED, events.PAYMENT_FINAL}
    known |= {events.IDENTITY_DUE, events.NOTIFICATION_DUE, events.WEBHOOK_DUE}
    known |= {events.PAYOUT_CHECK_DUE, events.PAYOUT_READY, events.REFUND_CREATED}
    known |= {events.STATEMENT_UPLOADED, events.FLOAT_CHECK_DUE, events.SETTLEMENT_DUE}
    known |= {events.INVOICE_ISSUED, events.FILE_UPLOADED, events.REPORT_REQUESTED}

    assert {topic for topic in topics(ENTRIES) if not topic.endswith("-dead")} == known
    assert all(
        re.fullmatch(
            r"(charge|file|float|identity|invoice|notification|payment|payout|refund|report|settlement"
            r"|statement"
            r"|webhook)(-[a-z]+)+",
            topic,
        )
        for topic in known
    )


def test_the_top_level_is_fixed() -> None:
    """Anything new finds a room inside."""
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert found - {"__pycache__"} <= TOP_LEVEL


@pytest.mark.parametrize("folder", ["shared", "functions", "knative", "tests"])
def test_no_module_is_named_after_nothing(folder: str) -> None:
    """A module's name says what lies in it."""
    modules = [path for path in (ROOT / folder).rglob("*.py") if "node_modules" not in path.parts]

    assert [path for path in modules if _stem(path) in WORDLESS] == []


def _stem(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.stem
