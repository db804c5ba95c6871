"""A shop whose operator is a scripted MTN: charges go through every function's own door."""

import json
from collections.abc import Callable
from typing import Any, ClassVar, Final, Self

from shared.domain.events import (
    CHARGE_CHECK_DUE,
    CHARGE_CREATED,
    PAYOUT_CHECK_DUE,
    PAYOUT_READY,
    REFUND_CREATED,
    Message,
)
from shared.runtime import wiring
from tests.database import Account
from tests.factories import an_id
from tests.functions.door import Door, Reply
from tests.functions.pushes import Issuer, push_body
from tests.functions.rows import Rows
from tests.scripted_server import Play, ScriptedServer, Seen, answer

AMOUNT: Final = 1500
PAYER: Final = "237670000001"
TOKEN: Final = answer(200, '{"access_token":"t","token_type":"access_token","expires_in":3600}')
CREDENTIALS: Final = json.dumps(
    {
        "subscription_key": "sub-key",
        "api_user": "00000000-0000-4000-8000-000000000001",
        "api_key": "c0ffee",
    }
)
OPERATOR_ACCOUNT: Final = """
INSERT INTO platform.operator_accounts (id, owner, operator, product, livemode, base_url,
  target_environment, currency, credentials)
VALUES (:id, :owner, :operator, :product, false, :url, :environment, 'XAF', :credentials)"""
_PAYING: Final = {
    "operator": "mtn",
    "product": "disbursement",
    "environment": "mtncameroon",
    "credentials": "simulator_disbursement_credentials",
}


