"""Pages of charges, refunds and payouts, each led by the filter whose index finds the fewest rows.

A plan holds for any values: a filter that may be null hides its index. So there is a statement for
each filter that can lead, in which the others may be null and only narrow what it finds. Indexes
leave out what is not final, so that whoever writes a payment under way does not write into them;
a page is then of two parts, what has ended and what has not, found by the small index on that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.db.charge_statements import CHARGE
from shared.db.payout_statements import PAYOUT
from shared.db.refund_statements import REFUND
from shared.db.statement import Statement
from shared.operations.wanted_payments import WantedPayments

ASCENDING: Final = "ASC"
DESCENDING: Final = "DESC"
# Ids sort by time: the order of ids is the order of creation, and an id is the cursor. Both bounds
# are always values, so that the primary key serves.
_EVERY_PAGE: Final = """
    p.id > :after::text AND p.id < :before::text
    AND (:statuses::text[] IS NULL OR p.status = ANY(:statuses::text[]))
    AND (:created_from::bigint IS NULL OR p.created_at >= to_timestamp(:created_from::bigint))
    AND (:created_until::bigint IS NULL OR p.created_at < to_timestamp(:created_until::bigint))"""


@dataclass(frozen=True, slots=True)
class Listed:
    """How the rows of a table are listed.

    `source` joins what else is shown to rows `c`. `filters` are the columns by their names, in the
    order in which they lead; `parts` the condition that divides what a filter finds, as its indexes
    do. `more` narrows every page.
    """

    table: str
    columns: str
    source: str
    filters: Mapping[str, str]
    parts: Mapping[str, str]
    more: str = ""

    def page(self, lead: str | None, order: str) -> Statement:
        """Return the statement of a page that one filter leads, or none."""
        narrowed = "".join(
            f"\n    AND (:{name}::text IS NULL OR p.{column} = :{name}::text)"
            for name, column in self.filters.items()
            if name != lead
        )
        led = "" if lead is None else f"\n    AND p.{self.filters[lead]} = :{lead}::text"
        found = f"""
  (SELECT * FROM {self.table} p
   WHERE {_EVERY_PAGE}{narrowed}{led}{self.more}{{part}}
   ORDER BY p.id {order} LIMIT :limit::int)"""
        dividing = "" if lead is None else self.parts.get(lead, "")
        parts = (f" AND {dividing}", f" AND NOT {dividing}") if dividing else ("",)
        rows = "\n  UNION ALL".join(found.format(part=part) for part in parts)
        return Statement(f"""
SELECT {self.columns} FROM ({rows}
) {self.source}
ORDER BY 1 {order} LIMIT :limit::int""")

    def pages(self) -> "Pages":
        """Write down the statements of all its pages."""
        return Pages(
            tuple(self.filters),
            {
                (lead, order): self.page(lead, order)
                for lead in (None, *self.filters)
                for order in (ASCENDING, DESCENDING)
            },
        )


@dataclass(frozen=True, slots=True)
class Pages:
    """The statements of a table's pages, by the filter that leads and their order."""

    filters: tuple[str, ...]
    statements: Mapping[tuple[str | None, str], Statement]

    def choose(
        self, wanted: WantedPayments, *, is_backward: bool
    ) -> tuple[Statement, dict[str, Any]]:
        """Return the statement for what is wanted, and the values of its filters."""
        phone = wanted.phone
        given: dict[str, Any] = {name: getattr(wanted, name) for name in self.filters}
        if "phone" in given:
            given["phone"] = None if phone is None else phone.e164
        lead = next((name for name in self.filters if given[name] is not None), None)
        statuses = None if wanted.statuses is None else list(wanted.statuses)
        order = ASCENDING if is_backward else DESCENDING
        return self.statements[lead, order], {**given, "statuses": statuses}


_OPERATOR_ID: Final = {"operator_transaction_id": "operator_transaction_id"}
_FINAL_CHARGE: Final = "p.status IN ('succeeded', 'failed', 'expired', 'canceled')"
_VOID_CHARGE: Final = "p.status IN ('failed', 'expired', 'canceled')"
_FINAL_REFUND: Final = "p.status IN ('succeeded', 'failed')"
_FINAL_PAYOUT: Final = "p.status IN ('succeeded', 'failed', 'canceled', 'rejected', 'expired')"
_VOID_PAYOUT: Final = "p.status IN ('failed', 'canceled', 'rejected', 'expired')"

CHARGES: Final = Listed(
    "charges",
    CHARGE,
    "c LEFT JOIN receipts r ON r.charge_id = c.id",
    _OPERATOR_ID
    | {
        "reference": "reference",
        "payment_link": "page_id",
        "customer": "customer_id",
        "phone": "phone",
    },
    {"reference": _VOID_CHARGE, "phone": _FINAL_CHARGE},
).pages()
# Metadata has no index, for which each charge would pay: other words narrow the rows before it.
SEARCHED_CHARGES: Final = Listed(
    "charges",
    CHARGE,
    "c LEFT JOIN receipts r ON r.charge_id = c.id",
    {"reference": "reference", "customer": "customer_id", "phone": "phone"},
    {"reference": _VOID_CHARGE, "phone": _FINAL_CHARGE},
    more="""
    AND (:amount_from::bigint IS NULL OR p.amount >= :amount_from::bigint)
    AND (:amount_below::bigint IS NULL OR p.amount < :amount_below::bigint)
    AND (:metadata::jsonb IS NULL OR p.metadata @> :metadata::jsonb)""",
).pages()
REFUNDS: Final = Listed(
    "refunds",
    REFUND.columns,
    "r LEFT JOIN receipts paper ON paper.charge_id = r.id",
    _OPERATOR_ID | {"charge": "charge_id", "phone": "phone"},
    {"phone": _FINAL_REFUND},
).pages()
PAYOUTS: Final = Listed(
    "payouts",
    PAYOUT.columns,
    "r LEFT JOIN receipts paper ON paper.charge_id = r.id",
    _OPERATOR_ID | {"reference": "reference", "phone": "phone"},
    {"reference": _VOID_PAYOUT, "phone": _FINAL_PAYOUT},
    more="""
    AND (:returned::boolean IS NULL OR (p.amount_returned >= p.amount) = :returned::boolean)""",
).pages()
