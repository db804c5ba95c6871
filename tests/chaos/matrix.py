"""Tries cells of the fault matrix, many at a time, and holds each against the operator's books."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import urllib3

from tests.chaos import judge
from tests.chaos.callers import address
from tests.chaos.cells import (
    CALLBACKS,
    HUNG_CONNECTION,
    REFUSED_CONNECTION,
    SLOW_DRIP,
    Callback,
    Cell,
    Ending,
    Fate,
    Flow,
    Place,
    What,
)
from tests.chaos.operator_line import Blow
from tests.chaos.payers import Payers
from tests.chaos.stalls import Stall
from tests.chaos.tries import (
    PREPARED_SECONDS,
    Standing,
    Try,
    Wish,
    count_sendings,
    shown,
    standings,
    wish,
)
from tests.end_to_end.operator_control import OperatorControl
from tests.end_to_end.waiting import wait_for
from tests.system import LocalSystem

CLIENTS: Final = 8
# A payToken that nobody asks under ends so soon.
PAY_TOKEN_SECONDS: Final = 9
# A page whose token was refused is asked for again, as a duplicate, and then anew.
MOST_SENDINGS: Final = 3
CONNECT_SECONDS: Final = 45.0
# Whoever sends money out has four threads, and gives three to an operator that does not answer.
OUT_AT_ONCE: Final = 2
ENDED_SECONDS: Final = 150.0
CALLED_BACK_SECONDS: Final = 30.0
TOLD_AGAIN_SECONDS: Final = 60.0
_TELL_EVERY_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.25
_FIRST_READ_SECONDS: Final = 12.0
_READ_EVERY_SECONDS: Final = 5.0
_DUE_NOW: Final = """
UPDATE platform.due_work SET due_at = now(), lease_until = NULL
WHERE kind IN ('payment_check', 'payout_check') AND object_id = ANY(:ids)
  AND due_at > now() AND done_at IS NULL"""
_OK: Final = 200
_ENDS: Final[Mapping[Ending, frozenset[str]]] = {
    Ending.PAID: frozenset({"succeeded"}),
    Ending.FAILED: frozenset({"failed"}),
    Ending.EXPIRED: frozenset({"expired"}),
    Ending.HELD: frozenset({"unknown", "in_transit"}),
}
# Under which products the operators keep their books, and their faults.
_BOOKS: Final = (
    ("mtn", "collection"),
    ("mtn", "disbursement"),
    ("orange", "collection"),
    ("orange", "web"),
)

T = TypeVar("T")


@dataclass(slots=True)
class Matrix:
    """Stalls of merchants who trade while their operators fail; `hits` counts by cell."""

    system: LocalSystem
    stalls: Sequence[Stall]
    hits: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    tries: int = 0
    sendings: int = 0
    late: int = 0
    _payers: Payers = field(init=False)
    _warm: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Nobody is to pay anything yet."""
        self._payers = Payers(self.system.base_url)

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
        """The first half has lines that fail for all, and nothing else on them."""
        half = len(self.stalls) // 2
        if cell.fault is REFUSED_CONNECTION:
            return self.stalls[0]
        if cell.fault is HUNG_CONNECTION:
            return self.stalls[half - 1]
        return self.stalls[half + place % (len(self.stalls) - half)]

    def _prepared(self, placed: Sequence[tuple[Cell, Stall]]) -> list[Try]:
        """Give each cell its order; what is given back was paid before."""
        warm = {
            (stall.shop.ending, cell.flow.name): (stall, cell.flow)
            for cell, stall in placed
            if cell.is_cut_off
        }
        cold = [each for key, each in warm.items() if key not in self._warm]
        self._warm |= warm.keys()
        _all(lambda each: self._trade(*each), cold)

        def prepared(each: tuple[Cell, Stall]) -> Try:
            cell, stall = each
            return Try(cell, stall, wish(stall, cell.flow))

        return _all(prepared, placed)

    def _trade(self, stall: Stall, flow: Flow) -> None:
        """Have a token and a connection in hand for what a flow asks."""
        first = wish(stall, flow)
        made = self._ask(stall, flow, first)

        def is_over() -> bool:
            self._payers.come(shown([stall]))
            found = stall.shop.merchant.read(f"{first.order.path}/{made}")
            return bool(found["status"] in {"succeeded", "paid"})

        wait_for(f"a first {flow.name}", is_over, seconds=PREPARED_SECONDS)

    def _ask(self, stall: Stall, flow: Flow, what: Wish) -> str:
        """Ask for it until that is definite, and have whoever pays on a page come there."""
        made = stall.shop.ask_until_success(what.order)
        if flow.is_on_page:
            self._payers.send(made, what.phone.removeprefix("+237"))
        return made

    def _order_faults(self, tries: Iterable[Try]) -> None:
        orange = OperatorControl.of(self.system, "orange")
        for on in ("init", "payout_init"):
            orange.fault_everybody("token_short", on=on, seconds=PAY_TOKEN_SECONDS)
        _all(self._order_fault, tries)

    def _order_fault(self, one: Try) -> None:
        fault, flow = one.cell.fault.at(one.flow), one.flow
        if fault.place in {Place.SENDING, Place.READING}:
            on = flow.sends if fault.place is Place.SENDING else flow.reads
            self._order(one, fault.kind, on, fault.times, fault.words)
        elif fault.place is Place.ANSWER:
            blow = Blow.DRIP if fault is SLOW_DRIP else Blow.RESET
            one.line.mark(one.wish.marker, blow)
        kind, words = CALLBACKS[one.cell.callback]
        # Once for each request that is lost or refused, and once for the one that is taken.
        self._order(one, kind, flow.sends, MOST_SENDINGS, words)

    def _order(self, one: Try, kind: str, on: str, times: int, words: Mapping[str, Any]) -> None:
        where, product = one.match, one.flow.books
        self.control(one.flow).order(
            kind, on=on, match=where, product=product, words=words, times=times
        )

    def _place(self, tries: Sequence[Try], chance: random.Random) -> None:
        """Order, with somebody beside each whose operator works: else its breaker would open.

        Those whose lines are cut come first: the others hold all threads for a while.
        """
        cut_off = [one for one in tries if one.cell.is_cut_off]
        lines = {id(one.line): (one.line, one.cell.fault) for one in cut_off}
        for line, fault in lines.values():
            (line.refuse if fault is REFUSED_CONNECTION else line.hang)()
        try:
            for few in _groups(cut_off):
                _all(self._place_one, few)
                self._watch_connections(few)
        finally:
            for line, _ in lines.values():
                line.let_through()
        others = [one for one in tries if one not in cut_off]
        company = [_Company(one.stall, one.flow) for one in others]
        everybody: list[Try | _Company] = [*others, *company]
        _all(self._place_one, chance.sample(everybody, len(everybody)))

    def _place_one(self, one: "Try | _Company") -> None:
        if isinstance(one, Try):
            one.id = self._ask(one.stall, one.flow, one.wish)
        else:
            self._ask(one.stall, one.flow, wish(one.stall, one.flow))

    def _watch_connections(self, cut_off: Sequence[Try]) -> None:
        """Wait until each has met the line that nobody answers on."""
        ends_at = time.monotonic() + CONNECT_SECONDS
        while not all(one.is_struck for one in cut_off) and time.monotonic() < ends_at:
            found = standings(self.stalls, cut_off)
            for one in cut_off:
                word = "connect_failed"
                if one.cell.fault is HUNG_CONNECTION:
                    word = "connect_timeout"
                one.is_struck |= one.id in found and word in found[one.id].words
            time.sleep(_LOOK_SECONDS)

    def _wait(self, tries: Sequence[Try]) -> None:
        """Wait for where each cell leads; meanwhile some pay on pages, and callbacks are forged.

        The first read comes in its time, the minutes until later ones are made to pass.
        """
        began = hastened = time.monotonic()
        ends_at = began + ENDED_SECONDS
        while time.monotonic() < ends_at:
            found = standings(self.stalls, tries)
            for one in tries:
                standing = found.get(one.id)
                if one.cell.callback is Callback.FORGED and not one.is_forged and standing:
                    one.is_forged = self._forge(one, standing)
            self._payers.give_up([key for key, each in found.items() if each.is_over])
            awaited = [one.id for one in tries if one.is_waited_for(found.get(one.id))]
            if self._payers.waiting():
                self._payers.come(shown(self.stalls))
            elif not awaited:
                break
            now = time.monotonic()
            if now - began > _FIRST_READ_SECONDS and now - hastened > _READ_EVERY_SECONDS:
                hastened = now
                self._hasten(awaited)
            time.sleep(_LOOK_SECONDS)
        found = standings(self.stalls, tries)
        ends_at = time.monotonic() + CALLED_BACK_SECONDS
        while time.monotonic() < ends_at:
            _all(lambda one: self._see_callbacks(one, found), tries)
            if all(len(one.sent) >= len(one.expected) for one in tries):
                break
            time.sleep(_LOOK_SECONDS)

    def _hasten(self, awaited: Sequence[str]) -> None:
        with judge.superuser(self.system) as connection:
            connection.run(_DUE_NOW, ids=awaited)

    def _see_callbacks(self, one: Try, found: Mapping[str, Standing]) -> None:
        standing = found.get(one.id)
        if standing is None or standing.known_as is None:
            return
        rows = self.control(one.flow).callbacks(standing.known_as, product=one.flow.books)
        one.sent = [row["kind"] for row in rows if row["sent_at"] is not None]

    def _forge(self, one: Try, standing: Standing) -> bool:
        """Call back as whoever knows the address would, with the contrary of what will be so.

        False where nobody said that it was heard: then it is told again.
        """
        if standing.reference is None:
            return False
        path = address(self.system, standing.reference, one.flow.operator)
        says = "FAILED" if one.cell.ending is Ending.PAID else "SUCCESSFUL"
        body = {"status": says, "amount": "999999", "externalId": one.id, "currency": "XAF"}
        with suppress(urllib3.exceptions.HTTPError):
            answer = urllib3.request(
                "POST",
                self.system.base_url + path,
                body=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
                timeout=10,
                retries=False,
            )
            return answer.status == _OK
        return False

    def _see_what_struck(self, tries: Sequence[Try]) -> None:
        struck = {
            (flow.name, name, row["fault"]["kind"])
            for flow in {one.flow.name: one.flow for one in tries}.values()
            for row in self.control(flow).faults(product=flow.books)
            for name in (row["msisdn"], row["reference"])
            if row["remaining"] < _ordered(row, tries)
        }
        for one in tries:
            fault, [name] = one.cell.fault.at(one.flow), one.match.values()
            if fault.place in {Place.SENDING, Place.READING}:
                one.is_struck = (one.flow.name, name, fault.kind) in struck
            elif fault.place is Place.ANSWER:
                one.is_struck = one.wish.marker in one.line.struck
            if one.is_hit():
                self.hits[one.cell.name] += 1
        self.tries += len(tries)

    def _tell_the_truth(self, tries: Sequence[Try]) -> None:
        """Have the operator call back anew, now that its reads are true again, until all ended."""
        ends_at = time.monotonic() + TOLD_AGAIN_SECONDS
        while time.monotonic() < ends_at:
            found = standings(self.stalls, tries)
            left = [one for one in tries if one.id not in found or not found[one.id].is_over]
            if not left:
                return
            for one in left:
                standing = found.get(one.id)
                if standing is not None and not one.flow.is_told:
                    # Nobody tells, but whoever knows the address has it read.
                    self._forge(one, standing)
                elif standing is not None and standing.known_as is not None:
                    control = self.control(one.flow)
                    control.call_back(standing.known_as, "now", product=one.flow.books)
            time.sleep(_TELL_EVERY_SECONDS)

    def _heal(self) -> None:
        for operator, product in _BOOKS:
            OperatorControl.of(self.system, operator).heal(product=product)

    def _hold_against_the_books(self, tries: Sequence[Try]) -> None:
        """What ended with us ended so with the operator, and as the cell was expected to."""
        found = standings(self.stalls, tries)
        moved = frozenset(
            row["external_id"]
            for flow in {one.flow.name: one.flow for one in tries}.values()
            for row in self.control(flow).effects(product=flow.books)
        )

        late: list[Try] = []

        def told_of(one: Try) -> list[str]:
            standing = found.get(one.id)
            if standing is None:
                return ["it is not stored"]
            is_moved = one.has_moved(moved)
            wrong, sendings = [], 0
            if (standing.status == "succeeded") is not is_moved:
                wrong.append(f"{standing.status}, while the operator moved {is_moved:d} times")
            for name in standing.references:
                rows = self.control(one.flow).requests(name, product=one.flow.books)
                sent, again = count_sendings(rows, one.flow)
                sendings += sent
                wrong += [f"sent {again} times more than it may be"] * bool(again)
            self.sendings += sendings
            if one.came_too_late(standing, is_moved=is_moved, sendings=sendings):
                late.append(one)
            elif standing.status not in _ENDS[one.cell.ending]:
                wrong.append(f"{standing} instead of {one.cell.ending}")
            return wrong

        for one, wrong in zip(tries, _all(told_of, tries), strict=True):
            self.wrong += [f"{one.cell.name}, {one.id}: {each}" for each in wrong]
        self.late += len(late)
        self.hits -= Counter(one.cell.name for one in late if one.is_hit())


@dataclass(frozen=True, slots=True)
class _Company:
    stall: Stall
    flow: Flow


def _groups(cut_off: Sequence[Try]) -> Iterator[Sequence[Try]]:
    """Charges all at once, before their breaker opens; what goes out as few as have threads."""
    outgoing = [one for one in cut_off if one.flow.what is not What.CHARGE]
    yield [one for one in cut_off if one.flow.what is What.CHARGE]
    for start in range(0, len(outgoing), OUT_AT_ONCE):
        yield outgoing[start : start + OUT_AT_ONCE]


def _all(work: Callable[[Any], T], each: Iterable[Any]) -> list[T]:
    """Do the same for each, some at a time; the first failure is raised."""
    with ThreadPoolExecutor(CLIENTS) as threads:
        return list(threads.map(work, each))


def _ordered(row: Mapping[str, Any], tries: Sequence[Try]) -> int:
    """How often a fault that the operator knows was ordered."""
    kind = row["fault"]["kind"]
    if kind.startswith("callback"):
        return MOST_SENDINGS
    faults = (one.cell.fault.at(one.flow) for one in tries)
    return next((fault.times for fault in faults if fault.kind == kind), 1)
