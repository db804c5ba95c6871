"""The charge store on real PostgreSQL: all or nothing, one winner, one round trip."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pg8000 import core
from sqlalchemy import Engine

from shared.db import statement
from shared.db.charges import Charges, key_lock
from shared.db.engine import make_engine
from shared.db.statement import Statement
from shared.db.transaction import Database as Pool
from shared.domain import ledger
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent, ChargeStatus
from shared.domain.errors import InProgress, InvalidRequest, KeyReused, LedgerRefused
from shared.domain.ledger import Posting
from shared.domain.notification import Kind, Notification
from shared.domain.rules import Admission, Prompts
from shared.operations.ports import (
    IdempotencyUse,
    Lease,
    Move,
    NewReceipt,
    ReadNote,
    Replayed,
    Stored,
)
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_attempt, an_event, an_id, moment
from tests.pubsub_server import wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.domain.events import Message

KEY = IdempotencyUse("create_charge", "key-1", "f" * 64)
WAITING = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


class Shop:
    """One account's store with the messages that its commits handed on."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        self.handed_on: list[Message] = []
        self.account = account
        self.database = database
        self.store = Charges(Pool(engine, self.handed_on.extend), account.test)

    def charge(self, **changes: Any) -> Charge:
        changes.setdefault("operator_account", self.database.operator_account)
        return a_charge(self.account.test, **changes)

    def create(
        self,
        charge: Charge,
        use: IdempotencyUse | None = None,
        admission: Admission | None = None,
    ) -> Stored | Replayed:
        return self.store.create(
            charge,
            event=an_event(charge),
            message=a_message(charge),
            first_check_at=moment() + timedelta(seconds=10),
            idempotency=use,
            response=f'{{"id":"{charge.id}"}}',
            admission=admission,
        )

    def claim(
        self, charge: Charge, attempt: Attempt | None = None, message_id: str | None = None
    ) -> tuple[Charge, Attempt] | None:
        attempt = attempt or an_attempt(charge)
        now = moment()
        return self.store.claim(
            attempt,
            consumer="submit_charge",
            message_id=message_id or an_id("msg"),
            callback_token_hash=attempt.reference,
            number_hmac="n",
            now=now,
            lease_until=now + timedelta(seconds=25),
        )

    def silence(self, charge: Charge) -> None:
        """Claim, send, and hear nothing."""
        claimed = self.claim(charge)
        assert claimed is not None
        silent = replace(claimed[0], status=ChargeStatus.UNKNOWN)
        move = Move(
            silent,
            ChargeStatus.SUBMITTING,
            ChargeEvent.WENT_SILENT,
            moment(),
            moment(),
            attempt_id=claimed[1].id,
            attempt_status=AttemptStatus.SILENT,
            lease=Lease.MINE,
        )
        assert self.store.move(move)

    def success(self, charge: Charge, **changes: Any) -> Move:
        now = moment()
        posting = ledger.charge_succeeded(
            an_id("txn"), charge.id, gross=charge.money, operator_account=charge.operator_account
        )
        succeeded = replace(
            charge,
            status=ChargeStatus.SUCCEEDED,
            succeeded_at=now,
            operator_transaction_id="1234567890",
            balance_transaction=posting.id,
        )
        move = Move(
            charge=succeeded,
            expected=charge.status,
            cause=ChargeEvent.CONFIRMED,
            at=now,
            next_check_at=None,
            event=an_event(succeeded, "charge.succeeded"),
            messages=(a_message(succeeded, "payment-final"),),
            posting=posting,
            receipt=NewReceipt(an_id("rcp"), f"RC-{charge.id}", charge.id[3:] + "ab"),
        )
        return replace(move, **changes)

    def rows(self, table: str, where: str = "true") -> list[list[Any]]:
        schema = self.account.test.schema
        return self.database.look(f'SELECT * FROM "{schema}".{table} WHERE {where}')

    def balance(self, code: str) -> int:
        schema = self.account.test.schema
        sql = f'SELECT balance * normal FROM "{schema}".ledger_accounts WHERE code = :code'
        return int(self.database.look(sql, code=code)[0][0])


@pytest.fixture
def shop(app_engine: Engine, account: Account, migrated: Database) -> Shop:
    """A shop of its own for each test."""
    return Shop(app_engine, account, migrated)


