"""Asks the payer's operator for the money: claim and commit, call, then record and commit.

Where the operator makes the reference, it is opened and committed between claim and call: nothing
is asked under a reference that is not stored.
"""

import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.domain import charge as charges
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain, LostRace
from shared.domain.events import Message
from shared.domain.ids import encode, new_id
from shared.domain.phone import PhoneNumber
from shared.operations import moves
from shared.operations.gate import OVER_RATE
from shared.operations.ports import (
    Accepted,
    ChargeStore,
    Lease,
    Move,
    NotSent,
    PaymentOpener,
    PaymentRequest,
    PaymentRequester,
    Reached,
    Refused,
    Unknown,
)

CONSUMER: Final = "submit_charge"
SEND_SECONDS: Final = 10
"""All calls, their first bytes too, end this soon after the claim; what comes later is read."""
TOKEN_BITS: Final = 160
_UNSENT: Final = frozenset({charges.ChargeStatus.CREATED, charges.ChargeStatus.SUBMITTING})


@dataclass(frozen=True, slots=True)
class Submission:
    """What a submission needs beside its store and its operator.

    `takes_turn` takes one of what its operator account may be asked for in this second: False where
    none is left.
    """

    callback_base_url: str
    callback_token_key: bytes
    number_key: bytes
    base_url: str
    language: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    reached: Reached
    takes_turn: Callable[[Charge], bool]


def submit_charge(
    message: Message,
    *,
    store: ChargeStore,
    requester_of: Callable[[Charge], PaymentRequester],
    opener_of: Callable[[Charge], PaymentOpener | None],
    on_page: Callable[[Charge, Message], str],
    how: Submission,
) -> str:
    """Send the charge at most once per grant; return a word for the log.

    `opener_of` gives None where the reference is ours to make; `on_page` makes a page for a payer
    who pays on the operator's own. Raises AskAgain when it is proven
    that nothing was sent and there is still time, while its operator account has no turn left, or
    where somebody may be about to send.
    """
    found = store.find(message.object_id)
    if found is None:
        return "unknown_charge"
    if found.phone is None:
        return on_page(found, message)
    now = how.now()
    # What cannot be asked is not claimed: a wrong contract is found before the lease is taken.
    requester, opener = requester_of(found), opener_of(found)
    await_turn(found, how)
    attempt = _attempt(found, AttemptStatus.OPENING if opener else AttemptStatus.SENDING, now)
    token = callback_token(how.callback_token_key, attempt.reference)
    how.reached("submit_charge.before_claim")
    claimed = store.claim(
        attempt,
        consumer=CONSUMER,
        message_id=message.event_id,
        callback_token_hash=token_hash(token),
        number_hmac=found.number_hmac(how.number_key),
        now=now,
        lease_until=now + charges.SUBMIT_LEASE,
    )
    if claimed is None:
        return _not_ours(message, store=store, how=how)
    how.reached("submit_charge.after_claim")
    charge, attempt = claimed
    left = (charge.submit_before - how.now()).total_seconds()
    deadline = Deadline.after(max(0, min(SEND_SECONDS, left)), how.monotonic)
    if opener is not None and attempt.operator_reference is None:
        opened = _open(charge, attempt, opener, store=store, how=how, deadline=deadline)
        if opened is None:
            return "lease_lost"
        if isinstance(opened, NotSent):
            return _record(charge, attempt, opened, store=store, how=how, message=message)
        charge, attempt = opened
    answer = _call(charge, found.phone, attempt, requester, how=how, deadline=deadline)
    how.reached("submit_charge.after_send")
    return _record(charge, attempt, answer, store=store, how=how, message=message)


def await_turn(charge: Charge, how: Submission) -> None:
    """Take a turn for what may be sent now. Raises AskAgain where none is left: nothing is claimed.

    What was sent, is being sent or is out of its time takes none: it ends whatever the rate.
    """
    now = how.now()
    may_go = charge.status in _UNSENT or charge.resends == 1
    is_due = may_go and now < charge.submit_before and not charge.is_leased(now)
    if is_due and not how.takes_turn(charge):
        raise AskAgain(OVER_RATE)


