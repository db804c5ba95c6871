"""A shop, and the administrators who book in its ledger by hand."""

import uuid
from collections.abc import Callable
from typing import Any, Final

from shared.domain.ids import new_id
from tests.functions.door import Door, Reply
from tests.functions.realm import Realm
from tests.functions.till import AMOUNT, Till

PATH: Final = "/v1/platform/bookings"
MOVES: Final = "/v1/platform/float_moves"
REASON: Final = "MTN took it back, ticket 88123"
ADD_STATEMENT: Final = """
INSERT INTO platform.statements (id, operator_account_id, owner, livemode, version, sha256,
  object_key, version_id, first_day, last_day, opening, closing, line_count, uploaded_by,
  uploaded_at, lines_done, processed_at)
VALUES (:id, :account, NULL, false, 'statement.v1', :sha256, 'k', 'v', now(), now(), 0, 0, 1,
  'ada', now(), 1, now())"""
ADD_LINE: Final = """
INSERT INTO platform.statement_lines (statement_id, number, booked_at, transaction_id, kind, amount,
  fee, state, object_id)
VALUES (:id, 1, now(), :transaction, :kind, :amount, 0, :state, :object)"""
ADD_CASE: Final = """
INSERT INTO platform.cases (id, kind, account_id, livemode, object_id, reason, owner_role,
  statement_id)
VALUES (:id, :kind, :account, false, :object, :reason, :owner, :statement)"""


class Desk:
    """A shop, and the administrators who book in its ledger."""

    def __init__(self, till: Till, door: Callable[[str], Door], realm: Realm, read: Door) -> None:
        self.till, self._door, self._realm, self._read = till, door, realm, read

    def ask(self, below: str, body: Any, person: str, ago: int = 0, path: str = PATH) -> Reply:
        """Ask as an administrator."""
        token = self._realm.token(person, "admin", signed_in_ago=ago)
        return self._door("manage_platform").post(f"{path}{below}", body, key=token)

    def propose(self, kind: str, person: str = "ada", **body: Any) -> Reply:
        """Propose to book something."""
        whole = {"account": self.till.account.id, "mode": "test", "kind": kind, "reason": REASON}
        return self.ask("", {**whole, "amount": AMOUNT, **body}, person)

    def approve(self, booking: dict[str, Any], person: str = "grace") -> Reply:
        """Approve it as it was seen."""
        seen = {"content_sha256": booking["content_sha256"]}
        return self.ask(f"/{booking['id']}/approve", seen, person)

    def booked(self, kind: str, **body: Any) -> dict[str, Any]:
        """Have something booked; return the row of its adjustment."""
        proposed = self.propose(kind, **body)
        assert proposed.status == 200, proposed.json
        approved = self.approve(proposed.json)
        assert approved.status == 200, approved.json
        (row,) = self.till.rows.of("adjustments", "id = :id", id=approved.json["adjustment"])
        return row

    def top_up(self, transaction: str) -> Reply:
        """Have two of us tell that the merchant put this money in."""
        wish = {
            "mode": "test",
            "kind": "merchant_top_up",
            "account": self.till.account.id,
            "to": self.till.operator_account,
            "amount": AMOUNT,
            "reference": transaction,
            "reason": REASON,
        }
        proposed = self.ask("", wish, "ada", path=MOVES)
        seen = {"content_sha256": proposed.json["content_sha256"]}
        return self.ask(f"/{proposed.json['id']}/approve", seen, "grace", path=MOVES)

    def accept(self, late_id: str) -> Reply:
        """Have the merchant accept a late payment."""
        path = f"/v1/late_payments/{late_id}/accept"
        return self._door("create_refund").post(path, {}, key=self.till.account.secret_key)

    def shown(self, path: str) -> dict[str, Any]:
        """What the merchant reads."""
        reply = self._read.get(path, key=self.till.account.secret_key)
        assert reply.status == 200, reply.json
        found: dict[str, Any] = reply.json
        return found

    def told(self, kind: str) -> list[str]:
        """The objects that the merchant was told of so."""
        return [row["object_id"] for row in self.till.rows.of("events", "type = :t", t=kind)]

    def line(self, kind: str, amount: int, about: str | None = None, state: str = "fee") -> str:
        """Have a statement with one line; return its transaction."""
        statement, transaction = new_id("stm", 1_790_000_000_000), uuid.uuid4().hex[:12]
        run, account = self.till.rows.run, self.till.operator_account
        run(ADD_STATEMENT, id=statement, account=account, sha256=uuid.uuid4().hex * 2)
        run(
            ADD_LINE,
            id=statement,
            transaction=transaction,
            kind=kind,
            amount=amount,
            state=state,
            object=about or new_id("stl", 1_790_000_000_000),
        )
        self.statement = statement
        return transaction

    def case(self, about: str, reason: str, kind: str = "charge") -> str:
        """The case that the statement opened."""
        case_id = new_id("case", 1_790_000_000_000)
        self.till.rows.run(
            ADD_CASE,
            id=case_id,
            kind=kind,
            account=self.till.account.id,
            object=about,
            reason=reason,
            owner=self.till.account.test.schema,
            statement=self.statement,
        )
        return case_id
