"""Money that goes out, a refund or a payout, and the only table of its statuses.

There is no prompt on this way: once a byte may have left, the money may be out. So it is sent under
one reference and at most once; what is not known then is read, and never sent again.
"""

import hashlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

from shared.domain.ledger import Transaction
from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber


class OutgoingStatus(StrEnum):
    """What we know of the money; until it is final its amount is held."""

    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    SCHEDULED = "scheduled"
    CREATED = "created"
    SUBMITTING = "submitting"
    IN_TRANSIT = "in_transit"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"


class OutgoingEvent(StrEnum):
    """What can happen to it."""

    APPROVED = "approved"  # a second person approved it, and it may be sent
    APPROVED_AHEAD = "approved_ahead"  # the same before the time that it was put off to
    REJECTED = "rejected"  # a person said no
    LAPSED = "lapsed"  # nobody decided in time
    RELEASED = "released"  # the turn came of a line of a batch
    BECAME_DUE = "became_due"  # the time came that it was put off to
    CANCELED = "canceled"  # the merchant took it back before a worker claimed it
    CLAIMED = "claimed"  # a worker holds the lease and is about to send
    ABANDONED = "abandoned"  # its time to be sent passed and it is proven that no byte left
    ACCEPTED = "accepted"  # the operator took the request
    REFUSED = "refused"  # the operator refused the request for good
    WENT_SILENT = "went_silent"  # no answer that proves anything
    SEEN_WAITING = "seen_waiting"  # a status read shows it on its way
    CONFIRMED = "confirmed"  # a status read proves that it was paid out
    DECLINED = "declined"  # a status read proves that it failed
    GIVEN_UP = "given_up"  # two persons allowed it, and a status read found nothing after that


class WaitingReason(StrEnum):
    """What keeps money from being sent that may be sent."""

    FLOAT = "float"  # the wallet that pays does not hold enough
    STORE = "store"  # write-once storage is away, and nothing is sent that is not kept there
    OPERATOR = "operator"  # its operator does not answer, or is asked for all that it takes now


_S = OutgoingStatus
_E = OutgoingEvent

TRANSITIONS: Final[Mapping[tuple[OutgoingStatus, OutgoingEvent], OutgoingStatus]] = {
    (_S.AWAITING_APPROVAL, _E.APPROVED): _S.CREATED,
    (_S.AWAITING_APPROVAL, _E.APPROVED_AHEAD): _S.SCHEDULED,
    (_S.AWAITING_APPROVAL, _E.REJECTED): _S.REJECTED,
    (_S.AWAITING_APPROVAL, _E.LAPSED): _S.EXPIRED,
    (_S.AWAITING_APPROVAL, _E.CANCELED): _S.CANCELED,
    (_S.QUEUED, _E.RELEASED): _S.CREATED,
    (_S.QUEUED, _E.CANCELED): _S.CANCELED,
    (_S.SCHEDULED, _E.BECAME_DUE): _S.CREATED,
    (_S.SCHEDULED, _E.CANCELED): _S.CANCELED,
    (_S.CREATED, _E.CANCELED): _S.CANCELED,
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
    (_S.SUBMITTING, _E.GIVEN_UP): _S.FAILED,
    (_S.UNKNOWN, _E.GIVEN_UP): _S.FAILED,
    (_S.IN_TRANSIT, _E.GIVEN_UP): _S.FAILED,
    (_S.UNKNOWN, _E.SEEN_WAITING): _S.IN_TRANSIT,
    (_S.UNKNOWN, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.UNKNOWN, _E.DECLINED): _S.FAILED,
    (_S.IN_TRANSIT, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.IN_TRANSIT, _E.DECLINED): _S.FAILED,
}

FINAL: Final[frozenset[OutgoingStatus]] = frozenset(
    {_S.SUCCEEDED, _S.FAILED, _S.CANCELED, _S.REJECTED, _S.EXPIRED}
)

