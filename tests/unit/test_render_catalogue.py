"""The catalogue is read whole when it is right, and refused with the place named when wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from knative.catalogue import (
    CATALOGUE_PATH,
    CatalogueError,
    Subscription,
    load_catalogue,
    topics,
)
from knative.render.contract import load_document, load_routes

Change = Callable[[dict[str, Any]], None]


def _changed(tmp_path: Path, change: Change) -> Path:
    document = yaml.safe_load(CATALOGUE_PATH.read_text("utf-8"))
    change(document["functions"])
    path = tmp_path / "functions.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
    return path


def test_one_function_is_read_as_it_stands() -> None:
    """Every key of an entry reaches the typed entry."""
    entry = next(entry for entry in load_catalogue() if entry.name == "submit_charge")

    assert (entry.service, entry.source) == ("submit-charge", "functions/submit_charge/main.py")
    assert (entry.budget.handler_seconds, entry.budget.timeout_seconds) == (25, 90)
    assert (entry.database, entry.egress, entry.storage) == ("app", "operators", "none")
    assert entry.subscriptions()[0] == Subscription(
        name="submit_charge--charge-created--live",
        function="submit_charge",
        topic="charge-created",
        filter_expression='attributes.livemode = "true"',
        ack_deadline_seconds=60,
        min_retry_seconds=1,
        max_retry_seconds=600,
        attempts=100,
        dead_letter_topic="charge-created-dead",
    )
    assert entry.subscriptions()[1].filter_expression == 'attributes.livemode = "false"'


def test_due_work_is_started_four_times_a_minute() -> None:
    """No check, release or delivery waits longer than that for its turn."""
    entry = next(entry for entry in load_catalogue() if entry.name == "start_due_work")

    assert entry.schedule == "*/15 * * * * *"


def test_each_message_has_a_taker_and_each_dead_letter_a_keeper() -> None:
    """The dead-letter topics are exactly those of the topics that have attempts."""
    entries = load_catalogue()
    alive = {topic for entry in entries for topic in entry.publishes}

    assert set(topics(entries)) == alive | {f"{topic}-dead" for topic in alive}


def _unknown_key(functions: dict[str, Any]) -> None:
    functions["create_charge"]["retries"] = 3


def _missing_key(functions: dict[str, Any]) -> None:
    del functions["create_charge"]["budget"]


def _two_triggers(functions: dict[str, Any]) -> None:
    functions["create_charge"]["triggers"]["tick"] = {"schedule": "0 * * * * *"}


def _minute_schedule(functions: dict[str, Any]) -> None:
    functions["relay_outbox"]["triggers"]["tick"]["schedule"] = "*/15 * * * *"


def _warm_base(functions: dict[str, Any]) -> None:
    functions["create_charge"]["scale"]["min"] = 1


def _unknown_secret(functions: dict[str, Any]) -> None:
    functions["create_charge"]["secrets"].append("database_password")


def _noun_first(functions: dict[str, Any]) -> None:
    functions["ChargeCreator"] = functions["create_charge"]


def _untaken_topic(functions: dict[str, Any]) -> None:
    functions["create_charge"]["publishes"].append("charge-forgotten")


def _unkept_dead_letter(functions: dict[str, Any]) -> None:
    del functions["keep_dead_letter"]["triggers"]["pubsub"][0]


def _unpublished_topic(functions: dict[str, Any]) -> None:
    functions["render_receipt"]["triggers"]["pubsub"][0]["topic"] = "payment-dreamt"


def _triggered_operation(functions: dict[str, Any]) -> None:
    functions["provision_account"]["kind"] = "operation"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_unknown_key, "functions.create_charge: .*'retries'"),
        (_missing_key, "functions.create_charge: 'budget' is a required"),
        (_two_triggers, "functions.create_charge.triggers"),
        (_minute_schedule, r"functions.relay_outbox.triggers.tick.schedule"),
        (_warm_base, "functions.create_charge.scale.min"),
        (_unknown_secret, "functions.create_charge.secrets.3: 'database_password'"),
        (_noun_first, "ChargeCreator"),
        (_untaken_topic, "no function takes the topics charge-forgotten"),
        (_unkept_dead_letter, "no function takes the topics charge-check-due-dead"),
        (_unpublished_topic, "payment-final"),
        (_triggered_operation, "functions.provision_account.triggers"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_the_place(
    tmp_path: Path, change: Change, named: str
) -> None:
    """Whoever edits the catalogue is told which key is wrong."""
    with pytest.raises(CatalogueError, match=named):
        load_catalogue(_changed(tmp_path, change))


def test_a_repeated_key_is_refused(tmp_path: Path) -> None:
    """The second of two entries with one name would silently win."""
    path = tmp_path / "functions.yaml"
    path.write_text("functions:\n  read_payments: {}\n  read_payments: {}\n", "utf-8")

    with pytest.raises(CatalogueError, match="line 3: 'read_payments' stands twice"):
        load_catalogue(path)


def test_an_operation_of_an_unknown_function_is_refused() -> None:
    """openapi.yaml names functions of the catalogue that serve operations, and no others."""
    document = load_document()
    document["paths"]["/v1/balance"]["get"]["x-function"] = "settle_charge"

    with pytest.raises(CatalogueError, match="read_balance: settle_charge serves no operations"):
        load_routes(load_catalogue(), document)


def test_an_operation_without_an_auth_class_is_refused() -> None:
    """No path can be reached whose caller nobody thought about."""
    document = load_document()
    del document["paths"]["/v1/balance"]["get"]["x-auth"]

    with pytest.raises(CatalogueError, match="GET /v1/balance: x-auth"):
        load_routes(load_catalogue(), document)
