"""One try of a cell of the fault matrix: what is asked for, how it stands, and how it was sent."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.chaos.cells import SENT, Callback, Cell, Ending, Fate, Flow, What
from tests.chaos.operator_line import OperatorLine
from tests.chaos.oracle.evidence import connected
from tests.chaos.shop import MTN, ORANGE
from tests.chaos.stalls import Stall
from tests.end_to_end.merchant import AnyOrder, Order, PageOrder, PayoutOrder, RefundOrder

PREFIXES: Final = {"mtn": MTN, "orange": ORANGE}
PAID_OUT: Final = 400
OVER: Final = frozenset({"succeeded", "failed", "expired", "canceled"})
PREPARED_SECONDS: Final = 60.0
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
# Of several pages the one that was shown is the charge's; else the last.
_STANDING: Final = """
SELECT o.id, o.status, a.reference, a.known_as, COALESCE(a.not_found_reads, 0),
       EXISTS (SELECT FROM platform.cases c WHERE c.object_id = o.id AND c.closed_at IS NULL),
       ARRAY(SELECT operator_word FROM "{schema}".provider_attempts
             WHERE charge_id = o.id AND operator_word IS NOT NULL),
       ARRAY(SELECT COALESCE(operator_reference, reference) FROM "{schema}".provider_attempts
             WHERE charge_id = o.id)
FROM (SELECT id, status FROM "{schema}".charges UNION ALL
      SELECT id, status FROM "{schema}".refunds UNION ALL
      SELECT id, status FROM "{schema}".payouts) o
LEFT JOIN LATERAL (
    SELECT reference, COALESCE(operator_reference, reference) AS known_as, not_found_reads
    FROM "{schema}".provider_attempts WHERE charge_id = o.id
    ORDER BY status IN ('accepted', 'closed') DESC, number DESC LIMIT 1) a ON true
WHERE o.id = ANY(:ids)"""
_SHOWN: Final = """SELECT id FROM "{schema}".charges WHERE status = 'requires_action'"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a charge, refund or payout stands with us.

    `known_as` is what its operator knows it by, `references` all that it was asked by; `words` are
    what was heard of any attempt.
    """

    status: str
    reference: str | None
    known_as: str | None
    not_found_reads: int
    has_case: bool
    words: Sequence[str]
    references: Sequence[str]

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it."""
        return self.status in OVER


@dataclass(frozen=True, slots=True)
class Wish:
    """Something to ask for: whose `phone` it is about, and by which words its request is known."""

    order: AnyOrder
    phone: str
    marker: bytes


@dataclass(slots=True)
class Try:
    """One try of a cell: what was asked for, and what was seen of its fault and its callback."""

    cell: Cell
    stall: Stall
    wish: Wish
    id: str = ""
    is_struck: bool = False
    is_forged: bool = False
    sent: list[str] = field(default_factory=list)

    @property
    def flow(self) -> Flow:
        """Its cell's."""
        return self.cell.flow

    @property
    def line(self) -> OperatorLine:
        """Which way its operator is asked."""
        return self.stall.lines[self.flow.product]

    @property
    def match(self) -> Mapping[str, str]:
        """By what its operator finds the faults that are meant for it."""
        order = self.wish.order
        if isinstance(order, PageOrder):
            return {"reference": order.label.lower()}
        operator = self.flow.operator
        return {"msisdn": self.wish.phone.removeprefix("+" if operator == "mtn" else "+237")}

    def is_hit(self) -> bool:
        """Whether the fault struck and the callbacks came as they were ordered."""
        is_told = Counter(self.sent) == Counter(self.expected)
        return self.is_struck and is_told and self.is_forged == self._wants_forgery

    @property
    def expected(self) -> Sequence[str]:
        """The callbacks that its operator has to send."""
        return SENT[self.cell.callback] if self.cell.is_called_back else ()

    @property
    def _wants_forgery(self) -> bool:
        return self.cell.callback is Callback.FORGED

    def is_waited_for(self, standing: Standing | None) -> bool:
        """Whether it is still on its way to where this cell leads while the fault lasts."""
        if standing is None or (self._wants_forgery and not self.is_forged):
            return True
        if standing.is_over:
            return False
        if self.cell.fault.at(self.flow).fate is Fate.MISTOLD:
            return not standing.has_case
        return self.cell.ending is not Ending.HELD or not standing.not_found_reads

    def came_too_late(self, standing: Standing, *, is_moved: bool, sendings: int) -> bool:
        """Whether a busy machine let a time go by, so that it may only end unpaid.

        At MTN the two minutes in which what was lost may be sent once more; at Orange the life of a
        payToken under which nobody asked, or was let in by the gate. No hit is counted, so the cell
        is tried again: who never sends in time reaches no such cell at all.
        """
        if is_moved or self.cell.ending is not Ending.PAID:
            return False
        if standing.status == "expired":
            return sendings == 0 or "EXPIRED" in standing.words
        if "EXPIRED" in standing.words:
            # Of what goes out a payToken that lapsed is a failure: it was asked under too late.
            return standing.status == "failed"
        is_lost = self.cell.fault.at(self.flow).fate is Fate.LOST
        return is_lost and standing.status == "failed" and standing.not_found_reads > 0

    def has_moved(self, moved: frozenset[str]) -> bool:
        """Whether its operator has moved money under a name of it."""
        # An order of a page is the id without its line, and the number of the page.
        stem = self.id.replace("_", "")
        names = {self.id, self.id[-20:]}
        return bool(moved & names) or any(name.startswith(stem) for name in moved)


