"""Statements dropped in a real bucket, taken on a real PostgreSQL as if they had been uploaded."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

import pytest

from shared.domain.errors import Unavailable
from shared.domain.operator_statement import LARGEST_BYTES
from shared.domain.statement_drop import MOST_TRIES, ROOM
from shared.operations import receive_statement as receiving
from shared.operations.ingest_statement import Ingestion, ingest_statement
from shared.operations.ports import StoreDownError
from shared.providers import statements as parser
from shared.storage import drop_bucket
from shared.storage.locked_store import S3LockedStore
from tests.database import Database
from tests.factories import an_id
from tests.integration.dropping import KILLER, Died, Dock, Quay
from tests.object_store import running_object_store
from tests.statement_text import Line

POINTS: Final = (
    "receive_statement.after_begin",
    "receive_statement.after_read",
    "upload_statement.before_put",
    "upload_statement.after_put",
    "receive_statement.before_end",
    "receive_statement.after_end",
)


@pytest.fixture(scope="module")
def quay(migrated: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quay]:
    """A real store for the tests of this file."""
    worker = migrated.engine("worker")
    with running_object_store(tmp_path_factory.mktemp("object_store")) as running:
        yield Quay(migrated, running, worker)
    worker.dispose()


@pytest.fixture
def dock(quay: Quay) -> Dock:
    """A bucket of the test's own."""
    return Dock(quay)


def test_a_drop_is_taken_as_an_upload_is(dock: Dock) -> None:
    """Locked as it came, in the platform's chain, announced, and matched by whoever matches."""
    content = dock.statement(Line(7, transaction_id="lone"))
    dock.drop(content)

    assert dock.run() == {"taken": 1}

    sha256 = hashlib.sha256(content).hexdigest()
    ((statement, *columns, key, version),) = dock.statements()
    assert columns == [dock.owner, False, "receive_statement", sha256]
    assert (key, dock.archive.get(key, version)) == (
        f"statements/{dock.account}/{sha256}.csv",
        content,
    )
    ((actor, action, after),) = dock.database.look(
        "SELECT actor_kind || '/' || actor_id, action, after FROM platform.audit_entries"
        " WHERE object_id = :id",
        id=statement,
    )
    assert (actor, action) == ("platform/receive_statement", "statement.uploaded")
    assert f'"operator_account":"{dock.account}"' in after
    (message,) = dock.quay.published
    assert dock.messages(statement) == [[message.event_id, dock.owner, False]]
    how = Ingestion(dock.archive, parser, dock.now, dock.at_point, lambda: False)
    assert ingest_statement(message, store=dock.quay.matching, how=how) == "processed"
    assert dock.rows("outcome, statement_id, tries") == [["taken", statement, 1]]
    assert dock.cases() == []
    assert dock.run() == {}


def test_the_same_bytes_are_taken_once(dock: Dock) -> None:
    """Under another name, or dropped anew, they are known by their hash, and no riddle."""
    content = dock.statement()
    first = dock.drop(content)
    assert dock.run() == {"taken": 1}
    dock.drop(content, first)
    again = dock.drop(content)

    assert dock.run() == {"known": 1}

    ((statement, *_),) = dock.statements()
    assert sorted(dock.rows("object_key, outcome, statement_id")) == sorted(
        [[first, "taken", statement], [again, "known", statement]]
    )
    assert (len(dock.messages(statement)), dock.cases()) == (1, [])


def test_other_bytes_under_one_name_are_another_drop(dock: Dock) -> None:
    """A file that was cut short is told of, and taken once it is whole."""
    content = dock.statement(Line(1), Line(2))
    key = dock.drop(content.partition(b"end,")[0])
    assert dock.run() == {"refused": 1}
    dock.drop(content, key)

    assert dock.run() == {"taken": 1}

    assert [row[:2] for row in dock.rows("outcome, code")] == [
        ["refused", "statement_incomplete"],
        ["taken", None],
    ]
    assert len(dock.statements()) == 1


