"""What the Pub/Sub server says and does when its files or ports are not as they should be.

One clear sentence, status 1, and every byte where it was. Always against ours.
"""

import contextlib
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from google.api_core import exceptions

from knative.local.programs import free_port
from tests.pubsub_calls import (
    acknowledge,
    create_topic,
    datas,
    publish,
    pull_now,
    subscribe,
)
from tests.pubsub_server import ROOT, command, read_json, started


def _start_in_vain(
    directory: Path, *, port: int | None = None, http_port: int | None = None
) -> str:
    arguments = command(directory, port or free_port(), http_port or free_port())
    ended = subprocess.run(  # noqa: S603 - our own interpreter and module
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    return ended.stderr


def _contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.name != "lock"}


def _filled(directory: Path, *contents: bytes, kill: bool = True) -> str:
    """The directory of a server that owes these messages; answers the subscription.

    A killed server leaves zeros at the end of its journal, a stopped one does not.
    """
    with started(directory) as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        topic = create_topic(publisher)
        subscription = subscribe(subscriber, topic)
        for data in contents:
            publish(publisher, topic, data)
        if kill:
            server.kill()
    return subscription


def test_torn_end_of_the_journal_is_cut_off(tmp_path: Path) -> None:
    """Half a record at the end was promised to nobody; everything before it is kept."""
    subscription = _filled(tmp_path, b"whole")
    with (tmp_path / "journal-0").open("ab") as file:
        file.write(b"\x40\x00\x00\x00\x01\x02\x03\x04half a record")
    for _ in range(2):
        with started(tmp_path) as server:
            assert datas(pull_now(server.subscriber(), subscription)) == [b"whole"]


@pytest.mark.parametrize("place", ["body", "length", "checksum"])
def test_damage_in_the_journal_refuses_to_start(tmp_path: Path, place: str) -> None:
    """A damaged record that others follow stops the start, wherever the damage lies in it."""
    _filled(tmp_path, b"first", b"second")
    journal = tmp_path / "journal-0"
    content = bytearray(journal.read_bytes())
    begins = content.index(b"\x93\xa7message")  # after four bytes of length and four of checksum
    at = {"body": content.index(b"first"), "length": begins - 6, "checksum": begins - 2}[place]
    content[at] ^= 0xFF
    journal.write_bytes(content)
    before = _contents(tmp_path)
    assert "is damaged at byte" in _start_in_vain(tmp_path)
    assert _contents(tmp_path) == before


def test_truncated_snapshot_refuses_to_start(tmp_path: Path) -> None:
    """A snapshot is whole or it is damage: nothing of it was ever promised half."""
    _filled(tmp_path, b"x", kill=False)
    (tmp_path / "snapshot-0").write_bytes((tmp_path / "journal-0").read_bytes()[:-10])
    before = _contents(tmp_path)
    assert "snapshot-0 is damaged at byte" in _start_in_vain(tmp_path)
    assert _contents(tmp_path) == before


def test_snapshot_cut_between_records_refuses_to_start(tmp_path: Path) -> None:
    """Also one that ends after a whole record, or is empty, is missed something."""
    _filled(tmp_path, b"x", kill=False)
    (tmp_path / "journal-0").rename(tmp_path / "snapshot-0")
    (tmp_path / "journal-0").touch()
    snapshot = tmp_path / "snapshot-0"
    for content in (snapshot.read_bytes(), b""):
        snapshot.write_bytes(content)
        before = _contents(tmp_path)
        assert "snapshot-0 is cut short" in _start_in_vain(tmp_path)
        assert _contents(tmp_path) == before


def test_missing_journal_refuses_to_start(tmp_path: Path) -> None:
    """A journal that somebody took away is missed, not started anew over a hole."""
    _filled(tmp_path, b"x")
    (tmp_path / "journal-0").rename(tmp_path / "journal-1")
    before = _contents(tmp_path)
    assert "journal-0 is missing" in _start_in_vain(tmp_path)
    assert _contents(tmp_path) == before


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("3\n", "was written by a newer version (format 3"),
        ("what\n", "format holds no number"),
        ("\udcff", "format holds no number"),
    ],
)
def test_directory_of_a_newer_version_is_refused(tmp_path: Path, written: str, said: str) -> None:
    """An older program never writes into what a newer one has begun."""
    _filled(tmp_path, b"x")
    (tmp_path / "format").write_text(written, errors="surrogateescape")
    before = _contents(tmp_path)
    assert said in _start_in_vain(tmp_path)
    assert _contents(tmp_path) == before


def test_directory_of_an_older_version_is_taken_up(tmp_path: Path) -> None:
    """A directory from before the format was written down is read, and marked."""
    subscription = _filled(tmp_path, b"old")
    (tmp_path / "format").unlink()
    with started(tmp_path) as server:
        assert datas(pull_now(server.subscriber(), subscription)) == [b"old"]
    assert (tmp_path / "format").read_text() == "2\n"


def test_damaged_key_refuses_to_start(tmp_path: Path) -> None:
    """A damaged signing key is named; it is never replaced in silence."""
    _filled(tmp_path)
    key = tmp_path / "issuer-key.pem"
    key.write_bytes(key.read_bytes()[:100])
    assert "issuer-key.pem is damaged" in _start_in_vain(tmp_path)
    assert len(key.read_bytes()) == 100


def test_second_server_on_the_same_directory_is_refused(tmp_path: Path) -> None:
    """Two servers never write one directory; the refused one says who is there."""
    with started(tmp_path) as server:
        said = _start_in_vain(tmp_path)
        assert f"is in use by another server (process {server.own_process().pid})" in said
        assert read_json(f"{server.issuer}/healthz") == {"status": "ok"}


def test_stale_lock_file_is_no_hindrance(tmp_path: Path) -> None:
    """The lock ends with its process; the file that is left names nobody who matters."""
    subscription = _filled(tmp_path, b"x")
    (tmp_path / "lock").write_text("1")
    with started(tmp_path) as server:
        assert datas(pull_now(server.subscriber(), subscription)) == [b"x"]
        assert (tmp_path / "lock").read_text() == str(server.own_process().pid)


@pytest.mark.parametrize("door", ["port", "http_port"])
def test_taken_port_is_refused(tmp_path: Path, door: str) -> None:
    """A port in use is one sentence with its number, not a server without a door."""
    subscription = _filled(tmp_path, b"x")
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken: int = other.getsockname()[1]
        said = _start_in_vain(tmp_path, **{door: taken})
    assert f"port {taken} is in use by another program" in said
    with started(tmp_path) as server:
        assert datas(pull_now(server.subscriber(), subscription)) == [b"x"]


def test_a_journal_that_cannot_go_on_ends_the_server(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Where no new file can be begun, nothing more is promised: the server says so and ends."""
    folder = tmp_path / "data"
    with started(folder) as server:
        publisher, subscriber = server.publisher(), server.subscriber()
        topic = create_topic(publisher)
        subscription = subscribe(subscriber, topic)
        shutil.rmtree(folder)
        with contextlib.suppress(exceptions.GoogleAPICallError):
            for _ in range(6):  # until the journal is worth shortening
                messages = [{"data": b"x" * 900_000}] * 10
                publisher.publish(topic=topic, messages=messages, retry=None, timeout=5)
                got = subscriber.pull(
                    subscription=subscription, max_messages=10, retry=None, timeout=5
                )
                acknowledge(subscriber, subscription, *got.received_messages)
        assert server.own_process().wait(10) == 1
    assert f"No such file or directory: '{folder}/journal-1'" in capfd.readouterr().err