def test_a_charge_is_stored_with_all_that_belongs_to_it(shop: Shop) -> None:
    """Charge, event, feed, due check, outbox and webhook delivery commit together."""
    charge = shop.charge(reference="order-1", metadata={"table": "7"})

    outcome = shop.create(charge, KEY)

    assert outcome == Stored(f'{{"id":"{charge.id}"}}')
    assert shop.store.find(charge.id) == charge
    assert len(shop.rows("events")) == 1
    assert len(shop.rows("webhook_deliveries")) == 1
    look = shop.database.look
    assert len(look("SELECT FROM platform.due_work WHERE object_id = :id", id=charge.id)) == 1
    assert len(look("SELECT FROM platform.event_feed WHERE object_id = :id", id=charge.id)) == 1
    stored = {
        row[0]
        for row in look("SELECT id FROM platform.outbox WHERE account_id = :id", id=shop.account.id)
    }
    assert {message.event_id for message in shop.handed_on} == stored
    assert {message.topic for message in shop.handed_on} == {"charge-created", "webhook-due"}


def test_the_same_key_and_body_get_the_first_answer(shop: Shop) -> None:
    """A repeat stores nothing and hands nothing on."""
    first, second = shop.charge(), shop.charge()
    shop.create(first, KEY)
    shop.handed_on.clear()

    assert shop.create(second, KEY) == Replayed(f'{{"id":"{first.id}"}}')

    assert shop.store.find(second.id) is None
    assert shop.handed_on == []


def test_the_same_key_with_another_body_is_refused(shop: Shop) -> None:
    """A key stands for one request for ever."""
    shop.create(shop.charge(), KEY)
    other = shop.charge()

    with pytest.raises(KeyReused):
        shop.create(other, replace(KEY, fingerprint="0" * 64))

    assert shop.store.find(other.id) is None


def test_fifty_at_once_with_one_key_make_one_charge(shop: Shop) -> None:
    """Whoever is not first hears `in progress` or gets the first answer."""

    def attempt(_: int) -> str | None:
        try:
            return shop.create(shop.charge(), KEY).response
        except InProgress:
            return None

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(attempt, range(50)))

    assert len(answers - {None}) == 1
    assert len(shop.rows("charges")) == 1


def test_a_reference_serves_one_living_charge(shop: Shop) -> None:
    """Two unfinished charges never share the merchant's own reference; a failed one frees it."""
    first = shop.charge(reference="order-9")
    shop.create(first)

    with pytest.raises(InvalidRequest, match="reference_in_use"):
        shop.create(shop.charge(reference="order-9"))

    failed = replace(first, status=ChargeStatus.FAILED, failure_code="expired")
    assert shop.store.move(
        Move(failed, first.status, ChargeEvent.ABANDONED, moment(), None, lease=Lease.FREE)
    )
    assert isinstance(shop.create(shop.charge(reference="order-9")), Stored)


def test_one_worker_claims(shop: Shop) -> None:
    """Of many that want to send, one gets the lease and one attempt is stored."""
    charge = shop.charge()
    shop.create(charge)

    with ThreadPoolExecutor(8) as threads:
        claims = list(threads.map(lambda _: shop.claim(charge), range(8)))

    assert len([claim for claim in claims if claim is not None]) == 1
    assert len(shop.rows("provider_attempts")) == 1


def test_a_charge_past_its_time_is_not_claimed(shop: Shop) -> None:
    """Nothing is sent after submit_before."""
    charge = shop.charge(submit_before=moment() - timedelta(seconds=1))
    shop.create(charge)

    assert shop.claim(charge) is None
    assert shop.rows("provider_attempts") == []


def test_a_released_charge_is_sent_under_the_same_reference(shop: Shop) -> None:
    """Proven that no byte left: the next claim keeps the attempt that stands."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")

    again = shop.claim(charge)

    assert again is not None
    assert again[1].reference == claimed[1].reference
    assert len(shop.rows("provider_attempts")) == 1


def test_the_one_resend_is_granted_once_and_used_once(shop: Shop) -> None:
    """A "not found" grants one more send of the same attempt, to one message, not to a used one."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    silent = replace(claimed[0], status=ChargeStatus.UNKNOWN)
    shop.store.move(
        Move(
            silent,
            ChargeStatus.SUBMITTING,
            ChargeEvent.WENT_SILENT,
            moment(),
            moment(),
            attempt_id=claimed[1].id,
            attempt_status=AttemptStatus.SILENT,
            consumer="submit_charge",
            message_id="msg_first",
        )
    )
    assert shop.claim(charge) is None
    note = ReadNote(
        silent, claimed[1], "RESOURCE_NOT_FOUND", moment(), moment(), resend=a_message(charge)
    )
    shop.handed_on.clear()

    shop.store.note(note)
    shop.store.note(replace(note, resend=a_message(charge)))

    assert len(shop.handed_on) == 1
    assert shop.claim(charge, message_id="msg_first") is None
    assert shop.claim(charge) is not None
    assert shop.claim(charge) is None


