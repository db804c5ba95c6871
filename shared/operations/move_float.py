"""Records moves of money that no payment made: told by one administrator, booked by a second."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol, Self

from shared.domain.account import OperatorAccount, Tenant
from shared.domain.audit import AuditEntry, Origin
from shared.domain.breaker import Guarded
from shared.domain.errors import InvalidRequest, NotFound, NotPermitted
from shared.domain.events import PLATFORM, Event
from shared.domain.float_move import (
    ARRIVES,
    LARGEST,
    LEAVES,
    MAY_ARRIVE,
    PROPOSAL_LASTS,
    FloatMove,
    MoveKind,
    MoveOutcome,
    content_sha256,
    told,
    told_to_the_account,
)
from shared.domain.ids import is_id, new_id
from shared.domain.ledger import Transaction
from shared.domain.money import Money
from shared.domain.operator_float import FloatReading
from shared.domain.topup import SUCCEEDED, TopUp
from shared.operations import objects
from shared.operations.account_orders import spaced
from shared.operations.lists import read_limit, refuse_unknown
from shared.operations.manage_cases import read_close_reason

SHORTEST_REFERENCE: Final = 3
LONGEST_REFERENCE: Final = 100
_FIELDS: Final = frozenset(
    {"mode", "kind", "from", "to", "account", "amount", "reference", "reason"}
)
_MODES: Final = {"test": False, "live": True}


@dataclass(frozen=True, slots=True)
class OwnedWallet:
    """A wallet, whose it is (`platform` or an account), and what is known of it.

    `cut_off` is what its operator does not answer now, and since when.
    """

    contract: OperatorAccount
    owner: str
    reading: FloatReading | None = None
    cut_off: tuple[tuple[Guarded, datetime], ...] = ()


class HeldMove(Protocol):
    """A proposal held for one transaction, which commits when the context ends."""

    @property
    def move(self) -> FloatMove:
        """The proposal as it is."""

    def decide(self, move: FloatMove) -> None:
        """Keep how it ended."""

    def post(self, posting: Transaction, *, at: datetime) -> None:
        """Post it in the platform's own books of its mode."""

    def top_up(self, topup: TopUp, move: FloatMove, event: Event, entry: AuditEntry) -> None:
        """Book it in a merchant's books, and tell of it there.

        Raises InvalidRequest `reference_in_use` where this transaction of the operator's is booked,
        and `move_not_possible` where the account has no such mode or wallet.
        """

    def record(self, entry: AuditEntry) -> None:
        """Add to the platform's chain, last of all."""


class MovesStore(Protocol):
    """Moves of money that no payment made."""

    def wallet(self, wallet_id: str) -> OwnedWallet | None:
        """Return a wallet, or None."""

    def wallets(self, *, limit: int, after: str | None) -> Sequence[OwnedWallet]:
        """Return wallets in the order of their ids, with what was read of each last."""

    def find(self, move_id: str) -> FloatMove | None:
        """Return a proposal, or None."""

    def page(self, *, limit: int, after: str | None) -> Sequence[FloatMove]:
        """Return proposals, newest first."""

    def add(self, move: FloatMove, entry: AuditEntry) -> None:
        """Keep a proposal, and what the platform's chain tells of it.

        One that lasted too long gives its reference free. Raises InvalidRequest `reference_in_use`.
        """

    def hold(self, move_id: str) -> AbstractContextManager[HeldMove]:
        """Take hold of a proposal. Raises NotFound where there is none."""


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """What somebody says was moved, well formed."""

    livemode: bool
    kind: MoveKind
    from_account: str | None
    to_account: str | None
    account: str | None
    amount: int
    reference: str
    reason: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(body, _FIELDS)
        kind, mode = _word(body, "kind"), _word(body, "mode")
        if kind not in set(MoveKind):
            raise InvalidRequest("parameter_invalid", "kind")
        if mode not in _MODES:
            raise InvalidRequest("parameter_invalid", "mode")
        move = MoveKind(kind)
        return cls(
            livemode=_MODES[mode],
            kind=move,
            from_account=_id(body, "from", "opa", is_needed=move in LEAVES, may=move in LEAVES),
            to_account=_id(body, "to", "opa", is_needed=move in ARRIVES, may=move in MAY_ARRIVE),
            account=_id(
                body,
                "account",
                "acct",
                is_needed=move is MoveKind.MERCHANT_TOP_UP,
                may=move is MoveKind.MERCHANT_TOP_UP,
            ),
            amount=_amount(body),
            reference=_reference(body),
            reason=read_close_reason({name: body[name] for name in ("reason",) if name in body}),
        )


@dataclass(frozen=True, slots=True)
class PageOfMoves:
    """Which moves, or wallets, are wanted."""

    limit: int
    after: str | None

    @classmethod
    def parse(cls, query: Mapping[str, str], prefix: str) -> Self:
        """Read a query. Raises InvalidRequest naming the field at fault."""
        refuse_unknown(query, {"limit", "starting_after"})
        after = query.get("starting_after")
        if after is not None and not is_id(after, prefix):
            raise InvalidRequest("cursor_invalid", "starting_after")
        return cls(read_limit(query), after)


def propose_move(order: MoveOrder, store: MovesStore, origin: Origin) -> FloatMove:
    """Ask another administrator to book it.

    Raises InvalidRequest: `move_not_possible` for wallets of another mode or owner, of two
    operators, or that are none, and `reference_in_use`.
    """
    _refuse_unfit(order, store)
    move = FloatMove(
        id=new_id("fm", int(origin.at.timestamp() * 1000)),
        livemode=order.livemode,
        kind=order.kind,
        from_account=order.from_account,
        to_account=order.to_account,
        account=order.account,
        amount=order.amount,
        reference=order.reference,
        reason=order.reason,
        proposed_by=origin.actor.id,
        proposed_at=origin.at,
        expires_at=origin.at + PROPOSAL_LASTS,
    )
    move = replace(move, content_sha256=content_sha256(move))
    store.add(move, told(move, "proposed", replace(origin, reason=order.reason)))
    return move


