"""A batch of payouts through the doors: taken or refused whole, sent in turn, told by line."""

import csv
import io
from typing import Any, Final

import pytest

from shared.domain.events import PAYOUT_CHECK_DUE
from shared.domain.ids import is_id
from tests.factories import an_id
from tests.functions.door import Door, Reply
from tests.functions.till import Till
from tests.scripted_server import Seen

PATH: Final = "/v1/payout_batches"
NUMBERS: Final = ("+237670000001", "+237670000002", "+237670000003")
FILE: Final = (
    b"phone,amount,name,reference\r\n+237670000001,1500,Awa Njoya,s-1\r\n670000002,200,,s-2\r\n"
)


class Desk:
    """A shop that pays many at once."""

    def __init__(self, till: Till, create: Door, read: Door) -> None:
        """It has 10 000 FCFA."""
        till.fund()
        self.till, self._create, self._read = till, create, read
        till.rows.run("DELETE FROM platform.payout_rates")

    def ask(
        self,
        body: object,
        *,
        key: str | None = None,
        kind: str = "application/json",
        language: str = "en",
    ) -> Reply:
        """Ask for a batch, under a new key where none is named."""
        headers = {
            "Idempotency-Key": key or an_id("key"),
            "Content-Type": kind,
            "Accept-Language": language,
        }
        return self._create.post(PATH, body, key=self.till.account.secret_key, headers=headers)

    def made(self, *amounts: int, **more: Any) -> str:
        """Make a batch that pays a number for each amount; return its id."""
        reply = self.ask(a_batch(*amounts, **more))
        assert reply.status == 200, reply.json
        return str(reply.json["id"])

    def look(self, batch_id: str) -> Reply:
        """Have it looked at, as the clock does."""
        return self.till.push("settle_payout", self.till.message(PAYOUT_CHECK_DUE, batch_id))

    def cancel(self, batch_id: str) -> Reply:
        """Take it back."""
        return self._create.post(f"{PATH}/{batch_id}/cancel", {}, key=self.till.account.secret_key)

    def shown(self, path: str) -> Reply:
        """What the merchant reads there."""
        path = path if path.startswith("?") else f"/{path}"
        return self._read.get(f"{PATH}{path}", key=self.till.account.secret_key)

    def lines(self) -> list[dict[str, Any]]:
        """The lines as stored, in their order."""
        return sorted(self.till.rows.of("payouts"), key=lambda row: int(row["batch_line"]))

    def pay(self, line: dict[str, Any], **word: str) -> None:
        """Have a released line sent and settled."""
        self.till.payout_word = {
            "amount": str(line["amount"]),
            "payee": {"partyIdType": "MSISDN", "partyId": line["phone"].removeprefix("+")},
            **word,
        }
        assert self.till.submit_payout(line["id"]).status == 204
        assert self.till.settle_payout(line["id"]).status == 204


def a_batch(*amounts: int, **more: Any) -> dict[str, Any]:
    """A batch that pays a number for each amount."""
    lines = [
        {"amount": amount, "destination": {"type": "mobile_money", "phone": phone}}
        for amount, phone in zip(amounts, NUMBERS, strict=False)
    ]
    return {"currency": "xaf", "payouts": lines, **more}


def tally(reply: Reply) -> dict[str, tuple[int, int]]:
    """How many lines are in which status, and what they pay."""
    progress: dict[str, dict[str, int]] = reply.json["progress"]
    return {
        word: (each["count"], each["amount"]) for word, each in progress.items() if each["count"]
    }


@pytest.fixture
def desk(till: Till, create_payout: Door, read_payments: Door) -> Desk:
    """A shop of its own for each test."""
    return Desk(till, create_payout, read_payments)


def test_a_batch_is_taken_and_held_as_one(desk: Desk) -> None:
    """One hold, one event, one due row; its lines wait for their turn, nothing is sent."""
    reply = desk.ask(a_batch(1500, 200, 300, description="November", metadata={"run": "11"}))

    batch = reply.json

    assert (reply.status, batch["status"], batch["amount"], batch["count"]) == (
        200, "processing", 2000, 3,
    )  # fmt: skip
    assert is_id(batch["id"], "pb")
    assert tally(reply) == {"pending": (3, 2000)}
    assert desk.till.balances() == {"available": -8000, "held": -2000}
    rows = desk.till.rows
    [posted] = rows.of("ledger_transactions")
    assert (posted["kind"], posted["object_id"]) == ("payout_batch_created", batch["id"])
    assert [event["type"] for event in rows.of("events")] == ["payout_batch.processing"]
    [due] = rows.platform("due_work", "kind = 'payout_check'")
    assert due["object_id"] == batch["id"]
    assert rows.platform("outbox", "topic = 'payout-ready'") == []
    assert [(line["status"], line["batch_line"]) for line in desk.lines()] == [
        ("queued", 1), ("queued", 2), ("queued", 3),
    ]  # fmt: skip
    assert desk.shown(batch["id"]).json == batch


