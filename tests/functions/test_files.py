"""Files at their doors: handed in, looked through, kept or refused, told, and downloaded."""

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from shared.domain.events import FILE_UPLOADED, Message
from shared.domain.file import LARGEST_BYTES, LARGEST_UPLOAD_BYTES, MOST_A_DAY, PREFIX
from shared.runtime import files, settings
from shared.storage.clamd import Clamd
from tests.database import Account
from tests.factories import an_id
from tests.file_samples import EICAR, MULTIPART, archive, form, jpg, packed, pdf, png
from tests.functions.bucket import Bucket
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.rows import Rows
from tests.scripted_server import ScriptedServer
from tests.unit.test_clamd import daemon

PATH: Final = "/v1/files"
QUARANTINE: Final = "quarantine"
KEPT: Final = "receipts"


@dataclass
class Cabinet:
    """A shop, both doors of files and the store behind them."""

    account: Account
    rows: Rows
    store: Bucket
    door: Callable[[str], Door]
    issuer: Issuer

    def hand_in(self, content: bytes | None, name: str = "a.pdf", **how: Any) -> Reply:
        """POST a file."""
        key = how.pop("key", self.account.secret_key)
        headers = {"Content-Type": MULTIPART, **how.pop("headers", {})}
        return self.door("create_file").post(
            PATH, form(content, name, **how), key=key, headers=headers
        )

    def get(self, path: str) -> Reply:
        """GET, as the shop."""
        return self.door("create_file").get(PATH + path, key=self.account.secret_key)

    def scan(self, file_id: str) -> int:
        """Push what its upload has put into the outbox; return the status."""
        (row,) = self.rows.platform("outbox", "object_id = :id", id=file_id)
        message = Message(
            row["id"], row["topic"], row["account_id"], row["livemode"], row["object_id"]
        )
        assert row["topic"] == FILE_UPLOADED
        return self.push(message)

    def push(self, message: Message) -> int:
        """Push a message; return the status."""
        headers = self.issuer.headers("scan_file")
        return self.door("scan_file").post("/", push_body(message), headers=headers).status

    def made(self, content: bytes, name: str = "a.pdf") -> str:
        """A file that was handed in."""
        file_id: str = self.hand_in(content, name).json["id"]
        return file_id

    def place(self, file_id: str) -> str:
        """Where it is quarantined."""
        return f"{QUARANTINE}/files/{self.account.id}/test/{file_id}"

    def told(self, file_id: str) -> list[str]:
        """The types of its events."""
        return [row["type"] for row in self.rows.of("events", "object_id = :id", id=file_id)]


@pytest.fixture
def cabinet(
    shop: Account,
    rows: Rows,
    door: Callable[[str], Door],
    issuer: Issuer,
    *,
    object_store: ScriptedServer,
) -> Iterator[Cabinet]:
    """A shop with a store of the test's own."""
    forbidding, bucket = object_store.script, Bucket()
    object_store.script = bucket
    yield Cabinet(shop, rows, bucket, door, issuer)
    object_store.script = forbidding


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [(pdf(), "rccm.pdf", "pdf"), (png(), "carte.PNG", "png"), (jpg(), "/home/marie/blob", "jpg")],
    ids=["pdf", "png", "jpg"],
)
def test_a_file_is_quarantined_then_kept_and_told(
    cabinet: Cabinet, content: bytes, name: str, kind: str
) -> None:
    """Its bytes lie in one place at a time, from the scan on under a lock; one event tells."""
    reply = cabinet.hand_in(content, name)
    made = reply.json

    assert (reply.status, made["status"], made["type"]) == (200, "quarantined", kind)
    assert (made["size"], made["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert made["url"] is None
    assert cabinet.store.objects == {cabinet.place(made["id"]): content}

    assert cabinet.scan(made["id"]) == 204

    kept = f"{KEPT}/files/{cabinet.account.id}/test/{made['id']}.{kind}"
    assert cabinet.store.objects == {kept: content}
    shown = cabinet.get(f"/{made['id']}").json
    assert shown == {
        **made,
        "status": "available",
        "url": f"https://api.example.cm/v1/files/{made['id']}/contents",
    }
    assert cabinet.told(made["id"]) == ["file.available"]

    before = cabinet.rows.snapshot()
    assert cabinet.scan(made["id"]) == 204
    assert cabinet.rows.snapshot() == before
    assert cabinet.store.objects == {kept: content}


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (pdf().replace(b"1 0 obj", b"% " + EICAR + b"\n1 0 obj"), "a.pdf", "malware"),
        (pdf(packed(b"<< /S /JavaScript >>")), "a.pdf", "active_content"),
        (pdf(b"<< /Type /EmbeddedFile >>"), "a.pdf", "attachment"),
        (pdf(b"<< /Encrypt 5 0 R >>"), "a.pdf", "encrypted"),
    ],
    ids=["malware", "script", "attachment", "encrypted"],
)
def test_a_dangerous_file_is_refused_and_gone(
    cabinet: Cabinet, content: bytes, name: str, reason: str
) -> None:
    """Nothing of it lies anywhere, nothing of it can be downloaded, and its merchant is told."""
    file_id = cabinet.made(content, name)

    assert cabinet.scan(file_id) == 204

    assert cabinet.store.objects == {}
    assert not any(place.startswith(KEPT) for _, place in cabinet.store.seen)
    shown = cabinet.get(f"/{file_id}").json
    assert (shown["status"], shown["refusal_reason"], shown["url"]) == ("refused", reason, None)
    assert cabinet.get(f"/{file_id}/contents").error["code"] == "file_not_available"
    assert cabinet.told(file_id) == ["file.refused"]