def callback_token(key: bytes, reference: str) -> str:
    """Return the capability in the callback's path: 160 bits, made again from the reference."""
    digest = hmac.digest(key, f"callback:{reference}".encode(), "sha256")
    return encode(int.from_bytes(digest[: TOKEN_BITS // 8], "big"), TOKEN_BITS // 5)


def token_hash(token: str) -> str:
    """Return what is stored of a callback token."""
    return hmac.digest(b"callback-token", token.encode(), "sha256").hex()


def _attempt(charge: Charge, status: AttemptStatus, now: datetime) -> Attempt:
    return Attempt(
        id=new_id("att", int(now.timestamp() * 1000)),
        charge_id=charge.id,
        number=1,
        reference=str(uuid.uuid4()),
        operator_account=charge.operator_account,
        status=status,
    )


def _open(
    charge: Charge,
    attempt: Attempt,
    opener: PaymentOpener,
    *,
    store: ChargeStore,
    how: Submission,
    deadline: Deadline,
) -> tuple[Charge, Attempt] | NotSent | None:
    """Have the operator make its reference, and commit it under a lease that begins anew.

    None where the lease was lost meanwhile: another opens or has given up, and nothing was asked.
    """
    if _is_late(charge, how, deadline):
        return NotSent("too_late")
    how.reached("submit_charge.before_open")
    opened = opener.open_payment(deadline=deadline)
    how.reached("submit_charge.after_open")
    if isinstance(opened, NotSent):
        return opened
    attempt = replace(attempt, operator_reference=opened.reference)
    held = store.keep_opened(charge, attempt, lease_until=how.now() + charges.SUBMIT_LEASE)
    if held is None:
        return None
    how.reached("submit_charge.after_keep")
    return held, attempt


def _is_late(charge: Charge, how: Submission, deadline: Deadline) -> bool:
    return how.now() >= charge.submit_before or deadline.is_over


def _call(
    charge: Charge,
    payer: PhoneNumber,
    attempt: Attempt,
    requester: PaymentRequester,
    *,
    how: Submission,
    deadline: Deadline,
) -> Accepted | Refused | Unknown | NotSent:
    if _is_late(charge, how, deadline):
        return NotSent("too_late")
    token = callback_token(how.callback_token_key, attempt.reference)
    request = PaymentRequest(
        reference=attempt.known_as,
        money=charge.money,
        payer=payer,
        external_id=charge.id,
        message=charge.description or charge.reference or charge.id,
        callback_url=f"{how.callback_base_url}/callbacks/{charge.operator.value}/{token}",
    )
    how.reached("submit_charge.before_send")
    return requester.request_payment(request, deadline=deadline)


def _record(
    charge: Charge,
    attempt: Attempt,
    answer: Accepted | Refused | Unknown | NotSent,
    *,
    store: ChargeStore,
    how: Submission,
    message: Message,
) -> str:
    now = how.now()
    match answer:
        case NotSent(reason=reason) if charge.resends == 0:
            store.release(charge, attempt, reason=reason)
            if now >= charge.submit_before:
                released = replace(charge, lease_until=None)
                return abandon(released, store=store, how=how, message=message)
            raise AskAgain(reason)
        case Accepted():
            move = _moved(charge, attempt, ChargeEvent.ACCEPTED, AttemptStatus.ACCEPTED, now)
        case Refused(failure_code=code, operator_word=word) if charge.resends == 0:
            move = _moved(charge, attempt, ChargeEvent.REFUSED, AttemptStatus.REFUSED, now)
            failed = replace(move.charge, failure_code=code)
            move = replace(
                move,
                charge=failed,
                operator_word=word,
                next_check_at=None,
                event=moves.final_event(
                    failed, at=now, base_url=how.base_url, language=how.language
                ),
            )
        case Unknown(reason=word) | NotSent(reason=word) | Refused(operator_word=word):
            # A repeat that is refused or cannot leave proves nothing about the silent first send.
            move = _moved(charge, attempt, ChargeEvent.WENT_SILENT, AttemptStatus.SILENT, now)
            move = replace(move, operator_word=word)
    move = replace(
        move,
        consumer=CONSUMER,
        message_id=message.event_id,
        traceparent=message.traceparent,
    )
    how.reached("submit_charge.before_record")
    won = store.move(move)
    how.reached("submit_charge.after_record")
    return move.cause.value if won else "settled_first"


def _moved(
    charge: Charge,
    attempt: Attempt,
    event: ChargeEvent,
    attempt_status: AttemptStatus,
    at: datetime,
) -> Move:
    status = charges.after(charge.status, event)
    if status is None:
        raise LostRace(charge.id)
    return Move(
        charge=replace(charge, status=status),
        expected=charge.status,
        cause=event,
        at=at,
        next_check_at=soon(charge, at),
        attempt_id=attempt.id,
        attempt_status=attempt_status,
        lease=Lease.MINE,
    )


def soon(charge: Charge, now: datetime) -> datetime:
    """Return when to read next, at the latest 10 s from now.

    The later checks are far apart: what was sent late, or silent for long, must not wait for them.
    """
    first = now + charges.CHECK_OFFSETS[0]
    return min(first, charges.next_check_at(charge.created_at, now) or first)


def _not_ours(message: Message, *, store: ChargeStore, how: Submission) -> str:
    """Fail what was never sent and has run out of time; leave all else to whoever holds it."""
    found = store.find_with_attempt(message.object_id)
    if found is None:
        return "unknown_charge"
    charge, attempt = found
    if not moves.is_unsent(charge, attempt):
        return "not_ours"
    now = how.now()
    if now >= charge.submit_before and not charge.is_leased(now):
        return abandon(charge, store=store, how=how, message=message)
    if attempt is not None and attempt.status is not AttemptStatus.NOT_SENT:
        # Whoever opens it may have died of it: once the lease is over it is opened anew.
        raise AskAgain("being_opened")
    return "not_ours"


def abandon(charge: Charge, *, store: ChargeStore, how: Submission, message: Message) -> str:
    """Fail what was never sent and whose time is over; return a word for the log."""
    now = how.now()
    won = store.move(
        moves.abandoned(
            charge,
            at=now,
            message=message,
            consumer=CONSUMER,
            base_url=how.base_url,
            language=how.language,
        )
    )
    return "abandoned" if won else "not_ours"
