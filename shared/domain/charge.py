"""A charge: money asked from a payer's wallet, and the only table that may change its status."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.fees import NO_FEE, FeeLine
from shared.domain.money import Money
from shared.domain.phone import Operator, PhoneNumber


class ChargeStatus(StrEnum):
    """What we know of the money; `unknown` is a thing we know."""

    CREATED = "created"
    SUBMITTING = "submitting"
    AWAITING_PAYER = "awaiting_payer"
    REQUIRES_ACTION = "requires_action"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELED = "canceled"


class ChargeEvent(StrEnum):
    """What can happen to a charge."""

    CLAIMED = "claimed"  # a worker holds the lease and is about to send
    ABANDONED = "abandoned"  # its time to be sent passed and it is proven that no byte left
    CANCELED = "canceled"  # the merchant took it back before it was sent
    ACCEPTED = "accepted"  # the operator took the request
    REDIRECTED = "redirected"  # the operator wants the payer on its page
    REFUSED = "refused"  # the operator refused the request for good
    WENT_SILENT = "went_silent"  # no answer that proves anything
    SEEN_WAITING = "seen_waiting"  # a status read shows it waiting for the payer
    CONFIRMED = "confirmed"  # a status read proves that it was paid
    DECLINED = "declined"  # a status read proves that it failed
    LAPSED = "lapsed"  # a status read proves that the payer let it expire
    NOT_RECEIVED = "not_received"  # reads over minutes prove that it never arrived
    PAID_OTHERWISE = "paid_otherwise"  # two persons booked what a statement shows was paid instead


_S = ChargeStatus
_E = ChargeEvent

TRANSITIONS: Final[Mapping[tuple[ChargeStatus, ChargeEvent], ChargeStatus]] = {
    (_S.CREATED, _E.CLAIMED): _S.SUBMITTING,
    (_S.CREATED, _E.ABANDONED): _S.FAILED,
    (_S.CREATED, _E.CANCELED): _S.CANCELED,
    (_S.SUBMITTING, _E.CLAIMED): _S.SUBMITTING,
    (_S.SUBMITTING, _E.ABANDONED): _S.FAILED,
    (_S.SUBMITTING, _E.ACCEPTED): _S.AWAITING_PAYER,
    (_S.SUBMITTING, _E.REDIRECTED): _S.REQUIRES_ACTION,
    (_S.SUBMITTING, _E.REFUSED): _S.FAILED,
    (_S.SUBMITTING, _E.WENT_SILENT): _S.UNKNOWN,
    (_S.SUBMITTING, _E.SEEN_WAITING): _S.AWAITING_PAYER,
    (_S.SUBMITTING, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.SUBMITTING, _E.DECLINED): _S.FAILED,
    (_S.SUBMITTING, _E.LAPSED): _S.EXPIRED,
    (_S.SUBMITTING, _E.NOT_RECEIVED): _S.FAILED,
    (_S.UNKNOWN, _E.CLAIMED): _S.SUBMITTING,
    (_S.UNKNOWN, _E.SEEN_WAITING): _S.AWAITING_PAYER,
    (_S.UNKNOWN, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.UNKNOWN, _E.DECLINED): _S.FAILED,
    (_S.UNKNOWN, _E.LAPSED): _S.EXPIRED,
    (_S.UNKNOWN, _E.NOT_RECEIVED): _S.FAILED,
    (_S.UNKNOWN, _E.PAID_OTHERWISE): _S.FAILED,
    (_S.AWAITING_PAYER, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.AWAITING_PAYER, _E.DECLINED): _S.FAILED,
    (_S.AWAITING_PAYER, _E.LAPSED): _S.EXPIRED,
    (_S.AWAITING_PAYER, _E.PAID_OTHERWISE): _S.FAILED,
    (_S.REQUIRES_ACTION, _E.CONFIRMED): _S.SUCCEEDED,
    (_S.REQUIRES_ACTION, _E.DECLINED): _S.FAILED,
    (_S.REQUIRES_ACTION, _E.LAPSED): _S.EXPIRED,
    (_S.REQUIRES_ACTION, _E.PAID_OTHERWISE): _S.FAILED,
}

PUBLIC_STATUS: Final[Mapping[ChargeStatus, str]] = {
    _S.CREATED: "pending",
    _S.SUBMITTING: "pending",
    _S.AWAITING_PAYER: "pending",
    _S.REQUIRES_ACTION: "requires_action",
    _S.UNKNOWN: "pending",
    _S.SUCCEEDED: "succeeded",
    _S.FAILED: "failed",
    _S.EXPIRED: "failed",
    _S.CANCELED: "canceled",
}

FINAL: Final[frozenset[ChargeStatus]] = frozenset(
    {_S.SUCCEEDED, _S.FAILED, _S.EXPIRED, _S.CANCELED}
)

PUBLIC_EVENT: Final[Mapping[ChargeStatus, str]] = {
    _S.REQUIRES_ACTION: "charge.requires_action",
    _S.SUCCEEDED: "charge.succeeded",
    _S.FAILED: "charge.failed",
    _S.EXPIRED: "charge.failed",
    _S.CANCELED: "charge.canceled",
}


def after(status: ChargeStatus, event: ChargeEvent) -> ChargeStatus | None:
    """Return the status that follows, or None where this event means nothing any more."""
    return TRANSITIONS.get((status, event))


HOLD: Final = timedelta(days=2)
"""How long the money of a charge is held where no rule says otherwise."""

SUBMIT_WITHIN: Final = timedelta(seconds=120)
SUBMIT_WITHIN_LONGEST: Final = timedelta(seconds=900)
SUBMIT_LEASE: Final = timedelta(seconds=25)
CHECK_OFFSETS: Final = (
    *(timedelta(seconds=s) for s in (10, 30, 120, 300, 900)),
    *(timedelta(hours=h) for h in range(1, 25)),
)


def next_check_at(created_at: datetime, now: datetime) -> datetime | None:
    """Return when to read the operator's status next, or None once a person must look (24 h)."""
    age = now - created_at
    for offset in CHECK_OFFSETS:
        if offset > age:
            return created_at + offset
    return None


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge as stored. `amount` is in whole XAF; times are UTC.

    What it brings in is `pending` for the time of `hold`; `fees` is what is taken of it. Both are
    what was the rule when it was made. Without `phone` the payer pays on a page of the operator's.
    `amount_reversed` is what its operator took back. `customer` is whom its merchant sells to,
    `page` the checkout or payment link that it was begun on.
    """

    id: str
    account: str
    livemode: bool
    money: Money
    status: ChargeStatus
    operator: Operator
    operator_account: str
    phone: PhoneNumber | None
    created_at: datetime
    submit_before: datetime
    amount_refunded: int = 0
    amount_reversed: int = 0
    failure_code: str | None = None
    operator_transaction_id: str | None = None
    reference: str | None = None
    description: str | None = None
    return_url: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    balance_transaction: str | None = None
    receipt_number: str | None = None
    receipt_code: str | None = None
    receipt_stored: bool = False
    lease_until: datetime | None = None
    resends: int = 0
    succeeded_at: datetime | None = None
    hold: timedelta = HOLD
    fees: tuple[FeeLine, ...] = NO_FEE
    customer: str | None = None
    page: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing moves it any more."""
        return self.status in FINAL

    @property
    def pays_on_page(self) -> bool:
        """Whether the payer is sent to the operator's page, and not prompted."""
        return self.phone is None

    def number_hmac(self, key: bytes) -> str:
        """Return by what a payer's number is known; without one, what no number has."""
        if self.phone is not None:
            return self.phone.keyed(key)
        return hmac.digest(key, self.id.encode(), "sha256").hex()

    def is_leased(self, now: datetime) -> bool:
        """Tell whether somebody may be sending it now."""
        return self.lease_until is not None and self.lease_until >= now