def test_what_is_no_statement_of_ours_is_told_of_once(dock: Dock) -> None:
    """A case says what is wrong and where; nothing is kept of it, and the others are taken."""
    nameless, _ = dock.add_account("web", has_name=False)
    good, below = dock.statement(), f"{ROOM}{dock.account}/"
    tomorrow = (dock.now() + timedelta(days=3)).date()
    wrong: dict[str, tuple[bytes, list[object]]] = {
        f"{below}cell.csv": (
            dock.statement(Line(5)).replace(b",XAF,0,5", b",XAF,=1,5"),
            ["statement_cell_invalid", 3, "fee"],
        ),
        f"{below}cut.csv": (good.partition(b"end,")[0], ["statement_incomplete", 3, "end"]),
        f"{below}empty.csv": (b"", ["statement_incomplete", 1, "end"]),
        f"{below}early.csv": (
            dock.statement(first=tomorrow),
            ["statement_not_over", 1, "first_day"],
        ),
        f"{below}other.csv": (
            dock.statement(name=dock.other_name),
            ["drop_account_differs", None, None],
        ),
        f"{below}large.csv": (b"x" * (LARGEST_BYTES + 1), ["drop_too_large", None, None]),
        f"{ROOM}{nameless}/{dock.bucket_name}.csv": (good, ["drop_account_unknown", None, None]),
        f"{ROOM}{an_id('opa')}/{dock.bucket_name}.csv": (
            good,
            ["drop_account_unknown", None, None],
        ),
        f"{ROOM}{dock.bucket_name}.csv": (good, ["drop_path_unfit", None, None]),
    }
    for key, (content, _) in wrong.items():
        dock.drop(content, key)
    dock.drop(good)

    assert dock.run() == {"refused": len(wrong), "taken": 1}
    assert dock.run() == {}

    found = {key: place for key, *place in dock.rows("object_key, code, line, column_name")}
    assert {key: found[key] for key in wrong} == {key: told for key, (_, told) in wrong.items()}
    cases = dock.cases()
    assert {(kind, reason) for kind, reason, *_ in cases} == {
        ("statement_drop", "statement_drop_refused")
    }
    known = [place for _, _, owner, *place in cases if owner == dock.owner]
    assert sorted(code for _, _, owner, _, code, *_ in cases if owner is None) == [
        "drop_account_unknown",
        "drop_path_unfit",
    ]
    assert {livemode for livemode, *_ in known} == {False}
    assert {livemode for _, _, owner, livemode, *_ in cases if owner is None} == {True}
    refusals = [fields for word, fields in dock.told if word == "statement_drop_refused"]
    assert (len(cases), len(refusals), len(dock.statements())) == (len(wrong), len(wrong), 1)


def test_a_drop_that_a_person_gives_another_chance_is_read_again(dock: Dock) -> None:
    """Once the account has its name, what was refused for lack of it is taken."""
    nameless, name = dock.add_account("web", has_name=False)
    dock.drop(dock.statement(name=name), f"{ROOM}{nameless}/{dock.bucket_name}.csv")
    assert dock.run() == {"refused": 1}
    dock.database.look(
        "UPDATE platform.operator_accounts SET statement_account = :name,"
        " statement_version = 'statement.v1' WHERE id = :id",
        name=name,
        id=nameless,
    )
    dock.database.look(
        "UPDATE platform.statement_drops SET outcome = NULL, code = NULL, line = NULL,"
        " column_name = NULL, ended_at = NULL, tries = 0, next_at = now() WHERE id = ANY(:ids)",
        ids=[name for [name] in dock.rows("id")],
    )

    assert dock.run() == {"taken": 1}


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_anywhere_is_made_good(dock: Dock, point: str) -> None:
    """Whoever comes next takes it once: one statement, one message, one entry, no case."""
    dock.drop(dock.statement())

    def die(at: str) -> None:
        if at == point:
            raise Died

    dock.at_point = die
    with pytest.raises(Died):
        dock.run()
    dock.at_point = lambda _: None
    dock.later += timedelta(minutes=6)

    dock.run()
    dock.run()

    ((statement, *_),) = dock.statements()
    ((outcome, taken),) = dock.rows("outcome, statement_id")
    assert (outcome, taken) == (
        "known" if point == "receive_statement.before_end" else "taken",
        statement,
    )
    assert (len(dock.messages(statement)), dock.cases()) == (1, [])


