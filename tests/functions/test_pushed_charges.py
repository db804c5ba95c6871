"""submit_charge and settle_charge at their door: what becomes of a charge."""

from typing import Any

import pytest

from shared.domain.events import CHARGE_CREATED
from tests.functions.door import Door
from tests.functions.till import Till
from tests.scripted_server import answer


def test_a_charge_is_sent_once(till: Till) -> None:
    """Accepted, it waits for its payer; the same message again sends nothing again."""
    charge_id = till.create(description="Café", reference="order-1")
    message = till.message(CHARGE_CREATED, charge_id)

    replies = [till.push("submit_charge", message) for _ in range(3)]

    assert [reply.status for reply in replies] == [204] * 3
    (asked,) = till.sent
    (attempt,) = till.rows.of("provider_attempts")
    assert asked.headers["x-reference-id"] == attempt["reference"]
    assert b'"amount":"1500"' in asked.body.replace(b" ", b"")
    assert till.charge(charge_id)["status"] == "awaiting_payer"
    (index,) = till.rows.platform("payment_index")
    assert index["state"] == "awaiting_payer"
    assert "670000001" not in str(index)


def test_an_operator_that_is_not_there_was_not_asked(till: Till) -> None:
    """Proven unsent: asked for again, under the same reference, and sent once it is back."""
    charge_id = till.create()
    till.operator.__exit__(None, None, None)

    first = till.submit(charge_id)
    (attempt,) = till.rows.of("provider_attempts")
    second = till.submit(charge_id)

    assert [first.status, second.status] == [503, 503]
    assert till.charge(charge_id)["lease_until"] is None
    (again,) = till.rows.of("provider_attempts")
    assert (again["reference"], again["status"]) == (attempt["reference"], "not_sent")


@pytest.mark.parametrize(
    ("status", "body", "ends"),
    [
        (500, '{"code": "PAYER_NOT_FOUND"}', "failed"),
        (500, "<html>Bad gateway</html>", "unknown"),
        (503, "", "unknown"),
        (200, "surprise", "unknown"),
    ],
)
def test_only_a_definite_refusal_ends_a_charge(
    till: Till, status: int, body: str, ends: str
) -> None:
    """What proves nothing leaves it unknown, to be read again; it is acknowledged either way."""
    till.request = answer(status, body)
    charge_id = till.create()

    assert till.submit(charge_id).status == 204

    assert till.charge(charge_id)["status"] == ends
    (due,) = till.rows.platform("due_work", "kind = 'payment_check'")
    assert (due["done_at"] is not None) == (ends == "failed")


def test_a_charge_is_settled_once(till: Till) -> None:
    """Charge, ledger, receipt, event and messages stand together; repeats change nothing."""
    charge_id = till.create()
    till.submit(charge_id)

    first = till.settle(charge_id)
    settled = till.rows.snapshot()
    second = till.settle(charge_id)

    assert (first.status, second.status) == (204, 204)
    assert till.rows.snapshot() == settled
    charge = till.charge(charge_id)
    assert (charge["status"], charge["operator_transaction_id"]) == ("succeeded", "1234567890")
    assert sum(line["amount"] for line in till.rows.of("postings")) == 0
    balances = {row["code"]: row["balance"] for row in till.rows.of("ledger_accounts")}
    assert (balances["pending"], balances[f"float:{till.operator_account}"]) == (-1500, 1500)
    assert len(till.rows.of("receipts")) == 1
    types = {row["type"] for row in till.rows.of("events")}
    assert types == {"charge.pending", "charge.succeeded"}
    (final,) = till.rows.platform("outbox", "topic = 'payment-final'")
    assert final["object_id"] == charge_id


@pytest.mark.parametrize(
    "word",
    [
        {"amount": "1499"},
        {"amount": "1500.5"},
        {"currency": "EUR"},
        {"payer": {"partyIdType": "MSISDN", "partyId": "237670000002"}},
    ],
    ids=["amount", "fraction", "currency", "payer"],
)
def test_a_success_that_differs_moves_no_money(till: Till, word: dict[str, Any]) -> None:
    """Another amount, currency or payer than asked for is no success of this charge."""
    charge_id = till.create()
    till.submit(charge_id)
    till.word = word

    assert till.settle(charge_id).status == 204

    assert till.charge(charge_id)["status"] == "awaiting_payer"
    assert till.rows.of("postings") == []
    assert till.rows.of("receipts") == []


@pytest.mark.parametrize(
    ("word", "ends", "code"),
    [
        ({"status": "FAILED", "reason": "APPROVAL_REJECTED"}, "failed", "payer_declined"),
        ({"status": "FAILED", "reason": "EXPIRED"}, "expired", "expired"),
        ({"status": "FAILED", "reason": "NEVER_SEEN"}, "failed", "operator_error"),
        ({"status": "PENDING"}, "awaiting_payer", None),
        ({"status": "WONDERFUL"}, "awaiting_payer", None),
    ],
)
def test_the_operators_word_is_the_end(
    till: Till, read_payments: Door, word: dict[str, Any], ends: str, code: str | None
) -> None:
    """Its failure becomes one of our codes, told in the merchant's language; no money moves."""
    charge_id = till.create()
    till.submit(charge_id)
    till.word = {"financialTransactionId": None, **word}

    assert till.settle(charge_id).status == 204

    assert till.charge(charge_id)["status"] == ends
    shown = [
        read_payments.get(
            f"/v1/charges/{charge_id}",
            key=till.account.secret_key,
            headers={"Accept-Language": language},
        ).json
        for language in ("fr", "en")
    ]
    assert {one["failure_code"] for one in shown} == {code}
    assert len({one["failure_message"] for one in shown}) == (1 if code is None else 2)
    assert till.rows.of("postings") == []


@pytest.mark.parametrize(
    "play", [answer(500), answer(200, "<html></html>"), answer(429)], ids=["500", "html", "429"]
)
def test_a_read_that_says_nothing_changes_nothing(till: Till, play: Any) -> None:
    """The charge stays as it is and is read again later."""
    charge_id = till.create()
    till.submit(charge_id)
    before = till.charge(charge_id)
    till.read = play

    assert till.settle(charge_id).status == 204

    assert till.charge(charge_id) == before
    (due,) = till.rows.platform("due_work", "kind = 'payment_check'")
    assert due["done_at"] is None
    assert due["lease_until"] is None


def test_what_was_never_sent_is_given_up_in_time(till: Till) -> None:
    """Past its time and proven unsent, the charge fails and nothing is asked of the operator."""
    charge_id = till.create()
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".charges'
        " SET submit_before = now() - interval '1 s' WHERE id = :id",
        id=charge_id,
    )

    assert till.settle(charge_id).status == 204
    assert till.submit(charge_id).status == 204

    charge = till.charge(charge_id)
    assert (charge["status"], charge["failure_code"]) == ("failed", "operator_unavailable")
    assert till.operator.seen == []
