"""The refund store on real PostgreSQL: all or nothing, one winner, what is held and given back."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Engine

from shared.db.accounts import PostgresAccounts
from shared.db.charges import Charges
from shared.db.refunds import Refunds
from shared.db.transaction import Database as Pool
from shared.domain import ledger
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent, ChargeStatus
from shared.domain.errors import InvalidRequest, KeyReused, LedgerRefused, NotFound, Unavailable
from shared.domain.events import Event, Message
from shared.domain.fees import FeeLine, Line
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus, reference_of
from shared.domain.refund import Refund, Refundable
from shared.operations import outgoing_moves as moves
from shared.operations.outgoing_store import OutgoingMove, OutgoingNote
from shared.operations.ports import IdempotencyUse, Lease, Move, NewReceipt, Replayed, Stored
from tests.database import Account, Database, enter, refusal_of
from tests.factories import a_charge, a_message, a_refund, an_event, an_id, moment
from tests.simulator_process import wait_until

DENIED = "42501"
CHECK_VIOLATED = "23514"
MANY = 20
UNGRANTED = "SELECT 1 FROM pg_locks WHERE NOT granted"


class Shop:
    """One account's refunds, with the messages that their commits handed on."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        self.handed_on: list[Message] = []
        self.account, self.database = account, database
        pool = Pool(engine, self.handed_on.extend)
        self.charges = Charges(pool, account.test)
        self.store = Refunds(pool, account.test)

    def paid(self, amount: int = 5000, *, fee: int = 0) -> Charge:
        """A charge that was paid; `fee` hundredths of a percent of it are ours."""
        charge = a_charge(self.account.test, self.database.operator_account, money=Money(amount))
        self.charges.create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment(),
            idempotency=None,
            response="{}",
        )
        fees = (FeeLine("fee_x", Line.PLATFORM, charge.money.share(fee).amount),)
        posting = ledger.charge_succeeded(
            an_id("txn"),
            charge.id,
            gross=charge.money,
            operator_account=charge.operator_account,
            fees=fees,
        )
        status = ChargeStatus("succeeded")
        paid = replace(charge, status=status, succeeded_at=moment(), balance_transaction=posting.id)
        receipt = NewReceipt(an_id("rcp"), f"RC-{charge.id}", charge.id[3:] + "ab")
        move = Move(
            paid, charge.status, ChargeEvent.CONFIRMED, moment(), None,
            posting=posting, receipt=receipt,
        )  # fmt: skip
        assert self.charges.move(move)
        return paid

    def create(
        self,
        charge: Charge,
        amount: int,
        key: str | None = None,
        fingerprint: str = "f" * 64,
        decide: Callable[[Refundable], int] | None = None,
    ) -> Stored | Replayed:
        """Make a refund through the store, as the operation does."""
        refund = a_refund(charge, self.database.paying_account, money=Money(amount))
        taken = decide or (lambda found: _decide(found, amount))
        event = Event(an_id("evt"), "refund.pending", refund.id, "{}", moment())
        tenant = self.account.test
        message = Message(
            an_id("msg"), "refund-created", tenant.account, tenant.livemode, refund.id
        )
        return self.store.create(
            refund,
            decide=lambda found: replace(refund, from_pending=taken(found)),
            event=event,
            message=message,
            first_check_at=moment() + timedelta(seconds=10),
            idempotency=IdempotencyUse("create_refund", key or an_id("key"), fingerprint),
            response=f'{{"id":"{refund.id}"}}',
        )

    def refund(self, charge: Charge, amount: int) -> Refund:
        """Make one; return it as stored."""
        response = self.create(charge, amount).response
        found = self.store.find(response[7:-2])
        assert found is not None
        return found

    def claim(
        self, refund: Refund, status: AttemptStatus = AttemptStatus.SENDING
    ) -> tuple[Refund, Attempt] | None:
        """Take it, to send it."""
        reference = reference_of(refund.id)
        attempt = Attempt(an_id("att"), refund.id, 1, reference, refund.operator_account, status)
        return self.store.claim(
            attempt,
            consumer="submit_payout",
            message_id=an_id("msg"),
            callback_token_hash=reference,
            number_hmac="n",
            now=moment(),
            lease_until=moment() + timedelta(seconds=25),
        )

    def balances(self) -> dict[str, int]:
        """What each ledger account holds on its normal side, without what is empty."""
        schema = self.account.test.schema
        rows = self.database.look(
            f'SELECT code, balance * normal FROM "{schema}".ledger_accounts WHERE balance <> 0'
        )
        return dict(rows)

    def column(self, column: str, table: str, where: str = "true") -> list[Any]:
        """A column of a tenant's own table."""
        schema = self.account.test.schema
        return [
            value
            for [value] in self.database.look(
                f'SELECT {column} FROM "{schema}".{table} WHERE {where}'
            )
        ]