@pytest.mark.parametrize(
    ("content", "name", "how", "refused"),
    [
        (archive(), "sums.xlsx", {}, (400, "file_type_unsupported", "file")),
        (pdf() + archive(), "a.pdf", {}, (400, "file_malformed", "file")),
        (png(), "a.pdf", {}, (400, "file_type_mismatch", "file")),
        (png(), "a.png", {"media_type": "image/jpeg"}, (400, "file_type_mismatch", "file")),
        (None, "", {}, (400, "parameter_missing", "file")),
        (pdf(), "a.pdf", {"fields": {"x": "y"}}, (400, "parameter_unknown", "x")),
        (pdf(), "a.pdf", {"fields": {"purpose": "fun"}}, (400, "parameter_invalid", "purpose")),
        (None, "", {"fields": {"file": "a", "purpose": "dispute_evidence"}},
         (400, "parameter_invalid", "file")),
        (pdf(), "a.pdf", {"headers": {"Content-Type": "application/json"}},
         (415, "content_type_unsupported", None)),
        (pdf(), "a.pdf", {"headers": {"Origin": "https://evil.example"}},
         (415, "content_type_unsupported", None)),
        (pdf().ljust(LARGEST_BYTES + 1), "a.pdf", {}, (413, "body_too_large", None)),
        (pdf().ljust(LARGEST_BYTES + 70_000), "a.pdf", {}, (413, "body_too_large", None)),
    ],
    ids=map(str, range(12)),
)  # fmt: skip
def test_a_bad_upload_is_refused_and_changes_nothing(
    cabinet: Cabinet,
    content: bytes | None,
    name: str,
    *,
    how: dict[str, Any],
    refused: tuple[int, str, str | None],
) -> None:
    """By name; not a byte of it is kept."""
    before = cabinet.rows.snapshot()
    reply = cabinet.hand_in(content, name, **how)

    assert (reply.status, reply.error["code"], reply.error.get("param")) == refused
    assert cabinet.rows.snapshot() == before
    assert cabinet.store.seen == []