class AttemptStatus(StrEnum):
    """What we know of one request to an operator."""

    OPENING = "opening"  # the operator's own reference is not committed: nothing was asked yet
    SENDING = "sending"  # from the commit before the send on: it may have been sent
    NOT_SENT = "not_sent"  # proven that no byte left; our reference may be sent again
    ACCEPTED = "accepted"
    NOT_SHOWN = "not_shown"  # whatever became of it, no payer can have seen its page
    REFUSED = "refused"
    SILENT = "silent"
    CLOSED = "closed"  # the charge is final


UNSENT: Final[frozenset[AttemptStatus]] = frozenset({AttemptStatus.OPENING, AttemptStatus.NOT_SENT})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request to an operator for one charge; committed before a byte is sent.

    `reference` is ours. Orange core makes one of its own, the payToken: `operator_reference`, which
    is committed before money is asked for, and replaced only where it is proven to be unsent.
    """

    id: str
    charge_id: str
    number: int
    reference: str
    operator_account: str
    status: AttemptStatus = AttemptStatus.SENDING
    not_found_reads: int = 0
    first_not_found_at: datetime | None = None
    operator_reference: str | None = None

    @property
    def known_as(self) -> str:
        """The reference under which the operator is asked, and read."""
        return self.operator_reference or self.reference
