"""Moves of money that no payment made: two people, once, between wallets that fit, balanced."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain.account import OperatorAccount, Tenant
from shared.domain.audit import Actor, ActorKind, AuditEntry, Origin
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.events import Event
from shared.domain.float_move import FloatMove, MoveOutcome, own_account
from shared.domain.ledger import Transaction
from shared.domain.phone import Operator
from shared.domain.topup import TopUp
from shared.operations.move_float import (
    MoveOrder,
    OwnedWallet,
    PageOfMoves,
    approve_move,
    propose_move,
    read_move,
    reject_move,
)
from tests.factories import an_id
from tests.fakes import START, TENANT

REASON = "Morning sweep, seen in the portal"
COLLECTING, PAYING, ORANGE, LIVE, HIS = (an_id("opa") for _ in range(5))
ACCOUNT = TENANT.account


def _wallet(wallet_id: str, **changes: Any) -> OwnedWallet:
    contract = OperatorAccount(
        id=wallet_id,
        operator=changes.get("operator", Operator.MTN),
        product="collection",
        livemode=changes.get("livemode", False),
        base_url="http://127.0.0.1:9",
        target_environment="x",
        currency="XAF",
        credentials="x",
    )
    return OwnedWallet(contract, changes.get("owner", "platform"))


WALLETS = {
    COLLECTING: _wallet(COLLECTING),
    PAYING: _wallet(PAYING),
    ORANGE: _wallet(ORANGE, operator=Operator.ORANGE),
    LIVE: _wallet(LIVE, livemode=True),
    HIS: _wallet(HIS, owner=ACCOUNT),
}


@dataclass
class MemoryMove:
    """One proposal held in memory, with what was booked for it."""

    move: FloatMove
    posted: list[Transaction] = field(default_factory=list)
    topups: list[tuple[TopUp, Event]] = field(default_factory=list)
    told: list[AuditEntry] = field(default_factory=list)

    def decide(self, move: FloatMove) -> None:
        self.move = move

    def post(self, posting: Transaction, *, at: datetime) -> None:
        self.posted.append(posting)

    def top_up(self, topup: TopUp, move: FloatMove, event: Event, entry: AuditEntry) -> None:
        self.topups.append((topup, event))
        self.told.append(entry)

    def record(self, entry: AuditEntry) -> None:
        self.told.append(entry)


@dataclass
class MemoryMoves:
    """Proposals in memory."""

    held: dict[str, MemoryMove] = field(default_factory=dict)

    def wallet(self, wallet_id: str) -> OwnedWallet | None:
        return WALLETS.get(wallet_id)

    def wallets(self, *, limit: int, after: str | None) -> Sequence[OwnedWallet]:
        return list(WALLETS.values())[:limit]

    def find(self, move_id: str) -> FloatMove | None:
        held = self.held.get(move_id)
        return None if held is None else held.move

    def page(self, *, limit: int, after: str | None) -> Sequence[FloatMove]:
        return [held.move for held in self.held.values()][:limit]

    def add(self, move: FloatMove, entry: AuditEntry) -> None:
        self.held[move.id] = MemoryMove(move, told=[entry])

    @contextmanager
    def hold(self, move_id: str) -> Iterator[MemoryMove]:
        if move_id not in self.held:
            raise NotFound("resource_missing", "id")
        yield self.held[move_id]


def _time(tenant: Tenant) -> datetime:
    return START + timedelta(days=0 if tenant.livemode else 3)


def _by(person: str, at: datetime = START) -> Origin:
    return Origin(Actor(ActorKind.PERSON, person), at)


def _body(**changes: Any) -> dict[str, Any]:
    body = {
        "mode": "test",
        "kind": "sweep",
        "from": COLLECTING,
        "to": PAYING,
        "amount": 2_000_000,
        "reference": "8812345",
        "reason": REASON,
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def _proposed(store: MemoryMoves, **changes: Any) -> FloatMove:
    return propose_move(MoveOrder.parse(_body(**changes)), store, _by("ada"))


def test_a_sweep_is_booked_by_a_second_person() -> None:
    """From one wallet's share of the platform's to the other's; nothing else moves."""
    store = MemoryMoves()
    move = _proposed(store)
    nothing_yet = list(store.held[move.id].posted)

    booked = approve_move(
        move.id, store, _by("grace"), seen_sha256=move.content_sha256, time_of=_time
    )

    [posting] = store.held[move.id].posted
    assert nothing_yet == []
    assert posting.by_account() == {
        f"float:{COLLECTING}": -2_000_000,
        f"float:{PAYING}": 2_000_000,
    }
    assert (booked.outcome, booked.transaction) == (MoveOutcome.APPROVED, posting.id)
    words = [entry.action for entry in store.held[move.id].told]
    assert words == ["float_move.proposed", "float_move.approved"]


