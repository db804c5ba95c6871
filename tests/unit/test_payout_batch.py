"""A batch of payouts: its table of states, what it binds, and what each of its moves does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.docs.diagrams import BATCH_PAGE, batch_page
from shared.domain.account import Caller
from shared.domain.approval import Approval
from shared.domain.errors import InvalidRequest
from shared.domain.events import PAYOUT_CHECK_DUE, Message
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus
from shared.domain.payout_batch import (
    FINAL,
    PUBLIC_EVENT,
    PUBLIC_STATUS,
    TRANSITIONS,
    BatchEvent,
    BatchStatus,
    PayoutBatch,
    Tally,
    next_look_at,
)
from shared.operations.batch_store import BatchMove, Release
from shared.operations.cancel_payout_batch import cancel_payout_batch
from shared.operations.read_batches import COLUMNS, results
from shared.operations.release_batch import release_batch
from shared.operations.taken_back import TakenBack
from tests.factories import a_payout, an_id
from tests.fakes import START, TENANT
from tests.unit.paying_out import MemoryJournal

_S = OutgoingStatus
CALLER = Caller(
    TENANT, "key_1", "sk", frozenset({"*"}), "en", charges_enabled=True, suspended=False
)


def a_batch(status: str = "processing", **progress: int) -> PayoutBatch:
    """A batch whose lines of 100 FCFA are in these statuses."""
    tallies = {_S(word): Tally(count, count * 100) for word, count in progress.items()}
    count = sum(progress.values())
    return PayoutBatch(
        id=an_id("pb"),
        account=TENANT.account,
        livemode=TENANT.livemode,
        status=BatchStatus(status),
        line_count=count,
        amount=count * 100,
        fees={},
        balance_transaction=an_id("txn"),
        made_by="key_1",
        created_at=START,
        progress=tallies,
    )


class MemoryBatch:
    """One batch in memory."""

    def __init__(self, batch: PayoutBatch) -> None:
        """As it stands."""
        self.batch: PayoutBatch = batch
        self.released: list[Release] = []
        self.moves: list[BatchMove] = []
        self.looks: list[object] = []

    def find(self, batch_id: str) -> PayoutBatch | None:
        return self.batch if batch_id == self.batch.id else None

    def release(self, release: Release) -> list[Message]:
        self.released.append(release)
        return []

    def move(self, move: BatchMove) -> bool:
        self.moves.append(move)
        self.batch = move.batch
        return True

    def change(
        self, batch_id: str, decide: Callable[[PayoutBatch], BatchMove | None]
    ) -> PayoutBatch | None:
        if batch_id != self.batch.id:
            return None
        move = decide(self.batch)
        if move is not None:
            self.move(move)
        return self.batch

    def postpone(self, batch_id: str, *, until: object) -> None:
        self.looks.append(until)

    def end_looks(self, batch_id: str, *, at: object) -> None:
        self.looks.append(None)


def _look(store: MemoryBatch, *, may_go_out: bool = True) -> str:
    message = Message(
        an_id("msg"), PAYOUT_CHECK_DUE, TENANT.account, TENANT.livemode, store.batch.id
    )
    held: Any = store
    return release_batch(
        message,
        store=held,
        may_go_out=lambda _: may_go_out,
        now=lambda: START,
        reached=lambda _: None,
    )


def _cancel(store: MemoryBatch, journal: MemoryJournal | None = None) -> PayoutBatch:
    held: Any = store
    taken_back = TakenBack(journal or MemoryJournal(), 3650)
    return cancel_payout_batch(store.batch.id, CALLER, store=held, taken_back=taken_back, now=START)


def test_the_picture_is_the_table() -> None:
    """The committed diagram is drawn from the table of today."""
    assert BATCH_PAGE.read_text(encoding="utf-8") == batch_page()


def test_nothing_leads_out_of_an_end() -> None:
    """What has ended stays so, each status has a public word, and each told one an event."""
    assert {before for before, _ in TRANSITIONS}.isdisjoint(FINAL)
    assert set(PUBLIC_STATUS) == set(BatchStatus)
    assert set(PUBLIC_EVENT) == set(BatchStatus) - {BatchStatus.CANCELING}
    assert {after for (before, _), after in TRANSITIONS.items() if before not in FINAL} | {
        BatchStatus.AWAITING_APPROVAL
    } == set(BatchStatus)


@pytest.mark.parametrize(
    "change",
    [
        {"money": Money(101)},
        {"fees": {"fees:platform": 1}},
        {"name": "somebody else"},
        {"reference": "another"},
        {"description": "another"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_hash_binds_every_line_in_its_order(change: dict[str, Any]) -> None:
    """Whatever of a line changes, which comes first, until when it holds, and whose it is."""
    batch = a_batch(queued=2)
    lines = [a_payout(TENANT, batch=batch.id, line=n, money=Money(100)) for n in (1, 2)]
    bound = batch.content_sha256(lines, START)

    assert batch.content_sha256(lines, START) == bound
    assert batch.content_sha256([lines[0], replace(lines[1], **change)], START) != bound
    assert batch.content_sha256(lines[::-1], START) != bound
    assert batch.content_sha256(lines, START + timedelta(seconds=1)) != bound
    assert replace(batch, made_by="key_2").content_sha256(lines, START) != bound


def test_what_waits_is_released_and_looked_at_again_soon() -> None:
    """With a day from then on to be sent in."""
    store = MemoryBatch(a_batch(queued=2, succeeded=1))

    assert _look(store) == "released 0"
    [release] = store.released
    assert release.submit_before == START + timedelta(hours=24)
    assert release.next_look_at - START <= timedelta(seconds=1)


def test_nothing_has_its_turn_while_the_account_may_not_pay_out() -> None:
    """Its lines would lose their day; whoever is on the way ends all the same."""
    waits, ends = MemoryBatch(a_batch(queued=1)), MemoryBatch(a_batch(succeeded=1))

    assert _look(waits, may_go_out=False) == "held_back"
    assert (waits.released, len(waits.looks)) == ([], 1)
    assert _look(ends, may_go_out=False) == "ended"


@pytest.mark.parametrize("status", ["processing", "canceling"])
@pytest.mark.parametrize("line", ["created", "submitting", "in_transit", "unknown"])
def test_a_batch_waits_for_its_last_line(status: str, line: str) -> None:
    """Released or in silence: no clock ends it."""
    store = MemoryBatch(a_batch(status, **{line: 1}, succeeded=9))

    assert _look(store) == "under_way"
    assert (store.moves, len(store.looks)) == ([], 1)


@pytest.mark.parametrize(
    ("before", "after"), [("processing", "completed"), ("canceling", "canceled")]
)
def test_its_last_line_ends_it(before: str, after: str) -> None:
    """And the event says how many ended how."""
    store = MemoryBatch(a_batch(before, succeeded=2, failed=1))

    assert _look(store) == "ended"
    [move] = store.moves
    assert (move.batch.status, move.expected, move.next_look_at) == (after, before, None)
    assert move.event is not None
    assert move.event.type == f"payout_batch.{after}"
    assert '"failed":{"count":1,"amount":100}' in move.event.data


def test_what_awaits_approval_is_released_by_nobody() -> None:
    """Looked at again when its time to be approved is over; then all goes back."""
    open_ = Approval("0" * 64, START + timedelta(hours=1))
    store = MemoryBatch(replace(a_batch("awaiting_approval", queued=2), approval=open_))

    assert _look(store) == "awaiting_approval"
    assert (store.looks, store.released, store.moves) == ([open_.expires_at], [], [])
    over = MemoryBatch(replace(store.batch, approval=replace(open_, expires_at=START)))
    assert _look(over) == "lapsed"
    [move] = over.moves
    assert (move.batch.status, move.gives_back is None) == (BatchStatus.EXPIRED, False)
    assert move.event is not None
    assert move.event.type == "payout_batch.canceled"


def test_one_approved_while_it_is_looked_at_is_not_put_off_for_days() -> None:
    """The yes came between look and word: its lines do not wait until its time would be over."""
    open_ = Approval("0" * 64, START + timedelta(hours=72))
    waiting = replace(a_batch("awaiting_approval", queued=2), approval=open_)

    class Late(MemoryBatch):
        """Approved by the time of its first word."""

        def postpone(self, batch_id: str, *, until: object) -> None:
            self.batch = replace(waiting, status=BatchStatus.PROCESSING)
            super().postpone(batch_id, until=until)

    store = Late(waiting)
    _look(store)

    assert store.looks[-1] == START


def test_a_batch_that_ended_is_looked_at_no_more() -> None:
    """A message that comes late changes nothing."""
    store = MemoryBatch(a_batch("completed", succeeded=1))

    assert (_look(store), store.looks, store.moves) == ("final_already", [None], [])


def test_taking_back_ends_it_or_stops_it() -> None:
    """Ended where nothing is on its way; else it stops, and ends with what is."""
    whole, begun = MemoryBatch(a_batch(queued=3)), MemoryBatch(a_batch(queued=2, unknown=1))

    assert _cancel(whole).status is BatchStatus.CANCELED
    assert _cancel(begun).status is BatchStatus.CANCELING
    assert whole.batch.progress == {_S.CANCELED: Tally(3, 300)}
    assert begun.batch.progress == {_S.CANCELED: Tally(2, 200), _S.UNKNOWN: Tally(1, 100)}
    assert [move.gives_back is not None for move in (*whole.moves, *begun.moves)] == [True, True]
    assert [move.event is not None for move in (*whole.moves, *begun.moves)] == [True, False]
    assert (_cancel(whole), _cancel(begun)) == (whole.batch, begun.batch)
    assert len(whole.moves + begun.moves) == 2


def test_what_waits_for_a_yes_and_was_sent_all_the_same_ends_with_its_last_line() -> None:
    """A database put back forgets a yes, the journal what went out by it: no end before theirs."""
    over = Approval("0" * 64, START)
    sent = replace(a_batch("awaiting_approval", queued=2, submitting=1), approval=over)
    taken, lapsed = MemoryBatch(sent), MemoryBatch(sent)

    assert (_cancel(taken).status, _look(lapsed)) == (BatchStatus.CANCELING, "lapsed")

    for store in (taken, lapsed):
        [move] = store.moves
        assert (move.batch.status, move.cause) == (BatchStatus.CANCELING, BatchEvent.STOPPED)
        assert (move.batch.ended_at, move.event) == (None, None)
        assert (move.next_look_at, move.gives_back is None) == (START, False)
        assert move.batch.progress == {_S.CANCELED: Tally(2, 200), _S.SUBMITTING: Tally(1, 100)}


@pytest.mark.parametrize("status", ["processing", "completed"])
def test_what_no_line_waits_in_is_not_taken_back(status: str) -> None:
    """Each line ends by its operator's word then."""
    with pytest.raises(InvalidRequest, match="payout_batch_not_cancelable"):
        _cancel(MemoryBatch(a_batch(status, succeeded=1)))


def test_the_pauses_grow_with_what_waits_for_an_operator() -> None:
    """A second at first, ten minutes at last."""
    ages = [timedelta(seconds=1), timedelta(hours=1), timedelta(days=9)]

    assert [next_look_at(START - age, START) - START for age in ages] == [
        timedelta(seconds=1), timedelta(minutes=3), timedelta(minutes=10),
    ]  # fmt: skip


def test_results_run_in_no_spreadsheet() -> None:
    """Whatever a merchant or an operator wrote."""
    line = a_payout(
        TENANT, batch="pb_x", line=1, reference="+1", name="@x", operator_transaction_id="-2"
    )

    head, row, *_ = results([line], language="fr").split("\r\n")
    cells = dict(zip(head.split(","), row.split(","), strict=True))
    assert tuple(cells) == COLUMNS
    assert (cells["reference"], cells["name"]) == ("'+1", "'@x")
    assert (cells["operator_transaction_id"], cells["phone"]) == ("'-2", "2376****01")