def test_what_kills_its_reader_is_passed_by_and_told_of(dock: Dock) -> None:
    """It is tried some times, each after a longer wait; what lies behind it is taken meanwhile."""
    dock.drop(KILLER, f"{ROOM}{dock.account}/a.csv")
    dock.drop(dock.statement(), f"{ROOM}{dock.account}/b.csv")
    with pytest.raises(Died):
        dock.run()

    assert dock.run() == {"taken": 1}

    assert dock.run() == {}
    for _ in range(MOST_TRIES - 1):
        dock.later += timedelta(hours=2)
        with pytest.raises(Died):
            dock.run()
        assert dock.run() == {}
    dock.later += timedelta(hours=6)
    assert dock.run() == {"refused": 1}
    assert [case[4] for case in dock.cases()] == ["drop_unreadable"]


def test_what_the_store_does_not_give_out_is_passed_by_and_told_of(dock: Dock) -> None:
    """An object under another's key is refused to us: the others are taken, and it is told once."""
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    dock.drop(dock.statement(Line(1)), f"{ROOM}{dock.account}/a.csv", **key)
    dock.drop(dock.statement(Line(2)), f"{ROOM}{dock.account}/b.csv")

    assert dock.run() == {"unread": 1, "taken": 1}

    for left in range(MOST_TRIES - 1, 0, -1):
        dock.later += timedelta(hours=2)
        assert dock.run() == {"unread" if left > 1 else "refused": 1}
    assert [case[4] for case in dock.cases()] == ["drop_unreadable"]
    dock.later += timedelta(days=1)
    assert dock.run() == {}


def test_what_was_written_anew_while_it_was_read_is_taken_as_it_is_then(dock: Dock) -> None:
    """Never half of one and half of another: the next run takes what lies there."""
    first, second = dock.statement(Line(1)), dock.statement(Line(2))
    key = dock.drop(first)

    def write_anew(at: str) -> None:
        if at == "receive_statement.after_begin":
            dock.drop(second, key)
            dock.at_point = lambda _: None

    dock.at_point = write_anew
    assert dock.run() == {"gone": 1}

    assert dock.run() == {"taken": 1}

    ((*_, sha256, _, _),) = dock.statements()
    assert sha256 == hashlib.sha256(second).hexdigest()
    assert dock.cases() == []


def test_write_once_storage_that_is_away_costs_no_try(dock: Dock) -> None:
    """What cannot be kept is not taken; the run ends, and the next one takes it."""
    dock.drop(dock.statement())
    running = dock.quay.running
    dock.archive = S3LockedStore(
        "http://127.0.0.1:9", running.bucket, credentials=running.credentials
    )
    with pytest.raises(Unavailable):
        dock.run()
    assert (dock.statements(), dock.rows("tries")) == ([], [[0]])
    assert [word for word, _ in dock.told] == ["statement_drop_put_off"]
    dock.archive = dock.quay.archive

    assert (dock.run(), dock.run()) == ({}, {"taken": 1})


def test_a_bucket_that_is_away_is_told(dock: Dock) -> None:
    """Nothing is marked; who runs is told, and comes again."""
    dock.quay.bucket._bucket = "nowhere"

    with pytest.raises(StoreDownError):
        dock.run()