class Endless(io.RawIOBase):
    """A body that never ends, as one of five gigabytes does not for whoever waits for it."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        self.given += len(into)
        return len(into)


@pytest.mark.parametrize("claimed", [None, str(5 * 1024**3)])
def test_a_stream_without_end_is_cut_at_the_bound(cabinet: Cabinet, claimed: str | None) -> None:
    """Not a byte is read of what says its length, and no more than may come of what does not."""
    stream = Endless()
    environ = EnvironBuilder(method="POST", path=PATH).get_environ()
    environ |= {"wsgi.input": stream, "CONTENT_TYPE": MULTIPART}
    if claimed is None:
        environ.pop("CONTENT_LENGTH", None)
        environ["HTTP_TRANSFER_ENCODING"] = "chunked"
    else:
        environ["CONTENT_LENGTH"] = claimed
    _, status, _ = run_wsgi_app(cabinet.door("create_file")._application, environ, buffered=True)

    assert status.startswith("413")
    assert stream.given <= (LARGEST_UPLOAD_BYTES + 1 if claimed is None else 0)
    assert cabinet.store.seen == []


def test_a_key_makes_one_file(cabinet: Cabinet) -> None:
    """The same again is answered as before; other bytes under it are refused."""
    key: dict[str, Any] = {"headers": {"Idempotency-Key": an_id("key")}}
    first, again = (cabinet.hand_in(pdf(), **key) for _ in range(2))
    other = cabinet.hand_in(png(), "a.png", **key)

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status, other.error["code"]) == (400, "idempotency_key_reused")
    assert len(cabinet.store.objects) == 1


def test_a_list_is_newest_first_and_by_purpose(cabinet: Cabinet) -> None:
    """With cursors, as every list."""
    made = [
        cabinet.hand_in(pdf(), fields={"purpose": purpose}).json["id"]
        for purpose in ("dispute_evidence", "identity_document", "dispute_evidence")
    ]
    page = cabinet.get("?limit=2").json
    rest = cabinet.get(f"?limit=1&starting_after={made[1]}").json
    chosen = cabinet.get("?purpose=identity_document&limit=1").json

    assert [each["id"] for each in page["data"]] == made[:0:-1]
    assert (page["has_more"], [each["id"] for each in rest["data"]]) == (True, [made[0]])
    assert [each["id"] for each in chosen["data"]] == [made[1]]
    assert cabinet.get("?purpose=fun").error["param"] == "purpose"


def test_an_address_is_of_one_version_for_five_minutes(cabinet: Cabinet) -> None:
    """Saved under its own name, never shown, served as what it is."""
    file_id = cabinet.made(jpg(), "carte d'identité.jpg")
    early = cabinet.get(f"/{file_id}/contents")
    cabinet.scan(file_id)
    found = cabinet.get(f"/{file_id}/contents").json
    address = urlsplit(found["url"])
    query = {name: value for name, [value] in parse_qs(address.query).items()}
    (row,) = cabinet.rows.of("files", "id = :id", id=file_id)

    assert (early.status, early.error["code"]) == (400, "file_not_available")
    assert address.path == f"/{KEPT}/{row['object_key']}"
    assert (query["X-Amz-Expires"], query["versionId"]) == ("300", row["version_id"])
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-SignedHeaders"] == "host"
    assert query["response-content-type"] == "image/jpeg"
    assert query["response-content-disposition"].startswith("attachment; filename=")
    assert "identit%C3%A9" in query["response-content-disposition"]


def test_no_more_than_so_many_come_in_a_day(cabinet: Cabinet) -> None:
    """The next is told to come later, and nothing of it is kept."""
    cabinet.rows.run(
        f'INSERT INTO "{cabinet.account.test.schema}".files (id, purpose, file_name, type, size,'
        " sha256, made_by, created_at, retain_until)"
        " SELECT left(CAST(:id AS text), 15) || lpad(translate(n::text, '0189', 'abcd'), 14, '2'),"
        " 'dispute_evidence', 'a.pdf', 'pdf', 1, repeat('0', 64), 'key_x', now(), now()"
        " FROM generate_series(1001, 1000 + CAST(:most AS int)) n",
        id=an_id(PREFIX),
        most=MOST_A_DAY,
    )
    reply = cabinet.hand_in(pdf())
    cabinet.rows.run(f'DELETE FROM "{cabinet.account.test.schema}".files WHERE size = 1')

    assert (reply.status, reply.error["code"]) == (429, "files_too_many")
    assert "Retry-After" in reply.headers
    assert cabinet.store.objects == {}


def test_a_store_that_is_away_takes_nothing(cabinet: Cabinet) -> None:
    """Without its bytes there is no row."""
    cabinet.store.away.add(QUARANTINE)
    before = cabinet.rows.snapshot()
    reply = cabinet.hand_in(pdf())

    assert (reply.status, reply.error["code"]) == (503, "temporarily_unavailable")
    assert cabinet.rows.snapshot() == before


def test_what_cannot_be_kept_stays_quarantined(cabinet: Cabinet) -> None:
    """Until the store is back."""
    file_id = cabinet.made(pdf())
    cabinet.store.away.add(KEPT)

    assert cabinet.scan(file_id) == 503
    assert cabinet.get(f"/{file_id}").json["status"] == "quarantined"

    cabinet.store.away.clear()
    assert cabinet.scan(file_id) == 204
    assert cabinet.get(f"/{file_id}").json["status"] == "available"


@pytest.mark.parametrize("point", ["before_put", "after_put", "before_commit", "after_commit"])
def test_a_death_anywhere_loses_nothing(
    cabinet: Cabinet, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done is found, the rest is done; it is told once, and the quarantine is empty."""

    def die(reached: str) -> None:
        if reached == f"scan_file.{point}":
            raise ConnectionAbortedError(reached)

    file_id = cabinet.made(pdf())
    with monkeypatch.context() as patch:
        patch.setattr(files, "reached", die)
        assert cabinet.scan(file_id) == 503
    status = cabinet.get(f"/{file_id}").json["status"]
    assert status == ("available" if point == "after_commit" else "quarantined")

    assert cabinet.scan(file_id) == 204
    assert cabinet.told(file_id) == ["file.available"]
    assert not any(place.startswith(QUARANTINE) for place in cabinet.store.objects)


