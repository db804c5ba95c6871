"""Which table a report is."""

from shared.domain.receipt import Language
from shared.domain.report import ReportType
from shared.operations.report_sums import BalanceTable, ReconciliationTable
from shared.operations.report_tables import (
    CHARGES,
    FEE,
    PAYMENT,
    PAYOUT,
    PAYOUTS,
    REFUNDS,
    ListTable,
    Table,
    fees,
)


def table_of(kind: ReportType, language: Language) -> Table:
    """Return the table of a report, empty."""
    match kind:
        case ReportType.PAYMENTS:
            return ListTable(PAYMENT, (CHARGES, REFUNDS), language)
        case ReportType.PAYOUTS:
            return ListTable(PAYOUT, (PAYOUTS,), language)
        case ReportType.BALANCE:
            return BalanceTable(language)
        case ReportType.FEES_AND_TAXES:
            return ListTable(FEE, (fees(language),), language)
        case ReportType.RECONCILIATION:
            return ReconciliationTable(language)
