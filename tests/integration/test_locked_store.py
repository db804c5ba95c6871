"""Receipts in a real SeaweedFS: written once, the same for ever."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from shared.operations.ports import StoredDifferentlyError, StoreDownError
from shared.storage import locked_store, s3_connection
from shared.storage.locked_store import BucketNotLockedError, S3LockedStore
from tests.object_store import RunningStore, running_object_store

BODY = b"%PDF-1.7 a receipt"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    with running_object_store(tmp_path_factory.mktemp("object_store")) as store:
        yield store


@pytest.fixture(scope="module")
def store(running: RunningStore) -> S3LockedStore:
    return S3LockedStore(running.endpoint_url, running.bucket, credentials=running.credentials)


@pytest.fixture
def key() -> str:
    return f"receipts/acct_a/test/{uuid4()}.pdf"


@dataclass(frozen=True, slots=True)
class BrokenStore:
    """Our side of a store that misbehaves."""

    store: S3LockedStore


class BrokenAnswers(BaseHTTPRequestHandler):
    """Says that the key is taken; then sends half of it, nothing at all, or 503."""

    silence = threading.Event()

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(412)

    def do_GET(self) -> None:
        if "silent" in self.path:
            self.silence.wait(5)
        elif "failing" in self.path:
            self._answer(503)
        else:
            self._answer(200, b"half", promised_bytes=len(BODY))

    def _answer(self, status: int, body: bytes = b"", *, promised_bytes: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(promised_bytes))
        self.send_header("x-amz-version-id", "v1")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Keep quiet."""


def in_a_day() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def put(store: S3LockedStore, key: str, body: bytes = BODY) -> str:
    stored = store.put(key, body, content_type="application/pdf", retain_until=in_a_day())
    return stored.version_id


def versions(store: S3LockedStore, bucket: str, key: str) -> list[str]:
    answer = store._s3().list_object_versions(Bucket=bucket, Prefix=key)
    return [version["VersionId"] for version in answer.get("Versions", [])]


def test_the_same_bytes_twice_are_one_version(
    store: S3LockedStore, running: RunningStore, key: str
) -> None:
    """A writer that died between storing and its row stores again and gets the same version."""
    first = store.put(key, BODY, content_type="application/pdf", retain_until=in_a_day())
    again = store.put(
        key, BODY, content_type="application/pdf", retain_until=in_a_day() + timedelta(days=9)
    )

    assert again == first
    assert (first.was_there, again.was_there) == (False, True)
    assert first.sha256 == hashlib.sha256(BODY).hexdigest()
    assert versions(store, running.bucket, key) == [first.version_id]


@pytest.mark.parametrize("other", [b"%PDF-1.7 another", BODY + b" ", BODY[:-1], b""])
def test_other_bytes_are_refused_and_the_first_stay(
    store: S3LockedStore, running: RunningStore, key: str, other: bytes
) -> None:
    """What was stored first can be read unchanged after somebody tried to store another."""
    version_id = put(store, key)

    with pytest.raises(StoredDifferentlyError):
        put(store, key, other)

    assert store.get(key, version_id) == BODY
    assert versions(store, running.bucket, key) == [version_id]


def test_what_is_stored_is_under_compliance_lock(
    store: S3LockedStore, running: RunningStore, key: str
) -> None:
    """The lock ends when asked for and is of the kind that nobody can lift."""
    until = in_a_day().replace(microsecond=0)
    stored = store.put(key, BODY, content_type="application/pdf", retain_until=until)

    head = store._s3().head_object(Bucket=running.bucket, Key=key, VersionId=stored.version_id)

    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert head["ObjectLockRetainUntilDate"] == until
    assert head["ContentType"] == "application/pdf"


@pytest.mark.parametrize("act", ["overwrite", "delete_marker"])
def test_a_version_is_read_though_newer_ones_hide_it(
    store: S3LockedStore, running: RunningStore, key: str, act: str
) -> None:
    """An overwrite or a delete marker past our door hides a receipt, and never loses it."""
    version_id = put(store, key)
    if act == "overwrite":
        store._s3().put_object(Bucket=running.bucket, Key=key, Body=b"forged")
    else:
        store._s3().delete_object(Bucket=running.bucket, Key=key)

    assert store.get(key, version_id) == BODY


def test_bytes_damaged_on_the_way_are_not_stored(
    store: S3LockedStore, running: RunningStore, key: str
) -> None:
    """The checksum that every put carries is one that the store holds the bytes against."""
    with pytest.raises(ClientError):
        store._s3().put_object(
            Bucket=running.bucket, Key=key, Body=BODY, ChecksumSHA256=f"{'A' * 43}="
        )

    assert versions(store, running.bucket, key) == []


def test_a_version_that_is_not_there_is_said_to_be_missing(store: S3LockedStore, key: str) -> None:
    """Reading what never was stored raises, and never returns other bytes."""
    version_id = put(store, key)

    with pytest.raises(StoreDownError):
        store.get(key + ".other", version_id)


