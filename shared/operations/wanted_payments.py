"""Which payments a list shall show, read from a query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.domain.phone import PhoneNumber
from shared.operations.lists import read_filter


@dataclass(frozen=True, slots=True)
class WantedPayments:
    """What charges, refunds or payouts must be; None where it does not matter.

    `statuses` are inner ones. `returned` tells payouts that came back from the others. `phone` is
    the number that paid, or was paid.
    """

    statuses: Sequence[str] | None = None
    returned: bool | None = None
    customer: str | None = None
    payment_link: str | None = None
    charge: str | None = None
    reference: str | None = None
    phone: PhoneNumber | None = None
    operator_transaction_id: str | None = None

    @classmethod
    def read(
        cls,
        query: Mapping[str, str],
        statuses: Sequence[str] | None,
        *,
        returned: bool | None = None,
    ) -> "WantedPayments":
        """Read the filters of a query. Raises InvalidRequest naming the one at fault."""
        phone = read_filter(query, "phone")
        return cls(
            statuses=statuses,
            returned=returned,
            customer=read_filter(query, "customer"),
            payment_link=read_filter(query, "payment_link"),
            charge=read_filter(query, "charge"),
            reference=read_filter(query, "reference"),
            phone=None if phone is None else PhoneNumber.parse(phone, param="phone"),
            operator_transaction_id=read_filter(query, "operator_transaction_id"),
        )
