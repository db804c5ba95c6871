"""What keeps `make run` from starting: one clear sentence on standard error, nothing lost."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from knative.local.programs import free_port
from tests import PRINTED_AT_THE_END
from tests.small_disk import may_mount, small_disk
from tests.system import ROOT, data_folder

DAMAGED: Final[Mapping[str, tuple[str, str, str]]] = {
    "a newer version": ("format", "2\n", "was written by another version (format '2', here 1)"),
    "a format that is none": ("format", "\x00\xff", "was written by another version"),
    "half a file of keys": ("credentials.json", '{"account": "acct_', "is damaged"),
    "no keys in it": ("credentials.json", "{}", "is damaged"),
    "an empty file of keys": ("credentials.json", "", "is damaged"),
}


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data folder."""
    with data_folder() as folder:
        yield folder


def refusal(data_dir: Path, port: int | None = None) -> str:
    """Start there, and return the one sentence with which that is refused."""
    ended = subprocess.run(
        [sys.executable, "-m", "knative.local"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(data_dir), "PORT": str(port or free_port())},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith("Not started: ")
    return sentence


@pytest.mark.parametrize("name", DAMAGED)
def test_a_folder_that_cannot_be_understood_is_left_as_it_is(data_dir: Path, name: str) -> None:
    """The file at fault is named, and not a letter of it is changed."""
    file, content, sentence = DAMAGED[name]
    (data_dir / file).write_text(content, encoding="latin-1")

    found = refusal(data_dir)

    assert sentence in found
    assert str(data_dir) in found
    assert (data_dir / file).read_text(encoding="latin-1") == content


def test_a_file_in_place_of_the_folder_is_refused(data_dir: Path) -> None:
    """What stands there is no data folder, and stays."""
    (data_dir / "file").write_text("mine")

    assert "is no folder" in refusal(data_dir / "file")
    assert (data_dir / "file").read_text() == "mine"


def test_a_port_of_another_program_is_refused_and_an_old_lock_is_none(data_dir: Path) -> None:
    """The port is what keeps it; a lock file that a dead runner left keeps nobody."""
    (data_dir / "lock").write_text("1\n")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert f"Port {port} is taken" in refusal(data_dir, port)


def test_records_of_ports_that_cannot_be_read_are_made_anew(data_dir: Path) -> None:
    """Ports can be chosen again, so half a record of them keeps nobody from starting."""
    (data_dir / "ports.json").write_text('{"block": 10')
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        assert f"Port {port} is taken" in refusal(data_dir, port)


def test_a_folder_for_reading_alone_is_refused(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """The sentence names what could not be written."""
    if not may_mount():
        record_property(PRINTED_AT_THE_END, "left out, this user may not mount: read-only DATA_DIR")
        return
    with small_disk(tmp_path, 1) as disk:
        disk.forbid_writing()

        assert f"Read-only file system: {tmp_path}" in refusal(tmp_path)


def test_a_full_disk_is_refused_until_there_is_space(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """No secret is left half written for the next start to believe in."""
    if not may_mount():
        record_property(PRINTED_AT_THE_END, "left out, this user may not mount: full DATA_DIR")
        return
    with small_disk(tmp_path, 1) as disk:
        disk.fill()
        assert "No space left on device" in refusal(tmp_path)
        written = {path.name for path in tmp_path.rglob("*") if path.is_file()}
        disk.empty()
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]

            assert f"Port {port} is taken" in refusal(tmp_path, port)
    assert written == {"ballast", "lock"}