@pytest.mark.parametrize("bytes_", [None, png()], ids=["lost", "changed"])
def test_what_was_lost_or_changed_before_its_scan_is_refused(
    cabinet: Cabinet, bytes_: bytes | None
) -> None:
    """Nobody gets other bytes than those that were handed in."""
    file_id = cabinet.made(pdf())
    cabinet.store.objects.clear()
    if bytes_ is not None:
        cabinet.store.objects[cabinet.place(file_id)] = bytes_

    assert cabinet.scan(file_id) == 204
    assert cabinet.get(f"/{file_id}").json["refusal_reason"] == "lost"
    assert cabinet.store.objects == {}


def test_a_file_whose_row_is_gone_leaves_nothing(cabinet: Cabinet) -> None:
    """As where the test mode was emptied meanwhile; what is no file is acknowledged too."""
    orphan = an_id(PREFIX)
    cabinet.store.objects[cabinet.place(orphan)] = pdf()
    for object_id in (orphan, "ch_" + "7" * 24):
        message = Message(an_id("msg"), FILE_UPLOADED, cabinet.account.id, False, object_id)  # noqa: FBT003 - its fifth
        assert cabinet.push(message) == 204

    assert cabinet.store.objects == {}


@pytest.mark.parametrize(
    ("word", "status", "becomes"),
    [
        (b"stream: OK\0", 204, "available"),
        (b"stream: Doc.Evil-1 FOUND\0", 204, "refused"),
        (b"INSTREAM size limit exceeded. ERROR\0", 503, "quarantined"),
    ],
)
def test_a_scanner_of_viruses_decides_too(
    cabinet: Cabinet, word: bytes, status: int, becomes: str, *, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does not clear is not handed on."""
    file_id = cabinet.made(pdf())
    with daemon(word) as (url, _):
        monkeypatch.setattr(files, "_scanner", lambda: Clamd(url))
        assert cabinet.scan(file_id) == status

    assert cabinet.get(f"/{file_id}").json["status"] == becomes


def test_production_keeps_nothing_without_a_scanner(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signatures alone are too little there: it stays quarantined, and the message comes again."""
    file_id = cabinet.made(pdf())

    production = replace(settings.settings(), environment=settings.PRODUCTION)
    with monkeypatch.context() as patch:
        patch.setattr(files, "settings", lambda: production)
        assert cabinet.scan(file_id) == 503

    assert cabinet.get(f"/{file_id}").json["status"] == "quarantined"


def test_uploads_of_one_key_at_once_make_one_file(cabinet: Cabinet) -> None:
    """Whoever comes second is told to wait, or gets the first one's answer."""
    key, replies = {"Idempotency-Key": an_id("key")}, list[Reply]()

    def send() -> None:
        replies.append(cabinet.hand_in(pdf(), headers=key))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert {reply.status for reply in replies} <= {200, 409}
    made = {reply.json["id"] for reply in replies if reply.status == 200}
    assert len(made) == 1
    assert len(cabinet.rows.of("files", "id = :id", id=made.pop())) == 1
