"""Tries cells of the fault matrix, many at a time, and holds each against the operator's books."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import urllib3

from tests.chaos.callers import address
from tests.chaos.cells import (
    CALLBACKS,
    HUNG_CONNECTION,
    REFUSED_CONNECTION,
    SENT,
    SLOW_DRIP,
    Callback,
    Cell,
    Ending,
    Fate,
    Flow,
    Place,
    What,
)
from tests.chaos.contract import own_lines
from tests.chaos.operator_line import Blow, OperatorLine
from tests.chaos.oracle.evidence import Login, connected
from tests.chaos.shop import MTN, ORANGE, Shop, open_shop
from tests.end_to_end.merchant import AnyOrder, PayoutOrder, RefundOrder
from tests.end_to_end.money import top_up
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

PREFIXES: Final = {"mtn": MTN, "orange": ORANGE}
PAID_OUT: Final = 400
# More than any trial pays out of it.
FUNDS: Final = 10_000_000
CLIENTS: Final = 8
# A payToken that nobody asks under ends so soon.
PAY_TOKEN_SECONDS: Final = 9
PREPARED_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 45.0
ENDED_SECONDS: Final = 150.0
CALLED_BACK_SECONDS: Final = 30.0
TOLD_AGAIN_SECONDS: Final = 60.0
_TELL_EVERY_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.25
_OPENED_AT_ONCE: Final = 2
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_OK: Final = 200
_OVER: Final = frozenset({"succeeded", "failed", "expired", "canceled"})
_ENDS: Final[Mapping[Ending, frozenset[str]]] = {
    Ending.PAID: frozenset({"succeeded"}),
    Ending.FAILED: frozenset({"failed"}),
    Ending.EXPIRED: frozenset({"expired"}),
    Ending.HELD: frozenset({"unknown", "in_transit"}),
}
_STANDING: Final = """
SELECT o.id, o.status, a.status, a.operator_word, a.reference,
       COALESCE(a.operator_reference, a.reference), COALESCE(a.not_found_reads, 0),
       EXISTS (SELECT FROM platform.cases c WHERE c.object_id = o.id AND c.closed_at IS NULL)
FROM (SELECT id, status FROM "{schema}".charges UNION ALL
      SELECT id, status FROM "{schema}".refunds UNION ALL
      SELECT id, status FROM "{schema}".payouts) o
LEFT JOIN "{schema}".provider_attempts a ON a.charge_id = o.id
WHERE o.id = ANY(:ids)"""
# Whoever asks so much at once as a wave does would be asked to wait.
_UNBOUNDED: Final = """
INSERT INTO platform.dated_rules (id, kind, livemode, account_id, valid_from, data)
VALUES ('requests_of_' || :account, 'requests', false, :account, now() - interval '1 minute', '{}')
ON CONFLICT (id) DO NOTHING"""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a charge or refund stands with us; `known_as` is what the operator knows it by."""

    status: str
    attempt: str | None
    word: str | None
    reference: str | None
    known_as: str | None
    not_found_reads: int
    has_case: bool


@dataclass(frozen=True, slots=True)
class Stall:
    """A merchant and the lines to its operators, by product."""

    shop: Shop
    lines: Mapping[str, OperatorLine]


@dataclass(slots=True)
class Try:
    """One try of a cell: what was asked for, and what was seen of its fault and its callback."""

    cell: Cell
    stall: Stall
    phone: str
    order: AnyOrder
    marker: bytes
    id: str = ""
    is_struck: bool = False
    is_forged: bool = False
    sent: list[str] = field(default_factory=list)

    @property
    def flow(self) -> Flow:
        """Its cell's."""
        return self.cell.flow

    def is_hit(self) -> bool:
        """Whether the fault struck and the callbacks came as they were ordered."""
        expected = SENT[self.cell.callback] if self.cell.is_called_back else ()
        is_told = Counter(self.sent) == Counter(expected)
        return self.is_struck and is_told and self.is_forged == self._wants_forgery

    @property
    def _wants_forgery(self) -> bool:
        return self.cell.callback is Callback.FORGED

    def is_waited_for(self, standing: Standing | None) -> bool:
        """Whether it is still on its way to where this cell leads while the fault lasts."""
        if standing is None or (self._wants_forgery and not self.is_forged):
            return True
        if standing.status in _OVER:
            return False
        if self.cell.fault.at(self.flow).fate is Fate.MISTOLD:
            return not standing.has_case
        return self.cell.ending is not Ending.HELD or not standing.not_found_reads


