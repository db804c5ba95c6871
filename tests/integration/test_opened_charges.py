"""Charges whose reference Orange makes: a real store, the stand-in, and a sender that dies."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from pg8000.exceptions import DatabaseError
from sqlalchemy import Engine

from shared.db import charge_statements as sql
from shared.db.charges import Charges
from shared.db.late_payments import LatePayments
from shared.db.transaction import Database as Pool
from shared.domain.account import OperatorAccount
from shared.domain.charge import SUBMIT_LEASE, Attempt, AttemptStatus, Charge, ChargeStatus
from shared.domain.errors import AskAgain
from shared.domain.late_payment import LateRule
from shared.domain.phone import Operator, PhoneNumber
from shared.operations import moves
from shared.operations.settle_charge import Settlement, settle_charge
from shared.operations.submit_charge import Submission, submit_charge
from shared.providers.orange_core.client import (
    OrangeLine,
    OrangePaymentReader,
    OrangePaymentRequester,
    connect,
    order_id,
)
from shared.providers.orange_core.tokens import OrangeCredentials
from tests.database import Account, Database, MakeAccount
from tests.factories import a_charge, a_message, an_attempt, an_event, an_id, moment
from tests.pubsub_server import wait_for
from tests.simulator_process import OrangeCustomer, SimulatorProcess

pytest_plugins = ("tests.simulator_fixtures",)

KEY: Final = b"k" * 32
BASE: Final = "https://api.example"
POINTS: Final = (
    *("before_claim", "after_claim", "before_open", "after_open", "after_keep"),
    *("before_send", "after_send", "before_record", "after_record"),
)
UNASKED: Final = frozenset(POINTS[:4])
# The payToken is committed and Orange was never asked for the money.
LEFT_OPEN: Final = frozenset(POINTS[4:6])
PAST_LEASE: Final = SUBMIT_LEASE + timedelta(seconds=1)
INDEXED: Final = """
SELECT reference, operator_reference FROM platform.payment_index WHERE object_id = :id"""
WAITING: Final = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


class DeathError(Exception):
    """Stands for a kill: nothing of the process goes on."""


class Shop:
    """One account's store, and an Orange contract of its own; `late` is how far time has gone."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        self.account, self.database = account, database
        self.store = Charges(Pool(engine), account.test)
        self.late_books = LatePayments(Pool(engine), account.test)
        self.late = timedelta(0)
        self.dies_at = ""
        # The platform knows payTokens of all accounts: each shop has its own.
        self.first, self.second = (an_id("MP") for _ in range(2))

    def now(self) -> datetime:
        return moment() + self.late

    def create(self, **changes: Any) -> Charge:
        charge = a_charge(
            self.account.test,
            self.database.orange_account,
            operator=Operator.ORANGE,
            phone=PhoneNumber("+237690000001"),
            **changes,
        )
        self.store.create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment(),
            idempotency=None,
            response="{}",
        )
        return charge

    def claim(self, charge: Charge) -> tuple[Charge, Attempt] | None:
        attempt = replace(an_attempt(charge), status=AttemptStatus.OPENING)
        return self.store.claim(
            attempt,
            consumer="submit_charge",
            message_id=an_id("msg"),
            callback_token_hash=attempt.reference,
            number_hmac="n",
            now=self.now(),
            lease_until=self.now() + SUBMIT_LEASE,
        )

    def found(self, charge: Charge) -> tuple[Charge, Attempt]:
        found = self.store.find_with_attempt(charge.id)
        assert found is not None
        assert found[1] is not None
        return found[0], found[1]

    def abandon(self, charge: Charge) -> bool:
        return self.store.move(
            moves.abandoned(
                charge,
                at=self.now(),
                message=a_message(charge),
                consumer="settle_charge",
                base_url=BASE,
                language="fr",
            )
        )


