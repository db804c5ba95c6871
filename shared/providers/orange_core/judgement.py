"""What an answer of Orange's proves: its own words first, the HTTP status second.

Every judgement errs towards Unknown. That costs little here: a payToken is known at Orange before
money is asked for, so a status read always has an answer, and a token that did not serve expires.
"""

from collections.abc import Mapping
from typing import Final

from shared.operations.ports import (
    Accepted,
    NotSent,
    PaymentRead,
    ReadState,
    Refused,
    Unknown,
)
from shared.providers.failures import OPERATOR_ERROR
from shared.providers.orange_core import codes
from shared.providers.orange_core.notices import Reply, Transaction, read_reply
from shared.providers.wire import Answer

Outcome = Accepted | Refused | Unknown | NotSent
NOT_AUTHENTICATED: Final = "not_authenticated"
"""Our credentials are wrong at Orange's gate: that says nothing of Orange."""

_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_EXPECTATION_FAILED: Final = 417
_SERVER_ERROR: Final = 500
_FINE: Final = frozenset({None, codes.FINE})


def judge_pay(answer: Answer, *, pay_token: str, table: Mapping[str, str]) -> Outcome:
    """Say what the answer to `pay` proves."""
    status, reply = answer.status, read_reply(answer.body)
    if reply is None:
        # A page of HTML: who wrote it, and when, is not known.
        return Unknown(f"not_json_{status}")
    if status >= _SERVER_ERROR:
        return Unknown(f"{_word(reply)}_{status}")
    if status == _UNAUTHORIZED:
        # Twice refused at the gate, and taken all the same for all we know: what is asked for anew
        # gets another payToken, and would be taken twice. Wrong credentials are found by `init`.
        return Unknown(NOT_AUTHENTICATED)
    if reply.transaction is None:
        return _judge_text(reply, status, table)
    return _judge_transaction(reply.transaction, status, pay_token=pay_token, table=table)


def judge_status(answer: Answer, *, pay_token: str, table: Mapping[str, str]) -> PaymentRead:
    """Say what the answer to `paymentstatus` proves."""
    status, reply = answer.status, read_reply(answer.body)
    if reply is None:
        return PaymentRead(ReadState.UNKNOWN, f"not_json_{status}")
    if status == _UNAUTHORIZED:
        return PaymentRead(ReadState.UNKNOWN, NOT_AUTHENTICATED)
    found = reply.transaction
    if found is None and status == _NOT_FOUND and reply.says_unknown_token:
        return PaymentRead(ReadState.NOT_FOUND, "HTTP 404")
    if found is None or not _may_tell(found, status):
        return PaymentRead(ReadState.UNKNOWN, f"{_word(reply)}_{status}")
    if found.pay_token not in {None, pay_token}:
        return PaymentRead(ReadState.UNKNOWN, "another_pay_token")
    state, word = _state(found)
    failed = state in {ReadState.FAILED, ReadState.EXPIRED}
    return PaymentRead(
        state,
        word,
        failure_code=codes.failure_code(table, word) if failed else None,
        operator_transaction_id=found.transaction_id,
        money=found.money,
        payer=found.subscriber,
        order=found.order_id,
    )


def is_own_refusal(body: bytes) -> bool:
    """Whether Orange or its gateway wrote a 401, and not somebody on the way."""
    return read_reply(body) is not None


def _judge_text(reply: Reply, status: int, table: Mapping[str, str]) -> Outcome:
    """Judge an answer without a transaction: a fault, a code in the text, or a text alone."""
    if reply.fault_code is not None:
        return Unknown(f"fault_{reply.fault_code}_{status}")
    code = reply.text_code
    if status >= _BAD_REQUEST and code is not None and code in table:
        return Refused(table[code], code)
    if status == _BAD_REQUEST and reply.says_bad_token:
        return Refused(OPERATOR_ERROR, "HTTP 400")
    if status == _NOT_FOUND and reply.says_unknown_token:
        return Refused(OPERATOR_ERROR, "HTTP 404")
    # 422 too: one client reads it as "this payToken has served", which says that Orange has it.
    return Unknown(f"{_word(reply)}_{status}")


def _judge_transaction(
    found: Transaction, status: int, *, pay_token: str, table: Mapping[str, str]
) -> Outcome:
    code = found.taken_code
    if found.pay_token not in {None, pay_token}:
        return Unknown("another_pay_token")
    if found.status == codes.FAILED and code is not None and code != codes.FINE:
        return Refused(codes.failure_code(table, code), code)
    is_taken = found.status == codes.PENDING or found.status in codes.SUCCEEDED
    if status == _OK and is_taken and code in _FINE:
        return Accepted()
    # Also a failure after it was taken: the status read says what became of it.
    return Unknown(f"{found.status}_{code or status}")


def _may_tell(found: Transaction, status: int) -> bool:
    """A failure was recorded under 417 as well; all else is told under 200 alone."""
    return status == _OK or (status == _EXPECTATION_FAILED and found.status == codes.FAILED)


def _state(found: Transaction) -> tuple[ReadState, str]:
    """Return the state and the word to keep: the code of a failure, else Orange's status."""
    status = found.status
    bad = next((c for c in (found.ended_code, found.taken_code) if c not in _FINE), None)
    if status in codes.SUCCEEDED:
        return _success(found, bad)
    if status in codes.CANCELLED:
        return ReadState.FAILED, status
    if status == codes.LAPSED:
        return ReadState.EXPIRED, status
    if status == codes.FAILED:
        return ReadState.FAILED, bad or status
    # PENDING, INITIATED and every word not known to be final: still under way.
    return ReadState.PENDING, status


def _success(found: Transaction, bad: str | None) -> tuple[ReadState, str]:
    """A success that a code contradicts, or whose amount cannot be compared, proves no payment."""
    if bad is not None:
        return ReadState.UNKNOWN, f"{found.status}_{bad}"
    if found.money is None:
        return ReadState.UNKNOWN, f"{found.status}_without_whole_amount"
    return ReadState.SUCCEEDED, found.status


def _word(reply: Reply) -> str:
    """Return what may be kept of an answer that proves nothing; never its text."""
    if reply.fault_code is not None:
        return f"fault_{reply.fault_code}"
    if reply.transaction is not None:
        return reply.transaction.taken_code or reply.transaction.status
    return reply.text_code or "no_code"
