"""The local object store: one door, and a lock that holds behind every other one."""

import datetime as dt
import hashlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psutil
import pytest
import urllib3
from botocore.exceptions import ClientError

from knative.local.object_store import (
    BUCKET,
    DROP_BUCKET,
    ObjectStore,
    client,
    start_object_store,
)
from knative.local.object_store import _weed as weed
from tests.system import data_folder

_KEY: Final = "receipts/one.pdf"
_BODY: Final = b"%PDF-1.7 " + bytes(range(256)) * 64
# What each part does over HTTP where its door is open: read, write, delete, drop everything.
_PATHS: Final = {
    "filer": (f"/buckets/{BUCKET}/{_KEY}", f"/buckets/{BUCKET}?recursive=true"),
    "volume": ("/1,01637037d6", "/"),
    "master": (f"/col/delete?collection={BUCKET}", "/vol/vacuum", "/dir/assign", "/submit"),
    "admin": ("/object-store/buckets", "/api/s3/buckets"),
}
_OBJECT: Final = {"Bucket": BUCKET, "Key": _KEY}
_WRITES: Final[Mapping[str, Callable[[Any], object]]] = {
    "put": lambda s3: s3.put_object(Bucket=BUCKET, Key="receipts/two.pdf", Body=b"new"),
    "overwrite": lambda s3: s3.put_object(**_OBJECT, Body=b"other"),
    "copy": lambda s3: s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=_OBJECT),
    "delete": lambda s3: s3.delete_object(**_OBJECT),
    "tag": lambda s3: s3.put_object_tagging(**_OBJECT, Tagging={"TagSet": []}),
    "hold": lambda s3: s3.put_object_legal_hold(**_OBJECT, LegalHold={"Status": "ON"}),
    "parts": lambda s3: s3.create_multipart_upload(Bucket=BUCKET, Key="parts"),
    "bucket": lambda s3: s3.create_bucket(Bucket="another"),
    "other bucket": lambda s3: s3.list_objects_v2(Bucket="another"),
    "acl": lambda s3: s3.put_bucket_acl(Bucket=BUCKET, ACL="public-read-write"),
    "versioning": lambda s3: s3.put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"}
    ),
}