def _decide(found: Refundable, amount: int) -> int:
    if amount > found.rest:
        raise InvalidRequest("amount_too_large", "amount", limit=found.rest)
    return found.from_pending(amount)


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def test_a_refund_is_stored_with_all_that_belongs_to_it(shop: Shop) -> None:
    """Refund, hold, count, event, due check, outbox and delivery commit together."""
    charge = shop.paid()
    shop.handed_on.clear()

    refund = shop.refund(charge, 2000)

    assert (refund.money, refund.from_pending, refund.from_available) == (Money(2000), 2000, 0)
    assert shop.balances() == {
        "pending": 3000,
        "held": 2000,
        f"float:{charge.operator_account}": 5000,
    }
    assert shop.column("amount_refunded", "charges") == [2000]
    assert shop.column("kind", "ledger_transactions", f"id = '{refund.balance_transaction}'") == [
        "refund_created"
    ]
    assert shop.column("type", "events", f"object_id = '{refund.id}'") == ["refund.pending"]
    topics = [message.topic for message in shop.handed_on]
    assert topics == ["refund-created", "webhook-due"]
    due = shop.database.look(
        "SELECT kind, done_at FROM platform.due_work WHERE object_id = :id", id=refund.id
    )
    assert due == [["payout_check", None]]


def test_the_charge_s_pending_goes_first_and_available_must_cover_the_rest(shop: Shop) -> None:
    """A tenth of the charge was our fee: pending does not bear it, and nothing else is there."""
    charge = shop.paid(fee=1000)

    with pytest.raises(InvalidRequest, match="balance_insufficient"):
        shop.create(charge, 5000)
    assert shop.column("id", "refunds") == []
    assert shop.column("amount_refunded", "charges") == [0]
    first = shop.refund(charge, 4000)
    _give(shop, "available", 700)
    second = shop.refund(charge, 1000)

    assert (first.from_pending, first.from_available) == (4000, 0)
    assert (second.from_pending, second.from_available) == (500, 500)
    assert shop.balances()["available"] == 200


def test_another_charge_s_pending_is_left_alone(shop: Shop) -> None:
    """What a charge itself has in pending is counted, not what the account has."""
    charge, other = shop.paid(fee=1000), shop.paid()

    with pytest.raises(InvalidRequest, match="balance_insufficient"):
        shop.create(charge, 5000)

    assert shop.refund(other, 5000).from_pending == 5000


def test_many_at_once_stay_within_what_was_paid(shop: Shop) -> None:
    """Twenty for a tenth each: ten are stored, the others refused; the books agree."""
    charge = shop.paid()

    outcomes = _at_once(*[partial(shop.create, charge, 500)] * MANY)

    assert [outcome for outcome in outcomes if isinstance(outcome, Stored)] != []
    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 10
    assert shop.column("amount_refunded", "charges") == [5000]
    assert shop.balances() == {"held": 5000, f"float:{charge.operator_account}": 5000}


def test_a_refund_counts_after_the_one_before_it(shop: Shop) -> None:
    """What is left of a charge is looked at while nobody else refunds it, and not beside that."""
    charge = shop.paid()
    left: list[Refundable] = []
    with ThreadPoolExecutor(1) as other:
        made: list[Future[Stored | Replayed]] = []

        def second(found: Refundable) -> int:
            left.append(found)
            return _decide(found, 1000)

        def first(found: Refundable) -> int:
            made.append(other.submit(shop.create, charge, 1000, decide=second))
            wait_until(
                lambda: made[0].done() or shop.database.look(UNGRANTED), what="the second refund"
            )
            return _decide(found, 2000)

        shop.create(charge, 2000, decide=first)
        assert isinstance(made[0].result(10), Stored)

    assert [(each.is_succeeded, each.rest, each.pending) for each in left] == [(True, 3000, 3000)]