def test_what_is_no_batch_is_told_what_one_is(desk: Desk) -> None:
    """A file in another encoding or as another type learns of both that are taken."""
    for kind in ("text/plain", "text/csv; charset=iso-8859-1", ""):
        refused = desk.ask(FILE, kind=kind)

        assert refused.status == 415
        assert "application/json, text/csv" in refused.error["message"]


def test_lines_are_released_sent_and_told_one_by_one(desk: Desk, kept: list[Seen]) -> None:
    """Each is an ordinary payout from then on; what one does not pay comes back alone."""
    batch_id = desk.made(1500, 200, 300)

    assert desk.look(batch_id).status == 204
    lines = desk.lines()
    messages = desk.till.rows.platform("outbox", "topic = 'payout-ready'")
    dues = desk.till.rows.platform("due_work", "kind = 'payout_check'")
    assert [line["status"] for line in lines] == ["created"] * 3
    assert {message["object_id"] for message in messages} == {line["id"] for line in lines}
    assert {due["object_id"] for due in dues} == {batch_id, *(line["id"] for line in lines)}
    desk.pay(lines[0])
    desk.pay(lines[1])
    assert tally(desk.shown(batch_id)) == {"pending": (1, 300), "paid": (2, 1700)}
    desk.look(batch_id)
    assert desk.shown(batch_id).json["status"] == "processing"
    desk.pay(lines[2], status="FAILED", reason="PAYEE_NOT_FOUND")
    desk.look(batch_id)

    batch = desk.shown(batch_id)
    assert (batch.json["status"], tally(batch)) == (
        "completed", {"paid": (2, 1700), "failed": (1, 300)},
    )  # fmt: skip
    assert desk.till.balances() == {
        "available": -8300, f"float:{desk.till.paying_account}": -1700,
    }  # fmt: skip
    assert len(kept) == 3
    assert sorted(e["type"] for e in desk.till.rows.of("events")) == [
        "payout.failed", "payout.paid", "payout.paid",
        "payout_batch.completed", "payout_batch.processing",
    ]  # fmt: skip
    assert [
        due["object_id"]
        for due in desk.till.rows.platform("due_work", "kind = 'payout_check'")
        if due["done_at"] is None
    ] == []
    settled = desk.till.rows.snapshot()
    assert desk.look(batch_id).status == 204
    assert desk.till.rows.snapshot() == settled


def test_the_results_tell_of_each_line_and_run_in_no_spreadsheet(
    desk: Desk, kept: list[Seen]
) -> None:
    """One row for each payout in the order of the file; no whole number, no formula."""
    body = a_batch(1500, 200)
    body["payouts"][0]["destination"]["name"] = "=cmd|' /C calc'!A0"
    batch_id = str(desk.ask(body).json["id"])
    desk.look(batch_id)
    desk.pay(desk.lines()[0])

    reply = desk.shown(f"{batch_id}/results")

    assert reply.headers["Content-Type"].startswith("text/csv")
    first, second = csv.DictReader(io.StringIO(reply.content.decode()))
    assert (first["line"], first["status"], first["operator_transaction_id"]) == (
        "1", "paid", "1234567890",
    )  # fmt: skip
    assert (first["name"], first["phone"]) == ("'=cmd|' /C calc'!A0", "2376****01")
    assert (second["line"], second["status"], second["amount"]) == ("2", "pending", "200")
    assert len(kept) == 1