class Till(Shop):
    """The same with the stand-in; a sender dies at `dies_at`, once."""

    def __init__(
        self, engine: Engine, account: Account, database: Database, simulator: SimulatorProcess
    ) -> None:
        super().__init__(engine, account, database)
        self.customer = OrangeCustomer.register(simulator)
        contract = OperatorAccount(
            id=database.orange_account,
            operator=Operator.ORANGE,
            product="core",
            livemode=False,
            base_url=f"{simulator.url}/orange",
            target_environment="",
            currency="XAF",
            credentials="simulator_orange_credentials",
        )
        self.wire = connect(contract)
        line = OrangeLine(
            contract,
            OrangeCredentials(**self.customer.letter),
            wire=self.wire,
            clock=moment,
            on_exchange=lambda *_: None,
        )
        self.requester, self.reader = OrangePaymentRequester(line), OrangePaymentReader(line)

    def reached(self, point: str) -> None:
        if point == self.dies_at:
            self.dies_at = ""
            raise DeathError(point)

    def submit(self, charge: Charge, message_id: str) -> str:
        how = Submission(
            callback_base_url=BASE,
            callback_token_key=KEY,
            number_key=KEY,
            base_url=BASE,
            language="fr",
            now=self.now,
            monotonic=time.monotonic,
            reached=self.reached,
            takes_turn=lambda _: True,
        )
        return submit_charge(
            replace(a_message(charge), event_id=message_id),
            store=self.store,
            requester_of=lambda _: self.requester,
            opener_of=lambda _: self.requester,
            on_page=lambda charge, _: f"page of {charge.id}",
            how=how,
        )

    def settle(self, charge: Charge) -> str:
        how = Settlement(
            base_url=BASE,
            language="fr",
            now=self.now,
            monotonic=time.monotonic,
            reached=lambda _: None,
            late=self.late_books,
            late_rule=LateRule,
        )
        message = a_message(charge, "charge-check-due")
        return settle_charge(message, store=self.store, reader_of=lambda _: self.reader, how=how)

    def effects(self) -> list[tuple[str, str]]:
        """The money that moved: under which payToken, for which order."""
        return [(row["reference"], row["external_id"]) for row in self.customer.view("effects")]


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


@pytest.fixture
def till(
    app_engine: Engine, account: Account, migrated: Database, simulator: SimulatorProcess
) -> Iterator[Till]:
    """One with an operator, connections closed afterwards."""
    till = Till(app_engine, account, migrated, simulator)
    yield till
    till.wire.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_sender_that_dies_anywhere_takes_money_once_or_not_at_all(till: Till, point: str) -> None:
    """The message comes again at once and after the lease; then the status is read."""
    charge, message_id = till.create(), an_id("msg")
    till.dies_at = f"submit_charge.{point}"
    with pytest.raises(DeathError):
        till.submit(charge, message_id)
    try:
        till.submit(charge, message_id)
    except AskAgain:
        assert point in UNASKED
    till.late = PAST_LEASE
    till.submit(charge, message_id)

    word = till.settle(charge)

    ended, attempt = till.found(charge)
    if point in LEFT_OPEN:
        assert (word, ended.status) == ("waiting", ChargeStatus.AWAITING_PAYER)
        assert till.effects() == []
    else:
        assert (word, ended.status) == ("confirmed", ChargeStatus.SUCCEEDED)
        assert till.effects() == [(attempt.operator_reference, order_id(charge.id))]


@pytest.mark.parametrize("point", sorted(LEFT_OPEN))
def test_a_pay_token_that_was_never_used_ends_by_oranges_word(till: Till, point: str) -> None:
    """A sender died before it asked: EXPIRED, which is Orange's proof that nobody paid."""
    till.customer.order({"kind": "token_short", "seconds": 0}, on="init")
    charge = till.create()
    till.dies_at = f"submit_charge.{point}"
    with pytest.raises(DeathError):
        till.submit(charge, an_id("msg"))

    assert till.settle(charge) == "lapsed"

    assert till.found(charge)[0].failure_code == "expired"
    assert till.effects() == []


def test_silence_is_resolved_by_a_read(till: Till) -> None:
    """Orange took the money and its answer was lost: unknown, then paid, once."""
    till.customer.order("drop_after")
    charge, message_id = till.create(), an_id("msg")

    words = [till.submit(charge, message_id), till.submit(charge, message_id), till.settle(charge)]

    assert words == ["went_silent", "not_ours", "confirmed"]
    assert len(till.effects()) == 1


def test_one_pay_token_is_committed_and_none_replaces_it(shop: Shop) -> None:
    """It is kept under the lease that was claimed, once; then the charge is nobody else's."""
    charge = shop.create()
    claimed = shop.claim(charge)
    assert claimed is not None
    held, attempt = claimed

    first = replace(attempt, operator_reference=shop.first)
    kept = shop.store.keep_opened(held, first, lease_until=shop.now() + SUBMIT_LEASE)
    second = replace(attempt, operator_reference=shop.second)
    for lease in (held, kept):
        assert lease is not None
        until = shop.now() + SUBMIT_LEASE
        assert shop.store.keep_opened(lease, second, lease_until=until) is None

    shop.late = PAST_LEASE * 2
    stored = shop.found(charge)[1]
    assert (stored.operator_reference, stored.status) == (shop.first, AttemptStatus.SENDING)
    assert shop.claim(charge) is None