@dataclass(frozen=True, slots=True)
class Locked:
    """A store with one object under a COMPLIANCE lock, and how to look at it."""

    store: ObjectStore
    s3: Any
    version_id: str
    until: dt.datetime

    def is_readable(self) -> bool:
        """Whether the very bytes come back by their version."""
        found = self.s3.get_object(Bucket=BUCKET, Key=_KEY, VersionId=self.version_id)
        body: bytes = found["Body"].read()
        return hashlib.sha256(body).digest() == hashlib.sha256(_BODY).digest()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder for this file."""
    with data_folder() as path:
        yield path


@pytest.fixture(scope="module")
def locked(folder: Path) -> Iterator[Locked]:
    """A running store that holds one locked object."""
    store = start_object_store(folder, folder / "secrets")
    s3 = client(store.plan)
    until = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=3650)
    stored = s3.put_object(
        Bucket=BUCKET,
        Key=_KEY,
        Body=_BODY,
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
        IfNoneMatch="*",
    )
    yield Locked(store, s3, stored["VersionId"], until)
    store.stop()


def _status(method: str, url: str) -> int:
    return urllib3.request(method, url, timeout=5, retries=False).status


def test_the_bucket_is_versioned_and_locks_by_default(locked: Locked) -> None:
    """No object is ever stored without a COMPLIANCE lock."""
    rule = locked.s3.get_object_lock_configuration(Bucket=BUCKET)["ObjectLockConfiguration"]

    assert locked.s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
    assert rule["ObjectLockEnabled"] == "Enabled"
    assert rule["Rule"]["DefaultRetention"]["Mode"] == "COMPLIANCE"


def test_its_volumes_are_not_counted_by_the_disk(locked: Locked) -> None:
    """One for each free GiB would leave none for the twentieth bucket of a small disk."""
    [most] = [w for w in locked.store.program.argv if w.startswith("-volume.max=")]

    assert int(most.partition("=")[2]) >= 1_000


def test_it_listens_on_loopback_alone(locked: Locked) -> None:
    """No port of its many parts is reachable from outside."""
    doors = psutil.Process(locked.store.process.pid).net_connections("inet")

    assert {d.laddr[0] for d in doors if d.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_wrong_keys_are_refused(locked: Locked) -> None:
    """S3 itself is no open door."""
    assert _status("GET", f"{locked.store.endpoint_url}/{BUCKET}/{_KEY}") == 403
    assert _status("DELETE", f"{locked.store.endpoint_url}/{BUCKET}/{_KEY}") == 403
    assert locked.is_readable()


@pytest.fixture(scope="module")
def reader(locked: Locked, folder: Path) -> Any:
    """A client with the keys of who may only read."""
    access, _, secret = (folder / "secrets" / "s3_reader").read_text().strip().partition(":")
    return client(replace(locked.store.plan, access_key=access, secret_key=secret))


def test_the_reader_sees_every_version(locked: Locked, reader: Any) -> None:
    """Whoever judges the store needs no key that could change it."""
    (version,) = reader.list_object_versions(Bucket=BUCKET, Prefix=_KEY)["Versions"]
    found = reader.get_object(**_OBJECT, VersionId=version["VersionId"])

    assert (version["VersionId"], found["Body"].read()) == (locked.version_id, _BODY)
    assert (found["ObjectLockMode"], found["ObjectLockRetainUntilDate"]) == (
        "COMPLIANCE",
        locked.until,
    )


@pytest.mark.parametrize("act", _WRITES)
def test_the_reader_writes_nothing(locked: Locked, reader: Any, act: str) -> None:
    """Its key is refused for all that changes the store, and beyond its bucket."""
    with pytest.raises(ClientError, match="AccessDenied"):
        _WRITES[act](reader)

    assert locked.is_readable()


def test_the_drop_is_read_by_one_and_written_by_another(locked: Locked, folder: Path) -> None:
    """Whoever takes drops writes nothing; whoever drops reads nothing; neither sees a receipt."""

    def login(name: str) -> Any:
        access, _, secret = (folder / "secrets" / name).read_text().strip().partition(":")
        return client(replace(locked.store.plan, access_key=access, secret_key=secret))

    taker, dropper = login("s3_drop_credentials"), login("s3_dropper")
    place = {"Bucket": DROP_BUCKET, "Key": "statements/opa_x/today.csv"}
    dropper.put_object(**place, Body=b"dropped")
    acts: list[Callable[[], object]] = [
        lambda: taker.put_object(**place, Body=b"other"),
        lambda: taker.delete_object(**place),
        lambda: taker.list_objects_v2(Bucket=BUCKET),
        lambda: taker.get_object(**_OBJECT),
        lambda: dropper.get_object(**place),
        lambda: dropper.list_objects_v2(Bucket=DROP_BUCKET),
        lambda: dropper.put_object(Bucket=BUCKET, Key="x", Body=b"x"),
        lambda: dropper.get_object(**_OBJECT),
    ]
    for act in acts:
        with pytest.raises(ClientError, match="AccessDenied"):
            act()

    (listed,) = taker.list_objects_v2(Bucket=DROP_BUCKET)["Contents"]
    assert listed["Key"] == place["Key"]
    assert taker.get_object(**place)["Body"].read() == b"dropped"


@pytest.mark.parametrize("door", _PATHS)
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PUT"])
def test_the_http_side_doors_obey_nobody(locked: Locked, door: str, method: str) -> None:
    """What each part would do or show over HTTP is refused, and the object is still there."""
    port = locked.store.plan.ports[door]
    for path in _PATHS[door]:
        assert _status(method, f"http://127.0.0.1:{port}{path}") in {400, 401, 403, 404, 405}

    assert locked.is_readable()


def test_the_grpc_side_door_obeys_nobody_without_a_certificate(
    locked: Locked, tmp_path: Path
) -> None:
    """The store's own shell destroys nothing without its certificate; with it, it would."""
    ports = locked.store.plan.ports
    command = [
        weed(),
        "shell",
        f"-master=127.0.0.1:{ports['master']}.{ports['master'] + 10_000}",
        f"-filer=127.0.0.1:{ports['filer']}.{ports['filer'] + 10_000}",
    ]

    def shell(words: str, folder: Path) -> None:
        process = subprocess.Popen(  # noqa: S603 - the store's own program
            command,
            cwd=folder,
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            process.communicate(words, timeout=4)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    decoy = locked.s3.put_object(Bucket=BUCKET, Key="decoys/one.pdf", Body=_BODY)["VersionId"]
    shell(f"fs.rm -rf /buckets/{BUCKET}/receipts\n", tmp_path)
    shell(f"fs.rm -rf /buckets/{BUCKET}/decoys\n", locked.store.plan.folder)

    assert locked.is_readable()
    with pytest.raises(locked.s3.exceptions.ClientError, match="NoSuchVersion"):
        locked.s3.get_object(Bucket=BUCKET, Key="decoys/one.pdf", VersionId=decoy)


def test_what_was_acknowledged_survives_kill_9(locked: Locked) -> None:
    """A receipt whose storing was confirmed is there after the store was killed."""
    with data_folder() as folder:
        first = start_object_store(folder, folder / "secrets")
        version = client(first.plan).put_object(Bucket=BUCKET, Key=_KEY, Body=_BODY)["VersionId"]
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait(10)
        second = start_object_store(folder, folder / "secrets")
        try:
            found = client(second.plan).get_object(Bucket=BUCKET, Key=_KEY, VersionId=version)
            body = found["Body"].read()
        finally:
            second.stop()

    assert body == _BODY
    assert locked.is_readable()
