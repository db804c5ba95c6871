"""Several merchants' clients at once, who know of each answer what it proves.

An answer is a success, a definite refusal, or leaves open what happened; then the client asks again
with the same key until it knows. What fits none of these fails the run.
"""

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

import urllib3

from tests.chaos.counters import FaultCounters
from tests.chaos.doors import Door, Reply, ask, ask_together, door_of
from tests.chaos.kinds import KINDS, PAYOUTS, REFUNDS, Kind
from tests.chaos.payers import Payers
from tests.end_to_end.merchant import (
    FINAL,
    Accepted,
    AnyOrder,
    BatchOrder,
    Merchant,
    Order,
    PageOrder,
    PayoutOrder,
    RefundOrder,
)
from tests.end_to_end.operator_control import OperatorControl

CLIENTS: Final = 4
DEFINITE_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 0.2
_COME_SECONDS: Final = 0.5
# Each client's pause between orders; together they ask for about two charges a second.
_PAUSE_SECONDS: Final = (1.0, 2.5)
_PHONES: Final = 10_000
_PAYEE_PHONES: Final = 1_000
_PAYEES: Final = {"mtn": "+237651", "orange": "+237689"}
_PREFIXES: Final = {"mtn": "+23767", "orange": "+23769"}
_BATCHED: Final = 0.15
_BATCH: Final = ("mtn", "mtn", "orange")
_BATCH_TAKEN_BACK: Final = 0.3
_TOGETHER: Final = 0.3
_TOGETHER_ENDINGS: Final = ("001", "002", "451")
_TOGETHER_PREFIX: Final = "+237652"
_GIVEN_BACK: Final = 0.7
_PAID_OUT: Final = 0.4
_LATER_SECONDS: Final = (2, 6)
# How far ahead one lies that is taken back: nobody claims it first.
_FAR_SECONDS: Final = 3600
_CONFLICT: Final = 409
_TOO_MANY: Final = 429
_NO_ANSWER: Final = Reply(0, b"")
_READS: Final = (("/v1/balance", 200), ("/v1/charges?limit=5", 200), (f"/verify/{'7' * 26}", 404))


class Verdict(StrEnum):
    """What an answer proves."""

    SUCCESS = "success"
    REFUSAL = "definite refusal"
    AMBIGUOUS = "ambiguous"


class UnclassifiedError(Exception):
    """An answer that no client could make sense of."""


def classify(answer: urllib3.BaseHTTPResponse | Reply) -> Verdict:
    """Say what an answer to an order proves. Raises UnclassifiedError."""
    status = answer.status
    if status in {_CONFLICT, _TOO_MANY} or status >= 500:
        return Verdict.AMBIGUOUS
    try:
        content = json.loads(answer.data or b"")
    except ValueError:
        content = {}
    if status == 200 and str(content.get("id")).startswith(("ch_", "rf_", "po_", "pb_")):
        return Verdict.SUCCESS
    if 400 <= status < 500 and content.get("error", {}).get("code"):
        return Verdict.REFUSAL
    raise UnclassifiedError(f"{status} {answer.data!r}")


