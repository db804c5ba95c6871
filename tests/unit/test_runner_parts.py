"""The runner's pure parts: schedules, ports, the gateway's placeholders."""

import datetime as dt
import json
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knative.catalogue import FunctionEntry, load_catalogue
from knative.local.credentials import (
    Credentials,
    Login,
    read_credentials,
    record_people,
    write_credentials,
)
from knative.local.environment import function_environment
from knative.local.gateway import fill
from knative.local.identity import choose_keycloak
from knative.local.layout import Layout, LayoutError, choose_ports, hold, is_held
from knative.local.left_out import read_left_out
from knative.local.programs import free_port, hold_port, is_port_free
from knative.local.readiness import Beside, Readiness
from knative.local.secret_files import make_private_folder, make_secrets, read_or_make
from knative.local.supervisor import Condition
from knative.local.ticks import Schedule

_MOMENTS = st.integers(1_750_000_000_000, 1_900_000_000_000).map(
    lambda milliseconds: dt.datetime.fromtimestamp(milliseconds / 1000, tz=dt.UTC)
)


@given(_MOMENTS)
def test_every_fifteen_seconds_means_the_next_quarter_of_a_minute(moment: dt.datetime) -> None:
    """The tick of due work is never later than 15 s away, nor now."""
    following = Schedule.parse("*/15 * * * * *").next_after(moment)

    assert following.second % 15 == 0
    assert dt.timedelta() < following - moment <= dt.timedelta(seconds=15)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 30 2 * * *", dt.datetime(2026, 11, 26, 2, 30, tzinfo=dt.UTC)),
        ("10-12,40 * * * * *", dt.datetime(2026, 11, 25, 10, 0, 40, tzinfo=dt.UTC)),
        ("0 0 0 * * 0", dt.datetime(2026, 11, 29, tzinfo=dt.UTC)),
    ],
)
def test_a_schedule_reads_lists_spans_and_weekdays(text: str, expected: dt.datetime) -> None:
    """Six fields, seconds first, Sunday is 0."""
    moment = dt.datetime(2026, 11, 25, 10, 0, 12, tzinfo=dt.UTC)

    assert Schedule.parse(text).next_after(moment) == expected


@pytest.mark.parametrize("text", ["* * * * *", "60 * * * * *", "*/0 * * * * *", "a * * * * *"])
def test_a_wrong_schedule_is_refused(text: str) -> None:
    """A mistyped schedule stops the start instead of never ticking."""
    with pytest.raises(ValueError, match=r"."):
        Schedule.parse(text)


def test_known_ports_are_kept_and_none_is_given_twice(tmp_path: Path) -> None:
    """Addresses last over restarts, also when a part is added."""
    record = tmp_path / "ports.json"
    with choose_ports(["a", "b"], record) as first:
        record.write_text(json.dumps(first))
    with choose_ports(["b", "c", "a"], record) as second:
        pass

    assert (second["a"], second["b"]) == (first["a"], first["b"])
    assert len({second["a"], second["b"], second["c"], second["block"]}) == 4


def test_two_systems_never_share_a_port(tmp_path: Path) -> None:
    """What one holds, another moves away from, even where its own record says otherwise."""
    record = tmp_path / "ports.json"
    with choose_ports(["a", "b"], record) as first:
        record.write_text(json.dumps(first))
        with choose_ports(["a", "b"], record) as second:
            assert not set(first.values()) & set(second.values())


def test_a_port_that_is_taken_meanwhile_is_given_up(tmp_path: Path) -> None:
    """No part is sent to a port on which a stranger listens."""
    record = tmp_path / "ports.json"
    with choose_ports(["a", "b"], record) as first:
        record.write_text(json.dumps(first))
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", first["b"]))
        stranger.listen()
        with choose_ports(["a", "b"], record) as second:
            assert second["b"] != first["b"]


