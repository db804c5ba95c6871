"""What an answer of Web Payment's proves: its own words first, the HTTP status second."""

from typing import Final

from shared.domain.money import Money
from shared.operations.page_ports import PageKeys
from shared.operations.ports import NotSent, PaymentRead, ReadState, Refused, Unknown
from shared.providers.orange_web import codes
from shared.providers.orange_web.notices import Reply, read_made, read_reply
from shared.providers.wire import Answer

Outcome = PageKeys | Refused | Unknown | NotSent
NOT_AUTHENTICATED: Final = "not_authenticated"
"""Our credentials are wrong at Orange's gate: that says nothing of Orange."""

_OK: Final = 200
_CREATED: Final = 201
_UNAUTHORIZED: Final = 401


def judge_made(answer: Answer, *, plain_allowed: bool) -> Outcome:
    """Say what the answer to `webpayment` proves.

    A page without all it takes to show and read it is none: nobody will see it.
    """
    status, reply = answer.status, read_reply(answer.body)
    if reply is None:
        return Unknown(f"not_json_{status}")
    if status == _UNAUTHORIZED:
        return NotSent(NOT_AUTHENTICATED)
    if status in (_OK, _CREATED):
        return read_made(answer.body, plain_allowed=plain_allowed) or Unknown(f"no_page_{status}")
    if status in codes.REFUSING and reply.code is not None:
        return Refused(codes.REFUSING[status], reply.code)
    # A 403 may be an order id that has served: another one is asked for next.
    return Unknown(f"{reply.code or 'no_code'}_{status}")


def judge_status(answer: Answer, *, order_id: str, asked: Money) -> PaymentRead:
    """Say what the answer to `transactionstatus` proves.

    Orange answers for the order, amount and payToken that it is asked with, all three; an amount
    that it repeats besides is the one that counts.
    """
    status, reply = answer.status, read_reply(answer.body)
    if reply is None:
        return PaymentRead(ReadState.UNKNOWN, f"not_json_{status}")
    if status == _UNAUTHORIZED:
        return PaymentRead(ReadState.UNKNOWN, NOT_AUTHENTICATED)
    if status not in (_OK, _CREATED) or reply.status is None:
        return PaymentRead(ReadState.UNKNOWN, f"{reply.code or 'no_code'}_{status}")
    if reply.order_id != order_id:
        return PaymentRead(ReadState.UNKNOWN, "another_order")
    return _of_word(reply, reply.status, asked)


def is_own_refusal(body: bytes) -> bool:
    """Tell whether Orange wrote a 401: a page of a proxy's proves nothing."""
    return read_reply(body) is not None


def _of_word(reply: Reply, word: str, asked: Money) -> PaymentRead:
    if word in codes.SUCCEEDED:
        if reply.has_amount and reply.amount is None:
            return PaymentRead(ReadState.UNKNOWN, f"{word}_without_whole_amount")
        money = asked if reply.amount is None else Money(reply.amount, asked.currency)
        return PaymentRead(
            ReadState.SUCCEEDED,
            word,
            operator_transaction_id=reply.transaction_id,
            money=money,
        )
    if word == codes.LAPSED:
        return PaymentRead(ReadState.EXPIRED, word)
    if word == codes.FAILED:
        return PaymentRead(ReadState.FAILED, word, failure_code=codes.NO_REASON)
    # INITIATED, PENDING and every word not known to be final: still under way.
    return PaymentRead(ReadState.PENDING, word)