def approve_move(
    move_id: str,
    store: MovesStore,
    origin: Origin,
    *,
    seen_sha256: str,
    time_of: Callable[[Tenant], datetime],
) -> FloatMove:
    """Book it, by another administrator than who told of it.

    `time_of` says what time it is in the books of an account. Raises NotFound; NotPermitted
    `second_person_required`; InvalidRequest: `proposal_not_open`, `proposal_changed`,
    `reference_in_use`, `move_not_possible`.
    """
    with _held(move_id, store) as held:
        move = _open(held, origin.at)
        if move.proposed_by == origin.actor.id:
            raise NotPermitted("second_person_required")
        if not seen_sha256 == move.content_sha256 == content_sha256(move):
            raise InvalidRequest("proposal_changed", "content_sha256")
        account = move.account
        at = origin.at if account is None else time_of(Tenant(account, move.livemode))
        booked = move.decided(
            MoveOutcome.APPROVED,
            by=origin.actor.id,
            at=origin.at,
            transaction=new_id("txn", int(at.timestamp() * 1000)),
        )
        _book(booked, held, origin, at)
        held.decide(booked)
        held.record(told(booked, "approved", replace(origin, reason=move.reason)))
    return booked


def reject_move(move_id: str, store: MovesStore, origin: Origin, *, reason: str) -> FloatMove:
    """End a proposal, one's own too. Raises NotFound and InvalidRequest `proposal_not_open`."""
    with _held(move_id, store) as held:
        move = _open(held, origin.at)
        rejected = move.decided(MoveOutcome.REJECTED, by=origin.actor.id, at=origin.at)
        held.decide(rejected)
        held.record(told(rejected, "rejected", replace(origin, reason=reason)))
    return rejected


def read_move(move_id: str, store: MovesStore) -> FloatMove:
    """Return a proposal. Raises NotFound."""
    move = store.find(move_id) if is_id(move_id, "fm") else None
    if move is None:
        raise NotFound("resource_missing", "id")
    return move


def _book(move: FloatMove, held: HeldMove, origin: Origin, at: datetime) -> None:
    transaction = move.transaction or ""
    if move.account is None:
        held.post(move.posting(transaction), at=at)
        return
    at_ms = int(at.timestamp() * 1000)
    topup = TopUp(
        id=new_id("tu", at_ms),
        account=Tenant(move.account, move.livemode).account,
        livemode=move.livemode,
        money=Money(move.amount),
        operator_account=move.to_account,
        reference=move.reference,
        balance_transaction=transaction,
        created_at=at,
    )
    event = Event(
        id=new_id("evt", at_ms),
        type=SUCCEEDED,
        object_id=topup.id,
        data=objects.to_json(objects.topup_object(topup)),
        created_at=at,
    )
    held.top_up(topup, move, event, told_to_the_account(move, topup.id, origin))


def _refuse_unfit(order: MoveOrder, store: MovesStore) -> None:
    """Refuse wallets between which nobody can move it so."""
    fits = {PLATFORM, order.account} if order.account else {PLATFORM}
    found = []
    for name, wallet_id in (("from", order.from_account), ("to", order.to_account)):
        if wallet_id is None:
            continue
        wallet = store.wallet(wallet_id)
        if wallet is None or wallet.owner not in fits:
            raise InvalidRequest("move_not_possible", name)
        if wallet.contract.livemode != order.livemode:
            raise InvalidRequest("move_not_possible", name)
        found.append(wallet.contract)
    if len({wallet.operator for wallet in found}) > 1 or len({w.id for w in found}) < len(found):
        raise InvalidRequest("move_not_possible", "to")


def _held(move_id: str, store: MovesStore) -> AbstractContextManager[HeldMove]:
    if not is_id(move_id, "fm"):
        raise NotFound("resource_missing", "id")
    return store.hold(move_id)


def _open(held: HeldMove, now: datetime) -> FloatMove:
    if held.move.status(now) != "open":
        raise InvalidRequest("proposal_not_open", "id")
    return held.move


def _word(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise InvalidRequest("parameter_missing", name)
    if not isinstance(value, str):
        raise InvalidRequest("parameter_invalid", name)
    return value


def _id(
    body: Mapping[str, Any], name: str, prefix: str, *, is_needed: bool, may: bool
) -> str | None:
    value = body.get(name)
    if value is None and is_needed:
        raise InvalidRequest("parameter_missing", name)
    if value is None:
        return None
    if not may or not isinstance(value, str) or not is_id(value, prefix):
        raise InvalidRequest("parameter_invalid", name)
    return value


def _amount(body: Mapping[str, Any]) -> int:
    value = body.get("amount")
    if value is None:
        raise InvalidRequest("parameter_missing", "amount")
    if type(value) is not int or not 0 < value <= LARGEST:
        raise InvalidRequest("amount_invalid", "amount")
    return value


def _reference(body: Mapping[str, Any]) -> str:
    reference = spaced(_word(body, "reference"))
    is_fit = SHORTEST_REFERENCE <= len(reference) <= LONGEST_REFERENCE
    if not is_fit or not reference.isprintable():
        raise InvalidRequest("parameter_invalid", "reference")
    return reference
