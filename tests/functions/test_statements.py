"""An operator's statement through the doors of manage_platform and ingest_statement."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from shared.domain.events import STATEMENT_UPLOADED, Message
from shared.domain.ids import new_id
from shared.domain.operator_statement import LARGEST_BYTES
from shared.domain.receipt import DOUALA
from shared.operations.ingest_statement import BATCH, ingest_statement
from shared.runtime import statements
from tests.functions.bookkeeping import CSV, PATH, Books
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer
from tests.functions.realm import Realm
from tests.functions.till import AMOUNT, Till
from tests.scripted_server import Play, ScriptedServer, Seen, answer
from tests.statement_text import Line, written

TODAY: Final = datetime.now(DOUALA).date()
NAME_ACCOUNT: Final = """
UPDATE platform.operator_accounts
SET statement_account = :name, statement_version = 'statement.v1' WHERE id = :id"""


class Died(BaseException):
    """What a kill leaves behind: nothing after it runs."""


@pytest.fixture
def archive(object_store: ScriptedServer) -> Iterator[dict[str, bytes]]:
    """Let the object store keep what it was given first, and give it back; what it keeps."""
    forbidding, objects = object_store.script, dict[str, bytes]()
    head = 'x-amz-version-id: v1\r\nETag: "e"\r\n'

    def keep(seen: Seen) -> Play:
        place = seen.path.partition("?")[0]
        if seen.method == "GET":
            return answer(200, objects[place], extra=head)
        if place in objects:
            return answer(412, "<Error><Code>PreconditionFailed</Code></Error>")
        objects[place] = seen.body
        return answer(200, extra=head)

    object_store.script = keep
    yield objects
    object_store.script = forbidding


@pytest.fixture
def books(
    till: Till,
    door: Callable[[str], Door],
    issuer: Issuer,
    realm: Realm,
    archive: dict[str, bytes],
) -> Books:
    """A shop whose operator account is called by a name in statements."""
    assert archive == {}
    name = f"wallet-{uuid.uuid4()}"
    till.rows.run(NAME_ACCOUNT, name=name, id=till.operator_account)
    return Books(till, door, issuer, realm, name)


def test_a_statement_is_kept_matched_and_shown(books: Books, archive: dict[str, bytes]) -> None:
    """Its bytes lie under lock, its lines are matched, its result is read; nothing is a case."""
    charge, line = books.paid()
    content = written([line, Line(-15, kind="fee")], account=books.name, first=TODAY, opening=500)
    uploaded = books.upload(content)
    statement = uploaded.json["id"]
    received = books.get(f"{PATH}/{statement}").json
    assert books.ingest(statement).status == 204
    shown = books.get(f"{PATH}/{statement}").json
    (kept,) = archive.items()
    (told,) = books.get(f"/v1/platform/audit_entries?object={statement}").json["data"]
    listed = books.get(f"{PATH}?operator_account={books.till.operator_account}").json["data"]

    assert (uploaded.status, uploaded.json["status"]) == (200, "received")
    assert (received["lines_done"], sum(received["counts"].values())) == (0, 0)
    assert kept == (f"/receipts/{received_key(books, uploaded)}", content)
    assert (shown["status"], shown["lines"], shown["lines_done"]) == ("processed", 2, 2)
    assert (shown["opening_balance"], shown["closing_balance"]) == (500, 500 + AMOUNT - 15)
    assert (shown["first_day"], shown["account"]) == (TODAY.isoformat(), books.till.account.id)
    assert books.counts(statement) == {"matched": 1, "fee": 1}
    assert books.cases() == []
    assert (told["action"], told["actor"]["id"]) == ("statement.uploaded", "ada")
    assert [one["id"] for one in listed] == [statement]
    assert charge


def test_what_came_late_is_no_riddle(books: Books) -> None:
    """Kept before the statement came, it is matched by the operator's transaction; no case."""
    charge, line = books.late()
    counts = books.match([line], first=TODAY, last=TODAY)

    assert counts == {"matched": 1}
    assert books.cases() == []
    (kept,) = books.till.rows.of("adjustments", "object_id = :id", id=charge)
    assert kept["operator_transaction_id"] == line.transaction_id


def received_key(books: Books, uploaded: Reply) -> str:
    """Where the bytes of a statement lie."""
    return f"statements/{books.till.operator_account}/{uploaded.json['sha256']}.csv"


