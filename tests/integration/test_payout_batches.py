"""Batches of payouts on real PostgreSQL: many lines, their rate, their bounds, and races."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import pytest
from sqlalchemy import Engine

from shared.db.batches import Batches
from shared.db.transaction import Database as Pool
from shared.domain.account import Caller
from shared.domain.batch_admission import BatchAdmission
from shared.domain.errors import InvalidLines, InvalidRequest, TooManyRequests
from shared.domain.events import PAYOUT_CHECK_DUE, Event, Message
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus
from shared.domain.payout import Payout
from shared.domain.payout_batch import BatchStatus, PayoutBatch, Tally
from shared.domain.phone import PhoneNumber
from shared.domain.rules import NewPayee
from shared.operations.cancel_payout_batch import cancel_payout_batch
from shared.operations.ports import IdempotencyUse, Replayed, Stored
from shared.operations.release_batch import release_batch
from shared.operations.taken_back import TakenBack
from tests.database import Account, Database, MakeAccount, enter, refusal_of
from tests.factories import a_payout, an_id, moment
from tests.integration.paying_out import Shop, an_admission, at_once
from tests.trials import Trial
from tests.unit.paying_out import MemoryJournal

DENIED: Final = "42501"
RATE: Final = "payout_rate"


class Desk(Shop):
    """One account's batches."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        """Two wallets of its own are paid from."""
        super().__init__(engine, account, database)
        self.batches = Batches(Pool(engine, self.handed_on.extend), self.tenant)

    def wallet(self, **rule: int) -> str:
        """A new operator account of this merchant, which may be paid from at this rate."""
        wallet = an_id("opa")
        self.database.look(
            "INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode,"
            " base_url, target_environment, currency, credentials) VALUES (:id, :owner, 'mtn',"
            " 'disbursement', false, 'http://x', 'x', 'XAF', 'x')",
            id=wallet,
            owner=self.account.id,
        )
        if rule:
            data = f'{{"per_second": {rule["per_second"]}, "unsent": {rule["unsent"]}}}'
            self.database.look(
                "INSERT INTO platform.dated_rules (id, kind, account_id, valid_from, data)"
                f" VALUES (:id, 'payout_rate', :owner, '2020-01-01Z', '{data}')",
                id=an_id("rule"),
                owner=self.account.id,
            )
        return wallet

    def lines(self, *amounts: int, wallet: str = "opa_y", **changes: Any) -> list[Payout]:
        """Lines that pay one number each."""
        batch, transaction = an_id("pb"), an_id("txn")
        ids = sorted((an_id("po") for _ in amounts), reverse=True)
        return [
            a_payout(
                self.tenant,
                wallet,
                id=line_id,
                status=OutgoingStatus("queued"),
                money=Money(amount),
                phone=PhoneNumber(f"+2376{70_000_000 + n}"),
                balance_transaction=transaction,
                batch=batch,
                line=n,
                **changes,
            )
            for n, (line_id, amount) in enumerate(zip(ids, amounts, strict=True), start=1)
        ]

    def take(
        self,
        lines: Sequence[Payout],
        *,
        key: str | None = None,
        admission: BatchAdmission | None = None,
    ) -> Stored | Replayed:
        """Have a batch of these lines stored, as the operation does."""
        amount = sum(line.money.amount for line in lines)
        fees = {"fees:platform": sum(line.fee for line in lines)}
        batch = PayoutBatch(
            id=lines[0].batch or "",
            account=self.tenant.account,
            livemode=self.tenant.livemode,
            status=BatchStatus.PROCESSING,
            line_count=len(lines),
            amount=amount,
            fees=fees if fees["fees:platform"] else {},
            balance_transaction=lines[0].balance_transaction,
            made_by="key_1",
            created_at=moment(),
        )
        event = Event(an_id("evt"), "payout_batch.processing", batch.id, "{}", moment())
        return self.batches.create(
            batch,
            lines,
            admission=admission or bounded(lines),
            event=event,
            first_look_at=moment(),
            idempotency=IdempotencyUse("create_payout_batch", key or an_id("key"), "f" * 64),
            response=batch.id,
        )

    def taken(self, *amounts: int, **changes: Any) -> str:
        """Have a batch stored; return its id."""
        return self.take(self.lines(*amounts, **changes)).response

    def look(self, batch_id: str) -> str:
        """Look at it as settle_payout does."""
        tenant = self.tenant
        message = Message(an_id("msg"), PAYOUT_CHECK_DUE, tenant.account, tenant.livemode, batch_id)
        return release_batch(
            message,
            store=self.batches,
            may_go_out=lambda _: True,
            now=moment,
            reached=lambda _: None,
        )

    def cancel(self, batch_id: str) -> PayoutBatch:
        """Take it back."""
        caller = Caller(
            self.tenant, "k", "sk", frozenset({"*"}), "en", charges_enabled=True, suspended=False
        )
        return cancel_payout_batch(
            batch_id,
            caller,
            store=self.batches,
            taken_back=TakenBack(MemoryJournal(), 1),
            now=moment(),
        )

    def tally(self, batch_id: str) -> dict[str, int]:
        """How many lines are in which status."""
        batch = self.batches.find(batch_id)
        assert batch is not None
        return {status.value: tally.count for status, tally in batch.progress.items()}