OF_EACH: Final[frozenset[OutgoingEvent]] = frozenset(OutgoingEvent) - {
    _E.APPROVED,
    _E.APPROVED_AHEAD,
    _E.REJECTED,
    _E.LAPSED,
    _E.RELEASED,
    _E.BECAME_DUE,
    _E.CANCELED,
}
"""What happens to refunds and payouts alike."""

SUBMIT_WITHIN: Final = timedelta(hours=24)
SUBMIT_LEASE: Final = timedelta(seconds=25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing(ABC):
    """One sending of money out as stored. `money` is in whole XAF; times are UTC.

    `operator_account` is the one that pays, `phone` the number that is paid. `intent_key` names the
    intent in write-once storage. `stopped_at` says since when a person must decide: nothing is sent
    then. `waiting_reason` is what the last sender waited for, before it claimed it.
    """

    kind: ClassVar[str]
    """What cases, tokens and the index call it."""
    operation: ClassVar[str]
    """Under which operation its intent and its idempotency key stand."""
    topic: ClassVar[str]
    """By which message the sender is asked for it."""
    events: ClassVar[frozenset[OutgoingEvent]]
    """What of the table it can reach."""
    public_statuses: ClassVar[Mapping[OutgoingStatus, str]]
    public_events: ClassVar[Mapping[OutgoingStatus, str]]
    """What merchants are told of, and by which event."""

    id: str
    account: str
    livemode: bool
    money: Money
    status: OutgoingStatus
    operator: Operator
    operator_account: str
    phone: PhoneNumber
    intent_key: str
    balance_transaction: str
    created_at: datetime
    submit_before: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    failure_code: str | None = None
    operator_transaction_id: str | None = None
    lease_until: datetime | None = None
    journaled_at: datetime | None = None
    stopped_at: datetime | None = None
    ended_at: datetime | None = None
    claimed_at: datetime | None = None
    waiting_reason: WaitingReason | None = None
    receipt_number: str | None = None
    receipt_code: str | None = None
    receipt_stored: bool = False

    @property
    @abstractmethod
    def about(self) -> str:
        """What it is made for: part of the place of its intent."""

    @property
    @abstractmethod
    def note(self) -> str:
        """What the operator may show to whoever is paid."""

    @property
    def is_final(self) -> bool:
        """Whether nothing moves it any more."""
        return self.status in FINAL

    def is_leased(self, now: datetime) -> bool:
        """Tell whether somebody may be sending it now."""
        return self.lease_until is not None and self.lease_until >= now

    @property
    def refunds(self) -> str:
        """The reference of the payment that it gives back, or ""."""
        return ""

    @property
    def counted_as_refunded(self) -> int:
        """What its charge counts as refunded for it until it fails, in whole XAF."""
        return 0

    @property
    def ready_since(self) -> datetime:
        """From when on it may be sent."""
        return self.created_at

    @property
    def checked_since(self) -> datetime:
        """From when on checks are counted: the last sending, or the making where there was none."""
        return self.claimed_at or self.ready_since

    @abstractmethod
    def paid(self, transaction_id: str) -> Transaction:
        """Return what is posted when it was paid."""

    @abstractmethod
    def given_back(self, transaction_id: str) -> Transaction:
        """Return what is posted when it will not be paid any more: all goes back."""

    def after(self, event: OutgoingEvent) -> OutgoingStatus | None:
        """Return the status that follows, or None where this event means nothing any more."""
        return TRANSITIONS.get((self.status, event)) if event in self.events else None


def part(
    events: frozenset[OutgoingEvent],
) -> Mapping[tuple[OutgoingStatus, OutgoingEvent], OutgoingStatus]:
    """Return what of the table these events move."""
    return {edge: after for edge, after in TRANSITIONS.items() if edge[1] in events}


def reference_of(intent_id: str) -> str:
    """Return the reference that an intent is sent under: a UUID version 4, always the same.

    It follows from the id, which has 72 random bits: whoever finds the intent in write-once storage
    after the database was lost can ask the operator what became of it.
    """
    digest = hashlib.sha256(f"money-out:{intent_id}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
