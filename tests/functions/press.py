"""A shop whose reports go into a real store, with a clock and crash points of its own."""

import csv
import hashlib
import io
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import urllib3

from knative.local.object_store import REPORT_BUCKET
from shared.domain.events import REPORT_REQUESTED
from shared.domain.report import Report, ReportFormat, ReportType
from shared.operations.export_report import Exporting, export_report
from shared.runtime import reports as wired
from shared.runtime import wiring
from shared.storage.report_store import S3ReportStore
from tests.factories import an_entry, an_id, moment
from tests.functions.till import AMOUNT, Till
from tests.object_store import RunningStore

HOUR: Final = timedelta(hours=1)
RULE: Final = {"basis_points": 0, "flat": 0, "borne_by": "merchant"}
RULES: Final = (
    {**RULE, "of": "charge", "line": "platform", "basis_points": 200, "flat": 25},
    {**RULE, "of": "charge", "line": "vat", "basis_points": 1925},
    {**RULE, "of": "refund", "line": "platform", "flat": 20},
    {**RULE, "of": "payout", "line": "platform", "flat": 20},
    {**RULE, "of": "payout", "line": "transfer_tax", "basis_points": 20},
)
FEE_CODES: Final = "code LIKE 'fees:%' OR code LIKE 'taxes:%'"


class DeadError(Exception):
    """A process dies at a crash point."""


@dataclass
class Press:
    """A shop's reports with a real store, and a clock and crash points of its own."""

    till: Till
    running: RunningStore
    die_at: str | None = None
    later: timedelta = 3 * HOUR
    has_time: bool = True
    is_stopping: bool = False

    @property
    def files(self) -> S3ReportStore:
        """Where files go."""
        return self._login("s3_report_credentials")

    def _login(self, name: str) -> S3ReportStore:
        running = self.running
        credentials = running.credentials.parent / name
        return S3ReportStore(running.endpoint_url, REPORT_BUCKET, credentials=credentials)

    def ask(self, kind: ReportType, form: ReportFormat = ReportFormat.CSV, **more: Any) -> str:
        """Ask for a report of the hour around now; return its id."""
        tenant = self.till.account.test
        report = Report(
            id=an_id("frr"),
            account=tenant.account,
            livemode=tenant.livemode,
            type=kind,
            format=form,
            **{
                "language": "en",
                "starts_at": moment() - HOUR,
                "ends_at": moment() + HOUR,
                "created_at": moment(),
                **more,
            },
        )
        wired.store(tenant).add(
            report,
            message=None,
            due_at=report.readable_at,
            entry=an_entry(),
            idempotency=None,
            response="{}",
        )
        return report.id

    def export(self, report_id: str) -> str:
        """Have it written, as the function does at a later hour."""
        tenant = self.till.account.test
        how = Exporting(
            now=lambda: wiring.now() + self.later,
            reached=self._reached,
            is_stopping=lambda: self.is_stopping,
            has_time=lambda: self.has_time,
            make_file=wired.make_file,
        )
        places = replace(wired.places(tenant), files=self.files)
        return export_report(self.till.message(REPORT_REQUESTED, report_id), places, how)

    def _reached(self, point: str) -> None:
        if point == self.die_at:
            self.die_at = None
            raise DeadError(point)

    def stored(self, report_id: str) -> Report:
        """The report as it stands."""
        found = wired.store(self.till.account.test).find(report_id)
        assert found is not None
        return found

    def lying(self) -> list[str]:
        """Every file of the shop's reports in the store, and what was begun."""
        client, where = self.running.client(), f"reports/{self.till.account.id}/"
        stored = client.list_objects_v2(Bucket=REPORT_BUCKET, Prefix=where)
        begun = client.list_multipart_uploads(Bucket=REPORT_BUCKET, Prefix=where)
        found = (*stored.get("Contents", ()), *begun.get("Uploads", ()))
        return [each["Key"] for each in found]

    def content(self, report_id: str) -> bytes:
        """The file, by the address that its merchant is given."""
        file = self.stored(report_id).file
        assert file is not None
        address = self._login("s3_report_reader").address(file, "a.csv", seconds=300)
        answer = urllib3.request("GET", address, timeout=10)
        assert answer.status == 200
        assert answer.headers["Content-Disposition"] == 'attachment; filename="a.csv"'
        assert hashlib.sha256(answer.data).hexdigest() == file.sha256
        assert len(answer.data) == file.size
        return answer.data

    def table(self, kind: ReportType, **more: Any) -> list[dict[str, str]]:
        """Ask, write, and read it again as CSV."""
        report_id = self.ask(kind, **more)
        assert self.export(report_id) == "written"
        return list(csv.DictReader(io.StringIO(self.content(report_id).decode(), newline="")))

    def told(self, report_id: str) -> list[str]:
        """What its merchant heard of it."""
        return [row["type"] for row in self.till.rows.of("events", "object_id = :i", i=report_id)]

    def posted(self, where: str) -> int:
        """What was credited in the ledger."""
        schema = self.till.account.test.schema
        rows = self.till.rows.run(
            f'SELECT COALESCE(-sum(p.amount), 0) FROM "{schema}".postings p'
            f' JOIN "{schema}".ledger_transactions t ON t.id = p.transaction_id WHERE {where}'
        )
        return int(rows[0][0])


def topup(till: Till, amount: int) -> None:
    """Book money that was paid in."""
    till.fund(amount)
    schema, transaction = till.account.test.schema, an_id("txn")
    till.rows.run(
        f"""WITH t AS (INSERT INTO "{schema}".ledger_transactions (id, kind, object_id, created_at)
        VALUES (:id, 'topup', 'tu_x', now()))
        INSERT INTO "{schema}".postings (transaction_id, position, code, amount)
        VALUES (:id, 1, 'bank', :amount), (:id, 2, 'available', -CAST(:amount AS bigint))""",
        id=transaction,
        amount=amount,
    )


def state(till: Till, matched: str, differing: str) -> None:
    """Store a statement of the till's wallet over all of its days, with two lines."""
    schema, statement = till.account.test.schema, an_id("stm")
    words = {"id": statement, "wallet": till.operator_account, "digest": secrets.token_hex(32)}
    till.rows.run(
        """INSERT INTO platform.statements (id, operator_account_id, owner, livemode, version,
          sha256, object_key, version_id, first_day, last_day, opening, closing, line_count,
          uploaded_by, uploaded_at, lines_done)
        VALUES (:id, :wallet, NULL, false, '1', :digest, 'x', 'x', now(), now(), 0, 0, 2, 'x',
          now(), 2)""",
        **words,
    )
    for number, (payment, word, amount) in enumerate(
        ((matched, "matched", AMOUNT), (differing, "amount_differs", AMOUNT - 1)), start=1
    ):
        till.rows.run(
            """INSERT INTO platform.statement_lines (statement_id, number, booked_at,
              transaction_id, kind, amount, fee, state, object_id)
            VALUES (:id, :number, now(), :payment, 'collection', :amount, 9, :word, :payment)""",
            id=statement,
            number=number,
            payment=payment,
            amount=amount,
            word=word,
        )
    till.rows.run(
        f"""INSERT INTO platform.statement_days (operator_account_id, day, statement_id)
        SELECT DISTINCT operator_account_id, (created_at AT TIME ZONE 'Africa/Douala')::date,
          '{statement}' FROM "{schema}".charges"""
    )


def hour(before: datetime) -> dict[str, int]:
    """An hour that is over, as the API says it."""
    end = int(before.timestamp())
    return {"interval_start": end - 3600, "interval_end": end}