def test_a_file_is_the_same_as_lines_in_json(desk: Desk) -> None:
    """Its rows number its lines; the mark that spreadsheets put in front is no word of it."""
    reply = desk.ask(b"\xef\xbb\xbf" + FILE, kind="text/csv; charset=utf-8", key="a file")

    assert (reply.status, reply.json["count"], reply.json["amount"]) == (200, 2, 1700)
    shown = desk.shown(f"{reply.json['id']}/payouts").json["data"]
    assert [(p["payout_batch_line"], p["reference"], p["destination"]["name"]) for p in shown] == [
        (2, "s-1", "Awa Njoya"), (3, "s-2", None),
    ]  # fmt: skip
    again = desk.ask(FILE, kind="text/csv", key="a file")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (reply.content, "true")
    other = desk.ask(FILE.replace(b"1500", b"1501"), kind="text/csv", key="a file")
    assert other.error["code"] == "idempotency_key_reused"


def test_every_error_is_told_at_once_and_nothing_moves(desk: Desk) -> None:
    """By line and column, whichever kind it is; the key stays free."""
    before = desk.till.rows.snapshot()
    wrong = (
        b"phone,amount,name,reference\n"
        b"+237670000001,1500,Awa,s-1\n"
        b"+33612345678,12.5,=1+1,s-2\n"
        b"677,,Awa,s-1\n"
        b"+237670000001,1500,Awa\n"
        b"+237670000009,999999999,Awa,s-9\n"
    )

    reply = desk.ask(wrong, kind="text/csv", key="wrong")

    assert (reply.status, reply.error["code"], reply.error["param"]) == (
        400, "batch_invalid", "payouts",
    )  # fmt: skip
    assert [(e["line"], e["column"], e["code"]) for e in reply.error["lines"]] == [
        (3, "name", "csv_formula"),
        (3, "amount", "amount_not_whole"),
        (3, "phone", "phone_foreign"),
        (4, "amount", "amount_missing"),
        (4, "phone", "phone_invalid"),
        (5, None, "csv_cells_differ"),
        (5, "phone", "line_duplicate"),
        (6, "amount", "amount_too_large"),
    ]
    assert all(each["message"] for each in reply.error["lines"])
    assert desk.till.rows.snapshot() == before
    assert desk.ask(FILE, kind="text/csv", key="wrong").status == 200


@pytest.mark.parametrize(("chosen", "said"), [("fr", "1 erreur,"), ("en", "1 error,")])
def test_one_error_is_said_to_be_one(desk: Desk, chosen: str, said: str) -> None:
    """A merchant reads her own language, its grammar too."""
    reply = desk.ask(a_batch(100, 0), language=chosen)

    assert reply.error["code"] == "batch_invalid"
    assert said in reply.error["message"]


def test_what_the_books_refuse_is_refused_whole(desk: Desk) -> None:
    """Too little money, or references of others: nothing is stored and each line is named."""
    assert desk.till.ask_payout(reference="taken").status == 200
    before = desk.till.rows.snapshot()
    body = a_batch(100, 200, 300)
    body["payouts"][1]["reference"] = "taken"

    poor, taken = desk.ask(a_batch(9000, 200)), desk.ask(body)

    assert (poor.status, poor.error["code"]) == (400, "balance_insufficient")
    assert [(e["line"], e["column"], e["code"]) for e in taken.error["lines"]] == [
        (2, "reference", "reference_in_use")
    ]
    assert desk.till.rows.snapshot() == before


def test_what_waits_comes_back_when_a_batch_is_canceled(desk: Desk, kept: list[Seen]) -> None:
    """At once, whole, and once; nobody can have it sent any more."""
    batch_id = desk.made(1500, 200, 300)

    first, again = desk.cancel(batch_id), desk.cancel(batch_id)

    assert (first.json["status"], tally(first)) == ("canceled", {"canceled": (3, 2000)})
    assert again.json == first.json == desk.shown(batch_id).json
    assert desk.till.balances() == {"available": -10_000}
    assert desk.look(batch_id).status == 204
    assert {line["status"] for line in desk.lines()} == {"canceled"}
    assert kept == []
    events = [event["type"] for event in desk.till.rows.of("events")]
    assert sorted(events) == ["payout_batch.canceled", "payout_batch.processing"]