def test_money_state_and_messages_move_together(shop: Shop) -> None:
    """A success posts a balanced transaction, closes the due row and promises a receipt."""
    charge = shop.charge()
    shop.create(charge)

    assert shop.store.move(shop.success(charge))

    assert (shop.balance("pending"), shop.balance(f"float:{charge.operator_account}")) == (
        5000,
    ) * 2
    assert sum(row[4] for row in shop.rows("postings")) == 0
    assert len(shop.rows("receipts")) == 1
    due = shop.database.look(
        "SELECT kind, done_at IS NULL FROM platform.due_work WHERE object_id = :id ORDER BY kind",
        id=charge.id,
    )
    assert due == [["hold_release", True], ["payment_check", False]]
    found = shop.store.find(charge.id)
    assert found is not None
    assert found.status is ChargeStatus.SUCCEEDED


def test_of_two_settlers_one_posts(shop: Shop) -> None:
    """The loser of a race changes nothing, not even by a posting."""
    charge = shop.charge()
    shop.create(charge)
    moves = [shop.success(charge) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(shop.store.move, moves))

    assert sorted(won) == [False] * 7 + [True]
    assert shop.balance("pending") == 5000
    assert len(shop.rows("ledger_transactions")) == 1


def test_a_posting_that_cannot_be_whole_aborts_the_move(shop: Shop) -> None:
    """An account that is not there, or a floor that would break, leaves the charge as it was."""
    charge = shop.charge(operator_account="opa_not_there")
    shop.create(charge)

    with pytest.raises(LedgerRefused):
        shop.store.move(shop.success(charge))

    found = shop.store.find(charge.id)
    assert found is not None
    assert found.status is ChargeStatus.CREATED
    assert shop.rows("postings") == []


def test_a_stale_sender_commits_nothing(shop: Shop) -> None:
    """A worker whose lease passed to another loses its compare-and-set."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")
    assert shop.claim(charge) is not None
    stale = replace(claimed[0], status=ChargeStatus.AWAITING_PAYER)

    won = shop.store.move(
        Move(
            stale,
            ChargeStatus.SUBMITTING,
            ChargeEvent.ACCEPTED,
            moment(),
            moment(),
            lease=Lease.MINE,
        )
    )

    assert won is False


def test_a_resend_starts_the_proof_of_absence_anew(shop: Shop) -> None:
    """Reads that found nothing before the resend do not count after it."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")
    read = replace(claimed[1], not_found_reads=2, first_not_found_at=moment())
    shop.store.note(
        ReadNote(replace(claimed[0], lease_until=None), read, "RESOURCE_NOT_FOUND", moment(),
                 moment())
    )  # fmt: skip

    assert shop.claim(charge) is not None

    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    assert found[1] is not None
    assert (found[1].not_found_reads, found[1].first_not_found_at) == (0, None)


def test_absence_is_not_proven_while_somebody_sends_again(shop: Shop) -> None:
    """A move that saw no lease loses against one that was taken since."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    seen = replace(claimed[0], status=ChargeStatus.FAILED, lease_until=None)

    won = shop.store.move(
        Move(seen, ChargeStatus.SUBMITTING, ChargeEvent.NOT_RECEIVED, moment(), None,
             lease=Lease.UNTOUCHED)
    )  # fmt: skip

    assert won is False


def test_a_read_from_before_a_resend_proves_nothing_after_it(shop: Shop) -> None:
    """It neither ends the charge nor counts towards its end, though all looks as it did before."""
    charge = shop.charge()
    shop.create(charge)
    shop.silence(charge)
    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    shop.store.note(ReadNote(*found, "x", moment(), moment(), resend=a_message(charge)))
    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    seen, attempt = found
    assert attempt is not None

    shop.silence(charge)  # the resend is claimed, sent and silent while the read is under way
    many = replace(attempt, not_found_reads=9, first_not_found_at=moment())
    shop.store.note(ReadNote(seen, many, "RESOURCE_NOT_FOUND", moment(), moment()))
    failed = replace(seen, status=ChargeStatus.FAILED)
    won = shop.store.move(
        Move(failed, seen.status, ChargeEvent.NOT_RECEIVED, moment(), None, lease=Lease.UNTOUCHED)
    )

    assert won is False
    found = shop.store.find_with_attempt(charge.id)
    assert found is not None
    assert found[1] is not None
    assert (found[0].status, found[1].not_found_reads) == (ChargeStatus.UNKNOWN, 0)


def test_a_claim_that_waited_for_a_sender_sends_nothing_again(
    shop: Shop, app_engine: Engine
) -> None:
    """What it saw of the attempt before it waited, "not sent", is no longer so."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    shop.store.release(*claimed, reason="connection_refused")
    with ThreadPoolExecutor(1) as threads:
        with Pool(app_engine).tenant(shop.account.test) as sender:
            sender.run(Statement("UPDATE charges SET status = 'unknown'"))
            sender.run(Statement("UPDATE provider_attempts SET status = 'silent'"))
            waiting = threads.submit(shop.claim, charge)
            wait_for(lambda: shop.database.look(WAITING), "a claim that waits")

        assert waiting.result() is None


