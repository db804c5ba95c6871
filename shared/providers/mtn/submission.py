"""One submission under a reference of ours, for money in either direction, and one status read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.domain.deadline import Deadline
from shared.operations.ports import Accepted, NotSent, PaymentRead, ReadState, Refused, Unknown
from shared.providers.mtn.judgement import Outcome, judge_status, judge_submission
from shared.providers.mtn.line import Get, MtnLine, Tell
from shared.providers.tokens import NoTokenError
from shared.providers.wire import BrokenOffError, NotSentError

_UUID_VERSION: Final = 4
_WORDS: Final = {
    Accepted: "accepted",
    Refused: "refused",
    Unknown: "unknown",
    NotSent: "not_sent",
}


@dataclass(frozen=True, slots=True)
class Service:
    """One of MTN's services: its path below the product, what its codes mean to us, under which
    field it names the number beside ours, and what metrics call its steps.
    """

    path: str
    table: Mapping[str, str]
    party: str
    sending: str
    reading: str


def submit(
    line: MtnLine,
    service: Service,
    body: bytes,
    *,
    reference: str,
    callback_url: str,
    deadline: Deadline,
) -> Outcome:
    """Send once; only a 401 leads to a repeat, under the same reference.

    Never raises for what MTN or a network can do. Raises ValueError for a reference that is no UUID
    version 4.
    """
    if UUID(reference).version != _UUID_VERSION:
        raise ValueError("MTN takes a UUID version 4 as reference")
    since, status = deadline.clock(), 0
    headers = {"X-Reference-Id": reference}
    if callback_url:  # an empty header breaks the call (laravel-mtn-momo issue 80)
        headers["X-Callback-Url"] = callback_url
    outcome: Outcome
    try:
        answer = line.post(service.path, body, headers=headers, deadline=deadline)
        status, outcome = answer.status, judge_submission(answer, table=service.table)
    except (NoTokenError, NotSentError) as error:
        outcome = NotSent(error.reason)
    except BrokenOffError as error:
        outcome = Unknown(error.reason)
    line.tell(service.sending, status, _WORDS[type(outcome)], since=since, deadline=deadline)
    return outcome


def read_status(
    get: Get,
    service: Service,
    reference: str,
    *,
    account_currency: str,
    deadline: Deadline,
    tell: Tell,
) -> PaymentRead:
    """Read once; never raises for what MTN or a network can do.

    Raises ValueError for a reference that is no UUID.
    """
    path = f"{service.path}/{UUID(reference)}"
    since, status = deadline.clock(), 0
    try:
        answer = get(path, deadline=deadline)
        status = answer.status
        read = judge_status(
            answer,
            account_currency=account_currency,
            party=service.party,
            table=service.table,
        )
    except (NoTokenError, NotSentError, BrokenOffError) as error:
        read = PaymentRead(ReadState.UNKNOWN, error.reason)
    tell(service.reading, status, read.state, since=since, deadline=deadline)
    return read
