"""Somebody who pays: her number, her payments as merchants' functions leave them, and her phone."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from pg8000.native import Connection

from shared.domain.phone import PhoneNumber
from shared.domain.receipt import new_receipt_code
from shared.runtime import notice_secrets, wiring
from tests.database import Account
from tests.factories import an_id
from tests.functions.door import Door, Reply

CHALLENGES: Final = "/v1/customer/challenges"
SESSIONS: Final = "/v1/customer/sessions"
END: Final = "/v1/customer/sessions/end"
PAYMENTS: Final = "/v1/customer/payments"
_PAID: Final = """
INSERT INTO platform.payment_index (object_id, account_id, livemode, kind, operator_account_id,
  state, amount, number_hmac) VALUES (:id, :account, :livemode, 'charge', :operator, :state,
  :amount, :number)"""
_CODE: Final = """
INSERT INTO platform.public_codes (code, account_id, livemode, object_id)
VALUES (:code, :account, :livemode, :id)"""
_SENT: Final = """
SELECT n.id, n.secret_sealed, n.recipient FROM platform.notifications n
WHERE n.kind = 'sign_in_code' ORDER BY n.created_at"""


class Payer:
    """Each has a number and an address of her own, so that no test counts for another."""

    def __init__(self, door: Door, database: Connection) -> None:
        """`database` sees everything."""
        self.phone = PhoneNumber(f"+23767{secrets.randbelow(10**7):07}")
        self.remote = f"10.{'.'.join(str(secrets.randbelow(256)) for _ in range(3))}"
        self._door = door
        self._database = database

    @property
    def hmac(self) -> str:
        """What platform tables know her by."""
        return self.phone.keyed(wiring.key_bytes("number_key"))

    def pays(
        self, account: Account, *, livemode: bool = False, amount: int = 1500, state="succeeded"
    ) -> tuple[str, str]:
        """Leave a payment in the index, as settling does; return its id and receipt code."""
        charge, code = an_id("ch"), new_receipt_code()
        where = {"id": charge, "account": account.id, "livemode": livemode}
        self._database.run(
            _PAID, **where, operator=an_id("opa"), state=state, amount=amount, number=self.hmac
        )
        if state == "succeeded":
            self._database.run(_CODE, **where, code=code)
        return charge, code

    def asks(self, receipt_code: str, phone: str | None = None) -> Reply:
        """Ask for a code."""
        body = {"receipt_code": receipt_code, "phone": phone or self.phone.e164}
        return self._door.post(CHALLENGES, body, remote=self.remote)

    def gives(self, challenge: str, code: str) -> Reply:
        """Give a code."""
        body = {"challenge": challenge, "code": code}
        return self._door.post(SESSIONS, body, remote=self.remote)

    def codes(self) -> list[str]:
        """What her phone was sent, oldest first."""
        return [
            notice_secrets.open_sealed(sealed, row_id)
            for row_id, sealed, recipient in self._database.run(_SENT) or ()
            if sealed and notice_secrets.open_sealed(recipient, row_id) == self.phone.e164
        ]

    def proves(self, receipt_code: str) -> str:
        """Go the whole way; return the token."""
        asked = self.asks(receipt_code)
        return str(self.gives(asked.json["id"], self.codes()[-1]).json["token"])

    def sees(self, token: str, query: str = "") -> list[Mapping[str, Any]]:
        """Return her payments as they are listed."""
        data: list[Mapping[str, Any]] = self._door.get(PAYMENTS + query, key=token).json["data"]
        return data


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 10**6:06}"
