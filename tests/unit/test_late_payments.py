"""What becomes of a late payment is wished for once, whatever a restored database forgot of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from shared.domain.account import OperatorAccount
from shared.domain.charge import ChargeStatus
from shared.domain.late_payment import LateDecision, LatePayment, LateStatus
from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.refund import Refund
from shared.domain.rules import Rules
from shared.operations.late_payments import LateTerms, refund_late_payment
from tests.factories import a_charge, an_attempt, an_id
from tests.fakes import START, TENANT, MemoryCharges

PAYING: Final = OperatorAccount(
    id="opa_y",
    operator=Operator.MTN,
    product="disbursement",
    livemode=False,
    base_url="http://mtn",
    target_environment="mtncameroon",
    currency="XAF",
    credentials="c",
)
CHARGE: Final = a_charge(TENANT, status=ChargeStatus.FAILED)


class OneLate:
    """LateStore of one late payment."""

    def __init__(self, late: LatePayment) -> None:
        self.late = late
        self.refunds: list[Refund] = []

    def find(self, late_id: str) -> LatePayment | None:
        return self.late if late_id == self.late.id else None

    def refund(self, late: LatePayment, refund: Refund, **_: Any) -> bool:
        self.refunds.append(refund)
        self.late = replace(late, status=LateStatus.REFUNDING, refund=refund.id)
        return True


def a_late(transaction: str, refunds: int = 0) -> LatePayment:
    """One that nobody has decided on."""
    return LatePayment(
        id=an_id("lp"),
        account=TENANT.account,
        livemode=TENANT.livemode,
        money=Money(1500),
        reason="paid_after_the_end",
        charge=CHARGE.id,
        operator=Operator.MTN,
        operator_account=CHARGE.operator_account,
        operator_transaction_id=transaction,
        phone=PhoneNumber("+237670000001"),
        balance_transaction=an_id("txn"),
        created_at=START,
        decision=LateDecision.REFUND,
        due_at=START + timedelta(hours=24),
        refunds=refunds,
    )


def place(late: LatePayment) -> str:
    """The place in write-once storage where its refund is kept before it is sent."""
    store: Any = OneLate(late)
    terms = LateTerms(
        store=store,
        charges_of=MemoryCharges(CHARGE, an_attempt(CHARGE)),
        paying_of=lambda _: PAYING,
        rules=Rules(),
        base_url="http://pay",
        language="fr",
        now=START,
        reached=lambda _: None,
    )
    refund_late_payment(late.id, terms)
    [refund] = store.refunds
    return str(refund.intent_key)


def test_what_is_read_anew_after_a_restore_makes_the_same_wish() -> None:
    """It has another id then: write-once storage knows that transaction to be given back."""
    first = place(a_late("MP1"))

    assert place(a_late("MP1")) == first
    assert len({first, place(a_late("MP2")), place(a_late("MP1", refunds=1))}) == 3