def test_a_chosen_port_is_kept_for_its_program() -> None:
    """Whoever looks for a free port passes it by, before and after its program listens on it."""
    port = free_port()

    assert not hold_port(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not hold_port(port)
    assert is_port_free(port)


def test_the_gateways_placeholders_are_filled_or_refused(tmp_path: Path) -> None:
    """Every port stands in its place, and a route to nowhere stops the start."""
    layout = Layout(tmp_path, {"gateway": 8080, "create_charge": 10_001}, "http://127.0.0.1:1")

    assert fill("${GATEWAY_PORT} ${PORT_create_charge} %START_TIME%", layout) == (
        "8080 10001 %START_TIME%"
    )
    with pytest.raises(LayoutError, match="PORT_create_refund"):
        fill("${PORT_create_refund}", layout)


def test_readiness_names_what_is_missing() -> None:
    """The answer says which steps and programs are awaited and which keep ending."""
    condition = Condition(starting=("settle_charge",), crash_looping={"settle_charge": 4})
    body = Readiness(("topics",), condition).as_json()

    assert body == {
        "status": "crash_looping",
        "starting": ["topics", "settle_charge"],
        "crash_looping": [{"name": "settle_charge", "restarts": 4}],
    }
    assert Readiness((), Condition((), {})).as_json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        (Beside(Condition(("keycloak",), {})), {"starting": ["keycloak"]}),
        (
            Beside(Condition(("keycloak",), {"keycloak": 4})),
            {
                "starting": ["keycloak"],
                "crash_looping": [{"name": "keycloak", "restarts": 4}],
            },
        ),
        (Beside(missing=("keycloak",)), {"missing": ["keycloak"]}),
        (Beside(left_out=("keycloak",)), {"left_out": ["keycloak"]}),
        (
            Beside(Condition(("keycloak",), {}), missing=("dashboard",))
            | Beside(Condition((), {"mail": 3}), left_out=("sms",)),
            {
                "starting": ["keycloak"],
                "crash_looping": [{"name": "mail", "restarts": 3}],
                "missing": ["dashboard"],
                "left_out": ["sms"],
            },
        ),
    ],
)
def test_what_charges_flow_without_is_named_and_holds_nothing_up(
    beside: Beside, said: dict[str, object]
) -> None:
    """It is ready, and never silent on what is not there."""
    readiness = Readiness((), Condition((), {}), beside)

    assert readiness.is_ready
    assert readiness.as_json() == {"status": "ready", **said}


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:10001"),
        ({"KEYCLOAK_URL": "https://id.example/auth/"}, "https://id.example/auth"),
        ({"PARTS_LEFT_OUT": "keycloak", "KEYCLOAK_URL": "https://id.example"}, None),
    ],
)
def test_keycloak_is_ours_unless_somebody_says_otherwise(
    environ: dict[str, str], url: str | None
) -> None:
    """An address puts another in its place; leaving it out wins."""
    assert choose_keycloak(environ, 10_001) == url


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("", set()),
        ("dashboard", {"dashboard"}),
        ("keycloak", {"keycloak", "dashboard"}),
        ("dashboard,keycloak", {"keycloak", "dashboard"}),
    ],
)
def test_who_cannot_sign_in_gets_no_dashboard(word: str, parts: set[str]) -> None:
    """It is left out with Keycloak, and can be left out alone."""
    assert read_left_out({"PARTS_LEFT_OUT": word}) == parts


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("KEYCLOAK_URL", "id.example"),
        ("KEYCLOAK_URL", "ftp://id.example"),
        ("KEYCLOAK_URL", "https://admin:secret@id.example"),
        ("KEYCLOAK_URL", "https://id.example:port"),
        ("PARTS_LEFT_OUT", "postgres"),
    ],
)
def test_what_cannot_be_meant_stops_the_start(name: str, word: str) -> None:
    """The sentence names the variable, and repeats no password."""
    with pytest.raises(LayoutError, match=f"^{name} ") as refused:
        choose_keycloak({name: word}, 10_001)

    assert "secret" not in str(refused.value)


def functions() -> list[FunctionEntry]:
    """What runs as a service."""
    return [entry for entry in load_catalogue() if entry.kind != "operation"]


def a_layout(data_dir: Path) -> Layout:
    """A system with Keycloak, all on one port."""
    names = {entry.name for entry in functions()}
    ports = dict.fromkeys({*names, *(f"{name}_metrics" for name in names)}, 1)
    ports |= dict.fromkeys(("gateway", "mail", "postgres", "pubsub", "pubsub_http"), 1)
    return Layout(data_dir, ports, "http://127.0.0.1:1", keycloak_url="http://127.0.0.1:2")