def test_each_difference_is_a_case_of_its_own(books: Books) -> None:
    """Other amount, second transaction, reversal, what never came: each by its name, once."""
    good, line = books.paid()
    differs, other = books.paid()
    twice, first = books.paid()
    back, taken = books.paid()
    reversal = Line(-AMOUNT, kind="reversal", reference=taken.reference, time=line.time)
    odd = Line(77, transaction_id="odd-one", time=line.time)
    lines = [
        line,
        Line(AMOUNT + 1, transaction_id=other.transaction_id, reference=other.reference,
             time=line.time),
        first,
        Line(AMOUNT, reference=first.reference, time=line.time),
        taken,
        reversal,
        odd,
    ]  # fmt: skip
    counts = books.match(lines, first=TODAY - timedelta(days=1), last=TODAY)
    cases = books.cases()

    assert counts == {
        "matched": 3, "amount_differs": 1, "duplicate": 1, "reversed": 1, "missing_here": 1
    }  # fmt: skip
    assert good not in [object_id for object_id, _ in cases]
    assert [(object_id, reason) for object_id, reason in cases if object_id[:3] != "stl"] == [
        (differs, "statement_amount_differs"),
        (twice, "statement_duplicate"),
        (back, "statement_reversed"),
    ]
    ((lone, reason),) = [case for case in cases if case[0][:3] == "stl"]
    assert (lone[:4], reason) == ("stl_", "statement_missing_here")


def test_a_case_of_a_statement_shows_the_line_and_is_closed(books: Books) -> None:
    """Who looks sees what the operator wrote beside what we have; no line is whose it is not."""
    charge, line = books.paid()
    books.match(
        [
            Line(AMOUNT - 1, transaction_id=line.transaction_id, reference=line.reference,
                 time=line.time),
            Line(77, transaction_id="lone", time=line.time),
        ],
        first=TODAY - timedelta(days=1), last=TODAY,
    )  # fmt: skip
    reason = "statement_amount_differs"
    mine = f"account={books.till.account.id}"
    (found,) = books.get(f"/v1/platform/cases?reason={reason}&{mine}").json["data"]
    shown = books.get(f"/v1/platform/cases/{found['id']}").json
    (lone,) = books.get(f"/v1/platform/cases?reason=statement_missing_here&{mine}").json["data"]
    alone = books.get(f"/v1/platform/cases/{lone['id']}").json
    token = books.realm.token("ada", "admin")
    closed = books.door("manage_platform").post(
        f"/v1/platform/cases/{found['id']}/close", {"reason": "a typing error at MTN"}, key=token
    )

    assert (shown["about"], shown["evidence"]["payment"]["amount"]) == (charge, AMOUNT)
    (seen,) = shown["evidence"]["lines"]
    assert (seen["amount"], seen["state"], seen["statement"]) == (
        AMOUNT - 1, "amount_differs", found["statement"]
    )  # fmt: skip
    assert (alone["kind"], alone["account"]) == ("statement_line", books.till.account.id)
    assert [line["transaction_id"] for line in alone["evidence"]["lines"]] == ["lone"]
    assert (closed.status, closed.json["status"]) == (200, "closed")


def test_what_is_missing_there_is_found_once_the_day_after_is_covered(books: Books) -> None:
    """A day is judged with its neighbour; a failed payment and one of another wallet miss nothing.

    So does one that a statement has, in whichever state its line is.
    """
    day = TODAY - timedelta(days=9)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=DOUALA)
    lost = books.add_payment(noon)
    refund = books.add_payment(noon, id=new_id("rf", int(noon.timestamp() * 1000)), kind="refund")
    books.add_payment(noon, state="failed")
    books.add_payment(noon, operator_account=books.till.paying_account)
    books.add_payment(noon, reference="told")
    books.add_payment(noon + timedelta(days=1))
    told = Line(AMOUNT + 7, reference="told", time="T11:00:00Z")
    alone = books.match([told], first=day)
    with_next = books.match([], first=day + timedelta(days=1))

    assert alone == {"amount_differs": 1}
    assert with_next == {"missing_there": 2}
    assert [case for case in books.cases() if case[1] == "statement_missing_there"] == sorted(
        [(lost, "statement_missing_there"), (refund, "statement_missing_there")]
    )


