"""A wallet is looked at through the door of check_float, and payouts wait for what it holds."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.domain.events import FLOAT_CHECK_DUE, PAYOUT_READY, PLATFORM
from tests.functions.door import Door
from tests.functions.till import AMOUNT, Till
from tests.scripted_server import RESET, Play, answer


def _holds(amount: int) -> Play:
    return answer(200, json.dumps({"availableBalance": str(amount), "currency": "XAF"}))


@pytest.fixture
def look(till: Till) -> Callable[[Play], dict[str, Any]]:
    """Have the wallet that pays looked at, where its operator answers so; the newest reading."""

    def look(said: Play) -> dict[str, Any]:
        till.payout_read = said
        message = till.message(FLOAT_CHECK_DUE, till.paying_account, account=PLATFORM)
        assert till.push("check_float", message).status == 204
        till.payout_read = None
        rows = till.rows.run(
            "SELECT balance, difference, word FROM platform.float_readings"
            " WHERE operator_account_id = :id ORDER BY at",
            id=till.paying_account,
        )
        return dict(zip(("balance", "difference", "word"), rows[-1], strict=True))

    till.fund()
    return look


@pytest.mark.usefixtures("kept")
def test_a_payout_waits_for_the_float_and_goes_when_it_is_there(
    till: Till, look: Callable[[Play], dict[str, Any]], read_payments: Door
) -> None:
    """Shown as pending with its reason, asked of nobody; filled up and looked at, it is paid."""
    low = look(_holds(AMOUNT - 1))
    payout_id = till.payout_made()
    path, key = f"/v1/payouts/{payout_id}", till.account.secret_key

    first = till.submit_payout(payout_id)
    waiting = read_payments.get(path, key=key).json
    sent_before = list(till.transferred)
    look(_holds(AMOUNT))
    woken = till.settle_payout(payout_id)
    again = till.rows.platform("outbox", "topic = :topic", topic=PAYOUT_READY)
    second = till.submit_payout(payout_id)
    sent = read_payments.get(path, key=key).json

    assert (low["balance"], low["difference"]) == (AMOUNT - 1, AMOUNT - 1)
    assert {reply.status for reply in (first, woken, second)} == {204}
    assert (waiting["status"], waiting["waiting_reason"]) == ("pending", "float")
    assert (sent_before, len(till.transferred)) == ([], 1)
    assert [row["object_id"] for row in again] == [payout_id, payout_id]
    assert (sent["status"], sent["waiting_reason"]) == ("in_transit", None)
    types = [event["type"] for event in till.rows.of("events")]
    assert sorted(types) == ["payout.in_transit", "payout.pending"]
    [case] = till.rows.run(
        "SELECT reason FROM platform.cases WHERE object_id = :id", id=till.paying_account
    )
    assert case == ["float_too_low"]


@pytest.mark.usefixtures("kept")
def test_an_operator_that_does_not_say_holds_nobody_up(
    till: Till, look: Callable[[Play], dict[str, Any]]
) -> None:
    """The look is kept with its word, and what is to be paid goes."""
    unread = look(RESET)
    payout_id = till.payout_made()

    assert till.submit_payout(payout_id).status == 204
    assert (unread["balance"], unread["word"]) == (None, "connection_lost")
    assert len(till.transferred) == 1


def test_a_canceled_payout_shows_no_reason(
    till: Till, look: Callable[[Play], dict[str, Any]]
) -> None:
    """What waits for a float can be taken back, and its money is available again."""
    look(_holds(0))
    payout_id = till.payout_made()
    till.submit_payout(payout_id)

    canceled = till.cancel_payout(payout_id).json

    assert (canceled["status"], canceled["waiting_reason"]) == ("canceled", None)
    assert till.balances() == {"available": -10_000}
    assert till.stored_payout(payout_id)["waiting_reason"] is None
