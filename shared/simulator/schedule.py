"""Decides which callbacks a payment will bring about, and when; it sends none."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.simulator.faults import Fault
from shared.simulator.outcomes import FinalStatus, Outcome
from shared.simulator.payments import Payment

# The 202 leaves first, as it mostly does at MTN; "early" is there for the other order.
_LAG: Final = timedelta(milliseconds=5)
_SOON: Final = timedelta(seconds=2)
LEASE: Final = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class PlannedCallback:
    """A callback to be sent. `kind`: true, early or forged; data or payment: true, and nested."""

    kind: str
    due_at: datetime
    planned_at: datetime
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class DueCallback:
    """A callback in the table. `is_leased`: this process sends it, others only later."""

    id: int
    planned: PlannedCallback
    payment: Payment
    is_leased: bool


def is_soon(due_at: datetime, now: datetime) -> bool:
    """Is it worth keeping in memory, or does the table remind us?"""
    return due_at - now <= _SOON


def lease_end(due_at: datetime, now: datetime) -> datetime | None:
    """Until when this process keeps the callback to itself; None when any may claim it."""
    return due_at + LEASE if is_soon(due_at, now) else None


def bend_outcome(
    outcome: Outcome, faults: Iterable[Fault], *, refusal: str = "APPROVAL_REJECTED"
) -> Outcome:
    """The outcome after the faults that change it: `outcome` replaces, `callback_early` delays.

    `refusal` is the operator's word for a payer who refuses: an ordered failure's usual reason.
    """
    for fault in faults:
        if fault.kind == "outcome" and fault.status is not None:
            outcome = Outcome(
                FinalStatus(fault.status),
                fault.reason or (refusal if fault.status == "FAILED" else None),
                fault.lasting,
            )
        if fault.kind == "callback_early":
            outcome = replace(outcome, after=max(outcome.after, fault.lasting))
    return outcome


def usual_callback(payment: Payment) -> PlannedCallback | None:
    """The one notice at the final state; None when nobody asked for it."""
    if payment.callback_url is None or payment.final_at is None:
        return None
    earliest = payment.accepted_at + _LAG
    return PlannedCallback("true", max(payment.final_at, earliest), payment.accepted_at)


def plan_callbacks(payment: Payment, faults: Iterable[Fault]) -> tuple[PlannedCallback, ...]:
    """The notices of a payment under faults, the earliest first."""
    usual = usual_callback(payment)
    if usual is None:
        return ()
    by_kind = {fault.kind: fault for fault in faults}
    method = "PUT" if "callback_put" in by_kind else "POST"
    planned: list[PlannedCallback] = []
    if "callback_none" not in by_kind:
        if late := by_kind.get("callback_late"):
            usual = replace(usual, due_at=usual.due_at + late.lasting)
        if nested := by_kind.get("callback_nested"):
            usual = replace(usual, kind=nested.form or usual.kind)
        if "callback_early" in by_kind:
            usual = replace(usual, kind="early", due_at=payment.accepted_at)
        planned.append(usual)
        if double := by_kind.get("callback_double"):
            again = usual.due_at + double.lasting
            planned.append(replace(usual, due_at=again))
    if "callback_forged" in by_kind:
        forged_at = payment.accepted_at + _LAG
        planned.append(PlannedCallback("forged", forged_at, payment.accepted_at))
    ordered = sorted(planned, key=lambda each: each.due_at)
    return tuple(replace(each, method=method) for each in ordered)
