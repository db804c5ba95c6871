"""Reports from the door to the file: what stands in them is what the ledger has, once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.db.statement import Statement
from shared.domain.events import REPORT_REQUESTED
from shared.domain.report import LEASE, ReportFormat, ReportType
from shared.operations import report_pdf
from shared.operations.export_report import Exporting, export_report
from shared.operations.ports import StoreDownError
from shared.runtime import reports as wired
from shared.runtime import wiring
from shared.storage import report_store
from shared.storage.report_store import S3ReportStore
from tests.database import Database, MakeAccount
from tests.factories import an_id, moment
from tests.functions.door import Door
from tests.functions.press import FEE_CODES, HOUR, RULES, DeadError, Press, hour, state, topup
from tests.functions.till import AMOUNT, PAYER


@pytest.fixture
def busy(press: Press, migrated: Database, kept: object) -> Press:
    """A shop that charged, refunded, paid out and failed, with a price for each."""
    del kept
    till = press.till
    for rule in RULES:
        migrated.rule(till.account.id, "fee", rule)
    paid = [till.paid_charge(description=text) for text in ("=1+1", 'a "b", c', "Café")]
    till.create()
    refund_id = till.refund(paid[0], amount=500)
    till.submit_refund(refund_id)
    till.payout_word = {"amount": "500"}
    assert till.settle_refund(refund_id).status == 204
    topup(till, 10_000)
    where = {"type": "mobile_money", "phone": f"+{PAYER}"}
    sent, refused = (
        till.payout_made(amount=1000, destination={**where, "name": name})
        for name in ("Paul", "@SUM(A1)")
    )
    for payout_id, word in (
        (sent, {}),
        (refused, {"status": "FAILED", "reason": "PAYEE_NOT_FOUND"}),
    ):
        till.payout_word = {"amount": "1000", **word}
        till.submit_payout(payout_id)
        till.settle_payout(payout_id)
    return press


def test_payments_add_up_to_the_ledger(busy: Press) -> None:
    """Each charge and refund is a row; totals are what was posted; nothing is run by a sheet."""
    rows = busy.table(ReportType.PAYMENTS)

    *listed, charges, refunds = rows
    assert [row["Type"] for row in listed] == ["charge"] * 4 + ["refund"]
    assert [row["Status"] for row in listed].count("succeeded") == 4
    assert {row["Description"] for row in listed} == {"'=1+1", 'a "b", c', "Café", ""}
    assert {row["Number"] for row in listed} == {"2376****01"}
    of_charges = "t.kind = 'charge' AND"
    assert int(charges["Amount (XAF)"]) == 3 * AMOUNT
    assert int(charges["Net (XAF)"]) == busy.posted(f"{of_charges} code = 'pending'")
    assert int(charges["Fees (XAF)"]) == busy.posted(f"{of_charges} code LIKE 'fees:%'")
    assert int(charges["Taxes (XAF)"]) == busy.posted(f"{of_charges} code LIKE 'taxes:%'")
    assert int(charges["Refunded (XAF)"]) == int(refunds["Amount (XAF)"]) == 500
    own = "t.kind IN ('refund_created', 'refund_succeeded') AND"
    assert int(refunds["Fees (XAF)"]) == busy.posted(f"{own} code LIKE 'fees:%'") == 20
    merchants = f"{own} code IN ('pending', 'available', 'held')"
    assert int(refunds["Net (XAF)"]) == busy.posted(merchants)


def test_payouts_add_up_to_the_ledger(busy: Press) -> None:
    """What was paid is in the totals, what failed is in the rows alone and cost nothing."""
    paid, failed, total = busy.table(ReportType.PAYOUTS, language="fr")

    assert (paid["Statut"], failed["Statut"]) == ("paid", "failed")
    assert (paid["Bénéficiaire indiqué"], failed["Bénéficiaire indiqué"]) == ("Paul", "'@SUM(A1)")
    assert (failed["Frais (XAF)"], failed["Taxes (XAF)"]) == ("0", "0")
    own = "t.kind = 'payout_succeeded' AND"
    assert int(total["Montant (XAF)"]) == busy.posted(f"{own} code LIKE 'float:%'") == 1000
    assert int(total["Frais (XAF)"]) == busy.posted(f"{own} code LIKE 'fees:%'") == 20
    assert int(total["Taxes (XAF)"]) == busy.posted(f"{own} code LIKE 'taxes:%'") == 2


def test_fees_and_taxes_are_the_ledgers(busy: Press) -> None:
    """Line by line, and in all."""
    *lines, total = busy.table(ReportType.FEES_AND_TAXES)

    assert sum(int(line["Amount (XAF)"]) for line in lines) == int(total["Amount (XAF)"])
    assert int(total["Amount (XAF)"]) == busy.posted(FEE_CODES)
    assert {(line["For"], line["Line"]) for line in lines} == {
        ("Charge", "Our fee"),
        ("Charge", "VAT on our fee"),
        ("Refund", "Our fee"),
        ("Payout", "Our fee"),
        ("Payout", "Tax on transfers"),
    }


def test_a_balance_opens_moves_and_closes_as_the_ledger_does(busy: Press) -> None:
    """What was before an interval opens the next one, and what closes it is what there is."""
    rows = busy.table(ReportType.BALANCE)
    after = busy.table(ReportType.BALANCE, starts_at=moment() + HOUR, ends_at=moment() + 2 * HOUR)

    for words, code in (("Available", "available"), ("Pending", "pending"), ("Held", "held")):
        (opening, *moved, closing) = [row for row in rows if row["Balance"] == words]
        (later, same) = [row for row in after if row["Balance"] == words]
        amounts = [int(row["Amount (XAF)"]) for row in (opening, *moved)]
        stored = -busy.till.balances().get(code, 0)
        assert (opening["Entry"], closing["Entry"]) == ("Opening balance", "Closing balance")
        assert sum(amounts) == int(closing["Amount (XAF)"]) == stored
        assert int(later["Amount (XAF)"]) == int(same["Amount (XAF)"]) == stored
        assert opening["Amount (XAF)"] == "0"


def test_a_reconciliation_is_what_statements_say_of_ones_own(
    busy: Press, make_account: MakeAccount
) -> None:
    """Beside each payment that succeeded; nobody hears of another's."""
    rows = busy.till.rows.of("charges", "status = 'succeeded'")
    matched, differing, missing = sorted(row["id"] for row in rows)
    state(busy.till, matched, differing)
    stranger = make_account()

    table = busy.table(ReportType.RECONCILIATION)

    found = {row["Id"]: (row["Operator's statement"], row["Stated (XAF)"]) for row in table}
    assert found[matched] == ("matched", str(AMOUNT))
    assert found[differing] == ("another amount", str(AMOUNT - 1))
    assert found[missing] == ("missing in the statement", "")
    totals = [row for row in table if row["Type"] == "Total"]
    assert {
        (row["Id"], row["Created (Douala)"], row["Operator's statement"]) for row in totals
    } == {
        ("charge", "1", "matched"),
        ("charge", "1", "another amount"),
        ("charge", "1", "missing in the statement"),
        ("refund", "1", "no statement yet"),
        ("payout", "1", "no statement yet"),
    }
    asked = Statement("SELECT count(*) FROM platform.stated_payments(:ids::text[])")
    for tenant, count in ((stranger.test, 0), (busy.till.account.test, 1)):
        once = wiring.app_database().once(tenant, asked, ids=[matched])
        assert once.rows == [[count]]


