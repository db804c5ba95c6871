"""What is over its operator's rate waits at each function's own door, is told, and goes."""

import math
from collections.abc import Callable

import pytest

from shared.domain.quota import SendShare
from shared.runtime import wiring
from tests.database import Account, Database
from tests.functions.door import Door
from tests.functions.pushes import Issuer
from tests.functions.rows import Rows
from tests.functions.test_payout_batches import PATH, a_batch
from tests.functions.till import Till
from tests.functions.web_till import WebTill
from tests.simulator_process import wait_until


def use_up(operator_account: str) -> None:
    """Have this process hear that nothing is left of a second that does not end."""
    turns = wiring.gate()._turns[operator_account]
    turns.share = SendShare(ends_at=math.inf, is_spent=True)


def go_on(operator_account: str) -> None:
    """Have it ask the server again, whose seconds pass."""
    del wiring.gate()._turns[operator_account]


@pytest.mark.usefixtures("kept")
def test_a_payout_over_the_rate_waits_is_told_and_goes(till: Till, read_payments: Door) -> None:
    """Unclaimed and held, its intent not even kept; sent once, as soon as it has a turn."""
    till.fund()
    payout_id = till.payout_made()
    use_up(till.paying_account)

    assert [till.submit_payout(payout_id).status for _ in range(3)] == [503] * 3

    row = till.stored_payout(payout_id)
    assert (row["status"], row["lease_until"], row["journaled_at"]) == ("created", None, None)
    assert till.rows.of("provider_attempts", "charge_id = :id", id=payout_id) == []
    (due,) = till.rows.platform("due_work", "object_id = :id", id=payout_id)
    assert due["done_at"] is None
    shown = read_payments.get(f"/v1/payouts/{payout_id}", key=till.account.secret_key).json
    assert (shown["status"], shown["waiting_reason"]) == ("pending", "operator")
    assert till.transferred == []
    go_on(till.paying_account)
    assert [till.submit_payout(payout_id).status for _ in range(2)] == [204] * 2
    row = till.stored_payout(payout_id)
    assert (row["status"], row["waiting_reason"]) == ("in_transit", None)
    assert len(till.transferred) == 1


def test_a_charge_over_the_rate_is_sent_later_or_ends_honestly(till: Till) -> None:
    """What waits has no attempt; one whose time is over fails unsent, whatever the rate."""
    sent, late = till.create(), till.create()
    use_up(till.operator_account)

    assert [till.submit(charge_id).status for charge_id in (sent, late, sent)] == [503] * 3

    for charge_id in (sent, late):
        assert till.charge(charge_id)["status"] == "created"
        assert till.rows.of("provider_attempts", "charge_id = :id", id=charge_id) == []
    till.rows.run(
        f'UPDATE "{till.account.test.schema}".charges SET submit_before = now() WHERE id = :id',
        id=late,
    )
    assert till.submit(late).status == 204
    ended = till.charge(late)
    assert (ended["status"], ended["failure_code"]) == ("failed", "operator_unavailable")
    assert till.sent == []
    go_on(till.operator_account)
    assert [till.submit(sent).status for _ in range(2)] == [204] * 2
    assert till.charge(sent)["status"] == "awaiting_payer"
    assert len(till.sent) == 1


def test_reads_go_on_over_the_rate(till: Till) -> None:
    """What was sent is settled whatever waits to be sent: a read takes no turn."""
    sent = till.create()
    assert till.submit(sent).status == 204
    use_up(till.operator_account)

    assert till.settle(sent).status == 204

    assert till.charge(sent)["status"] == "succeeded"


def test_pages_take_turns_too(
    account: Account,
    make_rows: Callable[[Account], Rows],
    *,
    door: Callable[[str], Door],
    issuer: Issuer,
) -> None:
    """A page is asked of the operator as a payment is; without a turn none is made."""
    with WebTill(account, rows=make_rows(account), door=door, issuer=issuer) as till:
        charge_id = till.create()
        use_up(till.operator_account)
        assert till.submit(charge_id).status == 503
        assert (till.charge(charge_id)["status"], till.attempts()) == ("created", [])

        go_on(till.operator_account)
        assert till.submit(charge_id).status == 204
        assert len(till.attempts()) == 1


@pytest.mark.usefixtures("kept")
def test_a_batch_does_not_starve_one_payout(
    till: Till, create_payout: Door, migrated: Database
) -> None:
    """It is released at four fifths of the rate: one payout beside it goes while lines wait."""
    till.fund(50_000)
    migrated.rule(till.account.id, "send_rate", {"product": "disbursement", "per_second": 2})
    migrated.rule(till.account.id, "payout_rate", {"per_second": 1000, "unsent": 10_000})
    batch = a_batch(*[1] * 3)
    lines = [line | {"amount": 100 + n} for n in range(10) for line in batch["payouts"]]
    made = create_payout.post(
        PATH,
        batch | {"payouts": lines},
        key=till.account.secret_key,
        headers={"Idempotency-Key": "batch"},
    )
    assert made.status == 200, made.json
    single = till.payout_made()

    def pass_on() -> bool:
        """The clock looks at the batch, the broker brings what is not sent, the single one last."""
        till.push("settle_payout", till.message("payout-check-due", made.json["id"]))
        for row in till.rows.of("payouts", "status = 'created' AND batch_id IS NOT NULL"):
            till.submit_payout(row["id"])
        return till.submit_payout(single).status == 204

    wait_until(pass_on, seconds=90, what="the single payout")

    assert till.stored_payout(single)["status"] == "in_transit"
    assert len(till.rows.of("payouts", "status = 'queued'")) > 10
