"""receive_statement at its door: what was dropped is taken, whoever calls."""

import io
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from knative.local.object_store import DROP_BUCKET
from shared.runtime import drops, locked, settings
from shared.storage.drop_bucket import S3DropBucket
from shared.storage.locked_store import S3LockedStore
from tests.functions.door import Door
from tests.functions.realm import Realm
from tests.functions.till import Till
from tests.object_store import RunningStore, running_object_store
from tests.scripted_server import Play, ScriptedServer, Seen, answer
from tests.statement_text import Line, written

NAME_ACCOUNT = """
UPDATE platform.operator_accounts
SET statement_account = :name, statement_version = 'statement.v1' WHERE id = :id"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStore]:
    """A real store for the tests of this file."""
    with running_object_store(tmp_path_factory.mktemp("object_store")) as store:
        yield store


@pytest.fixture
def store(running: RunningStore, monkeypatch: pytest.MonkeyPatch) -> RunningStore:
    """That store in the place of the scripted one, with what is dropped read at once."""
    kept = S3LockedStore(running.endpoint_url, running.bucket, credentials=running.credentials)
    reader = running.credentials.parent / "s3_drop_credentials"
    bucket = S3DropBucket(running.endpoint_url, DROP_BUCKET, credentials=reader)
    monkeypatch.setattr(locked, "store", lambda: kept)
    monkeypatch.setattr(drops, "bucket", lambda: bucket)
    monkeypatch.setattr("shared.domain.statement_drop.REST", timedelta(0))
    return running


def test_what_was_dropped_is_taken_whatever_the_call_says(
    till: Till, store: RunningStore, door: Callable[[str], Door], *, logged: io.StringIO
) -> None:
    """By keys that only list and read; the message waits in the outbox, and a repeat adds none."""
    name = f"wallet-{uuid.uuid4()}"
    till.rows.run(NAME_ACCOUNT, name=name, id=till.operator_account)
    key = f"statements/{till.operator_account}/today.csv"
    content = written([Line(5)], account=name)
    store.client().put_object(Bucket=DROP_BUCKET, Key=key, Body=content)

    replies = [door("receive_statement").post("/", b"\xff whatever") for _ in range(2)]

    assert [reply.status for reply in replies] == [200, 200]
    ((statement,),) = till.rows.run(
        "SELECT id FROM platform.statements WHERE operator_account_id = :id",
        id=till.operator_account,
    )
    (message,) = till.rows.platform("outbox", "topic = 'statement-uploaded'")
    assert message["object_id"] == statement
    (line,) = [line for line in logged.getvalue().splitlines() if "statement_drop_taken" in line]
    assert json.loads(line)["statement_id"] == statement


def test_a_case_of_a_drop_shows_where_it_lies_and_what_is_wrong(
    till: Till, store: RunningStore, door: Callable[[str], Door], *, realm: Realm
) -> None:
    """Who looks needs no database: the key, and the line and column that an upload would name."""
    name = f"wallet-{uuid.uuid4()}"
    till.rows.run(NAME_ACCOUNT, name=name, id=till.operator_account)
    key = f"statements/{till.operator_account}/today.csv"
    content = written([Line(5)], account=name).replace(b",XAF,0,5", b",XAF,x,5")
    store.client().put_object(Bucket=DROP_BUCKET, Key=key, Body=content)
    assert door("receive_statement").post("/").status == 200
    token = realm.token("ada", "admin")
    path = f"/v1/platform/cases?reason=statement_drop_refused&account={till.account.id}"

    (case,) = door("manage_platform").get(path, key=token).json["data"]
    shown = door("manage_platform").get(f"/v1/platform/cases/{case['id']}", key=token).json

    assert (case["kind"], case["mode"]) == ("statement_drop", "test")
    drop = shown["evidence"]["drop"]
    assert (drop["key"], drop["size"], drop["tries"]) == (key, len(content), 1)
    assert (drop["code"], drop["line"], drop["column"]) == ("statement_cell_invalid", 3, "fee")
    closed = door("manage_platform").post(
        f"/v1/platform/cases/{case['id']}/close", {"reason": "MTN sent it again"}, key=token
    )
    assert closed.json["status"] == "closed"


def test_without_a_bucket_nothing_is_looked_for(
    object_store: ScriptedServer, door: Callable[[str], Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform whose administrators upload has none: the tick is no error, and asks nobody."""
    asked: list[Seen] = []

    def ask(seen: Seen) -> Play:
        asked.append(seen)
        return answer(500)

    monkeypatch.setattr(object_store, "script", ask)

    assert settings.settings().statement_bucket is None
    assert door("receive_statement").post("/").status == 200
    assert asked == []


def test_a_bucket_that_is_away_is_told(
    object_store: ScriptedServer, door: Callable[[str], Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run fails and says so; the next comes by itself."""
    credentials = settings.settings().secrets_dir / "s3_credentials"
    bucket = S3DropBucket(object_store.url, "drops", credentials=credentials)
    monkeypatch.setattr(drops, "bucket", lambda: bucket)

    assert door("receive_statement").post("/").status == 503
