"""What merchants read of their batches of payouts: the batches, and the lines of each."""

from collections.abc import Sequence
from typing import Any, Final

from shared.db.batch_statements import FIND, LINES, LIST
from shared.db.batches import batch_from_row
from shared.db.payout_statements import PAYOUT
from shared.db.payouts import payout_from_row
from shared.db.reading import bounds, cut
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.payout import Payout
from shared.domain.payout_batch import PayoutBatch
from shared.operations.lists import Page, PageOf

NEWEST: Final = Statement(f"{LIST} DESC LIMIT :limit::int")
OLDEST: Final = Statement(f"{LIST} LIMIT :limit::int")
# The newest id is the first line's.
_LINES: Final = f"""
SELECT {PAYOUT.columns} FROM {PAYOUT.source}
WHERE r.batch_id = :batch_id::text AND r.id > :after::text AND r.id < :before::text
  AND (:statuses::text[] IS NULL OR r.status = ANY(:statuses::text[]))
  AND (:returned::boolean IS NULL OR (r.amount_returned >= r.amount) = :returned::boolean)
ORDER BY r.id"""
FIRST_LINES: Final = Statement(f"{_LINES} DESC LIMIT :limit::int")
LAST_LINES: Final = Statement(f"{_LINES} LIMIT :limit::int")


class BatchReading:
    """BatchReadStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def _rows(self, statement: Statement, **values: Any) -> list[list[Any]]:
        return self._database.once(self._tenant, statement, **values).rows

    def find(self, batch_id: str) -> PayoutBatch | None:
        """Return the batch with its progress, or None."""
        rows = self._rows(FIND, batch_id=batch_id)
        return batch_from_row(rows[0], self._tenant) if rows else None

    def page(self, page: Page, *, statuses: Sequence[str] | None) -> PageOf[PayoutBatch]:
        """Return a page of batches, newest first."""
        rows = self._rows(
            NEWEST if page.ending_before is None else OLDEST,
            **bounds(page),
            statuses=None if statuses is None else list(statuses),
        )
        return cut([batch_from_row(row, self._tenant) for row in rows], page)

    def page_of_lines(
        self,
        batch_id: str,
        page: Page,
        *,
        statuses: Sequence[str] | None,
        returned: bool | None = None,
    ) -> PageOf[Payout]:
        """Return a page of a batch's lines in their order; `returned` as of payouts."""
        asked = bounds(page)
        rows = self._rows(
            FIRST_LINES if page.ending_before is None else LAST_LINES,
            batch_id=batch_id,
            **{name: asked[name] for name in ("before", "after", "limit")},
            statuses=None if statuses is None else list(statuses),
            returned=returned,
        )
        return cut([payout_from_row(row, self._tenant) for row in rows], page)

    def lines(self, batch_id: str) -> Sequence[Payout]:
        """Return all lines of a batch, in their order."""
        return [payout_from_row(row, self._tenant) for row in self._rows(LINES, batch_id=batch_id)]