@pytest.mark.parametrize(
    ("form", "start"), [(ReportFormat.XLSX, b"PK"), (ReportFormat.PDF, b"%PDF")]
)
def test_each_kind_of_file_is_written(press: Press, form: ReportFormat, start: bytes) -> None:
    """From the same rows, by the same way."""
    press.till.create()
    report_id = press.ask(ReportType.PAYMENTS, form)

    assert press.export(report_id) == "written"

    assert press.content(report_id).startswith(start)
    assert press.stored(report_id).rows == 1


def test_paper_is_refused_above_what_somebody_reads(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its merchant is told why."""
    monkeypatch.setattr(report_pdf, "MOST_ROWS", 0)
    press.till.create()
    report_id = press.ask(ReportType.PAYMENTS, ReportFormat.PDF)

    assert press.export(report_id) == "given_up"

    assert press.stored(report_id).failure_code == "report_too_large"
    assert press.told(report_id) == ["report.failed"]


def test_a_time_in_which_nothing_happened_has_a_report(press: Press) -> None:
    """Headings and totals of nothing, in the language that was asked for."""
    (charges, refunds) = press.table(ReportType.PAYMENTS, language="fr")

    assert charges["Type"] == "Total des paiements réussis"
    assert refunds["Net (XAF)"] == "0"


def test_a_long_report_is_sent_in_parts(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices and parts leave nothing out and nothing in twice."""
    schema = press.till.account.test.schema
    press.till.rows.run(
        f"""INSERT INTO "{schema}".charges (id, amount, currency, status, operator,
          operator_account_id, phone, description, submit_before, created_at)
        SELECT '{an_id("ch")[:-6]}' || lpad(translate(n::text, '0189', 'abcd'), 6, '2'), 100,
          'XAF', 'failed', 'mtn', 'opa_x', '+237670000001', repeat('x', 450), now(), now()
        FROM generate_series(1, 12000) AS n ON CONFLICT DO NOTHING"""
    )
    monkeypatch.setattr(report_store, "PART_BYTES", 5 * 1024 * 1024)

    *rows, _, _ = press.table(ReportType.PAYMENTS)

    stored = press.till.rows.run(f'SELECT count(DISTINCT id) FROM "{schema}".charges')[0][0]
    assert len(rows) == len({row["Id"] for row in rows}) == stored > 10_001


@pytest.mark.parametrize(
    "point",
    ["after_claim", "before_store", "after_store", "before_commit", "after_commit"],
)
def test_whoever_dies_leaves_one_file(press: Press, point: str) -> None:
    """Its successor begins when the lease is over; one file lies there, one event tells of it."""
    press.till.create()
    report_id = press.ask(ReportType.PAYMENTS)
    press.die_at = f"export_report.{point}"
    with pytest.raises(DeadError):
        press.export(report_id)
    at_once = press.export(report_id)
    press.later += 2 * LEASE

    words = [press.export(report_id) for _ in range(2)]

    done = point == "after_commit"
    assert at_once == ("ended_already" if done else "at_work")
    assert words == ["ended_already" if done else "written", "ended_already"]
    assert press.told(report_id) == ["report.succeeded"]
    file = press.stored(report_id).file
    assert file is not None
    assert press.lying() == [file.key]


def test_a_slow_one_that_was_overtaken_removes_its_own(press: Press) -> None:
    """Of two that wrote the last run's file is kept."""
    report_id = press.ask(ReportType.BALANCE)
    store = wired.store(press.till.account.test)
    slow = replace(wired.places(press.till.account.test), files=press.files)
    overtake = iter([True])

    def reached(point: str) -> None:
        if point == "export_report.before_commit" and next(overtake, False):
            press.later += 2 * LEASE
            assert press.export(report_id) == "written"

    how = Exporting(
        now=lambda: wiring.now() + 2 * HOUR,
        reached=reached,
        is_stopping=lambda: False,
        has_time=lambda: True,
        make_file=wired.make_file,
    )
    word = export_report(press.till.message(REPORT_REQUESTED, report_id), slow, how)

    found = store.find(report_id)
    assert word == "taken_over"
    assert found is not None
    assert found.file is not None
    assert press.lying() == [found.file.key]
    assert press.told(report_id) == ["report.succeeded"]


def test_a_store_that_is_away_puts_it_off(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits, longer each time, and is given up in the end; whoever waits is told."""
    report_id = press.ask(ReportType.BALANCE)

    def away(*_: object) -> None:
        raise StoreDownError("away")

    monkeypatch.setattr(S3ReportStore, "begin", away)
    monkeypatch.setattr(S3ReportStore, "remove_below", away)
    words = [press.export(report_id) for _ in range(11)]

    assert words == ["put_off"] * 10 + ["given_up"]
    assert press.told(report_id) == ["report.failed"]
    assert press.stored(report_id).failure_code == "report_failed"


def test_what_takes_too_long_is_given_up(press: Press) -> None:
    """Nothing of it stays in the store."""
    press.till.create()
    report_id = press.ask(ReportType.PAYMENTS)
    press.has_time = False

    assert press.export(report_id) == "given_up"
    assert press.stored(report_id).failure_code == "report_too_large"
    assert press.lying() == []


def test_a_file_goes_after_a_week(press: Press) -> None:
    """The report stays and says so; nothing of it is in the store."""
    report_id = press.ask(ReportType.BALANCE)
    press.export(report_id)
    press.later += timedelta(days=8)

    assert press.export(report_id) == "removed"

    assert press.lying() == []
    assert press.stored(report_id).file is None
    (due,) = press.till.rows.platform("due_work", "object_id = :id", id=report_id)
    assert due["done_at"] is not None


def test_nobody_reads_a_time_before_it_is_over(press: Press) -> None:
    """Who is called early leaves it as it is."""
    report_id = press.ask(ReportType.PAYMENTS)
    press.later = timedelta()
    before = press.till.rows.snapshot()

    assert press.export(report_id) == "too_early"
    assert press.till.rows.snapshot() == before


def test_a_report_gives_nothing_that_may_not_be_read_else(
    press: Press, manage_account: Door
) -> None:
    """A key without the right to payouts neither asks for theirs nor gets the address of one."""
    key = press.till.account.secret_key
    scopes = ["reports:read", "reports:write", "balance:read"]
    made = manage_account.post("/v1/api_keys", {"kind": "restricted", "scopes": scopes}, key=key)
    less = made.json["secret"]
    report_id = press.ask(ReportType.PAYOUTS)
    press.export(report_id)

    wish = {"report_type": "payouts", **hour(moment() - HOUR)}
    refused = manage_account.post("/v1/reports", wish, key=less)
    seen = manage_account.get(f"/v1/reports/{report_id}", key=less).json
    whole = manage_account.get(f"/v1/reports/{report_id}", key=key)

    assert (refused.status, refused.error["code"]) == (403, "permission_denied")
    assert seen["result"]["url"] is None
    assert whole.json["result"]["url"].startswith("http")
    assert whole.headers["Cache-Control"] == "no-store"
    assert whole.json["rows"] == 0


def test_a_push_writes_it(press: Press, object_store: Any) -> None:
    """By the function's own door; an unknown report is acknowledged."""
    del object_store
    report_id = press.ask(ReportType.BALANCE, ends_at=moment() - timedelta(minutes=1))

    replies = [
        press.till.push("export_report", press.till.message(REPORT_REQUESTED, each))
        for each in (report_id, an_id("frr"))
    ]

    assert [reply.status for reply in replies] == [204, 204]
    assert press.stored(report_id).run == 1