def test_a_check_that_was_made_is_due_again_at_its_time(shop: Shop) -> None:
    """Not when the lease ends that the clock took for the message of the one before."""
    charge = shop.charge()
    shop.create(charge)
    look = shop.database.look
    lease = "UPDATE platform.due_work SET lease_until = now() + interval '1 minute'"
    leased = "SELECT FROM platform.due_work WHERE object_id = :id AND lease_until IS NOT NULL"

    look(f"{lease} WHERE object_id = :id", id=charge.id)
    shop.store.note(ReadNote(charge, None, "not_sent", moment(), moment()))
    assert look(leased, id=charge.id) == []

    look(f"{lease} WHERE object_id = :id", id=charge.id)
    shop.silence(charge)
    assert look(leased, id=charge.id) == []


def test_one_riddle_is_one_case(shop: Shop) -> None:
    """However often a read cannot be explained, one open case stands for it, and is told once."""
    charge = shop.charge()
    shop.create(charge)
    for _ in range(3):
        notice = Notification.of(
            Kind.CASE_OPENED, charge.account, {"payment": charge.id}, livemode=charge.livemode,
            now=moment(), once_for=charge.id,
        )  # fmt: skip
        shop.store.note(
            ReadNote(
                charge, None, "x", None, moment(), case_id=an_id("case"), case_reason="x",
                notice=notice,
            )
        )  # fmt: skip

    rows = shop.database.look("SELECT 1 FROM platform.cases WHERE object_id = :id", id=charge.id)
    told = shop.database.look(
        "SELECT n.kind, count(*) FROM platform.notifications n JOIN platform.outbox o"
        " ON o.object_id = n.id WHERE n.id = :id GROUP BY n.kind",
        id=charge.id.replace("ch_", "ntf_"),
    )
    assert len(rows) == 1
    assert told == [["case_opened", 1]]


def test_a_check_that_was_asked_for_after_the_end_is_closed_once(shop: Shop) -> None:
    """An open due row of a charge that has ended would wake its reader every minute, for ever."""
    charge = shop.charge()
    shop.create(charge)
    shop.store.move(shop.success(charge))
    look = shop.database.look
    find = "SELECT * FROM platform.due_work WHERE kind = 'payment_check' AND object_id = :id"
    settled = look(find, id=charge.id)
    shop.store.end_checks(charge.id, at=moment())
    assert look(find, id=charge.id) == settled

    look(
        "UPDATE platform.due_work SET due_at = now(), done_at = NULL"
        " WHERE kind = 'payment_check' AND object_id = :id",
        id=charge.id,
    )
    at = moment()
    shop.store.end_checks(charge.id, at=at)

    done = f"{find} AND done_at = :at AND due_at = 'infinity' AND lease_until IS NULL"
    assert len(look(done, id=charge.id, at=at)) == 1


def test_what_moved_a_charge_is_kept_with_its_consumer(shop: Shop) -> None:
    """The message behind a move is written down in the same transaction, once."""
    charge = shop.charge()
    shop.create(charge)

    shop.store.move(shop.success(charge, consumer="settle_charge", message_id="msg_x"))

    assert [row[:2] for row in shop.rows("consumed_messages")] == [["settle_charge", "msg_x"]]


def test_nothing_is_abandoned_while_somebody_sends(shop: Shop) -> None:
    """A charge under a lease is not failed for having run out of time."""
    charge = shop.charge()
    shop.create(charge)
    claimed = shop.claim(charge)
    assert claimed is not None
    failed = replace(claimed[0], status=ChargeStatus.FAILED)

    won = shop.store.move(
        Move(
            failed, ChargeStatus.SUBMITTING, ChargeEvent.ABANDONED, moment(), None, lease=Lease.FREE
        )
    )

    assert won is False


