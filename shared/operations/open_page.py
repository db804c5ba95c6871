"""Gets a page of the operator's for a payer: claim and commit, call, keep, then show and commit.

Nobody can pay before the last commit, which alone lets the page be seen: whatever happened to a
call before it, the next one has another order id. What a late call brings all the same is kept, and
read with the others.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from shared.domain import charge as charges
from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent, ChargeStatus
from shared.domain.deadline import Deadline
from shared.domain.errors import AskAgain, LostRace
from shared.domain.events import Message
from shared.domain.ids import new_id
from shared.operations import moves, objects
from shared.operations.page_ports import PageKeys, PageOpener, PageRequest, PageStore
from shared.operations.ports import ChargeStore, Lease, Move, NotSent, Refused, Unknown
from shared.operations.submit_charge import (
    CONSUMER,
    SEND_SECONDS,
    Submission,
    abandon,
    await_turn,
    callback_token,
    soon,
    token_hash,
)

Outcome = PageKeys | Refused | Unknown | NotSent
_UNSHOWN: Final = frozenset({ChargeStatus.CREATED, ChargeStatus.SUBMITTING})


def open_page(
    charge: Charge,
    message: Message,
    *,
    store: ChargeStore,
    pages: PageStore,
    opener_of: Callable[[Charge], PageOpener],
    how: Submission,
) -> str:
    """Make a page and show it, at most once; return a word for the log.

    Raises AskAgain while no page was shown and there is still time, or no turn is left for it.
    """
    opener = opener_of(charge)
    await_turn(charge, how)
    now = how.now()
    reference = str(uuid.uuid4())
    token = callback_token(how.callback_token_key, reference)
    how.reached("open_page.before_claim")
    claimed = pages.claim(
        Attempt(
            id=new_id("att", int(now.timestamp() * 1000)),
            charge_id=charge.id,
            number=1,
            reference=reference,
            operator_account=charge.operator_account,
        ),
        consumer=CONSUMER,
        message_id=message.event_id,
        callback_token_hash=token_hash(token),
        number_hmac=charge.number_hmac(how.number_key),
        now=now,
        lease_until=now + charges.SUBMIT_LEASE,
    )
    if claimed is None:
        return _not_ours(message, store=store, how=how)
    charge, attempt = claimed
    how.reached("open_page.after_claim")
    left = (charge.submit_before - how.now()).total_seconds()
    deadline = Deadline.after(max(0, min(SEND_SECONDS, left)), how.monotonic)
    outcome: Outcome = NotSent("too_late")
    if not deadline.is_over:
        outcome = opener.open_page(_request(charge, attempt, token, how), deadline=deadline)
    how.reached("open_page.after_send")
    match outcome:
        case PageKeys():
            pages.keep(attempt, outcome)
            how.reached("open_page.after_keep")
            move = _shown(charge, attempt, how)
        case Refused():
            move = _refused(charge, attempt, outcome, how)
        case Unknown(reason=reason) | NotSent(reason=reason):
            pages.release(charge, attempt, reason=reason)
            if how.now() >= charge.submit_before:
                released = replace(charge, lease_until=None)
                return abandon(released, store=store, how=how, message=message)
            raise AskAgain(reason)
    move = replace(
        move, consumer=CONSUMER, message_id=message.event_id, traceparent=message.traceparent
    )
    how.reached("open_page.before_record")
    won = store.move(move)
    how.reached("open_page.after_record")
    return move.cause.value if won else "settled_first"


def _request(charge: Charge, attempt: Attempt, token: str, how: Submission) -> PageRequest:
    return PageRequest(
        order_id=attempt.known_as,
        money=charge.money,
        return_url=objects.page_url(charge, base_url=how.base_url) + "/return",
        callback_url=f"{how.callback_base_url}/callbacks/{charge.operator.value}/{token}",
        language=how.language,
        label=charge.description or charge.reference or charge.id,
    )


def _shown(charge: Charge, attempt: Attempt, how: Submission) -> Move:
    move = _moved(charge, attempt, ChargeEvent.REDIRECTED, AttemptStatus.ACCEPTED, how)
    event = moves.final_event(move.charge, at=move.at, base_url=how.base_url, language=how.language)
    return replace(move, event=event)


def _refused(charge: Charge, attempt: Attempt, refused: Refused, how: Submission) -> Move:
    move = _moved(charge, attempt, ChargeEvent.REFUSED, AttemptStatus.REFUSED, how)
    failed = replace(move.charge, failure_code=refused.failure_code)
    event = moves.final_event(failed, at=move.at, base_url=how.base_url, language=how.language)
    return replace(
        move,
        charge=failed,
        operator_word=refused.operator_word,
        next_check_at=None,
        event=event,
    )


def _moved(
    charge: Charge,
    attempt: Attempt,
    event: ChargeEvent,
    attempt_status: AttemptStatus,
    how: Submission,
) -> Move:
    at, status = how.now(), charges.after(charge.status, event)
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


def _not_ours(message: Message, *, store: ChargeStore, how: Submission) -> str:
    """Fail what was never shown and has run out of time; come again while somebody is at it."""
    charge = store.find(message.object_id)
    if charge is None or charge.status not in _UNSHOWN:
        return "not_ours"
    now = how.now()
    if now >= charge.submit_before and not charge.is_leased(now):
        return abandon(charge, store=store, how=how, message=message)
    # Whoever holds it may have died of it: once the lease is over another page is made.
    raise AskAgain("being_opened")
