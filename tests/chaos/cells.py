"""The matrix of E20 as data: what an operator is asked for, how it fails, how it calls back.

A cell is one of each. What it comes to is told before it is tried, and the operator's own books
must say the same. Money that goes out by another way is one more flow.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

# Longer than a sender waits for an answer, shorter than its lease.
SILENCE_SECONDS: Final = 12.0
ALWAYS: Final = 1_000_000


class Ending(StrEnum):
    """What becomes of it, by what reached the operator."""

    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    HELD = "held for a person"


class Place(StrEnum):
    """Where a fault strikes."""

    SENDING = "the request for money"
    READING = "the reads of its status"
    CONNECTING = "the connections of all"
    ANSWER = "the answer on its way"


class Fate(StrEnum):
    """What a fault does to what was asked for."""

    TAKEN = "the operator has it"
    LOST = "the operator never got it"
    REFUSED = "the operator refused it"
    MISTOLD = "the operator has it, and every read of it lies"


class Callback(StrEnum):
    """How the operator calls back."""

    NONE = "none"
    EARLY = "early"
    LATE = "late"
    TWICE = "twice"
    FORGED = "forged"


class What(StrEnum):
    """What is asked for."""

    CHARGE = "charge"
    REFUND = "refund"
    PAYOUT = "payout"


@dataclass(frozen=True, slots=True)
class Flow:
    """What is asked for, where, by which contract, and the end of its route in the operator's log.

    `after_loss` is what becomes of it where no request arrived; `is_told` says whether the operator
    is given an address to call back at.
    """

    what: What
    operator: str
    product: str
    route: str
    after_loss: Ending
    is_sent_again: bool = False
    is_told: bool = True

    @property
    def name(self) -> str:
        """Both, in words."""
        if self.is_on_page:
            return f"{self.what} on Orange's page"
        return f"{self.what} at {'MTN' if self.operator == 'mtn' else 'Orange'}"

    @property
    def is_on_page(self) -> bool:
        """Whether it is paid on a page of the operator's, which is asked for without a number."""
        return self.product == "web"

    @property
    def goes_out(self) -> bool:
        """Whether the money is ours to send."""
        return self.what is not What.CHARGE

    @property
    def sends(self) -> str:
        """The simulator's name for the request."""
        return "payout" if self.goes_out else "submit"

    @property
    def reads(self) -> str:
        """The simulator's name for the read of its status."""
        return "payout_read" if self.goes_out else "read"

    @property
    def books(self) -> str:
        """Under which product the simulator keeps its books."""
        if self.is_on_page:
            return self.product
        return "disbursement" if self.goes_out and self.operator == "mtn" else "collection"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the simulator, `kind` with its `words`, or one of the wire.

    `instead` holds what an operator, or one of its products, has in place of it.
    """

    name: str
    place: Place
    fate: Fate
    kind: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)
    times: int = 1
    instead: Mapping[str, "Fault"] = field(default_factory=dict)

    def at(self, flow: Flow) -> "Fault":
        """The fault as this flow's operator has it."""
        of_operator = self.instead.get(flow.operator, self)
        return self.instead.get(flow.product, of_operator)


@dataclass(frozen=True, slots=True)
class Cell:
    """One flow under one fault and one callback."""

    flow: Flow
    fault: Fault
    callback: Callback

    @property
    def name(self) -> str:
        """All three, in words."""
        return f"{self.flow.name} / {self.fault.name} / callback {self.callback}"

    @property
    def ending(self) -> Ending:
        """What it comes to in the end."""
        match self.fault.at(self.flow).fate:
            case Fate.REFUSED:
                return Ending.FAILED
            case Fate.LOST:
                return self.flow.after_loss
            case Fate.TAKEN | Fate.MISTOLD:
                return Ending.PAID

    @property
    def is_cut_off(self) -> bool:
        """Whether nobody on its line comes through."""
        return self.fault.place is Place.CONNECTING

    @property
    def is_called_back(self) -> bool:
        """Whether the operator has anything to call back about."""
        return self.flow.is_told and self.ending is Ending.PAID


FLOWS: Final = (
    Flow(
        What.CHARGE,
        "mtn",
        "collection",
        "/collection/v1_0/requesttopay",
        after_loss=Ending.PAID,
        is_sent_again=True,
    ),
    Flow(What.CHARGE, "orange", "core", "/mp/pay", after_loss=Ending.EXPIRED),
    # A page that nobody was shown can be paid by nobody: the next one is asked for, and shown.
    Flow(What.CHARGE, "orange", "web", "/webpayment", after_loss=Ending.PAID),
    Flow(What.REFUND, "mtn", "disbursement", "/refund", after_loss=Ending.HELD),
    Flow(What.PAYOUT, "mtn", "disbursement", "/transfer", after_loss=Ending.HELD),
    # Orange knows no refund: money goes back as it goes out, and nobody is called back about it.
    Flow(What.REFUND, "orange", "core", "/cashin/pay", after_loss=Ending.FAILED, is_told=False),
    Flow(What.PAYOUT, "orange", "core", "/cashin/pay", after_loss=Ending.FAILED, is_told=False),
)

