"""Proof of absence: when "not found" means that a payment never reached its operator.

One "not found" may only mean "not yet", so the proof takes several over a while. Each says when to
read next: the regular checks lie up to an hour apart, and who was never asked should not wait.

Of a payment that the operator itself opened there is no such proof: it knew the reference before
we did. That it does not know it now is a riddle, read on at the regular checks and then a person's.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain.charge import SUBMIT_LEASE, Attempt, Charge, ChargeStatus, next_check_at

READS: Final = 3
SPAN: Final = timedelta(minutes=2)
_STEP: Final = SPAN // (READS - 1)
# How long reads without an answer keep the pace of a proof that began.
_PATIENCE: Final = 2 * SPAN
# The `resends` of a charge whose one resend is granted and not taken yet.
_RESEND_GRANTED: Final = 1
_TAKEN: Final = frozenset({ChargeStatus.AWAITING_PAYER, ChargeStatus.REQUIRES_ACTION})


@dataclass(frozen=True, slots=True)
class Absence:
    """What a "not found" comes to: the attempt with its reads as counted, and what follows.

    `next_read_at` is None once a person must look.
    """

    attempt: Attempt
    next_read_at: datetime | None
    grants_resend: bool = False
    is_proven: bool = False


def weigh(charge: Charge, attempt: Attempt, now: datetime) -> Absence:
    """Say what it means that the operator does not know this charge now."""
    regular = next_check_at(charge.created_at, now)
    if charge.lease_until is not None and charge.lease_until > now:
        # It may still be on its way. If its sender died, there is time to post it once more only
        # if the next read comes as soon as the lease is over.
        return Absence(attempt, charge.lease_until)
    first = attempt.first_not_found_at or now
    attempt = replace(
        attempt, not_found_reads=attempt.not_found_reads + 1, first_not_found_at=first
    )
    if attempt.operator_reference is not None or charge.status in _TAKEN:
        # The operator knew it: that it forgot is a riddle for a person.
        return Absence(attempt, regular)
    if charge.resends <= _RESEND_GRANTED and now < charge.submit_before:
        # Whoever takes the resend may die of it: look again when its lease would be over.
        again = _sooner(now + SUBMIT_LEASE, regular)
        return Absence(attempt, again, grants_resend=charge.resends < _RESEND_GRANTED)
    again = _sooner(next_proof_at(first, now), regular)
    return Absence(attempt, again, is_proven=is_proven(attempt, now))


def is_proven(attempt: Attempt, now: datetime) -> bool:
    """Tell whether the reads that found nothing are enough, in number and in time."""
    first = attempt.first_not_found_at
    return first is not None and attempt.not_found_reads >= READS and now - first >= SPAN


def after_silence(attempt: Attempt, regular: datetime | None, now: datetime) -> datetime | None:
    """Return when to read next after a read that got no answer, `regular` unless a proof began."""
    first = attempt.first_not_found_at
    if attempt.operator_reference is not None or first is None or now - first >= _PATIENCE:
        return regular
    return _sooner(next_proof_at(first, now), regular)


def next_proof_at(first_not_found_at: datetime, now: datetime) -> datetime:
    """Return when to read next so that "not found" is proven as soon as it may be."""
    for reads in range(1, READS):
        at = first_not_found_at + _STEP * reads
        if at > now:
            return at
    return now + _STEP


def _sooner(at: datetime, regular: datetime | None) -> datetime | None:
    """After a day there is no regular check any more, and no other."""
    return None if regular is None else min(at, regular)
