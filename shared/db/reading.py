"""What merchants read of their own: pages of what there is of each kind, and their books."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from shared.db import adjustment_statements, books, late_statements, payment_lists
from shared.db.charge_rows import charge_from_row, metadata_json
from shared.db.charge_statements import FIND
from shared.db.late_payments import late_from_row
from shared.db.payout_statements import PAYOUT
from shared.db.payouts import payout_from_row
from shared.db.refund_statements import REFUND
from shared.db.refunds import refund_from_row
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.adjustment import AdjustmentKind, Reversal
from shared.domain.balance_transaction import TYPE_OF, BalanceTransaction
from shared.domain.charge import Charge
from shared.domain.events import Event
from shared.domain.ids import first_id
from shared.domain.late_payment import LatePayment
from shared.domain.money import Money
from shared.domain.payout import Payout
from shared.domain.refund import Refund
from shared.domain.topup import TopUp
from shared.operations.lists import Page, PageOf
from shared.operations.search_query import Between
from shared.operations.wanted_payments import WantedPayments

# Ids sort by time: the order of ids is the order of creation, and an id is the cursor. Both bounds
# are always values (`FIRST` and `LAST` lie outside every id), so that the primary key serves.
FIRST: Final = ""
LAST: Final = "~"
_LATE: Final = f"""
SELECT {late_statements.COLUMNS} FROM adjustments a
WHERE a.id > :after::text AND a.id < :before::text AND a.kind = 'late_payment'
  AND (:charge::text IS NULL OR a.object_id = :charge::text)
  AND (:status::text IS NULL OR a.status = :status::text)
  AND (:created_from::bigint IS NULL OR a.created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR a.created_at < to_timestamp(:created_until::bigint))
ORDER BY a.id"""
EVENT_COLUMNS: Final = (
    *("id", "type", "object_id", "data", "created_at", "request_id", "idempotency_key"),
    "api_version",
)
"""What an event is read from, in the order of its fields."""
_EVENT: Final = ", ".join(EVENT_COLUMNS)
_EVENTS: Final = f"""
SELECT {_EVENT} FROM events
WHERE id > :after::text AND id < :before::text
  AND (:object_id::text IS NULL OR object_id = :object_id::text)
  AND (:type::text IS NULL OR type = :type::text)
  AND (:created_from::bigint IS NULL OR created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR created_at < to_timestamp(:created_until::bigint))
ORDER BY id"""
# Booked ones are all there are.
TOPUPS: Final = """
SELECT a.id, a.amount, a.operator_account_id, a.data->>'reference', a.balance_transaction,
       a.created_at
FROM adjustments a WHERE a.kind = 'topup' AND a.status = 'booked'"""
_TOPUP_PAGE: Final = f"""{TOPUPS}
  AND a.id > :after::text AND a.id < :before::text
  AND (:created_from::bigint IS NULL OR a.created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR a.created_at < to_timestamp(:created_until::bigint))
ORDER BY a.id"""
NEWEST_TOPUPS: Final = Statement(f"{_TOPUP_PAGE} DESC LIMIT :limit::int")
OLDEST_TOPUPS: Final = Statement(f"{_TOPUP_PAGE} LIMIT :limit::int")
FIND_TOPUP: Final = Statement(f"{TOPUPS} AND a.id = :id::text")
_REVERSALS: Final = f"""
SELECT {adjustment_statements.COLUMNS} FROM adjustments a
WHERE a.id > :after::text AND a.id < :before::text AND a.kind IN ('reversal', 'return')
  AND (:about::text IS NULL OR a.object_id = :about::text)
  AND (:created_from::bigint IS NULL OR a.created_at >= to_timestamp(:created_from::bigint))
  AND (:created_until::bigint IS NULL OR a.created_at < to_timestamp(:created_until::bigint))
