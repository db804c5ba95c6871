"""From which month on an account is invoiced."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.account import Tenant
from shared.domain.invoice import month_of
from shared.operations.issue_invoices import Due, Issued, Slice, issue_invoices

MONTH_BEGINS = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)


class NewAccount:
    """An account that nobody looked at yet, and that has posted nothing which is committed."""

    def __init__(self) -> None:
        self.begun: list[date] = []

    def due(self, at: datetime) -> Sequence[Due]:
        del at
        return [] if self.begun else [Due(Tenant("acct_abcdefghijklmnop", livemode=True), None)]

    def begin(self, tenant: Tenant, *, at: datetime) -> None:
        del tenant
        self.begun.append(month_of(at))

    def issue(self, wanted: Slice, *, most: int) -> Issued:
        raise AssertionError((wanted, most))


@pytest.mark.parametrize(("minutes", "begins"), [(1, date(2026, 11, 1)), (61, date(2026, 12, 1))])
def test_a_month_in_which_somebody_may_still_commit_is_not_left_out(
    minutes: int, begins: date
) -> None:
    """Its first payment may have been settled in the last second of a month, and be on its way."""
    account = NewAccount()

    issue_invoices(
        account,
        now=lambda: MONTH_BEGINS + timedelta(minutes=minutes),
        has_time=lambda: True,
        reached=lambda _: None,
    )

    assert account.begun == [begins]
