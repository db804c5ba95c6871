"""Reads batches of payouts, their lines, and the file that tells what became of each."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol

from shared.domain.language import payout_text
from shared.domain.payout import Payout
from shared.domain.payout_batch import PUBLIC_STATUS, PayoutBatch
from shared.operations import objects
from shared.operations.lists import Page, PageOf, refuse_unknown
from shared.operations.read_payments import payouts_behind, show_payout, statuses_behind
from shared.operations.reads import Read, page_object
from shared.operations.spreadsheet import harmless

PATH: Final = "/v1/payout_batches"
COLUMNS: Final = (
    "line", "payout", "reference", "phone", "name", "amount", "fee", "status", "failure_code",
    "failure_message", "operator_transaction_id", "ended_at",
)  # fmt: skip
_OF_LINES: Final = frozenset({"limit", "starting_after", "ending_before", "status"})


class BatchReadStore(Protocol):
    """What a tenant may read of its batches."""

    def find(self, batch_id: str) -> PayoutBatch | None:
        """Return the batch with its progress, or None."""

    def page(self, page: Page, *, statuses: Sequence[str] | None) -> PageOf[PayoutBatch]:
        """Return a page of batches, newest first."""

    def page_of_lines(
        self,
        batch_id: str,
        page: Page,
        *,
        statuses: Sequence[str] | None,
        returned: bool | None = None,
    ) -> PageOf[Payout]:
        """Return a page of a batch's lines in their order; `returned` as of payouts."""

    def lines(self, batch_id: str) -> Sequence[Payout]:
        """Return all lines of a batch, in their order."""


def read_payout_batch(read: Read, store: BatchReadStore) -> dict[str, Any]:
    """Return one batch. Raises NotFound."""
    return objects.payout_batch_object(read.one("pb", store.find))


def list_payout_batches(read: Read, store: BatchReadStore) -> dict[str, Any]:
    """Return a page of batches; filter `status` (the public word)."""
    found = store.page(
        read.page("pb", "status"),
        statuses=statuses_behind(read.query.get("status"), PUBLIC_STATUS),
    )
    return page_object(PATH, found, objects.payout_batch_object)


def list_payout_batch_payouts(read: Read, store: BatchReadStore) -> dict[str, Any]:
    """Return a page of a batch's payouts by their lines; filter `status`. Raises NotFound."""
    refuse_unknown(read.query, _OF_LINES)
    page = Page.parse(read.query, "po")
    statuses, returned = payouts_behind(read.query.get("status"))
    batch = read.found("pb", store.find)
    found = store.page_of_lines(batch.id, page, statuses=statuses, returned=returned)
    return page_object(f"{PATH}/{batch.id}/payouts", found, show_payout(read))


def read_payout_batch_results(read: Read, store: BatchReadStore) -> str:
    """Return what became of each line so far, as CSV. Raises NotFound."""
    batch = read.one("pb", store.find)
    return results(store.lines(batch.id), language=read.language)


def results(lines: Iterable[Payout], *, language: str) -> str:
    """Write one row for each payout, of which a spreadsheet runs no cell."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    writer.writerows([harmless(cell) for cell in _cells(line, language)] for line in lines)
    return written.getvalue()


def _cells(line: Payout, language: str) -> Sequence[object]:
    failure = line.failure_code
    return (
        line.line,
        line.id,
        line.reference,
        line.phone.masked.removeprefix("+"),
        line.name,
        line.money.amount,
        line.fee,
        line.public_status,
        failure,
        None if failure is None else payout_text(failure, language),
        line.operator_transaction_id,
        None if line.ended_at is None else line.ended_at.isoformat(timespec="seconds"),
    )