@pytest.mark.parametrize(
    ("kind", "wallets", "expected"),
    [
        ("top_up", {"from": None}, {"bank": -5, f"float:{PAYING}": 5}),
        ("opening", {"from": None}, {"capital": -5, f"float:{PAYING}": 5}),
        ("withdrawal", {"to": None}, {"bank": 5, f"float:{COLLECTING}": -5}),
        ("tax_paid", {"to": None}, {"taxes:paid": 5, f"float:{COLLECTING}": -5}),
    ],
)
def test_each_kind_has_its_two_sides(
    kind: str, wallets: dict[str, Any], expected: dict[str, int]
) -> None:
    """A wallet on one side, and what it came from or went to on the other."""
    store = MemoryMoves()
    move = _proposed(store, kind=kind, amount=5, **wallets)

    assert move.posting("txn_x").by_account() == expected


def test_a_merchants_money_is_his_at_once() -> None:
    """Booked in his books, told to him and in both chains; nothing in the platform's own."""
    store = MemoryMoves()
    move = _proposed(
        store, kind="merchant_top_up", account=ACCOUNT, amount=700, to=HIS, **{"from": None}
    )

    booked = approve_move(
        move.id, store, _by("grace"), seen_sha256=move.content_sha256, time_of=_time
    )

    held = store.held[move.id]
    [(topup, event)] = held.topups
    assert topup.posting.by_account() == {"available": -700, f"float:{HIS}": 700}
    assert (event.type, event.object_id) == ("topup.succeeded", topup.id)
    assert '"method":"mobile_money"' in event.data
    assert topup.balance_transaction == booked.transaction
    assert held.posted == []
    assert [entry.action for entry in held.told] == [
        "float_move.proposed",
        "topup.booked",
        "float_move.approved",
    ]
    assert held.told[1].actor.id != "grace"


def test_one_that_came_by_the_bank_is_booked_there() -> None:
    """No wallet of an operator's holds it."""
    store = MemoryMoves()
    changes = {"kind": "merchant_top_up", "account": ACCOUNT, "from": None, "to": None}
    move = _proposed(store, amount=700, **changes)
    approve_move(move.id, store, _by("grace"), seen_sha256=move.content_sha256, time_of=_time)

    [(topup, event)] = store.held[move.id].topups
    assert topup.posting.by_account() == {"available": -700, "bank": 700}
    assert '"method":"bank"' in event.data
    with pytest.raises(ValueError, match="merchant"):
        move.posting("txn_x")


def test_nobody_approves_what_she_proposed() -> None:
    """And nothing is booked by the try."""
    store = MemoryMoves()
    move = _proposed(store)

    with pytest.raises(NotPermitted, match="second_person_required"):
        approve_move(move.id, store, _by("ada"), seen_sha256=move.content_sha256, time_of=_time)
    assert store.held[move.id].posted == []


def test_what_is_approved_is_what_was_seen() -> None:
    """Another amount under the same id, or another hash, books nothing."""
    store = MemoryMoves()
    move = _proposed(store)
    with pytest.raises(InvalidRequest, match="proposal_changed"):
        approve_move(move.id, store, _by("grace"), seen_sha256="0" * 64, time_of=_time)
    store.held[move.id].move = replace(move, amount=9)

    with pytest.raises(InvalidRequest, match="proposal_changed"):
        approve_move(move.id, store, _by("grace"), seen_sha256=move.content_sha256, time_of=_time)
    assert store.held[move.id].posted == []