@dataclass(slots=True)
class Matrix:
    """Stalls of merchants who trade while their operators fail; `hits` counts by cell."""

    system: LocalSystem
    stalls: Sequence[Stall]
    hits: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    tries: int = 0
    sendings: int = 0
    _warm: set[tuple[str, str]] = field(default_factory=set)

    def run(self, cells: Sequence[Cell], chance: random.Random) -> None:
        """Try each cell once, all at the same time; what went wrong is kept."""
        placed = [(cell, self._stall(cell, place)) for place, cell in enumerate(cells)]
        try:
            tries = self._prepared(placed)
            self._order_faults(tries)
            self._place(tries, chance)
            self._wait(tries)
            self._see_what_struck(tries)
        finally:
            self._heal()
        self._tell_the_truth([t for t in tries if t.cell.fault.at(t.flow).fate is Fate.MISTOLD])
        self._hold_against_the_books(tries)

    def control(self, flow: Flow) -> OperatorControl:
        """The operator of a flow, for who holds its token."""
        return OperatorControl.of(self.system, flow.operator)

    def _stall(self, cell: Cell, place: int) -> Stall:
        """A line that fails for all has nothing else on it."""
        refused, hung, *others = self.stalls
        if cell.fault is REFUSED_CONNECTION:
            return refused
        if cell.fault is HUNG_CONNECTION:
            return hung
        return others[place % len(others)]

    def _prepared(self, placed: Sequence[tuple[Cell, Stall]]) -> list[Try]:
        """Give each cell its order; what is given back was paid before."""
        warm = {
            (stall.shop.ending, cell.flow.name): (stall, cell.flow)
            for cell, stall in placed
            if cell.fault.place is Place.CONNECTING
        }
        cold = [each for key, each in warm.items() if key not in self._warm]
        self._warm |= warm.keys()
        _all(lambda each: _trade(*each), cold)
        return _all(lambda each: _try(*each), placed)

    def _order_faults(self, tries: Iterable[Try]) -> None:
        orange = OperatorControl.of(self.system, "orange")
        for on in ("init", "payout_init"):
            orange.fault_everybody("token_short", on=on, seconds=PAY_TOKEN_SECONDS)
        _all(self._order_fault, tries)

    def _order_fault(self, one: Try) -> None:
        fault, flow, operator = one.cell.fault.at(one.flow), one.flow, self.control(one.flow)
        if fault.place in {Place.SENDING, Place.READING}:
            on = flow.sends if fault.place is Place.SENDING else flow.reads
            operator.fault(one.phone, fault.kind, on=on, times=fault.times, **fault.words)
        elif fault.place is Place.ANSWER:
            blow = Blow.DRIP if fault is SLOW_DRIP else Blow.RESET
            one.stall.lines[flow.product].mark(one.marker, blow)
        kind, words = CALLBACKS[one.cell.callback]
        # Once for the request that is lost or refused, once for the one that is taken.
        operator.fault(one.phone, kind, on=flow.sends, times=2, **words)

    def _place(self, tries: Sequence[Try], chance: random.Random) -> None:
        """Order, with somebody beside each whose operator works: else its breaker would open.

        Those whose lines are cut come first: the others hold all threads for a while.
        """
        cut_off = [one for one in tries if one.cell.fault.place is Place.CONNECTING]
        lines = {id(line): (line, one.cell.fault) for one in cut_off for line in [_line(one)]}
        for line, fault in lines.values():
            (line.refuse if fault is REFUSED_CONNECTION else line.hang)()
        try:
            _all(_ask, cut_off)
            self._watch_connections(cut_off)
        finally:
            for line, _ in lines.values():
                line.let_through()
        others = [one for one in tries if one not in cut_off]
        company = [_Company(one.stall, one.flow) for one in others]
        everybody: list[Try | _Company] = [*others, *company]
        _all(_ask, chance.sample(everybody, len(everybody)))

    def _watch_connections(self, cut_off: Sequence[Try]) -> None:
        """Wait until each has met the line that nobody answers on."""
        ends_at = time.monotonic() + CONNECT_SECONDS
        while not all(one.is_struck for one in cut_off) and time.monotonic() < ends_at:
            standings = self._standings(cut_off)
            for one in cut_off:
                found = standings.get(one.id)
                words = {"connect_failed"}
                if one.cell.fault is HUNG_CONNECTION:
                    words = {"connect_timeout"}
                one.is_struck |= found is not None and found.word in words
            time.sleep(_LOOK_SECONDS)

    def _wait(self, tries: Sequence[Try]) -> None:
        """Wait for where each cell leads, and forge callbacks meanwhile."""
        ends_at = time.monotonic() + ENDED_SECONDS
        while time.monotonic() < ends_at:
            standings = self._standings(tries)
            for one in tries:
                found = standings.get(one.id)
                if one.cell.callback is Callback.FORGED and not one.is_forged and found:
                    one.is_forged = self._forge(one, found)
            if not any(one.is_waited_for(standings.get(one.id)) for one in tries):
                break
            time.sleep(_LOOK_SECONDS)
        standings = self._standings(tries)
        ends_at = time.monotonic() + CALLED_BACK_SECONDS
        while time.monotonic() < ends_at:
            _all(lambda one: self._see_callbacks(one, standings), tries)
            expected = [SENT[t.cell.callback] if t.cell.is_called_back else () for t in tries]
            if all(len(t.sent) >= len(e) for t, e in zip(tries, expected, strict=True)):
                break
            time.sleep(_LOOK_SECONDS)

    def _see_callbacks(self, one: Try, standings: Mapping[str, Standing]) -> None:
        found = standings.get(one.id)
        if found is None or found.known_as is None:
            return
        rows = self.control(one.flow).callbacks(found.known_as, product=one.flow.books)
        one.sent = [row["kind"] for row in rows if row["sent_at"] is not None]

    def _forge(self, one: Try, standing: Standing) -> bool:
        """Call back as whoever knows the address would, with the contrary of what will be so."""
        if standing.reference is None:
            return False
        path = address(self.system, standing.reference, one.flow.operator)
        says = "FAILED" if one.cell.ending is Ending.PAID else "SUCCESSFUL"
        body = {"status": says, "amount": "999999", "externalId": one.id, "currency": "XAF"}
        answer = urllib3.request(
            "POST",
            self.system.base_url + path,
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            timeout=10,
            retries=False,
        )
        return answer.status == _OK

    def _see_what_struck(self, tries: Sequence[Try]) -> None:
        struck = {
            (flow.name, row["msisdn"], row["fault"]["kind"])
            for flow in {one.flow.name: one.flow for one in tries}.values()
            for row in self.control(flow).faults(product=flow.books)
            if row["remaining"] < _ordered(row, tries)
        }
        for one in tries:
            fault = one.cell.fault.at(one.flow)
            payer = self.control(one.flow).payer(one.phone)
            if fault.place in {Place.SENDING, Place.READING}:
                one.is_struck = (one.flow.name, payer, fault.kind) in struck
            elif fault.place is Place.ANSWER:
                one.is_struck = one.marker in _line(one).struck
            if one.is_hit():
                self.hits[one.cell.name] += 1
        self.tries += len(tries)

    def _tell_the_truth(self, tries: Sequence[Try]) -> None:
        """Have the operator call back anew, now that its reads are true again, until all ended."""
        ends_at = time.monotonic() + TOLD_AGAIN_SECONDS
        while time.monotonic() < ends_at:
            standings = self._standings(tries)
            left = [one for one in tries if not self._is_over(one, standings)]
            if not left:
                return
            for one in left:
                found = standings.get(one.id)
                if found is not None and not one.flow.is_told:
                    # Nobody tells, but whoever knows the address has it read.
                    self._forge(one, found)
                elif found is not None and found.known_as is not None:
                    control = self.control(one.flow)
                    control.call_back(found.known_as, "now", product=one.flow.books)
            time.sleep(_TELL_EVERY_SECONDS)

    @staticmethod
    def _is_over(one: Try, standings: Mapping[str, Standing]) -> bool:
        return one.id in standings and standings[one.id].status in _OVER

    def _heal(self) -> None:
        for operator in ("mtn", "orange"):
            OperatorControl.of(self.system, operator).heal()
        OperatorControl.of(self.system).heal(product="disbursement")

    def _hold_against_the_books(self, tries: Sequence[Try]) -> None:
        """What ended with us ended so with the operator, and as the cell was expected to."""
        standings = self._standings(tries)
        moved = {
            row["external_id"]
            for flow in {one.flow.name: one.flow for one in tries}.values()
            for row in self.control(flow).effects(product=flow.books)
        }

        def judge(one: Try) -> list[str]:
            found = standings.get(one.id)
            if found is None:
                return ["it is not stored"]
            is_moved = bool(moved & {one.id, one.id[-20:]})
            wrong = []
            if (found.status == "succeeded") is not is_moved:
                wrong.append(f"{found.status}, while the operator moved {is_moved:d} times")
            if found.status not in _ENDS[one.cell.ending]:
                wrong.append(f"{found} instead of {one.cell.ending}")
            if found.known_as is None:
                return wrong
            rows = self.control(one.flow).requests(found.known_as, product=one.flow.books)
            sendings, again = count_sendings(rows, one.flow)
            self.sendings += sendings
            return wrong + [f"sent {again} times more than it may be"] * bool(again)

        for one, wrong in zip(tries, _all(judge, tries), strict=True):
            self.wrong += [f"{one.cell.name}, {one.id}: {each}" for each in wrong]

    def _standings(self, tries: Sequence[Try]) -> dict[str, Standing]:
        found: dict[str, Standing] = {}
        for stall in self.stalls:
            ids = [one.id for one in tries if one.stall is stall and one.id]
            if ids:
                with connected(stall.shop.login) as connection:
                    sql = _STANDING.format(schema=stall.shop.merchant.schema)
                    rows = connection.run(sql, ids=ids)
                found |= {row[0]: Standing(*row[1:]) for row in rows}
        return found