def bounded(lines: Sequence[Payout], *, caps: Any = None, day: int = 0) -> BatchAdmission:
    """What is asked before they are taken; `day` is what each number may be paid."""
    numbers = [line.phone.e164 for line in lines]
    return BatchAdmission(an_admission(caps=caps), numbers, [day] * len(lines))


@pytest.fixture
def desk(app_engine: Engine, account: Account, migrated: Database) -> Desk:
    """A shop of its own for each test, with 5 000 FCFA to pay out."""
    desk = Desk(app_engine, account, migrated)
    desk.fund(5000)
    return desk


@pytest.fixture
def other(app_engine: Engine, make_account: MakeAccount, migrated: Database) -> Desk:
    """Another merchant, who pays the same numbers."""
    desk = Desk(app_engine, make_account(), migrated)
    desk.fund(5000)
    return desk


def test_many_lines_are_one_hold_and_stand_in_their_order(desk: Desk, trial: Trial) -> None:
    """With their cost; one ledger transaction, one event and one due row, however many."""
    count = trial.size(1_000, large=10_000)
    desk.fund(count * 200)
    before = desk.balances()["available"]
    lines = desk.lines(*[100] * count, fees={"fees:platform": 2}, metadata={"a": 'b",\\{}'})

    batch_id = desk.take(lines).response

    assert desk.balances() == {"available": before - count * 102, "held": count * 102}
    assert desk.column("kind", "ledger_transactions") == ["payout_batch_created"]
    assert desk.column("type", "events") == ["payout_batch.processing"]
    assert desk.column("batch_line", "payouts", "true ORDER BY id DESC") == [*range(1, count + 1)]
    found = desk.store.find(lines[-1].id)
    assert found is not None
    assert (found.metadata, found.fees, found.batch) == (
        {"a": 'b",\\{}'}, {"fees:platform": 2}, batch_id,
    )  # fmt: skip
    desk.cancel(batch_id)
    assert desk.balances()["available"] == before


def test_one_key_makes_one_batch(desk: Desk) -> None:
    """Of several at once, and for ever."""
    outcomes = at_once(*[partial(desk.take, desk.lines(10), key="one") for _ in range(4)])

    made = {outcome.response for outcome in outcomes if isinstance(outcome, Stored | Replayed)}
    assert len(made) == len(desk.column("id", "payout_batches")) == 1


def test_bounds_of_numbers_are_told_by_line_and_count_nothing(desk: Desk, other: Desk) -> None:
    """What the file itself pays to one number, and others before it; single payouts count too."""
    number = an_id("hmac")
    other.create(300, admission=an_admission(number, day=500))
    lines = desk.lines(100, 150, 100, 60)
    admission = BatchAdmission(
        an_admission(), [number, an_id("hmac"), number, number], [500, 0, 500, 500]
    )

    with pytest.raises(InvalidLines) as refused:
        desk.take(lines, admission=admission)

    assert [(f.line, f.column, f.code, f.values) for f in refused.value.faults] == [
        (4, "amount", "payee_amount_reached", {"limit": 500})
    ]
    assert desk.column("id", "payouts") == desk.column("id", "payout_batches") == []
    good = BatchAdmission(an_admission(), admission.number_hmacs[:3], admission.number_days[:3])
    assert desk.take(lines[:3], admission=good)
    with pytest.raises(TooManyRequests, match="payee_amount_reached"):
        other.create(101, admission=an_admission(number, day=500))