def test_nothing_comes_back_of_a_batch_until_the_journal_is_read_in(desk: Desk) -> None:
    """A server that was put back may have forgotten which lines were sent: it says to wait."""
    batch_id, rows = desk.made(1500, 200), desk.till.rows
    held = desk.till.balances()
    rows.run(
        "INSERT INTO platform.journal_reads (server, restored_to, began_at, ended_at)"
        " VALUES ('another/00000001', now(), now(), now())"
    )
    try:
        refused = desk.cancel(batch_id)
    finally:
        rows.run("DELETE FROM platform.journal_reads WHERE server = 'another/00000001'")

    assert (refused.status, refused.error["code"]) == (503, "temporarily_unavailable")
    assert desk.till.balances() == held
    assert desk.cancel(batch_id).json["status"] == "canceled"


def test_what_is_on_its_way_ends_a_canceled_batch(desk: Desk, kept: list[Seen]) -> None:
    """What was released is not taken back with it; the batch is canceled once that has ended."""
    desk.till.rows.run(
        "INSERT INTO platform.dated_rules (id, kind, account_id, valid_from, data) VALUES"
        " (:id, 'payout_rate', :account, '2020-01-01Z', '{\"per_second\": 1, \"unsent\": 1}')",
        id=an_id("rule"),
        account=desk.till.account.id,
    )
    batch_id = desk.made(1500, 200, 300)
    desk.look(batch_id)
    desk.look(batch_id)
    assert [line["status"] for line in desk.lines()] == ["created", "queued", "queued"]

    stopped = desk.cancel(batch_id)

    assert (stopped.json["status"], stopped.json["status_detail"], tally(stopped)) == (
        "processing", "canceling", {"pending": (1, 1500), "canceled": (2, 500)},
    )  # fmt: skip
    assert desk.till.balances() == {"available": -8500, "held": -1500}
    desk.pay(desk.lines()[0])
    desk.look(batch_id)
    batch = desk.shown(batch_id)
    assert (batch.json["status"], tally(batch)) == (
        "canceled", {"paid": (1, 1500), "canceled": (2, 500)},
    )  # fmt: skip
    assert desk.cancel(batch_id).json == batch.json
    assert len(kept) == 1


def test_one_line_can_be_taken_back_alone(desk: Desk) -> None:
    """Before its turn; the others go on."""
    batch_id = desk.made(1500, 200)
    line = desk.lines()[0]

    assert desk.till.cancel_payout(line["id"]).json["status"] == "canceled"

    assert desk.till.balances() == {"available": -9800, "held": -200}
    assert desk.cancel(batch_id).json["status"] == "canceled"
    assert desk.till.balances() == {"available": -10_000}
    assert desk.cancel(batch_id).status == 200


def test_the_books_show_a_batch_as_one_payout(desk: Desk, read_payments: Door) -> None:
    """One line for the hold, one for what came back at once, signed as a payout's are."""
    batch_id = desk.made(1500, 200)
    desk.cancel(batch_id)

    page = read_payments.get("/v1/balance_transactions", key=desk.till.account.secret_key).json

    assert [(t["type"], t["amount"], t["net"], t["source"]) for t in page["data"]] == [
        ("payout_failure", 1700, 1700, batch_id), ("payout", -1700, -1700, batch_id),
    ]  # fmt: skip


def test_lists_show_batches_and_their_lines(desk: Desk) -> None:
    """Newest first; lines in their order, page by page, by status."""
    ids = [desk.made(100, 200, 300), desk.made(10)]

    page = desk.shown("?limit=1").json
    older = desk.shown(f"?starting_after={ids[1]}").json
    lines = desk.shown(f"{ids[0]}/payouts?limit=2").json
    rest = desk.shown(f"{ids[0]}/payouts?starting_after={lines['data'][1]['id']}").json

    assert ([b["id"] for b in page["data"]], page["has_more"]) == ([ids[1]], True)
    assert [b["id"] for b in older["data"]] == [ids[0]]
    assert [p["amount"] for p in lines["data"]] == [100, 200]
    assert [p["amount"] for p in rest["data"]] == [300]
    assert desk.shown(f"{ids[0]}/payouts?status=paid").json["data"] == []
    assert desk.shown(f"{ids[0]}/payouts?status=returned").json["data"] == []
    assert desk.shown("?status=completed").json["data"] == []
    assert desk.shown("pb_222222222222222222222222/payouts").status == 404
    assert desk.shown("pb_222222222222222222222222/results").status == 404


def test_a_key_is_demanded(desk: Desk, create_payout: Door) -> None:
    """As for every payout."""
    reply = create_payout.post(PATH, a_batch(100), key=desk.till.account.secret_key)

    assert reply.error["code"] == "idempotency_key_missing"
