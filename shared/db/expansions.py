"""Many objects by their ids, in one statement for each kind, for answers that show them whole."""

from collections.abc import Sequence
from typing import Any, Final

from shared.db import books, reading
from shared.db.charge_rows import charge_from_row
from shared.db.charge_statements import CHARGE
from shared.db.merchant_customers import FIND_SEVERAL, customer_from_row
from shared.db.payout_statements import PAYOUT
from shared.db.payouts import payout_from_row
from shared.db.refund_statements import REFUND
from shared.db.refunds import refund_from_row
from shared.db.statement import Statement
from shared.db.transaction import Database
from shared.domain.account import Tenant
from shared.domain.balance_transaction import TYPE_OF, BalanceTransaction
from shared.domain.charge import Charge
from shared.domain.merchant_customer import MerchantCustomer
from shared.domain.payout import Payout
from shared.domain.refund import Refund
from shared.domain.topup import TopUp

CHARGES: Final = Statement(f"""
SELECT {CHARGE} FROM charges c LEFT JOIN receipts r ON r.charge_id = c.id
WHERE c.id = ANY(:ids::text[])""")
REFUNDS: Final = Statement(
    f"SELECT {REFUND.columns} FROM {REFUND.source} WHERE r.id = ANY(:ids::text[])"
)
PAYOUTS: Final = Statement(
    f"SELECT {PAYOUT.columns} FROM {PAYOUT.source} WHERE r.id = ANY(:ids::text[])"
)
TOPUPS: Final = Statement(f"{reading.TOPUPS} AND a.id = ANY(:ids::text[])")
BALANCE_TRANSACTIONS: Final = Statement(f"{books.BALANCE_TRANSACTION} AND t.id = ANY(:ids::text[])")


class Expansions:
    """ExpandStore of one tenant."""

    def __init__(self, database: Database, tenant: Tenant) -> None:
        """Bind the store to a tenant; opens nothing yet."""
        self._database = database
        self._tenant = tenant

    def _rows(self, statement: Statement, ids: Sequence[str], **values: Any) -> list[list[Any]]:
        return self._database.once(self._tenant, statement, ids=list(ids), **values).rows

    def charges_of(self, ids: Sequence[str]) -> Sequence[Charge]:
        """Return those that there are."""
        return [charge_from_row(row, self._tenant) for row in self._rows(CHARGES, ids)]

    def refunds_of(self, ids: Sequence[str]) -> Sequence[Refund]:
        """Return those that there are."""
        return [refund_from_row(row, self._tenant) for row in self._rows(REFUNDS, ids)]

    def payouts_of(self, ids: Sequence[str]) -> Sequence[Payout]:
        """Return those that there are."""
        return [payout_from_row(row, self._tenant) for row in self._rows(PAYOUTS, ids)]

    def customers_of(self, ids: Sequence[str]) -> Sequence[MerchantCustomer]:
        """Return those that there are, deleted ones too."""
        return [customer_from_row(row, self._tenant) for row in self._rows(FIND_SEVERAL, ids)]

    def topups_of(self, ids: Sequence[str]) -> Sequence[TopUp]:
        """Return those that there are."""
        return [reading.topup_from_row(row, self._tenant) for row in self._rows(TOPUPS, ids)]

    def balance_transactions_of(self, ids: Sequence[str]) -> Sequence[BalanceTransaction]:
        """Return those that there are."""
        given = {**books.shared_values(), "kinds": list(TYPE_OF)}
        return [books.from_row(row) for row in self._rows(BALANCE_TRANSACTIONS, ids, **given)]
