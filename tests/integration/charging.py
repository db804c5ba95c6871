"""One account's store of charges, and how they move: shared by the tests of it."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine

from shared.db.charges import Charges
from shared.db.transaction import Database as Pool
from shared.domain import ledger
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent, ChargeStatus
from shared.domain.rules import Admission
from shared.operations.ports import IdempotencyUse, Lease, Move, NewReceipt, Replayed, Stored
from tests.database import Account, Database
from tests.factories import a_charge, a_message, an_attempt, an_event, an_id, moment

if TYPE_CHECKING:
    from shared.domain.events import Message

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
