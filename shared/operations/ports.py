"""What operations need from the world, as Protocols; each store call is one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from shared.domain.charge import Attempt, AttemptStatus, Charge, ChargeEvent, ChargeStatus
from shared.domain.deadline import Deadline
from shared.domain.events import Event, Message
from shared.domain.ledger import Transaction
from shared.domain.money import Money
from shared.domain.notification import Notification
from shared.domain.phone import PhoneNumber
from shared.domain.rules import Admission

Reached = Callable[[str], None]
"""Called at each named point of the way; a test may end the process there."""

# --- operators -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What an operator is asked for.

    `reference` is ours, a UUID version 4, for MTN; for Orange core it is the payToken of `Opened`.
    """

    reference: str
    money: Money
    payer: PhoneNumber
    external_id: str
    message: str
    callback_url: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """The operator took the request. It is not a payment yet."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The operator's own key of a payment to come, which it takes once. Nothing has moved yet."""

    reference: str


@dataclass(frozen=True, slots=True)
class PayoutRequest:
    """What an operator is asked to pay; `reference` as in PaymentRequest.

    `refunds` is the reference of the payment that is given back, "" for any other payout. MTN pays
    a refund to whoever paid; `payee` is then whom we expect. Orange refunds by a cash-in and calls
    nobody back, so it reads neither `refunds` nor `callback_url`.
    """

    reference: str
    money: Money
    payee: PhoneNumber
    external_id: str
    message: str
    callback_url: str = ""
    refunds: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The operator refused for good: our failure code, and its own word kept verbatim."""

    failure_code: str
    operator_word: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is proven; only a status read can tell."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proven that no byte left us; the same reference may be sent again."""

    reason: str


