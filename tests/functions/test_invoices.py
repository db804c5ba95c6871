"""Monthly invoices: counted from the ledger, numbered without a gap, printed, read, proven."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from shared.db.invoices import Issuing
from shared.domain.events import INVOICE_ISSUED, Message
from shared.domain.ids import new_id
from shared.domain.invoice import SETTLES, begins, month_of, next_month
from shared.operations import issue_invoices as operation
from shared.operations.issue_invoices import issue_invoices
from shared.runtime import wiring
from tests.database import Account, MakeAccount
from tests.factories import an_id, moment
from tests.functions.door import Door
from tests.functions.till import Till
from tests.scripted_server import Seen

Postings = dict[str, int]
CHARGE = {"float:opa_x": 1500, "pending": -1418, "fees:platform": -55, "fees:operator": -16,
          "taxes:vat": -11}  # fmt: skip
PAYOUT = {"held": 1022, "float:opa_x": -1000, "fees:platform": -20, "taxes:transfer": -2}
RETURNED = {"pending": 80, "fees:platform": 18, "taxes:vat": 2, "held": -100}
SETTLED = {"fees:operator": 16, "float:opa_x": -16}


class Year:
    """The ledger of a till's account in the months before this one."""

    def __init__(self, till: Till, *, livemode: bool = False) -> None:
        self.till = till
        self.tenant = till.account.live if livemode else till.account.test
        self.this = month_of(moment())
        self.last = (self.this - timedelta(days=1)).replace(day=1)
        self.before = (self.last - timedelta(days=1)).replace(day=1)

    def book(self, kind: str, postings: Postings, month: date, *, offset: timedelta) -> None:
        """Post by hand so long after a month began in Douala."""
        at = begins(month) + offset
        transaction = new_id("txn", int(at.timestamp() * 1000))
        self.till.rows.run(
            f'INSERT INTO "{self.tenant.schema}".ledger_transactions'
            " (id, kind, object_id, created_at) VALUES (:id, :kind, :about, :at)",
            id=transaction,
            kind=kind,
            about=an_id("ch"),
            at=at,
        )
        self.till.rows.run(
            f'INSERT INTO "{self.tenant.schema}".postings (transaction_id, position, code, amount)'
            " SELECT :id, p.n, p.code, p.amount"
            " FROM unnest(CAST(:codes AS text[]), CAST(:amounts AS bigint[]))"
            " WITH ORDINALITY AS p(code, amount, n)",
            id=transaction,
            codes=list(postings),
            amounts=list(postings.values()),
        )

    def fill(self) -> None:
        """A month of all that there is, its edges too, and one before it with one charge."""
        hour, length = timedelta(hours=1), next_month(self.last) - self.last
        self.book("charge", CHARGE, self.before, offset=timedelta(days=3))
        self.book("charge", CHARGE, self.last, offset=timedelta())
        self.book("charge", CHARGE, self.last, offset=length - timedelta(milliseconds=1))
        self.book("payout_succeeded", PAYOUT, self.last, offset=hour)
        self.book("refund_created", RETURNED, self.last, offset=2 * hour)
        self.book("operator_fee", SETTLED, self.last, offset=3 * hour)
        self.book("charge", CHARGE, self.this, offset=timedelta())

    def summed(self, month: date, *codes: str) -> int:
        """What merchants' transactions of a month posted to some accounts, by another query."""
        rows = self.till.rows.run(
            "SELECT COALESCE(-sum(p.amount), 0)"
            f' FROM "{self.tenant.schema}".postings p'
            f' JOIN "{self.tenant.schema}".ledger_transactions t ON t.id = p.transaction_id'
            " WHERE t.kind <> 'operator_fee' AND p.code = ANY(:codes)"
            " AND to_char(t.created_at AT TIME ZONE 'Africa/Douala', 'YYYY-MM') = :month",
            codes=list(codes),
            month=f"{month:%Y-%m}",
        )
        return int(rows[0][0])

    def rows(self) -> list[dict[str, Any]]:
        """Its invoices as stored."""
        found = self.till.rows.platform("invoices", "livemode = :mode", mode=self.tenant.livemode)
        return sorted(found, key=lambda row: row["sequence"])


def settled() -> datetime:
    """Now; an hour on in the first hour of a month: the one before is invoiced after it."""
    now = wiring.now()
    return now + SETTLES if month_of(now - SETTLES) < month_of(now) else now


def issue() -> int:
    """Have all months before this one invoiced."""
    store = Issuing(wiring.worker_database())
    return issue_invoices(store, now=settled, has_time=lambda: True, reached=lambda _: None)


@pytest.fixture
def account(account_in_both_modes: Account) -> Account:
    """In both modes."""
    return account_in_both_modes


@pytest.fixture
def year(till: Till) -> Year:
    """A till's account with two months behind it."""
    made = Year(till)
    made.fill()
    return made


def printed(till: Till, row: dict[str, Any]) -> Message:
    """What asks for the print of an invoice."""
    (message,) = till.rows.platform(
        "outbox", "topic = :topic AND object_id = :id", topic=INVOICE_ISSUED, id=row["id"]
    )
    return Message(message["id"], INVOICE_ISSUED, row["account_id"], row["livemode"], row["id"])