def test_it_is_decided_once_and_in_time() -> None:
    """Rejected, by whom it may be, or too old: nobody books it any more."""
    store = MemoryMoves()
    rejected, old = _proposed(store), _proposed(store)
    assert reject_move(rejected.id, store, _by("ada"), reason=REASON).outcome == "rejected"
    late = _by("grace", START + timedelta(hours=73))

    for move, who in ((rejected, _by("grace")), (old, late)):
        with pytest.raises(InvalidRequest, match="proposal_not_open"):
            approve_move(move.id, store, who, seen_sha256=move.content_sha256, time_of=_time)
    assert old.status(late.at) == "expired"
    assert (old.status(START), rejected.status(START)) == ("open", "open")


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"to": ORANGE}, "to"),
        ({"to": COLLECTING}, "to"),
        ({"from": LIVE}, "from"),
        ({"to": HIS}, "to"),
        ({"to": an_id("opa")}, "to"),
    ],
)
def test_wallets_must_fit(changes: dict[str, Any], param: str) -> None:
    """Of one operator, one mode, the platform's, and two."""
    store = MemoryMoves()

    with pytest.raises(InvalidRequest, match="move_not_possible") as refusal:
        _proposed(store, **changes)
    assert (refusal.value.param, store.held) == (param, {})


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"kind": "gift"}, "parameter_invalid", "kind"),
        ({"mode": "both"}, "parameter_invalid", "mode"),
        ({"mode": None}, "parameter_missing", "mode"),
        ({"kind": 3}, "parameter_invalid", "kind"),
        ({"from": None}, "parameter_missing", "from"),
        ({"kind": "top_up"}, "parameter_invalid", "from"),
        ({"to": "opa_x"}, "parameter_invalid", "to"),
        ({"account": ACCOUNT}, "parameter_invalid", "account"),
        ({"amount": None}, "parameter_missing", "amount"),
        ({"amount": 0}, "amount_invalid", "amount"),
        ({"amount": True}, "amount_invalid", "amount"),
        ({"amount": 10**12 + 1}, "amount_invalid", "amount"),
        ({"reference": "ab"}, "parameter_invalid", "reference"),
        ({"reference": "a\x00bc"}, "parameter_invalid", "reference"),
        ({"reason": None}, "parameter_missing", "reason"),
        ({"reason": "short"}, "parameter_invalid", "reason"),
        ({"by": "ada"}, "parameter_unknown", "by"),
    ],
)
def test_what_is_told_is_well_formed(changes: dict[str, Any], code: str, param: str) -> None:
    """Each field at fault is named."""
    with pytest.raises(InvalidRequest, match=code) as refusal:
        MoveOrder.parse(_body(**changes))
    assert refusal.value.param == param


def test_nothing_is_found_that_is_not_there() -> None:
    """Whether it is read, booked or rejected."""
    store = MemoryMoves()
    move = _proposed(store)
    assert read_move(move.id, store) == move

    for unknown in (an_id("fm"), "fm_x"):
        with pytest.raises(NotFound):
            read_move(unknown, store)
        with pytest.raises(NotFound):
            reject_move(unknown, store, _by("ada"), reason=REASON)
    with pytest.raises(InvalidRequest, match="cursor_invalid"):
        PageOfMoves.parse({"starting_after": "fm_x"}, "fm")
    assert PageOfMoves.parse({"limit": "3"}, "fm") == PageOfMoves(3, None)


def test_the_platforms_capital_alone_grows_by_credit() -> None:
    """All else that it owns grows by debit, and nothing has a floor."""
    normals = {code: own_account(code).normal for code in ("capital", "bank", "taxes:paid")}

    assert normals == {"capital": -1, "bank": 1, "taxes:paid": 1}