class ReadState(StrEnum):
    """What a status read says."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    PENDING = "pending"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PaymentRead:
    """An operator's status answer; money and payer are None where it does not repeat them.

    Of a payout `payer` is the number that was paid: the one beside ours, in either direction.
    `order` is what it repeats of the `external_id` that it was asked with, or of its end.
    """

    state: ReadState
    operator_word: str
    failure_code: str | None = None
    operator_transaction_id: str | None = None
    money: Money | None = None
    payer: PhoneNumber | None = None
    order: str | None = None


class PaymentRequester(Protocol):
    """Asks a payer's operator for money."""

    def request_payment(
        self, request: PaymentRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        """Send once; never raises for what an operator or a network can do."""


class PaymentReader(Protocol):
    """Reads the status of a payment; cannot send one."""

    def read_payment(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what an operator or a network can do."""


class PaymentOpener(Protocol):
    """Opens a payment where the operator, not we, makes its reference: Orange core (`init`).

    Five steps, each crash between them harmless: the attempt is committed without a reference;
    `open_payment`; the reference is committed to the attempt; `request_payment` under it; its
    answer is committed. A reference that was lost before its commit moved nothing and ends by
    itself. One that was committed is never replaced while what became of it is unknown.
    """

    def open_payment(self, *, deadline: Deadline) -> Opened | NotSent:
        """Open one; it moves no money, so any failure may be answered by another one."""


class PayoutSender(Protocol):
    """Pays a number from our float, in the five steps of PaymentOpener.

    There is no prompt: the money is out when the answer comes, or when it does not come. A refund
    has a sender of its own where the operator has a call for it.
    """

    def open_payout(self, *, deadline: Deadline) -> Opened | NotSent:
        """Open one; it moves no money."""

    def send_payout(
        self, request: PayoutRequest, *, deadline: Deadline
    ) -> Accepted | Refused | Unknown | NotSent:
        """Send once; never raises for what an operator or a network can do."""


class PayoutReader(Protocol):
    """Reads the status of a payout; cannot send one."""

    def read_payout(self, reference: str, *, deadline: Deadline) -> PaymentRead:
        """Read once; never raises for what an operator or a network can do."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a wallet, in the operator's spelling; `name` None: the number has no wallet.

    `is_active` says whether it can be paid now; None where the operator does not say.
    """

    name: str | None
    is_active: bool | None = None


class HolderReader(Protocol):
    """Reads whose wallet a number is."""

    def read_holder(self, number: PhoneNumber, *, deadline: Deadline) -> Holder | Unknown:
        """Read once; never raises for what an operator or a network can do."""


class BalanceReader(Protocol):
    """Reads what an operator account holds: a float, which the ledger must agree with.

    Orange's wire has no call for it; its statements say.
    """

    def read_balance(self, *, deadline: Deadline) -> Money | Unknown:
        """Read once; never raises for what an operator or a network can do."""


# --- storage of receipts -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A locked object: its key, version and SHA-256 in hex; `was_there` tells an old one."""

    key: str
    version_id: str
    sha256: str
    was_there: bool = field(default=False, compare=False)


class LockedStore(Protocol):
    """Write-once storage."""

    def put(
        self, key: str, body: bytes, *, content_type: str, retain_until: datetime
    ) -> StoredObject:
        """Store under COMPLIANCE lock if nothing is there; else return what is there, if equal.

        Raises StoredDifferentlyError when other bytes are there, StoreDownError when unreachable.
        """

    def get(self, key: str, version_id: str) -> bytes:
        """Return the bytes of exactly this version; raises StoreDownError."""


class StoredDifferentlyError(Exception):
    """Other bytes lie under this key, `found`: a person must look, unless they say what to do."""

    def __init__(self, key: str, found: bytes = b"") -> None:
        """Name the key in the error's text, and keep what lies there out of it."""
        super().__init__(key)
        self.found = found


class StoreDownError(Exception):
    """The object store cannot be reached or is failing; asking again later may work."""


class ObjectMissingError(StoreDownError):
    """The store was reached, and has no such object or version."""


# --- the database --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IdempotencyUse:
    """A key, the operation it is scoped to and the SHA-256 of the parsed body."""

    operation: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The new object was stored; `response` is what the caller gets."""

    response: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same key and body came before; `response` is what the caller got then."""

    response: str


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """The receipt that a success promises: its row is written with the success itself."""

    id: str
    number: str
    code: str


class Lease(StrEnum):
    """What a move demands of the sender's lease, beside the expected status."""

    ANY = "any"  # an operator's status read is true whoever is sending
    MINE = "mine"  # the lease in `charge`, none included, must still be the one in the row
    FREE = "free"  # nobody may be sending
    UNTOUCHED = "untouched"  # nobody has claimed it since: the same lease, no resend used up


@dataclass(frozen=True, slots=True)
class Move:
    """One compare-and-set of a charge with everything that belongs to it, committed together.

    `charge` is as it shall be; `expected` is the status that must still hold. `next_check_at` moves
    the due row, None closes it. `event` becomes rows of events, feed and webhook deliveries;
    `messages` go to the outbox. `consumer` is the function that took message `message_id`.
    """

    charge: Charge
    expected: ChargeStatus
    cause: ChargeEvent
    at: datetime
    next_check_at: datetime | None
    lease: Lease = Lease.ANY
    attempt_id: str | None = None
    attempt_status: AttemptStatus | None = None
    operator_word: str | None = None
    event: Event | None = None
    messages: Sequence[Message] = ()
    posting: Transaction | None = None
    receipt: NewReceipt | None = None
    consumer: str | None = None
    message_id: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class ReadNote:
    """What a read that moves nothing leaves behind."""

    charge: Charge
    attempt: Attempt | None
    operator_word: str
    next_check_at: datetime | None
    at: datetime
    resend: Message | None = None
    case_id: str | None = None
    case_reason: str | None = None
    notice: Notification | None = None


class ChargeStore(Protocol):
    """The charges of one tenant; each call is one transaction."""

    def create(
        self,
        charge: Charge,
        *,
        event: Event,
        message: Message,
        first_check_at: datetime,
        idempotency: IdempotencyUse | None,
        response: str,
        admission: Admission | None = None,
    ) -> Stored | Replayed:
        """Store all or nothing, where what `admission` names is free.

        Raises InProgress, KeyReused, TooManyRequests and InvalidRequest (`reference_in_use`,
        `phone_blocked`).
        """

    def replay(self, use: IdempotencyUse) -> Replayed | None:
        """Return what a key was answered before, or None. Raises KeyReused."""

    def find(self, charge_id: str) -> Charge | None:
        """Return the charge, or None."""

    def find_with_attempt(self, charge_id: str) -> tuple[Charge, Attempt | None] | None:
        """Return the charge and its newest attempt, or None."""

    def claim(
        self,
        attempt: Attempt,
        *,
        consumer: str,
        message_id: str,
        callback_token_hash: str,
        number_hmac: str,
        now: datetime,
        lease_until: datetime,
    ) -> tuple[Charge, Attempt] | None:
        """Take the lease; commit this attempt with its status, or keep the standing one.

        None when the charge is not ours to send: final, leased, sent before, past its time, or
        asked for by a message that has had its effect.
        """

    def keep_opened(
        self, charge: Charge, attempt: Attempt, *, lease_until: datetime
    ) -> Charge | None:
        """Commit the operator's own reference to the attempt, and begin the lease anew.

        None where the lease in `charge` is not ours any more: then nothing may be sent.
        """

    def release(self, charge: Charge, attempt: Attempt, *, reason: str) -> None:
        """Give the lease back after it was proven that no byte left."""

    def move(self, move: Move) -> bool:
        """Apply; False when another worker was first (nothing changed)."""

    def note(self, note: ReadNote) -> None:
        """Keep what a read said, move the due row, grant a resend or open a case."""

    def end_checks(self, charge_id: str, *, at: datetime) -> None:
        """Close the due row of a charge that has ended, where it still stands open."""
