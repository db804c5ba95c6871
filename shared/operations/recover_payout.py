"""Makes the row of money out that a database which was put back does not know, and was sent.

The journal says that it went out, and has no number. A refund's is that of its charge; a payout's
is what its operator says that it paid. What cannot be made good so is a case for a person.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from shared.domain import charge as charges
from shared.domain.account import OPENING
from shared.domain.charge import Attempt, Charge, ChargeStatus
from shared.domain.deadline import HANDLER_SECONDS, Deadline
from shared.domain.errors import InvalidRequest
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.domain.lost_intent import LOST, RECOVERED, LostIntent
from shared.domain.notification import Kind, Notification
from shared.domain.payout import Payout
from shared.domain.refund import Refund, Refundable
from shared.operations.outgoing_store import Decide
from shared.operations.ports import PaymentRead, PayoutReader, ReadState

NOT_LOST: Final = "not_lost"
WAITING: Final = "waiting_to_be_recovered"
CHARGE_FIRST: Final = timedelta(seconds=30)
"""How soon to look again where the charge of a refund is still being read itself."""


class LostIntents(Protocol):
    """What of one tenant is lost; each call is one transaction."""

    def find(self, object_id: str) -> LostIntent | None:
        """Return what nobody decided on yet, or None."""

    def add_payout(
        self, payout: Payout, attempt: Attempt, *, number_hmac: str, at: datetime
    ) -> bool:
        """Store it with its hold, whatever is available; False where another was first."""

    def add_refund(
        self,
        refund: Refund,
        attempt: Attempt,
        *,
        decide: Decide,
        number_hmac: str,
        at: datetime,
    ) -> bool:
        """Store it with its hold, as it is when one is made; False where another was first.

        Raises InvalidRequest where the charge does not bear it any more.
        """

    def give_up(
        self, lost: LostIntent, *, case_id: str, notice: Notification, at: datetime
    ) -> None:
        """Leave it to a person, who is told."""

    def wait(self, lost: LostIntent, *, until: datetime) -> None:
        """Have it looked at again."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What recovering needs beside its store and its operator; `charge_of` finds one by id."""

    charge_of: Callable[[str], tuple[Charge, Attempt | None] | None]
    number_key: Callable[[], bytes]
    now: Callable[[], datetime]
    monotonic: Callable[[], float]


def recover_payout(
    message: Message,
    *,
    store: LostIntents,
    reader_of: Callable[[LostIntent], PayoutReader],
    how: Recovery,
) -> str:
    """Make the row where it can be made; return a word for the log."""
    lost = store.find(message.object_id)
    if lost is None:
        return NOT_LOST
    if lost.operator in OPENING and lost.operator_reference is None:
        return _give_up(lost, store, how)
    if lost.kind == Refund.kind:
        return _refund(lost, store, how)
    deadline = Deadline.after(HANDLER_SECONDS, how.monotonic)
    read = reader_of(lost).read_payout(lost.known_as, deadline=deadline)
    if read.payer is None and not _is_ended(read):
        # Nothing is known, or not by whom: its operator may say it later.
        return _wait(lost, charges.next_check_at(lost.found_at, how.now()), store, how)
    if read.payer is None or not _is_same(lost, read):
        return _give_up(lost, store, how)
    now = how.now()
    payout = lost.payout(read.payer, transaction=_new_id("txn", now))
    hmac = read.payer.keyed(how.number_key())
    attempt = lost.attempt(_new_id("att", now))
    is_new = store.add_payout(payout, attempt, number_hmac=hmac, at=now)
    return RECOVERED if is_new else NOT_LOST


def _refund(lost: LostIntent, store: LostIntents, how: Recovery) -> str:
    """Its charge says whom it paid; one that is still being read itself comes first."""
    charge, paid_by = how.charge_of(lost.about) or (None, None)
    now = how.now()
    if charge is not None and charge.status not in charges.FINAL:
        is_late = charges.next_check_at(lost.found_at, now) is None
        return _wait(lost, None if is_late else now + CHARGE_FIRST, store, how)
    phone = None if charge is None else charge.phone
    if charge is None or paid_by is None or phone is None:
        return _give_up(lost, store, how)
    if charge.status is not ChargeStatus.SUCCEEDED:
        return _give_up(lost, store, how)
    refund = lost.refund(
        phone,
        charge=charge.id,
        charge_reference=paid_by.reference,
        transaction=_new_id("txn", now),
    )

    def decide(found: Refundable) -> Refund:
        if not found.is_succeeded or lost.money.amount > found.rest:
            raise InvalidRequest("charge_not_refundable", "charge")
        return replace(refund, from_pending=found.from_pending(lost.money.amount))

    hmac, attempt = phone.keyed(how.number_key()), lost.attempt(_new_id("att", now))
    try:
        is_new = store.add_refund(refund, attempt, decide=decide, number_hmac=hmac, at=now)
    except InvalidRequest:
        # It was refunded again meanwhile: both may have been paid.
        return _give_up(lost, store, how)
    return RECOVERED if is_new else NOT_LOST


def _is_ended(read: PaymentRead) -> bool:
    return read.state in {ReadState.SUCCEEDED, ReadState.FAILED, ReadState.EXPIRED}


def _is_same(lost: LostIntent, read: PaymentRead) -> bool:
    """Tell whether what the operator knows is what was kept: its amount, and our id."""
    is_left_out = read.money is None and read.state is not ReadState.SUCCEEDED
    is_ours = read.order is None or lost.id.endswith(read.order)
    return is_ours and (is_left_out or read.money == lost.money)


def _wait(lost: LostIntent, until: datetime | None, store: LostIntents, how: Recovery) -> str:
    if until is None:
        return _give_up(lost, store, how)
    store.wait(lost, until=until)
    return WAITING


def _give_up(lost: LostIntent, store: LostIntents, how: Recovery) -> str:
    now = how.now()
    notice = Notification.of(
        Kind.CASE_OPENED,
        lost.account,
        {"payment": lost.id},
        livemode=lost.livemode,
        now=now,
        once_for=lost.id,
        reason=LOST,
    )
    store.give_up(lost, case_id=_new_id("case", now), notice=notice, at=now)
    return LOST


def _new_id(prefix: str, now: datetime) -> str:
    return new_id(prefix, int(now.timestamp() * 1000))
