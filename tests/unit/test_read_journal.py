"""Reading the journal in: what counts as sent, what is lost, and what is neither."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.domain import intent as intents
from shared.domain.account import Tenant
from shared.domain.intent import Intent
from shared.domain.outgoing import Outgoing
from shared.domain.phone import Operator
from shared.operations import read_journal as reading
from shared.operations.outgoing_moves import intent_of
from shared.operations.ports import StoreDownError
from shared.operations.read_journal import JournalReading, Kept, KeptObject, Standing, read_journal
from tests.factories import a_charge, a_payout, a_refund
from tests.fakes import START, TENANT

LIVE = Tenant(TENANT.account, livemode=True)
BEFORE, AFTER = START - timedelta(days=1), START + timedelta(seconds=30)


class MemoryJournal:
    """Write-once storage in memory; it ends in the midst where it is told to."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, datetime]] = {}
        self.fails_at: str | None = None
        self.looked_at: list[str] = []

    def keep(self, outgoing: Outgoing, at: datetime = AFTER) -> Outgoing:
        intent = intent_of(outgoing)
        self.kept[intent.object_key] = intent.body, at
        return outgoing

    def open(self, outgoing: Outgoing, reference: str | None) -> None:
        place, body = intents.opened(intent_of(outgoing), reference)
        self.kept[place] = body, AFTER

    def list_kept(self, prefix: str, *, after: str = "") -> Iterable[KeptObject]:
        for place in sorted(self.kept):
            if place.startswith(prefix) and place > after:
                if place == self.fails_at:
                    raise StoreDownError("down")
                yield KeptObject(place, self.kept[place][1])

    def find(self, key: str) -> bytes | None:
        self.looked_at.append(key)
        return self.kept[key][0] if key in self.kept else None


class MemoryRows:
    """What a database knows, by id, and what it was told."""

    def __init__(self) -> None:
        self.known: dict[str, Standing] = {}
        self.to_send: list[Intent] = []
        self.sent: list[Kept] = []
        self.lost: list[tuple[Kept, Operator | None]] = []
        self.reached: list[str] = []
        self.ended_at: datetime | None = None
        self.operator_of: dict[str, Operator] = {"opa_y": Operator.MTN}

    def tenants(self) -> Sequence[Tenant]:
        return [TENANT, LIVE]

    def standings(self, tenant: Tenant, ids: Sequence[str]) -> Mapping[str, Standing]:
        return {key: self.known[key] for key in ids if key in self.known}

    def operators(self, operator_accounts: Sequence[str]) -> Mapping[str, Operator]:
        return {a: self.operator_of[a] for a in operator_accounts if a in self.operator_of}

    def unclaimed(self, tenant: Tenant, *, before: datetime) -> Sequence[Intent]:
        return [i for i in self.to_send if i.livemode == tenant.livemode]

    def mark_sent(self, tenant: Tenant, kept: Sequence[Kept], *, now: datetime) -> int:
        self.sent += kept
        return len(kept)

    def keep_lost(
        self, tenant: Tenant, lost: Sequence[tuple[Kept, Operator | None]], *, now: datetime
    ) -> int:
        self.lost += lost
        return len(lost)

    def note_reached(self, reading: JournalReading, place: str) -> None:
        self.reached.append(place)

    def end(self, reading: JournalReading, *, now: datetime) -> bool:
        self.ended_at = now
        return True


class Scene:
    """A journal, a database that was put back to START, and a reading."""

    def __init__(self) -> None:
        self.journal, self.rows = MemoryJournal(), MemoryRows()

    def read(self, reached: str = "") -> reading.Counts:
        return read_journal(
            JournalReading(1, START, reached),
            journal=self.journal,
            rows=self.rows,
            now=lambda: AFTER,
        )


def _made(**changes: Any) -> Outgoing:
    return a_payout(TENANT, **{"created_at": AFTER, **changes})


def test_what_looks_unsent_and_was_kept_counts_as_sent() -> None:
    """The row knows nothing of its sending; what went on before is left as it is."""
    scene = Scene()
    unsent, settled = (scene.journal.keep(_made(created_at=BEFORE)) for _ in range(2))
    scene.rows.known[unsent.id] = Standing(Operator.MTN, is_unsent=True)
    scene.rows.known[settled.id] = Standing(Operator.MTN, is_unsent=False)

    counts = scene.read()

    assert [each.intent.id for each in scene.rows.sent] == [unsent.id]
    assert scene.rows.sent[0].kept_at == AFTER
    assert (counts.counted_as_sent, counts.lost, scene.rows.ended_at) == (1, 0, AFTER)


