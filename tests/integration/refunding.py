"""One account's refunds and how they are made: shared by the tests of the store."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.refunds import Refunds
from shared.db.transaction import Database as Pool
from shared.domain import ledger
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent, ChargeStatus
from shared.domain.errors import InvalidRequest, Unavailable
from shared.domain.events import Event, Message
from shared.domain.fees import FeeLine, Line
from shared.domain.money import Money
from shared.domain.outgoing import reference_of
from shared.domain.refund import Refund, Refundable
from shared.operations.ports import IdempotencyUse, Move, NewReceipt, Replayed, Stored
from tests.database import Account, Database
from tests.factories import a_charge, a_message, a_refund, an_event, an_id, moment

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
        taken = decide or (lambda found: decided(found, amount))
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


def decided(found: Refundable, amount: int) -> int:
    if amount > found.rest:
        raise InvalidRequest("amount_too_large", "amount", limit=found.rest)
    return found.from_pending(amount)


def give(shop: Shop, code: str, amount: int) -> None:
    """Put money into a ledger account, past all rights, as a release of pending will."""
    schema = shop.account.test.schema
    shop.database.look(
        f'UPDATE "{schema}".ledger_accounts SET balance = balance - :amount WHERE code = :code',
        amount=amount,
        code=code,
    )


def at_once(*acts: Callable[[], Any]) -> list[Any]:
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
