"""Refunds under way on real PostgreSQL: sent by one, ended by one, and given back whole."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Engine

from shared.db.accounts import PostgresAccounts
from shared.domain import ledger
from shared.domain.charge import AttemptStatus
from shared.domain.errors import LedgerRefused
from shared.domain.events import Event, Message
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus
from shared.domain.refund import Refund, Refundable
from shared.operations import outgoing_moves as moves
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote
from shared.operations.ports import Lease
from tests.database import Account, Database
from tests.factories import an_id, moment
from tests.integration.refunding import MANY, UNGRANTED, Shop, at_once, decided, give
from tests.simulator_process import wait_until


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def test_one_of_many_claims(shop: Shop) -> None:
    """Whoever sends is alone, and has the one attempt."""
    refund = shop.refund(shop.paid(), 500)

    claims = [claim for claim in at_once(*[partial(shop.claim, refund)] * MANY) if claim]

    assert len(claims) == 1
    assert shop.column("charge_id", "provider_attempts") == [refund.id]
    claimed = shop.store.find(refund.id)
    assert claimed is not None
    assert claimed.journaled_at is not None


def test_what_is_proven_unsent_goes_again_under_its_attempt(shop: Shop) -> None:
    """Released, it can be claimed; with the same attempt and reference, number one for ever."""
    refund = shop.refund(shop.paid(), 500)
    claimed = shop.claim(refund)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")

    again = shop.claim(refund, AttemptStatus.NOT_SENT)

    assert again is not None
    assert again[1].id == claimed[1].id
    # Whoever says so, what is claimed looks sent from here on.
    assert shop.column("status", "provider_attempts") == ["sending"]


@pytest.mark.parametrize("status", ["unknown", "in_transit"])
def test_what_may_have_been_sent_is_never_claimed_again(shop: Shop, status: str) -> None:
    """Nor is a claim whose lease ran out: no state leads back to sending."""
    refund = shop.refund(shop.paid(), 500)
    assert shop.claim(refund) is not None
    shop.database.look(
        f"UPDATE \"{shop.account.test.schema}\".refunds SET lease_until = now() - interval '1 h'"
    )
    assert shop.claim(refund) is None
    found = shop.store.find(refund.id)
    assert found is not None
    cause = OutgoingEvent.WENT_SILENT if status == "unknown" else OutgoingEvent.ACCEPTED
    moved = replace(found, status=OutgoingStatus(status))
    assert shop.store.move(OutgoingMove(moved, found.status, cause, moment(), moment()))

    assert shop.claim(refund) is None


def test_what_the_platform_remembers_of_a_refund_hinders_no_claim(shop: Shop) -> None:
    """A tenant was put back to before the sending: its callback token and index line are there."""
    refund = shop.refund(shop.paid(), 500)
    assert shop.claim(refund) is not None
    schema = shop.account.test.schema
    shop.database.look(f'DELETE FROM "{schema}".provider_attempts')
    shop.database.look(
        f"UPDATE \"{schema}\".refunds SET status = 'created', journaled_at = NULL,"
        " lease_until = NULL"
    )

    assert shop.claim(refund) is not None
    assert shop.column("charge_id", "provider_attempts") == [refund.id]


def _ended(shop: Shop, refund: Refund, *, is_paid: bool) -> OutgoingMove:
    """The move that ends a refund which was claimed."""
    found = shop.store.find(refund.id)
    assert found is not None
    if not is_paid:
        return moves.failed(
            found, OutgoingEvent.DECLINED, code="payee_not_found", at=moment(), language="fr"
        )
    posting = ledger.refund_succeeded(
        an_id("txn"),
        refund.id,
        amount=refund.money.amount,
        operator_account=refund.operator_account,
    )
    ended = replace(found, status=OutgoingStatus("succeeded"), ended_at=moment())
    events = [
        moves.event_of(ended, at=moment(), language="fr"),
        Event(an_id("evt"), "charge.refunded", refund.charge_id, '{"a":"\\"é\\\\"}', moment()),
    ]
    return OutgoingMove(
        ended, found.status, OutgoingEvent.CONFIRMED, moment(), None, events=events, posting=posting
    )


def test_a_failure_gives_back_both_parts_and_the_count(shop: Shop) -> None:
    """Pending and available are as before, and the charge can be refunded again."""
    charge = shop.paid(fee=1000)
    give(shop, "available", 700)
    before = shop.balances()
    refund = shop.refund(charge, 5000)
    assert shop.claim(refund) is not None

    assert shop.store.move(_ended(shop, refund, is_paid=False))

    assert shop.balances() == before
    assert shop.column("amount_refunded", "charges") == [0]
    assert shop.refund(charge, 5000).from_pending == 4500


def test_one_of_many_settlers_books(shop: Shop) -> None:
    """One posting, both events told once each, whoever comes first."""
    charge = shop.paid()
    refund = shop.refund(charge, 5000)
    assert shop.claim(refund) is not None
    shop.handed_on.clear()
    move = _ended(shop, refund, is_paid=True)
    settlers = [
        replace(
            move,
            posting=replace(move.posting, id=an_id("txn")) if move.posting else None,
            events=[replace(event, id=an_id("evt")) for event in move.events],
        )
        for _ in range(MANY)
    ]

    won = at_once(*(partial(shop.store.move, each) for each in settlers))

    assert won.count(True) == 1
    assert shop.balances() == {
        f"float:{charge.operator_account}": 5000,
        f"float:{refund.operator_account}": -5000,
    }
    told = dict(shop.database.look(
        f'SELECT type, data FROM "{shop.account.test.schema}".events'
        " WHERE type IN ('refund.succeeded', 'charge.refunded')"
    ))  # fmt: skip
    assert told["charge.refunded"] == '{"a":"\\"é\\\\"}'
    assert len(told) == 2
    assert [message.topic for message in shop.handed_on] == ["webhook-due", "webhook-due"]


def test_a_stale_sender_commits_nothing(shop: Shop) -> None:
    """What the reader proved stands, whatever the sender records afterwards."""
    refund = shop.refund(shop.paid(), 500)
    claimed = shop.claim(refund)
    assert claimed is not None
    assert shop.store.move(_ended(shop, refund, is_paid=True))
    late = OutgoingMove(
        replace(claimed[0], status=OutgoingStatus("unknown")),
        OutgoingStatus("submitting"),
        OutgoingEvent.WENT_SILENT,
        moment(),
        moment(),
        lease=Lease.MINE,
        attempt_id=claimed[1].id,
        attempt_status=AttemptStatus.SILENT,
    )

    assert not shop.store.move(late)


def test_a_ledger_that_lacks_the_float_refuses_whole(shop: Shop) -> None:
    """An operator account without a float here: nothing of the move is there afterwards."""
    refund = shop.refund(shop.paid(), 500)
    assert shop.claim(refund) is not None
    move = _ended(shop, replace(refund, operator_account="opa_nobody"), is_paid=True)
    before = shop.balances()

    with pytest.raises(LedgerRefused):
        shop.store.move(move)

    assert shop.balances() == before
    assert shop.column("status", "refunds") == ["submitting"]


def test_a_refund_that_was_stopped_is_never_claimed(shop: Shop) -> None:
    """A case, a mail and nothing sent; its check is closed until a person has it read."""
    refund = shop.refund(shop.paid(), 500)
    note = OutgoingNote(refund, None, "intent_differs", None, moment())

    shop.store.note(moves.case(note, "intent_differs", stops=True))

    assert shop.claim(refund) is None
    cases = shop.database.look(
        "SELECT kind, reason FROM platform.cases WHERE object_id = :id", id=refund.id
    )
    assert cases == [["refund", "intent_differs"]]
    due = shop.database.look(
        "SELECT done_at IS NULL FROM platform.due_work WHERE object_id = :id", id=refund.id
    )
    assert due == [[False]]
    assert shop.column("stopped_at IS NULL", "refunds") == [False]


def test_each_reason_is_a_case_of_its_own(shop: Shop) -> None:
    """What comes to light while a case is open is kept and told too, once for each reason."""
    refund = shop.refund(shop.paid(), 500)
    assert shop.claim(refund) is not None
    found = shop.store.find(refund.id)
    assert found is not None
    reasons = ["waiting_for_a_day", "payee_differs", "waiting_for_a_day"]
    for reason in reasons:
        shop.store.note(moves.case(OutgoingNote(found, None, "x", None, moment()), reason))

    kept = shop.database.look(
        "SELECT reason FROM platform.cases WHERE object_id = :id ORDER BY reason", id=refund.id
    )
    told = shop.database.look(
        "SELECT count(*) FROM platform.notifications n JOIN platform.outbox o ON o.object_id = n.id"
        " WHERE n.account_id = :account AND n.kind = 'case_opened'",
        account=shop.account.id,
    )
    assert kept == [["payee_differs"], ["waiting_for_a_day"]]
    assert told == [[2]]


def test_who_is_sending_already_is_not_stopped(shop: Shop) -> None:
    """Its intent is kept and its attempt stands: a late doubt of another worker changes nothing."""
    refund = shop.refund(shop.paid(), 500)
    assert shop.claim(refund) is not None
    found = shop.store.find(refund.id)
    assert found is not None
    note = OutgoingNote(found, None, "intent_differs", None, moment())

    shop.store.note(moves.case(note, "intent_differs", stops=True))

    assert shop.column("stopped_at", "refunds") == [None]


def test_a_sender_that_is_asked_again_has_a_message(shop: Shop) -> None:
    """The note of an unsent refund puts it into the outbox, and moves the check."""
    refund = shop.refund(shop.paid(), 500)
    tenant = shop.account.test
    again = Message(an_id("msg"), "refund-created", tenant.account, tenant.livemode, refund.id)
    shop.handed_on.clear()

    shop.store.note(
        OutgoingNote(refund, None, "not_sent", moment() + timedelta(hours=1), moment(), again=again)
    )

    assert shop.handed_on == [again]


def test_an_account_with_a_refund_under_way_is_not_settled(shop: Shop, migrated: Database) -> None:
    """What is held is owed to somebody: closing says so, until the operator has spoken."""
    refund = shop.refund(shop.paid(), 5000)
    assert shop.claim(refund) is not None
    owner = migrated.engine("owner", pool_size=1)

    def found() -> set[str]:
        with PostgresAccounts(owner).change(shop.account.id) as change:
            return set(change.unsettled())

    under_way = found()
    assert shop.store.move(_ended(shop, refund, is_paid=True))
    ended = found()
    owner.dispose()

    assert {"refund", "balance"} <= under_way
    assert not {"refund", "balance"} & ended


def test_a_refund_made_while_another_fails_waits_for_it(shop: Shop) -> None:
    """Both take the charge before the books, so neither is thrown out for the other's sake."""
    charge = shop.paid()
    first = shop.refund(charge, 1000)
    assert shop.claim(first)
    failing = _ended(shop, first, is_paid=False)
    with ThreadPoolExecutor(1) as other:
        moved: list[Future[bool]] = []

        def decide(found: Refundable) -> int:
            """The charge is ours by now; the other wants it, and must not hold the books yet."""
            moved.append(other.submit(shop.store.move, failing))
            _await_lock(shop.database)
            return decided(found, 500)

        shop.create(charge, 500, decide=decide)

        assert moved[0].result(10)
    assert shop.database.look(
        "SELECT amount_refunded FROM charges WHERE id = :id", shop.account.test, id=charge.id
    ) == [[500]]


def _await_lock(database: Database) -> None:
    """Until somebody waits for a row."""
    wait_until(lambda: database.look(UNGRANTED), what="the other's wait")
