"""A payout and a refund at MTN, how they are sent and read: shared by the tests of both."""

import json
from dataclasses import replace

from shared.domain.money import Money
from shared.domain.phone import PhoneNumber
from shared.operations.ports import PaymentRead, PayoutReader, PayoutRequest
from tests.scripted_mtn import ScriptedMtn, code, deadline
from tests.scripted_server import Play, answer

PAYMENT = "0b3c9a52-7d14-4f0a-8e36-5a1f0c2d9e77"
PAYEE = PhoneNumber("+237670000001")
TRANSFER = PayoutRequest(
    reference="7f5c3f0e-4a51-4c0b-9a3e-0d5b6f7a8b9c",
    money=Money(1500),
    payee=PAYEE,
    external_id="po_2345",
    message="Salaire d'août n° 7",
    callback_url="https://pay.example.cm/callbacks/mtn/token",
)
REFUND = replace(TRANSFER, external_id="rf_2345", refunds=PAYMENT)
WAYS = ["transfer", "deposit", "refund"]
PAID = {
    "amount": "1500",
    "currency": "XAF",
    "externalId": "po_2345",
    "payee": {"partyIdType": "MSISDN", "partyId": "237670000001"},
    "payerMessage": "m",
    "payeeNote": "n",
    "status": "SUCCESSFUL",
    "financialTransactionId": "1234567890",
}


def send(mtn: ScriptedMtn, way: str, seconds: float = 5) -> object:
    if way == "refund":
        return mtn.refunds.send_payout(REFUND, deadline=deadline(seconds))
    sender = mtn.deposits if way == "deposit" else mtn.payouts
    return sender.send_payout(TRANSFER, deadline=deadline(seconds))


def read(mtn: ScriptedMtn, way: str) -> PaymentRead:
    readers: dict[str, PayoutReader] = {"refund": mtn.refund_reader, "deposit": mtn.deposit_reader}
    reader = readers.get(way, mtn.payout_reader)
    return reader.read_payout(TRANSFER.reference, deadline=deadline())


def status(**fields: object) -> Play:
    """A recorded success with some fields replaced; None leaves one out."""
    body = {name: value for name, value in (PAID | fields).items() if value is not None}
    return answer(200, json.dumps(body))


MISSING = answer(404, code("RESOURCE_NOT_FOUND"))