def test_a_number_that_is_new_is_told_by_line(desk: Desk) -> None:
    """What the file pays to it in all counts; the lines before are not at fault."""
    number = an_id("hmac")
    whole = an_admission(new=NewPayee(300, 86_400))
    admission = BatchAdmission(whole, [number, an_id("hmac"), number, number], [5000, 0, 5000, 0])

    with pytest.raises(InvalidLines) as refused:
        desk.take(desk.lines(200, 300, 100, 60), admission=admission)

    assert [(f.line, f.column, f.code, f.values) for f in refused.value.faults] == [
        (4, "amount", "payee_too_new", {"limit": 300})
    ]
    assert desk.column("id", "payouts") == []


def test_what_is_not_paid_frees_its_numbers(desk: Desk, other: Desk) -> None:
    """Of a batch that was taken back as of a payout."""
    lines = desk.lines(400)
    batch_id = desk.take(lines, admission=bounded(lines, day=500)).response
    admission = an_admission(lines[0].phone.e164, day=500)
    with pytest.raises(TooManyRequests):
        other.create(200, admission=admission)

    desk.cancel(batch_id)

    assert other.create(200, admission=admission)


def test_a_batch_counts_as_its_lines(desk: Desk) -> None:
    """Against what account and key may pay a day; refused as a whole where that is too much."""
    caps = (5, 10_000, 5, 10_000)
    first, second = desk.lines(10, 10, 10), desk.lines(10, 10, 10)
    desk.take(first, admission=bounded(first, caps=caps))

    with pytest.raises(TooManyRequests, match="account_count_reached"):
        desk.take(second, admission=bounded(second, caps=caps))
    with pytest.raises(TooManyRequests, match="key_amount_reached"):
        desk.take(second, admission=bounded(second, caps=(9, 10_000, 9, 59)))
    assert desk.create(10, admission=an_admission(caps=caps))
    assert desk.create(10, admission=an_admission(caps=caps))
    with pytest.raises(TooManyRequests, match="account_count_reached"):
        desk.create(10, admission=an_admission(caps=caps))


def test_a_blocked_number_is_told_by_its_line(desk: Desk) -> None:
    """Beside everything else that is wrong with the batch."""
    number = an_id("hmac")
    desk.database.look(
        "INSERT INTO platform.payer_numbers (number_hmac, livemode, blocked_until, blocked_by,"
        " block_reason) VALUES (:number, false, 'infinity', 'a person', 'asked for it')",
        number=number,
    )
    desk.create(10, reference="taken")
    lines = desk.lines(10, 20, 30)
    lines[0] = replace(lines[0], reference="taken")
    admission = BatchAdmission(an_admission(), ["a", "b", number], [0, 0, 0])

    with pytest.raises(InvalidLines) as refused:
        desk.take(lines, admission=admission)

    assert [(fault.line, fault.code) for fault in refused.value.faults] == [
        (1, "reference_in_use"), (3, "phone_blocked"),
    ]  # fmt: skip


def test_batches_and_payouts_at_once_never_come_to_more_than_there_is(desk: Desk) -> None:
    """All see what the others hold, and nobody waits for ever."""
    takes = [partial(desk.take, desk.lines(600, 600)) for _ in range(6)]
    singles = [partial(desk.create, 400, admission=an_admission(day=10**6)) for _ in range(6)]

    outcomes = at_once(*takes, *singles)

    refused = [each for each in outcomes if not isinstance(each, Stored)]
    assert {type(each) for each in refused} == {InvalidRequest}
    balances = desk.balances()
    assert balances.get("available", 0) < 1200
    assert balances["held"] == sum(desk.column("amount", "payouts"))
    assert balances["held"] + balances.get("available", 0) == 5000


def test_lines_are_released_at_their_operators_rate_by_whoever_looks(desk: Desk) -> None:
    """Three seconds of it at once, and no more, by several batches and processes together."""
    wallet = desk.wallet(per_second=2, unsent=100)
    ids = [desk.taken(*[10] * 20, wallet=wallet) for _ in range(2)]

    at_once(*[partial(desk.look, batch_id) for batch_id in ids * 4])

    released = desk.column("released_at", "payouts", "status = 'created'")
    assert 6 <= len(released) <= 6 + 2 * 10
    ready = [message for message in desk.handed_on if message.topic == "payout-ready"]
    assert len({message.object_id for message in ready}) == len(ready) == len(released)
    dues = desk.database.look(
        "SELECT count(*) FROM platform.due_work WHERE account_id = :account"
        " AND kind = 'payout_check' AND done_at IS NULL",
        account=desk.account.id,
    )
    assert dues == [[len(released) + len(ids)]]
    until = desk.database.look(
        "SELECT used_until > now() + interval '1 second' FROM platform.payout_rates"
        " WHERE operator_account_id = :wallet",
        wallet=wallet,
    )
    assert until == [[True]]