ORDER BY a.id"""
NEWEST_REVERSALS: Final = Statement(f"{_REVERSALS} DESC LIMIT :limit::int")
OLDEST_REVERSALS: Final = Statement(f"{_REVERSALS} LIMIT :limit::int")
FIND_REVERSAL: Final = Statement(f"""
SELECT {adjustment_statements.COLUMNS} FROM adjustments a
WHERE a.id = :id::text AND a.kind IN ('reversal', 'return')
""")
NEWEST_LATE: Final = Statement(f"{_LATE} DESC LIMIT :limit::int")
OLDEST_LATE: Final = Statement(f"{_LATE} LIMIT :limit::int")
NEWEST_EVENTS: Final = Statement(f"{_EVENTS} DESC LIMIT :limit::int")
OLDEST_EVENTS: Final = Statement(f"{_EVENTS} LIMIT :limit::int")

FIND_EVENT: Final = Statement(f"SELECT {_EVENT} FROM events WHERE id = :id::text")

T = TypeVar("T")


class Reading:
    """ReadStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def _rows(self, statement: Statement, **values: Any) -> list[list[Any]]:
        return self._database.once(self._tenant, statement, **values).rows

    def find_charge(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""
        rows = self._rows(FIND, charge_id=charge_id)
        return charge_from_row(rows[0], self._tenant) if rows else None

    def list_charges(self, page: Page, wanted: WantedPayments) -> PageOf[Charge]:
        """Return a page of charges, newest first."""
        return self._payments(payment_lists.CHARGES, page, wanted, charge_from_row)

    def search_charges(
        self, page: Page, wanted: WantedPayments, *, amount: Between, metadata: dict[str, str]
    ) -> PageOf[Charge]:
        """Return a page of charges, newest first."""
        own = {
            "amount_from": amount.least,
            "amount_below": amount.below,
            "metadata": metadata_json(metadata) if metadata else None,
        }
        pages = payment_lists.SEARCHED_CHARGES
        return self._payments(pages, page, wanted, charge_from_row, **own)

    def find_refund(self, refund_id: str) -> Refund | None:
        """Return the refund, or None."""
        rows = self._rows(REFUND.find, object_id=refund_id)
        return refund_from_row(rows[0], self._tenant) if rows else None

    def list_refunds(self, page: Page, wanted: WantedPayments) -> PageOf[Refund]:
        """Return a page of refunds, newest first."""
        return self._payments(payment_lists.REFUNDS, page, wanted, refund_from_row)

    def find_payout(self, payout_id: str) -> Payout | None:
        """Return the payout, or None."""
        rows = self._rows(PAYOUT.find, object_id=payout_id)
        return payout_from_row(rows[0], self._tenant) if rows else None

    def list_payouts(self, page: Page, wanted: WantedPayments) -> PageOf[Payout]:
        """Return a page of payouts, newest first."""
        own = {"returned": wanted.returned}
        return self._payments(payment_lists.PAYOUTS, page, wanted, payout_from_row, **own)

    def _payments(
        self,
        pages: payment_lists.Pages,
        page: Page,
        wanted: WantedPayments,
        read: Callable[[Sequence[Any], Tenant], T],
        **own: Any,
    ) -> PageOf[T]:
        is_backward = page.ending_before is not None
        statement, given = pages.choose(wanted, is_backward=is_backward)
        rows = self._rows(statement, **bounds(page), **given, **own)
        return cut([read(row, self._tenant) for row in rows], page)

    def find_late_payment(self, late_id: str) -> LatePayment | None:
        """Return the late payment, or None."""
        rows = self._rows(late_statements.FIND, id=late_id)
        return late_from_row(rows[0], self._tenant) if rows else None

    def list_late_payments(
        self, page: Page, *, charge: str | None, status: str | None
    ) -> PageOf[LatePayment]:
        """Return a page of late payments, newest first."""
        rows = self._rows(
            NEWEST_LATE if page.ending_before is None else OLDEST_LATE,
            **bounds(page),
            charge=charge,
            status=status,
        )
        return cut([late_from_row(row, self._tenant) for row in rows], page)

    def find_reversal(self, reversal_id: str) -> Reversal | None:
        """Return the reversal or return, or None."""
        rows = self._rows(FIND_REVERSAL, id=reversal_id)
        return _reversal(rows[0]) if rows else None

    def list_reversals(self, page: Page, *, about: str | None) -> PageOf[Reversal]:
        """Return a page of reversals and returns, newest first."""
        rows = self._rows(
            NEWEST_REVERSALS if page.ending_before is None else OLDEST_REVERSALS,
            **bounds(page),
            about=about,
        )
        return cut([_reversal(row) for row in rows], page)

    def find_topup(self, topup_id: str) -> TopUp | None:
        """Return the top-up, or None."""
        rows = self._rows(FIND_TOPUP, id=topup_id)
        return topup_from_row(rows[0], self._tenant) if rows else None

    def list_topups(self, page: Page) -> PageOf[TopUp]:
        """Return a page of top-ups, newest first."""
        is_newest = page.ending_before is None
        rows = self._rows(NEWEST_TOPUPS if is_newest else OLDEST_TOPUPS, **bounds(page))
        return cut([topup_from_row(row, self._tenant) for row in rows], page)

    def list_events(self, page: Page, *, object_id: str | None, kind: str | None) -> PageOf[Event]:
        """Return a page of events, newest first."""
        rows = self._rows(
            NEWEST_EVENTS if page.ending_before is None else OLDEST_EVENTS,
            **bounds(page),
            object_id=object_id,
            type=kind,
        )
        return cut([Event(*row) for row in rows], page)

    def find_event(self, event_id: str) -> Event | None:
        """Return the event, or None."""
        rows = self._rows(FIND_EVENT, id=event_id)
        return Event(*rows[0]) if rows else None

    def balances(self) -> Mapping[str, int]:
        """Return the balance of each ledger account on its normal side, in whole XAF."""
        return dict(self._rows(books.BALANCES))

    def balances_at(self, second: int) -> Mapping[str, int]:
        """Return the same as it was at the end of a second since 1970."""
        first_after = first_id("txn", (second + 1) * 1000)
        return dict(self._rows(books.BALANCES_AT, first_after=first_after))

    def list_balance_transactions(
        self, page: Page, *, kinds: Sequence[str], source: str | None
    ) -> PageOf[BalanceTransaction]:
        """Return a page of balance transactions of these kinds, newest first."""
        given = {**bounds(page), **books.shared_values(), "kinds": list(kinds)}
        is_newest = page.ending_before is None
        if source is None:
            rows = self._rows(books.NEWEST if is_newest else books.OLDEST, **given)
        else:
            statement = books.NEWEST_OF_ONE if is_newest else books.OLDEST_OF_ONE
            rows = self._rows(statement, **given, source=source)
        return cut([books.from_row(row) for row in rows], page)

    def find_balance_transaction(self, transaction_id: str) -> BalanceTransaction | None:
        """Return the balance transaction, or None."""
        kinds = list(TYPE_OF)
        rows = self._rows(books.FIND, **books.shared_values(), kinds=kinds, id=transaction_id)
        return books.from_row(rows[0]) if rows else None


def topup_from_row(row: Sequence[Any], tenant: Tenant) -> TopUp:
    """Build a top-up from the columns of `TOPUPS`, in their order."""
    return TopUp(
        id=row[0],
        account=tenant.account,
        livemode=tenant.livemode,
        money=Money(row[1]),
        operator_account=row[2],
        reference=row[3],
        balance_transaction=row[4],
        created_at=row[5],
    )


def _reversal(row: Sequence[Any]) -> Reversal:
    return Reversal(row[0], AdjustmentKind(row[1]), *row[2:])


def bounds(page: Page) -> dict[str, Any]:
    """Return the values that every page is asked with; one row more tells that there is more."""
    return {
        "before": page.starting_after or LAST,
        "after": page.ending_before or FIRST,
        "created_from": page.created_from,
        "created_until": page.created_until,
        "limit": page.limit + 1,
    }


def cut(items: list[T], page: Page) -> PageOf[T]:
    """Return a page of what was found; backward pages come oldest first."""
    has_more = len(items) > page.limit
    items = items[: page.limit]
    if page.ending_before is not None:
        items.reverse()
    return PageOf(tuple(items), has_more)
