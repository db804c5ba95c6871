"""Receipts of what went out: one for each refund and payout, proven by the same public page."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.events import PAYMENT_FINAL, Message
from tests.functions.door import Door, Reply
from tests.functions.till import AMOUNT, PAYER, Till
from tests.scripted_server import Seen


def refunded(till: Till) -> str:
    """A charge that was given back, as far as its operator is concerned; the refund."""
    refund_id = till.refund(till.paid_charge(), reason="all of it came back")
    till.submit_refund(refund_id)
    assert till.settle_refund(refund_id).status == 204
    return refund_id


def paid_out(till: Till) -> str:
    """A payout that was paid."""
    till.fund()
    payout_id = till.payout_made(
        description="November",
        destination={"type": "mobile_money", "phone": f"+{PAYER}", "name": "Awa Njoya"},
    )
    till.submit_payout(payout_id)
    assert till.settle_payout(payout_id).status == 204
    return payout_id


OF_EACH: dict[str, tuple[Callable[[Till], str], str, str, str]] = {
    "refund": (refunded, "RR-", "Remboursé", "Refunded by"),
    "payout": (paid_out, "RP-", "Versé", "Paid out by"),
}


def message_of(till: Till, object_id: str) -> Message:
    """What the settlement left in the outbox for the printer."""
    (row,) = till.rows.platform(
        "outbox", "topic = :topic AND object_id = :id", topic=PAYMENT_FINAL, id=object_id
    )
    return Message(row["id"], PAYMENT_FINAL, row["account_id"], row["livemode"], object_id)


@pytest.fixture
def verify(door: Callable[[str], Door]) -> Callable[..., Reply]:
    """GET below /verify/, without any key."""
    return lambda path, **headers: door("verify_receipt").get(f"/verify/{path}", headers=headers)


@pytest.mark.parametrize("kind", OF_EACH)
def test_what_went_out_has_a_receipt(
    till: Till, kept: list[Seen], read_payments: Door, verify: Callable[..., Reply], kind: str
) -> None:
    """Printed and locked once, told to the merchant, shown with its address, proven to anybody."""
    make, start, french, english = OF_EACH[kind]
    object_id = make(till)
    message = message_of(till, object_id)

    def shown() -> dict[str, Any]:
        path = f"/v1/{kind}s/{object_id}"
        answer: dict[str, Any] = read_payments.get(path, key=till.account.secret_key).json
        return answer

    before = shown()
    kept.clear()
    replies = [till.push("render_receipt", message) for _ in range(2)]

    assert [reply.status for reply in replies] == [204, 204]
    (put,) = kept
    assert put.path.startswith(f"/receipts/receipts/{till.account.id}/test/{object_id}.pdf")
    assert put.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert PAYER.encode() not in put.body
    (receipt,) = till.rows.of("receipts", "charge_id = :id", id=object_id)
    (told,) = till.rows.of("events", "type = 'receipt.available'")
    assert told["object_id"] == object_id
    assert before["receipt_number"] == receipt["number"]
    assert before["receipt_number"].startswith(start)
    assert before["receipt_url"] is None
    assert shown()["receipt_url"].endswith(f"/verify/{receipt['code']}.pdf")
    page = verify(receipt["code"]).content.decode()
    assert french in page
    assert receipt["number"] in page
    assert english in verify(receipt["code"], **{"Accept-Language": "en"}).content.decode()


@pytest.mark.usefixtures("kept")
def test_what_failed_has_no_receipt(till: Till) -> None:
    """Money that came back left no paper, and asks for none."""
    till.fund()
    payout_id = till.payout_made()
    till.submit_payout(payout_id)
    till.payout_word = {"status": "FAILED", "reason": "PAYEE_NOT_FOUND"}
    till.settle_payout(payout_id)

    assert till.stored_payout(payout_id)["status"] == "failed"
    assert till.rows.of("receipts", "charge_id = :id", id=payout_id) == []
    assert (
        till.rows.platform("outbox", "topic = 'payment-final' AND object_id = :id", id=payout_id)
        == []
    )


@pytest.mark.usefixtures("kept")
def test_a_charge_given_back_says_so_on_its_page(till: Till, verify: Callable[..., Reply]) -> None:
    """In part, then in whole: the receipt of the charge shows what it is now."""
    charge_id = till.paid_charge()
    (receipt,) = till.rows.of("receipts", "charge_id = :id", id=charge_id)
    pages = []
    for amount in (600, AMOUNT - 600):
        refund_id = till.refund(charge_id, amount=amount)
        till.submit_refund(refund_id)
        till.payout_word = {"amount": str(amount)}
        till.settle_refund(refund_id)
        pages.append(verify(receipt["code"], **{"Accept-Language": "en"}).content.decode())

    assert "Refunded in part" in pages[0]
    assert "This payment was returned to its payer in full." in pages[1]