# Orange's own status code for a refusal; of 500 nobody knows who says it.
_REFUSED_BY_ORANGE: Final = Fault(
    "500, a definite refusal",
    Place.SENDING,
    Fate.REFUSED,
    "error_before",
    {"http_status": 417, "code": "99051 :: no wallet"},
)
# Of a page it says what is wrong with our order, by number.
_REFUSED_A_PAGE: Final = Fault(
    "500, a definite refusal",
    Place.SENDING,
    Fate.REFUSED,
    "error_before",
    {"http_status": 400, "code": "22"},
)
REFUSED_CONNECTION: Final = Fault("connection refused", Place.CONNECTING, Fate.TAKEN)
HUNG_CONNECTION: Final = Fault("time-out of connecting", Place.CONNECTING, Fate.TAKEN)
RESET: Final = Fault("reset in the middle of the answer", Place.ANSWER, Fate.TAKEN)
SLOW_DRIP: Final = Fault("slow drip", Place.ANSWER, Fate.TAKEN)
WRONG_CURRENCY: Final = Fault(
    "wrong currency", Place.READING, Fate.MISTOLD, "wrong_currency", times=ALWAYS
)
FAULTS: Final = (
    REFUSED_CONNECTION,
    HUNG_CONNECTION,
    Fault(
        "time-out before the effect",
        Place.SENDING,
        Fate.LOST,
        "hold_before",
        {"seconds": SILENCE_SECONDS},
    ),
    Fault(
        "time-out after the effect",
        Place.SENDING,
        Fate.TAKEN,
        "hold_after",
        {"seconds": SILENCE_SECONDS},
    ),
    RESET,
    Fault(
        "500, a definite refusal",
        Place.SENDING,
        Fate.REFUSED,
        "error_before",
        {"http_status": 500, "code": "PAYEE_NOT_ALLOWED_TO_RECEIVE"},
        instead={"orange": _REFUSED_BY_ORANGE, "web": _REFUSED_A_PAGE},
    ),
    Fault("500 that proves nothing", Place.SENDING, Fate.TAKEN, "error_after"),
    Fault("HTML under 200", Place.SENDING, Fate.LOST, "html"),
    Fault("429", Place.SENDING, Fate.LOST, "error_before", {"http_status": 429}),
    Fault("401 in the middle", Place.SENDING, Fate.TAKEN, "token_expired"),
    # Taken, and answered as if the token were wrong: the repeat meets what is there already.
    Fault(
        "409 or 422, a duplicate", Place.SENDING, Fate.TAKEN, "error_after", {"http_status": 401}
    ),
    Fault("wrong amount", Place.READING, Fate.MISTOLD, "wrong_amount", times=ALWAYS),
    WRONG_CURRENCY,
    Fault("unknown status word", Place.READING, Fate.TAKEN, "unknown_status"),
    SLOW_DRIP,
)

# The simulator's callback faults. What is asked for again needs its callback ordered again.
CALLBACKS: Final[Mapping[Callback, tuple[str, Mapping[str, Any]]]] = {
    Callback.NONE: ("callback_none", {}),
    Callback.EARLY: ("callback_early", {"seconds": 2}),
    Callback.LATE: ("callback_late", {"seconds": 12}),
    Callback.TWICE: ("callback_double", {"seconds": 1}),
    Callback.FORGED: ("callback_forged", {}),
}
SENT: Final[Mapping[Callback, Sequence[str]]] = {
    Callback.NONE: (),
    Callback.EARLY: ("early",),
    Callback.LATE: ("true",),
    Callback.TWICE: ("true", "true"),
    Callback.FORGED: ("forged", "true"),
}


_OF_THE_OPERATOR: Final = frozenset({Callback.EARLY, Callback.LATE, Callback.TWICE})


def rule_against(cell: Cell) -> str | None:
    """The name of the rule by which a cell cannot exist; None for one that does."""
    if cell.flow.operator == "orange" and cell.fault is WRONG_CURRENCY:
        return "Orange's answers name no currency"
    # Whoever forges needs nothing to have happened.
    if not cell.flow.is_told and cell.callback in _OF_THE_OPERATOR:
        return "Orange is given no address where money goes out"
    if not cell.is_called_back and cell.callback in _OF_THE_OPERATOR:
        return "nobody calls back about what was not taken"
    return None


def all_cells() -> Iterator[Cell]:
    """Every combination, also those that cannot exist."""
    for flow in FLOWS:
        for fault in FAULTS:
            for callback in Callback:
                yield Cell(flow, fault, callback)


CELLS: Final = tuple(cell for cell in all_cells() if rule_against(cell) is None)


def sample(cells: Sequence[Cell], chance: random.Random) -> list[Cell]:
    """As few cells as come by chance, with each flow, fault and callback among them.

    One merchant is enough for those whose lines fail: no line has to fail in two ways.
    """
    while True:
        taken = _drawn(cells, chance)
        failing = {(c.flow.product, c.fault.name) for c in taken if c.is_cut_off}
        if len(failing) == len({product for product, _ in failing}):
            return taken


def _drawn(cells: Sequence[Cell], chance: random.Random) -> list[Cell]:
    wanted: set[object] = set()
    for cell in cells:
        wanted |= _parts(cell)
    taken = []
    for cell in chance.sample(cells, len(cells)):
        # Whatever is rarer than others decides: a fault stands in fewer cells than a callback.
        if cell.fault.name in wanted:
            taken.append(cell)
            wanted -= _parts(cell)
    for cell in chance.sample(cells, len(cells)):
        if _parts(cell) & wanted:
            taken.append(cell)
            wanted -= _parts(cell)
    return taken


def _parts(cell: Cell) -> set[object]:
    return {cell.flow.name, cell.fault.name, cell.callback}