def test_a_line_is_a_hint_to_read(books: Books) -> None:
    """Moved there and not paid here: a case, and a check is due at once, that alone decides."""
    charge, line = books.paid()
    rows = books.till.rows
    rows.run("UPDATE platform.payment_index SET state = 'unknown' WHERE object_id = :id", id=charge)
    check = "object_id = :id AND kind = 'payment_check'"
    before = rows.platform("due_work", check, id=charge)
    counts = books.match([line], first=TODAY - timedelta(days=1), last=TODAY)
    (due,) = rows.platform("due_work", check, id=charge)

    assert counts == {"missing_here": 1}
    assert books.cases() == [(charge, "statement_missing_here")]
    assert before[0]["done_at"] is not None
    assert (due["done_at"], due["due_at"] <= datetime.now(UTC)) == (None, True)
    assert books.till.settle(charge).status == 204


def test_a_day_that_is_not_over_proves_no_absence(books: Books) -> None:
    """A statement taken at noon says nothing of the evening."""
    yesterday = TODAY - timedelta(days=1)
    noon = datetime(yesterday.year, yesterday.month, yesterday.day, 12, tzinfo=DOUALA)
    books.add_payment(noon)

    assert books.match([], first=yesterday, last=TODAY) == {}


def test_days_that_overlap_tell_nothing_twice(books: Books) -> None:
    """The same lines in a longer statement match again; a case stays one, closed ones closed."""
    charge, line = books.paid()
    odd = Line(77, transaction_id="odd", time=line.time)
    books.match([line, odd], first=TODAY - timedelta(days=1), last=TODAY)
    before = books.cases()
    books.till.rows.run(
        "UPDATE platform.cases SET closed_at = now(), closed_by = 'x', close_reason = 'y'"
        " WHERE object_id = :id",
        id=before[0][0],
    )
    again = books.match([line, odd], first=TODAY - timedelta(days=2), last=TODAY)

    assert again == {"matched": 1, "missing_here": 1}
    assert (len(before), books.cases()) == (1, before)
    assert charge


def test_the_same_bytes_are_taken_once(books: Books, archive: dict[str, bytes]) -> None:
    """Refused by their hash, with the statement that they are; nothing is stored beside it."""
    content = written([], account=books.name)
    first = books.upload(content)
    before = books.till.rows.snapshot()
    second = books.upload(content)

    assert (second.status, second.error["code"]) == (400, "statement_known")
    assert first.json["id"] in second.error["message"]
    assert books.till.rows.snapshot() == before
    assert len(archive) == 1


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ((b"XAF,0,", b"XAF,=1+1,"), "statement_cell_invalid", "fee"),
        ((b",", b";"), "statement_separator", None),
        ((b"statement.v1", b"statement.v2"), "statement_version_unknown", "version"),
        ((b"end,", b"fin,"), "statement_cell_invalid", "external_id"),
    ],
)
def test_a_bad_statement_stores_nothing(
    books: Books,
    archive: dict[str, bytes],
    change: tuple[bytes, bytes],
    code: str,
    param: str | None,
) -> None:
    """The last fault counts as the first: no bytes, no row, no message."""
    lines = [Line(1) for _ in range(BATCH)]
    content = written(lines, account=books.name)
    place = content.rindex(change[0])
    bad = content[:place] + content[place:].replace(*change)
    if change[0] in {b",", b"statement.v1"}:
        bad = content.replace(*change)
    before = books.till.rows.snapshot()
    refused = books.upload(bad)

    assert (refused.status, refused.error["code"]) == (400, code)
    assert refused.error.get("param") == param
    assert (books.till.rows.snapshot(), archive) == (before, {})


def test_another_wallets_statement_is_refused(books: Books, archive: dict[str, bytes]) -> None:
    """Its name is of none of our accounts, or its days have not begun."""
    other = books.upload(written([], account="wallet-of-somebody"))
    early = books.upload(written([], account=books.name, first=TODAY + timedelta(days=2)))

    assert (other.status, other.error["code"]) == (400, "statement_account_unknown")
    assert (early.status, early.error["code"]) == (400, "statement_not_over")
    assert archive == {}


def test_what_is_no_csv_or_too_large_is_refused(books: Books) -> None:
    """By its type, by its size, and empty."""
    json = books.upload(b"{}", headers={"Content-Type": "application/json"})
    large = books.upload(b"x" * (LARGEST_BYTES + 1))
    empty = books.upload(b"")

    assert (json.status, large.status, empty.status) == (415, 413, 400)
    assert "Content-Type: text/csv." in json.error["message"]


