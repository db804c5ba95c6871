"""Which callbacks leave when is decided by the payment and the faults alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.simulator.faults import Fault
from shared.simulator.outcomes import SUCCEEDS, FinalStatus
from shared.simulator.payments import Payment, PaymentRequest
from shared.simulator.schedule import bend_outcome, lease_end, plan_callbacks, usual_callback

NOW = datetime(2026, 11, 25, tzinfo=UTC)
PAYMENT = Payment(
    api_user="11111111-2222-4333-8444-555555555555",
    reference="66666666-7777-4888-8999-000000000000",
    request=PaymentRequest("mtncameroon", "500", "XAF", None, "MSISDN", "237670000001", None, None),
    callback_url="http://127.0.0.1:9/x",
    accepted_at=NOW,
    pending_word="PENDING",
    final_status=FinalStatus.SUCCESSFUL,
    final_reason=None,
    final_at=NOW,
)


def plan(*faults: Fault, payment: Payment = PAYMENT) -> list[tuple[str, float, str]]:
    """Kind, seconds from acceptance, method."""
    return [
        (each.kind, (each.due_at - NOW).total_seconds(), each.method)
        for each in plan_callbacks(payment, faults)
    ]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ((), [("true", 0.005, "POST")]),
        ((Fault("callback_none"),), []),
        ((Fault("callback_late", seconds=3),), [("true", 3.005, "POST")]),
        (
            (Fault("callback_double", seconds=180),),
            [("true", 0.005, "POST"), ("true", 180.005, "POST")],
        ),
        ((Fault("callback_early", seconds=2),), [("early", 0.0, "POST")]),
        ((Fault("callback_put"),), [("true", 0.005, "PUT")]),
        (
            (Fault("callback_none"), Fault("callback_forged")),
            [("forged", 0.005, "POST")],
        ),
        (
            (Fault("callback_late", seconds=1), Fault("callback_forged")),
            [("forged", 0.005, "POST"), ("true", 1.005, "POST")],
        ),
    ],
)
def test_faults_bend_the_plan(
    faults: tuple[Fault, ...], expected: list[tuple[str, float, str]]
) -> None:
    """Each fault and their combinations, in the order of sending."""
    assert plan(*faults) == expected


def test_without_an_address_or_an_end_nobody_is_called() -> None:
    """No X-Callback-Url or no final state: no callback, forged or not."""
    for payment in (replace(PAYMENT, callback_url=None), replace(PAYMENT, final_at=None)):
        assert usual_callback(payment) is None
        assert plan(Fault("callback_forged"), payment=payment) == []


def test_an_early_callback_keeps_the_payment_pending() -> None:
    """The final state is put off, never brought forward."""
    slow = replace(SUCCEEDS, after=timedelta(seconds=30))

    assert bend_outcome(SUCCEEDS, [Fault("callback_early", seconds=2)]).after.seconds == 2
    assert bend_outcome(slow, [Fault("callback_early", seconds=2)]) == slow


def test_an_ordered_failure_has_a_reason() -> None:
    """A FAILED without a reason of its own is a refusal by the payer."""
    bent = bend_outcome(SUCCEEDS, [Fault("outcome", status="FAILED", seconds=1)])

    assert (bent.final_status, bent.reason) == (FinalStatus.FAILED, "APPROVAL_REJECTED")


def test_only_what_is_due_soon_is_kept_from_others() -> None:
    """A later callback carries no lease, so any process may take it when its time comes."""
    soon = lease_end(NOW + timedelta(seconds=1), NOW)

    assert soon is not None
    assert soon > NOW + timedelta(seconds=1)
    assert lease_end(NOW + timedelta(seconds=30), NOW) is None
