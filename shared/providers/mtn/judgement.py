"""What an answer of MTN's proves, for money in either direction.

Every judgement errs towards Unknown: a wrong Unknown costs a status read, a wrong Refused or
NotSent costs somebody's money.
"""

from collections.abc import Mapping
from typing import Final

from shared.operations.ports import Accepted, NotSent, PaymentRead, ReadState, Refused, Unknown
from shared.providers.failures import OPERATOR_MISCONFIGURED
from shared.providers.mtn import codes
from shared.providers.mtn.notices import Notice, read_code, read_notice
from shared.providers.wire import Answer

Outcome = Accepted | Refused | Unknown | NotSent

_OK: Final = 200
_ACCEPTED: Final = 202
_BAD_REQUEST: Final = 400
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_SERVER_ERROR: Final = 500


def judge_submission(answer: Answer, *, table: Mapping[str, str]) -> Outcome:
    """Say what the answer to a submission proves; `table` turns MTN's codes into ours."""
    status, code = answer.status, read_code(answer.body)
    if status == _ACCEPTED and (code is not None or not answer.body):
        return Accepted()
    if code is None:
        # An HTML page of the firewall or gateway: who wrote it, and when, is not known.
        return Unknown(f"not_json_{status}")
    if status == _CONFLICT:
        return Accepted()  # "we already have it": the reference is ours alone
    if status == _UNAUTHORIZED:
        # Twice refused at the gate, in JSON and with a fresh token: nothing was taken, and the same
        # reference may go again once the credentials are right.
        return NotSent("not_authenticated")
    if code not in codes.NEVER_A_REFUSAL and (
        status in {_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND}
        or (status == _SERVER_ERROR and code in codes.DEFINITE_ON_500)
    ):
        # A refusal without a known word is about how we ask, hence a matter of configuration.
        return Refused(table.get(code, OPERATOR_MISCONFIGURED), code or f"HTTP {status}")
    # 429 and 503 too: MTN asks to try later with the same reference, which is safe either way, but
    # nowhere says that the request was not queued before the answer was given.
    return Unknown(f"{code or 'no_code'}_{status}")


def judge_status(
    answer: Answer, *, account_currency: str, party: str, table: Mapping[str, str]
) -> PaymentRead:
    """Say what the answer to a status read proves; `party` is `payer`, or `payee` of a payout."""
    if answer.status == _OK:
        notice = read_notice(answer.body, account_currency=account_currency, party=party)
        if notice is not None:
            return _judge_notice(notice, table)
    code = read_code(answer.body)
    if answer.status == _NOT_FOUND and code == codes.NOT_FOUND:
        return PaymentRead(ReadState.NOT_FOUND, code)
    word = "not_json" if code is None else code or "no_code"
    return PaymentRead(ReadState.UNKNOWN, f"{word}_{answer.status}")


def _judge_notice(notice: Notice, table: Mapping[str, str]) -> PaymentRead:
    word, state, ours = notice.status, ReadState.PENDING, None
    if notice.status == codes.SUCCESSFUL:
        state = ReadState.SUCCEEDED
        if notice.money is None:
            # An amount that cannot be read cannot be compared: a person will see it in the end.
            state, word = ReadState.UNKNOWN, "SUCCESSFUL_without_whole_amount"
    elif notice.status == codes.FAILED:
        word = notice.reason or codes.FAILED
        ours = codes.failure_code(table, word)
        state = ReadState.EXPIRED if word == "EXPIRED" else ReadState.FAILED
    # PENDING, CREATED and every word not known to be final: still under way.
    return PaymentRead(
        state,
        word,
        failure_code=ours,
        operator_transaction_id=notice.transaction_id,
        money=notice.money,
        payer=notice.party,
        order=notice.order,
    )
