"""Makes payouts through the store on real PostgreSQL, as the operations do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from shared.db.payouts import Payouts
from shared.db.transaction import Database as Pool
from shared.domain.charge import Attempt, AttemptStatus
from shared.domain.errors import InvalidRequest, TooManyRequests, Unavailable
from shared.domain.events import PAYOUT_READY, Event, Message
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingEvent, OutgoingStatus, reference_of
from shared.domain.payout import Payout
from shared.domain.phone import PAYEE_PARAM
from shared.domain.rules import Admission, NewPayee
from shared.operations import outgoing_moves as moves
from shared.operations.outgoing_store import OutgoingMove
from shared.operations.ports import IdempotencyUse, Lease, Replayed, Stored
from tests.database import Account, Database
from tests.factories import a_payout, an_id, moment

MANY = 20
AT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


class Shop:
    """One account's payouts, with the messages that their commits handed on."""

    def __init__(self, engine: Engine, account: Account, database: Database) -> None:
        self.handed_on: list[Message] = []
        self.account, self.database, self.tenant = account, database, account.test
        self.engine, self._pool = engine, Pool(engine, self.handed_on.extend)

    @property
    def store(self) -> Payouts:
        """Those of the mode at work."""
        return Payouts(self._pool, self.tenant)

    def fund(self, amount: int) -> None:
        """Put money into available, past all rights, as a release of pending will."""
        self.database.look(
            f'UPDATE "{self.tenant.schema}".ledger_accounts'
            " SET balance = balance - :amount WHERE code = 'available'",
            amount=amount,
        )

    def create(
        self,
        amount: int = 500,
        key: str | None = None,
        fingerprint: str = "f" * 64,
        admission: Admission | None = None,
        **changes: Any,
    ) -> Stored | Replayed:
        """Make a payout through the store, as the operation does."""
        values = {"money": Money(amount)} | changes
        payout = a_payout(self.tenant, self.database.paying_account, **values)
        event = Event(an_id("evt"), "payout.pending", payout.id, "{}", moment())
        message = Message(an_id("msg"), PAYOUT_READY, payout.account, payout.livemode, payout.id)
        return self.store.create(
            payout,
            admission=admission or Admission("n" * 64, "a key", moment(), param=PAYEE_PARAM),
            event=event,
            message=None if payout.scheduled_at else message,
            first_check_at=payout.scheduled_at or moment() + timedelta(seconds=10),
            idempotency=IdempotencyUse("create_payout", key or an_id("key"), fingerprint),
            response=f'{{"id":"{payout.id}"}}',
        )

    def payout(self, amount: int = 500, **changes: Any) -> Payout:
        """Make one; return it as stored."""
        found = self.store.find(self.create(amount, **changes).response[7:-2])
        assert found is not None
        return found

    def claim(
        self, payout: Payout, status: AttemptStatus = AttemptStatus.SENDING
    ) -> tuple[Payout, Attempt] | None:
        """Take it, to send it."""
        reference = reference_of(payout.id)
        attempt = Attempt(an_id("att"), payout.id, 1, reference, payout.operator_account, status)
        return self.store.claim(
            attempt,
            consumer="submit_payout",
            message_id=an_id("msg"),
            callback_token_hash=reference,
            number_hmac="n",
            now=moment(),
            lease_until=moment() + timedelta(seconds=25),
        )

    def ended(self, payout: Payout, *, is_paid: bool) -> OutgoingMove:
        """The move that ends a payout which was claimed."""
        found = self.store.find(payout.id)
        assert found is not None
        if not is_paid:
            return moves.failed(
                found, OutgoingEvent.DECLINED, code="payee_not_found", at=moment(), language="fr"
            )
        paid = replace(found, status=OutgoingStatus("succeeded"), ended_at=moment())
        return OutgoingMove(
            paid,
            found.status,
            OutgoingEvent.CONFIRMED,
            moment(),
            None,
            events=[moves.event_of(paid, at=moment(), language="fr")],
            posting=found.paid(an_id("txn")),
        )

    def canceled(self, payout: Payout) -> OutgoingMove:
        """The move that takes one back."""
        gone = replace(payout, status=OutgoingStatus("canceled"), ended_at=moment())
        return OutgoingMove(
            gone,
            payout.status,
            OutgoingEvent.CANCELED,
            moment(),
            None,
            lease=Lease.FREE,
            events=[moves.event_of(gone, at=moment(), language="fr")],
            posting=payout.given_back(an_id("txn")),
        )

    def balances(self) -> dict[str, int]:
        """What each ledger account holds on its normal side, without what is empty."""
        rows = self.database.look(
            f'SELECT code, balance * normal FROM "{self.tenant.schema}".ledger_accounts'
            " WHERE balance <> 0"
        )
        return dict(rows)

    def column(self, column: str, table: str, where: str = "true") -> list[Any]:
        """A column of a tenant's own table."""
        rows = self.database.look(
            f'SELECT {column} FROM "{self.tenant.schema}".{table} WHERE {where}'
        )
        return [value for [value] in rows]


def an_admission(
    number: str = "n",
    *,
    key: str = "a key",
    caps: Any = None,
    day: int | None = None,
    new: NewPayee | None = None,
) -> Admission:
    """What is asked before a payout is made; `day` is what the number may be paid, in whole XAF."""
    return Admission(number, key, AT, caps=caps, param=PAYEE_PARAM, number_day=day, new_payee=new)


def tried(shop: Shop, admission: Admission, amount: int = 100, **changes: Any) -> str:
    """Make a payout; return the code of its refusal, or "taken"."""
    try:
        shop.create(amount, admission=admission, **changes)
    except (InvalidRequest, TooManyRequests) as refusal:
        return refusal.code
    return "taken"


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