def test_functions_that_people_reach_know_their_keycloak(tmp_path: Path) -> None:
    """Whoever verifies people's tokens finds their issuer; nobody else is told of it."""
    entries = functions()
    layout = a_layout(tmp_path)

    told = {
        entry.name: function_environment(entry, layout).get("KEYCLOAK_URL") for entry in entries
    }

    assert {name for name, url in told.items() if url == layout.keycloak_url} == {
        entry.name for entry in entries if entry.serves_operations or entry.egress == "identity"
    }
    assert {url for url in told.values() if url != layout.keycloak_url} == {None}


def test_a_merchant_may_listen_on_this_machine(tmp_path: Path) -> None:
    """Whoever takes her address here takes it as whoever calls it does: README's order works."""
    layout = a_layout(tmp_path)

    told = {
        entry.name
        for entry in functions()
        if function_environment(entry, layout).get("WEBHOOK_ALLOW_LOOPBACK") == "true"
    }

    assert {"provision_account", "manage_account", "dispatch_webhook"} <= told


def test_the_bucket_of_drops_is_for_one_function(tmp_path: Path) -> None:
    """Whoever takes what was dropped knows where, and nobody else has its key."""
    layout = a_layout(tmp_path)

    told = {
        entry.name
        for entry in functions()
        if function_environment(entry, layout).get("STATEMENT_BUCKET")
    }
    holders = {entry.name for entry in functions() if "s3_drop_credentials" in entry.secrets}

    assert told == holders == {"receive_statement"}


def test_the_quarantine_is_for_two_functions(tmp_path: Path) -> None:
    """Who takes files and who looks through them know where, and each has a key of its own."""
    layout = a_layout(tmp_path)

    told = {
        entry.name
        for entry in functions()
        if function_environment(entry, layout).get("QUARANTINE_BUCKET")
    }
    holders = {
        name: {entry.name for entry in functions() if name in entry.secrets}
        for name in ("s3_upload_credentials", "s3_quarantine_credentials")
    }

    assert told == {"create_file", "scan_file"}
    assert list(holders.values()) == [{"create_file"}, {"scan_file"}]


def test_the_bucket_of_reports_is_for_whoever_writes_or_signs(tmp_path: Path) -> None:
    """One function writes there; those that give its addresses away can read there alone."""
    layout = a_layout(tmp_path)

    told = {
        entry.name
        for entry in functions()
        if function_environment(entry, layout).get("REPORT_BUCKET")
    }
    writers = {entry.name for entry in functions() if "s3_report_credentials" in entry.secrets}
    readers = {entry.name for entry in functions() if "s3_report_reader" in entry.secrets}

    assert writers == {"export_report"}
    assert readers == {"call_rpc", "manage_account"}
    assert told == writers | readers


def test_credentials_keep_the_people_and_read_what_is_older(tmp_path: Path) -> None:
    """A file from before there were people is whole, and people stay in it once recorded."""
    older = Credentials("word", "word", "word", "word", "word", "word", "word", "word")
    write_credentials(tmp_path, older)
    assert read_credentials(tmp_path) == older

    record_people(tmp_path, admin=Login("a@pay.local", "one"), owner=Login("o@pay.local", "two"))

    known = read_credentials(tmp_path)
    assert known is not None
    assert (known.admin, known.dashboard) == (
        Login("a@pay.local", "one"),
        Login("o@pay.local", "two"),
    )
    assert known.account == "word"


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    """A second start reads what the first made; nobody else may read it."""
    folder = make_private_folder(tmp_path / "secrets")
    make_secrets(folder)
    before = {path.name: path.read_text() for path in folder.iterdir()}
    make_secrets(folder)

    assert before == {path.name: path.read_text() for path in folder.iterdir()}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert read_or_make(folder / "api_key_pepper", lambda: "another") != "another"


def test_one_runner_holds_a_folder_and_nobody_else_can_lock_it(tmp_path: Path) -> None:
    """A second runner is told who holds it; another user cannot even open the lock."""
    with hold(tmp_path):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
        assert is_held(tmp_path)
        with pytest.raises(LayoutError, match=f"process {os.getpid()}"), hold(tmp_path):
            """Not reached."""

    assert not is_held(tmp_path)