def test_a_store_that_is_down_takes_nothing(books: Books, object_store: ScriptedServer) -> None:
    """Not kept under lock is not kept at all: come again."""
    keeping, object_store.script = object_store.script, lambda _: answer(503)
    before = books.till.rows.snapshot()
    refused = books.upload(written([], account=books.name))
    object_store.script = keeping

    assert refused.status == 503
    assert books.till.rows.snapshot() == before
    assert books.upload(written([], account=books.name)).status == 200


def test_only_administrators_upload_and_look(books: Books) -> None:
    """Not a merchant's key, not a merchant, nobody; and to upload she signs in anew."""
    content = written([], account=books.name)
    statement = books.upload(content).json["id"]
    manage = books.door("manage_platform")
    stale = books.upload(written([], account=books.name, opening=1), ago=4000)
    for key, status in (
        (None, 401),
        (books.till.account.secret_key, 401),
        (books.realm.token("somebody"), 403),
    ):
        assert manage.post(PATH, content, key=key, headers=CSV).status == status
        assert manage.get(PATH, key=key).status == status
        assert manage.get(f"{PATH}/{statement}", key=key).status == status

    assert (stale.status, stale.error["code"]) == (403, "step_up_required")
    assert books.get(f"{PATH}/stm_222222222222222222222222").status == 404
    assert books.get(f"{PATH}?operator_account=acct_1").status == 400


def test_a_message_twice_changes_nothing(books: Books) -> None:
    """Delivered again after it was done, it is acknowledged, and so is one of no statement."""
    statement = books.take([Line(5, transaction_id="once")])
    assert books.ingest(statement).status == 204
    before = books.till.rows.snapshot()
    gone = Message("msg_1", STATEMENT_UPLOADED, "platform", False, "stm_1")  # noqa: FBT003 - a row

    assert books.ingest(statement).status == 204
    assert ingest(gone) == "unknown_statement"
    assert books.till.rows.snapshot() == before


def ingest(message: Message, at: str = "", after: int = 0) -> str:
    """Match in this process, which dies at a point when it comes there once more than so often."""
    how, seen = statements.ingestion(), []

    def reached(point: str) -> None:
        if point == at:
            seen.append(point)
        if len(seen) > after:
            raise Died

    how = type(how)(how.archive, how.parser, how.now, reached, how.is_stopping)
    return ingest_statement(message, store=statements.matching(), how=how)


@pytest.mark.parametrize(
    ("point", "after", "done"),
    [
        ("before_batch", 0, 0),
        ("after_batch", 0, BATCH),
        ("before_batch", 1, BATCH),
        ("after_batch", 1, 2 * BATCH),
        ("before_finish", 0, 2 * BATCH + 3),
        ("after_finish", 0, 2 * BATCH + 3),
    ],
)
def test_who_dies_in_the_middle_goes_on_there(
    books: Books, point: str, after: int, done: int
) -> None:
    """Each line is judged once, each case opened once, wherever the first worker ended."""
    lines = [Line(1 + n % 7, transaction_id=f"T{n}") for n in range(2 * BATCH + 2)]
    lines.append(Line(5, transaction_id="T3"))
    statement = books.take(lines)
    with dying():
        ingest(books.message(statement), f"ingest_statement.{point}", after)
    (row,) = books.till.rows.run(
        "SELECT lines_done FROM platform.statements WHERE id = :id", id=statement
    )
    assert books.ingest(statement).status == 204

    assert row == [done]
    assert books.counts(statement) == {"missing_here": 2 * BATCH + 2, "duplicate": 1}
    assert len(books.cases()) == 2 * BATCH + 3


@contextmanager
def dying() -> Iterator[None]:
    """Expect a death."""
    with pytest.raises(Died):
        yield


def test_a_damaged_archive_matches_nothing(books: Books, archive: dict[str, bytes]) -> None:
    """Other bytes than were uploaded are asked for again, and no line is taken from them."""
    statement = books.take([Line(5)])
    (place,) = archive
    archive[place] = archive[place].replace(b",5,", b",6,")

    assert books.ingest(statement).status == 503
    assert books.counts(statement) == {}


def test_no_number_of_a_payer_is_stored(books: Books) -> None:
    """What looks like one in an operator's columns is in no row."""
    statement = books.take([Line(5, reference="237670000001", external_id="670000001")])
    assert books.ingest(statement).status == 204
    rows = books.till.rows.run(
        "SELECT l::text FROM platform.statement_lines l WHERE statement_id = :id", id=statement
    )

    assert "670000001" not in str(rows)