def test_many_of_several_charges_stay_within_what_is_available(shop: Shop) -> None:
    """Their locks differ, and available still covers each of them."""
    charges = [shop.paid(1000, fee=10_000) for _ in range(MANY)]
    _give(shop, "available", 5000)

    outcomes = _at_once(*(partial(shop.create, charge, 1000) for charge in charges))

    assert sum(isinstance(outcome, Stored) for outcome in outcomes) == 5
    assert shop.balances().get("available", 0) == 0


def test_one_key_makes_one(shop: Shop) -> None:
    """At once or later: one refund, the same answer, and another body is refused."""
    charge = shop.paid()
    outcomes = _at_once(*[partial(shop.create, charge, 500, key="once")] * MANY)

    answers = {outcome.response for outcome in outcomes if not isinstance(outcome, Exception)}
    assert len(answers) == 1
    assert len(shop.column("id", "refunds")) == 1
    with pytest.raises(KeyReused):
        shop.create(charge, 500, key="once", fingerprint="0" * 64)


def test_a_charge_that_is_gone_is_missing(shop: Shop) -> None:
    """Its test data were deleted meanwhile: nothing is stored."""
    with pytest.raises(NotFound):
        shop.create(a_charge(shop.account.test), 100)


def test_one_of_many_claims(shop: Shop) -> None:
    """Whoever sends is alone, and has the one attempt."""
    refund = shop.refund(shop.paid(), 500)

    claims = [claim for claim in _at_once(*[partial(shop.claim, refund)] * MANY) if claim]

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
    _give(shop, "available", 700)
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

    won = _at_once(*(partial(shop.store.move, each) for each in settlers))

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


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM refunds", DENIED),
        ("UPDATE refunds SET amount = 1", DENIED),
        ("UPDATE refunds SET phone = '+237699999999'", DENIED),
        ("UPDATE refunds SET from_pending = 0", DENIED),
        ("UPDATE refunds SET operator_account_id = 'opa_x'", DENIED),
        ("UPDATE refunds SET status = 'submitting'", CHECK_VIOLATED),
        ("UPDATE refunds SET status = 'succeeded'", CHECK_VIOLATED),
        ("UPDATE charges SET amount_refunded = amount + 1", CHECK_VIOLATED),
    ],
)
def test_what_no_tenant_may(shop: Shop, app_engine: Engine, sql: str, code: str) -> None:
    """Whom, how much and from where is fixed at once; nothing is sent unkept, or over-refunded."""
    shop.refund(shop.paid(), 500)
    with app_engine.connect() as connection, connection.begin() as transaction:
        enter(connection, shop.account.test)

        assert refusal_of(connection, sql) == code

        transaction.rollback()


def _give(shop: Shop, code: str, amount: int) -> None:
    """Put money into a ledger account, past all rights, as a release of pending will."""
    schema = shop.account.test.schema
    shop.database.look(
        f'UPDATE "{schema}".ledger_accounts SET balance = balance - :amount WHERE code = :code',
        amount=amount,
        code=code,
    )


def _at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do them all at once, again where the database had no time; results or refusals."""

    def once(act: Callable[[], Any]) -> Any:
        for _ in range(MANY):
            try:
                return act()
            except Unavailable:
                continue
            except Exception as refusal:  # noqa: BLE001 - refusals are what is looked at
                return refusal
        return None

    with ThreadPoolExecutor(len(acts)) as crowd:
        return list(crowd.map(once, acts))


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
            return _decide(found, 500)

        shop.create(charge, 500, decide=decide)

        assert moved[0].result(10)
    assert shop.database.look(
        "SELECT amount_refunded FROM charges WHERE id = :id", shop.account.test, id=charge.id
    ) == [[500]]


def _await_lock(database: Database) -> None:
    """Until somebody waits for a row."""
    wait_until(lambda: database.look(UNGRANTED), what="the other's wait")