def test_what_has_no_row_is_lost() -> None:
    """A refund and a payout that the database never heard of are handed to their reader."""
    scene = Scene()
    made = [_made(), a_refund(a_charge(TENANT), created_at=AFTER)]
    for each in made:
        scene.journal.keep(each)

    assert scene.read().lost == 2

    assert {kept.intent.id for kept, _ in scene.rows.lost} == {each.id for each in made}
    assert {operator for _, operator in scene.rows.lost} == {Operator.MTN}


def test_test_data_that_was_deleted_does_not_come_back() -> None:
    """In test mode what was made before the moment and has no row was deleted; live, it is lost."""
    scene = Scene()
    scene.journal.keep(_made(created_at=BEFORE))
    live = scene.journal.keep(a_payout(LIVE, created_at=BEFORE))

    counts = scene.read()

    assert (counts.older, counts.lost) == (1, 1)
    assert [kept.intent.id for kept, _ in scene.rows.lost] == [live.id]


def test_what_was_kept_long_before_is_not_opened() -> None:
    """Years of journal cost a listing, not a look at each."""
    scene = Scene()
    scene.journal.keep(_made(), at=START - reading.MARGIN - timedelta(seconds=1))

    counts = scene.read()

    assert (counts.listed, counts.looked_at, scene.journal.looked_at) == (1, 0, [])


def test_one_that_was_kept_long_before_and_is_still_to_be_sent_is_found_by_its_row() -> None:
    """Kept, not claimed while its operator was silent, and perhaps sent after the moment."""
    scene = Scene()
    kept = scene.journal.keep(_made(created_at=BEFORE), at=BEFORE)
    never_kept = _made(created_at=BEFORE)
    for each in (kept, never_kept):
        scene.rows.to_send.append(intent_of(each))
        scene.rows.known[each.id] = Standing(Operator.MTN, is_unsent=True)

    scene.read()

    assert [each.intent.id for each in scene.rows.sent] == [kept.id]


def test_what_its_operator_never_opened_was_never_sent() -> None:
    """At Orange nothing goes out without a payToken; one that is kept is what to ask by."""
    scene = Scene()
    scene.rows.operator_of["opa_y"] = Operator.ORANGE
    opened, unopened, given_up = (
        scene.journal.keep(_made(operator=Operator.ORANGE)) for _ in range(3)
    )
    scene.journal.open(opened, "CI1")
    scene.journal.open(given_up, None)
    scene.rows.known[unopened.id] = Standing(Operator.ORANGE, is_unsent=True)

    counts = scene.read()

    assert counts.never_sent == 2
    assert [(kept.intent.id, kept.opened) for kept, _ in scene.rows.lost] == [(opened.id, "CI1")]
    assert scene.rows.sent == []


def test_what_is_no_intent_of_ours_is_named() -> None:
    """Other bytes, or an intent in the place of another: told, and never believed."""
    scene = Scene()
    moved = intent_of(_made())
    scene.journal.kept = {
        "intents/a/live/create_payout/payouts/x.json": (b"{", AFTER),
        "intents/b.json": (moved.body, AFTER),
    }

    assert scene.read().unreadable == [*scene.journal.kept]
    assert scene.rows.lost == []


def test_a_reading_that_was_cut_off_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that goes down ends it unfinished; the next one looks at nothing twice."""
    monkeypatch.setattr(reading, "BATCH", 2)
    scene = Scene()
    for _ in range(5):
        scene.journal.keep(_made())
    scene.journal.fails_at = sorted(scene.journal.kept)[4]

    with pytest.raises(StoreDownError):
        scene.read()
    assert (len(scene.rows.lost), scene.rows.ended_at) == (4, None)
    scene.journal.fails_at = None
    counts = scene.read(scene.rows.reached[-1])

    assert (counts.looked_at, len(scene.rows.lost), scene.rows.ended_at) == (1, 5, AFTER)


def test_an_intent_is_read_as_it_was_kept() -> None:
    """What lies in the journal gives the same intent back, key and all."""
    intent = intent_of(_made())

    assert intents.read(intent.object_key, intent.body) == intent
