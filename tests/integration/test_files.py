"""Files in a real object store: the quarantine, the lock behind it, and addresses to read from."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from knative.local.object_store import BUCKET, QUARANTINE_BUCKET, client
from shared.operations.ports import ObjectMissingError, StoreDownError
from shared.storage.locked_store import S3LockedStore
from shared.storage.quarantine import S3Quarantine
from shared.storage.signed_links import S3Links
from tests.factories import moment
from tests.file_samples import pdf
from tests.object_store import RunningStore, running_object_store

KEY: Final = "files/acct_x/test/file_x"
NAME: Final = 'carte d\'identité "7".pdf'
LASTS: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Place:
    """A store, what lies there, and the credentials of each who uses it."""

    running: RunningStore
    quarantine: S3Quarantine
    locked: S3LockedStore

    def links(self, cdn_base_url: str | None = None) -> S3Links:
        """Who signs addresses."""
        running = self.running
        return S3Links(
            running.endpoint_url,
            running.bucket,
            credentials=running.credentials,
            cdn_base_url=cdn_base_url,
        )

    def login(self, name: str) -> Any:
        """A client with the keys of a secret file."""
        line = (self.running.credentials.parent / name).read_text().strip()
        access, _, secret = line.partition(":")
        plan = self.running.plan
        return client(type(plan)(plan.folder, plan.ports, access, secret, plan.log))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for the tests of this file."""
    with running_object_store(tmp_path_factory.mktemp("object_store")) as running:
        credentials = running.credentials.parent / "s3_quarantine_credentials"
        quarantine = S3Quarantine(running.endpoint_url, QUARANTINE_BUCKET, credentials=credentials)
        locked = S3LockedStore(
            running.endpoint_url, running.bucket, credentials=running.credentials
        )
        yield Place(running, quarantine, locked)


def read(url: str) -> tuple[int, bytes, dict[str, str]]:
    """What a browser gets."""
    try:
        with urllib.request.urlopen(url, timeout=10) as found:  # noqa: S310 - our own http
            return found.status, found.read(), {n.lower(): v for n, v in found.headers.items()}
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), {}


def test_what_waits_can_be_taken_away_again(place: Place) -> None:
    """Until then it is read as it came; twice taken away is once."""
    place.quarantine.put(KEY, pdf())
    assert place.quarantine.get(KEY) == pdf()

    for _ in range(2):
        place.quarantine.delete(KEY)
    with pytest.raises(ObjectMissingError):
        place.quarantine.get(KEY)


def test_the_keys_of_the_quarantine_open_nothing_else(place: Place) -> None:
    """Nor does anybody else's open it, but the store's own; who stores there reads nothing."""
    uploader = place.login("s3_upload_credentials")
    uploader.put_object(Bucket=QUARANTINE_BUCKET, Key=KEY, Body=pdf())
    keeper, reader = place.login("s3_quarantine_credentials"), place.login("s3_reader")
    dropper = place.login("s3_dropper")
    acts: list[Callable[[], object]] = [
        lambda: keeper.put_object(Bucket=BUCKET, Key="x", Body=b"x"),
        lambda: keeper.list_objects_v2(Bucket=BUCKET),
        lambda: keeper.list_objects_v2(Bucket=QUARANTINE_BUCKET),
        lambda: uploader.get_object(Bucket=QUARANTINE_BUCKET, Key=KEY),
        lambda: uploader.list_objects_v2(Bucket=QUARANTINE_BUCKET),
        lambda: uploader.put_object(Bucket=BUCKET, Key="x", Body=b"x"),
        lambda: reader.get_object(Bucket=QUARANTINE_BUCKET, Key=KEY),
        lambda: dropper.put_object(Bucket=QUARANTINE_BUCKET, Key=KEY, Body=b"x"),
    ]
    for act in acts:
        with pytest.raises(ClientError, match="AccessDenied"):
            act()

    assert place.quarantine.get(KEY) == pdf()


def test_an_address_gives_the_file_for_a_while(place: Place) -> None:
    """Whole, under its name, as what it is; changed in any part it gives nothing."""
    kept = place.locked.put(
        f"{KEY}.pdf",
        pdf(),
        content_type="application/pdf",
        retain_until=moment() + timedelta(hours=1),
    )
    how = {"file_name": NAME, "media_type": "application/pdf"}
    url = place.links().sign(kept.key, kept.version_id, lasts=LASTS, **how)
    status, content, headers = read(url)

    assert (status, hashlib.sha256(content).hexdigest()) == (200, kept.sha256)
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"].startswith("attachment; filename=")
    assert "%C3%A9" in headers["content-disposition"]
    for changed in (
        url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        url.replace("attachment", "inline"),
        url.replace("file_x.pdf", "file_y.pdf"),
        url.partition("?")[0],
    ):
        assert read(changed)[0] == 403


def test_an_address_leads_by_way_of_what_stands_before_the_store(place: Place) -> None:
    """Path and query are the store's own, for it to hand on."""
    links, cdn = place.links(), place.links("https://files.example.cm/docs")
    how: Any = {"file_name": "a.pdf", "media_type": "application/pdf", "lasts": LASTS}
    url = cdn.sign(KEY, "v", **how)

    assert url.startswith(f"https://files.example.cm/docs/{BUCKET}/{KEY}?")
    assert place.running.endpoint_url in links.sign(KEY, "v", **how)


def test_without_its_keys_nothing_is_signed(place: Place) -> None:
    """The door answers that it is away."""
    lost = S3Links(
        place.running.endpoint_url,
        BUCKET,
        credentials=place.running.credentials.parent / "nothing",
        cdn_base_url=None,
    )
    with pytest.raises(StoreDownError):
        lost.sign(KEY, "v", file_name="a.pdf", media_type="application/pdf", lasts=LASTS)