def test_a_run_is_bounded_and_the_next_goes_on_behind_it(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many at once, page by page, in the order of their keys: none is left out."""
    monkeypatch.setattr(receiving, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(drop_bucket, "PAGE_KEYS", 3)
    for number in range(5):
        dock.drop(dock.statement(Line(number + 1)), f"{ROOM}{dock.account}/{number}.csv")

    assert [dock.run() for _ in range(4)] == [{"taken": 2}, {"taken": 2}, {"taken": 1}, {}]

    assert len(dock.statements()) == 5


def test_what_is_tried_again_comes_behind_what_was_not_tried(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run begins behind what the last one began, also where that is due again."""
    monkeypatch.setattr(receiving, "MOST_AT_ONCE", 1)
    key = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}
    dock.drop(dock.statement(Line(1)), f"{ROOM}{dock.account}/a.csv", **key)
    dock.drop(dock.statement(Line(2)), f"{ROOM}{dock.account}/b.csv")
    assert dock.run() == {"unread": 1}
    dock.later += timedelta(hours=1)

    assert dock.run() == {"taken": 1}


def test_a_run_that_ends_while_it_lists_is_gone_on_with(
    dock: Dock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much was settled long ago, what lies behind it is reached."""
    dock.drop(dock.statement(Line(1)), f"{ROOM}{dock.account}/a.csv")
    assert dock.run() == {"taken": 1}
    dock.drop(dock.statement(Line(2)), f"{ROOM}{dock.account}/b.csv")
    monkeypatch.setattr(drop_bucket, "PAGE_KEYS", 1)
    one_page, another = iter([True, False]), iter([True, True, False])
    dock.has_time = lambda: next(one_page)
    assert dock.run() == {}
    dock.has_time = lambda: next(another)

    assert dock.run() == {"taken": 1}


def test_a_run_that_has_no_time_begins_nothing(dock: Dock) -> None:
    """Who is told to leave leaves: what was begun is ended, nothing else."""
    dock.drop(dock.statement(Line(1)))
    dock.drop(dock.statement(Line(2)))
    left = iter([True, True, False])
    dock.has_time = lambda: next(left)

    assert dock.run() == {"taken": 1}
    dock.has_time = lambda: True
    assert dock.run() == {"taken": 1}


def test_what_is_fresh_rests_first_and_folders_are_nothing(dock: Dock) -> None:
    """An upload that breaks off and comes again is read once it lies still; marks are no files."""
    dock.drop(b"", f"{ROOM}{dock.account}/")
    dock.drop(dock.statement(), f"{ROOM}{dock.account}/2026/11/03.csv")
    dock.drop(b"not for us", f"elsewhere/{dock.account}/x.csv")
    dock.later = timedelta(0)
    assert dock.run() == {}

    dock.later = timedelta(minutes=2)
    assert dock.run() == {"taken": 1}
    assert len(dock.rows("id")) == 1


def test_two_runs_at_once_take_each_drop_once(dock: Dock) -> None:
    """Anyone may call at any time: who comes second to a drop leaves it alone."""
    for number in range(6):
        dock.drop(dock.statement(Line(number + 1)))

    with ThreadPoolExecutor(2) as threads:
        ran = [each.result() for each in [threads.submit(dock.run) for _ in range(2)]]

    assert sum(counts.get("taken", 0) for counts in ran) == 6
    assert {word for counts in ran for word in counts} <= {"taken", "busy"}
    assert (len(dock.statements()), len(dock.quay.published)) == (6, 6)


def test_nothing_in_the_bucket_is_changed(dock: Dock) -> None:
    """What was dropped is the platform team's to keep or to delete."""
    keys = [dock.drop(dock.statement()), dock.drop(b"no statement")]
    before = {key: dock.s3.head_object(Bucket=dock.bucket_name, Key=key)["ETag"] for key in keys}
    dock.run()

    listed = dock.s3.list_objects_v2(Bucket=dock.bucket_name)["Contents"]

    assert {each["Key"]: each["ETag"] for each in listed} == before