def test_what_is_not_sent_keeps_the_rest_in_its_place(desk: Desk) -> None:
    """As many as may be unsent and no more; the first lines first, by operator account."""
    wallet = desk.wallet(per_second=1000, unsent=3)
    batch_id = desk.taken(*[10] * 8, wallet=wallet)

    looks = [desk.look(batch_id) for _ in range(2)]

    assert looks == ["released 3", "released 0"]
    assert desk.column("batch_line", "payouts", "status = 'created' ORDER BY batch_line") == [
        1, 2, 3,
    ]  # fmt: skip
    sent = desk.store.find(desk.column("id", "payouts", "batch_line = 1")[0])
    assert sent is not None
    assert desk.claim(sent) is not None
    assert desk.store.move(desk.ended(sent, is_paid=False))
    assert desk.look(batch_id) == "released 1"
    assert sent.submit_before - (sent.released_at or sent.created_at) == (
        sent.submit_before - sent.ready_since
    )


def test_a_line_that_a_restore_forgot_is_released_again(desk: Desk) -> None:
    """The platform remembers that it was looked after before: its row serves again."""
    batch_id = desk.taken(10, wallet=desk.wallet(per_second=9, unsent=9))
    [line_id] = desk.column("id", "payouts")
    desk.database.look(
        "INSERT INTO platform.due_work (kind, object_id, account_id, livemode, due_at, done_at,"
        " owner_role) VALUES ('payout_check', :line, :account, false, 'infinity', now(), :schema)",
        line=line_id,
        account=desk.account.id,
        schema=desk.tenant.schema,
    )

    assert desk.look(batch_id) == "released 1"

    due = desk.database.look(
        "SELECT due_at < now() + interval '1 minute', done_at FROM platform.due_work"
        " WHERE object_id = :line",
        line=line_id,
    )
    assert due == [[True, None]]


def test_who_cancels_and_who_releases_never_have_the_same_line(desk: Desk) -> None:
    """Each line is sent or given back, and the books say which."""
    wallet = desk.wallet(per_second=1000, unsent=1000)
    for _ in range(3):
        batch_id = desk.taken(*[10] * 12, wallet=wallet, fees={"fees:platform": 1})
        alone = desk.column("id", "payouts", "status = 'queued' ORDER BY id LIMIT 2")
        singles = [desk.store.find(line_id) for line_id in alone]
        canceled = [partial(desk.store.move, desk.canceled(line)) for line in singles if line]

        at_once(
            partial(desk.look, batch_id),
            partial(desk.cancel, batch_id),
            partial(desk.look, batch_id),
            *canceled,
        )

        tally = desk.tally(batch_id)
        assert tally.get("canceled", 0) + tally.get("created", 0) == 12
        held = sum(desk.column("amount + 1", "payouts", "status = 'created'"))
        assert desk.balances().get("held", 0) == held
        assert desk.balances()["available"] == 5000 - held


def test_a_batch_ends_once_with_what_became_of_its_lines(desk: Desk) -> None:
    """Written into its row, where no later look counts again."""
    batch_id = desk.taken(10, 20, wallet=desk.wallet(per_second=9, unsent=9))
    desk.look(batch_id)
    for line_id in desk.column("id", "payouts"):
        line = desk.store.find(line_id)
        assert line is not None
        assert desk.claim(line) is not None
        assert desk.store.move(desk.ended(line, is_paid=False))

    looks = at_once(*[partial(desk.look, batch_id)] * 4)

    batch = desk.batches.find(batch_id)
    assert batch is not None
    assert (batch.status, batch.progress) == (
        BatchStatus.COMPLETED, {OutgoingStatus.FAILED: Tally(2, 30)},
    )  # fmt: skip
    assert looks.count("ended") == 1
    assert desk.column("type", "events").count("payout_batch.completed") == 1
    causes = desk.column("cause", "state_changes", "to_status = 'failed'")
    assert causes == [OutgoingEvent.DECLINED.value] * 2


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE payout_batches SET amount = 1",
        "DELETE FROM payout_batches",
        "UPDATE payouts SET batch_id = NULL",
        "SELECT used_until FROM platform.payout_rates",
        "UPDATE platform.payout_rates SET used_until = now()",
    ],
)
def test_a_tenant_changes_only_what_changes(desk: Desk, sql: str) -> None:
    """What a batch pays and whose line it is stays as it was taken; the rate is the platform's."""
    with desk.engine.connect() as connection:
        enter(connection, desk.tenant)

        assert refusal_of(connection, sql) == DENIED