def test_a_hundred_settlements_at_once_sum_up(shop: Shop) -> None:
    """Balances equal the sum of their postings under concurrency."""
    charges = [shop.charge() for _ in range(100)]
    for charge in charges:
        shop.create(charge)

    with ThreadPoolExecutor(4) as threads:
        won = list(threads.map(lambda charge: shop.store.move(shop.success(charge)), charges))

    assert all(won)
    assert shop.balance("pending") == 500_000
    assert sum(row[4] for row in shop.rows("postings", "code = 'pending'")) == -500_000


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count how often this thread sends something off to the server, to wait for its answer."""
    counted = threading.local()
    original = core._flush

    def counting(sock: Any) -> None:
        counted.n = getattr(counted, "n", 0) + 1
        original(sock)

    monkeypatch.setattr(core, "_flush", counting)
    monkeypatch.setattr(statement, "_flush", counting)
    return lambda: getattr(counted, "n", 0)


def test_each_of_create_find_and_settle_takes_one_round_trip(
    shop: Shop, migrated: Database, round_trips: Callable[[], int]
) -> None:
    """Once prepared, each opens, works and commits in one go, and limits take no other."""
    engine = make_engine(
        migrated.url, secret_file=migrated.secrets_dir / "database_app", pool_size=1
    )
    shop.store = Charges(Pool(engine), shop.account.test)
    counts = []
    for key in ("a", "b", "c"):
        charge = shop.charge()
        asked = Admission(
            f"trips-{shop.account.id}", "k", moment(), Prompts(3, 600), (9, 10**6) * 2
        )
        before = round_trips()
        shop.create(charge, replace(KEY, key=key), asked)
        created = round_trips()
        shop.store.find(charge.id)
        found = round_trips()
        shop.store.move(shop.success(charge))
        counts.append((created - before, found - created, round_trips() - found))
    engine.dispose()

    assert counts[2] == (1, 1, 1)


def test_a_lock_held_elsewhere_stores_nothing(shop: Shop, app_engine: Engine) -> None:
    """While the same key is at work the statement runs and writes not a row."""
    shop.create(shop.charge())  # from now on the statement is prepared and goes in one round trip
    other = shop.charge()
    with Pool(app_engine).tenant(shop.account.test) as holder:
        lock = key_lock(KEY, shop.account.test)
        holder.run(Statement(f"SELECT pg_advisory_xact_lock({lock})"))
        with pytest.raises(InProgress):
            shop.create(other, KEY)

    assert shop.store.find(other.id) is None
    assert isinstance(shop.create(other, KEY), Stored)


def test_a_refused_statement_leaves_the_connection_clean(shop: Shop, migrated: Database) -> None:
    """An error inside a whole transaction rolls it back and gives the connection back usable."""
    engine = migrated.engine("app", pool_size=1)
    shop.store = Charges(Pool(engine), shop.account.test)
    charge = shop.charge(reference="order-7")
    shop.create(charge)
    shop.create(shop.charge())

    for _ in range(3):
        with pytest.raises(InvalidRequest, match="reference_in_use"):
            shop.create(shop.charge(reference="order-7"))

    assert shop.store.find(charge.id) == charge
    assert len(shop.rows("charges")) == 2
    engine.dispose()


def test_a_charge_is_told_once_it_is_there(shop: Shop, app_engine: Engine) -> None:
    """Whoever hears of it first may be faster than a commit: it is told after that alone."""
    charge = shop.charge()
    found: list[bool] = []

    def look(messages: "Sequence[Message]") -> None:
        about = [message for message in messages if message.object_id == charge.id]
        found.extend(shop.rows("charges", f"id = '{each.object_id}'") != [] for each in about)

    shop.store = Charges(Pool(app_engine, look), shop.account.test)
    shop.create(charge)

    assert found == [True]


def test_two_lines_of_one_account_are_both_booked(shop: Shop) -> None:
    """A row is updated once in a statement, so it must be by the sum of its lines."""
    charge = shop.charge()
    shop.create(charge)
    move = shop.success(charge)
    assert move.posting is not None
    debit, *_ = move.posting.postings
    halves = (Posting(ledger.PENDING, -2000), Posting(ledger.PENDING, -3000))

    assert shop.store.move(replace(move, posting=replace(move.posting, postings=(debit, *halves))))

    assert shop.balance("pending") == 5000
    assert shop.balance(f"float:{charge.operator_account}") == 5000
    assert len(shop.rows("postings", f"transaction_id = '{move.posting.id}'")) == 3