@dataclass(slots=True)
class Clients:
    """Threads that order, read and classify until they are told to stop."""

    merchant: Merchant
    operators: Mapping[str, OperatorControl]
    seed: int
    counters: FaultCounters
    accepted: list[Accepted] = field(default_factory=list)
    refused: list[AnyOrder] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    doors: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    payers: Payers = field(init=False)
    _faults: dict[str, str] = field(default_factory=dict)
    _page_faults: dict[str, str] = field(default_factory=dict)
    _refund_faults: dict[str, str] = field(default_factory=dict)
    _payout_faults: dict[str, str] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Nobody is to pay anything yet."""
        self.payers = Payers(self.merchant.base_url)

    @contextmanager
    def ordering(self) -> Iterator[None]:
        """Order while the block lasts; on leaving, every order under way becomes definite."""
        threads = [
            threading.Thread(target=self._live, args=(number,), daemon=True)
            for number in range(CLIENTS)
        ]
        threads.append(threading.Thread(target=self._come, daemon=True))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(2 * DEFINITE_SECONDS)
            if any(thread.is_alive() for thread in threads):
                self.failures.append("a client never came to an end")

    def unpaid(self) -> list[str]:
        """Name who is still to pay on a page, once each has come again."""
        for charge in self.payers.waiting():
            with suppress(urllib3.exceptions.HTTPError):
                answer = self.merchant.call("GET", f"/v1/charges/{charge}")
                if answer.status == 200 and answer.json()["status"] in FINAL:
                    self.payers.give_up([charge])
        self.payers.come(self.payers.waiting())
        return [*self.payers.waiting()]

    def struck(self) -> Iterator[str]:
        """The name of each fault that an operator carried out; ask once, when they are up."""
        faults = [row for operator in self.operators.values() for row in operator.faults()]
        carried_out = {row["msisdn"] for row in faults if row["remaining"] == 0}
        for payer, name in self._faults.items():
            if payer in carried_out:
                yield name
        rows = self.operators["orange"].faults(product="web")
        carried_out |= {row["reference"] for row in rows if row["remaining"] == 0}
        for label, name in self._page_faults.items():
            if label in carried_out:
                yield name
        rows = self.operators["mtn"].faults(product="disbursement")
        paid_back = {row["msisdn"] for row in rows if row["remaining"] == 0}
        for payee, name in [*self._refund_faults.items(), *self._payout_faults.items()]:
            if payee in paid_back | carried_out:
                yield name

    def report(self) -> list[str]:
        """How every question was answered."""
        told = ", ".join(f"{count} {word}" for word, count in sorted(self.answers.items()))
        read = ", ".join(f"{count} {word}" for word, count in sorted(self.reads.items()))
        keys = {each.order.key for each in self.accepted}
        orders = f"orders: {len(keys)} accepted, {len(self.refused)} refused"
        asked = ", ".join(f"{count} by {door}" for door, count in sorted(self.doors.items()))
        return [
            orders,
            f"asked: {asked}",
            f"answers: {told}, {len(self.failures)} unclassified",
            f"reads: {read}",
        ]

    def _live(self, number: int) -> None:
        chance = random.Random(f"{self.seed}/client {number}")  # noqa: S311 - seeded, to be replayed
        mine: list[Accepted] = []
        while not self._stop.is_set():
            name = chance.choices([*KINDS], [kind.weight for kind in KINDS.values()])[0]
            try:
                mine += self._order(name, number, chance)
                self._read(*chance.choice(_READS))
                if mine and chance.random() < _GIVEN_BACK and self._give_back(mine[0], chance):
                    del mine[0]
                if chance.random() < _PAID_OUT:
                    self._pay_out(number, chance)
                if chance.random() < _BATCHED:
                    self._pay_many(number, chance)
                if chance.random() < _TOGETHER:
                    mine += self._order_together(number, chance)
            except Exception as failure:  # noqa: BLE001 - whatever it is fails the run
                self.failures.append(f"{name}: {type(failure).__name__} {failure}")
            number += CLIENTS
            self._stop.wait(chance.uniform(*_PAUSE_SECONDS))

    def _come(self) -> None:
        """Have payers come to their pages all the while."""
        while not self._stop.wait(_COME_SECONDS):
            self.payers.come(self.payers.waiting())

    def _give_back(self, accepted: Accepted, chance: random.Random) -> bool:
        """Refund a part of the oldest charge; True where it needs no further look."""
        try:
            answer = self.merchant.call("GET", f"/v1/charges/{accepted.id}")
        except urllib3.exceptions.HTTPError:
            return False
        charge = json.loads(answer.data) if answer.status == 200 else {}
        if charge.get("status") != "succeeded":
            return charge.get("status") in {"failed", "canceled"}
        name = chance.choices([*REFUNDS], [kind.weight for kind in REFUNDS.values()])[0]
        kind, phone = REFUNDS[name], getattr(accepted.order, "phone", "")
        if kind.fault is not None:
            operator = self.operators["mtn"]
            _order_fault(operator, phone, kind, on="payout")
            self._refund_faults[operator.payer(phone)] = name
            self.counters.injected[name] += 1
        key = f"{self.seed}-refund-{chance.getrandbits(64):x}"
        # What fees took of it available would have to bear, and that may be empty yet.
        order = RefundOrder(accepted.id, chance.randint(1, charge["amount"] * 9 // 10), key)
        verdict, body = self._ask_until_definite(order)
        if verdict is Verdict.REFUSAL:
            raise UnclassifiedError(f"{verdict} {body[:200]!r}")
        self._keep(order, body, chance)
        return True

    def _pay_out(self, number: int, chance: random.Random) -> None:
        """Pay a number of its own, at once, later, or not after all."""
        name = chance.choices([*PAYOUTS], [kind.weight for kind in PAYOUTS.values()])[0]
        kind = PAYOUTS[name]
        phone = f"{_PAYEES[kind.operator]}{number % _PAYEE_PHONES:03d}001"
        if kind.fault is not None:
            operator = self.operators[kind.operator]
            _order_fault(operator, phone, kind, on="payout")
            self._payout_faults[operator.payer(phone)] = name
            self.counters.injected[name] += 1
        ahead = {
            "payout is paid later": chance.randint(*_LATER_SECONDS),
            "payout is taken back": _FAR_SECONDS,
        }.get(name)
        order = PayoutOrder(
            phone,
            chance.randint(100, 5_000),
            None if ahead is None else int(time.time()) + ahead,
            f"{self.seed}-payout-{chance.getrandbits(64):x}",
        )
        verdict, body = self._ask_until_definite(order)
        if verdict is Verdict.REFUSAL:
            # Its time went by while nobody answered: then it was never stored.
            if name == "payout is paid later" and b"scheduled_at" in body:
                return
            raise UnclassifiedError(f"{verdict} {body[:200]!r}")
        accepted = self._keep(order, body, chance)
        if ahead == _FAR_SECONDS:
            self._take_back(accepted)

    def _pay_many(self, number: int, chance: random.Random) -> None:
        """Pay three numbers as one, at both operators; or take back what of it still waits."""
        ending = number % _PAYEE_PHONES
        order = BatchOrder(
            tuple(f"{_PAYEES[each]}{ending:03d}{n:03d}" for n, each in enumerate(_BATCH, start=11)),
            chance.randint(100, 2_000),
            f"{self.seed}-batch-{chance.getrandbits(64):x}",
        )
        verdict, body = self._ask_until_definite(order)
        if verdict is Verdict.REFUSAL:
            raise UnclassifiedError(f"{verdict} {body[:200]!r}")
        accepted = self._keep(order, body, chance)
        if chance.random() < _BATCH_TAKEN_BACK:
            # All of it may be on its way, or over: that is an answer too.
            self._take_back(accepted, too_late="payout_batch_not_cancelable")

    def _take_back(self, accepted: Accepted, *, too_late: str | None = None) -> None:
        """Cancel it, again until it is known to be canceled, or too late where that may be."""
        deadline = time.monotonic() + DEFINITE_SECONDS
        while time.monotonic() < deadline:
            with suppress(urllib3.exceptions.HTTPError):
                path = f"{accepted.order.path}/{accepted.id}/cancel"
                answer = self.merchant.call("POST", path, b"{}")
                if answer.status == 200:
                    return
                if too_late is not None and too_late.encode() in answer.data:
                    return
                if answer.status < 500 and answer.status not in {_CONFLICT, _TOO_MANY}:
                    raise UnclassifiedError(f"{answer.status} {answer.data!r}")
            time.sleep(_AGAIN_SECONDS)
        raise UnclassifiedError(f"{accepted.id} was not taken back in {DEFINITE_SECONDS:.0f} s")

    def _order(self, name: str, number: int, chance: random.Random) -> list[Accepted]:
        """Make one; return it where its money can be given back."""
        kind = KINDS[name]
        operator = self.operators[kind.operator]
        phone = f"{_PREFIXES[kind.operator]}{number % _PHONES:04d}{kind.ending}"
        key = f"{self.seed}-{number}-{chance.getrandbits(64):x}"
        amount = 0 if kind.is_broken else chance.randint(100, 50_000)
        order: AnyOrder = Order(phone, amount=amount, key=key)
        if kind.is_on_page:
            order = PageOrder(amount, key, f"Order {number} of {self.seed}")
        if kind.fault is not None:
            self._order_fault(name, kind, order, phone)
        verdict, body = self._ask_until_definite(order)
        if (verdict is Verdict.REFUSAL) != kind.is_broken:
            raise UnclassifiedError(f"{verdict} {body[:200]!r}")
        if verdict is Verdict.REFUSAL:
            self.refused.append(order)
            return []
        accepted = self._keep(order, body, chance)
        if kind.is_on_page:
            self.payers.send(accepted.id, operator.payer(phone))
        return [accepted] if kind.operator == "mtn" else []

    def _order_together(self, number: int, chance: random.Random) -> list[Accepted]:
        """Make three in one request, which are stored by one statement."""
        orders = [
            Order(
                f"{_TOGETHER_PREFIX}{number % _PAYEE_PHONES:03d}{ending}",
                amount=chance.randint(100, 50_000),
                key=f"{self.seed}-{number}-{chance.getrandbits(64):x}",
            )
            for ending in _TOGETHER_ENDINGS
        ]
        self.doors[Door.BATCH] += 1
        try:
            replies = ask_together(self.merchant, orders)
        except urllib3.exceptions.HTTPError:
            replies = [_NO_ANSWER] * len(orders)
        accepted = []
        for order, reply in zip(orders, replies, strict=True):
            verdict, body = self._verdict(reply), reply.data
            if verdict is Verdict.AMBIGUOUS:
                verdict, body = self._ask_until_definite(order)
            if verdict is Verdict.REFUSAL:
                raise UnclassifiedError(f"{verdict} {body[:200]!r}")
            accepted.append(self._keep(order, body, chance))
        return accepted

    def _order_fault(self, name: str, kind: Kind, order: AnyOrder, phone: str) -> None:
        """Have the operator fail this order; a page is known by its label alone."""
        operator = self.operators[kind.operator]
        self.counters.injected[name] += 1
        if isinstance(order, PageOrder):
            self._page_faults[order.label.lower()] = name
            _insist(partial(operator.fault_page, order.label, str(kind.fault), **kind.words))
        else:
            self._faults[operator.payer(phone)] = name
            _order_fault(operator, phone, kind)

    def _keep(self, order: AnyOrder, body: bytes, chance: random.Random) -> Accepted:
        accepted = Accepted(order, json.loads(body)["id"], body, time.monotonic())
        self.accepted.append(accepted)
        if chance.random() < 0.2:  # a client that lost the answer asks once more
            _, again = self._ask_until_definite(order)
            self.accepted.append(Accepted(order, json.loads(again)["id"], again, time.monotonic()))
        return accepted

    def _ask_until_definite(self, order: AnyOrder) -> tuple[Verdict, bytes]:
        """Ask again with the same key, at any door, until an answer proves something."""
        deadline = time.monotonic() + DEFINITE_SECONDS
        for asked in itertools.count():
            if time.monotonic() > deadline:
                break
            door = door_of(order, asked)
            self.doors[door] += 1
            try:
                reply = ask(self.merchant, order, door)
            except urllib3.exceptions.HTTPError:
                reply = _NO_ANSWER
            verdict = self._verdict(reply)
            if verdict is not Verdict.AMBIGUOUS:
                return verdict, reply.data
            time.sleep(_AGAIN_SECONDS)
        raise UnclassifiedError(f"nothing definite in {DEFINITE_SECONDS:.0f} s to {order.key}")

    def _verdict(self, reply: Reply) -> Verdict:
        verdict = Verdict.AMBIGUOUS if reply is _NO_ANSWER else classify(reply)
        self.answers[verdict] += 1
        return verdict

    def _read(self, path: str, expected: int) -> None:
        """A read fails now and then while everything is killed; it never says a wrong thing."""
        try:
            status = self.merchant.call("GET", path).status
        except urllib3.exceptions.HTTPError:
            status = 0
        if status not in {0, expected} and status < 500:
            raise UnclassifiedError(f"GET {path} answered {status}")
        self.reads["answered" if status == expected else "not answered"] += 1


def _order_fault(operator: OperatorControl, phone: str, kind: Kind, *, on: str = "submit") -> None:
    _insist(partial(operator.fault, phone, str(kind.fault), on=on, **kind.words))


def _insist(order: Callable[[], None]) -> None:
    """Order it of an operator that may be down itself just now."""
    deadline = time.monotonic() + DEFINITE_SECONDS
    while True:
        try:
            order()
        except (urllib3.exceptions.HTTPError, AssertionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_SECONDS)
        else:
            return
