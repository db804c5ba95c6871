"""What merchants take back stays taken back, whatever moment a database is put back to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from shared.domain.account import Caller
from shared.domain.errors import AskAgain, InvalidRequest, Unavailable
from shared.domain.intent import opened, opened_reference
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus, WaitingReason
from shared.domain.payout import Payout
from shared.domain.payout_batch import BatchStatus, PayoutBatch, Tally
from shared.domain.phone import Operator, PhoneNumber
from shared.operations.cancel_payout import cancel_payout
from shared.operations.cancel_payout_batch import cancel_payout_batch
from shared.operations.outgoing_moves import intent_of
from shared.operations.ports import Accepted, PaymentRead, ReadState
from shared.operations.taken_back import TakenBack
from tests.factories import a_payout, an_id
from tests.fakes import START, TENANT
from tests.unit.paying_out import MemoryJournal, MemoryOutgoing, Scene

CALLER = Caller(TENANT, "k", "sk", frozenset({"*"}), "en", charges_enabled=True, suspended=False)
PAID = PaymentRead(
    ReadState.SUCCEEDED,
    "SUCCESSFUL",
    operator_transaction_id="1",
    money=Money(2000),
    payer=PhoneNumber("+237670000001"),
)
LATER = START + timedelta(minutes=1)


class BatchOnShelf:
    """A batch that nobody else looks at; `is_stuck` while its database does not answer."""

    def __init__(self, queued: int = 2) -> None:
        self.is_stuck = False
        self.batch = PayoutBatch(
            id=an_id("pb"),
            account=TENANT.account,
            livemode=TENANT.livemode,
            status=BatchStatus.PROCESSING,
            line_count=3,
            amount=6_000,
            fees={},
            balance_transaction=an_id("txn"),
            made_by="k",
            created_at=START,
            progress={
                OutgoingStatus.QUEUED: Tally(queued, 2_000 * queued),
                OutgoingStatus.CREATED: Tally(3 - queued, 2_000 * (3 - queued)),
            },
        )

    def find(self, batch_id: str) -> PayoutBatch:
        return self.batch

    def change(self, batch_id: str, decide: Callable[[PayoutBatch], Any]) -> PayoutBatch:
        if self.is_stuck:
            raise Unavailable("temporarily_unavailable")
        move = decide(self.batch)
        self.batch = self.batch if move is None else move.batch
        return self.batch


def _cancel(scene: Scene) -> Payout:
    held: Any = scene.store
    return cancel_payout(
        scene.payout.id,
        CALLER,
        store=held,
        taken_back=TakenBack(scene.journal, 3650),
        now=scene.clock.now(),
        language="fr",
    )


def _cancel_batch(held: Any, journal: MemoryJournal, now: datetime = START) -> PayoutBatch:
    taken_back = TakenBack(journal, 3650)
    return cancel_payout_batch(held.batch.id, CALLER, store=held, taken_back=taken_back, now=now)


def _send_first(scene: Scene) -> None:
    """Have it sent just before the journal learns that it is to be taken back."""
    scene.journal.on_put = lambda: None
    assert scene.submit() == "accepted"


def _scene(**changes: Any) -> Scene:
    until = START + timedelta(hours=24)
    payout = a_payout(TENANT, created_at=START, submit_before=until, **changes)
    return Scene(Accepted(), of=payout)


def test_what_a_restore_forgot_was_taken_back_is_not_sent() -> None:
    """The row is there again as it was before: the sender takes it back, and all comes back."""
    scene = _scene()
    before = scene.store.outgoing
    _cancel(scene)
    scene.store.outgoing = before
    scene.store.moves.clear()

    assert scene.submit() == "canceled"

    [move] = scene.store.moves
    assert (scene.payout.status, scene.payer.requests) == (OutgoingStatus.CANCELED, [])
    assert move.posting is not None
    assert move.posting.by_account() == {"available": -2000, "held": 2000}
    assert [event.type for event in move.events] == ["payout.canceled"]
    assert not any(place.startswith("intents/") for place in scene.journal.kept)
    assert scene.submit() == "not_ours"


def test_what_was_sent_all_the_same_is_not_given_back() -> None:
    """A sender claimed it first, and one tenant was put back: its operator says what became."""
    scene = _scene()
    scene.payer.reads = [PAID]
    before = scene.store.outgoing
    scene.journal.on_put = partial(_send_first, scene)
    with pytest.raises(InvalidRequest, match="payout_not_cancelable"):
        _cancel(scene)
    assert len(scene.payer.requests) == 1
    scene.store = MemoryOutgoing(before)

    assert scene.submit() == "went_silent"

    assert (scene.payout.status, len(scene.payer.requests)) == (OutgoingStatus.UNKNOWN, 1)
    assert scene.settle() == "confirmed"
    assert scene.payout.status is OutgoingStatus.SUCCEEDED


@pytest.mark.parametrize("reference", [None, "CI1"])
def test_where_the_operator_makes_the_reference_its_place_tells(reference: str | None) -> None:
    """None was kept: nobody has sent it, and nobody can any more. One was: a person decides."""
    scene = _scene(operator=Operator.ORANGE, phone=PhoneNumber("+237690000001"))
    before = scene.store.outgoing
    _cancel(scene)
    scene.store.outgoing = before
    intent = intent_of(before)
    scene.journal.kept[intent.object_key] = intent.body
    if reference is not None:
        place, body = opened(intent, reference)
        scene.journal.kept[place] = body

    assert scene.submit() == ("canceled" if reference is None else "sent_and_forgotten")

    place, _ = opened(intent, reference)
    assert opened_reference(scene.journal.kept[place]) == reference
    assert (scene.payout.stopped_at is None) is (reference is None)
    assert scene.submit() == "not_ours"
    assert scene.payer.requests == []


def test_nothing_is_taken_back_that_the_journal_does_not_know() -> None:
    """While write-once storage is away a merchant asks again: else a restore would forget it."""
    scene = _scene()
    scene.journal.is_down = True

    with pytest.raises(Unavailable):
        _cancel(scene)

    assert (scene.payout.status, scene.store.moves) == (OutgoingStatus.CREATED, [])
    scene.journal.is_down = False
    assert _cancel(scene).status is OutgoingStatus.CANCELED


def test_what_cannot_be_taken_back_leaves_nothing_in_the_journal() -> None:
    """A refusal is none that a sender could find later."""
    for status in ("submitting", "succeeded", "canceled"):
        scene = _scene(status=OutgoingStatus(status))
        if status == "canceled":
            _cancel(scene)
        else:
            with pytest.raises(InvalidRequest):
                _cancel(scene)
        assert scene.journal.kept == {}


def test_who_asks_again_is_taken_back_since_the_first_time() -> None:
    """A request that died after the journal knew: the same again finds it there, and ends it."""
    scene = _scene()
    scene.store.hiccups = 1
    with pytest.raises(Unavailable):
        _cancel(scene)
    first = dict(scene.journal.kept)
    scene.clock.pass_time(minutes=1)

    assert _cancel(scene).status is OutgoingStatus.CANCELED

    assert scene.journal.kept == first


def test_without_the_journal_nobody_knows_whether_it_was_taken_back() -> None:
    """The sender waits for it, and the merchant sees what it waits for."""
    scene = _scene()
    scene.journal.is_down = True

    with pytest.raises(AskAgain, match="journal"):
        scene.submit()

    assert scene.payout.waiting_reason is WaitingReason.STORE
    scene.journal.is_down = False
    assert scene.submit() == "accepted"


@pytest.mark.parametrize("is_forgotten", [True, False])
def test_of_a_batch_only_what_waited_for_its_turn_is_taken_back(*, is_forgotten: bool) -> None:
    """A line released before the cancellation goes on; one released since is not sent."""
    held = BatchOnShelf()
    scene = _scene(batch=held.batch.id, line=1, released_at=LATER if is_forgotten else START)
    _cancel_batch(held, scene.journal, now=START + timedelta(seconds=30))

    assert scene.submit() == ("canceled" if is_forgotten else "accepted")

    assert len(scene.payer.requests) == (0 if is_forgotten else 1)


def test_a_batch_is_known_to_the_journal_before_anything_of_it_comes_back() -> None:
    """Its database dies in the midst: no line that waits is sent, whenever its turn comes."""
    held, journal = BatchOnShelf(), MemoryJournal()
    held.is_stuck = True

    with pytest.raises(Unavailable):
        _cancel_batch(held, journal)

    [place] = journal.kept
    assert place.startswith("taken_back/")
    assert place.endswith(f"/{held.batch.id}.json")
    journal.is_down, held.is_stuck = True, False
    with pytest.raises(Unavailable):
        _cancel_batch(BatchOnShelf(), journal)


def test_a_batch_that_cannot_be_taken_back_leaves_nothing_in_the_journal() -> None:
    """All its lines are on their way: they go on after the refusal too."""
    journal = MemoryJournal()
    held = BatchOnShelf(queued=0)

    with pytest.raises(InvalidRequest, match="payout_batch_not_cancelable"):
        _cancel_batch(held, journal)

    assert journal.kept == {}
    held.batch = replace(held.batch, status=BatchStatus.CANCELED)
    _cancel_batch(held, journal)
    assert journal.kept == {}