def wish(stall: Stall, flow: Flow) -> Wish:
    """Something to ask for; what is given back was paid before."""
    shop = stall.shop
    order = shop.order(PREFIXES[flow.operator])
    marker = order.phone.removeprefix("+" if flow.operator == "mtn" else "+237").encode()
    match flow.what:
        case What.CHARGE if flow.is_on_page:
            page = shop.page_order(order)
            return Wish(page, order.phone, page.label.encode())
        case What.CHARGE:
            return Wish(order, order.phone, marker)
        case What.PAYOUT:
            return Wish(PayoutOrder(order.phone, PAID_OUT), order.phone, marker)
        case What.REFUND:
            charge = _paid(stall, order)
            if flow.operator == "mtn":
                # It names the payment that it gives back, and nobody's number.
                marker = shop.reference(charge).encode()
            return Wish(RefundOrder(charge, PAID_OUT), order.phone, marker)


def _paid(stall: Stall, order: Order) -> str:
    charge = stall.shop.ask_until_success(order)
    found = stall.shop.merchant.wait_final(charge, seconds=PREPARED_SECONDS)
    assert found["paid"], found
    return charge


def standings(stalls: Iterable[Stall], tries: Sequence[Try]) -> dict[str, Standing]:
    """How each stands that was asked for."""
    found: dict[str, Standing] = {}
    for stall in stalls:
        ids = [one.id for one in tries if one.stall is stall and one.id]
        if ids:
            with connected(stall.shop.login) as connection:
                rows = connection.run(_STANDING.format(schema=stall.shop.merchant.schema), ids=ids)
            found |= {row[0]: Standing(*row[1:]) for row in rows}
    return found


def shown(stalls: Iterable[Stall]) -> set[str]:
    """The charges of all whose page waits for its payer."""
    found: set[str] = set()
    for stall in stalls:
        with connected(stall.shop.login) as connection:
            rows = connection.run(_SHOWN.format(schema=stall.shop.merchant.schema))
        found |= {charge for [charge] in rows}
    return found


def count_sendings(rows: Iterable[Mapping[str, Any]], flow: Flow) -> tuple[int, int]:
    """How often something was sent, by its operator's log, and how often it may not have been.

    While it is not known what became of it nothing is sent again. A second time is right after a
    refusal at the gate, and of a charge at MTN once it was not found. Each page is an order of its
    own, with rows of its own.
    """
    sendings, wrong, last, is_absent = 0, 0, None, False
    for row in rows:
        is_sending = row["method"] == "POST" and str(row["route"]).endswith(flow.route)
        if not is_sending:
            is_absent |= row["method"] == "GET" and row["status"] == _NOT_FOUND
            continue
        may_go_again = last == _UNAUTHORIZED or (flow.is_sent_again and is_absent)
        wrong += last is not None and not may_go_again
        sendings, last, is_absent = sendings + 1, row["status"], False
    return sendings, wrong