def test_each_month_with_fees_has_one_invoice(year: Year, read_payments: Door) -> None:
    """Its lines are the ledger's sums; operators that are paid, and other months, are not in it."""
    issue()
    issue()

    reply = read_payments.get("/v1/invoices", key=year.till.account.secret_key)
    last, before = reply.json["data"]
    assert reply.status == 200
    assert [row["sequence"] for row in year.rows()] == [1, 2]
    assert (before["total"], before["tax"]) == (82, 11)
    assert last["lines"] == [
        {"for": "charge", "type": "platform", "count": 2, "amount": 110},
        {"for": "charge", "type": "operator", "count": 2, "amount": 32},
        {"for": "charge", "type": "vat", "count": 2, "amount": 22},
        {"for": "fee_return", "type": "platform", "count": 1, "amount": -18},
        {"for": "fee_return", "type": "vat", "count": 1, "amount": -2},
        {"for": "payout", "type": "platform", "count": 1, "amount": 20},
        {"for": "payout", "type": "transfer_tax", "count": 1, "amount": 2},
    ]
    fees = ("fees:platform", "fees:operator", "taxes:vat", "taxes:transfer", "taxes:levy")
    assert last["total"] == year.summed(year.last, *fees) == 166
    assert last["tax"] == year.summed(year.last, "taxes:vat")
    assert (last["period_start"], last["period_end"]) == (
        int(begins(year.last).timestamp()),
        int(begins(year.this).timestamp()),
    )
    assert [each["number"][-7:] for each in (before, last)] == ["-000001", "-000002"]
    one = read_payments.get(f"/v1/invoices/{last['id']}", key=year.till.account.secret_key)
    assert one.json == last
    assert read_payments.get(
        f"/v1/invoices/in_{'2' * 24}", key=year.till.account.secret_key
    ).status == 404  # fmt: skip


def test_a_month_in_slices_comes_to_the_same(year: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few transactions one look counts, and wherever a run was cut off between two."""
    monkeypatch.setattr(operation, "MOST_COUNTED", 2)
    store, looks = Issuing(wiring.worker_database()), iter([True] * 3 + [False] * 9)
    issue_invoices(store, now=settled, has_time=lambda: next(looks), reached=lambda _: None)

    issue()

    totals = [sum(line["amount"] for line in row["lines"]) for row in year.rows()]
    assert totals == [82, 166]


def test_runs_at_once_issue_one(year: Year) -> None:
    """Whoever comes second finds the month locked, or done."""
    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda _: issue(), range(8)))

    assert [(row["sequence"], row["month"]) for row in year.rows()] == [
        (1, year.before),
        (2, year.last),
    ]
    assert len(year.till.rows.platform("outbox", "topic = 'invoice-issued'")) == 2


def test_months_without_fees_have_none_and_leave_no_gap(till: Till) -> None:
    """Numbers count invoices, not months."""
    year = Year(till)
    long_ago = (year.before - timedelta(days=40)).replace(day=1)
    year.book("charge", CHARGE, long_ago, offset=timedelta(days=1))
    year.book("hold_released", {"pending": 5, "available": -5}, year.before, offset=timedelta(1))
    year.book("charge", CHARGE, year.last, offset=timedelta(days=1))

    issue()

    assert [(row["sequence"], row["month"]) for row in year.rows()] == [
        (1, long_ago),
        (2, year.last),
    ]


def test_a_month_that_is_not_over_is_not_invoiced(till: Till) -> None:
    """Not by the clock, and not by whoever calls the function itself."""
    year = Year(till)
    year.book("charge", CHARGE, year.this, offset=timedelta())

    issue()

    assert year.rows() == []
    (series,) = till.rows.platform("invoice_series", "NOT livemode")
    assert series["month"] == year.this
    store = Issuing(wiring.worker_database())
    wanted = operation._slice(year.tenant, year.this, moment())
    assert store.issue(wanted, most=10) is operation.Issued.BUSY
    assert year.rows() == []


@pytest.mark.parametrize("livemode", [False, True])
def test_an_invoice_is_printed_locked_told_and_proven(
    till: Till, kept: list[Seen], door: Callable[[str], Door], *, livemode: bool
) -> None:
    """Once, however often the message comes; its page is for whoever has the code."""
    year = Year(till, livemode=livemode)
    year.fill()
    issue()
    (_, row) = year.rows()
    message = printed(till, row)

    replies = [till.push("render_receipt", message) for _ in range(2)]

    assert [reply.status for reply in replies] == [204, 204]
    (put,) = kept
    mode = "live" if livemode else "test"
    assert put.path.startswith(f"/receipts/invoices/{till.account.id}/{mode}/{row['id']}.pdf")
    assert put.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    events = till.rows.run(
        f"SELECT object_id FROM \"{year.tenant.schema}\".events WHERE type = 'invoice.available'"
    )
    assert events == [[row["id"]]]
    stored = year.rows()[1]
    assert (stored["version_id"], stored["object_key"]) == ("v1", put.path[10:].partition("?")[0])
    page = door("verify_receipt").get(f"/verify/{row['code']}", headers={"Accept-Language": "en"})
    assert page.status == 200
    assert "Fee invoice of" in page.content.decode()
    assert stored["sha256"] in page.content.decode()


def test_nobody_reads_another_s_invoices(
    year: Year, read_payments: Door, make_account: MakeAccount
) -> None:
    """Another account finds an empty list, and nothing under the id."""
    issue()
    (row, _) = year.rows()
    stranger = make_account()

    assert read_payments.get("/v1/invoices", key=stranger.secret_key).json["data"] == []
    reply = read_payments.get(f"/v1/invoices/{row['id']}", key=stranger.secret_key)
    assert reply.status == 404