class Till:
    """`request` answers payments, `word` changes what a status read says.

    `payout`, `payout_word` and `payout_read` do the same for refunds and payouts.
    """

    contract: ClassVar[dict[str, str]] = {
        "operator": "mtn",
        "product": "collection",
        "environment": "mtncameroon",
        "credentials": "simulator_credentials",
    }
    payer: ClassVar[str] = PAYER

    def __init__(
        self, account: Account, *, rows: Rows, door: Callable[[str], Door], issuer: Issuer
    ) -> None:
        """Give the account a contract of its own with the scripted operator."""
        self.account = account
        self.rows = rows
        self.request: Play = answer(202)
        self.word: dict[str, Any] = {}
        self.read: Play | None = None
        self.operator = ScriptedServer(self._script)
        self.operator_account = an_id("opa")
        self.payout: Play = answer(202)
        self.payout_word: dict[str, Any] = {}
        self.payout_read: Play | None = None
        self.paying_account = an_id("opa")
        self._door = door
        self._issuer = issuer

    def __enter__(self) -> Self:
        self.operator.__enter__()
        # The port may have been another shop's.
        self.rows.run("DELETE FROM platform.breakers WHERE host = :host", host=self.host)
        self._agree(self.operator_account, self.contract)
        self._agree(self.paying_account, _PAYING)
        return self

    def _agree(self, operator_account: str, contract: dict[str, str]) -> None:
        self.rows.run(
            OPERATOR_ACCOUNT,
            id=operator_account,
            owner=self.account.id,
            url=f"{self.operator.url}/{contract['operator']}",
            **contract,
        )
        self.rows.run(
            f'INSERT INTO "{self.account.test.schema}".ledger_accounts (code, normal, currency)'
            " VALUES (:code, 1, 'XAF')",
            code=f"float:{operator_account}",
        )

    def __exit__(self, *_: object) -> None:
        self.operator.__exit__(None, None, None)

    def _script(self, seen: Seen) -> Play:
        if seen.path.endswith("/token/"):
            return TOKEN
        if "/disbursement/" in seen.path:
            return self._pay_out(seen)
        if seen.method == "POST":
            return self.request
        return self.read or answer(200, json.dumps(self._status() | self.word))

    def _pay_out(self, seen: Seen) -> Play:
        if seen.method == "POST":
            return self.payout
        status = self._status()
        status["payee"] = status.pop("payer")
        return self.payout_read or answer(200, json.dumps(status | self.payout_word))

    def _status(self) -> dict[str, Any]:
        return {
            "amount": str(AMOUNT),
            "currency": "XAF",
            "payer": {"partyIdType": "MSISDN", "partyId": PAYER},
            "status": "SUCCESSFUL",
            "financialTransactionId": "1234567890",
        }

    @property
    def host(self) -> str:
        """The operator's host, as breakers know it."""
        return self.operator.url.removeprefix("http://")

    def forget_breakers(self) -> None:
        """Have this process look anew how they stand, as it does after a second."""
        wiring.gate()._copies.clear()

    @property
    def sent(self) -> list[Seen]:
        """The payments that the operator was asked for."""
        asked = [s for s in self.operator.seen if s.method == "POST" and "token" not in s.path]
        return [s for s in asked if "/disbursement/" not in s.path]

    @property
    def paid_out(self) -> list[Seen]:
        """The refunds that the operator was told to pay."""
        return [s for s in self.operator.seen if s.path.endswith("/refund")]

    @property
    def transferred(self) -> list[Seen]:
        """The payouts that the operator was told to pay."""
        return [s for s in self.operator.seen if s.path.endswith("/transfer")]

    def create(self, **changes: Any) -> str:
        """Create a charge; return its id."""
        method = {"type": "mobile_money", "phone": f"+{self.payer}"}
        body = {"amount": AMOUNT, "currency": "xaf", "payment_method": method} | changes
        reply = self._door("create_charge").post("/v1/charges", body, key=self.account.secret_key)
        assert reply.status == 200
        return str(reply.json["id"])

    def message(self, topic: str, object_id: str, **changes: Any) -> Message:
        """A message of ours about an object of this shop."""
        values = {"event_id": an_id("msg"), "account": self.account.id, "livemode": False}
        return Message(topic=topic, object_id=object_id, **{**values, **changes})

    def push(self, function: str, message: Message) -> Reply:
        """Push it with a right token, as Pub/Sub does."""
        return self._door(function).post(
            "/", push_body(message), headers=self._issuer.headers(function)
        )

    def submit(self, charge_id: str) -> Reply:
        """Have the charge sent."""
        return self.push("submit_charge", self.message(CHARGE_CREATED, charge_id))

    def settle(self, charge_id: str) -> Reply:
        """Have its status read."""
        return self.push("settle_charge", self.message(CHARGE_CHECK_DUE, charge_id))

    def paid(self) -> dict[str, Any]:
        """Take a payment to its end; return the row of its receipt."""
        charge_id = self.create()
        assert (self.submit(charge_id).status, self.settle(charge_id).status) == (204, 204)
        (receipt,) = self.rows.of("receipts", "charge_id = :id", id=charge_id)
        return receipt

    def paid_charge(self, **changes: Any) -> str:
        """Take a payment to its end; return the charge's id."""
        charge_id = self.create(**changes)
        assert (self.submit(charge_id).status, self.settle(charge_id).status) == (204, 204)
        return charge_id

    def ask_refund(self, charge_id: str, *, idempotency: str | None = None, **body: Any) -> Reply:
        """Ask for a refund, under a new key where none is named."""
        return self._door("create_refund").post(
            "/v1/refunds",
            {"charge": charge_id, **body},
            key=self.account.secret_key,
            headers={"Idempotency-Key": idempotency or an_id("key")},
        )

    def refund(self, charge_id: str, **body: Any) -> str:
        """Make a refund; return its id."""
        reply = self.ask_refund(charge_id, **body)
        assert reply.status == 200, reply.json
        return str(reply.json["id"])

    def submit_refund(self, refund_id: str) -> Reply:
        """Have the refund sent."""
        return self.push("submit_payout", self.message(REFUND_CREATED, refund_id))

    def settle_refund(self, refund_id: str) -> Reply:
        """Have its status read."""
        return self.push("settle_payout", self.message(PAYOUT_CHECK_DUE, refund_id))

    def stored_refund(self, refund_id: str) -> dict[str, Any]:
        """The refund as stored."""
        (row,) = self.rows.of("refunds", "id = :id", id=refund_id)
        return row

    def fund(self, amount: int = 10_000) -> None:
        """Put money into available, past all rights, as a release of pending will."""
        self.rows.run(
            f'UPDATE "{self.account.test.schema}".ledger_accounts'
            " SET balance = balance - :amount WHERE code = 'available'",
            amount=amount,
        )

    def ask_payout(self, *, idempotency: str | None = None, **changes: Any) -> Reply:
        """Ask for a payout, under a new key where none is named."""
        destination = {"type": "mobile_money", "phone": f"+{PAYER}"}
        return self._door("create_payout").post(
            "/v1/payouts",
            {"amount": AMOUNT, "currency": "xaf", "destination": destination} | changes,
            key=self.account.secret_key,
            headers={"Idempotency-Key": idempotency or an_id("key")},
        )

    def payout_made(self, **changes: Any) -> str:
        """Make a payout; return its id."""
        reply = self.ask_payout(**changes)
        assert reply.status == 200, reply.json
        return str(reply.json["id"])

    def cancel_payout(self, payout_id: str) -> Reply:
        """Take it back."""
        return self._door("create_payout").post(
            f"/v1/payouts/{payout_id}/cancel", {}, key=self.account.secret_key
        )

    def submit_payout(self, payout_id: str) -> Reply:
        """Have the payout sent."""
        return self.push("submit_payout", self.message(PAYOUT_READY, payout_id))

    def settle_payout(self, payout_id: str) -> Reply:
        """Have its status read."""
        return self.push("settle_payout", self.message(PAYOUT_CHECK_DUE, payout_id))

    def stored_payout(self, payout_id: str) -> dict[str, Any]:
        """The payout as stored."""
        (row,) = self.rows.of("payouts", "id = :id", id=payout_id)
        return row

    def balances(self) -> dict[str, int]:
        """What each ledger account holds that is not empty, debit positive."""
        return {
            row["code"]: row["balance"] for row in self.rows.of("ledger_accounts", "balance <> 0")
        }

    def charge(self, charge_id: str) -> dict[str, Any]:
        """The charge as stored."""
        (row,) = self.rows.of("charges", "id = :id", id=charge_id)
        return row
