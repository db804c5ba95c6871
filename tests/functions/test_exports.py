"""Files for spreadsheets: what people wrote is shown, and nothing of it is run."""

import csv
import io
from typing import Any, Final

import pytest

from shared.domain.report import ReportFormat, ReportType
from tests.factories import an_id
from tests.formulas import FORMULAS, live_cells, live_parts, texts_of
from tests.functions.door import Door
from tests.functions.press import Press, topup
from tests.trials import Trial

AMOUNT: Final = 700
WHERE: Final = {"type": "mobile_money"}


@pytest.fixture
def written(press: Press, create_payout: Door, manage_account: Door) -> Press:
    """A shop whose people wrote each formula wherever it gets into a file."""
    key = press.till.account.secret_key
    topup(press.till, 2 * AMOUNT * len(FORMULAS))
    payouts = [
        {
            "amount": AMOUNT,
            "destination": {**WHERE, "phone": f"+23767000{number:04}", "name": text},
            "description": text,
        }
        for number, text in enumerate(FORMULAS)
    ]
    for text, payout in zip(FORMULAS, payouts, strict=True):
        press.till.create(description=text)
        press.till.payout_made(**payout)
        made = manage_account.post("/v1/api_keys", {"kind": "secret", "name": text}, key=key)
        assert made.status == 200, made.json
    batch = {"currency": "xaf", "payouts": payouts, "description": FORMULAS[0]}
    again = {"Idempotency-Key": an_id("key")}
    taken = create_payout.post("/v1/payout_batches", batch, key=key, headers=again)
    assert taken.status == 200, taken.json
    return press


def test_no_file_runs_what_people_wrote(written: Press, read_payments: Door, trial: Trial) -> None:
    """E48: each report as CSV and as a workbook, a batch's results, the audit; amounts survive."""
    key = written.till.account.secret_key
    (batch,) = read_payments.get("/v1/payout_batches", key=key).json["data"]
    texts = {
        path: read_payments.get(path, key=key).content.decode()
        for path in (f"/v1/payout_batches/{batch['id']}/results", "/v1/audit_entries.csv")
    }
    wrong, shown = 0, set()
    for kind in ReportType:
        texts[kind.value] = exported(written, kind, ReportFormat.CSV).decode()
        book = exported(written, kind, ReportFormat.XLSX)
        wrong += len(live_parts(book))
        shown |= texts_of(book)
    for name, text in texts.items():
        live = live_cells(text)
        assert live == [], name
        wrong += len(live)

    payments = rows_of(texts[ReportType.PAYMENTS.value])
    listed = [row for row in payments if row["Type"] == "charge"]
    assert {row["Description"].replace("'", "") for row in listed} == plain(FORMULAS)
    assert set(FORMULAS) <= shown
    payouts = rows_of(texts[ReportType.PAYOUTS.value])[:-1]
    assert {int(row["Amount (XAF)"]) for row in payouts} == {AMOUNT}
    results = rows_of(texts[f"/v1/payout_batches/{batch['id']}/results"])
    assert {row["name"].replace("'", "") for row in results} == plain(FORMULAS)
    assert all(int(row["amount"]) == AMOUNT for row in results)
    files = len(texts) + len(ReportType)
    trial.record("E48 formulas in files", len(FORMULAS) * files, wrong=wrong, files=files)


def exported(press: Press, kind: ReportType, form: ReportFormat) -> bytes:
    """A report of the last hour, written and fetched."""
    report_id = press.ask(kind, form)
    assert press.export(report_id) == "written"
    return press.content(report_id)


def rows_of(text: str) -> list[dict[str, Any]]:
    """A file's rows by their columns."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def plain(texts: tuple[str, ...]) -> set[str]:
    """Texts without apostrophes, which marks are too."""
    return {text.replace("'", "") for text in texts}