def count_sendings(rows: Iterable[Mapping[str, Any]], flow: Flow) -> tuple[int, int]:
    """How often something was sent, by its operator's log, and how often it may not have been.

    While it is not known what became of it nothing is sent again. A second time is right after a
    refusal at the gate, and of a charge at MTN once it was not found.
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


@dataclass(frozen=True, slots=True)
class _Company:
    stall: Stall
    flow: Flow


@contextmanager
def open_stalls(
    system: LocalSystem, login: Login, superuser: Any, names: Sequence[str], *, first: int
) -> Iterator[list[Stall]]:
    """Merchants with lines of their own; the ends of their payers' numbers count from `first`."""
    with ExitStack() as stack:

        def opened(place: int, name: str) -> Shop:
            return stack.enter_context(open_shop(system, login, name, ending=f"{first + place}"))

        # More at once wait for each other until one gives up.
        with ThreadPoolExecutor(_OPENED_AT_ONCE) as threads:
            shops = [*threads.map(opened, range(len(names)), names)]
        stalls = [Stall(shop, stack.enter_context(own_lines(shop))) for shop in shops]
        for stall in stalls:
            superuser.run(_UNBOUNDED, account=stall.shop.merchant.account)
            top_up(system, stall.shop.merchant, FUNDS)
        yield stalls


