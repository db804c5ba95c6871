"""A shop whose operator account is called by a name in statements, and the doors they go by."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from shared.domain.events import STATEMENT_UPLOADED, Message
from shared.domain.ids import new_id
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.realm import Realm
from tests.functions.till import AMOUNT, Till
from tests.scripted_server import answer
from tests.statement_text import Line, written

PATH: Final = "/v1/platform/statements"
CSV: Final = {"Content-Type": "text/csv"}
ADD_PAYMENT: Final = """
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
  reference, operator_id, state, amount, number_hmac, created_at, owner_role)
VALUES (:id, :account, false, :kind, :operator_account, :reference, :operator_id, :state, :amount,
  'h', :at, :owner)"""


@dataclass(frozen=True, slots=True)
class Books:
    """A shop, the administrators' door, and the operator's account with a name of its own."""

    till: Till
    door: Callable[[str], Door]
    issuer: Issuer
    realm: Realm
    name: str

    def get(self, path: str) -> Reply:
        """Read as an administrator."""
        token = self.realm.token("ada", "admin", signed_in_ago=4000)
        return self.door("manage_platform").get(path, key=token)

    def upload(self, content: bytes, ago: int = 0, headers: dict[str, str] | None = None) -> Reply:
        """Upload a statement as an administrator who signed in so many seconds ago."""
        token = self.realm.token("ada", "admin", signed_in_ago=ago)
        return self.door("manage_platform").post(PATH, content, key=token, headers=headers or CSV)

    def take(self, lines: list[Line], **how: Any) -> str:
        """Upload a statement of these lines; its id."""
        reply = self.upload(written(lines, account=self.name, **how))
        assert reply.status == 200, reply.json
        return str(reply.json["id"])

    def message(self, statement: str) -> Message:
        """What tells of an upload."""
        (row,) = self.till.rows.run(
            "SELECT id, account_id, livemode, object_id FROM platform.outbox"
            " WHERE topic = :topic AND object_id = :id",
            topic=STATEMENT_UPLOADED,
            id=statement,
        )
        return Message(row[0], STATEMENT_UPLOADED, row[1], row[2], row[3])

    def ingest(self, statement: str) -> Reply:
        """Have it matched."""
        return self.door("ingest_statement").post(
            "/",
            push_body(self.message(statement)),
            headers=self.issuer.headers("ingest_statement"),
        )

    def counts(self, statement: str) -> dict[str, int]:
        """How many lines are in which state, without those that are none."""
        reply = self.get(f"{PATH}/{statement}")
        assert reply.status == 200, reply.json
        return {state: count for state, count in reply.json["counts"].items() if count}

    def match(self, lines: list[Line], **how: Any) -> dict[str, int]:
        """Take a statement and have it matched; what came of it."""
        statement = self.take(lines, **how)
        assert self.ingest(statement).status == 204
        return self.counts(statement)

    def cases(self) -> list[tuple[str, str]]:
        """Of what and why there are cases that a statement opened."""
        rows = self.till.rows.run(
            "SELECT c.object_id, c.reason FROM platform.cases c"
            " JOIN platform.statements s ON s.id = c.statement_id"
            " WHERE s.operator_account_id = :id ORDER BY c.reason, c.object_id",
            id=self.till.operator_account,
        )
        return [(object_id, reason) for object_id, reason in rows]

    def paid(self) -> tuple[str, Line]:
        """A charge that was paid, and the line that an operator writes of it."""
        self.till.word = {"financialTransactionId": uuid.uuid4().hex[:10]}
        return self._with_line(self.till.paid_charge())

    def late(self) -> tuple[str, Line]:
        """The same of a charge that had been refused before."""
        self.till.word = {"financialTransactionId": uuid.uuid4().hex[:10]}
        self.till.request = answer(500, '{"code": "PAYER_NOT_FOUND"}')
        charge = self.till.paid_charge()
        (row,) = self.till.rows.of("adjustments", "object_id = :id", id=charge)
        transaction = row["operator_transaction_id"]
        return charge, replace(self._with_line(charge)[1], transaction_id=transaction)

    def _with_line(self, charge: str) -> tuple[str, Line]:
        (row,) = self.till.rows.platform("payment_index", "object_id = :id", id=charge)
        line = Line(
            AMOUNT,
            reference=row["reference"],
            transaction_id=row["operator_id"],
            external_id=charge,
            time=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
        return charge, line

    def add_payment(self, at: datetime, **changes: object) -> str:
        """A payment of another day as the platform's index has it; its id."""
        values: dict[str, object] = {
            "id": new_id("ch", int(at.timestamp() * 1000)),
            "account": self.till.account.id,
            "kind": "charge",
            "operator_account": self.till.operator_account,
            "reference": str(uuid.uuid4()),
            "operator_id": None,
            "state": "succeeded",
            "amount": AMOUNT,
            "at": at,
            "owner": self.till.account.test.schema,
            **changes,
        }
        self.till.rows.run(ADD_PAYMENT, **values)
        return str(values["id"])
