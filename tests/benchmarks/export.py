"""Measures a report of a million charges: its time and memory, beside COPY into a file."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from knative.local.object_store import REPORT_BUCKET, start_object_store
from knative.local.postgres import Postgres, connect
from shared.db.engine import make_engine
from shared.db.report_rows import ReportSlices
from shared.db.reports import Reports
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.events import REPORT_REQUESTED, Message
from shared.domain.ids import new_id
from shared.domain.report import Report, ReportFormat, ReportType
from shared.operations.export_report import Exporting, Places, export_report
from shared.runtime.reports import make_file
from shared.storage.report_store import S3ReportStore
from tests.benchmarks.figures import Figure
from tests.benchmarks.million import ROWS, fill
from tests.benchmarks.rig import rig
from tests.factories import an_entry

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

_KIB: Final = 1024
_COPY: Final = """
COPY (SELECT c.id, c.created_at, c.succeeded_at, c.status, c.amount, c.fee_lines, c.amount_refunded,
  c.amount_reversed, c.currency, c.operator, c.phone, c.operator_transaction_id, c.reference,
  c.description, c.failure_code, c.balance_transaction, r.number
  FROM charges c LEFT JOIN receipts r ON r.charge_id = c.id ORDER BY c.id)
TO STDOUT (FORMAT csv)
"""


def measure(folder: Path, say: Callable[[str], None], rows: int = ROWS) -> list[Figure]:
    """Write reports as the function does, each in a process of its own."""
    with rig(folder) as stand:
        store = start_object_store(folder / "store", stand.secrets_dir)
        try:
            tenant, since, until = fill(stand, rows)
            say(f"{rows} charges are there")
            write = partial(
                _written,
                stand.postgres.url("pay"),
                stand.secrets_dir,
                (store.endpoint_url, REPORT_BUCKET),
                tenant=tenant,
                since=since,
                until=until,
            )
            of_csv, memory_of_csv = _alone(write, ReportFormat.CSV)
            say(f"csv: {of_csv:.1f} s, {memory_of_csv:.0f} MB")
            of_xlsx, memory_of_xlsx = _alone(write, ReportFormat.XLSX)
            say(f"xlsx: {of_xlsx:.1f} s, {memory_of_xlsx:.0f} MB")
            raw = _raw(stand.postgres, tenant, folder / "copied.csv")
        finally:
            store.stop()
    many = f"{rows} charges, one run, with the store on this machine"
    peak = "highest resident size of the process"
    return [
        Figure("export", "a report as CSV", of_csv, "s", at_most=90, note=many),
        Figure("export", "its memory", memory_of_csv, "MB", at_most=200, note=peak),
        Figure("export", "a report as XLSX", of_xlsx, "s", note=many),
        Figure("export", "its memory as XLSX", memory_of_xlsx, "MB", at_most=200, note=peak),
        Figure("export", "raw bound: COPY to a file", raw, "s", note="its columns, fees as stored"),
        Figure("export", "raw bound against CSV", 100 * raw / of_csv, "%"),
    ]


def _alone(
    write: Callable[[ReportFormat, "Queue[Any]"], None], form: ReportFormat
) -> tuple[float, float]:
    """Seconds and megabytes of a run in a fresh process."""
    context = multiprocessing.get_context("spawn")
    told: Queue[Any] = context.Queue()
    process = context.Process(target=write, args=(form, told))
    process.start()
    seconds, megabytes = told.get(timeout=400)
    process.join()
    return seconds, megabytes


def _written(
    url: str,
    secrets_dir: Path,
    bucket: tuple[str, str],
    form: ReportFormat,
    told: "Queue[Any]",
    *,
    tenant: Tenant,
    since: datetime,
    until: datetime,
) -> None:
    engine = make_engine(url, secret_file=secrets_dir / "database_app", pool_size=2)
    database = Database(engine)
    files = S3ReportStore(*bucket, credentials=secrets_dir / "s3_report_credentials")
    reports = Reports(database, tenant)
    now = datetime.now(UTC)
    report = Report(
        id=new_id("frr", int(now.timestamp() * 1000)),
        account=tenant.account,
        livemode=False,
        type=ReportType.PAYMENTS,
        format=form,
        language="fr",
        starts_at=since,
        ends_at=until,
        created_at=now,
    )
    reports.add(report, message=None, due_at=now, entry=an_entry(), idempotency=None, response="{}")
    message = Message(
        "msg_x", REPORT_REQUESTED, tenant.account, livemode=False, object_id=report.id
    )
    how = Exporting(
        now=lambda: datetime.now(UTC),
        reached=lambda _: None,
        is_stopping=lambda: False,
        has_time=lambda: True,
        make_file=make_file,
    )
    began = time.perf_counter()
    word = export_report(message, Places(reports, ReportSlices(database, tenant), files), how)
    seconds = time.perf_counter() - began
    if word != "written":
        raise RuntimeError(word)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB / 1_000_000
    told.put((seconds, peak))


def _raw(postgres: Postgres, tenant: Tenant, file: Path) -> float:
    with (
        connect(port=postgres.port, password=postgres.password, database="pay") as admin,
        file.open("wb") as copied,
    ):
        admin.run(f"SET search_path = {tenant.schema}, pg_catalog")
        began = time.perf_counter()
        admin.run(_COPY, stream=copied)
        return time.perf_counter() - began