def _all(work: Callable[[Any], T], each: Iterable[Any]) -> list[T]:
    """Do the same for each, some at a time; the first failure is raised."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        return list(threads.map(work, each))


def _try(cell: Cell, stall: Stall) -> Try:
    order, phone, marker = _order(stall, cell.flow)
    return Try(cell, stall, phone, order, marker)


def _order(stall: Stall, flow: Flow) -> tuple[AnyOrder, str, bytes]:
    """Something to ask for, whose number it is about, and by which words its request is known."""
    shop, prefix = stall.shop, PREFIXES[flow.operator]
    order = shop.order(prefix)
    marker = order.phone.removeprefix("+" if flow.operator == "mtn" else "+237").encode()
    match flow.what:
        case What.CHARGE:
            return order, order.phone, marker
        case What.PAYOUT:
            return PayoutOrder(order.phone, PAID_OUT), order.phone, marker
        case What.REFUND:
            charge = shop.ask_until_success(order)
            found = shop.merchant.wait_final(charge, seconds=PREPARED_SECONDS)
            assert found["paid"], found
            if flow.operator == "mtn":
                # It names the payment that it gives back, and nobody's number.
                marker = shop.reference(charge).encode()
            return RefundOrder(charge, PAID_OUT), order.phone, marker


def _trade(stall: Stall, flow: Flow) -> None:
    """Have a token and a connection in hand for what a flow asks."""
    order, _, _ = _order(stall, flow)
    made = stall.shop.ask_until_success(order)
    path = f"{order.path}/{made}"

    def is_over() -> bool:
        return bool(stall.shop.merchant.read(path)["status"] in {"succeeded", "paid"})

    wait_for(f"a first {flow.name}", is_over, seconds=PREPARED_SECONDS)


def _ask(one: Try | _Company) -> None:
    if isinstance(one, Try):
        one.id = one.stall.shop.ask_until_success(one.order)
    else:
        order, _, _ = _order(one.stall, one.flow)
        one.stall.shop.ask_until_success(order)


def _line(one: Try) -> OperatorLine:
    return one.stall.lines[one.flow.product]


def _ordered(row: Mapping[str, Any], tries: Sequence[Try]) -> int:
    """How often a fault that the operator knows was ordered."""
    kind = row["fault"]["kind"]
    if kind.startswith("callback"):
        return 2
    faults = (one.cell.fault.at(one.flow) for one in tries)
    return next((fault.times for fault in faults if fault.kind == kind), 1)