def test_a_large_object_is_neither_stored_nor_read(
    store: S3LockedStore, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One object can't fill the memory of a function."""
    version_id = put(store, key)
    monkeypatch.setattr(locked_store, "OBJECT_BYTES", len(BODY) - 1)

    with pytest.raises(ValueError, match="at most"):
        put(store, key)
    with pytest.raises(StoreDownError, match="at most"):
        store.get(key, version_id)


def test_credentials_are_read_again_when_they_change(
    running: RunningStore, key: str, tmp_path: Path
) -> None:
    """A rotated key works without a restart, and a wrong one is refused by the store."""
    credentials = tmp_path / "s3_credentials"
    credentials.write_text("wrong:wrong\n")
    store = S3LockedStore(running.endpoint_url, running.bucket, credentials=credentials)
    with pytest.raises(StoreDownError, match="403"):
        put(store, key)

    credentials.write_text(running.credentials.read_text())

    assert store.get(key, put(store, key)) == BODY


def test_a_store_that_refuses_connections_is_down(running: RunningStore, key: str) -> None:
    """Nothing listening is told apart from a refusal, and quickly."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        store = S3LockedStore(address, running.bucket, credentials=running.credentials)

        with pytest.raises(StoreDownError):
            put(store, key)
        with pytest.raises(StoreDownError):
            store.get(key, "v1")


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BrokenStore]:
    """A store that answers what a test tells it to, with time-outs that a test can wait for."""
    monkeypatch.setattr(s3_connection, "READ_SECONDS", 0.2)
    credentials = tmp_path / "s3_credentials"
    credentials.write_text("a:b")
    server = ThreadingHTTPServer(("127.0.0.1", 0), BrokenAnswers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        yield BrokenStore(S3LockedStore(address, "b", credentials=credentials))
    finally:
        BrokenAnswers.silence.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("mode", ["cut_short", "silent", "failing"])
def test_half_an_answer_is_a_store_that_is_down(broken: BrokenStore, mode: str) -> None:
    """Bytes cut off on the way never pass for a receipt, nor for another one under its key."""
    key = f"receipts/{mode}.pdf"

    with pytest.raises(StoreDownError):
        broken.store.get(key, "v1")
    with pytest.raises(StoreDownError):
        put(broken.store, key)


def test_a_missing_secret_is_a_store_that_is_down(running: RunningStore, tmp_path: Path) -> None:
    """A secret that is not mounted yet asks for another try instead of crashing."""
    store = S3LockedStore(running.endpoint_url, running.bucket, credentials=tmp_path / "not_there")

    with pytest.raises(StoreDownError):
        put(store, "receipts/x.pdf")


def test_a_bucket_is_made_with_lock_and_may_be_there_already(running: RunningStore) -> None:
    """Preparing a bucket twice is the same as once, and what lies in it is locked."""
    store = S3LockedStore(running.endpoint_url, f"made-{uuid4()}", credentials=running.credentials)
    store.ensure_bucket()
    store.ensure_bucket()

    assert store.get("a", put(store, "a")) == BODY


def test_a_bucket_without_lock_is_refused(running: RunningStore) -> None:
    """A bucket whose objects could be deleted is never taken for write-once storage."""
    bucket = f"open-{uuid4()}"
    store = S3LockedStore(running.endpoint_url, bucket, credentials=running.credentials)
    store._s3().create_bucket(Bucket=bucket)

    with pytest.raises(BucketNotLockedError):
        store.ensure_bucket()


def test_the_client_is_kept_while_credentials_stay(store: S3LockedStore) -> None:
    """One client, and so one pool of connections, serves all calls."""
    assert store._s3() is store._s3()


def test_what_was_kept_is_listed_by_name_page_by_page(
    store: S3LockedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place once, from behind the last one on, with the time when it was written."""
    monkeypatch.setattr(locked_store, "PAGE_KEYS", 2)
    room = f"intents/{uuid4()}"
    places = [f"{room}/{number}.json" for number in range(5)]
    began = datetime.now(UTC) - timedelta(seconds=2)
    for place in reversed(places):
        store.put(place, BODY, content_type="application/json", retain_until=in_a_day())

    listed = list(store.list_kept(f"{room}/"))

    assert [each.key for each in listed] == places
    assert all(began <= each.kept_at <= datetime.now(UTC) for each in listed)
    assert [each.key for each in store.list_kept(f"{room}/", after=places[2])] == places[3:]
    assert list(store.list_kept(f"{room}/none")) == []


def test_what_lies_in_a_place_is_found_without_its_version(store: S3LockedStore, key: str) -> None:
    """Its bytes, or nothing where nothing lies."""
    assert store.find(key) is None

    store.put(key, BODY, content_type="application/pdf", retain_until=in_a_day())

    assert store.find(key) == BODY
