"""Rows of lost money out made again: from the operator's word and the charge, or by a person."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeStatus
from shared.domain.deadline import Deadline
from shared.domain.events import PAYOUT_CHECK_DUE, Message
from shared.domain.lost_intent import LOST, RECOVERED, LostIntent
from shared.domain.money import Money
from shared.domain.outgoing import OutgoingStatus, reference_of
from shared.domain.payout import Payout
from shared.domain.phone import Operator, PhoneNumber
from shared.domain.refund import Refund, Refundable
from shared.operations.outgoing_store import Decide
from shared.operations.ports import PaymentRead, ReadState
from shared.operations.recover_payout import (
    CHARGE_FIRST,
    NOT_LOST,
    WAITING,
    Recovery,
    recover_payout,
)
from tests.factories import a_charge, an_id
from tests.fakes import START, TENANT, Clock

PAYEE = PhoneNumber("+237670000001")
PAID = PaymentRead(ReadState.SUCCEEDED, "SUCCESSFUL", money=Money(700), payer=PAYEE)
NOTHING = PaymentRead(ReadState.NOT_FOUND, "HTTP 404")


class MemoryLost:
    """What is lost of one tenant, in memory."""

    def __init__(self, lost: LostIntent) -> None:
        self.lost: LostIntent | None = lost
        self.refundable = Refundable(is_succeeded=True, rest=5000, pending=300)
        self.added: list[tuple[Any, Attempt]] = []
        self.from_pending: list[int] = []
        self.given_up: list[str] = []
        self.waits: list[Any] = []

    def find(self, object_id: str) -> LostIntent | None:
        is_it = self.lost is not None and self.lost.id == object_id
        return self.lost if is_it else None

    def add_payout(self, payout: Payout, attempt: Attempt, *, number_hmac: str, at: Any) -> bool:
        self.added.append((payout, attempt))
        return True

    def add_refund(
        self, refund: Refund, attempt: Attempt, *, decide: Decide, number_hmac: str, at: Any
    ) -> bool:
        self.from_pending.append(decide(self.refundable).from_pending)
        self.added.append((refund, attempt))
        return True

    def give_up(self, lost: LostIntent, *, case_id: str, notice: Any, at: Any) -> None:
        self.given_up.append(lost.id)

    def wait(self, lost: LostIntent, *, until: Any) -> None:
        self.waits.append(until)


class Scene:
    """One lost payout of 700 XAF at MTN, or what `changes` say."""

    def __init__(self, *reads: PaymentRead, **changes: Any) -> None:
        kind = changes.get("kind", "payout")
        object_id = an_id("po" if kind == "payout" else "rf")
        lost = LostIntent(
            id=object_id,
            account=TENANT.account,
            livemode=TENANT.livemode,
            kind="payout",
            about=object_id,
            intent_key="0" * 64,
            money=Money(700),
            operator=Operator.MTN,
            operator_account="opa_y",
            reference=reference_of(object_id),
            operator_reference=None,
            made_at=START,
            kept_at=START + timedelta(seconds=1),
            found_at=START + timedelta(minutes=5),
        )
        self.lost = replace(lost, **changes)
        self.store, self.clock = MemoryLost(self.lost), Clock(self.lost.found_at)
        self.reads, self.asked = [*reads], list[str]()
        self.charge: Charge | None = a_charge(TENANT, status=ChargeStatus.SUCCEEDED)

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        self.asked.append(reference)
        return self.reads.pop(0)

    def recover(self) -> str:
        def charge_of(_: str) -> tuple[Charge, Attempt] | None:
            if self.charge is None:
                return None
            status = AttemptStatus.CLOSED
            return self.charge, Attempt("att_x", self.charge.id, 1, "paid-by", "opa_x", status)

        return recover_payout(
            Message(an_id("msg"), PAYOUT_CHECK_DUE, TENANT.account, TENANT.livemode, self.lost.id),
            store=self.store,
            reader_of=lambda _: self,
            how=Recovery(charge_of, lambda: b"k" * 32, self.clock.now, self.clock.monotonic),
        )


def test_a_payout_is_made_again_with_the_number_that_its_operator_paid() -> None:
    """It counts as sent when it was kept, under its own reference, and is read as any other."""
    scene = Scene(PAID)

    assert scene.recover() == RECOVERED

    [(payout, attempt)] = scene.store.added
    assert (payout.id, payout.phone, payout.money) == (scene.lost.id, PAYEE, Money(700))
    assert payout.status is OutgoingStatus.SUBMITTING
    assert payout.claimed_at == payout.journaled_at == scene.lost.kept_at
    assert (attempt.status, attempt.reference) == (AttemptStatus.SILENT, scene.lost.reference)
    assert scene.asked == [scene.lost.reference]


def test_at_orange_it_is_asked_for_by_its_pay_token() -> None:
    """And without one it was never sent: there is nothing to ask by."""
    scene = Scene(PAID, operator=Operator.ORANGE, operator_reference="CI1")
    unopened = Scene(operator=Operator.ORANGE)

    assert (scene.recover(), unopened.recover()) == (RECOVERED, LOST)

    assert (scene.asked, unopened.asked) == (["CI1"], [])


@pytest.mark.parametrize(
    "read",
    [
        replace(PAID, money=Money(900)),
        replace(PAID, payer=None),
        replace(PAID, order="another"),
        PaymentRead(ReadState.FAILED, "FAILED"),
    ],
    ids=["another amount", "no number", "another order", "failed without a number"],
)
def test_what_cannot_be_made_again_is_for_a_person(read: PaymentRead) -> None:
    """Another amount, no number, another order: nothing is booked on such a word."""
    scene = Scene(read)

    assert scene.recover() == LOST

    assert (scene.store.added, scene.store.given_up) == ([], [scene.lost.id])


def test_what_its_operator_does_not_know_waits_for_a_day() -> None:
    """It may be late; then a person decides."""
    scene = Scene(NOTHING, PaymentRead(ReadState.UNKNOWN, "timeout"), NOTHING)

    assert (scene.recover(), scene.recover()) == (WAITING, WAITING)
    assert all(until > scene.clock.at for until in scene.store.waits)
    scene.clock.pass_time(hours=25)

    assert scene.recover() == LOST


def test_a_refund_takes_number_and_split_from_its_charge() -> None:
    """What of the charge is still pending bears it first, as when one is made."""
    scene = Scene(kind="refund", about="ch_x")

    assert scene.recover() == RECOVERED

    [(refund, _)] = scene.store.added
    assert scene.charge is not None
    assert (refund.phone, refund.charge_id) == (scene.charge.phone, scene.charge.id)
    assert (refund.charge_reference, scene.store.from_pending) == ("paid-by", [300])
    assert scene.asked == []


def test_a_refund_waits_for_its_charge() -> None:
    """The restore may have forgotten that it was paid: that is read first."""
    scene = Scene(kind="refund", about="ch_x")
    assert scene.charge is not None
    scene.charge = replace(scene.charge, status=ChargeStatus.AWAITING_PAYER)

    assert scene.recover() == WAITING

    assert scene.store.waits == [scene.clock.at + CHARGE_FIRST]


def test_a_refund_without_its_charge_is_for_a_person() -> None:
    """The charge is lost as well, or did not succeed, or bears it no more."""
    gone, failed, spent = (Scene(kind="refund", about="ch_x") for _ in range(3))
    gone.charge = None
    assert failed.charge is not None
    failed.charge = replace(failed.charge, status=ChargeStatus.FAILED)
    spent.store.refundable = Refundable(is_succeeded=True, rest=600, pending=0)

    assert {scene.recover() for scene in (gone, failed, spent)} == {LOST}
    assert [scene.store.added for scene in (gone, failed, spent)] == [[], [], []]


def test_what_is_not_lost_is_left_alone() -> None:
    """A message about what nobody knows, or what was decided, does nothing."""
    scene = Scene(PAID)
    scene.store.lost = None

    assert scene.recover() == NOT_LOST

    assert (scene.store.added, scene.asked) == ([], [])
