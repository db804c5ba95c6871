"""A refund: money that goes back to the number that paid, and the only table of its statuses.

There is no prompt on this way: once a byte may have left, the money may be out. So a refund is sent
under one reference and at most once; what is not known then is read, and never sent again.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber


class RefundStatus(StrEnum):
    """What we know of the money; until it is final its amount is held."""

    CREATED = "created"
    SUBMITTING = "submitting"
    IN_TRANSIT = "in_transit"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RefundEvent(StrEnum):
    """What can happen to a refund."""

    CLAIMED = "claimed"  # a worker holds the lease and is about to send
    ABANDONED = "abandoned"  # its time to be sent passed and it is proven that no byte left
    ACCEPTED = "accepted"  # the operator took the request
    REFUSED = "refused"  # the operator refused the request for good
    WENT_SILENT = "went_silent"  # no answer that proves anything
    SEEN_WAITING = "seen_waiting"  # a status read shows it on its way
    CONFIRMED = "confirmed"  # a status read proves that it was paid out
    DECLINED = "declined"  # a status read proves that it failed


_S = RefundStatus
_E = RefundEvent

TRANSITIONS: Final[Mapping[tuple[RefundStatus, RefundEvent], RefundStatus]] = {
    (_S.CREATED, _E.CLAIMED): _S.SUBMITTING,
    (_S.CREATED, _E.ABANDONED): _S.FAILED,
    (_S.SUBMITTING, _E.CLAIMED): _S.SUBMITTING,
    (_S.SUBMITTING, _E.ABANDONED): _S.FAILED,
    (_S.SUBMITTING, _E.ACCEPTED): _S.IN_TRANSIT,
    (_S.SUBMITTING, _E.REFUSED): _S.FAILED,
    (_S.SUBMITTING, _E.WENT_SILENT): _S.UNKNOWN,
    (_S.SUBMITTING, _E.SEEN_WAITING): _S.IN_TRANSIT,
    (_S.SUBMITTING, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.SUBMITTING, _E.DECLINED): _S.FAILED,
    (_S.UNKNOWN, _E.SEEN_WAITING): _S.IN_TRANSIT,
    (_S.UNKNOWN, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.UNKNOWN, _E.DECLINED): _S.FAILED,
    (_S.IN_TRANSIT, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.IN_TRANSIT, _E.DECLINED): _S.FAILED,
}

PUBLIC_STATUS: Final[Mapping[RefundStatus, str]] = {
    _S.CREATED: "pending",
    _S.SUBMITTING: "pending",
    _S.IN_TRANSIT: "pending",
    _S.UNKNOWN: "pending",
    _S.SUCCEEDED: "succeeded",
    _S.FAILED: "failed",
}

FINAL: Final[frozenset[RefundStatus]] = frozenset({_S.SUCCEEDED, _S.FAILED})

PUBLIC_EVENT: Final[Mapping[RefundStatus, str]] = {
    _S.CREATED: "refund.pending",
    _S.SUCCEEDED: "refund.succeeded",
    _S.FAILED: "refund.failed",
}

SUBMIT_WITHIN: Final = timedelta(hours=24)
SUBMIT_LEASE: Final = timedelta(seconds=25)


def after(status: RefundStatus, event: RefundEvent) -> RefundStatus | None:
    """Return the status that follows, or None where this event means nothing any more."""
    return TRANSITIONS.get((status, event))


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund as stored. `money` is in whole XAF; times are UTC.

    `operator_account` is the one that pays; `phone` the number that paid the charge, and
    `charge_reference` what its operator knows that payment by. `from_pending` of the amount came
    from the charge's own pending money, the rest from available. `intent_key` names the intent in
    write-once storage. `stopped_at` says since when a person must decide: nothing is sent then.
    """

    id: str
    account: str
    livemode: bool
    charge_id: str
    money: Money
    status: RefundStatus
    operator: Operator
    operator_account: str
    phone: PhoneNumber
    charge_reference: str
    intent_key: str
    balance_transaction: str
    created_at: datetime
    submit_before: datetime
    from_pending: int = 0
    reason: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    failure_code: str | None = None
    operator_transaction_id: str | None = None
    lease_until: datetime | None = None
    journaled_at: datetime | None = None
    stopped_at: datetime | None = None
    ended_at: datetime | None = None
    claimed_at: datetime | None = None

    @property
    def checked_since(self) -> datetime:
        """From when on checks are counted: the last sending, or the making where there was none."""
        return self.claimed_at or self.created_at

    @property
    def from_available(self) -> int:
        """What of the amount came from available, in whole XAF."""
        return self.money.amount - self.from_pending


@dataclass(frozen=True, slots=True)
class Refundable:
    """A charge while nobody else can refund it.

    `rest` is what was paid and is not refunded, what is under way counted; `pending` what of the
    charge's money still waits in the account's pending. Both in whole XAF.
    """

    is_succeeded: bool
    rest: int
    pending: int

    def from_pending(self, amount: int) -> int:
        """Return what of an amount the charge's own pending money bears: as much as there is."""
        return max(0, min(amount, self.pending))


def reference_of(intent_id: str) -> str:
    """Return the reference that an intent is sent under: a UUID version 4, always the same.

    It follows from the id, which has 72 random bits: whoever finds the intent in write-once storage
    after the database was lost can ask the operator what became of it.
    """
    digest = hashlib.sha256(f"money-out:{intent_id}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
