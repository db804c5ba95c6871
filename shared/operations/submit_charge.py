"""Asks the payer's operator for the money: claim and commit, call, then record and commit."""

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
from shared.operations import moves
from shared.operations.ports import (
    Accepted,
    ChargeStore,
    Lease,
    Move,
    NotSent,
    PaymentRequest,
    PaymentRequester,
    Reached,
    Refused,
    Unknown,
)

CONSUMER: Final = "submit_charge"
SEND_SECONDS: Final = 10
"""The whole call, its first byte too, ends this soon after the claim; what comes later is read."""
TOKEN_BITS: Final = 160


@dataclass(frozen=True, slots=True)
class Submission:
    """What a submission needs beside its store and its operator."""

    callback_base_url: str
    callback_token_key: bytes
    number_key: bytes
    base_url: str
    language: str
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    reached: Reached


def submit_charge(
    message: Message,
    *,
    store: ChargeStore,
    requester_of: Callable[[Charge], PaymentRequester],
    how: Submission,
) -> str:
    """Send the charge at most once per grant; return a word for the log.

    Raises AskAgain when it is proven that nothing was sent and there is still time.
    """
    found = store.find(message.object_id)
    if found is None:
        return "unknown_charge"
    now = how.now()
    attempt = _attempt(found, now)
    token = callback_token(how.callback_token_key, attempt.reference)
    how.reached("submit_charge.before_claim")
    claimed = store.claim(
        attempt,
        consumer=CONSUMER,
        message_id=message.event_id,
        callback_token_hash=token_hash(token),
        number_hmac=number_hmac(how.number_key, found),
        now=now,
        lease_until=now + charges.SUBMIT_LEASE,
    )
    if claimed is None:
        return _not_ours(message, store=store, how=how)
    how.reached("submit_charge.after_claim")
    charge, attempt = claimed
    left = (charge.submit_before - how.now()).total_seconds()
    deadline = Deadline.after(max(0, min(SEND_SECONDS, left)), how.monotonic)
    answer = _call(charge, attempt, requester_of(charge), how=how, deadline=deadline)
    how.reached("submit_charge.after_send")
    return _record(charge, attempt, answer, store=store, how=how, message=message)


def callback_token(key: bytes, reference: str) -> str:
    """Return the capability in the callback's path: 160 bits, made again from the reference."""
    digest = hmac.digest(key, f"callback:{reference}".encode(), "sha256")
    return encode(int.from_bytes(digest[: TOKEN_BITS // 8], "big"), TOKEN_BITS // 5)


def token_hash(token: str) -> str:
    """Return what is stored of a callback token."""
    return hmac.digest(b"callback-token", token.encode(), "sha256").hex()


def number_hmac(key: bytes, charge: Charge) -> str:
    """Return what the payment index keeps of a number: enough to match, not to read."""
    return hmac.digest(key, charge.phone.e164.encode(), "sha256").hex()


def _attempt(charge: Charge, now: datetime) -> Attempt:
    return Attempt(
        id=new_id("att", int(now.timestamp() * 1000)),
        charge_id=charge.id,
        number=1,
        reference=str(uuid.uuid4()),
        operator_account=charge.operator_account,
    )


def _call(
    charge: Charge,
    attempt: Attempt,
    requester: PaymentRequester,
    *,
    how: Submission,
    deadline: Deadline,
) -> Accepted | Refused | Unknown | NotSent:
    if how.now() >= charge.submit_before or deadline.is_over:
        return NotSent("too_late")
    token = callback_token(how.callback_token_key, attempt.reference)
    request = PaymentRequest(
        reference=attempt.reference,
        money=charge.money,
        payer=charge.phone,
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
                return _abandon(charge, store=store, how=how, message=message)
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
        next_check_at=_soon(charge, at),
        attempt_id=attempt.id,
        attempt_status=attempt_status,
        lease=Lease.MINE,
    )


def _soon(charge: Charge, now: datetime) -> datetime:
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
    if how.now() >= charge.submit_before and moves.is_unsent(charge, attempt):
        return _abandon(charge, store=store, how=how, message=message)
    return "not_ours"


def _abandon(charge: Charge, *, store: ChargeStore, how: Submission, message: Message) -> str:
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