def test_what_nobody_opened_is_claimed_again_after_its_lease(shop: Shop) -> None:
    """Not before; and whoever held it before commits nothing any more."""
    charge = shop.create()
    claimed = shop.claim(charge)
    assert claimed is not None
    assert shop.claim(charge) is None

    shop.late = PAST_LEASE
    again = shop.claim(charge)

    assert again is not None
    assert again[1].id == claimed[1].id
    lost = replace(claimed[1], operator_reference=shop.first)
    assert shop.store.keep_opened(claimed[0], lost, lease_until=shop.now()) is None
    assert shop.found(charge)[1].operator_reference is None


def test_what_was_left_sending_without_a_pay_token_is_claimed_again(shop: Shop) -> None:
    """As a sender leaves it that knows of no opening: after its lease it is opened, not before."""
    charge = shop.create()
    assert shop.claim(charge) is not None
    shop.database.look("UPDATE provider_attempts SET status = 'sending'", shop.account.test)
    assert shop.claim(charge) is None

    shop.late = PAST_LEASE
    again = shop.claim(charge)

    assert again is not None
    assert shop.found(charge)[1].status is AttemptStatus.OPENING


def test_a_released_pay_token_is_dropped_when_it_is_claimed_again(shop: Shop) -> None:
    """Proven unsent: another one is opened, under the same attempt and our own reference."""
    charge = shop.create()
    claimed = shop.claim(charge)
    assert claimed is not None
    opened = replace(claimed[1], operator_reference=shop.first)
    kept = shop.store.keep_opened(claimed[0], opened, lease_until=shop.now() + SUBMIT_LEASE)
    assert kept is not None
    shop.store.release(kept, opened, reason="connect_failed")

    again = shop.claim(charge)

    assert again is not None
    assert again[1] == shop.found(charge)[1] == claimed[1]
    assert again[1].status is AttemptStatus.OPENING


@pytest.mark.parametrize("rival", ["claim", "abandon"])
def test_whoever_waits_for_a_sender_that_wakes_loses(
    shop: Shop, app_engine: Engine, rival: str
) -> None:
    """What it saw before it waited, a lease that is over, is no longer so: a payToken stands."""
    charge = shop.create()
    claimed = shop.claim(charge)
    assert claimed is not None
    held, attempt = claimed
    shop.late = PAST_LEASE
    act = {"claim": lambda: shop.claim(charge), "abandon": lambda: shop.abandon(held)}[rival]
    with ThreadPoolExecutor(1) as threads:
        with Pool(app_engine).tenant(shop.account.test) as sleeper:
            sleeper.run(
                sql.KEEP_OPENED,
                charge_id=charge.id,
                attempt_id=attempt.id,
                operator_reference=shop.first,
                lease=held.lease_until,
                lease_until=shop.now() + SUBMIT_LEASE,
            )
            waiting = threads.submit(act)
            wait_for(lambda: shop.database.look(WAITING), "one that waits")

        assert not waiting.result()

    assert shop.found(charge)[1].operator_reference == shop.first
    assert shop.found(charge)[0].status is ChargeStatus.SUBMITTING


def test_the_platform_knows_what_to_ask_by(shop: Shop) -> None:
    """Should the tenant's rows be lost; and of a payToken that was replaced, the newer one."""
    charge = shop.create()
    for pay_token in (shop.first, shop.second):
        claimed = shop.claim(charge)
        assert claimed is not None
        held, attempt = claimed
        opened = replace(attempt, operator_reference=pay_token)
        kept = shop.store.keep_opened(held, opened, lease_until=shop.now() + SUBMIT_LEASE)
        assert kept is not None
        assert shop.database.look(INDEXED, id=charge.id) == [[attempt.reference, pay_token]]
        shop.store.release(kept, opened, reason="connect_failed")


@pytest.mark.parametrize("whose", ["the same account's", "another account's"])
def test_a_pay_token_serves_one_payment(
    shop: Shop, app_engine: Engine, migrated: Database, make_account: MakeAccount, whose: str
) -> None:
    """Should Orange ever give one twice, the second is not committed, so nothing is asked."""
    is_same = whose.startswith("the same")
    other = shop if is_same else Shop(app_engine, make_account(), migrated)
    held = [claimed for claimed in (each.claim(each.create()) for each in (shop, other)) if claimed]
    first, second = (replace(attempt, operator_reference=shop.first) for _, attempt in held)
    assert shop.store.keep_opened(held[0][0], first, lease_until=shop.now()) is not None

    with pytest.raises(DatabaseError, match="_operator_reference"):
        other.store.keep_opened(held[1][0], second, lease_until=shop.now())
